//! The experiments with specialists that come with Glassbox.

use super::config::SpecialistsConfig;
use crate::experiments::Config;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/specialists/", $name, ".toml")))),*]
    };
}

const PRESETS: &[(&str, &str)] = presets!["specialists", "quick", "disjoint"];

/// Names of the presets, in the order in which they are shown.
pub fn specialists_presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A preset by name.
pub fn specialists_preset(name: &str) -> Option<SpecialistsConfig> {
    let (name, text) = PRESETS.iter().find(|(preset, _)| *preset == name)?;
    Some(SpecialistsConfig::from_toml(text, name).expect("presets are checked by a test"))
}
