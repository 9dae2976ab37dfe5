//! Somebody adds a field to a document by hand.

use serde_json::{Value, json};

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
