//! Has a metadata section whose text is no JSON.

#![forbid(unsafe_code)]

faulty_raw::export_raw_connector!(faulty_raw::Idle, metadata = "name: metadata-not-json");
