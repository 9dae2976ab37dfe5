//! All secrets, as they are and as they were: AWS may show an older state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::secret::Secret;

/// Nothing older than this is shown: AWS's documentation of ListSecrets names five minutes.
pub const LONGEST_LAG: Duration = Duration::from_secs(300);

/// The secrets by name.
#[derive(Default)]
pub struct Secrets(BTreeMap<String, Timeline>);

/// The states of one name, the oldest first. None stands for no secret.
#[derive(Default)]
struct Timeline(Vec<(Duration, Option<Arc<Secret>>)>);

impl Timeline {
    fn now(&self) -> Option<&Arc<Secret>> {
        self.0.last()?.1.as_ref()
    }

    fn at(&self, time: Duration) -> Option<&Arc<Secret>> {
        let mut states = self.0.iter().rev();
        states.find(|(since, _)| *since <= time)?.1.as_ref()
    }

    fn push(&mut self, now: Duration, state: Option<Arc<Secret>>) {
        // One state that is older than what may be shown is needed: it lasts until the next one.
        let old = |(since, _): &&(Duration, _)| *since + LONGEST_LAG < now;
        let old = self.0.iter().take_while(old).count();
        self.0.drain(..old.saturating_sub(1));
        self.0.push((now, state));
    }
}

impl Secrets {
    /// The secret with this name as it is now.
    pub fn now(&self, name: &str) -> Option<&Arc<Secret>> {
        self.0.get(name)?.now()
    }

    /// The secret with this name as it was at a time.
    pub fn at(&self, name: &str, time: Duration) -> Option<&Arc<Secret>> {
        self.0.get(name)?.at(time)
    }

    /// Every name that there is or was, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All secrets as they are now.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Secret>> {
        self.0.values().filter_map(Timeline::now)
    }

    pub fn set(&mut self, now: Duration, secret: Secret) {
        let timeline = self.0.entry(secret.name.clone()).or_default();
        timeline.push(now, Some(Arc::new(secret)));
    }

    /// Removes the secrets whose deletion is due.
    pub fn settle(&mut self, now: Duration) {
        for timeline in self.0.values_mut() {
            let deletion = timeline.now().and_then(|secret| secret.deletion);
            if let Some(deletion) = deletion.filter(|deletion| deletion.gone_at <= now) {
                timeline.push(deletion.gone_at, None);
            }
        }
    }
}
