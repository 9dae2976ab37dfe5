//! A check changes nothing, whatever happens while it is made, and is not wrong about the fingerprint
//! key.

use zoho_token_store::{Deletion, ErrorKind, Outcome, Report};

use crate::aws::{Fault, Wanted};
use crate::support::token::id;

use super::{only_record, scenario};

#[test]
fn a_check_does_not_reach_a_secret_that_was_deleted_and_created_again() {
    for call in ["TagResource", "UntagResource", "PutSecretValue"] {
        scenario(async |world| {
            let a = world
                .process_with("a", 0, |settings| settings.deletion(Deletion::Force))
                .await;
            let saved = a.save("user_name=u refresh_token=old").await.unwrap();
            world.settle().await;
            let checker = world.process("checker").await;
            let held = world.hold("checker", Wanted::Action(call));
            let checking = tokio::spawn(async move { checker.store.check().await });
            assert!(held.arrived().await, "{call}");
            a.delete(id(&saved)).await.unwrap();
            a.save("user_name=u refresh_token=new").await.unwrap();
            let before = format!("{:?}", world.operator().secrets());
            held.release();
            checking.await.unwrap();
            assert_eq!(only_record(&world)["refresh_token"], "new", "{call}");
            let after = format!("{:?}", world.operator().secrets());
            assert_eq!(after, before, "{call}");
        });
    }
}

/// Whether a check failed.
fn has_failed(report: &Report, name: &str) -> bool {
    let check = report.check(name);
    check.is_some_and(|check| matches!(check.outcome(), Outcome::Failed(_)))
}

#[test]
fn a_check_fails_if_some_records_were_tagged_with_another_fingerprint_key() {
    scenario(async |world| {
        let [right, wrong] = ["the right key of this store", "a random key made later"];
        let with = async |name, key: &'static str| {
            let process = world.process_with(name, 0, |settings| settings.fingerprint_key(key));
            process.await
        };
        let (a, b) = (with("a", right).await, with("b", wrong).await);
        for user in ["1", "2", "3"] {
            a.save(&format!("user_name={user} access_token=a{user}"))
                .await
                .unwrap();
        }
        world.settle().await;
        assert!(a.store.check().await.is_ok());
        b.save("user_name=4 access_token=a4").await.unwrap();
        world.settle().await;
        for process in [a, b] {
            let report = process.store.check().await;
            assert!(has_failed(&report, "fingerprint key"), "{report}");
            // reindex() would give all records the tags of one of the keys.
            let index = report.check("index").expect("it is reported");
            assert!(matches!(index.outcome(), Outcome::Skipped), "{report}");
        }
    });
}

#[test]
fn a_check_does_not_take_tags_in_an_old_list_for_those_of_another_key() {
    scenario(async |world| {
        let a = world.process("a").await;
        for user in ["1", "2"] {
            let saved = a.save(&format!("access_token=a{user}")).await.unwrap();
            world.settle().await;
            let before = world.now();
            a.save(&format!("id={} access_token=b{user}", id(&saved)))
                .await
                .unwrap();
            world.lists_show("a", before);
            let report = a.store.check().await;
            assert!(report.is_ok(), "{report}");
        }
    });
}

#[test]
fn a_check_that_cannot_read_tags_does_not_report_another_fingerprint_key() {
    scenario(async |world| {
        let a = world.process("a").await;
        let saved = a.save("access_token=a").await.unwrap();
        world.settle().await;
        let before = world.now();
        a.save(&format!("id={} access_token=b", id(&saved)))
            .await
            .unwrap();
        let b = world.process("b").await;
        world.lists_show("b", before);
        world.order_calls("b", 2, Wanted::Action("DescribeSecret"), Fault::Denied);
        let report = b.store.check().await;
        let key = report.check("fingerprint key").expect("it is reported");
        let Outcome::Failed(error) = key.outcome() else {
            panic!("{report}");
        };
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{report}");
        let index = report.check("index").expect("it is reported");
        assert!(matches!(index.outcome(), Outcome::Skipped), "{report}");
    });
}
