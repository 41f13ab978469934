//! States ABI 2.0.0 in its metadata.

#![forbid(unsafe_code)]

faulty_raw::export_raw_connector!(
    faulty_raw::Idle,
    metadata =
        r#"{"name":"another-abi","version":"0.0.0","abi":"2.0.0","operations":["createCallLog"]}"#
);
