//! The text of a manifest as diagnostics may show it.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::variables::is_variable_name;

/// A manifest's path and text. What looks like a secret written out is covered with stars; the offsets are
/// those of the file.
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

/// A part of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: &'a str,
    /// The marked part, as byte offsets in `text` on character boundaries.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How the names of secret settings end, without regard to case, `_` and `-`.
const SECRET_ENDINGS: [&str; 5] = ["token", "secret", "password", "apikey", "userkey"];

/// The longest variable that is recognised as one. The search for its end must not read the rest of the file.
const MAX_VARIABLE_LEN: usize = 1024;

impl Source {
    /// Takes a file's text and what the parser made of it, perhaps after errors.
    pub(super) fn new(path: &Path, text: &str, tree: &DeTable<'_>) -> Self {
        let mut secrets = Vec::new();
        find_secrets(tree, false, &mut secrets);
        Self {
            path: path.to_owned(),
            text: covered(text, &secrets),
        }
    }

    /// Takes a text of which the parser understood little: there, the rest of a line with a secret's name is
    /// covered.
    pub(super) fn of_broken(path: &Path, text: &str, tree: &DeTable<'_>) -> Self {
        let mut secrets = secret_lines(text);
        find_secrets(tree, false, &mut secrets);
        Self {
            path: path.to_owned(),
            text: covered(text, &secrets),
        }
    }

    /// Stands for a file that has no text to show.
    pub(super) fn unreadable(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            text: String::new(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Narrows a span to its first `part`, if it is there as written.
    pub(super) fn narrow(&self, span: Range<usize>, part: &str) -> Range<usize> {
        let found = self.text.get(span.clone()).and_then(|text| text.find(part));
        found.map_or(span.clone(), |offset| {
            span.start + offset..span.start + offset + part.len()
        })
    }

    /// Finds the line in which a span starts, and the part of the span on that line.
    pub(super) fn line(&self, span: &Range<usize>) -> Line<'_> {
        let start = self.text.floor_char_boundary(span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = self.text[line_start..].lines().next().unwrap_or_default();
        let start = (start - line_start).min(text.len());
        let end = span.end.saturating_sub(line_start).min(text.len());
        Line {
            number: before.matches('\n').count() + 1,
            text,
            start,
            end: text.ceil_char_boundary(end).max(start),
        }
    }
}

impl Line<'_> {
    /// Returns the column of the marked part, counted from 1 in characters.
    pub(super) fn column(&self) -> usize {
        self.text[..self.start].chars().count() + 1
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Source")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether a key's name says that its value is secret.
fn is_secret_name(name: &str) -> bool {
    let name: String = name.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    let name = name.to_ascii_lowercase();
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending)) || name == "proxy"
}

fn find_secrets(table: &DeTable<'_>, is_secret: bool, found: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        let is_secret = is_secret || is_secret_name(key.get_ref());
        find_secret_values(value, is_secret, found);
    }
}

fn find_secret_values(
    value: &Spanned<DeValue<'_>>,
    is_secret: bool,
    found: &mut Vec<Range<usize>>,
) {
    match value.get_ref() {
        DeValue::Table(table) => find_secrets(table, is_secret, found),
        DeValue::Array(items) => {
            for item in items.iter() {
                find_secret_values(item, is_secret, found);
            }
        }
        _ if is_secret => found.push(value.span()),
        _ => {}
    }
}

/// Finds what follows `name =` in lines whose name is that of a secret.
fn secret_lines(text: &str) -> Vec<Range<usize>> {
    let mut offset = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some((name, value)) = line.split_once('=') {
            let name = name.trim_matches([' ', '\t', '"', '\'']);
            if is_secret_name(name) {
                found.push(offset + line.len() - value.len()..offset + line.trim_end().len());
            }
        }
        offset += line.len();
    }
    found
}

/// Covers the given spans, but not their quotes, blanks and variables: those tell a reader what to mend.
///
/// Every *byte* becomes a star, so that offsets hold; a column behind a covered umlaut is off by one.
fn covered(text: &str, spans: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        let end = text.ceil_char_boundary(span.end);
        let mut at = text.floor_char_boundary(span.start);
        while at < end {
            at += match &text.as_bytes()[at..end] {
                [b'$', b'$', b'{', ..] => {
                    bytes[at..at + 3].fill(b'*');
                    3
                }
                [b'$', b'{', ..] if let Some(len) = variable_len(&text[at..end]) => len,
                [b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n', ..] => 1,
                _ => {
                    bytes[at] = b'*';
                    1
                }
            };
        }
    }
    String::from_utf8(bytes).expect("whole characters were covered")
}

/// Returns the length of the variable at the start of a text. What only resembles one may be a part of a
/// password.
fn variable_len(text: &str) -> Option<usize> {
    let text = &text[..text.floor_char_boundary(MAX_VARIABLE_LEN)];
    let (name, _) = text.strip_prefix("${")?.split_once('}')?;
    let is_variable = is_variable_name(name) || name.starts_with("file:");
    is_variable.then_some("${}".len() + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        let (tree, errors) = DeTable::parse_recoverable(text);
        let new = if errors.is_empty() {
            Source::new
        } else {
            Source::of_broken
        };
        new(Path::new("x.toml"), text, tree.get_ref())
    }

    #[test]
    fn secrets_written_out_are_covered_and_variables_are_not() {
        let text = "[settings]\n\
            api_token = \"é1 ${TOKEN}$${x\"\n\
            login = { user = \"me\", Password = 'abc', n = 5 }\n\
            secret = [1, \"x\"]\n\
            password = \"a${b c} ${file:/x y} ${d\"\n\
            pin = 7\n";
        let shown = "[settings]\n\
            api_token = \"*** ${TOKEN}****\"\n\
            login = { user = \"me\", Password = '***', n = 5 }\n\
            secret = [*, \"*\"]\n\
            password = \"**** ** ${file:/x y} ***\"\n\
            pin = 7\n";
        assert_eq!(source(text).text, shown);
    }

    #[test]
    fn a_secret_in_a_line_that_does_not_parse_is_covered() {
        let shown = source("a = 1\napi_key = abc def\nb = [\n").text;
        assert_eq!(shown, "a = 1\napi_key = *** ***\nb = [\n");
    }

    #[test]
    fn a_span_becomes_a_part_of_its_first_line() {
        let source = source("a = 1\r\nbü = \"\"\"x\ny\"\"\"");
        let line = source.line(&(13..20));
        assert_eq!(
            (line.number, line.text, line.start, line.end),
            (2, "bü = \"\"\"x", 6, 10)
        );
        let end = source.line(&(900..901));
        assert_eq!((end.number, end.start, end.end), (3, 4, 4));
    }
}
