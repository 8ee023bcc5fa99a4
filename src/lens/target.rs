//! Which unit is asked about, and where in its map.

use crate::nets::{Architecture, Cut, Shape};
use serde::{Deserialize, Serialize};

/// Where in its map a unit is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Where its activation is largest; of equals the first.
    #[default]
    Strongest,
    /// Row and column of the map.
    At([usize; 2]),
    /// Everywhere at once.
    WholeMap,
}

/// A unit of a layer (a channel of its output) for one image of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Index of the image in the batch.
    pub image: usize,
    pub unit: usize,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("`{layer}` has no unit {unit}: it has {units}, 0 to {}", units - 1)]
    Unit { layer: String, unit: usize, units: usize },
    #[error("the maps of `{layer}` are {height} x {width}: there is no place {y},{x} (row, column, both from 0)")]
    Place { layer: String, y: usize, x: usize, height: usize, width: usize },
    #[error("there is no image {image} in a batch of {images}")]
    Image { image: usize, images: usize },
    #[error("`{upper}` does not lie above `{lower}`, and what goes back from it never comes there")]
    NotAbove { upper: String, lower: String },
}

/// What was found of a target in the activations of its layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// Row and column; none for the whole map.
    pub(super) place: Option<[usize; 2]>,
    /// There; of the whole map the largest.
    pub(super) activation: f32,
}

impl Target {
    /// # Errors
    /// When there is no such unit, place or image.
    pub(super) fn check(
        self,
        architecture: &Architecture,
        cut: Cut,
        shape: Shape,
        images: usize,
    ) -> Result<(), TargetError> {
        let Shape { channels: units, height, width } = shape;
        if self.image >= images {
            return Err(TargetError::Image { image: self.image, images });
        }
        let layer = || architecture.cut_name(cut);
        if self.unit >= units {
            return Err(TargetError::Unit { layer: layer(), unit: self.unit, units });
        }
        match self.place {
            Place::At([y, x]) if y >= height || x >= width => {
                Err(TargetError::Place { layer: layer(), y, x, height, width })
            }
            _ => Ok(()),
        }
    }

    /// Looks it up in the activations of its image, `[channels, height, width]`.
    pub(super) fn find(self, activations: &[f32], shape: Shape) -> Found {
        let map = &activations[self.range(shape)];
        let strongest =
            || map.iter().enumerate().fold(0, |best, (at, value)| if *value > map[best] { at } else { best });
        let at = match self.place {
            Place::At([y, x]) => y * shape.width + x,
            Place::Strongest | Place::WholeMap => strongest(),
        };
        let place = (self.place != Place::WholeMap).then(|| [at / shape.width, at % shape.width]);
        Found { place, activation: map[at] }
    }

    /// Where the unit's map lies in `[channels, height, width]`.
    pub(super) fn range(self, shape: Shape) -> std::ops::Range<usize> {
        let plane = shape.height * shape.width;
        self.unit * plane..(self.unit + 1) * plane
    }
}
