use proptest::prelude::*;

use super::*;

proptest! {
    // PROPTEST_CASES makes it more.
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn a_client_sees_what_it_would_see_without_us(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        play(&bytes);
    }
}
