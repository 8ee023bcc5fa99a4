//! What lies in a folder or in an archive, listed, and read file by file. Nothing is ever unpacked to disk, so no name in
//! an archive can reach a place outside of it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use zip::ZipArchive;

use super::super::DataError;
use super::super::open::{ZIP_MAGIC, head, parent, unreadable};
use super::shared_file::SharedFile;
use super::tarball::{self, Packed, Packing};

/// More files are not listed: somebody opened the whole disk.
const MOST_FILES: usize = 4_000_000;
/// No byte of a deflated file can become more.
const MOST_OF_DEFLATE: u64 = 1032;
/// Folders within folders, beyond which nothing is looked for: a link may lead back to where it lies.
const DEEPEST: usize = 12;

/// Files that lie together, in the order of their paths.
pub struct Files {
    path: PathBuf,
    entries: Vec<FileEntry>,
    place: Place,
}

/// One of several [`Files`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FileEntry {
    /// Its path within the folder or archive, with `/` between the parts and neither `.` nor `..` among them.
    pub path: String,
    /// Its size, as the folder or the archive says. What an archive says may be wrong, but is never more than could come
    /// out of it.
    pub bytes: u64,
    /// When it, or its archive, was last written, in nanoseconds since 1970; 0 if unknown.
    pub modified: u128,
}

impl FileEntry {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Where the bytes of each entry are, in the order of the entries.
enum Place {
    Folder(Vec<PathBuf>),
    Zip {
        archive: ZipArchive<SharedFile>,
        numbers: Vec<usize>,
    },
    /// Where each file begins in the archive.
    Tar {
        file: SharedFile,
        starts: Vec<u64>,
    },
    /// The number of each file in the archive.
    Packed {
        archive: Packed,
        numbers: Vec<usize>,
    },
}

impl Files {
    /// Lists a folder with all that is in it, or an archive: `.zip`, `.tar`, `.tar.gz` or `.tar.xz`, whatever its name.
    /// Hidden files, and the doubles that macOS packs, are left out. None if the path is of another file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or holds more than four million files.
    pub fn open(path: &Path) -> Result<Option<Self>, DataError> {
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if metadata.is_dir() {
            return Self::folder(path).map(Some);
        }
        if head(path)?.starts_with(ZIP_MAGIC) {
            return Self::zip(path).map(Some);
        }
        let packing = tarball::packing(path).map_err(|source| unreadable(path, source))?;
        packing.map(|packing| Self::tar(path, packing)).transpose()
    }

    /// As [`open`](Self::open); a file that is no archive is the only one.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_any(path: &Path) -> Result<Self, DataError> {
        if let Some(files) = Self::open(path)? {
            return Ok(files);
        }
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let entry = FileEntry { path: name, bytes: metadata.len(), modified: modified(&metadata) };
        Ok(Self { path: parent(path).to_owned(), entries: vec![entry], place: Place::Folder(vec![path.to_owned()]) })
    }

    fn folder(path: &Path) -> Result<Self, DataError> {
        let mut found = Vec::new();
        walk(path, "", 0, &mut found).map_err(|source| unreadable(path, source))?;
        Self::check_count(path, found.len())?;
        found.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (entries, paths) = found.into_iter().unzip();
        Ok(Self { path: path.to_owned(), entries, place: Place::Folder(paths) })
    }

    fn zip(path: &Path) -> Result<Self, DataError> {
        let damaged = |error: zip::result::ZipError| DataError::Archive {
            file: path.display().to_string(),
            reason: error.to_string(),
        };
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        let file = SharedFile::open(path).map_err(|source| unreadable(path, source))?;
        let archive = ZipArchive::new(file).map_err(damaged)?;
        Self::check_count(path, archive.len())?;
        let mut found = Vec::new();
        for number in 0..archive.len() {
            let entry = archive.by_index_data(number).map_err(damaged)?;
            // A name that is no text cannot be an image's of a class that could be shown.
            let Some(path) = entry.name().ok().and_then(|name| plain_path(&name)).filter(|_| entry.is_file()) else {
                continue;
            };
            let bytes = entry.size().min(metadata.len().saturating_mul(MOST_OF_DEFLATE));
            found.push((FileEntry { path, bytes, modified: modified(&metadata) }, number));
        }
        found.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (entries, numbers) = found.into_iter().unzip();
        Ok(Self { path: path.to_owned(), entries, place: Place::Zip { archive, numbers } })
    }

    fn tar(path: &Path, packing: Packing) -> Result<Self, DataError> {
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        let file = SharedFile::open(path).map_err(|source| unreadable(path, source))?;
        let mut found = Vec::new();
        let listed = tarball::list(&file, packing, |file| {
            if let Some(path) = plain_path(&file.name) {
                let tarball::Place { number, start, bytes } = file.place;
                found.push((FileEntry { path, bytes, modified: modified(&metadata) }, (number, start)));
            }
            found.len() <= MOST_FILES
        });
        listed.map_err(|error| DataError::Archive { file: path.display().to_string(), reason: error.to_string() })?;
        Self::check_count(path, found.len())?;
        found.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (entries, places): (Vec<_>, Vec<(usize, u64)>) = found.into_iter().unzip();
        let (numbers, starts) = places.into_iter().unzip();
        let place = match packing {
            Packing::None => Place::Tar { file, starts },
            _ => Place::Packed { archive: Packed { file, packing }, numbers },
        };
        Ok(Self { path: path.to_owned(), entries, place })
    }

