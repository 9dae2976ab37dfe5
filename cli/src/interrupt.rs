//! Ctrl-C.

use std::future::Future;

use crate::failure::Failure;
use crate::output::note;

/// Waits until the user presses Ctrl-C.
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
    tokio::select! {
        // First, so that Ctrl-C is listened for before the command does anything.
        biased;
        () = pressed() => Err(Failure::Interrupted(
            "interrupted: the same command can be repeated".to_owned(),
        )),
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
    unless_pressed(command).await
}
