//! Curves against the temperature, on a logarithmic axis, with the temperature in hand as a line that can be dragged.

use super::temperature_slider::{HIGHEST, LOWEST};
use crate::ui::theme::{self, figures};
use egui::{
    Align2, Color32, CursorIcon, FontId, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

const LEFT: f32 = 34.0;
const BOTTOM: f32 = 16.0;
/// Room for the legend above the curves.
const TOP: f32 = 22.0;
const LEGEND: f32 = 14.0;
/// In a narrower plot every second decade is named.
const NARROW: f32 = 25.0 * theme::UNIT;
const DECADES: [f64; 5] = [0.1, 1.0, 10.0, 100.0, 1000.0];
/// Teacher and student are told apart by thickness too.
const THICK: f32 = 2.75;
const THIN: f32 = 1.25;

/// One curve. Of equal colours, dashes tell the mean over many images from one image.
pub(super) struct TemperatureLine<'a> {
    pub(super) name: &'a str,
    pub(super) colour: Color32,
    pub(super) is_thick: bool,
    pub(super) is_dashed: bool,
    /// Marks where it was measured.
    pub(super) has_dots: bool,
    /// Temperatures and values.
    pub(super) points: Vec<[f64; 2]>,
}

pub(super) struct TemperaturePlot<'a> {
    /// Its accessible name.
    pub(super) name: &'a str,
    /// What stands on the vertical axis.
    pub(super) quantity: &'a str,
    /// The axis begins at `bottom` and ends at `top`.
    pub(super) bottom: f64,
    pub(super) top: f64,
    /// Of the grid, where there is room.
    pub(super) steps: usize,
    pub(super) lines: &'a [TemperatureLine<'a>],
}

