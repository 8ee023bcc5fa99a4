//! How what a unit looks for changed while its network learned (Zeiler and Fergus 2013, section 4 and figure 4).

use super::sheets::gather;
use super::{Carried, ImageSet, Job, Reply, SeenImages, Step};
use crate::engine::TrainingState;
use crate::experiments::Classifier;
use crate::lens::{Place, StrongestImages, Target, TopEntry, reconstruct};
use crate::nets::{Checkpoint, Cut, Rule};
use burn::tensor::Device;
use std::sync::Arc;

/// Bytes of images that go through the network at once.
const BYTES_AT_ONCE: usize = 640 << 10;
const MOST_AT_ONCE: usize = 64;

/// A unit of one network at several steps of its training. In each state its strongest image of the set is found anew.
#[derive(Clone, Debug)]
pub struct EvolutionQuestion {
    pub states: Vec<TrainingState>,
    pub cut: Cut,
    pub unit: usize,
    pub rule: Rule,
    pub images: ImageSet,
    /// An earlier answer about states of the same run: what it knows is not looked for again.
    pub known: Option<Arc<Evolution>>,
}

/// The frames that are known, in the order of the states.
#[derive(Clone, Debug)]
pub struct Evolution {
    pub cut: Cut,
    pub unit: usize,
    pub rule: Rule,
    pub set: ImageSet,
    pub images: Arc<SeenImages>,
    pub frames: Vec<EvolutionFrame>,
    /// So many there will be.
    pub total: usize,
}

/// One state.
#[derive(Clone, Debug)]
pub struct EvolutionFrame {
    pub step: u64,
    pub epoch: f64,
    /// As it stood then.
    pub network: Arc<Checkpoint>,
    /// The strongest image of every unit at the cut; none of a unit whose activations are not finite.
    pub strongest: Arc<[Option<TopEntry>]>,
    /// That of the unit in question, carried back.
    pub carried: Option<Carried>,
}

impl EvolutionFrame {
    fn is_of(&self, state: &TrainingState) -> bool {
        Arc::ptr_eq(&self.network, &state.network)
    }
}

impl Evolution {
    /// Whether it is about this unit.
    pub fn is_of(&self, cut: Cut, unit: usize, rule: Rule) -> bool {
        (self.cut, self.unit, self.rule) == (cut, unit, rule)
    }

    /// The strongest image of the unit in a frame.
    pub fn strongest(&self, frame: usize) -> Option<TopEntry> {
        self.frames.get(frame)?.strongest.get(self.unit).copied().flatten()
    }
}

pub(super) struct Evolving {
    question: EvolutionQuestion,
    images: Option<Arc<SeenImages>>,
    frames: Vec<EvolutionFrame>,
    pass: Option<Pass>,
}

/// One state on its way through the images.
struct Pass {
    classifier: Classifier,
    found: StrongestImages,
    done: usize,
}

impl Evolving {
    pub(super) fn new(mut question: EvolutionQuestion) -> Self {
        question.known = question.known.take().filter(|known| known.set == question.images);
        let images = question.known.as_ref().map(|known| Arc::clone(&known.images));
        Self { question, images, frames: Vec::new(), pass: None }
    }

