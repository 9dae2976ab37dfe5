//! The end of a program: refreshes whose callers are gone, and tokens that could not be saved.

use std::time::Duration;

use futures::FutureExt;

use super::fake_zoho::Next;
use super::world::{SwapFault, World, partial};
use crate::ErrorKind;

#[tokio::test(start_paused = true)]
async fn what_could_not_be_saved_is_saved_at_the_end() {
    for rotated in [false, true] {
        let world = World::with_token(0).await;
        let provider = world.process();
        assert!(provider.finish().await.is_empty());
        if rotated {
            let members = Next::With(r#","refresh_token":"rotated""#);
            world.zoho.next([members]);
        }
        let faults = [SwapFault::None, SwapFault::Fails, SwapFault::Fails];
        world.store.next(&faults);
        let access = provider.access_token(&partial()).await;
        assert!(access.is_ok_and(|access| !access.is_saved()) != rotated);

        let failed = provider.finish().await;
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].kind(), ErrorKind::Unavailable);
        let word = if rotated {
            "issued tokens"
        } else {
            "an access token"
        };
        assert!(failed[0].to_string().contains(word), "{}", failed[0]);
        let unsaved = failed[0].unsaved_token().unwrap();
        assert!(unsaved.access_token().is_some());

        assert!(provider.finish().await.is_empty());
        let stored = world.stored().await;
        assert_eq!(&stored, unsaved);
        assert_eq!(world.lease().await, None);
        world.store.take_counts();
        assert!(provider.finish().await.is_empty());
        assert_eq!(world.store.take_counts(), (0, 0));
        assert!(provider.access_token(&partial()).await.unwrap().is_saved());
        assert_eq!(world.zoho.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_without_a_caller_is_waited_for() {
    let world = World::with_token(0).await;
    let provider = world.process();
    world.zoho.hold();
    let caller = provider.clone();
    let caller = async move { caller.access_token(&partial()).await };
    let waited = tokio::time::timeout(Duration::from_secs(1), caller).await;
    assert!(waited.is_err());
    assert_eq!(world.zoho.requests(), 1);

    let mut finish = std::pin::pin!(provider.finish());
    assert!(finish.as_mut().now_or_never().is_none());
    world.zoho.release();
    assert!(finish.await.is_empty());
    let access_token = world
        .stored()
        .await
        .expose(crate::Field::AccessToken)
        .map(str::to_owned);
    assert_eq!(access_token.as_deref(), Some("new-1"));
    assert_eq!(world.lease().await, None);
}
