//! Steps along the bottom, values up the side, the share of values as a shade.

use super::axis::ValueAxis;
use super::panel::{Column, Panel, ShareScale};
use crate::ui::app::MOST_LOOKS;
use crate::ui::curves::axis::nice_step;
use crate::ui::theme;
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::format;
use egui::{
    Align2, Color32, ColorImage, FontId, Mesh, Painter, Rect, Response, Shape, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, pos2, vec2,
};
use std::sync::Arc;

/// Room for the values at the left, the steps below, and the colour bar at the right.
const LEFT: f32 = 6.5 * theme::UNIT;
const BELOW: f32 = 2.0 * theme::UNIT;
const RIGHT: f32 = 8.0 * theme::UNIT;
const BAR: f32 = theme::UNIT;
/// Least distance of two labels, along each side.
const TICK_HEIGHT: f32 = 20.0;
const TICK_WIDTH: f32 = 72.0;
/// Holds any axis, and a look more than is ever kept.
const TEXTURE: [usize; 2] = [MOST_LOOKS + 1, 112];
const SHADES: usize = 256;

/// What was drawn last.
#[derive(Default)]
pub(super) struct HeatMap {
    texture: Option<TextureHandle>,
    painted: Option<(u64, ShareScale)>,
    mesh: Option<((u64, Rect), Arc<Mesh>)>,
}

/// Draws into the whole of a response's rectangle.
pub(super) fn show(ui: &Ui, response: &Response, panel: &mut Panel, scale: ShareScale) {
    let rect = response.rect;
    let pixels_per_point = ui.pixels_per_point();
    let corner = |position| snap(position, pixels_per_point);
    let plot =
        Rect::from_min_max(corner(rect.min + vec2(LEFT, theme::UNIT / 2.0)), corner(rect.max - vec2(RIGHT, BELOW)));
    if plot.width() < theme::UNIT || plot.height() < theme::UNIT {
        return;
    }
    let dark = ui.visuals().dark_mode;
    let painter = ui.painter().with_clip_rect(rect.expand(1.0).intersect(ui.clip_rect()));
    painter.rect_filled(plot, 0.0, theme::plot_background(dark));
    let spans = Spans::of(&panel.columns);
    panel.heat_map.paint(ui, panel.revision, &panel.columns, &panel.axis, scale);
    let texture = panel.heat_map.texture.as_ref().map(TextureHandle::id);
    if let Some(texture) = texture {
        let key = (panel.revision, plot);
        let known = panel.heat_map.mesh.as_ref().filter(|(of, _)| *of == key).map(|(_, mesh)| Arc::clone(mesh));
        let mesh = known.unwrap_or_else(|| Arc::new(mesh(texture, plot, &spans, panel.axis.rows())));
        painter.add(Shape::Mesh(Arc::clone(&mesh)));
        panel.heat_map.mesh = Some((key, mesh));
    }
    painter.rect_stroke(plot, 0.0, Stroke::new(1.0, theme::border(dark)), StrokeKind::Outside);
    value_labels(ui, &painter, plot, &panel.axis);
    step_labels(ui, &painter, plot, &spans);
    colour_bar(ui, &painter, plot, scale);
    hover(ui, response, &painter, plot, &spans, panel);
}

impl HeatMap {
    /// Draws the texture again if the columns or the scale changed.
    fn paint(&mut self, ui: &Ui, revision: u64, columns: &[Column], axis: &ValueAxis, scale: ShareScale) {
        if self.painted == Some((revision, scale)) {
            return;
        }
        self.painted = Some((revision, scale));
        let rows = axis.rows().min(TEXTURE[1]);
        let count = columns.len().clamp(1, TEXTURE[0]);
        let mut picture = ColorImage::filled([count, rows], Color32::TRANSPARENT);
        let shades: Vec<Color32> =
            (0..SHADES).map(|index| theme::sequential(index as f32 / (SHADES - 1) as f32)).collect();
        for (x, column) in columns.iter().take(count).enumerate() {
            for (bin, &share) in column.shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                let shade = shades[((scale.fraction(share) * (SHADES - 1) as f32) as usize).min(SHADES - 1)];
                for row in axis.rows_of(bin) {
                    if row < rows {
                        picture[(x, rows - 1 - row)] = shade;
                    }
                }
            }
        }
        let texture = self.texture.get_or_insert_with(|| {
            let blank = ColorImage::filled(TEXTURE, Color32::TRANSPARENT);
            ui.ctx().load_texture("histograms", blank, TextureOptions::NEAREST)
        });
        texture.set_partial([0, 0], picture, TextureOptions::NEAREST);
    }
}

/// Where each column begins and ends, in steps: half way to its nearer neighbour, on both sides. So a pause in which no
/// histograms were taken stays empty.
struct Spans(Vec<(f32, f32)>);

impl Spans {
    fn of(columns: &[Column]) -> Self {
        let gap = |index: usize| Some((columns.get(index + 1)?.step() - columns.get(index)?.step()) as f32);
        let span = |index: usize| {
            let before = index.checked_sub(1).and_then(gap);
            let half = before.into_iter().chain(gap(index)).fold(f32::INFINITY, f32::min) / 2.0;
            let (half, step) = (if half.is_finite() { half } else { 0.5 }, columns[index].step() as f32);
            (step - half, step + half)
        };
        Self((0..columns.len()).map(span).collect())
    }

    fn range(&self) -> (f32, f32) {
        let (first, last) = (self.0.first().copied().unwrap_or_default(), self.0.last().copied().unwrap_or_default());
        (first.0, last.1.max(first.0 + 1.0))
    }

