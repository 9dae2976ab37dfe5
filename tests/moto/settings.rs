//! Which behaviours are tested with which settings: the contract with all of them, each other one
//! where the settings change what it depends on.

use zoho_token_store::{Deletion, SecretsManagerTokenStoreBuilder as Builder};

use crate::behaviour;

/// A module of tests for each name and its settings.
macro_rules! with {
    ($($name:ident, $settings:expr, [$($behaviour:ident),* $(,)?];)*) => {$(
        mod $name {
            use super::*;

            $(
                #[tokio::test]
                async fn $behaviour() {
                    let settings: fn(Builder) -> Builder = $settings;
                    behaviour::$behaviour(settings).await;
                }
            )*
        }
    )*};
}

with! {
    the_default_settings, |builder| builder, [
        keeps_the_contract,
        finds_by_every_key,
        saves_after_a_deletion,
        restores_what_it_cannot_create,
        confirms_an_unchanged_save,
        stores_a_new_user_once,
        loses_no_save,
        reads_and_deletes_all,
        reindexes,
    ];
    no_cache, |builder| builder.cache_capacity(None), [
        keeps_the_contract,
        finds_by_every_key,
        saves_after_a_deletion,
        stores_a_new_user_once,
        loses_no_save,
    ];
    forced_deletion, |builder| builder.deletion(Deletion::Force), [
        keeps_the_contract,
        saves_after_a_deletion,
        reads_and_deletes_all,
    ];
    a_fingerprint_key, |builder| builder.fingerprint_key("sixteen random bytes"), [
        keeps_the_contract,
        finds_by_every_key,
        saves_after_a_deletion,
        reindexes,
    ];
    no_tag_index, |builder| builder.tag_index(false), [
        keeps_the_contract,
        finds_by_id_and_strongest_key,
        saves_after_a_deletion,
        stores_a_new_user_once,
        loses_no_save,
    ];
}
