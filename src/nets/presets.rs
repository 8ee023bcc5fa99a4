//! The networks that come with Glassbox, and how a name becomes an architecture.

use super::architecture::{Architecture, ArchitectureError};
use std::path::Path;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/networks/", $name, ".toml")))),*]
    };
}

const PRESETS: &[(&str, &str)] = presets!["mlp-1200", "mlp-800", "mlp-30", "lenet", "convnet-mnist", "convnet-cifar"];

/// Names of the presets, in the order in which they are shown.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A preset by name.
pub fn preset(name: &str) -> Option<Architecture> {
    let (name, text) = PRESETS.iter().find(|(preset, _)| *preset == name)?;
    Some(Architecture::from_toml(text, name).expect("presets are checked by a test"))
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
