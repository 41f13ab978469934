use std::ffi::OsString;

use super::*;
use crate::manifest::tests::{HEAD, environment, rendered};

fn read(folder: &Path) -> Vec<Entry> {
    read_folder(folder, &environment).unwrap().entries
}

fn broken(entry: &Entry) -> (Option<&str>, String) {
    match entry {
        Entry::Broken {
            crm, diagnostics, ..
        } => (crm.as_deref(), rendered(diagnostics)),
        Entry::Ready(manifest) => panic!("{} is ready", manifest.path.display()),
    }
}

#[test]
fn toml_files_directly_in_it_are_read_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, crm: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, HEAD.replace("name = \"acme\"", crm)).unwrap();
    };
    write("b.toml", "name = \"b\"");
    write("a.toml", "name = \"a\"");
    write(".hidden.toml", "name = \"h\"");
    write("readme.md", "name = \"r\"");
    write("below/c.toml", "name = \"c\"");
    let names: Vec<_> = read(folder.path())
        .into_iter()
        .map(|entry| match entry {
            Entry::Ready(manifest) => (manifest.crm.name, manifest.path),
            Entry::Broken { path, .. } => panic!("{} is broken", path.display()),
        })
        .collect();
    let expected = [("a", "a.toml"), ("b", "b.toml")]
        .map(|(name, file)| (name.to_owned(), folder.path().join(file)));
    assert_eq!(names, expected);
}

#[test]
fn what_is_no_manifest_is_a_broken_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    fs::create_dir(path("a.toml")).unwrap();
    fs::write(path("b.toml"), b"manifest_version = 1\n# \xff\n").unwrap();
    fs::write(path("c.toml"), vec![b'#'; 1024 * 1024 + 1]).unwrap();
    fs::write(path("d.toml"), "[crm]\nname = \"d\"\n").unwrap();
    fs::write(path("e.toml"), HEAD).unwrap();
    let entries = read(folder.path());
    assert!(
        broken(&entries[0])
            .1
            .contains("cannot use this: it is not a file")
    );
    let bytes = broken(&entries[1]).1;
    assert!(
        bytes.contains("b.toml:2:3") && bytes.contains("not UTF-8"),
        "{bytes}"
    );
    assert!(broken(&entries[2]).1.contains("larger than 1 MiB"));
    let (crm, text) = broken(&entries[3]);
    assert_eq!(crm, Some("d"));
    assert!(text.contains("missing key `manifest_version`"), "{text}");
    assert!(matches!(&entries[4], Entry::Ready(manifest) if manifest.crm.name == "acme"));
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_a_broken_entry() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("gone", folder.path().join("a.toml")).unwrap();
    assert!(
        broken(&read(folder.path())[0])
            .1
            .contains("it cannot be read")
    );
}

#[test]
fn manifests_with_one_crm_name_are_all_broken_and_name_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    fs::write(path("a.toml"), HEAD).unwrap();
    fs::write(
        path("b.toml"),
        HEAD.replace("\"acme\"\n[", "\"${NAME}\"\n["),
    )
    .unwrap();
    fs::write(path("c.toml"), format!("{HEAD}x = 1\n")).unwrap();
    fs::write(path("d.toml"), HEAD.replace("\"acme\"\n[", "\"other\"\n[")).unwrap();
    let named = |name: &str| (name == "NAME").then(|| OsString::from("acme"));
    let entries = read_folder(folder.path(), &named).unwrap().entries;
    for entry in &entries[..3] {
        let (crm, text) = broken(entry);
        assert_eq!(crm, Some("acme"));
        assert!(
            text.contains("the CRM name `acme` is used by 3 manifests"),
            "{text}"
        );
        for file in ["a.toml:3:8", "b.toml:3:8", "c.toml:3:8"] {
            assert!(text.contains(file), "{file} in {text}");
        }
    }
    assert!(broken(&entries[2]).1.contains("unknown key `x`"));
    assert!(matches!(entries[3], Entry::Ready(_)));
}

#[test]
fn a_missing_and_an_empty_folder_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = read_folder(folder.path(), &environment).unwrap_err();
    assert!(matches!(empty, ReadFolderError::Empty { .. }));
    assert!(
        empty
            .to_string()
            .contains("copy the manifest of a CRM into it")
    );
    let missing = read_folder(&folder.path().join("x"), &environment).unwrap_err();
    assert!(matches!(missing, ReadFolderError::Missing { .. }));
    fs::write(folder.path().join("file"), "").unwrap();
    let file = read_folder(&folder.path().join("file"), &environment).unwrap_err();
    assert!(matches!(file, ReadFolderError::List { .. }));
}
