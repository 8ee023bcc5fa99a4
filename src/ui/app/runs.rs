//! What the window remembers of each run, for as long as it is open.

use crate::engine::{Phase, Point, RunId, Snapshot, Started};
use crate::experiments::{LIVE_SETTINGS, TrainConfig, TrainingSummary};
use crate::train::{Evaluation, LayerHealth};
use std::sync::Arc;

/// One run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub id: RunId,
    /// Unique; also the name of its folder.
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
    pub health: Arc<Vec<LayerHealth>>,
    pub validation: Option<Arc<Evaluation>>,
    pub test: Option<Arc<Evaluation>>,
    pub summary: Option<Arc<TrainingSummary>>,
    /// Of training and evaluation, once it is finished.
    pub seconds: Option<f64>,
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

/// The last part of a dotted path.
pub fn leaf(setting: &str) -> &str {
    setting.rsplit('.').next().unwrap_or(setting)
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
            health: Arc::default(),
            validation: None,
            test: None,
            summary: None,
            seconds: None,
        }
    }

    /// Whether it can still take a step.
    pub fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Preparing(_) | Phase::Running | Phase::Paused)
    }

    /// Whether it trains, or will without being told again.
    pub fn is_going(&self) -> bool {
        matches!(self.phase, Phase::Preparing(_) | Phase::Running)
    }

    /// Name and step: of what the figures are.
    pub fn place(&self) -> String {
        format!("{}, step {}", self.name, self.step)
    }

    /// Errors among the test images, once they were looked at.
    pub fn test_errors(&self) -> Option<usize> {
        self.test.as_ref().map(|test| test.errors)
    }

    pub fn class_names(&self) -> &[String] {
        self.started.as_ref().map_or(&[], |started| started.class_names.as_slice())
    }

    /// The name a person gave the network: a preset, or the stem of a file.
    pub fn network_name(&self) -> &str {
        network_stem(&self.config.network)
    }

    pub fn take_up(&mut self, snapshot: &Snapshot) {
        self.phase = snapshot.phase.clone();
        self.step = snapshot.step;
        self.epoch = snapshot.epoch;
        if !snapshot.health.is_empty() {
            self.health = Arc::clone(&snapshot.health);
        }
        self.validation = snapshot.validation.clone().or_else(|| self.validation.take());
        self.test = snapshot.test.clone().or_else(|| self.test.take());
    }

    pub fn note_point(&mut self, point: &Point) {
        if &*point.series == "validation/accuracy" && point.value.is_finite() {
            let best = self.best_validation_accuracy.map_or(point.value, |best| best.max(point.value));
            self.best_validation_accuracy = Some(best);
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

/// `runs/my-net.toml` is called `my-net`.
pub fn network_stem(network: &str) -> &str {
    let file = network.rsplit(['/', '\\']).next().unwrap_or(network);
    file.strip_suffix(".toml").unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_and_waiting_settings_are_told_apart() {
        let run = RunRecord::new(RunId(1), "a".to_owned(), 0, TrainConfig::default());
        let wanted = TrainConfig::default().with("optimiser.learning_rate", "0.5").unwrap().with("seed", "7").unwrap();
        assert_eq!(run.live_differences(&wanted), [("optimiser.learning_rate", "0.5".to_owned())]);
        assert_eq!(run.waiting_for_reset(&wanted), ["seed"]);
    }

    #[test]
    fn a_network_is_called_after_its_file() {
        assert_eq!(network_stem("mlp-800"), "mlp-800");
        assert_eq!(network_stem("/home/a/net.v2.toml"), "net.v2");
    }
}
