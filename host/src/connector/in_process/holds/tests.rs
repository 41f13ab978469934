use std::cell::RefCell;
use std::io::{self, Write};
use std::task::{Context, Poll, Waker};

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::connector::in_process::watched::Watched;

/// What was logged, as the text format writes it.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// Returns the lines since the last time.
    fn lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A connector and its watchdog, whose time stands still.
struct Scene {
    holds: Arc<Holds>,
    now: u64,
    written: Written,
}

impl Scene {
    fn new() -> Self {
        let (watchdog, _) = Watchdog::new();
        Self {
            holds: Holds::new("acme", "acme-connector", &watchdog),
            now: watchdog.clock().now(),
            written: Written::default(),
        }
    }

    fn call(&self) -> Working {
        self.holds.begin(Kind::Call("call-1".to_owned()))
    }

    /// Looks so long after everything began, and returns what was logged.
    fn look_after(&self, n_looks: u64) -> Vec<String> {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(self.written.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        let look = || self.holds.look(self.now + n_looks);
        tracing::subscriber::with_default(subscriber, look);
        self.written.lines()
    }
}

#[test]
fn a_thread_that_is_held_for_a_second_is_reported_once() {
    let scene = Scene::new();
    let call = scene.call();
    let held = call.hold();
    assert_eq!(scene.look_after(TOO_LONG - 1), [""; 0]);
    let lines = scene.look_after(TOO_LONG);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "WARN",
        "held a thread for more than 1 s in a call",
        "ask its author",
        r#"crm="acme""#,
        r#"connector="acme-connector""#,
        r#"call_id="call-1""#,
    ] {
        assert!(lines[0].contains(part), "{part} is missing in {}", lines[0]);
    }
    assert_eq!(scene.look_after(TOO_LONG + 1), [""; 0]);
    assert_eq!(scene.look_after(100 * TOO_LONG), [""; 0]);
    drop(held);
    assert_eq!(scene.look_after(200 * TOO_LONG), [""; 0]);
}

#[test]
fn the_next_thread_that_is_held_is_reported_again() {
    let mut scene = Scene::new();
    let (watchdog, _) = Watchdog::new();
    scene.holds = Holds::new("acme", "acme-connector", &watchdog);
    let call = scene.call();
    let hold = |scene: &Scene| {
        let _held = call.hold();
        scene.look_after(TOO_LONG).len()
    };
    assert_eq!(hold(&scene), 1);
    scene.now = watchdog.clock().advance();
    assert_eq!(hold(&scene), 1);
}

#[test]
fn openings_and_drops_are_named_and_have_no_call() {
    let scene = Scene::new();
    let opening = scene.holds.begin(Kind::Opening);
    let dropping = scene.holds.begin(Kind::Dropping);
    let _held = [opening.hold(), dropping.hold()];
    let lines = scene.look_after(TOO_LONG);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("more than 1 s while it opens: "));
    assert!(lines[1].contains("more than 1 s while it is closed: "));
    assert!(lines.iter().all(|line| !line.contains("call_id")));
}

/// Lets time go on until so many looks after everything began.
fn wait_until(scene: &Scene, n_looks: u64) {
    while scene.holds.watchdog.clock().now() < scene.now + n_looks {
        scene.holds.watchdog.clock().advance();
    }
}

#[test]
fn a_thread_that_is_held_for_a_second_after_its_call_was_given_up_is_lost() {
    // When the connector got its thread, when the call was given up, when somebody looks, and whether it is lost then.
    let table = [
        ("nobody gave it up", 0, None, 100, false),
        ("given up just now", 0, Some(100), 100, false),
        ("not yet a second", 0, Some(100), 99 + TOO_LONG, false),
        ("a second", 0, Some(100), 100 + TOO_LONG, true),
        ("taken after that", 100, Some(0), 99 + TOO_LONG, false),
        (
            "taken after that, a second",
            100,
            Some(0),
            100 + TOO_LONG,
            true,
        ),
    ];
    for (name, held_at, given_up_at, look_at, is_lost) in table {
        let scene = Scene::new();
        let call = scene.call();
        let mut held = None;
        for n_looks in 0..=100 {
            wait_until(&scene, n_looks);
            if n_looks == held_at {
                held = Some(call.hold());
            }
            if Some(n_looks) == given_up_at {
                call.piece().give_up();
            }
        }
        scene.look_after(look_at);
        let n_lost = scene.holds.n_lost.load(Ordering::Relaxed);
        assert_eq!(n_lost, usize::from(is_lost), "{name}");
        drop(held);
    }
}

