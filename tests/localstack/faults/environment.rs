//! AWS settings of the environment that cannot be used are settings to correct, before any call.

use zoho_token_store::{ErrorKind, SecretsManagerTokenStore};

use crate::support::child::{given, ready_and_wait, run_at_once};

/// Runs in a separate process, because it has an environment of its own.
#[tokio::test]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_is_misconfigured() {
    ready_and_wait();
    let error = SecretsManagerTokenStore::from_env().await;
    let error = error.expect_err("the store should not be built");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    assert!(!error.is_retryable(), "{error}");
    let text = error.to_string();
    assert!(text.contains(&given("EXPECTED")), "{text}");
    assert!(!text.contains("try again"), "{text}");
}

#[tokio::test]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_is_configured() {
    ready_and_wait();
    let store = SecretsManagerTokenStore::from_env().await;
    store.expect("the store should be built");
}

const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");

/// A path of a file with this text, for the profiles of a process.
fn profiles(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    std::fs::write(&path, text).expect("the folder for temporary files can be written to");
    path.to_str().expect("a path in Unicode").to_owned()
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let endpoint = ("EXPECTED", "AWS_ENDPOINT_URL");
    let file = profiles("profiles", "[profile known]\nregion = eu-west-1\n");
    let file = ("AWS_CONFIG_FILE", file.as_str());
    let known = ("AWS_PROFILE", "known");
    run_at_once(
        "faults::environment::worker_that_is_misconfigured",
        &[
            vec![REGION, endpoint, ("AWS_ENDPOINT_URL", "localhost:4566")],
            vec![
                REGION,
                endpoint,
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "localhost"),
            ],
            vec![("AWS_REGION", "Ireland"), ("EXPECTED", "AWS_REGION")],
            vec![
                REGION,
                file,
                ("AWS_PROFILE", "missing"),
                ("EXPECTED", "there is no AWS profile `missing`"),
            ],
            vec![
                file,
                known,
                ("ZOHO_TOKEN_STORE_REPLICA_REGIONS", "us-east-1,eu-west-1"),
                ("EXPECTED", "a replica region is the region of the store"),
            ],
        ],
    );
    run_at_once(
        "faults::environment::worker_that_is_configured",
        &[vec![file, known]],
    );
    std::fs::remove_file(file.1).expect("the file was written");
}
