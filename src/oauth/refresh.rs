//! One refresh: looks at the record, puts a lease, asks Zoho, saves what it has issued, or waits for
//! another process that does.
//!
//! It runs in a task of its own, so that a caller that is dropped loses nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::access_token::AccessToken;
use super::core::{Core, Demand, means, nobody_logged_in};
use super::data_center::DataCenter;
use super::lease::{Decision, Lease, Means, Phase, Standing, View, base_of, decide};
use super::metrics::Event;
use super::save::{Saved, replace_lease, save};
use super::states::Unsaved;
use super::zoho::refusal::{Refusal, RefusalKind};
use super::zoho::response::Issued;
use super::zoho::{Failed, ask, request};
use crate::clock::Moment;
use crate::{Error, ErrorKind, Field, OAuthToken, RecordVersion, Swap, matching};

const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(1);

/// Processes that meet an unusable token at the same time spread over this time before they put a
/// lease: otherwise nearly all of their puts would be refused.
const SPREAD: Duration = Duration::from_millis(250);

/// Returns an access token of this record, as a caller has found it, that satisfies the demand.
pub(crate) async fn refresh(
    core: Arc<Core>,
    record: OAuthToken,
    demand: Demand,
) -> Result<AccessToken, Error> {
    let deadline = Instant::now() + core.timing.wait;
    let mut refresh = Refresh {
        core,
        id: record.id().unwrap_or_default().to_owned(),
        is_usual: demand.is_usual(),
        demand,
        deadline,
        unsent: None,
        has_spread: false,
        poll: FIRST_POLL,
        last: Some(record),
    };
    loop {
        match refresh.step().await {
            Ok(Some(access)) => return Ok(access),
            Ok(None) if Instant::now() < deadline => {}
            Ok(None) => return refresh.valid().map_or_else(|| Err(pending()), Ok),
            Err(error) => return Err(error),
        }
    }
}

struct Refresh {
    core: Arc<Core>,
    id: String,
    demand: Demand,
    /// Whether any valid access token will do.
    is_usual: bool,
    deadline: Instant,
    /// The nonce of the last lease that this refresh has put, if nothing was sent under it.
    unsent: Option<String>,
    has_spread: bool,
    poll: Duration,
    /// The record as it was last found.
    last: Option<OAuthToken>,
}

/// A lease that was put.
struct Held {
    version: RecordVersion,
    lease: Lease,
    /// When the put was started.
    since: Moment,
    /// When Zoho first issued no token for the record, in seconds since the Unix epoch.
    failing_since: Option<u64>,
}

impl Refresh {
    /// Reads the record, and does what is to be done about it. Returns `None` if the record is to be
    /// read again.
    async fn step(&mut self) -> Result<Option<AccessToken>, Error> {
        let read = self.core.coordination().read(&self.id);
        let version = match timeout_at(self.deadline, read).await {
            Err(_) => return Ok(None),
            Ok(Err(error)) => return self.valid_or(error).map(Some),
            Ok(Ok(None)) => {
                self.core.states.forget(&self.id);
                return Err(nobody_logged_in("the token is no longer stored"));
            }
            Ok(Ok(Some(version))) => version,
        };
        if let Some(unsaved) = self.core.states.unsaved(&self.id) {
            return self.save_now(version, &unsaved).await;
        }
        let record = version.token();
        self.last = Some(record.clone());
        let view = self.view(&version);
        match decide(&view, &self.core.timing) {
            Decision::Return => Ok(self.adopt(record)),
            Decision::ReturnMeanwhile(pause) => {
                // Not all processes at the same time.
                let pause = pause.mul_f64(1.0 + fastrand::f64() / 2.0);
                let time = Instant::now() + pause;
                self.core.states.look_again(&self.id, Some(time));
                Ok(self.core.access(record, true))
            }
            Decision::Acquire {
                attempt,
                takes_over,
            } => {
                let held = self.acquire(&version, &view, attempt, takes_over).await?;
                match held {
                    Some(held) => self.ask(held, view.means).await,
                    None => Ok(None),
                }
            }
            Decision::Wait => {
                self.pause().await;
                Ok(None)
            }
            Decision::Fail(refusal) => {
                let server = self.core.data_center_of(record, &self.demand)?;
                self.valid_or(refusal.error(server.accounts_url()))
                    .map(Some)
            }
            Decision::Unsettled => Err(unsettled()),
            Decision::LogIn => {
                let error = nobody_logged_in(
                    "the record has neither a refresh token nor a usable access token",
                );
                self.valid_or(error).map(Some)
            }
        }
    }

