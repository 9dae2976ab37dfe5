//! Runs sequences of operations from standard input on a store and prints what they answered.
//!
//! ```sh
//! echo '[[{"op": "save", "token": {"access_token": "1000.aa"}}, {"op": "list"}]]' | cargo run --example replay
//! ```
//!
//! The input is a JSON array of sequences, each an array of operations or an object with such an
//! array as `ops` (the form of `src/conformance/contract.json`); the output is an array of result
//! arrays. Each sequence has a store of its own that is empty at first.

use std::io::{self, Read};
use std::process::ExitCode;

use serde_json::Value;
use uuid::Uuid;
use zoho_token_store::conformance::{Answer, Sequence};
use zoho_token_store::{
    Deletion, Error, MemoryTokenStore, SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder,
    TokenStore,
};

const USAGE: &str = "usage: replay [--store memory|secretsmanager] [--keep] [--shared] < sequences.json

  --store secretsmanager  every sequence gets a prefix of its own below ZOHO_TOKEN_STORE_PREFIX
  --keep                  the secrets stay when the sequence is done
  --shared                all sequences run one after another in the configured prefix, as it is, and nothing is removed";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    secrets_manager: bool,
    keep: bool,
    shared: bool,
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
    let shared = if options.shared {
        Some(open(options, None).await?)
    } else {
        None
    };
    let mut results = Vec::with_capacity(sequences.len());
    for (number, sequence) in sequences.iter().enumerate() {
        let answers = match &shared {
            Some(store) => sequence.replay(store.as_ref()).await,
            None => replay_alone(options, sequence, &format!("replay-{run}/{number}/")).await?,
        };
        results.push(answers.iter().map(Answer::to_json).collect::<Value>());
    }
    Ok(results.into())
}

/// Runs a sequence on an empty store, and empties it again.
async fn replay_alone(
    options: &Options,
    sequence: &Sequence,
    below: &str,
) -> Result<Vec<Answer>, Error> {
    let answers = sequence
        .replay(open(options, Some((below, false))).await?.as_ref())
        .await;
    if !options.keep {
        let removed = open(options, Some((below, true)))
            .await?
            .delete_tokens()
            .await;
        match removed {
            // What the sequence answered counts, also where it could store nothing.
            Err(error)
                if answers
                    .iter()
                    .all(|answer| matches!(answer, Answer::Failed(_))) =>
            {
                eprintln!("replay: nothing to remove could be found: {error}");
            }
            removed => removed?,
        }
    }
    Ok(answers)
}

/// The store that is asked for: as it is configured, or below its prefix, and then perhaps one that
/// deletes by force.
async fn open(
    options: &Options,
    below: Option<(&str, bool)>,
) -> Result<Box<dyn TokenStore>, Error> {
    if !options.secrets_manager {
        return Ok(Box::new(MemoryTokenStore::new()));
    }
    let Some((below, by_force)) = below else {
        return Ok(Box::new(SecretsManagerTokenStore::from_env().await?));
    };
    let prefix = std::env::var("ZOHO_TOKEN_STORE_PREFIX").unwrap_or_else(|_| "zoho/tokens/".into());
    let mut builder = SecretsManagerTokenStoreBuilder::from_env()?.prefix(prefix + below);
    if by_force {
        builder = builder.deletion(Deletion::Force);
    }
    Ok(Box::new(builder.build().await?))
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--keep" => options.keep = true,
            "--shared" => options.shared = true,
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
