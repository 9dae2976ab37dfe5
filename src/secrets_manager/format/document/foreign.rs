//! Documents that others wrote by hand, in the console or with boto3: which of them are read, which
//! are refused, and why. They are in `tests/corpus/document`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

fn folder(name: &str) -> PathBuf {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/document");
    corpus.join(name)
}

/// Returns the text of each file in the table, which must list all files of the folder.
fn texts<T: Copy>(name: &str, table: &[(&'static str, T)]) -> Vec<(&'static str, String, T)> {
    let listed: BTreeSet<_> = table.iter().map(|(file, _)| (*file).to_owned()).collect();
    let there = fs::read_dir(folder(name)).unwrap();
    let there = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), listed);
    let text = |file: &str| fs::read_to_string(folder(name).join(file)).unwrap();
    let texts = table
        .iter()
        .map(|&(file, expected)| (file, text(file), expected));
    texts.collect()
}

#[test]
fn documents_of_others_are_read() {
    let none: &[(&str, &str)] = &[];
    let unknown: &[(&str, &str)] = &[
        ("scope", "ZohoCRM.modules.ALL"),
        ("", ""),
        ("note", "a\0b\u{2028}\u{7f}\u{feff}"),
        ("ID", "2"),
    ];
    let table = [
        ("own.json", none),
        ("console_pretty_printed.json", none),
        ("by_hand_with_tabs_and_crlf.json", none),
        ("boto3_json_dumps.json", none),
        ("boto3_sorted_utf8.json", none),
        ("every_character_escaped.json", none),
        ("escaped_slash.json", none),
        ("expiry_with_leading_zeros.json", none),
        ("unknown_fields.json", unknown),
    ];
    let expected = OAuthToken::builder()
        .id("1")
        .user_name("Zoë 💡 \"q\" \\ /")
        .access_token("1000.aa")
        .expiry_time(1_700_000_000_001)
        .build()
        .unwrap();
    for (file, text, unknown_fields) in texts("read", &table) {
        let read = decode("1", &text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let Document::Record { token, unknown, .. } = read else {
            panic!("{file} is a tombstone");
        };
        assert_eq!(token, expected, "{file}");
        let kept = unknown.0.iter();
        let kept: Vec<_> = kept
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        assert_eq!(kept, unknown_fields, "{file}");
    }
}

#[test]
fn other_values_are_refused_with_the_reason() {
    let (syntax, eof) = ("it is not JSON (line", "it is incomplete JSON (line");
    let shape = "it is not a flat JSON object, or has a field twice (line";
    let (schema, newer) = (
        "it has no `schema_version`",
        "a newer version of this crate",
    );
    let (foreign, token) = (
        "a field that is not part of a token is not a string",
        "its token is not valid",
    );
    let (expiry, id) = (
        "its field `expiry_time` is not",
        "its `id` differs from the one",
    );
    let table = [
        ("bom.json", syntax),
        ("nested.json", foreign),
        ("nested_twice.json", schema),
        ("list.json", shape),
        ("list_in_a_field.json", "its field `access_token` is not"),
        ("json_in_a_string.json", shape),
        ("null.json", shape),
        ("null_in_a_field.json", "its field `refresh_token` is not"),
        ("true_in_a_field.json", "its field `refresh_token` is not"),
        ("object_in_an_unknown_field.json", foreign),
        ("field_twice.json", shape),
        ("field_twice_alike.json", shape),
        ("field_twice_by_escape.json", shape),
        ("unknown_field_twice.json", shape),
        ("schema_twice.json", shape),
        ("number_expiry.json", expiry),
        ("number_beyond_double.json", expiry),
        ("number_huge.json", syntax),
        ("number_of_many_digits.json", syntax),
        ("number_in_a_string_over_63_bits.json", token),
        ("number_in_a_string_with_exponent.json", token),
        ("number_id.json", "its field `id` is not"),
        ("nan.json", syntax),
        ("infinity.json", syntax),
        ("lone_surrogate.json", syntax),
        ("lone_surrogate_in_a_name.json", syntax),
        ("nul_byte_in_a_string.json", syntax),
        ("nul_byte_at_the_end.json", syntax),
        ("line_break_in_a_string.json", syntax),
        ("text_after_it.json", syntax),
        ("twice.json", syntax),
        ("cut_off.json", eof),
        ("trailing_comma.json", syntax),
        ("comment.json", syntax),
        ("single_quotes.json", syntax),
        ("form.txt", syntax),
        ("plain.txt", syntax),
        ("blank.txt", eof),
        ("deep.json", shape),
        ("deep_in_a_field.json", foreign),
        ("no_schema.json", schema),
        ("number_schema.json", schema),
        ("schema_with_sign.json", schema),
        ("newer_schema.json", newer),
        ("newer_schema_nested.json", newer),
        ("no_id.json", id),
        ("other_id.json", id),
        ("empty_column.json", token),
        ("empty_object.json", schema),
    ];
    let mut wrong = Vec::new();
    for (file, text, reason) in texts("refused", &table) {
        let error = decode("1", &text).map(|_| file).expect_err(file);
        let shown = format!("{error} {error:?}");
        let says_why = error.kind() == ErrorKind::Decode && shown.contains(reason);
        if !says_why || shown.contains("1000.") || shown.contains("Zoë") {
            wrong.push(format!("{file}: {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
