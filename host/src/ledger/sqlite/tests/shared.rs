//! One file, several programs.

use super::*;

#[test]
fn of_many_programs_that_claim_one_call_exactly_one_gets_it() {
    let place = Place::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // All of them find no file.
    let ledgers: Vec<_> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| place.open())).collect();
        opening.into_iter().map(|it| it.join().unwrap()).collect()
    });
    runtime.block_on(async {
        for round in 0..20 {
            let session = round.to_string();
            let mut claims = tokio::task::JoinSet::new();
            for ledger in ledgers.iter().chain(&ledgers) {
                let (ledger, session) = (ledger.clone(), session.clone());
                claims.spawn(async move {
                    ledger
                        .claim(&key(&session), new_claim(&session))
                        .await
                        .unwrap()
                });
            }
            let claims = claims.join_all().await;
            let granted = claims.iter().filter(|it| matches!(it, Claim::Claimed(_)));
            assert_eq!(granted.count(), 1, "{claims:?}");
        }
    });
}

#[tokio::test]
async fn what_one_program_was_told_another_one_reads() {
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    let token = claimed(&one, "s").await;
    assert_eq!(
        other.read(&key("s")).await.unwrap(),
        one.read(&key("s")).await.unwrap()
    );
    other.fence(&key("s"), token).await.unwrap();
    one.fence(&key("s"), token).await.unwrap_err();
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
