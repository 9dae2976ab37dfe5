//! The records of a CSV file as text, with the lines that each of them takes, in bounded memory.

use std::io::{self, BufRead};

/// No record is longer: a secret has room for as many bytes.
const LONGEST: usize = 65_536;

/// A record: a line, or several if it has line breaks in quotes.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    pub first_line: u64,
    pub last_line: u64,
    /// Its bytes without carriage returns, or why it cannot be read.
    pub text: Result<Vec<u8>, &'static str>,
}

/// Splits a file into records.
pub struct Records<R> {
    input: R,
    has_quotes: bool,
    line: u64,
}

/// Where in a record a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a field, where a quote opens one with quotes.
    Beginning,
    /// In a field without quotes, where a quote is a character.
    Plain,
    /// In a field with quotes, where a line break is a character.
    Quoted,
    /// After a quote in such a field: it ends the field, unless another one follows.
    AfterQuote,
}

impl<R: BufRead> Records<R> {
    /// Reads records from after the line with this number.
    pub fn new(input: R, has_quotes: bool, line: u64) -> Self {
        Records {
            input,
            has_quotes,
            line,
        }
    }

    /// Returns the next record, or `None` at the end of the file.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        let first_line = self.line + 1;
        let mut text = Vec::new();
        let (mut is_empty, mut is_too_long) = (true, false);
        let mut state = State::Beginning;
        let (mut is_complete, mut ends_a_line) = (false, false);
        while !is_complete {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            is_empty = false;
            let mut used = 0;
            for &byte in buffer {
                used += 1;
                ends_a_line = byte == b'\n';
                if byte == b'\n' {
                    self.line += 1;
                    is_complete = state != State::Quoted;
                }
                if is_complete {
                    break;
                }
                // Some SDKs write carriage returns before line ends.
                if byte == b'\r' {
                    continue;
                }
                state = state.after(byte, self.has_quotes);
                match text.len() < LONGEST {
                    true => text.push(byte),
                    false => is_too_long = true,
                }
            }
            self.input.consume(used);
        }
        if is_empty {
            return Ok(None);
        }
        // The last line may have no end.
        if !is_complete && !ends_a_line {
            self.line += 1;
        }
        let text = match (state, is_too_long) {
            (State::Quoted, _) => Err("a quote is not closed before the end of the file"),
            (_, true) => Err("the row is longer than a secret can be: a quote may be missing"),
            (_, false) => Ok(text),
        };
        Ok(Some(Record {
            first_line,
            last_line: self.line,
            text,
        }))
    }
}

impl State {
    fn after(self, byte: u8, has_quotes: bool) -> State {
        match (self, byte) {
            _ if !has_quotes => State::Plain,
            (State::Beginning, b'"') => State::Quoted,
            (State::Beginning | State::Plain, b',') => State::Beginning,
            (State::Beginning | State::Plain, _) => State::Plain,
            (State::Quoted, b'"') => State::AfterQuote,
            (State::Quoted, _) | (State::AfterQuote, b'"') => State::Quoted,
            (State::AfterQuote, b',') => State::Beginning,
            (State::AfterQuote, _) => State::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(file: &str, has_quotes: bool) -> Vec<Record> {
        let mut records = Records::new(file.as_bytes(), has_quotes, 1);
        std::iter::from_fn(|| records.next().unwrap()).collect()
    }

    fn record(first_line: u64, last_line: u64, text: &str) -> Record {
        Record {
            first_line,
            last_line,
            text: Ok(text.as_bytes().to_vec()),
        }
    }

    #[test]
    fn a_record_has_the_lines_that_it_takes() {
        let file = "1,a\r\n2,\"b\nb\",\"\"\"\"\n\n3,o\"neil\n4,d";
        let expected = [
            record(2, 2, "1,a"),
            record(3, 4, "2,\"b\nb\",\"\"\"\""),
            record(5, 5, ""),
            record(6, 6, "3,o\"neil"),
            record(7, 7, "4,d"),
        ];
        assert_eq!(records(file, true), expected);
        assert_eq!(
            records("1,\"a\n2,\"b\n", false),
            [record(2, 2, "1,\"a"), record(3, 3, "2,\"b")]
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_bounded_memory() {
        let rest = "2,b\n".repeat(100_000);
        let open = records(&format!("1,\"a\n{rest}"), true);
        assert_eq!(
            (open[0].first_line, open[0].last_line, open.len()),
            (2, 100_002, 1)
        );
        assert!(open[0].text.is_err());
        let long = records(&format!("1,\"a\n{rest}\"\n3,c\n"), true);
        assert!(
            long[0]
                .text
                .as_ref()
                .is_err_and(|problem| problem.contains("longer"))
        );
        assert_eq!(long[1], record(100_004, 100_004, "3,c"));
    }
}
