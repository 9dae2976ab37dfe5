//! The file of the SDKs' FileStore: CSV with a header. TypeScript's has another name for one column, no
//! quotes, and carriage returns.

use std::io::{self, BufRead, Read, Write};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use tokio::sync::mpsc::Sender;
use zoho_token_store::{Field, OAuthToken};

use super::channel::{self, send};
use super::csv_records::Records;
use super::row::{Row, RowBuilder, fields};

const TYPESCRIPT: &str = "user_mail";

/// The ten names take some hundred bytes.
const LONGEST_HEADER: u64 = 4_096;

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
    // A file without line ends is not read to its end.
    let mut start = input.by_ref().take(LONGEST_HEADER);
    start.read_line(&mut header).map_err(failed)?;
    let header = header.trim_end().to_owned();
    // An export of an empty store.
    if header.is_empty() && input.fill_buf().map_err(failed)?.is_empty() {
        return Ok(());
    }
    let names = header.split(',').map(|name| name.trim_matches('"'));
    let columns = fields(names).map_err(|problem| format!("line 1: {problem}"))?;
    let quotes = !header.contains(TYPESCRIPT);
    let mut records = Records::new(input, quotes, 1);
    while let Some(record) = records.next().map_err(failed)? {
        let place = match (record.first_line, record.last_line) {
            (first, last) if first == last => format!("line {first}"),
            (first, last) => format!("lines {first}-{last}"),
        };
        let row = match record.text.and_then(|text| cells(&text, quotes)) {
            Ok(cells) => row(&columns, &cells, place),
            Err(problem) => Some(Row {
                place,
                token: Err(problem.to_owned()),
            }),
        };
        if !send(sender, row) {
            return Ok(());
        }
    }
    Ok(())
}

/// The cells of one record.
fn cells(record: &[u8], quotes: bool) -> Result<StringRecord, &'static str> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .quoting(quotes)
        .buffer_capacity(record.len().max(1))
        .from_reader(record);
    let mut cells = StringRecord::new();
    match reader.read_record(&mut cells) {
        Ok(_) => Ok(cells),
        Err(error) if matches!(error.kind(), ErrorKind::Utf8 { .. }) => Err("the row is not UTF-8"),
        Err(_) => Err("the row is not CSV"),
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
    // From a quote that is not closed up to the same column of a later row: the row has the right number of
    // columns, and one of them has tokens of others.
    let commas = |cell: &str| cell.matches(',').count();
    let has_rows = |cell: &str| cell.contains('\n') && commas(cell) + 1 >= columns.len();
    if record.iter().any(has_rows) {
        let token = Err("a column has whole rows in it: a quote is not closed".to_owned());
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
