//! Run folders as one file: written as a zip, and read from one without unpacking anything to disk.

use super::files::{FileError, is_under_way, write_atomically_with};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A run has a dozen files; figures and checkpoints of a long one may make it hundreds.
const MOST_FILES: usize = 10_000;
const DEEPEST: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path} cannot be read as a zip: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} is refused: `{entry}` in it points outside of it")]
    Outside { path: PathBuf, entry: String },
    #[error("{path} is refused: it holds {files} files, and a run at most {most}", most = MOST_FILES)]
    TooMany { path: PathBuf, files: usize },
    #[error("`{name}` in {path} is refused: it is larger than {} MiB", .limit >> 20)]
    TooLarge { path: PathBuf, name: String, limit: u64 },
    #[error("{0} holds no run: there is no config.toml in it")]
    NoRun(PathBuf),
}

/// Where the files of a run come from.
pub(super) enum Source {
    Folder(PathBuf),
    Zip {
        path: PathBuf,
        archive: Box<ZipArchive<File>>,
        /// What stands before each name: empty, or the one folder in the archive and a slash.
        prefix: String,
    },
}

impl Source {
    /// # Errors
    /// When a file is no zip, or none that a run folder was packed into.
    pub(super) fn open(path: &Path) -> Result<Self, ArchiveError> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let file = File::open(path).map_err(|error| FileError::new("read", path, &error))?;
        let damaged =
            |error: &dyn std::error::Error| ArchiveError::Damaged { path: path.to_owned(), reason: error.to_string() };
        let archive = ZipArchive::new(file).map_err(|error| damaged(&error))?;
        if archive.len() > MOST_FILES {
            return Err(ArchiveError::TooMany { path: path.to_owned(), files: archive.len() });
        }
        let mut prefix = None;
        for name in archive.file_names() {
            let name = name.map_err(|error| damaged(&error))?;
            if is_outside(&name) {
                return Err(ArchiveError::Outside { path: path.to_owned(), entry: name.into_owned() });
            }
            let before = name.strip_suffix(super::folder::CONFIG);
            let before = before.filter(|before| before.is_empty() || before.find('/') == Some(before.len() - 1));
            prefix = prefix.or_else(|| before.map(str::to_owned));
        }
        let prefix = prefix.ok_or_else(|| ArchiveError::NoRun(path.to_owned()))?;
        Ok(Self::Zip { path: path.to_owned(), archive: Box::new(archive), prefix })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(path) => path.join(name).is_file(),
            Self::Zip { archive, prefix, .. } => archive.index_for_name(&format!("{prefix}{name}")).is_some(),
        }
    }

    /// A file's bytes, at most `limit` of them; none where there is no such file. What an archive says of its sizes is
    /// not believed: reading stops at the limit.
    ///
    /// # Errors
    /// When it cannot be read, or is larger.
    pub(super) fn read(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
        if !self.has(name) {
            return Ok(None);
        }
        let (path, bytes) = match self {
            Self::Folder(path) => {
                let file = path.join(name);
                let bytes = File::open(&file).and_then(|mut file| read_at_most(&mut file, limit));
                (&*path, bytes.map_err(|error| FileError::new("read", &file, &error))?)
            }
            Self::Zip { path, archive, prefix } => {
                let damaged =
                    |reason: String| ArchiveError::Damaged { path: path.clone(), reason: format!("{name}: {reason}") };
                let mut entry =
                    archive.by_name(&format!("{prefix}{name}")).map_err(|error| damaged(error.to_string()))?;
                (&*path, read_at_most(&mut entry, limit).map_err(|error| damaged(error.to_string()))?)
            }
        };
        if bytes.len() as u64 > limit {
            return Err(ArchiveError::TooLarge { path: path.clone(), name: name.to_owned(), limit });
        }
        Ok(Some(bytes))
    }
}

/// One byte more than the limit says that there is more.
fn read_at_most(reader: &mut dyn Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Nothing is unpacked, so such a name could do no harm here; but no run folder has one, and the next program may unpack.
fn is_outside(name: &str) -> bool {
    // `C:\`; any other colon may stand in the name of a run.
    let is_drive = matches!(name.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    name.starts_with(['/', '\\']) || is_drive || name.split(['/', '\\']).any(|part| part == "..")
}

/// Packs a run folder into a zip that opens anywhere: one folder of the run's name, with everything in it. What is
/// compressed already is stored. A run that is a zip already is copied.
///
/// # Errors
/// When the folder cannot be read or the zip not be written; a file that was there before is untouched then.
pub(super) fn pack_run(run: &Path, destination: &Path) -> Result<(), ArchiveError> {
    // Read first: the zip may be written into the very folder.
    let files = if Source::open(run)?.has(super::folder::CONFIG) { files_in(run)? } else { Vec::new() };
    if files.is_empty() {
        return Err(ArchiveError::NoRun(run.to_owned()));
    }
    let name = super::stored::run_name(run);
    write_atomically_with(destination, |zip| {
        if run.is_file() {
            return io::copy(&mut File::open(run)?, zip).map(|_| ());
        }
        let mut writer = ZipWriter::new(BufWriter::new(zip));
        for (path, inside) in &files {
            let mut from = File::open(path).map_err(|error| in_file(path, &error))?;
            let size = from.metadata().map_or(0, |data| data.len());
            let options = options_for(inside).large_file(size >= u64::from(u32::MAX));
            writer.start_file(format!("{name}/{inside}"), options)?;
            io::copy(&mut from, &mut writer)?;
        }
        writer.finish()?.flush()
    })?;
    Ok(())
}

fn in_file(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn options_for(name: &str) -> SimpleFileOptions {
    let is_packed = [".safetensors", ".png", ".gz", ".zip"].iter().any(|ending| name.ends_with(ending));
    let method = if is_packed { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    SimpleFileOptions::default().compression_method(method)
}

/// The files of a folder, each with its path inside it, in order; links are left out. A file stands for itself.
fn files_in(run: &Path) -> Result<Vec<(PathBuf, String)>, ArchiveError> {
    if run.is_file() {
        return Ok(vec![(run.to_owned(), String::new())]);
    }
    let mut found = Vec::new();
    let mut folders = vec![(run.to_owned(), String::new(), 0)];
    while let Some((folder, inside, depth)) = folders.pop() {
        let fail = |error: io::Error| FileError::new("read", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            let name = format!("{inside}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() && depth < DEEPEST {
                folders.push((entry.path(), format!("{name}/"), depth + 1));
            } else if kind.is_file() && !is_under_way(&entry.file_name()) {
                found.push((entry.path(), name));
            }
        }
        if found.len() > MOST_FILES {
            return Err(ArchiveError::TooMany { path: run.to_owned(), files: found.len() });
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(found)
}
