//! The IDX format of MNIST and its relatives (<http://yann.lecun.com/exdb/mnist/>), plain or gzip.
//!
//! A header (two zero bytes, the type of the elements, the number of dimensions, then each dimension as a big-endian
//! `u32`) and the elements. Headers are promises: memory is taken only as the bytes arrive, and never more than promised.

use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{DataError, Dataset, ImageShape};

/// The most bytes of data that one file may hold: 4 GiB.
const LARGEST: u64 = 4 << 30;
/// The least that is asked for at a time.
const CHUNK: usize = 1 << 20;
const UNSIGNED_BYTE: u8 = 0x08;
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What an IDX file of images holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdxImages {
    /// The shape of each image.
    pub shape: ImageShape,
    /// `[n, channels, height, width]`, with `n` at least 1.
    pub pixels: Vec<u8>,
}

impl IdxImages {
    /// How many images there are.
    pub fn count(&self) -> usize {
        self.pixels.len() / self.shape.pixels()
    }
}

/// Reads images, idx3 `[n, height, width]` or idx4 `[n, channels, height, width]`, unsigned bytes, plain or gzip.
///
/// `file` is what messages call the source.
///
/// # Errors
/// If reading fails or the file is damaged in any way: truncated, too long, of another type, oversized, without images.
pub fn read_idx_images(source: impl Read, file: &str) -> Result<IdxImages, DataError> {
    let mut stream = IdxStream::open(source, file)?;
    let dimensions = stream.header(Content::Images)?;
    let shape = match dimensions[..] {
        [_, height, width] => ImageShape::new(1, height, width),
        [_, channels, height, width] => ImageShape::new(channels, height, width),
        _ => return Err(DataError::Rank { file: file.to_owned(), found: dimensions.len() }),
    };
    let pixels = stream.body(&dimensions)?;
    Ok(IdxImages { shape, pixels })
}

/// Reads labels, idx1 `[n]`, unsigned bytes, plain or gzip; there is at least one.
///
/// `file` is what messages call the source.
///
/// # Errors
/// If reading fails or the file is damaged in any way: truncated, too long, of another type, oversized, without labels.
pub fn read_idx_labels(source: impl Read, file: &str) -> Result<Vec<u8>, DataError> {
    let mut stream = IdxStream::open(source, file)?;
    let dimensions = stream.header(Content::Labels)?;
    stream.body(&dimensions)
}

/// Opens a file of images and the file of their labels. Classes are named "0", "1", ... up to the largest label, and
/// there are at least two.
///
/// # Errors
/// If one of the files cannot be read or is damaged, or they do not belong together.
pub fn load_idx_pair(images: &Path, labels: &Path, name: &str) -> Result<Dataset, DataError> {
    let pair = IdxPair::open(images, labels)?;
    let classes = pair.classes();
    pair.into_dataset(name, classes)
}

/// Images and their labels, one for each.
pub(super) struct IdxPair {
    images: IdxImages,
    labels: Vec<u8>,
}

impl IdxPair {
    pub(super) fn open(images: &Path, labels: &Path) -> Result<Self, DataError> {
        let (images_file, labels_file) = (images.display().to_string(), labels.display().to_string());
        Self::read((open_file(images)?, &images_file), (open_file(labels)?, &labels_file))
    }

    /// Reads a pair; each source comes with what messages call it.
    pub(super) fn read(images: (impl Read, &str), labels: (impl Read, &str)) -> Result<Self, DataError> {
        let pair = Self { labels: read_idx_labels(labels.0, labels.1)?, images: read_idx_images(images.0, images.1)? };
        if pair.images.count() == pair.labels.len() {
            return Ok(pair);
        }
        Err(DataError::CountsDiffer {
            images_file: images.1.to_owned(),
            images: pair.images.count(),
            labels_file: labels.1.to_owned(),
            labels: pair.labels.len(),
        })
    }

    /// One more than the largest label, at least two: a network that can only say one thing learns nothing.
    pub(super) fn classes(&self) -> usize {
        let largest = self.labels.iter().copied().max().unwrap_or(0);
        (usize::from(largest) + 1).max(2)
    }

    pub(super) fn into_dataset(self, name: impl Into<String>, classes: usize) -> Result<Dataset, DataError> {
        let class_names = (0..classes).map(|class| class.to_string()).collect();
        let labels = self.labels.iter().copied().map(u16::from).collect();
        Dataset::new(name, class_names, self.images.shape, self.images.pixels, labels)
    }
}

