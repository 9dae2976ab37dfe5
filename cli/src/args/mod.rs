//! The command line.

mod oauth;
mod transfer;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub use oauth::{AccessTokenArgs, LoginArgs, RefreshArgs, RevokeArgs, ZohoArgs};
pub use transfer::{CopyArgs, DatabaseArgs, ExportArgs, Format, Ids, ImportArgs};

/// See, move and mend the OAuth tokens of Zoho's CRM SDKs in AWS Secrets Manager.
#[derive(Debug, Parser)]
#[command(name = "zoho-tokens", version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Settings: the options above, then ZOHO_TOKEN_STORE_… and the standard AWS variables and profiles.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such record, 130 interrupted.

Examples:
  zoho-tokens check
  zoho-tokens list --expired
  zoho-tokens show ada@example.com:7
  zoho-tokens import sdk_tokens.txt --dry-run";

/// Which store.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Store")]
pub struct StoreArgs {
    /// The prefix of the secrets' names, ending in `/` [env: ZOHO_TOKEN_STORE_PREFIX]
    #[arg(long, global = true)]
    pub prefix: Option<String>,
    /// The AWS region [env: AWS_REGION]
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// The profile in the AWS configuration files, whose credentials alone are used [env: AWS_PROFILE,
    /// after AWS_ACCESS_KEY_ID]
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// The URL of another server than AWS, for tests [env: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print token values and client secrets, which are left out otherwise
    #[arg(long, global = true)]
    pub show_secrets: bool,
}

/// Which record.
#[derive(Clone, Debug, clap::Args)]
pub struct Selector {
    /// The record's user, or its id
    #[arg(value_name = "USER|ID")]
    pub record: String,
    /// The OAuth client, if the user has a record for several
    #[arg(long)]
    pub client_id: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List records: user, client, expiry, which tokens each has, and its state
    #[command(after_help = "\
Examples:
  zoho-tokens list
  zoho-tokens list --user '*@example.com:*' --expired
  zoho-tokens list --json | jq -r 'select(.state == \"expired\") | .id'
  zoho-tokens list --deleted")]
    List(ListArgs),
    /// Show one record: its columns, versions, tags, replicas and KMS key
    #[command(after_help = "\
Examples:
  zoho-tokens show ada@example.com:7
  zoho-tokens show ada@example.com:7 --json
  zoho-tokens show ada@example.com:7 --show-secrets")]
    Show(Selector),
    /// Log a user in at Zoho, and save the tokens
    Login(LoginArgs),
    /// Print a valid access token, refreshing it if needed
    AccessToken(AccessTokenArgs),
    /// Refresh an access token, or all that expire soon
    Refresh(RefreshArgs),
    /// Revoke a user's tokens at Zoho, and delete the record
    Revoke(RevokeArgs),
    /// Delete a record, or all
    #[command(after_help = "\
Examples:
  zoho-tokens delete ada@example.com:7
  zoho-tokens delete --all --yes

`undelete` brings a deleted record back until the recovery window ends.")]
    Delete(DeleteArgs),
    /// Bring a deleted record back, with its token
    #[command(after_help = "\
Examples:
  zoho-tokens list --deleted
  zoho-tokens undelete u-0123456789abcdef")]
    Undelete {
        /// The record's id, as `list --deleted` prints it
        id: String,
        /// Do not ask. Without a terminal, nothing is asked
        #[arg(long, short)]
        yes: bool,
    },
    /// Copy tokens from a file or database of Zoho's SDKs, or an export, into the store
    Import(ImportArgs),
    /// Write all tokens to a file or database
    Export(ExportArgs),
    /// Copy all records to another store
    Copy(CopyArgs),
    /// Check settings, permissions and records, and say what to do
    #[command(after_help = "\
Examples:
  zoho-tokens check
  zoho-tokens check --read-only && ./serve")]
    Check {
        /// Succeed if lookups work, also if the role may not write
        #[arg(long)]
        read_only: bool,
    },
    /// Give every record the tags by which it is found
    #[command(after_help = "\
After the fingerprint key has changed, or if `check` reports wrong tags. It can be interrupted and repeated.

Examples:
  zoho-tokens reindex")]
    Reindex,
    /// Print the completions of a shell
    #[command(after_help = "\
Examples:
  zoho-tokens completions bash > ~/.local/share/bash-completion/completions/zoho-tokens
  zoho-tokens completions zsh > ~/.zfunc/_zoho-tokens")]
    Completions { shell: Shell },
    /// Print the manual page
    #[command(after_help = "\
Examples:
  zoho-tokens man | man -l -
  zoho-tokens man > ~/.local/share/man/man1/zoho-tokens.1")]
    Man,
}

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only users that match this pattern: `*` is any text, `?` any character
    #[arg(long, value_name = "GLOB")]
    pub user: Option<String>,
    /// Only records whose access token has expired
    #[arg(long)]
    pub expired: bool,
    /// Only records for which Zoho issues no access token, or somebody has to log in. Reads each
    /// record once more
    #[arg(long)]
    pub failing: bool,
    /// Only deleted records that `undelete` can bring back: their ids, and since when
    #[arg(long, conflicts_with_all = ["user", "expired", "failing"])]
    pub deleted: bool,
}

#[derive(Debug, clap::Args)]
pub struct DeleteArgs {
    /// The record's user, or its id
    #[arg(value_name = "USER|ID", required_unless_present = "all")]
    pub record: Option<String>,
    /// The OAuth client, if the user has a record for several
    #[arg(long)]
    pub client_id: Option<String>,
    /// Delete all records of the store
    #[arg(long, conflicts_with_all = ["record", "client_id"])]
    pub all: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        let mut program = Args::command();
        program.build();
        let commands = program.get_subcommands();
        for command in commands.filter(|command| command.get_name() != "help") {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Examples:"), "{}", command.get_name());
        }
    }
}
