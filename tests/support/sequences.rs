//! Random sequences of operations, checked step by step against the [`Model`].

use fastrand::Rng;
use zoho_token_store::{Field, OAuthToken, OAuthTokenBuilder, TokenStore};

use super::model::{Model, Operation};
use super::token::id;

/// Runs one sequence and returns the model at its end, or what is wrong. After each operation
/// `also` runs a further check, with the model from before it.
pub async fn play(
    random: &mut Rng,
    reader: &dyn TokenStore,
    writers: &[&dyn TokenStore],
    also: impl Fn(&Model, &Operation) -> Result<(), String>,
) -> Result<Model, String> {
    let (mut model, mut said) = (Model::default(), Vec::new());
    for steps in (0..random.usize(4..16)).rev() {
        let operation = match steps {
            0 => Operation::List,
            _ => operation(random, &model),
        };
        said.push(format!("{operation:?}"));
        let writer = writers[random.usize(..writers.len())];
        let before = model.clone();
        let checked = model.check(&operation, reader, writer).await;
        checked
            .and_then(|()| also(&before, &operation))
            .map_err(|problem| format!("{problem}, after\n  {}", said.join("\n  ")))?;
    }
    Ok(model)
}

/// Returns a random operation on few users, clients, values and ids, so that they collide.
fn operation(random: &mut Rng, model: &Model) -> Operation {
    let some_id = |random: &mut Rng| {
        let known = model.records.iter().map(|record| id(record).to_owned());
        let ids: Vec<_> = known
            .chain(["x", "y/é", "z-abcdef"].map(str::to_owned))
            .collect();
        ids[random.usize(..ids.len())].clone()
    };
    match random.u8(..100) {
        0..50 => Operation::Save(some_token(random, 50, some_id)),
        50..80 => Operation::Find(some_token(random, 30, some_id)),
        80..86 => Operation::FindById(some_id(random)),
        86..94 => Operation::Delete(some_id(random)),
        94..98 => Operation::List,
        _ => Operation::Clear,
    }
}

fn some_token(
    random: &mut Rng,
    values_percent: u8,
    some_id: impl Fn(&mut Rng) -> String,
) -> OAuthTokenBuilder {
    let mut token = OAuthToken::builder();
    let given = |random: &mut Rng, percent| random.u8(..100) < percent;
    if given(random, 12) {
        token = token.id(some_id(random));
    }
    if given(random, 55) {
        token = token.user_name(format!("u{}", random.u8(1..4)));
    }
    if given(random, 60) {
        token = token.client_id(format!("c{}", random.u8(1..3)));
        if given(random, 85) {
            token = token.client_secret(format!("s{}", random.u8(1..3)));
        }
    }
    for field in [Field::AccessToken, Field::GrantToken, Field::RefreshToken] {
        if given(random, values_percent) {
            token = token.field(field, format!("{field}{}", random.u8(1..4)));
        }
    }
    if given(random, 20) {
        token = token.expiry_time([0, 1_700_000_000_000, 4_102_444_800_000][random.usize(..3)]);
    }
    if given(random, 15) {
        token = token.api_domain(format!("d{}", random.u8(1..3)));
    }
    if given(random, 2) {
        token = token.redirect_url("");
    }
    token
}
