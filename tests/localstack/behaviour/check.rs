//! `check` finds mistakes in settings, permissions and tags, and changes nothing.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use uuid::Uuid;
use zoho_token_store::{
    ErrorKind, Outcome, Report, SecretsManagerTokenStore,
    SecretsManagerTokenStoreBuilder as Builder,
};

use crate::support::front::{self, Front, Reaction};
use crate::support::iam::{FINGERPRINT_KEY_PREFIX, Options, Role};
use crate::support::localstack;
use crate::support::store::{TestStore, new_prefix};
use crate::support::token::{id, login, token};

const WRITES: [&str; 3] = ["PutSecretValue", "TagResource", "UntagResource"];

/// Returns the names of the failed checks.
fn failed(report: &Report) -> Vec<&str> {
    let failed = report.checks().iter();
    let failed = failed.filter(|check| matches!(check.outcome(), Outcome::Failed(_)));
    failed.map(|check| check.name()).collect()
}

/// Returns the names of the skipped checks.
fn skipped(report: &Report) -> Vec<&str> {
    let skipped = report.checks().iter();
    let skipped = skipped.filter(|check| matches!(check.outcome(), Outcome::Skipped));
    skipped.map(|check| check.name()).collect()
}

/// Returns the line of a check that failed with an error of this kind.
fn failure(report: &Report, name: &str, kind: ErrorKind) -> String {
    let check = report.check(name);
    let check = check.unwrap_or_else(|| panic!("no check {name}:\n{report}"));
    match check.outcome() {
        Outcome::Failed(error) => assert_eq!(error.kind(), kind, "\n{report}"),
        _ => panic!("the check {name} should fail:\n{report}"),
    }
    assert!(check.advice().is_some(), "no advice for {name}:\n{report}");
    check.to_string()
}

async fn store_in(region: &'static str, prefix: &str) -> SecretsManagerTokenStore {
    let config = localstack::config(localstack::endpoint()).region(Region::new(region));
    let client = Client::from_conf(config.build());
    let builder = SecretsManagerTokenStore::builder();
    let store = builder.prefix(prefix).client(client).build().await;
    store.expect("the settings should be valid")
}

#[tokio::test]
async fn a_store_that_works_passes_and_nothing_is_changed() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    test.save(&login("bob")).await;
    let before = (
        test.secrets.describe(id(&ada)).await,
        test.secrets.current(id(&ada)).await,
    );
    let report = test.store.check().await;
    let after = (
        test.secrets.describe(id(&ada)).await,
        test.secrets.current(id(&ada)).await,
    );

    assert!(report.is_ok() && report.can_read(), "\n{report}");
    // With the store's policies, deletions can only be tried on a record.
    assert_eq!(
        skipped(&report),
        ["CreateSecret", "DeleteSecret", "RestoreSecret"],
        "\n{report}"
    );
    assert!(
        report.to_string().contains("✓ records: 2 under"),
        "\n{report}"
    );
    assert_eq!(before.1, after.1);
    let (before, after) = (before.0, after.0);
    assert_eq!(before.tags, after.tags);
    assert_eq!(before.version_ids_to_stages, after.version_ids_to_stages);
    assert_eq!(test.secrets.all().await.len(), 2);

    let shown = format!("{report} {report:?}");
    for value in ["a-ada", "r-ada", "g-ada", "client_secret", "user_name"] {
        assert!(!shown.contains(value), "{value} is shown");
    }
}

#[tokio::test]
async fn a_prefix_without_records_is_reported_with_those_that_have_some() {
    let other = TestStore::new().await;
    other.save(&login("ada")).await;
    let report = TestStore::new().await.store.check().await;
    let line = failure(&report, "records", ErrorKind::InvalidConfig);
    assert!(line.contains("ZOHO_TOKEN_STORE_PREFIX"), "{line}");
    assert_eq!(failed(&report), ["records"], "\n{report}");
    for name in [
        "PutSecretValue",
        "UntagResource",
        "fingerprint key",
        "index",
        "kms",
    ] {
        assert!(skipped(&report).contains(&name), "{name}:\n{report}");
    }
}

#[tokio::test]
async fn a_region_without_records_is_named() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let report = store_in("ap-south-2", &test.prefix).await.check().await;
    assert!(
        report.to_string().contains("✓ region: ap-south-2\n"),
        "\n{report}"
    );
    let records = report.check("records").expect("the records are checked");
    assert!(matches!(records.outcome(), Outcome::Skipped), "\n{report}");
    assert!(records.detail().contains("ap-south-2"), "\n{report}");
    assert!(
        records
            .advice()
            .is_some_and(|advice| advice.contains("region")),
        "\n{report}"
    );
}

#[tokio::test]
async fn another_fingerprint_key_is_reported() {
    let key = |key: &'static str| move |builder: Builder| builder.fingerprint_key(key);
    let right = "the key of these records";
    let test = TestStore::with(key(right)).await;
    test.save(&login("ada")).await;
    test.save(&login("bob")).await;
    let report = test.another_with(key(right)).await.store.check().await;
    assert_eq!(failed(&report), [""; 0], "\n{report}");
    for wrong in [
        test.another_with(key("a key of other records")).await,
        test.another().await,
    ] {
        let report = wrong.store.check().await;
        failure(&report, "fingerprint key", ErrorKind::InvalidConfig);
        assert!(skipped(&report).contains(&"index"), "\n{report}");
        assert!(!report.can_read());
        assert!(!format!("{report} {report:?}").contains(right));
    }
}

