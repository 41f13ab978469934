//! Exports a connector's module, but has no metadata section.

#![forbid(unsafe_code)]

faulty_raw::export_raw_connector!(faulty_raw::Idle);
