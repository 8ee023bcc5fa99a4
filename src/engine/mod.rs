//! Where experiments run: devices, the worker thread, its commands, events and snapshots, run folders.
//!
//! Imports `experiments` and below. The window and the command line are two observers of the same [`Engine`].

mod bench;
mod device;
mod files;
mod finder;
mod folder;
mod message;
mod run;
mod watcher;
mod worker;

pub use bench::{BenchRow, bench};
pub use device::{DeviceInfo, OpenDevice, devices, open_device};
pub use files::{FileError, write_atomically};
pub use folder::{FolderError, RunFolder};
pub use message::{
    Answer, Command, Event, ImageSource, Inspection, LayerActivation, Phase, Point, Query, QueryId, RateTest, RunId,
    SampleImage, SampleProbabilities, Snapshot, Started,
};
pub use worker::{Engine, EngineBusy};
