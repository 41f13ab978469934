//! Where a library carries its metadata, so that it can be read without running the library.
//!
//! ```text
//! offset  bytes  content
//! 0       8      magic "SWBMETA1"
//! 8       4      length of the text in bytes, little endian
//! 12      n      the text: one JSON object, UTF-8
//! ```
//!
//! The block is a plain section and an exported symbol at the same time. The section is what a reader looks for;
//! without the symbol the Windows linker would drop it.

/// The first bytes of a metadata block.
pub const MAGIC: [u8; 8] = *b"SWBMETA1";

/// The bytes before the text: magic and length.
pub const HEADER_LEN: usize = 12;

/// The section's name in ELF and PE files.
pub const SECTION: &str = ".swbmeta";

/// The section's name in Mach-O files, in the segment `__DATA`.
pub const SECTION_MACHO: &str = "__swbmeta";

/// The name of the exported symbol.
pub const SYMBOL: &str = "SWITCHBOARD_CONNECTOR_METADATA";
