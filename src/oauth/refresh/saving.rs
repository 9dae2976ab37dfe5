//! Saving what Zoho has issued, and keeping it if that fails.

use secrecy::ExposeSecret;

use super::state::{Held, Refresh};
use crate::clock::Moment;
use crate::oauth::access_token::AccessToken;
use crate::oauth::core::{is_exchanged, nobody_logged_in};
use crate::oauth::data_center::{DataCenter, PRODUCTION, edition};
use crate::oauth::lease::{Means, Standing};
use crate::oauth::metrics::Event;
use crate::oauth::save::{Saved, save};
use crate::oauth::states::Unsaved;
use crate::oauth::zoho::response::Issued;
use crate::{Error, Field, OAuthToken, RecordVersion, matching};

impl Refresh {
    pub(super) async fn save_issued(
        &mut self,
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
        self.after_save(saved, record, change, true)
    }

    /// Saves what an earlier refresh could not. Returns `None` if that is not what this one is for.
    pub(super) async fn save_now(
        &mut self,
        version: RecordVersion,
        unsaved: &Unsaved,
    ) -> Result<Option<AccessToken>, Error> {
        let saved = save(&self.core, version, &unsaved.base, &unsaved.change).await;
        let access = self.after_save(saved, &unsaved.base, unsaved.change.clone(), false)?;
        Ok(access.filter(|access| !access.is_saved() || self.is_met_by(access.record())))
    }

    /// Whether a record with tokens that were issued before this refresh began is what it is for.
    fn is_met_by(&mut self, record: &OAuthToken) -> bool {
        match (&self.demand.grant, &mut self.demand.replaced) {
            // Whoever insists does so because these were lost.
            (Some(grant), _) => is_exchanged(record, grant),
            (None, Some(replaced)) => {
                // It is older than the wish for another one.
                *replaced = record.clone();
                false
            }
            (None, None) => self.core.standing(record, &self.demand) == Standing::Good,
        }
    }

    /// `is_new` tells whether the tokens were issued for this refresh.
    fn after_save(
        &mut self,
        saved: Saved,
        base: &OAuthToken,
        change: OAuthToken,
        is_new: bool,
    ) -> Result<Option<AccessToken>, Error> {
        let core = self.core.clone();
        let states = &core.states;
        match saved {
            Saved::Stored(record) => {
                states.keep_unsaved(&self.id, None);
                Ok(self.adopt(&record))
            }
            // What is stored now is looked at as any other record.
            Saved::Outdated => {
                states.keep_unsaved(&self.id, None);
                if is_new && self.demand.grant.take().is_some() {
                    // It works only once. Somebody else has logged the user in meanwhile.
                    self.is_usual = true;
                }
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
                let unsaved = Unsaved {
                    base: base.clone(),
                    change,
                    record: record.clone(),
                };
                let can_be_obtained_again = unsaved.can_be_obtained_again();
                states.keep_unsaved(&self.id, Some(unsaved));
                self.core.record(&Event::Unsaved);
                tracing::warn!(id = self.id, %error, "an access token of Zoho could not be saved");
                if !can_be_obtained_again {
                    return Err(unsaved_error(&error, record));
                }
                let is_wanted = is_new || self.is_usual;
                match self.core.access(&record, false) {
                    Some(access) if is_wanted && self.core.is_valid(&record) => {
                        self.rest(self.core.timing.save_again);
                        Ok(Some(access))
                    }
                    _ => Err(error),
                }
            }
        }
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

/// Leaves a record in the sandbox or the developer edition, for which Zoho may name the API server of
/// production: what is meant for a sandbox must not be written elsewhere.
pub(super) fn keep_edition(record: &OAuthToken, issued: &mut Issued) {
    let stored = record.api_domain().and_then(edition);
    let named = issued.api_domain.as_deref().and_then(edition);
    if let (Some((stored, domain)), Some(named)) = (stored, named)
        && stored != PRODUCTION
        && named == (PRODUCTION, domain)
    {
        issued.api_domain = None;
    }
}

/// The error for what cannot be obtained again.
pub(crate) fn unsaved_error(cause: &Error, record: OAuthToken) -> Error {
    let problem = "Zoho has issued tokens that could not be saved";
    Error::new(cause.kind(), problem)
        .advise(
            "call again, which saves it, while this process lives; or save `unsaved_token` of this \
             error",
        )
        .with_shared_source(cause)
        .with_unsaved_token(record)
}
