//! The operations that crash, and what is stored before each.

use zoho_token_store::Deletion;
use zoho_token_store::SecretsManagerTokenStoreBuilder as Builder;

/// A step on a store.
#[derive(Clone, Copy)]
pub enum Step {
    Save(&'static str),
    /// Deletes the record of this user.
    Delete(&'static str),
    DeleteAll,
    /// Changes tags, but no record.
    Reindex,
}

/// An operation, and the steps before it.
pub struct Case {
    pub name: &'static str,
    /// Whether the store uses the tag index.
    pub index: bool,
    pub settings: fn(Builder) -> Builder,
    pub before: &'static [Step],
    pub operation: Step,
}

/// The redirect URL tells whose record it is: it never changes and is no lookup key.
pub const ADA: &str = "user_name=ada client_id=c client_secret=s refresh_token=r-ada access_token=a-ada \
                   grant_token=g-ada redirect_url=https://ada.example";
const BOB: &str = "user_name=bob client_id=c client_secret=s refresh_token=r-bob access_token=a-bob \
                   redirect_url=https://bob.example";
const EVE: &str =
    "client_id=c client_secret=s refresh_token=r-eve redirect_url=https://eve.example";
pub const PEOPLE: [&str; 3] = [
    "https://ada.example",
    "https://bob.example",
    "https://eve.example",
];

/// A login that changes every key but the user name.
const ADA_AGAIN: &str = "user_name=ada client_id=c client_secret=s refresh_token=r-2 access_token=a-2 \
                         grant_token=g-2 redirect_url=https://ada.example";

const DEFAULT: fn(Builder) -> Builder = |builder| builder;

pub const CASES: [Case; 14] = [
    Case {
        name: "a first login",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(BOB)],
        operation: Step::Save(ADA),
    },
    Case {
        name: "a first login without the index",
        index: false,
        settings: DEFAULT,
        before: &[Step::Save(BOB)],
        operation: Step::Save(ADA),
    },
    Case {
        name: "a first token without a user",
        index: true,
        settings: DEFAULT,
        before: &[],
        operation: Step::Save(EVE),
    },
    Case {
        name: "a refreshed access token",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(ADA), Step::Save(BOB)],
        operation: Step::Save("user_name=ada access_token=a-2"),
    },
    Case {
        name: "another login",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(ADA), Step::Save(BOB)],
        operation: Step::Save(ADA_AGAIN),
    },
    Case {
        name: "another login without the index",
        index: false,
        settings: DEFAULT,
        before: &[Step::Save(ADA)],
        operation: Step::Save(ADA_AGAIN),
    },
    Case {
        name: "a user name for a token without one",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(EVE)],
        operation: Step::Save("user_name=eve client_id=c client_secret=s refresh_token=r-eve"),
    },
    Case {
        name: "a login after a logout",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(ADA), Step::Delete("ada")],
        operation: Step::Save("user_name=ada access_token=a-2 redirect_url=https://ada.example"),
    },
    Case {
        name: "a login after a logout, with replicas",
        index: true,
        settings: |builder| builder.replica_region("eu-west-1"),
        before: &[Step::Save(ADA), Step::Delete("ada")],
        operation: Step::Save(ADA_AGAIN),
    },
    Case {
        name: "a login after a logout by force",
        index: true,
        settings: |builder| builder.deletion(Deletion::Force),
        before: &[Step::Save(ADA), Step::Delete("ada")],
        operation: Step::Save(ADA_AGAIN),
    },
    Case {
        name: "a logout",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(ADA), Step::Save(BOB)],
        operation: Step::Delete("ada"),
    },
    Case {
        name: "a logout with replicas",
        index: true,
        settings: |builder| builder.replica_region("eu-west-1"),
        before: &[Step::Save(ADA)],
        operation: Step::Delete("ada"),
    },
    Case {
        name: "deleting all records",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(ADA), Step::Save(BOB), Step::Save(EVE)],
        operation: Step::DeleteAll,
    },
    Case {
        name: "an index for records without one",
        index: true,
        settings: DEFAULT,
        before: &[Step::Save(ADA), Step::Save(BOB)],
        operation: Step::Reindex,
    },
];

impl Case {
    pub fn set(&self, builder: Builder) -> Builder {
        (self.settings)(builder).tag_index(self.index)
    }

    /// Like `set`, but without the index if the operation is to build it.
    pub fn set_before(&self, builder: Builder) -> Builder {
        let indexed = self.index && !matches!(self.operation, Step::Reindex);
        (self.settings)(builder).tag_index(indexed)
    }
}
