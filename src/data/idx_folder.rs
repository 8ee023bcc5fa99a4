//! IDX files that belong together, found from a folder or from any one of them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::idx::{GZIP_MAGIC, IdxPair};
use super::open::{folder_name, parent, unreadable};
use super::source::hold_out_test;
use super::{DataError, Source};

/// How the names of MNIST's four files begin.
const FOUR: [&str; 4] = ["train-images", "train-labels", "t10k-images", "t10k-labels"];
const KINDS: [&str; 3] = ["idx1", "idx3", "idx4"];

/// Whether a folder holds IDX files, or has them in `raw/`.
pub(super) fn has_idx_files(folder: &Path) -> bool {
    let is_idx = |path: &PathBuf| file_name(path).is_some_and(is_one_of_four);
    IdxFiles::list(folder).is_ok_and(|files| files.paths.iter().any(is_idx))
}

/// Whether this is the name of one of MNIST's four files.
pub(super) fn is_one_of_four(name: &str) -> bool {
    FOUR.iter().any(|&four| name.starts_with(four)) && KINDS.iter().any(|&kind| name.contains(kind))
}

/// Whether a file calls itself IDX, or begins as such a file does, plain or gzip.
pub(super) fn may_be_idx(path: &Path, head: &[u8]) -> bool {
    let named = file_name(path).is_some_and(|name| {
        KINDS.iter().any(|&kind| name.contains(kind)) || FOUR.iter().any(|&four| name.starts_with(four))
    });
    let packed = || head.starts_with(&GZIP_MAGIC) && unpacked_head(path).is_ok_and(|head| begins_as_idx(&head));
    named || begins_as_idx(head) || packed()
}

/// Two zeros, one of the types of numbers, and as many dimensions as images and labels can have.
fn begins_as_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, 0x08..=0x0e, 1..=4, ..])
}

/// The first bytes of what a gzip file holds.
fn unpacked_head(path: &Path) -> io::Result<[u8; 4]> {
    let mut head = [0; 4];
    MultiGzDecoder::new(File::open(path)?).read_exact(&mut head)?;
    Ok(head)
}

/// Opens the four files of MNIST and its relatives, `train-images*idx3*`, `t10k-images*idx3*` and the labels of each, in
/// `folder` or in `raw/` under it.
///
/// # Errors
/// If a file is missing, cannot be read or is damaged, or the files do not belong together.
pub(super) fn open_four(folder: &Path) -> Result<Source, DataError> {
    let files = IdxFiles::list(folder)?;
    let (train_images, train_labels) = files.pair("train-images")?;
    let (test_images, test_labels) = files.pair("t10k-images")?;
    let (train, test) =
        rayon::join(|| IdxPair::open(&train_images, &train_labels), || IdxPair::open(&test_images, &test_labels));
    source_of(&folder_name(folder), train?, test?)
}

/// Opens the IDX file at `path` with those that belong to it. One of MNIST's four opens all of them. Any other is opened
/// with the file of its labels or its images beside it (`images` for `labels`, `idx3` or `idx4` for `idx1`), and a
/// seventh of each class becomes the test set.
///
/// # Errors
/// If a file is missing, cannot be read or is damaged, or the files do not belong together.
pub(super) fn open_file(path: &Path) -> Result<Source, DataError> {
    let belongs_to_four = file_name(path).is_some_and(|name| FOUR.iter().any(|&four| name.starts_with(four)));
    if belongs_to_four { open_four(parent(path)) } else { open_single(path) }
}

fn open_single(path: &Path) -> Result<Source, DataError> {
    let (images, labels) = pair_of(path)?;
    let name = images.file_stem().map_or_else(|| "images".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let pair = IdxPair::open(&images, &labels)?;
    let classes = pair.classes();
    let (train, test) = hold_out_test(pair.into_dataset(&name, classes)?, &name)?;
    Ok(Source { name, train: Arc::new(train), test: Arc::new(test), damaged: Arc::default() })
}

/// The images and the labels, of which `path` is one.
fn pair_of(path: &Path) -> Result<(PathBuf, PathBuf), DataError> {
    let name = file_name(path).unwrap_or_default();
    let beside = |name: &str| with_or_without_gz(&path.with_file_name(name)).filter(|found| found != path);
    let of_labels = ["idx3", "idx4"].map(|kind| name.replace("labels", "images").replace("idx1", kind));
    if let Some(images) = of_labels.iter().find_map(|images| beside(images)) {
        return Ok((images, path.to_owned()));
    }
    let of_images = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1");
    if of_images == name {
        let reason = "its name does not tell which file belongs to it. IDX files come in pairs, such as \
                      train-images-idx3-ubyte and train-labels-idx1-ubyte";
        return Err(DataError::Unfit { file: path.display().to_string(), reason: reason.to_owned() });
    }
    let labels = beside(&of_images).ok_or_else(|| DataError::NoLabelsFile {
        images_file: path.display().to_string(),
        looked_for: of_images.clone(),
    })?;
    Ok((path.to_owned(), labels))
}

/// Puts two pairs together: with the same classes, and only if they have the same shape.
pub(super) fn source_of(name: &str, train: IdxPair, test: IdxPair) -> Result<Source, DataError> {
    let classes = train.classes().max(test.classes());
    let train = train.into_dataset(format!("{name} train"), classes)?;
    let test = test.into_dataset(format!("{name} test"), classes)?;
    if train.shape() != test.shape() {
        return Err(DataError::ShapesDiffer { name: name.to_owned(), train: train.shape(), test: test.shape() });
    }
    Ok(Source { name: name.to_owned(), train: Arc::new(train), test: Arc::new(test), damaged: Arc::default() })
}

/// The files of a folder, by name, and of `raw/` under it, where torchvision puts them.
struct IdxFiles {
    folder: PathBuf,
    paths: Vec<PathBuf>,
}

impl IdxFiles {
    fn list(folder: &Path) -> Result<Self, DataError> {
        let mut paths = files_in(folder)?;
        let raw = folder.join("raw");
        if raw.is_dir() {
            paths.extend(files_in(&raw)?);
        }
        Ok(Self { folder: folder.to_owned(), paths })
    }

    /// The images file whose name begins with `prefix`, and its labels file.
    fn pair(&self, prefix: &str) -> Result<(PathBuf, PathBuf), DataError> {
        let images = self.find(prefix, &["idx3", "idx4"])?;
        let labels = self.find(&prefix.replace("images", "labels"), &["idx1"])?;
        Ok((images, labels))
    }

    fn find(&self, prefix: &str, kinds: &[&str]) -> Result<PathBuf, DataError> {
        let fits =
            |name: &str| name.strip_prefix(prefix).is_some_and(|rest| kinds.iter().any(|kind| rest.contains(kind)));
        let found = self.paths.iter().find(|path| file_name(path).is_some_and(fits));
        found.cloned().ok_or_else(|| DataError::MissingFile {
            folder: self.folder.display().to_string(),
            pattern: format!("{prefix}*{}*", kinds[0]),
        })
    }
}

/// The files in `folder`, in the order of their names: an unpacked file comes before the same one packed.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let path = entry.map_err(|source| unreadable(folder, source))?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn with_or_without_gz(path: &Path) -> Option<PathBuf> {
    let name = file_name(path)?;
    let other = name.strip_suffix(".gz").map_or_else(|| format!("{name}.gz"), str::to_owned);
    [path.to_owned(), path.with_file_name(other)].into_iter().find(|path| path.is_file())
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}
