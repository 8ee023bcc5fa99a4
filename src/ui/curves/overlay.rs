//! What lies over and around the lines: title and legend, crosshair and readout, markers, and the empty panel.

use super::axis::XAxis;
use super::plot::{Line, Marker, Reading};
use super::view::Axes;
use crate::ui::theme;
use egui::{
    Align, Align2, Color32, CornerRadius, FontId, Galley, Label, Layout, Painter, Pos2, Rect, RichText, Sense, Shape,
    Stroke, StrokeKind, TextStyle, Ui, UiBuilder, pos2, vec2,
};
use egui_plot::{PlotPoint, PlotTransform};
use std::sync::Arc;

const SWATCH: f32 = 14.0;
/// The readout keeps this far from the pointer and the edges.
const CLEAR: f32 = 12.0;
/// Lines in a readout before it says how many more there are.
const MOST_ROWS: usize = 12;
/// A marker answers a pointer this near.
const NEAR: f32 = 5.0;

/// Title and unit on the left, as much of the legend as fits on the right.
pub(super) fn title_row(ui: &mut Ui, title: &str, unit: &str, lines: &[Line<'_>]) {
    let size = vec2(ui.available_width(), theme::TITLE_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_height(theme::TITLE_HEIGHT);
        ui.add(Label::new(theme::title(title)).truncate());
        if !unit.is_empty() {
            ui.label(RichText::new(unit).small().weak());
        }
        ui.add_space(theme::UNIT);
        let font = TextStyle::Small.resolve(ui.style());
        for (position, line) in lines.iter().enumerate() {
            let name = ui.painter().layout_no_wrap(line.name.to_owned(), font.clone(), ui.visuals().text_color());
            let rest = lines.len() - position;
            let more = if rest > 1 { 7.0 * theme::UNIT } else { 0.0 };
            if ui.available_width() < SWATCH + theme::UNIT / 2.0 + name.size().x + more {
                more_lines(ui, &lines[position..]);
                break;
            }
            legend_entry(ui, line, name);
        }
    });
}

