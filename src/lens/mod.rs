//! What a network has learned: pure functions of a network and images, one method a file. Imports `data` and `nets`.

mod activations;

pub use activations::{View, view};
