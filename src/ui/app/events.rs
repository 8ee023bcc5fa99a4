//! Taking up what the engine has to say.

use super::runs::Change;
use super::session::{Looked, Selection, Session};
use crate::engine::{Answer, Event, Phase, Point, QueryId, RateTest, RunId, Started};
use crate::experiments::{Config, RangeTestEnd, TrainingSummary};
use crate::train::FaultReport;
use std::path::PathBuf;
use std::sync::Arc;

impl Session {
    /// Takes up everything new: points, histograms, events, the latest snapshot. Called before each frame, drawn or not.
    pub fn absorb(&mut self) {
        // Events last: the end of a run is told before it is published.
        self.take_snapshot();
        let points = self.engine().points();
        self.append(points);
        for look in self.engine().histograms() {
            if let Some(run) = self.runs.iter_mut().rev().find(|run| run.id == look.run) {
                run.histograms.push(look);
            }
        }
        for event in self.engine().events() {
            self.take_event(event);
        }
    }

    /// Adds points to the curves. Points of runs that were forgotten are dropped.
    pub fn append(&mut self, mut points: Vec<Point>) {
        if points.is_empty() {
            return;
        }
        let is_experiment = |id| self.experiments.iter().any(|experiment| experiment.id == id);
        points.retain(|point| self.known(point.run).is_some() || is_experiment(point.run));
        for point in points.iter().filter(|point| point.series.starts_with("validation/")) {
            if let Some(run) = self.known_mut(point.run) {
                run.note_point(point);
            }
        }
        self.points_held += points.iter().filter(|point| self.run(point.run).is_some()).count();
        self.store.append(points);
    }

