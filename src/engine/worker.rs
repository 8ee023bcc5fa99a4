//! The worker thread. It owns all tensors, takes commands between two small steps, and publishes plain data.

use super::announcer::Announcer;
use super::experiment::ActiveExperiment;
use super::inspection::SampleProbabilities;
use super::message::{Answer, Command, Event, Phase, Query, QueryId, RunId, Snapshot};
use super::opening::{Opening, Turns};
use super::run::{ActiveRun, Going, TurnError};
use super::shelf::Shelf;
use super::watcher::{Outbox, panic_message};
use crate::experiments::Advance;
use arc_swap::ArcSwap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Thirty pictures a second are enough for the eye.
pub(super) const SNAPSHOT_EVERY: Duration = Duration::from_millis(33);
/// The samples cost a forward pass, so they come less often.
const SAMPLES_EVERY: Duration = Duration::from_millis(250);

pub(super) struct Worker {
    commands: Receiver<Command>,
    announcer: Announcer,
    snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) out: Outbox,
    wake: Arc<dyn Fn() + Send + Sync>,
    turns: Turns,
    /// Of the commands that `turns` counts, those that were obeyed.
    obeyed: u64,
    run: Option<ActiveRun>,
    pub(super) experiment: Option<ActiveExperiment>,
    shelf: Shelf,
    /// Where the current run began, for the estimate of the time left.
    first_step: u64,
    phase: Phase,
    watched: bool,
    watched_images: Vec<Arc<[u8]>>,
    samples: Option<Arc<SampleProbabilities>>,
    pub(super) published: Instant,
    sampled: Option<Instant>,
}

impl Worker {
    /// `snapshot` and `out` are shared with whoever looks; `wake` is called when there is something new to look at.
    pub(super) fn new(
        commands: Receiver<Command>,
        events: SyncSender<Event>,
        snapshot: Arc<ArcSwap<Snapshot>>,
        out: Outbox,
        wake: Arc<dyn Fn() + Send + Sync>,
        turns: Turns,
    ) -> Self {
        Self {
            commands,
            announcer: Announcer::new(events),
            snapshot,
            out,
            wake,
            turns,
            obeyed: 0,
            run: None,
            experiment: None,
            shelf: Shelf::default(),
            first_step: 0,
            phase: Phase::Idle,
            watched: false,
            watched_images: Vec::new(),
            samples: None,
            published: Instant::now(),
            sampled: None,
        }
    }

    /// Until nobody is left to give commands.
    pub(super) fn work(mut self) {
        loop {
            match self.next_command() {
                Ok(Some(command)) => self.guarded(|worker| worker.obey(command)),
                Ok(None) => self.guarded(Self::turn),
                Err(()) => break,
            }
        }
        self.guarded(|worker| {
            if let Some(run) = &mut worker.run {
                let _ = run.save().inspect_err(|error| log::error!("{error}"));
            }
            if let Some(experiment) = &mut worker.experiment {
                let _ = experiment.save().inspect_err(|error| log::error!("{error}"));
            }
        });
    }

    /// A command if there is one. Waits for one only while nothing runs; `Err` when nobody is left to give any.
    fn next_command(&mut self) -> Result<Option<Command>, ()> {
        self.announcer.deliver();
        if self.run_is_going() || self.experiment_is_going() {
            return match self.commands.try_recv() {
                Ok(command) => Ok(Some(command)),
                Err(std::sync::mpsc::TryRecvError::Empty) => Ok(None),
                Err(std::sync::mpsc::TryRecvError::Disconnected) => Err(()),
            };
        }
        loop {
            match self.commands.recv_timeout(Duration::from_millis(100)) {
                Ok(command) => return Ok(Some(command)),
                Err(RecvTimeoutError::Disconnected) => return Err(()),
                Err(RecvTimeoutError::Timeout) => self.announcer.deliver(),
            }
        }
    }

