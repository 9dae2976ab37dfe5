//! A MariaDB of a test's own, from Debian's package `mariadb-server`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
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
        let [install, serve] = ["mariadb-install-db", "mariadbd"].map(program);
        let (install, serve) = (install?, serve?);
        let folder = TempDir::new().expect("there is room for a database");
        let data = format!("--datadir={}/data", folder.path().display());
        // Servers that start at the same time would share temporary tables.
        let made = Command::new(install)
            .env("TMPDIR", folder.path())
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
        let pem =
            |option: &str, name: &str| format!("--{option}={}/{name}", folder.path().display());
        let tls = match certify(folder.path()) {
            true => vec![pem("ssl-cert", "server.pem"), pem("ssl-key", "server.key")],
            false => Vec::new(),
        };
        let server = Command::new(serve)
            .env("TMPDIR", folder.path())
            .args([
                "--no-defaults",
                "--user=root",
                "--bind-address=127.0.0.1",
                &data,
            ])
            .arg(format!("--socket={}/socket", folder.path().display()))
            .arg(format!("--port={port}"))
            .args(tls)
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

    /// The first column of a query's rows.
    pub fn query(&self, query: &str) -> Vec<String> {
        let ran = self.client(&format!("USE zohooauth; {query}")).output();
        let ran = ran.expect("mariadb can be started");
        assert!(ran.status.success(), "MariaDB refuses SQL");
        let text = String::from_utf8(ran.stdout).expect("the rows are text");
        text.lines().map(str::to_owned).collect()
    }

    /// The certificate of whoever has signed the server's. Returns `None` if the server has none.
    pub fn ca(&self) -> Option<String> {
        let path = self.folder.path().join("ca.pem");
        path.is_file().then(|| path.display().to_string())
    }

    fn try_sql(&self, statements: &str) -> bool {
        let run = self.client(statements).stderr(Stdio::null()).status();
        run.is_ok_and(|run| run.success())
    }

    fn client(&self, statements: &str) -> Command {
        let mut client = Command::new("mariadb");
        client
            .args([
                "--no-defaults",
                "--user=root",
                "--default-character-set=utf8mb4",
                "--skip-column-names",
                "--batch",
            ])
            .arg(format!("--socket={}/socket", self.folder.path().display()))
            .args(["--execute", statements]);
        client
    }
}

/// The path of a program. Servers are in folders that are not in everybody's PATH.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let servers = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"].map(PathBuf::from);
    let mut folders = std::env::split_paths(&path).chain(servers);
    folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
}

/// Makes a certificate for the server, signed by one of its own. Returns whether there is an openssl to
/// make them with.
fn certify(folder: &Path) -> bool {
    let Some(program) = program("openssl") else {
        return false;
    };
    let openssl = |arguments: &[&str]| {
        let ran = Command::new(&program)
            .args(arguments)
            .current_dir(folder)
            .output();
        let ran = ran.expect("openssl can be started");
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    };
    let name = "subjectAltName=IP:127.0.0.1";
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-noenc",
        "-days",
        "2",
    ];
    let ca = [
        "req", "-x509", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem",
    ];
    openssl(&[&ca[..], &key].concat());
    let server = [
        "req",
        "-x509",
        "-subj",
        "/CN=server",
        "-keyout",
        "server.key",
        "-out",
        "server.pem",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        name,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    openssl(&[&server[..], &key].concat());
    true
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // A database that is thrown away needs no clean end.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
