//! Training and test images that belong together, opened from disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::idx::IdxPair;
use super::{Amount, DataError, Dataset, Split};

/// Training and test images that belong together: one shape, one list of classes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    /// What both together are called, such as `mnist`.
    pub name: String,
    /// The images to learn from.
    pub train: Arc<Dataset>,
    /// The images to be tested with, never learned from.
    pub test: Arc<Dataset>,
}

/// Of a single file, the part that is held out for testing: a seventh, as MNIST's 10,000 of 70,000.
const TEST_PART: Amount = Amount::Fraction(1.0 / 7.0);
/// Which images of a single file are held out must be the same each time it is opened.
const TEST_SEED: u64 = 0;

/// Opens IDX files, plain or gzip: a folder of four, as MNIST and Fashion-MNIST are distributed (`train-images*idx3*`,
/// `t10k-images*idx3*` and the labels of each, in the folder or in `raw/` under it), or one file of images.
///
/// A file of images named as one of the four opens its folder. Any other is opened with the labels file beside it
/// (`images` replaced by `labels`, `idx3` or `idx4` by `idx1`), and a seventh of it, of each class, becomes the test set.
///
/// # Errors
/// If a file is missing, cannot be read or is damaged, or the files do not belong together.
pub fn open_folder(path: &Path) -> Result<Source, DataError> {
    let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if metadata.is_dir() {
        return open_four(path);
    }
    let belongs_to_four =
        file_name(path).is_some_and(|name| ["train-images", "t10k-images"].iter().any(|&p| name.starts_with(p)));
    match path.parent() {
        Some(folder) if belongs_to_four => {
            // A file that was given without its folder lies in the current one.
            open_four(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        }
        _ => open_single(path),
    }
}

fn open_four(folder: &Path) -> Result<Source, DataError> {
    let files = Files::list(folder)?;
    let (train_images, train_labels) = files.pair("train-images")?;
    let (test_images, test_labels) = files.pair("t10k-images")?;
    let (train, test) =
        rayon::join(|| IdxPair::open(&train_images, &train_labels), || IdxPair::open(&test_images, &test_labels));
    source_of(&folder_name(folder), train?, test?)
}

fn open_single(images: &Path) -> Result<Source, DataError> {
    let looked_for = || labels_name(file_name(images).unwrap_or_default());
    let missing = || DataError::NoLabelsFile { images_file: images.display().to_string(), looked_for: looked_for() };
    let labels = images.with_file_name(looked_for());
    let labels = with_or_without_gz(&labels).filter(|labels| labels != images).ok_or_else(missing)?;
    let name = images.file_stem().map_or_else(|| "images".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let pair = IdxPair::open(images, &labels)?;
    let classes = pair.classes();
    let whole = Split::all(Arc::new(pair.into_dataset(&name, classes)?));
    let (train, test) = whole.hold_out(TEST_PART, TEST_SEED)?;
    Ok(Source {
        train: Arc::new(train.to_dataset(format!("{name} train"))?),
        test: Arc::new(test.to_dataset(format!("{name} test"))?),
        name,
    })
}

/// Puts two pairs together: with the same classes, and only if they have the same shape.
pub(super) fn source_of(name: &str, train: IdxPair, test: IdxPair) -> Result<Source, DataError> {
    let classes = train.classes().max(test.classes());
    let train = train.into_dataset(format!("{name} train"), classes)?;
    let test = test.into_dataset(format!("{name} test"), classes)?;
    if train.shape() != test.shape() {
        return Err(DataError::ShapesDiffer { name: name.to_owned(), train: train.shape(), test: test.shape() });
    }
    Ok(Source { name: name.to_owned(), train: Arc::new(train), test: Arc::new(test) })
}

/// The files of a folder, by name, and of `raw/` under it, where torchvision puts them.
struct Files {
    folder: PathBuf,
    paths: Vec<PathBuf>,
}

impl Files {
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

fn labels_name(images_name: &str) -> String {
    images_name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
}

fn with_or_without_gz(path: &Path) -> Option<PathBuf> {
    let name = file_name(path)?;
    let other = name.strip_suffix(".gz").map_or_else(|| format!("{name}.gz"), str::to_owned);
    [path.to_owned(), path.with_file_name(other)].into_iter().find(|path| path.is_file())
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// The folder's own name, even if it was given as `.` or as `..`.
fn folder_name(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "images".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn unreadable(path: &Path, source: std::io::Error) -> DataError {
    DataError::Read { file: path.display().to_string(), source }
}
