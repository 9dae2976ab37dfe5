//! As much of HTTP/1.1 as the tests need: messages with a Content-Length, one a connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A request or an answer.
pub struct Message {
    /// The first line and the header fields, with the empty line after them.
    pub head: String,
    pub body: Vec<u8>,
}

impl Message {
    /// A header field's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// Reads one from a connection.
    pub fn read(connection: &mut TcpStream) -> io::Result<Self> {
        let mut read = Vec::new();
        let mut some = [0; 4096];
        loop {
            let count = connection.read(&mut some)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            read.extend_from_slice(&some[..count]);
            let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                continue;
            };
            let body = read.split_off(end + 4);
            let head = String::from_utf8_lossy(&read).into_owned();
            let mut message = Message { head, body };
            let length: usize = message.header("content-length").parse().unwrap_or(0);
            let missing = length.saturating_sub(message.body.len());
            connection
                .take(missing as u64)
                .read_to_end(&mut message.body)?;
            return Ok(message);
        }
    }

    /// Sends it as the last one on its connection.
    pub fn write(&self, connection: &mut TcpStream) -> io::Result<()> {
        write!(
            connection,
            "{}\r\nConnection: close\r\n\r\n",
            self.head.trim_end()
        )?;
        connection.write_all(&self.body)
    }
}
