//! What is known of a record's secret, in a third of the bytes if ARN and version are as usual.
//! Otherwise it is kept as it is.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Known, Presence};

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
    created: Option<SystemTime>,
    since: Instant,
    learned: Instant,
}

/// Packs and unpacks, without loss.
#[derive(Default)]
pub(super) struct Packer {
    /// The beginning of the store's ARNs: partition, region, account and prefix.
    beginning: Option<Box<str>>,
}

impl Packer {
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
        Some(Usual {
            presence: known.presence,
            suffix,
            version: version.into_bytes(),
            created: known.created,
            since: known.since,
            learned: known.learned,
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
        Known {
            presence: usual.presence,
            arn: arn.into(),
            version: Arc::from(Uuid::from_bytes(usual.version).to_string()),
            created: usual.created,
            former_arn: None,
            since: usual.since,
            learned: usual.learned,
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
    use std::time::Duration;

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
        let mut packer = Packer::default();
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
        let other = Known {
            former_arn: Some("a".into()),
            ..usual
        };
        assert!(!is_usual(&mut packer, "1", &other));
    }
}
