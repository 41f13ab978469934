//! What reaches a connector is the text that came in: through the host, the boundary and the library, byte for byte.
//! What the host completes are two members of it.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use mock_crm::MockCrm;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use switchboard_host::compose::{Format, compose};
use switchboard_host::{CallOptions, CreateCallLog, Host};
use switchboard_tests::Scene;
use tokio::runtime::Runtime;

/// A host with a connector that posts its input's text.
struct Echo {
    scene: Scene,
    host: Host,
    runtime: Runtime,
}

/// Custom fields of which one is filled in, and one left out.
const FIELDS: &str = r#"
[[custom_fields]]
name = "stage"
type = "input"
default = "1"

[[custom_fields]]
name = "notice"
type = "warning"
"#;

impl Echo {
    fn new() -> Self {
        Self::of(Scene::echo().unwrap())
    }

    /// As [`new`](Self::new), for a CRM whose entries are composed and that has custom fields.
    fn completing(format: Format) -> Self {
        let sections = format!("[log]\nformat = \"{format}\"\n{FIELDS}");
        Self::of(Scene::echo_with(&sections).unwrap())
    }

    fn of(scene: Scene) -> Self {
        let host = scene.host().unwrap();
        let runtime = Runtime::new().unwrap();
        Self {
            scene,
            host,
            runtime,
        }
    }

    /// Logs a call and returns what the CRM received for it.
    fn log(&self, input: &str) -> String {
        let call = self
            .host
            .create_call_log("echo", input, CallOptions::default());
        let outcome = self.runtime.block_on(call);
        assert!(outcome.log_id().is_some(), "{outcome:?}");
        last_body(&self.scene.crm)
    }
}

fn last_body(crm: &MockCrm) -> String {
    let request = crm.requests().pop().unwrap();
    String::from_utf8(request.body.into()).unwrap()
}

/// Spellings that a parser and a writer in between would change.
const ODD: &str = concat!(
    "{\"authHeader\" :\"\",\t\"user\":{ \"id\": 1477535004, \"accessToken\": \"\\u0041bc\" },\r\n",
    "  \"contactInfo\":{\"id\":123456789012345678901234567890,\"zoho\":[1.50, 1E+3 ,-0,0.10e-2]},\n",
    "\"callLog\": {\"sessionId\":1e3,\"startTime\":1.772712e12,\"duration\":7.0,",
    "\"billing\":{\"costIncluded\":0.000,\"costPurchased\":0.000},\"legs\":[ {} ,{\"id\":0.5}],",
    "\"caf\\u00e9\":\"caf\\u00e9 \\/ \\ud83d\\ude00 😀 \u{2028}\",\"\":null,\"a/b~c\":18446744073709551616},",
    "\"note\":\"\\n\",\"\\u006eote2\":\"\u{7f}\",\"z\":1,\"a\":2 }",
);

#[test]
fn odd_spellings_reach_the_connector_unchanged() {
    assert_eq!(Echo::new().log(ODD), ODD);
}

#[test]
fn the_program_passes_on_the_text_of_its_standard_input() {
    let scene = Scene::echo().unwrap();
    let invocation = scene.place.switchboard(["log", "--crm", "echo"]).unwrap();
    let output = invocation.stdin(ODD).run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(last_body(&scene.crm), ODD);
}

