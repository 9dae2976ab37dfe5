//! A proxy in front of LocalStack that holds calls or has them fail.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::localstack;

/// The proxy. Its threads end with the test program.
pub struct FaultyAws {
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    faults: Mutex<Faults>,
    changed: Condvar,
}

#[derive(Default)]
struct Faults {
    fault: Option<Fault>,
    /// How many calls have met the fault.
    met: usize,
}

/// What becomes of the calls of one action, after some that succeed.
#[derive(Clone, Copy)]
struct Fault {
    action: &'static str,
    spared: usize,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// They are executed once the fault is over.
    Hold,
    /// AWS has an internal error, which may pass.
    Fail,
    /// A quota is exceeded, which does not pass.
    ExceedQuota,
}

impl FaultyAws {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::new(Shared::default());
        let faults = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let faults = faults.clone();
                // A client that has gone needs no answer.
                std::thread::spawn(move || drop(faults.serve(client)));
            }
        });
        FaultyAws {
            url: format!("http://{address}"),
            shared,
        }
    }

    /// From now on, this happens to the calls of an action, after so many that succeed.
    pub fn order(&self, action: &'static str, spared: usize, what: What) {
        let fault = Some(Fault {
            action,
            spared,
            what,
        });
        *self.shared.lock() = Faults { fault, met: 0 };
    }

    /// Ends the fault. What is held is executed.
    pub fn end_fault(&self) {
        self.shared.lock().fault = None;
        self.shared.changed.notify_all();
    }

    /// Waits until this many calls have met the fault.
    pub fn wait_for(&self, number: usize) {
        let started = Instant::now();
        while self.shared.lock().met < number {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(60), "there are fewer");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what happens to a call; waits as long as it is held.
    fn meet(&self, action: &str) -> Option<What> {
        let mut faults = self.lock();
        let what = match &mut faults.fault {
            Some(fault) if fault.action == action && fault.spared > 0 => {
                fault.spared -= 1;
                return None;
            }
            Some(fault) if fault.action == action => fault.what,
            _ => return None,
        };
        faults.met += 1;
        if what != What::Hold {
            return Some(what);
        }
        let is_held = |faults: &mut Faults| faults.fault.is_some();
        let ended = self.changed.wait_while(faults, is_held);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
        None
    }

    /// Answers one request, and closes the connection.
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let (mut head, mut action, mut length) = (String::new(), String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => action = value.replace("secretsmanager.", ""),
                "content-length" => length = value.parse().map_err(io::Error::other)?,
                "connection" => continue,
                _ => {}
            }
            if line.trim_end().is_empty() {
                break;
            }
            head += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let error = match self.meet(&action) {
            Some(What::Fail) => (500, "InternalServiceError"),
            Some(_) => (400, "LimitExceededException"),
            None => {
                let address = localstack::endpoint().replace("http://", "");
                let mut server = TcpStream::connect(address.replace("localhost", "127.0.0.1"))?;
                write!(server, "{head}Connection: close\r\n\r\n")?;
                server.write_all(&body)?;
                io::copy(&mut server, &mut client)?;
                return Ok(());
            }
        };
        let (status, exception) = error;
        let answer = format!("{{\"__type\":\"{exception}\",\"message\":\"made up\"}}");
        write!(
            client,
            "HTTP/1.1 {status} Error\r\nContent-Type: application/x-amz-json-1.1\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
    }
}
