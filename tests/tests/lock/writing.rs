//! What `switchboard lock` writes, and when it writes nothing.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use switchboard_host::Digest;
use switchboard_tests::{Output, program, workspace_root};

use super::Scene;

const SIGXFSZ: i32 = 25;

/// What the lock file says of the Example CRM's connector, and of those for other platforms.
const EXAMPLE: &str = "connector = \"switchboard-connector-example\"\nconnector_version = \"0.1.0\"\n\
                       abi = \"1.0.0\"\nsdk = \"1.0.0\"\n";
const FOREIGN: &str =
    "connector = \"acme\"\nconnector_version = \"1.2.0\"\nabi = \"1.0.0\"\nsdk = \"\"\n";

/// Returns the library for Windows or macOS.
fn foreign(name: &str) -> PathBuf {
    let folder = workspace_root().join("host/src/loader/tests/foreign");
    folder.join(name)
}

/// Returns an entry as the lock file has to hold it.
fn entry(crm: &str, platform: &str, library: &Path, connector: &str) -> String {
    let bytes = fs::read(library).unwrap();
    let name = library.file_name().unwrap().to_str().unwrap();
    format!(
        "\n[[library]]\ncrm = \"{crm}\"\nplatform = \"{platform}\"\nfile = \"../connectors/{name}\"\n\
         sha256 = \"{}\"\nsize = {}\n{connector}",
        Digest::of(&bytes),
        bytes.len(),
    )
}

/// Names the example's connector for this platform, and libraries for two others, one of them by a bare name.
fn enable_on_three_platforms(scene: &Scene, platform: &str) {
    for name in ["acme.dll", "libacme.dylib"] {
        let to = scene.stage.place.connectors().join(name);
        fs::copy(foreign(name), to).unwrap();
    }
    let manifest = format!(
        "manifest_version = 1\n[crm]\nname = \"everywhere\"\n[connector.library]\n\
         {platform} = \"switchboard_connector_example\"\nwindows-x86_64 = \"acme\"\n\
         macos-aarch64 = \"../connectors/libacme.dylib\"\n\
         [network]\nallowed_hosts = [\"127.0.0.1:*\"]\n[settings]\nbase_url = \"{}\"\n",
        scene.stage.crm.url()
    );
    let place = &scene.stage.place;
    place.write_manifest("everywhere", &manifest).unwrap();
}

#[test]
fn every_crm_has_an_entry_for_every_platform_of_its_manifest() {
    let scene = Scene::new();
    let platform = switchboard_host::Platform::host().to_string();
    enable_on_three_platforms(&scene, &platform);
    let output = scene.lock(&[]);
    let expected = format!("{}: 5 libraries\n", scene.lock_file().display());
    assert_eq!((output.code, output.stdout), (Some(0), expected));

    let place = |name: &str| scene.stage.place.connectors().join(name);
    let example = scene.library("switchboard_connector_example");
    let mut entries = [
        entry("everywhere", &platform, &example, EXAMPLE),
        entry(
            "everywhere",
            "macos-aarch64",
            &place("libacme.dylib"),
            FOREIGN,
        ),
        entry("everywhere", "windows-x86_64", &place("acme.dll"), FOREIGN),
        entry("example", "any", &example, EXAMPLE),
        entry("other", "any", &scene.library("other"), EXAMPLE),
    ];
    entries.sort();
    let expected = format!(
        "# Written by `switchboard lock`: the libraries that may be loaded. Do not edit.\nversion = 1\n{}",
        entries.concat(),
    );
    assert_eq!(fs::read_to_string(scene.lock_file()).unwrap(), expected);
    let mode = scene.lock_file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o444, 0o444, "other users read it, too");
    // This host takes its own platform's.
    assert!(
        scene
            .states()
            .iter()
            .all(|(_, state, locked, _)| state == "ready" && *locked)
    );
}

