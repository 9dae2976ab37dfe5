//! Fuzzes `zoho_token_store::fuzzing::document`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zoho_token_store::fuzzing::document(data));
