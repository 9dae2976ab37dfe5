//! Wall clocks that are set while a process runs.

use std::time::Duration;

use super::scenario;

#[test]
fn a_clock_that_is_set_back_does_not_lengthen_the_time_to_live() {
    scenario(async |world| {
        let time_to_live = Duration::from_secs(10);
        let a = world
            .process_with("a", 200, |settings| {
                settings.cache_time_to_live(time_to_live)
            })
            .await;
        let b = world.process("b").await;
        a.save("user_name=u access_token=1").await.unwrap();
        b.save("user_name=u access_token=2").await.unwrap();
        tokio::time::sleep(time_to_live / 2).await;
        a.set_clock(195);
        tokio::time::sleep(time_to_live / 2).await;
        let found = a.find("user_name=u").await.unwrap().unwrap();
        assert_eq!(
            found.expose(zoho_token_store::Field::AccessToken),
            Some("2")
        );
    });
}
