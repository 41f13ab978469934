//! What each code means to a user, a shell and an HTTP client: one table.

use std::time::Duration;

use switchboard_connector_sdk::model::InputFault;
use switchboard_connector_sdk::{Fault, FaultCode, MessageType};

/// Nobody is told to wait longer, whatever a CRM asks for.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);

/// How many faults of an input stand in the sentence.
const MAX_FAULTS: usize = 3;

struct Code {
    exit: u8,
    http: u16,
    message_type: MessageType,
    /// What the user reads. `{crm}` is the CRM's name, `{when}` the time of a new attempt, `{why}` the fault's own text;
    /// `{Why}` is that text where it begins a sentence.
    sentence: &'static str,
}

const fn code(exit: u8, http: u16, message_type: MessageType, sentence: &'static str) -> Code {
    Code {
        exit,
        http,
        message_type,
        sentence,
    }
}

/// What the user reads where no place in the input is wrong: the command that should have read it is.
const WITHOUT_FAULTS: &str = "The call was not logged: {why}. Tell your administrator.";

fn describe(fault: FaultCode) -> Code {
    use MessageType::{Danger, Warning};
    match fault {
        FaultCode::InvalidInput => code(
            2,
            400,
            Danger,
            "The call was not logged: what was sent for it is wrong. {Why}. Correct it and log the call again.",
        ),
        FaultCode::Unauthorized => code(
            1,
            401,
            Warning,
            "The call was not logged: {crm} did not accept your sign-in. Reconnect {crm} and log the call again.",
        ),
        FaultCode::Forbidden => code(
            1,
            403,
            Warning,
            "The call was not logged: you may not create entries in {crm}. Ask its administrator for the permission.",
        ),
        FaultCode::NotFound => code(
            1,
            404,
            Warning,
            "The call was not logged: the contact, or something else that it needs, is no longer in {crm}. Choose another contact and log the call again.",
        ),
        FaultCode::RateLimited => code(
            1,
            429,
            Warning,
            "The call was not logged: {crm} gets too many requests. Log the call again {when}.",
        ),
        FaultCode::Rejected => code(
            1,
            422,
            Danger,
            "The call was not logged: {crm} refused it. {Why}. Correct that and log the call again.",
        ),
        FaultCode::Unavailable => code(
            1,
            503,
            Warning,
            "The call was not logged: {crm} cannot be reached now. Log the call again later.",
        ),
        FaultCode::Timeout => code(
            1,
            504,
            Warning,
            "The call was not logged: {crm} did not answer in time. Log the call again.",
        ),
        FaultCode::UnknownOutcome => code(
            3,
            202,
            Warning,
            "Nobody knows whether the call was logged: {crm} did not confirm it. Look it up in {crm} before you log it \
             again.",
        ),
        FaultCode::InProgress => code(
            3,
            202,
            Warning,
            "The call is being logged by another request. Look again in a moment.",
        ),
        FaultCode::Panicked | FaultCode::Crashed => code(
            1,
            502,
            Danger,
            "The call was not logged: the connector for {crm} failed. Log the call again; if it fails again, tell your \
             administrator.",
        ),
        FaultCode::Unsupported => code(
            1,
            501,
            Danger,
            "The call was not logged: the connector for {crm} cannot do this. Your administrator may need a newer one.",
        ),
        FaultCode::ForbiddenHost => code(
            1,
            502,
            Danger,
            "The call was not logged: the connector for {crm} may not talk to that address. Tell your administrator: \
             {why}.",
        ),
        FaultCode::Overloaded => code(
            1,
            503,
            Warning,
            "The call was not logged: too many calls wait. Log the call again {when}.",
        ),
        FaultCode::UnknownCrm => code(
            2,
            404,
            Danger,
            "The call was not logged: {why}. Correct the name, or tell your administrator.",
        ),
        FaultCode::Disabled => code(
            1,
            503,
            Danger,
            "The call was not logged: {crm} is switched off here. Tell your administrator.",
        ),
        // `closed` never leaves a call; if it does, it is a fault of ours like any code of a newer connector.
        _ => code(
            1,
            500,
            Danger,
            "The call was not logged because of a fault in the program. Tell your administrator.",
        ),
    }
}

pub(super) fn exit_code(fault: FaultCode) -> u8 {
    describe(fault).exit
}

pub(super) fn http_status(fault: FaultCode) -> u16 {
    describe(fault).http
}

pub(super) fn message_type(fault: FaultCode) -> MessageType {
    describe(fault).message_type
}

/// Returns how long to wait before a new attempt, as far as the fault says.
pub(super) fn wait(fault: &Fault) -> Option<Duration> {
    fault.retry_after().map(|wait| wait.min(MAX_WAIT))
}

/// Writes the sentence of a code: what happened and what the user can do.
pub(super) fn sentence(code: FaultCode, crm: &str, fault: &Fault) -> String {
    let why = why(fault);
    // The fault's text comes last: it may hold braces of its own.
    let sentence = match code {
        FaultCode::InvalidInput if fault.faults().is_empty() => WITHOUT_FAULTS,
        _ => describe(code).sentence,
    };
    let sentence = sentence
        .replace("{crm}", crm)
        .replace("{when}", &when(wait(fault)));
    match sentence.contains("{Why}") {
        true => sentence.replacen("{Why}", &capitalized(&why), 1),
        false => sentence.replacen("{why}", &why, 1),
    }
}

