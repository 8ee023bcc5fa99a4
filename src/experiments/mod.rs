//! The papers as protocols, composed of `train` and `lens`. Each is a config (serde) and a run that advances in small
//! steps and reports to an [`Observer`]. Imports `data`, `nets`, `train` and `lens`; never learns who watches.

mod compare;
mod config;
mod dropout;
mod evaluating;
mod fit;
mod observer;
mod progress;
mod range_test;
mod report;
mod stop;
mod training;

pub use compare::{SettingChange, SettingRow, compare_settings};
pub use config::{ConfigError, DataConfig, LIVE_SETTINGS, MonitorConfig, TrainConfig, file_stem};
pub use dropout::DropoutRate;
pub use evaluating::HeldOut;
pub use fit::RunError;
pub use observer::{Advance, Observer};
pub use progress::Best;
pub use range_test::{
    MINIMUM_DIVISOR, RangeTest, RangeTestConfig, RangeTestEnd, RangeTestResult, RatePoint, SMOOTHING, STOP_FACTOR,
};
pub use stop::StopConfig;
pub use training::{Training, TrainingSummary};
