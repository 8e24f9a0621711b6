//! The instruction sets that candidates are found with.

use std::fmt;

/// How candidates are found. The answer is the same in every tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// The fastest that this processor can run and that pays off on the data.
    #[default]
    Auto,
    /// f32 matrix products (the `faer` crate); runs everywhere.
    Faer,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Faer => "faer",
        })
    }
}
