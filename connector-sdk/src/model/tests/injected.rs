//! Every fault that is put into a good input is found at its place, however many there are.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

const CANARY: &str = "c4n4ry";

/// The places where an input can be wrong, none within another, and values that are wrong there. `null` is wrong where
/// something is required.
fn places() -> Vec<(&'static str, Vec<Value>)> {
    let shape = [json!([CANARY]), json!(7), json!(true)];
    let no_text = [
        json!([CANARY]),
        json!({ "a": CANARY }),
        json!(7),
        json!(false),
    ];
    let no_id = [json!([CANARY]), json!({ "a": CANARY }), json!(false)];
    let empty = [json!(null), json!(""), json!(" ")];
    let with = |more: &[Value], base: &[Value]| [base, more].concat();
    let scores = with(&[], &[json!([CANARY]), json!(true)]);
    let mut places = vec![
        ("/user/id", with(&empty, &no_id)),
        ("/contactInfo/id", with(&empty, &no_id)),
        (
            "/contactInfo/phoneNumber",
            with(&[json!("6505550100")], &no_text),
        ),
        (
            "/authHeader",
            with(&[json!(null), json!("c4n4ry\n")], &no_text),
        ),
        (
            "/callLog/startTime",
            with(&[json!(null), json!("2026-03-05")], &no_id),
        ),
        ("/callLog/legs/0", with(&[json!(null)], &shape)),
        ("/ringSenseAIScore", scores),
    ];
    let texts = [
        "/user/hostname",
        "/user/timezoneName",
        "/contactInfo/type",
        "/contactInfo/name",
        "/note",
        "/aiNote",
        "/transcript",
        "/ringSenseTranscript",
        "/ringSenseSummary",
        "/ringSenseBulletedSummary",
        "/ringSenseLink",
        "/composedLogDetails",
    ];
    let ids = [
        "/user/timezoneOffset",
        "/user/rcAccountId",
        "/callLog/sessionId",
        "/callLog/extension/id",
        "/callLog/from/extensionId",
    ];
    let objects = [
        "/user/userSettings",
        "/user/platformAdditionalInfo",
        "/callLog/to",
        "/callLog/billing",
        "/callLog/recording",
        "/additionalSubmission",
    ];
    places.extend(texts.map(|place| (place, no_text.to_vec())));
    places.extend(ids.map(|place| (place, no_id.to_vec())));
    places.extend(objects.map(|place| (place, with(&[json!(CANARY)], &shape))));
    places
}

/// Some places, each with one of the values that are wrong there.
fn injected() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let places = places();
    let n_places = places.len();
    (1..=n_places)
        .prop_flat_map(move |n| subsequence(places.clone(), n))
        .prop_flat_map(|places| {
            let one = |(place, wrong)| (Just(place), prop::sample::select::<Value>(wrong));
            places.into_iter().map(one).collect::<Vec<_>>()
        })
}

/// Returns the example's text with values set, and with a key that stands twice in each of these objects.
fn spoiled(wrong: &[(&str, Value)], twice: &[&str]) -> String {
    let mut input = example();
    for (pointer, value) in wrong {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match input.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[name] = value.clone(),
        }
    }
    let mut text = input.to_string();
    for name in twice {
        let twice = format!(r#""{name}":{{"{CANARY}1":1,"{CANARY}1":2,"#);
        text = text.replacen(&format!(r#""{name}":{{"#), &twice, 1);
    }
    text
}

proptest! {
    #[test]
    fn every_fault_is_found_at_its_pointer_and_nothing_else(
        wrong in injected(),
        twice in subsequence(vec!["user", "contactInfo", "callLog"], 0..=3),
    ) {
        let text = spoiled(&wrong, &twice);
        let invalid = CreateCallLog::from_json(&text).map(|_| ()).unwrap_err();
        let found: Vec<_> = invalid.faults().iter().map(|it| it.pointer.clone()).collect();
        let twice = twice.iter().map(|name| format!("/{name}/{CANARY}1"));
        let expected: BTreeSet<_> = wrong.iter().map(|(place, _)| (*place).to_owned()).chain(twice).collect();
        prop_assert_eq!(found.len(), expected.len(), "{}", &invalid);
        prop_assert_eq!(BTreeSet::from_iter(found), expected);
        for fault in invalid.faults() {
            let is_shown = fault.message.contains(CANARY);
            prop_assert!(!is_shown, "{}", fault);
        }
    }
}
