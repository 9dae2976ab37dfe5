//! A server before moto that refuses to change secrets that are marked for deletion, as AWS does.
//! moto changes them.
//!
//! Without it, a deletion of a deleted token fails: the store learns from the refusal that a read
//! which shows a secret as deleted is not an old one.

use std::io;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::Mutex;

use crate::support::http::{Request, Response};
use crate::support::server::{Handler, Outcome};

#[derive(Default)]
pub struct RefuseMarked {
    /// Held by each change, so that a secret is not deleted between the look at it and the change.
    turn: Arc<Mutex<()>>,
}

impl Handler for RefuseMarked {
    fn handle(&self, request: Request) -> BoxFuture<'static, io::Result<Outcome>> {
        let turn = self.turn.clone();
        async move {
            let response = match request.action.as_str() {
                "PutSecretValue" | "TagResource" | "UntagResource" => {
                    let _turn = turn.lock().await;
                    match is_marked(&request).await? {
                        true => refusal(),
                        false => request.forward().await?,
                    }
                }
                "DeleteSecret" | "RestoreSecret" => {
                    let _turn = turn.lock().await;
                    request.forward().await?
                }
                _ => request.forward().await?,
            };
            Ok(Outcome::Respond(response))
        }
        .boxed()
    }
}

async fn is_marked(request: &Request) -> io::Result<bool> {
    let secret = json!({"SecretId": request.body["SecretId"]});
    let described = request.instead("DescribeSecret", secret).forward().await?;
    Ok(!described.body()["DeletedDate"].is_null())
}

fn refusal() -> Response {
    let message =
        "You can't perform this operation on the secret because it was marked for deletion.";
    Response::refusal(400, "InvalidRequestException", message)
}
