//! The networks that come trained: `assets/networks/README.md` says how each was made.

use crate::nets::{Checkpoint, CheckpointError};

macro_rules! trained {
    ($($name:literal: $about:literal),* $(,)?) => {
        [$(Trained {
            name: $name,
            about: $about,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/networks/", $name, ".safetensors")),
        }),*]
    };
}

/// A network that comes trained.
#[derive(Clone, Copy)]
pub struct Trained {
    /// What to ask for.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    bytes: &'static [u8],
}

static TRAINED: [Trained; 5] = trained![
    "convnet-mnist": "two convolutions, of digits (MNIST)",
    "efficientnet-lite0": "EfficientNet-Lite0, of photographs (ImageNet)",
    "teacher": "a perceptron of digits, the teacher of the Distill lab",
    "student-hard": "a perceptron of digits, from labels",
    "student-distilled": "a perceptron of digits, from the teacher's soft targets",
];

/// All networks that come trained.
pub fn trained_networks() -> &'static [Trained] {
    &TRAINED
}

impl Trained {
    pub fn named(name: &str) -> Option<&'static Self> {
        TRAINED.iter().find(|trained| trained.name == name)
    }

    /// The network, with how pictures are prepared for it.
    ///
    /// # Errors
    /// Never, for what a test has read.
    pub fn checkpoint(&self) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::from_bytes(self.bytes, &format!("the network `{}` that comes trained", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Classifier;
    use burn::tensor::Device;

    #[test]
    fn each_can_be_asked_about_pictures() {
        for trained in trained_networks() {
            let classifier = Classifier::of_checkpoint(&trained.checkpoint().unwrap(), &Device::flex()).unwrap();
            assert!(classifier.class_names().len() >= 10, "{}", trained.name);
        }
    }
}