    fn run_is_going(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.going != Going::Paused || run.is_finding_rate())
    }

    /// A panic below (a lost GPU, a bug) ends the run, not the program.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.fail_after_panic(&panic_message(panic.as_ref()));
        }
    }

    fn fail_after_panic(&mut self, reason: &str) {
        if self.experiment_is_going() {
            self.fail_experiment(reason);
            return;
        }
        let Some(run) = self.run.take() else {
            self.tell(Event::Note(format!("The engine stumbled, and goes on: {reason}")));
            return;
        };
        let way_on = run.folder_path().map_or_else(
            || "Start it again, on the processor if the GPU was lost.".to_owned(),
            |path| format!("Take it up from its last checkpoint: glassbox train --resume {}", path.display()),
        );
        let message = format!("The run ended at step {}: {reason}. {way_on}", run.training.steps());
        let id = run.id;
        // Its tensors may be in any state: dropping them can panic once more.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(run)));
        self.fail(id, message);
    }

    fn fail(&mut self, run: RunId, message: String) {
        self.phase = Phase::Failed(message.clone());
        self.tell(Event::Failed { run, message });
        self.publish();
    }

    fn obey(&mut self, command: Command) {
        self.obeyed += u64::from(command.ends_what_is_under_way());
        match command {
            Command::Start { run, config, device, folder, go } => {
                let build = |going, opening: &Opening| {
                    ActiveRun::start(run, *config, &device, folder.as_deref(), going, opening)
                };
                self.build(run, build, go);
            }
            Command::Resume { run, folder, device, epochs, go } => {
                let build = |going, opening: &Opening| ActiveRun::resume(run, &folder, &device, epochs, going, opening);
                self.build(run, build, go);
            }
            Command::Run => self.go(Going::Freely),
            Command::Step => self.go(self.one_step_more()),
            Command::StepEpoch => self.go(Going::ToEpochEnd),
            Command::Pause => self.pause(),
            Command::Stop => self.stop(),
            Command::Finish => {
                if let Some(run) = &mut self.run {
                    run.training.end_here();
                    self.go(Going::Freely);
                }
            }
            Command::FindRate(config) => self.find_rate(config),
            Command::CancelFindRate => {
                if let Some(run) = &mut self.run {
                    run.cancel_find_rate();
                }
            }
            Command::Change { setting, value } => self.change(&setting, &value),
            Command::Evaluate => self.evaluate(),
            Command::Ask { id, query } => self.answer(id, query),
            Command::WatchImages(images) => {
                self.watched_images = images;
                self.sampled = None;
                self.publish();
            }
            Command::SaveTo { run, folder } => self.save_to(run, &folder),
            Command::Forget(run) => self.shelf.forget(run),
            Command::Experiment(command) => self.obey_experiment(command),
            Command::Watch(watched) => {
                self.watched = watched;
                self.sampled = None;
                self.publish();
            }
        }
    }

    fn build(&mut self, id: RunId, build: impl FnOnce(Going, &Opening) -> Result<ActiveRun, String>, go: bool) {
        self.end_current();
        self.phase = Phase::Preparing("Preparing data and network".to_owned());
        self.publish_for(Some(id));
        let opening = Opening {
            run: id,
            turns: self.turns.clone(),
            obeyed: self.obeyed,
            snapshot: Arc::clone(&self.snapshot),
            wake: Arc::clone(&self.wake),
            told: Mutex::new(Instant::now()),
        };
        match build(if go { Going::Freely } else { Going::Paused }, &opening) {
            Ok(mut run) => {
                self.first_step = run.training.steps();
                self.phase = if go { Phase::Running } else { Phase::Paused };
                if go && let Some(experiment) = self.experiment.as_mut().filter(|experiment| experiment.is_going()) {
                    experiment.phase = Phase::Paused;
                }
                for note in run.device.note.take().into_iter().chain(run.dropout_note()) {
                    self.tell(Event::Note(note));
                }
                run.record(
                    &serde_json::json!({ "event": "started", "step": self.first_step, "device": run.device.info }),
                );
                self.tell(Event::Started(Box::new(run.started())));
                if !run.device.on_host && go {
                    self.phase = Phase::Preparing(TUNING.to_owned());
                }
                self.run = Some(run);
                self.publish();
            }
            Err(_) if opening.is_cancelled() => {
                self.phase = Phase::Stopped;
                self.tell(Event::Stopped { run: id, step: 0 });
                self.publish_for(Some(id));
            }
            Err(message) => self.fail(id, message),
        }
    }

    fn end_current(&mut self) {
        self.samples = None;
        self.sampled = None;
        let Some(mut run) = self.run.take() else { return };
        if let Err(error) = run.save() {
            self.tell(Event::Note(format!("The run before could not be saved: {error}")));
        }
        if run.folder_path().is_none() {
            let (id, folder, checkpoint) = run.into_parts();
            self.shelf.put(id, folder, checkpoint);
        }
    }

    fn go(&mut self, going: Going) {
        let Some(run) = &mut self.run else { return };
        if matches!(self.phase, Phase::Finished | Phase::Stopped) {
            return;
        }
        if let Some(experiment) = self.experiment.as_mut().filter(|experiment| experiment.is_going()) {
            experiment.phase = Phase::Paused;
        }
        let id = run.id;
        match run.go(going) {
            Ok(None) => self.phase = Phase::Running,
            Ok(Some(step)) => {
                self.phase = Phase::Running;
                self.tell(Event::WentBack { run: id, step });
            }
            Err(error) => self.trouble(id, &error),
        }
        self.publish();
    }

    /// Steps that are asked for faster than they can be taken add up.
    fn one_step_more(&self) -> Going {
        match self.run.as_ref().map(|run| run.going) {
            Some(Going::Steps(left)) => Going::Steps(left + 1),
            _ => Going::Steps(1),
        }
    }

    pub(super) fn pause(&mut self) {
        let Some(run) = &mut self.run else { return };
        if run.going.trains() {
            run.going = Going::Paused;
            self.phase = Phase::Paused;
            self.publish();
            self.save();
        }
    }

    /// A pause is a good moment to write what there is.
    fn save(&mut self) {
        let Some(run) = &mut self.run else { return };
        if let Err(error) = run.save() {
            self.tell(Event::Note(error.to_string()));
        }
    }

    fn stop(&mut self) {
        let Some(run) = &mut self.run else { return };
        if matches!(self.phase, Phase::Finished | Phase::Stopped) {
            return;
        }
        run.going = Going::Paused;
        run.training.cancel_evaluation();
        run.cancel_find_rate();
        let (id, step) = (run.id, run.training.steps());
        run.keep_state(true);
        run.record(&serde_json::json!({ "event": "stopped", "step": step }));
        self.save();
        self.phase = Phase::Stopped;
        self.tell(Event::Stopped { run: id, step });
        self.publish();
    }

    fn save_to(&mut self, id: RunId, path: &std::path::Path) {
        let saved = match &mut self.run {
            Some(run) if run.id == id => Some(run.save_to(path)),
            _ => self.shelf.save(id, path),
        };
        let reason = match saved {
            Some(Ok(())) => return self.tell(Event::Saved { run: id, folder: path.to_owned() }),
            Some(Err(error)) => error.to_string(),
            None => "it is no longer in memory".to_owned(),
        };
        self.tell(Event::Note(format!("The run was not saved: {reason}")));
    }

    fn change(&mut self, setting: &str, value: &str) {
        let Some(run) = &mut self.run else { return };
        let (id, step) = (run.id, run.training.steps());
        let event = match run.change(setting, value) {
            Ok((before, after)) if before == after => return,
            Ok((before, after)) => Event::Changed { run: id, step, setting: setting.to_owned(), before, after },
            Err(error) => Event::Note(error.to_string()),
        };
        let note = run.dropout_note().filter(|_| setting == "dropout");
        self.tell(event);
        if let Some(note) = note {
            self.tell(Event::Note(note));
        }
        self.publish();
    }

    fn evaluate(&mut self) {
        let asked = match &mut self.run {
            Some(run) => run.evaluate(),
            None => Err("There is no network yet: train one, or take one step."),
        };
        if let Err(reason) = asked {
            self.tell(Event::Note(reason.to_owned()));
        }
    }

    fn find_rate(&mut self, config: crate::experiments::RangeTestConfig) {
        let Some(run) = &mut self.run else { return };
        if let Err(error) = run.find_rate(config) {
            self.tell(Event::Note(error.to_string()));
        }
        self.publish();
    }

    /// One step of the range test in hand, while the run waits.
    fn find_rate_turn(&mut self) {
        let Some(run) = &mut self.run else { return };
        let ended = run.find_rate_turn();
        if ended.is_some() || self.published.elapsed() >= SNAPSHOT_EVERY {
            self.publish();
        }
        if let Some(test) = ended {
            self.tell(Event::RateTested(test));
        }
    }

    fn answer(&mut self, id: QueryId, query: Query) {
        let (run, generation, answer) = match &self.run {
            Some(run) => (run.id, run.training.steps(), run.answer(query)),
            None => (RunId(0), 0, Answer::Refused("there is no network yet".to_owned())),
        };
        self.tell(Event::Answer { id, run, generation, answer });
    }

    fn turn(&mut self) {
        if !self.run_is_going() {
            self.experiment_turn();
            return;
        }
        let Some(run) = &mut self.run else { return };
        if run.is_finding_rate() {
            self.find_rate_turn();
            return;
        }
        let id = run.id;
        let trains = run.going.trains();
        let turned = run.turn(&self.out);
        let going = run.going;
        for event in run.take_events() {
            self.tell(event);
        }
        match turned {
            Ok(Advance::Finished) => self.finished(),
            Ok(Advance::EvaluatedOnDemand) => self.evaluated(),
            // An evaluation while paused, or of a run that is over, leaves it so.
            Ok(_) if !trains => {
                if going == Going::Paused || self.published.elapsed() >= SNAPSHOT_EVERY {
                    self.publish();
                }
            }
            Ok(_) if going == Going::Paused => {
                self.phase = Phase::Paused;
                self.publish();
            }
            Ok(_) => {
                let tuned = matches!(self.phase, Phase::Preparing(_));
                self.phase = Phase::Running;
                if tuned || self.published.elapsed() >= SNAPSHOT_EVERY {
                    self.publish();
                }
            }
            Err(error) => self.trouble(id, &error),
        }
    }

    fn evaluated(&mut self) {
        self.publish();
        let Some((run, validation)) = self.run.as_ref().and_then(|run| Some((run, run.latest.validation.as_ref()?)))
        else {
            return;
        };
        let (run, step, errors, examples) = (run.id, validation.step, validation.errors, validation.examples);
        self.tell(Event::Evaluated { run, step, errors, examples });
    }

    fn finished(&mut self) {
        let Some(run) = &self.run else { return };
        self.phase = Phase::Finished;
        let (id, summary, seconds) = (run.id, run.training.summary(), run.seconds());
        self.sampled = None;
        self.publish();
        if let Some(summary) = summary {
            self.tell(Event::Finished { run: id, summary: Box::new(summary), seconds });
        }
    }

    fn trouble(&mut self, run: RunId, error: &TurnError) {
        if let Some(active) = &mut self.run {
            active.going = Going::Paused;
            let (message, report) = (error.to_string(), error.report());
            active.record(&serde_json::json!({ "event": "trouble", "message": message, "report": report }));
        }
        self.phase = Phase::Paused;
        let report = error.report().cloned().map(Arc::new);
        self.tell(Event::Trouble { run, message: error.to_string(), report });
        self.publish();
    }

    pub(super) fn publish(&mut self) {
        self.publish_for(None);
    }

    /// `preparing`: the run that is being built, while there is no other.
    fn publish_for(&mut self, preparing: Option<RunId>) {
        self.refresh_samples();
        self.published = Instant::now();
        let mut snapshot = self.run.as_ref().map_or_else(
            || Snapshot { run: preparing, phase: self.phase.clone(), ..Snapshot::default() },
            |run| run.snapshot(self.phase.clone(), self.samples.clone(), self.first_step),
        );
        snapshot.experiment = self.experiment_snapshot();
        self.snapshot.store(Arc::new(snapshot));
        (self.wake)();
    }

    fn refresh_samples(&mut self) {
        let is_due = self.sampled.is_none_or(|last| last.elapsed() >= SAMPLES_EVERY);
        let Some(run) = &self.run else { return };
        // Before the first step on a GPU every kernel is still to be tuned: let the training step come first.
        let is_tuning = matches!(self.phase, Phase::Preparing(_));
        if self.watched && is_due && !is_tuning {
            self.samples = Some(run.sample_probabilities(&self.watched_images));
            self.sampled = Some(Instant::now());
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.announcer.tell(event);
        (self.wake)();
    }
}

const TUNING: &str = "Tuning the GPU's kernels for this network: once, it is remembered for the next start";
