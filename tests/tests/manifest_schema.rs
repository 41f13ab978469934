//! `switchboard manifest schema`: what an editor is given.

use switchboard_host::manifest::json_schema;
use switchboard_tests::Workplace;

#[test]
fn the_schema_of_a_manifest_is_printed_and_nothing_else() {
    let place = Workplace::new().unwrap();
    let output = place
        .switchboard(["manifest", "schema"])
        .unwrap()
        .run()
        .unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stderr, "");
    assert_eq!(output.stdout, format!("{:#}\n", json_schema()));
    let schema = output.json().unwrap();
    let name = "/properties/crm/properties/name/description";
    let described = "How calls name the CRM: 1 to 64 of a-z, 0-9 and -.";
    assert_eq!(schema.pointer(name).unwrap(), described);
}
