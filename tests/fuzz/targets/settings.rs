//! Fuzzes `zoho_token_store::fuzzing::settings`, which documents the invariants.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zoho_token_store::fuzzing::settings(data));
