//! A trained network with all that is needed to ask it about pictures: how they are prepared, and what the classes are.

use super::config::TrainConfig;
use super::fit::RunError;
use super::settings::Config;
use super::trained::Trained;
use super::training::Material;
use crate::data::{Fit, ImageFault, ImageShape, LARGEST_SIDE, Picture, Standardisation};
use crate::nets::{
    Architecture, ArchitectureError, Checkpoint, CheckpointError, Cut, Mode, Network, Shape, WeightsError,
    WeightsReport, load_weights, preset, read_weights, resolve, softmax_at,
};
use burn::tensor::{Device, Tensor, TensorData};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How a picture becomes what a network sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    /// The picture takes this shape, in the way that `fit` says; the network sees the centre of it, as large as its input.
    pub covers: ImageShape,
    /// How pictures of another shape take it: as the images did that the network learned from.
    #[serde(default)]
    pub fit: Fit,
    pub standardisation: Standardisation,
}

/// A network that can be asked about pictures.
pub struct Classifier {
    network: Network,
    preparation: Preparation,
    class_names: Vec<String>,
    /// Whether they are the classes' names, and not numbers in their place.
    knows_names: bool,
}

/// One class that a network takes a picture for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guess {
    pub index: usize,
    pub name: String,
    pub logit: f32,
    pub probability: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum ClassifierError {
    #[error("could not read {file}: {source}. Check the path and its permissions.")]
    Read { file: String, source: std::io::Error },
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the network `{network}` cannot be asked about pictures: {reason}.")]
    Unusable { network: String, reason: String },
    #[error("the network `{network}` has no trained weights here: give a file of them (--weights).")]
    Untrained { network: String },
    #[error(
        "{file} does not fit the network `{network}`: of its {needed} parameters and buffers {matched} are there.\n{table}"
    )]
    Unfit { file: String, network: String, needed: usize, matched: usize, table: String },
}

static IMAGENET_CLASSES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/networks/imagenet-classes.csv"));

/// Of a table of what does not fit, so many lines are shown.
const MOST_FAULTS: usize = 20;

/// In a run folder, the network as it was last saved.
pub const LAST_CHECKPOINT: &str = "checkpoints/last.safetensors";

/// In a checkpoint: how pictures are prepared, and what the classes are called.
const PREPARATION: &str = "preparation";
const CLASS_NAMES: &str = "class_names";

impl Classifier {
    /// A network that comes [trained](super::trained_networks), a safetensors file that Glassbox wrote, a run folder (its
    /// last checkpoint), or any architecture with `weights`, which may
    /// use its own names, torchvision's, or those of `efficientnet_lite_pytorch`.
    ///
    /// # Errors
    /// When a file cannot be read, there are no weights, or they do not fit: then with a table of what does not.
    pub fn open(name: &str, weights: Option<&Path>, device: &Device) -> Result<Self, ClassifierError> {
        if let Some(file) = weights {
            return Self::of_network(network_with_weights(name, file, device)?);
        }
        if let Some(trained) = Trained::named(name) {
            return Self::of_checkpoint(&trained.checkpoint()?, device);
        }
        if preset(name).is_some() || is_toml(name) {
            return Err(ClassifierError::Untrained { network: resolve(name)?.name });
        }
        let path = Path::new(name);
        let file = if path.is_dir() { path.join(LAST_CHECKPOINT) } else { path.to_owned() };
        Self::of_checkpoint(&Checkpoint::from_bytes(&read(&file)?, &file.display().to_string())?, device)
    }

    /// Any architecture with random weights.
    ///
    /// # Errors
    /// When there is no such architecture, or its network cannot be asked about pictures.
    pub fn untrained(name: &str, seed: u64, device: &Device) -> Result<Self, ClassifierError> {
        Self::of_network(Network::new(resolve(name)?, seed, device)?)
    }

    /// A network whose weights others wrote.
    fn of_network(network: Network) -> Result<Self, ClassifierError> {
        let architecture = network.architecture();
        let classes = architecture.classes()?;
        let preparation = Preparation::usual(architecture).ok_or_else(|| no_picture(architecture))?;
        let knows_names = is_imagenet(architecture);
        let class_names =
            if knows_names { imagenet_classes() } else { (0..classes).map(|class| class.to_string()).collect() };
        Self { network, preparation, class_names, knows_names }.checked()
    }

    /// A network that Glassbox trained.
    ///
    /// # Errors
    /// When the checkpoint lacks what says how pictures are prepared, or its network cannot be asked about any.
    pub fn of_checkpoint(checkpoint: &Checkpoint, device: &Device) -> Result<Self, ClassifierError> {
        let mut network = Network::new(checkpoint.architecture.clone(), 0, device)?;
        network.load_arrays(&checkpoint.arrays)?;
        let (preparation, class_names) = if checkpoint.state.contains_key(PREPARATION) {
            (from_state(checkpoint, PREPARATION)?, from_state(checkpoint, CLASS_NAMES)?)
        } else {
            // Written before checkpoints said so themselves: the data set knows.
            let config = TrainConfig::from_toml(&checkpoint.state::<String>("config")?, "the checkpoint")
                .map_err(RunError::from)?;
            let material = Material::of(&config, network.architecture())?;
            let class_names = material.test.dataset.class_names().to_vec();
            let (covers, fit) = (material.train.shape(), config.data.images.fit);
            (Preparation { covers, fit, standardisation: material.standardisation }, class_names)
        };
        Self { network, preparation, class_names, knows_names: true }.checked()
    }

