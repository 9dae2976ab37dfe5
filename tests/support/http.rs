//! Secrets Manager's requests and responses over HTTP, as the tests' servers read, send and forward
//! them.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{iam, localstack, staging_labels};

/// The request id in the server's own responses.
pub const REQUEST_ID: &str = "request-of-the-tests";

/// A request to Secrets Manager.
pub struct Request {
    /// For example `GetSecretValue`.
    pub action: String,
    pub body: Value,
    /// The request line and the headers.
    pub head: String,
    bytes: Vec<u8>,
}

impl Request {
    /// Returns a request as a client would send it, but without a signature: LocalStack needs none.
    pub fn new(action: &str, body: Value) -> Self {
        let head = "POST / HTTP/1.1\r\nHost: localstack\r\nX-Amz-Target: \r\nContent-Length: 0\r\n\
                    Content-Type: application/x-amz-json-1.1\r\nAuthorization: AWS4-HMAC-SHA256 \
                    Credential=test/20260101/us-east-1/secretsmanager/aws4_request, \
                    SignedHeaders=host, Signature=none\r\n\r\n";
        let none = Request {
            action: String::new(),
            body: Value::Null,
            head: head.to_owned(),
            bytes: Vec::new(),
        };
        none.instead(action, body)
    }

    pub async fn read(client: &mut TcpStream) -> io::Result<Self> {
        let mut read = Vec::new();
        loop {
            if client.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some(end) = end_of_head(&read) else {
                continue;
            };
            let mut bytes = read.split_off(end);
            let head = String::from_utf8_lossy(&read).into_owned();
            let length: usize = header(&head, "content-length").parse().unwrap_or(0);
            let missing = length.saturating_sub(bytes.len());
            client.take(missing as u64).read_to_end(&mut bytes).await?;
            let target = header(&head, "x-amz-target");
            return Ok(Request {
                action: target.trim_start_matches("secretsmanager.").to_owned(),
                body: serde_json::from_slice(&bytes)?,
                head,
                bytes,
            });
        }
    }

    pub fn header(&self, name: &str) -> &str {
        header(&self.head, name)
    }

    /// Returns another request by the same caller.
    pub fn instead(&self, action: &str, body: Value) -> Self {
        let bytes = body.to_string().into_bytes();
        let fields = self.head.trim_end().lines().map(|line| {
            let name = line.split(':').next().unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => format!("{name}: secretsmanager.{action}"),
                "content-length" => format!("{name}: {}", bytes.len()),
                _ => line.to_owned(),
            }
        });
        Request {
            action: action.to_owned(),
            head: fields.collect::<Vec<_>>().join("\r\n") + "\r\n\r\n",
            body,
            bytes,
        }
    }

    /// Returns the same request for the primary region: LocalStack 4.14.0 fails to read a replica,
    /// and the primary has the same value.
    pub fn for_primary(self) -> Self {
        let scope = |region| format!("/{region}/secretsmanager/");
        let primary = scope(localstack::REGION);
        let head = self.head.replace(&scope(iam::REPLICA_REGION), &primary);
        Request { head, ..self }
    }

    /// Sends the request to LocalStack, and completes the response to what AWS returns.
    pub async fn forward(&self) -> io::Result<Response> {
        let response = self.execute().await?;
        staging_labels::complete(self, response).await
    }

    /// Sends the request to LocalStack, again if LocalStack fails: it does now and then when
    /// requests of several tests coincide.
    pub async fn execute(&self) -> io::Result<Response> {
        for _ in 0..10 {
            let response = self.send(localstack::endpoint()).await?;
            if response.status() != 500 {
                return Ok(response);
            }
        }
        self.send(localstack::endpoint()).await
    }

    /// Sends the request to an endpoint, and reads the response until the server closes the
    /// connection, as it is asked to.
    pub async fn send(&self, endpoint: &str) -> io::Result<Response> {
        let address = endpoint.trim_start_matches("http://");
        let mut upstream = TcpStream::connect(address.trim_end_matches('/')).await?;
        let head = self.head.trim_end().to_owned() + "\r\nConnection: close\r\n\r\n";
        upstream.write_all(head.as_bytes()).await?;
        upstream.write_all(&self.bytes).await?;
        let mut response = Vec::new();
        upstream.read_to_end(&mut response).await?;
        Ok(Response(response))
    }
}

/// A response of Secrets Manager with its head and body.
pub struct Response(Vec<u8>);

impl Response {
    pub fn new(status: u16, body: &Value) -> Self {
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} Response\r\nContent-Type: application/x-amz-json-1.1\r\n\
             Content-Length: {}\r\nx-amzn-RequestId: {REQUEST_ID}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        Response((head + &body).into_bytes())
    }

    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, &json!({"__type": code, "message": message}))
    }

    pub fn status(&self) -> u16 {
        let status = self.0.get(9..12).unwrap_or_default();
        String::from_utf8_lossy(status).parse().unwrap_or(0)
    }

    pub fn is_ok(&self) -> bool {
        self.status() == 200
    }

    /// Returns AWS's error code; empty if the response is a success.
    pub fn code(&self) -> String {
        match self.is_ok() {
            true => String::new(),
            false => self.body()["__type"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// Returns the body; null if it is not JSON.
    pub fn body(&self) -> Value {
        let body = end_of_head(&self.0).map_or(&[][..], |end| &self.0[end..]);
        serde_json::from_slice(body).unwrap_or_default()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the response without the second half of its body.
    pub fn cut_off(&self) -> &[u8] {
        let body = end_of_head(&self.0).unwrap_or(0);
        &self.0[..body + (self.0.len() - body) / 2]
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    end.map(|end| end + 4)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name));
    field.map(|(_, value)| value.trim()).unwrap_or_default()
}
