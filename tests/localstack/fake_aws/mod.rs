//! The rules of AWS that the other tests rely on: what each of them refuses or changes, seen by a
//! plain client.

mod batch_get;
mod deletion;
mod faults;
mod identity;
mod limits;
mod lists;
mod quotas;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::fake_aws::{FakeAws, Rules};
use crate::support::http::{Request, Response};
use crate::support::secrets::Secrets;
use crate::support::store::new_prefix;

/// A client behind the rules, with secrets of its own.
struct Caller {
    aws: FakeAws,
    prefix: String,
    secrets: Secrets,
}

impl Caller {
    fn new(rules: Rules) -> Self {
        let prefix = new_prefix();
        Caller {
            aws: FakeAws::new(rules),
            secrets: Secrets::below(&prefix).pass(),
            prefix,
        }
    }

    /// Makes a call about the secret with this last part of the name.
    async fn call(&self, action: &str, id: &str, body: Value) -> Response {
        let mut body = body;
        let member = match action {
            "CreateSecret" => "Name",
            _ => "SecretId",
        };
        body[member] = json!(self.secrets.name(id));
        // Clients make one up; LocalStack insists.
        let makes_version = ["CreateSecret", "PutSecretValue", "UpdateSecret"].contains(&action);
        if makes_version && body.get("ClientRequestToken").is_none() {
            body["ClientRequestToken"] = json!(Uuid::new_v4().to_string());
        }
        self.ask(action, body).await
    }

    /// Makes a call as it is.
    async fn ask(&self, action: &str, body: Value) -> Response {
        let response = Request::new(action, body).send(self.aws.endpoint()).await;
        response.expect("the fake should respond")
    }

    async fn ok(&self, action: &str, id: &str, body: Value) -> Value {
        succeeded(self.call(action, id, body).await)
    }

    async fn create(&self, id: &str) {
        self.ok("CreateSecret", id, json!({"SecretString": "v"}))
            .await;
    }

    /// The code of the refusal; the call must be refused.
    async fn refused(&self, action: &str, id: &str, body: Value) -> String {
        refusal(&self.call(action, id, body).await)
    }

    /// The last parts of the names that are listed, on all pages, with these filters more.
    async fn listed(&self, filters: &[Value]) -> Vec<String> {
        let mut all = vec![json!({"Key": "name", "Values": [self.prefix]})];
        all.extend_from_slice(filters);
        let mut names = Vec::new();
        let mut body = json!({"Filters": all});
        loop {
            let page = succeeded(self.ask("ListSecrets", body.clone()).await);
            let secrets = page["SecretList"].as_array().into_iter().flatten();
            let ids =
                secrets.filter_map(|secret| secret["Name"].as_str()?.strip_prefix(&self.prefix));
            names.extend(ids.map(str::to_owned));
            match page.get("NextToken") {
                Some(next) => body["NextToken"] = next.clone(),
                None => return names,
            }
        }
    }
}

fn succeeded(response: Response) -> Value {
    assert!(response.is_ok(), "{}", response.body());
    response.body()
}

/// The code and the message of a refusal.
fn refusal(response: &Response) -> String {
    assert_eq!(response.status(), 400, "{}", response.body());
    let body = response.body();
    let message = body["message"].as_str().or(body["Message"].as_str());
    format!("{}: {}", response.code(), message.unwrap_or_default())
}

/// Rules of which none holds but those that are set.
fn only(set: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::none(1);
    set(&mut rules);
    rules
}
