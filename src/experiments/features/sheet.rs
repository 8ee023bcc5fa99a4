//! Contact sheets: many small pictures in one PNG.

use crate::lens::Region;
use crate::nets::Shape;
use image::{ImageFormat, RgbImage};
use std::io::Cursor;

/// Sides of a tile and gaps, in pixels.
const SIDE: usize = 64;
const GAP: usize = 2;
const BETWEEN_CELLS: usize = 8;
const GROUND: u8 = 40;
/// A sheet is not made larger than this a side.
const LARGEST: usize = 16_384;

/// A small picture: red, green and blue, `[height, width]`.
#[derive(Clone)]
pub(super) struct Tile {
    height: usize,
    width: usize,
    pixels: Vec<[u8; 3]>,
}

impl Tile {
    /// Nothing.
    pub(super) fn empty() -> Self {
        Self { height: 0, width: 0, pixels: Vec::new() }
    }

    /// Of bytes, `[channels, height, width]`.
    pub(super) fn picture(bytes: &[u8], shape: Shape) -> Self {
        let plane = shape.height * shape.width;
        let channel = |index: usize| if shape.channels == 3 { index * plane } else { 0 };
        let pixels = (0..plane).map(|at| [0, 1, 2].map(|index| bytes[channel(index) + at])).collect();
        Self { height: shape.height, width: shape.width, pixels }
    }

    /// Zero is mid grey, and the largest magnitude black or white. Channels that are no colours are summed up.
    pub(super) fn signed(values: &[f32], shape: Shape) -> Self {
        let plane = shape.height * shape.width;
        if !matches!(shape.channels, 1 | 3) {
            let sums: Vec<f32> = (0..plane).map(|at| values.iter().skip(at).step_by(plane).sum()).collect();
            return Self::signed(&sums, Shape::new(1, shape.height, shape.width));
        }
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        let bytes: Vec<u8> = values.iter().map(|value| (128.0 + value * scale).round() as u8).collect();
        Self::picture(&bytes, shape)
    }

    /// Zero is black, the largest white. `[height, width]`.
    pub(super) fn magnitudes(values: &[f32], height: usize, width: usize) -> Self {
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(*value));
        let scale = if largest > 0.0 { 255.0 / largest } else { 0.0 };
        let bytes: Vec<u8> = values.iter().map(|value| (value * scale).round() as u8).collect();
        Self::picture(&bytes, Shape::new(1, height, width))
    }

    /// What lies in a region of it.
    pub(super) fn cut_out(&self, region: Region) -> Self {
        let (bottom, right) =
            ((region.top + region.height).min(self.height), (region.left + region.width).min(self.width));
        let row = |row: usize| &self.pixels[row * self.width + region.left.min(right)..row * self.width + right];
        let pixels = (region.top.min(bottom)..bottom).flat_map(row).copied().collect();
        Self { height: bottom.saturating_sub(region.top), width: right.saturating_sub(region.left), pixels }
    }

    /// On the sheet, in whole steps as large as fits, in the middle of its square.
    fn draw(&self, sheet: &mut RgbImage, left: usize, top: usize) {
        let longest = self.height.max(self.width);
        if longest == 0 {
            return;
        }
        let (larger, smaller) = ((SIDE / longest).max(1), longest.div_ceil(SIDE));
        let drawn = |side: usize| side * larger / smaller;
        let (height, width) = (drawn(self.height), drawn(self.width));
        let (top, left) = (top + SIDE.saturating_sub(height) / 2, left + SIDE.saturating_sub(width) / 2);
        for row in 0..height {
            for column in 0..width {
                let at = (row * smaller / larger) * self.width + column * smaller / larger;
                sheet.put_pixel((left + column) as u32, (top + row) as u32, image::Rgb(self.pixels[at]));
            }
        }
    }
}

/// Rows of cells of tiles as a PNG; none where it would be too large, or there is nothing.
pub(super) fn sheet(rows: &[Vec<Vec<Tile>>]) -> Option<Vec<u8>> {
    let cells = rows.iter().map(Vec::len).max()?;
    let tiles = rows.iter().flatten().map(Vec::len).max()?;
    let cell = tiles * (SIDE + GAP) + BETWEEN_CELLS;
    let (width, height) = (cells * cell + BETWEEN_CELLS, rows.len() * (SIDE + BETWEEN_CELLS) + BETWEEN_CELLS);
    if width.max(height) > LARGEST {
        return None;
    }
    let mut picture = RgbImage::from_pixel(width as u32, height as u32, image::Rgb([GROUND; 3]));
    for (row, cells) in rows.iter().enumerate() {
        for (column, tiles) in cells.iter().enumerate() {
            for (index, tile) in tiles.iter().enumerate() {
                let left = BETWEEN_CELLS + column * cell + index * (SIDE + GAP);
                tile.draw(&mut picture, left, BETWEEN_CELLS + row * (SIDE + BETWEEN_CELLS));
            }
        }
    }
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_stand_side_by_side_and_large_ones_are_made_small() {
        let shape = Shape::new(3, 2, 2);
        let tile = Tile::picture(&[255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0], shape);
        let large = Tile::magnitudes(&vec![1.0; 100 * 60], 100, 60);
        let corner = tile.cut_out(Region { top: 1, left: 0, height: 1, width: 1 });
        assert_eq!(corner.pixels, [[0, 0, 255]]);
        let png = sheet(&[vec![vec![tile, large]], vec![vec![Tile::empty(), corner]]]).expect("a picture");
        let picture = image::load_from_memory(&png).expect("it is a PNG").into_rgb8();
        assert_eq!(picture.dimensions(), (8 + 132 + 8, 8 + 2 * 72));
        // Two pixels of 32 a side; the corner, one of 64.
        assert_eq!(picture.get_pixel(8, 8).0, [255, 0, 0]);
        assert_eq!(picture.get_pixel(8 + 32, 8).0, [0, 255, 0]);
        assert_eq!(picture.get_pixel(8 + 66, 8 + 72).0, [0, 0, 255]);
        assert!(sheet(&[]).is_none());
    }

    #[test]
    fn zero_is_mid_grey() {
        let tile = Tile::signed(&[0.0, 2.0, -2.0, -1.0], Shape::new(1, 2, 2));
        assert_eq!(tile.pixels, [[128; 3], [255; 3], [1; 3], [65; 3]]);
        // Two channels, summed up.
        let sums = Tile::signed(&[1.0, 0.0, 1.0, 0.0], Shape::new(2, 1, 2));
        assert_eq!(sums.pixels, [[255; 3], [128; 3]]);
    }
}
