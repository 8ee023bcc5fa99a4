//! The pixels of every texture, kept so that a saved figure can hold the pictures that are on screen.

use egui::epaint::textures::{TextureFilter, TexturesDelta};
use egui::epaint::{ColorImage, ImageData, ImageDelta};
use egui::{Color32, Rect, TextureId};
use std::collections::HashMap;
use std::sync::Arc;

/// By id, as they were last uploaded. Cloning shares the pixels.
#[derive(Clone, Default)]
pub(super) struct Textures(HashMap<TextureId, Texture>);

#[derive(Clone)]
struct Texture {
    image: Arc<ColorImage>,
    is_smooth: bool,
}

/// A part of a texture, cut out.
pub(super) struct Cutting {
    /// Colour with alpha, not multiplied.
    pub image: image::RgbaImage,
    /// Whether it is interpolated when it is enlarged.
    pub is_smooth: bool,
}

impl Textures {
    /// Takes up what is uploaded with a frame. A whole picture is shared, not copied. The letters' own texture is left
    /// out: text is saved as outlines.
    pub fn follow(&mut self, delta: &TexturesDelta) {
        for id in &delta.free {
            self.0.remove(id);
        }
        for (id, changes) in &delta.set {
            if *id != TextureId::default() {
                changes.iter().for_each(|change| self.change(*id, change));
            }
        }
    }

    fn change(&mut self, id: TextureId, change: &ImageDelta) {
        let ImageData::Color(image) = &change.image;
        let is_smooth = change.options.magnification == TextureFilter::Linear;
        let known = self.0.get_mut(&id);
        let is_whole = change
            .pos
            .is_none_or(|pos| pos == [0, 0] && known.as_ref().is_some_and(|texture| texture.image.size == image.size));
        if is_whole {
            self.0.insert(id, Texture { image: Arc::clone(image), is_smooth });
        } else if let (Some(texture), Some([left, top])) = (known, change.pos) {
            let whole = Arc::make_mut(&mut texture.image);
            let width = image.width().min(whole.width().saturating_sub(left));
            for (y, row) in image.pixels.chunks_exact(image.width().max(1)).enumerate() {
                let start = (top + y) * whole.width() + left;
                if let Some(target) = whole.pixels.get_mut(start..start + width) {
                    target.copy_from_slice(&row[..width]);
                }
            }
        }
    }

    /// The part of a texture between two corners in texture coordinates, coloured with `tint`. `None` when the texture
    /// or the part is empty.
    pub fn cut(&self, id: TextureId, uv: Rect, tint: Color32) -> Option<Cutting> {
        let Texture { image, is_smooth } = self.0.get(&id)?;
        let texels = |from: f32, to: f32, size: usize| {
            let place = |share: f32| (share * size as f32).round().clamp(0.0, size as f32) as usize;
            (place(from.min(to)), place(from.max(to)))
        };
        let (left, right) = texels(uv.min.x, uv.max.x, image.width());
        let (top, bottom) = texels(uv.min.y, uv.max.y, image.height());
        if left >= right || top >= bottom {
            return None;
        }
        let (flip_x, flip_y) = (uv.min.x > uv.max.x, uv.min.y > uv.max.y);
        let cut = image::RgbaImage::from_fn((right - left) as u32, (bottom - top) as u32, |x, y| {
            let x = if flip_x { right - 1 - x as usize } else { left + x as usize };
            let y = if flip_y { bottom - 1 - y as usize } else { top + y as usize };
            image::Rgba((image[(x, y)] * tint).to_srgba_unmultiplied())
        });
        Some(Cutting { image: cut, is_smooth: *is_smooth })
    }
}
