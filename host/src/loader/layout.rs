//! Cuts `abi_stable`'s report of different types, 15 to 60 KB, to what a person can act on.
//!
//! The report is made of blocks, one a type that differs, from the outside in. What matters of one:
//!
//! ```text
//! 1 error(s)inside:
//!     field_name:field_0
//!     type:RawFault
//!
//!     field_name:retry_after_ms
//!     type:u32
//! Layout of expected type:
//!     ..
//! Error:mismatched type
//! Expected:
//!     u64
//! Found:
//!     u32
//! ```
//!
//! The text is `abi_stable` 0.11.3's, which the workspace pins. If another version words it differently,
//! its first lines are shown instead.

/// How much of an unknown report, or of one expected or found item, is shown.
const MAX_LINES: usize = 4;

/// The longest line that is shown, in characters.
const MAX_WIDTH: usize = 160;

/// Differences that follow from one further in.
const CONSEQUENCES: &[&str] = &["incompatible type size", "incompatible type alignment"];

/// Returns the first difference of a report, e.g. `RawFault.retry_after_ms: mismatched type, expected
/// u64, found u32`.
pub(super) fn first_difference(report: &str) -> String {
    let differences: Vec<_> = report
        .split("error(s)inside:")
        .skip(1)
        .filter_map(Difference::parse)
        .collect();
    let is_cause = |difference: &&Difference| !CONSEQUENCES.contains(&difference.error);
    match differences.iter().find(is_cause).or(differences.first()) {
        Some(difference) => difference.sentence(),
        None => excerpt(report.lines()),
    }
}

struct Difference<'report> {
    /// The type and its field.
    place: (&'report str, &'report str),
    error: &'report str,
    expected: String,
    found: String,
}

impl<'report> Difference<'report> {
    /// Reads the first error of a block; none if it has none.
    fn parse(block: &'report str) -> Option<Self> {
        let (fields, rest) = block.split_once("Layout of expected type:")?;
        let (_, rest) = rest.split_once("\nError:")?;
        let (error, rest) = rest.split_once("\nExpected:\n")?;
        let (expected, found) = rest.split_once("\nFound:\n")?;
        Some(Self {
            place: place(fields),
            error: error.trim(),
            expected: excerpt(expected.lines()),
            // What follows, the next error or block, is not indented.
            found: excerpt(found.lines().take_while(|line| line.starts_with(' '))),
        })
    }

    fn sentence(&self) -> String {
        let Self {
            place: (owner, field),
            error,
            expected,
            found,
        } = self;
        format!("{owner}.{field}: {error}, expected {expected}, found {found}")
    }
}

/// Returns the innermost field and the type that has it.
fn place(fields: &str) -> (&str, &str) {
    let mut place = ("ConnectorMod", "");
    let mut last_type = place.0;
    for line in fields.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("field_name:") {
            place = (last_type, name);
        } else if let Some(name) = line.strip_prefix("type:") {
            last_type = name;
        }
    }
    place
}

fn excerpt<'text>(lines: impl Iterator<Item = &'text str>) -> String {
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.take(MAX_LINES).map(shorten).collect();
    lines.join("; ")
}

fn shorten(line: &str) -> String {
    let mut characters = line.chars();
    let mut short: String = characters.by_ref().take(MAX_WIDTH).collect();
    if characters.next().is_some() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_shown_rather_than_what_follows_from_it() {
        let block = |field, error, found| {
            format!(
                "1 error(s)inside:\n    <other>\n\n    field_name:head\n    type:RawFault\n\n    \
                 field_name:{field}\n    type:u32\n\nLayout of expected type:\n    type:u64\n\n\n\
                 \nError:{error}\nExpected:\n    88\nFound:\n    {found}\n"
            )
        };
        let size = block("code", "incompatible type size", "80");
        let cause = block("retry_after_ms", "mismatched type", "u32");
        let size_alone = first_difference(&size);
        assert_eq!(
            size_alone,
            "RawFault.code: incompatible type size, expected 88, found 80"
        );
        let both = first_difference(&format!("Compared <this>:\n{size}{cause}{size}"));
        assert_eq!(
            both,
            "RawFault.retry_after_ms: mismatched type, expected 88, found u32"
        );
    }

    #[test]
    fn a_report_of_another_form_is_cut() {
        let report = format!("\n\n{}\nsecond\n", "x".repeat(60_000)) + &"more\n".repeat(1000);
        let expected = format!("{}...; second; more; more", "x".repeat(MAX_WIDTH));
        assert_eq!(first_difference(&report), expected);
    }
}
