//! One example for each rule of the document.

use super::*;

fn record(document: &str) -> (OAuthToken, UnknownFields) {
    match decode("1", document).unwrap() {
        Document::Record { token, unknown, .. } => (token, unknown),
        Document::Tombstone => panic!("a tombstone"),
    }
}

#[test]
fn the_document_is_flat_and_in_the_order_of_the_columns() {
    let token = OAuthToken::builder()
        .access_token("a\"\n")
        .expiry_time(5)
        .id("1")
        .user_name("ü")
        .build()
        .unwrap();
    let document = encode(&token, &Metadata::default(), &UnknownFields::default()).unwrap();
    let document = document.expose_secret();
    assert_eq!(
        document,
        r#"{"schema_version":"1","id":"1","user_name":"ü","access_token":"a\"\n","expiry_time":"5"}"#
    );
    assert_eq!(record(document).0, token);
}

#[test]
fn unknown_fields_are_kept() {
    let (token, unknown) = record(r#"{"schema_version":"1","id":"1","note":"x","scope":"y"}"#);
    assert_eq!(
        encode(&token, &Metadata::default(), &unknown)
            .unwrap()
            .expose_secret(),
        r#"{"schema_version":"1","id":"1","note":"x","scope":"y"}"#
    );
    assert_eq!(format!("{unknown:?}"), "2 unknown fields");
}

#[test]
fn a_tombstone_is_no_record() {
    assert!(matches!(
        decode(
            "1",
            encode_tombstone("1", SystemTime::now()).expose_secret()
        )
        .unwrap(),
        Document::Tombstone
    ));
}

#[test]
fn a_newer_schema_is_named_whatever_else_the_document_holds() {
    let error = decode("1", r#"{"schema_version":"2","id":{"new":["shape"]}}"#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error.to_string().contains("schema 2") && error.to_string().contains("update"),
        "{error}"
    );
}

#[test]
fn other_values_are_refused_and_not_shown() {
    let refused = [
        "",
        "secret",
        "null",
        "42",
        "[]",
        "\"secret\"",
        "{\"schema_version\":\"1\",\"id\":\"1\"",
        "{}",
        "\u{feff}{\"schema_version\":\"1\",\"id\":\"1\"}",
        r#"{"id":"1","access_token":"secret"}"#,
        r#"{"schema_version":1,"id":"1"}"#,
        r#"{"schema_version":"one","id":"1"}"#,
        r#"{"schema_version":"0","id":"1"}"#,
        r#"{"schema_version":"1","access_token":"secret"}"#,
        r#"{"schema_version":"1","id":"2","access_token":"secret"}"#,
        r#"{"schema_version":"1","id":"1","access_token":["secret"]}"#,
        r#"{"schema_version":"1","id":"1","access_token":null}"#,
        r#"{"schema_version":"1","id":"1","access_token":""}"#,
        r#"{"schema_version":"1","id":"1","access_token":"secret","access_token":"secret"}"#,
        r#"{"schema_version":"1","id":"1","expiry_time":1700000000001}"#,
        r#"{"schema_version":"1","id":"1","expiry_time":"secret"}"#,
        r#"{"schema_version":"1","id":"1","more":{"secret":1}}"#,
        r#"{"schema_version":"1","id":"1"} secret"#,
    ];
    for document in refused {
        let error = decode("1", document).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{document}");
        assert!(
            !format!("{error} {error:?}").contains("\"secret\""),
            "{error:?}"
        );
    }
}

#[test]
fn an_unknown_field_name_is_not_shown() {
    let error = decode("1", r#"{"schema_version":"1","id":"1","1000.token":5}"#).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("1000"), "{error:?}");
    let error = decode("1", r#"{"schema_version":"1","id":"1","api_domain":5}"#).unwrap_err();
    assert!(error.to_string().contains("`api_domain` is not a string"));
}

#[test]
fn no_error_advises_to_delete_a_secret() {
    for document in ["", "{}", r#"{"schema_version":"2"}"#] {
        let text = decode("1", document).unwrap_err().to_string();
        assert!(!text.contains("delet"), "{text}");
    }
}

#[test]
fn the_size_limit_counts_bytes() {
    let token = |length| {
        OAuthToken::builder()
            .id("1")
            .access_token("é".repeat(length))
            .build()
            .unwrap()
    };
    let least = encode(&token(1), &Metadata::default(), &UnknownFields::default()).unwrap();
    let frame = least.expose_secret().len() - 2;
    let most = (SIZE_LIMIT - frame) / 2;
    assert!(
        encode(
            &token(most),
            &Metadata::default(),
            &UnknownFields::default()
        )
        .is_ok()
    );
    assert_eq!(
        encode(
            &token(most + 1),
            &Metadata::default(),
            &UnknownFields::default()
        )
        .unwrap_err()
        .kind(),
        ErrorKind::TooLarge
    );
}
