//! The throw-away PostgreSQL server that other tests rely on.

#![cfg(unix)]

use std::{net::TcpStream, path::Path};

use switchboard_tests::Postgres;

#[test]
fn a_server_keeps_its_data_and_its_port_when_it_is_stopped_or_crashes() {
    let Some(postgres) = Postgres::start().unwrap() else {
        return;
    };
    let url = postgres.url();
    postgres.sql("CREATE TABLE kept (number INT)").unwrap();
    for end in [Postgres::stop, Postgres::crash] {
        end(&postgres).unwrap();
        TcpStream::connect(("127.0.0.1", postgres.port())).unwrap_err();
        postgres.start_again().unwrap();
        postgres.sql("INSERT INTO kept VALUES (7)").unwrap();
    }
    assert_eq!(postgres.sql("SELECT * FROM kept").unwrap(), "7\n7\n");
    assert_eq!(postgres.url(), url);
}

#[test]
fn nothing_is_left_of_a_server_that_is_dropped() {
    let Some(postgres) = Postgres::start().unwrap() else {
        return;
    };
    let data = postgres.sql("SHOW data_directory").unwrap();
    let (folder, port) = (Path::new(data.trim()).parent().unwrap(), postgres.port());
    assert!(folder.exists());
    drop(postgres);
    assert!(!folder.exists());
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
}

#[test]
fn settings_are_added_and_one_that_is_wrong_is_told() {
    let Some(postgres) = Postgres::start().unwrap() else {
        return;
    };
    postgres.configure("work_mem = '5MB'").unwrap();
    assert_eq!(postgres.sql("SHOW work_mem").unwrap(), "5MB\n");
    let refused = postgres.configure("nonsense = on").unwrap_err().to_string();
    assert!(refused.contains("nonsense"), "{refused}");
}
