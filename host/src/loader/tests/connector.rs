//! A connector that can be loaded and never opened, written without the SDK. The loader's tests fill in
//! each `@`.

use abi_stable::{
    library::{CheckTypeLayout, LibHeader, RootModuleResult, __call_root_module_loader},
    prefix_type::PrefixTypeTrait,
    std_types::{RErr, RResult, RSlice, RStr},
};
use switchboard_abi::{
    ConnectorMod, ConnectorModRef, HostServicesBox, RawConnectorBox, RawFault, metadata::MAGIC,
};

const METADATA: &str = r#"@TEXT"#;
const SECTION_LEN: usize = 12 + METADATA.len();

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".swbmeta")]
pub static SWITCHBOARD_CONNECTOR_METADATA: [u8; SECTION_LEN] = {
    let mut section = [0; SECTION_LEN];
    let mut at = 0;
    while at < SECTION_LEN {
        section[at] = match at {
            0..8 => MAGIC[at],
            8..12 => (METADATA.len() as u32).to_le_bytes()[at - 8],
            _ => METADATA.as_bytes()[at - 12],
        };
        at += 1;
    }
    section
};

/// The text of the section, so that a patch of the file changes both.
extern "C" fn metadata() -> RStr<'static> {
    // SAFETY: volatile, or the compiler would fold in the text that it knows.
    let section = unsafe { std::ptr::read_volatile(&&SWITCHBOARD_CONNECTOR_METADATA) };
    let text = std::str::from_utf8(&section[12..]).unwrap_or_default();
    if @METADATA == METADATA { RStr::from_str(text) } else { RStr::from_str(@METADATA) }
}

extern "C" fn open(_: HostServicesBox, _: RSlice<'_, u8>) -> RResult<RawConnectorBox, RawFault> {
    RErr(RawFault {
        code: 19,
        retry_after_ms: 0,
        message: "never opened".into(),
        detail: Vec::new().into(),
    })
}

fn module() -> ConnectorModRef {
    assert!(!@PANICS, "this connector panics while it is loaded");
    ConnectorMod { metadata, open }.leak_into_prefix()
}

extern "C" fn load() -> RootModuleResult {
    __call_root_module_loader(module)
}

#[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
pub static HEADER: LibHeader = unsafe {
    LibHeader::from_constructor::<ConnectorModRef>(load, CheckTypeLayout::@CHECK)
};
