//! `export`: all records into a file or database, in plain text.

use futures::StreamExt;
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
    let (mut exported, mut failed) = (0_usize, 0_usize);
    let mut tokens = store.tokens();
    while let Some(token) = tokens.next().await {
        progress.add(1);
        let problem = match token {
            Ok(token) => {
                let left_out = target.write(&token).await?;
                let id = token.id().unwrap_or_default();
                left_out.map(|reason| format!("the record {id} is left out: {reason}"))
            }
            Err(error) => Some(error.to_string()),
        };
        match problem {
            None => exported += 1,
            Some(problem) => {
                failed += 1;
                progress.suspend(|| note(&format!("zoho-tokens: {problem}")));
            }
        }
    }
    drop(progress);
    target.finish().await?;
    note(&format!(
        "{} exported, {failed} left out",
        counted(exported, "record")
    ));
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Reported),
    }
}
