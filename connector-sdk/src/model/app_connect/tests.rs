use serde_json::{Value, json};

use crate::CreateCallLog;
use crate::model::{MAX_INPUT_BYTES, MAX_NESTING};

fn request() -> Value {
    json!({
        "logInfo": {
            "sessionId": "7", "startTime": "2026-03-05T12:00:00Z", "direction": "Inbound",
            "from": { "phoneNumber": "+14155551234" }, "to": { "phoneNumber": "+16505550100" },
        },
        "contactId": "77", "contactType": "Contact", "contactName": "Jane Roe",
    })
}

fn user() -> Value {
    json!({ "id": "42-acme", "accessToken": "t0ken" })
}

fn with(mut value: Value, pointer: &str, member: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[name] = member;
    value
}

fn without(mut value: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.remove(name).unwrap();
    value
}

fn input(request: &Value, user: &Value) -> Value {
    let call = CreateCallLog::from_app_connect(request.to_string(), user.to_string()).unwrap();
    serde_json::from_str(call.raw().get()).unwrap()
}

fn faults(request: impl ToString, user: impl ToString) -> Vec<String> {
    let read = CreateCallLog::from_app_connect(request.to_string(), user.to_string());
    let invalid = read.unwrap_err();
    invalid.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn every_text_of_the_call_stays_as_it_is() {
    let request = r#" { "contactId" : 7.0, "new\u0041": [ 0.000, 1e2 ],
        "logInfo": { "id":"r" , "startTime": 1772712000000.0, "billing" : {"costIncluded":0.000} } } "#;
    let user = r#"{"id":42 ,"accessToken":"t\u00e9","x": {"y" : 1.50}}"#;
    let call = CreateCallLog::from_app_connect(request, user).unwrap();
    let expected = r#"{"user":{"id":42,"accessToken":"t\u00e9","x":{"y" : 1.50}},"authHeader":"Bearer t\u00e9",
        "contactInfo":{"id":7.0,"type":"","name":""},
        "callLog":{ "id":"r" , "startTime": 1772712000000.0, "billing" : {"costIncluded":0.000} },
        "newA":[ 0.000, 1e2 ]}"#;
    let expected: String = expected.lines().map(str::trim_start).collect();
    assert_eq!(call.raw().get(), expected);
    assert_eq!(call.auth_header(), "Bearer té");
}

#[test]
fn the_contact_is_whoever_is_on_the_other_side() {
    for (direction, number) in [
        (json!("Inbound"), "+14155551234"),
        (json!("Outbound"), "+16505550100"),
        (json!("Elsewhere"), "+16505550100"),
        (Value::Null, "+16505550100"),
    ] {
        let request = with(request(), "/logInfo/direction", direction);
        let contact =
            json!({ "id": "77", "type": "Contact", "name": "Jane Roe", "phoneNumber": number });
        assert_eq!(input(&request, &user())["contactInfo"], contact);
    }
}

#[test]
fn a_contact_without_type_name_or_number_is_like_that_of_app_connect() {
    for request in [
        without(without(request(), "/contactType"), "/contactName"),
        with(
            with(request(), "/contactType", Value::Null),
            "/contactName",
            Value::Null,
        ),
    ] {
        let request = without(request, "/logInfo/from");
        let contact = json!({ "id": "77", "type": "", "name": "" });
        assert_eq!(input(&request, &user())["contactInfo"], contact);
    }
}

#[test]
fn without_a_contact_nothing_is_logged() {
    let expected = "/contactId: is missing: no contact was found for the number of the call; create or choose one, then \
                    log the call again";
    for id in [json!(0), json!(0.0), json!(""), Value::Null] {
        let request = with(request(), "/contactId", id);
        assert_eq!(faults(request, user()), [expected]);
    }
    assert_eq!(faults(without(request(), "/contactId"), user()), [expected]);
    let blank = with(request(), "/contactId", json!(" "));
    assert_eq!(faults(blank, user()), ["/contactId: must not be empty"]);
}

#[test]
fn a_voicemail_is_found_beside_the_record_or_in_it() {
    let voicemail = json!({ "link": "https://inner", "messageId": 7 });
    let inner = with(request(), "/logInfo/voicemail", voicemail);
    let links = |request: &Value| {
        let input = input(request, &user());
        [&input["voicemailLink"], &input["voicemailMessageId"]].map(Clone::clone)
    };
    assert_eq!(links(&inner), [json!("https://inner"), json!(7)]);
    let null = with(inner.clone(), "/voicemailLink", Value::Null);
    assert_eq!(links(&null), [json!("https://inner"), json!(7)]);
    let both = with(inner, "/voicemailLink", json!("https://outer"));
    assert_eq!(links(&both), [json!("https://outer"), json!(7)]);
    assert_eq!(links(&request()), [Value::Null, Value::Null]);
}

