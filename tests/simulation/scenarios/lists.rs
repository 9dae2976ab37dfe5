//! Lists: what one secret does to others.

use zoho_token_store::ErrorKind;

use crate::aws::{Fault, Wanted};
use crate::process::Stopped;

use super::scenario;

#[test]
fn a_secret_that_cannot_be_decrypted_hides_no_other_one() {
    scenario(async |world| {
        let a = world.process("a").await;
        for number in 0..20 {
            a.save(&format!("id={number} access_token=a{number}"))
                .await
                .unwrap();
        }
        world.settle().await;
        let b = world.process("b").await;
        // It fails the whole batch, and the read of itself alone.
        world.order(
            "b",
            Wanted::Action("BatchGetSecretValue"),
            Fault::Undecryptable,
        );
        world.order("b", Wanted::Action("GetSecretValue"), Fault::Undecryptable);
        let Err(Stopped::Failed(error)) = b.list().await else {
            panic!("one cannot be read");
        };
        assert_eq!(error.kind(), ErrorKind::Encryption, "{error}");
        assert!(error.secret_name().is_some(), "{error}");
        assert_eq!(error.readable_tokens().len(), 19);
    });
}
