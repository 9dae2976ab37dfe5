//! A program that logs with the crate `log` keeps its log lines after a save, and none of them shows
//! a value, also at TRACE.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::json;
use zoho_token_store::{ErrorKind, SecretsManagerTokenStore, TokenStore};

use super::secrecy::marker::{MARKER, Search};
use super::secrecy::shown::Shown;
use crate::support::child::{ready_and_wait, run_at_once};
use crate::support::localstack;
use crate::support::store::TestStore;

/// What env_logger has written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An HTTP client whose responses are in memory, unlike those of the SDK's own. The value of every
/// secret has the marker, and cannot be read.
#[derive(Clone, Debug)]
struct InMemory;

impl HttpClient for InMemory {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(InMemory)
    }
}

impl HttpConnector for InMemory {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let secret = json!({"Name": "1", "VersionId": "1", "SecretString": MARKER});
        let body = SdkBody::from(secret.to_string());
        let status = 200.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
    }
}

/// Runs in a separate process, because the logger is global to the process.
#[tokio::test]
#[ignore = "run by another test, in a separate process"]
async fn worker_that_logs_with_env_logger() {
    ready_and_wait();
    let test = TestStore::new().await;
    let written = Written::default();
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Trace)
        .target(env_logger::Target::Pipe(Box::new(written.clone())))
        .init();
    tracing::info!("an event before the save");

    let mut shown = Shown::default();
    shown.every_operation(&test.store, async || {}).await;
    let client = localstack::config("http://in-memory").http_client(InMemory);
    let builder = SecretsManagerTokenStore::builder().client(Client::from_conf(client.build()));
    let store = builder.build().await.expect("the settings are valid");
    let unreadable = store.find_token_by_id("1").await;
    let unreadable = unreadable.expect_err("the value is no document");
    assert_eq!(unreadable.kind(), ErrorKind::Decode, "{unreadable}");

    tracing::info!("an event after the save");
    log::info!("a record after the save");
    let written = written.text();
    for line in [
        "INFO  localstack::security::log_crate] an event before the save",
        "INFO  localstack::security::log_crate] an event after the save",
        "INFO  localstack::security::log_crate] a record after the save",
    ] {
        assert!(written.contains(line), "{line} is not logged");
    }
    for action in ["GetSecretValue", "CreateSecret", "PutSecretValue"] {
        let line = |of: &str| {
            let mut lines = written.lines().filter(|line| line.contains("TRACE"));
            lines.any(|line| line.contains(of) && line.contains(action))
        };
        assert!(
            line("transmitting request"),
            "the SDK's {action} is not logged"
        );
    }
    let search = Search::new();
    if let Some(line) = written.lines().find(|line| search.finds(line)) {
        panic!("this should not be logged: {line}");
    }
    assert!(
        !search.finds(&written),
        "a value is logged on several lines"
    );
}

#[test]
fn a_save_keeps_the_log_of_the_program_and_shows_no_value_in_it() {
    run_at_once(
        "security::log_crate::worker_that_logs_with_env_logger",
        &[vec![]],
    );
}
