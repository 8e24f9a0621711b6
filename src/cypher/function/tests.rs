use proptest::prelude::*;

use super::super::{Asks, inspect};
use super::*;

fn written(text: &str) -> Option<Written> {
    write_out(text, &FUNCTIONS, [])
}
