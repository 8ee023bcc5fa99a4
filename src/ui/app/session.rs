//! The work in hand: the engine, the runs and their curves, the selection, what is asked and what came of it.

use super::data_set::DataView;
use super::experiments::ExperimentRecord;
use super::explore::Exploration;
use super::log::Log;
use super::run_book::Removed;
use super::run_files::RunJob;
use super::runs::RunRecord;
use super::settings::{Settings, SettingsBook};
use crate::engine::{
    Command, DeviceInfo, Engine, EngineBusy, ImageSource, Inspection, Phase, Query, QueryId, RunId, SampleImage,
    Snapshot,
};
use crate::experiments::{HeldOut, RangeTestConfig};
use crate::ui::curves::{Curve, CurveStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// While a network learns, it is looked into this often.
const INSPECT_EVERY: Duration = Duration::from_millis(500);
/// A question without an answer is asked again after this time: the run may have changed under it.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3);

/// So many drawn images are watched at most.
const MOST_DRAWN: usize = 64;

/// So many folders of one network are looked through for a free name.
const MOST_NAMES: u64 = 100_000;

/// The one thing that every pane and the inspector show more of.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Selection {
    #[default]
    Nothing,
    /// An image of the current run, or one that was drawn.
    Image(ImageSource),
    Layer(String),
    Run(RunId),
}

/// Images of one split of a run, in an order.
#[derive(Clone, Debug)]
pub struct Listed {
    pub run: RunId,
    pub split: HeldOut,
    /// By position in the split.
    pub positions: Arc<[u32]>,
}

impl Listed {
    /// Where an image stands in the list.
    pub fn place_of(&self, source: &ImageSource) -> Option<usize> {
        let position = match (self.split, source) {
            (HeldOut::Validation, ImageSource::Validation(index)) | (HeldOut::Test, ImageSource::Test(index)) => *index,
            _ => return None,
        };
        self.positions.iter().position(|&listed| listed as usize == position)
    }

    pub fn source(&self, place: usize) -> Option<ImageSource> {
        let position = *self.positions.get(place)? as usize;
        Some(match self.split {
            HeldOut::Validation => ImageSource::Validation(position),
            HeldOut::Test => ImageSource::Test(position),
        })
    }
}

impl Selection {
    pub fn image(&self) -> Option<&ImageSource> {
        if let Self::Image(source) = self { Some(source) } else { None }
    }
}

/// What is known of the devices of this machine.
#[derive(Clone, Debug, Default)]
pub enum Devices {
    #[default]
    Unknown,
    Known(Vec<DeviceInfo>),
}

pub struct Session {
    engine: Engine,
    pub store: CurveStore,
    /// Oldest first.
    pub runs: Vec<RunRecord>,
    /// Of several networks, oldest first.
    pub experiments: Vec<ExperimentRecord>,
    pub snapshot: Arc<Snapshot>,
    pub log: Log,
    pub selection: Selection,
    /// The images that were listed last, to go through one by one.
    pub listed: Option<Listed>,
    pub devices: Devices,
    /// What networks learn from, while somebody looks at it.
    pub data: DataView,
    /// The network that the Features lab looks into, and its pictures.
    pub exploration: Exploration,
    /// Images that were drawn and sent to the samples; watched in every run whose images have their shape.
    pub drawn: Arc<Vec<Arc<[u8]>>>,
    /// The last look into the network, of the current run.
    pub inspection: Option<Looked>,
    pub(super) points_held: usize,
    pub(super) asked: Option<Asked>,
    pub(super) pushed_revision: Option<u64>,
    pub(super) pushed_experiment_revision: Option<u64>,
    /// The run that the others are compared with.
    pub baseline: Option<RunId>,
    /// The last ones that were taken out of the list; their curves stay until they are forgotten.
    pub(super) removed: Vec<Removed>,
    /// Folders of experiments that were named to be opened.
    pub(super) experiments_to_open: Vec<PathBuf>,
    /// What is to be done with files, on a thread of its own.
    pub(super) jobs: Vec<RunJob>,
    /// Whether runs are being read or written.
    pub is_busy_with_files: bool,
    /// Runs that were found and are too many to be opened unasked.
    pub found: Vec<PathBuf>,
    folder: Option<PathBuf>,
    /// The run that the engine has in hand.
    in_hand: RunId,
    last_run: u64,
    last_query: u64,
    watching: bool,
}

/// An answer, and what it is an answer about.
#[derive(Clone, Debug)]
pub struct Looked {
    pub run: RunId,
    pub generation: u64,
    pub inspection: Arc<Inspection>,
}

/// A question under way.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: QueryId,
    pub(super) source: ImageSource,
    pub(super) at: Instant,
    pub(super) answered: bool,
}

