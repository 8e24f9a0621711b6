//! A run of minor versions under one major version.

use crate::Version;

/// The versions `major.minor`, `major.(minor-1)`, down to `major.(minor-span)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The major version of all.
    pub major: u8,
    /// The highest minor version.
    pub minor: u8,
    /// How many minor versions below it are meant too.
    pub span: u8,
}

impl Range {
    /// Reads `[reserved, span, minor, major]`. The reserved byte does not count, as it does not for Neo4j.
    pub(super) const fn parse([_, span, minor, major]: [u8; 4]) -> Self {
        Self { major, minor, span }
    }

    pub(super) const fn encode(self) -> [u8; 4] {
        [0, self.span, self.minor, self.major]
    }

    /// Whether `version` is meant.
    pub fn contains(self, version: Version) -> bool {
        version.major == self.major && (self.lowest()..=self.minor).contains(&version.minor)
    }

    const fn lowest(self) -> u8 {
        self.minor.saturating_sub(self.span)
    }

    /// The minor version just below it.
    fn next_minor(self) -> Option<u8> {
        self.lowest().checked_sub(1)
    }

    /// Its versions, the newest first.
    pub(super) fn versions(self) -> impl Iterator<Item = Version> {
        (self.lowest()..=self.minor).rev().map(move |minor| Version::new(self.major, minor))
    }

    /// The highest known version in it.
    pub(super) fn highest_known(self) -> Option<Version> {
        self.versions().find(|version| version.is_known())
    }

    /// The known versions in it, as few ranges as can be, the newest first. No unknown version is between them.
    pub(super) fn known(self) -> Vec<Self> {
        Self::covering(self.versions().filter(|version| version.is_known()))
    }

    /// Joins versions, the newest first, to ranges.
    pub(super) fn covering(versions: impl Iterator<Item = Version>) -> Vec<Self> {
        let mut ranges: Vec<Self> = Vec::new();
        for version in versions {
            match ranges.last_mut() {
                Some(last) if last.major == version.major && last.next_minor() == Some(version.minor) => {
                    last.span += 1;
                }
                _ => ranges.push(Self { major: version.major, minor: version.minor, span: 0 }),
            }
        }
        ranges
    }
}
