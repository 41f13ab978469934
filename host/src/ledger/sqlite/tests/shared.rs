//! One file, several programs.

use super::*;

#[test]
fn several_programs_that_find_no_file_make_one() {
    let place = Place::new();
    let ledgers = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| place.open())).collect();
        let opened = opening.into_iter().map(|it| it.join().unwrap());
        opened.collect::<Vec<_>>()
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        claimed(&ledgers[0], "s").await;
        for ledger in &ledgers {
            assert_eq!(state(ledger, "s").await.name(), StateName::Claimed);
        }
    });
}

#[cfg(unix)]
#[tokio::test]
async fn a_ledger_is_private_and_so_is_a_folder_that_is_made_for_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/b/ledger.sqlite");
    let ledger = Ledger::sqlite(&path).unwrap();
    claimed(&ledger, "s").await;
    let folder = path.parent().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let names = files
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap());
    let expected = ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}
