//! Reading a call.

use switchboard_connector_sdk::CreateCallLog;

/// Reads the bytes as the input of `createCallLog`.
///
/// # Panics
///
/// An accepted input is not kept as it is, or a refused one has no fault, or one that names no place in it.
pub fn input(bytes: &[u8]) {
    match CreateCallLog::from_json(bytes) {
        Ok(call) => {
            let text = call.raw().get();
            assert_eq!(text.as_bytes(), bytes.trim_ascii(), "the text has changed");
            let again =
                CreateCallLog::from_json(text).expect("what was accepted is accepted again");
            assert_eq!(again.subject(), call.subject());
            assert_eq!(again.call_log().session(), call.call_log().session());
            assert!(!call.user().id().trim().is_empty() && !call.contact().id().trim().is_empty());
        }
        Err(invalid) => {
            assert!(!invalid.faults().is_empty(), "refused without a fault");
            for fault in invalid.faults() {
                assert!(!fault.message.is_empty(), "a fault says nothing");
                let is_pointer = fault.pointer.is_empty() || fault.pointer.starts_with('/');
                assert!(is_pointer, "{:?} is no JSON pointer", fault.pointer);
            }
        }
    }
}
