//! The memory of dropped tokens and stores holds none of their values. The tests search the memory
//! of a separate process, both used and freed.
//!
//! Buffers of the SDK with request and response bodies are not the store's and cannot be wiped. A
//! value in them is part of a JSON document, which tells it from the others.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use zoho_token_store::{Error, Field, MemoryTokenStore, OAuthToken, TokenStore, matching};

use crate::support::child::{Worker, ready_and_wait};
use crate::support::store::TestStore;
use crate::support::token::id;

/// The number of letters before the searched part of a value, and in it. The searched part is the
/// end, because the allocator can overwrite the beginning of freed memory.
const BEFORE: usize = 40;
const SOUGHT: usize = 22;

/// How the process uses a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Use {
    /// A plain string that is dropped like the tokens.
    PlainText,
    Column(Field),
    /// A field that replaces another in a save.
    Saved(Field),
    /// A field of an invalid token.
    Refused,
}

/// The fields with a secret, and the user name.
const COLUMNS: [Field; 5] = [
    Field::UserName,
    Field::ClientSecret,
    Field::RefreshToken,
    Field::AccessToken,
    Field::GrantToken,
];

fn uses() -> impl Iterator<Item = Use> {
    let columns = COLUMNS.into_iter();
    let columns = columns.flat_map(|field| [Use::Column(field), Use::Saved(field)]);
    columns.chain([Use::PlainText, Use::Refused])
}

/// Returns a recognizable value, which is generated anew each time and is in no file: unique
/// letters, the searched letters, and the number of the use. Its capacity is larger than its
/// length, as for a string that was concatenated.
fn value(of: Use) -> String {
    let number = uses().position(|known| known == of).expect("a known use");
    let mut value = String::with_capacity(100);
    value.extend(letters(number as u64 + 1).take(BEFORE));
    value.extend(letters(0).take(SOUGHT));
    value.extend([number / 10, number % 10].map(|digit| char::from(b'0' + digit as u8)));
    value
}

fn letters(seed: u64) -> impl Iterator<Item = char> {
    let next = |state: &u64| {
        let next = state.wrapping_mul(6_364_136_223_846_793_005);
        Some(next.wrapping_add(1_442_695_040_888_963_407))
    };
    let states = std::iter::successors(next(&seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)), next);
    states.map(|state| char::from(b'a' + ((state >> 33) % 26) as u8))
}

fn whole(use_of: fn(Field) -> Use) -> OAuthToken {
    let columns = COLUMNS.into_iter();
    let token = columns.fold(OAuthToken::builder(), |token, field| {
        token.field(field, value(use_of(field)))
    });
    token.client_id("c").build().expect("a valid token")
}

/// Everything that holds values until it is dropped.
type Held = (Vec<OAuthToken>, MemoryTokenStore, Vec<Error>, Vec<String>);

async fn hold() -> Held {
    let token = whole(Use::Column);
    let store = MemoryTokenStore::new();
    let saved = store
        .save_token(&token)
        .await
        .expect("the save should succeed");
    let changed = whole(Use::Saved)
        .to_builder()
        .id(saved.id().expect("an id"));
    let changed = changed.build().expect("a valid token");
    let refused = changed
        .to_builder()
        .client_secret(value(Use::Refused))
        .api_domain("");
    let changed = store
        .save_token(&changed)
        .await
        .expect("the save should succeed");
    let error = refused
        .build()
        .expect_err("an empty field should be refused");
    let found = store
        .find_token(&token)
        .await
        .expect("the lookup should succeed");
    let merged = matching::merged(&token, &changed).expect("valid tokens");
    assert!(!format!("{token:?} {store:?} {error:?}").is_empty());
    let plain = (0..50).map(|_| value(Use::PlainText)).collect();
    let tokens = [token, saved, changed, merged].into_iter().chain(found);
    (tokens.collect(), store, vec![error], plain)
}

#[tokio::test]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_drops_tokens() {
    let held = hold().await;
    ready_and_wait();
    drop(held);
    ready_and_wait();
}

/// Uses the store on Secrets Manager: records that were written, replaced, read and cached.
#[tokio::test]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_drops_stores() {
    let test = TestStore::new().await;
    let reader = test.another().await;
    {
        let saved = test.save(&whole(Use::Column)).await;
        let changed = whole(Use::Saved).to_builder().id(id(&saved));
        test.save(&changed.build().expect("a valid token")).await;
        reader
            .find_by_id(id(&saved))
            .await
            .expect("the record should exist");
        let found = test.find(&whole(Use::Saved)).await;
        assert!(found.is_some() && reader.all().await.len() == 1);
    }
    let plain: Vec<_> = (0..50).map(|_| value(Use::PlainText)).collect();
    ready_and_wait();
    drop((test.store, reader.store, plain));
    ready_and_wait();
}

