//! Compiles connectors as their authors do, with the compiler alone: what builds without a warning, what is refused
//! and in which words.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A connector's source; `EXPORT` stands where it exports itself.
const CONNECTOR: &str = include_str!("author/connector.rs");

const PLAIN: &str = "export_connector!(Acme, operations = [createCallLog]);";

#[test]
fn a_crate_that_forbids_unsafe_code_and_denies_every_lint_compiles() {
    let folder = folder("lints");
    fs::write(folder.join("settings.schema.json"), "{}").unwrap();
    for export in [
        PLAIN,
        "export_connector!(Acme, operations = [createCallLog,],);",
        "export_connector!(Acme, operations = [createCallLog], own_network = true);",
        r#"export_connector!(Acme, operations = [createCallLog], settings_schema = "settings.schema.json");"#,
        r#"export_connector!(
            Acme, operations = [createCallLog], settings_schema = "settings.schema.json", own_network = false,
        );"#,
    ] {
        let compiled = compile(&folder, export, &[]);
        assert_eq!(compiled, Ok(()), "{export}");
    }
}

#[test]
fn clippy_has_nothing_to_say_about_what_the_macro_adds() {
    let clippy = sysroot().join("bin").join("clippy-driver");
    if !clippy
        .with_extension(std::env::consts::EXE_EXTENSION)
        .exists()
    {
        println!("not checked: clippy is not installed");
        return;
    }
    let compiled = compile_with(clippy.as_os_str(), &folder("clippy"), PLAIN, &[]);
    assert_eq!(compiled, Ok(()));
}

#[test]
fn an_operation_that_the_sdk_does_not_know_is_refused_by_name() {
    let export = "export_connector!(Acme, operations = [createCallLog, createCallLogs]);";
    let errors = compile(&folder("operation"), export, &[]).unwrap_err();
    let expected = "unknown operation `createCallLogs`; this SDK knows: createCallLog, findCallLog";
    assert!(errors.contains(expected), "{errors}");
}

/// Compiled to code: the lack is seen where the look-up is called, which checking alone does not reach.
#[test]
fn a_look_up_that_is_exported_has_to_be_implemented() {
    const LOOK_UP: &str = "
        async fn find_call_log(&self, _: &CallContext, _: CallReference) -> Result<Found, Fault> {
            Ok(Found::none())
        }";
    let export = "export_connector!(Acme, operations = [createCallLog, findCallLog]);";
    let folder = folder("look-up");
    let with =
        |connector: &str| compile_source(&rustc(), &folder, connector, export, &["--emit=obj"]);
    let errors = with(CONNECTOR).unwrap_err();
    let expected = "findCallLog is exported, but Connector::find_call_log is not implemented";
    assert!(errors.contains(expected), "{errors}");

    let logs = "Ok(CallLogged::new(answer.text()))\n    }";
    assert!(CONNECTOR.contains(logs));
    let connector = CONNECTOR.replace(logs, &format!("{logs}\n{LOOK_UP}"));
    let connector = connector.replace(
        "CallLogged, Connector,",
        "CallLogged, CallReference, Connector, Found,",
    );
    assert_eq!(with(&connector), Ok(()));
}

#[test]
fn settings_without_a_schema_are_refused_with_what_to_write() {
    let folder = folder("schemaless");
    fs::write(folder.join("settings.schema.json"), "{}").unwrap();
    let connector = CONNECTOR.replace(
        "type Settings = NoSettings;",
        "type Settings = std::collections::BTreeMap<String, String>;",
    );
    let connector = connector
        .replace("_: NoSettings", "_: Self::Settings")
        .replace("Fault, NoSettings,", "Fault,");
    let with = |export: &str| compile_source(&rustc(), &folder, &connector, export, &[]);
    let errors = with(PLAIN).unwrap_err();
    for part in [
        "a connector with settings is exported with their JSON Schema",
        r#"settings_schema = "settings.schema.json""#,
    ] {
        assert!(errors.contains(part), "{errors}");
    }
    let schema = r#"export_connector!(Acme, operations = [createCallLog], settings_schema = "settings.schema.json");"#;
    assert_eq!(with(schema), Ok(()));
}

