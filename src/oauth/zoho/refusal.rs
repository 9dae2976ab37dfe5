//! Why Zoho has issued no token: what its error codes mean, and the error that a caller gets.

use super::json::Object;
use crate::oauth::metrics::Event;
use crate::{Error, ErrorKind};

/// Why Zoho has issued no token. It contains nothing of the response but a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: String,
}

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// Too many access tokens were asked for.
    Throttled,
    /// The refresh or grant token is not accepted, or not by this accounts server.
    Dead,
    /// The OAuth client is not accepted, or not by this accounts server.
    Client,
    /// It may work later.
    Transient,
}

/// Codes that mean the token is not accepted.
const DEAD: &[&str] = &[
    "access_denied",
    "invalid_code",
    "invalid_grant",
    "invalid_refresh_token",
    "invalid_token",
];

/// Codes that mean the client is not accepted.
const CLIENT: &[&str] = &[
    "invalid_client",
    "invalid_client_secret",
    "invalid_redirect_uri",
    "invalid_scope",
    "redirect_uri_mismatch",
    "unauthorized_client",
    "unsupported_grant_type",
];

const THROTTLED: &str = "throttled";

/// The code for a response that is none of Zoho's.
const UNEXPECTED: &str = "unexpected_response";

/// The code for no response.
pub(crate) const NO_RESPONSE: &str = "no_response";

/// The code for a request that could not be sent.
pub(crate) const UNREACHABLE: &str = "unreachable";

/// The longest code that is believed to be one.
const LONGEST_CODE: usize = 40;

impl Refusal {
    /// The refusal in a response.
    pub(crate) fn of(status: u16, object: Option<&Object>) -> Self {
        let text = |name| object.and_then(|object| object.text(name));
        let error = text("error").unwrap_or_default();
        // The only error of Zoho that is a sentence.
        let throttled = status == 429
            || error.eq_ignore_ascii_case("Access Denied")
            || ["error", "error_description", "message"]
                .into_iter()
                .filter_map(text)
                .any(|text| text.to_ascii_lowercase().contains("too many requests"));
        let code = if throttled {
            THROTTLED.to_owned()
        } else if is_code(error) {
            error.to_owned()
        } else if status >= 500 {
            format!("http_{status}")
        } else {
            UNEXPECTED.to_owned()
        };
        Refusal { code }
    }

    /// The refusal with this code, as a record notes it.
    pub(crate) fn with_code(code: &str) -> Self {
        let code = if is_code(code) { code } else { UNEXPECTED };
        Refusal {
            code: code.to_owned(),
        }
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    pub(crate) fn kind(&self) -> RefusalKind {
        match self.code.as_str() {
            THROTTLED => RefusalKind::Throttled,
            code if DEAD.contains(&code) => RefusalKind::Dead,
            code if CLIENT.contains(&code) => RefusalKind::Client,
            _ => RefusalKind::Transient,
        }
    }

    /// Whether asking again is of no use until the record is changed.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.kind(), RefusalKind::Dead | RefusalKind::Client)
    }

    /// Whether the token is not accepted, or not by this accounts server.
    pub(crate) fn is_dead(&self) -> bool {
        self.kind() == RefusalKind::Dead
    }

    /// What is counted.
    pub(crate) fn event(&self) -> Event {
        match self.kind() {
            RefusalKind::Throttled => Event::Throttled,
            RefusalKind::Dead | RefusalKind::Client => Event::Dead,
            RefusalKind::Transient => Event::ZohoUnavailable,
        }
    }