#[test]
fn the_second_lost_thread_is_one_too_many_for_good() {
    let scene = Scene::new();
    let calls = [scene.call(), scene.call(), scene.call()];
    let mut held: Vec<_> = calls.iter().map(Working::hold).collect();
    scene.look_after(TOO_LONG);
    assert!(!scene.holds.has_lost_too_many(), "nobody gave them up");

    calls[0].piece().give_up();
    assert_eq!(scene.look_after(TOO_LONG), [""; 0]);
    assert_eq!(scene.look_after(2 * TOO_LONG), [""; 0]);
    assert!(!scene.holds.has_lost_too_many(), "one thread may be lost");

    calls[1].piece().give_up();
    let lines = scene.look_after(TOO_LONG);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the CRM is disabled: the connector blocks"));
    assert!(scene.holds.has_lost_too_many());

    calls[2].piece().give_up();
    assert_eq!(scene.look_after(2 * TOO_LONG), [""; 0]);
    held.clear();
    assert_eq!(scene.look_after(3 * TOO_LONG), [""; 0]);
    assert!(scene.holds.has_lost_too_many());
}

#[test]
fn a_thread_that_comes_back_after_it_was_lost_has_counted() {
    let scene = Scene::new();
    let lose = || {
        let call = scene.call();
        let _held = call.hold();
        call.piece().give_up();
        scene.look_after(TOO_LONG);
    };
    lose();
    assert!(!scene.holds.has_lost_too_many());
    scene.look_after(100 * TOO_LONG);
    assert!(!scene.holds.has_lost_too_many(), "no thread is held");
    lose();
    assert!(scene.holds.has_lost_too_many());
}

#[test]
fn a_call_that_was_given_up_and_holds_no_thread_costs_none() {
    let scene = Scene::new();
    let calls = [scene.call(), scene.call(), scene.call()];
    for call in &calls {
        drop(call.hold());
        call.piece().give_up();
    }
    let [first, second, _] = &calls;
    let held = first.hold();
    drop(second.hold());
    scene.look_after(TOO_LONG);
    assert!(!scene.holds.has_lost_too_many());
    drop(held);
    drop(calls);
    assert!(scene.holds.work().pieces.is_empty());
}

/// Says whether a thread is held, when it is polled and when it is dropped.
struct Witness<'a> {
    holds: Arc<Holds>,
    seen: &'a RefCell<Vec<&'static str>>,
}

impl Witness<'_> {
    fn note(&self, when: &'static str) {
        if self.holds.overdue(u64::MAX).len() == 1 {
            self.seen.borrow_mut().push(when);
        }
    }
}

impl Future for Witness<'_> {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.note("polled");
        Poll::Pending
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.note("dropped");
    }
}

#[test]
fn what_is_watched_holds_its_thread_while_it_is_polled_and_dropped() {
    let scene = Scene::new();
    let seen = RefCell::default();
    let holds = Arc::clone(&scene.holds);
    let witness = Witness { holds, seen: &seen };
    let mut watched = Watched::new(witness, scene.call());
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        std::pin::Pin::new(&mut watched)
            .poll(&mut context)
            .is_pending()
    );
    assert_eq!(scene.holds.overdue(u64::MAX).len(), 0, "between two polls");
    drop(watched);
    assert_eq!(*seen.borrow(), ["polled", "dropped"]);
    assert!(scene.holds.work().pieces.is_empty());
}
