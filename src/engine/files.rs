//! Files that are either wholly there or not at all.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {reason}")]
pub struct FileError {
    pub action: &'static str,
    pub path: PathBuf,
    pub reason: String,
}

impl FileError {
    pub(super) fn new(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self { action, path: path.to_owned(), reason: error.to_string() }
    }
}

/// How the names of files under way begin.
const UNDER_WAY: &str = ".tmp";

/// Whether a file of this name was being written when its program was killed, or is being written now.
pub(super) fn is_under_way(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with(UNDER_WAY)
}

/// Removes what a killed program left half written in a folder; nothing must be written there now.
pub(super) fn remove_left_behind(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_under_way(&entry.file_name())) {
        // What cannot be removed does no harm: nothing reads it.
        let _ = std::fs::remove_file(entry.path());
    }
}

/// Cuts off the last line of a text file if it was never finished: what is appended next would become a part of it.
pub(super) fn cut_torn_line(path: &Path) -> Result<(), FileError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| FileError::new("read", path, &error))?,
    };
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole == bytes.len() { Ok(()) } else { write_atomically(path, &bytes[..whole]) }
}

/// With the permissions that any new file gets: by itself a temporary file would be for its owner alone.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNDER_WAY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Temporary file, sync, rename: whoever reads sees the old file or the new one, also after a crash.
///
/// # Errors
/// When the folder cannot be written or the disk is full; the old file is untouched then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomically_with(path, |file| file.write_all(bytes))
}

/// [`write_atomically`] for what does not fit into memory: `fill` writes the file.
///
/// # Errors
/// As [`write_atomically`], and when `fill` fails.
pub fn write_atomically_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), FileError> {
    let fail = |error: io::Error| FileError::new("write", path, &error);
    let mut file = temporary(folder_of(path)).map_err(fail)?;
    fill(file.as_file_mut()).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// The folder that a file is in: the current one if it was given without.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder that is wholly there or not at all: `fill` writes into it under another name.
///
/// # Errors
/// When there is something of that name already, the disk refuses, or `fill` fails.
pub(super) fn new_folder(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FileError> {
    let fail = |error: io::Error| FileError::new("make the folder", path, &error);
    if path.exists() {
        return Err(fail(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already; choose another name")));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNDER_WAY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let folder = builder.tempdir_in(folder_of(path)).map_err(fail)?;
    fill(folder.path()).map_err(fail)?;
    std::fs::rename(folder.path(), path).map_err(fail)?;
    // It has another name now, so there is nothing to remove.
    let _ = folder.keep();
    Ok(())
}