/// Says what is wrong in a length that a person reads.
fn why(fault: &Fault) -> String {
    let faults = fault.faults();
    if faults.is_empty() {
        return fault.message().trim_end_matches('.').to_owned();
    }
    let mut shown: Vec<_> = faults
        .iter()
        .take(MAX_FAULTS)
        .map(InputFault::to_string)
        .collect();
    let n_more = faults.len() - shown.len();
    if n_more > 0 {
        shown.push(format!("and {n_more} more"));
    }
    shown.join("; ")
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.clone()).collect()
}

/// Says when a new attempt makes sense.
pub(super) fn when(wait: Option<Duration>) -> String {
    let Some(wait) = wait else {
        return "in a minute".to_owned();
    };
    let seconds = wait.as_millis().div_ceil(1000);
    match (seconds, seconds.div_ceil(60)) {
        (1, _) => "in a second".to_owned(),
        (2..60, _) => format!("in {seconds} seconds"),
        (_, 1) => "in a minute".to_owned(),
        (_, minutes @ 2..60) => format!("in {minutes} minutes"),
        (..) => "in an hour".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_exit_a_status_and_a_sentence_with_an_action() {
        for code in FaultCode::all() {
            let sentence = sentence(code, "Acme", &Fault::new(code, "because {crm}"));
            assert!((1..=3).contains(&exit_code(code)), "{code}");
            assert!((202..=504).contains(&http_status(code)), "{code}");
            assert!(
                sentence.len() > 40 && sentence.ends_with('.'),
                "{code}: {sentence}"
            );
            let shown = sentence
                .replace("because {crm}", "")
                .replace("Because {crm}", "");
            assert!(!shown.contains('{'), "{code}: {sentence}");
        }
    }

    #[test]
    fn the_faults_text_begins_a_sentence_only_with_a_capital() {
        let shown = |fault: Fault| sentence(fault.code(), "Acme", &fault);
        assert_eq!(
            shown(Fault::rejected("ähnlich exists.")),
            "The call was not logged: Acme refused it. Ähnlich exists. Correct that and log the call again."
        );
        assert_eq!(
            shown(Fault::unknown_crm(
                "no manifest enables \"x\"; known CRMs: a, b"
            )),
            "The call was not logged: no manifest enables \"x\"; known CRMs: a, b. Correct the name, or tell your \
             administrator."
        );
    }

    #[test]
    fn the_wait_is_said_in_words() {
        let table = [
            (None, "in a minute"),
            (Some(1), "in a second"),
            (Some(1000), "in a second"),
            (Some(1001), "in 2 seconds"),
            (Some(59_999), "in a minute"),
            (Some(60_001), "in 2 minutes"),
            (Some(3_540_000), "in 59 minutes"),
            (Some(3_540_001), "in an hour"),
            (Some(u64::MAX), "in an hour"),
        ];
        for (millis, expected) in table {
            let wait = Duration::from_millis(millis.unwrap_or_default());
            for code in [FaultCode::RateLimited, FaultCode::Overloaded] {
                let fault = Fault::new(code, "x").with_retry_after(wait);
                let sentence = sentence(code, "Acme", &fault);
                assert!(sentence.ends_with(&format!(" {expected}.")), "{sentence}");
            }
        }
    }

    #[test]
    fn three_faults_of_an_input_are_named_and_the_rest_is_counted() {
        let shown = |n_faults: usize| {
            let faults = (1..=n_faults).map(|n| InputFault::new(format!("/{n}"), "is wrong"));
            let fault = Fault::invalid_input("all of it").with_faults(faults);
            let sentence = sentence(fault.code(), "Acme", &fault);
            let (_, rest) = sentence.split_once("wrong. ").unwrap();
            rest.strip_suffix(". Correct it and log the call again.")
                .unwrap()
                .to_owned()
        };
        assert_eq!(shown(3), "/1: is wrong; /2: is wrong; /3: is wrong");
        assert_eq!(
            shown(101),
            "/1: is wrong; /2: is wrong; /3: is wrong; and 98 more"
        );
    }

    #[test]
    fn whoever_is_given_no_fault_to_correct_is_sent_to_the_administrator() {
        let fault = Fault::invalid_input("cannot open user.json: No such file.");
        assert_eq!(
            sentence(fault.code(), "Acme", &fault),
            "The call was not logged: cannot open user.json: No such file. Tell your administrator."
        );
    }

    #[test]
    fn unclear_ends_exit_with_3_and_bad_input_with_2() {
        assert_eq!(exit_code(FaultCode::UnknownOutcome), 3);
        assert_eq!(exit_code(FaultCode::InProgress), 3);
        assert_eq!(exit_code(FaultCode::InvalidInput), 2);
        assert_eq!(exit_code(FaultCode::UnknownCrm), 2);
        assert_eq!(exit_code(FaultCode::Rejected), 1);
    }
}
