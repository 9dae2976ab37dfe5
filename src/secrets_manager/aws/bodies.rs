//! The bodies of responses, which are limited in size.

use std::error::Error as StdError;
use std::mem;

use aws_sdk_secretsmanager::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_secretsmanager::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::body::SdkBody;
use http_body_util::{LengthLimitError, Limited};

/// One secret: its value of at most 64 KiB, up to six times as long with all characters escaped.
const ONE_SECRET: usize = 1 << 20;

/// Twenty values, or a hundred descriptions with all their tags.
const MANY_SECRETS: usize = 8 << 20;

/// Limits the responses of a client.
pub(super) fn protect(config: Builder) -> Builder {
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
