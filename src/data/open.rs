//! What lies at a path, told from names and content.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::images::{cached_archive, open_images_cached};
use super::{DataError, Files, ImageOptions, Progress, Source, Unwatched, cifar, idx_folder, npz};

/// How a `.zip` begins, and so an `.npz`.
pub(super) const ZIP_MAGIC: &[u8] = b"PK";

/// Opens the data set at `path`, with the defaults of [`ImageOptions`] and nobody to watch.
///
/// # Errors
/// As [`open_with`].
pub fn open(path: &Path) -> Result<Source, DataError> {
    open_with(path, &ImageOptions::default(), &Unwatched)
}

/// Opens the data set at `path`:
///
/// - a folder of images by class, `cat/1.png`, or `train/cat/1.png` with `test/cat/2.png` (or `val/`); PNG, JPEG, GIF,
///   BMP, TIFF and WebP, of any sizes, made one shape as `options` say;
/// - the same inside a `.zip`, a `.tar`, a `.tar.gz` or a `.tar.xz`, which is read where it lies;
/// - CIFAR-10 and CIFAR-100 in their binary version: the folder, any one of its `.bin` files, or an archive of them;
/// - images and labels in an `.npz`: `x_train`, `y_train`, `x_test`, `y_test`, or `images` and `labels`;
/// - IDX files, plain or gzip: the folder of MNIST's four (or with them in `raw/`), any one of the four, or an images or
///   a labels file with the other one beside it.
///
/// Where images were decoded before, they come from the cache of the user's (see [`cache_folder`](super::cache_folder)),
/// if nothing has changed since.
///
/// Where training and test images are not told apart, a seventh of each class becomes the test set, always the same.
///
/// # Errors
/// If there is nothing that can be opened, it is damaged as a whole, its parts do not belong together, or `progress` says
/// to stop. Single images that are damaged are no error: [`Source::damaged`] lists them.
pub fn open_with(path: &Path, options: &ImageOptions, progress: &dyn Progress) -> Result<Source, DataError> {
    let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if metadata.is_dir() && idx_folder::has_idx_files(path) {
        return idx_folder::open_four(path);
    }
    let name = if metadata.is_dir() { folder_name(path) } else { stem(path) };
    if let Some(source) = metadata.is_file().then(|| cached_archive(path, &name, options)).flatten() {
        return Ok(source);
    }
    if let Some(files) = Files::open(path)? {
        return open_files(&files, &name, options, progress);
    }
    let head = head(path)?;
    if image::guess_format(&head).is_ok() {
        let reason = "it is a single image. Give a folder with a folder of images for each class".to_owned();
        return Err(DataError::Unfit { file: path.display().to_string(), reason });
    }
    if path.file_name().and_then(OsStr::to_str).is_some_and(cifar::is_cifar_name) {
        return open_with(parent(path), options, progress);
    }
    if head.is_empty() {
        return Err(DataError::EmptyFile { file: path.display().to_string() });
    }
    if !idx_folder::may_be_idx(path, &head) {
        return Err(DataError::NothingToOpen { folder: path.display().to_string() });
    }
    idx_folder::open_file(path)
}

fn open_files(files: &Files, name: &str, options: &ImageOptions, progress: &dyn Progress) -> Result<Source, DataError> {
    if npz::is_npz(files) {
        return npz::open(files, name);
    }
    let opened = cifar::open(files, name).unwrap_or_else(|| open_images_cached(files, name, options, progress));
    opened.map_err(|error| explained(error, files))
}

/// Where there are no images: what to do with what is there instead.
fn explained(error: DataError, files: &Files) -> DataError {
    use DataError::{AllDamaged, NoClassFolders, NothingToOpen};
    let has = |is_it: fn(&str) -> bool| files.entries().iter().any(|entry| is_it(entry.name()));
    let reason = if !matches!(error, AllDamaged { .. } | NoClassFolders { .. } | NothingToOpen { .. }) {
        return error;
    } else if has(|name| name == "data_batch_1") {
        "it is CIFAR's version for Python, and the binary one can be opened. Fetch that with `glassbox data fetch cifar10`"
    } else if has(idx_folder::is_one_of_four) {
        "MNIST's four IDX files are opened from the folder that they lie in. Unpack them first if they are in an archive, \
         and give that folder"
    } else {
        return error;
    };
    DataError::Unfit { file: files.path().display().to_string(), reason: reason.to_owned() }
}

/// The first bytes of a file; fewer if it is short.
pub(super) fn head(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    file.take(16).read_to_end(&mut head).map_err(|source| unreadable(path, source))?;
    Ok(head)
}

/// The folder of a file: the current one if it was given without.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The folder's own name, even if it was given as `.` or as `..`.
pub(super) fn folder_name(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "images".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A file's name without its ending, `.tar.gz` being one.
fn stem(path: &Path) -> String {
    let Some(stem) = path.file_stem() else { return "images".to_owned() };
    let stem = stem.to_string_lossy();
    stem.strip_suffix(".tar").unwrap_or(&stem).to_owned()
}

pub(super) fn unreadable(path: &Path, source: std::io::Error) -> DataError {
    DataError::Read { file: path.display().to_string(), source }
}
