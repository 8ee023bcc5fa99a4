//! What a trained network does with some of its units changed and layers left out, and without each unit of a layer in turn
//! (Zeiler and Fergus 2013, section 5.1 and table 3, without retraining).

use super::labelled::{Kept, Labelled};
use super::{ImageSet, Job, Reply, Step};
use crate::experiments::Classifier;
use crate::lens::{CachedActivations, Change, SilencingSweep, Surgery, SurgeryOutcome, UnitCost, logits_after};
use crate::nets::{Network, softmax_at};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Results in the making are shown this often.
const SHOW_EVERY: Duration = Duration::from_millis(150);
/// A step of a sweep takes about this long.
const STEP: Duration = Duration::from_millis(30);

/// Something done to a network. Cuts are indices of whole layers' outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// To a unit, everywhere in its map.
    Unit { cut: usize, unit: usize, change: Change },
    /// All units of a layer.
    SilenceLayer { cut: usize },
    /// The layer below this cut passes on what it is given, which must have the shape of what it gives.
    LeaveOut { cut: usize },
}

#[derive(Clone, Debug, PartialEq)]
pub struct SurgeryQuestion {
    pub images: ImageSet,
    /// What the network sees of the picture that is watched.
    pub picture: Option<Arc<[u8]>>,
    pub operations: Vec<Operation>,
    /// Activations at this cut are kept while there are no operations: the first one will most likely be here.
    pub cut: usize,
}

/// What is known so far.
#[derive(Clone, Debug)]
pub struct SurgerySeen {
    /// Probabilities of the classes for the picture, before and after.
    pub picture: Option<[Vec<f64>; 2]>,
    /// Of the images that have gone through the untouched network, in the end all.
    pub before: SurgeryOutcome,
    /// Of the images that are done.
    pub after: SurgeryOutcome,
    /// Images that are done, and all of them.
    pub done: usize,
    pub total: usize,
    /// Whether the classes of the images are known. If not, those that the untouched network takes them for count as right.
    pub is_labelled: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SweepQuestion {
    pub images: ImageSet,
    pub cut: usize,
}

/// What is known so far: of the images that are done.
#[derive(Clone, Debug)]
pub struct SweepSeen {
    pub cut: usize,
    /// `[units]`.
    pub costs: Vec<UnitCost>,
    /// Errors of the whole network.
    pub errors: usize,
    /// Images that every unit was silenced on, and all of them.
    pub done: usize,
    pub total: usize,
    pub is_labelled: bool,
}

pub(super) struct Operating {
    question: SurgeryQuestion,
    kept: Kept,
    work: Option<Work>,
}

struct Work {
    surgeries: BTreeMap<usize, Surgery>,
    picture: Option<[Vec<f64>; 2]>,
    after: SurgeryOutcome,
    batches: usize,
    cut: usize,
    shown: Instant,
}

impl Operating {
    pub(super) fn new(question: SurgeryQuestion, kept: Kept) -> Self {
        Self { question, kept, work: None }
    }

    fn step(&mut self, classifier: &Classifier) -> Result<Step, String> {
        let Some(work) = &mut self.work else {
            let work = Work::begin(&self.question, classifier)?;
            let reply = work.show(None);
            self.work = Some(work);
            return Ok(Step { reply: Some(reply), more: true });
        };
        self.kept.with(&self.question.images, classifier, |labelled| work.advance(classifier, labelled))
    }
}

impl Job for Operating {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        self.step(classifier).unwrap_or_else(|reason| Step::failed(&reason))
    }
}

impl Work {
    fn begin(question: &SurgeryQuestion, classifier: &Classifier) -> Result<Self, String> {
        let network = classifier.network();
        let surgeries = surgeries(network, &question.operations);
        let probabilities = |seen: &Arc<[u8]>, surgeries: &BTreeMap<usize, Surgery>| {
            let logits = logits_after(network, classifier.images(&[seen]), 0, surgeries).map_err(|e| e.to_string())?;
            let logits: Vec<f32> = logits.into_data().try_into_vec().unwrap_or_default();
            Ok::<_, String>(softmax_at(&logits, 1.0))
        };
        let both = |seen| Ok::<_, String>([probabilities(seen, &BTreeMap::new())?, probabilities(seen, &surgeries)?]);
        let picture = question.picture.as_ref().map(both).transpose()?;
        let after = SurgeryOutcome::nothing(network);
        Ok(Self { surgeries, picture, after, batches: 0, cut: question.cut, shown: Instant::now() })
    }

