//! The example that embeds the host, as a process with real clients.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{Running, Workplace, example_program};

/// No call takes longer than this, a connector that is killed and its successor included.
const SOON: Duration = Duration::from_secs(60);

/// A running gateway.
pub struct Gateway {
    /// The process.
    pub running: Running,
    /// Who speaks to it.
    pub client: Client,
}

/// Logs calls through a gateway. Copies are the same client.
#[derive(Debug, Clone, Copy)]
pub struct Client(SocketAddr);

/// A call whose answer is still to come. Dropping it hangs up.
pub struct Pending(TcpStream);

impl Gateway {
    /// Starts a gateway on a free port, which is killed after a minute.
    ///
    /// # Errors
    ///
    /// It cannot be built, or ends at once; the message shows why.
    pub fn start(place: &Workplace) -> Result<Self> {
        Self::start_for(place, Duration::from_secs(60))
    }

    /// As [`start`](Gateway::start), with this time to live.
    ///
    /// # Errors
    ///
    /// As [`start`](Gateway::start).
    pub fn start_for(place: &Workplace, time: Duration) -> Result<Self> {
        let mut command = Command::new(example_program("switchboard-host", "gateway")?);
        command.arg("127.0.0.1:0");
        command.args([place.manifests(), place.connectors()]);
        let running = place.invocation(command).timeout(time).start()?;
        let line = running.until_stderr("listening on ")?;
        let address = line.rsplit_once(' ').map(|(_, address)| address.parse());
        let address = address.context("the gateway names no address")??;
        let client = Client(address);
        Ok(Self { running, client })
    }
}

impl Client {
    /// Sends a call.
    ///
    /// # Errors
    ///
    /// The gateway does not listen.
    pub fn send(self, crm: &str, input: &Value) -> Result<Pending> {
        let mut stream = TcpStream::connect(self.0).context("the gateway does not listen")?;
        let (host, input) = (self.0, input.to_string());
        let head = format!(
            "POST /crm/{crm}/calls HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            input.len()
        );
        stream.write_all((head + &input).as_bytes())?;
        Ok(Pending(stream))
    }

    /// Logs a call; returns status and body of the answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Client::send) and [`Pending::receive`].
    pub fn log(self, crm: &str, input: &Value) -> Result<(u16, Value)> {
        self.send(crm, input)?.receive()
    }
}

impl Pending {
    /// Waits for the answer and returns its status and body.
    ///
    /// # Errors
    ///
    /// None comes within a minute, or something else than JSON.
    pub fn receive(mut self) -> Result<(u16, Value)> {
        self.0.set_read_timeout(Some(SOON))?;
        let mut answer = String::new();
        let read = self.0.read_to_string(&mut answer);
        read.context("the gateway does not answer")?;
        let status = answer.split(' ').nth(1).context("no status was answered")?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .context("no body was answered")?;
        Ok((status.parse()?, serde_json::from_str(body)?))
    }
}
