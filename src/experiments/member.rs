//! One network of an experiment of several: its training, and what is known of it.

use crate::experiments::observer::{Advance, Observer};
use crate::experiments::protocol::{MemberState, Named, Role, Status};
use crate::experiments::training::Pending;
use crate::experiments::{Config, EarlyResult, MemberResult};
use crate::experiments::{Guide, RunError, Training};
use crate::nets::{Architecture, Checkpoint, NamedArray};
use crate::train::Evaluation;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

pub(super) const OBJECTIVE: &str = "objective";
/// Of a specialist.
pub(super) const CLASSES: &str = "classes";

pub(super) struct Member {
    pub(super) state: MemberState,
    pub(super) seed: u64,
    /// None until its turn comes.
    pub(super) training: Option<Training>,
    /// Whether to keep the network with the lowest validation loss.
    keeps_best: bool,
    /// Its epoch and arrays.
    best: Option<(u64, Vec<NamedArray>)>,
    /// Whether it had learned before.
    was_taken_up: bool,
    /// What is still to be looked at once it has learned, and what was seen.
    looks: VecDeque<Look>,
    looking: Option<Pending>,
    train_accuracy: Option<f64>,
    early: Option<EarlyResult>,
    pub(super) result: Option<MemberResult>,
}

/// An evaluation beside those of every training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The images that it learned from.
    Train,
    /// The same two, as it was at its lowest validation loss.
    BestTest,
    BestTrain,
}

impl Member {
    pub(super) fn new(
        name: String,
        role: Role,
        architecture: &Architecture,
        objective: String,
        seed: u64,
        epochs: u64,
        keeps_best: bool,
    ) -> Self {
        let parameters = architecture.summary().map_or(0, |rows| rows.iter().map(|row| row.parameters).sum::<u64>());
        let state = MemberState {
            name,
            role,
            network: architecture.name.clone(),
            parameters,
            objective,
            classes: Arc::default(),
            status: Status::Waiting,
            step: 0,
            total_steps: 0,
            epoch: 0.0,
            epochs,
            seconds: 0.0,
            images_per_second: 0.0,
            validation: None,
            test: None,
        };
        Self {
            state,
            seed,
            training: None,
            keeps_best,
            best: None,
            was_taken_up: false,
            looks: VecDeque::from([Look::Train]),
            looking: None,
            train_accuracy: None,
            early: None,
            result: None,
        }
    }

    /// Nobody asks how well it knows the images that it learned from.
    pub(super) fn skip_looks(&mut self) {
        self.looks.clear();
    }

    /// Its turn has come.
    pub(super) fn begin(&mut self, training: Training) {
        self.state.status = Status::Training;
        self.state.total_steps = training.total_steps();
        self.training = Some(training);
    }

    /// It has learned already: what is left is to evaluate it.
    ///
    /// # Errors
    /// When the checkpoint is of another network.
    pub(super) fn take_up(&mut self, mut training: Training, checkpoint: &Checkpoint) -> Result<(), RunError> {
        training.take_up(&checkpoint.arrays, checkpoint.state("step")?)?;
        // What was looked at once it had learned stands in the checkpoint, where it was looked at.
        self.skip_looks();
        self.train_accuracy = checkpoint.state("train_accuracy").ok();
        self.early = checkpoint.state::<String>("early").ok().and_then(|early| serde_json::from_str(&early).ok());
        self.state.step = training.steps();
        self.was_taken_up = true;
        self.begin(training);
        if let Ok(seconds) = checkpoint.state::<f64>("seconds") {
            self.state.seconds = seconds;
        }
        Ok(())
    }

    /// Work left and done, in steps weighted by size.
    pub(super) fn work(&self, steps_if_waiting: u64) -> (f64, f64) {
        let weight = self.state.parameters.max(1) as f64;
        let total = if self.training.is_some() { self.state.total_steps } else { steps_if_waiting };
        let done = if self.state.status == Status::Done { total } else { self.state.step.min(total) };
        (weight * done as f64, weight * total as f64)
    }

    /// One small step. Returns what it did; the member is done after `Finished`.
    ///
    /// # Errors
    /// When something stopped being a finite number.
    pub(super) fn advance(&mut self, guide: Guide<'_>, observer: &mut dyn Observer) -> Result<Advance, RunError> {
        let began = Instant::now();
        let Some(training) = &mut self.training else { return Ok(Advance::Evaluated) };
        if training.is_finished() {
            let looked = self.look()?;
            self.state.seconds += began.elapsed().as_secs_f64();
            return Ok(looked);
        }
        let mut named = Named::new(&self.state.name, observer, self.was_taken_up);
        let advance = training.advance_guided(guide, &mut named)?;
        let (validation, test) = (named.validation, named.test);
        let seconds = began.elapsed().as_secs_f64();
        let state = &mut self.state;
        state.seconds += seconds;
        (state.step, state.epoch) = (training.steps(), training.epoch());
        if let Advance::Trained { images } = advance {
            let pace = images as f64 / seconds.max(1e-9);
            let share = if state.images_per_second == 0.0 { 1.0 } else { 0.05 };
            state.images_per_second += share * (pace - state.images_per_second);
        }
        if let Some(validation) = validation {
            state.validation = Some(Arc::new(validation));
        }
        if let Some(test) = test {
            state.test = Some(Arc::new(test));
        }
        let is_best = training.best().is_some_and(|best| best.step == training.steps());
        if advance == Advance::EpochDone && self.keeps_best && is_best {
            self.best = Some((training.best().map_or(0, |best| best.epoch), training.network().to_arrays()));
        }
        if advance == Advance::Finished {
            training.rest();
            if self.best.is_some() {
                self.looks.extend([Look::BestTest, Look::BestTrain]);
            }
            return Ok(Advance::Evaluated);
        }
        Ok(advance)
    }

