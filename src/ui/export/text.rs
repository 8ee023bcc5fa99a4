//! Laid out text, letter by letter.

use super::svg::{Drawing, escape, number, paint};
use egui::epaint::TextShape;
use egui::epaint::text::{LayoutSection, PlacedRow};
use egui::{Color32, FontId, Stroke, pos2};
use std::fmt::Write as _;

/// A letter with its place on the base line, relative to the galley, and how it is written.
struct Letter<'a> {
    char: char,
    x: f32,
    y: f32,
    section: &'a LayoutSection,
}

pub(super) fn draw(drawing: &mut Drawing<'_>, shape: &TextShape) {
    let origin = shape.pos - drawing.origin();
    let turn =
        if shape.angle == 0.0 { String::new() } else { format!(" rotate({})", number(shape.angle.to_degrees())) };
    // The words stay readable for machines, too.
    let words = escape(shape.galley.text().trim());
    let _ = write!(
        drawing.body,
        r#"<g transform="translate({} {}){turn}" role="img" aria-label="{words}">"#,
        number(origin.x),
        number(origin.y)
    );
    let mut place = Place::default();
    for row in &shape.galley.rows {
        let letters = place.letters(shape, row);
        for run in letters.chunk_by(|a, b| std::ptr::eq(a.section, b.section)) {
            draw_run(drawing, shape, row, run);
        }
    }
    drawing.body.push_str("</g>");
}

/// How far into the text the rows have come: glyphs do not say which section they are of.
#[derive(Default)]
struct Place {
    byte: usize,
    section: usize,
}

impl Place {
    fn letters<'a>(&mut self, shape: &'a TextShape, row: &PlacedRow) -> Vec<Letter<'a>> {
        let sections = &shape.galley.job.sections;
        let mut letters = Vec::with_capacity(row.glyphs.len());
        // Glyphs are placed on whole pixels and shifted within them when they are drawn; their widths are exact.
        let mut exact = f32::NAN;
        for glyph in &row.glyphs {
            while sections.get(self.section).is_some_and(|section| self.byte >= section.byte_range.end.0)
                && self.section + 1 < sections.len()
            {
                self.section += 1;
            }
            let is_near = (exact - glyph.pos.x).abs() * shape.galley.pixels_per_point <= 1.0;
            let x = if is_near { exact } else { glyph.pos.x };
            exact = x + glyph.advance_width;
            if let Some(section) = sections.get(self.section) {
                letters.push(Letter { char: glyph.chr, x: row.pos.x + x, y: row.pos.y + glyph.pos.y, section });
            }
            self.byte += glyph.chr.len_utf8();
        }
        self.byte += usize::from(row.ends_with_newline);
        letters
    }
}

fn draw_run(drawing: &mut Drawing<'_>, shape: &TextShape, row: &PlacedRow, run: &[Letter<'_>]) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
    let format = &first.section.format;
    let fade = |colour: Color32| {
        let colour = if colour == Color32::PLACEHOLDER { shape.fallback_color } else { colour };
        colour.gamma_multiply(shape.opacity_factor)
    };
    let right = row.pos.x + row.rect().width().min(last.x - row.pos.x + format.font_id.size);
    if format.background != Color32::TRANSPARENT {
        let (top, height) = (row.pos.y, row.rect().height());
        let _ = write!(
            drawing.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}"{}/>"#,
            number(first.x),
            number(top),
            number(right - first.x),
            number(height),
            paint("fill", fade(format.background))
        );
    }
    let ink = shape.override_text_color.map_or_else(|| fade(format.color), fade);
    let _ = write!(drawing.body, "<g{}>", paint("fill", ink));
    for letter in run {
        use_glyph(drawing, letter, &format.font_id);
    }
    drawing.body.push_str("</g>");
    let mut line = |stroke: Stroke, y: f32| {
        if !stroke.is_empty() {
            let stroke = Stroke::new(stroke.width, fade(stroke.color));
            let ends = [pos2(first.x, y), pos2(right, y)];
            drawing.line(ends.map(|end| end + drawing.origin()), stroke);
        }
    };
    line(if shape.underline.is_empty() { format.underline } else { shape.underline }, first.y + 1.5);
    line(format.strikethrough, first.y - 0.3 * format.font_id.size);
}

fn use_glyph(drawing: &mut Drawing<'_>, letter: &Letter<'_>, font: &FontId) {
    if let Some(glyph) = drawing.outlines.number(letter.char, font) {
        let (x, y) = (number(letter.x), number(letter.y));
        let _ = write!(drawing.body, r##"<use href="#g{glyph}" x="{x}" y="{y}"/>"##);
    }
}
