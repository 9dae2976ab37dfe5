//! Ctrl-C, and the signals that mean the same.

use std::future::Future;

#[cfg(unix)]
use futures::StreamExt;
#[cfg(unix)]
use futures::stream::FuturesUnordered;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::output::note;

/// Waits until the user presses Ctrl-C, or the program is asked to end by SIGTERM or SIGHUP.
#[cfg(unix)]
pub async fn pressed() {
    let kinds = [
        (SignalKind::interrupt(), true),
        (SignalKind::terminate(), is_taken(SignalKind::terminate())),
        (SignalKind::hangup(), is_taken(SignalKind::hangup())),
    ];
    let taken = kinds.into_iter().filter(|(_, is_taken)| *is_taken);
    // Without a handler, a signal ends the process as usual.
    let signals = taken.filter_map(|(kind, _)| signal(kind).ok());
    let signals = signals.map(|mut signal| Box::pin(async move { signal.recv().await }));
    let signals: FuturesUnordered<_> = signals.collect();
    match signals.is_empty() {
        true => std::future::pending().await,
        false => drop(signals.into_future().await),
    }
}

/// Whether a signal is not ignored, as SIGHUP is after `nohup`. Where that is not known, it is left as it
/// is.
#[cfg(unix)]
fn is_taken(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| {
        let mask = line.strip_prefix("SigIgn:")?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    mask.is_some_and(|mask| mask & (1 << (kind.as_raw_value() - 1)) == 0)
}

/// Waits until the user presses Ctrl-C.
#[cfg(not(unix))]
pub async fn pressed() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler, Ctrl-C ends the process as usual.
        std::future::pending::<()>().await;
    }
}

/// Runs a command until Ctrl-C is pressed. The store's operations can be dropped at any time.
pub async fn unless_pressed<T>(
    command: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    until_pressed(command, "interrupted: the same command can be repeated").await
}

async fn until_pressed<T>(
    command: impl Future<Output = Result<T, Failure>>,
    line: &str,
) -> Result<T, Failure> {
    tokio::select! {
        // First, so that Ctrl-C is listened for before the command does anything.
        biased;
        () = pressed() => Err(Failure::Interrupted(line.to_owned())),
        ended = command => ended,
    }
}

/// Runs what Zoho was asked for to its end: what it returns would be lost otherwise. The second Ctrl-C
/// ends it.
pub async fn finishing<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut command = std::pin::pin!(command);
    tokio::select! {
        ended = &mut command => return ended,
        () = pressed() => note("zoho-tokens: finishing a request to Zoho; press Ctrl-C again to stop"),
    }
    let line = "interrupted: what Zoho has issued or done may not be in the store";
    until_pressed(command, line).await
}