    /// The error for the caller; `server` is the accounts server that was asked.
    pub(crate) fn error(&self, server: &str) -> Error {
        let code = &self.code;
        match self.kind() {
            RefusalKind::Throttled => {
                let problem = "too many access tokens were asked for: Zoho issues 10 in 10 minutes \
                               for a refresh token";
                Error::new(ErrorKind::Throttled, problem)
                    .advise("try again in some minutes; let all processes share one store")
            }
            RefusalKind::Dead => {
                let problem = format!("Zoho does not accept the token ({code})");
                Error::new(ErrorKind::NeedsLogin, problem).advise(format!(
                    "log in again; if the user belongs to another data centre than that of {server}, \
                     which refuses the token in the same way, set its data centre"
                ))
            }
            RefusalKind::Client => {
                let problem = format!("Zoho does not accept the OAuth client ({code})");
                Error::new(ErrorKind::InvalidConfig, problem).advise(format!(
                    "check client_id, client_secret and redirect_url of the record, and whether the \
                     client is registered in the data centre of {server}"
                ))
            }
            RefusalKind::Transient => {
                let problem = match code.as_str() {
                    NO_RESPONSE => format!("{server} did not respond"),
                    UNREACHABLE => format!("{server} could not be reached"),
                    _ => format!("{server} could not issue a token ({code})"),
                };
                Error::new(ErrorKind::Unavailable, problem).advise("try again later")
            }
        }
    }

    /// The error for the caller if another accounts server has refused, and this one is to be asked.
    pub(crate) fn error_elsewhere(&self, server: &str) -> Error {
        let code = &self.code;
        let problem =
            format!("another accounts server than {server} has refused the token ({code})");
        Error::new(ErrorKind::Unavailable, problem).advise(format!(
            "try again in a few minutes: {server} is asked then; `refresh` asks it at once"
        ))
    }
}

/// Whether a text is an error code, and not a sentence or a token.
fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=LONGEST_CODE).contains(&text.len())
        && text.bytes().all(is_part)
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_decides_and_not_the_status() {
        use RefusalKind::{Client, Dead, Throttled, Transient};
        for (status, body, code, kind) in [
            (200, r#"{"error":"invalid_code"}"#, "invalid_code", Dead),
            (400, r#"{"error":"invalid_code"}"#, "invalid_code", Dead),
            (200, r#"{"error":"invalid_grant"}"#, "invalid_grant", Dead),
            (
                200,
                r#"{"error":"invalid_client"}"#,
                "invalid_client",
                Client,
            ),
            (
                200,
                r#"{"error":"Access Denied","error_description":"You have made too many requests continuously."}"#,
                "throttled",
                Throttled,
            ),
            (
                400,
                r#"{"error_description":"You have made Too Many Requests","error":"x y"}"#,
                "throttled",
                Throttled,
            ),
            (429, "", "throttled", Throttled),
            (503, "<html>", "http_503", Transient),
            (200, "<html>", "unexpected_response", Transient),
            (200, "{}", "unexpected_response", Transient),
            (
                200,
                r#"{"error":"general_error"}"#,
                "general_error",
                Transient,
            ),
            (
                200,
                r#"{"error":"1000.SECRET.value"}"#,
                "unexpected_response",
                Transient,
            ),
            (200, r#"{"error":7}"#, "unexpected_response", Transient),
        ] {
            let refusal = Refusal::of(status, Object::parse(body).as_ref());
            assert_eq!(
                (refusal.code(), refusal.kind()),
                (code, kind),
                "{status} {body}"
            );
            assert_eq!(
                Refusal::with_code(code),
                refusal,
                "it is noted and read again"
            );
        }
        assert_eq!(Refusal::with_code("A:b").code(), UNEXPECTED);
    }

    #[test]
    fn errors_say_what_to_do_and_are_of_the_right_kind() {
        for (code, kind, word) in [
            ("invalid_code", ErrorKind::NeedsLogin, "data centre"),
            ("invalid_client", ErrorKind::InvalidConfig, "client_secret"),
            (THROTTLED, ErrorKind::Throttled, "minutes"),
            (UNREACHABLE, ErrorKind::Unavailable, "could not be reached"),
            (NO_RESPONSE, ErrorKind::Unavailable, "later"),
        ] {
            let error = Refusal::with_code(code).error("https://accounts.zoho.eu");
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
