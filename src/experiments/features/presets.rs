//! The exhibits that come with Glassbox.

use super::config::FeaturesConfig;
use crate::experiments::Config;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/features/", $name, ".toml")))),*]
    };
}

const PRESETS: &[(&str, &str)] = presets![
    "lesson",
    "zeiler",
    "zeiler-cifar",
    "imagenet",
    "evolution",
    "invariance",
    "occlusion",
    "correspondence",
    "ablation",
];

/// Names of the presets, in the order in which they are shown.
pub fn features_presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A preset by name.
pub fn features_preset(name: &str) -> Option<FeaturesConfig> {
    let (name, text) = PRESETS.iter().find(|(preset, _)| *preset == name)?;
    Some(FeaturesConfig::from_toml(text, name).expect("presets are checked by a test"))
}