#[tokio::test]
async fn a_missing_fingerprint_key_is_reported_with_the_advice_to_restore_it() {
    let name = format!("{FINGERPRINT_KEY_PREFIX}none-{}", Uuid::new_v4().simple());
    let test = TestStore::with(|builder| builder.fingerprint_key_secret(&name)).await;
    let report = test.store.check().await;
    let line = failure(&report, "fingerprint key", ErrorKind::InvalidConfig);
    assert!(line.contains(&name) && line.contains("restore"), "{line}");
    assert!(skipped(&report).contains(&"index"), "\n{report}");
}

#[tokio::test]
async fn a_wrong_index_is_reported_until_it_is_repaired() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    test.save(&login("bob")).await;
    for (key, _) in test.secrets.tags(id(&ada)).await {
        if key.starts_with("zoho-token-store:access") {
            test.secrets.untag(id(&ada), &key).await;
        }
    }
    let report = test.store.check().await;
    let line = failure(&report, "index", ErrorKind::Other);
    assert!(
        line.contains("of 2 records, 1 without") && line.contains("reindex()"),
        "{line}"
    );
    assert_eq!(failed(&report), ["index"], "\n{report}");

    test.store.reindex().await.expect("the index is repaired");
    assert!(test.store.check().await.is_ok());
}

#[tokio::test]
async fn a_record_that_the_list_shows_with_old_tags_is_not_reported() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    // As lists do that are some minutes old.
    let name = test.secrets.all().await[0].name.clone();
    let front = Front::new(move |request| match request.action.as_str() {
        "ListSecrets" => Reaction::Respond(serde_json::json!({"SecretList": [{
            "Name": name, "Tags": [{"Key": "managed-by", "Value": "zoho-token-store"}],
        }]})),
        _ => Reaction::Forward,
    });
    let report = test.another_behind(&front.await).await.store.check().await;
    assert_eq!(failed(&report), [""; 0], "\n{report}");
}

#[tokio::test]
async fn a_reader_is_denied_the_writes_and_can_read() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let role = Role::new("reader", Options::Every, &test.prefix);
    let reader = TestStore::as_role(&role, &test.prefix, front::open(), |builder| builder).await;
    let report = reader.store.check().await;
    assert!(report.can_read() && !report.is_ok(), "\n{report}");
    for name in WRITES {
        let line = failure(&report, name, ErrorKind::AccessDenied);
        assert!(line.contains(&format!("secretsmanager:{name}")), "{line}");
    }
    assert_eq!(failed(&report).len(), WRITES.len(), "\n{report}");
}

#[tokio::test]
async fn a_role_for_another_prefix_is_denied() {
    let test = TestStore::new().await;
    test.save(&login("ada")).await;
    let role = Role::new("runtime", Options::Every, &new_prefix());
    let other = TestStore::as_role(&role, &test.prefix, front::open(), |builder| builder).await;
    let report = other.store.check().await;
    for name in ["GetSecretValue", "DescribeSecret", "kms"] {
        failure(&report, name, ErrorKind::AccessDenied);
    }
    assert!(!report.can_read());
}

#[tokio::test]
async fn a_role_without_lists_is_reported_unless_the_index_is_off() {
    let prefix = new_prefix();
    let role = Role::new("runtime", Options::Fewest, &prefix);
    let with_index = TestStore::as_role(&role, &prefix, front::open(), |builder| builder).await;
    let report = with_index.store.check().await;
    failure(&report, "ListSecrets", ErrorKind::AccessDenied);
    assert!(
        skipped(&report).contains(&"BatchGetSecretValue"),
        "\n{report}"
    );

    let off = |builder: Builder| builder.tag_index(false);
    let without = TestStore::as_role(&role, &prefix, front::open(), off).await;
    let report = without.store.check().await;
    assert!(report.is_ok(), "\n{report}");
    for name in ["ListSecrets", "UntagResource", "records", "index"] {
        assert!(skipped(&report).contains(&name), "{name}:\n{report}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_respond_ends_the_check() {
    let test = TestStore::with_endpoint(&front::nothing().await, |builder| builder).await;
    let report = test.store.check().await;
    failure(&report, "connection", ErrorKind::Unavailable);
    assert_eq!(report.checks().len(), 2, "\n{report}");
}

#[tokio::test]
async fn credentials_that_aws_does_not_know_end_the_check() {
    let code = "UnrecognizedClientException";
    let front = Front::refusing("GetSecretValue", 400, code, "no such token").await;
    let report = TestStore::behind(&front).await.store.check().await;
    failure(&report, "credentials", ErrorKind::Unauthenticated);
    assert_eq!(report.checks().len(), 2, "\n{report}");
}

#[tokio::test]
async fn a_record_that_cannot_be_decrypted_is_reported() {
    let test = TestStore::new().await;
    let ada = test.save(&login("ada")).await;
    let name = test.secrets.name(id(&ada));
    let front = Front::new(move |request| match request.body["SecretId"] == name {
        true if request.action == "GetSecretValue" => Reaction::Refuse {
            status: 400,
            code: "DecryptionFailure",
            message: "Secrets Manager can't decrypt the protected secret text",
        },
        _ => Reaction::Forward,
    });
    let report = test.another_behind(&front.await).await.store.check().await;
    failure(&report, "kms", ErrorKind::Encryption);
}

#[tokio::test]
async fn a_secret_that_holds_no_token_is_reported_by_name() {
    let test = TestStore::new().await;
    test.save(&token("user_name=ada access_token=a-ada")).await;
    let managed = ("managed-by", "zoho-token-store");
    test.secrets
        .create("theirs", Some("a-theirs"), &[managed])
        .await;
    let report = test.store.check().await;
    let line = failure(&report, "records", ErrorKind::Decode);
    assert!(line.contains(&test.secrets.name("theirs")), "{line}");
    assert!(!format!("{report} {report:?}").contains("a-theirs"));
}
