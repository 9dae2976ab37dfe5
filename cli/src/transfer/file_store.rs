//! The file of the SDKs' FileStore: CSV with a header. TypeScript's has another name for one column, no
//! quotes, and carriage returns.

use std::io::{self, BufRead, Read, Write};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use tokio::sync::mpsc::Sender;
use zoho_token_store::{Field, OAuthToken};

use super::channel::{self, send};
use super::row::{Row, RowBuilder, fields};

const TYPESCRIPT: &str = "user_mail";

/// Which SDK's file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Python, Java, PHP and Node.
    Common,
    TypeScript,
}

pub fn read(mut input: impl BufRead, sender: &Sender<channel::Read>) -> Result<(), String> {
    let mut header = String::new();
    let failed = |error| format!("the file cannot be read: {error}");
    input.read_line(&mut header).map_err(failed)?;
    let header = header.trim_start_matches('\u{feff}').trim_end().to_owned();
    if header.is_empty() {
        return Err("the file is empty: there is not even a header".to_owned());
    }
    let names = header.split(',').map(|name| name.trim_matches('"'));
    let columns = fields(names).map_err(|problem| format!("line 1: {problem}"))?;
    let quotes = !header.contains(TYPESCRIPT);
    // The last line may have no end.
    let rest = WithoutCarriageReturns(input.chain(&b"\n"[..]));
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .quoting(quotes)
        .from_reader(rest);
    let mut record = StringRecord::new();
    loop {
        let read = reader.read_record(&mut record);
        // The reader is behind the record's last line, and the header was read before.
        let end = reader.position().line();
        let row = match read {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let breaks = record
                    .as_slice()
                    .bytes()
                    .filter(|&byte| byte == b'\n')
                    .count();
                row(&columns, &record, format!("line {}", end - breaks as u64))
            }
            Err(error) => match error.kind() {
                ErrorKind::Utf8 { .. } => Some(Row {
                    place: format!("line {end}"),
                    token: Err("the row is not UTF-8".to_owned()),
                }),
                _ => return Err(format!("line {end}: the file cannot be read")),
            },
        };
        if !send(sender, row) {
            return Ok(());
        }
    }
}

/// The bytes of a file without carriage returns, which some SDKs write before line ends. The CSV reader
/// counts lines right without them.
struct WithoutCarriageReturns<R>(R);

impl<R: Read> Read for WithoutCarriageReturns<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let mut kept = 0;
            for index in 0..read {
                if buffer[index] != b'\r' {
                    buffer[kept] = buffer[index];
                    kept += 1;
                }
            }
            // Zero means the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

fn row(columns: &[Field], record: &StringRecord, place: String) -> Option<Row> {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return None;
    }
    if record.len() != columns.len() {
        let (found, expected) = (record.len(), columns.len());
        let token = Err(format!(
            "the row has {found} columns, and the header {expected}"
        ));
        return Some(Row { place, token });
    }
    let mut row = RowBuilder::new();
    for (&field, value) in columns.iter().zip(record) {
        row.set(field, value);
    }
    row.build(place)
}

/// Writes a file of this dialect, one token after another.
pub struct Writer<W: Write> {
    csv: csv::Writer<W>,
    dialect: Dialect,
}

impl<W: Write> Writer<W> {
    pub fn new(output: W, dialect: Dialect) -> csv::Result<Self> {
        let mut builder = WriterBuilder::new();
        builder.terminator(Terminator::CRLF);
        if dialect == Dialect::TypeScript {
            builder.quote_style(csv::QuoteStyle::Never);
        }
        let mut csv = builder.from_writer(output);
        csv.write_record(Field::ALL.iter().map(|&field| match (field, dialect) {
            (Field::UserName, Dialect::TypeScript) => TYPESCRIPT,
            (Field::RedirectUrl, Dialect::Common) => "redirect_uri",
            _ => field.as_str(),
        }))?;
        Ok(Writer { csv, dialect })
    }

    /// Writes a token. Returns why it cannot be written, if this dialect cannot express it.
    pub fn write(&mut self, token: &OAuthToken) -> csv::Result<Option<&'static str>> {
        let values = || {
            Field::ALL
                .iter()
                .map(|&field| token.expose(field).unwrap_or_default())
        };
        let cannot_be_told_apart = |value: &str| value.contains([',', '"', '\r', '\n']);
        if self.dialect == Dialect::TypeScript && values().any(cannot_be_told_apart) {
            return Ok(Some(
                "it has a comma, quote or line break, which the TypeScript SDK's file cannot hold",
            ));
        }
        self.csv.write_record(values())?;
        Ok(None)
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()
    }
}
