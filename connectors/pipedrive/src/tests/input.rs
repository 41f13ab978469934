//! What an input becomes, and which inputs are refused before anything is sent.

use serde_json::{Value, json};
use switchboard_connector_sdk::testing::PretendHost;
use switchboard_connector_sdk::{CallLogged, FaultCode};

use super::{activity_of, call, created, host, log, person, types};
use crate::Pipedrive;

#[test]
fn an_activity_has_the_members_that_are_known_and_no_others() {
    assert_eq!(
        activity_of(&call(), json!({})),
        json!({
            "owner_id": 42,
            "subject": "Inbound Call from John Smith",
            "duration": "00:01",
            "note": "<b>composed</b>",
            "done": true,
            "due_date": "2018-09-11",
            "due_time": "13:24",
            "participants": [{ "person_id": 77, "primary": true }],
            "type": "call",
        })
    );
}

#[test]
fn dates_are_in_utc() {
    let starts = [
        (json!("2026-03-05T23:59:30-05:00"), "2026-03-06", "04:59"),
        (json!("2026-03-06T00:10:00+0530"), "2026-03-05", "18:40"),
        (json!("2026-03-05T23:59:30"), "2026-03-05", "23:59"),
        (json!(1_772_755_170_000_u64), "2026-03-05", "23:59"),
        (json!("1772755170000"), "2026-03-05", "23:59"),
        (json!(0), "1970-01-01", "00:00"),
    ];
    for (start, date, time) in starts {
        let mut call = call();
        call["callLog"]["startTime"] = start.clone();
        let activity = activity_of(&call, json!({}));
        assert_eq!(activity["due_date"], date, "{start}");
        assert_eq!(activity["due_time"], time, "{start}");
    }
}

#[test]
fn a_subject_names_the_contact_as_well_as_it_can() {
    let contacts = [
        (
            json!({ "id": 77, "name": "Zoë <A&B>" }),
            "Call with Zoë <A&B>",
        ),
        (
            json!({ "id": 77, "name": "", "phoneNumber": "+14155551234" }),
            "Call with +14155551234",
        ),
        (json!({ "id": 77 }), "Call with Unknown"),
    ];
    for (contact, subject) in contacts {
        let mut call = call();
        call["contactInfo"] = contact;
        call["callLog"]["direction"] = json!("Sideways");
        assert_eq!(activity_of(&call, json!({}))["subject"], subject);
    }
}

#[test]
fn a_running_call_has_no_duration_yet() {
    for duration in [json!("pending"), json!(null), json!(0), json!("soon")] {
        let mut call = call();
        call["callLog"]["duration"] = duration.clone();
        assert_eq!(
            activity_of(&call, json!({}))["duration"],
            "00:00",
            "{duration}"
        );
    }
}

#[test]
fn ids_may_be_numbers_or_texts() {
    for (user, contact) in [(json!(42), json!(77)), (json!("42"), json!("77"))] {
        let mut call = call();
        call["user"]["id"] = user;
        call["contactInfo"]["id"] = contact;
        let activity = activity_of(&call, json!({}));
        assert_eq!(activity["owner_id"], 42);
        assert_eq!(activity["participants"][0]["person_id"], 77);
    }
}

#[test]
fn a_deal_wins_over_a_lead() {
    let submissions = [
        (
            json!({ "deals": 555, "leads": "adf2-0e10" }),
            json!(555),
            Value::Null,
        ),
        (
            json!({ "deals": "555", "leads": "adf2-0e10" }),
            json!(555),
            Value::Null,
        ),
        (
            json!({ "deals": "", "leads": "adf2-0e10" }),
            Value::Null,
            json!("adf2-0e10"),
        ),
        (
            json!({ "deals": null, "leads": "" }),
            Value::Null,
            Value::Null,
        ),
        (
            json!({ "deals": 0, "leads": "adf2-0e10" }),
            Value::Null,
            json!("adf2-0e10"),
        ),
        (
            json!({ "deals": false, "leads": false }),
            Value::Null,
            Value::Null,
        ),
        (
            json!({ "deals": 555, "leads": ["adf2"] }),
            json!(555),
            Value::Null,
        ),
    ];
    for (submission, deal, lead) in submissions {
        let mut call = call();
        call["additionalSubmission"] = submission;
        let activity = activity_of(&call, json!({}));
        // A member that is absent reads as null, and none is ever sent as null.
        assert_eq!(activity["deal_id"], deal, "{activity}");
        assert_eq!(activity["lead_id"], lead, "{activity}");
        assert!(
            !activity.as_object().unwrap().values().any(Value::is_null),
            "{activity}"
        );
    }
}

#[test]
fn a_call_without_a_composed_body_has_no_note() {
    let mut call = call();
    call["composedLogDetails"] = json!("");
    assert_eq!(activity_of(&call, json!({})).get("note"), None);
}

