//! Edits of an ONNX file in memory, before ONNX Runtime reads it.
//!
//! An ONNX file is one protobuf message. Only the few fields that are changed are taken apart; everything
//! else is copied as it is. Field numbers are those of `onnx.proto3`.

#[cfg(test)]
mod tests;

/// What is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// Drop initialisers from the list of inputs. A value that is also an input may be overridden by the
    /// caller, so it is not a constant, and ONNX Runtime cannot fold it into its neighbours. SFace is saved
    /// this way; folded, it takes 14 ms instead of 20.
    Fold,
    /// That, and let the one input, an image of `[1, 3, height, width]`, have any height and width: the
    /// shapes of all that follows are dropped, and ONNX Runtime derives them. For networks that are
    /// convolutions all the way, as YuNet is: its time is proportional to the area.
    AnySize,
}

/// The file is not an ONNX model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ONNX model")]
pub(super) struct Malformed;

/// `ModelProto.graph`
const MODEL_GRAPH: u64 = 7;
/// `GraphProto.initializer`
const GRAPH_INITIALIZER: u64 = 5;
/// `GraphProto.input`
const GRAPH_INPUT: u64 = 11;
/// `GraphProto.output`
const GRAPH_OUTPUT: u64 = 12;
/// `GraphProto.value_info`: shapes of what is between.
const GRAPH_VALUE_INFO: u64 = 13;
/// `TensorProto.name`
const TENSOR_NAME: u64 = 8;
/// `ValueInfoProto.name`
const VALUE_NAME: u64 = 1;
/// `ValueInfoProto.type`
const VALUE_TYPE: u64 = 2;
/// `TypeProto.tensor_type`
const TYPE_TENSOR: u64 = 1;
/// `TypeProto.Tensor.elem_type`
const TENSOR_ELEMENT: u64 = 1;
/// `TypeProto.Tensor.shape`
const TENSOR_SHAPE: u64 = 2;
/// `TensorShapeProto.dim`
const SHAPE_DIMENSION: u64 = 1;
/// `TensorShapeProto.Dimension.dim_value`
const DIMENSION_VALUE: u64 = 1;
/// `TensorShapeProto.Dimension.dim_param`: a name for a size that may vary.
const DIMENSION_NAME: u64 = 2;
/// `TensorProto.DataType.FLOAT`
const FLOAT: u64 = 1;

/// The model with the edit made.
pub(super) fn edited(model: &[u8], edit: Edit) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(model.len());
    for field in Fields(model) {
        match field? {
            Field { number: MODEL_GRAPH, value: Value::Bytes(graph), .. } => {
                put_bytes(&mut out, MODEL_GRAPH, &edited_graph(graph, edit)?);
            }
            field => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

fn edited_graph(graph: &[u8], edit: Edit) -> Result<Vec<u8>, Malformed> {
    let initialisers = Fields(graph)
        .filter_map(|field| match field {
            Ok(Field { number: GRAPH_INITIALIZER, value: Value::Bytes(tensor), .. }) => Some(tensor),
            _ => None,
        })
        .map(|tensor| text(tensor, TENSOR_NAME))
        .collect::<Result<std::collections::HashSet<_>, _>>()?;
    let mut out = Vec::with_capacity(graph.len());
    for field in Fields(graph) {
        let field = field?;
        match (field.number, field.value, edit) {
            (GRAPH_INPUT, Value::Bytes(input), _) if initialisers.contains(text(input, VALUE_NAME)?) => {}
            (GRAPH_INPUT, Value::Bytes(input), Edit::AnySize) => {
                put_bytes(&mut out, GRAPH_INPUT, &float_value(text(input, VALUE_NAME)?, Some(&any_size())));
            }
            (GRAPH_OUTPUT, Value::Bytes(output), Edit::AnySize) => {
                put_bytes(&mut out, GRAPH_OUTPUT, &float_value(text(output, VALUE_NAME)?, None));
            }
            (GRAPH_VALUE_INFO, _, Edit::AnySize) => {}
            _ => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

/// A `ValueInfoProto` of floats.
fn float_value(name: &[u8], shape: Option<&[u8]>) -> Vec<u8> {
    let (mut tensor, mut kind, mut value) = (Vec::new(), Vec::new(), Vec::new());
    put_number(&mut tensor, TENSOR_ELEMENT, FLOAT);
    if let Some(shape) = shape {
        put_bytes(&mut tensor, TENSOR_SHAPE, shape);
    }
    put_bytes(&mut kind, TYPE_TENSOR, &tensor);
    put_bytes(&mut value, VALUE_NAME, name);
    put_bytes(&mut value, VALUE_TYPE, &kind);
    value
}

/// The `TensorShapeProto` `[1, 3, height, width]`.
fn any_size() -> Vec<u8> {
    let mut shape = Vec::new();
    let mut dimension = |put: &dyn Fn(&mut Vec<u8>)| {
        let mut dimension = Vec::new();
        put(&mut dimension);
        put_bytes(&mut shape, SHAPE_DIMENSION, &dimension);
    };
    dimension(&|out| put_number(out, DIMENSION_VALUE, 1));
    dimension(&|out| put_number(out, DIMENSION_VALUE, 3));
    dimension(&|out| put_bytes(out, DIMENSION_NAME, b"height"));
    dimension(&|out| put_bytes(out, DIMENSION_NAME, b"width"));
    shape
}

/// A text field of a message; empty if it is absent, as protobuf has it.
fn text(message: &[u8], number: u64) -> Result<&[u8], Malformed> {
    for field in Fields(message) {
        match field? {
            Field { number: found, value: Value::Bytes(text), .. } if found == number => return Ok(text),
            _ => {}
        }
    }
    Ok(&[])
}

#[derive(Debug, Clone, Copy)]
enum Value<'m> {
    Bytes(&'m [u8]),
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Field<'m> {
    number: u64,
    value: Value<'m>,
    /// The whole field, with its tag.
    raw: &'m [u8],
}

/// The fields of a message, in order. Ends after the first error.
#[derive(Debug)]
struct Fields<'m>(&'m [u8]);

impl<'m> Iterator for Fields<'m> {
    type Item = Result<Field<'m>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(Malformed);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'m> Fields<'m> {
    fn field(&mut self) -> Option<Field<'m>> {
        let start = self.0;
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => self.varint().map(|_| Value::Other)?,
            1 => self.bytes(8).map(|_| Value::Other)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.bytes(usize::try_from(length).ok()?)?)
            }
            5 => self.bytes(4).map(|_| Value::Other)?,
            _ => return None,
        };
        let raw = start.get(..start.len() - self.0.len())?;
        Some(Field { number: tag >> 3, value, raw })
    }

    fn bytes(&mut self, length: usize) -> Option<&'m [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let &[byte] = self.bytes(1)? else { return None };
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
