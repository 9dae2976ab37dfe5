//! Which row of a MySQL table is a record's: the row of the same user and client, or else of the same
//! token. The SDKs' table has ids of ten characters, so the store's ids do not fit, and a row keeps its
//! own.

use std::collections::{HashMap, HashSet};

use zoho_token_store::{Field, OAuthToken};

/// Ids of at least this length can be the store's; in a narrower column, ids are numbers, as the SDKs'.
const STORE_IDS: usize = 64;

/// The column that says whose row it is, its value, and the client.
type Login = (Field, String, Option<String>);

/// The rows that a table has.
pub struct Rows {
    /// How many characters an id may have.
    width: usize,
    ids: HashMap<Login, String>,
    used: HashSet<String>,
    largest: u64,
}

/// Where a record is written.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// Over the row with this id.
    Over(String),
    /// Into a new row with this id.
    New(String),
}

impl Rows {
    pub fn new(width: usize) -> Self {
        Rows {
            width,
            ids: HashMap::new(),
            used: HashSet::new(),
            largest: 0,
        }
    }

    /// Adds a row of the table. Of two rows of one login, the later one counts, as in an import.
    pub fn add(&mut self, id: &str, column: impl Fn(Field) -> Option<String>) {
        self.take(id);
        if let Some(login) = login(column) {
            self.ids.insert(login, id.to_owned());
        }
    }

    /// Finds the place of a record, which has its row there from now on.
    pub fn place(&mut self, token: &OAuthToken) -> Result<Place, String> {
        let login = login(|field| token.expose(field).map(str::to_owned));
        let row = login.as_ref().and_then(|login| self.ids.get(login));
        if let Some(row) = row {
            return Ok(Place::Over(row.clone()));
        }
        let id = match token.id() {
            Some(id) if self.fits(id) && !self.used.contains(id) => id.to_owned(),
            _ => self.next()?,
        };
        self.take(&id);
        if let Some(login) = login {
            self.ids.insert(login, id.clone());
        }
        Ok(Place::New(id))
    }

    fn fits(&self, id: &str) -> bool {
        id.chars().count() <= self.width && (self.width >= STORE_IDS || id.parse::<u64>().is_ok())
    }

    /// The next number, or else one that is free.
    fn next(&self) -> Result<String, String> {
        let fits = |number: &String| number.len() <= self.width;
        let next = self.largest.checked_add(1).map(|next| next.to_string());
        let next = next.filter(fits).or_else(|| {
            let mut numbers = (1_u64..).map(|number| number.to_string());
            let mut numbers = numbers.by_ref().take_while(fits);
            numbers.find(|number| !self.used.contains(number))
        });
        next.ok_or_else(|| "the column `id` of the table has no room for another id".to_owned())
    }

    fn take(&mut self, id: &str) {
        self.used.insert(id.to_owned());
        if let Ok(number) = id.trim().parse() {
            self.largest = self.largest.max(number);
        }
    }
}

/// Whose row it is.
fn login(column: impl Fn(Field) -> Option<String>) -> Option<Login> {
    let fields = [
        Field::UserName,
        Field::RefreshToken,
        Field::GrantToken,
        Field::AccessToken,
    ];
    let given = |field| Some((field, column(field).filter(|value| !value.is_empty())?));
    let (field, value) = fields.into_iter().find_map(given)?;
    let client = column(Field::ClientId).filter(|value| !value.is_empty());
    Some((field, value, client))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str, user: &str) -> OAuthToken {
        let columns = OAuthToken::builder().id(id).user_name(user).client_id("c");
        columns.refresh_token("r").build().unwrap()
    }

    fn table(width: usize) -> Rows {
        let mut rows = Rows::new(width);
        for (id, user) in [("9", "ada"), ("10", "bob")] {
            let row = token(id, user);
            rows.add(id, |field| row.expose(field).map(str::to_owned));
        }
        rows
    }

    #[test]
    fn a_user_has_one_row() {
        let mut rows = table(10);
        let long = "f".repeat(64);
        assert_eq!(
            rows.place(&token(&long, "ada")),
            Ok(Place::Over("9".to_owned()))
        );
        assert_eq!(
            rows.place(&token(&long, "eve")),
            Ok(Place::New("11".to_owned()))
        );
        assert_eq!(
            rows.place(&token(&long, "eve")),
            Ok(Place::Over("11".to_owned()))
        );
        // An id of the store that is another user's in the table.
        assert_eq!(
            rows.place(&token("10", "joe")),
            Ok(Place::New("12".to_owned()))
        );
        assert_eq!(
            rows.place(&token("named", "ann")),
            Ok(Place::New("13".to_owned()))
        );
        assert_eq!(
            rows.place(&token("77", "amy")),
            Ok(Place::New("77".to_owned()))
        );
    }

    #[test]
    fn ids_of_the_store_are_kept_where_they_fit() {
        let (mut rows, long) = (table(255), "f".repeat(64));
        assert_eq!(
            rows.place(&token(&long, "eve")),
            Ok(Place::New(long.clone()))
        );
        assert_eq!(
            rows.place(&token(&long, "joe")),
            Ok(Place::New("11".to_owned()))
        );
        let mut full = Rows::new(1);
        full.add("9", |_| None);
        for number in 1..=8 {
            let place = full.place(&token("x", &format!("user-{number}")));
            assert_eq!(place, Ok(Place::New(number.to_string())));
        }
        assert!(full.place(&token("x", "ada")).is_err());
    }
}
