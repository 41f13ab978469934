//! What a connector library exports, and how calls of the host reach the connector in it.
//!
//! The unsafe parts of a library stand in the expansion of [`export_connector!`](crate::export_connector), written here once and reviewed
//! here, so that a connector's own code can forbid unsafe code.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RResult, RSlice, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use serde::Serialize;
use switchboard_abi::{HostServicesBox, RawConnector, RawConnector_TO, RawConnectorBox, RawFault};

use crate::connector::{CallContext, Connector, Opening};
use crate::fault::Fault;
use crate::fence::{Fenced, fenced, fenced_drop, install_hook};
use crate::model::CreateCallLog;
use crate::settings;
use crate::wire::{ContextHead, OpenInput};

/// An operation under way: its answer is JSON.
pub type Answer = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send>>;

/// Starts an operation of a connector, if the connector exports one of that name.
pub(crate) type Dispatch<C> = fn(Arc<C>, &str, CallContext, Vec<u8>) -> Option<Answer>;

/// Opens a connector for the host.
pub fn open<C: Connector>(
    host: HostServicesBox,
    input: RSlice<'_, u8>,
    dispatch: Dispatch<C>,
) -> RResult<RawConnectorBox, RawFault> {
    install_hook();
    let opened = fenced(|| {
        let input: OpenInput = serde_json::from_slice(input.as_slice())
            .map_err(|error| Fault::internal(format!("cannot read what the host sent: {error}")))?;
        let settings = settings::read(input.settings.get())?;
        C::open(settings, &Opening::new(host, input.crm, input.host))
    });
    match opened {
        Ok(connector) => {
            let exported = Exported {
                connector: Some(Arc::new(connector)),
                dispatch,
            };
            ROk(RawConnector_TO::from_value(exported, TD_Opaque))
        }
        Err(fault) => RErr(fault.into()),
    }
}

/// Runs `createCallLog`. One such function stands here for each operation.
pub fn create_call_log<C: Connector>(
    connector: Arc<C>,
    ctx: CallContext,
    input: Vec<u8>,
) -> Answer {
    Box::pin(async move {
        let call = CreateCallLog::from_checked_json(&input)?;
        drop(input);
        to_json(&connector.create_call_log(&ctx, call).await?)
    })
}

fn to_json(answer: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(answer)
        .map_err(|error| Fault::internal(format!("cannot write the outcome as JSON: {error}")))
}

/// An open connector as the host sees it.
struct Exported<C> {
    /// `None` only while it is dropped.
    connector: Option<Arc<C>>,
    dispatch: Dispatch<C>,
}

impl<C> Drop for Exported<C> {
    fn drop(&mut self) {
        fenced_drop(self.connector.take());
    }
}

impl<C: Connector> RawConnector for Exported<C> {
    fn call(
        &self,
        host: HostServicesBox,
        operation: RStr<'_>,
        context: RVec<u8>,
        input: RVec<u8>,
    ) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        let started = fenced(|| {
            let connector = self.connector.clone();
            let connector = connector.ok_or_else(|| Fault::closed("the connector is closed"))?;
            let head: ContextHead = serde_json::from_slice(&context).map_err(|error| {
                Fault::internal(format!("cannot read the call's context: {error}"))
            })?;
            let ctx = CallContext::new(host, head);
            (self.dispatch)(connector, &operation, ctx, input.into()).ok_or_else(|| {
                let name = operation.as_str();
                Fault::unsupported(format!("this connector does not know {name:?}"))
            })
        });
        // The fence is the outermost future: an async block around it would panic if it was polled after its end.
        Fenced::new(async move { started?.await.map(RVec::from) }).into_ffi()
    }
}

