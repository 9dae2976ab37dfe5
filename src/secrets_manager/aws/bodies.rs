//! The bodies of requests and responses: no log line shows them, and responses are limited in size.
//!
//! The SDK logs requests and responses at TRACE, and shows bodies that are in memory. Whether it has
//! made streams of them before depends on its version. It does not show a stream, and can sign and
//! retry one that still has its bytes. So the store makes a stream of each body as early as it can.
//! (`LOG_SIGNABLE_BODY=true` and `LOG_SENSITIVE_BODIES=true` make the SDK show them nevertheless.)

use std::error::Error as StdError;
use std::mem;

use aws_sdk_secretsmanager::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_secretsmanager::config::{
    Builder, ConfigBag, HttpClient, Intercept, RuntimeComponents, SharedHttpClient,
};
use aws_sdk_secretsmanager::error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::body::SdkBody;
use http_body_util::{LengthLimitError, Limited};

/// One secret: its value of at most 64 KiB, up to six times as long with all characters escaped.
const ONE_SECRET: usize = 1 << 20;

/// Twenty values, or a hundred descriptions with all their tags.
const MANY_SECRETS: usize = 8 << 20;

/// Adds to a client's configuration what protects bodies.
///
/// A response is logged before any interceptor sees it. Those of the SDK's own HTTP client are
/// streams, those of another one may be in memory.
pub(super) fn protect(mut config: Builder, http_client: Option<SharedHttpClient>) -> Builder {
    if let Some(client) = http_client {
        config = config.http_client(Streaming(client));
    }
    config.interceptor(Bodies)
}

/// Returns whether this is the error of a response over the limit.
pub(super) fn is_too_large(error: &(dyn StdError + 'static)) -> bool {
    error.is::<LengthLimitError>()
}

#[derive(Debug)]
struct Bodies;

#[dyn_dispatch_hint]
impl Intercept for Bodies {
    fn name(&self) -> &'static str {
        "bodies"
    }

    /// Before an endpoint is applied, because the error of an unusable one shows the request.
    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request_mut().body_mut();
        let in_memory = mem::replace(body, SdkBody::taken());
        *body = in_memory.map_preserve_contents(SdkBody::from_body_1_x);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(Metadata::name);
        let limit = match operation {
            Some("BatchGetSecretValue" | "ListSecrets") => MANY_SECRETS,
            _ => ONE_SECRET,
        };
        let body = context.response_mut().body_mut();
        let received = mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(received, limit));
        Ok(())
    }
}

/// An HTTP client whose responses are streams.
#[derive(Debug)]
struct Streaming<T>(T);

impl HttpClient for Streaming<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.0.http_connector(settings, components);
        SharedHttpConnector::new(Streaming(connector))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.0, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.0, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Streaming<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let response = self.0.call(request);
        HttpConnectorFuture::new(async { Ok(response.await?.map(SdkBody::from_body_1_x)) })
    }
}