    fn view(&self, version: &RecordVersion) -> View {
        let record = version.token();
        let now = self.core.clock.now();
        let lease = version.lease().and_then(Lease::parse);
        let lease = lease.filter(|lease| lease.base == base_of(record));
        // What is noted of a refresh token, or of another grant token, does not concern this one.
        let is_another = self.demand.grant.as_ref().is_some_and(|grant| {
            means(record) == Means::RefreshToken
                || record.expose(Field::GrantToken) != grant.expose(Field::GrantToken)
        });
        let is_failed = |lease: &Lease| matches!(lease.phase, Phase::Failed { .. });
        let lease = lease.filter(|lease| !(is_another && is_failed(lease)));
        let text = lease.as_ref().and(version.lease());
        let age = version
            .written_at()
            .and_then(|at| now.wall.duration_since(at).ok());
        let is_own = lease.as_ref().is_some_and(|lease| {
            !matches!(lease.phase, Phase::Failed { .. })
                && self.unsent.as_ref() == Some(&lease.nonce)
        });
        let standing = match self.core.standing(record, &self.demand) {
            // Who wants another access token waits for it.
            Standing::Usable if !self.is_usual => Standing::Unusable,
            standing => standing,
        };
        View {
            standing,
            means: self.means(record),
            is_own,
            seen_for: self.core.states.seen_for(&self.id, text, now.monotonic),
            age: age.unwrap_or_default(),
            insists: self.demand.insists || is_another,
            lease,
        }
    }

    fn means(&self, record: &OAuthToken) -> Means {
        match self.demand.grant {
            Some(_) => Means::GrantToken,
            None => means(record),
        }
    }

    /// The record with what Zoho is asked with.
    fn asked_with(&self, record: &OAuthToken) -> Result<OAuthToken, Error> {
        match &self.demand.grant {
            Some(grant) => matching::merged(record, grant),
            None => Ok(record.clone()),
        }
    }

    /// Puts a lease. Returns `None` if the record is to be read again.
    async fn acquire(
        &mut self,
        version: &RecordVersion,
        view: &View,
        attempt: u32,
        takes_over: bool,
    ) -> Result<Option<Held>, Error> {
        if view.standing == Standing::Unusable && view.lease.is_none() && !self.has_spread {
            self.has_spread = true;
            sleep(SPREAD.mul_f64(fastrand::f64())).await;
            return Ok(None);
        }
        let record = version.token();
        // A mistake in the record is found before others are kept from refreshing it.
        self.core.data_center_of(record, &self.demand)?;
        form(&self.asked_with(record)?, view.means)?;
        let lease = Lease {
            base: base_of(record),
            attempt,
            nonce: Uuid::new_v4().simple().to_string(),
            phase: Phase::Held,
        };
        let since = self.core.clock.now();
        self.unsent = Some(lease.nonce.clone());
        let text = lease.to_text();
        let swap = self.core.coordination().swap(version, record, Some(&text));
        match timeout_at(self.deadline, swap).await {
            Err(_) | Ok(Ok(Swap::Superseded)) => Ok(None),
            Ok(Ok(Swap::Refused)) => {
                self.core.record(&Event::LeaseLost);
                tracing::debug!(id = self.id, "another process has changed the record first");
                self.pause().await;
                Ok(None)
            }
            Ok(Err(error)) if error.is_retryable() => {
                tracing::debug!(id = self.id, %error, "the lease could not be put");
                self.pause().await;
                match Instant::now() < self.deadline {
                    true => Ok(None),
                    false => Err(error),
                }
            }
            Ok(Err(error)) => Err(error),
            Ok(Ok(Swap::Current(version))) => {
                let event = match takes_over {
                    true => Event::LeaseTakenOver,
                    false => Event::LeaseWon,
                };
                self.core.record(&event);
                tracing::debug!(
                    id = self.id,
                    attempt,
                    takes_over,
                    "this process refreshes the token"
                );
                let failing_since = match view.lease.as_ref().map(|lease| &lease.phase) {
                    Some(Phase::Failed { since, .. }) => Some(*since),
                    _ => None,
                };
                Ok(Some(Held {
                    version,
                    lease,
                    since,
                    failing_since,
                }))
            }
        }
    }

