//! Rectangles of an image: what a unit sees of it, and what is hidden of it.

use crate::data::Standardisation;
use crate::nets::{Architecture, ArchitectureError, ReceptiveField, Shape};
use serde::{Deserialize, Serialize};

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    pub top: usize,
    pub left: usize,
    pub height: usize,
    pub width: usize,
}

/// What one unit sees: its receptive field in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The first row of the field; negative where it begins in the padding.
    pub top: isize,
    pub left: isize,
    /// Of the whole field, which may reach beyond the image.
    pub height: usize,
    pub width: usize,
    /// What of it lies inside the image; `None` where all of it is padding.
    pub inside: Option<Region>,
}

/// The fields of a layer's units along the vertical and along the horizontal axis of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub vertical: ReceptiveField,
    pub horizontal: ReceptiveField,
}

impl Fields {
    /// At every cut of an architecture: cut 0 is the image, where a pixel sees itself.
    ///
    /// # Errors
    /// When the architecture does not fit together.
    pub fn of_cuts(architecture: &Architecture) -> Result<Vec<Self>, ArchitectureError> {
        architecture.summary()?;
        let Shape { height, width, .. } = architecture.input;
        let mut fields = vec![Self { vertical: ReceptiveField::PIXEL, horizontal: ReceptiveField::PIXEL }];
        let mut below = fields[0];
        for layer in &architecture.layers {
            let reach = layer.kind.operation().reach();
            below = Self {
                vertical: below.vertical.through(reach, height),
                horizontal: below.horizontal.through(reach, width),
            };
            fields.push(below);
        }
        Ok(fields)
    }

    /// What the unit at row `y` and column `x` of a map sees of an image of this shape.
    pub fn patch(self, y: usize, x: usize, image: Shape) -> Patch {
        let (top, rows) = along(self.vertical, y, image.height);
        let (left, columns) = along(self.horizontal, x, image.width);
        let inside = rows.zip(columns).map(|((top, height), (left, width))| Region { top, left, height, width });
        Patch { top, left, height: self.vertical.size, width: self.horizontal.size, inside }
    }
}

/// Where the field of the unit at `position` begins, and first pixel and length of what of it lies in `0..side`.
fn along(field: ReceptiveField, position: usize, side: usize) -> (isize, Option<(usize, usize)>) {
    let start = field.offset.saturating_add_unsigned(position.saturating_mul(field.stride));
    let first = start.max(0) as usize;
    let end = start.saturating_add_unsigned(field.size).clamp(0, side as isize) as usize;
    (start, (end > first).then(|| (first, end - first)))
}

/// What takes the place of hidden pixels, and of those that a transformed image lacks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// The mean of the data: zero once standardised.
    Mean,
    /// One grey value for all channels, from 0 (black) to 1 (white).
    Grey(f32),
}

impl Fill {
    /// The standardised value of each channel.
    pub fn values(self, standardisation: &Standardisation) -> Vec<f32> {
        let channels = standardisation.mean.iter().zip(&standardisation.std);
        channels
            .map(|(mean, std)| match self {
                Self::Mean => 0.0,
                Self::Grey(grey) => (grey - mean) / std,
            })
            .collect()
    }
}

impl Region {
    /// Hides this part of an image `[channels, height, width]`, as far as it lies inside, under `fill` `[channels]`.
    pub fn hide(self, image: &mut [f32], shape: Shape, fill: &[f32]) {
        let columns = self.left.min(shape.width)..self.left.saturating_add(self.width).min(shape.width);
        for (plane, &value) in image.chunks_exact_mut(shape.height * shape.width).zip(fill) {
            for row in plane.chunks_exact_mut(shape.width).skip(self.top).take(self.height) {
                row[columns.clone()].fill(value);
            }
        }
    }
}
