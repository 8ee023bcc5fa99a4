//! Errors against the shift, with the current shift as a line that is dragged.

use super::shifts::OnSplit;
use crate::lens::ShiftErrors;
use crate::ui::curves::axis::nice_step;
use crate::ui::theme;
use egui::{
    Align2, Color32, CursorIcon, FontId, Galley, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};
use std::sync::Arc;

const AXIS_LEFT: f32 = 46.0;
const AXIS_BOTTOM: f32 = 16.0;
const LABEL_HEIGHT: f32 = 14.0;
/// Room over the errors without a shift, as a share of them.
const HEADROOM: f64 = 0.3;
/// Between two marks of an axis, at least.
const MARKS: [f32; 2] = [44.0, 24.0];

/// What is drawn.
pub(super) struct Curve<'a> {
    pub(super) found: &'a OnSplit,
    pub(super) range: (f64, f64),
    /// Shift and errors at the moment.
    pub(super) now: (f64, usize),
    pub(super) by_validation: Option<f64>,
    pub(super) by_test: Option<f64>,
    /// `errors on 3`.
    pub(super) of_shifted: String,
}

/// Where shifts and errors lie.
struct Place {
    inside: Rect,
    range: (f64, f64),
    top: f64,
}

impl Place {
    fn x(&self, shift: f64) -> f32 {
        let share = (shift - self.range.0) / (self.range.1 - self.range.0);
        self.inside.left() + share as f32 * self.inside.width()
    }

    fn y(&self, errors: f64) -> f32 {
        self.inside.bottom() - (errors / self.top) as f32 * self.inside.height()
    }

    fn shift(&self, x: f32) -> f64 {
        let share = f64::from((x - self.inside.left()) / self.inside.width());
        (self.range.0 + share * (self.range.1 - self.range.0)).clamp(self.range.0, self.range.1)
    }
}

impl Curve<'_> {
    /// Returns the shift that was dragged to.
    pub(super) fn show(&self, ui: &mut Ui, size: Vec2) -> Option<f64> {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let inside = Rect::from_min_max(rect.min + vec2(AXIS_LEFT, 4.0), rect.max - vec2(theme::UNIT, AXIS_BOTTOM));
        let top = (1.0 + HEADROOM) * self.found.uncorrected.errors.max(self.found.best.errors).max(8) as f64;
        let place = Place { inside, range: self.range, top };
        response.widget_info(|| {
            let text = format!("Errors against the shift: {} at {}", self.now.1, theme::figures(self.now.0));
            WidgetInfo::labeled(Role::Figure, true, text)
        });
        if ui.is_rect_visible(rect) {
            self.paint(ui, &place);
        }
        let pointer = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked());
        if let Some(hover) = response.hover_pos().filter(|hover| inside.contains(*hover)) {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
            if pointer.is_none() {
                response.on_hover_text_at_pointer(self.readout(place.shift(hover.x)));
            }
        }
        pointer.map(|pointer| place.shift(pointer.x))
    }

    fn readout(&self, shift: f64) -> String {
        let found = self.found.common.errors_at(shift);
        format!(
            "shift {}: {} errors, {} of them on the shifted classes. Drag to shift.",
            theme::figures((shift * 100.0).round() / 100.0),
            found.errors,
            found.errors_on_shifted
        )
    }

    fn paint(&self, ui: &Ui, place: &Place) {
        let (visuals, inside) = (ui.visuals(), place.inside);
        let dark = visuals.dark_mode;
        let painter = ui.painter();
        painter.rect_filled(inside, 2.0, theme::plot_background(dark));
        paint_axes(ui, place);
        let clipped = painter.with_clip_rect(inside.intersect(ui.clip_rect()));
        let line = |errors: fn(&ShiftErrors) -> usize| -> Vec<Pos2> {
            let point = |at: &ShiftErrors| pos2(place.x(at.shift), place.y(errors(at) as f64));
            self.found.curve.iter().map(point).collect()
        };
        let text = visuals.text_color();
        let of_shifted = line(|at| at.errors_on_shifted);
        clipped.extend(Shape::dashed_line(&of_shifted, Stroke::new(1.5, text), 5.0, 3.0));
        clipped.line(line(|at| at.errors), Stroke::new(2.0, theme::STUDENT));
        let (accent, weak) = (theme::accent(dark), visuals.weak_text_color());
        if let Some(x) = self.by_test.map(|shift| place.x(shift)) {
            let ends = [pos2(x, inside.top()), pos2(x, inside.bottom())];
            clipped.extend(Shape::dashed_line(&ends, Stroke::new(1.0, weak), 2.0, 3.0));
        }
        if let Some(shift) = self.by_validation {
            clipped.vline(place.x(shift), inside.y_range(), Stroke::new(1.0, text));
        }
        let x = place.x(self.now.0);
        clipped.vline(x, inside.y_range(), Stroke::new(2.0, accent));
        clipped.circle_filled(pos2(x, place.y(self.now.1 as f64)), 4.0, accent);
        // Over all lines.
        let marks = [
            (self.by_test, "best on test (the paper's way)", weak),
            (self.by_validation, "by validation", text),
            (Some(self.now.0), "now", accent),
        ];
        let shown = marks.into_iter().filter_map(|(shift, name, colour)| Some((shift?, name, colour)));
        for (row, (shift, name, colour)) in shown.enumerate() {
            paint_label(ui, &clipped, inside, row, (place.x(shift), name, colour));
        }
        self.paint_legend(ui, &clipped, inside);
    }

    /// In the corner where the curves seldom are.
    fn paint_legend(&self, ui: &Ui, painter: &Painter, inside: Rect) {
        let text = ui.visuals().text_color();
        let font = FontId::proportional(theme::SMALL_SIZE);
        let rows = [("all errors", theme::STUDENT, false), (&*self.of_shifted, text, true)];
        let galleys: Vec<Arc<Galley>> =
            rows.iter().map(|(name, ..)| painter.layout_no_wrap((*name).to_owned(), font.clone(), text)).collect();
        let widest = galleys.iter().map(|galley| galley.size().x).fold(0.0, f32::max);
        let size = vec2(widest + 26.0, LABEL_HEIGHT * 2.0);
        let rect = Rect::from_min_size(inside.left_bottom() + vec2(4.0, -4.0 - size.y), size);
        painter.rect_filled(rect.expand(2.0), 2.0, ground(ui));
        for (row, (galley, (_, colour, is_dashed))) in galleys.into_iter().zip(rows).enumerate() {
            let middle = rect.top() + (row as f32 + 0.5) * LABEL_HEIGHT;
            let ends = [pos2(rect.left(), middle), pos2(rect.left() + 20.0, middle)];
            if is_dashed {
                painter.extend(Shape::dashed_line(&ends, Stroke::new(1.5, colour), 5.0, 3.0));
            } else {
                painter.line_segment(ends, Stroke::new(2.0, colour));
            }
            painter.galley(pos2(rect.left() + 26.0, middle - galley.size().y / 2.0), galley, text);
        }
    }
}

