//! Values as users' sides send them: App Connect reads its manifest with JavaScript, whose numbers are all floats.

use serde_json::{Number, Value};

use crate::manifest::custom_field::as_text;

/// Returns what a manifest holds for a value that can be selected, so that it has the text that JavaScript sends: 1 for
/// 1.0, "true" for true. `None` for what is no text, number or boolean.
pub(super) fn selectable(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => number.as_f64().map(of_number),
        Value::Bool(value) => Some(value.to_string().into()),
        Value::String(text) if !text.trim().is_empty() => Some(value.clone()),
        _ => None,
    }
}

/// Whether JavaScript sends other digits than those that are written.
pub(super) fn is_rounded(value: &Value) -> bool {
    (value.is_i64() || value.is_u64())
        && selectable(value).is_some_and(|sent| as_text(&sent) != as_text(value))
}

/// A number if one has this text, otherwise the text.
fn of_number(number: f64) -> Value {
    let text = printed(number);
    let integer = text.parse::<i64>().ok().map(Value::from);
    let value = integer.or_else(|| Number::from_f64(number).map(Value::Number));
    let value = value.filter(|value| as_text(value) == text);
    value.unwrap_or_else(|| text.into())
}

/// Writes a number as JavaScript does.
fn printed(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        if size < 1.0 {
            text
        } else {
            text.replace('e', "e+")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_has_the_text_that_javascript_sends() {
        for (value, expected) in [
            (json!(1), json!(1)),
            (json!(1.0), json!(1)),
            (json!(-0.0), json!(0)),
            (json!(1.50), json!(1.5)),
            (json!(true), json!("true")),
            (json!(" a "), json!(" a ")),
            (json!(1e15), json!(1_000_000_000_000_000_i64)),
            (json!(1e20), json!("100000000000000000000")),
            (json!(1e21), json!("1e+21")),
            (json!(-1.5e300), json!("-1.5e+300")),
            (json!(0.00001), json!("0.00001")),
            (json!(0.0000001), json!("1e-7")),
            (
                json!(9_007_199_254_740_993_i64),
                json!(9_007_199_254_740_992_i64),
            ),
            (json!(u64::MAX), json!("18446744073709552000")),
            (json!(i64::MIN), json!("-9223372036854776000")),
        ] {
            let found = selectable(&value).unwrap();
            assert_eq!(as_text(&found), as_text(&expected), "{value}");
        }
        for value in [json!(null), json!(" "), json!([1]), json!({})] {
            assert_eq!(selectable(&value), None, "{value}");
        }
    }

    #[test]
    fn only_integers_that_no_float_holds_are_rounded() {
        for value in [json!(9_007_199_254_740_993_i64), json!(u64::MAX)] {
            assert!(is_rounded(&value), "{value}");
        }
        for value in [
            json!(9_007_199_254_740_992_i64),
            json!(1.0),
            json!(1e300),
            json!("1.0"),
        ] {
            assert!(!is_rounded(&value), "{value}");
        }
    }
}
