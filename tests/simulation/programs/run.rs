//! Runs a program: all of its processes, then an auditor who knows nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use zoho_token_store::Deletion;

use crate::aws::{Freedoms, Operator, Secret};
use crate::process::Process;
use crate::world::{World, simulate};

use super::history::{Event, Run};
use super::player::Player;
use super::program::{Operation, Program};

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
        let deletion = match self.program.deletes_by_force {
            true => Deletion::Force,
            false => Deletion::RecoveryWindow { days: 7 },
        };
        let name = format!("p{number}");
        let start = self
            .world
            .process_with(&name, settings.clock_ahead, |builder| {
                builder
                    .cache_capacity(settings.cache_capacity)
                    .cache_time_to_live(settings.cache_time_to_live)
                    .deletion(deletion)
            });
        start.await
    }

    /// Changes the events.
    pub fn note<T>(&self, change: impl FnOnce(&mut Vec<Event>) -> T) -> T {
        change(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn phase(&self, players: &mut [Player], number: usize) {
        let phase = &self.program.phases[number];
        let rollbacks = phase.rollbacks.iter().map(|(at, grant)| async move {
            tokio::time::sleep(*at).await;
            self.roll_back(*grant);
        });
        let steps = players.iter_mut().zip(&phase.steps);
        let plays = steps.map(|(player, steps)| player.play(steps));
        futures::future::join(join_all(plays), join_all(rollbacks)).await;
        tokio::time::sleep(phase.pause).await;
    }

    /// Makes the previous version of a grant's record the current one.
    fn roll_back(&self, grant: usize) {
        let ids = self.note(|events| {
            let of_grant = events
                .iter()
                .filter(|event| event.operation.grant() == Some(grant));
            let ids = of_grant.filter_map(|event| event.saved_id().map(str::to_owned));
            ids.collect::<Vec<_>>()
        });
        let operator = self.world.operator();
        let secrets = operator.secrets();
        let of_grant = |secret: &&Arc<Secret>| ids.iter().any(|id| secret.name.ends_with(id));
        let Some(secret) = secrets.iter().find(of_grant) else {
            return;
        };
        if let Some(previous) = secret.staged("AWSPREVIOUS") {
            // One that is marked for deletion cannot be rolled back.
            let _ = operator.roll_back(secret, &previous.id);
        }
    }
}

/// Runs a program.
pub fn run(program: &Program) -> Run {
    let program = Arc::new(program.clone());
    simulate(program.seed, program.freedoms.clone(), async |world| {
        let operator = world.operator();
        make_foreign_secrets(&operator);
        let secrets_before = all(&operator);
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
        for key in ["user_name", "access_token", "refresh_token", "id"] {
            let Some(value) = record.get(key) else {
                continue;
            };
            // A refresh token alone needs its client.
            let client = match (key, client.is_empty()) {
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
    let auditor = stage.world.process("auditor").await;
    let player = Player::of(stage.clone(), usize::MAX, auditor);
    player.run_about(operation, id).await;
}

/// Secrets of others: below another prefix, and below the store's without its tag.
fn make_foreign_secrets(operator: &Operator) {
    let tags = json!([{"Key": "managed-by", "Value": "zoho-token-store"}]);
    let secrets = [
        json!({"Name": "elsewhere/hush", "SecretString": "theirs", "Tags": tags}),
        json!({"Name": "zoho/tokens/theirs", "SecretString": "theirs"}),
    ];
    for secret in secrets {
        operator
            .call("CreateSecret", secret)
            .expect("a foreign secret");
    }
}

fn all(operator: &Operator) -> Vec<Secret> {
    let secrets = operator.secrets();
    secrets.iter().map(|secret| Secret::clone(secret)).collect()
}
