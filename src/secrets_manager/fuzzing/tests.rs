//! The fuzz targets without a fuzzer: with the corpus, and with a few random edits of it.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::testing::for_all;

/// The number of inputs for each target.
const INPUTS: u32 = 2_000;

/// The texts that edits insert: syntax of the inputs, and numbers and characters at their limits.
const PIECES: [&str; 34] = [
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "\\udca1",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\n",
    "\0",
    "\u{feff}",
    "💡",
    "/",
    "=",
    "=2F",
    "-abcdef",
    "-",
    "1e999",
    "-1",
    "9007199254740993",
    "18446744073709551616",
    "null",
    "\"schema_version\":\"1\"",
    "\"id\":\"1\"",
    "\"access_token\":\"a\"",
    "\"deleted\":\"1\"",
    "\"x\":\"y\"",
    "ZOHO_TOKEN_STORE_",
    "FINGERPRINT_KEY=",
    "TAGS=a=b",
    "CACHE_CAPACITY=",
];

#[derive(Clone, Debug)]
enum Edit {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Replace(Index, u8),
    /// Copies a part of the input to another place.
    Repeat(Index, usize, Index),
}

impl Edit {
    fn apply(&self, input: &mut Vec<u8>) {
        let part = |from: &Index, length: usize, input: &[u8]| {
            let from = from.index(input.len() + 1);
            from..input.len().min(from + length)
        };
        match self {
            Edit::Insert(at, bytes) => {
                let at = at.index(input.len() + 1);
                input.splice(at..at, bytes.iter().copied());
            }
            Edit::Remove(from, length) => {
                input.drain(part(from, *length, input));
            }
            Edit::Replace(at, byte) if !input.is_empty() => {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            Edit::Replace(..) => {}
            Edit::Repeat(from, length, at) => {
                let copy = input[part(from, *length, input)].to_vec();
                let at = at.index(input.len() + 1);
                input.splice(at..at, copy);
            }
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    let piece = select(PIECES.as_slice()).prop_map(|piece| piece.as_bytes().to_vec());
    prop_oneof![
        4 => (at(), piece).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        2 => (at(), 1..12usize).prop_map(|(from, length)| Edit::Remove(from, length)),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        2 => (at(), 1..40usize, at()).prop_map(|(from, length, at)| Edit::Repeat(from, length, at)),
    ]
}

fn holds_for_the_corpus_and_edits_of_it(name: &str, body: fn(&[u8])) {
    let corpus = files(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/corpus")
            .join(name),
    );
    assert!(corpus.len() > 5, "the corpus of {name} is missing");
    corpus.iter().for_each(|input| body(input));

    let edits = prop::collection::vec(edit(), 1..6);
    for_all(INPUTS, (select(corpus), edits), |(mut input, edits)| {
        edits.iter().for_each(|edit| edit.apply(&mut input));
        body(&input);
    });
}

/// Returns the contents of the files in a folder and its subfolders.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort_unstable();
    let of = |path: &std::path::PathBuf| match path.is_dir() {
        true => files(path),
        false => vec![fs::read(path).expect("it can be read")],
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn any_document_is_read_and_kept_or_refused() {
    holds_for_the_corpus_and_edits_of_it("document", super::document);
}

#[test]
fn any_id_has_one_name_that_aws_allows() {
    holds_for_the_corpus_and_edits_of_it("id", super::id);
}

#[test]
fn any_settings_are_accepted_or_refused_without_showing_a_value() {
    holds_for_the_corpus_and_edits_of_it("settings", super::settings);
}