fn open_file(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|source| DataError::Read { file: path.display().to_string(), source })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Images,
    Labels,
}

impl Content {
    fn of_rank(rank: usize) -> Option<Self> {
        match rank {
            1 => Some(Self::Labels),
            3 | 4 => Some(Self::Images),
            _ => None,
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }
}

/// An IDX file on its way in, unpacked if it was packed.
struct IdxStream<'a> {
    reader: Box<dyn Read + 'a>,
    file: &'a str,
    gzip: bool,
}

impl<'a> IdxStream<'a> {
    fn open(mut source: impl Read + 'a, file: &'a str) -> Result<Self, DataError> {
        let mut head = Vec::with_capacity(GZIP_MAGIC.len());
        source
            .by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(|source| DataError::Read { file: file.to_owned(), source })?;
        if head.is_empty() {
            return Err(DataError::EmptyFile { file: file.to_owned() });
        }
        let gzip = head == GZIP_MAGIC;
        let whole = Cursor::new(head).chain(source);
        // The decoder of many members, because the one of a single member would not notice what follows it.
        let reader: Box<dyn Read + 'a> = if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        Ok(Self { reader, file, gzip })
    }

    /// Reads the header, which must promise `expected`; gives the dimensions.
    fn header(&mut self, expected: Content) -> Result<Vec<usize>, DataError> {
        let magic = self.header_bytes(4)?;
        if magic[..2] != [0, 0] {
            return Err(DataError::NotIdx { file: self.name(), found: magic });
        }
        if magic[2] != UNSIGNED_BYTE {
            return Err(DataError::ElementType { file: self.name(), found: magic[2] });
        }
        let rank = usize::from(magic[3]);
        match Content::of_rank(rank) {
            None => return Err(DataError::Rank { file: self.name(), found: rank }),
            Some(found) if found != expected => {
                let (expected, found) = (expected.described(), found.described());
                return Err(DataError::Mislabelled { file: self.name(), expected, found });
            }
            Some(_) => (),
        }
        let sizes = self.header_bytes(4 * rank)?;
        Ok(sizes
            .chunks_exact(4)
            .map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize)
            .collect())
    }

    fn header_bytes(&mut self, len: usize) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::with_capacity(len);
        self.append(len, &mut bytes)?;
        if bytes.len() < len {
            return Err(DataError::TruncatedHeader { file: self.name() });
        }
        Ok(bytes)
    }

    /// Reads as many bytes as `dimensions` promise, and checks that nothing follows.
    fn body(&mut self, dimensions: &[usize]) -> Result<Vec<u8>, DataError> {
        let promised = self.promised(dimensions)?;
        let mut data = Vec::new();
        while data.len() < promised {
            // Doubling what has come already: a header that lies cannot take more than twice the bytes that are there.
            let next = data.len().max(CHUNK).min(promised - data.len());
            data.reserve_exact(next);
            if self.append(next, &mut data)? < next {
                return Err(DataError::Truncated { file: self.name(), promised, found: data.len() });
            }
        }
        // Asking for one byte more also makes the gzip decoder check the sums at the end.
        if self.append(1, &mut Vec::new())? > 0 {
            return Err(DataError::TooLong { file: self.name(), promised });
        }
        Ok(data)
    }

    fn promised(&self, dimensions: &[usize]) -> Result<usize, DataError> {
        let described = || dimensions.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        if dimensions.contains(&0) {
            return Err(DataError::NoData { file: self.name(), dimensions: described() });
        }
        dimensions
            .iter()
            .try_fold(1_u64, |product, &size| product.checked_mul(size as u64))
            .filter(|&bytes| bytes <= LARGEST)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(|| DataError::Oversized { file: self.name(), dimensions: described() })
    }

    /// Appends up to `limit` bytes to `data`; says how many there were. Fewer means that the file ended.
    fn append(&mut self, limit: usize, data: &mut Vec<u8>) -> Result<usize, DataError> {
        let result = self.reader.by_ref().take(limit as u64).read_to_end(data);
        result.map_err(|source| {
            let file = self.file.to_owned();
            let damaged =
                matches!(source.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof);
            if self.gzip && damaged { DataError::Gzip { file, source } } else { DataError::Read { file, source } }
        })
    }

    fn name(&self) -> String {
        self.file.to_owned()
    }
}
