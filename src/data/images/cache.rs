//! Decoded images, remembered on disk and in memory, so that opening them again is fast.
//!
//! A file of the cache holds a line that says what it is, the length of its header, the header (JSON), the labels and
//! the pixels of both sets, and a check sum. It is written beside its place and then moved there, so that it is whole or
//! not there; what is damaged all the same, or was made of other files, is ignored and written anew.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use flate2::Crc;
use serde::{Deserialize, Serialize};

use super::super::{DataError, Dataset, ImageShape, Source};
use super::files::Files;
use super::load::{open_images, open_noting};
use super::{Damaged, ImageOptions, Progress};

const MAGIC: &[u8; 18] = b"glassbox images 2\n";
const ENDING: &str = "images";
/// Fewer files are opened as fast without.
const WORTH_IT: usize = 2_000;
/// What the cache may take on disk; what was written first goes first.
const LARGEST_CACHE: u64 = 8 << 30;
/// What a killed program left half written is removed after this time.
const LEFT_BEHIND: Duration = Duration::from_hours(24);

/// The folder of the user's for what can be made again: `GLASSBOX_CACHE` if it is set, and else where the system keeps
/// such things (`~/.cache/glassbox`, `~/Library/Caches/glassbox`, `%LOCALAPPDATA%\glassbox\cache`). None where there is
/// no home.
pub fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = set("GLASSBOX_CACHE") {
        return Some(chosen);
    }
    if cfg!(windows) {
        return Some(set("LOCALAPPDATA")?.join("glassbox").join("cache"));
    }
    if cfg!(target_os = "macos") {
        return Some(set("HOME")?.join("Library/Caches/glassbox"));
    }
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("glassbox"))
}

/// The images in an archive, if they are open already or the cache has them: the archive itself is not opened, since to
/// list what is in a compressed one is to unpack it.
pub fn cached_archive(path: &Path, name: &str, options: &ImageOptions) -> Option<Source> {
    let key = Key::new(path, name, options, of_archive(&fs::metadata(path).ok()?));
    let source = recall(&key, images_folder().as_deref())?;
    remember(key, &source);
    Some(source)
}

/// [`open_images`], or what it gave when the same files were opened before in the same way.
///
/// # Errors
/// As [`open_images`].
pub fn open_images_cached(
    files: &Files,
    name: &str,
    options: &ImageOptions,
    progress: &dyn Progress,
) -> Result<Source, DataError> {
    if files.entries().len() < WORTH_IT {
        return open_images(files, name, options, progress);
    }
    open_with_cache(images_folder().as_deref(), files, name, options, progress)
}

fn open_with_cache(
    folder: Option<&Path>,
    files: &Files,
    name: &str,
    options: &ImageOptions,
    progress: &dyn Progress,
) -> Result<Source, DataError> {
    let count = files.entries().len();
    let fingerprint = match fs::metadata(files.path()) {
        Ok(metadata) if metadata.is_file() => of_archive(&metadata),
        _ => of_folder(files),
    };
    let key = Key::new(files.path(), name, options, fingerprint);
    if let Some(source) = recall(&key, folder) {
        progress.opened(count, count);
        remember(key, &source);
        return Ok(source);
    }
    let (source, all_read) = open_noting(files, name, options, progress)?;
    // What could not be read may be next time, and its folder would look the same.
    if all_read {
        // A cache that cannot be written costs time, and no more.
        let _ = folder.map_or(Ok(()), |folder| write(folder, &key, &source));
        remember(key, &source);
    }
    Ok(source)
}

/// Where in the user's cache images lie.
fn images_folder() -> Option<PathBuf> {
    Some(cache_folder()?.join("images"))
}

/// What is open elsewhere in the program, or else in the cache's `folder`.
fn recall(key: &Key, folder: Option<&Path>) -> Option<Source> {
    remembered(key).or_else(|| read(folder?, key))
}

/// Changes with the path, the size and the time of every file.
fn of_folder(files: &Files) -> u64 {
    hash(files.entries())
}

/// Changes with the size and the time of the archive.
fn of_archive(metadata: &fs::Metadata) -> u64 {
    hash(&(metadata.len(), metadata.modified().ok()))
}

/// Another version of the standard library may hash otherwise; then the cache is written anew.
fn hash(what: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// What was opened, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Key {
    path: PathBuf,
    name: String,
    options: ImageOptions,
    /// Another one if anything has changed since.
    fingerprint: u64,
}

impl Key {
    fn new(path: &Path, name: &str, options: &ImageOptions, fingerprint: u64) -> Self {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self { path, name: name.to_owned(), options: *options, fingerprint }
    }

    /// The same for all states of one folder, so that a newer one takes the place of the older.
    fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{:016x}.{ENDING}", hash(&(&self.path, &self.name, &self.options))))
    }
}