#[test]
fn the_same_libraries_make_the_same_file_from_any_folder() {
    let scene = Scene::new().locked();
    let first = fs::read(scene.lock_file()).unwrap();
    let program = program("switchboard-host", "switchboard").unwrap();
    let mut command = Command::new(program);
    command.args([
        "lock",
        "--manifests",
        "manifests",
        "--connectors",
        "./connectors",
    ]);
    let again = scene.stage.place.invocation(command).run().unwrap();
    assert_eq!(again.stdout, "manifests/switchboard.lock: 2 libraries\n");
    assert_eq!(again.code, Some(0));
    assert!(fs::read(scene.lock_file()).unwrap() == first);
}

/// Requires that all these are named, and that the lock file stays as it is.
fn assert_nothing_written(scene: &Scene, parts: &[&str]) {
    let before = fs::read(scene.lock_file()).ok();
    for arguments in [&[][..], &["--check"]] {
        let Output {
            code,
            stdout,
            stderr,
            ..
        } = scene.lock(arguments);
        assert_eq!((code, &*stdout), (Some(1), ""), "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part} is not in:\n{stderr}");
        }
    }
    assert!(fs::read(scene.lock_file()).ok() == before, "it was written");
}

#[test]
fn whatever_cannot_be_locked_is_named_at_once_and_nothing_is_written() {
    let scene = Scene::new();
    let manifests = scene.stage.place.manifests();
    let connectors = scene.stage.place.connectors();
    scene.add("cut", b"c");
    let whole = fs::read(scene.library("cut")).unwrap();
    fs::write(scene.library("cut"), &whole[..whole.len() / 2]).unwrap();
    scene.add("text", b"");
    fs::write(scene.library("text"), "a note").unwrap();
    scene.add("gone", b"");
    fs::remove_file(scene.library("gone")).unwrap();
    fs::copy(foreign("acme.dll"), connectors.join("linux.so")).unwrap();
    for (name, text) in [
        (
            "swapped",
            "[connector.library]\nlinux-x86_64-gnu = \"../connectors/linux.so\"\n",
        ),
        ("broken", "[connector]\nlibary = \"acme\"\n"),
    ] {
        let head = format!("manifest_version = 1\n[crm]\nname = \"{name}\"\n");
        fs::write(manifests.join(format!("{name}.toml")), head + text).unwrap();
    }
    assert_nothing_written(
        &scene,
        &[
            "cut on any cannot be locked:",
            "is cut short",
            "text on any cannot be locked:",
            "is not a connector library",
            "gone on any cannot be locked:",
            "is in none of these places",
            "swapped on linux-x86_64-gnu cannot be locked:",
            "linux.so was built for windows-x86_64; name the library for linux-x86_64-gnu in the manifest",
            "broken.toml cannot be locked:",
            "did you mean `library`?",
            ": 5 of the manifests and libraries cannot be locked",
        ],
    );
    assert!(!scene.lock_file().exists());
}

#[test]
fn a_shared_library_that_is_no_connector_is_not_locked() {
    let scene = Scene::new().locked();
    let place = &scene.stage.place;
    let library = place.place_connector("faulty-plain-library").unwrap();
    fs::rename(library, scene.library("other")).unwrap();
    assert_nothing_written(&scene, &["other on any", "there is no .swbmeta section"]);
}

/// A writer that is killed in the middle of the file: the system does that to whoever writes past a limit.
#[test]
fn a_lock_whose_writer_is_killed_leaves_the_old_one() {
    let scene = Scene::new().locked();
    let old = fs::read(scene.lock_file()).unwrap();
    scene.add("third", b"t");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -f 0; exec \"$0\" \"$@\""]);
    command.arg(program("switchboard-host", "switchboard").unwrap());
    command.args(["lock", "--connectors", "connectors"]);
    let killed = scene.stage.place.invocation(command).run().unwrap();
    assert_eq!(killed.signal, Some(SIGXFSZ), "{killed:#?}");
    assert!(fs::read(scene.lock_file()).unwrap() == old);
    let [example, other, third] = &scene.states()[..] else {
        panic!("three CRMs");
    };
    assert!(example.2 && other.2 && !third.2);

    let scene = scene.locked();
    assert!(scene.states().iter().all(|(_, _, locked, _)| *locked));
}
