//! What happens to a secret when its record is deleted: a setting of the store.

/// What happens to a secret when its record is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deletion {
    /// The secret can be restored for this many days, from 7 to 30. It costs nothing meanwhile.
    RecoveryWindow {
        /// The number of days.
        days: u8,
    },
    /// The secret is deleted at once and cannot be restored.
    Force,
}
