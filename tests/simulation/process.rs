//! A process that uses the store, and how its operations end.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::task::JoinHandle;
use zoho_token_store::{Error, Field, OAuthToken, SecretsManagerTokenStore, TokenStore};

use crate::clock::{Clock, WallClock};
use crate::link::Link;
use crate::support::token::token;
use crate::trace::Trace;

/// An operation that takes longer than this is taken for one that never ends.
const NEVER: Duration = Duration::from_secs(3_600);

/// A process. Clones are the same one.
#[derive(Clone)]
pub struct Process {
    pub link: Arc<Link>,
    pub store: SecretsManagerTokenStore,
    pub clock: Clock,
    pub wall_clock: WallClock,
    pub trace: Trace,
}

/// Why an operation has no result.
#[derive(Debug)]
pub enum Stopped {
    Failed(Error),
    /// The process has crashed.
    Crashed,
    /// It does not end.
    Hung,
}

/// What an operation came to.
pub type Ended<T> = Result<T, Stopped>;

impl Process {
    pub fn name(&self) -> &str {
        &self.link.name
    }

    /// Runs an operation until it ends, or the process crashes.
    pub async fn run<T: fmt::Debug>(
        &self,
        what: &str,
        operation: impl Future<Output = Result<T, Error>>,
        show: impl FnOnce(&T) -> String,
    ) -> Ended<T> {
        if self.link.has_crashed() {
            return Err(Stopped::Crashed);
        }
        self.trace.note(self.clock.now(), self.name(), what);
        let bounded = pin!(tokio::time::timeout(NEVER, operation));
        let crashed = pin!(self.link.crashed());
        let ended = match select(crashed, bounded).await {
            Either::Left(_) => Err(Stopped::Crashed),
            Either::Right((Err(_), _)) => Err(Stopped::Hung),
            Either::Right((Ok(Err(error)), _)) => Err(Stopped::Failed(error)),
            Either::Right((Ok(Ok(result)), _)) => Ok(result),
        };
        let shown = match &ended {
            Ok(result) => show(result),
            Err(stopped) => stopped.to_string(),
        };
        self.trace
            .note(self.clock.now(), self.name(), &format!("{what} -> {shown}"));
        ended
    }

    pub async fn save(&self, columns: &str) -> Ended<OAuthToken> {
        let token = token(columns);
        let saved = self.store.save_token(&token);
        self.run(&format!("save {columns}"), saved, |saved| self.shown(saved))
            .await
    }

    pub async fn find(&self, columns: &str) -> Ended<Option<OAuthToken>> {
        let partial = token(columns);
        let found = TokenStore::find_token(&self.store, &partial);
        self.run(&format!("find {columns}"), found, |found| match found {
            Some(found) => self.shown(found),
            None => "none".to_owned(),
        })
        .await
    }

    pub async fn find_by_id(&self, id: &str) -> Ended<Option<OAuthToken>> {
        let found = TokenStore::find_token_by_id(&self.store, id);
        let what = format!("find {}", self.trace.record(id));
        self.run(&what, found, |found| match found {
            Some(found) => self.shown(found),
            None => "none".to_owned(),
        })
        .await
    }

    pub async fn delete(&self, id: &str) -> Ended<()> {
        let what = format!("delete {}", self.trace.record(id));
        let deleted = self.store.delete_token(id);
        self.run(&what, deleted, |()| "done".to_owned()).await
    }

    pub async fn undelete(&self, id: &str) -> Ended<Option<OAuthToken>> {
        let what = format!("undelete {}", self.trace.record(id));
        let undeleted = self.store.undelete(id);
        self.run(&what, undeleted, |found| match found {
            Some(found) => self.shown(found),
            None => "none".to_owned(),
        })
        .await
    }

    pub async fn list(&self) -> Ended<Vec<OAuthToken>> {
        self.run("list", self.store.get_tokens(), |listed| {
            let mut shown: Vec<_> = listed.iter().map(|token| self.shown(token)).collect();
            shown.sort_unstable();
            format!("{shown:?}")
        })
        .await
    }

    pub async fn clear(&self) -> Ended<()> {
        let cleared = self.store.delete_tokens();
        self.run("clear", cleared, |()| "done".to_owned()).await
    }

    pub async fn reindex(&self) -> Ended<usize> {
        self.run("reindex", self.store.reindex(), usize::to_string)
            .await
    }

    pub fn invalidate(&self, id: &str) {
        let what = format!("invalidate {}", self.trace.record(id));
        self.trace.note(self.clock.now(), self.name(), &what);
        self.store.invalidate(id);
    }

    /// Begins a save, which then goes on by itself.
    pub fn start_save(&self, columns: &'static str) -> JoinHandle<Ended<OAuthToken>> {
        let process = self.clone();
        tokio::spawn(async move { process.save(columns).await })
    }

    /// Begins a deletion, which then goes on by itself.
    pub fn start_delete(&self, id: &str) -> JoinHandle<Ended<()>> {
        let (process, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move { process.delete(&id).await })
    }

    /// Somebody sets the process's clock to so many seconds ahead of AWS's.
    pub fn set_clock(&self, ahead: i64) {
        let what = format!("its clock is set to {ahead} s ahead");
        self.trace.note(self.clock.now(), self.name(), &what);
        self.wall_clock.set(ahead);
    }

    /// The process dies.
    pub fn crash(&self) {
        self.trace.note(self.clock.now(), self.name(), "crashes");
        self.link.crash();
    }

    /// A record as a trace shows it.
    fn shown(&self, record: &OAuthToken) -> String {
        let id = self.trace.record(record.id().unwrap_or_default());
        let given = Field::ALL.iter().filter(|&&field| field != Field::Id);
        let columns = given.filter_map(|&field| Some(format!("{field}={}", record.expose(field)?)));
        format!("{id} {{{}}}", columns.collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::Failed(error) => write!(f, "{:?}", error.kind()),
            Stopped::Crashed => f.write_str("crashed"),
            Stopped::Hung => f.write_str("does not end"),
        }
    }
}
