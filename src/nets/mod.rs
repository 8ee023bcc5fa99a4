//! What learns: a network is a sequence of named layers that can be cut anywhere.
//!
//! An [`Architecture`] is plain data (TOML); [`Network`] is an architecture with parameters on a device. Everything the
//! laboratory does is a forward pass to a cut, or a backward pass down to one. Each kind of layer is one file in
//! [`layers`]. Imports nothing else of Glassbox.

mod architecture;
mod checkpoint;
mod cut;
mod edit;
pub mod layers;
mod logits;
mod network;
mod presets;
mod shape;
mod survey;
mod trace;
mod weights;

pub use architecture::{Architecture, ArchitectureError, Layer, LayerSummary};
pub use checkpoint::{Checkpoint, CheckpointError, NamedArray};
pub use cut::{Cut, UnknownCut};
pub use edit::KINDS;
pub use layers::{LayerKind, Mode, ParameterRole, Rule};
pub use logits::{log_softmax_at, most_likely, softmax_at};
pub(crate) use network::Parts;
pub use network::{Gradients, Network, Parameter};
pub use presets::{preset, preset_names, read, resolve};
pub use shape::{ReceptiveField, Shape};
pub use survey::{DataFit, Fault, Repair, Survey, survey};
pub use trace::Trace;
pub use weights::{Misshapen, Naming, WeightsError, WeightsReport, load_weights, read_weights};
