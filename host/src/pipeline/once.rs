//! Work that is done once, whoever waits for it.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Work that is started by whoever needs it first and runs to its end, also if all who wait for it go away.
#[derive(Debug)]
pub(super) struct Once<T>(Mutex<Option<watch::Receiver<Option<T>>>>);

/// The work ended without a result: it panicked.
#[derive(Debug)]
pub(super) struct Panicked;

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Once<T> {
    /// Starts the work on the current runtime, unless somebody has, and waits for its result.
    pub(super) async fn get<W>(&self, work: impl FnOnce() -> W) -> Result<T, Panicked>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut result = self.start(work);
        ended(&mut result).await
    }

    /// Waits for the result, if somebody has started the work.
    pub(super) async fn if_started(&self) -> Option<Result<T, Panicked>> {
        let mut result = self.started()?;
        Some(ended(&mut result).await)
    }

    fn start<W>(&self, work: impl FnOnce() -> W) -> watch::Receiver<Option<T>>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        started
            .get_or_insert_with(|| {
                let (sender, receiver) = watch::channel(None);
                let work = work();
                tokio::spawn(async move { sender.send_replace(Some(work.await)) });
                receiver
            })
            .clone()
    }

    fn started(&self) -> Option<watch::Receiver<Option<T>>> {
        let started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        started.clone()
    }
}

async fn ended<T: Clone>(result: &mut watch::Receiver<Option<T>>) -> Result<T, Panicked> {
    let ended = result.wait_for(Option::is_some).await;
    let ended = ended.map_err(|_| Panicked)?;
    ended.clone().ok_or(Panicked)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn work_is_done_once_and_goes_on_without_whoever_started_it() {
        let (once, go, n_done) = (
            Arc::new(Once::default()),
            Arc::new(Notify::new()),
            Arc::new(AtomicUsize::new(0)),
        );
        assert!(once.if_started().await.is_none());
        let work = || {
            let (go, n_done) = (Arc::clone(&go), Arc::clone(&n_done));
            async move {
                go.notified().await;
                n_done.fetch_add(1, Ordering::Relaxed) + 1
            }
        };
        {
            let waiting = once.get(work);
            tokio::pin!(waiting);
            let has_started = tokio::select! {
                biased;
                _ = &mut waiting => false,
                () = std::future::ready(()) => true,
            };
            assert!(has_started);
        }
        go.notify_one();
        assert_eq!(once.if_started().await.unwrap().unwrap(), 1);
        assert_eq!(once.get(work).await.unwrap(), 1);
        assert_eq!(n_done.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn work_that_panics_keeps_nobody_waiting() {
        let once = Once::<()>::default();
        let panicking = || async { panic!("out of order") };
        once.get(panicking).await.unwrap_err();
        once.if_started().await.unwrap().unwrap_err();
    }
}
