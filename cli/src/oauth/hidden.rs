//! A secret that is typed at the terminal, and not shown.

use std::io;

/// Asks for a line that is not shown. If the returned future is dropped, as it is at Ctrl-C, the terminal
/// shows again what is typed.
pub async fn read_line(prompt: &'static str) -> io::Result<String> {
    // Before the prompt: nothing that follows it is shown. On this thread, so that there is one order
    // with the end of the program.
    let _quiet = echo::Off::new()?;
    let read = tokio::task::spawn_blocking(move || {
        use io::{BufRead, Write};
        let mut stderr = io::stderr();
        stderr.write_all(prompt.as_bytes())?;
        stderr.flush()?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line)
    });
    read.await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(unix)]
mod echo {
    use std::io::{self, Write};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// The terminal as it was, while it does not show what is typed.
    pub struct Off(Termios);

    impl Off {
        pub fn new() -> io::Result<Self> {
            let former = tcgetattr(io::stdin())?;
            let mut quiet = former.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
            Ok(Off(former))
        }
    }

    impl Drop for Off {
        fn drop(&mut self) {
            // A terminal that is gone needs no restoring.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
            // The line break that was typed was not shown.
            let _ = io::stderr().write_all(b"\n");
        }
    }
}

#[cfg(not(unix))]
mod echo {
    /// Hiding what is typed is implemented for Unix only.
    pub struct Off;

    impl Off {
        pub fn new() -> std::io::Result<Self> {
            let problem = "what is typed cannot be hidden on this system: set ZOHO_CLIENT_SECRET, and give \
                           the code on standard input";
            Err(std::io::Error::new(
                std::io::ErrorKind::Unsupported,
                problem,
            ))
        }
    }
}
