//! Fuzzes `zoho_token_store::fuzzing::id`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zoho_token_store::fuzzing::id(data));