    /// Asks Zoho under a lease, and saves what it has issued.
    async fn ask(&mut self, mut held: Held, means: Means) -> Result<Option<AccessToken>, Error> {
        let record = held.version.token().clone();
        let data_center = self.core.data_center_of(&record, &self.demand)?;
        if self.is_too_late(&held) {
            return Ok(None);
        }
        let asked = self.asked_with(&record)?;
        if !self.is_in_budget(&asked, means) {
            let refusal = Refusal::with_code("throttled");
            return self.refused(held, &record, &data_center, refusal).await;
        }
        if means == Means::GrantToken {
            let lease = held.lease.with_phase(Phase::Sending);
            let text = lease.to_text();
            let swap = self
                .core
                .coordination()
                .swap(&held.version, &record, Some(&text));
            match timeout_at(self.deadline, swap).await {
                Ok(Ok(Swap::Current(version))) => {
                    held.version = version;
                    held.lease = lease;
                }
                Ok(Ok(_)) | Err(_) => return Ok(None),
                Ok(Err(error)) if error.is_retryable() => return Ok(None),
                Ok(Err(error)) => return Err(error),
            }
            if self.is_too_late(&held) {
                return self.nothing_sent(held).await;
            }
        }
        self.unsent = None;
        // Insisting is for one attempt.
        self.demand.insists = false;
        let sent = self.core.clock.now();
        match self.request(&held, &asked, &data_center, means).await? {
            Ok(issued) => {
                let change = change(&asked, issued, &data_center, sent)?;
                let change = match &self.demand.grant {
                    Some(grant) => with_grant(&change, grant)?,
                    None => change,
                };
                self.save_issued(held, &record, change, means).await
            }
            Err(Failed::Lost) if means == Means::GrantToken => Err(unsettled()),
            Err(failed) => {
                let refusal = failed.refusal();
                self.refused(held, &record, &data_center, refusal).await
            }
        }
    }

    /// Whether Zoho would issue another token, as far as this process has asked for any.
    fn is_in_budget(&self, asked: &OAuthToken, means: Means) -> bool {
        let token = match means {
            Means::RefreshToken => asked.expose(Field::RefreshToken),
            Means::GrantToken | Means::Nothing => asked.expose(Field::GrantToken),
        };
        let token = token.map_or(0, |token| self.core.hash(token));
        self.core.budget.take(token, Instant::now())
    }

    /// Whether so much time has passed since the lease was put that another process may take this one
    /// for dead before Zoho responds.
    fn is_too_late(&self, held: &Held) -> bool {
        held.since.elapsed(&self.core.clock) > self.core.timing.start
    }

    /// Takes the lease back under which the grant token was to be sent and was not.
    async fn nothing_sent(&mut self, held: Held) -> Result<Option<AccessToken>, Error> {
        let (record, lease) = (held.version.token(), held.lease.with_phase(Phase::Held));
        let text = lease.to_text();
        let swap = self
            .core
            .coordination()
            .swap(&held.version, record, Some(&text));
        swap.await?;
        self.unsent = Some(lease.nonce);
        Ok(None)
    }

    /// Sends the request. If the response is lost, sends it once more if there is time.
    async fn request(
        &self,
        held: &Held,
        record: &OAuthToken,
        data_center: &DataCenter,
        means: Means,
    ) -> Result<Result<Issued, Failed>, Error> {
        let mut is_second = false;
        loop {
            self.core.record(&Event::Requested);
            let form = form(record, means)?;
            let (http, server) = (&*self.core.http, data_center.accounts_url());
            let issued = ask(http, server, form, self.core.timing.request).await;
            let may_repeat = match &issued {
                Err(Failed::NotSent) => true,
                Err(Failed::Lost) => means == Means::RefreshToken,
                Err(Failed::Refused(_)) | Ok(_) => false,
            };
            let would_end = held.since.elapsed(&self.core.clock) + self.core.timing.request;
            if !may_repeat || is_second || would_end >= self.core.timing.lease {
                return Ok(issued);
            }
            is_second = true;
        }
    }

