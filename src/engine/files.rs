//! Files that are either wholly there or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {reason}")]
pub struct FileError {
    pub action: &'static str,
    pub path: PathBuf,
    pub reason: String,
}

impl FileError {
    pub(super) fn new(action: &'static str, path: &Path, error: &std::io::Error) -> Self {
        Self { action, path: path.to_owned(), reason: error.to_string() }
    }
}

/// With the permissions that any new file gets: by itself a temporary file would be for its owner alone.
fn temporary(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Temporary file, sync, rename: whoever reads sees the old file or the new one, also after a crash.
///
/// # Errors
/// When the folder cannot be written or the disk is full; the old file is untouched then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let fail = |error: std::io::Error| FileError::new("write", path, &error);
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
