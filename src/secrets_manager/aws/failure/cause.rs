//! The cause of a failure, from the first text in its chain that says something.

use std::error::Error as StdError;
use std::fmt;

/// Texts of the SDK that say nothing about the failure.
const EMPTY_TEXTS: [&str; 9] = [
    "Error",
    "an unknown error occurred",
    "dispatch failure",
    "io error",
    "other",
    "response error",
    "service error",
    "unhandled error",
    "user error",
];

/// How the SDK's text begins if an endpoint cannot be used.
pub(super) const UNUSABLE_ENDPOINT: &str = "failed to apply endpoint";

/// A chain of causes without the wrappers at its beginning.
pub(super) struct Cause {
    chain: Box<dyn StdError + Send + Sync>,
    skipped: usize,
}

impl Cause {
    /// Returns `None` if no text in the chain says anything, and the chain itself if its first text
    /// does, so that it can still be downcast.
    pub(super) fn of(
        chain: Box<dyn StdError + Send + Sync>,
    ) -> Option<Box<dyn StdError + Send + Sync>> {
        let skipped = causes(&*chain).position(|cause| !is_empty(&cause.to_string()))?;
        Some(match skipped {
            0 => chain,
            _ => Box::new(Cause { chain, skipped }),
        })
    }

    fn first(&self) -> &(dyn StdError + 'static) {
        let mut causes = causes(&*self.chain);
        causes.nth(self.skipped).unwrap_or(&*self.chain)
    }
}

fn causes<'a>(
    chain: &'a (dyn StdError + Send + Sync + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = chain;
    std::iter::successors(Some(first), |&cause| cause.source())
}

/// The SDK appends the code to "unhandled error"; the next text in the chain has it, too. And it
/// shows the whole request where an endpoint cannot be used.
fn is_empty(text: &str) -> bool {
    EMPTY_TEXTS.contains(&text)
        || text.starts_with("unhandled error (")
        || text.starts_with(UNUSABLE_ENDPOINT)
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.first(), f)
    }
}

/// The text alone: Debug output of the SDK's errors may hold a request or a response.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.first().source()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Wrapper(&'static str, Option<io::Error>);

    impl fmt::Display for Wrapper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Wrapper {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_ref().map(|cause| cause as _)
        }
    }

    #[test]
    fn texts_that_say_nothing_are_skipped() {
        let refused = || io::Error::other("connection refused");
        for empty in ["other", "io error", "unhandled error (SomeException)"] {
            let cause = Cause::of(Box::new(Wrapper(empty, Some(refused())))).unwrap();
            assert_eq!(cause.to_string(), "connection refused", "{empty}");
            assert!(cause.source().is_none());
        }
    }

    #[test]
    fn a_chain_that_says_nothing_is_none_and_others_stay() {
        assert!(Cause::of(Box::new(Wrapper("other", None))).is_none());
        let refused = Some(io::Error::other("connection refused"));
        let told = Cause::of(Box::new(Wrapper("no route", refused))).unwrap();
        assert_eq!(told.to_string(), "no route");
        assert!(told.downcast_ref::<Wrapper>().is_some());
    }
}
