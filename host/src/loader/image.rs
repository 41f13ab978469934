//! What a library's file says, read without running any of it.
//!
//! Works on every platform's libraries: ELF, PE and Mach-O, a universal binary by the slice that fits
//! this host.

use std::path::Path;

use object::{
    Architecture, FileKind, LittleEndian, Object, ObjectKind, ObjectSection, ObjectSegment,
    read::{
        ExportTarget, NameOrOrdinal,
        macho::{FatArch, MachOFatFile},
    },
};
use switchboard_abi::metadata::{SECTION, SECTION_MACHO};

use super::{
    GlibcVersion, LoadError, MetadataError, Platform,
    abi_header::{AbiHeader, SYMBOL},
    elf,
    metadata::MetadataText,
    network,
    printable::printable,
};

/// The facts of a library's file.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) platform: Platform,
    pub(super) needed_libraries: Vec<String>,
    pub(super) needs_glibc: Option<GlibcVersion>,
    pub(super) network_imports: Vec<String>,
    pub(super) metadata: Result<MetadataText, MetadataError>,
    /// None if the library does not export a module.
    pub(super) abi_header: Option<AbiHeader>,
}

impl Image {
    /// Reads a library's bytes; `path` is for messages only.
    ///
    /// # Errors
    ///
    /// [`LoadError::NotALibrary`], [`LoadError::Truncated`] or [`LoadError::Damaged`]: such a file must not
    /// reach the system's loader, which would end this process with SIGBUS or SIGSEGV. Everything else is a
    /// fact for the caller to judge.
    pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Self, LoadError> {
        let not_a_library = |found: &str| LoadError::NotALibrary {
            path: path.to_owned(),
            found: found.to_owned(),
        };
        if bytes.is_empty() {
            return Err(not_a_library("an empty file"));
        }
        match FileKind::parse(bytes) {
            Ok(FileKind::Elf32 | FileKind::Elf64) => {
                elf::check_header(path, bytes)?;
                Self::read_object(path, bytes)
            }
            Ok(FileKind::MachOFat32) => {
                Self::read_object(path, slice::<object::macho::FatArch32>(path, bytes)?)
            }
            Ok(FileKind::MachOFat64) => {
                Self::read_object(path, slice::<object::macho::FatArch64>(path, bytes)?)
            }
            Ok(FileKind::Coff | FileKind::CoffBig) => Err(not_a_library("an object file")),
            Ok(_) => Self::read_object(path, bytes),
            Err(_) if bytes.starts_with(&object::elf::ELFMAG) => {
                elf::check_header(path, bytes)?;
                Err(damaged(path, "its ELF header is of an unknown kind"))
            }
            Err(_) => Err(not_a_library("no file of a known format")),
        }
    }

    fn read_object(path: &Path, bytes: &[u8]) -> Result<Self, LoadError> {
        let unreadable = |error: object::read::Error| damaged(path, &error.to_string());
        let file = object::File::parse(bytes).map_err(unreadable)?;
        check_kind(path, file.kind())?;
        check_extents(path, &file, bytes.len() as u64)?;
        let elf = elf::facts(&file).map_err(|what| damaged(path, what))?;
        let needed_libraries = needed_libraries(&file).map_err(unreadable)?;
        let metadata = metadata_section(&file)
            .ok_or(MetadataError::Missing)
            .and_then(MetadataText::parse);
        Ok(Self {
            platform: platform(&file, elf, &needed_libraries),
            needs_glibc: elf.and_then(|elf| elf.needs_glibc),
            network_imports: network::imports(&file, &needed_libraries).map_err(unreadable)?,
            abi_header: abi_header(&file).map_err(unreadable)?,
            needed_libraries,
            metadata,
        })
    }
}

fn damaged(path: &Path, what: &str) -> LoadError {
    LoadError::Damaged {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

/// Returns the part of a universal binary that fits this host, or else its first.
fn slice<'data, Fat: FatArch>(path: &Path, bytes: &'data [u8]) -> Result<&'data [u8], LoadError> {
    let fat =
        MachOFatFile::<Fat>::parse(bytes).map_err(|error| damaged(path, &error.to_string()))?;
    let ours = |arch: &&Fat| arch_name(arch.architecture()) == std::env::consts::ARCH;
    let arches = fat.arches();
    let Some(arch) = arches.iter().find(ours).or(arches.first()) else {
        return Err(damaged(path, "it is a universal binary without content"));
    };
    arch.data(bytes).map_err(|_| {
        let (offset, size) = arch.file_range();
        LoadError::Truncated {
            path: path.to_owned(),
            part: "a part of this universal binary".to_owned(),
            end: offset.saturating_add(size),
            size: bytes.len() as u64,
        }
    })
}

