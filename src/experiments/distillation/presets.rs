//! The distillations that come with Glassbox, and the networks that they begin with.

use super::config::DistillConfig;
use crate::experiments::Config;
use crate::experiments::protocol::Finished;
use crate::experiments::trained::Trained;
use crate::nets::{Checkpoint, CheckpointError};

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/distillation/", $name, ".toml")))),*]
    };
}

const PRESETS: &[(&str, &str)] = presets![
    "lesson",
    "hinton-mnist",
    "hinton-30",
    "without-3",
    "only-7-and-8",
    "ensemble",
    "regulariser",
    "pretrained",
];

/// Names of the presets, in the order in which they are shown.
pub fn distillation_presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A preset by name.
pub fn distillation_preset(name: &str) -> Option<DistillConfig> {
    let (name, text) = PRESETS.iter().find(|(preset, _)| *preset == name)?;
    Some(DistillConfig::from_toml(text, name).expect("presets are checked by a test"))
}

/// The teacher of the paper's section 3.
pub(super) fn embedded_teacher() -> Result<Checkpoint, CheckpointError> {
    embedded("teacher")
}

/// Students of that teacher, by name.
pub(super) fn embedded_students() -> Result<Finished, CheckpointError> {
    let read = |name: &str| Ok((name.to_owned(), embedded(&format!("student-{name}"))?));
    ["hard", "distilled"].into_iter().map(read).collect()
}

fn embedded(name: &str) -> Result<Checkpoint, CheckpointError> {
    Trained::named(name).expect("it is in the list").checkpoint()
}