#[test]
fn an_assigned_call_belongs_to_the_assignee() {
    let settings = json!({ "user_mappings": [
        { "rc_extension": ["8"], "crm_user": 271 },
        { "rc_extension": ["7", "9"], "crm_user": 314 },
    ] });
    let assigned = |assignee: Value, extension: Value| {
        let mut call = call();
        call["user"]["platformAdditionalInfo"] = json!({ "assigneeId": assignee });
        call["additionalSubmission"] = json!({
            "isAssignedToUser": true,
            "adminAssignedUserToken": "never.decoded.here",
            "adminAssignedUserRcId": extension,
        });
        activity_of(&call, settings.clone())["owner_id"].clone()
    };
    assert_eq!(assigned(json!(1618), json!("9")), 1618);
    assert_eq!(assigned(json!("1618"), json!("9")), 1618);
    assert_eq!(assigned(json!(null), json!("9")), 314);
    assert_eq!(assigned(json!(""), json!(9)), 314);
}

#[test]
fn an_assignee_counts_only_where_the_call_is_assigned() {
    let mut call = call();
    call["user"]["platformAdditionalInfo"] = json!({ "assigneeId": 1618 });
    call["additionalSubmission"] = json!({ "isAssignedToUser": false });
    assert_eq!(activity_of(&call, json!({}))["owner_id"], 42);
}

#[test]
fn an_assignee_nobody_knows_leaves_the_logging_user_and_a_warning() {
    let assigned_to = |extension: Value| -> CallLogged {
        let mut call = call();
        call["additionalSubmission"] =
            json!({ "isAssignedToUser": true, "adminAssignedUserRcId": extension });
        let host = host(person(), types(), created());
        let logged = log(&host, &call).unwrap();
        assert_eq!(host.requests()[2].json()["owner_id"], 42);
        logged
    };
    let [warning] = assigned_to(json!("9"))
        .warnings()
        .to_vec()
        .try_into()
        .unwrap();
    assert!(warning.contains(r#"extension "9""#), "{warning}");
    assert!(warning.contains("user_mappings"), "{warning}");
    assert_eq!(assigned_to(json!(null)).warnings().len(), 1);
}

#[test]
fn a_port_is_part_of_the_tenant() {
    let host = PretendHost::new();
    host.answer("GET", "https://localhost:8443/api/v2/persons/77", person());
    host.answer("GET", "https://localhost:8443/v1/activityTypes", types());
    host.answer(
        "POST",
        "https://localhost:8443/api/v2/activities",
        created(),
    );
    let mut call = call();
    call["user"]["hostname"] = json!("localhost:8443");
    assert_eq!(log(&host, &call).unwrap().log_id(), "9001");
}

#[test]
fn an_input_that_does_not_fit_is_refused_before_any_request() {
    let unfit = [
        ("/user/hostname", json!("https://acme.pipedrive.com/")),
        ("/user/hostname", json!("acme.pipedrive.com\u{0}")),
        ("/contactInfo/id", json!("0")),
        ("/contactInfo/id", json!("-77")),
        ("/contactInfo/id", json!("77/../78")),
        ("/contactInfo/id", json!("+77")),
        ("/contactInfo/id", json!("18446744073709551616")),
        ("/user/id", json!("abc-pipedrive")),
        ("/user/id", json!("-42")),
        ("/user/id", json!("0-pipedrive")),
        ("/additionalSubmission/deals", json!("none")),
        ("/additionalSubmission/deals", json!(true)),
        ("/additionalSubmission/deals", json!(1.5)),
        ("/additionalSubmission/leads", json!(["adf2"])),
    ];
    for (pointer, value) in unfit {
        let mut call = call();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        call.pointer_mut(parent).unwrap()[name] = value.clone();
        let host = PretendHost::new();
        let fault = log(&host, &call).unwrap_err();
        assert_eq!(fault.code(), FaultCode::InvalidInput, "{fault}");
        let found = format!("{pointer}: {value} is not ");
        assert!(fault.message().starts_with(&found), "{fault}");
        assert_eq!(host.requests(), []);
    }
}

#[test]
fn a_missing_hostname_and_an_unfit_assignee_are_refused() {
    let mut call = call();
    call["user"]["hostname"] = Value::Null;
    call["user"]["platformAdditionalInfo"] = json!({ "assigneeId": "nobody" });
    call["additionalSubmission"] = json!({ "isAssignedToUser": true });
    let fault = log(&PretendHost::new(), &call).unwrap_err();
    assert_eq!(
        fault.message(),
        "/user/hostname: is required and missing; \
         /user/platformAdditionalInfo/assigneeId: \"nobody\" is not the id of a Pipedrive user \
         (expected a positive integer)"
    );
}

#[test]
fn a_long_value_is_cut_in_messages() {
    let mut call = call();
    call["user"]["hostname"] = json!("é".repeat(1_000_000));
    let fault = log(&PretendHost::new(), &call).unwrap_err();
    assert!(fault.message().len() < 400, "{fault}");
}

#[test]
fn settings_that_are_not_known_are_refused() {
    let settings = [
        json!({ "call_type": "call" }),
        json!({ "user_mappings": [{ "rc_extension": ["9"], "crm_user": 314, "note": "" }] }),
        json!({ "user_mappings": [{ "rc_extension": ["9"], "crm_user": 0 }] }),
    ];
    for settings in settings {
        let opened = PretendHost::new().open::<Pipedrive>(settings.clone());
        let fault = opened
            .err()
            .unwrap_or_else(|| panic!("{settings} were accepted"));
        assert_eq!(fault.code(), FaultCode::InvalidInput);
    }
}