impl Session {
    pub fn new(engine: Engine, folder: Option<PathBuf>) -> Self {
        Self {
            engine,
            store: CurveStore::new(),
            runs: Vec::new(),
            experiments: Vec::new(),
            snapshot: Arc::default(),
            log: Log::default(),
            selection: Selection::default(),
            listed: None,
            devices: Devices::default(),
            data: DataView::default(),
            exploration: Exploration::default(),
            drawn: Arc::default(),
            inspection: None,
            points_held: 0,
            asked: None,
            pushed_revision: None,
            pushed_experiment_revision: None,
            baseline: None,
            removed: Vec::new(),
            experiments_to_open: Vec::new(),
            jobs: Vec::new(),
            is_busy_with_files: false,
            found: Vec::new(),
            folder,
            in_hand: RunId(0),
            last_run: 0,
            last_query: 0,
            watching: false,
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The run that the engine has in hand: the last one that was started or taken up.
    pub fn current(&self) -> Option<&RunRecord> {
        self.run(self.in_hand)
    }

    pub(super) fn current_mut(&mut self) -> Option<&mut RunRecord> {
        let id = self.in_hand;
        self.run_mut(id)
    }

    pub fn run(&self, id: RunId) -> Option<&RunRecord> {
        self.runs.iter().find(|run| run.id == id)
    }

    pub fn run_mut(&mut self, id: RunId) -> Option<&mut RunRecord> {
        self.runs.iter_mut().find(|run| run.id == id)
    }

    pub fn phase(&self) -> &Phase {
        self.current().map_or(&Phase::Idle, |run| &run.phase)
    }

    pub fn is_going(&self) -> bool {
        self.current().is_some_and(RunRecord::is_going)
    }

    /// The test images of the current run that are watched.
    pub fn samples(&self) -> &[SampleImage] {
        self.current().and_then(|run| run.started.as_deref()).map_or(&[], |started| &started.samples)
    }

    /// Sends a drawn image to the samples.
    pub fn add_sample(&mut self, pixels: Arc<[u8]>) {
        if self.drawn.len() >= MOST_DRAWN {
            self.log.note(format!("{MOST_DRAWN} drawings are watched already: take one out of the samples first"));
        } else if !self.drawn.contains(&pixels) {
            Arc::make_mut(&mut self.drawn).push(pixels);
            self.watch_drawn();
        }
    }

    /// Takes a drawn image out of the samples.
    pub fn remove_sample(&mut self, pixels: &[u8]) {
        Arc::make_mut(&mut self.drawn).retain(|drawn| **drawn != *pixels);
        self.watch_drawn();
    }

    fn watch_drawn(&mut self) {
        self.send(Command::WatchImages(self.drawn.to_vec()));
    }

    /// What the current network makes of the samples, one row a sample: the run's, then those that were drawn.
    pub fn sample_probabilities(&self) -> Option<&[Vec<f32>]> {
        let samples = self.snapshot.samples.as_ref()?;
        (Some(samples.run) == self.current().map(|run| run.id)).then_some(samples.probabilities.as_slice())
    }

    /// Points on the curves of all runs.
    pub fn points_held(&self) -> usize {
        self.points_held
    }

    /// Starts a run with these settings; the one in hand ends.
    pub fn start(&mut self, settings: &Settings, go: bool) {
        let id = RunId(self.last_run + 1);
        let name = self.free_name(settings.config.network_name());
        let folder = self.folder.as_ref().map(|folder| folder.join(&name));
        let config = Box::new(settings.config.clone());
        let device = settings.device.clone();
        if !self.send(Command::Start { run: id, config, device, folder, go }) {
            return;
        }
        let colour = self.next_colour();
        self.take_in_hand(id);
        self.last_run = id.0;
        self.runs.push(RunRecord::new(id, name, colour, settings.config.clone()));
    }

    /// The run before ends, and what was known of it live is out of date.
    pub(super) fn take_in_hand(&mut self, id: RunId) {
        if let Some(before) = self.current_mut().filter(|before| before.is_alive()) {
            before.phase = Phase::Stopped;
        }
        self.in_hand = id;
        self.snapshot = Arc::new(Snapshot { run: Some(id), ..Snapshot::default() });
        self.inspection = None;
        self.asked = None;
        self.pushed_revision = None;
    }

    /// Starts, pauses or goes on, as the state of the current run has it.
    pub fn train_or_pause(&mut self, settings: &Settings) {
        match self.phase() {
            Phase::Running | Phase::Preparing(_) => self.send(Command::Pause),
            Phase::Opening { .. } => self.send(Command::Stop),
            Phase::Paused => self.send(Command::Run),
            Phase::Idle | Phase::Finished | Phase::Stopped | Phase::Failed(_) => {
                self.start(settings, true);
                true
            }
        };
    }

    /// One training step, then pause.
    pub fn step(&mut self, settings: &Settings) {
        self.make_ready(settings);
        self.send(Command::Step);
    }

    /// To the end of the epoch, then pause.
    pub fn step_epoch(&mut self, settings: &Settings) {
        self.make_ready(settings);
        self.send(Command::StepEpoch);
    }

    fn make_ready(&mut self, settings: &Settings) {
        if !self.current().is_some_and(RunRecord::is_alive) {
            self.start(settings, false);
        }
    }

    /// Goes on with the settings as they are now: the run hears of them before its next step.
    pub fn go_on(&mut self, book: &SettingsBook) {
        if self.push_live_settings(book.current(), book.revision()) {
            self.send(Command::Run);
        } else {
            self.log.error(EngineBusy.to_string());
        }
    }

    /// A learning-rate range test on a copy of the current network, or of a fresh one where there is none.
    pub fn find_rate(&mut self, settings: &Settings, range: RangeTestConfig) {
        self.make_ready(settings);
        self.send(Command::FindRate(range));
    }

    pub fn cancel_find_rate(&mut self) {
        self.send(Command::CancelFindRate);
    }

    /// Looks at the validation images now.
    pub fn evaluate(&mut self) {
        self.send(Command::Evaluate);
    }

    /// Tells the run in hand of the live settings in which it differs from `settings`. Returns whether it could be told.
    pub(super) fn push_live_settings(&mut self, settings: &Settings, revision: u64) -> bool {
        if self.pushed_revision == Some(revision) {
            return true;
        }
        let Some(run) = self.current().filter(|run| run.is_alive() && run.started.is_some()) else { return true };
        let differences = run.live_differences(&settings.config);
        for (setting, value) in differences {
            let change = Command::Change { setting: setting.to_owned(), value };
            if self.engine.send(change).is_err() {
                return false;
            }
        }
        self.pushed_revision = Some(revision);
        true
    }

    /// Whether live pictures are wanted.
    pub(super) fn watch(&mut self, wanted: bool) {
        if wanted != self.watching && self.engine.send(Command::Watch(wanted)).is_ok() {
            self.watching = wanted;
        }
    }

    /// Asks about the selected image when the last answer is out of date. Returns when to ask next, if that is later.
    pub(super) fn inspect_selection(&mut self) -> Option<Duration> {
        let Selection::Image(source) = self.selection.clone() else { return None };
        self.current()?.started.as_ref()?.image(&source).ok()?;
        let generation = self.snapshot.step;
        let is_fresh = self
            .inspection
            .as_ref()
            .is_some_and(|looked| looked.generation == generation && looked.inspection.source == source);
        if is_fresh {
            return None;
        }
        // One question at a time: while an image is being drawn, the next question is about the latest of it.
        if let Some(asked) = self.asked.as_ref().filter(|asked| !asked.answered || asked.source == source) {
            let pause = if asked.answered { INSPECT_EVERY } else { ASK_AGAIN_AFTER };
            if let Some(rest) = pause.checked_sub(asked.at.elapsed()) {
                return Some(rest);
            }
        }
        let id = QueryId(self.next_query());
        let query = Query::Inspect { image: source.clone() };
        if self.engine.send(Command::Ask { id, query }).is_ok() {
            self.asked = Some(Asked { id, source, at: Instant::now(), answered: false });
        }
        None
    }

    /// Sends, or says that it could not.
    pub(super) fn send(&mut self, command: Command) -> bool {
        let sent = self.engine.send(command);
        if let Err(busy) = &sent {
            self.log.error(busy.to_string());
        }
        sent.is_ok()
    }

    pub(super) fn recount(&mut self) {
        let runs: Vec<RunId> = self.store.runs().collect();
        let count = |run: RunId| -> usize {
            self.store.series_names(run).filter_map(|name| self.store.curve(run, name)).map(Curve::len).sum()
        };
        self.points_held = runs.into_iter().filter(|run| self.run(*run).is_some()).map(count).sum();
    }

    pub(super) fn next_query(&mut self) -> u64 {
        self.last_query += 1;
        self.last_query
    }

    /// Where each run keeps a folder, if anywhere.
    pub(super) fn runs_folder(&self) -> Option<&PathBuf> {
        self.folder.as_ref()
    }

    pub(super) fn next_id(&mut self) -> RunId {
        self.last_run += 1;
        RunId(self.last_run)
    }

    /// `stem-1`, or the first number after it that no run of this window has, nor a folder on disk.
    pub(super) fn free_name(&self, stem: &str) -> String {
        let is_taken = |name: &String| {
            self.runs.iter().any(|run| run.name == *name)
                || self.experiments.iter().any(|experiment| experiment.name == *name)
                || self.folder.as_ref().is_some_and(|folder| folder.join(name).exists())
        };
        (self.last_run + 1..=self.last_run + MOST_NAMES)
            .map(|number| format!("{stem}-{number}"))
            .find(|name| !is_taken(name))
            .unwrap_or_else(|| stem.to_owned())
    }
}