    /// What a file says of itself may be anything.
    fn checked(self) -> Result<Self, ClassifierError> {
        let architecture = self.network.architecture();
        let (input, covers) = (architecture.input, self.preparation.covers);
        let unusable = |reason: String| ClassifierError::Unusable { network: architecture.name.clone(), reason };
        if !matches!(input.channels, 1 | 3) {
            return Err(no_picture(architecture));
        }
        let covers_it =
            covers.channels == input.channels && covers.height >= input.height && covers.width >= input.width;
        if !covers_it || covers.height.max(covers.width) > LARGEST_SIDE as usize {
            return Err(unusable(format!("it sees {input} of pictures of {covers}, which cannot be")));
        }
        self.preparation.standardisation.validate(input.channels).map_err(RunError::from)?;
        let classes = architecture.classes()?;
        if self.class_names.len() != classes {
            return Err(unusable(format!("it tells {classes} classes apart and names {}", self.class_names.len())));
        }
        Ok(self)
    }

    /// All of it, as one file holds it.
    pub fn to_checkpoint(&self) -> Checkpoint {
        let mut state = BTreeMap::new();
        self.preparation.write(&self.class_names, &mut state);
        Checkpoint { architecture: self.network.architecture().clone(), arrays: self.network.to_arrays(), state }
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn into_parts(self) -> (Network, Preparation) {
        (self.network, self.preparation)
    }

    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// Whether the labels of images of these classes are the network's own: where it does not say what its classes are
    /// called, as many are taken for the same.
    pub fn tells_apart(&self, names: &[String]) -> bool {
        if self.knows_names { self.class_names == names } else { self.class_names.len() == names.len() }
    }

    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// Shape of what the network sees.
    pub fn input(&self) -> ImageShape {
        let input = self.network.architecture().input;
        ImageShape::new(input.channels, input.height, input.width)
    }

    /// What the network sees of a picture: its centre, as bytes `[channels, height, width]` of [`input`](Self::input).
    ///
    /// # Errors
    /// What is wrong with the image file.
    pub fn seen(&self, picture: &Picture) -> Result<Vec<u8>, ImageFault> {
        Ok(self.seen_of(&picture.fitted(self.preparation.covers, self.preparation.fit)?))
    }

    /// What the network sees of a picture that has the shape which it [covers](Preparation::covers) already: its centre.
    pub fn seen_of(&self, covering: &[u8]) -> Vec<u8> {
        centre(covering, self.preparation.covers, self.input())
    }

    /// Standardised, `[n, channels, height, width]`, of what is [seen](Self::seen) of n pictures.
    pub fn images(&self, seen: &[impl AsRef<[u8]>]) -> Tensor<4> {
        let shape = self.input();
        let mut values = vec![0.0; seen.len() * shape.pixels()];
        for (seen, values) in seen.iter().zip(values.chunks_exact_mut(shape.pixels())) {
            self.preparation.standardisation.apply(shape, seen.as_ref(), values);
        }
        let dims = self.network.architecture().input.batched(seen.len());
        Tensor::from_data(TensorData::new(values, dims), self.network.device())
    }

    /// Logits of what is [seen](Self::seen) of pictures, one row a picture.
    pub fn logits(&self, seen: &[impl AsRef<[u8]>]) -> Vec<Vec<f32>> {
        let logits = self.activations(seen, self.network.top().into());
        logits.chunks_exact(self.class_names.len()).map(<[f32]>::to_vec).collect()
    }

    /// What crosses a cut of the network for what is [seen](Self::seen) of pictures: `[n, channels, height, width]`, one after
    /// the other.
    pub fn activations(&self, seen: &[impl AsRef<[u8]>], cut: Cut) -> Vec<f32> {
        let images = self.images(seen);
        let activations = match cut.inner {
            0 => self.network.forward_between(images, 0..cut.layers, Mode::Evaluate),
            _ => self.network.trace_to(images, cut, Mode::Evaluate).output().clone(),
        };
        activations.into_data().try_into_vec().unwrap_or_default()
    }

    /// The `top` classes of one row of logits, the most probable first.
    pub fn guesses(&self, logits: &[f32], top: usize) -> Vec<Guess> {
        let probabilities = softmax_at(logits, 1.0);
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        let guess = |index: usize| Guess {
            index,
            name: self.class_names.get(index).cloned().unwrap_or_else(|| index.to_string()),
            logit: logits[index],
            probability: probabilities[index],
        };
        order.into_iter().take(top).map(guess).collect()
    }
}

impl Preparation {
    /// Into a checkpoint, so that the network can be asked about pictures without the data that it learned from.
    pub(super) fn write(&self, class_names: &[String], state: &mut BTreeMap<String, String>) {
        let entries = [(PREPARATION, serde_json::to_string(self)), (CLASS_NAMES, serde_json::to_string(class_names))];
        for (key, text) in entries {
            state.insert(key.to_owned(), text.expect("it is plain data"));
        }
    }

