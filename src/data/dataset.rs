//! Labelled images in memory.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::DataError;

/// The shape of one image.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// 1 for grey, 3 for red, green, blue.
    pub channels: usize,
    /// Rows, in pixels.
    pub height: usize,
    /// Columns, in pixels.
    pub width: usize,
}

impl ImageShape {
    /// A shape, in the order in which it is written: `[channels, height, width]`.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// Numbers in one image: channels x height x width.
    pub fn pixels(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Numbers in one channel of one image: height x width.
    pub fn plane(&self) -> usize {
        self.height * self.width
    }

    /// [`Self::pixels`], unless a side is zero or the product overflows.
    fn checked_pixels(&self) -> Option<usize> {
        let pixels = self.channels.checked_mul(self.height)?.checked_mul(self.width)?;
        (pixels > 0).then_some(pixels)
    }
}

impl fmt::Display for ImageShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

/// Images stored as bytes, channel-planar `[n, channels, height, width]`, and a class for each.
///
/// There is at least one image, every label has a class name, and positions fit in a `u32`.
#[derive(Clone, PartialEq, Eq)]
pub struct Dataset {
    name: String,
    class_names: Vec<String>,
    shape: ImageShape,
    /// Shared with data sets of the same images under other labels.
    pixels: Arc<Vec<u8>>,
    labels: Vec<u16>,
    /// Of each image, where images are files of their own.
    files: Option<Arc<[String]>>,
}

impl Dataset {
    /// A dataset of `labels.len()` images; `pixels` is `[n, channels, height, width]`.
    ///
    /// # Errors
    /// If there is no image, a side of `shape` is zero, the lengths disagree, or a label has no class name.
    pub fn new(
        name: impl Into<String>,
        class_names: Vec<String>,
        shape: ImageShape,
        pixels: Vec<u8>,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        Self { name: name.into(), class_names, shape, pixels: Arc::new(pixels), labels, files: None }.checked()
    }

    /// The same images under other labels, one each. The pixels are shared, not copied.
    ///
    /// # Errors
    /// If there is not one label an image, or a label has no class name.
    pub fn relabelled(
        &self,
        name: impl Into<String>,
        class_names: Vec<String>,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        Self { name: name.into(), class_names, labels, ..self.clone() }.checked()
    }

    /// What the dataset is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of each class, by its number.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The shape that all the images share.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// How many images there are: at least one.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a dataset without images cannot be made.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// How many classes there are, whether or not each has images.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The bytes of image `i`, `[channels, height, width]`.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`].
    pub fn image(&self, i: usize) -> &[u8] {
        let size = self.shape.pixels();
        &self.pixels[i * size..(i + 1) * size]
    }

    /// The class of image `i`.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`].
    pub fn label(&self, i: usize) -> usize {
        usize::from(self.labels[i])
    }

    /// The file of each image, as its path within the folder or the archive; none where images are no files of their own.
    pub fn files(&self) -> Option<&[String]> {
        self.files.as_deref()
    }

    /// The same images with the file of each.
    pub(super) fn with_files(mut self, files: Option<Vec<String>>) -> Self {
        self.files = files.filter(|files| files.len() == self.len()).map(Arc::from);
        self
    }

    /// All the pixels, one image after another.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All the labels, one an image.
    pub(super) fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Only the images at `kept`, which rises, moved together without a second copy of them.
    ///
    /// # Errors
    /// If none is kept.
    pub(super) fn retained(mut self, name: impl Into<String>, kept: &[u32]) -> Result<Self, DataError> {
        let size = self.shape.pixels();
        let mut pixels = Arc::unwrap_or_clone(self.pixels);
        for (to, from) in kept.iter().map(|&from| from as usize).enumerate() {
            pixels.copy_within(from * size..(from + 1) * size, to * size);
            self.labels[to] = self.labels[from];
        }
        pixels.truncate(kept.len() * size);
        self.labels.truncate(kept.len());
        self.files = self.files.map(|files| kept.iter().map(|&from| files[from as usize].clone()).collect());
        Self { name: name.into(), pixels: Arc::new(pixels), ..self }.checked()
    }

    fn checked(self) -> Result<Self, DataError> {
        self.check_lengths()?;
        self.check_labels()?;
        Ok(self)
    }

    fn check_lengths(&self) -> Result<(), DataError> {
        let (name, shape, images) = (|| self.name.clone(), self.shape, self.labels.len());
        if images == 0 {
            return Err(DataError::NoImages { name: name() });
        }
        if u32::try_from(images).is_err() {
            return Err(DataError::TooManyImages { name: name(), images });
        }
        let expected = shape
            .checked_pixels()
            .and_then(|pixels| pixels.checked_mul(images))
            .ok_or_else(|| DataError::BadShape { name: name(), shape })?;
        if expected == self.pixels.len() {
            return Ok(());
        }
        let found = self.pixels.len();
        Err(DataError::PixelCount { name: name(), labels: images, shape, expected, found })
    }

    fn check_labels(&self) -> Result<(), DataError> {
        let classes = self.classes();
        match self.labels.iter().position(|&label| usize::from(label) >= classes) {
            None => Ok(()),
            Some(position) => {
                let label = usize::from(self.labels[position]);
                Err(DataError::LabelOutOfRange { name: self.name.clone(), position, label, classes })
            }
        }
    }
}

/// Without the pixels: a dataset in a message should not fill the screen.
impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name)
            .field("images", &self.len())
            .field("shape", &format_args!("{}", self.shape))
            .field("class_names", &self.class_names)
            .finish_non_exhaustive()
    }
}
