//! The activations of one image, layer by layer: maps as tiles, vectors as strips, all in one texture.

use super::atlas::{add_tile, snap};
use crate::engine::{Inspection, LayerActivation};
use crate::nets::Shape;
use crate::ui::theme;
use egui::{
    Color32, ColorImage, Context, Mesh, Rect, Response, RichText, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2,
};

/// More maps than this say nothing more at this size.
const MOST_MAPS: usize = 64;
const MOST_UNITS: usize = 4096;
/// Units in one line of a strip.
const STRIP: usize = 128;
const TEXTURE_WIDTH: usize = 512;
/// Side of a tile on screen, in points, that is aimed at.
const TILE: f32 = 30.0;
const SHADES: usize = 256;

/// The picture of an [`Inspection`], kept between answers.
pub struct ActivationAtlas {
    texture: TextureHandle,
    picture: ColorImage,
    blocks: Vec<Block>,
    dark: bool,
    map: theme::ColourMap,
    /// Which answer it shows.
    shown: Option<(u64, *const Inspection)>,
}

/// Where one layer lies in the texture.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    layer: String,
    shape: Shape,
    /// First row of texels.
    top: usize,
    tiles: usize,
    columns: usize,
    range: Range,
}

/// What the colours of a block stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Range {
    /// From 0 to this: the sequential map.
    Unsigned(f32),
    /// From minus to plus this: diverging, zero in the middle.
    Signed(f32),
}

impl ActivationAtlas {
    pub fn new(ctx: &Context, inspection: &Inspection, dark: bool) -> Self {
        let (blocks, height) = lay_out(&inspection.activations);
        let picture = ColorImage::filled([TEXTURE_WIDTH, height.max(1)], Color32::TRANSPARENT);
        let texture = ctx.load_texture("activations", picture.clone(), TextureOptions::NEAREST);
        Self { texture, picture, blocks, dark, map: theme::look().colour_map, shown: None }
    }

    /// Whether an inspection has the layers that this texture was made for.
    pub fn fits(&self, inspection: &Inspection) -> bool {
        self.blocks.len() == inspection.activations.len()
            && self
                .blocks
                .iter()
                .zip(&inspection.activations)
                .all(|(block, layer)| block.layer == layer.layer && block.shape == layer.shape)
    }

    /// Redraws the texture if the answer, the theme or the colour map is another than the last time.
    pub fn update(&mut self, generation: u64, inspection: &Inspection, dark: bool) {
        let key = (generation, std::ptr::from_ref(inspection));
        let map = theme::look().colour_map;
        if self.shown == Some(key) && self.dark == dark && self.map == map {
            return;
        }
        self.shown = Some(key);
        self.dark = dark;
        self.map = map;
        let shades = Shades::new(dark);
        for (block, layer) in self.blocks.iter_mut().zip(&inspection.activations) {
            block.range = range_of(&layer.values);
            fill(&mut self.picture, block, &layer.values, &shades);
        }
        self.texture.set_partial([0, 0], self.picture.clone(), TextureOptions::NEAREST);
    }

    /// One layer below the other, the first on top. Returns the layer that was clicked.
    pub fn show(&self, ui: &mut Ui, selected: Option<&str>) -> Option<String> {
        let mut clicked = None;
        for block in &self.blocks {
            ui.push_id(&block.layer, |ui| {
                if self.show_block(ui, block, selected == Some(block.layer.as_str())).clicked() {
                    clicked = Some(block.layer.clone());
                }
            });
        }
        clicked
    }

    fn show_block(&self, ui: &mut Ui, block: &Block, selected: bool) -> Response {
        let title = ui
            .horizontal(|ui| {
                let name = RichText::new(&block.layer).small();
                let name = if selected { name.color(theme::accent(self.dark)) } else { name };
                let link = egui::Label::new(name).sense(Sense::click());
                let response = ui.add(link).on_hover_text("Select this layer everywhere");
                let text = format!("{}   {}", block.shape, block.describe());
                ui.label(RichText::new(text).small().weak());
                response
            })
            .inner;
        let mesh = if block.is_vector() { self.strip(ui, block) } else { self.tiles(ui, block) };
        ui.painter().add(mesh);
        ui.add_space(theme::UNIT / 2.0);
        title
    }

    fn strip(&self, ui: &mut Ui, block: &Block) -> Mesh {
        let pixel = 1.0 / ui.pixels_per_point();
        let columns = block.columns;
        let side = ((ui.available_width() / columns as f32 / pixel).floor() * pixel).clamp(pixel, 16.0);
        let rows = block.tiles.div_ceil(columns);
        let size = vec2(columns as f32, rows as f32) * side;
        let (_, space) = ui.allocate_space(size);
        let rect = Rect::from_min_size(snap(space.min, ui.pixels_per_point()), size);
        let mut mesh = Mesh::with_texture(self.texture.id());
        add_tile(&mut mesh, rect, self.uv(0, block.top, columns, rows));
        mesh
    }

    fn tiles(&self, ui: &mut Ui, block: &Block) -> Mesh {
        let pixel = 1.0 / ui.pixels_per_point();
        let (width, height) = (block.shape.width, block.shape.height);
        let scale = (TILE / pixel / width.max(height) as f32).floor().max(1.0) * pixel;
        let step = vec2(width as f32 * scale + pixel, height as f32 * scale + pixel);
        let columns = ((ui.available_width() / step.x) as usize).clamp(1, block.tiles.max(1));
        let rows = block.tiles.div_ceil(columns);
        let (_, space) = ui.allocate_space(vec2(columns as f32 * step.x, rows as f32 * step.y));
        let origin = snap(space.min, ui.pixels_per_point());
        let mut mesh = Mesh::with_texture(self.texture.id());
        for tile in 0..block.tiles {
            let place = vec2((tile % columns) as f32 * step.x, (tile / columns) as f32 * step.y);
            let rect = Rect::from_min_size(origin + place, vec2(width as f32, height as f32) * scale);
            let left = tile % block.columns * (width + 1);
            let top = block.top + tile / block.columns * (height + 1);
            add_tile(&mut mesh, rect, self.uv(left, top, width, height));
        }
        mesh
    }

