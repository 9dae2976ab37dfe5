//! The moto server, at `MOTO_ENDPOINT` or else started by `infra/moto/moto`, and stores on it.

use std::process::Command;
use std::sync::LazyLock;

use zoho_token_store::SecretsManagerTokenStoreBuilder as Builder;

use crate::marked::RefuseMarked;
use crate::support::localstack;
use crate::support::server::Server;
use crate::support::store::TestStore;

/// The endpoint of a moto server that runs already.
const VARIABLE: &str = "MOTO_ENDPOINT";

/// Returns a store on moto with these settings under a new prefix.
pub async fn store(settings: fn(Builder) -> Builder) -> TestStore {
    TestStore::with_endpoint(endpoint(), settings).await
}

/// Returns a second store on the same secrets with an empty cache, like another process.
pub async fn another(test: &TestStore, settings: fn(Builder) -> Builder) -> TestStore {
    TestStore::at(&test.prefix, endpoint(), settings).await
}

/// Returns the endpoint of a server before moto, which refuses what moto should.
fn endpoint() -> &'static str {
    static STARTED: LazyLock<Result<Server, String>> = LazyLock::new(|| {
        let endpoint = std::env::var(VARIABLE).map_or_else(|_| start(), Ok)?;
        localstack::replace(VARIABLE, endpoint);
        Ok(Server::new(RefuseMarked::default()))
    });
    match &*STARTED {
        Ok(server) => server.endpoint(),
        Err(problem) => panic!("{problem}"),
    }
}

fn start() -> Result<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/infra/moto/moto");
    let output = Command::new(script)
        .arg("up")
        .output()
        .map_err(|error| format!("{script} cannot be run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "`{script} up` failed, and these tests need moto's server; see infra/moto/README.md:\n{said}"
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
