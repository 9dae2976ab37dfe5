//! What is logged, to look into.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::Level;
use tracing::subscriber::set_global_default;
use tracing_subscriber::fmt::MakeWriter;

/// All that the process has logged since it was first asked for. Clones share it.
///
/// There is one for all threads: what one thread alone is to take down can be missing there, for
/// whether anybody listens is remembered for every event, whoever asked first.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The log of this process, down to the level that it was first asked for with.
    pub fn of_process(level: Level) -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Log::default();
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_max_level(level)
                .with_writer(log.clone())
                .finish();
            set_global_default(subscriber).expect("no other subscriber should be set");
            log
        })
    }

    pub fn text(&self) -> String {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
