use proptest::prelude::*;

use super::*;

fn library(crm: &str, platform: &str) -> LockedLibrary {
    LockedLibrary {
        crm: crm.to_owned(),
        platform: platform.to_owned(),
        file: "../connectors/libacme.so".to_owned(),
        sha256: Digest::of(b"acme"),
        size: 4,
        connector: "acme-connector".to_owned(),
        connector_version: "1.2.0".to_owned(),
        abi: "1.0.0".to_owned(),
        sdk: "1.0.0".to_owned(),
    }
}

fn lock_of(libraries: &[LockedLibrary]) -> (tempfile::TempDir, Lock) {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::new(folder.path().join(LOCK_FILE), libraries.to_vec());
    (folder, lock)
}

/// Writes these bytes as the lock file and reads it.
fn read(bytes: &[u8]) -> Result<Option<Lock>, ReadLockError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(LOCK_FILE), bytes).unwrap();
    Lock::read(folder.path())
}

#[test]
fn a_lock_file_is_sorted_and_says_who_writes_it() {
    let (folder, lock) = lock_of(&[library("b", "any"), library("a", "windows-x86_64")]);
    lock.write().unwrap();
    let digest = Digest::of(b"acme");
    let entry = |crm: &str, platform: &str| {
        format!(
            r#"
[[library]]
crm = "{crm}"
platform = "{platform}"
file = "../connectors/libacme.so"
sha256 = "{digest}"
size = 4
connector = "acme-connector"
connector_version = "1.2.0"
abi = "1.0.0"
sdk = "1.0.0"
"#
        )
    };
    let expected = format!(
        "# Written by `switchboard lock`: the libraries that may be loaded. Do not edit.\nversion = 1\n{}{}",
        entry("a", "windows-x86_64"),
        entry("b", "any"),
    );
    let written = std::fs::read_to_string(folder.path().join(LOCK_FILE)).unwrap();
    assert_eq!(written, expected);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
}

#[test]
fn without_a_lock_file_nothing_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Lock::read(folder.path()).unwrap().is_none());
}

#[test]
fn a_lock_file_that_is_not_exactly_one_is_refused_with_its_line() {
    let (folder, lock) = lock_of(&[library("a", "any")]);
    lock.write().unwrap();
    let good = std::fs::read_to_string(folder.path().join(LOCK_FILE)).unwrap();
    let entry = &good[good.find("[[library]]").unwrap()..];
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    for (text, part) in [
        (String::new(), "missing field `version`"),
        ("version = 1\n[[library]".to_owned(), "switchboard.lock:2: "),
        (changed("version = 1\n", "version = 0\n"), "has version 0"),
        (
            "version = 2\nshape = \"new\"".to_owned(),
            "has version 2, this switchboard knows version 1",
        ),
        (
            changed("version = 1\n", "version = 1\nby = \"me\"\n"),
            ":3: unknown field `by`",
        ),
        (
            changed("size = 4", "size = 4\nmode = 1"),
            "unknown field `mode`",
        ),
        (changed("size = 4\n", ""), ":4: missing field `size`"),
        (changed("size = 4", "size = -4"), "invalid value"),
        (
            changed("sha256 = \"", "sha256 = \"0"),
            "64 hexadecimal digits",
        ),
        (format!("{good}{entry}"), "it has two entries for a on any"),
    ] {
        let refused = read(text.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(part), "{text}\n{refused}");
        assert!(refused.contains("`switchboard lock`"), "{refused}");
    }
    let refused = read(b"version = 1\n# \xff").unwrap_err();
    assert!(matches!(refused, ReadLockError::Read { .. }), "{refused}");
}

#[test]
fn what_is_new_changed_or_gone_is_a_difference_and_what_was_moved_is_none() {
    let (_folder, lock) = lock_of(&["a", "b", "c", "d"].map(|crm| library(crm, "any")));
    let moved = LockedLibrary {
        file: "elsewhere.so".to_owned(),
        ..library("a", "any")
    };
    let changed = LockedLibrary {
        sha256: Digest::of(b"changed"),
        ..library("b", "any")
    };
    let renamed = LockedLibrary {
        connector_version: "1.2.1".to_owned(),
        ..library("d", "any")
    };
    let new = library("e", "any");
    let (_folder, found) = lock_of(&[moved, changed.clone(), renamed.clone(), new.clone()]);
    assert_eq!(
        lock.differences(&found),
        [
            Difference::Changed {
                locked: library("b", "any").into(),
                found: changed.into()
            },
            Difference::Surplus(library("c", "any").into()),
            Difference::Changed {
                locked: library("d", "any").into(),
                found: renamed.into()
            },
            Difference::Missing(new.into()),
        ]
    );
    assert_eq!(lock.differences(&lock), []);
}

fn any_library() -> impl Strategy<Value = LockedLibrary> {
    let texts = prop::array::uniform7(any::<String>());
    (texts, any::<[u8; 32]>(), 0..i64::MAX as u64).prop_map(|(texts, sha256, size)| {
        let [crm, platform, file, connector, connector_version, abi, sdk] = texts;
        LockedLibrary {
            crm,
            platform,
            file,
            sha256: sha256.into(),
            size,
            connector,
            connector_version,
            abi,
            sdk,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(library in any_library()) {
        let (folder, lock) = lock_of(&[library]);
        lock.write().unwrap();
        let read = Lock::read(folder.path()).unwrap().unwrap();
        prop_assert_eq!(read.libraries(), lock.libraries());
    }

    #[test]
    fn any_bytes_are_a_lock_or_a_refusal(bytes in any::<Vec<u8>>()) {
        let _ = read(&bytes);
    }
}
