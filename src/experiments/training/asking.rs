//! What a network says of images that it is not trained on.

use super::Training;
use crate::data::{Augmentation, Batch, BatchPlan, Split, Standardisation};
use crate::experiments::classifier::Preparation;
use crate::lens::{View, view};
use crate::train::{images_tensor, softmax_rows};

impl Training {
    /// The network's view of an image given as bytes, `[channels, height, width]`.
    pub fn view(&self, pixels: &[u8]) -> View {
        view(self.network(), self.standardised(pixels))
    }

    /// Class probabilities of images given as bytes.
    pub fn probabilities(&self, images: &[&[u8]]) -> Vec<Vec<f32>> {
        let shape = self.train.dataset.shape();
        let values = images.iter().flat_map(|pixels| self.standardised(pixels)).collect();
        let batch = Batch { images: values, labels: vec![0; images.len()], indices: vec![0; images.len()], shape };
        let logits = self.logits(&batch);
        let classes = logits.len() / images.len().max(1);
        softmax_rows(&logits, classes).chunks_exact(classes).map(<[f32]>::to_vec).collect()
    }

    fn standardised(&self, pixels: &[u8]) -> Vec<f32> {
        let mut values = vec![0.0; pixels.len()];
        self.standardisation.apply(self.train.dataset.shape(), pixels, &mut values);
        values
    }

    /// How a picture becomes what the network sees.
    pub(in crate::experiments) fn preparation(&self) -> Preparation {
        Preparation {
            covers: self.train.dataset.shape(),
            fit: self.config.data.images.fit,
            standardisation: self.standardisation.clone(),
        }
    }

    /// How bytes become what the network sees.
    pub fn standardisation(&self) -> &Standardisation {
        &self.standardisation
    }

    /// Of an image given as bytes, `[channels, height, width]`.
    pub fn logits_of(&self, pixels: &[u8]) -> Vec<f32> {
        let (shape, images) = (self.train.dataset.shape(), self.standardised(pixels));
        self.logits(&Batch { images, labels: vec![0], indices: vec![0], shape })
    }

    /// Images as they are, a step's worth at a time.
    pub(in crate::experiments) fn plain_plan(&self, split: &Split) -> BatchPlan {
        self.plan(split, Augmentation::default())
    }

    /// Of a batch, `[batch, classes]`.
    pub fn logits(&self, batch: &Batch) -> Vec<f32> {
        let logits = self.network().forward(images_tensor(batch, self.network().device()));
        logits.into_data().try_into_vec().expect("logits are 32-bit floats")
    }
}
