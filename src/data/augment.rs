//! Small random changes to the images of a training set.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::random::{Purpose, below, stream};
use super::{DataError, ImageShape};

/// How training images are changed, each anew in every epoch. The default changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Moves the image by up to this many whole pixels each way; what moves in is 0 (black).
    pub jitter: usize,
    /// Mirrors left and right, half of the time. Not for digits or letters.
    pub flip: bool,
    /// Pads by this many pixels of 0 on all sides, then crops back to size at a random place, as is usual for CIFAR.
    /// This moves the image just as `jitter` does; if both are set, the two moves add up.
    pub crop: usize,
}

impl Augmentation {
    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that images of `shape` cannot be moved out of their frame.
    ///
    /// # Errors
    /// If jitter and crop together reach the shorter side.
    pub fn validate(&self, shape: ImageShape) -> Result<(), DataError> {
        let side = shape.height.min(shape.width);
        match self.jitter.checked_add(self.crop) {
            Some(reach) if reach < side => Ok(()),
            _ => Err(DataError::AugmentationTooLarge { augmentation: *self, shape }),
        }
    }

    /// The change to the image at `position` of `epoch`'s order: it depends on nothing but these and the settings.
    pub fn draw(&self, seed: u64, epoch: usize, position: usize) -> Change {
        let mut generator = stream(seed, Purpose::Augment, epoch, position);
        // Always five draws in this order, so that one setting does not change the luck of another.
        let [jitter_y, jitter_x] = [offset(self.jitter, &mut generator), offset(self.jitter, &mut generator)];
        let [crop_y, crop_x] = [offset(self.crop, &mut generator), offset(self.crop, &mut generator)];
        let mirrored = below(&mut generator, 2) == 1;
        Change {
            pad: self.jitter + self.crop,
            top: jitter_y + crop_y,
            left: jitter_x + crop_x,
            flip: self.flip && mirrored,
        }
    }
}

/// A place in `0..=2 * reach`, each equally likely.
fn offset(reach: usize, generator: &mut impl Rng) -> usize {
    below(generator, 2 * reach as u32 + 1) as usize
}

/// One change to one image, as a crop of the padded image: no signed arithmetic is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// Pixels of 0 on each side, before cropping.
    pub pad: usize,
    /// First row of the crop in the padded image: `pad` leaves the image where it is, less moves it down.
    pub top: usize,
    /// First column of the crop in the padded image: `pad` leaves the image where it is, less moves it right.
    pub left: usize,
    /// Mirrored left and right, after the crop.
    pub flip: bool,
}

impl Change {
    /// Writes the changed `image` to `out`; both are `[channels, height, width]`.
    ///
    /// # Panics
    /// If one of the lengths is not `shape.pixels()`.
    pub fn apply(&self, shape: ImageShape, image: &[u8], out: &mut [u8]) {
        assert_eq!(image.len(), shape.pixels(), "the image has its shape");
        assert_eq!(out.len(), shape.pixels(), "the result has the same shape");
        let rows = Overlap::new(self.pad, self.top, shape.height);
        let columns = Overlap::new(self.pad, self.left, shape.width);
        out.fill(0);
        for channel in 0..shape.channels {
            for row in 0..rows.len {
                let from = (channel * shape.height + rows.source + row) * shape.width + columns.source;
                let to = (channel * shape.height + rows.target + row) * shape.width + columns.target;
                out[to..to + columns.len].copy_from_slice(&image[from..from + columns.len]);
            }
        }
        if self.flip {
            out.chunks_exact_mut(shape.width).for_each(<[u8]>::reverse);
        }
    }
}

/// The part of one axis that both the image and the crop see.
struct Overlap {
    /// Where it begins in the image.
    source: usize,
    /// Where it begins in the crop.
    target: usize,
    len: usize,
}

impl Overlap {
    fn new(pad: usize, start: usize, size: usize) -> Self {
        // In the padded axis the image lies at pad..pad + size and the crop at start..start + size.
        let first = pad.max(start);
        let end = (pad + size).min(start + size);
        if first >= end {
            return Self { source: 0, target: 0, len: 0 };
        }
        Self { source: first - pad, target: first - start, len: end - first }
    }
}
