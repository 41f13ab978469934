//! From a bare process to an open connector in a sandbox.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use abi_stable::std_types::RSlice;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::Pid;
use switchboard_abi::{RawConnectorBox, RawFault};
use switchboard_connector_sdk::Fault;

use super::calls::Calls;
use super::channel::Channel;
use super::proxy::{Proxy, Requests};
use super::threads::Threads;
use crate::connector::sandbox::{
    Enforced, Filter, Guards, allow_libraries, deny_files, die_with, prepare, probe,
};
use crate::connector::worker::frame::{Incoming, OPENING, PROTOCOL, ToHost, ToWorker};
use crate::connector::worker::hello::{Hello, Ready, Refused, RefusedBy};
use crate::error_chain::with_sources;
use crate::loader::Library;

/// What the host sent first.
pub(super) struct Greeting {
    library: OwnedFd,
    hello: Vec<u8>,
    open_input: Vec<u8>,
    incoming: Incoming,
}

/// An open connector, and what is to serve it.
pub(super) struct Opened {
    calls: Calls,
    threads: Threads,
    incoming: Incoming,
    ready: Vec<u8>,
}

/// The JSON that tells the host why a worker does not serve.
type Refusal = Vec<u8>;

impl Opened {
    pub(super) fn serve(self, channel: &Channel) {
        let Self {
            calls,
            threads,
            incoming,
            ready,
        } = self;
        // First of all: what comes next are calls.
        channel.send(&ToHost::Ready { ready });
        threads.serve(calls, incoming);
        // Its end would be that of the threads.
        std::mem::forget(threads);
    }
}

/// Takes over the socket to the host, and reads what it says first.
pub(super) fn meet_host() -> io::Result<(Channel, Greeting)> {
    let stdin = io::stdin();
    let socket = rustix::io::fcntl_dupfd_cloexec(stdin.as_fd(), 3)?;
    let library = receive_library(&socket)?;
    // A connector that reads its stdin finds nothing there.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let channel = Channel::new(socket);
    let mut incoming = Incoming::default();
    loop {
        if let Some((frame, _)) = incoming.next().map_err(io::Error::other)? {
            let ToWorker::Hello { hello, open_input } = frame else {
                return Err(io::Error::other(
                    "it begins with something else than a hello",
                ));
            };
            let greeting = Greeting {
                library,
                hello,
                open_input,
                incoming,
            };
            return Ok((channel, greeting));
        }
        if channel.read(&mut incoming)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn receive_library(socket: &OwnedFd) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut into = [IoSliceMut::new(&mut byte)];
    recvmsg(socket, &mut into, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let library = descriptors
        .next()
        .and_then(|mut descriptors| descriptors.next());
    library.ok_or_else(|| io::Error::other("no library came with it"))
}

/// Goes into the sandbox, loads the library on the way, and opens the connector.
pub(super) fn open(channel: &Arc<Channel>, greeting: Greeting) -> Result<Opened, Refusal> {
    let Greeting {
        library,
        hello,
        open_input,
        incoming,
    } = greeting;
    let hello = read_hello(&hello)?;
    let (threads, library, enforced) = enclose(channel, library, &hello).map_err(refused_here)?;
    if hello.sandbox_required {
        let enforced = enforced.check();
        enforced.map_err(|error| refused_here(error.to_string()))?;
    }
    let requests = Arc::new(Requests::new(Arc::clone(channel), hello.log_level));
    let opened = open_connector(&library, &requests, &open_input);
    let connector = opened.map_err(|fault| refused(RefusedBy::Connector, &fault))?;
    drop(open_input);
    let ready = serde_json::to_vec(&Ready { enforced });
    Ok(Opened {
        ready: ready.map_err(|error| refused_here(error.to_string()))?,
        calls: Calls::new(connector, requests, threads.polling()),
        threads,
        incoming,
    })
}

/// Reads the version before the rest, which another version may have changed.
fn read_hello(hello: &[u8]) -> Result<Hello, Refusal> {
    #[derive(serde::Deserialize)]
    struct Version {
        protocol: u32,
    }
    let read = |error: serde_json::Error| refused_here(error.to_string());
    let version: Version = serde_json::from_slice(hello).map_err(read)?;
    if version.protocol != PROTOCOL {
        return Err(refused_here(format!(
            "the worker program speaks version {PROTOCOL} of the workers' protocol, the host version {}; use programs \
             of one version",
            version.protocol
        )));
    }
    serde_json::from_slice(hello).map_err(read)
}

/// Closes the sandbox around this process, and loads the library when it is closed but for that.
fn enclose(
    channel: &Arc<Channel>,
    library: OwnedFd,
    hello: &Hello,
) -> Result<(Threads, Library, Enforced), String> {
    // Stacks count for the limit as a whole, used or not; the connector is to have all that the manifest says.
    let memory = hello.memory.saturating_add(Threads::stack_bytes());
    prepare(memory, &[channel.socket(), library.as_fd()])
        .map_err(failed("give up what it does not need"))?;
    let parent = Pid::from_raw(hello.parent).ok_or("the host has no process number")?;
    die_with(parent).map_err(failed("end with its host"))?;
    let threads = Threads::start(channel).map_err(failed("start its threads"))?;

    let landlock = allow_libraries(library.as_fd()).map_err(failed("close the file system"))?;
    let while_loading = Guards {
        landlock: threads.landlock().and(landlock),
        seccomp: apply(Filter::loading())?,
    };
    if hello.sandbox_required {
        let enforced = probe(while_loading).check();
        enforced.map_err(|error| error.to_string())?;
    }
    // Here the library's constructors run: what is not denied to them by now, is not denied.
    let library = Library::from_descriptor(library, Path::new(&hello.library));
    let library = library.map_err(|error| with_sources(&error))?;
    let landlock = deny_files().map_err(failed("close the file system"))?;
    let guards = Guards {
        landlock: threads.landlock().and(landlock),
        seccomp: apply(Filter::serving())?,
    };
    let mut enforced = probe(guards);
    let without_stacks = |bytes: u64| bytes.saturating_sub(Threads::stack_bytes());
    enforced.memory_bytes = enforced.memory_bytes.map(without_stacks);
    Ok((threads, library, enforced))
}

fn apply(filter: io::Result<Filter>) -> Result<bool, String> {
    let applied = filter.and_then(|filter| filter.apply());
    applied.map_err(failed("filter system calls"))
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> String {
    move |error| format!("the connector's process cannot {what}: {error}")
}

fn open_connector(
    library: &Library,
    requests: &Arc<Requests>,
    open_input: &[u8],
) -> Result<RawConnectorBox, RawFault> {
    let services = Proxy::new(requests, OPENING);
    let open = library.module().open();
    let opened = open(services.to_raw(), RSlice::from_slice(open_input));
    // A connector may keep the object, but not write outside its calls.
    services.close();
    opened.into_result()
}

fn refused(by: RefusedBy, fault: &RawFault) -> Refusal {
    let refused = Refused {
        by,
        code: fault.code,
        message: fault.message.to_string(),
    };
    // Texts and numbers can always be written.
    serde_json::to_vec(&refused).unwrap_or_default()
}

fn refused_here(message: impl Into<String>) -> Refusal {
    refused(RefusedBy::Worker, &Fault::internal(message.into()).into())
}
