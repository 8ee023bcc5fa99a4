//! Letters as outlines, from the fonts that the window lays text out with: a saved figure looks the same where those
//! fonts are not installed.

use super::svg::number;
use crate::ui::theme;
use egui::{FontData, FontFamily, FontId};
use skrifa::outline::OutlinePen;
use skrifa::{FontRef, GlyphId, MetadataProvider, instance::Size};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

/// The faces of each family, in the order in which they are asked for a letter.
static FAMILIES: LazyLock<BTreeMap<FontFamily, Vec<Arc<FontData>>>> = LazyLock::new(|| {
    let fonts = theme::fonts();
    let faces = |names: &Vec<String>| names.iter().filter_map(|name| fonts.font_data.get(name).cloned()).collect();
    fonts.families.iter().map(|(family, names)| (family.clone(), faces(names))).collect()
});

/// The outlines that a drawing has used so far, each once.
#[derive(Default)]
pub(super) struct Outlines {
    /// By letter, family and size. `None`: nothing to see.
    known: HashMap<(char, FontFamily, u32), Option<usize>>,
    /// A path each, with `g0`, `g1`, ... for an id.
    pub definitions: String,
    count: usize,
}

impl Outlines {
    /// The number of a letter's outline, its origin on the base line; `None` for a blank.
    pub fn number(&mut self, letter: char, font: &FontId) -> Option<usize> {
        if letter.is_whitespace() || letter.is_control() {
            return None;
        }
        let key = (letter, font.family.clone(), font.size.to_bits());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let number = outline(letter, font).map(|path| {
            let _ = write!(self.definitions, r#"<path id="g{}" d="{path}"/>"#, self.count);
            self.count += 1;
            self.count - 1
        });
        self.known.insert(key, number);
        number
    }
}

fn outline(letter: char, font: &FontId) -> Option<String> {
    FAMILIES.get(&font.family)?.iter().find_map(|face| {
        let reader = FontRef::from_index(face.bytes(), face.index).ok()?;
        let glyph = reader.charmap().map(letter).filter(|glyph| *glyph != GlyphId::NOTDEF)?;
        let size = font.size * face.tweak.scale;
        let mut pen = Pen { path: String::new(), down: size * face.tweak.y_offset_factor + face.tweak.y_offset };
        reader.outline_glyphs().get(glyph)?.draw(Size::new(size), &mut pen).ok()?;
        (!pen.path.is_empty()).then_some(pen.path)
    })
}

/// Writes SVG path data: y points down.
struct Pen {
    path: String,
    down: f32,
}

impl Pen {
    fn write<const N: usize>(&mut self, command: char, points: [(f32, f32); N]) {
        self.path.push(command);
        for (position, (x, y)) in points.into_iter().enumerate() {
            let gap = if position > 0 { " " } else { "" };
            let _ = write!(self.path, "{gap}{} {}", number(x), number(self.down - y));
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.write('M', [(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.write('L', [(x, y)]);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.write('Q', [(cx, cy), (x, y)]);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.write('C', [(cx0, cy0), (cx1, cy1), (x, y)]);
    }

    fn close(&mut self) {
        self.path.push('Z');
    }
}
