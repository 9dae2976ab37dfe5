//! Runs sequences of operations from standard input on a store and prints what they returned.
//!
//! ```sh
//! echo '[[{"op": "save", "token": {"access_token": "1000.aa"}}, {"op": "list"}]]' | cargo run --example replay
//! ```
//!
//! The input is a JSON array of sequences, each an array of operations or an object with such an
//! array as `ops` (the form of `src/conformance/contract.json`); the output is an array of result
//! arrays. Each sequence has a store of its own that is empty at first.
//!
//! With `--accounts-url`, sequences also have the operations of a provider: `{"op": "access_token" |
//! "exchange_grant" | "refused", "token": {…}}`. `examples/fake_zoho.rs` is a server for them.

use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use serde_json::Value;
use uuid::Uuid;
use zoho_token_store::conformance::{Answer, Sequence};
use zoho_token_store::{
    DataCenter, Deletion, Error, MemoryTokenStore, SecretsManagerTokenStore,
    SecretsManagerTokenStoreBuilder, TokenProvider, TokenStore,
};

const USAGE: &str = "usage: replay [OPTION]… < sequences.json

  --store memory|secretsmanager  with secretsmanager, every sequence gets a prefix of its own below
                                 ZOHO_TOKEN_STORE_PREFIX
  --keep                         the secrets stay when the sequence is done
  --shared                       all sequences run in the configured prefix, as it is, with one store and
                                 one provider, and nothing is removed
  --at-once                      the sequences run at the same time, and not one after another
  --accounts-url URL             Zoho's accounts server, for access_token, exchange_grant and refused
  --wait-until EPOCH_MS          the sequences start at this time, in milliseconds since the Unix epoch";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    secrets_manager: bool,
    keep: bool,
    shared: bool,
    at_once: bool,
    accounts_url: Option<String>,
    wait_until: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => return malformed(&format!("{problem}\n\n{USAGE}")),
    };
    let sequences = match sequences(io::stdin()) {
        Ok(sequences) => sequences,
        Err(problem) => return malformed(&problem),
    };
    match replay(&options, &sequences).await {
        Ok(results) => {
            println!("{results}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn replay(options: &Options, sequences: &[Sequence]) -> Result<Value, Error> {
    let run = Uuid::new_v4().simple().to_string();
    let shared = match options.shared {
        true => Some(Replayer::new(options, open(options, None).await?)?),
        false => None,
    };
    if let Some(epoch_ms) = options.wait_until {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(epoch_ms);
        // An error means that the time has passed.
        let left = time.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::time::sleep(left).await;
    }
    let replays = sequences
        .iter()
        .enumerate()
        .map(async |(number, sequence)| {
            let answers = match &shared {
                Some(replayer) => replayer.replay(sequence).await,
                None => replay_alone(options, sequence, &format!("replay-{run}/{number}/")).await?,
            };
            Ok(answers.iter().map(Answer::to_json).collect::<Value>())
        });
    if options.at_once {
        let results = join_all(replays).await;
        return results.into_iter().collect();
    }
    let mut results = Vec::with_capacity(sequences.len());
    for replay in replays {
        results.push(replay.await?);
    }
    Ok(results.into())
}

/// What sequences run on.
enum Replayer {
    Store(Arc<dyn TokenStore>),
    Provider(TokenProvider),
}

impl Replayer {
    fn new(options: &Options, store: Arc<dyn TokenStore>) -> Result<Self, Error> {
        let Some(url) = &options.accounts_url else {
            return Ok(Replayer::Store(store));
        };
        let provider = TokenProvider::builder(store).data_center(DataCenter::custom(url, url)?);
        Ok(Replayer::Provider(provider.build()?))
    }

    async fn replay(&self, sequence: &Sequence) -> Vec<Answer> {
        match self {
            Replayer::Store(store) => sequence.replay(store.as_ref()).await,
            Replayer::Provider(provider) => sequence.replay_with(provider).await,
        }
    }
}

/// Runs a sequence on an empty store, and empties it again.
async fn replay_alone(
    options: &Options,
    sequence: &Sequence,
    below: &str,
) -> Result<Vec<Answer>, Error> {
    let store = open(options, Some((below, false))).await?;
    let answers = Replayer::new(options, store)?.replay(sequence).await;
    if options.keep {
        return Ok(answers);
    }
    let store = open(options, Some((below, true))).await?;
    match store.delete_tokens().await {
        // What the sequence returned counts, also where it could store nothing.
        Err(error)
            if answers
                .iter()
                .all(|answer| matches!(answer, Answer::Failed(_))) =>
        {
            eprintln!("replay: nothing to remove could be found: {error}");
        }
        removed => removed?,
    }
    Ok(answers)
}

/// The store that is asked for: as it is configured, or below its prefix, and then perhaps one that
/// deletes by force.
async fn open(
    options: &Options,
    below: Option<(&str, bool)>,
) -> Result<Arc<dyn TokenStore>, Error> {
    if !options.secrets_manager {
        return Ok(Arc::new(MemoryTokenStore::new()));
    }
    let Some((below, by_force)) = below else {
        return Ok(Arc::new(SecretsManagerTokenStore::from_env().await?));
    };
    let prefix = std::env::var("ZOHO_TOKEN_STORE_PREFIX").unwrap_or_else(|_| "zoho/tokens/".into());
    let mut builder = SecretsManagerTokenStoreBuilder::from_env()?.prefix(prefix + below);
    if by_force {
        builder = builder.deletion(Deletion::Force);
    }
    Ok(Arc::new(builder.build().await?))
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--keep" => options.keep = true,
            "--shared" => options.shared = true,
            "--at-once" => options.at_once = true,
            "--accounts-url" => {
                let url = arguments.next();
                options.accounts_url = Some(url.ok_or("--accounts-url takes a URL")?);
            }
            "--wait-until" => {
                let time = arguments.next().and_then(|time| time.parse().ok());
                options.wait_until = Some(time.ok_or("--wait-until takes milliseconds")?);
            }
            "--store" => {
                options.secrets_manager = match arguments.next().as_deref() {
                    Some("memory") => false,
                    Some("secretsmanager") => true,
                    _ => return Err("--store takes memory or secretsmanager".into()),
                }
            }
            other => return Err(format!("there is no option {other:?}")),
        }
    }
    Ok(options)
}

fn sequences(mut input: impl Read) -> Result<Vec<Sequence>, String> {
    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .map_err(|error| format!("the input cannot be read: {error}"))?;
    let input: Value =
        serde_json::from_str(&text).map_err(|error| format!("the input is not JSON: {error}"))?;
    let input = input
        .as_array()
        .ok_or("the input is not an array of sequences")?;
    let parse = |(number, sequence): (usize, &Value)| {
        let operations = sequence.get("ops").unwrap_or(sequence);
        Sequence::from_json(operations).map_err(|problem| format!("sequence {number}: {problem}"))
    };
    input.iter().enumerate().map(parse).collect()
}

fn malformed(problem: &str) -> ExitCode {
    eprintln!("replay: {problem}");
    ExitCode::from(2)
}
