//! Zoho's accounts server and a little of its CRM API, made up, to try programs without an account at Zoho.
//!
//! ```sh
//! cargo run --example fake_zoho -- --port 8800     # prints http://127.0.0.1:8800, and serves until it is killed
//! curl -X POST http://127.0.0.1:8800/_control/login -d '{"email": "ada@example.com"}'    # a token to store
//! curl http://127.0.0.1:8800/_control/counts
//! ```
//!
//! `docs/fake-zoho.md` lists its endpoints, habits and faults.

#[path = "fake_zoho/mod.rs"]
mod zoho;

use std::process::ExitCode;

const USAGE: &str = "usage: fake_zoho [--port PORT]

  --port PORT  the port to listen on; without it, a free one";

fn main() -> ExitCode {
    let port = match port(std::env::args().skip(1)) {
        Ok(port) => port,
        Err(problem) => {
            eprintln!("fake_zoho: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match zoho::FakeZoho::start(port) {
        Ok(fake) => {
            println!("{}", fake.url());
            fake.wait();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fake_zoho: port {port} cannot be used: {error}");
            ExitCode::FAILURE
        }
    }
}

fn port(mut arguments: impl Iterator<Item = String>) -> Result<u16, String> {
    let mut port = 0;
    while let Some(argument) = arguments.next() {
        if argument != "--port" {
            return Err(format!("there is no option {argument:?}"));
        }
        let number = arguments.next().and_then(|number| number.parse().ok());
        port = number.ok_or("--port takes a number from 0 to 65535")?;
    }
    Ok(port)
}
