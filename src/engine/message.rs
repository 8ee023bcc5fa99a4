//! What crosses between the worker and whoever watches: plain data, never a tensor.

use super::inspection::{Inspection, SampleImage, SampleProbabilities, find_image};
use super::states::KeptStates;
use crate::data::Split;
use crate::experiments::{
    ExperimentConfig, MemberState, RangeTestConfig, RangeTestResult, TrainConfig, TrainingSummary,
};
use crate::nets::{Checkpoint, LayerSummary, Shape};
use crate::train::{Evaluation, FaultReport, Hint, LayerHealth, LayerHistogram};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One run, for as long as the program lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RunId(pub u64);

/// Ties an answer to its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueryId(pub u64);

/// What the worker can be told to do. It obeys between two training steps.
#[derive(Clone, Debug)]
pub enum Command {
    /// Build a run and make it the current one, in place of the one before. It begins paused unless `go`.
    Start {
        run: RunId,
        config: Box<TrainConfig>,
        device: String,
        folder: Option<PathBuf>,
        go: bool,
    },
    /// Take up the run of a folder where its last checkpoint stands.
    Resume {
        run: RunId,
        folder: PathBuf,
        device: String,
        epochs: Option<u64>,
        go: bool,
    },
    Run,
    Pause,
    /// One training step, then pause.
    Step,
    /// To the end of the epoch, then pause.
    StepEpoch,
    /// Save a checkpoint where there is a folder, then end the run; its network stays for queries.
    Stop,
    /// No further training step: evaluate on the test images as after the last epoch, and finish.
    Finish,
    /// A learning-rate range test on a copy of the run's network. The run waits as it is until the test has ended.
    FindRate(RangeTestConfig),
    CancelFindRate,
    /// One of [`LIVE_SETTINGS`](crate::experiments::LIVE_SETTINGS), as `TrainConfig::with` takes it.
    Change {
        setting: String,
        value: String,
    },
    /// Evaluate the validation images now, also in the middle of an epoch or while paused. See
    /// [`Training::evaluate_now`](crate::experiments::Training::evaluate_now).
    Evaluate,
    Ask {
        id: QueryId,
        query: Query,
    },
    /// Write a run that has no folder into this one: all of it, and the network where it is still there. A run that goes
    /// on is kept there from now on.
    SaveTo {
        run: RunId,
        folder: PathBuf,
    },
    /// Nobody will ask for this run again.
    Forget(RunId),
    /// About the experiment of several networks.
    Experiment(ExperimentCommand),
    /// Whether live pictures are wanted in the snapshots; nobody pays for them unasked.
    Watch(bool),
    /// Images to be watched after the run's own samples: bytes of the shape of the run's images; others are passed over.
    WatchImages(Vec<Arc<[u8]>>),
}

impl Command {
    /// Whether a run that is being built need not be built any more.
    pub(super) fn ends_what_is_under_way(&self) -> bool {
        matches!(self, Self::Start { .. } | Self::Resume { .. } | Self::Stop)
    }
}

/// What the worker can be told to do with an experiment of several networks. It stands beside the run: of the two, one at
/// most learns, and the other pauses when that one goes on.
#[derive(Clone, Debug)]
pub enum ExperimentCommand {
    /// Build an experiment, in place of the one before. It begins paused unless `go`.
    Start {
        run: RunId,
        config: Box<ExperimentConfig>,
        device: String,
        folder: Option<PathBuf>,
        go: bool,
    },
    /// Take up the experiment of a folder after its last network that was done.
    Resume {
        run: RunId,
        folder: PathBuf,
        device: String,
        go: bool,
    },
    Run,
    Pause,
    /// One training step, then pause.
    Step,
    /// Ends it; its networks stay for queries.
    Stop,
    /// A setting that may change during the experiment.
    Change {
        setting: String,
        value: String,
    },
    /// Write an experiment that has no folder into this one, and keep it there from now on.
    SaveTo(PathBuf),
    /// What every network makes of these bytes, `[channels, height, width]`.
    Logits {
        id: QueryId,
        pixels: Arc<[u8]>,
    },
}

