//! Small ONNX files.

use super::bundle::varint;

/// A field with a length and bytes.
pub fn bytes(number: u64, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, number << 3 | 2);
    varint(&mut out, content.len() as u64);
    out.extend_from_slice(content);
    out
}

/// A field with a number.
pub fn number(number: u64, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, number << 3);
    varint(&mut out, value);
    out
}

/// A tensor whose values are in a field that the caller gives.
pub fn tensor(name: &str, kind: u64, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = shape.iter().flat_map(|&n| number(1, n as u64)).collect();
    out.extend(number(2, kind));
    out.extend(bytes(8, name.as_bytes()));
    out.extend_from_slice(values);
    out
}

/// The values of a tensor as bytes.
pub fn raw(values: &[f32]) -> Vec<u8> {
    bytes(9, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

/// An operator. `attributes` are encoded messages.
pub fn node(kind: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut out: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input.as_bytes())).collect();
    out.extend(bytes(2, output.as_bytes()));
    out.extend(bytes(4, kind.as_bytes()));
    out.extend(attributes.iter().flat_map(|attribute| bytes(5, attribute)));
    out
}

/// An integer attribute.
pub fn integer(name: &str, value: i64) -> Vec<u8> {
    [bytes(1, name.as_bytes()), number(3, value.cast_unsigned()), number(20, 2)].concat()
}

/// A text attribute.
pub fn text(name: &str, value: &str) -> Vec<u8> {
    [bytes(1, name.as_bytes()), bytes(4, value.as_bytes()), number(20, 3)].concat()
}

/// A model with these nodes and tensors.
pub fn model(nodes: &[Vec<u8>], tensors: &[Vec<u8>]) -> Vec<u8> {
    let mut graph: Vec<u8> = nodes.iter().flat_map(|node| bytes(1, node)).collect();
    graph.extend(bytes(2, b"main"));
    graph.extend(tensors.iter().flat_map(|tensor| bytes(5, tensor)));
    [number(1, 8), bytes(2, b"test"), bytes(7, &graph), bytes(8, &number(2, 17))].concat()
}