/// The name of an upright line, in a row of its own, so that no two cover each other.
fn paint_label(ui: &Ui, painter: &Painter, inside: Rect, row: usize, (x, text, colour): (f32, &str, Color32)) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(theme::SMALL_SIZE), colour);
    let size = galley.size();
    let is_right = x + size.x + theme::UNIT < inside.right();
    let left = if is_right { x + theme::UNIT / 2.0 } else { x - theme::UNIT / 2.0 - size.x };
    let rect = Rect::from_min_size(pos2(left, inside.top() + 2.0 + row as f32 * LABEL_HEIGHT), size);
    painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, ground(ui));
    painter.galley(rect.min, galley, colour);
}

/// Under text that stands on lines.
fn ground(ui: &Ui) -> Color32 {
    theme::plot_background(ui.visuals().dark_mode).gamma_multiply(0.85)
}

fn paint_axes(ui: &Ui, place: &Place) {
    let (painter, inside) = (ui.painter(), place.inside);
    let weak = ui.visuals().weak_text_color();
    let grid = Stroke::new(1.0, theme::border(ui.visuals().dark_mode));
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let (low, high) = place.range;
    let step = nice_step((high - low) * f64::from(MARKS[0] / inside.width().max(MARKS[0])));
    let mut mark = (low / step).ceil();
    while mark * step <= high {
        let x = place.x(mark * step);
        painter.vline(x, inside.y_range(), grid);
        let text = theme::figures(mark * step);
        painter.text(pos2(x, inside.bottom() + 2.0), Align2::CENTER_TOP, text, font.clone(), weak);
        mark += 1.0;
    }
    let step = nice_step(place.top * f64::from(MARKS[1] / inside.height().max(MARKS[1]))).max(1.0);
    let mut mark = 0.0;
    while mark * step <= place.top {
        let y = place.y(mark * step);
        painter.hline(inside.x_range(), y, grid);
        let text = theme::figures(mark * step);
        painter.text(pos2(inside.left() - 4.0, y), Align2::RIGHT_CENTER, text, font.clone(), weak);
        mark += 1.0;
    }
    let small = FontId::proportional(theme::SMALL_SIZE);
    let corner = inside.right_bottom() - vec2(4.0, 2.0);
    painter.text(corner, Align2::RIGHT_BOTTOM, "shift of the logits", small, weak);
}
