//! Tape archives: `.tar`, `.tar.gz` and `.tar.xz`.
//!
//! A plain one is read at any place. A compressed one can only be read from its beginning: every pass over its files
//! decompresses it once more, which takes time rather than memory or disk.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::sync_channel;
use std::thread;

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use rayon::prelude::*;
use tar::{Archive, Entry, Header};

use super::files::read_at_most;
use super::shared_file::SharedFile;

const GZIP_MAGIC: &[u8] = b"\x1f\x8b";
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";
const BLOCK: usize = 512;
/// What decompressing an `.xz` may take, in KiB: `xz -9` needs 65 MiB.
const XZ_MEMORY: u32 = 512 << 10;
/// The most bytes between the end of one file and the beginning of the next: headers, and names that do not fit them.
const LONGEST_HEADERS: u64 = 4 << 20;
/// Files that are decompressed ahead of whoever uses them.
const AHEAD: usize = 64;

/// How a tape archive is compressed as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packing {
    None,
    Gzip,
    Xz,
}

/// How the tape archive at `path` is compressed; none if it is no tape archive.
pub(super) fn packing(path: &Path) -> io::Result<Option<Packing>> {
    let file = SharedFile::open(path)?;
    let mut head = Vec::new();
    file.at(0).take(XZ_MAGIC.len() as u64).read_to_end(&mut head)?;
    let packing = if head.starts_with(GZIP_MAGIC) {
        Packing::Gzip
    } else if head.starts_with(XZ_MAGIC) {
        Packing::Xz
    } else {
        Packing::None
    };
    let mut block = [0; BLOCK];
    let begins = Unpacked::new(&file, packing).read_exact(&mut block);
    Ok((begins.is_ok() && is_header(&block)).then_some(packing))
}

/// Whether a block is the header of a file: the sum of its bytes stands in it.
fn is_header(block: &[u8; BLOCK]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    let byte = |i: usize| u32::from(if SUM.contains(&i) { b' ' } else { block[i] });
    let sum: u32 = (0..BLOCK).map(byte).sum();
    Header::from_byte_slice(block).cksum().is_ok_and(|noted| noted == sum)
}

/// One of the files of an archive.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) place: Place,
}

/// Where a file lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Counts the files and links of the archive. A link has the number of its file.
    pub(super) number: usize,
    /// Where its content begins in the uncompressed archive.
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// Calls `found` with every file of an archive, until it says to stop. Names that are no text are passed over. A hard link
/// is the file that it leads to under another name, if that is listed before it, as it is in an archive that is whole.
pub(super) fn list(file: &SharedFile, packing: Packing, mut found: impl FnMut(Listed) -> bool) -> io::Result<()> {
    let mut listed: HashMap<Vec<u8>, Place> = HashMap::new();
    walk(file, packing, |number, entry| {
        let name = entry.path_bytes().into_owned();
        let place = if entry.header().entry_type().is_hard_link() {
            entry.link_name_bytes().and_then(|target| listed.get(&*target).copied())
        } else {
            let start = entry.raw_file_position();
            // What a header promises may be more than there is; a compressed file is read on to the next one anyway.
            let left = if packing == Packing::None { file.length().saturating_sub(start) } else { u64::MAX };
            Some(Place { number, start, bytes: entry.size().min(left) })
        };
        let (Some(place), Ok(text)) = (place, String::from_utf8(name.clone())) else { return true };
        listed.insert(name, place);
        found(Listed { name: text, place })
    })
}

/// A compressed archive.
pub(super) struct Packed {
    pub(super) file: SharedFile,
    pub(super) packing: Packing,
}

impl Packed {
    /// What `use_it` makes of the content of one file.
    pub(super) fn with_file<T>(&self, wanted: usize, use_it: impl FnOnce(&mut dyn Read) -> T) -> io::Result<T> {
        let mut use_it = Some(use_it);
        let mut made = None;
        walk(&self.file, self.packing, |number, entry| {
            if number == wanted {
                made = use_it.take().map(|use_it| use_it(entry));
            }
            number < wanted
        })?;
        made.ok_or_else(gone)
    }

