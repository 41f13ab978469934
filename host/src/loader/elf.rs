//! What only ELF files have: a header to measure before anything else, and the C library that they need.

use std::path::Path;

use object::{
    Endianness, Object, elf,
    read::elf::{ElfFile, FileHeader, SectionHeader},
};

use super::{GlibcVersion, Libc, LoadError, dynamic, segments};

/// What an ELF file needs to run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) os: &'static str,
    pub(super) needs_glibc: Option<GlibcVersion>,
}

impl Facts {
    /// Tells the C library by what the file needs: versions of glibc's symbols, or the names of the
    /// libraries.
    ///
    /// musl's own name is `libc.musl-x86_64.so.1` on Alpine and `libc.so` elsewhere. Android's `libc.so` is
    /// another one again.
    pub(super) fn libc(self, needed_libraries: &[String]) -> Option<Libc> {
        let is_musl = |name: &String| name == "libc.so" || name.starts_with("libc.musl-");
        if self.needs_glibc.is_some() || needed_libraries.iter().any(|name| name == "libc.so.6") {
            Some(Libc::Gnu)
        } else if self.os == "linux" && needed_libraries.iter().any(is_musl) {
            Some(Libc::Musl)
        } else {
            None
        }
    }
}

/// Checks that the file holds its header and the two tables that the header points at.
///
/// The section table is the last thing that linkers write, so this alone finds nearly every cut.
pub(super) fn check_header(path: &Path, bytes: &[u8]) -> Result<(), LoadError> {
    let size = bytes.len() as u64;
    let tables = match bytes.get(4) {
        Some(1) => header_tables::<elf::FileHeader32<Endianness>>(bytes),
        _ => header_tables::<elf::FileHeader64<Endianness>>(bytes),
    };
    match tables.into_iter().find(|(_, end)| *end > size) {
        None => Ok(()),
        Some((part, end)) => Err(LoadError::Truncated {
            path: path.to_owned(),
            part: part.to_owned(),
            end,
            size,
        }),
    }
}

/// Returns the header and its tables, each with its end. A header that makes no sense is left to the parser.
fn header_tables<Elf>(bytes: &[u8]) -> Vec<(&'static str, u64)>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let mut tables = vec![("its ELF header", size_of::<Elf>() as u64)];
    if let Ok(header) = Elf::parse(bytes)
        && let Ok(endian) = header.endian()
    {
        let end = |offset: Elf::Word, size: u16, count: u16| {
            let offset: u64 = offset.into();
            offset.saturating_add(u64::from(size) * u64::from(count))
        };
        let segments = (header.e_phentsize(endian), header.e_phnum(endian));
        let sections = (header.e_shentsize(endian), header.e_shnum(endian));
        let segments = end(header.e_phoff(endian), segments.0, segments.1);
        let sections = end(header.e_shoff(endian), sections.0, sections.1);
        tables.push(("its segment table", segments));
        tables.push(("its section table", sections));
    }
    tables
}

/// Checks what the system's loader will walk through, and gathers the facts. Yields none for other formats.
pub(super) fn facts(file: &object::File<'_>) -> Result<Option<Facts>, &'static str> {
    match file {
        object::File::Elf32(file) => facts_of(file).map(Some),
        object::File::Elf64(file) => facts_of(file).map(Some),
        _ => Ok(None),
    }
}

fn facts_of<Elf>(file: &ElfFile<'_, Elf>) -> Result<Facts, &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    segments::check(file)?;
    dynamic::check(file)?;
    Ok(Facts {
        os: os(file),
        needs_glibc: needs_glibc(file).map_err(|_| "its table of needed versions is unreadable")?,
    })
}

fn os<Elf>(file: &ElfFile<'_, Elf>) -> &'static str
where
    Elf: FileHeader<Endian = Endianness>,
{
    match file.elf_header().e_ident().os_abi {
        elf::ELFOSABI_SYSV | elf::ELFOSABI_GNU => {
            let is_android = file.section_by_name(".note.android.ident").is_some();
            if is_android { "android" } else { "linux" }
        }
        elf::ELFOSABI_FREEBSD => "freebsd",
        elf::ELFOSABI_NETBSD => "netbsd",
        elf::ELFOSABI_OPENBSD => "openbsd",
        elf::ELFOSABI_SOLARIS => "solaris",
        _ => "unknown",
    }
}

/// Returns the newest version of glibc that a symbol asks for. Weak needs are left out: the loader only
/// warns.
fn needs_glibc<Elf>(file: &ElfFile<'_, Elf>) -> object::read::Result<Option<GlibcVersion>>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = file.endian();
    let sections = file.elf_section_table();
    let mut newest = None;
    for section in sections.iter() {
        let Some((needs, strings)) = section.gnu_verneed(endian, file.data())? else {
            continue;
        };
        let strings = sections.strings(endian, file.data(), strings)?;
        for need in needs {
            let (_, versions) = need?;
            for version in versions {
                let version = version?;
                let is_weak = version.vna_flags.get(endian).contains(elf::VER_FLG_WEAK);
                if !is_weak {
                    newest = newest.max(glibc_version(version.name(endian, strings)?));
                }
            }
        }
    }
    Ok(newest)
}

fn glibc_version(name: &[u8]) -> Option<GlibcVersion> {
    match std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")? {
        // Packed relative relocations; the loader of 2.36 was the first to know them.
        "ABI_DT_RELR" => Some(GlibcVersion {
            major: 2,
            minor: 36,
        }),
        version => version.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_library_is_told_by_versions_and_names() {
        let facts = |os, minor: Option<u32>| Facts {
            os,
            needs_glibc: minor.map(|minor| GlibcVersion { major: 2, minor }),
        };
        let needed = |name: &str| vec![name.to_owned()];
        assert_eq!(facts("linux", Some(17)).libc(&[]), Some(Libc::Gnu));
        assert_eq!(
            facts("linux", None).libc(&needed("libc.so.6")),
            Some(Libc::Gnu)
        );
        let alpine = needed("libc.musl-x86_64.so.1");
        assert_eq!(facts("linux", None).libc(&alpine), Some(Libc::Musl));
        assert_eq!(
            facts("linux", None).libc(&needed("libc.so")),
            Some(Libc::Musl)
        );
        assert_eq!(facts("android", None).libc(&needed("libc.so")), None);
        assert_eq!(facts("linux", None).libc(&[]), None);
    }

    #[test]
    fn versions_are_read_from_names_of_glibc_only() {
        let version = |minor| Some(GlibcVersion { major: 2, minor });
        assert_eq!(glibc_version(b"GLIBC_2.38"), version(38));
        assert_eq!(glibc_version(b"GLIBC_2.2.5"), version(2));
        assert_eq!(glibc_version(b"GLIBC_ABI_DT_RELR"), version(36));
        assert_eq!(glibc_version(b"GLIBC_PRIVATE"), None);
        assert_eq!(glibc_version(b"GCC_3.0"), None);
    }
}
