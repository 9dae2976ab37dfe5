//! `login`, `access-token`, `refresh` and `revoke`, against a fake of Zoho.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::fake_zoho::FakeZoho;
use crate::support::program::{Program, Ran};
use crate::support::records::{SECRET, lines, valid};

pub const CLIENT: &str = "1000.CLIENT";

pub const USER: &str = "ada@example.com:70001";

pub fn client_secret() -> String {
    format!("{SECRET}-client")
}

pub fn client() -> Value {
    json!({"email": "ada@example.com", "client_id": CLIENT, "client_secret": client_secret()})
}

pub fn start() -> FakeZoho {
    FakeZoho::start(0).expect("there is a free port")
}

/// A store with a login at this Zoho.
pub fn logged_in(zoho: &FakeZoho) -> Program {
    let mut token = zoho.control("login", client());
    token["accounts_url"] = json!(zoho.url());
    let program = Program::with(&[token]);
    prints_no_token(&program, &program.run(&["list"]));
    program
}

/// The fake's tokens have no marker: what the store has must not be in the output.
pub fn prints_no_token(program: &Program, ran: &Ran) {
    for record in program.export() {
        for column in [
            "access_token",
            "refresh_token",
            "grant_token",
            "client_secret",
        ] {
            let value = record[column].as_str().unwrap_or("nothing of this kind");
            assert!(
                !ran.stdout.contains(value) && !ran.stderr.contains(value),
                "{column}"
            );
        }
    }
}

/// Runs a command that talks to Zoho.
pub fn run(program: &Program, zoho: &FakeZoho, arguments: &[&str], input: &str) -> Ran {
    let options = ["--accounts-url", zoho.url()];
    let arguments: Vec<_> = arguments.iter().copied().chain(options).collect();
    program.run_with(&arguments, input)
}

/// Requests a URL, and returns the answer with its header.
fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("a URL without TLS");
    let (host, path) = rest.split_at(rest.find('/').expect("a path"));
    let mut stream =
        TcpStream::connect(host.replace("localhost", "127.0.0.1")).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// Starts a login with a code of this Zoho's console. Returns the code, too.
pub fn start_login(
    program: &Program,
    zoho: &FakeZoho,
    options: &[&str],
    environment: &[(&str, &str)],
) -> (Child, String) {
    let code = zoho.control("grant", client())["code"]
        .as_str()
        .expect("a code")
        .to_owned();
    let mut command =
        program.command(&["login", "--client-id", CLIENT, "--accounts-url", zoho.url()]);
    command
        .args(options)
        .envs(environment.iter().copied())
        .env("ZOHO_CLIENT_SECRET", client_secret())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().expect("the program can be started");
    let mut stdin = process.stdin.take().expect("standard input is piped");
    writeln!(stdin, "{code}").expect("it reads");
    (process, code)
}

/// Logs a user in. Returns the code, too.
fn log_in(program: &Program, zoho: &FakeZoho, options: &[&str]) -> (Ran, String) {
    let (process, code) = start_login(program, zoho, options, &[]);
    let ended = process.wait_with_output().expect("the program ends");
    let ran = Ran {
        status: ended.status.code().unwrap_or(-1),
        stdout: String::from_utf8(ended.stdout).expect("text"),
        stderr: String::from_utf8(ended.stderr).expect("text"),
    };
    (ran, code)
}

