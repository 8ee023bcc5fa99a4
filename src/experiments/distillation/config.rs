//! The settings of a distillation, as plain data: presets, `config.toml` of a run folder, `--set` and the window are all
//! this one structure.

use crate::experiments::{Config, ConfigError, TrainConfig};
use crate::train::Loss;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Students that learn from a teacher, beside others that do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistillConfig {
    /// In a few words.
    pub title: String,
    /// What the paper did and found, with the place; what to look at.
    pub about: String,
    /// What the paper reports, by rows of the report: `teacher`, `hard`, `distilled`, `distilled corrected`, ...
    pub paper: BTreeMap<String, String>,
    /// One group of students a seed. All students of a group begin with the same weights (where they have the same
    /// architecture) and see the same batches.
    pub seeds: Vec<u64>,
    pub order: Order,
    /// What the students of a group make small.
    pub arms: Vec<Arm>,
    /// `T` of the soft targets.
    pub temperature: f64,
    /// Weight of the soft targets against the labels: 1 is soft targets only.
    pub alpha: f64,
    /// Of the arm `smoothed`: the share of each label that is spread over all classes.
    pub smoothing: f64,
    pub sweep: Sweep,
    /// Classes whose bias is corrected after training, by one shift that they share: those that the transfer set lacks, or
    /// has too many of (section 3).
    pub corrected_classes: Vec<usize>,
    /// Also judge each student as it was at its lowest validation loss.
    pub early_stopping: bool,
    /// The students come with Glassbox, as the teacher does: nothing is trained. Only those that are called `hard` or
    /// `distilled` do.
    pub pretrained: bool,
    /// Another data set to learn from, whose labels are not used; empty for the one of `student.data`.
    pub transfer: String,
    pub teacher: TeacherConfig,
    /// Network, transfer set, optimiser and everything else of the students. Its seed is not used, and images are
    /// standardised as they are for the teacher, whatever stands here.
    pub student: TrainConfig,
}

/// Where soft targets come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeacherConfig {
    /// `train`, `embedded`, or the path of a run folder or a checkpoint.
    pub source: String,
    /// More than one is an ensemble, with the seeds that follow that of `run`.
    pub members: usize,
    /// How the predictions of an ensemble become one.
    pub mean: Mean,
    /// How a teacher is trained, where it is.
    pub run: TrainConfig,
}

/// Which settings to go through, one student each. Empty lists leave a setting as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sweep {
    /// Of the arm `distilled`.
    pub temperatures: Vec<f64>,
    /// As `student.network`.
    pub networks: Vec<String>,
}

/// In which order the networks learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The teacher, then one student after another.
    InTurn,
    /// The teacher, then the students of a group step by step beside each other.
    #[default]
    SideBySide,
    /// Teacher and first group of students step by step: the soft targets are those of the teacher as it is then.
    WithTeacher,
}

/// What a student learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Labels.
    Hard,
    /// Soft targets at a temperature, and labels.
    Distilled,
    /// Smoothed labels.
    Smoothed,
    /// The teacher's logits, and labels.
    Logits,
}

/// How the predictions of several teachers become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mean {
    Arithmetic,
    /// Of probabilities, which is the arithmetic one of logits.
    #[default]
    Geometric,
}

/// One student to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct StudentSpec {
    /// Unique, and fit for a file.
    pub name: String,
    pub arm: Arm,
    pub loss: Loss,
    /// As `student.network`.
    pub network: String,
    pub seed: u64,
}

impl Arm {
    pub const ALL: [Self; 4] = [Self::Hard, Self::Distilled, Self::Smoothed, Self::Logits];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Distilled => "distilled",
            Self::Smoothed => "smoothed",
            Self::Logits => "logits",
        }
    }

    /// In the field's words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Hard => "hard labels",
            Self::Distilled => "soft targets",
            Self::Smoothed => "label smoothing",
            Self::Logits => "logit matching",
        }
    }
}

impl Default for DistillConfig {
    fn default() -> Self {
        let student = TrainConfig { network: "mlp-800".to_owned(), ..quiet() };
        Self {
            title: "Distillation".to_owned(),
            about: String::new(),
            paper: BTreeMap::new(),
            seeds: vec![1],
            order: Order::default(),
            arms: vec![Arm::Hard, Arm::Distilled],
            temperature: 4.0,
            alpha: 0.9,
            smoothing: 0.1,
            sweep: Sweep::default(),
            corrected_classes: Vec::new(),
            early_stopping: false,
            pretrained: false,
            transfer: String::new(),
            teacher: TeacherConfig::default(),
            student,
        }
    }
}

impl Default for TeacherConfig {
    fn default() -> Self {
        let run = TrainConfig { network: "mlp-1200".to_owned(), ..quiet() };
        Self { source: EMBEDDED.to_owned(), members: 1, mean: Mean::default(), run }
    }
}

