//! Somebody makes an earlier version the current one, by hand.

use std::time::Duration;

use tokio::time::Instant;

use super::{only_record, scenario};

#[test]
fn saves_after_repeated_rollbacks_to_one_version_stay_quick() {
    scenario(async |world| {
        let (a, operator) = (world.process("a").await, world.operator());
        a.save("user_name=u access_token=0").await.unwrap();
        let secret = operator.secrets().remove(0);
        let first_version = secret.versions[0].id.clone();
        a.save("user_name=u access_token=1").await.unwrap();
        for number in 2..12 {
            world.settle().await;
            operator
                .roll_back(&secret, &first_version)
                .expect("a rollback");
            world.settle().await;
            let (a, began) = (world.process("a").await, Instant::now());
            a.save(&format!("user_name=u access_token={number}"))
                .await
                .unwrap();
            let took = began.elapsed();
            assert!(
                took <= Duration::from_secs(10),
                "save {number} took {took:?}"
            );
            assert_eq!(only_record(&world)["access_token"], number.to_string());
        }
    });
}
