//! Shapes of activations, and what part of the input a unit sees.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The shape of one example at a cut. A vector of `n` units is `n` channels of 1 x 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[usize; 3]", into = "[usize; 3]")]
pub struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    pub const fn vector(units: usize) -> Self {
        Self::new(units, 1, 1)
    }

    /// Number of units; the largest there can be, where a file asks for more.
    pub const fn units(self) -> usize {
        self.channels.saturating_mul(self.height).saturating_mul(self.width)
    }

    pub const fn is_vector(self) -> bool {
        self.height == 1 && self.width == 1
    }

    /// `[batch, channels, height, width]`.
    pub const fn batched(self, batch: usize) -> [usize; 4] {
        [batch, self.channels, self.height, self.width]
    }
}

impl From<[usize; 3]> for Shape {
    fn from([channels, height, width]: [usize; 3]) -> Self {
        Self::new(channels, height, width)
    }
}

impl From<Shape> for [usize; 3] {
    fn from(shape: Shape) -> Self {
        [shape.channels, shape.height, shape.width]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_vector() {
            write!(f, "{}", self.channels)
        } else {
            write!(f, "{}x{}x{}", self.channels, self.height, self.width)
        }
    }
}

/// How far a layer looks along one axis of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Each unit looks at its own position only.
    Point,
    /// Each unit looks through a window, in units of the layer's input.
    Window { kernel: usize, stride: usize, padding: usize },
    /// Each unit looks at everything.
    Everything,
}

impl Reach {
    /// Through this layer and the one above it.
    #[must_use]
    pub fn then(self, above: Self) -> Self {
        match (self, above) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Point, other) | (other, Self::Point) => other,
            (Self::Window { kernel, stride, padding }, Self::Window { kernel: k, stride: s, padding: p }) => {
                Self::Window {
                    kernel: k.saturating_sub(1).saturating_mul(stride).saturating_add(kernel),
                    stride: stride.saturating_mul(s),
                    padding: p.saturating_mul(stride).saturating_add(padding),
                }
            }
        }
    }
}

/// The part of the input image that one unit of a layer can see, along each axis, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceptiveField {
    /// Side of the field.
    pub size: usize,
    /// Distance between the fields of neighbouring units.
    pub stride: usize,
    /// Where the field of the first unit begins; negative where it begins in the padding.
    pub offset: isize,
}

impl ReceptiveField {
    /// A pixel of the input sees itself.
    pub const PIXEL: Self = Self { size: 1, stride: 1, offset: 0 };

    /// The field after one more layer with this reach, on an image of `image` pixels a side.
    #[must_use]
    pub fn through(self, reach: Reach, image: usize) -> Self {
        match reach {
            Reach::Point => self,
            // A file may ask for more than a number holds; no such layer is ever built.
            Reach::Window { kernel, stride, padding } => Self {
                size: self.size.saturating_add(kernel.saturating_sub(1).saturating_mul(self.stride)),
                stride: self.stride.saturating_mul(stride),
                offset: self.offset.saturating_sub_unsigned(padding.saturating_mul(self.stride)),
            },
            Reach::Everything => Self { size: image, stride: image, offset: 0 },
        }
    }
}
