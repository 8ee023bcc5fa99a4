//! What can be wrong with data, said so that a person can put it right.

use std::io;

use super::{Augmentation, ImageShape};

/// Everything that can be wrong with a dataset, a file of one, or a choice of its images.
///
/// A message says what is wrong, where, and what to do. `file` is a path, or a name for what was never a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    // Files.
    #[error("could not read {file}: {source}. Check the path and its permissions.")]
    Read { file: String, source: io::Error },
    #[error("{file} is a damaged gzip file ({source}). Fetch it again.")]
    Gzip { file: String, source: io::Error },
    #[error("{file} is empty. Fetch it again.")]
    EmptyFile { file: String },
    #[error(
        "{file} is not an IDX file: it begins with {found:02x?}, not with two zero bytes. \
         Give an IDX file (such as train-images-idx3-ubyte), plain or gzip."
    )]
    NotIdx { file: String, found: Vec<u8> },
    #[error(
        "{file} holds numbers of IDX type 0x{found:02x}; only unsigned bytes (0x08) can be opened. \
         Convert it to unsigned bytes."
    )]
    ElementType { file: String, found: u8 },
    #[error("{file} is mislabelled: it holds {found}, not {expected}. Are the images and labels files exchanged?")]
    Mislabelled { file: String, expected: &'static str, found: &'static str },
    #[error(
        "{file} has {found} dimensions. Images have 3 [n, height, width] or 4 [n, channels, height, width], \
         labels 1: give one of those."
    )]
    Rank { file: String, found: usize },
    #[error("{file} ends within its header. Fetch it again.")]
    TruncatedHeader { file: String },
    #[error("{file} is truncated: its header promises {promised} bytes of data and {found} are there. Fetch it again.")]
    Truncated { file: String, promised: usize, found: usize },
    #[error(
        "{file} is too long: it goes on after the {promised} bytes of data that its header promises. Fetch it again."
    )]
    TooLong { file: String, promised: usize },
    #[error(
        "{file} is oversized: its header promises {dimensions} bytes of data, and at most 4 GiB can be opened. \
         If it is meant to be so large, cut it into parts; if not, fetch it again."
    )]
    Oversized { file: String, dimensions: String },
    #[error("{file} holds nothing: its header says {dimensions}. Give a file with at least one image.")]
    NoData { file: String, dimensions: String },
    #[error(
        "{images_file} holds {images} images but {labels_file} holds {labels} labels. \
         Give two files that belong together."
    )]
    CountsDiffer { images_file: String, images: usize, labels_file: String, labels: usize },
    #[error("found no labels for {images_file}: looked for {looked_for}. Put the labels file beside the images file.")]
    NoLabelsFile { images_file: String, looked_for: String },
    #[error("found no {pattern} in {folder}. Give a folder with the four IDX files, named as MNIST's are.")]
    MissingFile { folder: String, pattern: String },
    #[error("the training images of {name} are {train} and its test images {test}. Give files that belong together.")]
    ShapesDiffer { name: String, train: ImageShape, test: ImageShape },
    #[error("there is no dataset named {name:?} and no such path. Built in: {known}. Or give a folder of IDX files.")]
    UnknownName { name: String, known: String },

    // Datasets.
    #[error("dataset {name} has no images. Give at least one.")]
    NoImages { name: String },
    #[error("dataset {name} has images of {shape}. Each side must be at least 1, and all of it within memory.")]
    BadShape { name: String, shape: ImageShape },
    #[error("dataset {name} has {found} bytes of pixels where {labels} images of {shape} need {expected}.")]
    PixelCount { name: String, labels: usize, shape: ImageShape, expected: usize, found: usize },
    #[error("dataset {name} has {images} images; at most {limit} can be opened. Use a part of it.", limit = u32::MAX)]
    TooManyImages { name: String, images: usize },
    #[error("image {position} of dataset {name} has label {label}, but there are only {classes} classes (from 0).")]
    LabelOutOfRange { name: String, position: usize, label: usize, classes: usize },

    // Choices.
    #[error(
        "{text:?} is not an amount of images. Write \"all\", a count such as 1800, or a fraction such as 3% or 0.03."
    )]
    BadAmount { text: String },
    #[error("{asked} images were asked for and there are only {available}. Ask for fewer, or for \"all\".")]
    TooManyAsked { asked: usize, available: usize },
    #[error("there is no class {class}: {name} has classes 0 to {last}.")]
    UnknownClass { name: String, class: usize, last: usize },
    #[error("no image of {name} is left by the choice of {choice}. Choose more.")]
    NothingLeft { name: String, choice: &'static str },
    #[error("holding out all {images} images of {name} leaves none to learn from. Hold out fewer.")]
    AllHeldOut { name: String, images: usize },
    #[error("there is no image {index}: {name} has images 0 to {last}.")]
    UnknownImage { name: String, index: u32, last: usize },
    #[error("a batch must hold at least one image. Set the batch size to 1 or more.")]
    BatchSize,
    #[error(
        "jitter {jitter} and crop {crop} can move an image of {shape} out of its own frame. \
         Keep their sum below the shorter side.",
        jitter = augmentation.jitter,
        crop = augmentation.crop
    )]
    AugmentationTooLarge { augmentation: Augmentation, shape: ImageShape },
    #[error("a standardisation of {mean} means and {std} deviations does not fit images of {channels} channels.")]
    StandardisationChannels { mean: usize, std: usize, channels: usize },
    #[error("a standardisation needs finite means and finite deviations above zero. Measure it again.")]
    StandardisationValues,
}