    async fn save_issued(
        &self,
        held: Held,
        record: &OAuthToken,
        change: OAuthToken,
        means: Means,
    ) -> Result<Option<AccessToken>, Error> {
        let left = self.core.left(record).unwrap_or_default();
        let saved = save(&self.core, held.version, record, &change).await;
        let took = held.since.elapsed(&self.core.clock);
        match means {
            Means::GrantToken => self.core.record(&Event::Granted),
            Means::RefreshToken | Means::Nothing => {
                self.core.record(&Event::Refreshed { left, took });
            }
        }
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            id = self.id,
            milliseconds,
            "Zoho has issued an access token"
        );
        self.after_save(saved, record, change)
    }

    /// Saves what an earlier refresh could not.
    async fn save_now(
        &self,
        version: RecordVersion,
        unsaved: &Unsaved,
    ) -> Result<Option<AccessToken>, Error> {
        let saved = save(&self.core, version, &unsaved.base, &unsaved.change).await;
        self.after_save(saved, &unsaved.base, unsaved.change.clone())
    }

    fn after_save(
        &self,
        saved: Saved,
        base: &OAuthToken,
        change: OAuthToken,
    ) -> Result<Option<AccessToken>, Error> {
        let states = &self.core.states;
        match saved {
            Saved::Stored(record) => {
                states.keep_unsaved(&self.id, None);
                Ok(self.adopt(&record))
            }
            // What is stored now is looked at as any other record.
            Saved::Outdated => {
                states.keep_unsaved(&self.id, None);
                Ok(None)
            }
            Saved::Deleted => {
                states.forget(&self.id);
                Err(nobody_logged_in(
                    "the token was deleted while it was refreshed",
                ))
            }
            Saved::Failed(error) => {
                let record = matching::merged(base, &change)?;
                let is_precious = change.refresh_token().is_some();
                let unsaved = Unsaved {
                    base: base.clone(),
                    change,
                    record: record.clone(),
                };
                states.keep_unsaved(&self.id, Some(unsaved));
                self.core.record(&Event::Unsaved);
                tracing::warn!(id = self.id, %error, "an access token of Zoho could not be saved");
                match self.core.access(&record, false) {
                    Some(access) if !is_precious && self.core.is_valid(&record) => Ok(Some(access)),
                    _ => Err(unsaved_error(&error, record)),
                }
            }
        }
    }

    /// Zoho has issued no token: notes that for all processes.
    async fn refused(
        &mut self,
        held: Held,
        record: &OAuthToken,
        data_center: &DataCenter,
        refusal: Refusal,
    ) -> Result<Option<AccessToken>, Error> {
        let event = match refusal.kind() {
            RefusalKind::Throttled => Event::Throttled,
            RefusalKind::Dead | RefusalKind::Client => Event::Dead,
            RefusalKind::Transient => Event::ZohoUnavailable,
        };
        self.core.record(&event);
        let (code, server) = (refusal.code(), data_center.accounts_url());
        tracing::warn!(
            id = self.id,
            code,
            server,
            "Zoho has issued no access token"
        );
        let note = held.lease.with_phase(Phase::Failed {
            code: code.to_owned(),
            since: held.failing_since.unwrap_or_else(|| self.seconds_now()),
        });
        // A grant token that is refused says nothing about the refresh token that is stored.
        let says_nothing = self.demand.grant.is_some() && means(record) == Means::RefreshToken;
        let note = Some(&note).filter(|_| !says_nothing);
        let is_unchanged = replace_lease(&self.core, held.version, &held.lease, note).await;
        if let Some(note) = note {
            let states = &self.core.states;
            states.seen_for(&self.id, Some(&note.to_text()), Instant::now());
        }
        if !is_unchanged {
            // Somebody has logged in, or has refreshed the token, meanwhile.
            return Ok(None);
        }
        self.valid_or(refusal.error(server)).map(Some)
    }

    fn seconds_now(&self) -> u64 {
        let since = self
            .core
            .clock
            .wall()
            .duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    }

    /// Returns the access token that is still valid, or else the error.
    fn valid_or(&self, error: Error) -> Result<AccessToken, Error> {
        let unsaved = self.core.states.unsaved(&self.id);
        let unsaved = unsaved.map(|unsaved| unsaved.record);
        if let Some(record) = unsaved.filter(|record| self.core.is_valid(record))
            && let Some(access) = self.core.access(&record, false)
        {
            return Ok(access);
        }
        match self.valid() {
            Some(access) => {
                let time = Instant::now() + self.core.timing.lease;
                self.core.states.look_again(&self.id, Some(time));
                Ok(access)
            }
            None => Err(error),
        }
    }

    fn valid(&self) -> Option<AccessToken> {
        let record = self.last.as_ref().filter(|_| self.is_usual)?;
        let record = Some(record).filter(|record| self.core.is_valid(record))?;
        self.core.access(record, true)
    }

    fn adopt(&self, record: &OAuthToken) -> Option<AccessToken> {
        self.core.states.adopted(record, Instant::now());
        self.core.access(record, true)
    }

    /// Waits with jitter, a little longer each time.
    async fn pause(&mut self) {
        let pause = self.poll.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.poll = (self.poll * 3 / 2).min(LONGEST_POLL);
        sleep(pause).await;
    }
}

