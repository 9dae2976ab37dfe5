//! Asking Zoho under a lease, once more if the response is lost, and noting a refusal for all processes.

use std::time::SystemTime;

use tokio::time::{Instant, timeout_at};

use super::acquire::form;
use super::saving::{change, keep_edition};
use super::state::{Held, Refresh};
use crate::oauth::access_token::AccessToken;
use crate::oauth::core::means;
use crate::oauth::data_center::DataCenter;
use crate::oauth::lease::{Lease, Means, Note, Phase, digest_of};
use crate::oauth::metrics::Event;
use crate::oauth::save::replace_lease;
use crate::oauth::zoho::refusal::Refusal;
use crate::oauth::zoho::response::Issued;
use crate::oauth::zoho::{Failed, ask};
use crate::{Error, ErrorKind, Field, OAuthToken, Swap};

impl Refresh {
    /// Asks Zoho under a lease, and saves what it has issued.
    pub(super) async fn ask(
        &mut self,
        mut held: Held,
        means: Means,
    ) -> Result<Option<AccessToken>, Error> {
        let record = held.version.token().clone();
        let data_center = self.core.data_center_of(&record, &self.demand)?;
        if self.is_too_late(&held) {
            return Ok(None);
        }
        let asked = self.asked_with(&record)?;
        if !self.is_in_budget(&asked, means) {
            let failed = Failed::Refused(Refusal::with_code("throttled"));
            return self.refused(held, &record, &data_center, failed).await;
        }
        if means == Means::GrantToken {
            let before = held.lease.clone();
            let lease = before.sending(self.grant_digest(&record));
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
                return self.nothing_sent(held, before).await;
            }
        }
        self.unsent = None;
        // Insisting is for one attempt.
        self.demand.insists = false;
        let sent = self.core.clock.now();
        match self.request(&held, &asked, &data_center, means).await? {
            Ok(mut issued) => {
                // A login may be to another edition.
                if self.demand.grant.is_none() {
                    keep_edition(&record, &mut issued);
                }
                let change = change(&asked, issued, &data_center, sent)?;
                let change = match &self.demand.grant {
                    Some(grant) => with_grant(&change, grant, &record, &data_center)?,
                    None => change,
                };
                self.save_issued(held, &record, change, means).await
            }
            Err(failed) if means == Means::GrantToken && failed.is_inconclusive() => {
                self.report(&failed, &data_center);
                Err(unsettled().with_source(failed.cause(data_center.accounts_url())))
            }
            Err(failed) => self.refused(held, &record, &data_center, failed).await,
        }
    }

    /// Whether Zoho would issue another token, judging by this process's own requests. Counts one more.
    fn is_in_budget(&self, asked: &OAuthToken, means: Means) -> bool {
        let token = self.budget_key(asked, means);
        self.core.budget.take(token, Instant::now())
    }

    fn budget_key(&self, asked: &OAuthToken, means: Means) -> u64 {
        let token = match means {
            Means::RefreshToken => asked.expose(Field::RefreshToken),
            Means::GrantToken | Means::Nothing => asked.expose(Field::GrantToken),
        };
        token.map_or(0, |token| self.core.hash(token))
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
            if matches!(issued, Err(Failed::NotSent(_))) {
                // Zoho does not count it.
                let token = self.budget_key(record, means);
                self.core.budget.give_back(token);
            }
            let may_repeat = match &issued {
                Err(Failed::NotSent(_)) => true,
                Err(Failed::Lost(_)) => means == Means::RefreshToken,
                Err(Failed::Refused(_)) | Ok(_) => false,
            };
            let would_end = held.since.elapsed(&self.core.clock) + self.core.timing.request;
            if !may_repeat || is_second || would_end >= self.core.timing.lease {
                return Ok(issued);
            }
            if !self.is_in_budget(record, means) {
                return Ok(issued);
            }
            is_second = true;
        }
    }

    /// Zoho has issued no token: notes that for all processes.
    async fn refused(
        &mut self,
        held: Held,
        record: &OAuthToken,
        data_center: &DataCenter,
        failed: Failed,
    ) -> Result<Option<AccessToken>, Error> {
        let refusal = self.report(&failed, data_center);
        let (code, server) = (refusal.code(), data_center.accounts_url());
        let mut sent = held.sent_before;
        if matches!(failed, Failed::Refused(_)) && refusal.is_dead() {
            // A grant token that is refused is settled. Nothing else says whether an earlier request
            // with it was executed.
            let grant = self.grant_digest(record);
            sent.retain(|sent| grant.as_ref() != Some(sent));
        }
        let note = Lease {
            phase: Phase::Failed(Note {
                code: code.to_owned(),
                since: held.failing_since.unwrap_or_else(|| self.seconds_now()),
                server: Some(digest_of(server)),
            }),
            sent: sent.clone(),
            ..held.lease.clone()
        };
        // A grant token that is refused says nothing about the refresh token that is stored.
        let says_nothing = self.demand.grant.is_some() && means(record) == Means::RefreshToken;
        let note = match says_nothing {
            false => Some(note),
            true => Lease::free(record, sent),
        };
        let is_unchanged =
            replace_lease(&self.core, held.version, &held.lease, note.as_ref()).await;
        if let Some(note) = note {
            let states = &self.core.states;
            states.seen_for(&self.id, Some(&note.to_text()), Instant::now());
        }
        if !is_unchanged && self.demand.grant.is_none() {
            // Somebody has logged in, or has refreshed the token, meanwhile.
            return Ok(None);
        }
        self.valid_or(failed.error(server)).map(Some)
    }

    /// Counts and logs that Zoho has issued no token, and returns why.
    fn report(&self, failed: &Failed, data_center: &DataCenter) -> Refusal {
        let refusal = failed.refusal();
        self.core.record(&refusal.event());
        let (code, server) = (refusal.code(), data_center.accounts_url());
        tracing::warn!(
            id = self.id,
            code,
            server,
            "Zoho has issued no access token"
        );
        refusal
    }

    fn seconds_now(&self) -> u64 {
        let since = self
            .core
            .clock
            .wall()
            .duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    }
}

/// The same with the grant token, its client, redirect URL and accounts server.
fn with_grant(
    change: &OAuthToken,
    grant: &OAuthToken,
    record: &OAuthToken,
    data_center: &DataCenter,
) -> Result<OAuthToken, Error> {
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
    let brings_api_domain = change.api_domain().is_some();
    let mut change = given.fold(change.to_builder(), |change, (field, value)| {
        change.field(field, value)
    });
    let url = grant
        .accounts_url()
        .filter(|url| record.accounts_url() != Some(url));
    if let Some(url) = url {
        change = change.accounts_url(url);
        // The API server of the former data centre does not count any more.
        if !brings_api_domain && record.api_domain().is_some() {
            change = change.api_domain(data_center.api_domain());
        }
    }
    change.build()
}

pub(super) fn unsettled() -> Error {
    let problem = "a grant token was sent to Zoho, and whether Zoho has exchanged it is not known";
    Error::new(ErrorKind::GrantUnsettled, problem).advise(
        "let the user log in again; or call `exchange_grant_again`, which fails if Zoho has executed \
         the request",
    )
}
