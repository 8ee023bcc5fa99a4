//! One outline a step over the axis of values: older steps behind, the newest in front and in the accent.

use super::axis::ValueAxis;
use super::panel::{Column, Panel, ShareScale};
use crate::ui::theme;
use crate::ui::widgets::format;
use egui::{Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Response, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

/// Room for the values below and the steps at the right.
const SIDE: f32 = 1.5 * theme::UNIT;
const BELOW: f32 = 2.0 * theme::UNIT;
const RIGHT: f32 = 7.0 * theme::UNIT;
const TICK_HEIGHT: f32 = 15.0;
const TICK_WIDTH: f32 = 48.0;
/// More outlines than this hide each other.
const MOST_RIDGES: usize = 40;
/// Least distance between two base lines, in points.
const LEAST_DISTANCE: f32 = 5.0;
/// The highest outline takes this share of the plot's height.
const TALLEST: f32 = 0.4;

/// What was drawn last.
#[derive(Default)]
pub(super) struct Ridges {
    key: Option<Key>,
    /// Index of the column and its outline, the oldest first.
    outlines: Vec<(usize, Vec<Pos2>)>,
    shapes: Vec<Shape>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    revision: u64,
    plot: Rect,
    scale: ShareScale,
    dark: bool,
}

/// Draws into the whole of a response's rectangle.
pub(super) fn show(ui: &Ui, response: &Response, panel: &mut Panel, scale: ShareScale) {
    let rect = response.rect;
    let plot = Rect::from_min_max(rect.min + vec2(SIDE, theme::UNIT / 2.0), rect.max - vec2(RIGHT, BELOW));
    if plot.width() < theme::UNIT || plot.height() < theme::UNIT {
        return;
    }
    let dark = ui.visuals().dark_mode;
    let painter = ui.painter().with_clip_rect(rect.expand(1.0).intersect(ui.clip_rect()));
    painter.rect_filled(plot, 0.0, theme::plot_background(dark));
    let key = Key { revision: panel.revision, plot, scale, dark };
    if panel.ridges.key != Some(key) {
        panel.ridges = Ridges::new(ui, key, &panel.columns, &panel.axis);
    }
    value_labels(ui, &painter, plot, &panel.axis);
    painter.extend(panel.ridges.shapes.iter().cloned());
    painter.rect_stroke(plot, 0.0, Stroke::new(1.0, theme::border(dark)), StrokeKind::Outside);
    step_labels(ui, &painter, plot, panel);
    hover(ui, response, &painter, plot, panel);
}

impl Ridges {
    fn new(ui: &Ui, key: Key, columns: &[Column], axis: &ValueAxis) -> Self {
        let plot = key.plot;
        let room = (plot.height() * (1.0 - TALLEST) / LEAST_DISTANCE) as usize;
        let chosen = spread(columns.len(), MOST_RIDGES.min(room.max(2)));
        let distance = plot.height() * (1.0 - TALLEST) / (chosen.len().max(2) - 1) as f32;
        let first = if chosen.len() == 1 { plot.bottom() } else { plot.top() + plot.height() * TALLEST };
        let outlines: Vec<(usize, Vec<Pos2>)> = chosen
            .iter()
            .enumerate()
            .map(|(place, &index)| {
                let base = first + place as f32 * distance;
                (index, outline(plot, base, axis, &columns[index], key.scale))
            })
            .collect();
        let (weak, accent) = (ui.visuals().weak_text_color(), theme::accent(key.dark));
        let background = theme::plot_background(key.dark);
        let mut shapes = Vec::with_capacity(2 * outlines.len());
        for (place, (_, line)) in outlines.iter().enumerate() {
            let is_newest = place + 1 == outlines.len();
            // Older outlines fade into the background.
            let age = 1.0 - (place + 1) as f32 / outlines.len() as f32;
            let base = first + place as f32 * distance;
            let colour = if is_newest { accent } else { background.lerp_to_gamma(weak, 1.0 - 0.6 * age) };
            let fill = if is_newest { background.lerp_to_gamma(accent, 0.3) } else { background };
            shapes.push(Shape::Mesh(Arc::new(filled(line, base, fill))));
            shapes.push(Shape::line(line.clone(), Stroke::new(if is_newest { 1.5 } else { 1.0 }, colour)));
        }
        Self { key: Some(key), outlines, shapes }
    }
}

/// At most `most` of so many, evenly, the last always among them.
fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most).map(|place| place * (count - 1) / (most - 1).max(1)).collect()
}

