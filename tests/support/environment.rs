//! Reads numbers from environment variables, for example a seed or a duration.

/// Returns the number in the variable, or `None` if it is not set.
///
/// # Panics
///
/// If the variable is set to something else.
pub fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} must be a number, but is {value:?}")))
}
