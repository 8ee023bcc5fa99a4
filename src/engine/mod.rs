//! Where experiments run: devices, the worker thread, its commands, events and snapshots, run folders.
//!
//! Imports `experiments` and below. The window and the command line are two observers of the same [`Engine`].

mod announcer;
mod archive;
mod bench;
mod clock;
mod device;
mod experiment;
mod experiment_folder;
mod experimenter;
mod explorer;
mod exploring;
mod export;
mod files;
mod finder;
mod folder;
mod handle;
mod inspection;
mod message;
mod opening;
mod run;
mod shelf;
mod snapshot;
mod states;
mod stored;
mod tensorboard;
mod watcher;
mod worker;

pub use archive::ArchiveError;
pub use bench::{BenchRow, bench};
pub use clock::Clock;
pub use device::{DeviceInfo, OpenDevice, devices, open_device};
pub use experiment_folder::{is_experiment, read_results};
pub use explorer::{Explorer, Ticket};
pub use exploring::{
    Carried, CarryBack, CorrespondenceQuestion, CorrespondenceSeen, CutFacts, Evolution, EvolutionFrame,
    EvolutionQuestion, ExplanationQuestion, Facts, Guessed, ImageSet, InvarianceQuestion, InvarianceSeen, LayerSheet,
    LayerSheetQuestion, LayerSheetSeen, Maps, OcclusionQuestion, OcclusionSeen, Operation, Question, Reply,
    SeenAndGuessed, SeenImage, SeenImages, SheetTile, Sheets, SheetsQuestion, Subject, SurgeryQuestion, SurgerySeen,
    SweepQuestion, SweepSeen, layer_sheet,
};
pub use export::{RunFormat, export_run};
pub use files::{FileError, write_atomically, write_atomically_with};
pub use folder::{FolderError, RunFolder, write_notes};
pub use handle::{Engine, EngineBusy};
pub use inspection::{Inspection, LayerActivation, SampleImage, SampleProbabilities};
pub use message::{
    Answer, Command, Event, ExperimentCommand, ExperimentSnapshot, ExperimentStarted, HistogramCost, HistogramLook,
    ImageSource, MemberLogits, Phase, Point, Query, QueryId, RateTest, RunId, Snapshot, Started,
};
pub use states::{KeptStates, TrainingState, run_of_network};
pub use stored::{StoredError, StoredRun, find_runs, is_run};
