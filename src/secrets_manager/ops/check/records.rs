//! What the records tell: whether there are any, and whether the fingerprint key, the index and the
//! KMS key are right for them.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::sample::{Sample, Sampled};
use crate::secrets_manager::aws::calls::Value;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::format::fingerprint::{FingerprintKey, Fingerprints};
use crate::secrets_manager::format::tags::{INDEX_PREFIX, Tag, lookup_values};
use crate::secrets_manager::ops::bulk::CALLS_AT_ONCE;
use crate::secrets_manager::ops::core::Core;
use crate::secrets_manager::report::{Check, Outcome};
use crate::{Error, ErrorKind};

/// How many secrets or prefixes a line names at most.
const NAMED: usize = 3;

pub(super) async fn check(core: &Core, region: &str, sample: &Sample) -> [Check; 4] {
    let fingerprints = core.fingerprints().await;
    let (key, index) = match fingerprints {
        Err(error) => (
            Check::failed("fingerprint key", error),
            Check::skipped("index", "there is no fingerprint key"),
        ),
        Ok(fingerprints) => {
            let key = fingerprint_key(core, fingerprints, sample).await;
            let index = match key.outcome() {
                // reindex() would give all records the tags of the wrong key.
                Outcome::Failed(error) if error.kind() == ErrorKind::InvalidConfig => {
                    Check::skipped("index", "the fingerprint key is another one")
                }
                Outcome::Failed(_) => Check::skipped("index", "the tags cannot be read"),
                _ => index(core, fingerprints, sample).await,
            };
            (key, index)
        }
    };
    [
        records(core, region, sample).await,
        key,
        index,
        kms(core, sample),
    ]
}

async fn records(core: &Core, region: &str, sample: &Sample) -> Check {
    let name = "records";
    let prefix = core.names.prefix();
    if let Some(reason) = not_listed(core, sample) {
        return Check::skipped(name, reason);
    }
    if let Some(error) = sample.undecodable.first() {
        let unreadable = sample.undecodable.iter().filter_map(Error::secret_name);
        let unreadable: Vec<_> = unreadable.take(NAMED).collect();
        let what = format!(
            "of {}, {} cannot be read as tokens: {}",
            counted(sample.listed.len()),
            sample.undecodable.len(),
            unreadable.join(", ")
        );
        let error = Error::new(ErrorKind::Decode, what)
            .with_shared_source(error)
            .advise("get_tokens says for each what is wrong with it");
        return Check::failed(name, error);
    }
    let at_least = if sample.more { "at least " } else { "" };
    match sample.listed.len() {
        0 => no_records(core, region).await,
        count => Check::passed(name, format!("{at_least}{count} under `{prefix}`")),
    }
}

/// There is nothing under the prefix: nobody has logged in yet, or the settings are wrong.
async fn no_records(core: &Core, region: &str) -> Check {
    let prefix = core.names.prefix();
    let elsewhere = match core.aws.entries(None).await {
        Ok((entries, _)) => entries,
        Err(failure) => return Check::failed("records", failure.error),
    };
    let prefixes = elsewhere.iter().filter_map(|entry| {
        let end = entry.name.rfind('/')?;
        Some(&entry.name[..=end])
    });
    let prefixes: BTreeSet<_> = prefixes.filter(|&other| other != prefix).collect();
    if prefixes.is_empty() {
        let none = format!("none under `{prefix}`, and of no other store in {region}");
        return Check::skipped("records", none).advise(
            "if users have logged in before, check the prefix, the region and the account",
        );
    }
    let named: Vec<_> = prefixes
        .iter()
        .take(NAMED)
        .map(|prefix| format!("`{prefix}`"))
        .collect();
    let more = if prefixes.len() > NAMED {
        " and others"
    } else {
        ""
    };
    let none = format!(
        "none under `{prefix}`, but under {}{more}",
        named.join(", ")
    );
    let advice =
        "check ZOHO_TOKEN_STORE_PREFIX; if nobody has logged in yet, save a token and check again";
    Check::failed(
        "records",
        Error::new(ErrorKind::InvalidConfig, none).advise(advice),
    )
}

async fn fingerprint_key(core: &Core, fingerprints: &Fingerprints, sample: &Sample) -> Check {
    let name = "fingerprint key";
    let key = match &core.fingerprint_key {
        FingerprintKey::Public => "none is configured".to_owned(),
        FingerprintKey::Given(_) => "given in the settings".to_owned(),
        FingerprintKey::InSecret(name) => format!("in secret `{name}`"),
    };
    if let Some(reason) = not_listed(core, sample) {
        return Check::skipped(name, format!("{key}; {reason}"));
    }
    if sample.records.is_empty() {
        return Check::skipped(
            name,
            format!("{key}; there is no record to compare it with"),
        );
    }
    let indexed = sample
        .records
        .iter()
        .filter(|record| has_index(&record.tags));
    let indexed: Vec<_> = indexed.collect();
    let count = indexed.len();
    if count == 0 {
        let what = format!("{key}; no record has tags to compare it with");
        return Check::skipped(name, what);
    }
    let made = indexed.into_iter();
    let made: Vec<_> = made
        .map(|record| is_tagged_with(core, fingerprints, record))
        .collect();
    let made = stream::iter(made).buffered(CALLS_AT_ONCE);
    let made: Result<Vec<_>, _> = made.try_collect().await;
    let made = match made {
        Ok(made) => made.into_iter().filter(|made| *made).count(),
        Err(failure) => return Check::failed(name, failure.error),
    };
    if made == count {
        let what = format!("{key}; it made the tags of {made} of {}", counted(count));
        return Check::passed(name, what);
    }
    let what = format!(
        "{key}, and it made the tags of {made} of {}",
        counted(count)
    );
    let advice = "use the key with which the records were saved, in every process \
                  (ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET): with another one, tokens are not found and \
                  are stored a second time. Only if the key was changed on purpose, call reindex() with \
                  the new one";
    Check::failed(
        name,
        Error::new(ErrorKind::InvalidConfig, what).advise(advice),
    )
}

