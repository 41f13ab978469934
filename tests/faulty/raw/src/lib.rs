//! Exports connectors that the SDK would not let anyone write: its fence, its metadata and its answers are left out.

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, RResult, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use switchboard_abi::metadata::{HEADER_LEN, MAGIC};
use switchboard_abi::{HostServicesBox, RawConnector, RawConnector_TO, RawConnectorBox, RawFault};

pub use abi_stable;
pub use async_ffi;
pub use switchboard_abi;

/// The metadata of a connector that nothing is wrong with.
pub const GOOD_METADATA: &str = concat!(
    r#"{"name":"raw","version":"0.0.0","abi":"1.0.0","sdk":"none","#,
    r#""operations":["createCallLog"]}"#,
);

/// What an operation yields.
pub type Answer = FfiFuture<RResult<RVec<u8>, RawFault>>;

/// A connector that knows no operation, for libraries that are not meant to get as far as a call.
#[derive(Default)]
pub struct Idle;

impl RawConnector for Idle {
    fn call(&self, _: HostServicesBox, _: RStr<'_>, _: RVec<u8>, _: RVec<u8>) -> Answer {
        let fault = RawFault {
            code: 13,
            retry_after_ms: 0,
            message: "this connector knows no operation".into(),
            detail: RVec::new(),
        };
        std::future::ready(RErr(fault)).into_ffi()
    }
}

/// Opens a connector, without a fence.
pub fn open<C: RawConnector + Default>() -> RawConnectorBox {
    RawConnector_TO::from_value(C::default(), TD_Opaque)
}

/// Returns the metadata block of a text, which may be any.
pub const fn block<const N: usize>(text: &str) -> [u8; N] {
    let mut block = [0; N];
    block.split_at_mut(MAGIC.len()).0.copy_from_slice(&MAGIC);
    let (header, body) = block.split_at_mut(HEADER_LEN);
    let length = (text.len() as u32).to_le_bytes();
    header.split_at_mut(MAGIC.len()).1.copy_from_slice(&length);
    body.copy_from_slice(text.as_bytes());
    block
}

/// Makes a crate's library a connector: a type and the text of its metadata section, or none for no section.
#[macro_export]
macro_rules! export_raw_connector {
    ($connector:ty, metadata = $metadata:expr) => {
        const _: () = {
            // SAFETY (no_mangle, link_section): a plain array of bytes that no code looks up by its name.
            #[used]
            #[unsafe(no_mangle)]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".swbmeta"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__swbmeta"))]
            pub static SWITCHBOARD_CONNECTOR_METADATA: [u8; {
                $crate::switchboard_abi::metadata::HEADER_LEN + $metadata.len()
            }] = $crate::block($metadata);
        };
        $crate::export_raw_connector!(@module $connector, $metadata);
    };
    ($connector:ty) => {
        $crate::export_raw_connector!(@module $connector, "");
    };
    (@module $connector:ty, $metadata:expr) => {
        const _: () = {
            use $crate::abi_stable::library as abi;
            use $crate::abi_stable::std_types::{ROk, RResult, RSlice, RStr};
            use $crate::switchboard_abi::{
                ConnectorMod, ConnectorModRef, HostServicesBox, RawConnectorBox, RawFault,
            };

            extern "C" fn metadata() -> RStr<'static> {
                RStr::from_str($metadata)
            }

            extern "C" fn open(
                _: HostServicesBox,
                _: RSlice<'_, u8>,
            ) -> RResult<RawConnectorBox, RawFault> {
                ROk($crate::open::<$connector>())
            }

            fn root_module() -> ConnectorModRef {
                let module = ConnectorMod { metadata, open };
                $crate::abi_stable::prefix_type::PrefixTypeTrait::leak_into_prefix(module)
            }

            extern "C" fn erased_root_module() -> abi::RootModuleResult {
                abi::__call_root_module_loader(root_module)
            }

            // SAFETY: `__call_root_module_loader` makes its result from the `ConnectorModRef` that `root_module`
            // returns, which is the type that is named here.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ROOT_MODULE: abi::LibHeader = unsafe {
                abi::LibHeader::from_constructor::<ConnectorModRef>(
                    erased_root_module,
                    abi::CheckTypeLayout::Yes,
                )
            };
        };
    };
}
