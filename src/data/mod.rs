//! What networks learn from: datasets, file formats, splits, class partitions, augmentation, batches.
//!
//! Images are bytes here, and become standardised floats only inside a [`Batch`]. Nothing here knows of tensors,
//! networks or windows: this module may import nothing else of glassbox.
//!
//! The way of the data: a [`Source`] (from [`named`]) holds two [`Dataset`]s; a [`Split`] is a choice of their images; a
//! [`BatchPlan`] turns a split into batches; a [`Loader`] prepares them ahead of time. Every random choice is a pure
//! function of a seed and a position, so that any batch can be made again, alone.

mod amount;
mod augment;
mod catalogue;
mod dataset;
mod drawing;
mod error;
mod idx;
mod loader;
mod mnist;
mod random;
mod source;
mod split;
mod standardisation;

pub use amount::Amount;
pub use augment::{Augmentation, Change};
pub use catalogue::{Entry, catalogue, named};
pub use dataset::{Dataset, ImageShape};
pub use drawing::{Drawing, PAPER, like_mnist};
pub use error::DataError;
pub use idx::{IdxImages, load_idx_pair, read_idx_images, read_idx_labels};
pub use loader::{Batch, BatchPlan, Loader, Prepared, epoch_order};
pub use mnist::mnist;
pub use source::{Source, open_folder};
pub use split::{ClassFilter, Split};
pub use standardisation::Standardisation;
