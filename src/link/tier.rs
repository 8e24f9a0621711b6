//! The instruction sets that candidates are found with.

use std::fmt;

use super::LinkError;

/// How candidates are found. The answer is the same in every tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// The fastest that this processor can run and that pays off on the data.
    #[default]
    Auto,
    /// f32 matrix products (the `faer` crate); runs everywhere.
    Faer,
    /// int8 products, 64 to an instruction: x86-64 with AVX-512 F, BW and VNNI.
    Avx512Vnni,
    /// 7-bit products, 32 to an instruction: x86-64 with AVX2.
    Avx2,
}

impl Tier {
    /// All that name a way to compute, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512Vnni, Self::Avx2, Self::Faer];

    /// Whether this processor can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.missing().is_none()
    }

    /// The instruction sets that it needs, if this processor lacks one of them.
    fn missing(self) -> Option<&'static str> {
        let (available, needs) = match self {
            Self::Auto | Self::Faer => (true, ""),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => (
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni"),
                "AVX-512 F, BW and VNNI",
            ),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => (is_x86_feature_detected!("avx2"), "AVX2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512Vnni => (false, "AVX-512 F, BW and VNNI"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 => (false, "AVX2"),
        };
        (!available).then_some(needs)
    }

    /// A tier that this processor can run: itself, or the fastest for [`Tier::Auto`].
    pub(super) fn resolve(self) -> Result<Self, LinkError> {
        match (self, self.missing()) {
            (Self::Auto, _) => Ok(Self::ALL.into_iter().find(|t| t.is_available()).unwrap_or(Self::Faer)),
            (tier, Some(missing)) => Err(LinkError::Tier { tier, missing }),
            (tier, None) => Ok(tier),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Faer => "faer",
            Self::Avx512Vnni => "avx512-vnni",
            Self::Avx2 => "avx2",
        })
    }
}