    /// A picture as bytes, `[channels, height, width]` of the shape that it [covers](Self::covers), as a network with this
    /// input sees it.
    pub fn apply(&self, picture: &[u8], input: Shape) -> Vec<f32> {
        let shape = ImageShape::new(input.channels, input.height, input.width);
        let mut values = vec![0.0; shape.pixels()];
        self.standardisation.apply(shape, &centre(picture, self.covers, shape), &mut values);
        values
    }

    /// How a network that says nothing of it is given pictures: as ImageNet's usually are if it tells ImageNet's classes
    /// apart, and else from 0 to 1, none of it cut off. None where its input is no picture.
    pub(super) fn usual(architecture: &Architecture) -> Option<Self> {
        let input = architecture.input;
        let shape = ImageShape::new(input.channels, input.height, input.width);
        if is_imagenet(architecture) {
            return Some(Self::imagenet(shape));
        }
        let standardisation = Standardisation::identity(input.channels);
        matches!(input.channels, 1 | 3).then_some(Self { covers: shape, fit: Fit::Crop, standardisation })
    }

    /// As networks of torchvision and most others take ImageNet's pictures: 256 pixels for every 224 that are seen.
    fn imagenet(input: ImageShape) -> Self {
        let covered = |side: usize| side * 256 / 224;
        let covers = ImageShape::new(input.channels, covered(input.height), covered(input.width));
        let standardisation = Standardisation { mean: vec![0.485, 0.456, 0.406], std: vec![0.229, 0.224, 0.225] };
        Self { covers, fit: Fit::Crop, standardisation }
    }
}

/// Any architecture with the weights of a file.
pub(super) fn network_with_weights(name: &str, file: &Path, device: &Device) -> Result<Network, ClassifierError> {
    let origin = file.display().to_string();
    let mut network = Network::new(resolve(name)?, 0, device)?;
    let report = load_weights(&mut network, read_weights(&read(file)?, &origin)?);
    if report.is_complete() { Ok(network) } else { Err(unfit(&network, &origin, &report)) }
}

fn is_imagenet(architecture: &Architecture) -> bool {
    architecture.input.channels == 3 && architecture.classes().is_ok_and(|classes| classes == 1000)
}

fn no_picture(architecture: &Architecture) -> ClassifierError {
    let channels = architecture.input.channels;
    let reason = format!("it takes {channels} channels, and pictures have 1 or 3");
    ClassifierError::Unusable { network: architecture.name.clone(), reason }
}

/// ImageNet's 1000 classes, by index.
fn imagenet_classes() -> Vec<String> {
    let names = IMAGENET_CLASSES.lines().skip(1).filter_map(|line| line.splitn(3, ',').nth(2));
    names.map(|name| name.trim_matches('"').replace('_', " ")).collect()
}

/// The middle of a picture, `[channels, height, width]` both.
fn centre(picture: &[u8], from: ImageShape, to: ImageShape) -> Vec<u8> {
    let (top, left) = (from.height.saturating_sub(to.height) / 2, from.width.saturating_sub(to.width) / 2);
    let rows =
        picture.chunks_exact(from.plane()).flat_map(|plane| plane.chunks_exact(from.width).skip(top).take(to.height));
    rows.flat_map(|row| &row[left..left + to.width]).copied().collect()
}

fn from_state<T: DeserializeOwned>(checkpoint: &Checkpoint, key: &str) -> Result<T, CheckpointError> {
    let value = checkpoint.state.get(key).and_then(|text| serde_json::from_str(text).ok());
    value.ok_or_else(|| CheckpointError::State { name: key.to_owned() })
}

fn unfit(network: &Network, file: &str, report: &WeightsReport) -> ClassifierError {
    let faults = report.faults();
    let mut table = faults.iter().take(MOST_FAULTS).map(|fault| format!("  {fault}")).collect::<Vec<_>>();
    if faults.len() > MOST_FAULTS {
        table.push(format!("  and {} more", faults.len() - MOST_FAULTS));
    }
    ClassifierError::Unfit {
        file: file.to_owned(),
        network: network.architecture().name.clone(),
        needed: network.parameters().len(),
        matched: report.matched,
        table: table.join("\n"),
    }
}

fn is_toml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

fn read(file: &Path) -> Result<Vec<u8>, ClassifierError> {
    std::fs::read(file).map_err(|source| ClassifierError::Read { file: file.display().to_string(), source })
}
