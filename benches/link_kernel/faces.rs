//! Vectors as faces have them.

use facebolt::link::Set;

use super::DIMENSION;

/// N/4 people with 2 to 6 faces each: faces of one person about 4 to 9 apart, of two about 12 to 17. Doubles that 32 bits
/// hold, as models write them.
pub(super) fn faces(count: u32) -> Set {
    let mut random = Random(u64::from(count));
    let mut set = Set::new(DIMENSION).expect("valid");
    while set.len() < count {
        let person: Vec<f64> = (0..DIMENSION).map(|_| 0.84 * random.normal()).collect();
        for _ in 0..2 + random.next() % 5 {
            let spread = 0.25 + 0.3 * random.uniform();
            let face: Vec<f64> =
                person.iter().map(|x| f64::from((x + spread * random.normal()) as f32)).collect();
            if set.len() < count {
                set.push(&face).expect("of the set's dimension");
            }
        }
    }
    set
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The sum of twelve uniform numbers less 6: variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
