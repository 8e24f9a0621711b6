//! The sums that define the answer: f64, in index order, no fused multiply-add.

/// Pairs that are summed side by side, each in index order: one sum alone waits for its additions.
pub(super) const LANES: usize = 8;

/// The two rows of each pair.
pub(super) type Rows<'a> = [&'a [f64]; LANES];

/// `sum (a_k - b_k)^2`.
pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + squared_difference(*a, *b))
}

/// `sum a_k b_k`.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// [`squared_distance`] of each pair of rows, in every bit. All rows have one length.
pub(super) fn squared_distances(a: Rows<'_>, b: Rows<'_>) -> [f64; LANES] {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2(a: Rows<'_>, b: Rows<'_>) -> [f64; LANES] {
            sums(a, b, squared_difference)
        }
        if is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code, reason = "the same code, compiled for wider registers")]
            // SAFETY: the processor has AVX2.
            return unsafe { with_avx2(a, b) };
        }
    }
    sums(a, b, squared_difference)
}

/// [`dot`] of each pair of rows, in every bit. All rows have one length.
pub(super) fn dots(a: Rows<'_>, b: Rows<'_>) -> [f64; LANES] {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2(a: Rows<'_>, b: Rows<'_>) -> [f64; LANES] {
            sums(a, b, |a, b| a * b)
        }
        if is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code, reason = "the same code, compiled for wider registers")]
            // SAFETY: the processor has AVX2.
            return unsafe { with_avx2(a, b) };
        }
    }
    sums(a, b, |a, b| a * b)
}

#[inline(always)]
fn squared_difference(a: f64, b: f64) -> f64 {
    let difference = a - b;
    difference * difference
}

/// Terms of eight elements of every pair at a time, then added in order: rows are read along their
/// length, sums are taken across them.
#[inline(always)]
fn sums(a: Rows<'_>, b: Rows<'_>, term: impl Fn(f64, f64) -> f64) -> [f64; LANES] {
    const WIDTH: usize = 8;
    let (a, b) = (a.map(<[f64]>::as_chunks::<WIDTH>), b.map(<[f64]>::as_chunks::<WIDTH>));
    let mut sums = [0.0; LANES];
    let chunks = a.iter().map(|(chunks, _)| chunks.len()).min().unwrap_or(0);
    for chunk in 0..chunks {
        let mut terms = [[0.0; WIDTH]; LANES];
        for ((terms, (a, _)), (b, _)) in terms.iter_mut().zip(&a).zip(&b) {
            if let (Some(a), Some(b)) = (a.get(chunk), b.get(chunk)) {
                for ((out, a), b) in terms.iter_mut().zip(a).zip(b) {
                    *out = term(*a, *b);
                }
            }
        }
        for k in 0..WIDTH {
            for (sum, terms) in sums.iter_mut().zip(&terms) {
                #[allow(clippy::indexing_slicing, reason = "k is below WIDTH, the length of the array")]
                let term = terms[k];
                *sum += term;
            }
        }
    }
    for ((sum, (_, a)), (_, b)) in sums.iter_mut().zip(&a).zip(&b) {
        for (a, b) in a.iter().zip(*b) {
            *sum += term(*a, *b);
        }
    }
    sums
}