/// A member that is added to a head would break the tests of every author who writes heads as literals.
#[test]
fn a_head_is_made_by_its_constructor_alone() {
    let head = "switchboard_connector_sdk::wire::ContextHead";
    let make = |how: &str| {
        let export = format!("{PLAIN}\n/// A head.\npub fn head() -> {head} {{ {head}{how} }}");
        compile(&folder("head"), &export, &[])
    };
    assert_eq!(make("::new(\"call-7\")"), Ok(()));
    let errors = make(" { attempt: 2, ..Default::default() }").unwrap_err();
    assert!(errors.contains("non-exhaustive"), "{errors}");
}

#[test]
fn aborting_on_panic_is_refused() {
    let errors = compile(&folder("abort"), PLAIN, &["-Cpanic=abort"]).unwrap_err();
    let expected = r#"a connector must be built with panic = "unwind""#;
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn a_settings_schema_that_is_missing_is_refused_by_name() {
    let export =
        r#"export_connector!(Acme, operations = [createCallLog], settings_schema = "none.json");"#;
    let errors = compile(&folder("schema"), export, &[]).unwrap_err();
    assert!(errors.contains("none.json"), "{errors}");
}

/// A schema larger than any that somebody writes; the compiler renders it one byte at a time.
#[test]
fn a_settings_schema_of_100_kb_compiles() {
    let folder = folder("large");
    let schema = format!(r#"{{"description": "{}"}}"#, "x".repeat(100_000));
    fs::write(folder.join("settings.schema.json"), schema).unwrap();
    let export = r#"export_connector!(Acme, operations = [createCallLog], settings_schema = "settings.schema.json");"#;
    assert_eq!(compile(&folder, export, &[]), Ok(()));
}

/// Makes an empty folder for one crate.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("author")
        .join(name);
    fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
    folder
}

/// Compiles the connector as a crate in `folder`; `Err` holds what the compiler says.
fn compile(folder: &Path, export: &str, flags: &[&str]) -> Result<(), String> {
    compile_with(&rustc(), folder, export, flags)
}

fn compile_with(
    compiler: &OsStr,
    folder: &Path,
    export: &str,
    flags: &[&str],
) -> Result<(), String> {
    compile_source(compiler, folder, CONNECTOR, export, flags)
}

fn compile_source(
    compiler: &OsStr,
    folder: &Path,
    connector: &str,
    export: &str,
    flags: &[&str],
) -> Result<(), String> {
    let source = folder.join("lib.rs");
    fs::write(&source, connector.replace("EXPORT", export)).expect("the folder is writable");
    let libraries = libraries();
    let output = Command::new(compiler)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--crate-name=acme",
            "--emit=metadata",
            "--color=never",
        ])
        .args(flags)
        .arg("-L")
        .arg(format!("dependency={}", libraries.display()))
        .arg("--extern")
        .arg(format!(
            "switchboard_connector_sdk={}",
            sdk_in(&libraries).display()
        ))
        .arg("--out-dir")
        .arg(folder)
        .arg(&source)
        .env("CARGO_MANIFEST_DIR", folder)
        .env("CARGO_PKG_NAME", "acme")
        .env("CARGO_PKG_VERSION", "1.0.0")
        .env("CARGO_PKG_DESCRIPTION", "The \"Acme\" CRM")
        .env("CARGO_PKG_AUTHORS", "A:B")
        .env("CARGO_PKG_LICENSE", "MIT")
        .output()
        .expect("the compiler that built this test runs");
    if output.status.success() && output.stderr.is_empty() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

/// The folder of the toolchain.
fn sysroot() -> PathBuf {
    let output = Command::new(rustc()).args(["--print", "sysroot"]).output();
    let printed = output
        .expect("the compiler that built this test runs")
        .stdout;
    String::from_utf8_lossy(&printed).trim().into()
}

/// The folder in which Cargo has put this test and the libraries that it was built with.
fn libraries() -> PathBuf {
    let this = std::env::current_exe().expect("a running test has a path");
    let folder = this.parent().expect("a file is in a folder");
    folder.to_owned()
}

/// The SDK that was built last, which is the one that this test was built with.
fn sdk_in(libraries: &Path) -> PathBuf {
    let files = fs::read_dir(libraries).expect("the folder of this test is readable");
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    let sdks = paths.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libswitchboard_connector_sdk-") && name.ends_with(".rlib")
    });
    let last = sdks.max_by_key(|path| fs::metadata(path).and_then(|file| file.modified()).ok());
    last.expect("Cargo builds the SDK before its tests")
}
