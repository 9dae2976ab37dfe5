//! The command line of `import`, `export` and `copy`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::failure::Failure;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Read are: the SDKs' FileStore (sdk_tokens.txt; of Python, Java, PHP, Node and TypeScript), the SQLite database of \
Zoho's guide (zohooauth.db), the SDKs' MySQL table, and JSON lines as `export` writes them. The password of MySQL is \
in the URL or in MYSQL_PWD. A server on another machine needs --ca, so that nobody on the way can read the tokens.

One line for each row says what became of it: new, same, updated, or refused with the reason. The exit status is 1 if \
a row was refused. An import that was interrupted goes on if it is repeated: rows that are stored, or that a later row \
of the same user has replaced, are the same then.

Examples:
  zoho-tokens import sdk_tokens.txt --dry-run
  zoho-tokens import zohooauth.db
  zoho-tokens import mysql://root@db.example.com/zohooauth --ca global-bundle.pem")]
pub struct ImportArgs {
    /// A file, a mysql:// URL, or `-` for JSON lines or a FileStore on standard input
    #[arg(value_name = "FILE|SQLITE|URL")]
    pub from: String,
    /// Where the ids come from. The default is `keep` for JSON lines and `new` otherwise
    #[arg(long, value_enum)]
    pub ids: Option<Ids>,
    /// Import rows also if the store's tokens are newer, or may be
    #[arg(long)]
    pub overwrite: bool,
    /// Say what would be done, and change nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// How a database is reached.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// The table in a database. The default is `oauthtoken`
    #[arg(long)]
    pub table: Option<String>,
    /// Certificates (PEM) with which that of a MySQL server is checked; asks for TLS
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Send tokens and the password to a MySQL server on another machine without TLS
    #[arg(long, conflicts_with = "ca")]
    pub plain_text: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The tokens are written in plain text, so --show-secrets must be given, and a file can be read by its owner alone. It \
appears under its name when it is complete.

Examples:
  zoho-tokens export --to backup.jsonl --show-secrets
  zoho-tokens export --to sdk_tokens.txt --show-secrets
  zoho-tokens export --to mysql://root@db.example.com/zohooauth --ca global-bundle.pem --show-secrets")]
pub struct ExportArgs {
    /// A file, a mysql:// URL, or `-` for standard output
    #[arg(long, value_name = "FILE|URL")]
    pub to: String,
    /// The format. By default it follows from the name: .jsonl, .txt and .csv (file-store), .db and .sqlite; and is
    /// json-lines for `-`
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Replace a file that exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reports rows as `import` does, and can be repeated. Records keep their ids. The other store has the same settings: KMS \
key, replica regions, tags, fingerprint key.

Examples:
  zoho-tokens copy --to-prefix zoho/staging/ --dry-run
  zoho-tokens copy --to-region eu-central-1
  zoho-tokens copy --profile old --to-profile new")]
pub struct CopyArgs {
    /// The prefix of the other store; the same if it is not given
    #[arg(long)]
    pub to_prefix: Option<String>,
    /// The region of the other store
    #[arg(long)]
    pub to_region: Option<String>,
    /// The profile of the other store
    #[arg(long)]
    pub to_profile: Option<String>,
    /// Where the ids come from. The default is `keep`
    #[arg(long, value_enum, default_value = "keep")]
    pub ids: Ids,
    /// Copy records also if the other store's tokens are newer, or may be
    #[arg(long)]
    pub overwrite: bool,
    /// Say what would be done, and change nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

impl DatabaseArgs {
    pub fn table(&self) -> &str {
        self.table.as_deref().unwrap_or("oauthtoken")
    }

    /// Refuses options that would do nothing.
    pub fn for_a_file(&self, is_sqlite: bool) -> Result<(), Failure> {
        let option = match self {
            _ if self.ca.is_some() => "--ca",
            _ if self.plain_text => "--plain-text",
            _ if self.table.is_some() && !is_sqlite => "--table",
            _ => return Ok(()),
        };
        Err(Failure::Usage(match option {
            "--table" => "--table is for databases, and this is a file of rows".to_owned(),
            _ => format!("{option} is for a mysql:// URL"),
        }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ids {
    /// New records keep the id of the row
    Keep,
    /// The store derives the id of a new record from its user or token, and finds it in one call
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    JsonLines,
    /// FileStore of the SDKs for Python, Java, PHP and Node
    FileStore,
    /// FileStore of the SDK for TypeScript
    FileStoreTypescript,
    /// The SQLite database of Zoho's guide
    Sqlite,
}
