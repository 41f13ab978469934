//! Guards the numbers of faults: they are part of ABI 1, for good.
//!
//! Connectors that somebody built and shipped send these numbers. Two of them exchanged, or one given to another
//! fault, would have hosts tell users the wrong thing, and log calls again that are logged. New ones go to the end.

use switchboard_connector_sdk::FaultCode;

/// As they were when ABI 1 was frozen.
const FROZEN: [(u32, &str, FaultCode); 19] = [
    (1, "invalid-input", FaultCode::InvalidInput),
    (2, "unauthorized", FaultCode::Unauthorized),
    (3, "forbidden", FaultCode::Forbidden),
    (4, "not-found", FaultCode::NotFound),
    (5, "rate-limited", FaultCode::RateLimited),
    (6, "rejected", FaultCode::Rejected),
    (7, "unavailable", FaultCode::Unavailable),
    (8, "timeout", FaultCode::Timeout),
    (9, "unknown-outcome", FaultCode::UnknownOutcome),
    (10, "in-progress", FaultCode::InProgress),
    (11, "panicked", FaultCode::Panicked),
    (12, "crashed", FaultCode::Crashed),
    (13, "unsupported", FaultCode::Unsupported),
    (14, "closed", FaultCode::Closed),
    (15, "forbidden-host", FaultCode::ForbiddenHost),
    (16, "overloaded", FaultCode::Overloaded),
    (17, "unknown-crm", FaultCode::UnknownCrm),
    (18, "disabled", FaultCode::Disabled),
    (19, "internal", FaultCode::Internal),
];

#[test]
fn every_number_still_means_what_it_meant() {
    for (number, name, code) in FROZEN {
        assert_eq!((code.number(), code.as_str()), (number, name));
        assert_eq!(FaultCode::from_number(number), code);
    }
}

#[test]
fn no_number_of_a_new_fault_is_one_of_the_frozen() {
    let n_frozen = FaultCode::all().filter(|code| code.number() <= 19).count();
    assert_eq!(n_frozen, FROZEN.len());
}
