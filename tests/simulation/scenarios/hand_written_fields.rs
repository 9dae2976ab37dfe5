//! Somebody changes a value by hand.

use serde_json::{Value, json};
use zoho_token_store::ErrorKind;

use crate::process::Stopped;
use crate::support::token::id;

use super::{only_record, scenario};

#[test]
fn a_record_with_a_field_named_deleted_is_still_a_record() {
    scenario(async |world| {
        let (a, operator) = (world.process("a").await, world.operator());
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        world.settle().await;
        let secret = operator.secrets().remove(0);
        let mut document: Value = serde_json::from_str(secret.text().unwrap()).unwrap();
        document["deleted"] = json!("by hand");
        let put = json!({"SecretId": secret.arn, "SecretString": document.to_string()});
        operator.call("PutSecretValue", put).expect("another field");
        world.settle().await;

        let b = world.process("b").await;
        let found = b.find("user_name=u").await.unwrap();
        assert_eq!(found.as_ref().map(id), Some(id(&saved)));
        b.save("user_name=u access_token=2").await.unwrap();
        let record = only_record(&world);
        assert_eq!(
            (&*record["access_token"], &*record["deleted"]),
            ("2", "by hand")
        );
    });
}

#[test]
fn a_binary_value_in_place_of_a_record_is_reported_as_such() {
    scenario(async |world| {
        let a = world.process("a").await;
        let saved = a.save("user_name=u access_token=1").await.unwrap();
        let secret = world.operator().secrets().remove(0);
        let put = json!({"SecretId": secret.arn, "SecretBinary": "AAAA"});
        world
            .operator()
            .call("PutSecretValue", put)
            .expect("it is put");
        a.invalidate(id(&saved));
        for _ in 0..2 {
            match a.find("user_name=u").await {
                Err(Stopped::Failed(error)) => assert_eq!(error.kind(), ErrorKind::Decode),
                other => panic!("{other:?}"),
            }
        }
        // Once it is replaced, the record is found again.
        world.settle().await;
        let current = json!({
            "SecretId": secret.arn, "SecretString": secret.text().unwrap(),
            "ClientRequestToken": "the-value-is-put-back-by-hand-0001",
        });
        world.operator().call("PutSecretValue", current).unwrap();
        let found = a.find("user_name=u").await.unwrap();
        assert_eq!(found.as_ref().map(id), Some(id(&saved)));
    });
}