    fn x(&self, plot: Rect, step: f32) -> f32 {
        let (first, last) = self.range();
        plot.left() + (step - first) / (last - first) * plot.width()
    }

    fn at(&self, plot: Rect, x: f32) -> Option<usize> {
        let (first, last) = self.range();
        let step = first + (x - plot.left()) / plot.width() * (last - first);
        self.0.iter().position(|(from, to)| (*from..*to).contains(&step))
    }
}

fn mesh(texture: egui::TextureId, plot: Rect, spans: &Spans, rows: usize) -> Mesh {
    let mut mesh = Mesh::with_texture(texture);
    let [width, height] = TEXTURE.map(|side| side as f32);
    for (index, (from, to)) in spans.0.iter().enumerate() {
        let place = Rect::from_x_y_ranges(spans.x(plot, *from)..=spans.x(plot, *to), plot.y_range());
        let (left, right) = (index as f32 / width, (index + 1) as f32 / width);
        let uv = Rect::from_min_max(pos2(left, 0.0), pos2(right, rows as f32 / height));
        mesh.add_rect_with_uv(place, uv, Color32::WHITE);
    }
    mesh
}

fn value_labels(ui: &Ui, painter: &Painter, plot: Rect, axis: &ValueAxis) {
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let weak = ui.visuals().weak_text_color();
    for value in axis.ticks((plot.height() / TICK_HEIGHT) as usize) {
        let Some(place) = axis.place(value) else { continue };
        let y = plot.bottom() - place * plot.height();
        painter.hline(plot.left() - 3.0..=plot.left(), y, Stroke::new(1.0, weak));
        painter.text(pos2(plot.left() - 5.0, y), Align2::RIGHT_CENTER, theme::figures(value), font.clone(), weak);
    }
}

fn step_labels(ui: &Ui, painter: &Painter, plot: Rect, spans: &Spans) {
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let weak = ui.visuals().weak_text_color();
    let (first, last) = spans.range();
    let count = (plot.width() / TICK_WIDTH).floor().max(1.0);
    let step = nice_step(f64::from((last - first) / count)).max(1.0);
    let from = (f64::from(first.max(0.0)) / step).ceil() as u64;
    let to = (f64::from(last) / step).floor() as u64;
    for tick in (from..=to).map(|index| index as f64 * step) {
        let x = spans.x(plot, tick as f32);
        painter.vline(x, plot.bottom()..=plot.bottom() + 3.0, Stroke::new(1.0, weak));
        painter.text(pos2(x, plot.bottom() + 4.0), Align2::CENTER_TOP, theme::integer(tick), font.clone(), weak);
    }
    painter.text(plot.right_bottom() + vec2(theme::UNIT, 4.0), Align2::LEFT_TOP, "step", font, weak);
}

/// From no values to the highest share, with the shares at both ends.
fn colour_bar(ui: &Ui, painter: &Painter, plot: Rect, scale: ShareScale) {
    const STOPS: u32 = 16;
    let bar = Rect::from_min_size(plot.right_top() + vec2(theme::UNIT, 0.0), vec2(BAR, plot.height()));
    let mut mesh = Mesh::default();
    for stop in 0..STOPS {
        let share = stop as f32 / (STOPS - 1) as f32;
        let (y, colour) = (bar.bottom() - share * bar.height(), theme::sequential(share));
        mesh.colored_vertex(pos2(bar.left(), y), colour);
        mesh.colored_vertex(pos2(bar.right(), y), colour);
    }
    for first in (0..STOPS - 1).map(|stop| 2 * stop) {
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first + 1, first + 2, first + 3);
    }
    painter.add(Shape::mesh(mesh));
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let weak = ui.visuals().weak_text_color();
    let label = |at: egui::Pos2, align, share: f32| {
        painter.text(at + vec2(3.0, 0.0), align, percent(share), font.clone(), weak);
    };
    label(bar.right_top(), Align2::LEFT_TOP, scale.most);
    label(bar.right_bottom(), Align2::LEFT_BOTTOM, scale.least());
}

/// With two digits, however small.
fn percent(share: f32) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0%".to_owned(),
        10.0.. => format!("{percent:.0}%"),
        1.0..10.0 => format!("{percent:.1}%"),
        0.001..1.0 => format!("{percent:.3}%"),
        _ => format!("{percent:.0e}%"),
    }
}

fn hover(ui: &Ui, response: &Response, painter: &Painter, plot: Rect, spans: &Spans, panel: &Panel) {
    let Some(pointer) = response.hover_pos().filter(|pointer| plot.contains(*pointer)) else { return };
    let Some(index) = spans.at(plot, pointer.x) else { return };
    let bin = panel.axis.bin_at((plot.bottom() - pointer.y) / plot.height());
    let (Some(column), Some(bin)) = (panel.columns.get(index), bin) else { return };
    let (from, to) = spans.0[index];
    let rows = panel.axis.rows_of(bin);
    let y = |row: usize| plot.bottom() - row as f32 / panel.axis.rows() as f32 * plot.height();
    let cell = Rect::from_x_y_ranges(spans.x(plot, from)..=spans.x(plot, to), y(rows.end)..=y(rows.start)).expand(1.0);
    painter.rect_stroke(cell, 0.0, Stroke::new(1.5, theme::accent(ui.visuals().dark_mode)), StrokeKind::Outside);
    response.clone().on_hover_text_at_pointer(column.describe(&panel.axis, Some(bin)));
}

/// How a plot's response names itself: read aloud, and found by tests.
pub(super) fn describe(panel: &Panel, what: &str) -> String {
    format!("{what} of layer {}, {} steps", panel.layer, format::count(panel.columns.len() as u64))
}
