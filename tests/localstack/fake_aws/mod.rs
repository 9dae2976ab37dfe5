//! Tests of the fake of AWS that the other tests rely on: what each rule refuses or changes, as a
//! plain client sees it.

mod batch_get;
mod deletion;
mod faults;
mod identity;
mod limits;
mod lists;
mod quotas;
mod versions;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::fake_aws::{FakeAws, Rules};
use crate::support::http::{Request, Response};
use crate::support::secrets::Secrets;
use crate::support::store::new_prefix;

/// A client of the fake, with secrets of its own.
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
            secrets: Secrets::below(&prefix).remove_on_drop(),
            prefix,
        }
    }

    /// Makes a call on the secret with this id.
    async fn call(&self, action: &str, id: &str, body: Value) -> Response {
        let mut body = body;
        let member = match action {
            "CreateSecret" => "Name",
            _ => "SecretId",
        };
        body[member] = json!(self.secrets.name(id));
        // Clients generate the token; LocalStack requires it.
        let makes_version = ["CreateSecret", "PutSecretValue", "UpdateSecret"].contains(&action);
        if makes_version && body.get("ClientRequestToken").is_none() {
            body["ClientRequestToken"] = json!(Uuid::new_v4().to_string());
        }
        self.send_body(action, body).await
    }

    /// Makes a call with this body.
    async fn send_body(&self, action: &str, body: Value) -> Response {
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

    /// Returns the code and the message of the refusal; the call must be refused.
    async fn refused(&self, action: &str, id: &str, body: Value) -> String {
        refusal(&self.call(action, id, body).await)
    }

    /// Returns the ids of the listed secrets on all pages, under the prefix and these filters.
    async fn listed(&self, filters: &[Value]) -> Vec<String> {
        let mut all = vec![json!({"Key": "name", "Values": [self.prefix]})];
        all.extend_from_slice(filters);
        let mut names = Vec::new();
        let mut body = json!({"Filters": all});
        loop {
            let page = succeeded(self.send_body("ListSecrets", body.clone()).await);
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

/// Returns the code and the message of a refusal.
fn refusal(response: &Response) -> String {
    assert_eq!(response.status(), 400, "{}", response.body());
    let body = response.body();
    let message = body["message"].as_str().or(body["Message"].as_str());
    format!("{}: {}", response.code(), message.unwrap_or_default())
}

/// Returns rules of which only those hold that `set` switches on.
fn only(set: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::none(1);
    set(&mut rules);
    rules
}
