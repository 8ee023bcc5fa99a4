//! What one picture makes of every unit at a cut.

use super::{Job, Reply, Step};
use crate::experiments::Classifier;
use crate::nets::{Cut, Mode, Shape};
use std::sync::Arc;

/// The activations of one picture at a cut.
#[derive(Clone, Debug)]
pub struct Maps {
    pub cut: Cut,
    pub shape: Shape,
    /// `[channels, height, width]`.
    pub values: Vec<f32>,
    /// The largest magnitude of all values.
    pub largest: f32,
    /// Of each unit, found once: the window asks for them in every frame.
    peaks: Vec<Peak>,
}

/// What is known of one map.
#[derive(Clone, Copy, Debug)]
struct Peak {
    /// Row and column of the strongest activation, the first of equals, and how strong it is.
    at: [usize; 2],
    strongest: f32,
    /// The largest magnitude.
    largest: f32,
    is_signed: bool,
}

impl Maps {
    /// `values` are `[channels, height, width]` of `shape`.
    pub(super) fn new(cut: Cut, shape: Shape, values: Vec<f32>) -> Self {
        let maps = values.chunks_exact((shape.height * shape.width).max(1));
        let peaks: Vec<Peak> = maps.map(|map| Peak::new(map, shape.width)).collect();
        let largest = peaks.iter().fold(0.0_f32, |most, peak| most.max(peak.largest));
        Self { cut, shape, values, largest, peaks }
    }

    /// The map of a unit, `[height, width]`.
    pub fn unit(&self, unit: usize) -> &[f32] {
        let plane = self.shape.height * self.shape.width;
        self.values.get(unit * plane..(unit + 1) * plane).unwrap_or_default()
    }

    /// Row and column of the strongest activation of a unit, the first of equals, and how strong it is.
    pub fn strongest(&self, unit: usize) -> Option<([usize; 2], f32)> {
        self.peaks.get(unit).map(|peak| (peak.at, peak.strongest))
    }

    /// The largest magnitude in the map of a unit.
    pub fn largest_of(&self, unit: usize) -> f32 {
        self.peaks.get(unit).map_or(0.0, |peak| peak.largest)
    }

    /// Whether something in the map of a unit is negative.
    pub fn is_signed(&self, unit: usize) -> bool {
        self.peaks.get(unit).is_some_and(|peak| peak.is_signed)
    }
}

impl Peak {
    /// `map` has a value.
    fn new(map: &[f32], width: usize) -> Self {
        let best = (1..map.len()).fold(0, |best, at| if map[at] > map[best] { at } else { best });
        Self {
            at: [best / width.max(1), best % width.max(1)],
            strongest: map[best],
            largest: map.iter().fold(0.0, |most: f32, value| most.max(value.abs())),
            is_signed: map.iter().any(|value| *value < 0.0),
        }
    }
}

pub(super) struct Mapping {
    pub(super) seen: Arc<[u8]>,
    pub(super) cut: Cut,
}

impl Job for Mapping {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let images = classifier.images(&[&self.seen]);
        let maps = classifier.network().trace_to(images, self.cut, Mode::Evaluate).output().clone();
        let [_, channels, height, width] = maps.dims();
        match maps.into_data().try_into_vec() {
            Ok(values) => {
                let shape = Shape::new(channels, height, width);
                Step::last(Reply::Maps(Arc::new(Maps::new(self.cut, shape, values))))
            }
            Err(_) => Step::failed(&"the activations are no 32-bit floats"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_map_is_known_by_its_peak() {
        let values = vec![0.0, 2.0, 2.0, 1.0, 0.0, 0.5, -1.0, -3.0, -1.0, -2.0, -1.0, -4.0];
        let maps = Maps::new(Cut::from(1_usize), Shape::new(2, 2, 3), values);
        assert_eq!(maps.strongest(0), Some(([0, 1], 2.0)));
        assert_eq!(maps.strongest(1), Some(([0, 0], -1.0)));
        assert_eq!(maps.strongest(2), None);
        assert_eq!((maps.largest_of(0), maps.largest_of(1), maps.largest), (2.0, 4.0, 4.0));
        assert_eq!((maps.is_signed(0), maps.is_signed(1)), (false, true));
    }
}