/// Makes a crate's library a connector.
///
/// Takes the type that implements [`Connector`](crate::Connector), the operations that it knows, and, unless its
/// settings are [`NoSettings`](crate::NoSettings), the file with their JSON Schema, relative to the crate's folder: with
/// it the host shows an operator the line of a mistaken setting before anything is opened. Without settings any key is
/// such a mistake. `own_network = true` declares that the
/// connector opens sockets of its own; the host then treats every failure as one whose end is unclear.
///
/// ```ignore
/// export_connector!(Acme, operations = [createCallLog], settings_schema = "settings.schema.json");
/// ```
///
/// The crate needs `crate-type = ["cdylib"]` and must be built with `panic = "unwind"`, which is the default: with
/// `abort` a panic in one connector would end the host, so that is refused at compile time.
#[macro_export]
macro_rules! export_connector {
    ($connector:ty, operations = [$($operation:ident),+ $(,)?] $(,)?) => {
        $crate::export_connector!($connector, operations = [$($operation),+], own_network = false);
    };
    ($connector:ty, operations = [$($operation:ident),+ $(,)?], own_network = $own:literal $(,)?) => {
        $crate::export_connector!(
            @export $connector,
            [$($operation),+],
            $crate::__private::schema_of_no_settings::<$connector>(),
            $own
        );
    };
    (
        $connector:ty,
        operations = [$($operation:ident),+ $(,)?],
        settings_schema = $schema:literal $(,)?
    ) => {
        $crate::export_connector!(
            $connector,
            operations = [$($operation),+],
            settings_schema = $schema,
            own_network = false
        );
    };
    (
        $connector:ty,
        operations = [$($operation:ident),+ $(,)?],
        settings_schema = $schema:literal,
        own_network = $own:literal $(,)?
    ) => {
        $crate::export_connector!(
            @export $connector,
            [$($operation),+],
            ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", $schema)),
            $own
        );
    };
    // The function of an operation. A name that is missing here is no operation of this SDK.
    (@function createCallLog) => { $crate::__private::create_call_log };
    (@function $other:ident) => {
        ::core::compile_error!(::core::concat!(
            "unknown operation `", ::core::stringify!($other), "`; this SDK knows: createCallLog"
        ))
    };
    (@export $connector:ty, [$($operation:ident),+], $schema:expr, $own:expr) => {
        const _: () = {
            #[cfg(panic = "abort")]
            ::core::compile_error!(
                "a connector must be built with panic = \"unwind\": with \"abort\" its panics end the host"
            );

            const METADATA: $crate::__private::Metadata = $crate::__private::Metadata {
                name: ::core::env!("CARGO_PKG_NAME"),
                version: ::core::env!("CARGO_PKG_VERSION"),
                description: ::core::env!("CARGO_PKG_DESCRIPTION"),
                authors: ::core::env!("CARGO_PKG_AUTHORS"),
                license: ::core::env!("CARGO_PKG_LICENSE"),
                operations: &[$(::core::stringify!($operation)),+],
                own_network: $own,
                settings_schema: $schema,
            };

            // SAFETY (no_mangle, link_section): a plain array of bytes under a name that only this macro uses. No code
            // looks the symbol up; it keeps the section in the file.
            #[used]
            #[unsafe(no_mangle)]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".swbmeta"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__swbmeta"))]
            pub static SWITCHBOARD_CONNECTOR_METADATA:
                [::core::primitive::u8; $crate::__private::block_len(&METADATA)] =
                $crate::__private::render(&METADATA);

            fn dispatch(
                connector: $crate::__private::Arc<$connector>,
                operation: &::core::primitive::str,
                ctx: $crate::CallContext,
                input: $crate::__private::Vec<::core::primitive::u8>,
            ) -> ::core::option::Option<$crate::__private::Answer> {
                match operation {
                    $(::core::stringify!($operation) => ::core::option::Option::Some(
                        $crate::export_connector!(@function $operation)(connector, ctx, input),
                    ),)+
                    _ => ::core::option::Option::None,
                }
            }

            extern "C" fn open(
                host: $crate::__private::HostServicesBox,
                input: $crate::__private::RSlice<'_, ::core::primitive::u8>,
            ) -> $crate::__private::RResult<
                $crate::__private::RawConnectorBox,
                $crate::__private::RawFault,
            > {
                $crate::__private::open::<$connector>(host, input, dispatch)
            }

            extern "C" fn metadata() -> $crate::__private::RStr<'static> {
                const TEXT: &::core::primitive::str =
                    $crate::__private::text(&SWITCHBOARD_CONNECTOR_METADATA);
                $crate::__private::RStr::from_str(TEXT)
            }

            // What abi_stable's `export_root_module` generates, by hand: its attribute would need a dependency of the
            // author's crate on abi_stable.
            fn root_module() -> $crate::__private::ConnectorModRef {
                $crate::__private::PrefixTypeTrait::leak_into_prefix(
                    $crate::__private::ConnectorMod { metadata, open },
                )
            }

            extern "C" fn erased_root_module() -> $crate::__private::RootModuleResult {
                $crate::__private::__call_root_module_loader(root_module)
            }

            // SAFETY: `from_constructor` wants a constructor whose result was made from the type it is given;
            // `__call_root_module_loader` makes it from the `ConnectorModRef` that `root_module` returns. The name is
            // the one under which hosts look for a `LibHeader`, which the assertion below checks.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ROOT_MODULE: $crate::__private::LibHeader = unsafe {
                $crate::__private::LibHeader::from_constructor::<$crate::__private::ConnectorModRef>(
                    erased_root_module,
                    $crate::__private::CheckTypeLayout::Yes,
                )
            };
            const _: () = ::core::assert!($crate::__private::same_text(
                $crate::__private::ROOT_MODULE_LOADER_NAME,
                "_1as_0lib_1header_0root_bmodule_bloader",
            ));
        };
    };
}
