//! The tables that the system's loader walks through by itself, before any of the library runs.
//!
//! It reads them from memory, by the addresses in the dynamic segment, and trusts each number in them:
//! one that points past the end of the file kills the process. So every one is checked against the bytes
//! that will be mapped. The section table tells the same a second time; where the two differ, the file is
//! damaged.

use object::{
    Endianness, elf,
    pod::slice_from_all_bytes,
    read::{
        ReadRef,
        elf::{
            Dyn, ElfFile, FileHeader, GnuHashTable, HashTable, ProgramHeader, SectionHeader, Sym,
        },
    },
};

use super::relocations;

/// A table, the entry that states its size in bytes, and the kinds of section that it may be.
type Table = (
    elf::DynamicTag,
    Option<elf::DynamicTag>,
    &'static [elf::SectionType],
    &'static str,
);

const RELOCATIONS: &str = "its relocations are not where it says";
const HASHES: &str = "its symbol hash table is not where it says";
const FUNCTIONS: &str = "its start and end functions are not where it says";

const TABLES: &[Table] = &[
    (
        elf::DT_STRTAB,
        Some(elf::DT_STRSZ),
        &[elf::SHT_STRTAB],
        "its string table is not where it says",
    ),
    (
        elf::DT_SYMTAB,
        None,
        &[elf::SHT_DYNSYM],
        "its symbol table is not where it says",
    ),
    (elf::DT_HASH, None, &[elf::SHT_HASH], HASHES),
    (elf::DT_GNU_HASH, None, &[elf::SHT_GNU_HASH], HASHES),
    (
        elf::DT_VERSYM,
        None,
        &[elf::SHT_GNU_VERSYM],
        "its symbol versions are not where it says",
    ),
    (
        elf::DT_VERNEED,
        None,
        &[elf::SHT_GNU_VERNEED],
        "its needed versions are not where it says",
    ),
    (
        elf::DT_VERDEF,
        None,
        &[elf::SHT_GNU_VERDEF],
        "its own versions are not where it says",
    ),
    (
        elf::DT_RELA,
        Some(elf::DT_RELASZ),
        &[elf::SHT_RELA],
        RELOCATIONS,
    ),
    (
        elf::DT_REL,
        Some(elf::DT_RELSZ),
        &[elf::SHT_REL],
        RELOCATIONS,
    ),
    (
        elf::DT_RELR,
        Some(elf::DT_RELRSZ),
        &[elf::SHT_RELR],
        RELOCATIONS,
    ),
    (
        elf::DT_JMPREL,
        Some(elf::DT_PLTRELSZ),
        &[elf::SHT_RELA, elf::SHT_REL],
        RELOCATIONS,
    ),
    (
        elf::DT_INIT_ARRAY,
        Some(elf::DT_INIT_ARRAYSZ),
        &[elf::SHT_INIT_ARRAY],
        FUNCTIONS,
    ),
    (
        elf::DT_FINI_ARRAY,
        Some(elf::DT_FINI_ARRAYSZ),
        &[elf::SHT_FINI_ARRAY],
        FUNCTIONS,
    ),
];

/// Entries that the loader reads without asking, once it has found the first.
const COMPANIONS: &[(elf::DynamicTag, elf::DynamicTag)] = &[
    (elf::DT_RELA, elf::DT_RELASZ),
    (elf::DT_RELA, elf::DT_RELAENT),
    (elf::DT_REL, elf::DT_RELSZ),
    (elf::DT_REL, elf::DT_RELENT),
    (elf::DT_JMPREL, elf::DT_PLTRELSZ),
    (elf::DT_JMPREL, elf::DT_PLTREL),
    (elf::DT_VERNEED, elf::DT_VERSYM),
    (elf::DT_VERDEF, elf::DT_VERSYM),
];

/// Entries whose value is a place in the string table.
const STRINGS: &[elf::DynamicTag] = &[
    elf::DT_NEEDED,
    elf::DT_SONAME,
    elf::DT_RPATH,
    elf::DT_RUNPATH,
];

