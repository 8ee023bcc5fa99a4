//! Experiments of several networks, as the window knows them. The last one is in hand; those before it stay to be looked at.

use super::session::Session;
use super::settings::{Settings, SettingsBook};
use crate::engine::{
    Command, ExperimentCommand, ExperimentSnapshot, ExperimentStarted, MemberLogits, Phase, QueryId, RunId,
};
use crate::experiments::{Config, ExperimentConfig, HeldOut, LIVE_DISTILL_SETTINGS, MemberState, Role};
use crate::train::Evaluation;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An experiment that was started here or taken up.
#[derive(Clone, Debug)]
pub struct ExperimentRecord {
    pub id: RunId,
    pub name: String,
    /// As it is now: with the changes made on the way.
    pub config: ExperimentConfig,
    pub started: Option<Arc<ExperimentStarted>>,
    pub phase: Phase,
    pub snapshot: Option<Arc<ExperimentSnapshot>>,
    /// Once everything is measured.
    pub results: Option<Arc<serde_json::Value>>,
    pub folder: Option<PathBuf>,
    /// Of one image: what every network made of it.
    pub asked: Option<Arc<MemberLogits>>,
}

impl ExperimentRecord {
    pub fn is_going(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Preparing(_))
    }

    pub fn is_alive(&self) -> bool {
        self.is_going() || self.phase == Phase::Paused
    }

    /// Whether nothing is trained in it, so that there is nothing to tell.
    fn is_only_looked_at(&self) -> bool {
        self.config.distillation().is_some_and(|config| config.pretrained)
    }

    pub fn members(&self) -> &[MemberState] {
        self.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.members)
    }

    pub fn member(&self, name: &str) -> Option<&MemberState> {
        self.members().iter().find(|member| member.name == name)
    }

    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &MemberState> {
        self.members().iter().filter(move |member| member.role == role)
    }
}

/// What a network made of the images that are held out, with its logits.
pub fn evaluation_of(member: &MemberState, split: HeldOut) -> Option<&Arc<Evaluation>> {
    match split {
        HeldOut::Validation => member.validation.as_ref(),
        HeldOut::Test => member.test.as_ref(),
    }
}

impl Session {
    /// The experiment in hand: the last one that was started or taken up.
    pub fn experiment(&self) -> Option<&ExperimentRecord> {
        self.experiments.last()
    }

    pub(super) fn experiment_mut(&mut self, id: RunId) -> Option<&mut ExperimentRecord> {
        self.experiments.iter_mut().rev().find(|experiment| experiment.id == id)
    }

    /// Starts an experiment; the one in hand ends.
    pub fn start_experiment(&mut self, config: ExperimentConfig, settings: &Settings, go: bool) {
        let name = self.free_name(config.kind());
        let folder = self.runs_folder().map(|folder| folder.join(&name));
        self.begin_experiment(name, config, folder, settings, go);
    }

    /// The same for one that trains nothing: it has no folder.
    pub fn look_at_experiment(&mut self, config: ExperimentConfig, settings: &Settings) {
        let name = self.free_name(config.kind());
        self.begin_experiment(name, config, None, settings, true);
    }

    fn begin_experiment(
        &mut self,
        name: String,
        config: ExperimentConfig,
        folder: Option<PathBuf>,
        settings: &Settings,
        go: bool,
    ) {
        let run = self.next_id();
        let device = settings.device.clone();
        let command = ExperimentCommand::Start { run, config: Box::new(config.clone()), device, folder, go };
        if self.send(Command::Experiment(command)) {
            self.take_experiment_in_hand(run, name, config);
        }
    }

    /// Takes up the experiment of a folder; what it has finished is shown again, and the rest is paused.
    pub fn open_experiment(&mut self, folder: PathBuf, settings: &Settings) {
        let run = self.next_id();
        let name =
            folder.file_name().map_or_else(|| "experiment".to_owned(), |name| name.to_string_lossy().into_owned());
        let device = settings.device.clone();
        let command = ExperimentCommand::Resume { run, folder, device, go: true };
        if self.send(Command::Experiment(command)) {
            let config = ExperimentConfig::Distillation(Box::new(settings.distillation.clone()));
            self.take_experiment_in_hand(run, name, config);
        }
    }

    fn take_experiment_in_hand(&mut self, id: RunId, name: String, config: ExperimentConfig) {
        if let Some(before) = self.experiments.last_mut().filter(|before| before.is_alive()) {
            before.phase = Phase::Stopped;
        }
        self.pushed_experiment_revision = None;
        self.experiments.push(ExperimentRecord {
            id,
            name,
            config,
            started: None,
            phase: Phase::Preparing("Preparing data and networks".to_owned()),
            snapshot: None,
            results: None,
            folder: None,
            asked: None,
        });
    }

