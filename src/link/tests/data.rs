//! Inputs: ordinary ones, and ones at which low precision fails.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers")]

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, good enough for test data.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Uniform in -1..1.
    pub(super) fn signed(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// Near enough to a standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.signed()).sum::<f64>() / 2_f64.sqrt()
    }

    fn row(&mut self, dimension: usize, mut element: impl FnMut(&mut Self) -> f64) -> Vec<f64> {
        (0..dimension).map(|_| element(self)).collect()
    }
}

/// A kind of data that breaks something: cancellation, overflow, underflow, ties, a shared scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Family {
    /// A few people with several faces each.
    Clusters,
    /// Near-duplicates, all far from the origin: `|a|^2 + |b|^2 - 2ab` cancels.
    Offset,
    /// Two offset groups, so that no centre helps.
    TwoOffsets,
    /// Squares overflow f32.
    Huge,
    /// Squares underflow f32.
    Tiny,
    /// Squares overflow f64.
    Enormous,
    /// Squares underflow f64.
    Minute,
    /// Every row has a magnitude of its own, from 1e-30 to 1e30.
    MixedRows,
    /// Every element has.
    MixedElements,
    /// Small integers: many pairs at one distance, duplicates.
    Ties,
    /// All rows but one lie together.
    Outlier,
    /// Rows with NaN, infinities, zeros of both signs, subnormals and the largest f64.
    Strange,
    /// One row, many times.
    Duplicates,
}

pub(super) const FAMILIES: [Family; 13] = [
    Family::Clusters,
    Family::Offset,
    Family::TwoOffsets,
    Family::Huge,
    Family::Tiny,
    Family::Enormous,
    Family::Minute,
    Family::MixedRows,
    Family::MixedElements,
    Family::Ties,
    Family::Outlier,
    Family::Strange,
    Family::Duplicates,
];

impl Family {
    pub(super) fn rows(self, count: usize, dimension: usize, seed: u64) -> Vec<Vec<f64>> {
        let random = &mut Random(seed);
        let people: Vec<_> = (0..count / 4 + 1).map(|_| random.row(dimension, Random::normal)).collect();
        let first = random.row(dimension, Random::normal);
        let scaled = |random: &mut Random, size: f64| {
            let person = &people[random.below(people.len())];
            person.iter().map(|x| (x + 0.3 * random.normal()) * size).collect::<Vec<_>>()
        };
        let near = |random: &mut Random, size: f64, spread: f64| {
            first.iter().map(|x| x * size + spread * random.normal()).collect::<Vec<_>>()
        };
        let mut rows: Vec<Vec<f64>> = (0..count)
            .map(|index| match self {
                Self::Clusters => scaled(random, 1.0),
                Self::Offset => near(random, 1e6, 1e-3),
                Self::TwoOffsets => near(random, if index % 2 == 0 { 1e5 } else { -1e5 }, 1e-2),
                Self::Huge => scaled(random, 1e18),
                Self::Tiny => scaled(random, 1e-30),
                Self::Enormous => scaled(random, 1e200),
                Self::Minute => scaled(random, 1e-170),
                Self::MixedRows => {
                    let size = 10_f64.powi(random.below(61) as i32 - 30);
                    scaled(random, size)
                }
                Self::MixedElements => random
                    .row(dimension, |random| random.normal() * 10_f64.powi(random.below(41) as i32 - 20)),
                Self::Ties => random.row(dimension, |random| random.below(3) as f64),
                Self::Outlier => near(random, 1.0, 0.1),
                Self::Strange => {
                    let mut row = scaled(random, 1.0);
                    let special = [
                        f64::NAN,
                        f64::INFINITY,
                        f64::NEG_INFINITY,
                        -0.0,
                        5e-324,
                        f64::MAX,
                        f64::MIN,
                        1e-160,
                    ];
                    if random.below(2) == 0 {
                        row[random.below(dimension)] = special[random.below(special.len())];
                    }
                    if random.below(8) == 0 { vec![0.0; dimension] } else { row }
                }
                Self::Duplicates => near(random, 1.0, 0.0),
            })
            .collect();
        if self == Self::Outlier && count > 0 {
            rows[random.below(count)].fill(1e18);
        }
        rows
    }
}
