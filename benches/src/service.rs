//! A Secrets Manager in memory, as the HTTP client of an AWS SDK: as much of it as fills a cache.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Config, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// The secrets, and their names by the values of their tags.
#[derive(Debug, Default)]
struct Secrets {
    values: HashMap<String, Value>,
    tagged: HashMap<String, String>,
}

#[derive(Clone, Debug, Default)]
struct Service {
    secrets: Arc<Mutex<Secrets>>,
}

/// A client of a Secrets Manager of its own, in memory.
pub fn client() -> Client {
    let service = SharedHttpConnector::new(Service::default());
    let config = Config::builder()
        .behavior_version_latest()
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
        .http_client(http_client_fn(move |_, _| service.clone()));
    Client::from_conf(config.build())
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let action = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or_default();
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, answer) = secrets.answer(action, &body);
        let response = http::Response::builder()
            .status(status)
            .body(SdkBody::from(answer.to_string()))
            .map(HttpResponse::try_from);
        HttpConnectorFuture::ready(Ok(response
            .expect("the response is complete")
            .expect("the response has no extensions")))
    }
}

impl Secrets {
    fn answer(&mut self, action: &str, body: &Value) -> (u16, Value) {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match action.trim_start_matches("secretsmanager.") {
            "CreateSecret" => {
                let name = text("Name");
                let tags = body["Tags"].as_array().into_iter().flatten();
                let values = tags.filter_map(|tag| tag["Value"].as_str());
                self.tagged
                    .extend(values.map(|value| (value.to_owned(), name.clone())));
                let secret = json!({
                    "ARN": format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-123456"),
                    "Name": &name,
                    "VersionId": text("ClientRequestToken"),
                    "SecretString": &body["SecretString"],
                    "VersionStages": ["AWSCURRENT"],
                    // Long ago: the list shows it.
                    "CreatedDate": 1_700_000_000,
                });
                self.values.insert(name, secret.clone());
                (200, secret)
            }
            "GetSecretValue" => match self.values.get(&text("SecretId")) {
                Some(secret) => (200, secret.clone()),
                None => (400, json!({"__type": "ResourceNotFoundException"})),
            },
            "ListSecrets" => {
                let filters = body["Filters"].as_array().into_iter().flatten();
                let values = filters.filter_map(|filter| filter["Values"].as_array());
                let names = values.flatten().filter_map(|value| {
                    let name = self.tagged.get(value.as_str()?)?;
                    let tag = json!({"Key": "managed-by", "Value": "zoho-token-store"});
                    Some(json!({"Name": name, "Tags": [tag]}))
                });
                (200, json!({"SecretList": names.collect::<Vec<_>>()}))
            }
            other => (
                400,
                json!({"__type": "UnknownOperationException", "message": other}),
            ),
        }
    }
}
