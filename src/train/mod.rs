//! How it learns: objectives, optimisers, schedules, one training step, evaluation.
//!
//! Imports `data` and `nets`. Knows nothing of who watches: whoever drives it reads what each step returns.

pub mod diagnosis;
mod evaluation;
mod fault;
mod health;
pub mod histogram;
mod objective;
pub mod optimiser;
mod schedule;
mod trainer;

pub use diagnosis::{Diagnosis, Evidence, Hint, HintKind};
pub use evaluation::{CALIBRATION_BINS, CalibrationBin, ClassFigures, Evaluation, Outcome, Tally};
pub use fault::{Fault, FaultPlace, FaultReport, LayerStatistics, ValueStatistics};
pub use health::LayerHealth;
pub use histogram::{Histogram, LayerHistogram, Quantity};
pub use objective::{Goal, GradientTerms, Loss, Objective, Terms, cross_entropy, matching_angle, softmax_rows};
pub use optimiser::{Optimiser, OptimiserKind, OptimiserSettings};
pub use schedule::{Schedule, ScheduleKind};
pub use trainer::{StepReport, Trainer, Watch, images_tensor};
