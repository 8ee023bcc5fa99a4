//! Textures of units, made when they come into sight. While a newer one is awaited, the older one stays.

use crate::nets::Shape;
use crate::ui::widgets::atlas::ImageAtlas;
use egui::Context;
use std::collections::HashMap;
use std::hash::Hash;

/// Textures that are kept; those that were not seen for longest go first.
const MOST_KEPT: usize = 320;
/// Bytes of images that are made into textures in one frame: so many take about a millisecond.
const MOST_MADE: usize = 1 << 19;

/// Some images of each unit as one texture.
pub(super) struct Tiles<K> {
    textures: HashMap<K, Tile>,
    frame: u64,
    made: usize,
}

struct Tile {
    atlas: ImageAtlas,
    /// What it was made of: another stamp asks for another texture.
    stamp: u64,
    seen: u64,
}

impl<K> Default for Tiles<K> {
    fn default() -> Self {
        Self { textures: HashMap::new(), frame: 0, made: 0 }
    }
}

impl<K: Hash + Eq + Copy> Tiles<K> {
    /// Call once before the tiles of a frame.
    pub(super) fn begin_frame(&mut self) {
        self.frame += 1;
        self.made = 0;
        while self.textures.len() > MOST_KEPT {
            let oldest = self.textures.iter().min_by_key(|(_, tile)| tile.seen).map(|(key, _)| *key);
            let Some(oldest) = oldest.filter(|key| self.textures[key].seen + 1 < self.frame) else { return };
            self.textures.remove(&oldest);
        }
    }

    pub(super) fn clear(&mut self) {
        self.textures.clear();
    }

    /// The texture of a unit. It is made of `images` where there is none with this stamp and they are there: bytes,
    /// `[channels, height, width]` of `shape`.
    pub(super) fn get(
        &mut self,
        ctx: &Context,
        key: K,
        stamp: u64,
        shape: Shape,
        images: impl FnOnce() -> Option<Vec<Vec<u8>>>,
    ) -> Option<&ImageAtlas> {
        let is_there = self.textures.get(&key).is_some_and(|tile| tile.stamp == stamp);
        if !is_there {
            if self.made >= MOST_MADE {
                ctx.request_repaint();
            } else if let Some(images) = images() {
                self.made += images.iter().map(Vec::len).sum::<usize>();
                let atlas = ImageAtlas::new(ctx, "unit", shape, images.iter().map(Vec::as_slice));
                self.textures.insert(key, Tile { atlas, stamp, seen: self.frame });
            }
        }
        let tile = self.textures.get_mut(&key)?;
        tile.seen = self.frame;
        Some(&tile.atlas)
    }
}
