//! The places that an ELF file asks the system's loader to fill in.
//!
//! The loader writes without asking. A place outside of the library's own writable memory is at best a
//! crash. *What* it writes there is not checked: that is as much the library's business as what its code
//! does.

use object::{
    Endianness, elf,
    pod::slice_from_all_bytes,
    read::elf::{FileHeader, ProgramHeader, Rel, Rela},
};

use super::dynamic::Dynamic;

const NOT_WHOLE: &str = "its relocations are not made of whole entries";

/// A relocation's address and the index of its symbol.
type Place = (u64, u32);

/// Checks the place and the symbol of every relocation, and the sizes that the loader insists on.
pub(super) fn check<Elf>(dynamic: &Dynamic<'_, '_, Elf>, n_symbols: u64) -> Result<(), &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let sizes = [
        (elf::DT_RELAENT, size_of::<Elf::Rela>()),
        (elf::DT_RELENT, size_of::<Elf::Rel>()),
        (elf::DT_SYMENT, size_of::<Elf::Sym>()),
    ];
    for (tag, expected) in sizes {
        if dynamic
            .value(tag)
            .is_some_and(|size| size != expected as u64)
        {
            return Err("it states an unknown size of its tables' entries");
        }
    }
    let jumps = match dynamic
        .value(elf::DT_PLTREL)
        .map(|tag| elf::DynamicTag(tag.cast_signed()))
    {
        None => Vec::new(),
        Some(elf::DT_RELA) => with_addends(dynamic, elf::DT_JMPREL, elf::DT_PLTRELSZ)?,
        Some(elf::DT_REL) => without_addends(dynamic, elf::DT_JMPREL, elf::DT_PLTRELSZ)?,
        Some(_) => return Err("it states an unknown kind of relocations"),
    };
    check_places(dynamic, n_symbols, &jumps)?;
    let with_addends = with_addends(dynamic, elf::DT_RELA, elf::DT_RELASZ)?;
    check_places(dynamic, n_symbols, &with_addends)?;
    // The first ones are said to need no symbol; the loader ends the process where that is not so.
    let n_relative = dynamic.value(elf::DT_RELACOUNT).unwrap_or_default();
    let relative = usize::try_from(n_relative)
        .ok()
        .and_then(|n| with_addends.get(..n));
    if !relative.is_some_and(|places| places.iter().all(|(_, symbol)| *symbol == 0)) {
        return Err("it states a wrong number of relative relocations");
    }
    let without_addends = without_addends(dynamic, elf::DT_REL, elf::DT_RELSZ)?;
    check_places(dynamic, n_symbols, &without_addends)
}

fn with_addends<Elf>(
    dynamic: &Dynamic<'_, '_, Elf>,
    table: elf::DynamicTag,
    size: elf::DynamicTag,
) -> Result<Vec<Place>, &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = dynamic.file.endian();
    let is_mips64el = dynamic.file.elf_header().is_mips64el(endian);
    let entries: &[Elf::Rela] =
        slice_from_all_bytes(bytes(dynamic, table, size)?).map_err(|()| NOT_WHOLE)?;
    let place = |entry: &Elf::Rela| {
        (
            entry.r_offset(endian).into(),
            entry.r_sym(endian, is_mips64el),
        )
    };
    Ok(entries.iter().map(place).collect())
}

fn without_addends<Elf>(
    dynamic: &Dynamic<'_, '_, Elf>,
    table: elf::DynamicTag,
    size: elf::DynamicTag,
) -> Result<Vec<Place>, &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = dynamic.file.endian();
    let entries: &[Elf::Rel] =
        slice_from_all_bytes(bytes(dynamic, table, size)?).map_err(|()| NOT_WHOLE)?;
    let place = |entry: &Elf::Rel| (entry.r_offset(endian).into(), entry.r_sym(endian));
    Ok(entries.iter().map(place).collect())
}

fn bytes<'data, Elf>(
    dynamic: &Dynamic<'_, 'data, Elf>,
    table: elf::DynamicTag,
    size: elf::DynamicTag,
) -> Result<&'data [u8], &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let address = dynamic.value(table).unwrap_or_default();
    let size = dynamic.value(size).unwrap_or_default();
    dynamic.bytes(address, size).ok_or(NOT_WHOLE)
}

fn check_places<Elf>(
    dynamic: &Dynamic<'_, '_, Elf>,
    n_symbols: u64,
    places: &[Place],
) -> Result<(), &'static str>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = dynamic.file.endian();
    let loaded = dynamic.file.elf_program_headers().iter();
    let loaded = loaded.filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
    let writable: Vec<(u64, u64)> = loaded
        .filter(|segment| segment.p_flags(endian).contains(elf::PF_W))
        .map(|segment| {
            (
                segment.p_vaddr(endian).into(),
                segment.p_memsz(endian).into(),
            )
        })
        .collect();
    let is_inside = |address: u64, (start, size): &(u64, u64)| {
        address
            .checked_sub(*start)
            .is_some_and(|before| before < *size)
    };
    for (address, symbol) in places {
        // A relocation that does nothing has the address 0.
        if *address != 0 && !writable.iter().any(|segment| is_inside(*address, segment)) {
            return Err("a relocation changes memory that is not its own");
        }
        if u64::from(*symbol) >= n_symbols {
            return Err("a relocation names a symbol that it does not have");
        }
    }
    Ok(())
}
