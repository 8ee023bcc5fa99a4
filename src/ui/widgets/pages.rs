//! Thousands of small images: only those in sight are uploaded, a page of them a texture.

use super::atlas::ImageAtlas;
use crate::nets::Shape;
use egui::{Context, Painter, Rect, Vec2};
use std::collections::HashMap;

/// Small images of one page: few enough to be made within a frame, many enough that a screen takes few textures.
const PAGE: usize = 128;
/// Large images are fewer to a page: a texture has its limits, and so has a frame's time.
const PAGE_PIXELS: usize = 1 << 18;
/// Pages that are kept; those that were not seen for longest go first.
const MOST_PAGES: usize = 48;
/// Pages made in one frame at most; the rest follows with the next ones.
const MOST_NEW: usize = 2;

/// Textures of a long list of images of one shape, made when they come into sight.
pub struct ImagePages {
    shape: Shape,
    /// Images of one page.
    page: usize,
    pages: HashMap<usize, (u64, ImageAtlas)>,
    /// Grows by one a frame.
    frame: u64,
    made: usize,
}

impl ImagePages {
    pub fn new(shape: Shape) -> Self {
        let page = (PAGE_PIXELS / (shape.width * shape.height).max(1)).clamp(1, PAGE);
        Self { shape, page, pages: HashMap::new(), frame: 0, made: 0 }
    }

    /// Call once before the images of a frame.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        self.made = 0;
        while self.pages.len() > MOST_PAGES {
            let oldest = self.pages.iter().min_by_key(|(_, (seen, _))| *seen).map(|(page, _)| *page);
            if let Some(page) = oldest {
                self.pages.remove(&page);
            }
        }
    }

    /// Draws image `index` of a list of `count`; `pixels` gives the bytes of any of them. An image whose page is yet to be
    /// made comes with one of the next frames.
    pub fn paint<'a>(
        &mut self,
        ctx: &Context,
        painter: &Painter,
        (index, count): (usize, usize),
        rect: Rect,
        pixels: impl Fn(usize) -> &'a [u8],
    ) {
        let page = index / self.page;
        if !self.pages.contains_key(&page) {
            if self.made >= MOST_NEW {
                ctx.request_repaint();
                return;
            }
            self.made += 1;
            let images: Vec<&[u8]> = (page * self.page..((page + 1) * self.page).min(count)).map(pixels).collect();
            let atlas = ImageAtlas::new(ctx, "page", self.shape, images.into_iter());
            self.pages.insert(page, (self.frame, atlas));
        }
        if let Some((seen, atlas)) = self.pages.get_mut(&page) {
            *seen = self.frame;
            atlas.paint(painter, index % self.page, rect);
        }
    }

    /// How many textures there are.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Size on screen when the longer side takes about `side` points: a whole number of device pixels a pixel, at least one.
    pub fn size(&self, side: f32, pixels_per_point: f32) -> Vec2 {
        let (width, height) = (self.shape.width.max(1) as f32, self.shape.height.max(1) as f32);
        let scale = (side * pixels_per_point / width.max(height)).floor().max(1.0);
        egui::vec2(width, height) * scale / pixels_per_point
    }
}
