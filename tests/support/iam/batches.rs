//! BatchGetSecretValue needs the permission to read each of its secrets, and reports those that the
//! role may not read as errors beside the values of the others.

use serde_json::{Value, json};

use super::needs::AwsRequest;
use super::{policy, signer};
use crate::support::http::{Request, Response};

/// The request for the secrets that the role may read, and errors about the others.
pub struct Batch {
    /// `None` if the role may read none of them.
    pub allowed: Option<Request>,
    denied: Vec<Value>,
}

impl Batch {
    /// Returns `None` if the request is no batch, or if its role may read all of its secrets.
    pub fn of(request: &Request) -> Option<Self> {
        let ids = request.body["SecretIdList"].as_array()?;
        let (role, region) = signer(request.header("authorization"))?;
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        for id in ids {
            let refused = role.refuses(&AwsRequest {
                action: "GetSecretValue",
                body: &json!({"SecretId": id}),
                region,
                tags: &[],
                own_kms_key: role.own_kms_key,
            });
            match refused {
                None => allowed.push(id),
                Some(need) => denied.push(error(id, &need)),
            }
        }
        let is_batch = request.action == "BatchGetSecretValue" && !denied.is_empty();
        let list = || json!({"SecretIdList": allowed});
        let some = !allowed.is_empty();
        is_batch.then(|| Batch {
            allowed: some.then(|| request.instead(&request.action, list())),
            denied,
        })
    }

    /// Adds the errors to the response about the secrets that were read.
    pub fn complete(self, response: Response) -> Response {
        if !response.is_ok() {
            return response;
        }
        let mut body = response.body();
        let errors = body["Errors"].as_array().cloned().unwrap_or_default();
        body["Errors"] = [errors, self.denied].concat().into();
        Response::new(200, &body)
    }
}

fn error(id: &Value, need: &policy::Need) -> Value {
    json!({
        "SecretId": id,
        "ErrorCode": "AccessDeniedException",
        "Message": super::not_authorized(need),
    })
}
