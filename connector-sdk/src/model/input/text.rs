//! The text of an input, before anything in it is judged.

use serde_json::value::RawValue;

use crate::model::faults::Faults;

pub(super) fn utf8<'a>(json: &'a [u8], faults: &mut Faults) -> Option<&'a str> {
    std::str::from_utf8(json)
        .map_err(|error| {
            let message = format!(
                "the input is not UTF-8 from byte {} on",
                error.valid_up_to()
            );
            faults.add("", message);
        })
        .ok()
}

/// Returns the text without the white space around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Says why a text cannot be read. JSON's grammar allows numbers that no program holds and halves of characters; an
/// input with one is refused all the same, because secrets could not be found in what cannot be read.
pub(super) fn unreadable(text: &str, error: &serde_json::Error) -> String {
    if serde_json::from_str::<&RawValue>(text).is_err() {
        return format!("the input is not JSON: {error}");
    }
    let remedy = if error.to_string().starts_with("number") {
        "send numbers that a double can hold"
    } else {
        "send whole characters: this escape is half of one, as where a text was cut within an emoji"
    };
    format!("the input is JSON that cannot be passed on safely: {error}; {remedy}")
}
