//! A network to be looked into, trained or not, and how images become what it sees.

use super::classifier::{Classifier, ClassifierError, Preparation, network_with_weights};
use crate::data::{DataError, ImageFault, decode_image, read_floats};
use crate::nets::{Network, Shape, resolve};
use burn::tensor::{Device, Tensor, TensorData};
use std::path::Path;

/// A network to be looked into.
pub struct Subject {
    network: Network,
    /// None where its input is no picture: it has neither one nor three channels.
    preparation: Option<Preparation>,
}

#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    #[error(transparent)]
    Network(#[from] ClassifierError),
    #[error(
        "the network `{network}` has no trained weights here: give a file of them (--weights), or a seed for random ones \
         (--seed)."
    )]
    Untrained { network: String },
    #[error("could not read {file}: {source}. Check the path and its permissions.")]
    Read { file: String, source: std::io::Error },
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{file} cannot be opened: {fault}.")]
    Image { file: String, fault: ImageFault },
    #[error("{file} is of the shape {found:?}, and the network `{network}` sees {input:?} (channels, height, width).")]
    Shape { file: String, found: Vec<usize>, network: String, input: [usize; 3] },
    #[error(
        "the network `{network}` takes {channels} channels, and pictures have 1 or 3: give the image as the network sees \
         it, in an .npz."
    )]
    NotOfPictures { network: String, channels: usize },
}

/// The array of an `.npz` that is the image.
const IMAGE: &str = "image";

impl Subject {
    /// What [`Classifier::open`] opens, or with `seed` any architecture with random weights. Beside that it need not be a
    /// classifier where `weights` or a `seed` are given: it may end in maps, and take any number of channels.
    ///
    /// # Errors
    /// When a file cannot be read, there are neither weights nor a seed, or the weights do not fit.
    pub fn open(name: &str, weights: Option<&Path>, seed: Option<u64>, device: &Device) -> Result<Self, SubjectError> {
        let network = match (weights, seed) {
            (Some(file), _) => network_with_weights(name, file, device)?,
            (None, Some(seed)) => {
                let architecture = resolve(name).map_err(ClassifierError::from)?;
                Network::new(architecture, seed, device).map_err(ClassifierError::from)?
            }
            (None, None) => {
                let classifier = Classifier::open(name, None, device).map_err(|error| match error {
                    ClassifierError::Untrained { network } => SubjectError::Untrained { network },
                    other => other.into(),
                })?;
                let (network, preparation) = classifier.into_parts();
                return Ok(Self { network, preparation: Some(preparation) });
            }
        };
        let preparation = Preparation::usual(network.architecture());
        Ok(Self { network, preparation })
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// An image file as the network sees it, `[channels, height, width]`, standardised: a picture, which is prepared, or an
    /// `.npz` whose array `image` (or whose only one) is that already, `[channels, height, width]` with or without a batch of
    /// one before it.
    ///
    /// # Errors
    /// When it cannot be read, is no image, or has another shape.
    pub fn image(&self, file: &Path) -> Result<Vec<f32>, SubjectError> {
        let architecture = self.network.architecture();
        let (name, input) = (|| file.display().to_string(), architecture.input);
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
            let (found, values) = read_floats(file, IMAGE)?;
            let expected = <[usize; 3]>::from(input);
            let without_batch = if found.len() == 4 && found[0] == 1 { &found[1..] } else { &found[..] };
            if without_batch != expected {
                let network = architecture.name.clone();
                return Err(SubjectError::Shape { file: name(), found, network, input: expected });
            }
            return Ok(values);
        }
        let Some(preparation) = &self.preparation else {
            let (network, channels) = (architecture.name.clone(), input.channels);
            return Err(SubjectError::NotOfPictures { network, channels });
        };
        let bytes = std::fs::read(file).map_err(|source| SubjectError::Read { file: name(), source })?;
        let picture = decode_image(&bytes, preparation.covers, preparation.fit)
            .map_err(|fault| SubjectError::Image { file: name(), fault })?;
        Ok(preparation.apply(&picture, input))
    }

    /// Images as the network sees them, each `[channels, height, width]`, on its device: `[batch, channels, height, width]`.
    pub fn batch(&self, images: &[&[f32]]) -> Tensor<4> {
        let input: Shape = self.network.architecture().input;
        Tensor::from_data(TensorData::new(images.concat(), input.batched(images.len())), self.network.device())
    }
}
