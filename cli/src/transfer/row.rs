//! A row of a file or database: ten columns by name, of which some are empty.

use std::collections::BTreeSet;

use zoho_token_store::{Field, OAuthToken, OAuthTokenBuilder};

/// A row, and where it is.
#[derive(Debug)]
pub struct Row {
    /// For example `line 3`.
    pub place: String,
    /// The token, or why the row cannot be one.
    pub token: Result<OAuthToken, String>,
}

/// The column with this name. Zoho's SDKs do not agree on all names.
pub fn field(name: &str) -> Option<Field> {
    match name.trim() {
        "user_mail" => Some(Field::UserName),
        "redirect_uri" => Some(Field::RedirectUrl),
        "expires_in" => Some(Field::ExpiryTime),
        name => name.parse().ok(),
    }
}

/// The columns of a header or table. The error names a column that is no token's, or is there twice.
pub fn fields<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Field>, String> {
    let mut seen = BTreeSet::new();
    let fields = names.into_iter().map(|name| {
        // A name may be a token, if the header is missing.
        let field = field(name)
            .ok_or_else(|| "a column is not a token's: the header may be missing".to_owned())?;
        match seen.insert(field) {
            true => Ok(field),
            false => Err(format!("the column {field} is there twice")),
        }
    });
    fields.collect()
}

/// The columns of a table in a database. Their names are no secrets: the error says which one is too
/// many.
pub fn table_fields<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Field>, String> {
    let names: Vec<_> = names.into_iter().collect();
    match names.iter().find(|name| field(name).is_none()) {
        Some(name) => Err(format!(
            "the table's column `{name}` is not a token's: make a view of the ten columns, and give its \
             name with --table"
        )),
        None => fields(names),
    }
}

/// A row under way.
#[derive(Default)]
pub struct RowBuilder {
    columns: OAuthTokenBuilder,
    is_empty: bool,
}

impl RowBuilder {
    pub fn new() -> Self {
        RowBuilder {
            columns: OAuthToken::builder(),
            is_empty: true,
        }
    }

    /// Sets a column. An empty value means that there is none.
    pub fn set(&mut self, field: Field, value: &str) {
        if !value.is_empty() {
            self.is_empty = false;
            self.columns = std::mem::take(&mut self.columns).field(field, value);
        }
    }

    /// Sets the user's accounts server, which only JSON lines have.
    pub fn set_accounts_url(&mut self, url: &str) {
        if !url.is_empty() {
            self.columns = std::mem::take(&mut self.columns).accounts_url(url);
        }
    }

    /// Checks the columns. Returns `None` for a row without any.
    pub fn build(self, place: String) -> Option<Row> {
        if self.is_empty {
            return None;
        }
        let token = self.columns.build().map_err(|error| error.to_string());
        Some(Row { place, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_all_dialects_are_known() {
        let typescript = "id,user_mail,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_url,api_domain";
        let python = "id,user_name,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_uri,api_domain";
        for header in [typescript, python] {
            assert_eq!(fields(header.split(',')).unwrap(), Field::ALL);
        }
        assert!(fields(["id", "1000.secret"]).is_err_and(|error| !error.contains("1000")));
        assert!(fields(["redirect_uri", "redirect_url"]).is_err());
    }
}
