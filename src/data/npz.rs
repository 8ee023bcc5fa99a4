//! Images and labels in an `.npz` of numpy: a zip of arrays, each an `.npy`
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! Headers are promises: no more is read than an array's file can hold, and nothing in it is ever evaluated.

use std::io::{self, Read};
use std::sync::Arc;

use super::source::hold_out_test;
use super::{DataError, Dataset, Files, ImageShape, Source};

/// What arrays of images and their labels are usually called: training images, training labels, test images, test labels.
const APART: [[&str; 4]; 3] = [
    ["x_train", "y_train", "x_test", "y_test"],
    ["train_images", "train_labels", "test_images", "test_labels"],
    ["train_x", "train_y", "test_x", "test_y"],
];
/// The same where training and test images are not told apart.
const TOGETHER: [[&str; 2]; 4] = [["images", "labels"], ["x", "y"], ["data", "labels"], ["arr_0", "arr_1"]];
const ENDING: &str = ".npy";
const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header, in bytes: a few hundred are usual.
const LONGEST_HEADER: usize = 1 << 16;
/// The most numbers of one array.
const MOST_NUMBERS: usize = 4 << 30;

/// Whether an archive is one of arrays.
pub(super) fn is_npz(files: &Files) -> bool {
    files.entries().iter().any(|entry| entry.path.ends_with(ENDING))
}

/// Opens images and labels: `x_train`, `y_train`, `x_test`, `y_test`, or `images` and `labels`, or `arr_0` and `arr_1`,
/// and a few names more. Images are `[n, height, width]`, `[n, height, width, channels]` or `[n, channels, height,
/// width]`, whole numbers in 0 to 255 or floats in 0 to 1; labels are whole numbers, `[n]` or `[n, 1]`.
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
        let (labels_shape, labels) = self.array(labels, label)?;
        let (images_shape, mut pixels) = self.array(images, pixel)?;
        let layout = Layout::of(&images_shape)
            .ok_or_else(|| self.unfit(format!("{images} has the shape {images_shape:?}; {}", Layout::POSSIBLE)))?;
        if !matches!(labels_shape[..], [_] | [_, 1]) {
            return Err(self.unfit(format!("the labels have the shape {labels_shape:?}; give one number an image")));
        }
        if labels.len() != images_shape[0] {
            let (images, labels) = (images_shape[0], labels.len());
            return Err(self.unfit(format!("it holds {images} images but {labels} labels")));
        }
        layout.make_planar(&mut pixels);
        Ok(Pair { shape: layout.shape, pixels, labels })
    }

    /// Reads an array, each number made a `T`.
    fn array<T>(
        &self,
        name: &str,
        make: impl Fn(Number) -> Result<T, String>,
    ) -> Result<(Vec<usize>, Vec<T>), DataError> {
        let index = self.find(name).ok_or_else(|| self.unfit(format!("it holds no array {name}")))?;
        let bytes = self.files.entries()[index].bytes;
        let read = self.files.stream(index, |reader| read_array(reader, bytes, make));
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

/// A number of an array.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Real(f64),
}

fn pixel(number: Number) -> Result<u8, String> {
    match number {
        Number::Whole(value) => u8::try_from(value).map_err(|_| format!("{value} is no pixel: give 0 to 255")),
        Number::Real(value) if (0.0..=1.0).contains(&value) => Ok((value * 255.0).round() as u8),
        Number::Real(value) => Err(format!("{value} is no pixel: give floats from 0 to 1, or unsigned bytes")),
    }
}

fn label(number: Number) -> Result<u16, String> {
    match number {
        // One less than fits, because there is one class more than the largest label.
        Number::Whole(value) => u16::try_from(value).ok().filter(|&label| label < u16::MAX).ok_or(value.to_string()),
        Number::Real(value) => Err(value.to_string()),
    }
    .map_err(|value| format!("{value} is no label: give whole numbers from 0"))
}

/// Type and size of an array's numbers, little-endian.
#[derive(Clone, Copy)]
enum Kind {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl Kind {
    fn of(descr: &str) -> Option<Self> {
        let (order, kind) = descr.split_at_checked(1)?;
        let kind = match kind {
            "u1" | "b1" => Self::Unsigned(1),
            "u2" => Self::Unsigned(2),
            "u4" => Self::Unsigned(4),
            "u8" => Self::Unsigned(8),
            "i1" => Self::Signed(1),
            "i2" => Self::Signed(2),
            "i4" => Self::Signed(4),
            "i8" => Self::Signed(8),
            "f4" => Self::Float(4),
            "f8" => Self::Float(8),
            _ => return None,
        };
        (order == "<" || (order == "|" && kind.width() == 1)).then_some(kind)
    }

