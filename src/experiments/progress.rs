//! How far a run is, beside its steps: what a checkpoint must remember so that it goes on exactly where it stood.

use crate::nets::{Checkpoint, CheckpointError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A place is counted in images, because the batch size may change at any step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progress {
    /// Whole passes over the training images.
    pub(super) epoch: u64,
    /// Images of the present pass that were seen.
    pub(super) images: usize,
    /// Sum of the training loss over the images since the last end of an epoch, and their number.
    loss: (f64, u64),
    /// The step after which the validation images were last evaluated.
    pub(super) validated_at: u64,
    pub(super) best: Option<Best>,
}

/// The lowest loss on the images held out so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// In nats.
    pub loss: f64,
    /// After so many whole epochs.
    pub epoch: u64,
    pub step: u64,
}

impl Progress {
    /// A step on `images` images with this mean loss, in epochs of `epoch_images`.
    pub(super) fn trained(&mut self, images: usize, loss: f64, epoch_images: usize) {
        self.loss = (self.loss.0 + loss * images as f64, self.loss.1 + images as u64);
        self.images += images;
        if self.images >= epoch_images {
            (self.epoch, self.images) = (self.epoch + 1, 0);
        }
    }

    /// The mean training loss since the last end of an epoch; the next epoch begins anew.
    pub(super) fn end_epoch(&mut self) -> f64 {
        let (sum, images) = std::mem::take(&mut self.loss);
        sum / images as f64
    }

    pub(super) fn validated(&mut self, step: u64, loss: f64) {
        self.validated_at = step;
        if self.best.is_none_or(|best| loss < best.loss) {
            self.best = Some(Best { loss, epoch: self.epoch, step });
        }
    }

    pub(super) fn write(&self, state: &mut BTreeMap<String, String>) {
        let mut put = |name: &str, value: String| state.insert(name.to_owned(), value);
        put("epoch", self.epoch.to_string());
        put("images", self.images.to_string());
        put("loss_sum", self.loss.0.to_string());
        put("loss_images", self.loss.1.to_string());
        put("validated_at", self.validated_at.to_string());
        if let Some(best) = self.best {
            put("best_loss", best.loss.to_string());
            put("best_epoch", best.epoch.to_string());
            put("best_step", best.step.to_string());
        }
    }

    /// # Errors
    /// When an entry is missing or is none, or the place is not in an epoch of `epoch_images`.
    pub(super) fn read(
        checkpoint: &Checkpoint,
        epoch_images: usize,
        batch_size: usize,
    ) -> Result<Self, CheckpointError> {
        if !checkpoint.state.contains_key("epoch") {
            return Self::from_step(checkpoint, epoch_images.div_ceil(batch_size), batch_size);
        }
        let best = checkpoint.state.contains_key("best_loss").then(|| {
            Ok::<_, CheckpointError>(Best {
                loss: checkpoint.state("best_loss")?,
                epoch: checkpoint.state("best_epoch")?,
                step: checkpoint.state("best_step")?,
            })
        });
        let progress = Self {
            epoch: checkpoint.state("epoch")?,
            images: checkpoint.state("images")?,
            loss: (checkpoint.state("loss_sum")?, checkpoint.state("loss_images")?),
            validated_at: checkpoint.state("validated_at")?,
            best: best.transpose()?,
        };
        if progress.images >= epoch_images {
            return Err(CheckpointError::State { name: "images".to_owned() });
        }
        Ok(progress)
    }

    /// Of a checkpoint from before the batch size could change.
    fn from_step(checkpoint: &Checkpoint, epoch_steps: usize, batch_size: usize) -> Result<Self, CheckpointError> {
        let step: u64 = checkpoint.state("step")?;
        let epoch_steps = epoch_steps as u64;
        let images = (step % epoch_steps) as usize * batch_size;
        let validated_at = checkpoint.state("validated_at")?;
        Ok(Self { epoch: step / epoch_steps, images, validated_at, ..Self::default() })
    }
}
