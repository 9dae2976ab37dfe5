//! The settings of the environment: a table of names, and what each does to the builder.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use super::aws::validate::is_region;
use super::{Deletion, SecretsManagerTokenStoreBuilder as Builder};
use crate::{Error, ErrorKind};

/// The prefix of all names.
const PREFIX: &str = "ZOHO_TOKEN_STORE_";

/// One environment variable.
struct Setting {
    /// The name without [`PREFIX`].
    name: &'static str,
    /// What a value must be, for the error if it is malformed.
    expected: &'static str,
    /// Sets it; returns `None` if the value is malformed.
    set: fn(Builder, &str) -> Option<Builder>,
}

const SETTINGS: [Setting; 15] = [
    Setting {
        name: "PREFIX",
        expected: "the prefix of the secrets' names, ending in `/`",
        set: |builder, value| Some(builder.prefix(value)),
    },
    Setting {
        name: "KMS_KEY_ID",
        expected: "the id, ARN or alias of a KMS key",
        set: |builder, value| Some(builder.kms_key_id(value)),
    },
    Setting {
        name: "CACHE_CAPACITY",
        expected: "a number of records, 0 for no cache",
        set: |builder, value| Some(builder.cache_capacity(unless_zero::<u64>(value)?)),
    },
    Setting {
        name: "CACHE_BYTES",
        expected: "a number of bytes from 1",
        set: |builder, value| {
            let bytes = value.parse().ok().filter(|bytes| *bytes > 0)?;
            Some(builder.cache_bytes(bytes))
        },
    },
    Setting {
        name: "CACHE_TTL_SECONDS",
        expected: "a number of seconds from 1 to 86400",
        set: |builder, value| Some(builder.cache_time_to_live(seconds(value, 1)?)),
    },
    Setting {
        name: "SERVE_STALE_SECONDS",
        expected: "a number of seconds from 0 to 86400",
        set: |builder, value| {
            let time = seconds(value, 0)?;
            Some(builder.serve_stale_for(Some(time).filter(|time| !time.is_zero())))
        },
    },
    Setting {
        name: "TAG_INDEX",
        expected: "`on` or `off`",
        set: |builder, value| Some(builder.tag_index(switch(value)?)),
    },
    Setting {
        name: "TAGS",
        expected: "tags as `key=value`, separated by commas",
        set: |builder, value| {
            let mut tags = value.split(',').map(|tag| tag.split_once('='));
            tags.try_fold(builder, |builder, tag| {
                tag.map(|(key, value)| builder.tag(key.trim(), value.trim()))
            })
        },
    },
    Setting {
        name: "REPLICA_REGIONS",
        expected: "names of regions, separated by commas",
        set: |builder, value| {
            let mut regions = value.split(',').map(str::trim);
            regions.try_fold(builder, |builder, region| {
                is_region(region).then(|| builder.replica_region(region))
            })
        },
    },
    Setting {
        name: "RECOVERY_WINDOW_DAYS",
        expected: "a number of days from 7 to 30, or 0 to delete by force",
        set: |builder, value| {
            Some(builder.deletion(match value.parse().ok()? {
                0 => Deletion::Force,
                days @ 7..=30 => Deletion::RecoveryWindow { days },
                _ => return None,
            }))
        },
    },
    Setting {
        name: "FINGERPRINT_KEY",
        expected: "a random string of at least 16 bytes",
        set: |builder, value| Some(builder.fingerprint_key(value)).filter(|_| value.len() >= 16),
    },
    Setting {
        name: "FINGERPRINT_KEY_SECRET",
        expected: "the name or ARN of the secret with the fingerprint key",
        set: |builder, value| Some(builder.fingerprint_key_secret(value)),
    },
    Setting {
        name: "ATTEMPT_TIMEOUT_SECONDS",
        expected: "a number of seconds from 1 to 86400",
        set: |builder, value| Some(builder.attempt_timeout(seconds(value, 1)?)),
    },
    Setting {
        name: "OPERATION_TIMEOUT_SECONDS",
        expected: "a number of seconds from 1 to 86400",
        set: |builder, value| Some(builder.operation_timeout(seconds(value, 1)?)),
    },
    Setting {
        name: "WRITES_PER_SECOND",
        expected: "a number of calls, 0 for no limit",
        set: |builder, value| Some(builder.writes_per_second(unless_zero::<u32>(value)?)),
    },
];

