//! Who may change a library.

use std::fs;

use super::{
    Library, LoadError, assert_refusal,
    fixtures::{connector, folder, set_mode},
    inspect, refusal_of,
};

#[test]
fn what_everyone_may_write_to_is_refused() {
    let home = folder();
    let folder = home.path().join("connectors");
    fs::create_dir(&folder).unwrap();
    let library = folder.join("connector.so");
    fs::copy(connector("good"), &library).unwrap();

    set_mode(&library, 0o666);
    assert_refusal!(refusal_of(&library), Writable, "(mode 0666)", "chmod o-w");
    assert!(matches!(
        inspect(&library).unwrap().refusal,
        Some(LoadError::Writable { .. })
    ));
    set_mode(&library, 0o644);
    for mode in [0o777, 0o1777] {
        set_mode(&folder, mode);
        assert_refusal!(
            refusal_of(&library),
            Writable,
            &format!("(mode {mode:04o})")
        );
    }
    set_mode(&folder, 0o755);
    set_mode(home.path(), 0o777);
    assert_refusal!(refusal_of(&library), Writable, "(mode 0777)");
    // Nobody but its owner can rename a folder in a sticky one.
    set_mode(home.path(), 0o1777);
    Library::load(&library, None).unwrap();
}

#[test]
fn a_link_is_followed_to_what_everyone_may_write_to() {
    let home = folder();
    let [open, safe] = ["open", "safe"].map(|name| home.path().join(name));
    for folder in [&open, &safe] {
        fs::create_dir(folder).unwrap();
        fs::copy(connector("good"), folder.join("connector.so")).unwrap();
    }
    std::os::unix::fs::symlink(open.join("connector.so"), safe.join("link.so")).unwrap();
    std::os::unix::fs::symlink(safe.join("connector.so"), open.join("link.so")).unwrap();
    set_mode(&open, 0o777);
    let writable = open.canonicalize().unwrap().display().to_string();
    for link in [&open, &safe] {
        assert_refusal!(refusal_of(&link.join("link.so")), Writable, &writable);
    }
}

/// Only the folders above the real file were checked: anyone could point the link elsewhere.
#[test]
fn a_folder_that_everyone_may_write_to_is_seen_behind_a_link_in_it() {
    let home = folder();
    let [open, safe] = ["srv", "opt"].map(|name| home.path().join(name));
    for folder in [&open, &safe] {
        fs::create_dir(folder).unwrap();
    }
    fs::copy(connector("good"), safe.join("connector.so")).unwrap();
    std::os::unix::fs::symlink(&safe, open.join("connectors")).unwrap();
    std::os::unix::fs::symlink(open.join("connectors"), home.path().join("enabled")).unwrap();
    set_mode(&open, 0o777);
    let writable = open.display().to_string();
    for named in [open.join("connectors"), home.path().join("enabled")] {
        let library = named.join("connector.so");
        assert_refusal!(refusal_of(&library), Writable, &writable, "(mode 0777)");
    }
    // Nobody but its owner can replace a link in a sticky folder.
    set_mode(&open, 0o1777);
    Library::load(&open.join("connectors/connector.so"), None).unwrap();
}
