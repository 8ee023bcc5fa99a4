//! The networks of the experiment: the one that is looked into, the one of scenes, and the variants of the ablation.

use super::ablation::varied;
use super::config::{Exhibit, FeaturesConfig, NETWORK, SCENES};
use crate::data::{
    Augmentation, Dataset, Placed, SceneOptions, Scenes, Source, Split, Standardisation, compose_scene, compose_scenes,
};
use crate::experiments::distillation::TRAIN;
use crate::experiments::fit::{check_fit, fitted};
use crate::experiments::member::Member;
use crate::experiments::training::Material;
use crate::experiments::{Finished, Role, RunError, TrainConfig, Training};
use crate::nets::layers::MaxPool2d;
use crate::nets::{Architecture, Layer, LayerKind};
use burn::tensor::Device;
use std::sync::Arc;

/// A network that learns, or is to learn.
pub(super) struct Learner {
    pub(super) member: Member,
    pub(super) is_of_scenes: bool,
    config: TrainConfig,
    architecture: Architecture,
    /// Images that it learns from.
    images: usize,
}

impl Learner {
    fn new(name: &str, objective: &str, config: TrainConfig, architecture: Architecture, images: usize) -> Self {
        let (seed, epochs) = (config.seed, config.epochs);
        let role = Role::Subject;
        let member = Member::new(name.to_owned(), role, &architecture, objective.to_owned(), seed, epochs, false);
        let config = TrainConfig { architecture: Some(architecture.clone()), ..config };
        Self { member, is_of_scenes: false, config, architecture, images }
    }

    pub(super) fn work(&self) -> (f64, f64) {
        self.member.work(self.config.epochs * self.images.div_ceil(self.config.batch_size) as u64)
    }

    /// Its turn has come; of an earlier start it may have learned already.
    pub(super) fn begin(
        &mut self,
        material: Material,
        finished: &mut Finished,
        device: &Device,
        on_host: bool,
    ) -> Result<(), RunError> {
        let architecture = self.architecture.clone();
        let training = Training::from_material(self.config.clone(), architecture, material, device, on_host)?;
        match finished.remove(&self.member.state.name) {
            Some(checkpoint) => self.member.take_up(training, &checkpoint)?,
            None => self.member.begin(training),
        }
        Ok(())
    }
}

/// All networks that must learn before there is something to look at, in their order. `material` is the network's own.
///
/// # Errors
/// When one of them does not fit together, or no scene can be composed.
pub(super) fn learners(
    config: &FeaturesConfig,
    source: &Source,
    material: Option<&Material>,
) -> Result<Vec<Learner>, RunError> {
    let mut learners = Vec::new();
    let whole = fitted(config.train.resolve_network()?, &source.train);
    let images = material.map_or(0, |material| material.train.len());
    let has_ablation = config.has(Exhibit::Ablation);
    if config.network == TRAIN {
        check_fit(&whole, source)?;
        let mut learner = Learner::new(NETWORK, "hard labels", config.train.clone(), whole.clone(), images);
        if !has_ablation {
            // Nobody asks how well it knows the images that it learned from.
            learner.member.skip_looks();
        }
        learners.push(learner);
    }
    if config.exhibits.iter().any(|exhibit| exhibit.is_of_scenes()) {
        learners.push(of_scenes(config, source)?);
    }
    if has_ablation {
        for variant in &config.ablation.variants {
            let architecture = varied(&whole, variant)?;
            learners.push(Learner::new(&variant.name, "hard labels", config.train.clone(), architecture, images));
        }
    }
    Ok(learners)
}

/// What learns scenes: what it says must not depend on where the object is.
const NETWORK_OF_SCENES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/features/network-of-scenes.toml"));

fn of_scenes(config: &FeaturesConfig, source: &Source) -> Result<Learner, RunError> {
    // Whether there can be such scenes is said before anything learns.
    compose_scene(&source.train, &options(config), config.seed, 0)?;
    let architecture = fitted(Architecture::from_toml(NETWORK_OF_SCENES, "the network of scenes")?, &source.train);
    let architecture = over_all_places(architecture, config.scenes.side)?;
    let scenes = &config.scenes;
    let mut train = TrainConfig { epochs: scenes.epochs, batch_size: scenes.batch_size, ..config.train.clone() };
    train.optimiser.learning_rate = scenes.learning_rate;
    // Objects are moved, scaled and turned as they are.
    train.data.augmentation = Augmentation::default();
    let mut learner = Learner::new(SCENES, "hard labels of scenes", train, architecture, scenes.train);
    learner.member.skip_looks();
    learner.is_of_scenes = true;
    Ok(learner)
}

/// For canvases of this side, with the topmost pooling over all of its map.
fn over_all_places(mut architecture: Architecture, side: usize) -> Result<Architecture, RunError> {
    (architecture.input.height, architecture.input.width) = (side, side);
    let is_pooling = |layer: &Layer| matches!(layer.kind, LayerKind::MaxPool2d(_));
    if let Some(topmost) = architecture.layers.iter().rposition(is_pooling) {
        let below = Architecture { layers: architecture.layers[..topmost].to_vec(), ..architecture.clone() };
        let map = below.cuts()?[topmost].height;
        architecture.layers[topmost].kind = LayerKind::MaxPool2d(MaxPool2d { kernel: map, stride: map, padding: 0 });
    }
    architecture.summary()?;
    Ok(architecture)
}

fn options(config: &FeaturesConfig) -> SceneOptions {
    SceneOptions { side: config.scenes.side, clutter: config.scenes.clutter, ..SceneOptions::default() }
}

/// Scenes to learn from, made of training images alone, and what is on the test scenes.
pub(super) fn scenes(config: &FeaturesConfig, source: &Source) -> Result<(Material, Vec<Vec<Placed>>), RunError> {
    let compose = |images: &Dataset, count: usize, seed: u64, name: &str| -> Result<Scenes, RunError> {
        Ok(compose_scenes(images, &options(config), count, seed, name)?)
    };
    let train = compose(&source.train, config.scenes.train, config.seed, "scenes train")?;
    // Another stream than that of the training scenes.
    let test = compose(&source.test, config.scenes.test, config.seed + 1, "scenes test")?;
    let train = Split::all(Arc::new(train.dataset));
    let standardisation = if config.train.data.standardise {
        Standardisation::measure(&train)
    } else {
        Standardisation::identity(train.shape().channels)
    };
    let material = Material { train, validation: None, test: Split::all(Arc::new(test.dataset)), standardisation };
    Ok((material, test.objects))
}