    /// A piece of what is still to be looked at. `Finished` after the last.
    fn look(&mut self) -> Result<Advance, RunError> {
        let (Some(training), Some(&look)) = (&mut self.training, self.looks.front()) else {
            self.finish();
            return Ok(Advance::Finished);
        };
        let images = if look == Look::BestTest { training.test_split() } else { training.train_split() };
        let looking = self.looking.get_or_insert_with(|| training.pending_of(images));
        let last = match &self.best {
            Some((_, best)) if look != Look::Train => {
                let last = training.network().to_arrays();
                training.load_network(best)?;
                Some(last)
            }
            _ => None,
        };
        // So many at once, because the networks are exchanged each time.
        let pieces = if last.is_some() { 16 } else { 1 };
        let is_over = (0..pieces).any(|_| !looking.advance(|batch| training.logits(batch)));
        if let Some(last) = last {
            training.load_network(&last)?;
        }
        if let Some(looked) = self.looking.take_if(|_| is_over) {
            self.looks.pop_front();
            self.note(look, &looked.finish(self.state.step));
        }
        Ok(Advance::Evaluated)
    }

    fn note(&mut self, look: Look, found: &Evaluation) {
        let epoch = self.best.as_ref().map_or(0, |(epoch, _)| *epoch);
        match (look, &mut self.early) {
            (Look::Train, _) => self.train_accuracy = Some(found.accuracy),
            (Look::BestTest, early) => {
                *early = Some(EarlyResult { epoch, test_errors: found.errors, train_accuracy: 0.0 });
            }
            (Look::BestTrain, Some(early)) => early.train_accuracy = found.accuracy,
            (Look::BestTrain, None) => {}
        }
    }

    fn finish(&mut self) {
        let (state, Some(training)) = (&mut self.state, &self.training) else { return };
        state.status = Status::Done;
        let Some(test) = &state.test else { return };
        self.result = Some(MemberResult {
            name: state.name.clone(),
            role: state.role,
            network: state.network.clone(),
            parameters: state.parameters,
            objective: state.objective.clone(),
            loss: training.loss(),
            seed: self.seed,
            epochs: state.epochs,
            steps: state.step,
            seconds: state.seconds,
            train_images: training.train_split().len(),
            train_accuracy: self.train_accuracy,
            validation_images: state.validation.as_ref().map_or(0, |validation| validation.examples),
            validation_errors: state.validation.as_ref().map(|validation| validation.errors),
            test_images: test.examples,
            test_errors: test.errors,
            test_loss: test.loss,
            class_errors: class_errors(test),
            early: self.early,
        });
    }

    /// What is kept of it in the run folder.
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        let training = self.training.as_ref()?;
        let mut state = BTreeMap::from([
            ("config".to_owned(), training.config().to_toml()),
            ("step".to_owned(), self.state.step.to_string()),
            ("seconds".to_owned(), self.state.seconds.to_string()),
            (OBJECTIVE.to_owned(), self.state.objective.clone()),
        ]);
        training.preparation().write(training.class_names(), &mut state);
        let early = self.early.and_then(|early| serde_json::to_string(&early).ok());
        let accuracy = self.train_accuracy.map(|accuracy| accuracy.to_string());
        for (name, text) in [("early", early), ("train_accuracy", accuracy)] {
            state.extend(text.map(|text| (name.to_owned(), text)));
        }
        let arrays = training.network().to_arrays();
        Some(Checkpoint { architecture: training.network().architecture().clone(), arrays, state })
    }

    pub(super) fn is_done(&self) -> bool {
        self.state.status == Status::Done
    }
}

/// As checkpoints have it.
pub(super) fn class_list(classes: &[usize]) -> String {
    classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Errors and examples of each class.
fn class_errors(evaluation: &Evaluation) -> Vec<(u32, u32)> {
    let of_class = |(class, row): (usize, &Vec<u32>)| {
        let examples: u32 = row.iter().sum();
        (examples - row[class], examples)
    };
    evaluation.confusion.iter().enumerate().map(of_class).collect()
}
