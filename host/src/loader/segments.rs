//! The segments of an ELF file: what the system's loader maps and where.
//!
//! It reserves one range of addresses for the library and maps every loaded segment over it without
//! looking what stands there. A segment that reaches beyond its own place replaces parts of another
//! library or of the program.

use object::{
    Endianness, elf,
    read::elf::{ElfFile, FileHeader, ProgramHeader},
};

/// Segments that describe a part of the loaded ones.
const PARTS: &[(elf::ProgramType, &str)] = &[
    (elf::PT_PHDR, "its segment table is not loaded"),
    (elf::PT_DYNAMIC, "its dynamic segment is not loaded"),
    (elf::PT_GNU_RELRO, "its read-only data is not loaded"),
];

/// Checks that the loaded segments stand in order, each in a place of its own, and that others describe
/// parts of them.
pub(super) fn check<Elf>(file: &ElfFile<'_, Elf>) -> Result<(), &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let loaded = loaded(file)?;
    let holds = |part: &Range| {
        let is_around = |whole: &Range| whole.start <= part.start && part.end <= whole.end;
        loaded.iter().any(is_around)
    };
    for segment in file.elf_program_headers() {
        let kind = segment.p_type(file.endian());
        if let Some((_, what)) = PARTS.iter().find(|(known, _)| *known == kind) {
            range(segment, file.endian()).filter(holds).ok_or(*what)?;
        }
        // Memory for thread locals beyond the file's bytes is not part of the image.
        if kind == elf::PT_TLS {
            let start = segment.p_vaddr(file.endian()).into();
            let end = segment.p_filesz(file.endian()).into();
            let end = u64::checked_add(start, end).ok_or(TLS)?;
            Some(Range { start, end }).filter(holds).ok_or(TLS)?;
        }
    }
    Ok(())
}

const TLS: &str = "its thread locals are not loaded";

/// Addresses, the end not included.
struct Range {
    start: u64,
    end: u64,
}

fn loaded<Elf>(file: &ElfFile<'_, Elf>) -> Result<Vec<Range>, &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = file.endian();
    let mut loaded: Vec<Range> = Vec::new();
    for segment in file.elf_program_headers() {
        if segment.p_type(endian) != elf::PT_LOAD {
            continue;
        }
        let range =
            range(segment, endian).ok_or("a segment has more bytes than memory for them")?;
        if loaded.last().is_some_and(|before| before.end > range.start) {
            return Err("two segments are loaded to the same addresses");
        }
        loaded.push(range);
    }
    Ok(loaded)
}

/// Returns where a segment stands in memory; none if it makes no sense.
fn range<Segment: ProgramHeader>(segment: &Segment, endian: Segment::Endian) -> Option<Range> {
    let start = segment.p_vaddr(endian).into();
    let size: u64 = segment.p_memsz(endian).into();
    let in_file = segment.p_filesz(endian).into();
    let end = u64::checked_add(start, size)?;
    (in_file <= size).then_some(Range { start, end })
}
