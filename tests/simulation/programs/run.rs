//! Runs a program: all of its processes, then an auditor who knows nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use zoho_token_store::{Deletion, SecretsManagerTokenStoreBuilder as Builder};

use crate::aws::{Freedoms, Operator, SETTLING, Secret};
use crate::process::Process;
use crate::world::{World, simulate};

use super::by_hand::{self, KEY_SECRET};
use super::history::{Event, Run};
use super::player::Player;
use super::program::{FingerprintKey, Operation, Program};

/// By now late requests have come, and lists show everything.
const SETTLED: Duration = Duration::from_secs(900);

/// What the processes of a run share.
#[derive(Clone)]
pub struct Stage {
    pub world: World,
    pub program: Arc<Program>,
    pub events: Arc<Mutex<Vec<Event>>>,
}

impl Stage {
    /// Starts a process of the program.
    pub async fn start(&self, number: usize) -> Process {
        let settings = self.program.processes[number].clone();
        let name = format!("p{number}");
        let start = self
            .world
            .process_with(&name, settings.clock_ahead, |builder| {
                self.settings(builder)
                    .cache_capacity(settings.cache_capacity)
                    .cache_time_to_live(settings.cache_time_to_live)
                    .serve_stale_for(settings.serves_stale_for)
                    .deletion(match settings.deletes_by_force {
                        true => Deletion::Force,
                        false => Deletion::RecoveryWindow { days: 7 },
                    })
            });
        start.await
    }

    /// The settings that all processes have in common.
    fn settings(&self, builder: Builder) -> Builder {
        let program = &self.program;
        let builder = builder.tag_index(program.has_tag_index);
        let builder = match program.fingerprint_key {
            FingerprintKey::Public => builder,
            FingerprintKey::InSecret { .. } => builder.fingerprint_key_secret(KEY_SECRET),
        };
        match program.replicates {
            true => builder.replica_region("eu-west-1"),
            false => builder,
        }
    }

    /// Changes the events.
    pub fn note<T>(&self, change: impl FnOnce(&mut Vec<Event>) -> T) -> T {
        change(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn phase(&self, players: &mut [Player], number: usize) {
        let phase = &self.program.phases[number];
        for grant in &phase.edits {
            by_hand::add_a_field(self, *grant);
        }
        let rotated = FingerprintKey::InSecret {
            rotated_before: number,
        };
        if self.program.fingerprint_key == rotated {
            by_hand::put_key(&self.world.operator(), number);
            tokio::time::sleep(SETTLING).await;
            for player in players.iter_mut() {
                player.start_again().await;
            }
        } else if !phase.edits.is_empty() {
            tokio::time::sleep(SETTLING).await;
        }
        let rollbacks = phase.rollbacks.iter().map(|(at, grant)| async move {
            tokio::time::sleep(*at).await;
            by_hand::roll_back(self, *grant);
        });
        let fills = phase.fills.iter().map(|(at, grant)| async move {
            tokio::time::sleep(*at).await;
            by_hand::fill_with_tags(self, *grant);
        });
        let steps = players.iter_mut().zip(&phase.steps);
        let plays = steps.map(|(player, steps)| player.play(steps));
        futures::future::join3(join_all(plays), join_all(rollbacks), join_all(fills)).await;
        tokio::time::sleep(phase.pause).await;
    }
}

/// Runs a program.
pub fn run(program: &Program) -> Run {
    let program = Arc::new(program.clone());
    simulate(program.seed, program.freedoms.clone(), async |world| {
        let operator = world.operator();
        by_hand::make_foreign_secrets(&operator);
        let secrets_before = all(&operator);
        if program.fingerprint_key != FingerprintKey::Public {
            by_hand::put_key(&operator, 0);
            tokio::time::sleep(SETTLING).await;
        }
        let stage = Stage {
            world: world.clone(),
            program: program.clone(),
            events: Arc::default(),
        };
        let mut players = Vec::new();
        for number in 0..program.processes.len() {
            players.push(Player::new(stage.clone(), number).await);
        }
        for number in 0..program.phases.len() {
            stage.phase(&mut players, number).await;
        }
        drop(players);
        world.change(|freedoms| *freedoms = Freedoms::none());
        tokio::time::sleep(SETTLED).await;

        let events = stage.note(std::mem::take);
        let secrets_after = all(&operator);
        audit(&stage).await;
        let inner = world.aws.inner();
        Run {
            program: Program::clone(&program),
            events,
            audit: stage.note(std::mem::take),
            ledger: inner.ledger.entries().to_vec(),
            secrets_before,
            secrets_after,
            leaks: inner.leaks.clone(),
            counts: inner.counts.clone(),
            trace: world.trace().lines(),
        }
    })
}

/// Asks for each record by each of its keys, each time as a process that knows nothing, and for
/// all records.
async fn audit(stage: &Stage) {
    let records = stage.world.operator().records().into_iter().enumerate();
    let records = records.filter(|(_, record)| record.contains_key("id"));
    for (number, record) in records {
        let client: String = ["client_id", "client_secret"]
            .iter()
            .filter_map(|column| Some(format!(" {column}={}", record.get(*column)?)))
            .collect();
        let keys: &[&str] = match stage.program.has_tag_index {
            true => &["user_name", "access_token", "refresh_token", "id"],
            // Of the others, no name is derived.
            false => &["user_name", "id"],
        };
        for key in keys {
            let Some(value) = record.get(*key) else {
                continue;
            };
            // A refresh token alone needs its client.
            let client = match (*key, client.is_empty()) {
                ("refresh_token", true) => " client_id=c client_secret=s",
                ("refresh_token", false) => &client,
                _ => "",
            };
            let operation = Operation::Find {
                grant: number,
                columns: format!("{key}={value}{client}"),
            };
            audited(stage, operation, record.get("id").cloned()).await;
        }
    }
    audited(stage, Operation::List, None).await;
}

async fn audited(stage: &Stage, operation: Operation, id: Option<String>) {
    let settings = |builder| stage.settings(builder);
    let auditor = stage.world.process_with("auditor", 0, settings).await;
    let player = Player::of(stage.clone(), usize::MAX, auditor);
    player.run_about(operation, id).await;
}

fn all(operator: &Operator) -> Vec<Secret> {
    let secrets = operator.secrets();
    secrets.iter().map(|secret| Secret::clone(secret)).collect()
}
