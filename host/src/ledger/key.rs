//! What a call is known by.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use url::form_urlencoded;

use crate::loader::Digest;

/// What a call is known by: two requests with one key are about one entry.
///
/// As text, the parts are joined by slashes and escaped as in the body of a web form, so that no two keys have one
/// text; a part of more than 500 bytes is its SHA-256: `createCallLog/pipedrive/acme.pipedrive.com/314-pipedrive/4503991`, or with an idempotency key
/// `createCallLog/pipedrive/order-77`. `switchboard ledger show` takes this text.
///
/// ```
/// use switchboard_host::ledger::CallKey;
///
/// let key = CallKey::of_call("createCallLog", "acme", "Acme.Example", "7/a", "s-1");
/// assert_eq!(key.to_string(), "createCallLog/acme/acme.example/7%2Fa/s-1");
/// assert_eq!(key.to_string().parse(), Ok(key));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallKey {
    operation: String,
    crm: String,
    subject: Subject,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Subject {
    Call {
        hostname: String,
        user_id: String,
        session: String,
    },
    /// The caller's own idempotency key.
    Caller(String),
}

/// The longest part that stands for itself.
const MAX_PART_BYTES: usize = 500;

/// A text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no key of a call: expected OPERATION/CRM/HOSTNAME/USER/SESSION or OPERATION/CRM/IDEMPOTENCY-KEY, \
     each part as `switchboard ledger list` prints it"
)]
pub struct ParseKeyError {
    text: String,
}

impl CallKey {
    /// Makes the key of a call. The hostname's case does not count, that of the ids does.
    pub fn of_call(
        operation: &str,
        crm: &str,
        hostname: &str,
        user_id: &str,
        session: &str,
    ) -> Self {
        let subject = Subject::Call {
            hostname: bounded(&hostname.to_lowercase()),
            user_id: bounded(user_id),
            session: bounded(session),
        };
        Self::new(operation, crm, subject)
    }

    /// Makes the key of a call that the caller names by an idempotency key of its own.
    pub fn of_caller(operation: &str, crm: &str, idempotency_key: &str) -> Self {
        Self::new(operation, crm, Subject::Caller(bounded(idempotency_key)))
    }

    fn new(operation: &str, crm: &str, subject: Subject) -> Self {
        Self {
            operation: operation.to_owned(),
            crm: crm.to_owned(),
            subject,
        }
    }

    /// Returns what is done: `createCallLog`.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Returns the CRM's name.
    pub fn crm(&self) -> &str {
        &self.crm
    }

    /// Returns the caller's idempotency key, if the call is known by one.
    pub fn idempotency_key(&self) -> Option<&str> {
        match &self.subject {
            Subject::Call { .. } => None,
            Subject::Caller(key) => Some(key),
        }
    }
}

impl fmt::Display for CallKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        write!(formatter, "{}/{}", part(&self.operation), part(&self.crm))?;
        match &self.subject {
            Subject::Call {
                hostname,
                user_id,
                session,
            } => {
                let (hostname, user_id, session) = (part(hostname), part(user_id), part(session));
                write!(formatter, "/{hostname}/{user_id}/{session}")
            }
            Subject::Caller(key) => write!(formatter, "/{}", part(key)),
        }
    }
}

impl FromStr for CallKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('/').map(unescaped).collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let key = match parts[..] {
            [operation, crm, hostname, user_id, session] => {
                Some(Self::of_call(operation, crm, hostname, user_id, session))
            }
            [operation, crm, caller] => Some(Self::of_caller(operation, crm, caller)),
            _ => None,
        };
        // Each key has one text: what reads as one and is written differently names no row of a ledger.
        key.filter(|key| key.to_string() == text)
            .ok_or_else(|| ParseKeyError {
                text: text.to_owned(),
            })
    }
}

/// Shortens what is longer than any id to its digest: a store has to find calls by it.
fn bounded(part: &str) -> String {
    match part.len() {
        0..=MAX_PART_BYTES => part.to_owned(),
        _ => format!("sha256:{}", Digest::of(part.as_bytes())),
    }
}

fn unescaped(part: &str) -> String {
    let mut pairs = form_urlencoded::parse(part.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

impl Serialize for CallKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_reads_back_from_its_text(parts in prop::array::uniform5(".*")) {
            let [operation, crm, hostname, user_id, session] = parts.each_ref().map(String::as_str);
            let of_call = CallKey::of_call(operation, crm, hostname, user_id, session);
            let of_caller = CallKey::of_caller(operation, crm, session);
            prop_assert_eq!(of_call.to_string().parse(), Ok(of_call));
            prop_assert_eq!(of_caller.to_string().parse(), Ok(of_caller));
        }

        #[test]
        fn no_text_is_read_that_would_not_be_written(text in "[a-zA-Z/%+&=. ]*") {
            if let Ok(key) = text.parse::<CallKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }

    #[test]
    fn a_part_without_end_stands_as_its_digest() {
        let key = |session: &str| CallKey::of_call("o", "c", "h", "u", session).to_string();
        let (longest, longer) = ("x".repeat(500), "x".repeat(501));
        assert!(key(&longest).ends_with(&longest));
        let digest = key(&longer);
        assert!(
            digest.starts_with("o/c/h/u/sha256%3A") && digest.len() < 100,
            "{digest}"
        );
        assert_ne!(digest, key(&"y".repeat(501)));
        assert_eq!(digest.parse::<CallKey>().unwrap().to_string(), digest);
    }

    #[test]
    fn parts_do_not_run_together() {
        let key = |user_id, session| CallKey::of_call("o", "c", "h", user_id, session).to_string();
        assert_ne!(key("1/2", "3"), key("1", "2/3"));
        assert_ne!(key("1", ""), key("", "1"));
        let of_caller = CallKey::of_caller("o", "c", "h/1/2").to_string();
        assert_ne!(of_caller, key("1", "2"));
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_with_the_form() {
        for text in [
            "",
            "/",
            "a/b",
            "a/b/c/d",
            "a/b/c/d/e/f",
            "a/b/A B",
            "a/b/HOST/u/s",
            "a/b/%zz",
        ] {
            let refused = text.parse::<CallKey>().unwrap_err();
            assert!(
                refused
                    .to_string()
                    .starts_with(&format!("{text:?} is no key")),
                "{refused}"
            );
        }
    }
}
