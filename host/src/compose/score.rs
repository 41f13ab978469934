//! ACE's score of a call.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::components::filled;
use super::number;
use crate::input::{Members, text_of};

/// Writes a text or a number; of an object its member `score`, else the whole object.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let Some(object) = Members::read(raw.get().as_bytes()) else {
        return plain(raw);
    };
    let score = object.get("score").filter(|score| score.get() != "null");
    let score = score.unwrap_or(raw);
    if score.get() == r#""""# {
        return None;
    }
    let score = plain(score).map_or_else(|| compact(score.get()), Cow::into_owned);
    Some(Cow::Owned(score))
}

fn plain(raw: &RawValue) -> Option<Cow<'_, str>> {
    if let Some(number) = number::read(raw.get()) {
        return Some(Cow::Owned(number::write(number)));
    }
    text_of(raw).filter(|text| filled(Some(text)).is_some())
}

/// Leaves out the white space between a JSON text's parts.
fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let is_part = |letter: &char| {
        if !in_string {
            in_string = *letter == '"';
            return !letter.is_ascii_whitespace();
        }
        in_string = escaped || *letter != '"';
        escaped = !escaped && *letter == '\\';
        true
    };
    json.chars().filter(is_part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> Option<String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        text(&raw).map(Cow::into_owned)
    }

    #[test]
    fn a_score_is_a_text_a_number_or_a_member_of_an_object() {
        for (json, expected) in [
            (r#""87""#, "87"),
            (r#""\u00e9t\u00e9""#, "été"),
            ("87.50", "87.5"),
            ("0", "0"),
            (r#"{ "score": 0, "of": 100 }"#, "0"),
            (r#"{ "score": "7/10" }"#, "7/10"),
            (r#"{ "score": { "a": 1 } }"#, r#"{"a":1}"#),
            ("{ }", "{}"),
        ] {
            assert_eq!(written(json).as_deref(), Some(expected), "{json}");
        }
        for json in [r#""""#, r#"{ "score": "" }"#] {
            assert_eq!(written(json), None, "{json}");
        }
    }

    #[test]
    fn an_object_without_a_score_is_written_as_compact_json_with_its_texts_untouched() {
        let json = "{ \"score\": null,\n \"a b\": [ 1.50, \"x \\\" { y \\\\\" , true ] }";
        let compact = r#"{"score":null,"a b":[1.50,"x \" { y \\",true]}"#;
        assert_eq!(written(json).as_deref(), Some(compact));
    }
}