#[test]
fn every_accepted_input_reaches_the_connector_unchanged() {
    let echo = Echo::new();
    TestRunner::new(Config::with_cases(150))
        .run(&accepted_input(), |input| {
            prop_assert_eq!(echo.log(&input), input);
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_member_that_is_not_completed_keeps_its_text_and_place() {
    for format in [Format::Html, Format::Plain] {
        let echo = Echo::completing(format);
        TestRunner::new(Config::with_cases(60))
            .run(&accepted_input(), |input| {
                let call = CreateCallLog::from_json(&input).unwrap();
                let details = serde_json::to_string(&compose(&call, format)).unwrap();
                let mut expected = members(&input);
                complete_submission(&mut expected);
                expected.push((r#""composedLogDetails""#.to_owned(), details));
                prop_assert_eq!(members(&echo.log(&input)), expected);
                Ok(())
            })
            .unwrap();
    }
}

/// The text of a member's name, and that of its value.
type Member = (String, String);

/// Leaves the notice out of an input's submission and fills the default in.
fn complete_submission(input: &mut [Member]) {
    let submission = input
        .iter_mut()
        .find(|(name, _)| name.contains("Submission"));
    let (_, submission) = submission.unwrap();
    let mut fields = members(submission);
    fields.retain(|(name, value)| name != r#""notice""# || value == r#""""#);
    fields.push((r#""stage""#.to_owned(), r#""1""#.to_owned()));
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    *submission = format!("{{{}}}", fields.join(","));
}

/// Takes an object apart, in order.
fn members(json: &str) -> Vec<Member> {
    serde_json::from_str::<Members>(json).unwrap().0
}

struct Members(Vec<Member>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push((name.get().to_owned(), value.get().to_owned()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// An input with the required members, among others, in any order and spelling.
fn accepted_input() -> impl Strategy<Value = String> {
    let user = object(vec![("id", id()), ("hostname", text())]);
    let contact = object(vec![("id", id()), ("name", text())]);
    let billing = object(vec![("costIncluded", number()), ("costPurchased", id())]);
    let leg = object(vec![("id", id()), ("duration", number())]);
    let legs = prop::collection::vec(leg, 0..3).prop_map(|legs| format!("[{}]", legs.join(" ,")));
    let call_log = object(vec![
        ("sessionId", id()),
        ("startTime", Just("1772712000000.0".to_owned()).boxed()),
        ("duration", number()),
        ("billing", billing),
        ("legs", legs.boxed()),
    ]);
    object(vec![
        ("user", user),
        ("contactInfo", contact),
        ("authHeader", Just(r#""Bearer \u0078""#.to_owned()).boxed()),
        ("callLog", call_log),
        ("note", text()),
        ("transcript", text()),
        ("additionalSubmission", object(vec![("notice", text())])),
    ])
}

/// An object with these members and some unknown ones, in any order.
fn object(known: Vec<(&'static str, BoxedStrategy<String>)>) -> BoxedStrategy<String> {
    let known: Vec<_> = known
        .into_iter()
        .map(|(name, value)| member(Just(format!("{name:?}")), value))
        .collect();
    let unknown = prop::collection::vec(any_value(), 0..4).prop_map(|values| {
        let members = values.into_iter().enumerate();
        members
            .map(|(n, value)| format!("\"\\u0078-{n}\": {value}"))
            .collect::<Vec<_>>()
    });
    let all = (known, unknown).prop_map(|(known, unknown)| [known, unknown].concat());
    all.prop_shuffle()
        .prop_map(|members| format!("{{{}}}", members.join(",")))
        .boxed()
}

fn member(
    key: impl Strategy<Value = String> + 'static,
    value: BoxedStrategy<String>,
) -> BoxedStrategy<String> {
    (white(), key, white(), white(), value, white())
        .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"))
        .boxed()
}

fn any_value() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let leaf = prop_oneof![words, number(), text()];
    leaf.prop_recursive(4, 20, 5, |inner| {
        let list = prop::collection::vec((white(), inner.clone()), 0..4).prop_map(|items| {
            let items = items.into_iter().map(|(white, item)| white + &item);
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        });
        let one = (text(), white(), inner)
            .prop_map(|(key, white, value)| format!("{{{key}{white}:{value}}}"));
        prop_oneof![list, one]
    })
}

/// A text that is not blank, or a number.
fn id() -> BoxedStrategy<String> {
    let word = text().prop_map(|text| text.replacen('"', "\"x", 1));
    prop_oneof![word, number()].boxed()
}

/// A number as nobody would write it twice.
fn number() -> BoxedStrategy<String> {
    "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?".boxed()
}

/// A string, some of whose characters are escaped.
fn text() -> BoxedStrategy<String> {
    let plain = any::<char>().prop_map(|character| match character {
        '"' | '\\' | '\0'..='\u{1f}' => format!("\\u{:04X}", u32::from(character)),
        other => other.to_string(),
    });
    let escaped = any::<u8>().prop_map(|byte| format!("\\u00{byte:02x}"));
    let short = prop::sample::select(vec!["\\n", "\\/", "\\\"", "\\\\", "\\ud83d\\ude00", "/"]);
    let piece = prop_oneof![plain, escaped, short.prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..8)
        .prop_map(|pieces| format!("\"{}\"", pieces.concat()))
        .boxed()
}

fn white() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "", " ", "\n", "\r\n\t", "   "]).prop_map(str::to_owned)
}