fn legend_entry(ui: &mut Ui, line: &Line<'_>, name: Arc<Galley>) {
    let size = vec2(SWATCH + theme::UNIT / 2.0 + name.size().x, theme::TITLE_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    swatch(ui.painter(), rect.left_center(), line);
    let place = pos2(rect.right() - name.size().x, rect.center().y - name.size().y / 2.0);
    ui.painter().galley(place, name, ui.visuals().text_color());
}

fn more_lines(ui: &mut Ui, lines: &[Line<'_>]) {
    let names: Vec<&str> = lines.iter().map(|line| line.name).collect();
    ui.label(RichText::new(format!("+{} more", lines.len())).small().weak()).on_hover_text(names.join("\n"));
}

fn swatch(painter: &Painter, left: Pos2, line: &Line<'_>) {
    let stroke = Stroke::new(2.0, line.colour);
    let ends = [left, left + vec2(SWATCH, 0.0)];
    if line.dashed {
        painter.extend(Shape::dashed_line(&ends, stroke, 4.0, 2.5));
    } else {
        painter.line_segment(ends, stroke);
    }
}

/// A panel without points says what would fill it.
pub(super) fn empty(ui: &mut Ui, rect: Rect, text: &str) {
    let dark = ui.visuals().dark_mode;
    let (fill, border) = (theme::plot_background(dark), Stroke::new(1.0, theme::border(dark)));
    ui.painter().rect(rect, CornerRadius::same(2), fill, border, StrokeKind::Inside);
    let centred = Layout::centered_and_justified(egui::Direction::TopDown);
    ui.scope_builder(UiBuilder::new().max_rect(rect.shrink(theme::UNIT)).layout(centred), |ui| {
        ui.add(Label::new(RichText::new(text).weak()).selectable(false));
    });
}

/// The box being drawn to zoom into.
pub(super) fn zoom_box(ui: &Ui, area: Rect) {
    let accent = theme::accent(ui.visuals().dark_mode);
    let fill = accent.gamma_multiply(0.12);
    ui.painter().rect(area, CornerRadius::ZERO, fill, Stroke::new(1.0, accent), StrokeKind::Inside);
}

/// One panel's frame, to draw over.
pub(super) struct Overlay<'a> {
    pub ui: &'a Ui,
    pub transform: &'a PlotTransform,
    pub axes: Axes,
    pub percent: bool,
}

impl Overlay<'_> {
    fn painter(&self) -> Painter {
        self.ui.painter().with_clip_rect(self.frame().intersect(self.ui.clip_rect()))
    }

    fn frame(&self) -> Rect {
        *self.transform.frame()
    }

    fn small(&self) -> FontId {
        TextStyle::Small.resolve(self.ui.style())
    }

    /// On screen, if `x` is in sight.
    fn column(&self, x: f64) -> Option<f32> {
        if !self.axes.x.draws(x) {
            return None;
        }
        let column = self.transform.position_from_point_x(self.axes.x.forward(x));
        self.frame().x_range().contains(column).then_some(column)
    }

    fn write(&self, value: f64) -> String {
        if self.percent { format!("{}%", theme::figures(100.0 * value)) } else { theme::figures(value) }
    }

    /// What lies along x, in the corner where lines rarely are.
    pub fn axis_name(&self) {
        let corner = self.frame().right_bottom() - vec2(4.0, 2.0);
        let weak = self.ui.visuals().weak_text_color();
        let name = if self.axes.quantity == XAxis::Seconds { "seconds" } else { self.axes.quantity.unit() };
        let painter = self.painter();
        let galley = painter.layout_no_wrap(name.to_owned(), self.small(), weak);
        let rect = Align2::RIGHT_BOTTOM.anchor_size(corner, galley.size());
        let ground = theme::plot_background(self.ui.visuals().dark_mode).gamma_multiply(0.8);
        painter.rect_filled(rect.expand2(vec2(3.0, 0.0)), CornerRadius::same(2), ground);
        painter.galley(rect.min, galley, weak);
    }

    /// Thin lines with a flag; the one under the pointer says what happened.
    pub fn markers(&self, markers: &[Marker], hover: Option<Pos2>) {
        let painter = self.painter();
        let colour = self.ui.visuals().weak_text_color();
        let frame = self.frame();
        let mut said: Vec<&str> = Vec::new();
        for marker in markers {
            let Some(column) = self.column(marker.x) else { continue };
            painter.vline(column, frame.y_range(), Stroke::new(1.0, colour.gamma_multiply(0.6)));
            let top = frame.top() + 1.0;
            let flag = [pos2(column, top), pos2(column + 6.0, top + 3.0), pos2(column, top + 6.0)];
            painter.add(Shape::convex_polygon(flag.to_vec(), colour, Stroke::NONE));
            if hover.is_some_and(|at| (at.x - column).abs() <= NEAR) {
                said.push(&marker.label);
            }
        }
        if let (Some(at), false) = (hover, said.is_empty()) {
            self.marker_label(at, &said.join("\n"));
        }
    }

    fn marker_label(&self, at: Pos2, text: &str) {
        let painter = self.painter();
        let galley = painter.layout(text.to_owned(), self.small(), self.ui.visuals().text_color(), 28.0 * theme::UNIT);
        let size = galley.size() + vec2(theme::UNIT, theme::UNIT / 2.0);
        let left = if at.x < self.frame().center().x { at.x + CLEAR } else { at.x - CLEAR - size.x };
        let rect = Rect::from_min_size(pos2(left, self.frame().top() + theme::UNIT), size);
        self.card(&painter, rect);
        painter.galley(rect.min + vec2(theme::UNIT / 2.0, theme::UNIT / 4.0), galley, Color32::PLACEHOLDER);
    }

    fn card(&self, painter: &Painter, rect: Rect) {
        let fill = self.ui.visuals().window_fill.gamma_multiply(0.94);
        let border = self.ui.visuals().window_stroke;
        painter.rect(rect, CornerRadius::same(theme::CORNER), fill, border, StrokeKind::Inside);
    }

    /// The line itself, and a dot where each line is read.
    pub fn crosshair(&self, x: f64, readings: &[Reading], lines: &[Line<'_>]) {
        let painter = self.painter();
        let colour = self.ui.visuals().weak_text_color();
        if let Some(column) = self.column(x) {
            painter.vline(column, self.frame().y_range(), Stroke::new(1.0, colour));
        }
        let ground = theme::plot_background(self.ui.visuals().dark_mode);
        for reading in readings {
            let (Some(line), true) = (lines.get(reading.line), self.axes.y.draws(reading.smoothed)) else { continue };
            let Some(column) = self.column(reading.x) else { continue };
            let row = PlotPoint::new(0.0, self.axes.y.forward(reading.smoothed));
            let place = pos2(column, self.transform.position_from_point(&row).y);
            painter.circle(place, 3.5, line.colour, Stroke::new(1.0, ground));
        }
    }

    /// A table of all lines at the crosshair, in a corner that leaves the pointer free.
    pub fn readout(&self, x: f64, readings: &[Reading], lines: &[Line<'_>], hover: Option<Pos2>) {
        let Some(column) = self.column(x) else { return };
        let table = Table::new(self, x, readings, lines);
        let place = hover.unwrap_or_else(|| pos2(column, self.frame().center().y));
        if let Some(rect) = free_corner(self.frame().shrink(theme::UNIT / 2.0), table.size(), place) {
            let painter = self.painter();
            self.card(&painter, rect);
            table.paint(&painter, rect, self.ui);
        }
    }
}

/// The first corner (top right, top left, and the two below) whose card stays clear of a place.
fn free_corner(frame: Rect, size: egui::Vec2, place: Pos2) -> Option<Rect> {
    if size.x > frame.width() || size.y > frame.height() {
        return None;
    }
    let corners = [Align2::RIGHT_TOP, Align2::LEFT_TOP, Align2::RIGHT_BOTTOM, Align2::LEFT_BOTTOM];
    corners
        .into_iter()
        .map(|corner| corner.align_size_within_rect(size, frame))
        .find(|rect| !rect.expand(CLEAR).contains(place))
}

/// One line of a readout, laid out.
struct Row<'a> {
    line: &'a Line<'a>,
    name: Arc<Galley>,
    value: Arc<Galley>,
    raw: Option<Arc<Galley>>,
}

struct Table<'a> {
    head: Arc<Galley>,
    rows: Vec<Row<'a>>,
    more: Option<Arc<Galley>>,
}

