//! `export`: all records into a file or database, in plain text.

use futures::StreamExt;
use serde_json::json;
use zoho_token_store::SecretsManagerTokenStore;

use crate::args::ExportArgs;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::{Output, note};
use crate::text::counted;
use crate::transfer::target::Target;

pub async fn export(
    store: SecretsManagerTokenStore,
    output: Output,
    args: ExportArgs,
) -> Result<(), Failure> {
    if !output.show_secrets {
        return Err(Failure::Usage(
            "an export has all tokens in plain text: add --show-secrets if that is wanted"
                .to_owned(),
        ));
    }
    let mut target = Target::open(&args).await?;
    let progress = Progress::new("records exported", None);
    let (mut exported, mut left_out, mut unread) = (0_usize, 0_usize, 0_usize);
    let mut tokens = store.tokens();
    while let Some(token) = tokens.next().await {
        progress.add(1);
        let problem = match token {
            Ok(token) => {
                let problem = match target.write(&token).await {
                    Err(Failure::Closed) => return Failure::ended(left_out + unread > 0, Ok(())),
                    written => written?,
                };
                let id = token.id().unwrap_or_default();
                match problem {
                    None => exported += 1,
                    Some(_) => left_out += 1,
                }
                problem.map(|reason| format!("the record {id} is left out: {reason}"))
            }
            Err(error) => {
                unread += 1;
                Some(error.to_string())
            }
        };
        if let Some(problem) = problem {
            progress.suspend(|| note(&format!("zoho-tokens: {problem}")));
        }
    }
    drop(progress);
    let finished = match unread {
        0 => target.finish().await,
        _ => target.abandon().await,
    };
    // The reader of standard output may have closed it.
    let mut printed = match finished {
        Err(Failure::Closed) => Err(Failure::Closed),
        finished => Ok(finished?),
    };
    note(&format!(
        "{} exported, {left_out} left out, {unread} not readable",
        counted(exported, "record")
    ));
    // The records themselves are on standard output otherwise.
    if args.to != "-" {
        let counts = json!({"exported": exported, "left_out": left_out, "unreadable": unread});
        printed = output.json_only(&counts);
    }
    Failure::ended(left_out + unread > 0, printed)
}
