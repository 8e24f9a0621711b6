//! Small ONNX networks, written by hand: a vector that is a part of the input, so that what a network was given can
//! be read from what it put out. Field numbers are those of `onnx.proto3`.

#![allow(clippy::cast_possible_truncation, reason = "numbers of a test are small")]

/// A network that puts out `dimension` values of its input, from the value `from` on.
#[derive(Clone, Copy)]
pub(crate) struct Window<'n> {
    pub(crate) input: &'n str,
    /// Of the input; 0: any.
    pub(crate) shape: [u64; 4],
    pub(crate) output: &'n str,
    pub(crate) from: u64,
    pub(crate) dimension: u64,
}

impl Window<'_> {
    /// The file.
    pub(crate) fn onnx(&self) -> Vec<u8> {
        let axis = attribute("axis", 1);
        let flatten = node("Flatten", &[self.input], "flat", &axis);
        let slice = node("Slice", &["flat", "from", "to", "axes"], self.output, &[]);
        let to = self.from + self.dimension;
        let graph = [
            bytes(1, &flatten),
            bytes(1, &slice),
            bytes(2, b"window"),
            bytes(5, &whole("from", self.from)),
            bytes(5, &whole("to", to)),
            bytes(5, &whole("axes", 1)),
            bytes(11, &value(self.input, &self.shape)),
            bytes(12, &value(self.output, &[self.shape[0], self.dimension])),
        ]
        .concat();
        let operators = number(2, 13);
        [number(1, 8), bytes(7, &graph), bytes(8, &operators)].concat()
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2)[..], &varint(content.len() as u64), content].concat()
}

fn node(operator: &str, inputs: &[&str], output: &str, attribute: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input.as_bytes())).collect();
    out.extend(bytes(2, output.as_bytes()));
    out.extend(bytes(4, operator.as_bytes()));
    if !attribute.is_empty() {
        out.extend(bytes(5, attribute));
    }
    out
}

/// An attribute that is a whole number.
fn attribute(name: &str, value: u64) -> Vec<u8> {
    [bytes(1, name.as_bytes()), number(3, value), number(20, 2)].concat()
}

/// A tensor of one i64.
fn whole(name: &str, value: u64) -> Vec<u8> {
    [number(1, 1), number(2, 7), bytes(8, name.as_bytes()), bytes(9, &value.to_le_bytes())].concat()
}

/// A tensor of f32 that goes in or out; a side of 0 is open.
fn value(name: &str, shape: &[u64]) -> Vec<u8> {
    let side = |(axis, size): (usize, &u64)| match size {
        0 => bytes(2, format!("{name}{axis}").as_bytes()),
        size => number(1, *size),
    };
    let sides: Vec<u8> = shape.iter().enumerate().flat_map(|size| bytes(1, &side(size))).collect();
    let tensor = [number(1, 1), bytes(2, &sides)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}
