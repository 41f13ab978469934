//! Tries what a connector may not do before anybody has called it: in a constructor, which the system's loader runs. Each
//! call reports what became of that as its `logId`.

#![cfg(target_os = "linux")]
#![expect(
    unsafe_code,
    reason = "only an entry of .init_array runs while a library is loaded"
)]

use std::io::{self, Write};
use std::{fs, net::TcpStream, process::Command, sync::OnceLock, thread};

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

/// What became of each attempt.
static GAINS: OnceLock<String> = OnceLock::new();

// SAFETY (link_section): the loader calls every entry of this section once, as a C function without arguments that it
// needs to read.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = construct;

extern "C" fn construct() {
    // So that it shows where nobody gets to call it.
    let _ = writeln!(io::stderr(), "constructed");
    let attempts = [
        ("thread", thread::Builder::new().spawn(|| ()).map(drop)),
        // Nobody listens there: whoever may connect is refused by the peer.
        ("connect", TcpStream::connect("127.0.0.1:9").map(drop)),
        ("shell", Command::new("/bin/true").status().map(drop)),
        ("passwd", fs::read("/etc/passwd").map(drop)),
    ];
    let gains = attempts.map(|(name, gain)| format!("{name} {}", described(gain)));
    // Nobody else sets it.
    let _ = GAINS.set(gains.join(", "));
}

fn described(gain: io::Result<()>) -> String {
    match gain {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => "denied".to_owned(),
        Err(error) => error.to_string(),
        Ok(()) => "done".to_owned(),
    }
}

struct EvilConstructor;

impl Connector for EvilConstructor {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new(GAINS.get().map_or("never ran", |it| it)))
    }
}

export_connector!(EvilConstructor, operations = [createCallLog]);
