//! The command line of `import`, `export` and `copy`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Read are: the SDKs' FileStore (sdk_tokens.txt; of Python, Java, PHP, Node and TypeScript), the SQLite database of \
Zoho's guide (zohooauth.db), the SDKs' MySQL table, and JSON lines as `export` writes them. The password of MySQL is \
in the URL or in MYSQL_PWD.

One line for each row says what became of it: new, same, updated, or refused with the reason. The exit status is 1 if \
a row was refused. An import that was interrupted goes on if it is repeated: rows that are stored are the same then.

Examples:
  zoho-tokens import sdk_tokens.txt --dry-run
  zoho-tokens import zohooauth.db
  zoho-tokens import mysql://root@db.example.com/zohooauth")]
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
    /// The table in a database
    #[arg(long, default_value = "oauthtoken")]
    pub table: String,
    /// Certificates (PEM) with which that of a MySQL server is checked; asks for TLS
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The tokens are written in plain text, so --show-secrets must be given, and a file can be read by its owner alone. It \
appears under its name when it is complete.

Examples:
  zoho-tokens export --to backup.jsonl --show-secrets
  zoho-tokens export --to sdk_tokens.txt --show-secrets
  zoho-tokens export --to mysql://root@db.example.com/zohooauth --show-secrets")]
pub struct ExportArgs {
    /// A file, a mysql:// URL, or `-` for standard output
    #[arg(long, value_name = "FILE|URL")]
    pub to: String,
    /// The format. By default it follows from the name: .jsonl, .txt and .csv (file-store), .db and .sqlite
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Replace a file that exists
    #[arg(long)]
    pub force: bool,
    /// The table in a database
    #[arg(long, default_value = "oauthtoken")]
    pub table: String,
    /// Certificates (PEM) with which that of a MySQL server is checked; asks for TLS
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
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