#[derive(Clone, Debug)]
pub enum Query {
    /// The current network's view of one image.
    Inspect { image: ImageSource },
    /// The current network itself, to be looked into elsewhere.
    Network,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ImageSource {
    /// By position among the test images.
    Test(usize),
    /// By position among the validation images.
    Validation(usize),
    /// Bytes of an image of the run's shape, `[channels, height, width]`.
    Pixels(Arc<[u8]>),
}

impl ImageSource {
    /// The bytes, where it is no image of the run.
    pub fn pixels(&self) -> Option<&[u8]> {
        if let Self::Pixels(pixels) = self { Some(pixels) } else { None }
    }
}

#[derive(Clone, Debug)]
pub enum Event {
    /// A run is ready (it may still be paused).
    Started(Box<Started>),
    /// Between two steps something was changed.
    Changed {
        run: RunId,
        step: u64,
        setting: String,
        before: String,
        after: String,
    },
    /// An evaluation that was asked for is done; the snapshot carries it.
    Evaluated {
        run: RunId,
        step: u64,
        errors: usize,
        examples: usize,
    },
    /// `seconds` of training and evaluation, pauses left out.
    Finished {
        run: RunId,
        summary: Box<TrainingSummary>,
        seconds: f64,
    },
    /// The run ended before its last step, by command.
    Stopped {
        run: RunId,
        step: u64,
    },
    /// A fault: the run is paused as it was before the step, and will go on from its last good state.
    Trouble {
        run: RunId,
        message: String,
        /// What every layer held, when a value stopped being finite.
        report: Option<Arc<FaultReport>>,
    },
    /// A condition of the settings was met: the run is paused, and can go on.
    ConditionMet {
        run: RunId,
        step: u64,
        message: String,
    },
    /// A sign of trouble that stayed for a whole window of looks.
    HintFound {
        run: RunId,
        hint: Box<Hint>,
    },
    /// It has been away for as long.
    HintGone {
        run: RunId,
        hint: Box<Hint>,
    },
    /// A learning-rate range test has ended.
    RateTested(Arc<RateTest>),
    /// The run went back to an earlier step; the points after it will come again.
    WentBack {
        run: RunId,
        step: u64,
    },
    /// The run cannot go on. The message says what was wrong, where, and what to do.
    Failed {
        run: RunId,
        message: String,
    },
    /// The run has a folder now.
    Saved {
        run: RunId,
        folder: PathBuf,
    },
    Answer {
        id: QueryId,
        run: RunId,
        generation: u64,
        answer: Answer,
    },
    /// An experiment of several networks is ready (it may still be paused).
    ExperimentStarted(Box<ExperimentStarted>),
    /// All of it is measured: what [`Protocol::results`](crate::experiments::Protocol::results) gives.
    ExperimentFinished {
        run: RunId,
        results: Arc<serde_json::Value>,
        seconds: f64,
    },
    Logits(MemberLogits),
    /// Something a person should know, which stops nothing.
    Note(String),
}

/// What there is to know of an experiment before its first step.
#[derive(Clone)]
pub struct ExperimentStarted {
    pub run: RunId,
    pub config: ExperimentConfig,
    /// As a person would name it.
    pub device: String,
    pub class_names: Vec<String>,
    /// The images held out, if any.
    pub validation: Option<Split>,
    pub test: Split,
    pub folder: Option<PathBuf>,
}

impl fmt::Debug for ExperimentStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExperimentStarted").field("run", &self.run).finish_non_exhaustive()
    }
}

/// An experiment of several networks, as far as it is.
#[derive(Clone, Debug)]
pub struct ExperimentSnapshot {
    pub run: RunId,
    pub phase: Phase,
    /// What it does now, in words.
    pub stage: String,
    /// Of all its work, from 0 to 1.
    pub share: f64,
    /// Of training and evaluation.
    pub seconds: f64,
    pub seconds_left: Option<f64>,
    pub members: Arc<Vec<MemberState>>,
}

/// What the networks of an experiment make of one image.
#[derive(Clone, Debug)]
pub struct MemberLogits {
    pub id: QueryId,
    pub run: RunId,
    pub pixels: Arc<[u8]>,
    /// Name and logits of each network that is there.
    pub rows: Vec<(String, Vec<f32>)>,
}

/// A learning-rate range test, as far as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateTest {
    pub run: RunId,
    /// Of the run, when its network was copied.
    pub step: u64,
    pub config: RangeTestConfig,
    pub result: RangeTestResult,
    pub seconds_left: f64,
}