#[test]
fn members_of_newer_versions_pass_and_what_the_server_makes_does_not() {
    let mut sent = request();
    for name in [
        "extensionNumber",
        "hashedAccountId",
        "isFromSSCL",
        "sentiment",
    ] {
        sent[name] = json!(name);
    }
    let passed = input(&sent, &user());
    for name in ["user", "contactInfo", "authHeader", "callLog"] {
        sent[name] = json!({ "of": "a browser" });
    }
    for name in ["composedLogDetails", "proxyConfig"] {
        sent[name] = json!("of a browser");
    }
    assert_eq!(input(&sent, &user()), passed);
    assert_eq!(passed["sentiment"], "sentiment");
}

#[test]
fn the_users_own_header_wins_over_the_token_and_stands_apart() {
    for (header, expected) in [
        (json!("Basic QTo="), "Basic QTo="),
        (json!(""), ""),
        (Value::Null, "Bearer t0ken"),
    ] {
        let input = input(&request(), &with(user(), "/authHeader", header));
        assert_eq!(
            (&input["authHeader"], &input["user"]),
            (&json!(expected), &user())
        );
    }
}

#[test]
fn a_user_without_a_token_is_told_what_to_give() {
    let expected = "/user/accessToken: is missing, and so is authHeader: give the token here, or the whole value of the \
                    header, scheme included, there";
    assert_eq!(
        faults(request(), without(user(), "/accessToken")),
        [expected]
    );
    for token in [json!(""), Value::Null] {
        let user = with(user(), "/accessToken", token);
        assert_eq!(faults(request(), user), [expected]);
    }
}

#[test]
fn faults_are_told_where_they_were_sent_all_at_once() {
    let request = json!({
        "logInfo": { "id": [], "direction": "Inbound", "from": { "phoneNumber": 5 }, "legs": [7] },
        "contactType": 1, "contactName": {}, "note": ["secret"], "additionalSubmission": [],
    });
    let user = json!({ "hostname": 7, "accessToken": "t0ken\n" });
    let mut found = faults(request, user);
    found.sort();
    assert_eq!(
        found,
        [
            "/additionalSubmission: expected an object, found an array",
            "/contactId: is missing: no contact was found for the number of the call; create or choose one, then log \
             the call again",
            "/contactName: expected a string, found an object",
            "/contactType: expected a string, found the number 1",
            "/logInfo/from/phoneNumber: expected a string, found the number 5",
            "/logInfo/id: expected a string or a number, found an array",
            "/logInfo/legs/0: expected an object, found the number 7",
            "/logInfo/startTime: is required and missing",
            "/note: expected a string, found an array",
            "/user/accessToken: with `Bearer ` before it holds a control character, such as a line break, at byte 13 of \
             13; leave it out",
            "/user/hostname: expected a string, found the number 7",
            "/user/id: is required and missing",
        ]
    );
}

#[test]
fn the_number_that_was_called_is_told_as_that() {
    let request = with(request(), "/logInfo/direction", json!("Outbound"));
    let request = with(request, "/logInfo/to/phoneNumber", json!(true));
    let expected = "/logInfo/to/phoneNumber: expected a string, found the boolean true";
    assert_eq!(faults(request, user()), [expected]);
}

#[test]
fn a_header_that_is_no_text_is_never_shown() {
    for (name, value) in [
        ("authHeader", json!(4711)),
        ("accessToken", json!({ "x": "t0ken" })),
    ] {
        let shape = if value.is_object() {
            "an object"
        } else {
            "a number"
        };
        let user = with(user(), &format!("/{name}"), value);
        let expected = format!("/user/{name}: expected a string, found {shape}");
        assert_eq!(faults(request(), user), [expected]);
    }
}

#[test]
fn a_key_that_stands_twice_is_told_in_either_text() {
    let twice = |value: &Value, pointer: &str| {
        let name = pointer.rsplit_once('/').unwrap().1;
        let member = format!("{:?}:", name);
        let text = value.to_string();
        let at = text.find(&member).unwrap();
        format!("{}{member}null,{}", &text[..at], &text[at..])
    };
    let voicemail = json!({ "link": { "inner": 1 } });
    let request = with(request(), "/logInfo/voicemail", voicemail);
    let request = with(request, "/voicemailLink", Value::Null);
    for pointer in [
        "/logInfo",
        "/logInfo/direction",
        "/logInfo/from/phoneNumber",
        "/logInfo/voicemail/link/inner",
        "/contactId",
        "/contactType",
        "/contactName",
        "/voicemailLink",
    ] {
        let found = faults(twice(&request, pointer), user());
        let expected = format!("{pointer}: stands twice in one object; leave one of the two out");
        assert!(found.contains(&expected), "{pointer}: {found:?}");
    }
    let user = with(user(), "/authHeader", json!("Basic x"));
    for name in ["id", "accessToken", "authHeader"] {
        let found = faults(&request, twice(&user, &format!("/{name}")));
        let expected =
            format!("/user/{name}: stands twice in one object; leave one of the two out");
        assert!(found.contains(&expected), "{name}: {found:?}");
    }
}

