//! Libraries that are cut short or changed: nothing of them may end the process.

use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;

use super::{LoadError, assert_refusal, fixtures::connector, refusal};
use crate::loader::image::Image;

#[test]
fn a_library_cut_at_every_sixteenth_is_refused_as_cut_short() {
    let bytes = fs::read(connector("good")).unwrap();
    for sixteenth in 1..16 {
        let length = bytes.len() * sixteenth / 16;
        let size = format!("the file has {length} bytes");
        assert_refusal!(refusal(&bytes[..length]), Truncated, "is cut short", &size);
    }
    assert_refusal!(
        refusal(&bytes[..bytes.len() - 1]),
        Truncated,
        "is cut short"
    );
    assert_refusal!(
        refusal(&bytes[..20]),
        Truncated,
        "its ELF header ends at byte 64"
    );
}

#[test]
fn a_library_whose_tail_was_never_written_is_refused() {
    let mut bytes = fs::read(connector("good")).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0);
    refusal(&bytes);
}

#[test]
fn the_tables_of_every_library_that_runs_here_make_sense() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| &line[start..]));
    let libraries: BTreeSet<_> = paths.filter(|path| path.contains(".so")).collect();
    assert!(
        libraries.iter().any(|path| path.contains("libc.so")),
        "{maps}"
    );
    for path in libraries {
        let bytes = fs::read(path).unwrap();
        Image::read(Path::new(path), &bytes).unwrap();
    }
}

fn good_bytes() -> Vec<u8> {
    fs::read(connector("good")).unwrap()
}

/// Mostly in the tables at both ends of the file, where a changed byte does most.
fn place(length: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        0..4096.min(length),
        length - 4096.min(length)..length,
        0..length
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_library_cut_anywhere_never_reaches_the_systems_loader(cut in any::<prop::sample::Index>()) {
        let bytes = good_bytes();
        let cut = cut.index(bytes.len());
        prop_assert!(Image::read(Path::new("cut.so"), &bytes[..cut]).is_err(), "cut to {cut} bytes");
    }

    #[test]
    fn damaged_bytes_never_panic(damages in Just(good_bytes().len()).prop_flat_map(|length| {
        prop::collection::vec((place(length), any::<u8>()), 1..8)
    })) {
        let mut bytes = good_bytes();
        for (place, byte) in damages {
            bytes[place] = byte;
        }
        let _ = Image::read(Path::new("damaged.so"), &bytes);
    }
}
