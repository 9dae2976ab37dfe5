//! The default client against a server on a socket.

use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use super::*;

/// Accepts one connection, reads until the request ends with this text, and responds. Returns the
/// URL, and what was read.
async fn server(end: &'static str, response: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/path?x=y", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        while !received.ends_with(end.as_bytes()) {
            let read = connection.read_buf(&mut received).await.unwrap();
            assert!(read > 0, "the request ends early");
        }
        // A client that has read enough closes the connection.
        let _ = connection.write_all(response.as_bytes()).await;
        String::from_utf8(received).unwrap()
    });
    (url, served)
}

fn request(url: String) -> HttpRequest {
    HttpRequest {
        url,
        form: None,
        authorization: None,
        timeout: Duration::from_secs(5),
    }
}

fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_form_is_posted_and_any_status_is_a_response() {
    let client = DefaultClient::new();
    for status in ["200 OK", "302 Found", "400 Bad Request", "503 Busy"] {
        let (url, served) = server("a=b", response(status, "{}")).await;
        let form = HttpRequest {
            form: Some("a=b".into()),
            ..request(url)
        };
        let response = client.send(form).await.unwrap();
        assert!(status.starts_with(&response.status.to_string()));
        assert_eq!(response.body.expose_secret(), "{}");
        let received = served.await.unwrap().to_ascii_lowercase();
        assert!(
            received.starts_with("post /path?x=y http/1.1\r\n"),
            "{received}"
        );
        assert!(received.contains("content-type: application/x-www-form-urlencoded\r\n"));
    }
}

#[tokio::test]
async fn without_a_form_it_is_a_get_with_the_authorization() {
    let client = DefaultClient::new();
    let (url, served) = server("\r\n\r\n", response("200 OK", "body")).await;
    let get = HttpRequest {
        authorization: Some(HeaderValue::from_static("Zoho-oauthtoken a")),
        ..request(url)
    };
    assert_eq!(client.send(get).await.unwrap().body.expose_secret(), "body");
    let received = served.await.unwrap();
    assert!(
        received.starts_with("GET /path?x=y HTTP/1.1\r\n"),
        "{received}"
    );
    assert!(
        received.contains("authorization: Zoho-oauthtoken a\r\n"),
        "{received}"
    );
}

#[tokio::test]
async fn a_request_that_was_not_sent_is_told_from_a_lost_response() {
    let client = DefaultClient::new();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    assert!(!client.send(request(url)).await.unwrap_err().was_sent());
    assert!(
        !client
            .send(request("no url".into()))
            .await
            .unwrap_err()
            .was_sent()
    );

    let (url, _served) = server("\r\n\r\n", String::new()).await;
    assert!(client.send(request(url)).await.unwrap_err().was_sent());

    // Nobody accepts the connection, so there is no response.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let short = HttpRequest {
        timeout: Duration::from_millis(50),
        ..request(url)
    };
    assert!(client.send(short).await.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_server_that_does_not_accept_connections_got_nothing() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    // Fills the queue of connections that nobody accepts.
    let waiting = (0..8).map(|_| TcpStream::connect(address));
    let waiting = futures::future::join_all(
        waiting.map(|connecting| tokio::time::timeout(Duration::from_millis(200), connecting)),
    );
    let waiting = waiting.await;
    assert!(waiting.iter().any(Result::is_err), "the queue is full");
    let client = DefaultClient::new();
    let error = client.send(request(format!("http://{address}/"))).await;
    assert!(!error.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_host_that_no_one_knows_got_nothing() {
    let client = DefaultClient::new();
    let error = client.send(request("http://zoho.invalid/".into())).await;
    assert!(!error.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_server_without_tls_got_nothing() {
    let client = DefaultClient::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.write_all(b"no TLS\r\n").await
    });
    assert!(!client.send(request(url)).await.unwrap_err().was_sent());
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_over_the_limit_is_no_response() {
    let client = DefaultClient::new();
    let body = "x".repeat(BODY_LIMIT + 1);
    let (url, _served) = server("\r\n\r\n", response("200 OK", &body)).await;
    assert!(client.send(request(url)).await.is_err());
}

#[tokio::test]
async fn https_goes_through_the_proxy() {
    let (url, served) = server("\r\n\r\n", response("403 Forbidden", "")).await;
    let proxy = url.strip_suffix("/path?x=y").unwrap();
    let client = DefaultClient::with_proxy(ProxyConfig::all(proxy).unwrap());
    let get = request("https://accounts.zoho.invalid/oauth/v2/token".into());
    assert!(client.send(get).await.is_err());
    let received = served.await.unwrap();
    assert!(
        received.starts_with("CONNECT accounts.zoho.invalid:443 HTTP/1.1\r\n"),
        "{received}"
    );
}