/// From left to right; a bin of several rows is a plateau.
fn outline(plot: Rect, base: f32, axis: &ValueAxis, column: &Column, scale: ShareScale) -> Vec<Pos2> {
    let width = plot.width() / axis.rows() as f32;
    let mut line = Vec::with_capacity(axis.bins() + 4);
    line.push(pos2(plot.left(), base));
    for (bin, &share) in column.shares.iter().enumerate() {
        let y = base - scale.fraction(share) * plot.height() * TALLEST * 0.95;
        let rows = axis.rows_of(bin);
        let (from, to) = (plot.left() + rows.start as f32 * width, plot.left() + rows.end as f32 * width);
        if rows.len() > 1 {
            line.extend([pos2(from + width / 2.0, y), pos2(to - width / 2.0, y)]);
        } else {
            line.push(pos2(f32::midpoint(from, to), y));
        }
    }
    line.push(pos2(plot.right(), base));
    line
}

/// The area between an outline and its base.
fn filled(line: &[Pos2], base: f32, colour: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for point in line {
        mesh.colored_vertex(*point, colour);
        mesh.colored_vertex(pos2(point.x, base), colour);
    }
    for index in (0..line.len().saturating_sub(1) as u32).map(|index| 2 * index) {
        mesh.add_triangle(index, index + 1, index + 2);
        mesh.add_triangle(index + 1, index + 2, index + 3);
    }
    mesh
}

fn value_labels(ui: &Ui, painter: &Painter, plot: Rect, axis: &ValueAxis) {
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let weak = ui.visuals().weak_text_color();
    let border = theme::border(ui.visuals().dark_mode);
    for value in axis.ticks((plot.width() / TICK_WIDTH) as usize) {
        let Some(place) = axis.place(value) else { continue };
        let x = plot.left() + place * plot.width();
        painter.vline(x, plot.y_range(), Stroke::new(1.0, border));
        let at = |x: f32| pos2(x, plot.bottom() + 4.0);
        let text = theme::figures(value);
        let half = text.len() as f32 * 3.5;
        let x = x.clamp(plot.left() - SIDE + half, plot.right() + RIGHT - half);
        painter.text(at(x), Align2::CENTER_TOP, text, font.clone(), weak);
    }
}

/// The steps of the outlines, where there is room for them; the newest always.
fn step_labels(ui: &Ui, painter: &Painter, plot: Rect, panel: &Panel) {
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let (weak, accent) = (ui.visuals().weak_text_color(), theme::accent(ui.visuals().dark_mode));
    let mut lowest = f32::INFINITY;
    for (place, (index, line)) in panel.ridges.outlines.iter().enumerate().rev() {
        let (Some(column), Some(end)) = (panel.columns.get(*index), line.last()) else { continue };
        if end.y > lowest - TICK_HEIGHT {
            continue;
        }
        lowest = end.y;
        let is_newest = place + 1 == panel.ridges.outlines.len();
        let at = pos2(plot.right() + theme::UNIT / 2.0, end.y.min(plot.bottom() - TICK_HEIGHT / 2.0));
        let colour = if is_newest { accent } else { weak };
        painter.text(at, Align2::LEFT_CENTER, format::count(column.step()), font.clone(), colour);
    }
}

/// The outline whose base lies next below the pointer.
fn hover(ui: &Ui, response: &Response, painter: &Painter, plot: Rect, panel: &Panel) {
    let Some(pointer) = response.hover_pos().filter(|pointer| plot.contains(*pointer)) else { return };
    let below = |(_, line): &&(usize, Vec<Pos2>)| line.last().is_some_and(|end| end.y >= pointer.y);
    let Some((index, line)) = panel.ridges.outlines.iter().find(below) else { return };
    let Some(column) = panel.columns.get(*index) else { return };
    let strong = ui.visuals().strong_text_color();
    painter.add(Shape::line(line.clone(), Stroke::new(1.5, strong)));
    let bin = panel.axis.bin_at((pointer.x - plot.left()) / plot.width());
    response.clone().on_hover_text_at_pointer(column.describe(&panel.axis, bin));
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn ridges_are_spread_evenly_from_the_first_to_the_newest() {
        assert_eq!(spread(3, 10), [0, 1, 2]);
        assert_eq!(spread(101, 5), [0, 25, 50, 75, 100]);
        assert_eq!(spread(200, 40).last(), Some(&199));
    }
}
