//! The networks that come with Glassbox, and how a name becomes an architecture.

use super::architecture::{Architecture, ArchitectureError};
use super::layers::LayerKind;
use std::path::Path;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/networks/", $name, ".toml")))),*]
    };
}

const PRESETS: &[(&str, &str)] = presets![
    "mlp-1200",
    "mlp-800",
    "mlp-30",
    "lenet",
    "convnet-mnist",
    "convnet-cifar",
    "alexnet",
    "zfnet",
    "vgg11",
    "vgg16",
    "efficientnet-lite0",
];

/// Names of the presets, in the order in which they are shown.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A preset by name. Any `mlp-N` is a perceptron with two hidden layers of `N` rectified units, as `mlp-800` is, so that a
/// sweep can go through sizes.
pub fn preset(name: &str) -> Option<Architecture> {
    let known = PRESETS.iter().find(|(preset, _)| *preset == name);
    known.map(|(name, text)| Architecture::from_toml(text, name).expect("presets are checked by a test")).or_else(
        || {
            let units: u32 =
                name.strip_prefix("mlp-")?.parse().ok().filter(|units| (1..=MOST_UNITS).contains(units))?;
            perceptron(name, units)
        },
    )
}

/// Larger ones are asked for by mistake.
const MOST_UNITS: u32 = 10_000;

fn perceptron(name: &str, units: u32) -> Option<Architecture> {
    let mut architecture = preset("mlp-800")?;
    name.clone_into(&mut architecture.name);
    let hidden = architecture.layers.len().saturating_sub(1);
    for layer in &mut architecture.layers[..hidden] {
        if let LayerKind::Linear(linear) = &mut layer.kind {
            linear.units = units as usize;
        }
    }
    Some(architecture)
}

/// A preset's name, or the path of a TOML file.
///
/// # Errors
/// When it is neither, or the file is no architecture.
pub fn resolve(name: &str) -> Result<Architecture, ArchitectureError> {
    let architecture = read(name)?;
    architecture.summary()?;
    Ok(architecture)
}

/// As [`resolve`], but the architecture in the file may be impossible.
///
/// # Errors
/// When it is neither a preset nor a readable TOML file.
pub fn read(name: &str) -> Result<Architecture, ArchitectureError> {
    if let Some(architecture) = preset(name) {
        return Ok(architecture);
    }
    if !Path::new(name).is_file() {
        let presets = preset_names().collect::<Vec<_>>().join(", ");
        return Err(ArchitectureError::Unknown { name: name.to_owned(), presets });
    }
    let text = std::fs::read_to_string(name)
        .map_err(|error| ArchitectureError::Syntax { origin: name.to_owned(), reason: error.to_string() })?;
    Architecture::parse(&text, name)
}