impl TemperaturePlot<'_> {
    /// Draws it; a click or a drag moves the temperature.
    pub(super) fn show(&self, ui: &mut Ui, size: Vec2, temperature: &mut f64) {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let name = format!("{} against temperature", self.name);
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, name.clone()));
        let inside = Rect::from_min_max(rect.min + vec2(LEFT, TOP), rect.max - vec2(theme::UNIT, BOTTOM));
        if let Some(pointer) = response.interact_pointer_pos() {
            *temperature = temperature_at(inside, pointer.x);
        }
        let dark = ui.visuals().dark_mode;
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.rect_filled(inside, 0.0, theme::plot_background(dark));
        self.axes(ui, &painter, inside);
        let curves = painter.with_clip_rect(inside.expand(2.0).intersect(ui.clip_rect()));
        for line in self.lines {
            self.curve(&curves, inside, line);
        }
        let x = x_of(inside, *temperature);
        let colour = if response.hovered() || response.dragged() {
            theme::accent(dark)
        } else {
            ui.visuals().strong_text_color()
        };
        painter.vline(x, inside.y_range(), Stroke::new(1.5, colour));
        // A handle, so that it is seen that the line can be taken.
        painter.circle_filled(pos2(x, inside.bottom()), 4.0, colour);
        let font = FontId::monospace(theme::SMALL_SIZE);
        let (align, gap) = if x > inside.center().x { (Align2::RIGHT_TOP, -4.0) } else { (Align2::LEFT_TOP, 4.0) };
        let text = format!("T = {}", figures(*temperature));
        painter.text(pos2(x + gap, inside.top() + 2.0), align, text, font, ui.visuals().strong_text_color());
        self.legend(ui, &painter, rect);
        response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    }

    fn axes(&self, ui: &Ui, painter: &Painter, inside: Rect) {
        let (font, weak) = (FontId::monospace(theme::SMALL_SIZE - 1.0), ui.visuals().weak_text_color());
        let grid = Stroke::new(1.0, theme::border(ui.visuals().dark_mode));
        for (index, decade) in DECADES.into_iter().enumerate() {
            let x = x_of(inside, decade);
            painter.vline(x, inside.y_range(), grid);
            if inside.width() < NARROW && !index.is_multiple_of(2) {
                continue;
            }
            let align = match decade {
                LOWEST => Align2::LEFT_TOP,
                HIGHEST => Align2::RIGHT_TOP,
                _ => Align2::CENTER_TOP,
            };
            painter.text(pos2(x, inside.bottom() + 3.0), align, decade.to_string(), font.clone(), weak);
        }
        let steps = if inside.height() > 90.0 { self.steps } else { 1 };
        for step in 0..=steps {
            let value = self.bottom + (self.top - self.bottom) * step as f64 / steps as f64;
            let y = self.y_of(inside, value);
            painter.hline(inside.x_range(), y, grid);
            let text = format!("{value:.*}", usize::from(self.top < 30.0) + usize::from(self.top < 3.0));
            painter.text(pos2(inside.left() - 4.0, y), Align2::RIGHT_CENTER, text, font.clone(), weak);
        }
    }

    fn curve(&self, painter: &Painter, inside: Rect, line: &TemperatureLine<'_>) {
        let stroke = Stroke::new(if line.is_thick { THICK } else { THIN }, line.colour);
        let place = |[temperature, value]: &[f64; 2]| pos2(x_of(inside, *temperature), self.y_of(inside, *value));
        let points: Vec<Pos2> = line.points.iter().map(place).collect();
        if line.has_dots {
            for point in &points {
                painter.circle_filled(*point, 2.5, line.colour);
            }
        }
        if line.is_dashed {
            painter.extend(Shape::dashed_line(&points, stroke, 5.0, 4.0));
        } else {
            painter.add(Shape::line(points, stroke));
        }
    }

    /// What is on the axis, and a sample of each line with its name.
    fn legend(&self, ui: &Ui, painter: &Painter, rect: Rect) {
        let font = FontId::proportional(theme::SMALL_SIZE);
        let text = ui.visuals().text_color();
        let y = rect.top() + LEGEND / 2.0;
        let mut x = rect.left() + 2.0;
        let title = painter.text(pos2(x, y), Align2::LEFT_CENTER, self.quantity, font.clone(), text);
        x = title.right() + 10.0;
        for line in self.lines {
            let name = painter.layout_no_wrap(line.name.to_owned(), font.clone(), ui.visuals().weak_text_color());
            if x + 17.0 + name.size().x > rect.right() {
                break;
            }
            let stroke = Stroke::new(if line.is_thick { THICK } else { THIN }, line.colour);
            let sample = [pos2(x, y), pos2(x + 14.0, y)];
            if line.is_dashed {
                painter.extend(Shape::dashed_line(&sample, stroke, 5.0, 4.0));
            } else {
                painter.line_segment(sample, stroke);
            }
            let place = pos2(x + 17.0, y - name.size().y / 2.0);
            x = place.x + name.size().x + 8.0;
            painter.galley(place, name, text);
        }
    }

    fn y_of(&self, inside: Rect, value: f64) -> f32 {
        let share = (value - self.bottom) / (self.top - self.bottom).max(f64::MIN_POSITIVE);
        inside.bottom() - share as f32 * inside.height()
    }
}

fn x_of(inside: Rect, temperature: f64) -> f32 {
    let share = (temperature / LOWEST).ln() / (HIGHEST / LOWEST).ln();
    inside.left() + share as f32 * inside.width()
}

fn temperature_at(inside: Rect, x: f32) -> f64 {
    let share = f64::from((x - inside.left()) / inside.width().max(1.0)).clamp(0.0, 1.0);
    LOWEST * (HIGHEST / LOWEST).powf(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_the_axis_is_a_temperature() {
        let inside = Rect::from_min_max(pos2(100.0, 0.0), pos2(500.0, 100.0));
        assert_eq!(x_of(inside, 10.0), 300.0);
        assert!((temperature_at(inside, 200.0) - 1.0).abs() < 1e-9);
        assert!((temperature_at(inside, 9e9) - 1000.0).abs() < 1e-9, "no further than the axis");
    }
}