    fn check_count(path: &Path, files: usize) -> Result<(), DataError> {
        if files <= MOST_FILES {
            return Ok(());
        }
        Err(DataError::TooManyFiles { folder: path.display().to_string(), limit: MOST_FILES })
    }

    /// The folder or the archive.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What there is.
    pub fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    /// Where entry `index` lies, for people: its path after that of the folder or the archive.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn full_path(&self, index: usize) -> String {
        match &self.place {
            Place::Folder(paths) => paths[index].display().to_string(),
            _ => self.path.join(&self.entries[index].path).display().to_string(),
        }
    }

    /// The whole of entry `index`, or one byte more than `limit` of it.
    ///
    /// # Errors
    /// If it cannot be read, or its place in the archive is damaged.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn read(&self, index: usize, limit: u64) -> io::Result<Vec<u8>> {
        let expected = self.entries[index].bytes.min(limit) as usize;
        match &self.place {
            Place::Folder(paths) => read_at_most(File::open(&paths[index])?, limit, expected),
            // A copy of the archive shares what was read of it, and has a place of its own to read at.
            Place::Zip { archive, numbers } => read_at_most(archive.clone().by_index(numbers[index])?, limit, expected),
            Place::Tar { file, starts } => {
                read_at_most(file.at(starts[index]).take(self.entries[index].bytes), limit, expected)
            }
            Place::Packed { archive, numbers } => {
                archive.with_file(numbers[index], |file| read_at_most(file, limit, 0))?
            }
        }
    }

    /// Reads the entries at `wanted` in several threads, in no order. `visit` gets a position in `wanted` and what
    /// [`read`](Self::read) gave, and says whether to go on.
    ///
    /// Whether everything was visited.
    pub fn read_each(
        &self,
        wanted: &[usize],
        limit: u64,
        visit: impl Fn(usize, io::Result<Vec<u8>>) -> bool + Sync + Send,
    ) -> bool {
        if let Place::Packed { archive, numbers } = &self.place {
            let wanted: Vec<usize> = wanted.iter().map(|&index| numbers[index]).collect();
            return archive.read_each(&wanted, limit, visit);
        }
        wanted
            .par_iter()
            .enumerate()
            .try_for_each(|(position, &index)| visit(position, self.read(index, limit)).then_some(()))
            .is_some()
    }

    /// A reader of entry `index` that reads as it goes.
    ///
    /// # Errors
    /// If it cannot be read, or its place in the archive is damaged.
    pub(in super::super) fn stream<T>(&self, index: usize, use_it: impl FnOnce(&mut dyn Read) -> T) -> io::Result<T> {
        Ok(match &self.place {
            Place::Folder(paths) => use_it(&mut io::BufReader::new(File::open(&paths[index])?)),
            Place::Zip { archive, numbers } => use_it(&mut archive.clone().by_index(numbers[index])?),
            Place::Tar { file, starts } => {
                use_it(&mut io::BufReader::new(file.at(starts[index])).take(self.entries[index].bytes))
            }
            Place::Packed { archive, numbers } => archive.with_file(numbers[index], |file| use_it(file))?,
        })
    }
}

/// Without the list, which can be long.
impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("path", &self.path).field("files", &self.entries.len()).finish_non_exhaustive()
    }
}

/// Adds the files in `folder` and below, as paths that begin with `prefix`. Folders that cannot be read are passed over,
/// the first one aside.
fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<(FileEntry, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_hidden(&name) || found.len() > MOST_FILES {
            continue;
        }
        let path = entry.path();
        // Links are followed; one that leads nowhere is no file.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let place = format!("{prefix}{name}");
        if metadata.is_dir() {
            if depth < DEEPEST {
                let _ = walk(&path, &format!("{place}/"), depth + 1, found);
            }
        } else if metadata.is_file() {
            found.push((FileEntry { path: place, bytes: metadata.len(), modified: modified(&metadata) }, path));
        }
    }
    Ok(())
}

fn modified(metadata: &fs::Metadata) -> u128 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |time| time.as_nanos())
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

/// A name of an archive as a path that only goes down: `/a/../b\c.png` is `a/b/c.png`. None for hidden files.
fn plain_path(name: &str) -> Option<String> {
    let parts = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let parts: Vec<&str> = parts.collect();
    (!parts.is_empty() && !parts.iter().any(|part| is_hidden(part))).then(|| parts.join("/"))
}

/// What a size says is not believed: reading stops at the limit, and one byte more says that there is more.
pub(super) fn read_at_most(reader: impl Read, limit: u64, expected: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected);
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
