//! A relay between a store and LocalStack that keeps connections open and can silence the open
//! ones, as happens to the connections of a suspended process.

use std::io;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::localstack;

/// The relay runs until it is dropped.
pub struct Relay {
    endpoint: String,
    deaths: watch::Sender<usize>,
    server: JoinHandle<()>,
}

impl Relay {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port should be free");
        let address = listener.local_addr().expect("the port should be bound");
        let deaths = watch::Sender::new(0);
        let death = deaths.subscribe();
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let mut death = death.clone();
                death.mark_unchanged();
                connections.spawn(async move {
                    // Errors of a client that disconnects do not matter.
                    let _ = relay(client, death).await;
                });
            }
        });
        Relay {
            endpoint: format!("http://{address}"),
            deaths,
            server,
        }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Silences all connections that are open now.
    pub fn silence_connections(&self) {
        self.deaths.send_modify(|deaths| *deaths += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn relay(mut client: TcpStream, mut death: watch::Receiver<usize>) -> io::Result<()> {
    let endpoint = localstack::endpoint().trim_start_matches("http://");
    let mut upstream = TcpStream::connect(endpoint.trim_end_matches('/')).await?;
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut upstream) => copied.map(drop),
        // The connection stays open but silent.
        _ = death.changed() => std::future::pending().await,
    }
}
