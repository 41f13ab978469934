//! A PostgreSQL server of a test's own, thrown away after it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// The user of the server, who owns everything in it.
const USER: &str = "switchboard";

/// The user's password: tests look for it where no secret may be.
const PASSWORD: &str = "pl4nted-p4ssword";

/// What the server says once it can be used.
const READY: &str = "database system is ready to accept connections";

/// Runs the server for as long as its own input is open, so that no server outlives a test, however that ends. A line
/// names the signal of an orderly end; without one the folder goes as well.
const GUARDIAN: &str = r#"
folder=$1; shift
"$@" &
server=$!
exec 2>/dev/null
if read -r signal; then kill -"$signal" $server; wait $server; else kill -QUIT $server; wait $server; rm -rf "$folder"; fi
"#;

/// A PostgreSQL server on a free port of this machine, in a folder of its own. Dropping it ends it and removes the
/// folder.
///
/// It forgets what the system has not written when the power fails (`fsync = off`), and nothing when it is killed.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    account: Option<Account>,
    port: u16,
    server: Mutex<Option<Child>>,
    n_databases: AtomicUsize,
}

/// Who runs the server: it refuses to be run by root.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// Starts a server; `None` where PostgreSQL is not installed, which stderr then says whatever the test prints.
    ///
    /// # Errors
    ///
    /// It is installed and cannot be started.
    pub fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            let needed = std::env::var_os("SWITCHBOARD_TESTS_NEED_POSTGRESQL");
            ensure!(
                needed.is_none(),
                "PostgreSQL is not installed, and has to be here"
            );
            let told = "SKIPPED: this test needs a PostgreSQL server (Debian: apt-get install postgresql)\n";
            // Past the capturing of tests, which takes only what the macros print.
            std::io::stderr().write_all(told.as_bytes())?;
            return Ok(None);
        };
        let folder = tempfile::Builder::new()
            .prefix("switchboard-postgres-")
            .tempdir()?;
        let postgres = Self {
            account: account()?,
            port: free_port()?,
            programs,
            folder,
            server: Mutex::new(None),
            n_databases: AtomicUsize::new(0),
        };
        postgres.give_away(postgres.folder.path())?;
        postgres.make_cluster()?;
        postgres.start_again()?;
        Ok(Some(postgres))
    }

    /// Returns the URL of the database `postgres`, with user and password, without encryption.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes an empty database and returns its URL, as [`url`](Self::url).
    ///
    /// # Errors
    ///
    /// The server does not make it.
    pub fn new_database(&self) -> Result<String> {
        let number = self.n_databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql(&format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// Returns the port on 127.0.0.1; it stays the same.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the password of the user in [`url`](Self::url).
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Carries out SQL in the database `postgres`, and returns what `psql` prints of it: rows without a frame.
    ///
    /// # Errors
    ///
    /// It fails, with what `psql` says.
    pub fn sql(&self, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--command", sql])
            .arg(self.url());
        printed(&mut psql)
    }

    /// Writes a file that only the server may read, and returns its path.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_file(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        self.give_away(&path)?;
        Ok(path)
    }

    /// Adds lines to the server's settings, and starts it again with them.
    ///
    /// # Errors
    ///
    /// The server does not start with them.
    pub fn configure(&self, lines: &str) -> Result<()> {
        let path = self.data().join("postgresql.conf");
        let mut file = fs::OpenOptions::new().append(true).open(path)?;
        writeln!(file, "{lines}")?;
        self.stop()?;
        self.start_again()
    }

    /// Ends the server, which cuts all connections. [`start_again`](Self::start_again) goes on with its data.
    ///
    /// # Errors
    ///
    /// It cannot be told or waited for.
    pub fn stop(&self) -> Result<()> {
        self.end(b"INT\n")
    }

    /// Ends the server at once, as a crash would.
    ///
    /// # Errors
    ///
    /// It cannot be told or waited for.
    pub fn crash(&self) -> Result<()> {
        self.end(b"QUIT\n")
    }

    /// Starts a server that was stopped, on the same port with the same data, and waits until it can be used.
    ///
    /// # Errors
    ///
    /// It does not start, with what it said.
    pub fn start_again(&self) -> Result<()> {
        let mut command = self.command("sh");
        command.args(["-c", GUARDIAN, "sh"]).arg(self.folder.path());
        command.arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.data());
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut server = command.stderr(Stdio::piped()).spawn()?;
        let log = server.stderr.take().context("its stderr is piped")?;
        if let Err(error) = wait_until_ready(log) {
            // Closes the guardian's input first.
            server.wait()?;
            return Err(error);
        }
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        Ok(())
    }

    fn make_cluster(&self) -> Result<()> {
        let password = self.write_file("password", PASSWORD)?;
        let mut initdb = self.command(self.programs.join("initdb"));
        initdb.arg("--pgdata").arg(self.data());
        initdb.args(["--username", USER, "--auth", "scram-sha-256"]);
        initdb.args(["--encoding", "UTF8", "--no-locale", "--no-sync"]);
        initdb.arg("--pwfile").arg(password);
        printed(&mut initdb)?;
        let settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
             fsync = off\nmax_connections = 300\nshared_buffers = 32MB\n",
            self.port,
            self.folder.path().display()
        );
        let path = self.data().join("postgresql.conf");
        let mut file = fs::OpenOptions::new().append(true).open(path)?;
        Ok(file.write_all(settings.as_bytes())?)
    }

    fn end(&self, signal: &[u8]) -> Result<()> {
        let server = self
            .server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut server) = server else {
            return Ok(());
        };
        let mut guardian = server.stdin.take().context("its stdin is piped")?;
        guardian.write_all(signal)?;
        drop(guardian);
        server.wait()?;
        Ok(())
    }

    fn url_of(&self, database: &str) -> String {
        let port = self.port;
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Prepares a program of the server's account.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    fn give_away(&self, path: &Path) -> Result<()> {
        if let Some(Account { user, group }) = self.account {
            std::os::unix::fs::chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nothing more can be done about a server that does not end.
        let _ = self.end(b"");
    }
}

/// Returns the folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let search = std::env::var_os("PATH").unwrap_or_default();
    let elsewhere: Vec<_> = std::env::split_paths(&search).collect();
    let mut found: Vec<_> = versions.filter(|it| has_server(it)).collect();
    found.sort();
    found
        .pop()
        .or_else(|| elsewhere.into_iter().find(|it| has_server(it)))
}

fn has_server(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// Returns the account that the installation made, if this is root.
fn account() -> Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let id = |what| -> Result<u32> {
        let id = printed(Command::new("id").args([what, "postgres"]))?;
        Ok(id.trim().parse()?)
    };
    let (user, group) = (id("--user")?, id("--group")?);
    Ok(Some(Account { user, group }))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn printed(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{} failed: {said}",
        program.display()
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Reads the server's log until it can be used; the rest goes nowhere, so that it never waits for a reader.
fn wait_until_ready(log: impl Read + Send + 'static) -> Result<()> {
    let (mut log, mut said) = (BufReader::new(log), String::new());
    while !said.contains(READY) {
        if log.read_line(&mut said)? == 0 {
            bail!("the PostgreSQL server does not start: {said}");
        }
    }
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Ok(())
}
