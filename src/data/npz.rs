//! An `.npz` of numpy, a zip of arrays: images with their labels, or floats as they are.

use std::fmt::Display;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::Arc;

use super::npy::{Number, read_array};
use super::source::hold_out_test;
use super::{DataError, Dataset, Files, ImageShape, NpzWriter, Source};

/// What arrays of images and their labels are usually called: training images, training labels, test images, test labels.
const APART: [[&str; 4]; 3] = [
    ["x_train", "y_train", "x_test", "y_test"],
    ["train_images", "train_labels", "test_images", "test_labels"],
    ["train_x", "train_y", "test_x", "test_y"],
];
/// The same where training and test images are not told apart.
const TOGETHER: [[&str; 2]; 4] = [["images", "labels"], ["x", "y"], ["data", "labels"], ["arr_0", "arr_1"]];
const ENDING: &str = ".npy";

/// Whether arrays are all that an archive holds: one may also lie beside images.
pub(super) fn is_npz(files: &Files) -> bool {
    !files.entries().is_empty() && files.entries().iter().all(|entry| entry.path.ends_with(ENDING))
}

/// Opens images and labels: `x_train`, `y_train`, `x_test`, `y_test`, or `images` and `labels`, or `arr_0` and `arr_1`,
/// and a few names more. Images are `[n, height, width]`, `[n, height, width, channels]` or `[n, channels, height,
/// width]`, whole numbers in 0 to 255 or floats in 0 to 1; labels are whole numbers, be they floats, `[n]` or `[n, 1]`.
///
/// # Errors
/// If no such arrays are there, one is damaged or of another kind, or they do not belong together.
pub(super) fn open(files: &Files, name: &str) -> Result<Source, DataError> {
    let archive = Archive { files, file: files.path().display().to_string() };
    if let Some(names) = APART.iter().find(|names| names.iter().all(|array| archive.find(array).is_some())) {
        let train = archive.pair(names[0], names[1])?;
        let test = archive.pair(names[2], names[3])?;
        if train.shape != test.shape {
            return Err(DataError::ShapesDiffer { name: name.to_owned(), train: train.shape, test: test.shape });
        }
        let classes = train.classes().max(test.classes());
        let train = train.into_dataset(format!("{name} train"), classes)?;
        let test = test.into_dataset(format!("{name} test"), classes)?;
        return Ok(Source {
            name: name.to_owned(),
            train: Arc::new(train),
            test: Arc::new(test),
            damaged: Arc::default(),
        });
    }
    let Some([images, labels]) = TOGETHER.iter().find(|names| names.iter().all(|array| archive.find(array).is_some()))
    else {
        return Err(archive.unfit(format!(
            "its arrays are called {}. Call them x_train, y_train, x_test and y_test, or images and labels",
            archive.names()
        )));
    };
    let whole = archive.pair(images, labels)?;
    let classes = whole.classes();
    let (train, test) = hold_out_test(whole.into_dataset(name.to_owned(), classes)?, name)?;
    Ok(Source { name: name.to_owned(), train: Arc::new(train), test: Arc::new(test), damaged: Arc::default() })
}

/// Reads one array of an `.npz` as floats: the one of this name, or the only one. Gives its shape and its numbers, the last
/// axis fastest.
///
/// # Errors
/// If the file is no such archive, has no such array, or it is damaged or not of numbers.
pub fn read_floats(path: &Path, name: &str) -> Result<(Vec<usize>, Vec<f32>), DataError> {
    let file = path.display().to_string();
    let files = Files::open(path)?.filter(is_npz);
    let Some(files) = files else {
        return Err(DataError::Unfit { file, reason: "it is no .npz of numpy".to_owned() });
    };
    let archive = Archive { files: &files, file };
    let only = match archive.files.entries() {
        [entry] => entry.path.strip_suffix(ENDING),
        _ => None,
    };
    let name = if archive.find(name).is_some() { name } else { only.unwrap_or(name) };
    if archive.find(name).is_none() {
        return Err(archive.unfit(format!("its arrays are called {}. Call one {name}", archive.names())));
    }
    let float = |number: Number| match number {
        Number::Whole(value) => Ok(value as f32),
        Number::Real(value) => Ok(value as f32),
    };
    archive.array(name, |_| Ok(()), float)
}

/// Arrays of floats as an `.npz`, each with its name and its shape.
///
/// # Errors
/// If an array has more or fewer numbers than its shape says.
pub fn npz_of_floats(arrays: &[(&str, &[usize], &[f32])]) -> Result<Vec<u8>, DataError> {
    let failed = |error: io::Error| DataError::Unfit { file: "the .npz".to_owned(), reason: error.to_string() };
    let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
    for (name, shape, values) in arrays {
        npz.begin_floats(name, shape).map_err(failed)?;
        npz.floats(values).map_err(failed)?;
    }
    Ok(npz.finish().map_err(failed)?.into_inner())
}

/// Images and the class of each.
struct Pair {
    shape: ImageShape,
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

impl Pair {
    /// One more than the largest label, at least two.
    fn classes(&self) -> usize {
        (usize::from(self.labels.iter().copied().max().unwrap_or(0)) + 1).max(2)
    }

