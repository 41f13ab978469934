//! What each code means to a user, a shell and an HTTP client: one table.

use switchboard_connector_sdk::{Fault, FaultCode, MessageType};

struct Code {
    exit: u8,
    http: u16,
    message_type: MessageType,
    /// What the user reads. `{crm}` is the CRM's name, `{why}` the fault's own text.
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

fn describe(fault: FaultCode) -> Code {
    use MessageType::{Danger, Warning};
    match fault {
        FaultCode::InvalidInput => code(
            2,
            400,
            Danger,
            "The call was not logged: what was sent for it is wrong. {why}. Correct it and log the call again.",
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
            "The call was not logged: the contact is no longer in {crm}. Choose another contact and log the call again.",
        ),
        FaultCode::RateLimited => code(
            1,
            429,
            Warning,
            "The call was not logged: {crm} gets too many requests. Log the call again in a minute.",
        ),
        FaultCode::Rejected => code(
            1,
            422,
            Danger,
            "The call was not logged: {crm} refused it. {why}. Correct that and log the call again.",
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
            "The call was not logged: too many calls wait. Log the call again in a minute.",
        ),
        FaultCode::UnknownCrm => code(
            2,
            404,
            Danger,
            "The call was not logged: no CRM of that name is set up. {why}.",
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

/// Writes the sentence of a code: what happened and what the user can do.
pub(super) fn sentence(code: FaultCode, crm: &str, fault: &Fault) -> String {
    let why = fault.message().trim_end_matches('.');
    // The fault's text comes last: it may hold braces of its own.
    describe(code)
        .sentence
        .replace("{crm}", crm)
        .replacen("{why}", why, 1)
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
            assert!(!sentence.contains("{why}"), "{code}: {sentence}");
        }
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