/// What is open elsewhere in the program, while it is.
static OPEN: Mutex<Vec<Open>> = Mutex::new(Vec::new());

struct Open {
    key: Key,
    train: Weak<Dataset>,
    test: Weak<Dataset>,
    damaged: Arc<[Damaged]>,
}

impl Open {
    fn source(&self) -> Option<Source> {
        let (train, test) = (self.train.upgrade()?, self.test.upgrade()?);
        Some(Source { name: self.key.name.clone(), train, test, damaged: Arc::clone(&self.damaged) })
    }
}

fn remembered(key: &Key) -> Option<Source> {
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.iter().find(|open| open.key == *key)?.source()
}

fn remember(key: Key, source: &Source) {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|open| open.key != key && open.source().is_some());
    let (train, test) = (Arc::downgrade(&source.train), Arc::downgrade(&source.test));
    open.push(Open { key, train, test, damaged: Arc::clone(&source.damaged) });
}

#[derive(Serialize, Deserialize)]
struct Header {
    key: Key,
    shape: ImageShape,
    class_names: Vec<String>,
    train: usize,
    test: usize,
    /// Of each image of both sets; empty if they are not known.
    train_files: Vec<String>,
    test_files: Vec<String>,
    damaged: Vec<Damaged>,
}

impl Header {
    /// Bytes of labels and pixels of both sets; none if there cannot be so many.
    fn body(&self) -> Option<u64> {
        let ImageShape { channels, height, width } = self.shape;
        let pixels = channels.checked_mul(height)?.checked_mul(width)?;
        let images = self.train.checked_add(self.test)?;
        u64::try_from(pixels.checked_add(2)?.checked_mul(images)?).ok()
    }
}

fn write(folder: &Path, key: &Key, source: &Source) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (train, test) = (&source.train, &source.test);
    let header = serde_json::to_vec(&Header {
        key: key.clone(),
        shape: train.shape(),
        class_names: train.class_names().to_vec(),
        train: train.len(),
        test: test.len(),
        train_files: train.files().unwrap_or_default().to_vec(),
        test_files: test.files().unwrap_or_default().to_vec(),
        damaged: source.damaged.to_vec(),
    })?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = Summed { inner: BufWriter::new(file), sum: Crc::new() };
    out.write_all(MAGIC)?;
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for set in [train, test] {
        let labels: Vec<u8> = set.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
        out.write_all(&labels)?;
        out.write_all(set.pixels())?;
    }
    let sum = out.sum.sum();
    out.inner.write_all(&sum.to_le_bytes())?;
    let file = out.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(key.file(folder)).map_err(|error| error.error)?;
    make_room(folder, LARGEST_CACHE)
}

/// What the cache holds for `key`, if it is there and whole.
fn read(folder: &Path, key: &Key) -> Option<Source> {
    let file = File::open(key.file(folder)).ok()?;
    let mut left = file.metadata().ok()?.len();
    let mut input = Summed { inner: BufReader::new(file), sum: Crc::new() };
    // Nothing is allocated for what the file is too short to hold.
    let mut take = |input: &mut Summed<BufReader<File>>, length: u64| {
        left = left.checked_sub(length)?;
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        input.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    if take(&mut input, MAGIC.len() as u64)? != MAGIC {
        return None;
    }
    let length = u64::from_le_bytes(take(&mut input, 8)?.try_into().ok()?);
    let header: Header = serde_json::from_slice(&take(&mut input, length)?).ok()?;
    header.body()?;
    if header.key != *key {
        return None;
    }
    let mut set = |part: &str, images: usize, files: Vec<String>| {
        let labels = take(&mut input, 2 * images as u64)?;
        let labels = labels.chunks_exact(2).map(|label| u16::from_le_bytes([label[0], label[1]])).collect();
        let pixels = take(&mut input, (images * header.shape.pixels()) as u64)?;
        let name = format!("{} {part}", key.name);
        let dataset = Dataset::new(name, header.class_names.clone(), header.shape, pixels, labels).ok()?;
        Some(dataset.with_files((!files.is_empty()).then_some(files)))
    };
    let (train, test) = (set("train", header.train, header.train_files)?, set("test", header.test, header.test_files)?);
    let sum = input.sum.sum();
    if take(&mut input, 4)? != sum.to_le_bytes() || left > 0 {
        return None;
    }
    Some(Source {
        name: key.name.clone(),
        train: Arc::new(train),
        test: Arc::new(test),
        damaged: header.damaged.into(),
    })
}

/// Removes what was written first until the rest takes at most `limit` bytes, and what was left half written.
fn make_room(folder: &Path, limit: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let modified = metadata.modified()?;
        if entry.path().extension().is_some_and(|ending| ending == ENDING) {
            files.push((modified, metadata.len(), entry.path()));
        } else if SystemTime::now().duration_since(modified).is_ok_and(|age| age > LEFT_BEHIND) {
            fs::remove_file(entry.path())?;
        }
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if total <= limit {
            break;
        }
        fs::remove_file(path)?;
        total -= length;
    }
    Ok(())
}

