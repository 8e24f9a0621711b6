//! Protocol versions, and what each of them changed.

use std::fmt;

/// A Bolt version. Later versions compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The part before the dot.
    pub major: u8,
    /// The part behind it.
    pub minor: u8,
}

impl Version {
    /// Bolt 4.4.
    pub const V4_4: Self = Self::new(4, 4);
    /// Bolt 5.0.
    pub const V5_0: Self = Self::new(5, 0);
    /// Bolt 5.1.
    pub const V5_1: Self = Self::new(5, 1);
    /// Bolt 5.2.
    pub const V5_2: Self = Self::new(5, 2);
    /// Bolt 5.3.
    pub const V5_3: Self = Self::new(5, 3);
    /// Bolt 5.4.
    pub const V5_4: Self = Self::new(5, 4);
    /// Bolt 5.6. There is no 5.5.
    pub const V5_6: Self = Self::new(5, 6);
    /// Bolt 5.7.
    pub const V5_7: Self = Self::new(5, 7);
    /// Bolt 5.8.
    pub const V5_8: Self = Self::new(5, 8);
    /// Bolt 6.0.
    pub const V6_0: Self = Self::new(6, 0);
    /// Bolt 6.1.
    pub const V6_1: Self = Self::new(6, 1);

    /// The versions that this crate can speak, oldest first.
    pub const KNOWN: &[Self] = &[
        Self::V4_4,
        Self::V5_0,
        Self::V5_1,
        Self::V5_2,
        Self::V5_3,
        Self::V5_4,
        Self::V5_6,
        Self::V5_7,
        Self::V5_8,
        Self::V6_0,
        Self::V6_1,
    ];

    /// Version `major.minor`.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Whether it is one of [`Self::KNOWN`].
    pub fn is_known(self) -> bool {
        Self::KNOWN.contains(&self)
    }

    /// Empty chunks between messages keep a connection alive (4.1).
    pub fn has_noop(self) -> bool {
        self >= Self::new(4, 1)
    }

    /// Date-times count from UTC, and graph entities carry element ids (5.0).
    pub fn has_utc_datetimes(self) -> bool {
        self >= Self::V5_0
    }

    /// LOGON and LOGOFF; HELLO carries no credentials (5.1).
    pub fn has_logon(self) -> bool {
        self >= Self::V5_1
    }

    /// TELEMETRY (5.4).
    pub fn has_telemetry(self) -> bool {
        self >= Self::V5_4
    }

    /// Summaries have `statuses` in place of `notifications` (5.6).
    pub fn has_statuses(self) -> bool {
        self >= Self::V5_6
    }

    /// FAILURE carries a GQLSTATUS, a diagnostic record and causes (5.7).
    pub fn has_gql_failures(self) -> bool {
        self >= Self::V5_7
    }

    /// Vectors are values (6.0).
    pub fn has_vectors(self) -> bool {
        self >= Self::V6_0
    }

    /// UUIDs are values: PackStream 2 (6.1).
    pub fn has_uuids(self) -> bool {
        self >= Self::V6_1
    }

    /// How a server, or a client after a manifest, names its choice: `00 00 minor major`.
    pub const fn encode_choice(self) -> [u8; 4] {
        [0, 0, self.minor, self.major]
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order_and_5_5_is_not_among_them() {
        assert!(Version::KNOWN.is_sorted());
        assert_eq!(Version::KNOWN.len(), 11);
        assert!(!Version::new(5, 5).is_known());
        assert!(!Version::new(4, 3).is_known());
        assert!(!Version::new(6, 2).is_known());
        assert_eq!(Version::V5_8.to_string(), "5.8");
        assert_eq!(Version::V5_8.encode_choice(), [0, 0, 8, 5]);
    }

    #[test]
    fn each_change_begins_with_its_version() {
        type Predicate = fn(Version) -> bool;
        let first: [(Predicate, Version); 8] = [
            (Version::has_noop, Version::V4_4),
            (Version::has_utc_datetimes, Version::V5_0),
            (Version::has_logon, Version::V5_1),
            (Version::has_telemetry, Version::V5_4),
            (Version::has_statuses, Version::V5_6),
            (Version::has_gql_failures, Version::V5_7),
            (Version::has_vectors, Version::V6_0),
            (Version::has_uuids, Version::V6_1),
        ];
        for (has, since) in first {
            for &version in Version::KNOWN {
                assert_eq!(has(version), version >= since, "{version}");
            }
        }
        assert!(!Version::new(4, 0).has_noop());
    }
}