    /// Bytes of one number.
    fn width(self) -> usize {
        match self {
            Self::Unsigned(width) | Self::Signed(width) | Self::Float(width) => width,
        }
    }

    fn number(self, bytes: &[u8]) -> Number {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        let bits = u64::from_le_bytes(eight);
        match self {
            // What is too large for i64 is too large for a pixel or a label, and so is what it becomes.
            Self::Unsigned(_) => Number::Whole(i64::try_from(bits).unwrap_or(i64::MAX)),
            Self::Signed(width) => {
                let unused = 64 - 8 * width as u32;
                Number::Whole((bits << unused) as i64 >> unused)
            }
            Self::Float(4) => Number::Real(f64::from(f32::from_bits(bits as u32))),
            Self::Float(_) => Number::Real(f64::from_bits(bits)),
        }
    }
}

/// Reads an `.npy` of `bytes` bytes.
fn read_array<T>(
    reader: &mut dyn Read,
    bytes: u64,
    make: impl Fn(Number) -> Result<T, String>,
) -> Result<(Vec<usize>, Vec<T>), String> {
    let (kind, shape) = read_header(reader)?;
    let count = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let count = count.filter(|&count| count <= MOST_NUMBERS).ok_or("it has more than four thousand million numbers")?;
    if count == 0 {
        return Err("it is empty".to_owned());
    }
    if (count * kind.width()) as u64 > bytes {
        return Err("it is truncated: its header promises more numbers than are there".to_owned());
    }
    let mut numbers = Vec::with_capacity(count);
    let mut buffer = vec![0; (1 << 16) * kind.width()];
    while numbers.len() < count {
        let part = &mut buffer[..(count - numbers.len()).min(1 << 16) * kind.width()];
        reader.read_exact(part).map_err(|error| described(&error))?;
        for number in part.chunks_exact(kind.width()) {
            numbers.push(make(kind.number(number))?);
        }
    }
    // Asking for one byte more also makes the zip check its sum.
    let more = reader.read(&mut buffer[..1]).map_err(|error| described(&error))?;
    if more > 0 {
        return Err("it goes on after the numbers that its header promises".to_owned());
    }
    Ok((shape, numbers))
}

fn described(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is truncated".to_owned(),
        _ => error.to_string(),
    }
}

fn read_header(reader: &mut dyn Read) -> Result<(Kind, Vec<usize>), String> {
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(|error| described(&error))?;
    if &start[..6] != MAGIC {
        return Err("it is not an .npy array".to_owned());
    }
    // Version 1 counts the header in two bytes, versions 2 and 3 in four.
    let mut length = [0; 4];
    let counted = if start[6] == 1 { 2 } else { 4 };
    reader.read_exact(&mut length[..counted]).map_err(|error| described(&error))?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        return Err(format!("its header has {length} bytes"));
    }
    let mut header = vec![0; length];
    reader.read_exact(&mut header).map_err(|error| described(&error))?;
    let header = String::from_utf8(header).map_err(|_| "its header is not text")?;
    parse_header(&header)
}

/// The dictionary of a header: `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`.
fn parse_header(header: &str) -> Result<(Kind, Vec<usize>), String> {
    let value = |key: &str| {
        let rest = header.split_once(&format!("'{key}':"))?.1;
        Some(rest.trim_start())
    };
    let missing = |key: &str| format!("its header names no {key}");
    let descr = value("descr").and_then(|rest| rest.strip_prefix('\'')?.split_once('\'')).ok_or(missing("type"))?.0;
    let kind = Kind::of(descr).ok_or_else(|| {
        format!("its numbers are of type {descr}. Give little-endian integers or floats, such as uint8")
    })?;
    if !value("fortran_order").ok_or(missing("order"))?.starts_with("False") {
        return Err("it is in Fortran's order. Save it with numpy.ascontiguousarray".to_owned());
    }
    let shape = value("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')')).ok_or(missing("shape"))?.0;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<Result<Vec<usize>, _>>().map_err(|_| missing("shape"))?;
    if shape.is_empty() { Err("it is a single number".to_owned()) } else { Ok((kind, shape)) }
}