    fn uv(&self, left: usize, top: usize, width: usize, height: usize) -> Rect {
        let [across, down] = self.texture.size().map(|side| side as f32);
        let at = |x: usize, y: usize| pos2(x as f32 / across, y as f32 / down);
        Rect::from_min_max(at(left, top), at(left + width, top + height))
    }
}

impl Block {
    fn is_vector(&self) -> bool {
        self.shape.is_vector()
    }

    fn describe(&self) -> String {
        let range = match self.range {
            Range::Unsigned(most) => format!("0 to {}", theme::figures(f64::from(most))),
            Range::Signed(most) => format!("\u{00b1}{}", theme::figures(f64::from(most))),
        };
        let all = if self.is_vector() { self.shape.units() } else { self.shape.channels };
        if all > self.tiles { format!("{range}, first {}", self.tiles) } else { range }
    }
}

fn lay_out(layers: &[LayerActivation]) -> (Vec<Block>, usize) {
    let mut top = 0;
    let mut blocks = Vec::with_capacity(layers.len());
    for layer in layers {
        let shape = layer.shape;
        let (tiles, columns, height) = if shape.is_vector() {
            let tiles = shape.units().min(MOST_UNITS);
            let columns = tiles.clamp(1, STRIP);
            (tiles, columns, tiles.div_ceil(columns) + 1)
        } else {
            let tiles = shape.channels.min(MOST_MAPS);
            let columns = (TEXTURE_WIDTH / (shape.width + 1)).max(1);
            (tiles, columns, tiles.div_ceil(columns) * (shape.height + 1))
        };
        let range = Range::Unsigned(0.0);
        blocks.push(Block { layer: layer.layer.clone(), shape, top, tiles, columns, range });
        top += height;
    }
    (blocks, top)
}

fn range_of(values: &[f32]) -> Range {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((0.0f32, 0.0f32), |(low, high), value| (low.min(value), high.max(value)));
    if low < 0.0 { Range::Signed(high.max(-low)) } else { Range::Unsigned(high) }
}

/// Both colour maps, once a redraw.
struct Shades {
    unsigned: Vec<Color32>,
    signed: Vec<Color32>,
}

impl Shades {
    fn new(dark: bool) -> Self {
        let share = |index: usize| index as f32 / (SHADES - 1) as f32;
        Self {
            unsigned: (0..SHADES).map(|index| theme::sequential(share(index))).collect(),
            signed: (0..SHADES).map(|index| theme::diverging(share(index) * 2.0 - 1.0, dark)).collect(),
        }
    }

    fn colour(&self, value: f32, range: Range) -> Color32 {
        let (map, share) = match range {
            Range::Unsigned(most) => (&self.unsigned, value / most.max(f32::MIN_POSITIVE)),
            Range::Signed(most) => (&self.signed, (value / most.max(f32::MIN_POSITIVE)).midpoint(1.0)),
        };
        // A NaN becomes 0 by the cast.
        map[((share * (SHADES - 1) as f32).round() as usize).min(SHADES - 1)]
    }
}

fn fill(picture: &mut ColorImage, block: &Block, values: &[f32], shades: &Shades) {
    if block.is_vector() {
        for (index, &value) in values.iter().take(block.tiles).enumerate() {
            let (x, y) = (index % block.columns, block.top + index / block.columns);
            picture[(x, y)] = shades.colour(value, block.range);
        }
        return;
    }
    let (width, height) = (block.shape.width, block.shape.height);
    for (tile, plane) in values.chunks_exact(width * height).take(block.tiles).enumerate() {
        let left = tile % block.columns * (width + 1);
        let top = block.top + tile / block.columns * (height + 1);
        for (y, row) in plane.chunks_exact(width).enumerate() {
            for (x, &value) in row.iter().enumerate().take(TEXTURE_WIDTH - left.min(TEXTURE_WIDTH)) {
                picture[(left + x, top + y)] = shades.colour(value, block.range);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(shape: Shape) -> LayerActivation {
        LayerActivation { layer: shape.to_string(), shape, values: vec![0.5; shape.units()] }
    }

    #[test]
    fn layers_do_not_overlap_and_stay_inside() {
        let shapes = [Shape::new(6, 28, 28), Shape::new(100, 3, 5), Shape::vector(800), Shape::vector(10)];
        let layers: Vec<_> = shapes.map(layer).into_iter().collect();
        let (blocks, height) = lay_out(&layers);
        let mut picture = ColorImage::filled([TEXTURE_WIDTH, height], Color32::TRANSPARENT);
        let shades = Shades::new(true);
        for (block, layer) in blocks.iter().zip(&layers) {
            fill(&mut picture, block, &layer.values, &shades);
        }
        let filled = picture.pixels.iter().filter(|pixel| **pixel != Color32::TRANSPARENT).count();
        assert_eq!(filled, 6 * 28 * 28 + 64 * 15 + 800 + 10);
    }

    #[test]
    fn signed_values_are_centred_on_zero() {
        assert_eq!(range_of(&[0.0, 2.0, f32::NAN]), Range::Unsigned(2.0));
        assert_eq!(range_of(&[-3.0, 2.0]), Range::Signed(3.0));
    }
}
