//! Typed readers over the parsed TOML that collect every fault instead of stopping at the first.
//!
//! A reader that returns `None` has reported why; whoever called it goes on with the next key and gives up at
//! the end.

use std::{
    cell::RefCell,
    fmt::Display,
    ops::{Range, RangeInclusive},
    str::FromStr,
    sync::Arc,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    diagnostic::{Diagnostic, Place, listed, quoted_for_people},
    faults::Faults,
    source::Source,
    variables::Variables,
};
use crate::egress::PatternError;

/// Reads one manifest.
pub(super) struct Reader<'a> {
    source: Arc<Source>,
    variables: Variables<'a>,
    found: RefCell<Found>,
}

/// What was found while reading.
#[derive(Default)]
struct Found {
    faults: Faults,
    secrets: Vec<String>,
}

/// A table of which each key is read once.
pub(super) struct Table<'r> {
    reader: &'r Reader<'r>,
    /// How messages call it, such as `[crm]`.
    title: &'static str,
    place: Place,
    entries: &'r DeTable<'r>,
    known: Vec<&'static str>,
}

/// A value, with the key under which it stands.
#[derive(Clone, Copy)]
pub(super) struct Item<'r> {
    reader: &'r Reader<'r>,
    key: &'r str,
    value: &'r Spanned<DeValue<'r>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &Arc<Source>, variables: Variables<'a>) -> Self {
        Self {
            source: Arc::clone(source),
            variables,
            found: RefCell::default(),
        }
    }

    /// Starts at the top of the file.
    pub(super) fn root<'r>(&'r self, entries: &'r DeTable<'r>) -> Table<'r> {
        Table {
            reader: self,
            title: "the manifest",
            place: Place::file(&self.source),
            entries,
            known: Vec::new(),
        }
    }

    /// Returns how many secrets have been found so far.
    pub(super) fn n_secrets(&self) -> usize {
        self.found.borrow().secrets.len()
    }

    /// Returns the secrets that were found after the first `n`.
    pub(super) fn secrets_after(&self, n: usize) -> Vec<String> {
        self.found.borrow().secrets[n..].to_vec()
    }

    /// Keeps a text that no log line may show.
    pub(super) fn keep_secret(&self, secret: Option<&str>) {
        let secret = secret.filter(|secret| !secret.is_empty());
        let mut found = self.found.borrow_mut();
        found.secrets.extend(secret.map(str::to_owned));
    }

    /// Returns every fault.
    pub(super) fn into_faults(self) -> Vec<Diagnostic> {
        self.found.into_inner().faults.into_vec(&self.source)
    }

    fn report(&self, fault: Diagnostic) {
        self.found.borrow_mut().faults.push(fault);
    }
}

impl<'r> Table<'r> {
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Reads a key that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Item<'r>) -> Option<T>,
    ) -> Option<T> {
        read(self.take(key)?)
    }

    /// Reads a key that must be there; `example` shows what to write.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(Item<'r>) -> Option<T>,
    ) -> Option<T> {
        let item = self.take(key);
        if item.is_none() {
            let message = format!("missing key `{key}` in {}", self.title);
            let fault = Diagnostic::new(self.place.clone(), message);
            self.reader.report(fault.help(format!("add `{example}`")));
        }
        read(item?)
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        let is_unknown = |name: &str| !self.known.contains(&name);
        for key in self.entries.keys().filter(|key| is_unknown(key.get_ref())) {
            let name = key.get_ref();
            let message = format!("unknown key {} in {}", quoted_for_people(name), self.title);
            let place = Place::at(&self.reader.source, key.span());
            let fault = Diagnostic::new(place, message)
                .label(format!("expected {}", listed(self.known.iter().copied())))
                .did_you_mean(name, self.known.iter().copied());
            self.reader.report(fault);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Item<'r>> {
        self.known.push(key);
        let (key, value) = self.entries.get_key_value(key)?;
        Some(Item {
            reader: self.reader,
            key: key.get_ref(),
            value,
        })
    }
}

impl<'r> Item<'r> {
    pub(super) fn reader(self) -> &'r Reader<'r> {
        self.reader
    }