/// Checks every table of the dynamic segment; fails with the first contradiction.
pub(super) fn check<Elf>(file: &ElfFile<'_, Elf>) -> Result<(), &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let dynamic = Dynamic::read(file)?;
    dynamic.check_companions()?;
    TABLES
        .iter()
        .try_for_each(|table| dynamic.check_table(table))?;
    for function in [elf::DT_INIT, elf::DT_FINI] {
        if let Some(address) = dynamic.value(function) {
            dynamic.bytes(address, 1).ok_or(FUNCTIONS)?;
        }
    }
    let strings = dynamic
        .strings()
        .ok_or("its string table is missing or has no end")?;
    let is_inside = |offset: u64| offset < strings.len() as u64;
    let mut names = dynamic
        .entries()
        .filter(|entry| STRINGS.contains(&entry.tag));
    if !names.all(|entry| is_inside(entry.value)) {
        return Err("a name in its dynamic segment lies outside of its string table");
    }
    let n_symbols = dynamic.check_symbols(strings)?;
    relocations::check(&dynamic, n_symbols)
}

/// The dynamic segment and the bytes of the file that get mapped.
pub(super) struct Dynamic<'file, 'data, Elf: FileHeader> {
    pub(super) file: &'file ElfFile<'data, Elf>,
    entries: &'data [Elf::Dyn],
}

struct Entry {
    tag: elf::DynamicTag,
    value: u64,
}

