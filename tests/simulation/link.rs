//! One life of a process: from its start until it ends or crashes.

use tokio::sync::watch;

/// What connects a process to AWS.
#[derive(Debug)]
pub struct Link {
    pub name: String,
    crashed: watch::Sender<bool>,
}

impl Link {
    pub fn new(name: &str) -> Self {
        Link {
            name: name.to_owned(),
            crashed: watch::Sender::new(false),
        }
    }

    /// Ends the process at once: nothing that it has begun goes on, and it sends nothing more.
    pub fn crash(&self) {
        self.crashed.send_replace(true);
    }

    pub fn has_crashed(&self) -> bool {
        *self.crashed.borrow()
    }

    /// Waits until the process crashes.
    pub async fn crashed(&self) {
        let mut crashed = self.crashed.subscribe();
        // The sender lives as long as this.
        let _ = crashed.wait_for(|crashed| *crashed).await;
    }
}
