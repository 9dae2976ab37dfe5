//! The browser that comes back from Zoho: a server on this machine that waits for it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::failure::Failure;

/// The header of a request is not longer, even with all cookies of this machine.
const LONGEST_REQUEST: usize = 65_536;

const WAIT_FOR_REQUEST: Duration = Duration::from_secs(5);

const WAIT_AFTER_ERROR: Duration = Duration::from_millis(100);

/// What Zoho gives the browser.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Redirect {
    pub code: String,
    /// The accounts server of the user's own data centre.
    pub accounts_url: Option<String>,
}

/// A redirect URL on this machine.
pub struct Loopback {
    listener: TcpListener,
    path: String,
}

impl Loopback {
    /// Listens at the redirect URL. Returns `None` if it is not one of this machine.
    pub async fn open(url: &str) -> Result<Option<Self>, Failure> {
        let Some((host, port, path)) = parts(url) else {
            return Ok(None);
        };
        // Never on other interfaces, whatever `localhost` means here.
        let listener = TcpListener::bind((host, port)).await;
        let listener = listener
            .map_err(|error| Failure::Other(format!("port {port} cannot be used: {error}")))?;
        Ok(Some(Loopback {
            listener,
            path: path.to_owned(),
        }))
    }

    /// Waits for a request with this state.
    pub async fn wait(&self, state: &str) -> Result<Redirect, Failure> {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                // For example because too many files are open, which may pass.
                sleep(WAIT_AFTER_ERROR).await;
                continue;
            };
            let target = timeout(WAIT_FOR_REQUEST, read_target(&mut stream)).await;
            let Some(target) = target.ok().flatten() else {
                continue;
            };
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            if path != self.path {
                respond(&mut stream, "404 Not Found", "Nothing is here.").await;
                continue;
            }
            match redirect(query, state) {
                Ok(redirect) => {
                    let text = "You are logged in. You can close this page.";
                    respond(&mut stream, "200 OK", text).await;
                    return Ok(redirect);
                }
                // Some other page of the browser may have sent this.
                Err(None) => {
                    respond(&mut stream, "400 Bad Request", "This is not the login.").await
                }
                Err(Some(problem)) => {
                    respond(&mut stream, "200 OK", "Zoho has refused the login.").await;
                    return Err(Failure::Other(format!(
                        "Zoho has refused the login: {problem}"
                    )));
                }
            }
        }
    }
}

/// The address, port and path of a URL such as `http://localhost:8976/callback`.
fn parts(url: &str) -> Option<(&'static str, u16, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let host = match host {
        "localhost" | "127.0.0.1" => "127.0.0.1",
        "[::1]" => "::1",
        _ => return None,
    };
    Some((host, port.parse().ok()?, path.split(['?', '#']).next()?))
}

/// The target in the first line of a request: `/callback?code=…`.
///
/// Reads the whole header: a connection that is closed with bytes left to read is reset, and the browser
/// may then lose the response.
async fn read_target(stream: &mut TcpStream) -> Option<String> {
    const END: &[u8] = b"\r\n\r\n";
    let mut request = Vec::new();
    while !request.windows(END.len()).any(|bytes| bytes == END) {
        if request.len() > LONGEST_REQUEST {
            return None;
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let line = String::from_utf8(request).ok()?;
    let mut words = line.lines().next()?.split(' ');
    (words.next() == Some("GET")).then_some(())?;
    words.next().map(str::to_owned)
}

async fn respond(stream: &mut TcpStream, status: &str, text: &str) {
    let length = text.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{text}"
    );
    // The browser may have gone; the code has arrived.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Reads a query. The error is `None` if it is not an answer to this login, and otherwise Zoho's.
fn redirect(query: &str, state: &str) -> Result<Redirect, Option<String>> {
    let (mut redirect, mut error, mut is_ours) = (Redirect::default(), None, false);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "code" => redirect.code = value.into_owned(),
            "accounts-server" => redirect.accounts_url = Some(value.into_owned()),
            "error" => error = Some(value.into_owned()),
            "state" => is_ours = value == state,
            _ => {}
        }
    }
    match (is_ours, error) {
        (false, _) => Err(None),
        (true, Some(error)) => Err(Some(error)),
        (true, None) if redirect.code.is_empty() => Err(None),
        (true, None) => Ok(redirect),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_this_machine_are_listened_at() {
        assert_eq!(
            parts("http://localhost:8976/callback"),
            Some(("127.0.0.1", 8976, "/callback"))
        );
        assert_eq!(parts("http://127.0.0.1:1"), Some(("127.0.0.1", 1, "/")));
        for url in [
            "https://localhost:1/",
            "http://example.com:1/",
            "http://localhost.example.com:1/",
        ] {
            assert_eq!(parts(url), None, "{url}");
        }
    }

    #[test]
    fn a_code_counts_only_with_the_state() {
        let of = |query| redirect(query, "s");
        let accounts = Some("https://accounts.zoho.eu".to_owned());
        let expected = Redirect {
            code: "a b".to_owned(),
            accounts_url: accounts,
        };
        let query = "code=a%20b&state=s&accounts-server=https%3A%2F%2Faccounts.zoho.eu";
        assert_eq!(of(query), Ok(expected));
        assert_eq!(of("code=a&state=other"), Err(None));
        assert_eq!(of("code=a"), Err(None));
        assert_eq!(
            of("error=access_denied&state=s"),
            Err(Some("access_denied".to_owned()))
        );
    }

    #[tokio::test]
    async fn the_whole_header_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"GET /a?b HTTP/1.1\r\n").await.unwrap();
        server.readable().await.unwrap();
        let mut target = std::pin::pin!(read_target(&mut server));
        assert!(futures::poll!(&mut target).is_pending());
        client.write_all(b"Host: localhost\r\n\r\n").await.unwrap();
        assert_eq!(target.await.as_deref(), Some("/a?b"));
    }
}
