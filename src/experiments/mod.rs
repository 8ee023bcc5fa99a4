//! The papers as protocols, composed of `train` and `lens`. Each is a config (serde) and a run that advances in small
//! steps and reports to an [`Observer`]. Imports `data`, `nets`, `train` and `lens`; never learns who watches.

mod compare;
mod config;
mod evaluating;
mod observer;
mod training;

pub use compare::{SettingChange, SettingRow, compare_settings};
pub use config::{ConfigError, DataConfig, LIVE_SETTINGS, MonitorConfig, TrainConfig};
pub use evaluating::HeldOut;
pub use observer::{Advance, Observer};
pub use training::{RunError, Training, TrainingSummary};