    fn advance(&mut self, classifier: &Classifier, labelled: &mut Labelled) -> Result<Step, String> {
        let network = classifier.network();
        if self.surgeries.is_empty() && labelled.whole.1 == labelled.batches() {
            self.after.clone_from(&labelled.whole.0);
            return Ok(Step { reply: Some(self.show(Some(labelled))), more: false });
        }
        // Nothing below the lowest operation changes.
        let cut = self.surgeries.keys().next().copied().unwrap_or(self.cut);
        labelled.keep_at(classifier, cut)?;
        let mut kept = labelled.activations.take();
        let mut once = CachedActivations::new(network, cut).map_err(|error| error.to_string())?;
        let (activations, batch) = match &mut kept {
            Some(kept) if kept.batches() >= self.batches => (kept, self.batches),
            _ => (&mut once, 0),
        };
        if activations.batches() == batch {
            let (seen, labels) = labelled.batch(classifier, self.batches);
            activations.add(network, classifier.images(&seen), labels).map_err(|error| error.to_string())?;
        }
        let add = |surgeries, outcome: &mut _| {
            activations.add_outcome_of_all(network, surgeries, batch, outcome).map_err(|error| error.to_string())
        };
        add(&self.surgeries, &mut self.after)?;
        if labelled.whole.1 == self.batches {
            add(&BTreeMap::new(), &mut labelled.whole.0)?;
            labelled.whole.1 += 1;
        }
        labelled.activations = kept;
        self.batches += 1;
        let more = self.batches < labelled.batches();
        let is_due = !more || self.shown.elapsed() >= SHOW_EVERY;
        if is_due {
            self.shown = Instant::now();
        }
        Ok(Step { reply: is_due.then(|| self.show(Some(labelled))), more })
    }

    fn show(&self, labelled: Option<&Labelled>) -> Reply {
        Reply::Surgery(Arc::new(SurgerySeen {
            picture: self.picture.clone(),
            before: labelled.map_or_else(|| self.after.clone(), |labelled| labelled.whole.0.clone()),
            after: self.after.clone(),
            done: self.after.images,
            total: labelled.map_or(0, Labelled::len),
            is_labelled: labelled.is_some_and(|labelled| labelled.knows_classes),
        }))
    }
}

/// What is to be done at each cut. Operations that do not fit are found when they are done.
fn surgeries(network: &Network, operations: &[Operation]) -> BTreeMap<usize, Surgery> {
    let mut surgeries: BTreeMap<usize, Surgery> = BTreeMap::new();
    for operation in operations {
        match *operation {
            Operation::Unit { cut, unit, change } => surgeries.entry(cut).or_default().changes.push((unit, change)),
            Operation::SilenceLayer { cut } => {
                let units = network.cuts().get(cut).map_or(0, |shape| shape.channels);
                let all = (0..units).map(|unit| (unit, Change::Silence));
                surgeries.entry(cut).or_default().changes.extend(all);
            }
            Operation::LeaveOut { cut } => {
                surgeries.entry(cut.saturating_sub(1)).or_default().resume = Some(cut);
            }
        }
    }
    surgeries
}

pub(super) struct Sweeping {
    question: SweepQuestion,
    kept: Kept,
    sweep: Option<SilencingSweep>,
    batches: usize,
    /// Whether a batch is in hand.
    is_inside: bool,
}

impl Sweeping {
    pub(super) fn new(question: SweepQuestion, kept: Kept) -> Self {
        Self { question, kept, sweep: None, batches: 0, is_inside: false }
    }

    fn step(&mut self, classifier: &Classifier) -> Result<Step, String> {
        let (network, cut) = (classifier.network(), self.question.cut);
        let mut sweep = match self.sweep.take() {
            Some(sweep) => sweep,
            None => SilencingSweep::new(network, cut).map_err(|error| error.to_string())?,
        };
        let (batches, is_inside) = (&mut self.batches, &mut self.is_inside);
        let step = self.kept.with(&self.question.images, classifier, |labelled| {
            if !*is_inside {
                let (seen, labels) = labelled.batch(classifier, *batches);
                sweep.take(network, classifier.images(&seen), labels).map_err(|error| error.to_string())?;
            }
            let began = Instant::now();
            *is_inside = true;
            while *is_inside && began.elapsed() < STEP {
                *is_inside = sweep.advance(network);
            }
            *batches += usize::from(!*is_inside);
            let seen = || SweepSeen {
                cut,
                costs: sweep.costs(),
                errors: sweep.errors(),
                done: sweep.images(),
                total: labelled.len(),
                is_labelled: labelled.knows_classes,
            };
            let reply = (!*is_inside).then(|| Reply::Sweep(Arc::new(seen())));
            Ok(Step { reply, more: *batches < labelled.batches() })
        })?;
        self.sweep = Some(sweep);
        Ok(step)
    }
}

impl Job for Sweeping {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        self.step(classifier).unwrap_or_else(|reason| Step::failed(&reason))
    }
}
