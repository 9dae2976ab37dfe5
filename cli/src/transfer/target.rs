//! Where an export goes: a file, which appears under its name when it is complete, standard output, or a
//! database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use zoho_token_store::OAuthToken;

use super::{file_store, json_lines, location, mysql, sqlite, table_name};
use crate::args::{ExportArgs, Format};
use crate::failure::Failure;
use crate::output::note;

/// A file that is removed unless it is completed.
struct Partial {
    path: PathBuf,
    wanted: PathBuf,
}

impl Partial {
    fn complete(self) -> Result<(), Failure> {
        // After a crash of the machine there is the former file or the whole new one.
        let moved = File::open(&self.path)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.path, &self.wanted));
        moved.map_err(|error| cannot(&self.wanted, error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After `complete` there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

enum Writer {
    JsonLines(Box<dyn Write>),
    FileStore(Box<file_store::Writer<Box<dyn Write>>>),
    Sqlite(sqlite::Writer),
    MySql(Box<mysql::Writer>),
}

/// An export under way.
pub struct Target {
    writer: Writer,
    partial: Option<Partial>,
}

impl Target {
    pub async fn open(args: &ExportArgs) -> Result<Self, Failure> {
        if location::is_mysql(&args.to)? {
            if args.format.is_some() {
                let problem = "a database has its own format: leave out --format";
                return Err(Failure::Usage(problem.to_owned()));
            }
            if args.force {
                let problem = "rows of a database are replaced without --force";
                return Err(Failure::Usage(problem.to_owned()));
            }
            let writer = mysql::Writer::new(mysql::Table {
                url: &args.to,
                options: &args.database,
            })
            .await?;
            return Ok(Target {
                writer: Writer::MySql(Box::new(writer)),
                partial: None,
            });
        }
        let format = args.format.or_else(|| by_name(&args.to));
        let Some(format) = format else {
            return Err(Failure::Usage(format!(
                "the format of {} is not clear from its name: add --format",
                location::shown(&args.to)
            )));
        };
        args.database.for_a_file(format == Format::Sqlite)?;
        let table = table_name::checked(args.database.table())?;
        if args.to == "-" {
            let output: Box<dyn Write> = Box::new(BufWriter::new(io::stdout()));
            let writer = writer(format, Some(output), Path::new(""), table)?;
            return Ok(Target {
                writer,
                partial: None,
            });
        }
        let wanted = file(&args.to)?;
        if wanted.exists() && !args.force {
            return Err(Failure::Usage(format!(
                "{} exists: --force replaces it",
                wanted.display()
            )));
        }
        let mut name = wanted.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let partial = Partial {
            path: wanted.with_file_name(name),
            wanted,
        };
        // Made before SQLite opens it, so that it has these permissions from its beginning.
        let file = create_private(&partial.path).map_err(|error| cannot(&partial.path, error))?;
        let output: Option<Box<dyn Write>> = match format {
            Format::Sqlite => None,
            _ => Some(Box::new(BufWriter::new(file))),
        };
        Ok(Target {
            writer: writer(format, output, &partial.path, table)?,
            partial: Some(partial),
        })
    }

    /// Writes a token. Returns why it is left out, if it cannot be written there.
    pub async fn write(&mut self, token: &OAuthToken) -> Result<Option<String>, Failure> {
        match &mut self.writer {
            Writer::JsonLines(output) => {
                let line = json_lines::object(token);
                let written = writeln!(output, "{line}");
                written.map_err(|error| Failure::io("the export cannot be written", error))?;
                Ok(None)
            }
            Writer::FileStore(writer) => {
                let written = writer.write(token).map_err(csv_failure)?;
                Ok(written.map(str::to_owned))
            }
            Writer::Sqlite(writer) => writer.write(token).map(|()| None).map_err(sqlite_failure),
            Writer::MySql(writer) => writer.write(token).await,
        }
    }

    /// Ends an export that lacks records. A file does not appear under its name, so one that was there
    /// stays; what was written to standard output or a database stays written.
    pub async fn abandon(self) -> Result<(), Failure> {
        if let Some(partial) = &self.partial {
            note(&format!(
                "zoho-tokens: {} is not written, because records would be missing: `--to -` prints \
                 those that can be read",
                partial.wanted.display()
            ));
            return Ok(());
        }
        self.finish().await
    }

    pub async fn finish(self) -> Result<(), Failure> {
        let flushed = match self.writer {
            Writer::JsonLines(mut output) => output.flush(),
            Writer::FileStore(mut writer) => writer.flush(),
            Writer::Sqlite(writer) => return complete(self.partial, writer.finish()),
            Writer::MySql(writer) => return writer.finish().await,
        };
        flushed.map_err(|error| Failure::io("the export cannot be written", error))?;
        self.partial.map_or(Ok(()), Partial::complete)
    }
}

fn complete(partial: Option<Partial>, finished: rusqlite::Result<()>) -> Result<(), Failure> {
    finished.map_err(sqlite_failure)?;
    partial.map_or(Ok(()), Partial::complete)
}

fn writer(
    format: Format,
    output: Option<Box<dyn Write>>,
    path: &Path,
    table: &str,
) -> Result<Writer, Failure> {
    let dialect = match format {
        Format::FileStoreTypescript => file_store::Dialect::TypeScript,
        _ => file_store::Dialect::Common,
    };
    match (format, output) {
        (Format::JsonLines, Some(output)) => Ok(Writer::JsonLines(output)),
        (Format::FileStore | Format::FileStoreTypescript, Some(output)) => {
            let writer = file_store::Writer::new(output, dialect).map_err(csv_failure)?;
            Ok(Writer::FileStore(Box::new(writer)))
        }
        (Format::Sqlite, None) => {
            let writer = sqlite::Writer::new(path, table).map_err(sqlite_failure)?;
            Ok(Writer::Sqlite(writer))
        }
        _ => Err(Failure::Usage(
            "a SQLite database cannot be written to standard output: give a name".to_owned(),
        )),
    }
}

/// The file that a name means, behind links: a link that is replaced would leave the former file, and the
/// tokens in another folder than the one they are meant for.
fn file(name: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(name);
    let Ok(there) = fs::symlink_metadata(&path) else {
        return Ok(path);
    };
    let path = match there.is_symlink() {
        true => fs::canonicalize(&path).map_err(|error| cannot(&path, error))?,
        false => path,
    };
    match fs::metadata(&path) {
        Ok(there) if !there.is_file() => Err(Failure::Usage(format!(
            "{} is not a file: `--to -` is standard output",
            path.display()
        ))),
        _ => Ok(path),
    }
}

fn by_name(name: &str) -> Option<Format> {
    if name == "-" {
        return Some(Format::JsonLines);
    }
    let extension = Path::new(name).extension()?.to_str()?;
    match extension {
        "jsonl" | "ndjson" => Some(Format::JsonLines),
        "txt" | "csv" => Some(Format::FileStore),
        "db" | "sqlite" | "sqlite3" => Some(Format::Sqlite),
        _ => None,
    }
}

/// Creates a file that its owner alone can read.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn cannot(path: &Path, error: io::Error) -> Failure {
    Failure::io(format!("{} cannot be written", path.display()), error)
}

fn csv_failure(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::io("the export cannot be written", error),
        _ => Failure::Other("the export cannot be written as CSV".to_owned()),
    }
}

fn sqlite_failure(error: rusqlite::Error) -> Failure {
    Failure::Other(format!("the database cannot be written: {error}"))
}
