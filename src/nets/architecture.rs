//! Architectures: plain data, checked layer by layer before anything is built.

use super::layers::{LayerKind, Operation};
use super::shape::{ReceptiveField, Shape};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// No preset comes near it; beyond it a layer would not fit into any machine's memory.
const MOST_PARAMETERS: u64 = 1 << 31;
const MOST_UNITS: u64 = 1 << 28;

/// A named sequence of named layers, with the shape of the images it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    pub name: String,
    /// Channels, height, width.
    pub input: Shape,
    pub layers: Vec<Layer>,
}

/// One layer: a name, unique in its architecture, and what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Map<String, serde_json::Value>")]
pub struct Layer {
    pub name: String,
    #[serde(flatten)]
    pub kind: LayerKind,
}

/// Serde cannot refuse unknown fields of a flattened enum, and a misspelt `paddding` must not pass in silence.
impl TryFrom<serde_json::Map<String, serde_json::Value>> for Layer {
    type Error = String;

    fn try_from(mut fields: serde_json::Map<String, serde_json::Value>) -> Result<Self, String> {
        let name = match fields.remove("name") {
            Some(serde_json::Value::String(name)) => name,
            Some(other) => return Err(format!("a layer's name must be a text, not {other}")),
            None => return Err("a layer has no name".to_owned()),
        };
        let kind = serde_json::from_value(serde_json::Value::Object(fields))
            .map_err(|error| format!("layer `{name}`: {error}"))?;
        Ok(Self { name, kind })
    }
}

/// What is known of a layer before it is built.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSummary {
    pub name: String,
    pub kind: &'static str,
    pub input: Shape,
    pub output: Shape,
    /// Trainable values.
    pub parameters: u64,
    /// Multiply-adds of one forward pass of one example.
    pub multiply_adds: u64,
    /// Along the vertical axis; kernels are square, so the horizontal one differs only in a non-square image.
    pub receptive_field: ReceptiveField,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchitectureError {
    #[error("architecture `{architecture}`, layer `{layer}`: {reason}")]
    Layer { architecture: String, layer: String, reason: String },
    #[error("architecture `{architecture}`: {reason}")]
    Whole { architecture: String, reason: String },
    #[error("{origin} is not an architecture: {reason}")]
    Syntax { origin: String, reason: String },
    #[error("there is no network `{name}`; the presets are {presets}; or give the path of a TOML file")]
    Unknown { name: String, presets: String },
}

impl Architecture {
    /// Parses and checks. `origin` names the file in messages.
    ///
    /// # Errors
    /// When the text is not TOML, a field is unknown or missing, or a layer does not fit the one below it.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ArchitectureError> {
        let architecture = Self::parse(text, origin)?;
        architecture.summary()?;
        Ok(architecture)
    }

    /// Parses without checking: the result may be impossible, as [`summary`](Self::summary) tells.
    ///
    /// # Errors
    /// When the text is not TOML, or a field is unknown or missing.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ArchitectureError> {
        toml::from_str(text)
            .map_err(|error| ArchitectureError::Syntax { origin: origin.to_owned(), reason: error.to_string() })
    }

    /// As [`from_toml`](Self::from_toml) reads it.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("an architecture is plain data")
    }

    /// Whether a layer of this kind, as TOML names it, is in it.
    pub fn has(&self, kind: &str) -> bool {
        self.layers.iter().any(|layer| layer.kind.name() == kind)
    }

    /// Shapes, costs and receptive fields, layer by layer.
    ///
    /// # Errors
    /// Names the first layer that does not fit, and says why.
    pub fn summary(&self) -> Result<Vec<LayerSummary>, ArchitectureError> {
        self.check_whole()?;
        let mut shape = self.input;
        let mut field = ReceptiveField::PIXEL;
        let mut names = HashSet::new();
        let mut rows = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            check_name(&layer.name, &mut names).map_err(|reason| self.fault(layer, reason))?;
            let row = summarise(layer, shape, field, self.input.height).map_err(|reason| self.fault(layer, reason))?;
            shape = row.output;
            field = row.receptive_field;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Shape at every cut: cut 0 is the input, cut `i` the output of layer `i - 1`.
    ///
    /// # Errors
    /// As [`summary`](Self::summary).
    pub fn cuts(&self) -> Result<Vec<Shape>, ArchitectureError> {
        let rows = self.summary()?;
        Ok(std::iter::once(self.input).chain(rows.iter().map(|row| row.output)).collect())
    }

    /// Number of outputs of the last layer.
    ///
    /// # Errors
    /// As [`summary`](Self::summary), and when the last layer does not give a vector.
    pub fn classes(&self) -> Result<usize, ArchitectureError> {
        let last = *self.cuts()?.last().expect("there is at least the input");
        if last.is_vector() {
            return Ok(last.channels);
        }
        Err(self.whole(format!(
            "the last layer gives {last}, but a classifier ends in a vector: add a flatten and a linear layer"
        )))
    }

    fn check_whole(&self) -> Result<(), ArchitectureError> {
        check_input(self.input).map_err(|reason| self.whole(reason))?;
        if self.layers.is_empty() {
            return Err(self.whole("there are no layers".to_owned()));
        }
        Ok(())
    }

    fn fault(&self, layer: &Layer, reason: String) -> ArchitectureError {
        ArchitectureError::Layer { architecture: self.name.clone(), layer: layer.name.clone(), reason }
    }

    fn whole(&self, reason: String) -> ArchitectureError {
        ArchitectureError::Whole { architecture: self.name.clone(), reason }
    }
}

pub(super) fn check_input(input: Shape) -> Result<(), String> {
    if input.channels == 0 || input.height == 0 || input.width == 0 {
        return Err(format!("the input {input} is empty"));
    }
    if product(&[input.channels, input.height, input.width]) > MOST_UNITS {
        return Err("the input is too large".to_owned());
    }
    Ok(())
}

pub(in crate::nets) fn check_name<'a>(name: &'a str, taken: &mut HashSet<&'a str>) -> Result<(), String> {
    if name.is_empty() || name.contains(['.', '/', ' ']) {
        return Err("a layer's name has at least one letter and no dot, slash or space".to_owned());
    }
    if !taken.insert(name) {
        return Err("two layers have this name".to_owned());
    }
    Ok(())
}

pub(super) fn summarise(
    layer: &Layer,
    input: Shape,
    field: ReceptiveField,
    image: usize,
) -> Result<LayerSummary, String> {
    let operation: &dyn Operation = layer.kind.operation();
    let output = operation.output(input)?;
    if product(&[output.channels, output.height, output.width]) > MOST_UNITS {
        return Err(format!("an output of {output} is too large"));
    }
    let specs = operation.parameters(input);
    let trainable = specs.iter().filter(|spec| spec.role.is_trainable()).map(|spec| product(&spec.dims));
    let parameters = trainable.fold(0, u64::saturating_add);
    if parameters > MOST_PARAMETERS {
        return Err(format!("{parameters} parameters are too many"));
    }
    Ok(LayerSummary {
        name: layer.name.clone(),
        kind: layer.kind.name(),
        input,
        output,
        parameters,
        multiply_adds: operation.multiply_adds(input, output),
        receptive_field: field.through(operation.reach(), image),
    })
}

fn product(dims: &[usize]) -> u64 {
    dims.iter().fold(1u64, |product, &dim| product.saturating_mul(dim as u64))
}
