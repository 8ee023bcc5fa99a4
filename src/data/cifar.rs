//! The binary versions of CIFAR-10 and CIFAR-100 (<https://www.cs.toronto.edu/~kriz/cifar.html>).
//!
//! A record is a label (in CIFAR-100 two, the coarse and the fine one) and an image, `[3, 32, 32]`.

use std::io::{Error, ErrorKind};
use std::sync::Arc;

use super::{DataError, Dataset, Files, ImageShape, Source};

const SHAPE: ImageShape = ImageShape::new(3, 32, 32);
/// The most bytes of one file: more than ten times CIFAR's largest.
const LARGEST: u64 = 2 << 30;
/// The most bytes of a file of names.
const LARGEST_NAMES: u64 = 1 << 20;
/// The classes of CIFAR-10, in the order of their numbers.
pub(super) const CIFAR_10: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The two, where they differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ten,
    Hundred,
}

impl Kind {
    /// Labels before each image; the last of them is the class.
    fn labels(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }

    fn is_train(self, name: &str) -> bool {
        match self {
            Self::Ten => name.strip_suffix(".bin").is_some_and(|name| name.starts_with("data_batch")),
            Self::Hundred => name == "train.bin",
        }
    }

    fn test(self) -> &'static str {
        match self {
            Self::Ten => "test_batch.bin",
            Self::Hundred => "test.bin",
        }
    }

    /// The file of the classes' names.
    fn names(self) -> &'static str {
        match self {
            Self::Ten => "batches.meta.txt",
            Self::Hundred => "fine_label_names.txt",
        }
    }
}

/// Whether a file is called as those with CIFAR's images are.
pub(super) fn is_cifar_name(name: &str) -> bool {
    [Kind::Ten, Kind::Hundred].iter().any(|kind| kind.is_train(name) || name == kind.test())
}

/// CIFAR-10 or CIFAR-100, if that is what lies in a folder or an archive: `data_batch_*.bin` and `test_batch.bin`, or
/// `train.bin` and `test.bin`. The names of the classes come from the file of names beside them, if there is one.
///
/// # Errors
/// If a file is missing, cannot be read or is damaged.
pub(super) fn open(files: &Files, name: &str) -> Option<Result<Source, DataError>> {
    let has = |belongs: &dyn Fn(&str) -> bool| files.entries().iter().any(|entry| belongs(entry.name()));
    let has_train = |kind: Kind| has(&|name| kind.is_train(name));
    let has_test = |kind: Kind| has(&|name| name == kind.test());
    let kind = if has_train(Kind::Ten) || has_test(Kind::Ten) {
        Kind::Ten
    } else if has_train(Kind::Hundred) && has_test(Kind::Hundred) {
        // Both, because others too call a file so.
        Kind::Hundred
    } else {
        return None;
    };
    Some(open_kind(files, kind, name))
}

fn open_kind(files: &Files, kind: Kind, name: &str) -> Result<Source, DataError> {
    let class_names = class_names(files, kind);
    let part = |part: &str, pattern: &str, belongs: &dyn Fn(&str) -> bool| {
        let mut pixels = Vec::new();
        let mut labels = Vec::new();
        let found = files.entries().iter().enumerate().filter(|(_, entry)| belongs(entry.name()));
        let found: Vec<usize> = found.map(|(index, _)| index).collect();
        if found.is_empty() {
            let folder = files.path().display().to_string();
            return Err(DataError::MissingCifar { folder, pattern: pattern.to_owned() });
        }
        let promised: u64 = found.iter().map(|&index| files.entries()[index].bytes).sum();
        for index in found {
            let file = || format!("{}, {}", files.path().display(), files.entries()[index].path);
            let bytes = files.read(index, LARGEST).map_err(|source| DataError::Read { file: file(), source })?;
            let images = strip(bytes, kind.labels(), &mut labels)
                .map_err(|error| DataError::Unfit { file: file(), reason: error.to_string() })?;
            if pixels.is_empty() {
                pixels = images;
                pixels.reserve_exact((promised as usize).saturating_sub(pixels.len()).min(LARGEST as usize));
            } else {
                pixels.extend_from_slice(&images);
            }
        }
        Dataset::new(format!("{name} {part}"), class_names.clone(), SHAPE, pixels, labels)
    };
    let train = match kind {
        Kind::Ten => "data_batch_1.bin",
        Kind::Hundred => "train.bin",
    };
    let train = part("train", train, &|name| kind.is_train(name))?;
    let test = part("test", kind.test(), &|name| name == kind.test())?;
    Ok(Source { name: name.to_owned(), train: Arc::new(train), test: Arc::new(test), damaged: Arc::default() })
}

/// The images of a file's records, moved together within its memory; the class of each goes to `labels`.
fn strip(mut bytes: Vec<u8>, before: usize, labels: &mut Vec<u16>) -> Result<Vec<u8>, Error> {
    let record = before + SHAPE.pixels();
    let images = bytes.len() / record;
    if bytes.len() as u64 > LARGEST || images == 0 || !bytes.len().is_multiple_of(record) {
        let found = bytes.len();
        let reason = format!("it has {found} bytes, which is no whole number of records of {record}. Fetch it again");
        return Err(Error::new(ErrorKind::InvalidData, reason));
    }
    for image in 0..images {
        labels.push(u16::from(bytes[image * record + before - 1]));
        let start = image * record + before;
        bytes.copy_within(start..start + SHAPE.pixels(), image * SHAPE.pixels());
    }
    bytes.truncate(images * SHAPE.pixels());
    Ok(bytes)
}

fn class_names(files: &Files, kind: Kind) -> Vec<String> {
    let index = files.entries().iter().position(|entry| entry.name() == kind.names());
    let text =
        index.and_then(|index| files.read(index, LARGEST_NAMES).ok()).and_then(|text| String::from_utf8(text).ok());
    let names: Vec<String> = text
        .iter()
        .flat_map(|text| text.lines())
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    match kind {
        Kind::Ten if names.len() == 10 => names,
        Kind::Ten => CIFAR_10.map(str::to_owned).to_vec(),
        Kind::Hundred if names.len() == 100 => names,
        Kind::Hundred => (0..100).map(|class| class.to_string()).collect(),
    }
}
