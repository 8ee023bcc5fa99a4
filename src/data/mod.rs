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
mod cifar;
mod dataset;
mod drawing;
mod error;
mod fetch;
mod idx;
mod idx_folder;
mod images;
mod loader;
mod mnist;
mod npy;
mod npz;
mod npz_writer;
mod open;
mod partition;
mod picture;
mod random;
mod scenes;
mod source;
mod split;
mod standardisation;
mod two_digits;

pub use amount::Amount;
pub use augment::{Augmentation, Change};
pub use catalogue::{Entry, catalogue, find, named, named_with};
pub use dataset::{Dataset, ImageShape};
pub use drawing::{Drawing, PAPER, like_mnist};
pub use error::DataError;
pub use fetch::{Download, FetchProgress, RemoteFile, downloads};
pub use idx::{IdxImages, load_idx_pair, read_idx_images, read_idx_labels};
pub use images::{
    Damaged, FileEntry, Files, Fit, ImageFault, ImageLook, ImageOptions, LARGEST_SIDE, Progress, Unwatched,
    cache_folder, decode_image, fit_pixels, look_at_image, open_images,
};
pub use loader::{Batch, BatchPlan, Loader, Prepared, epoch_order};
pub use mnist::mnist;
pub use npz::{npz_of_floats, read_floats};
pub use npz_writer::NpzWriter;
pub use open::{open, open_with};
pub use partition::{natural_and_man_made, random_halves};
pub use picture::{Picture, example_digits, example_pictures, open_pictures, sample_pictures};
pub(crate) use random::{Purpose, below, shuffle, stream};
pub use scenes::{
    Bounds, Placed, Scene, SceneOptions, SceneSource, SceneSpec, Scenes, classes_of, compose_scene, compose_scenes,
    scenes, scenes_of,
};
pub use source::Source;
pub use split::{ClassFilter, Split};
pub use standardisation::Standardisation;
pub use two_digits::{compose_two_digits, two_digits};
