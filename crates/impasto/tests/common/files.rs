//! Reading stored arrays.

use std::fs;

use impasto::weights::{Tensor, Weights};
use safetensors::{Dtype, SafeTensors};

use super::shared;

/// Arrays of a safetensors file. Leading axes of length 1 are removed from pictures, and bytes become 0..1.
pub struct Fixture(Vec<u8>);

impl Fixture {
    /// The shared file `fixtures/NAME.safetensors`.
    pub fn open(name: &str) -> Option<Self> {
        let path = shared(&format!("fixtures/{name}.safetensors"))?;
        Some(Fixture(fs::read(path).unwrap()))
    }

    /// The first case of such a file, which is in the repository.
    pub fn committed(name: &str) -> Self {
        let path = format!("{}/tests/data/tensorflow/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        Fixture(fs::read(path).unwrap())
    }

    /// Names without their first part: `0` from `0.content`.
    pub fn numbers(&self) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let mut numbers: Vec<String> = file.names().iter().map(|n| n.split('.').next().unwrap().to_owned()).collect();
        numbers.sort();
        numbers.dedup();
        assert!(!numbers.is_empty());
        numbers
    }

    /// One array.
    pub fn tensor(&self, name: &str) -> Tensor {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => floats(view.data()),
            Dtype::U8 => view.data().iter().map(|&b| f32::from(b) / 255.0).collect(),
            other => panic!("{name} is {other:?}"),
        };
        let shape = match view.shape() {
            [1, rest @ ..] if rest.len() == 3 => rest,
            shape => shape,
        };
        Tensor::new(shape, values).unwrap()
    }
}

/// The array `fixtures/taps/NAME.npy`. Bytes become 0..1.
pub fn npy(name: &str) -> Option<Tensor> {
    let bytes = fs::read(shared(&format!("fixtures/taps/{name}.npy"))?).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00", "{name}");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..start]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{name}: {header}");
    let shape = header.split_once('(').unwrap().1.split_once(')').unwrap().0;
    let shape: Vec<usize> = shape.split(',').filter(|n| !n.trim().is_empty()).map(|n| n.trim().parse().unwrap()).collect();
    let values = if header.contains("'<f4'") {
        floats(&bytes[start..])
    } else {
        assert!(header.contains("'|u1'"), "{name}: {header}");
        bytes[start..].iter().map(|&b| f32::from(b) / 255.0).collect()
    };
    Some(Tensor::new(shape, values).unwrap())
}

/// The weights `fixtures/taps/NAME_weights.{npy,json}`.
pub fn tap_weights(name: &str) -> Option<Weights> {
    let values = npy(&format!("{name}_weights"))?.into_data();
    let list = fs::read(shared(&format!("fixtures/taps/{name}_weights.json"))?).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
    let mut weights = Weights::new();
    for entry in list.as_array().unwrap() {
        let shape: Vec<usize> = entry["shape"].as_array().unwrap().iter().map(number).collect();
        let start = number(&entry["offset"]);
        let data = values[start..start + shape.iter().product::<usize>()].to_vec();
        weights.insert(entry["name"].as_str().unwrap(), Tensor::new(shape, data).unwrap());
    }
    assert!(!weights.is_empty());
    Some(weights)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}
