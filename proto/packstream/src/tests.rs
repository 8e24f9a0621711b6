//! Reading and writing, against each other and against bytes that are known to be right.

mod bytes;
mod random;
mod refusals;

use crate::{Structure, Value};

/// `depth` lists inside each other.
fn nested(depth: usize) -> Value {
    (1..depth).fold(Value::List(Vec::new()), |inner, _| Value::List(vec![inner]))
}

fn structure(tag: u8, fields: Vec<Value>) -> Value {
    Value::Structure(Structure { tag, fields })
}