/// Settings of which only one can be set.
const ALTERNATIVES: [[&str; 2]; 2] = [
    ["CACHE_CAPACITY", "CACHE_BYTES"],
    ["FINGERPRINT_KEY", "FINGERPRINT_KEY_SECRET"],
];

/// Applies all variables with the prefix. Errors do not show values: one of them is a key.
pub(crate) fn apply(
    builder: Builder,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Builder, Error> {
    let ours = variables.into_iter().filter_map(|(name, value)| {
        let name = name.to_string_lossy().into_owned();
        name.starts_with(PREFIX).then_some((name, value))
    });
    // Sorted, so that the same environment always gives the same error.
    let mut ours: Vec<_> = ours.collect();
    ours.sort_unstable();
    let is_set = |wanted: &str| {
        ours.iter()
            .any(|(name, _)| name.strip_prefix(PREFIX) == Some(wanted))
    };
    for [one, other] in ALTERNATIVES {
        if is_set(one) && is_set(other) {
            let problem = format!("both {PREFIX}{one} and {PREFIX}{other} are set");
            return Err(Error::new(ErrorKind::InvalidConfig, problem).advise("set one of them"));
        }
    }
    ours.into_iter()
        .try_fold(builder, |builder, (name, value)| {
            let Some(setting) = SETTINGS
                .iter()
                .find(|setting| name.strip_prefix(PREFIX) == Some(setting.name))
            else {
                return Err(unknown(&name));
            };
            let value = value
                .to_str()
                .map(str::trim)
                .filter(|value| !value.is_empty());
            value
                .and_then(|value| (setting.set)(builder, value))
                .ok_or_else(|| {
                    Error::new(
                        ErrorKind::InvalidConfig,
                        format!("the setting {name} is malformed"),
                    )
                    .advise(format!("set it to {}, or leave it out", setting.expected))
                })
        })
}

fn unknown(name: &str) -> Error {
    let names = SETTINGS.iter().map(|setting| setting.name);
    let alike = names
        .clone()
        .max_by_key(|known| likeness(known, name.strip_prefix(PREFIX).unwrap_or(name)));
    let advice = format!(
        "did you mean {PREFIX}{}? The settings are {}",
        alike.unwrap_or_default(),
        names
            .map(|name| format!("{PREFIX}{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    Error::new(
        ErrorKind::InvalidConfig,
        format!("there is no setting {}", name.escape_debug()),
    )
    .advise(advice)
}

/// How alike two names are: the pairs of neighbouring letters that they share, less the others.
fn likeness(one: &str, other: &str) -> isize {
    let pairs = |name: &str| {
        name.to_ascii_uppercase()
            .into_bytes()
            .windows(2)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    let (one, other) = (pairs(one), pairs(other));
    let shared = one.iter().filter(|pair| other.contains(pair)).count();
    (shared * 3) as isize - one.len() as isize
}

/// Returns a number, and `None` within for zero, which switches something off.
fn unless_zero<T: FromStr + Default + PartialEq>(value: &str) -> Option<Option<T>> {
    let number = value.parse().ok()?;
    Some(Some(number).filter(|number| *number != T::default()))
}

fn seconds(value: &str, least: u64) -> Option<Duration> {
    let seconds = value
        .parse()
        .ok()
        .filter(|seconds| (least..=86_400).contains(seconds))?;
    Some(Duration::from_secs(seconds))
}

fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Some(true),
        "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(name: &str, value: &str) -> Result<Builder, Error> {
        let others = [("PATH", "/bin"), ("ZOHO_OTHER", "x")];
        let variables = others.into_iter().chain([(name, value)]);
        apply(
            Builder::default(),
            variables.map(|(name, value)| (name.into(), value.into())),
        )
    }

    #[test]
    fn every_setting_takes_a_good_value() {
        let good = [
            ("PREFIX", "a/b/"),
            ("KMS_KEY_ID", "alias/x"),
            ("CACHE_CAPACITY", "0"),
            ("CACHE_BYTES", "1000000"),
            ("CACHE_TTL_SECONDS", "1"),
            ("SERVE_STALE_SECONDS", "0"),
            ("TAG_INDEX", "off"),
            ("TAGS", "team=crm, stage=a=b"),
            ("REPLICA_REGIONS", "eu-west-1, us-gov-east-1"),
            ("RECOVERY_WINDOW_DAYS", "30"),
            ("FINGERPRINT_KEY", "0123456789abcdef"),
            ("FINGERPRINT_KEY_SECRET", "zoho/key"),
            ("ATTEMPT_TIMEOUT_SECONDS", "3"),
            ("OPERATION_TIMEOUT_SECONDS", "10"),
            ("WRITES_PER_SECOND", "20"),
        ];
        assert!(
            good.iter()
                .map(|(name, _)| *name)
                .eq(SETTINGS.iter().map(|setting| setting.name))
        );
        for (name, value) in good {
            assert!(applied(&format!("{PREFIX}{name}"), value).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_malformed_value_names_the_setting_and_not_the_value() {
        let bad = [
            ("CACHE_CAPACITY", "many"),
            ("CACHE_CAPACITY", "-1"),
            ("CACHE_BYTES", "0"),
            ("CACHE_BYTES", "64MB"),
            ("CACHE_TTL_SECONDS", "0"),
            ("CACHE_TTL_SECONDS", "1.5"),
            ("TAG_INDEX", "maybe"),
            ("TAGS", "team"),
            ("REPLICA_REGIONS", "eu-west-1,,us-east-1"),
            ("REPLICA_REGIONS", "Ireland"),
            ("RECOVERY_WINDOW_DAYS", "6"),
            ("RECOVERY_WINDOW_DAYS", "31"),
            ("FINGERPRINT_KEY", "tooshort"),
            ("ATTEMPT_TIMEOUT_SECONDS", "soon"),
            ("WRITES_PER_SECOND", "fast"),
            ("PREFIX", ""),
        ];
        for (name, value) in bad {
            let name = format!("{PREFIX}{name}");
            let error = applied(&name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(error.to_string().contains(&name), "{error}");
            assert!(
                value.is_empty() || !error.to_string().contains(&format!("`{value}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_misspelled_setting_is_named_with_the_one_that_was_meant() {
        for setting in &SETTINGS {
            let name = setting.name;
            let swapped = format!("{}{}{}", &name[..1], &name[2..3], &name[1..2]) + &name[3..];
            let misspelled = [swapped, format!("{name}S"), name[1..].to_owned()];
            for misspelled in misspelled.into_iter().filter(|other| other != name) {
                let error = applied(&format!("{PREFIX}{misspelled}"), "1").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{misspelled}");
                assert!(error.to_string().contains(&misspelled), "{error}");
                let meant = format!("did you mean {PREFIX}{name}?");
                assert!(error.to_string().contains(&meant), "{misspelled}: {error}");
            }
        }
    }

    #[test]
    fn of_two_alternatives_only_one_can_be_set() {
        for names in ALTERNATIVES {
            let variables = names.map(|name| format!("{PREFIX}{name}"));
            let error = apply(
                Builder::default(),
                variables
                    .clone()
                    .map(|name| (name.into(), "0123456789012345".into())),
            )
            .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            for name in &variables {
                assert!(error.to_string().contains(name), "{error}");
            }
        }
    }

    #[test]
    fn the_readme_has_a_row_for_every_setting() {
        let readme = include_str!("../../README.md");
        assert!(readme.contains(include_str!("../../docs/rustdoc/environment.md")));
        assert!(readme.contains(include_str!("../../docs/rustdoc/guarantees.md")));
        for setting in &SETTINGS {
            assert!(
                readme.contains(&format!("| `{PREFIX}{}` |", setting.name)),
                "{}",
                setting.name
            );
        }
    }
}
