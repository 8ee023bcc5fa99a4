//! Textures of units, made when they come into sight. While a newer one is awaited, the older one stays.

use crate::nets::Shape;
use crate::ui::widgets::atlas::ImageAtlas;
use egui::Context;
use std::any::Any;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Textures that are kept, and their bytes; those that were not seen for longest go first.
const MOST_KEPT: usize = 320;
const MOST_BYTES: usize = 256 << 20;
/// Bytes of images that are made into textures in one frame: so many take about a millisecond.
const MOST_MADE: usize = 1 << 19;

/// An answer that textures are made of, told from others by where it lies.
pub(super) trait Origin {
    fn address(&self) -> usize;

    /// As long as this is held, no other answer comes to lie at that address. What the answer owns may go.
    fn hold(&self) -> Box<dyn Any + Send + Sync>;
}

impl<T: ?Sized + Send + Sync + 'static> Origin for Arc<T> {
    fn address(&self) -> usize {
        Arc::as_ptr(self).cast::<()>() as usize
    }

    fn hold(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(Arc::downgrade(self))
    }
}

/// Some images of each unit as one texture.
pub(super) struct Tiles<K> {
    textures: HashMap<K, Tile>,
    frame: u64,
    made: usize,
}

struct Tile {
    atlas: ImageAtlas,
    shape: Shape,
    /// What it was made of, by address, and the rest as a number: anything else asks for another texture.
    of: Vec<(usize, Box<dyn Any + Send + Sync>)>,
    more: u64,
    seen: u64,
}

impl Tile {
    fn is_of(&self, of: &[&dyn Origin], more: u64) -> bool {
        let own = self.of.iter().map(|(address, _)| *address);
        self.more == more && own.eq(of.iter().map(|origin| origin.address()))
    }
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
        self.make_room(MOST_KEPT, MOST_BYTES);
    }

    /// Leaves no more than so many, but all that were seen in the frame before.
    fn make_room(&mut self, most: usize, most_bytes: usize) {
        let mut bytes: usize = self.textures.values().map(|tile| tile.atlas.bytes()).sum();
        while self.textures.len() > most || bytes > most_bytes {
            let oldest = self.textures.iter().min_by_key(|(_, tile)| tile.seen).map(|(key, _)| *key);
            let Some(oldest) = oldest.filter(|key| self.textures[key].seen + 1 < self.frame) else { return };
            let gone = self.textures.remove(&oldest);
            bytes -= gone.map_or(0, |tile| tile.atlas.bytes());
        }
    }

    pub(super) fn clear(&mut self) {
        self.textures.clear();
    }

    /// The texture of a unit. It is made of `images` where there is none that was made `of` the same answers with the
    /// same number, and they are there: bytes, `[channels, height, width]` of `shape`.
    pub(super) fn get(
        &mut self,
        ctx: &Context,
        key: K,
        of: &[&dyn Origin],
        more: u64,
        shape: Shape,
        images: impl FnOnce() -> Option<Vec<Vec<u8>>>,
    ) -> Option<&ImageAtlas> {
        // An older one of another shape cannot stand in.
        if self.textures.get(&key).is_some_and(|tile| tile.shape != shape) {
            self.textures.remove(&key);
        }
        let is_there = self.textures.get(&key).is_some_and(|tile| tile.is_of(of, more));
        if !is_there {
            if self.made >= MOST_MADE {
                ctx.request_repaint();
            } else if let Some(images) = images() {
                self.made += images.iter().map(Vec::len).sum::<usize>();
                let atlas = ImageAtlas::new(ctx, "unit", shape, images.iter().map(Vec::as_slice));
                let of = of.iter().map(|origin| (origin.address(), origin.hold())).collect();
                self.textures.insert(key, Tile { atlas, shape, of, more, seen: self.frame });
            }
        }
        let tile = self.textures.get_mut(&key)?;
        tile.seen = self.frame;
        Some(&tile.atlas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { channels: 1, height: 2, width: 2 };

    /// Whether a texture had to be made.
    fn is_made(tiles: &mut Tiles<usize>, key: usize, of: &[&dyn Origin], more: u64) -> bool {
        let mut made = false;
        let images = || {
            made = true;
            Some(vec![vec![0; 4]])
        };
        assert!(tiles.get(&Context::default(), key, of, more, SHAPE, images).is_some());
        made
    }

    /// Also where the allocator would have given the memory of the first answer to the second.
    #[test]
    fn another_answer_makes_another_texture() {
        let mut tiles = Tiles::default();
        tiles.begin_frame();
        let first: Arc<[u8]> = vec![1; 4].into();
        assert!(is_made(&mut tiles, 0, &[&first], 0));
        assert!(!is_made(&mut tiles, 0, &[&first], 0));
        assert!(is_made(&mut tiles, 0, &[&first], 1));
        drop(first);
        for _ in 0..100 {
            let next: Arc<[u8]> = vec![1; 4].into();
            assert!(is_made(&mut tiles, 0, &[&next], 1));
        }
    }

    #[test]
    fn what_was_seen_last_stays() {
        let mut tiles = Tiles::default();
        for frame in 0..3 {
            tiles.begin_frame();
            assert!(is_made(&mut tiles, frame, &[], 0));
            assert!(is_made(&mut tiles, 10 + frame, &[], 0));
        }
        tiles.frame += 1;
        let bytes = tiles.textures[&0].atlas.bytes();
        assert!(bytes > 0);
        tiles.make_room(usize::MAX, 3 * bytes);
        assert_eq!(tiles.textures.len(), 3);
        tiles.make_room(0, 0);
        let mut left: Vec<usize> = tiles.textures.into_keys().collect();
        left.sort_unstable();
        assert_eq!(left, [2, 12]);
    }
}