/// How often a value is in memory.
#[derive(Clone, Copy, Debug, Default)]
struct Copies {
    alone: usize,
    in_documents: usize,
}

/// Counts the end of each value in the memory of a process.
fn copies(process: u32) -> BTreeMap<Use, Copies> {
    let maps =
        fs::read_to_string(format!("/proc/{process}/maps")).expect("the process should be running");
    let memory = File::open(format!("/proc/{process}/mem"))
        .expect("a process may read the memory of those it has started (ptrace_scope below 2)");
    let mut copies: BTreeMap<_, _> = uses().map(|of| (of, Copies::default())).collect();
    let sought: Vec<_> = letters(0).take(SOUGHT).map(|letter| letter as u8).collect();
    let mut searched = 0;
    for region in maps.lines().filter(|region| region.contains(" rw")) {
        let range = region
            .split_once(' ')
            .and_then(|(range, _)| range.split_once('-'));
        let address = |text| u64::from_str_radix(text, 16).expect("an address");
        let (begin, end) = range
            .map(|(begin, end)| (address(begin), address(end)))
            .expect("a range");
        let mut bytes = vec![0; usize::try_from(end - begin).expect("a size")];
        // Some regions belong to the kernel.
        if memory.read_exact_at(&mut bytes, begin).is_err() {
            continue;
        }
        searched += bytes.len();
        let ends = bytes.windows(SOUGHT + 2).enumerate();
        for (position, end) in ends.filter(|(_, end)| end.starts_with(&sought)) {
            let number = std::str::from_utf8(&end[SOUGHT..]).ok();
            let number = number.and_then(|number| number.parse::<usize>().ok());
            let Some(of) = number.and_then(|number| uses().nth(number)) else {
                continue;
            };
            let in_document = format!("\"{}", value(of));
            let (until, after) = bytes.split_at(position + SOUGHT + 2);
            // The beginning of a freed buffer may have been overwritten.
            let quoted = until.ends_with(in_document.as_bytes())
                || after.starts_with(b"\"")
                || after.starts_with(b"\\\"");
            let copies = copies.entry(of).or_default();
            match quoted {
                true => copies.in_documents += 1,
                false => copies.alone += 1,
            }
        }
    }
    assert!(searched > 1_000_000, "only {searched} bytes were searched");
    copies
}

/// Returns the copies in a process while it holds the values and after it has dropped them.
fn held_and_dropped(worker: &str) -> [BTreeMap<Use, Copies>; 2] {
    let mut worker = Worker::start(worker, &[]);
    let copies = [(); 2].map(|()| {
        worker.wait_until_ready();
        let copies = copies(worker.id());
        worker.go();
        copies
    });
    worker.finish();
    println!("held, and dropped: {copies:#?}");
    for (of, copies) in &copies[1] {
        match of {
            Use::PlainText => assert!(
                copies.alone > 0,
                "a value that is not wiped should be found"
            ),
            _ => assert_eq!(copies.alone, 0, "{of:?} should be wiped"),
        }
    }
    copies
}

#[test]
fn dropped_tokens_leave_no_value_in_memory() {
    let [held, dropped] = held_and_dropped("security::wiped::worker_that_drops_tokens");
    for (of, copies) in held {
        let found = copies.alone > 0 || of == Use::Refused;
        assert!(found, "{of:?} should be found while it is held");
    }
    let in_documents = dropped.values().map(|copies| copies.in_documents);
    assert_eq!(
        in_documents.sum::<usize>(),
        0,
        "no document should be in memory"
    );
}

#[test]
fn a_dropped_store_leaves_no_value_of_its_own_in_memory() {
    let [held, _] = held_and_dropped("security::wiped::worker_that_drops_stores");
    for field in COLUMNS {
        let copies = held[&Use::Saved(field)];
        assert!(copies.alone >= 2, "{field} should be cached in both stores");
        let replaced = held[&Use::Column(field)];
        assert_eq!(
            replaced.alone, 0,
            "the replaced {field} should be wiped from the cache"
        );
    }
}
