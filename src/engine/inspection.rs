//! Images as the network of the run in hand sees them.

use super::message::{Answer, ImageSource, Query, RunId};
use super::run::ActiveRun;
use crate::data::Split;
use crate::nets::Shape;
use std::sync::Arc;

/// Test images that are watched while a network learns.
const SAMPLES: usize = 24;

#[derive(Clone, Debug)]
pub struct SampleImage {
    pub source: ImageSource,
    pub label: usize,
    /// `[channels, height, width]`.
    pub pixels: Vec<u8>,
}

/// One image as a network sees it.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub source: ImageSource,
    pub label: Option<usize>,
    /// `[channels, height, width]`.
    pub pixels: Vec<u8>,
    /// One a class.
    pub probabilities: Vec<f32>,
    /// From the first layer up.
    pub activations: Vec<LayerActivation>,
}

#[derive(Clone, Debug)]
pub struct LayerActivation {
    pub layer: String,
    pub shape: Shape,
    /// `[channels, height, width]`.
    pub values: Vec<f32>,
}

/// What the network thinks of the samples of [`Started`](super::message::Started), in their order, and after them of the images of
/// [`Command::WatchImages`](super::message::Command::WatchImages); nothing for an image of another shape.
#[derive(Clone, Debug)]
pub struct SampleProbabilities {
    pub run: RunId,
    pub generation: u64,
    pub probabilities: Vec<Vec<f32>>,
}

impl ActiveRun {
    pub(super) fn sample_probabilities(&self, more: &[Arc<[u8]>]) -> Arc<SampleProbabilities> {
        let values = self.training.network().cuts()[0].units();
        let more = more.iter().map(AsRef::as_ref);
        let images: Vec<&[u8]> = self.samples.iter().map(|sample| sample.pixels.as_slice()).chain(more).collect();
        let fitting: Vec<&[u8]> = images.iter().copied().filter(|image| image.len() == values).collect();
        let mut rows = self.training.probabilities(&fitting).into_iter();
        let row = |image: &&[u8]| if image.len() == values { rows.next().unwrap_or_default() } else { Vec::new() };
        let probabilities = images.iter().map(row).collect();
        Arc::new(SampleProbabilities { run: self.id, generation: self.training.steps(), probabilities })
    }

    pub(super) fn answer(&self, query: Query) -> Answer {
        let Query::Inspect { image } = query else {
            return Answer::Network(Arc::new(self.training.network_alone()));
        };
        let (training, shape) = (&self.training, self.training.network().cuts()[0]);
        match find_image(training.test_split(), training.validation_split(), shape, &image) {
            Ok((pixels, label)) => Answer::Inspection(Box::new(self.inspect(image.clone(), pixels.to_vec(), label))),
            Err(reason) => Answer::Refused(reason),
        }
    }

    fn inspect(&self, source: ImageSource, pixels: Vec<u8>, label: Option<usize>) -> Inspection {
        let network = self.training.network();
        let view = self.training.view(&pixels);
        let layers = network.architecture().layers.iter().zip(&network.cuts()[1..]);
        let activations = layers
            .zip(view.activations)
            .map(|((layer, &shape), values)| LayerActivation { layer: layer.name.clone(), shape, values })
            .collect();
        Inspection { source, label, pixels, probabilities: view.probabilities, activations }
    }
}

/// The first test images.
pub(super) fn samples(test: &Split) -> Arc<[SampleImage]> {
    (0..test.len().min(SAMPLES))
        .map(|index| SampleImage {
            source: ImageSource::Test(index),
            label: test.label(index),
            pixels: test.image(index).to_vec(),
        })
        .collect()
}

/// See [`Started::image`](super::message::Started::image).
pub(super) fn find_image<'a>(
    test: &'a Split,
    validation: Option<&'a Split>,
    shape: Shape,
    source: &'a ImageSource,
) -> Result<(&'a [u8], Option<usize>), String> {
    let from = |split: &'a Split, index: usize| {
        if index >= split.len() {
            return Err(format!("there are only {} images", split.len()));
        }
        Ok((split.image(index), Some(split.label(index))))
    };
    match source {
        ImageSource::Test(index) => from(test, *index),
        ImageSource::Validation(index) => from(validation.ok_or("this run holds no images out")?, *index),
        ImageSource::Pixels(pixels) if pixels.len() == shape.units() => Ok((pixels, None)),
        ImageSource::Pixels(pixels) => {
            Err(format!("the image has {} values, but the network takes {shape}", pixels.len()))
        }
    }
}
