//! Credentials from a program that the operator names: `[auth] command`.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{Credentials, CredentialsAnswer, CredentialsError, CredentialsRequest};
use crate::manifest::AuthCommand;
use crate::secret::Secret;

/// How long the program may take.
const TIME: Duration = Duration::from_secs(10);

/// The longest header that is taken: what servers take at most, and more.
const MAX_HEADER_BYTES: u64 = 64 * 1024;

/// A program that prints a user's `Authorization` header.
///
/// It gets the request as one JSON object on stdin, and prints one line; nothing if there is none for this user. Its
/// stderr is dropped, since it may hold secrets.
#[derive(Clone)]
pub(crate) struct CredentialsCommand {
    program: PathBuf,
    arguments: Vec<String>,
}

impl From<&AuthCommand> for CredentialsCommand {
    fn from(command: &AuthCommand) -> Self {
        Self {
            program: command.program.clone(),
            arguments: command.arguments.clone(),
        }
    }
}

impl CredentialsCommand {
    async fn run(&self, request: &CredentialsRequest) -> Result<Option<Secret>, CredentialsError> {
        let child = self
            .start()
            .map_err(|error| self.failed(&format!("cannot be started: {error}")))?;
        let ended = timeout(TIME, talk(child, request)).await;
        let ended = ended.map_err(|_| self.failed("took more than 10 s and was ended"))?;
        let (code, output) =
            ended.map_err(|error| self.failed(&format!("cannot be talked to: {error}")))?;
        // One that prints on ends by the pipe that is closed to it.
        if output.len() as u64 >= MAX_HEADER_BYTES {
            return Err(self.failed("printed more than 64 KiB"));
        }
        if code != Some(0) {
            let code = code.map_or("by a signal".to_owned(), |code| {
                format!("with exit code {code}")
            });
            return Err(self.failed(&format!("ended {code}")));
        }
        let output = String::from_utf8(output).map(Secret::new);
        let output = output.map_err(|_| self.failed("printed what is not UTF-8"))?;
        match output.expose().trim_end_matches(['\r', '\n']) {
            "" => Ok(None),
            header if header.contains(['\r', '\n']) => {
                Err(self.failed("printed more than one line"))
            }
            header => Ok(Some(Secret::from(header.to_owned()))),
        }
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            // The ledger's password is not for it.
            .env_remove("SWITCHBOARD_LEDGER")
            .env_remove("PGPASSWORD")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }

    /// The arguments may hold secrets and are not shown.
    fn failed(&self, what: &str) -> CredentialsError {
        CredentialsError::new(format!(
            "the command {} of [auth] {what}",
            self.program.display()
        ))
    }
}

impl Credentials for CredentialsCommand {
    fn auth_header<'a>(&'a self, request: &'a CredentialsRequest) -> CredentialsAnswer<'a> {
        Box::pin(self.run(request))
    }
}

/// Gives a program its request, and returns its exit code and what it printed.
async fn talk(
    mut child: Child,
    request: &CredentialsRequest,
) -> io::Result<(Option<i32>, Vec<u8>)> {
    let request = serde_json::to_vec(request)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // One that does not care about the request closes its stdin, or has ended by now.
            let _ = stdin.write_all(&request).await;
        }
    };
    let read = async {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            stdout
                .take(MAX_HEADER_BYTES)
                .read_to_end(&mut output)
                .await?;
        }
        Ok::<_, io::Error>(output)
    };
    let ((), output) = tokio::join!(write, read);
    let output = output?;
    Ok((child.wait().await?.code(), output))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn run(script: &str) -> Result<Option<String>, String> {
        let arguments = ["-c".to_owned(), script.to_owned()];
        let command = CredentialsCommand {
            program: "sh".into(),
            arguments: arguments.to_vec(),
        };
        let request = CredentialsRequest {
            crm: "acme".to_owned(),
            hostname: "a.example".to_owned(),
            user_id: "7".to_owned(),
        };
        let header = command.auth_header(&request).await;
        let header = header.map_err(|error| error.to_string())?;
        Ok(header.map(|header| header.expose().to_owned()))
    }

    #[tokio::test]
    async fn a_program_reads_the_request_and_prints_the_header() {
        let header = run("printf 'Bearer '; cat").await.unwrap().unwrap();
        assert_eq!(
            header,
            r#"Bearer {"crm":"acme","hostname":"a.example","userId":"7"}"#
        );
        assert_eq!(
            run("echo 'Bearer x'").await,
            Ok(Some("Bearer x".to_owned()))
        );
        assert_eq!(run("true").await, Ok(None));
    }

    #[tokio::test]
    async fn a_program_that_fails_gives_no_header_and_shows_nothing_of_itself() {
        for (script, reason) in [
            (
                "echo s3cret; echo s3cret >&2; exit 3",
                "ended with exit code 3",
            ),
            ("kill -9 $$", "ended by a signal"),
            ("echo s3cret; echo s3cret", "printed more than one line"),
            (r"printf '\377'", "printed what is not UTF-8"),
            (
                "head -c 70000 /dev/zero | tr '\\0' x",
                "printed more than 64 KiB",
            ),
        ] {
            let error = run(script).await.unwrap_err();
            assert_eq!(error, format!("the command sh of [auth] {reason}"));
        }
        let command = CredentialsCommand {
            program: "/no/such/program".into(),
            arguments: Vec::new(),
        };
        let request = CredentialsRequest {
            crm: String::new(),
            hostname: String::new(),
            user_id: String::new(),
        };
        let error = command.auth_header(&request).await.unwrap_err().to_string();
        assert!(
            error.starts_with("the command /no/such/program of [auth] cannot be started: "),
            "{error}"
        );
    }
}
