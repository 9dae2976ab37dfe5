//! Requests and responses, without HTTP's details.

use serde_json::{Value, json};

pub struct Request {
    pub method: String,
    pub path: String,
    /// The query and, if it is a form, the body.
    pub parameters: Vec<(String, String)>,
    pub authorization: Option<String>,
    pub body: Vec<u8>,
}

impl Request {
    /// Returns a parameter, or an empty text.
    pub fn parameter(&self, name: &str) -> &str {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub location: Option<String>,
    pub content_type: &'static str,
    pub body: String,
}

impl Response {
    pub fn json(status: u16, body: &Value) -> Self {
        Response {
            status,
            location: None,
            content_type: "application/json;charset=UTF-8",
            body: body.to_string(),
        }
    }

    pub fn ok(body: &Value) -> Self {
        Response::json(200, body)
    }

    /// An error as Zoho's accounts servers report it: with status 200.
    pub fn refused(error: &str) -> Self {
        Response::ok(&json!({"error": error}))
    }

    /// An error as Zoho's CRM API reports it.
    pub fn crm_error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"code": code, "details": {}, "message": message, "status": "error"});
        Response::json(status, &body)
    }

    pub fn page(status: u16, body: &str) -> Self {
        Response {
            status,
            location: None,
            content_type: "text/html;charset=UTF-8",
            body: body.to_owned(),
        }
    }

    pub fn redirect(location: String) -> Self {
        Response {
            location: Some(location),
            ..Response::page(302, "")
        }
    }
}