/// Sums up what passes through.
struct Summed<T> {
    inner: T,
    sum: Crc,
}

impl<T: Read> Read for Summed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for Summed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Fit;
    use proptest::prelude::*;

    fn key(fingerprint: u64) -> Key {
        Key {
            path: PathBuf::from("/somewhere"),
            name: "pets".to_owned(),
            options: ImageOptions::default(),
            fingerprint,
        }
    }

    fn source() -> Source {
        let set = |labels: Vec<u16>, first: u8| {
            let pixels = (0..labels.len() * 6).map(|i| first + i as u8).collect();
            let names = vec!["cat".to_owned(), "dog".to_owned()];
            let files = labels.iter().enumerate().map(|(i, label)| format!("{label}/{i}.png")).collect();
            let set = Dataset::new("pets", names, ImageShape::new(1, 2, 3), pixels, labels).unwrap();
            Arc::new(set.with_files(Some(files)))
        };
        let damaged = [Damaged { file: "cat/9.png".to_owned(), reason: "it is truncated".to_owned() }];
        Source {
            name: "pets".to_owned(),
            train: set(vec![1, 0, 1], 5),
            test: set(vec![0], 99),
            damaged: damaged.into(),
        }
    }

    fn is_same(a: &Source, b: &Source) -> bool {
        let same = |a: &Dataset, b: &Dataset| {
            (a.pixels(), a.labels(), a.shape(), a.class_names(), a.files())
                == (b.pixels(), b.labels(), b.shape(), b.class_names(), b.files())
        };
        a.name == b.name && same(&a.train, &b.train) && same(&a.test, &b.test) && a.damaged == b.damaged
    }

    #[test]
    fn what_is_written_is_read_for_the_same_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new/folder");
        assert!(read(&inner, &key(1)).is_none());
        write(&inner, &key(1), &source()).unwrap();
        assert!(is_same(&read(&inner, &key(1)).unwrap(), &source()));
        assert!(read(&inner, &key(2)).is_none(), "the folder has changed");
        let other = Key { options: ImageOptions { fit: Fit::Pad, ..ImageOptions::default() }, ..key(1) };
        assert!(read(&inner, &other).is_none());
        write(&inner, &key(2), &source()).unwrap();
        assert!(read(&inner, &key(2)).is_some() && read(&inner, &key(1)).is_none());
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1, "the newer takes the place of the older");
    }

    #[test]
    fn what_could_not_be_read_is_tried_again() {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| folder.path().join(name);
        for class in ["cat", "dog"] {
            fs::create_dir(at(class)).unwrap();
            for number in 0..4 {
                image::GrayImage::new(2, 2).save(at(class).join(format!("{number}.png"))).unwrap();
            }
        }
        let files = Files::open(folder.path()).unwrap().unwrap();
        let options = ImageOptions::default();
        let open = || open_with_cache(Some(cache.path()), &files, "pets", &options, &crate::data::Unwatched).unwrap();
        fs::rename(at("cat/0.png"), at("gone")).unwrap();
        let partly = open();
        assert!(partly.damaged.len() == 1 && partly.damaged[0].reason.contains("cannot be read"));
        fs::rename(at("gone"), at("cat/0.png")).unwrap();
        let whole = open();
        assert!(whole.damaged.is_empty(), "{:?}", whole.damaged);
        assert!(Arc::ptr_eq(&open().train, &whole.train));
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }

    #[test]
    fn room_is_made_for_what_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, hours) in [("old.images", 3), ("new.images", 1), ("half-written", 30), ("in-hand", 0)] {
            fs::write(at(name), [0; 10]).unwrap();
            let file = File::options().write(true).open(at(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
        }
        make_room(folder.path(), 15).unwrap();
        assert!(!at("old.images").exists() && at("new.images").exists());
        assert!(!at("half-written").exists() && at("in-hand").exists());
    }

    #[test]
    fn what_is_open_is_shared_and_what_is_closed_is_not() {
        let key = key(77);
        assert!(remembered(&key).is_none());
        let open = source();
        remember(key.clone(), &open);
        assert!(Arc::ptr_eq(&remembered(&key).unwrap().train, &open.train));
        drop(open);
        assert!(remembered(&key).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn a_damaged_cache_is_ignored(
            cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8_u8, how in 0..3_u8,
        ) {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &key(1), &source()).unwrap();
            let path = key(1).file(folder.path());
            let mut bytes = fs::read(&path).unwrap();
            match how {
                0 => bytes.truncate(cut.index(bytes.len())),
                1 => bytes.push(0),
                _ => {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                }
            }
            fs::write(&path, bytes).unwrap();
            prop_assert!(read(folder.path(), &key(1)).is_none());
        }
    }
}