    fn into_dataset(self, name: String, classes: usize) -> Result<Dataset, DataError> {
        let class_names = (0..classes).map(|class| class.to_string()).collect();
        Dataset::new(name, class_names, self.shape, self.pixels, self.labels)
    }
}

struct Archive<'a> {
    files: &'a Files,
    /// What messages call it.
    file: String,
}

impl Archive<'_> {
    fn find(&self, array: &str) -> Option<usize> {
        let is_it = |path: &str| path.strip_suffix(ENDING).is_some_and(|name| name.eq_ignore_ascii_case(array));
        self.files.entries().iter().position(|entry| is_it(&entry.path))
    }

    fn names(&self) -> String {
        let names = self.files.entries().iter().map(|entry| entry.path.trim_end_matches(ENDING));
        names.take(20).collect::<Vec<_>>().join(", ")
    }

    fn unfit(&self, reason: String) -> DataError {
        DataError::Unfit { file: self.file.clone(), reason }
    }

    fn pair(&self, images: &str, labels: &str) -> Result<Pair, DataError> {
        let (_, labels) = self.array(labels, check_labels, label)?;
        let (images_shape, mut pixels) = self.array(images, |_| Ok(()), pixel)?;
        let layout = Layout::of(&images_shape)
            .ok_or_else(|| self.unfit(format!("{images} has the shape {images_shape:?}; {}", Layout::POSSIBLE)))?;
        if labels.len() != images_shape[0] {
            let (images, labels) = (images_shape[0], labels.len());
            return Err(self.unfit(format!("it holds {images} images but {labels} labels")));
        }
        layout.make_planar(&mut pixels);
        Ok(Pair { shape: layout.shape, pixels, labels })
    }

    /// Reads an array, each number made a `T`; its shape is checked before.
    fn array<T>(
        &self,
        name: &str,
        check: impl Fn(&[usize]) -> Result<(), String>,
        make: impl Fn(Number) -> Result<T, String>,
    ) -> Result<(Vec<usize>, Vec<T>), DataError> {
        let index = self.find(name).ok_or_else(|| self.unfit(format!("it holds no array {name}")))?;
        let bytes = self.files.entries()[index].bytes;
        let read = self.files.stream(index, |reader| read_array(reader, bytes, check, make));
        let fail = |reason: String| self.unfit(format!("the array {name} cannot be read: {reason}"));
        read.map_err(|error| fail(error.to_string()))?.map_err(fail)
    }
}

/// Where the numbers of one image lie.
struct Layout {
    shape: ImageShape,
    channels_last: bool,
}

impl Layout {
    const POSSIBLE: &str = "images are [n, height, width], [n, height, width, channels] or [n, channels, height, width], of 1 or 3 channels";

    fn of(shape: &[usize]) -> Option<Self> {
        let is_channels = |size: usize| matches!(size, 1 | 3);
        let (shape, channels_last) = match *shape {
            [_, height, width] => (ImageShape::new(1, height, width), false),
            [_, height, width, channels] if is_channels(channels) => (ImageShape::new(channels, height, width), true),
            [_, channels, height, width] if is_channels(channels) => (ImageShape::new(channels, height, width), false),
            _ => return None,
        };
        (shape.height > 0 && shape.width > 0).then_some(Self { shape, channels_last })
    }

    /// `[n, height, width, channels]` to `[n, channels, height, width]`, image by image.
    fn make_planar(&self, pixels: &mut [u8]) {
        if !self.channels_last || self.shape.channels == 1 {
            return;
        }
        let mut image = vec![0; self.shape.pixels()];
        for place in pixels.chunks_exact_mut(self.shape.pixels()) {
            for (i, &value) in place.iter().enumerate() {
                image[i % self.shape.channels * self.shape.plane() + i / self.shape.channels] = value;
            }
            place.copy_from_slice(&image);
        }
    }
}

fn pixel(number: Number) -> Result<u8, String> {
    match number {
        Number::Whole(value) => u8::try_from(value).map_err(|_| format!("{value} is no pixel: give 0 to 255")),
        Number::Real(value) if (0.0..=1.0).contains(&value) => Ok((value * 255.0).round() as u8),
        Number::Real(value) => Err(format!("{value} is no pixel: give floats from 0 to 1, or unsigned bytes")),
    }
}

fn check_labels(shape: &[usize]) -> Result<(), String> {
    match shape {
        [_] | [_, 1] => Ok(()),
        _ => Err(format!("labels cannot have the shape {shape:?}. Give one number an image")),
    }
}

fn label(number: Number) -> Result<u16, String> {
    let value = match number {
        Number::Whole(value) => value,
        Number::Real(value) if value.fract() == 0.0 => value as i64,
        Number::Real(value) => return Err(no_label(value)),
    };
    // One less than fits, because there is one class more than the largest label.
    u16::try_from(value).ok().filter(|&label| label < u16::MAX).ok_or_else(|| no_label(value))
}

fn no_label(value: impl Display) -> String {
    format!("{value} is no label: give whole numbers from 0")
}
