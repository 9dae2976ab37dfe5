//! An HTTP server between the function and LocalStack that passes everything on and takes down which calls it
//! has seen.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::http::Message;

/// The server. It runs until the process ends.
pub struct Relay {
    endpoint: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    /// A server before this endpoint.
    pub fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the port is bound");
        let upstream = upstream
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let calls = Arc::new(Mutex::new(Vec::new()));
        thread::spawn({
            let calls = calls.clone();
            move || {
                for connection in listener.incoming().flatten() {
                    let (upstream, calls) = (upstream.clone(), calls.clone());
                    // A client that goes away is none of the server's business.
                    thread::spawn(move || serve(connection, &upstream, &calls));
                }
            }
        });
        Relay {
            endpoint: format!("http://{address}"),
            calls,
        }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The calls since the last time, for example `GetSecretValue`.
    pub fn take(&self) -> Vec<String> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *calls)
    }
}

/// Serves one request; the next one comes on a connection of its own.
fn serve(mut client: TcpStream, upstream: &str, calls: &Mutex<Vec<String>>) -> io::Result<()> {
    let request = Message::read(&mut client)?;
    let call = request
        .header("x-amz-target")
        .trim_start_matches("secretsmanager.")
        .to_owned();
    calls
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(call);
    let mut upstream = TcpStream::connect(upstream)?;
    request.write(&mut upstream)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    client.write_all(&answer)
}
