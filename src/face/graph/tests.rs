use super::{Edit, Field, Fields, Malformed, Value, edited, put_bytes, put_number, text};

/// A field of bytes.
fn bytes(number: u64, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, number, content);
    out
}

fn number(number: u64, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, number, value);
    out
}

fn names(graph: &[u8], kind: u64, name_field: u64) -> Vec<&str> {
    Fields(graph)
        .map(Result::unwrap)
        .filter(|field| field.number == kind)
        .map(|field| match field.value {
            Value::Bytes(message) => std::str::from_utf8(text(message, name_field).unwrap()).unwrap(),
            Value::Other => panic!("not a message"),
        })
        .collect()
}

/// Two inputs, one of which is an initialiser; one output, one shape between, and a field that we do not know.
fn model() -> Vec<u8> {
    let graph = [
        bytes(5, &bytes(8, b"weight")),
        bytes(11, &bytes(1, b"image")),
        bytes(11, &bytes(1, b"weight")),
        bytes(12, &bytes(1, b"score")),
        bytes(13, &bytes(1, b"between")),
        number(77, u64::MAX),
    ];
    [number(1, 8), bytes(7, &graph.concat()), bytes(2, b"producer")].concat()
}

fn graph(model: &[u8]) -> &[u8] {
    text(model, 7).unwrap()
}

#[test]
fn initialisers_are_no_longer_inputs() {
    let folded = edited(&model(), Edit::Fold).unwrap();
    assert_eq!(names(graph(&folded), 11, 1), ["image"]);
    assert_eq!(names(graph(&folded), 5, 8), ["weight"]);
    assert_eq!(names(graph(&folded), 13, 1), ["between"]);
    // Besides that input, not a byte is changed.
    let without: Vec<u8> = {
        let kept = Fields(graph(&folded)).map(|field| field.unwrap().raw.to_vec());
        [number(1, 8), bytes(7, &kept.collect::<Vec<_>>().concat()), bytes(2, b"producer")].concat()
    };
    assert_eq!(folded, without);
    assert_eq!(folded.len(), model().len() - bytes(11, &bytes(1, b"weight")).len());
}

#[test]
fn any_size_drops_the_shapes() {
    let free = edited(&model(), Edit::AnySize).unwrap();
    assert_eq!(names(graph(&free), 11, 1), ["image"]);
    assert_eq!(names(graph(&free), 12, 1), ["score"]);
    assert!(names(graph(&free), 13, 1).is_empty());
}

#[test]
fn what_is_cut_or_no_protobuf_is_refused() {
    let model = model();
    let whole_fields: Vec<usize> = Fields(&model)
        .scan(0, |end, field| {
            *end += field.unwrap().raw.len();
            Some(*end)
        })
        .collect();
    for length in 1..model.len() {
        let result = edited(&model[..length], Edit::Fold);
        assert_eq!(result.is_ok(), whole_fields.contains(&length), "{length}");
    }
    for wrong in [&[0xff; 20][..], &[0x07], &[0x3a, 0x05, 0x01], b"not a model"] {
        assert_eq!(edited(wrong, Edit::Fold), Err(Malformed), "{wrong:?}");
    }
}

#[test]
fn fields_of_every_kind_are_passed_over() {
    let message = [&[0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 0x96, 0x01][..]].concat();
    let fields: Vec<Field<'_>> = Fields(&message).map(Result::unwrap).collect();
    assert_eq!(fields.iter().map(|f| (f.number, f.raw.len())).collect::<Vec<_>>(), [(1, 9), (2, 5), (3, 3)]);
}
