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
}

impl Maps {
    /// The map of a unit, `[height, width]`.
    pub fn unit(&self, unit: usize) -> &[f32] {
        let plane = self.shape.height * self.shape.width;
        self.values.get(unit * plane..(unit + 1) * plane).unwrap_or_default()
    }

    /// Row and column of the strongest activation of a unit, the first of equals, and how strong it is.
    pub fn strongest(&self, unit: usize) -> Option<([usize; 2], f32)> {
        let map = self.unit(unit);
        let best = (0..map.len()).reduce(|best, at| if map[at] > map[best] { at } else { best })?;
        Some(([best / self.shape.width, best % self.shape.width], map[best]))
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
                Step::last(Reply::Maps(Arc::new(Maps { cut: self.cut, shape, values })))
            }
            Err(_) => Step::failed(&"the activations are no 32-bit floats"),
        }
    }
}
