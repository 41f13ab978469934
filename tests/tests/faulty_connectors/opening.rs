//! Connectors that cannot be opened.

use switchboard_tests::Stage;

#[test]
fn a_panic_while_opening_disables_the_crm_and_its_text_stays_unseen() {
    let mut stage = Stage::with_faulty("panics-in-open", "").unwrap();
    stage.place.guard(&["hunter2"]);
    let parts = [
        "libfaulty_panics_in_open.so",
        "did not open for panics-in-open",
        "tests/faulty/panics-in-open/src/lib.rs:",
        "report this to its author",
    ];
    stage.check_disabled("panics-in-open", &parts).unwrap();
}

#[test]
fn a_connector_that_refuses_its_settings_disables_the_crm() {
    let stage = Stage::with_faulty("refuses-to-open", "").unwrap();
    let parts = [
        "libfaulty_refuses_to_open.so",
        "did not open for refuses-to-open",
        "no region is set, expected eu or us",
        "correct [settings] in the manifest",
    ];
    stage.check_disabled("refuses-to-open", &parts).unwrap();
}

#[test]
fn a_connector_that_hangs_while_opening_is_given_up_after_ten_seconds() {
    let stage = Stage::with_faulty("hangs-in-open", "").unwrap();
    let parts = [
        "libfaulty_hangs_in_open.so",
        "did not open for hangs-in-open: it took more than 10 s",
        "opening must not wait for anything",
    ];
    stage.check_disabled("hangs-in-open", &parts).unwrap();
}
