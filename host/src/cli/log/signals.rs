//! The signals that ask the program to end.

/// What asks the program to end, from the moment at which this is made.
pub(super) struct Signals {
    source: Source,
    have_come: bool,
}

impl Signals {
    pub(super) fn new() -> Self {
        Self {
            source: Source::new(),
            have_come: false,
        }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        self.source.next().await;
        self.have_come = true;
    }

    /// Whether one has been waited for and has come.
    pub(super) fn have_come(&self) -> bool {
        self.have_come
    }
}

/// SIGINT, SIGTERM and SIGHUP, in their order. Where the system gives no handlers, a signal ends the program.
#[cfg(unix)]
struct Source(Option<[tokio::signal::unix::Signal; 3]>);

#[cfg(unix)]
impl Source {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let all = || {
            Ok::<_, std::io::Error>([
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ])
        };
        Self(all().ok())
    }

    async fn next(&mut self) {
        let Some([interrupt, terminate, hangup]) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
