//! A model's graph: its operators by type and name, and its tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::tensor::{Stored, TensorProto};
use crate::Result;
use crate::weights::collect::{malformed, quoted, unsupported};
use crate::weights::wire::{Fields, Value};

/// The maximum number of operators and tensors in a graph: many times more than in any known network.
const MOST: usize = 1 << 16;

/// Operators, and constant tensors by name.
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) tensors: BTreeMap<&'a str, TensorProto<'a>>,
}

/// One operator.
pub(super) struct Node<'a> {
    /// Its type, such as `Conv`.
    pub(super) kind: &'a str,
    /// Its first three inputs.
    inputs: Vec<&'a str>,
    /// Its first output.
    pub(super) output: Option<&'a str>,
    /// The axis that it works along, if it states one.
    pub(super) axis: Option<i64>,
    /// Its mode, if it states one.
    mode: Option<&'a str>,
    /// The value of a constant.
    value: Option<Box<TensorProto<'a>>>,
}

impl<'a> Graph<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut graph = Graph { nodes: Vec::new(), tensors: BTreeMap::new() };
        for field in Fields(bytes) {
            match field? {
                (1, value) => graph.nodes.push(Node::parse(value.bytes()?)?),
                (5, value) => {
                    let (name, tensor) = TensorProto::parse(value.bytes()?)?;
                    if graph.tensors.insert(name, tensor).is_some() {
                        return Err(malformed(format!("two arrays are called {}", quoted(name))));
                    }
                }
                (15, _) => return Err(unsupported("has weights that are stored sparsely, which is not supported")),
                _ => {}
            }
            if graph.nodes.len() + graph.tensors.len() > MOST {
                return Err(malformed(format!("has more than {MOST} operators and tensors")));
            }
        }
        Ok(graph)
    }

    /// The types of operators with their modes, sorted.
    pub(super) fn operators(&self) -> String {
        let kinds: BTreeSet<String> = self.nodes.iter().map(Node::described).collect();
        kinds.into_iter().collect::<Vec<_>>().join(" ")
    }

    /// The single numbers among the constants, sorted.
    pub(super) fn constants(&self, most: usize) -> String {
        let values = self.nodes.iter().filter_map(|node| node.value.as_deref()).chain(self.tensors.values());
        let mut numbers: Vec<f32> = values
            .filter(|tensor| tensor.shape.is_empty())
            .filter_map(|tensor| match tensor.stored("").ok()? {
                Some(Stored::Float(element)) => tensor.floats("", element, 1).ok()?.first().copied(),
                _ => None,
            })
            .collect();
        numbers.sort_by(f32::total_cmp);
        numbers.dedup();
        numbers.iter().take(most).map(f32::to_string).collect::<Vec<_>>().join(" ")
    }
}

impl<'a> Node<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut node = Node { kind: "", inputs: Vec::new(), output: None, axis: None, mode: None, value: None };
        for field in Fields(bytes) {
            match field? {
                (1, value) if node.inputs.len() < 3 => node.inputs.push(value.str()?),
                (2, value) if node.output.is_none() => node.output = Some(value.str()?),
                (4, value) => node.kind = value.str()?,
                (5, value) => node.attribute(value.bytes()?)?,
                _ => {}
            }
        }
        if node.kind.is_empty() {
            return Err(malformed("has an operator without a kind"));
        }
        Ok(node)
    }

    fn attribute(&mut self, bytes: &'a [u8]) -> Result<()> {
        let (mut name, mut integer, mut text, mut tensor) = ("", None, None, None);
        for field in Fields(bytes) {
            match field? {
                (1, value) => name = value.str()?,
                (3, value @ Value::Varint(_)) => integer = Some(value.number()?.cast_signed()),
                // Not all strings are UTF-8, but the modes are.
                (4, value) => text = std::str::from_utf8(value.bytes()?).ok(),
                (5, value) => tensor = Some(value.bytes()?),
                _ => {}
            }
        }
        match name {
            "axis" => self.axis = integer,
            "mode" => self.mode = text,
            "value" if self.kind_is_constant() => {
                self.value = tensor.map(TensorProto::parse).transpose()?.map(|(_, it)| Box::new(it))
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it is a constant, or may still become one: fields come in any order, so its type may not be known yet.
    fn kind_is_constant(&self) -> bool {
        matches!(self.kind, "" | "Constant")
    }

    pub(super) fn input(&self, place: usize) -> Option<&'a str> {
        self.inputs.get(place).copied().filter(|name| !name.is_empty())
    }

    pub(super) fn is_quantiser(&self) -> bool {
        matches!(self.kind, "QuantizeLinear" | "DequantizeLinear")
    }

    fn described(&self) -> String {
        let kind: String = self.kind.chars().filter(|c| c.is_ascii_alphanumeric()).take(64).collect();
        match self.mode {
            Some(mode) => format!("{kind}:{}", mode.chars().filter(char::is_ascii_alphanumeric).take(64).collect::<String>()),
            None => kind,
        }
    }
}