#[test]
fn a_text_that_cannot_be_read_hides_no_fault_of_the_other() {
    let broken = &request().to_string()[1..];
    let found = faults(broken, with(user(), "/hostname", json!(7)));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("the input is not JSON: "), "{found:?}");
    assert_eq!(
        found[1],
        "/user/hostname: expected a string, found the number 7"
    );

    let found = faults(with(request(), "/note", json!(7)), "[]");
    assert_eq!(
        found,
        [
            "/user: expected an object, found an array",
            "/note: expected a string, found a number"
        ]
    );
    assert_eq!(
        faults("", " "),
        [
            "the input is empty, expected one JSON object",
            "/user: is empty, expected one JSON object"
        ]
    );
}

#[test]
fn what_cannot_be_passed_on_is_told_with_its_own_line() {
    let half = "{\n\"id\": \"\\ud800\"\n}";
    let message = CreateCallLog::from_json(half).unwrap_err().to_string();
    assert!(message.contains("line 2"), "{message}");
    let of_the_user = message.replace("the input ", "/user: ");
    assert_eq!(faults(request(), half), [of_the_user.as_str()]);
    assert_eq!(faults(half, half), [message.as_str(), &of_the_user]);
    assert_eq!(faults(half, "{}"), [message]);
}

#[test]
fn both_texts_together_are_as_long_and_deep_as_an_input() {
    let long = |n: usize| json!("x".repeat(n));
    let more = MAX_INPUT_BYTES / 2;
    let long_request = with(request(), "/note", long(more));
    let found = faults(&long_request, with(user(), "/more", long(more)));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("request and user together: is longer than "),
        "{found:?}"
    );
    let found = faults(request(), with(user(), "/more", long(2 * more)));
    assert!(found[0].starts_with("/user: is longer than "), "{found:?}");

    let deep = |n: usize| (1..n).fold(json!([]), |inner, _| json!([inner]));
    let fits = with(request(), "/more", deep(MAX_NESTING - 1));
    assert_eq!(input(&fits, &user())["more"], deep(MAX_NESTING - 1));
    for (request, user, place) in [
        (
            with(request(), "/more", deep(MAX_NESTING)),
            user(),
            "/more/0",
        ),
        (
            with(request(), "/logInfo/more", deep(MAX_NESTING)),
            user(),
            "/logInfo/more/0",
        ),
        (
            request(),
            with(user(), "/more", deep(MAX_NESTING)),
            "/user/more/0",
        ),
    ] {
        let found = faults(request, user);
        assert!(found[0].starts_with(place), "{found:?}");
    }
}

#[test]
fn a_hostile_number_of_members_is_refused_in_a_moment() {
    let filler = "\"\":0,".repeat(50_000);
    let twice = "\"contactId\":0,\"voicemailLink\":null,".repeat(50_000);
    let text = format!("{{{filler}{twice}\"logInfo\":{{\"voicemail\":{{\"link\":1}}}}}}");
    let found = faults(&text, user());
    assert_eq!(found.last().unwrap(), "and 99901 more faults");
}

/// Returns a pointer to every value.
fn places(value: &Value, pointer: &str) -> Vec<String> {
    let mut found = vec![pointer.to_owned()];
    for (name, member) in value.as_object().into_iter().flatten() {
        found.extend(places(member, &format!("{pointer}/{name}")));
    }
    found
}

#[test]
fn a_fault_stands_where_the_wrong_value_was_sent() {
    let voicemail = json!({ "link": "https://inner", "messageId": 7 });
    let valid = json!({
        "request": with(request(), "/logInfo/voicemail", voicemail),
        "user": user(),
    });
    let kinds = [
        json!(null),
        json!(true),
        json!(7),
        json!(""),
        json!(["x"]),
        json!({}),
    ];
    let mut n_faults = 0;
    for place in places(&valid, "").iter().filter(|place| !place.is_empty()) {
        for kind in &kinds {
            let mut sent = valid.clone();
            *sent.pointer_mut(place).unwrap() = kind.clone();
            let (request, user) = (sent["request"].to_string(), sent["user"].to_string());
            let Err(invalid) = CreateCallLog::from_app_connect(request, user) else {
                continue;
            };
            for fault in invalid.faults() {
                let pointer = match fault.pointer.strip_prefix("/user") {
                    Some(_) => fault.pointer.clone(),
                    None => format!("/request{}", fault.pointer),
                };
                assert!(pointer.starts_with(place), "{place} = {kind}: {fault}");
                n_faults += 1;
            }
        }
    }
    assert!(n_faults > 40, "{n_faults}");
}

#[test]
fn a_text_that_was_cut_off_is_refused() {
    let (request, user) = (request().to_string(), user().to_string());
    let is_refused =
        |request: &str, user: &str| CreateCallLog::from_app_connect(request, user).is_err();
    assert!((0..request.len()).all(|end| is_refused(&request[..end], &user)));
    assert!((0..user.len()).all(|end| is_refused(&request, &user[..end])));
}
