//! The papers as protocols, composed of `train` and `lens`. Each is a config (serde) and a run that advances in small
//! steps and reports to an [`Observer`]. Imports `data`, `nets`, `train` and `lens`; never learns who watches.

mod any;
mod classifier;
mod compare;
mod config;
mod distillation;
mod dropout;
mod features;
mod fit;
mod member;
mod moments;
mod observer;
mod points;
mod progress;
mod protocol;
mod range_test;
pub mod report;
mod settings;
mod specialists;
mod stop;
mod subject;
mod trained;
mod training;

pub use any::ExperimentConfig;
pub use classifier::{Classifier, ClassifierError, Guess, LAST_CHECKPOINT, Preparation};
pub use compare::{SettingChange, SettingRow, compare_settings};
pub use config::{ConfigError, DataConfig, LIVE_SETTINGS, MonitorConfig, TrainConfig, file_stem};
pub use distillation::{
    AngleAt, Arm, CorrectedErrors, Correction, DistillConfig, DistillResults, Distillation, EMBEDDED, EarlyResult,
    EnsembleResult, LIVE_DISTILL_SETTINGS, Mean, MemberResult, Order, Shifted, StudentSpec, Sweep, TRAIN,
    TeacherConfig, distillation_preset, distillation_presets,
};
pub use dropout::DropoutRate;
pub use features::{
    AblationConfig, AblationFinding, AdjointFinding, AdjointRow, CorrespondenceFinding, CorrespondenceRow, EnergyRow,
    EvolutionConfig, EvolutionFinding, EvolutionRow, Exhibit, Features, FeaturesConfig, FeaturesResults,
    FiltersFinding, Findings, InvarianceCurve, InvarianceFinding, OcclusionFinding, RuleRow, ScenesConfig, SilencedRow,
    Variant, features_preset, features_presets,
};
pub use fit::RunError;
pub use moments::Moments;
pub use observer::{Advance, Observer};
pub use progress::Best;
pub use protocol::{Finished, MemberState, Protocol, ProtocolAdvance, Role, Status};
pub use range_test::{
    MINIMUM_DIVISOR, RangeTest, RangeTestConfig, RangeTestEnd, RangeTestResult, RatePoint, SMOOTHING, STOP_FACTOR,
};
pub use settings::Config;
pub use specialists::{
    ConditionalErrors, CoveringGain, DustbinShares, Gain, GeneralistConfig, SpecialistResult, Specialists,
    SpecialistsConfig, SpecialistsResults, specialists_preset, specialists_presets,
};
pub use stop::StopConfig;
pub use subject::{Subject, SubjectError};
pub use trained::{Trained, trained_networks};
pub use training::{Guide, HeldOut, Material, Training, TrainingSummary};