/// Nothing is measured that nobody looks at here.
pub(in crate::experiments) fn quiet() -> TrainConfig {
    let mut config = TrainConfig::default();
    config.monitor.health_every = 0;
    config.monitor.histograms_every = 0;
    config
}

/// The teacher that comes with Glassbox.
pub const EMBEDDED: &str = "embedded";
/// A teacher that is trained first.
pub const TRAIN: &str = "train";

/// Settings that may change while a distillation goes on.
pub const LIVE_DISTILL_SETTINGS: &[&str] = &["temperature", "alpha", "smoothing", "student.optimiser.learning_rate"];

const MOST_STUDENTS: usize = 1_000;
const MOST_TEACHERS: usize = 100;

impl Config for DistillConfig {
    const WHOLE: &[&str] = &["data.classes", "architecture", "paper"];

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |reason: String| Err(ConfigError::Check(reason));
        if self.seeds.is_empty() || self.arms.is_empty() {
            return wrong("there is no student: `seeds` and `arms` need at least one entry each".to_owned());
        }
        if let Some(seed) = first_repeated(&self.seeds) {
            return wrong(format!("the seed {seed} stands in `seeds` twice: each student is trained once"));
        }
        if let Some(arm) = first_repeated(&self.arms) {
            return wrong(format!("`{}` stands in `arms` twice", arm.name()));
        }
        if self.teacher.members == 0 || self.teacher.members > MOST_TEACHERS {
            return wrong(format!("teacher.members must be from 1 to {MOST_TEACHERS}"));
        }
        if self.teacher.members > 1 && self.teacher.source != TRAIN {
            return wrong("an ensemble is trained: set teacher.source to `train`, or teacher.members to 1".to_owned());
        }
        if !self.transfer.is_empty() && self.arms.iter().any(|arm| matches!(arm, Arm::Hard | Arm::Smoothed)) {
            return wrong(
                "another transfer set has no labels: take `hard` and `smoothed` out of `arms`, or empty `transfer`"
                    .to_owned(),
            );
        }
        self.student.check().map_err(|error| within("student", error))?;
        self.teacher.run.check().map_err(|error| within("teacher.run", error))?;
        for loss in self.sweep.temperatures.iter().map(|&temperature| self.loss(Arm::Distilled, temperature)) {
            loss.check().map_err(ConfigError::Check)?;
        }
        for arm in Arm::ALL {
            self.loss(arm, self.temperature).check().map_err(ConfigError::Check)?;
        }
        if self.students().len() > MOST_STUDENTS {
            return wrong(format!("these are {} students, and {MOST_STUDENTS} are the most", self.students().len()));
        }
        Ok(())
    }
}

impl DistillConfig {
    /// All students, a group after the other; see [`seeds`](Self::seeds).
    pub fn students(&self) -> Vec<StudentSpec> {
        let own_network = [self.student.network.clone()];
        let networks = if self.sweep.networks.is_empty() { &own_network[..] } else { &self.sweep.networks };
        let mut students = Vec::new();
        for &seed in &self.seeds {
            for network in networks {
                for &arm in &self.arms {
                    for temperature in self.temperatures_of(arm) {
                        let loss = self.loss(arm, temperature);
                        let name = self.student_name(arm, temperature, network, seed, networks.len());
                        students.push(StudentSpec { name, arm, loss, network: network.clone(), seed });
                    }
                }
            }
        }
        students
    }

    /// What an arm makes small.
    pub fn loss(&self, arm: Arm, temperature: f64) -> Loss {
        match arm {
            Arm::Hard => Loss::Hard,
            Arm::Distilled => Loss::Distilled { temperature, alpha: self.alpha },
            Arm::Smoothed => Loss::Smoothed { smoothing: self.smoothing },
            Arm::Logits => Loss::Logits { alpha: self.alpha },
        }
    }

    fn temperatures_of(&self, arm: Arm) -> Vec<f64> {
        if arm == Arm::Distilled && !self.sweep.temperatures.is_empty() {
            self.sweep.temperatures.clone()
        } else {
            vec![self.temperature]
        }
    }

    /// Only what tells it from the others.
    fn student_name(&self, arm: Arm, temperature: f64, network: &str, seed: u64, networks: usize) -> String {
        let mut parts = vec![arm.name().to_owned()];
        if arm == Arm::Distilled && self.sweep.temperatures.len() > 1 {
            parts.push(format!("T={temperature}"));
        }
        if networks > 1 {
            parts.push(crate::experiments::file_stem(network).to_owned());
        }
        if self.seeds.len() > 1 {
            parts.push(format!("seed {seed}"));
        }
        parts.join(" ")
    }
}

/// A message about settings names the group they stand in.
pub(in crate::experiments) fn within(group: &str, error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Check(reason) => ConfigError::Check(format!("{group}: {reason}")),
        other => other,
    }
}

fn first_repeated<T: PartialEq + Copy>(items: &[T]) -> Option<T> {
    items.iter().enumerate().find(|(index, item)| items[..*index].contains(item)).map(|(_, item)| *item)
}