    /// Starts, pauses or goes on, as the state of the experiment in hand has it.
    pub fn run_or_pause_experiment(&mut self, settings: &Settings) {
        match self.experiment().map(|experiment| &experiment.phase) {
            Some(Phase::Running | Phase::Preparing(_)) => self.tell_experiment(ExperimentCommand::Pause),
            Some(Phase::Paused) => self.tell_experiment(ExperimentCommand::Run),
            _ => self.start_experiment(settings.experiment(), settings, true),
        }
    }

    /// One training step, then pause.
    pub fn step_experiment(&mut self, settings: &Settings) {
        if !self.experiment().is_some_and(ExperimentRecord::is_alive) {
            self.start_experiment(settings.experiment(), settings, false);
        }
        self.tell_experiment(ExperimentCommand::Step);
    }

    /// Ends the experiment in hand; what its networks know stays.
    pub fn stop_experiment(&mut self) {
        self.tell_experiment(ExperimentCommand::Stop);
    }

    /// Writes the experiment in hand into a folder.
    pub fn save_experiment(&mut self, folder: &Path) {
        self.tell_experiment(ExperimentCommand::SaveTo(folder.to_owned()));
    }

    /// Asks every network of the experiment what it makes of an image.
    pub fn ask_members(&mut self, pixels: Arc<[u8]>) {
        let id = QueryId(self.next_query());
        self.tell_experiment(ExperimentCommand::Logits { id, pixels });
    }

    fn tell_experiment(&mut self, command: ExperimentCommand) {
        self.send(Command::Experiment(command));
    }

    /// Tells the experiment in hand of the live settings that changed. Returns whether it could be told.
    pub(super) fn push_live_experiment_settings(&mut self, book: &SettingsBook) -> bool {
        if self.pushed_experiment_revision == Some(book.revision()) {
            return true;
        }
        let Some(experiment) = self.experiment().filter(|experiment| experiment.is_alive()) else { return true };
        let Some(own) = experiment.config.distillation() else { return true };
        let wanted = &book.current().distillation;
        let changed = LIVE_DISTILL_SETTINGS.iter().filter_map(|setting| {
            let value = wanted.get(setting)?;
            (own.get(setting).as_ref() != Some(&value)).then(|| ((*setting).to_owned(), value))
        });
        // Of another experiment's settings nothing is pushed: only of the one that these settings began.
        let is_same = own.title == wanted.title;
        for (setting, value) in changed.filter(|_| is_same).collect::<Vec<_>>() {
            let command = Command::Experiment(ExperimentCommand::Change { setting, value });
            if self.engine().send(command).is_err() {
                return false;
            }
        }
        self.pushed_experiment_revision = Some(book.revision());
        true
    }

    /// The engine's latest of the experiment in hand.
    pub(super) fn take_experiment_snapshot(&mut self, snapshot: &Arc<ExperimentSnapshot>) {
        if let Some(experiment) = self.experiment_mut(snapshot.run) {
            experiment.phase = snapshot.phase.clone();
            experiment.snapshot = Some(Arc::clone(snapshot));
        }
    }

    pub(super) fn experiment_started(&mut self, started: ExperimentStarted) {
        let Some(experiment) = self.experiment_mut(started.run) else { return };
        experiment.config = started.config.clone();
        experiment.folder.clone_from(&started.folder);
        let text = format!("{}: {} on {}", experiment.name, started.config.title(), started.device);
        let is_quiet = experiment.is_only_looked_at();
        experiment.started = Some(Arc::new(started));
        if !is_quiet {
            self.log.event(text);
        }
    }

    pub(super) fn experiment_finished(&mut self, id: RunId, results: Arc<serde_json::Value>, seconds: f64) {
        let Some(experiment) = self.experiment_mut(id) else { return };
        experiment.results = Some(results);
        experiment.phase = Phase::Finished;
        if experiment.is_only_looked_at() {
            return;
        }
        let text = format!("{}: finished in {}", experiment.name, crate::ui::widgets::format::duration(seconds));
        self.log.event(text);
    }

    pub(super) fn experiment_changed(&mut self, id: RunId, setting: &str, before: &str, after: &str) -> bool {
        let Some(experiment) = self.experiment_mut(id) else { return false };
        if let Ok(config) = experiment.config.with(setting, after) {
            experiment.config = config;
        }
        let text = format!("{}: {} {before} \u{2192} {after}", experiment.name, super::leaf(setting));
        self.log.event(text);
        true
    }

    pub(super) fn members_answered(&mut self, logits: MemberLogits) {
        if let Some(experiment) = self.experiment_mut(logits.run) {
            experiment.asked = Some(Arc::new(logits));
        }
    }
}
