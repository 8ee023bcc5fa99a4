//! What the window remembers of each run, for as long as it is open.

use super::histograms::HistogramHistory;
use crate::engine::{HistogramCost, Phase, Point, RateTest, RunId, Snapshot, Started, StoredRun};
use crate::experiments::{Config, LIVE_SETTINGS, SettingChange, TrainConfig, TrainingSummary};
use crate::nets::LayerSummary;
use crate::train::{Evaluation, FaultReport, Hint, LayerHealth};
use std::path::PathBuf;
use std::sync::Arc;

/// One run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub id: RunId,
    /// Unique. The folder on disk keeps the name it was made with.
    pub name: String,
    /// Index into the run colours.
    pub colour: usize,
    pub visible: bool,
    /// As it stands: with the changes made since the start.
    pub config: TrainConfig,
    /// What the engine said when it was ready.
    pub started: Option<Arc<Started>>,
    pub phase: Phase,
    pub step: u64,
    pub epoch: f64,
    pub changes: Vec<Change>,
    pub best_validation_accuracy: Option<f64>,
    /// When that was.
    pub best_epoch: Option<f64>,
    pub health: Arc<Vec<LayerHealth>>,
    pub histograms: HistogramHistory,
    pub histogram_cost: HistogramCost,
    /// Signs of trouble that stand now.
    pub hints: Arc<Vec<Hint>>,
    /// What stopped being finite, until the run goes back.
    pub fault: Option<Arc<FaultReport>>,
    /// The last learning-rate range test, or the one that goes on.
    pub rate_test: Option<Arc<RateTest>>,
    pub validation: Option<Arc<Evaluation>>,
    pub test: Option<Arc<Evaluation>>,
    pub summary: Option<Arc<TrainingSummary>>,
    /// Of training and evaluation, once it is finished.
    pub seconds: Option<f64>,
    /// What a person wrote of it.
    pub notes: String,
    /// Its run folder, or the zip that it was opened from.
    pub folder: Option<PathBuf>,
    /// What its folder told, where it was opened from disk.
    pub stored: Option<Arc<StoredFacts>>,
}

/// What is known of a run that this window did not train.
#[derive(Clone, Debug)]
pub struct StoredFacts {
    pub layers: Vec<LayerSummary>,
    pub device: Option<String>,
    /// Whether its points have seconds.
    pub has_clock: bool,
    pub has_checkpoint: bool,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

/// A setting that was changed while a run went on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub step: u64,
    pub epoch: f64,
    pub seconds: f64,
    pub setting: String,
    pub before: String,
    pub after: String,
}

impl Change {
    /// `learning_rate 0.001 -> 0.01`.
    pub fn describe(&self) -> String {
        format!("{} {} \u{2192} {}", leaf(&self.setting), self.before, self.after)
    }
}

/// The last part of a dotted path; the kind of something goes by the name of that.
pub fn leaf(setting: &str) -> &str {
    let named = setting.strip_suffix(".kind").unwrap_or(setting);
    named.rsplit('.').next().unwrap_or(named)
}

impl RunRecord {
    pub fn new(id: RunId, name: String, colour: usize, config: TrainConfig) -> Self {
        Self {
            id,
            name,
            colour,
            visible: true,
            config,
            started: None,
            phase: Phase::Preparing("Starting".to_owned()),
            step: 0,
            epoch: 0.0,
            changes: Vec::new(),
            best_validation_accuracy: None,
            best_epoch: None,
            health: Arc::default(),
            histograms: HistogramHistory::default(),
            histogram_cost: HistogramCost::default(),
            hints: Arc::default(),
            fault: None,
            rate_test: None,
            validation: None,
            test: None,
            summary: None,
            seconds: None,
            notes: String::new(),
            folder: None,
            stored: None,
        }
    }

