//! Tests of the accounts server's habits.

use super::*;

const CLIENT: Client<'_> = ("client", "secret");

fn accounts() -> Accounts {
    let mut accounts = Accounts::default();
    accounts.register(CLIENT.0, CLIENT.1);
    accounts
}

fn ada() -> Owner {
    Owner {
        email: "ada@example.com".to_owned(),
        client_id: CLIENT.0.to_owned(),
    }
}

fn access_token(answer: Result<Value, Refusal>) -> String {
    let answer = answer.expect("there is a token");
    answer["access_token"]
        .as_str()
        .expect("it is a text")
        .to_owned()
}

#[test]
fn a_code_is_exchanged_once_with_its_redirect_uri() {
    let (mut accounts, settings, now) = (accounts(), Settings::default(), Instant::now());
    let code = accounts.grant(&settings, ada(), "https://example.com/back", now);
    let mut exchange = |client, uri: &str| accounts.exchange(&settings, &code, client, uri, now);
    let uri = "https://example.com/back";
    assert_eq!(
        exchange(("client", "wrong"), uri).unwrap_err(),
        Refusal::InvalidClient
    );
    let answer = exchange(CLIENT, uri).expect("the code is valid");
    assert!(answer["refresh_token"].is_string());
    assert_eq!(answer["expires_in"], 3600);
    assert_eq!(exchange(CLIENT, uri).unwrap_err(), Refusal::InvalidCode);
    let code = accounts.grant(&settings, ada(), uri, now);
    let late = now + Duration::from_secs(121);
    let exchanged = accounts.exchange(&settings, &code, CLIENT, uri, late);
    assert_eq!(exchanged.unwrap_err(), Refusal::InvalidCode);
}

#[test]
fn the_eleventh_refresh_in_ten_minutes_is_refused() {
    let (mut accounts, settings, now) = (accounts(), Settings::default(), Instant::now());
    accounts.add(&settings, ada(), "r".to_owned(), now);
    let mut refresh = |seconds| {
        let now = now + Duration::from_secs(seconds);
        accounts.refresh(&settings, "r", CLIENT, now)
    };
    for minute in 0..10 {
        refresh(minute * 50).expect("it is one of ten");
    }
    assert_eq!(refresh(599).unwrap_err(), Refusal::TooManyRequests);
    refresh(600).expect("the first one was ten minutes ago");
}

#[test]
fn a_sixteenth_access_token_ends_the_first() {
    let (mut accounts, now) = (accounts(), Instant::now());
    let settings = Settings {
        refreshes_a_window: 100,
        ..Settings::default()
    };
    let first = accounts.add(&settings, ada(), "r".to_owned(), now);
    for _ in 0..14 {
        access_token(accounts.refresh(&settings, "r", CLIENT, now));
    }
    assert!(accounts.owner_of_access_token(&first, now).is_some());
    access_token(accounts.refresh(&settings, "r", CLIENT, now));
    assert!(accounts.owner_of_access_token(&first, now).is_none());
}

#[test]
fn an_access_token_ends_with_its_lifetime_or_its_refresh_token() {
    let (mut accounts, settings, now) = (accounts(), Settings::default(), Instant::now());
    let token = accounts.add(&settings, ada(), "r".to_owned(), now);
    let end = now + Duration::from_secs(3600);
    assert!(accounts.owner_of_access_token(&token, end).is_none());
    assert!(accounts.owner_of_access_token(&token, now).is_some());
    assert!(accounts.revoke("r"));
    assert!(accounts.owner_of_access_token(&token, now).is_none());
    let refreshed = accounts.refresh(&settings, "r", CLIENT, now);
    assert_eq!(refreshed.unwrap_err(), Refusal::InvalidCode);
}

#[test]
fn a_rotated_refresh_token_replaces_the_former_one() {
    let (mut accounts, now) = (accounts(), Instant::now());
    let settings = Settings {
        rotate_refresh_tokens: true,
        ..Settings::default()
    };
    accounts.add(&settings, ada(), "r".to_owned(), now);
    let answer = accounts.refresh(&settings, "r", CLIENT, now);
    let rotated = answer.expect("there is a token")["refresh_token"].clone();
    let refreshed = accounts.refresh(&settings, "r", CLIENT, now);
    assert_eq!(refreshed.unwrap_err(), Refusal::InvalidCode);
    let rotated = rotated.as_str().expect("it is a text");
    access_token(accounts.refresh(&settings, rotated, CLIENT, now));
}
