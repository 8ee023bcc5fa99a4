//! What is on screen, as a file: the figures behind it as CSV, the picture as SVG or PNG.
//!
//! `figure` says what can be saved and takes it, `menu` asks for the format, `svg` writes what egui painted (`text` and
//! `glyphs` the letters, `mesh` and `textures` the pictures), `raster` makes pixels of that.

mod figure;
mod glyphs;
mod headless;
mod menu;
mod mesh;
mod raster;
mod records;
mod svg;
mod text;
mod textures;

#[cfg(test)]
mod tests;

pub use figure::{Figure, Taken, install, offer, open_menu, set_subject, taken};
pub use headless::draw;
pub use menu::show_menu;
pub use raster::{png, rasterise};
pub use records::Records;

/// Pixels a point, each way.
const SCALES: [u8; 3] = [1, 2, 4];

/// How a figure is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Svg,
    /// With so many pixels a point.
    Png(u8),
    Csv,
    JsonLines,
    CopyPicture,
    CopyCsv,
}

impl Format {
    /// Whether it is the values behind the figure that are wanted.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::JsonLines | Self::CopyCsv)
    }

    /// Of a file.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png(_) | Self::CopyPicture => "png",
            Self::Csv | Self::CopyCsv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}