/// Whether one of the record's tags was made with this key. If the list, which may be old, shows none,
/// the secret is asked.
async fn is_tagged_with(
    core: &Core,
    fingerprints: &Fingerprints,
    record: &Sampled,
) -> Result<bool, Failure> {
    let values = lookup_values(fingerprints, &record.token);
    let any = |tags: &[Tag]| values.iter().any(|value| has_value(tags, value));
    if any(&record.tags) {
        return Ok(true);
    }
    match core.aws.describe(&record.name).await {
        // A change of the record since it was read has changed its tags, too.
        Ok(secret) => {
            let is_the_same = secret.current_version.as_ref() == Some(&record.version);
            Ok(any(&secret.tags) || secret.is_deleted || !is_the_same)
        }
        // It was deleted since.
        Err(failure) if failure.reason == Reason::NotFound => Ok(true),
        Err(failure) => Err(failure),
    }
}

async fn index(core: &Core, fingerprints: &Fingerprints, sample: &Sample) -> Check {
    let name = "index";
    if let Some(reason) = not_listed(core, sample) {
        return Check::skipped(name, reason);
    }
    if sample.records.is_empty() {
        return Check::skipped(name, "there is no record");
    }
    let mut wrong = Vec::new();
    for record in &sample.records {
        let listed = is_complete(fingerprints, record, &record.tags);
        if listed {
            continue;
        }
        match is_complete_now(core, fingerprints, record).await {
            Ok(true) => {}
            Ok(false) => wrong.push(record.name.as_str()),
            Err(failure) => return Check::failed(name, failure.error),
        }
    }
    let count = counted(sample.records.len());
    if wrong.is_empty() {
        return Check::passed(name, format!("{count} with the right tags"));
    }
    let named: Vec<_> = wrong.iter().take(NAMED).copied().collect();
    let wrong = format!(
        "of {count}, {} without the right tags: {}",
        wrong.len(),
        named.join(", ")
    );
    let advice = "call reindex()";
    Check::failed(name, Error::new(ErrorKind::Other, wrong).advise(advice))
}

/// Whether the record's tags are right if its secret is asked, which is more current than the list;
/// or the record is being saved just now.
async fn is_complete_now(
    core: &Core,
    fingerprints: &Fingerprints,
    record: &Sampled,
) -> Result<bool, Failure> {
    match core.aws.describe(&record.name).await {
        Ok(secret) if secret.is_deleted => return Ok(true),
        Ok(secret) if is_complete(fingerprints, record, &secret.tags) => return Ok(true),
        Ok(_) => {}
        Err(failure) if failure.reason == Reason::NotFound => {}
        Err(failure) => return Err(failure),
    }
    // A change of the record between both reads has changed the tags, too.
    Ok(match core.aws.get(&record.name).await? {
        Value::Text { version, .. } => version != record.version,
        Value::Binary { .. } | Value::NotFound | Value::Deleted => true,
    })
}

fn kms(core: &Core, sample: &Sample) -> Check {
    let name = "kms";
    let new = core
        .aws
        .kms_key_id
        .as_deref()
        .unwrap_or("aws/secretsmanager");
    let new = format!("new records are encrypted with {new}");
    if let Some(error) = sample.unread.first() {
        return Check::failed(name, error.clone());
    }
    if sample.records.is_empty() {
        return Check::skipped(name, format!("there is no record to decrypt; {new}"));
    }
    let keys = sample.listed.iter().map(|entry| entry.kms_key.as_deref());
    let keys: BTreeSet<_> = keys
        .map(|key| key.unwrap_or("aws/secretsmanager"))
        .collect();
    let keys: Vec<_> = keys.into_iter().take(NAMED).collect();
    let count = counted(sample.records.len());
    Check::passed(
        name,
        format!("{count} decrypted, with {}; {new}", keys.join(", ")),
    )
}

fn counted(records: usize) -> String {
    match records {
        1 => "1 record".to_owned(),
        records => format!("{records} records"),
    }
}

fn not_listed(core: &Core, sample: &Sample) -> Option<&'static str> {
    match sample.failure {
        _ if !core.tag_index => Some("the tag index is off, so records cannot be listed"),
        Some(_) => Some("records cannot be listed"),
        None => None,
    }
}

fn is_complete(fingerprints: &Fingerprints, record: &Sampled, tags: &[Tag]) -> bool {
    let values = lookup_values(fingerprints, &record.token);
    values.iter().all(|value| has_value(tags, value))
}

fn has_index(tags: &[Tag]) -> bool {
    tags.iter().any(|(key, _)| key.starts_with(INDEX_PREFIX))
}

fn has_value(tags: &[Tag], value: &str) -> bool {
    tags.iter().any(|(_, other)| other == value)
}
