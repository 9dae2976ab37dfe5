//! Processes that end after each call of an operation: no saved token is lost or stored twice,
//! every lookup returns the right record or none, and the next save repairs what is left.

mod cases;

use futures::{StreamExt, stream};
use zoho_token_store::{Field, MemoryTokenStore, OAuthToken, TokenStore};

use self::cases::{ADA, CASES, Case, PEOPLE, Step};
use crate::support::crash::Crash;
use crate::support::store::TestStore;
use crate::support::token::{id, token};

#[tokio::test]
async fn a_process_that_ends_after_any_call_loses_and_duplicates_nothing() {
    // Four cases at once keep LocalStack busy.
    let points = stream::iter(&CASES).map(every_crash).buffer_unordered(4);
    let points: Vec<_> = points.collect().await;
    println!("{} crash points", points.iter().sum::<usize>());
}

/// Ends the process after each of its calls, and returns the number of calls.
async fn every_crash(case: &Case) -> usize {
    let mut calls = 1;
    while crash(case, calls).await {
        calls += 1;
    }
    println!("{}: {} calls", case.name, calls - 1);
    calls - 1
}

/// Ends the process after `calls` calls. Returns whether the operation was still under way.
async fn crash(case: &Case, calls: usize) -> bool {
    let at = format!("{}, after call {calls}", case.name);
    let test = TestStore::with(|builder| case.set_before(builder)).await;
    let model = MemoryTokenStore::new();
    for step in case.before {
        step.on(&test).await;
        step.on_model(&model).await;
    }
    let before = People::of(
        model
            .get_tokens()
            .await
            .expect("a store in memory does not fail"),
    );
    case.operation.on_model(&model).await;
    let after = People::of(
        model
            .get_tokens()
            .await
            .expect("a store in memory does not fail"),
    );

    let crash = Crash::after(calls);
    let process = TestStore::at(&test.prefix, crash.endpoint(), |builder| case.set(builder)).await;
    let ended = tokio::select! {
        () = case.operation.on(&process) => false,
        () = crash.happened() => true,
    };
    drop(process);

    let found = check(&test, case, &before, &after, &at).await;
    if !ended {
        assert_eq!(found.without_ids(), after.without_ids(), "{at}");
    }
    heals(&test, case, found, &at).await;
    ended
}

/// Returns the stored records after checking that each is what it was before or should be after,
/// and that lookups return it or nothing.
async fn check(test: &TestStore, case: &Case, before: &People, after: &People, at: &str) -> People {
    let now = People::of(test.another().await.all().await);
    let store = test.another_with(|builder| case.set(builder)).await;
    for (person, record) in now.0.iter().enumerate() {
        let allowed = [&before.0[person], &after.0[person]];
        let same = |one: &&Option<OAuthToken>| {
            one.as_ref().map(without_id) == record.as_ref().map(without_id)
        };
        assert!(allowed.iter().any(same), "{at}: {}", PEOPLE[person]);
        let keys = allowed.into_iter().flatten().flat_map(lookups);
        for (field, partial) in keys {
            let found = store.find(&partial).await;
            let holds = |record: &OAuthToken| record.expose(field) == partial.expose(field);
            assert!(
                found.is_none() || &found == record && found.as_ref().is_some_and(holds),
                "{at}: {field:?} should not return another record"
            );
            if field == Field::UserName && record.as_ref().is_some_and(holds) {
                assert!(found.is_some(), "{at}: {} is lost", PEOPLE[person]);
            }
        }
    }
    now
}

/// Checks that the next save leaves one record with every saved value, and that every key finds it.
/// If an index was being built, it is built to its end first.
async fn heals(test: &TestStore, case: &Case, found: People, at: &str) {
    let login = match case.operation {
        Step::Save(columns) => columns,
        _ => ADA,
    };
    let model = MemoryTokenStore::new();
    for record in found.0.iter().flatten() {
        model
            .save_token(record)
            .await
            .expect("a store in memory does not fail");
    }
    model
        .save_token(&token(login))
        .await
        .expect("a store in memory does not fail");
    let expected = People::of(
        model
            .get_tokens()
            .await
            .expect("a store in memory does not fail"),
    );

    let store = test.another_with(|builder| case.set(builder)).await;
    store.save(&token(login)).await;
    if matches!(case.operation, Step::Reindex) {
        store
            .store
            .reindex()
            .await
            .expect("the operation should succeed");
    }
    let healed = People::of(test.another().await.all().await);
    assert_eq!(healed.without_ids(), expected.without_ids(), "{at}: healed");
    for (person, record) in healed.0.iter().enumerate() {
        let Some(record) = record else { continue };
        if let Some(found) = &found.0[person] {
            assert_eq!(id(record), id(found), "{at}: healed in its place");
        }
        let reader = test.another_with(|builder| case.set(builder)).await;
        for (field, partial) in lookups(record) {
            if case.index || field == Field::UserName {
                let found = reader.find(&partial).await;
                assert_eq!(found.as_ref(), Some(record), "{at}: {field:?} healed");
            }
        }
    }
}

/// Returns one lookup per key of the record.
fn lookups(record: &OAuthToken) -> Vec<(Field, OAuthToken)> {
    let fields = [
        Field::UserName,
        Field::AccessToken,
        Field::GrantToken,
        Field::RefreshToken,
    ];
    let question = |field| {
        let value = record.expose(field)?;
        let partial = OAuthToken::builder().field(field, value);
        let partial = partial.client_id("c").client_secret("s").build();
        Some((field, partial.expect("a valid question")))
    };
    fields.into_iter().filter_map(question).collect()
}

fn without_id(record: &OAuthToken) -> OAuthToken {
    record
        .to_builder()
        .id("any")
        .build()
        .expect("a valid token")
}

/// The records of Ada, Bob and Eve, in this order.
struct People([Option<OAuthToken>; 3]);

impl People {
    fn of(records: Vec<OAuthToken>) -> Self {
        People(PEOPLE.map(|person| {
            let mut of_person = records
                .iter()
                .filter(|record| record.redirect_url() == Some(person));
            let record = of_person.next().cloned();
            assert_eq!(of_person.next(), None, "{person} is stored twice");
            record
        }))
    }

    fn without_ids(&self) -> [Option<OAuthToken>; 3] {
        self.0
            .each_ref()
            .map(|record| record.as_ref().map(without_id))
    }
}

impl Step {
    async fn on(self, test: &TestStore) {
        match self {
            Step::Save(columns) => drop(test.save(&token(columns)).await),
            Step::Delete(user) => {
                let record = test.find(&token(&format!("user_name={user}"))).await;
                test.delete(id(&record.expect("the record should exist")))
                    .await;
            }
            Step::DeleteAll => test.delete_all().await,
            Step::Reindex => drop(
                test.store
                    .reindex()
                    .await
                    .expect("the operation should succeed"),
            ),
        }
    }

    async fn on_model(self, model: &MemoryTokenStore) {
        let done = match self {
            Step::Save(columns) => model.save_token(&token(columns)).await.map(drop),
            Step::Delete(user) => {
                let record = model.find_token(&token(&format!("user_name={user}"))).await;
                let record = record.expect("a store in memory does not fail");
                model
                    .delete_token(id(&record.expect("the record should exist")))
                    .await
            }
            Step::DeleteAll => model.delete_tokens().await,
            Step::Reindex => Ok(()),
        };
        done.expect("a store in memory does not fail");
    }
}
