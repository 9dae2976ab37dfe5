//! What Zoho's accounts server returns, judged by the body: errors come with status 200, too.

use std::time::Duration;

use http::Uri;
use secrecy::SecretString;

use super::json::Object;
use super::refusal::Refusal;

/// The lifetime of an access token if the response does not say it.
pub(crate) const USUAL_LIFETIME: Duration = Duration::from_secs(3_600);

/// A lifetime in seconds is at most this; a larger number is one in milliseconds.
const LONGEST_SECONDS: f64 = 86_400.0;

/// The tokens that Zoho has issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access_token: SecretString,
    /// Another refresh token, in the response to a grant token and sometimes to a refresh token.
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) api_domain: Option<String>,
    pub(crate) lifetime: Duration,
}

/// Reads the response to a refresh token or a grant token.
pub(crate) fn issued(status: u16, body: &str) -> Result<Issued, Refusal> {
    let object = Object::parse(body);
    if let Some(object) = &object
        && !object.has("error")
        && let Some(access_token) = object.text("access_token").filter(|text| is_token(text))
    {
        return Ok(Issued {
            access_token: access_token.into(),
            refresh_token: object
                .text("refresh_token")
                .filter(|text| is_token(text))
                .map(SecretString::from),
            api_domain: object
                .text("api_domain")
                .filter(|text| is_url(text))
                .map(|text| text.trim_end_matches('/').to_owned()),
            lifetime: lifetime(object),
        });
    }
    Err(Refusal::of(status, object.as_ref()))
}

/// Reads the response to a revocation.
pub(crate) fn revoked(status: u16, body: &str) -> Result<(), Refusal> {
    let object = Object::parse(body);
    let has_error = object.as_ref().is_none_or(|object| object.has("error"));
    if (200..300).contains(&status) && !has_error {
        return Ok(());
    }
    Err(Refusal::of(status, object.as_ref()))
}

/// `expires_in` is in seconds; in milliseconds if there is also `expires_in_sec`, and sometimes
/// without it.
fn lifetime(object: &Object) -> Duration {
    let seconds = object.number("expires_in_sec").or_else(|| {
        let number = object.number("expires_in")?;
        Some(match number > LONGEST_SECONDS {
            true => number / 1_000.0,
            false => number,
        })
    });
    let seconds = seconds.filter(|seconds| (1.0..=LONGEST_SECONDS).contains(seconds));
    seconds.map_or(USUAL_LIFETIME, Duration::from_secs_f64)
}

/// Whether a text can be sent as a token.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_url(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::oauth::zoho::refusal::RefusalKind;

    #[test]
    fn tokens_are_read_whatever_else_is_there() {
        let body = r#"{"access_token":"1000.a","refresh_token":"1000.r","scope":["x",{"y":1}],
            "api_domain":"https://www.zohoapis.eu/","token_type":null,"expires_in":3600}"#;
        let issued = issued(200, body).unwrap();
        assert_eq!(issued.access_token.expose_secret(), "1000.a");
        assert_eq!(issued.refresh_token.unwrap().expose_secret(), "1000.r");
        assert_eq!(issued.api_domain.unwrap(), "https://www.zohoapis.eu");
        assert_eq!(issued.lifetime, Duration::from_secs(3_600));
    }

    #[test]
    fn a_lifetime_is_in_seconds_or_milliseconds_or_missing() {
        for (members, seconds) in [
            (r#","expires_in":1800"#, 1_800),
            (r#","expires_in":"1800""#, 1_800),
            (r#","expires_in":1800000,"expires_in_sec":1800"#, 1_800),
            (r#","expires_in":1800000"#, 1_800),
            (r#","expires_in":86400"#, 86_400),
            ("", 3_600),
            (r#","expires_in":0"#, 3_600),
            (r#","expires_in":-5"#, 3_600),
            (r#","expires_in":"soon""#, 3_600),
            (r#","expires_in":null"#, 3_600),
        ] {
            let body = format!(r#"{{"access_token":"a"{members}}}"#);
            let lifetime = issued(200, &body).unwrap().lifetime;
            assert_eq!(lifetime, Duration::from_secs(seconds), "{members}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for (status, body) in [
            (200, "{}"),
            (200, ""),
            (200, "<html>"),
            (200, r#"{"access_token":""}"#),
            (200, r#"{"access_token":"a b"}"#),
            (200, r#"{"access_token":"a","error":"invalid_code"}"#),
            (500, r#"{"error":"x"}"#),
        ] {
            assert!(issued(status, body).is_err(), "{body}");
        }
        let strange = r#"{"access_token":"a","refresh_token":"\n","api_domain":"zohoapis"}"#;
        let issued = issued(200, strange).unwrap();
        assert!(issued.refresh_token.is_none() && issued.api_domain.is_none());
    }

    #[test]
    fn only_a_response_without_an_error_revokes() {
        assert!(revoked(200, r#"{"status":"success"}"#).is_ok());
        let unknown = revoked(400, r#"{"error":"invalid_code"}"#).unwrap_err();
        assert_eq!(unknown.kind(), RefusalKind::Dead);
        assert!(revoked(200, r#"{"error":"general_error"}"#).is_err());
        assert!(revoked(503, "").is_err());
        assert!(revoked(200, "<html>").is_err());
    }
}
