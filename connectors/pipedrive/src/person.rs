//! The contact: a person in Pipedrive.

use std::num::NonZeroU64;

use serde::Deserialize;
use serde_json::Value;
use switchboard_connector_sdk::Fault;

use crate::api::{Api, Subject};
use crate::target::id;

#[derive(Deserialize)]
struct Answer {
    data: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    /// A number (API v2) or an object with it (API v1); null for a person without an organization.
    #[serde(default)]
    org_id: Value,
}

/// Returns the organization that a person belongs to.
///
/// # Errors
///
/// `not-found` if the person is gone, also where Pipedrive says so with an empty answer; else as Pipedrive
/// answers.
pub(crate) async fn organization(
    api: &Api<'_>,
    person_id: NonZeroU64,
) -> Result<Option<NonZeroU64>, Fault> {
    let path = format!("/api/v2/persons/{person_id}");
    let answer = api.get(&path, Subject::Person, None).await?;
    let person = answer.json::<Answer>()?.data;
    let person =
        person.ok_or_else(|| Fault::not_found(format!("Pipedrive has no person {person_id}")))?;
    Ok(organization_id(&person.org_id))
}

fn organization_id(org_id: &Value) -> Option<NonZeroU64> {
    match org_id {
        Value::Number(number) => number.as_u64().and_then(NonZeroU64::new),
        Value::String(text) => id(text),
        Value::Object(organization) => organization_id(organization.get("value")?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_organization_is_a_number_a_text_or_an_object() {
        let forms = [
            json!(321),
            json!("321"),
            json!({ "name": "Acme", "value": 321 }),
        ];
        for form in forms {
            assert_eq!(organization_id(&form), NonZeroU64::new(321), "{form}");
        }
    }

    #[test]
    fn anything_else_is_no_organization() {
        let forms = [
            json!(null),
            json!(0),
            json!(""),
            json!(-3),
            json!({}),
            json!([321]),
        ];
        for form in forms {
            assert_eq!(organization_id(&form), None, "{form}");
        }
    }
}