    /// The engine's snapshot may still be of the run before.
    fn take_snapshot(&mut self) {
        let snapshot = self.engine().snapshot();
        if Arc::ptr_eq(&snapshot, &self.snapshot) {
            return;
        }
        if let Some(experiment) = &snapshot.experiment {
            self.take_experiment_snapshot(experiment);
        }
        if snapshot.run.is_none() {
            return;
        }
        let Some(run) = self.current_mut().filter(|run| Some(run.id) == snapshot.run) else { return };
        run.take_up(&snapshot);
        if let Some(run) = snapshot.run {
            self.exploration.take_states(run, &snapshot.states);
        }
        self.snapshot = snapshot;
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::Started(started) => self.started(*started),
            Event::Changed { run, step, setting, before, after } => self.changed(run, step, setting, before, after),
            Event::Evaluated { run, step, errors, examples } => {
                let name = self.name_of(run);
                self.log.event(format!("{name}, step {step}: {errors} errors among {examples} validation images"));
            }
            Event::Finished { run, summary, seconds } => self.finished(run, *summary, seconds),
            Event::Stopped { run, step } => self.stopped(run, step),
            Event::Trouble { run, message, report } => {
                let name = self.name_of(run);
                self.log.error(format!("{name}: {message}"));
                self.set_fault(run, report);
            }
            Event::ConditionMet { run, step, message } => {
                let name = self.name_of(run);
                self.log.note(format!("{name}, step {step}: {message} Press Train to go on."));
            }
            Event::HintFound { run, hint } => {
                let name = self.name_of(run);
                self.log.event(format!("{name}: {hint}"));
            }
            Event::HintGone { run, hint } => {
                let name = self.name_of(run);
                self.log.event(format!(
                    "{name}, step {}: no longer {}",
                    hint.until_step,
                    hint.kind.title().to_lowercase()
                ));
            }
            Event::RateTested(test) => self.rate_tested(&test),
            Event::WentBack { run, step } => {
                let name = self.name_of(run);
                self.set_fault(run, None);
                self.log.note(format!("{name}: went back to its last good state, at step {step}"));
            }
            Event::Saved { run, folder } => self.saved(run, folder),
            Event::Failed { run, message } => self.failed(run, message),
            Event::Answer { id, run, generation, answer } => self.answered(id, run, generation, answer),
            Event::ExperimentStarted(started) => self.experiment_started(*started),
            Event::ExperimentFinished { run, results, seconds } => self.experiment_finished(run, results, seconds),
            Event::Logits(logits) => self.members_answered(logits),
            Event::Note(text) => self.log.note(text),
        }
    }

    fn set_fault(&mut self, id: RunId, report: Option<Arc<FaultReport>>) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.fault = report;
        }
    }

    fn rate_tested(&mut self, test: &Arc<RateTest>) {
        let name = self.name_of(test.run);
        let end = test.result.end.map_or_else(String::new, RangeTestEnd::describe);
        self.log.event(format!("{name}: learning-rate range test of {} steps, {end}", test.result.points.len()));
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == test.run) {
            run.rate_test = Some(Arc::clone(test));
        }
    }

    fn name_of(&self, run: RunId) -> String {
        let experiment = || self.experiments.iter().find(|experiment| experiment.id == run);
        let known = self.known(run).map(|run| &run.name).or_else(|| experiment().map(|experiment| &experiment.name));
        known.map_or_else(|| format!("run {}", run.0), Clone::clone)
    }

    fn started(&mut self, started: Started) {
        let name = self.name_of(started.run);
        self.log.event(format!(
            "{name}: ready on {}, {} training images, {} steps an epoch",
            started.device, started.train_images, started.steps_per_epoch
        ));
        self.pushed_revision = None;
        if let Some(run) = self.known_mut(started.run) {
            run.config = started.config.clone();
            // A run that was taken up lost what came after its last checkpoint.
            run.changes.retain(|change| change.step <= started.step);
            run.folder.clone_from(&started.folder);
            // The snapshot that was taken up already may be of a later step.
            run.step = run.step.max(started.step);
            run.started = Some(Arc::new(started));
        }
    }

    fn changed(&mut self, id: RunId, step: u64, setting: String, before: String, after: String) {
        if self.experiment_changed(id, &setting, &before, &after) {
            return;
        }
        let (epoch, seconds) = self.place_of(id, step);
        let change = Change { step, epoch, seconds, setting, before, after };
        let name = self.name_of(id);
        self.log.event(format!("{name}, step {step}: {}", change.describe()));
        let Some(run) = self.known_mut(id) else { return };
        if let Ok(config) = run.config.with(&change.setting, &change.after) {
            run.config = config;
        }
        run.changes.push(change);
    }

    /// Epoch and seconds of a step, as far as the curves know.
    fn place_of(&self, run: RunId, step: u64) -> (f64, f64) {
        use crate::ui::curves::XAxis;
        let known = self.store.curve(run, "train/loss").and_then(|curve| {
            let index = curve.nearest(XAxis::Step, step as f64)?;
            Some((*curve.x(XAxis::Epoch).get(index)?, *curve.x(XAxis::Seconds).get(index)?))
        });
        let per_epoch = self.run(run).and_then(|run| run.started.as_ref()).map_or(1, |run| run.steps_per_epoch);
        known.unwrap_or((step as f64 / per_epoch.max(1) as f64, 0.0))
    }

    fn finished(&mut self, id: RunId, summary: TrainingSummary, seconds: f64) {
        let name = self.name_of(id);
        self.log.event(format!(
            "{name}: finished, {} test errors ({:.2}% right)",
            summary.test_errors,
            summary.test_accuracy * 100.0
        ));
        if let Some(run) = self.known_mut(id) {
            run.phase = Phase::Finished;
            run.summary = Some(Arc::new(summary));
            run.seconds = Some(seconds);
        }
    }

    fn saved(&mut self, id: RunId, folder: PathBuf) {
        let name = self.name_of(id);
        self.log.note(format!("{name}: saved in {}", folder.display()));
        if let Some(experiment) = self.experiment_mut(id) {
            experiment.folder = Some(folder);
            return;
        }
        if let Some(run) = self.known_mut(id) {
            run.folder = Some(folder);
            if !run.notes.is_empty() {
                self.save_notes(id);
            }
        }
    }

    fn stopped(&mut self, id: RunId, step: u64) {
        let name = self.name_of(id);
        self.log.event(format!("{name}: stopped at step {step}"));
        if let Some(run) = self.known_mut(id) {
            run.phase = Phase::Stopped;
        }
    }

    fn failed(&mut self, id: RunId, message: String) {
        let name = self.name_of(id);
        self.log.error(format!("{name}: {message}"));
        if let Some(experiment) = self.experiment_mut(id) {
            experiment.phase = Phase::Failed(message);
        } else if let Some(run) = self.known_mut(id) {
            run.phase = Phase::Failed(message);
        }
    }

    /// Only the answer to the last question about the current run is of use.
    fn answered(&mut self, id: QueryId, run: RunId, generation: u64, answer: Answer) {
        let is_current = self.current().is_some_and(|current| current.id == run);
        if let Answer::Network(checkpoint) = answer {
            self.explored_network(id, run, generation, checkpoint);
            return;
        }
        let Some(asked) = self.asked.as_mut().filter(|asked| asked.id == id && is_current) else { return };
        asked.answered = true;
        match answer {
            Answer::Inspection(inspection) => {
                self.inspection = Some(Looked { run, generation, inspection: Arc::from(inspection) });
            }
            Answer::Network(_) => {}
            Answer::Refused(reason) => {
                self.selection = Selection::Nothing;
                self.log.note(format!("No look into the network: {reason}"));
            }
        }
    }
}