const ROW: f32 = 16.0;
const GAP: f32 = 8.0;

impl<'a> Table<'a> {
    fn new(overlay: &Overlay<'_>, x: f64, readings: &[Reading], lines: &'a [Line<'a>]) -> Self {
        let visuals = overlay.ui.visuals();
        let (text, weak) = (visuals.text_color(), visuals.weak_text_color());
        let painter = overlay.ui.painter();
        let lay = |words: String, font: FontId, colour: Color32| painter.layout_no_wrap(words, font, colour);
        let row = |reading: &Reading| {
            let line = lines.get(reading.line)?;
            // Equal bits: no smoothing, and nothing more to say.
            let smoothed = reading.smoothed.to_bits() != reading.value.to_bits();
            Some(Row {
                line,
                name: lay(line.name.to_owned(), overlay.small(), text),
                value: lay(overlay.write(reading.smoothed), FontId::monospace(theme::SMALL_SIZE), text),
                raw: smoothed.then(|| lay(overlay.write(reading.value), FontId::monospace(theme::SMALL_SIZE), weak)),
            })
        };
        let unshown = readings.len().saturating_sub(MOST_ROWS);
        Self {
            head: lay(head(x, overlay.axes.quantity), overlay.small(), weak),
            rows: readings.iter().take(MOST_ROWS).filter_map(row).collect(),
            more: (unshown > 0).then(|| lay(format!("+{unshown} more"), overlay.small(), weak)),
        }
    }

    fn widths(&self) -> [f32; 3] {
        let widest = |width: fn(&Row<'_>) -> f32| self.rows.iter().map(width).fold(0.0, f32::max);
        [
            SWATCH + GAP / 2.0 + widest(|row| row.name.size().x),
            GAP + widest(|row| row.value.size().x),
            widest(|row| row.raw.as_ref().map_or(0.0, |raw| GAP + raw.size().x)),
        ]
    }

    fn size(&self) -> egui::Vec2 {
        let rows = 1 + self.rows.len() + usize::from(self.more.is_some());
        let width = self.widths().iter().sum::<f32>().max(self.head.size().x);
        vec2(width + 2.0 * GAP, ROW * rows as f32 + GAP)
    }

    fn paint(self, painter: &Painter, rect: Rect, ui: &Ui) {
        let [names, values, raws] = self.widths();
        let colour = ui.visuals().text_color();
        let left = rect.left() + GAP;
        let mut middle = rect.top() + GAP / 2.0 + ROW / 2.0;
        let at = |galley: Arc<Galley>, x: f32, middle: f32| {
            painter.galley(pos2(x, middle - galley.size().y / 2.0), galley, colour);
        };
        at(self.head, left, middle);
        for row in self.rows {
            middle += ROW;
            swatch(painter, pos2(left, middle), row.line);
            at(row.name, left + SWATCH + GAP / 2.0, middle);
            let right = left + names + values;
            at(row.value.clone(), right - row.value.size().x, middle);
            if let Some(raw) = row.raw {
                at(raw.clone(), right + raws - raw.size().x, middle);
            }
        }
        if let Some(more) = self.more {
            at(more, left, middle + ROW);
        }
    }
}

fn head(x: f64, quantity: XAxis) -> String {
    match quantity {
        XAxis::Step => format!("step {}", theme::integer(x)),
        XAxis::Epoch => format!("epoch {}", theme::figures(x)),
        XAxis::Seconds => format!("{} s", theme::figures(x)),
    }
}
