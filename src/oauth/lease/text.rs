//! The text of a lease in a record.
//!
//! The phase is `held`, `sending` (a grant token may have been sent), `failed:code:since` or `free`.
//! After it, `server:` and a digest tell which accounts server has refused, and `grant:` and digests
//! joined by `+` which grant tokens may have been sent.

use super::{Lease, Note, Phase};

impl Lease {
    /// Reads the text in a record. A text that is malformed counts as none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (base, attempt, nonce) = (parts.next()?, parts.next()?, parts.next()?);
        let attempt = attempt.parse().ok().filter(|&attempt| attempt > 0)?;
        let mut phase = match parts.next()? {
            "held" => Phase::Held,
            "sending" => Phase::Sending,
            "free" => Phase::Free,
            "failed" => Phase::Failed(Note {
                code: parts.next()?.to_owned(),
                since: parts.next()?.parse().ok()?,
                server: None,
            }),
            _ => return None,
        };
        let mut sent = Vec::new();
        while let Some(name) = parts.next() {
            let value = parts.next()?;
            match (name, &mut phase) {
                ("server", Phase::Failed(note)) => note.server = Some(value.to_owned()),
                ("grant", _) => sent = value.split('+').map(str::to_owned).collect(),
                _ => return None,
            }
        }
        Some(Lease {
            base: base.to_owned(),
            attempt,
            nonce: nonce.to_owned(),
            phase,
            sent,
        })
    }

    pub(crate) fn to_text(&self) -> String {
        let Lease {
            base,
            attempt,
            nonce,
            phase,
            sent,
        } = self;
        let phase = match phase {
            Phase::Held => "held".to_owned(),
            Phase::Sending => "sending".to_owned(),
            Phase::Free => "free".to_owned(),
            Phase::Failed(note) => {
                let server = note.server.iter().map(|server| format!(":server:{server}"));
                let server: String = server.collect();
                format!("failed:{}:{}{server}", note.code, note.since)
            }
        };
        let grants = match sent.is_empty() {
            true => String::new(),
            false => format!(":grant:{}", sent.join("+")),
        };
        format!("{base}:{attempt}:{nonce}:{phase}{grants}")
    }
}
