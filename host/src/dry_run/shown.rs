//! What a person sees of a request: everything that would be written, and no secret.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use switchboard_connector_sdk::model::is_secret_member;
use url::{Url, form_urlencoded};

use super::CapturedRequest;
use crate::egress::Request;
use crate::redact::{MASK, Redactor};

/// The headers that hold no secret.
const SHOWN_HEADERS: [HeaderName; 2] = [ACCEPT, CONTENT_TYPE];

const FORM: &str = "application/x-www-form-urlencoded";

/// Shows a request; the redactor knows the secrets of the call.
pub(crate) fn show(request: &Request, redactor: &Redactor) -> CapturedRequest {
    let redactor = redactor.showing_private();
    CapturedRequest {
        method: request.method.to_string(),
        url: shown_url(&request.url, &redactor),
        headers: shown_headers(&request.headers),
        body: shown_body(request, &redactor),
    }
}

/// Shows the host as it is: the operator allows it by name, though the whole address may have come from a variable.
fn shown_url(url: &Url, redactor: &Redactor) -> String {
    let origin = url.origin().ascii_serialization();
    let path = shown_path(url.path(), redactor);
    let query = url.query().map(|query| shown_pairs(query, redactor));
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    format!("{origin}{path}{query}")
}

/// Shows a path. A secret in it may be encoded, so each segment is looked at as it is meant, too.
pub(crate) fn shown_path(path: &str, redactor: &Redactor) -> String {
    let segments = path.split('/').map(|segment| {
        let meant = percent_decode_str(segment).decode_utf8_lossy();
        match redactor.redact(&meant) == meant {
            true => segment,
            false => MASK,
        }
    });
    let shown = segments.collect::<Vec<_>>().join("/");
    redactor.redact(&shown)
}

fn shown_headers(headers: &HeaderMap) -> Value {
    let mut shown = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        let values = shown.entry(name.as_str()).or_default();
        if SHOWN_HEADERS.contains(name) {
            values.push(String::from_utf8_lossy(value.as_bytes()));
        } else {
            *values = vec![MASK.into()];
        }
    }
    let shown = shown.into_iter();
    let shown = shown.map(|(name, values)| (name.to_owned(), values.join(", ").into()));
    Value::Object(shown.collect())
}

fn shown_body(request: &Request, redactor: &Redactor) -> Value {
    if request.body.is_empty() {
        return Value::Null;
    }
    if let Ok(json) = serde_json::from_slice(&request.body) {
        return redactor.redact_json(without_secret_members(json));
    }
    let text = String::from_utf8_lossy(&request.body);
    Value::from(match is_form(&request.headers) {
        true => shown_pairs(&text, redactor),
        false => redactor.redact(&text),
    })
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let start = kind.and_then(|kind| kind.get(..FORM.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(FORM.as_bytes()))
}

fn without_secret_members(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let shown = members.into_iter().map(|(name, value)| {
                let shown = match is_secret_name(&name) && !value.is_null() {
                    true => MASK.into(),
                    false => without_secret_members(value),
                };
                (name, shown)
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(without_secret_members).collect(),
        other => other,
    }
}

/// Shows a query or a form: each pair as it is written, or its name alone.
fn shown_pairs(text: &str, redactor: &Redactor) -> String {
    let shown = text.split('&').map(|pair| {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            return pair.to_owned();
        };
        let is_secret = is_secret_name(&name) || redactor.redact(&value) != value;
        match pair.split_once('=') {
            Some((name, _)) if is_secret => format!("{name}={MASK}"),
            // What stands without a name may be a key.
            _ => redactor.redact(pair),
        }
    });
    shown.collect::<Vec<_>>().join("&")
}

/// Whether a value of this name is a secret, in a spelling that a CRM may have: `api_token`, `X-Api-Key`.
fn is_secret_name(name: &str) -> bool {
    let joined = name.replace(['_', '-'], "");
    joined.eq_ignore_ascii_case("authorization")
        || [name, &joined].into_iter().any(is_secret_member)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use switchboard_connector_sdk::wire::RequestHead;

    use super::*;
    use crate::secret::Secret;

    const INPUT: &str = r#"{ "authHeader": "Bearer tok-4711/8", "note": "call back on Monday" }"#;

    fn shown(url: &str, headers: &[(&str, &str)], body: &str) -> Value {
        let mut head = RequestHead::new("POST", url);
        let headers = headers.iter().copied();
        head.headers = headers
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let request = Request::read(head, body.into()).unwrap();
        let secrets = ["https://acme.test", "from-env"]
            .map(|text| Secret::new(text.to_owned()))
            .into();
        let redactor = Redactor::new(vec![INPUT.as_bytes().into()], secrets);
        serde_json::to_value(show(&request, &redactor)).unwrap()
    }

    #[test]
    fn what_would_be_written_is_shown_and_no_secret() {
        let headers = [
            ("Authorization", "Bearer tok-4711/8"),
            ("Content-Type", "application/json"),
            ("Accept", "text/html"),
            ("accept", "application/json"),
            ("x-tenant", "7"),
        ];
        let body = json!({
            "note": "call back on Monday",
            "quoted": "token tok-4711/8",
            "deep": [{ "apiKey": "k", "refresh_token": 1, "access_token": null, "n": 1.5 }],
        });
        let expected = json!({
            "method": "POST",
            "url": "https://acme.test/v1/from-there/***/***?a=1&api_token=***&b=x%20y&t=***",
            "headers": {
                "accept": "text/html, application/json",
                "authorization": "***",
                "content-type": "application/json",
                "x-tenant": "***",
            },
            "body": {
                "note": "call back on Monday",
                "quoted": "token ***",
                "deep": [
                    { "apiKey": "***", "refresh_token": "***", "access_token": null, "n": 1.5 },
                ],
            },
        });
        let url = "https://acme.test/v1/from-there/from-env/tok-4711%2F8?a=1&api_token=7&b=x%20y&t=tok-4711%2F8";
        assert_eq!(shown(url, &headers, &body.to_string()), expected);
    }

    #[test]
    fn a_body_is_shown_as_what_it_is() {
        let kind = "Application/x-www-form-urlencoded; charset=utf-8";
        let (form, other) = ([("content-type", kind)], [("content-type", "text/xml")]);
        for (headers, body, expected) in [
            (&[][..], "", json!(null)),
            (&[], "7", json!(7)),
            (&other, "<key>from-env</key>", json!("<key>***</key>")),
            (&other, "password=p", json!("password=p")),
            (
                &form,
                "password=p&note=a+b&from-env",
                json!("password=***&note=a+b&***"),
            ),
        ] {
            let shown = shown("https://acme.test/", headers, body);
            assert_eq!(shown["body"], expected, "{body}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "api_token",
            "API-Key",
            "apikey",
            "zap_user_key",
            "Authorization",
            "clientSecret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["id", "tokens", "note", "key"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
