//! What can be asked of a network that is looked into, and how it is answered: one file a kind of question.

mod guesses;

pub use guesses::{Guessed, SeenAndGuessed};

use crate::data::{ImageShape, Picture};
use crate::experiments::Classifier;
use crate::nets::{Checkpoint, LayerSummary};
use burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A network to look into.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A network that comes trained, or the path of a safetensors file of Glassbox's.
    Named(String),
    /// An architecture, by a preset's name or the path of its TOML file, with weights from a file.
    Weights { network: String, weights: PathBuf },
    /// A network as it stands in a run.
    Run { name: String, checkpoint: Arc<Checkpoint> },
}

impl Subject {
    /// The network with what it is called.
    pub(super) fn open(&self, device: &Device) -> Result<(String, Classifier), String> {
        let opened = match self {
            Self::Named(name) => Classifier::open(name, None, device).map(|classifier| (short(name), classifier)),
            Self::Weights { network, weights } => {
                Classifier::open(network, Some(weights), device).map(|classifier| (short(network), classifier))
            }
            Self::Run { name, checkpoint } => {
                Classifier::of_checkpoint(checkpoint, device).map(|classifier| (name.clone(), classifier))
            }
        };
        opened.map_err(|error| error.to_string())
    }
}

/// A path's last part without its ending.
fn short(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// The most probable classes of pictures.
    Guesses { pictures: Vec<Picture>, top: usize },
}

/// What comes back. What takes long comes in pieces: each reply has all that is known so far.
#[derive(Clone, Debug)]
pub enum Reply {
    Loaded(Arc<Facts>),
    /// Why there is no answer.
    Failed(String),
    /// In the order of the pictures.
    Guesses(Vec<Guessed>),
}

/// What is known of a network.
#[derive(Clone, Debug)]
pub struct Facts {
    pub name: String,
    pub architecture: String,
    pub input: ImageShape,
    pub class_names: Vec<String>,
    pub layers: Vec<LayerSummary>,
    pub parameters: u64,
}

impl Reply {
    pub(super) fn facts(name: String, classifier: &Classifier) -> Self {
        let architecture = classifier.network().architecture();
        // It is a network already, so its layers fit.
        let layers = architecture.summary().unwrap_or_default();
        Self::Loaded(Arc::new(Facts {
            name,
            architecture: architecture.name.clone(),
            input: classifier.input(),
            class_names: classifier.class_names().to_vec(),
            parameters: layers.iter().map(|layer| layer.parameters).sum(),
            layers,
        }))
    }
}

/// Work on one question.
pub(super) trait Job: Send {
    /// A step of it.
    fn advance(&mut self, classifier: &Classifier) -> Step;
}

/// What came of a step.
pub(super) struct Step {
    pub(super) reply: Option<Reply>,
    pub(super) more: bool,
}

/// The work that a question asks for.
pub(super) fn begin(question: Question) -> Box<dyn Job> {
    match question {
        Question::Guesses { pictures, top } => Box::new(guesses::Guessing::new(pictures, top)),
    }
}