#[test]
fn a_code_of_a_self_client_logs_a_user_in() {
    let (zoho, program) = (start(), Program::new());
    let (ran, code) = log_in(&program, &zoho, &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.ends_with(&format!("\t{USER}\n")),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("ZohoCRM.users.READ"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(&code));
    prints_no_token(&program, &ran);
    let record = &program.objects(&["list"])[0];
    assert_eq!(record["state"], "valid");

    let no_secret = run(&program, &zoho, &["login", "--client-id", CLIENT], "code\n");
    assert_eq!(no_secret.status, 2);
}

#[test]
fn a_user_who_has_moved_logs_in_at_the_data_center_that_is_given() {
    let mut former = valid(USER);
    former["accounts_url"] = json!("https://accounts.zoho.in");
    let (zoho, program) = (start(), Program::with(&[former]));
    let (ran, _) = log_in(&program, &zoho, &["--user", USER]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let records = program.export();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["accounts_url"], zoho.url());
}

#[test]
fn a_browser_comes_back_to_this_machine() {
    let (zoho, program) = (start(), Program::new());
    zoho.control("client", client());
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = free.expect("there is a free port").port();
    let redirect = format!("http://localhost:{port}/callback");
    let mut command =
        program.command(&["login", "--client-id", CLIENT, "--redirect-url", &redirect]);
    command
        .args(["--accounts-url", zoho.url()])
        .env("ZOHO_CLIENT_SECRET", client_secret());
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut process = process.expect("the program can be started");
    let mut stderr = BufReader::new(process.stderr.take().expect("standard error is piped"));
    let mut url = String::new();
    while !url.starts_with("http") {
        url.clear();
        assert_ne!(
            stderr.read_line(&mut url).expect("text"),
            0,
            "there is no URL"
        );
    }
    assert!(get(&format!("http://localhost:{port}/favicon.ico")).starts_with("HTTP/1.1 404"));
    let forged = get(&format!("{redirect}?code=forged&state=forged"));
    assert!(forged.starts_with("HTTP/1.1 400"), "{forged}");
    let consent = get(&format!("{}&login_hint=ada@example.com", url.trim()));
    let location = consent.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location")
            .then(|| value.trim().to_owned())
    });
    let back = get(&location.unwrap_or_else(|| panic!("no redirect: {consent}")));
    assert!(back.contains("You are logged in"), "{back}");
    let ended = process.wait_with_output().expect("the program ends");
    assert_eq!(ended.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&ended.stdout).starts_with("logged in\t"));
    assert_eq!(program.objects(&["list"])[0]["redirect_url"], redirect);
}

#[test]
fn processes_that_ask_at_one_expiry_refresh_once() {
    let zoho = start();
    let program = logged_in(&zoho);
    let mut stored = program.export();
    stored[0]["expiry_time"] = json!("1700000000000");
    let aged = program.run_with(&["import", "-", "--overwrite"], &lines(&stored));
    assert_eq!(aged.status, 0, "{}", aged.stderr);

    let processes: Vec<_> = (0..8)
        .map(|_| {
            let mut command = program.command(&["access-token", USER, "--header"]);
            command.args(["--accounts-url", zoho.url()]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts")
        })
        .collect();
    let mut headers: Vec<_> = processes
        .into_iter()
        .map(|process| process.wait_with_output().expect("the program ends"))
        .map(|ended| {
            let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(ended.status.success(), "{stderr}");
            String::from_utf8(ended.stdout).expect("text")
        })
        .collect();
    headers.dedup();
    let token = program.export()[0]["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(
        headers,
        [format!("Authorization: Zoho-oauthtoken {token}\n")]
    );
    assert_eq!(zoho.requests("refresh"), 1);

    let object = &program.objects(&["access-token", USER])[0];
    assert_eq!(object["access_token"], token);
    assert_eq!(object["api_domain"], zoho.url());
}

#[test]
fn a_refresh_replaces_a_valid_token() {
    let zoho = start();
    let program = logged_in(&zoho);
    let before = program.export();
    let refreshed = run(&program, &zoho, &["refresh", USER], "");
    assert_eq!(refreshed.status, 0, "{}", refreshed.stderr);
    assert!(refreshed.stdout.starts_with("refreshed\t"));
    prints_no_token(&program, &refreshed);
    assert_ne!(
        program.export()[0]["access_token"],
        before[0]["access_token"]
    );
    let none = run(&program, &zoho, &["refresh", "--expiring", "10m"], "");
    assert_eq!(
        none.stdout,
        "records\t1\nexpiring\t0\nrefreshed\t0\nfailed\t0\n"
    );
    let soon = run(
        &program,
        &zoho,
        &["refresh", "--expiring", "2h", "--json"],
        "",
    );
    assert_eq!(soon.status, 0, "{}", soon.stderr);
    let soon: Value = serde_json::from_str(&soon.stdout).expect("an object");
    assert_eq!(soon["expiring"], 1);
}

#[test]
fn a_token_that_zoho_refuses_is_listed_as_failing() {
    let zoho = start();
    let program = logged_in(&zoho);
    zoho.control("logout", json!({"email": "ada@example.com"}));
    let refused = run(&program, &zoho, &["refresh", USER], "");
    assert_eq!(refused.status, 1);
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    prints_no_token(&program, &refused);
    let failing = program.objects(&["list", "--failing"]);
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[0]["zoho"]["state"], "failing");
    assert_eq!(failing[0]["zoho"]["needs_login"], true);
    let shown = program.run(&["show", USER]);
    assert!(shown.stdout.contains("failing since"), "{}", shown.stdout);
}