/// What there is to know of a run before its first step.
#[derive(Clone)]
pub struct Started {
    pub run: RunId,
    pub config: TrainConfig,
    /// As a person would name it.
    pub device: String,
    pub layers: Vec<LayerSummary>,
    pub image_shape: Shape,
    pub class_names: Vec<String>,
    pub train_images: usize,
    /// The images held out, if any.
    pub validation: Option<Split>,
    pub test: Split,
    pub steps_per_epoch: u64,
    /// Test images whose probabilities the snapshots carry.
    pub samples: Arc<[SampleImage]>,
    /// Steps already taken: above zero when resumed.
    pub step: u64,
    pub folder: Option<PathBuf>,
}

impl Started {
    pub fn validation_images(&self) -> usize {
        self.validation.as_ref().map_or(0, Split::len)
    }

    /// The bytes of an image, `[channels, height, width]`, and its class where that is known.
    ///
    /// # Errors
    /// When there is no such image, in words.
    pub fn image<'a>(&'a self, source: &'a ImageSource) -> Result<(&'a [u8], Option<usize>), String> {
        find_image(&self.test, self.validation.as_ref(), self.image_shape, source)
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("run", &self.run).field("device", &self.device).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub enum Answer {
    Inspection(Box<Inspection>),
    Network(Arc<Checkpoint>),
    /// The question made no sense, and why.
    Refused(String),
}

/// One point of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub run: RunId,
    /// `train/loss`, `validation/accuracy`, `layer/fc1/gradient_norm`, ...
    pub series: Arc<str>,
    pub step: u64,
    pub epoch: f64,
    /// Seconds of training, pauses left out.
    pub seconds: f64,
    pub value: f64,
}

/// How the values of all layers were distributed in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramLook {
    pub run: RunId,
    pub step: u64,
    pub epoch: f64,
    /// From the first layer up, as [`Observer::histograms`](crate::experiments::Observer::histograms) has them.
    pub layers: Vec<LayerHistogram>,
}

/// What the histograms of a run cost, since the run or the last change of how often they are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HistogramCost {
    pub looks: u64,
    /// Seconds spent on the histograms.
    pub seconds: f64,
    /// Seconds of training steps, the histograms included.
    pub training_seconds: f64,
}

impl HistogramCost {
    /// Share of the training time; nothing before the first look.
    pub fn share(&self) -> Option<f64> {
        (self.looks > 0 && self.training_seconds > 0.0).then(|| self.seconds / self.training_seconds)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// No run yet.
    #[default]
    Idle,
    /// Something slow before the first step, in words: loading data, tuning kernels.
    Preparing(String),
    /// The data is being opened: files that are done, and all of them. A stop ends it.
    Opening {
        files: usize,
        of: usize,
    },
    Running,
    Paused,
    Finished,
    Stopped,
    Failed(String),
}

impl Phase {
    /// Before the first step: what is going on, in words.
    pub fn preparing(&self) -> Option<String> {
        match self {
            Self::Preparing(what) => Some(what.clone()),
            Self::Opening { files, of } => Some(format!("Opening the data: {files} of {of} files")),
            _ => None,
        }
    }
}

/// The latest state; older ones are of no use to anybody.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub run: Option<RunId>,
    pub phase: Phase,
    pub device: String,
    /// Training steps taken: the generation of the network.
    pub step: u64,
    pub total_steps: u64,
    pub epoch: f64,
    pub epochs: u64,
    pub images_per_second: f64,
    pub seconds_left: Option<f64>,
    pub learning_rate: f64,
    pub histogram_cost: HistogramCost,
    /// Whether the current work is an evaluation.
    pub evaluating: bool,
    /// How far it is, from 0 to 1.
    pub evaluated_share: f64,
    pub samples: Option<Arc<SampleProbabilities>>,
    pub health: Arc<Vec<LayerHealth>>,
    /// Those that stand.
    pub hints: Arc<Vec<Hint>>,
    /// The last range test of the run, or the one that is going on.
    pub rate_test: Option<Arc<RateTest>>,
    pub validation: Option<Arc<Evaluation>>,
    pub test: Option<Arc<Evaluation>>,
    /// The states of the network that are kept so far.
    pub states: Arc<KeptStates>,
    /// The experiment of several networks that is in hand beside the run.
    pub experiment: Option<Arc<ExperimentSnapshot>>,
}
