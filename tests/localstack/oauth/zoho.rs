//! An accounts server in the test process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use zoho_token_store::SecretString;
use zoho_token_store::oauth::{HttpClient, HttpError, HttpRequest, HttpResponse};

/// Issues access tokens `new-1`, `new-2` and so on. Clones are the same server.
#[derive(Clone, Debug, Default)]
pub struct Zoho {
    requests: Arc<AtomicUsize>,
    is_silent: Arc<AtomicBool>,
}

impl Zoho {
    /// The requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Whether requests are received and not responded to.
    pub fn be_silent(&self, silent: bool) {
        self.is_silent.store(silent, Ordering::SeqCst);
    }
}

#[async_trait]
impl HttpClient for Zoho {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        if self.is_silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let body = format!(r#"{{"access_token":"new-{number}","expires_in":3600}}"#);
        Ok(HttpResponse {
            status: 200,
            body: SecretString::from(body),
        })
    }
}
