//! How a call to one of Zoho's APIs ended, as far as the access token is concerned.

use http::{Response, StatusCode};

/// The response to a call that was made with an access token.
///
/// [`TokenProvider::call`](crate::TokenProvider::call) asks it whether the access token was refused.
/// It is implemented for `http::Response`, and for pairs of a status and anything else:
/// `(response.status(), response)`.
pub trait ApiResponse {
    /// Returns whether the server has refused the access token: HTTP status 401.
    fn is_unauthorized(&self) -> bool;
}

impl<T> ApiResponse for Response<T> {
    fn is_unauthorized(&self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
    }
}

impl<T> ApiResponse for (StatusCode, T) {
    fn is_unauthorized(&self) -> bool {
        self.0 == StatusCode::UNAUTHORIZED
    }
}

impl<T> ApiResponse for (u16, T) {
    fn is_unauthorized(&self) -> bool {
        self.0 == StatusCode::UNAUTHORIZED.as_u16()
    }
}
