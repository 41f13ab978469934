//! Answers every operation with bytes that are no JSON and no text.

#![forbid(unsafe_code)]

use faulty_raw::{
    Answer, GOOD_METADATA,
    abi_stable::std_types::{ROk, RStr, RVec},
    async_ffi::FutureExt,
    export_raw_connector,
    switchboard_abi::{HostServicesBox, RawConnector},
};

#[derive(Default)]
struct ReturnsGarbage;

impl RawConnector for ReturnsGarbage {
    fn call(&self, _: HostServicesBox, _: RStr<'_>, _: RVec<u8>, _: RVec<u8>) -> Answer {
        let garbage = RVec::from_slice(b"{\"logId\": \xff\0\xfe");
        std::future::ready(ROk(garbage)).into_ffi()
    }
}

export_raw_connector!(ReturnsGarbage, metadata = GOOD_METADATA);
