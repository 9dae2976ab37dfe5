//! What is saved of a grant, and by what it is asked for.

use std::time::Duration;

use fastrand::Rng;

use crate::clock;

use super::program::{CONFIDENTIAL, Keys};

/// The columns of a save. Its number makes its values different from those of any other one.
pub fn saved(random: &mut Rng, grant: usize, keys: Keys, phase: usize, number: u32) -> String {
    let unique = format!("{grant}.{number}");
    let mut columns = Vec::new();
    let is_first = phase == 0 && matches!(keys, Keys::OwnIdFirst | Keys::Renewed);
    if keys == Keys::OwnId || is_first {
        columns.push(format!("id=own-{grant}"));
    }
    let has_user = keys != Keys::Mixed || phase > 0 || random.bool();
    if has_user {
        columns.push(user(grant));
    }
    if phase == 0 || keys == Keys::Mixed || random.u8(..3) == 0 {
        columns.push(refresh(grant));
    }
    if !has_user || random.u8(..3) > 0 {
        columns.push(client(grant));
    }
    columns.push(access(&unique));
    if random.bool() {
        columns.push(format!("api_domain=d{unique}"));
    }
    if random.bool() {
        columns.push(format!("redirect_url=x{unique}"));
    }
    if random.u8(..3) == 0 {
        let expiry = clock::epoch_millis(Duration::from_millis(random.u64(0..2_000_000)));
        columns.push(format!("expiry_time={expiry}"));
    }
    columns.join(" ")
}

/// The columns of a save that has all of a grant's keys.
pub fn all_keys(grant: usize, number: u32) -> String {
    let unique = format!("{grant}.{number}");
    format!("{} {} {}", user(grant), refresh(grant), access(&unique))
}

/// A partial token that asks by one of the grant's keys that never change.
pub fn partial(random: &mut Rng, grant: usize, has_own_id: bool) -> String {
    match random.u8(..5) {
        0 => format!("{} {}", refresh(grant), client(grant)),
        1 => format!("{} {} {}", user(grant), refresh(grant), client(grant)),
        2 if has_own_id => format!("id=own-{grant}"),
        _ => user(grant),
    }
}

pub fn user(grant: usize) -> String {
    format!("user_name={CONFIDENTIAL}u{grant}")
}

fn refresh(grant: usize) -> String {
    format!("refresh_token={CONFIDENTIAL}r{grant}")
}

fn client(grant: usize) -> String {
    format!("client_id=c{grant} client_secret={CONFIDENTIAL}s{grant}")
}

fn access(unique: &str) -> String {
    format!("access_token={CONFIDENTIAL}a{unique}")
}