impl<'file, 'data, Elf> Dynamic<'file, 'data, Elf>
where
    Elf: FileHeader<Endian = Endianness>,
{
    fn read(file: &'file ElfFile<'data, Elf>) -> Result<Self, &'static str> {
        let endian = file.endian();
        let is_dynamic = |segment: &&Elf::ProgramHeader| segment.p_type(endian) == elf::PT_DYNAMIC;
        let segment = file.elf_program_headers().iter().find(is_dynamic);
        let segment = segment.ok_or("it has no dynamic segment")?;
        let (address, size) = (
            segment.p_vaddr(endian).into(),
            segment.p_memsz(endian).into(),
        );
        let without_entries = Self { file, entries: &[] };
        let bytes = without_entries.bytes(address, size);
        let bytes = bytes.ok_or("its dynamic segment lies outside of it")?;
        let entries: &[Elf::Dyn] = slice_from_all_bytes(bytes)
            .map_err(|()| "its dynamic segment is not made of whole entries")?;
        let is_end = |entry: &Elf::Dyn| entry.d_tag(endian) == elf::DT_NULL;
        if !entries.iter().any(is_end) {
            return Err("its dynamic segment has no end");
        }
        Ok(Self { file, entries })
    }

    fn check_companions(&self) -> Result<(), &'static str> {
        let has = |tag| self.value(tag).is_some();
        let is_alone = |(first, second): &(_, _)| has(*first) && !has(*second);
        let has_versions = has(elf::DT_VERNEED) || has(elf::DT_VERDEF);
        if COMPANIONS.iter().any(is_alone) || (has(elf::DT_VERSYM) && !has_versions) {
            return Err("an entry of its dynamic segment is missing");
        }
        Ok(())
    }

    /// Checks a table against the section table, the other account of the same file: it begins where a
    /// section of its kind begins and ends where one ends. Some linkers let one entry span two sections
    /// of relocations.
    fn check_table(&self, (tag, size, kinds, what): &Table) -> Result<(), &'static str> {
        let Some(address) = self.value(*tag) else {
            return Ok(());
        };
        let endian = self.file.endian();
        let sections = self.file.elf_section_table().iter();
        let sections = sections.filter(|section| kinds.contains(&section.sh_type(endian)));
        let places: Vec<(u64, u64)> = sections
            .map(|section| {
                (
                    section.sh_addr(endian).into(),
                    section.sh_size(endian).into(),
                )
            })
            .collect();
        let first = places.iter().find(|(start, _)| *start == address);
        let stated = size.map_or(first.map(|(_, size)| *size), |size| self.value(size));
        let size = stated.ok_or(*what)?;
        let end = address.checked_add(size);
        let ends = places
            .iter()
            .any(|(start, size)| start.checked_add(*size) == end);
        let is_whole = size == 0 || (first.is_some() && ends);
        self.bytes(address, size)
            .filter(|_| is_whole)
            .map(|_| ())
            .ok_or(*what)
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        let endian = self.file.endian();
        let entries = self.entries.iter().map(move |entry| Entry {
            tag: entry.d_tag(endian),
            value: entry.d_val(endian).into(),
        });
        entries.take_while(|entry| entry.tag != elf::DT_NULL)
    }

    /// Returns what the loader takes: the last entry of a tag.
    pub(super) fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        self.entries()
            .filter(|entry| entry.tag == tag)
            .last()
            .map(|entry| entry.value)
    }

    /// Returns the bytes that will stand at an address, up to the end of what the file has for that segment.
    fn bytes_from(&self, address: u64) -> Option<&'data [u8]> {
        let endian = self.file.endian();
        let mut loaded = self
            .file
            .elf_program_headers()
            .iter()
            .filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
        loaded.find_map(|segment| {
            let before = address.checked_sub(segment.p_vaddr(endian).into())?;
            let (offset, size) = segment.file_range(endian);
            let rest = size.checked_sub(before).filter(|rest| *rest > 0)?;
            self.file
                .data()
                .read_bytes_at(offset.checked_add(before)?, rest)
                .ok()
        })
    }

    pub(super) fn bytes(&self, address: u64, size: u64) -> Option<&'data [u8]> {
        if size == 0 {
            return Some(&[]);
        }
        self.bytes_from(address)?.get(..usize::try_from(size).ok()?)
    }

    /// Returns the string table if it ends with a NUL, without which a reader would run past it.
    fn strings(&self) -> Option<&'data [u8]> {
        let (table, size) = (self.value(elf::DT_STRTAB)?, self.value(elf::DT_STRSZ)?);
        self.bytes(table, size)
            .filter(|strings| strings.last() == Some(&0))
    }

    /// Checks the symbol table and what goes along with it. Returns the number of symbols.
    fn check_symbols(&self, strings: &[u8]) -> Result<u64, &'static str> {
        let endian = self.file.endian();
        let table = self.value(elf::DT_SYMTAB).ok_or("it has no symbol table")?;
        let n_symbols = self.n_symbols()?;
        let size = n_symbols.saturating_mul(size_of::<Elf::Sym>() as u64);
        let symbols = self
            .bytes(table, size)
            .ok_or("its symbol table lies outside of it")?;
        let symbols: &[Elf::Sym] = slice_from_all_bytes(symbols)
            .map_err(|()| "its symbol table is not made of whole entries")?;
        let has_name = |symbol: &Elf::Sym| (symbol.st_name(endian) as usize) < strings.len();
        if !symbols.iter().all(has_name) {
            return Err("the name of a symbol lies outside of its string table");
        }
        if let Some(versions) = self.value(elf::DT_VERSYM) {
            let size = n_symbols.saturating_mul(2);
            self.bytes(versions, size)
                .ok_or("its table of symbol versions lies outside of it")?;
        }
        Ok(n_symbols)
    }

    /// Returns how many symbols there are, at least one: the table begins with an empty symbol. The
    /// loader has no number of its own, it goes as far as the hash table leads it.
    fn n_symbols(&self) -> Result<u64, &'static str> {
        const BROKEN: &str = "its symbol hash table is unreadable";
        let endian = self.file.endian();
        let mut n_symbols = self.file.elf_dynamic_symbol_table().len().max(1) as u64;
        if let Some(address) = self.value(elf::DT_HASH) {
            let bytes = self.bytes_from(address).ok_or(BROKEN)?;
            let table = HashTable::<Elf>::parse(endian, bytes).map_err(|_| BROKEN)?;
            n_symbols = n_symbols.max(table.symbol_table_length().into());
        }
        if let Some(address) = self.value(elf::DT_GNU_HASH) {
            let bytes = self.bytes_from(address).ok_or(BROKEN)?;
            let table = GnuHashTable::<Elf>::parse(endian, bytes).map_err(|_| BROKEN)?;
            let (header, _) = object::pod::from_bytes::<elf::GnuHashHeader<Endianness>>(bytes)
                .map_err(|()| BROKEN)?;
            // The loader divides by the one and masks with the other.
            let n_buckets = header.bucket_count.get(endian);
            if n_buckets == 0 || !header.bloom_count.get(endian).is_power_of_two() {
                return Err(BROKEN);
            }
            // None for a library that exports nothing.
            n_symbols = n_symbols.max(table.symbol_table_length(endian).unwrap_or(1).into());
        }
        Ok(n_symbols)
    }
}
