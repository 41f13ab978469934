//! Answers of a real CRM, recorded as JSON, as a script.

use std::collections::HashMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::{Reply, Rule};

#[derive(Deserialize)]
struct Recorded {
    method: String,
    url: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    body: Option<Value>,
}

/// Makes rules of a JSON array of answers {`method`, `url`, `status`, `headers`, `body`}.
///
/// Of each `url` only path and query count. The answers to one method and path are given in their order, the last
/// of them again and again. An answer of 2xx to a `POST` on a path where this CRM stores entries does store one: a
/// CRM that claims to have created an entry has one.
///
/// # Errors
///
/// The JSON has another shape; the message says at which answer.
pub fn recorded_rules(answers: &Value) -> Result<Vec<Rule>> {
    let answers: Vec<Recorded> =
        serde_json::from_value(answers.clone()).context("cannot read the recorded answers")?;
    let mut n_left: HashMap<(String, String), usize> = HashMap::new();
    for answer in &answers {
        *n_left.entry(answer.place()).or_default() += 1;
    }
    let rules = answers.iter().map(|answer| {
        let n_left = n_left
            .get_mut(&answer.place())
            .expect("every answer was counted");
        *n_left -= 1;
        let rule = answer.rule();
        if *n_left == 0 { rule } else { rule.once() }
    });
    Ok(rules.collect())
}

impl Recorded {
    fn place(&self) -> (String, String) {
        (self.method.clone(), target(&self.url).to_owned())
    }

    fn rule(&self) -> Rule {
        let rule = Rule::on(&self.method, target(&self.url)).reply(self.reply());
        if self.method == "POST" && (200..300).contains(&self.status) {
            rule.store()
        } else {
            rule
        }
    }

    fn reply(&self) -> Reply {
        let reply = match &self.body {
            None => Reply::empty(self.status),
            Some(Value::String(text)) => Reply::text(self.status, text),
            Some(body) => Reply::json(self.status, body),
        };
        let headers = self.headers.iter();
        headers.fold(reply, |reply, (name, value)| reply.header(name, value))
    }
}

/// Returns path and query of an absolute URL, or what is already only that.
fn target(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return url;
    };
    rest.find('/').map_or("/", |start| &rest[start..])
}