    /// Returns whether a frame was finished.
    fn go_on(&mut self) -> Result<bool, String> {
        let Some(state) = self.question.states.get(self.frames.len()) else { return Ok(true) };
        if let Some(frame) = self.known(state) {
            self.frames.push(frame);
            return Ok(true);
        }
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => self.begin(state)?,
        };
        let images = match &self.images {
            Some(images) => Arc::clone(images),
            None => Arc::clone(self.images.insert(Arc::new(gather(&self.question.images, &pass.classifier)?))),
        };
        let strongest = match self.strongest_known(state) {
            Some(strongest) => strongest,
            None if pass.advance(&images, self.question.cut) => {
                self.pass = Some(pass);
                return Ok(false);
            }
            None => pass.found.into_best().into(),
        };
        let entry = strongest.get(self.question.unit).copied().flatten();
        let carried = entry.map(|entry| self.carry_back(&pass.classifier, images.image(entry.image), entry));
        let (step, epoch, network) = (state.step, state.epoch, Arc::clone(&state.network));
        let carried = carried.transpose()?;
        self.frames.push(EvolutionFrame { step, epoch, network, strongest, carried });
        Ok(true)
    }

    /// Opens a state, and sees whether it has such a unit.
    fn begin(&self, state: &TrainingState) -> Result<Pass, String> {
        let classifier =
            Classifier::of_checkpoint(&state.network, &Device::flex()).map_err(|error| error.to_string())?;
        let (architecture, cut, unit) = (classifier.network().architecture(), self.question.cut, self.question.unit);
        let shape = architecture.every_cut().contains(&cut).then(|| architecture.cut_shape(cut));
        match shape {
            Some(Ok(shape)) if unit < shape.channels => {
                Ok(Pass { found: StrongestImages::new(shape, state.step), classifier, done: 0 })
            }
            _ => Err(format!("the network of step {} has no such unit", state.step)),
        }
    }

    /// A frame that is as it was.
    fn known(&self, state: &TrainingState) -> Option<EvolutionFrame> {
        let EvolutionQuestion { cut, unit, rule, known, .. } = &self.question;
        let known = known.as_ref().filter(|known| known.is_of(*cut, *unit, *rule))?;
        known.frames.iter().find(|frame| frame.is_of(state)).cloned()
    }

    /// What is known of every unit at the cut in a state.
    fn strongest_known(&self, state: &TrainingState) -> Option<Arc<[Option<TopEntry>]>> {
        let known = self.question.known.as_ref().filter(|known| known.cut == self.question.cut)?;
        let frame = known.frames.iter().find(|frame| frame.is_of(state))?;
        Some(Arc::clone(&frame.strongest))
    }

    fn carry_back(&self, classifier: &Classifier, image: &[u8], entry: TopEntry) -> Result<Carried, String> {
        let EvolutionQuestion { cut, unit, rule, .. } = self.question;
        let target = Target { image: 0, unit, place: Place::At([entry.y as usize, entry.x as usize]) };
        let found = reconstruct(classifier.network(), &classifier.images(&[image]), cut, &[target], rule);
        let found = found.map_err(|error| error.to_string())?;
        found.first().map(Carried::new).ok_or_else(|| "nothing was carried back".to_owned())
    }

    fn shown(&self) -> Option<Reply> {
        let EvolutionQuestion { cut, unit, rule, images: set, states, .. } = &self.question;
        Some(Reply::Evolution(Arc::new(Evolution {
            cut: *cut,
            unit: *unit,
            rule: *rule,
            set: set.clone(),
            images: Arc::clone(self.images.as_ref()?),
            frames: self.frames.clone(),
            total: states.len(),
        })))
    }
}

impl Job for Evolving {
    fn advance(&mut self, _: &Classifier) -> Step {
        match self.go_on() {
            Ok(is_done) => {
                let reply = if is_done { self.shown() } else { None };
                Step { reply, more: self.frames.len() < self.question.states.len() }
            }
            Err(reason) => Step::failed(&reason),
        }
    }
}

impl Pass {
    /// A few images more; whether there were any left.
    fn advance(&mut self, images: &SeenImages, cut: Cut) -> bool {
        let count = (BYTES_AT_ONCE / images.shape.pixels()).clamp(1, MOST_AT_ONCE);
        let numbers = self.done..images.len().min(self.done + count);
        if numbers.is_empty() {
            return false;
        }
        let seen: Vec<&[u8]> = numbers.clone().map(|number| images.image(number as u32)).collect();
        self.found.observe(&self.classifier.activations(&seen, cut), self.done as u32);
        self.done = numbers.end;
        true
    }
}
