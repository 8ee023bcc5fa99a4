//! Units carried back to the pixels (Zeiler and Fergus 2013, section 2.1).

use super::{Job, Reply, SeenImages, Step};
use crate::engine::TrainingState;
use crate::experiments::Classifier;
use crate::lens::{Place, Reconstruction, Target, reconstruct};
use crate::nets::{Cut, Rule};
use burn::tensor::Device;
use std::sync::Arc;

/// Values of images that are carried back in one step: 36 of CIFAR's, and one of ImageNet's.
const VALUES_A_STEP: usize = 36 * 3 * 32 * 32;

/// What a network sees of one image.
#[derive(Clone, Debug)]
pub enum SeenImage {
    Picture(Arc<[u8]>),
    OfSet(Arc<SeenImages>, u32),
}

impl SeenImage {
    /// Bytes, `[channels, height, width]`.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Picture(bytes) => bytes,
            Self::OfSet(images, number) => images.image(*number),
        }
    }
}

/// One unit for one image.
#[derive(Clone, Debug)]
pub struct CarryBack {
    pub image: SeenImage,
    pub unit: usize,
    pub place: Place,
}

/// A reconstruction as a picture.
#[derive(Clone, Debug)]
pub struct Carried {
    /// Row and column in the unit's map; none for the whole map.
    pub place: Option<[usize; 2]>,
    /// The unit's activation there; of the whole map the largest.
    pub activation: f32,
    /// The largest magnitude, which is black or white.
    pub scale: f32,
    /// Bytes, `[channels, height, width]`; zero is the grey 128.
    pub picture: Arc<[u8]>,
}

impl Carried {
    pub(super) fn new(found: &Reconstruction) -> Self {
        let scale = found.values.iter().filter(|value| value.is_finite()).fold(0.0_f32, |most, v| most.max(v.abs()));
        let factor = if scale > 0.0 { 127.0 / scale } else { 0.0 };
        let picture = found.values.iter().map(|value| (value * factor + 128.0).clamp(1.0, 255.0) as u8).collect();
        Self { place: found.place, activation: found.activation, scale, picture }
    }
}

/// Targets at one cut, a few a step.
pub(super) struct Reconstructing {
    cut: Cut,
    rule: Rule,
    targets: Vec<CarryBack>,
    done: usize,
    state: Option<TrainingState>,
    /// Of the state.
    own: Option<Classifier>,
}

impl Reconstructing {
    pub(super) fn new(cut: Cut, rule: Rule, targets: Vec<CarryBack>, state: Option<TrainingState>) -> Self {
        Self { cut, rule, targets, done: 0, state, own: None }
    }

    fn open(&mut self) -> Result<(), String> {
        if let (Some(state), None) = (&self.state, &self.own) {
            let opened = Classifier::of_checkpoint(&state.network, &Device::flex());
            self.own = Some(opened.map_err(|error| error.to_string())?);
        }
        Ok(())
    }
}

impl Job for Reconstructing {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        if let Err(reason) = self.open() {
            return Step::failed(&reason);
        }
        let classifier = self.own.as_ref().unwrap_or(classifier);
        let at_once = (VALUES_A_STEP / classifier.input().pixels().max(1)).clamp(1, 256);
        let these = &self.targets[self.done..self.targets.len().min(self.done + at_once)];
        let Some((seen, targets)) = batch(these) else { return Step { reply: None, more: false } };
        match reconstruct(classifier.network(), &classifier.images(&seen), self.cut, &targets, self.rule) {
            Ok(found) => {
                let first = self.done;
                self.done += these.len();
                let reply = Reply::Carried { first, found: found.iter().map(Carried::new).collect() };
                Step { reply: Some(reply), more: self.done < self.targets.len() }
            }
            Err(error) => Step::failed(&error),
        }
    }

    fn is_live(&self) -> bool {
        self.state.is_some()
    }
}

/// Each image once, and the targets among them.
fn batch(these: &[CarryBack]) -> Option<(Vec<&[u8]>, Vec<Target>)> {
    let mut seen: Vec<&[u8]> = Vec::new();
    let targets = these.iter().map(|target| {
        let bytes = target.image.bytes();
        let known = seen.iter().position(|other| std::ptr::eq(*other, bytes));
        let image = known.unwrap_or_else(|| {
            seen.push(bytes);
            seen.len() - 1
        });
        Target { image, unit: target.unit, place: target.place }
    });
    let targets: Vec<Target> = targets.collect();
    (!targets.is_empty() && seen.iter().all(|bytes| !bytes.is_empty())).then_some((seen, targets))
}
