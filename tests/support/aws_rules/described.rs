//! The parts of a secret that AWS's rules depend on.

/// A secret as DescribeSecret and ListSecrets show it.
pub trait Described {
    fn name(&self) -> &str;

    fn description(&self) -> Option<&str>;

    /// Returns the keys and values of the tags.
    fn tags(&self) -> impl Iterator<Item = (&str, &str)>;

    /// Returns the staging labels of all versions.
    fn staging_labels(&self) -> impl Iterator<Item = &str>;

    fn primary_region(&self) -> Option<&str> {
        None
    }

    fn owning_service(&self) -> Option<&str> {
        None
    }
}