    /// A run from disk. Looks at every point.
    pub fn from_stored(id: RunId, name: String, colour: usize, run: &StoredRun) -> Self {
        let epochs_per_step = run.last_epoch() / run.last_step().max(1) as f64;
        let change = |change: &SettingChange| Change {
            step: change.step,
            epoch: change.step as f64 * epochs_per_step,
            seconds: run.clock.at(change.step),
            setting: change.setting.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        let (best, summary) = (run.best_validation(), run.summary.clone().map(Arc::new));
        Self {
            phase: if summary.is_some() { Phase::Finished } else { Phase::Stopped },
            step: run.last_step(),
            epoch: run.last_epoch(),
            changes: run.changes.iter().map(change).collect(),
            summary,
            seconds: run.seconds,
            notes: run.notes.clone(),
            folder: Some(run.path.clone()),
            stored: Some(Arc::new(StoredFacts {
                layers: run.layers.clone(),
                device: run.device.clone(),
                has_clock: run.clock.is_known(),
                has_checkpoint: run.has_checkpoint,
                problems: run.problems.clone(),
            })),
            best_validation_accuracy: best.map(|(accuracy, _)| accuracy),
            best_epoch: best.map(|(_, epoch)| epoch),
            ..Self::new(id, name, colour, run.config.clone())
        }
    }

    /// Whether its points have a place on an axis of time.
    pub fn has_clock(&self) -> bool {
        self.started.is_some() || self.stored.as_ref().is_none_or(|stored| stored.has_clock)
    }

    /// From the first layer up, as far as they are known.
    pub fn layers(&self) -> &[LayerSummary] {
        let started = self.started.as_ref().map(|started| started.layers.as_slice());
        started.or_else(|| Some(&self.stored.as_ref()?.layers)).unwrap_or_default()
    }

    pub fn parameters(&self) -> u64 {
        self.layers().iter().map(|layer| layer.parameters).sum()
    }

    pub fn device(&self) -> Option<&str> {
        let started = self.started.as_ref().map(|started| started.device.as_str());
        started.or_else(|| self.stored.as_ref()?.device.as_deref())
    }

    /// Its changes without the window's epochs and seconds.
    pub fn setting_changes(&self) -> Vec<SettingChange> {
        let plain = |change: &Change| SettingChange {
            step: change.step,
            setting: change.setting.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        self.changes.iter().map(plain).collect()
    }

    /// What it is doing, in a word.
    pub fn state(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "idle",
            Phase::Preparing(_) | Phase::Opening { .. } => "preparing",
            Phase::Running => "training",
            Phase::Paused => "paused",
            Phase::Finished => "finished",
            Phase::Stopped => "stopped",
            Phase::Failed(_) => "failed",
        }
    }

    /// Whether it can still take a step.
    pub fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Preparing(_) | Phase::Opening { .. } | Phase::Running | Phase::Paused)
    }

    /// Whether it trains, or will without being told again.
    pub fn is_going(&self) -> bool {
        matches!(self.phase, Phase::Preparing(_) | Phase::Opening { .. } | Phase::Running)
    }

    /// Name and step: of what the figures are.
    pub fn place(&self) -> String {
        format!("{}, step {}", self.name, self.step)
    }

    /// Errors among the test images, once they were looked at.
    pub fn test_errors(&self) -> Option<usize> {
        let evaluated = self.test.as_ref().map(|test| test.errors);
        evaluated.or_else(|| Some(self.summary.as_ref()?.test_errors))
    }

    pub fn class_names(&self) -> &[String] {
        self.started.as_ref().map_or(&[], |started| started.class_names.as_slice())
    }

    /// The name a person gave the network: a preset, or the stem of a file.
    pub fn network_name(&self) -> &str {
        self.config.network_name()
    }

    pub fn take_up(&mut self, snapshot: &Snapshot) {
        self.phase = snapshot.phase.clone();
        self.step = snapshot.step;
        self.epoch = snapshot.epoch;
        self.histogram_cost = snapshot.histogram_cost;
        if !snapshot.health.is_empty() {
            self.health = Arc::clone(&snapshot.health);
        }
        self.hints = Arc::clone(&snapshot.hints);
        self.rate_test = snapshot.rate_test.clone().or_else(|| self.rate_test.take());
        self.validation = snapshot.validation.clone().or_else(|| self.validation.take());
        self.test = snapshot.test.clone().or_else(|| self.test.take());
    }

    pub fn note_point(&mut self, point: &Point) {
        if &*point.series == "validation/accuracy"
            && point.value.is_finite()
            && self.best_validation_accuracy.is_none_or(|best| point.value > best)
        {
            self.best_validation_accuracy = Some(point.value);
            self.best_epoch = Some(point.epoch);
        }
    }

    /// The settings that differ from `wanted` and will only differ less after a reset.
    pub fn waiting_for_reset(&self, wanted: &TrainConfig) -> Vec<String> {
        if self.config == *wanted {
            return Vec::new();
        }
        let is_live = |key: &String| LIVE_SETTINGS.contains(&key.as_str());
        let differs = |key: &String| self.config.get(key) != wanted.get(key);
        wanted.keys().into_iter().filter(|key| !is_live(key)).filter(differs).collect()
    }

    /// The live settings in which `wanted` differs, with the values wanted.
    pub fn live_differences(&self, wanted: &TrainConfig) -> Vec<(&'static str, String)> {
        if self.config == *wanted {
            return Vec::new();
        }
        let differs = |key: &&str| self.config.get(key) != wanted.get(key);
        LIVE_SETTINGS.iter().copied().filter(differs).filter_map(|key| Some((key, wanted.get(key)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::file_stem;

    #[test]
    fn live_and_waiting_settings_are_told_apart() {
        let run = RunRecord::new(RunId(1), "a".to_owned(), 0, TrainConfig::default());
        let wanted = TrainConfig::default().with("optimiser.learning_rate", "0.5").unwrap().with("seed", "7").unwrap();
        assert_eq!(run.live_differences(&wanted), [("optimiser.learning_rate", "0.5".to_owned())]);
        assert_eq!(run.waiting_for_reset(&wanted), ["seed"]);
    }

    #[test]
    fn a_change_says_what_changed_before_and_after() {
        let change = |setting: &str, before: &str, after: &str| {
            let (setting, before, after) = (setting.to_owned(), before.to_owned(), after.to_owned());
            Change { step: 3, epoch: 0.1, seconds: 1.0, setting, before, after }.describe()
        };
        assert_eq!(change("batch_size", "128", "64"), "batch_size 128 \u{2192} 64");
        assert_eq!(change("dropout", "architecture", "0.5"), "dropout architecture \u{2192} 0.5");
        assert_eq!(change("schedule.kind", "cosine", "constant"), "schedule cosine \u{2192} constant");
        assert_eq!(change("data.augmentation.crop", "0", "2"), "crop 0 \u{2192} 2");
    }

    #[test]
    fn a_network_is_called_after_its_file() {
        assert_eq!(file_stem("mlp-800"), "mlp-800");
        assert_eq!(file_stem("/home/a/net.v2.toml"), "net.v2");
    }
}
