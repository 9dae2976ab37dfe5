//! The command line of the commands that talk to Zoho.

use std::time::Duration;

use zoho_token_store::DataCenter;

/// Where Zoho's servers are.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Zoho")]
pub struct ZohoArgs {
    /// The data centre of logins, and of records with neither `accounts_url` nor an `api_domain` of Zoho: us,
    /// eu, in, cn, au, jp, ca or sa
    #[arg(long, default_value = "us", value_parser = data_center)]
    pub data_center: DataCenter,
    /// Another accounts server than a data centre's, for tests; of all records without `accounts_url`
    #[arg(long, value_name = "URL", conflicts_with = "data_center")]
    pub accounts_url: Option<String>,
    /// The API server that belongs to it; the same if it is not given
    #[arg(long, value_name = "URL", requires = "accounts_url")]
    pub api_url: Option<String>,
}

fn data_center(name: &str) -> Result<DataCenter, String> {
    name.parse()
        .map_err(|error: zoho_token_store::Error| error.to_string())
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --redirect-url http://localhost:PORT/…, which must be one of the client's redirect URLs at https://api-console.zoho.com, \
the program waits there for the browser. Without it, the code is that of a Self Client, and is asked for, or is the \
first line of standard input.

The client secret is ZOHO_CLIENT_SECRET, or is asked for.

Examples:
  zoho-tokens login --client-id 1000.ABC --data-center eu
  zoho-tokens login --client-id 1000.ABC --redirect-url http://localhost:8976/callback
  read -rs ZOHO_CLIENT_SECRET && export ZOHO_CLIENT_SECRET
  zoho-tokens login --client-id 1000.ABC < code.txt")]
pub struct LoginArgs {
    /// The OAuth client
    #[arg(long)]
    pub client_id: String,
    /// What the tokens are for, separated by commas
    #[arg(
        long,
        default_value = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.READ,ZohoCRM.org.READ"
    )]
    pub scope: String,
    /// Where Zoho sends the browser with the code
    #[arg(long, value_name = "URL")]
    pub redirect_url: Option<String>,
    /// The user's name in the store. By default Zoho is asked: `<email>:<org id>`
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    #[command(flatten)]
    pub zoho: ZohoArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The one command that prints a token. If it has expired, it is refreshed once for all processes.

Examples:
  curl -H \"$(zoho-tokens access-token ada@example.com:7 --header)\" https://www.zohoapis.com/crm/v8/Leads
  zoho-tokens access-token ada@example.com:7 --json | jq -r .api_domain")]
pub struct AccessTokenArgs {
    #[command(flatten)]
    pub record: super::Selector,
    /// Print the whole header, `Authorization: Zoho-oauthtoken …`
    #[arg(long, conflicts_with = "json")]
    pub header: bool,
    #[command(flatten)]
    pub zoho: ZohoArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Zoho gives a refresh token at most 10 access tokens in 10 minutes. With --expiring, a person at a terminal is asked \
first.

Examples:
  zoho-tokens refresh ada@example.com:7
  zoho-tokens refresh --expiring 10m")]
pub struct RefreshArgs {
    /// The record's user, or its id
    #[arg(value_name = "USER|ID", required_unless_present = "expiring")]
    pub record: Option<String>,
    /// The OAuth client, if the user has a record for several
    #[arg(long)]
    pub client_id: Option<String>,
    /// Refresh all tokens that expire within this time
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with_all = ["record", "client_id"])]
    pub expiring: Option<Duration>,
    /// Do not ask. Without a terminal, nothing is asked
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub zoho: ZohoArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The tokens are revoked at Zoho first; then the record is deleted.

Examples:
  zoho-tokens revoke ada@example.com:7")]
pub struct RevokeArgs {
    #[command(flatten)]
    pub record: super::Selector,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub zoho: ZohoArgs,
}