fn form(record: &OAuthToken, means: Means) -> Result<SecretString, Error> {
    match means {
        Means::RefreshToken => request::refresh(record),
        Means::GrantToken | Means::Nothing => request::grant(record),
    }
}

/// What changes in a record when Zoho has issued tokens. The lifetime counts from before the request
/// was sent.
pub(crate) fn change(
    record: &OAuthToken,
    issued: Issued,
    data_center: &DataCenter,
    sent: Moment,
) -> Result<OAuthToken, Error> {
    let mut change = OAuthToken::builder()
        .access_token(issued.access_token.expose_secret())
        .expires_at(sent.wall + issued.lifetime);
    if let Some(id) = record.id() {
        change = change.id(id);
    }
    let former = record.expose(Field::RefreshToken);
    if let Some(token) = issued
        .refresh_token
        .as_ref()
        .map(|token| token.expose_secret())
        && former != Some(token)
    {
        change = change.refresh_token(token);
    }
    if let Some(api_domain) = issued.api_domain {
        change = change.api_domain(api_domain);
    }
    if record.accounts_url().is_none() {
        change = change.accounts_url(data_center.accounts_url());
    }
    change.build()
}

/// The same with the grant token, its client and redirect URL.
fn with_grant(change: &OAuthToken, grant: &OAuthToken) -> Result<OAuthToken, Error> {
    let fields = [
        Field::ClientId,
        Field::ClientSecret,
        Field::GrantToken,
        Field::RedirectUrl,
        Field::UserName,
    ];
    let given = fields
        .into_iter()
        .filter_map(|field| Some((field, grant.expose(field)?)));
    let change = given.fold(change.to_builder(), |change, (field, value)| {
        change.field(field, value)
    });
    change.build()
}

fn pending() -> Error {
    let problem = "another process refreshes the token and has not finished";
    Error::new(ErrorKind::RefreshPending, problem).advise("try again in some seconds")
}

fn unsettled() -> Error {
    let problem = "a grant token was sent to Zoho, and what Zoho returned was lost";
    Error::new(ErrorKind::GrantUnsettled, problem).advise(
        "let the user log in again; or call `exchange_grant_again`, which fails if Zoho has executed \
         the request",
    )
}

/// The error for what cannot be obtained again.
pub(crate) fn unsaved_error(cause: &Error, record: OAuthToken) -> Error {
    let problem = "Zoho has issued a refresh token that could not be saved";
    Error::new(cause.kind(), problem)
        .advise(
            "call again, which saves it, while this process lives; or save `unsaved_token` of this \
             error",
        )
        .with_shared_source(cause)
        .with_unsaved_token(record)
}