    pub(super) fn key(self) -> &'r str {
        self.key
    }

    pub(super) fn value(self) -> &'r DeValue<'r> {
        self.value.get_ref()
    }

    pub(super) fn span(self) -> Range<usize> {
        self.value.span()
    }

    pub(super) fn place(self) -> Place {
        self.place_of(self.span())
    }

    /// Returns a place in the same file.
    pub(super) fn place_of(self, span: Range<usize>) -> Place {
        Place::at(&self.reader.source, span)
    }

    /// Returns another value that stands within this one.
    pub(super) fn inner(self, key: &'r str, value: &'r Spanned<DeValue<'r>>) -> Item<'r> {
        Item {
            reader: self.reader,
            key,
            value,
        }
    }

    /// Reports a fault of this value.
    pub(super) fn report(self, fault: Diagnostic) {
        self.reader.report(fault);
    }

    /// Reports that this value is not what it must be.
    pub(super) fn refuse<T>(self, expected: impl Display) -> Option<T> {
        let message = format!("`{}` is not {expected}", self.key);
        self.report(Diagnostic::new(self.place(), message).label(format!("expected {expected}")));
        None
    }

    pub(super) fn boolean(self) -> Option<bool> {
        match self.value() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.mistyped("`true` or `false`"),
        }
    }

    pub(super) fn integer<T: FromStr + PartialOrd + Display>(
        self,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        let expected = format!("an integer from {} to {}", range.start(), range.end());
        let DeValue::Integer(_) = self.value() else {
            return self.mistyped(&expected);
        };
        match integer_of(self.value()).and_then(|value| value.to_string().parse().ok()) {
            Some(value) if range.contains(&value) => Some(value),
            _ => self.refuse(expected),
        }
    }

    /// Reads a number, with or without a fraction.
    pub(super) fn number(self, range: RangeInclusive<f64>) -> Option<f64> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let value = match self.value() {
            DeValue::Integer(_) => integer_of(self.value()).map(|value| value as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return self.mistyped(&expected),
        };
        match value {
            Some(value) if range.contains(&value) => Some(value),
            _ => self.refuse(expected),
        }
    }

    /// Reads a string and fills in its variables.
    pub(super) fn text(self) -> Option<String> {
        let DeValue::String(written) = self.value() else {
            return self.mistyped("a string");
        };
        match self.reader.variables.expand(written) {
            Ok(expanded) => {
                let mut found = self.reader.found.borrow_mut();
                found.secrets.extend(expanded.secrets);
                Some(expanded.text)
            }
            Err(faults) => {
                for fault in faults {
                    let source = &self.reader.source;
                    let part = source.narrow(self.span(), &fault.part);
                    let shown = Diagnostic::new(Place::at(source, part), fault.message);
                    self.report(shown.help(fault.help).with_severity(fault.severity));
                }
                None
            }
        }
    }

    /// Reads a string that is more than any text; `expected` says what.
    pub(super) fn parsed<T>(
        self,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text()?;
        parse(&text).or_else(|| self.refuse(expected))
    }

    /// Reads a string that must not be empty.
    pub(super) fn filled(self) -> Option<String> {
        self.parsed("a text of at least one character", |text| {
            (!text.trim().is_empty()).then(|| text.to_owned())
        })
    }

    /// Reads a pattern of hosts or requests.
    pub(super) fn pattern<T: FromStr<Err = PatternError>>(self) -> Option<T> {
        let error = match self.text()?.parse() {
            Ok(pattern) => return Some(pattern),
            Err(error) => error,
        };
        let message = format!("`{}` has a faulty entry: {}", self.key, error.problem());
        let fault = Diagnostic::new(self.place(), message);
        self.report(fault.label(format!("expected {}", error.allowed())));
        None
    }

    /// Reads one of a few words.
    pub(super) fn choice<T: Copy>(self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let allowed = words.iter().map(|(word, _)| *word);
        let expected = listed(allowed.clone());
        let fault = Diagnostic::new(self.place(), format!("`{}` is not {expected}", self.key))
            .label(format!("expected {expected}"))
            .did_you_mean(&text, allowed);
        self.report(fault);
        None
    }

    /// Reads an array; entries that are faulty are reported and left out.
    pub(super) fn list<T>(self, read: impl FnMut(Item<'r>) -> Option<T>) -> Option<Vec<T>> {
        match self.value() {
            DeValue::Array(values) => {
                let items = values.iter().map(|value| self.inner(self.key, value));
                Some(items.filter_map(read).collect())
            }
            _ => self.mistyped("an array"),
        }
    }

    /// Reads a table, which messages call `title`.
    pub(super) fn table(self, title: &'static str) -> Option<Table<'r>> {
        match self.value() {
            DeValue::Table(entries) => Some(Table {
                reader: self.reader,
                title,
                place: self.place(),
                entries,
                known: Vec::new(),
            }),
            _ => self.mistyped(&format!("a table, {title}")),
        }
    }

    /// Reports a value of another type.
    pub(super) fn mistyped<T>(self, expected: &str) -> Option<T> {
        let found = type_name(self.value());
        let message = format!("`{}` is {found} instead of {expected}", self.key);
        self.report(Diagnostic::new(self.place(), message).label(format!("expected {expected}")));
        None
    }
}

/// Returns an integer's value, if it is one and fits into 64 bits.
pub(super) fn integer_of(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
