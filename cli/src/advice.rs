//! The errors of the library, with commands instead of the methods that they advise to call.

use zoho_token_store::Error;

/// What errors advise, and what that is at a terminal.
const COMMANDS: [(&str, &str); 8] = [
    (
        "let the user log in again; or call `exchange_grant_again`, which fails if Zoho has executed the \
         request",
        "log in again with another code: `zoho-tokens login`",
    ),
    (
        "call again with the user's accounts server as `accounts_url` of the token that is given, or \
         save it in the record",
        "give the user's data centre with --data-center. If the token was certainly revoked before, \
         `zoho-tokens delete` deletes the record alone",
    ),
    (
        "let the user log in, and give the code to `login`",
        "log the user in: `zoho-tokens login`",
    ),
    (
        "give the provider that data centre, or correct `accounts_url` of the record",
        "if that server may have the tokens and the client secret, give it with --accounts-url; \
         otherwise log in again",
    ),
    (
        "which refuses the token in the same way, set its data centre",
        "which refuses the token in the same way, log in with its --data-center",
    ),
    (
        "delete the token with `delete_token`, and save again",
        "delete the record with `zoho-tokens delete`, and save again",
    ),
    (
        "`refresh` asks it at once",
        "`zoho-tokens refresh` asks it at once",
    ),
    (
        "call again, which saves it, while this process lives; or save `unsaved_token` of this error",
        "log in again",
    ),
];

/// The text of an error: one line, and what to do.
pub fn text(error: &Error) -> String {
    let text = error.to_string();
    COMMANDS.iter().fold(text, |text, (method, command)| {
        text.replace(method, command)
    })
}

#[cfg(test)]
mod tests {
    use super::COMMANDS;

    /// A source file of the library, with the lines of a text joined.
    fn joined(source: &str) -> String {
        let lines = source.split("\\\n").map(str::trim_start);
        lines.collect()
    }

    #[test]
    fn the_library_gives_this_advice() {
        let library: String = [
            include_str!("../../src/oauth/core.rs"),
            include_str!("../../src/oauth/refresh/ask.rs"),
            include_str!("../../src/oauth/refresh/saving.rs"),
            include_str!("../../src/oauth/revoke.rs"),
            include_str!("../../src/oauth/zoho/refusal.rs"),
            include_str!("../../src/secrets_manager/ops/restore.rs"),
        ]
        .map(joined)
        .concat();
        for (method, _) in COMMANDS {
            assert!(library.contains(method), "{method}");
        }
    }
}
