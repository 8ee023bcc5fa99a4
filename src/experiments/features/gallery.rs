//! What the exhibits look at: a trained network, and images as it sees them.

use super::results::Findings;
use crate::data::{Bounds, ImageShape, Picture, Split};
use crate::experiments::{Classifier, ConfigError, RunError};
use crate::lens::{Fill, Region};
use crate::nets::{Checkpoint, LayerKind, Network, Shape, most_likely};
use burn::tensor::{Device, Tensor};
use std::fmt::Display;

/// A trained network and images.
pub(super) struct Gallery {
    pub(super) classifier: Classifier,
    /// Bytes that the network sees, `[channels, height, width]` each.
    pub(super) images: Vec<Vec<u8>>,
    /// The true class of each; where the data has other classes than the network, the one that it finds most probable.
    pub(super) classes: Vec<usize>,
    /// Where the object is, of scenes.
    pub(super) objects: Vec<Region>,
    /// Standardised value of each channel of what is hidden.
    pub(super) fill: Vec<f32>,
    pub(super) layers: Vec<FeatureLayer>,
}

/// A layer with weights, below the one that gives the classes.
#[derive(Clone, Debug)]
pub(super) struct FeatureLayer {
    pub(super) name: String,
    /// The cut below its weights.
    pub(super) input: usize,
    /// Above its nonlinearity.
    pub(super) cut: usize,
    pub(super) shape: Shape,
}

/// An exhibit in the making.
pub(super) trait Look: Send {
    /// A piece of the work. Says whether there is more.
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError>;

    /// How much is done, from 0 to 1.
    fn share(&self) -> f64;

    /// What was found, once there is no more to do. Returns pictures with their names.
    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)>;
}

impl Gallery {
    /// Of labelled images.
    pub(super) fn new(network: &Checkpoint, split: &Split, fill: Fill, device: &Device) -> Result<Self, RunError> {
        let classifier = Classifier::of_checkpoint(network, device).map_err(refused)?;
        let images = seen(&classifier, split)?;
        let has_labels = classifier.tells_apart(split.dataset.class_names());
        let classes = has_labels.then(|| (0..split.len()).map(|index| split.label(index)).collect());
        Ok(Self::of_images(classifier, images, classes, fill))
    }

    /// Of pictures from anywhere.
    pub(super) fn of_pictures(
        network: &Checkpoint,
        pictures: &[Picture],
        fill: Fill,
        device: &Device,
    ) -> Result<Self, RunError> {
        let classifier = Classifier::of_checkpoint(network, device).map_err(refused)?;
        let images =
            pictures.iter().map(|picture| classifier.seen(picture).map_err(refused)).collect::<Result<_, _>>()?;
        Ok(Self::of_images(classifier, images, None, fill))
    }

    fn of_images(classifier: Classifier, images: Vec<Vec<u8>>, classes: Option<Vec<usize>>, fill: Fill) -> Self {
        let most_probable = |image: &Vec<u8>| classifier.logits(&[image]).first().map_or(0, |row| most_likely(row));
        let classes = classes.unwrap_or_else(|| images.iter().map(most_probable).collect());
        let fill = fill.values(&classifier.preparation().standardisation);
        let layers = feature_layers(classifier.network());
        Self { classifier, images, classes, objects: Vec::new(), fill, layers }
    }

    /// The same of scenes.
    pub(super) fn with_objects(mut self, boxes: impl Iterator<Item = Bounds>) -> Self {
        let region = |bounds: Bounds| Region {
            top: bounds.top,
            left: bounds.left,
            height: bounds.bottom - bounds.top,
            width: bounds.right - bounds.left,
        };
        self.objects = boxes.map(region).collect();
        self
    }

    pub(super) fn network(&self) -> &Network {
        self.classifier.network()
    }

    pub(super) fn shape(&self) -> Shape {
        self.network().architecture().input
    }

    /// Standardised, `[channels, height, width]`.
    pub(super) fn values(&self, image: usize) -> Vec<f32> {
        let mut values = vec![0.0; self.images[image].len()];
        let standardisation = &self.classifier.preparation().standardisation;
        standardisation.apply(self.classifier.input(), &self.images[image], &mut values);
        values
    }

    /// Standardised, `[n, channels, height, width]`.
    pub(super) fn batch(&self, images: &[usize]) -> Tensor<4> {
        let seen: Vec<&[u8]> = images.iter().map(|&image| self.images[image].as_slice()).collect();
        self.classifier.images(&seen)
    }

    /// What crosses a cut, `[channels, height, width]`.
    pub(super) fn activations(&self, image: usize, cut: usize) -> Vec<f32> {
        self.classifier.activations(&[&self.images[image]], cut.into())
    }

    pub(super) fn is_right(&self, image: usize) -> bool {
        self.classifier.logits(&[&self.images[image]]).first().map(|row| most_likely(row)) == Some(self.classes[image])
    }

    /// The topmost layer whose features have places.
    pub(super) fn last_map(&self) -> Option<&FeatureLayer> {
        self.layers.iter().rev().find(|layer| layer.has_places())
    }
}

impl FeatureLayer {
    pub(super) fn has_places(&self) -> bool {
        self.shape.height * self.shape.width > 1
    }
}

/// A question that a network cannot answer.
pub(super) fn refused(error: impl Display) -> RunError {
    ConfigError::Check(error.to_string()).into()
}

/// The images of a split as a network sees them.
fn seen(classifier: &Classifier, split: &Split) -> Result<Vec<Vec<u8>>, RunError> {
    let (shape, input): (ImageShape, ImageShape) = (split.shape(), classifier.input());
    let is_as_seen = shape == input && classifier.preparation().covers == input;
    let image = |index: usize| {
        if is_as_seen {
            return Ok(split.image(index).to_vec());
        }
        let picture = Picture::of_pixels("", shape, split.image(index));
        let picture = picture.ok_or_else(|| refused(format!("images of {shape} are no pictures")))?;
        classifier.seen(&picture).map_err(refused)
    };
    (0..split.len()).map(image).collect()
}

/// From below, each with the cut above the normalisation and the nonlinearity that follow its weights.
fn feature_layers(network: &Network) -> Vec<FeatureLayer> {
    let layers = &network.architecture().layers;
    let has_weights =
        |kind: &LayerKind| matches!(kind, LayerKind::Conv2d(_) | LayerKind::Linear(_) | LayerKind::Block(_));
    let follows = |kind: &LayerKind| kind.is_nonlinearity() || matches!(kind, LayerKind::BatchNorm(_));
    let weighted: Vec<usize> = (0..layers.len()).filter(|&index| has_weights(&layers[index].kind)).collect();
    let hidden = weighted.split_last().map_or(&[][..], |(_, hidden)| hidden);
    let feature_layer = |&index: &usize| {
        let above = layers[index + 1..].iter().take_while(|layer| follows(&layer.kind)).count();
        let cut = index + 1 + above;
        FeatureLayer { name: layers[index].name.clone(), input: index, cut, shape: network.cuts()[cut] }
    };
    hidden.iter().map(feature_layer).collect()
}

/// The cut below the weights that give the classes: what these are told by.
pub(super) fn top_features(network: &Network) -> usize {
    let layers = &network.architecture().layers;
    layers.iter().rposition(|layer| matches!(layer.kind, LayerKind::Linear(_))).unwrap_or(network.top())
}

/// Of two vectors; none where one of them is zero.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    (lengths > 0.0).then(|| dot(a, b) / lengths)
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.into_iter().fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
