//! Many small images in one texture.

use crate::nets::Shape;
use egui::{Color32, ColorImage, Context, Mesh, Painter, Pos2, Rect, TextureHandle, TextureOptions, Vec2, pos2, vec2};

/// Images of one shape in one texture that is made once, a transparent pixel between neighbours.
pub struct ImageAtlas {
    texture: TextureHandle,
    /// Of the texture, in pixels.
    size: [usize; 2],
    columns: usize,
    width: usize,
    height: usize,
}

/// Wide enough for any strip of samples, and small enough for any graphics card.
const ATLAS_WIDTH: usize = 1024;

impl ImageAtlas {
    /// `images` are bytes, `[channels, height, width]`.
    pub fn new<'a>(ctx: &Context, name: &str, shape: Shape, images: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        let (width, height) = (shape.width.max(1), shape.height.max(1));
        let columns = (ATLAS_WIDTH / (width + 1)).max(1).min(images.len().max(1));
        let rows = images.len().div_ceil(columns).max(1);
        let size = [columns * (width + 1), rows * (height + 1)];
        let mut picture = ColorImage::filled(size, Color32::TRANSPARENT);
        for (index, image) in images.enumerate() {
            let (left, top) = (index % columns * (width + 1), index / columns * (height + 1));
            for y in 0..height {
                for x in 0..width {
                    picture[(left + x, top + y)] = pixel(image, shape, y * width + x);
                }
            }
        }
        Self { texture: ctx.load_texture(name, picture, TextureOptions::NEAREST), size, columns, width, height }
    }

    /// What it takes of the graphics card's memory.
    pub fn bytes(&self) -> usize {
        4 * self.size[0] * self.size[1]
    }

    /// Draws one image into `rect`, which should be a whole multiple of its size.
    pub fn paint(&self, painter: &Painter, index: usize, rect: Rect) {
        painter.image(self.texture.id(), rect, self.uv(index), Color32::WHITE);
    }

    /// Draws a part of an image into `rect`: `[top, left, height, width]` in its pixels.
    pub fn paint_part(&self, painter: &Painter, index: usize, part: [usize; 4], rect: Rect) {
        let [top, left, height, width] = part.map(|side| side as f32);
        let (whole, size) = (self.uv(index), vec2(self.width as f32, self.height as f32));
        let at = |x: f32, y: f32| whole.min + whole.size() * vec2(x / size.x, y / size.y);
        let uv = Rect::from_min_max(at(left, top), at(left + width, top + height));
        painter.image(self.texture.id(), rect, uv, Color32::WHITE);
    }

    /// Size on screen at `scale` device pixels a pixel.
    pub fn size(&self, scale: usize, pixels_per_point: f32) -> Vec2 {
        vec2((self.width * scale) as f32, (self.height * scale) as f32) / pixels_per_point
    }

    /// The largest whole scale, in device pixels, at which an image stays within `side` points.
    pub fn scale_within(&self, side: f32, pixels_per_point: f32) -> usize {
        ((side * pixels_per_point) as usize / self.width.max(self.height)).max(1)
    }

    fn uv(&self, index: usize) -> Rect {
        let [width, height] = self.size.map(|side| side as f32);
        let (left, top) = (index % self.columns * (self.width + 1), index / self.columns * (self.height + 1));
        let at = |x: usize, y: usize| pos2(x as f32 / width, y as f32 / height);
        Rect::from_min_max(at(left, top), at(left + self.width, top + self.height))
    }
}

/// Grey for one channel, red-green-blue for three.
fn pixel(image: &[u8], shape: Shape, at: usize) -> Color32 {
    let plane = shape.width * shape.height;
    let value = |channel: usize| image.get(channel * plane + at).copied().unwrap_or(0);
    if shape.channels >= 3 { Color32::from_rgb(value(0), value(1), value(2)) } else { Color32::from_gray(value(0)) }
}

/// The nearest corner of a device pixel: images are drawn on whole pixels.
pub fn snap(position: Pos2, pixels_per_point: f32) -> Pos2 {
    let round = |value: f32| (value * pixels_per_point).round() / pixels_per_point;
    pos2(round(position.x), round(position.y))
}

/// Adds a textured rectangle.
pub(super) fn add_tile(mesh: &mut Mesh, rect: Rect, uv: Rect) {
    mesh.add_rect_with_uv(rect, uv, Color32::WHITE);
}
