//! What the labs share: pictures, bars, tables, rows of controls. Knows plain data of the engine and the theme, no lab.

pub mod activations;
pub mod atlas;
pub mod cells;
pub mod confusion;
pub mod controls;
pub mod drawing_pad;
pub mod empty;
pub mod format;
pub mod line;
pub mod pages;
pub mod probabilities;
pub mod swatches;
pub mod table;
pub mod typed;