#[test]
fn a_revocation_ends_the_tokens_at_zoho_and_deletes_the_record() {
    let zoho = start();
    let program = logged_in(&zoho);
    assert_eq!(
        run(&program, &zoho, &["revoke", USER], "").status,
        2,
        "there is no terminal"
    );
    assert_eq!(zoho.requests("revoke"), 0);
    let revoked = run(&program, &zoho, &["revoke", USER, "--yes"], "");
    assert_eq!(revoked.status, 0, "{}", revoked.stderr);
    assert!(revoked.stdout.starts_with("revoked\t"));
    assert_eq!(zoho.requests("revoke"), 1);
    assert!(program.rows(&["list"]).is_empty());
}

#[test]
fn tokens_go_to_the_data_center_of_their_api_domain() {
    // As an import from Zoho's SDKs, which know no accounts server.
    let mut token = valid("ada");
    token["expiry_time"] = json!("1700000000000");
    let program = Program::with(&[token]);
    let proxy = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = proxy.local_addr().expect("it has an address");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let lines = asked.clone();
    std::thread::spawn(move || {
        for stream in proxy.incoming().flatten() {
            let mut line = String::new();
            let read = BufReader::new(stream).read_line(&mut line);
            read.expect("it is text");
            lines.lock().expect("no test panics").push(line);
        }
    });
    for arguments in [
        &["refresh", "--expiring", "10m"][..],
        &["refresh", "ada"],
        &["access-token", "ada"],
        &["revoke", "ada", "--yes"],
    ] {
        let mut command = program.command(arguments);
        command.env("HTTPS_PROXY", format!("http://{address}"));
        let ended = command.output().expect("the program can be started");
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        let asked = std::mem::take(&mut *asked.lock().expect("no test panics"));
        let is_eu = |line: &String| line.starts_with("CONNECT accounts.zoho.eu:443 ");
        assert!(asked.iter().all(is_eu), "{asked:?}");
        // A note of the first failure answers later ones.
        assert!(!asked.is_empty() || arguments[0] == "access-token");
    }
}

#[test]
fn advice_is_given_in_commands() {
    let zoho = start();
    let program = logged_in(&zoho);
    zoho.control("logout", json!({"email": "ada@example.com"}));
    // Without an accounts server in the record, the token may live elsewhere.
    let mut stored = program.export();
    stored[0]
        .as_object_mut()
        .expect("an object")
        .remove("accounts_url");
    program.rows(&["delete", USER, "--yes"]);
    stored[0]["id"] = json!("other");
    let imported = program.run_with(&["import", "-"], &lines(&stored));
    assert_eq!(imported.status, 0, "{}", imported.stdout);
    let refused = run(&program, &zoho, &["revoke", USER, "--yes"], "");
    assert_eq!(refused.status, 1);
    for part in ["--data-center", "`zoho-tokens delete`"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
}

#[test]
fn a_stored_accounts_server_that_nobody_has_named_gets_nothing() {
    let zoho = start();
    let mut token = zoho.control("login", client());
    token["accounts_url"] = json!(zoho.url());
    token["expiry_time"] = json!("1700000000000");
    let program = Program::with(&[token]);
    for arguments in [
        &["access-token", USER][..],
        &["refresh", USER],
        &["refresh", "--expiring", "10m"],
        &["revoke", USER, "--yes"],
    ] {
        let refused = program.run(arguments);
        assert_eq!(refused.status, 1, "{arguments:?}: {}", refused.stdout);
        let problem = "an accounts server that is neither Zoho's nor the provider's";
        assert!(refused.stderr.contains(problem), "{}", refused.stderr);
        prints_no_token(&program, &refused);
    }
    for kind in ["refresh", "revoke"] {
        assert_eq!(zoho.requests(kind), 0, "{kind}");
    }
    assert_eq!(program.rows(&["list"]).len(), 1);
}
