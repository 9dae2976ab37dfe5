//! The marker in all values that must not be shown, and the forms in which it could be shown.

use aws_smithy_types::base64;

/// Part of every field of a token except id and expiry time, and of every fingerprint key. Letters
/// only, so that no escaping changes it.
pub const MARKER: &str = "confidential";

/// Returns a value with the marker and with characters that are escaped in JSON, URLs, names and
/// Debug output.
pub fn marked(what: &str) -> String {
    format!("{what} \"/\\é=%\u{1f}{MARKER}\n'+&{what}")
}

/// Finds the marker in texts.
pub struct Search {
    /// Forms in which case matters.
    exact: Vec<String>,
    /// Forms in which case does not matter, in lower case.
    any_case: Vec<String>,
}

impl Search {
    pub fn new() -> Self {
        let each_byte = |form: fn(u8) -> String| MARKER.bytes().map(form).collect::<String>();
        let list = format!("{:?}", MARKER.as_bytes());
        Search {
            exact: (0..3).map(in_base64).collect(),
            any_case: vec![
                MARKER.to_owned(),
                MARKER.chars().rev().collect(),
                each_byte(|byte| format!("{byte:02x}")),
                each_byte(|byte| format!("%{byte:02x}")),
                each_byte(|byte| format!("={byte:02x}")),
                each_byte(|byte| format!("\\x{byte:02x}")),
                each_byte(|byte| format!("\\u{byte:04x}")),
                each_byte(|byte| format!("\\u{{{byte:x}}}")),
                list.trim_matches(['[', ']']).to_owned(),
                list.trim_matches(['[', ']']).replace(' ', ""),
            ],
        }
    }

    /// Returns whether the text contains the marker in any form.
    pub fn finds(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        self.exact.iter().any(|form| text.contains(form))
            || self.any_case.iter().any(|form| lower.contains(form))
    }
}

/// Returns the marker's base64 form if it follows `before` bytes, modulo three, without the
/// characters at both ends that also encode other bytes.
fn in_base64(before: usize) -> String {
    let bytes = [&vec![0; before], MARKER.as_bytes()].concat();
    let begin = (before * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    base64::encode(&bytes)[begin..end].to_owned()
}

#[test]
fn the_search_finds_every_form_of_the_marker() {
    let search = Search::new();
    let value = marked("token");
    let each = |form: fn(u8) -> String| value.bytes().map(form).collect::<String>();
    let mut forms = vec![
        value.clone(),
        value.to_uppercase(),
        format!("{value:?}"),
        format!("{:?}", value.as_bytes()),
        serde_json::Value::from(value.as_str()).to_string(),
        serde_json::to_string(value.as_bytes()).expect("numbers are JSON"),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("={byte:02X}")),
        each(|byte| format!("{byte:02x}")),
    ];
    forms.extend((0..3).map(|shift| base64::encode(format!("{}{value}", "x".repeat(shift)))));
    for form in forms {
        assert!(search.finds(&form), "{form}");
    }
    for innocent in ["", "confident", "[redacted]", &base64::encode("confident")] {
        assert!(!search.finds(innocent), "{innocent}");
    }
}
