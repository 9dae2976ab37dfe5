//! Where one operation follows another, and each sees everything before it, the store does exactly
//! what the contract says.

use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStore, TokenStore};

use crate::aws::{Fault, Freedoms, LONGEST_LAG};
use crate::support::sequences;
use crate::world::simulate;

/// How many sequences every test run runs.
const SEQUENCES: u64 = 60;

/// A store whose operations come after all before them have settled.
#[derive(Debug)]
struct Patient(SecretsManagerTokenStore);

impl Patient {
    async fn wait(&self) -> &SecretsManagerTokenStore {
        tokio::time::sleep(LONGEST_LAG + Duration::from_secs(1)).await;
        &self.0
    }
}

#[async_trait]
impl TokenStore for Patient {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        self.wait().await.find_token(partial).await
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.wait().await.save_token(token).await
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        self.wait().await.delete_token(id).await
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        self.wait().await.get_tokens().await
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        self.wait().await.delete_tokens().await
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        self.wait().await.find_token_by_id(id).await
    }
}

/// An AWS that is stale and loses answers, but does not fail longer than is retried.
fn freedoms(random: &mut Rng) -> Freedoms {
    let seldom = [
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::Throttled,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Slow,
    ];
    Freedoms {
        faults: vec![(seldom[random.usize(..seldom.len())], 1.0)],
        ..Freedoms {
            stale_reads: 30.0,
            stale_lists: 50.0,
            short_pages: true,
            ..Freedoms::none()
        }
    }
}

#[test]
fn one_after_another_the_operations_of_several_processes_follow_the_contract() {
    for seed in 0..SEQUENCES {
        let mut random = Rng::with_seed(seed);
        let freedoms = freedoms(&mut random);
        let played = simulate(seed, freedoms, async |world| {
            let [mut a, mut b] = [None, None];
            for (name, process) in [("a", &mut a), ("b", &mut b)] {
                let capacity = [None, Some(1_000)][random.usize(..2)];
                let start =
                    world.process_with(name, 0, |settings| settings.cache_capacity(capacity));
                *process = Some(Patient(start.await.store));
            }
            let (Some(a), Some(b)) = (a, b) else {
                unreachable!("both are started");
            };
            let writers: [&dyn TokenStore; 2] = [&a, &b];
            sequences::play(&mut random, &b, &writers, |_, _| Ok(())).await
        });
        if let Err(problem) = played.map(drop) {
            panic!("seed {seed}: {problem}");
        }
    }
}
