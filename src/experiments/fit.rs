//! Whether network, data and settings fit together, and what the images are split into.

use super::config::{ConfigError, TrainConfig};
use super::settings::Config;
use super::training::Material;
use crate::data::{Amount, DataError, Dataset, ImageShape, Progress, Source, Split, Standardisation, Unwatched};
use crate::nets::layers::Linear;
use crate::nets::{Architecture, ArchitectureError, CheckpointError, LayerKind, Shape};
use crate::train::FaultReport;
use std::sync::Arc;

/// The held-out images are the same for every seed, so that runs can be compared.
const HOLD_OUT_SEED: u64 = 0;

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(
        "network `{network}` takes images of {takes}, but `{data}` has {has}: choose another network, or change its input"
    )]
    Shape { network: String, takes: Shape, data: String, has: ImageShape },
    #[error(
        "network `{network}` has {outputs} outputs, but `{data}` has {classes} classes: give its last layer {classes} units"
    )]
    Classes { network: String, outputs: usize, data: String, classes: usize },
    #[error("{0}; lower the learning rate or clip the gradient, and take the run up from its last checkpoint")]
    NotFinite(#[from] Box<FaultReport>),
}

/// Hold out first, so that the validation images do not depend on what is learned from.
pub(super) fn splits(config: &TrainConfig, source: &Source) -> Result<(Split, Option<Split>), RunError> {
    let all = Split::all(Arc::clone(&source.train));
    let (rest, validation) = if config.data.validation == Amount::Count(0) {
        (all, None)
    } else {
        let (rest, held_out) = all.hold_out(config.data.validation, HOLD_OUT_SEED)?;
        (rest, Some(held_out))
    };
    let train = rest.filter_classes(&config.data.classes)?.stratified(config.data.train, config.seed)?;
    Ok((train, validation))
}

impl Material {
    /// What the settings name, read and split.
    ///
    /// # Errors
    /// When it cannot be read, or does not suit the network.
    pub fn of(config: &TrainConfig, architecture: &Architecture) -> Result<Self, RunError> {
        Self::open(config, architecture, &Unwatched)
    }

    /// [`of`](Self::of), with somebody to watch.
    ///
    /// # Errors
    /// As [`of`](Self::of), and when `progress` says to stop.
    pub fn open(config: &TrainConfig, architecture: &Architecture, progress: &dyn Progress) -> Result<Self, RunError> {
        config.check()?;
        let source = config.data.open_with(progress)?;
        check_fit(architecture, &source)?;
        let (train, validation) = splits(config, &source)?;
        let standardisation = if config.data.standardise {
            Standardisation::measure(&train)
        } else {
            Standardisation::identity(source.train.shape().channels)
        };
        Ok(Self { train, validation, test: Split::all(source.test), standardisation })
    }
}

pub(super) fn check_fit(architecture: &Architecture, source: &Source) -> Result<(), RunError> {
    let has = source.train.shape();
    let takes = architecture.input;
    if (takes.channels, takes.height, takes.width) != (has.channels, has.height, has.width) {
        return Err(RunError::Shape { network: architecture.name.clone(), takes, data: source.name.clone(), has });
    }
    let (outputs, classes) = (architecture.classes()?, source.train.classes());
    if outputs == classes {
        return Ok(());
    }
    Err(RunError::Classes { network: architecture.name.clone(), outputs, data: source.name.clone(), classes })
}

/// With the images of a data set at its input, and a unit a class at its end.
pub(super) fn fitted(mut architecture: Architecture, images: &Dataset) -> Architecture {
    let shape = images.shape();
    architecture.input = Shape::new(shape.channels, shape.height, shape.width);
    if let Some(last) = architecture.layers.last_mut()
        && let LayerKind::Linear(Linear { units, .. }) = &mut last.kind
    {
        *units = images.classes();
    }
    architecture
}
