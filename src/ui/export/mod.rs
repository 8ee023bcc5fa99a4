//! What is on screen, as a file: the figures behind it as CSV, the picture as SVG or PNG.

mod records;

pub use records::Records;
