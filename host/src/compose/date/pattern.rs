//! Patterns of dates as moment.js reads them.
//!
//! The rules are those of its `src/lib/format/format.js`: the longest token wins, `[literal]` stands for itself, a
//! backslash makes the token behind it literal, what is no token stands for itself, and line breaks are left out.

use std::borrow::Cow;

use jiff::Zoned;

use super::token;

/// Writes a moment by a pattern.
pub(super) fn write(pattern: &str, moment: &Zoned) -> String {
    let pattern = expand(pattern);
    let mut written = String::with_capacity(2 * pattern.len());
    for piece in Pieces::of(&pattern, token::len) {
        match piece {
            Piece::Quoted(text) => written.push_str(unquoted(text)),
            Piece::Word("\\" | "\n" | "\r" | "\u{2028}" | "\u{2029}") => {}
            Piece::Word(word) if token::write(word, moment, &mut written) => {}
            Piece::Word(word) => written.push_str(word),
        }
    }
    written
}

/// Replaces the names of whole formats by these formats.
fn expand(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains(['L', 'l']) {
        return Cow::Borrowed(pattern);
    }
    let pieces = Pieces::of(pattern, named_len);
    let expanded = pieces.map(|piece| match piece {
        Piece::Quoted(text) => text,
        Piece::Word(word) => named_format(word).unwrap_or(word),
    });
    Cow::Owned(expanded.collect())
}

fn named_len(text: &str) -> usize {
    match text.as_bytes() {
        [b'L', b'T', b'S', ..] => 3,
        [b'L', b'T', ..] => 2,
        [b'L' | b'l', ..] => token::n_same(text).min(4),
        _ => 0,
    }
}

/// The formats of moment's English.
fn named_format(name: &str) -> Option<&'static str> {
    Some(match name {
        "LTS" => "h:mm:ss A",
        "LT" => "h:mm A",
        "L" => "MM/DD/YYYY",
        "LL" => "MMMM D, YYYY",
        "LLL" => "MMMM D, YYYY h:mm A",
        "LLLL" => "dddd, MMMM D, YYYY h:mm A",
        "l" => "M/D/YYYY",
        "ll" => "MMM D, YYYY",
        "lll" => "MMM D, YYYY h:mm A",
        "llll" => "ddd, MMM D, YYYY h:mm A",
        _ => return None,
    })
}

/// A part of a pattern, as it stands there.
enum Piece<'p> {
    /// `[literal]`, or a backslash and a word.
    Quoted(&'p str),
    /// A word that was looked for, or a single character.
    Word(&'p str),
}

/// Splits a pattern.
struct Pieces<'p> {
    rest: &'p str,
    /// How long the word is with which a text begins; 0 without one.
    word_len: fn(&str) -> usize,
}

impl<'p> Pieces<'p> {
    fn of(pattern: &'p str, word_len: fn(&str) -> usize) -> Self {
        Self {
            rest: pattern,
            word_len,
        }
    }

    fn take(&mut self, len: usize) -> &'p str {
        let (piece, rest) = self.rest.split_at(len);
        self.rest = rest;
        piece
    }

    fn quoted_len(&self) -> Option<usize> {
        if let Some(inner) = self.rest.strip_prefix('[') {
            let inner = inner.split('[').next()?;
            return Some(inner.rfind(']')? + 2);
        }
        let word = self.rest.strip_prefix('\\')?;
        let len = (self.word_len)(word);
        (len > 0).then_some(1 + len)
    }
}

impl<'p> Iterator for Pieces<'p> {
    type Item = Piece<'p>;

    fn next(&mut self) -> Option<Piece<'p>> {
        let first = self.rest.chars().next()?;
        if let Some(len) = self.quoted_len() {
            return Some(Piece::Quoted(self.take(len)));
        }
        let len = (self.word_len)(self.rest).max(first.len_utf8());
        Some(Piece::Word(self.take(len)))
    }
}

fn unquoted(text: &str) -> &str {
    match text.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').unwrap_or(inner),
        None => text.trim_start_matches('\\'),
    }
}