fn check_kind(path: &Path, kind: ObjectKind) -> Result<(), LoadError> {
    let found = match kind {
        ObjectKind::Dynamic => return Ok(()),
        ObjectKind::Executable => "a program",
        ObjectKind::Relocatable => "an object file",
        ObjectKind::Core => "a core dump",
        _ => "a binary of an unknown kind",
    };
    Err(LoadError::NotALibrary {
        path: path.to_owned(),
        found: found.to_owned(),
    })
}

/// Checks that every segment and section lies within the file.
fn check_extents(path: &Path, file: &object::File<'_>, size: u64) -> Result<(), LoadError> {
    let segments = file.segments().map(|segment| {
        let (offset, length) = segment.file_range();
        ("a segment".to_owned(), offset, length)
    });
    let sections = file.sections().filter_map(|section| {
        let (offset, length) = section.file_range()?;
        let name = section.name_bytes().unwrap_or_default();
        let part = format!("section {}", printable(&String::from_utf8_lossy(name)));
        Some((part, offset, length))
    });
    for (part, offset, length) in segments.chain(sections).chain(padded_sections(file)) {
        let end = offset.saturating_add(length);
        if end > size {
            let path = path.to_owned();
            return Err(LoadError::Truncated {
                path,
                part,
                end,
                size,
            });
        }
    }
    Ok(())
}

/// Returns the sections of a PE file with their padding, which belongs to the file although nothing needs it.
fn padded_sections(file: &object::File<'_>) -> Vec<(String, u64, u64)> {
    let sections = match file {
        object::File::Pe32(file) => file.section_table(),
        object::File::Pe64(file) => file.section_table(),
        _ => return Vec::new(),
    };
    let padded = sections.iter().map(|section| {
        let offset = section.pointer_to_raw_data.get(LittleEndian);
        let length = section.size_of_raw_data.get(LittleEndian);
        ("a section".to_owned(), offset.into(), length.into())
    });
    padded.collect()
}

fn needed_libraries(file: &object::File<'_>) -> object::read::Result<Vec<String>> {
    file.import_libraries()?
        .map(|library| Ok(printable(&String::from_utf8_lossy(library?.name()))))
        .collect()
}

fn metadata_section<'data>(file: &object::File<'data>) -> Option<&'data [u8]> {
    let name = match file {
        object::File::MachO32(_) | object::File::MachO64(_) => SECTION_MACHO,
        _ => SECTION,
    };
    file.section_by_name(name)?.data().ok()
}

fn platform(file: &object::File<'_>, elf: Option<elf::Facts>, needed: &[String]) -> Platform {
    let os = match file {
        object::File::MachO32(_) | object::File::MachO64(_) => "macos",
        object::File::Pe32(_) | object::File::Pe64(_) => "windows",
        _ => elf.map_or("unknown", |elf| elf.os),
    };
    Platform {
        os,
        arch: arch_name(file.architecture()),
        libc: elf.and_then(|elf| elf.libc(needed)),
    }
}

/// Returns the name that Rust gives a processor.
fn arch_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "arm",
        Architecture::I386 => "x86",
        Architecture::LoongArch64 => "loongarch64",
        Architecture::PowerPc64 => "powerpc64",
        Architecture::Riscv64 => "riscv64",
        Architecture::S390x => "s390x",
        Architecture::X86_64 => "x86_64",
        _ => "unknown",
    }
}

/// Reads `abi_stable`'s header where the library exports it.
fn abi_header(file: &object::File<'_>) -> object::read::Result<Option<AbiHeader>> {
    for export in file.exports()? {
        let export = export?;
        let NameOrOrdinal::Name(name) = export.name() else {
            continue;
        };
        // Mach-O puts an underscore before every name of C.
        let name = match file {
            object::File::MachO32(_) | object::File::MachO64(_) => name.strip_prefix(b"_"),
            _ => Some(name),
        };
        if name != Some(SYMBOL.as_bytes()) {
            continue;
        }
        let ExportTarget::Address { address } = export.target() else {
            continue;
        };
        let size = AbiHeader::SIZE as u64;
        let mut bytes = file
            .segments()
            .filter_map(|segment| segment.data_range(address, size).ok()?);
        return Ok(bytes.next().map(AbiHeader::parse));
    }
    Ok(None)
}
