//! Images with labels, kept from one question to the next.

use super::sheets::gather;
use super::{ImageSet, SeenImages};
use crate::experiments::Classifier;
use crate::lens::{CachedActivations, SurgeryOutcome};
use crate::nets::most_likely;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of images that go through the network at once: 64 of MNIST, and 4 of ImageNet's 224 x 224.
const BYTES_AT_ONCE: usize = 640 << 10;
const MOST_AT_ONCE: usize = 64;
/// Bytes of activations that are kept.
const MOST_KEPT: usize = 256 << 20;

/// What is kept of the network that is looked into, of the sets that were used last; another network finds nothing.
#[derive(Clone, Default)]
pub(in crate::engine) struct Kept(Arc<Mutex<VecDeque<Labelled>>>);

/// Two questions may be under way, each about its own set.
const SETS: usize = 2;

/// Images, and what the untouched network makes of them.
pub(super) struct Labelled {
    set: ImageSet,
    images: SeenImages,
    /// Of as many as are known. Images of no known class have the one that the untouched network takes them for.
    labels: Vec<usize>,
    /// Whether the labels are those of the set.
    pub(super) knows_classes: bool,
    /// At the cut that was asked about last.
    pub(super) activations: Option<CachedActivations>,
    /// Of the untouched network, and from how many batches.
    pub(super) whole: (SurgeryOutcome, usize),
}

impl Kept {
    pub(in crate::engine) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Does something with the images of a set, which are gathered first where they are not there.
    pub(super) fn with<T>(
        &self,
        set: &ImageSet,
        classifier: &Classifier,
        work: impl FnOnce(&mut Labelled) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|labelled| labelled.set == *set);
        let known = place.and_then(|place| kept.remove(place));
        let labelled = known.map_or_else(|| Labelled::gather(set, classifier), Ok)?;
        kept.truncate(SETS - 1);
        kept.push_front(labelled);
        work(&mut kept[0])
    }
}

impl Labelled {
    fn gather(set: &ImageSet, classifier: &Classifier) -> Result<Self, String> {
        let images = gather(set, classifier)?;
        let classes = classifier.class_names().len();
        let labels: Vec<usize> = (0..images.len()).map_while(|number| images.label(number as u32)).collect();
        let knows_classes = classifier.tells_apart(&images.class_names)
            && labels.len() == images.len()
            && labels.iter().all(|&label| label < classes);
        Ok(Self {
            set: set.clone(),
            images,
            labels: if knows_classes { labels } else { Vec::new() },
            knows_classes,
            activations: None,
            whole: (SurgeryOutcome::nothing(classifier.network()), 0),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    pub(super) fn batches(&self) -> usize {
        self.len().div_ceil(self.at_once())
    }

    /// Images of the first so many batches.
    pub(super) fn images_of(&self, batches: usize) -> usize {
        self.len().min(batches * self.at_once())
    }

    /// What the network sees of a batch, and its labels.
    pub(super) fn batch(&mut self, classifier: &Classifier, index: usize) -> (Vec<&[u8]>, &[usize]) {
        let Range { start, end } = self.images_of(index)..self.images_of(index + 1);
        let seen: Vec<&[u8]> = (start..end).map(|number| self.images.image(number as u32)).collect();
        if self.labels.len() < end {
            let logits = classifier.logits(&seen);
            self.labels.truncate(start);
            self.labels.extend(logits.iter().map(|row| most_likely(row)));
        }
        (seen, self.labels.get(start..end).unwrap_or_default())
    }

    /// Activations at this cut, as far as they are kept; none where they would take too much room.
    pub(super) fn keep_at(&mut self, classifier: &Classifier, cut: usize) -> Result<(), String> {
        let network = classifier.network();
        let is_small = network
            .cuts()
            .get(cut)
            .is_some_and(|&shape| CachedActivations::bytes(shape, self.images.len()) <= MOST_KEPT);
        if self.activations.as_ref().is_none_or(|kept| kept.cut() != cut) {
            let empty = CachedActivations::new(network, cut).map_err(|error| error.to_string())?;
            self.activations = is_small.then_some(empty);
        }
        Ok(())
    }

    fn at_once(&self) -> usize {
        (BYTES_AT_ONCE / self.images.shape.pixels().max(1)).clamp(1, MOST_AT_ONCE)
    }
}
