//! Which accounts server a record's tokens are sent to.

use super::fake_zoho::Next;
use super::world::{World, partial};
use crate::OAuthToken;
use crate::TokenStore;
use crate::oauth::DataCenter;

/// Saves a record of this API domain that names no accounts server, as one of Zoho's SDKs does.
async fn of_api_domain(api_domain: &str) -> World {
    let world = World::with_token(0).await;
    let record = world.stored().await.to_builder().api_domain(api_domain);
    world
        .store
        .save_token(&record.build().unwrap())
        .await
        .unwrap();
    world
}

fn server(world: &World) -> String {
    let (url, _) = world.zoho.seen().remove(0);
    url.split("/oauth/").next().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_record_without_an_accounts_server_is_refreshed_where_its_api_domain_is() {
    for (api_domain, asked) in [
        ("https://www.zohoapis.in", "https://accounts.zoho.in"),
        (
            "https://sandbox.zohoapis.ca",
            "https://accounts.zohocloud.ca",
        ),
        (
            "https://developer.zohoapis.com.au/",
            "https://accounts.zoho.com.au",
        ),
        ("https://www.zohoapis.example", "https://accounts.zoho.eu"),
    ] {
        let world = of_api_domain(api_domain).await;
        world.process().access_token(&partial()).await.unwrap();
        assert_eq!(server(&world), asked, "{api_domain}");
        assert_eq!(world.stored().await.accounts_url(), Some(asked));
    }
}

#[tokio::test(start_paused = true)]
async fn the_accounts_server_that_a_caller_or_the_record_names_comes_before_the_api_domain() {
    let world = of_api_domain("https://www.zohoapis.in").await;
    let named = OAuthToken::builder().id("1");
    let named = named.accounts_url("https://accounts.zoho.jp");
    let provider = world.process();
    provider
        .access_token(&named.build().unwrap())
        .await
        .unwrap();
    assert_eq!(server(&world), "https://accounts.zoho.jp");

    let world = of_api_domain("https://www.zohoapis.in").await;
    world.save_at("https://accounts.zoho.sa", "id=1").await;
    world.process().access_token(&partial()).await.unwrap();
    assert_eq!(server(&world), "https://accounts.zoho.sa");
}

#[tokio::test(start_paused = true)]
async fn a_provider_with_servers_of_its_own_sends_nothing_to_those_of_zoho() {
    let world = of_api_domain("https://www.zohoapis.in").await;
    let own = DataCenter::custom("http://localhost:1", "http://localhost:2").unwrap();
    let provider = world.process_at(own);
    provider.access_token(&partial()).await.unwrap();
    assert_eq!(server(&world), "http://localhost:1");
}

#[tokio::test(start_paused = true)]
async fn a_token_unknown_to_the_server_of_its_api_domain_was_revoked_before() {
    let world = of_api_domain("https://www.zohoapis.in").await;
    world
        .zoho
        .next([Next::Body(400, r#"{"error":"invalid_code"}"#)]);
    assert!(world.process().revoke(&partial()).await.unwrap());
    assert_eq!(server(&world), "https://accounts.zoho.in");
    assert!(world.store.get_tokens().await.unwrap().is_empty());
}
