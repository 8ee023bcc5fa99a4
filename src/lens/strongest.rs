//! The strongest image of every unit at one cut, whatever the cut: a sheet of one, for a network that stands still.

use super::top_activations::TopEntry;
use crate::nets::Shape;

/// Kept up to date batch after batch. A unit's activation on an image is the highest value of its map there.
#[derive(Clone, Debug)]
pub struct StrongestImages {
    shape: Shape,
    generation: u64,
    best: Vec<Option<TopEntry>>,
}

impl StrongestImages {
    /// For units of this shape, `[channels, height, width]`; entries say that they are of `generation`.
    pub fn new(shape: Shape, generation: u64) -> Self {
        Self { shape, generation, best: vec![None; shape.channels] }
    }

    /// Looks at the activations of images numbered from `first`: `[batch, channels, height, width]`, one after the other.
    /// Values that are not finite are passed over; of equals the first counts.
    pub fn observe(&mut self, activations: &[f32], first: u32) {
        let (plane, width) = (self.shape.height * self.shape.width, self.shape.width);
        for (image, maps) in (first..).zip(activations.chunks_exact(self.shape.units())) {
            for (best, map) in self.best.iter_mut().zip(maps.chunks_exact(plane)) {
                let mut highest = best.map_or(f32::NEG_INFINITY, |entry| entry.activation);
                for (at, &activation) in map.iter().enumerate() {
                    if activation > highest && activation.is_finite() {
                        highest = activation;
                        let (y, x) = ((at / width) as u32, (at % width) as u32);
                        *best = Some(TopEntry { image, activation, y, x, generation: self.generation });
                    }
                }
            }
        }
    }

    /// One a unit; none where no activation was finite.
    pub fn into_best(self) -> Vec<Option<TopEntry>> {
        self.best
    }
}
