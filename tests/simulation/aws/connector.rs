//! The HTTP client that the SDK is given: it ends in this process.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::request::Request;
use super::service::Service;
use crate::link::Link;

/// The HTTP client of one process.
#[derive(Clone)]
pub struct Connector {
    pub service: Arc<Service>,
    pub link: Arc<Link>,
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (service, link) = (self.service.clone(), self.link.clone());
        let request = Request::read(&request);
        HttpConnectorFuture::new(async move {
            match request {
                Ok(request) => service.serve(link, request).await,
                Err(error) => Err(ConnectorError::user(error.into())),
            }
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}
