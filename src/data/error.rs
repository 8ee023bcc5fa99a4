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
    #[error(
        "there is no dataset named {name:?} and no such path. There are {known}. Or give a folder or an archive of images by \
         class, IDX files, CIFAR batches, or an .npz."
    )]
    UnknownName { name: String, known: String },

    // Images in folders and archives.
    #[error(
        "{folder} holds nothing that can be opened. Give a folder or an archive with a folder of images (PNG, JPEG, GIF, BMP, \
         TIFF or WebP) for each class, the four IDX files of MNIST, the batches of CIFAR, or an .npz."
    )]
    NothingToOpen { folder: String },
    #[error(
        "the images in {folder} are in no folders of classes. Put those of each class into a folder with its name, as \
         in cat/1.png, or train/cat/1.png and test/cat/2.png."
    )]
    NoClassFolders { folder: String },
    #[error("none of the {files} images in {folder} can be opened. The first: {first}.")]
    AllDamaged { folder: String, files: usize, first: String },
    #[error("{folder} holds more than {limit} files. Give the folder of the images alone.")]
    TooManyFiles { folder: String, limit: usize },
    #[error("there are {classes} classes; at most 65,535 can be told apart. Give fewer.")]
    TooManyClasses { classes: usize },
    #[error(
        "{text:?} does not say how to fit images. Write \"automatic\", or some of: a size such as 32x32; crop, stretch \
         or pad; grey or colour."
    )]
    BadImageOptions { text: String },
    #[error("images cannot be {height} x {width} pixels. Give at least 1 a side.")]
    BadImageSize { height: usize, width: usize },
    #[error("{images} images of {shape} take more than 4 GiB. Choose a smaller size, or open fewer.")]
    TooManyPixels { images: usize, shape: ImageShape },
    #[error("found no {pattern} in {folder}. Put all the files of CIFAR's binary version into one folder.")]
    MissingCifar { folder: String, pattern: String },
    #[error("{file} is not an archive that can be read: {reason}. Fetch it again.")]
    Archive { file: String, reason: String },
    #[error("opening {name} was cancelled.")]
    Cancelled { name: String },
    #[error("{file} cannot be opened: {reason}.")]
    Unfit { file: String, reason: String },

    // Fetching.
    #[error(
        "{url} could not be fetched: {reason}. Check the connection and try again: what has come stays. Or fetch it in \
         another way, and save it as {place}."
    )]
    NotReached { url: String, reason: String, place: String },
    #[error(
        "{url} could not be fetched: the server answers {status}. Try again later, or give a --mirror that has it."
    )]
    Refused { url: String, status: String },
    #[error("{url} is not what it should be: its MD5 is {found}, not {expected}. It was removed. Fetch it again.")]
    WrongSum { url: String, found: String, expected: String },
    #[error("{url} is being fetched by another program. Wait for it, or end it.")]
    BeingFetched { url: String },
    #[error("could not write {file}: {source}. Check that there is room and that the folder may be written.")]
    Write { file: String, source: io::Error },
    #[error("there is no folder for what is fetched. Set GLASSBOX_CACHE to the path of one.")]
    NoCacheFolder,
    #[error("{name} is not on this machine yet. Fetch it with `glassbox data fetch {name}`.")]
    NotFetched { name: String },

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
    #[error("class {class} of {name} is given twice. Give each class once.")]
    ClassTwice { name: String, class: usize },
    #[error("class {class} of {name} is in none of the groups. Put each class into one.")]
    ClassLeftOut { name: String, class: usize },
    #[error("{names} names do not fit the {classes} classes of {name}. Give one name a class.")]
    ClassNames { name: String, classes: usize, names: usize },
    #[error("a scene cannot be composed so: {reason}.")]
    BadScene { reason: String },
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
