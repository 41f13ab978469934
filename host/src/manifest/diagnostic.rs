//! What is wrong with a manifest, shown the way rustc shows it.

use std::{fmt, ops::Range, path::Path, sync::Arc};

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::source::Source;

/// One fault of a manifest, or a warning: where it is, what is wrong, what is allowed.
///
/// Its `Display` is the plain form of [`Diagnostic::render`]. No value that came from a variable, and none of
/// a setting whose name says that it is secret, stands in any of its texts.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    severity: Severity,
    place: Place,
    message: String,
    label: String,
    helps: Vec<String>,
    related: Vec<(Place, String)>,
    count: usize,
}

/// How bad something is that a manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The manifest may be good, elsewhere or later.
    Warning,
    /// The manifest is faulty.
    Error,
}

/// A part of a file, or the file as a whole.
#[derive(Debug, Clone)]
pub(super) struct Place {
    source: Arc<Source>,
    span: Option<Range<usize>>,
}

/// The longest text of a manifest that a message quotes, in characters.
const MAX_QUOTED: usize = 60;

/// The longest line that is shown, in bytes.
const MAX_SHOWN_LINE: usize = 4096;

/// The longest text for which a similar one is looked for.
const MAX_COMPARED: usize = 64;

impl Diagnostic {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            place,
            message: message.into(),
            label: String::new(),
            helps: Vec::new(),
            related: Vec::new(),
            count: 1,
        }
    }

    /// Lets it stand for so many that are not shown.
    pub(super) fn standing_for(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    pub(super) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says beside the caret what is allowed there.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says below what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// Suggests the allowed word that is most like the one found, if any is.
    pub(super) fn did_you_mean<'a>(
        self,
        found: &str,
        allowed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match closest(found, allowed) {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    /// Points at another place that has to do with the fault.
    pub(super) fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Returns how bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns how many it stands for: 1, or those beyond the first hundred of a file.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns what is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        self.place.source.path()
    }

    /// Returns line and column, both counted from 1, the column in characters. A fault of the whole file has
    /// none.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.position()
    }

    /// Returns all of it but the line itself, for a list: `file:line:column: message; what is allowed; what to do`.
    pub fn summary(&self) -> String {
        let mut parts = vec![format!("{}: {}", self.place, self.message)];
        let allowed = self.label.trim_start_matches("expected ");
        if !allowed.is_empty() && !self.message.contains(allowed) {
            parts.push(self.label.clone());
        }
        let related = self.related.iter();
        parts.extend(related.map(|(place, label)| format!("{label}: {place}")));
        parts.extend(self.helps.iter().cloned());
        let line = parts.join("; ");
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Renders the fault over several lines with the line in question and a caret, without a line break at
    /// the end.
    pub fn render(&self) -> String {
        self.render_with(&Renderer::plain())
    }

    /// Renders the fault like [`Diagnostic::render`], in colour: with ANSI escapes, only for a terminal.
    pub fn render_styled(&self) -> String {
        self.render_with(&Renderer::styled())
    }

    fn render_with(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
        };
        let title = level.primary_title(&self.message);
        let mut group = self.place.show(
            Group::with_title(title),
            AnnotationKind::Primary,
            &self.label,
        );
        for (place, label) in &self.related {
            group = place.show(group, AnnotationKind::Context, label);
        }
        for help in &self.helps {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }
}

impl Severity {
    /// Returns the word that a diagnostic begins with.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render())
    }
}

impl Place {
    pub(super) fn at(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            span: Some(span),
        }
    }

    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    pub(super) fn file(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            span: None,
        }
    }

    fn position(&self) -> Option<(usize, usize)> {
        let line = self.source.line(self.span.as_ref()?);
        Some((line.number, line.column()))
    }

    /// Adds this place with its line and a label under the caret; without a line to show, the label becomes a
    /// note.
    fn show<'a>(&'a self, group: Group<'a>, kind: AnnotationKind, label: &'a str) -> Group<'a> {
        let path = self.source.path().display().to_string();
        let line = self.span.as_ref().map(|span| self.source.line(span));
        let label = Some(label).filter(|label| !label.is_empty());
        // Only the line in question, and no endless one: the renderer's time grows with the text.
        if let Some(line) = line.filter(|line| line.text.len() <= MAX_SHOWN_LINE) {
            let marked = kind.span(line.start..line.end).label(label);
            let snippet = Snippet::source(line.text)
                .path(path)
                .line_start(line.number)
                .annotation(marked);
            return group.element(snippet);
        }
        let mut origin = Origin::path(path);
        if let Some(line) = line {
            origin = origin.line(line.number).char_column(line.column());
        }
        let note = label.map(|label| Level::NOTE.message(normalize_untrusted_str(label)));
        group.element(origin).elements(note)
    }
}

/// Shows the file, with line and column if it is a part of it.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.source.path().display();
        match self.position() {
            Some((line, column)) => write!(formatter, "{path}:{line}:{column}"),
            None => write!(formatter, "{path}"),
        }
    }
}

/// Quotes a text of the manifest, shortened and with control characters escaped.
pub(super) fn quoted_for_people(text: &str) -> String {
    let escaped: String = text
        .chars()
        .take(MAX_QUOTED)
        .flat_map(char::escape_debug)
        .collect();
    let rest = if text.chars().nth(MAX_QUOTED).is_some() {
        "..."
    } else {
        ""
    };
    format!("`{escaped}{rest}`")
}

/// Lists words: `a`, `b` or `c`.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = words.into_iter().map(quoted_for_people).collect();
    match words.pop() {
        None => "nothing".to_owned(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
    }
}

/// Finds the word that a mistyped one was meant to be: at most one mistake in three characters.
fn closest<'a>(found: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if found.len() > MAX_COMPARED {
        return None;
    }
    let normal = |word: &str| word.to_lowercase().replace('-', "_");
    let found = normal(found);
    let distances = allowed
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&found, &normal(word)), word));
    let (distance, word) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= word.chars().count().max(3)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_finds_the_one_that_was_meant() {
        let keys = ["allowed_hosts", "read_requests", "proxy"];
        assert_eq!(closest("alowed_host", keys), Some("allowed_hosts"));
        assert_eq!(closest("Allowed-Hosts", keys), Some("allowed_hosts"));
        assert_eq!(closest("porxy", keys), Some("proxy"));
        assert_eq!(closest("timeout", keys), None);
        assert_eq!(closest(&"proxy".repeat(1000), keys), None);
        assert_eq!(closest("x", []), None);
    }

    #[test]
    fn what_is_quoted_is_short_and_holds_no_control_characters() {
        assert_eq!(quoted_for_people("a\u{1b}[31m\n"), "`a\\u{1b}[31m\\n`");
        assert_eq!(
            quoted_for_people(&"é".repeat(61)),
            format!("`{}...`", "é".repeat(60))
        );
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
