//! A MariaDB of a test's own, from Debian's package `mariadb-server`.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub struct MariaDb {
    server: Child,
    folder: TempDir,
    port: u16,
}

impl MariaDb {
    /// Starts a server with the database `zohooauth`. Returns `None` if there is no MariaDB on this
    /// machine.
    pub fn start() -> Option<Self> {
        let installed = Command::new("mariadb-install-db")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        installed.ok()?;
        let folder = TempDir::new().expect("there is room for a database");
        let data = format!("--datadir={}/data", folder.path().display());
        let made = Command::new("mariadb-install-db")
            .args([
                "--no-defaults",
                &data,
                "--auth-root-authentication-method=normal",
            ])
            .args(["--skip-test-db", "--user=root"])
            .stdout(Stdio::null())
            .status();
        assert!(
            made.is_ok_and(|made| made.success()),
            "the database cannot be made"
        );
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = free.expect("there is a free port").port();
        let server = Command::new("mariadbd")
            .args([
                "--no-defaults",
                "--user=root",
                "--bind-address=127.0.0.1",
                &data,
            ])
            .arg(format!("--socket={}/socket", folder.path().display()))
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mariadbd can be started");
        let database = MariaDb {
            server,
            folder,
            port,
        };
        let started = Instant::now();
        while !database.try_sql("CREATE DATABASE IF NOT EXISTS zohooauth") {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "MariaDB does not respond"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(database)
    }

    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/zohooauth", self.port)
    }

    pub fn sql(&self, statements: &str) {
        assert!(
            self.try_sql(&format!("USE zohooauth; {statements}")),
            "MariaDB refuses SQL"
        );
    }

    fn try_sql(&self, statements: &str) -> bool {
        let run = Command::new("mariadb")
            .args([
                "--no-defaults",
                "--user=root",
                "--default-character-set=utf8mb4",
            ])
            .arg(format!("--socket={}/socket", self.folder.path().display()))
            .args(["--execute", statements])
            .stderr(Stdio::null())
            .status();
        run.is_ok_and(|run| run.success())
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // A database that is thrown away needs no clean end.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
