//! The worker's part that belongs to experiments of several networks.

use super::experiment::{ActiveExperiment, ExperimentError};
use super::message::{Event, ExperimentCommand, ExperimentSnapshot, Phase, RunId};
use super::worker::{SNAPSHOT_EVERY, Worker};
use crate::experiments::ProtocolAdvance;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

impl Worker {
    pub(super) fn obey_experiment(&mut self, command: ExperimentCommand) {
        match command {
            ExperimentCommand::Start { run, config, device, folder, go } => {
                self.build_experiment(run, || ActiveExperiment::start(run, *config, &device, folder.as_deref()), go);
            }
            ExperimentCommand::Resume { run, folder, device, go } => {
                let points = Arc::clone(&self.out.points);
                self.build_experiment(run, || ActiveExperiment::resume(run, &folder, &device, &points), go);
            }
            ExperimentCommand::Run => self.experiment_goes(false),
            ExperimentCommand::Step => self.experiment_goes(true),
            ExperimentCommand::Pause => self.pause_experiment(),
            ExperimentCommand::Stop => self.stop_experiment(),
            ExperimentCommand::Change { setting, value } => self.with_experiment(|experiment| {
                let changed = experiment.change(&setting, &value);
                Some(changed.unwrap_or_else(Event::Note))
            }),
            ExperimentCommand::SaveTo(folder) => self.with_experiment(|experiment| {
                let run = experiment.id;
                Some(match experiment.save_to(&folder) {
                    Ok(()) => Event::Saved { run, folder },
                    Err(error) => Event::Note(format!("The experiment was not saved: {error}")),
                })
            }),
            ExperimentCommand::Logits { id, pixels } => self.with_experiment(|experiment| {
                Some(experiment.logits(id, pixels).map_or_else(Event::Note, Event::Logits))
            }),
        }
    }

    pub(super) fn experiment_is_going(&self) -> bool {
        self.experiment.as_ref().is_some_and(ActiveExperiment::is_going)
    }

    pub(super) fn experiment_snapshot(&mut self) -> Option<Arc<ExperimentSnapshot>> {
        let experiment = self.experiment.as_mut()?;
        experiment.look();
        Some(Arc::new(experiment.snapshot()))
    }

    fn with_experiment(&mut self, work: impl FnOnce(&mut ActiveExperiment) -> Option<Event>) {
        if let Some(event) = self.experiment.as_mut().and_then(work) {
            self.tell(event);
            self.publish();
        }
    }

    fn build_experiment(&mut self, id: RunId, build: impl FnOnce() -> Result<ActiveExperiment, String>, go: bool) {
        if let Some(mut before) = self.experiment.take()
            && let Err(error) = before.save()
        {
            self.tell(Event::Note(format!("The experiment before could not be saved: {error}")));
        }
        match build() {
            Ok(mut experiment) => {
                if let Some(note) = experiment.device.note.take() {
                    self.tell(Event::Note(note));
                }
                experiment.record(&serde_json::json!({ "event": "started", "device": experiment.device.info }));
                self.tell(Event::ExperimentStarted(Box::new(experiment.started())));
                self.experiment = Some(experiment);
                if go {
                    self.experiment_goes(false);
                } else {
                    self.publish();
                }
            }
            Err(message) => {
                self.tell(Event::Failed { run: id, message });
                self.publish();
            }
        }
    }

    fn experiment_goes(&mut self, one_step: bool) {
        let Some(experiment) = self.experiment.as_mut().filter(|experiment| !experiment.is_over()) else { return };
        (experiment.phase, experiment.one_step) = (Phase::Running, one_step);
        self.pause();
        self.publish();
    }

    fn pause_experiment(&mut self) {
        let Some(experiment) = self.experiment.as_mut().filter(|experiment| experiment.is_going()) else { return };
        experiment.phase = Phase::Paused;
        if let Err(error) = experiment.save() {
            self.tell(Event::Note(error.to_string()));
        }
        self.publish();
    }

    fn stop_experiment(&mut self) {
        let Some(experiment) = self.experiment.as_mut().filter(|experiment| !experiment.is_over()) else { return };
        experiment.phase = Phase::Stopped;
        experiment.record(&serde_json::json!({ "event": "stopped" }));
        let saved = experiment.save();
        let (run, step) = (experiment.id, experiment.snapshot().members.iter().map(|member| member.step).sum());
        if let Err(error) = saved {
            self.tell(Event::Note(error.to_string()));
        }
        self.tell(Event::Stopped { run, step });
        self.publish();
    }

    /// One small step of the experiment.
    pub(super) fn experiment_turn(&mut self) {
        let Some(experiment) = self.experiment.as_mut().filter(|experiment| experiment.is_going()) else { return };
        match experiment.turn(&self.out.points) {
            Ok(ProtocolAdvance::Finished) => self.experiment_finished(),
            Ok(advance) => {
                let has_stepped = matches!(advance, ProtocolAdvance::Trained { .. });
                if experiment.one_step && has_stepped {
                    experiment.phase = Phase::Paused;
                    self.publish();
                } else if advance == ProtocolAdvance::MemberChanged || self.published.elapsed() >= SNAPSHOT_EVERY {
                    self.publish();
                }
            }
            Err(error) => self.experiment_trouble(&error),
        }
    }

    fn experiment_finished(&mut self) {
        self.publish();
        let Some(experiment) = &self.experiment else { return };
        let (run, seconds) = (experiment.id, experiment.snapshot().seconds);
        if let Some(results) = experiment.results() {
            self.tell(Event::ExperimentFinished { run, results: Arc::new(results), seconds });
        }
    }

    /// A full disk can be mended; a value that is not finite, or a network that cannot be built, ends the experiment.
    fn experiment_trouble(&mut self, error: &ExperimentError) {
        let Some(experiment) = &mut self.experiment else { return };
        let (run, message) = (experiment.id, error.to_string());
        experiment.record(&serde_json::json!({ "event": "trouble", "message": message }));
        if matches!(error, ExperimentError::Folder(_)) {
            experiment.phase = Phase::Paused;
            self.tell(Event::Trouble { run, message, report: None });
        } else {
            experiment.phase = Phase::Failed(message.clone());
            let _ = experiment.save();
            self.tell(Event::Failed { run, message });
        }
        self.publish();
    }

    pub(super) fn fail_experiment(&mut self, reason: &str) {
        let Some(experiment) = self.experiment.take() else { return };
        let way_on = experiment.folder_path().map_or_else(
            || "Start it again, on the processor if the GPU was lost.".to_owned(),
            |path| format!("Take it up after its last network: glassbox run --resume {}", path.display()),
        );
        let run = experiment.id;
        // Its tensors may be in any state: dropping them can panic once more.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(experiment)));
        self.tell(Event::Failed { run, message: format!("The experiment ended: {reason}. {way_on}") });
        self.publish();
    }
}