    /// As [`Files::read_each`](super::Files::read_each), in one pass: one thread decompresses, the others visit.
    pub(super) fn read_each(
        &self,
        wanted: &[usize],
        limit: u64,
        visit: impl Fn(usize, io::Result<Vec<u8>>) -> bool + Sync + Send,
    ) -> bool {
        let mut in_order: Vec<(usize, usize)> = wanted.iter().enumerate().map(|(at, &number)| (number, at)).collect();
        in_order.sort_unstable();
        let (sender, receiver) = sync_channel(AHEAD);
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut left = in_order.iter().peekable();
                let walked = walk(&self.file, self.packing, |number, entry| {
                    let is_wanted = left.peek().is_some_and(|(wanted, _)| *wanted == number);
                    let bytes = is_wanted.then(|| read_at_most(&mut *entry, limit, 0));
                    while let (Some(bytes), Some((_, at))) = (&bytes, left.next_if(|(wanted, _)| *wanted == number)) {
                        if sender.send((*at, copied(bytes))).is_err() {
                            return false;
                        }
                    }
                    left.peek().is_some()
                });
                // The archive has changed since it was listed.
                for (_, at) in left {
                    if sender.send((*at, copied(&walked).and(Err(gone())))).is_err() {
                        return;
                    }
                }
            });
            receiver.into_iter().par_bridge().try_for_each(|(at, bytes)| visit(at, bytes).then_some(())).is_some()
        })
    }
}

/// For one more place that wants it.
fn copied<T: Clone>(result: &io::Result<T>) -> io::Result<T> {
    result.as_ref().cloned().map_err(|error| io::Error::new(error.kind(), error.to_string()))
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "it is no longer in the archive")
}

/// Calls `visit` with the number of every file and hard link of an archive and what reads it, until it says to stop.
fn walk(
    file: &SharedFile,
    packing: Packing,
    mut visit: impl FnMut(usize, &mut Entry<'_, Unpacked>) -> bool,
) -> io::Result<()> {
    let unpacked = Unpacked::new(file, packing);
    let allowance = Rc::clone(&unpacked.allowance);
    let mut archive = Archive::new(unpacked);
    let mut entries = if packing == Packing::None { archive.entries_with_seek()? } else { archive.entries()? };
    let mut number = 0;
    let mut previous = 0;
    loop {
        // What is left of the file before is read over, too.
        allowance.set(LONGEST_HEADERS.saturating_add(previous));
        let Some(entry) = entries.next() else { return Ok(()) };
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        previous = if kind.is_gnu_sparse() { entry.header().entry_size()? } else { entry.size() };
        allowance.set(u64::MAX);
        if kind.is_file() || kind.is_hard_link() {
            if !visit(number, &mut entry) {
                return Ok(());
            }
            number += 1;
        }
    }
}

/// The bytes of an uncompressed archive.
struct Unpacked {
    bytes: Bytes,
    /// So many bytes may still be read. The library keeps long names and other extensions of a header in memory, whatever
    /// their length, and a small file may decompress to very long ones.
    allowance: Rc<Cell<u64>>,
}

enum Bytes {
    Plain(SharedFile),
    Gzip(Box<MultiGzDecoder<BufReader<SharedFile>>>),
    Xz(Box<XzReader<BufReader<SharedFile>>>),
}

impl Unpacked {
    fn new(file: &SharedFile, packing: Packing) -> Self {
        let file = file.at(0);
        let bytes = match packing {
            Packing::None => Bytes::Plain(file),
            Packing::Gzip => Bytes::Gzip(Box::new(MultiGzDecoder::new(BufReader::new(file)))),
            Packing::Xz => Bytes::Xz(Box::new(XzReader::new_mem_limit(BufReader::new(file), true, XZ_MEMORY))),
        };
        Self { bytes, allowance: Rc::new(Cell::new(u64::MAX)) }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = usize::try_from(self.allowance.get()).unwrap_or(usize::MAX).min(buffer.len());
        if allowed == 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the header of a file has more than 4 MiB"));
        }
        let buffer = &mut buffer[..allowed];
        let read = match &mut self.bytes {
            Bytes::Plain(file) => file.read(buffer),
            Bytes::Gzip(reader) => reader.read(buffer),
            Bytes::Xz(reader) => reader.read(buffer),
        }?;
        self.allowance.set(self.allowance.get() - read as u64);
        Ok(read)
    }
}

/// Only a plain archive is sought in.
impl Seek for Unpacked {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.bytes {
            Bytes::Plain(file) => file.seek(to),
            Bytes::Gzip(_) | Bytes::Xz(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}
