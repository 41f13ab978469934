//! Files that are none of a connector's business.

use std::{env, fs, io};

use crate::{Attempt, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 9] = [
    ("open-passwd", |_| read("/etc/passwd")),
    ("list-proc", |_| list("/proc")),
    ("list-root", |_| list("/")),
    ("read-own-memory-map", |_| read("/proc/self/maps")),
    ("read-parent-environment", |_| {
        read(&format!("/proc/{}/environ", system::parent()))
    }),
    ("read-parent-arguments", |_| {
        read(&format!("/proc/{}/cmdline", system::parent()))
    }),
    ("look-at-file", |_| {
        fs::metadata("/etc/passwd").map(|_| String::new())
    }),
    ("change-folder", |_| {
        env::set_current_dir("/").map(|()| String::new())
    }),
    ("write-file", |_| write()),
];

fn read(path: &str) -> io::Result<String> {
    let content = fs::read(path)?;
    Ok(if content.is_empty() {
        "nothing"
    } else {
        "read"
    }
    .to_owned())
}

fn list(path: &str) -> io::Result<String> {
    fs::read_dir(path)?.next().transpose()?;
    Ok(String::new())
}

fn write() -> io::Result<String> {
    let path = env::temp_dir().join(format!("hostile-{}", system::own()));
    fs::write(&path, "hostile")?;
    fs::remove_file(&path)?;
    Ok(String::new())
}
