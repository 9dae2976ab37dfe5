//! Secrets with replicas in other regions.

use crate::support::store::TestStore;
use crate::support::token::{id, login, token};

async fn replica_regions(test: &TestStore, record_id: &str) -> Vec<String> {
    let secret = test.secrets.describe(record_id).await;
    let regions = secret
        .replication_status()
        .iter()
        .filter_map(|replica| replica.region());
    regions.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_secret_is_replicated_on_creation_and_again_after_a_deletion() {
    let test = TestStore::with(|builder| builder.replica_region("eu-west-1")).await;
    let ada = test.save(&login("ada")).await;
    assert_eq!(replica_regions(&test, id(&ada)).await, ["eu-west-1"]);

    test.delete(id(&ada)).await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
    assert_eq!(test.find(&token("user_name=ada")).await, None);

    let again = test.save(&login("ada")).await;
    assert_eq!(again, ada);
    assert_eq!(replica_regions(&test, id(&ada)).await, ["eu-west-1"]);
}

#[tokio::test]
async fn a_store_without_replica_regions_deletes_a_replicated_secret() {
    let test = TestStore::with(|builder| builder.replica_region("eu-west-1")).await;
    let ada = test.save(&login("ada")).await;
    let without = test.another().await;
    without.delete(id(&ada)).await;
    assert!(test.secrets.is_marked_for_deletion(id(&ada)).await);
}
