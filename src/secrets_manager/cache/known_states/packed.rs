//! What is known of a record's secret, in as few bytes as possible: 48, if ARN and version are as
//! usual. Otherwise it is kept as it is.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::{Known, Presence};
use crate::secrets_manager::cache::short_time::{ShortTime, Start};

/// AWS puts a hyphen and six characters after the name of a secret.
const SUFFIX: usize = 6;

pub(super) enum Packed {
    Usual(Usual),
    Other(Box<Known>),
}

/// The usual case: an ARN that ends in the id, a hyphen and six characters and begins as those of all
/// secrets of the store, a UUID as the version, and one secret of that name so far.
pub(super) struct Usual {
    presence: Presence,
    suffix: [u8; SUFFIX],
    version: [u8; 16],
    /// In nanoseconds since 1970.
    created: Option<NonZeroU64>,
    since: ShortTime,
    learned: ShortTime,
}

/// Packs and unpacks, without loss.
pub(super) struct Packer {
    start: Start,
    /// The beginning of the store's ARNs: partition, region, account and prefix.
    beginning: Option<Box<str>>,
}

impl Packer {
    pub(super) fn new(start: Start) -> Self {
        Packer {
            start,
            beginning: None,
        }
    }

    pub(super) fn pack(&mut self, id: &str, known: Known) -> Packed {
        match self.usual(id, &known) {
            Some(usual) => Packed::Usual(usual),
            None => Packed::Other(Box::new(known)),
        }
    }

    fn usual(&mut self, id: &str, known: &Known) -> Option<Usual> {
        if known.former_arn.is_some() {
            return None;
        }
        let (beginning, suffix) = split(&known.arn, id)?;
        if **self.beginning.get_or_insert_with(|| beginning.into()) != *beginning {
            return None;
        }
        let version = Uuid::try_parse(&known.version).ok()?;
        if *version.to_string() != *known.version {
            return None;
        }
        let created = match known.created {
            Some(created) => {
                let after = created.duration_since(SystemTime::UNIX_EPOCH).ok()?;
                Some(NonZeroU64::new(u64::try_from(after.as_nanos()).ok()?)?)
            }
            None => None,
        };
        Some(Usual {
            presence: known.presence,
            suffix,
            version: version.into_bytes(),
            created,
            since: self.start.short(known.since),
            learned: self.start.short(known.learned),
        })
    }

    pub(super) fn unpack(&self, id: &str, packed: &Packed) -> Known {
        let usual = match packed {
            Packed::Usual(usual) => usual,
            Packed::Other(known) => return Known::clone(known),
        };
        let mut arn = self.beginning.as_deref().unwrap_or_default().to_owned();
        arn.push_str(id);
        arn.push('-');
        arn.extend(usual.suffix.map(char::from));
        let created = usual.created.map(NonZeroU64::get);
        Known {
            presence: usual.presence,
            arn: arn.into(),
            version: Arc::from(Uuid::from_bytes(usual.version).to_string()),
            created: created.map(|since| SystemTime::UNIX_EPOCH + Duration::from_nanos(since)),
            former_arn: None,
            since: self.start.instant(usual.since),
            learned: self.start.instant(usual.learned),
        }
    }
}

/// Splits an ARN that ends in the id, a hyphen and six characters.
fn split<'a>(arn: &'a str, id: &str) -> Option<(&'a str, [u8; SUFFIX])> {
    let (name, suffix) = arn.rsplit_once('-')?;
    let suffix: [u8; SUFFIX] = suffix.as_bytes().try_into().ok()?;
    let beginning = name.strip_suffix(id)?;
    suffix.is_ascii().then_some((beginning, suffix))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const BEGINNING: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/";
    const UUID: &str = "6f4b2a0e-6d3f-4d1c-9a53-8c1f4f0f8f3b";

    fn known(arn: &str, version: &str) -> Known {
        let now = Instant::now();
        Known {
            presence: Presence::There,
            arn: arn.into(),
            version: version.into(),
            created: None,
            former_arn: None,
            since: now,
            learned: now + Duration::from_nanos(7),
        }
    }

    /// Packs what is known of this record, and returns whether it is packed as a usual one.
    fn is_usual(packer: &mut Packer, id: &str, known: &Known) -> bool {
        let packed = packer.pack(id, known.clone());
        assert_eq!(packer.unpack(id, &packed), *known);
        matches!(packed, Packed::Usual(_))
    }

    #[test]
    fn nothing_is_lost() {
        let mut packer = Packer::new(Start::at(Instant::now()));
        let arn = |id: &str| format!("{BEGINNING}{id}-AbCd9f");
        let usual = known(&arn("1"), UUID);
        assert!(is_usual(&mut packer, "1", &usual));
        for id in ["2", "a-b", "a-bcdefg", &"0f".repeat(32)] {
            assert!(is_usual(&mut packer, id, &known(&arn(id), UUID)));
        }
        for presence in [Presence::Gone, Presence::FoundGone] {
            let created = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
            let usual = Known {
                presence,
                created,
                ..usual.clone()
            };
            assert!(is_usual(&mut packer, "1", &usual));
        }
        let other_beginning = arn("1").replace("eu-central-1", "us-east-1");
        let upper_case = UUID.to_uppercase();
        for (arn, version) in [
            ("", ""),
            ("a", UUID),
            (other_beginning.as_str(), UUID),
            (&arn("other"), UUID),
            (&arn("1")[..BEGINNING.len() + 5], UUID),
            (&arn("1").replace("AbCd9f", "éAbCd"), UUID),
            (&arn("1"), "terraform-2026"),
            (&arn("1"), &upper_case),
        ] {
            assert!(!is_usual(&mut packer, "1", &known(arn, version)), "{arn}");
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        for other in [
            Known {
                created: Some(before),
                ..usual.clone()
            },
            Known {
                former_arn: Some("a".into()),
                ..usual
            },
        ] {
            assert!(!is_usual(&mut packer, "1", &other));
        }
    }

    #[test]
    fn the_usual_case_takes_48_bytes() {
        assert_eq!(size_of::<Packed>(), 48);
    }
}
