//! A square of cells, one for each two classes: where they lie, their names, and the keys that go from one to another.

use super::probabilities::class_name;
use crate::ui::theme;
use egui::{
    Align2, Color32, EventFilter, FontId, Key, Painter, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2,
    pos2, vec2,
};

/// For the names, above and to the left.
const MARGIN: f32 = 36.0;
/// For the colour bar, to the right.
const BAR_ROOM: f32 = 58.0;
const BAR_WIDTH: f32 = 8.0;
const LARGEST_CELL: f32 = 40.0;
/// Cells below this have no room for the name of their class.
const CELL_WITH_NAME: f32 = 11.0;
/// Below this the diagonal is one line.
const CELL_WITH_OUTLINE: f32 = 4.0;
const LONGEST_NAME: usize = 5;
/// Of a colour bar.
const STEPS: usize = 24;

/// Row and column are classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Cell { row: usize, column: usize },
    Row(usize),
    Column(usize),
}

/// Where the cells lie.
#[derive(Clone, Copy, Debug)]
pub struct Cells {
    pub grid: Rect,
    pub cell: f32,
    pub classes: usize,
}

/// What the whole takes, names and colour bar included, within `room`.
pub fn size_within(room: Vec2, classes: usize) -> Vec2 {
    let side = cell_within(room, classes) * classes.max(1) as f32;
    vec2(MARGIN + side + BAR_ROOM, MARGIN + side)
}

fn cell_within(room: Vec2, classes: usize) -> f32 {
    let room = room - vec2(MARGIN + BAR_ROOM, MARGIN);
    let cell = room.x.min(room.y) / classes.max(1) as f32;
    if cell >= 1.0 { cell.floor().min(LARGEST_CELL) } else { cell.max(0.5) }
}

impl Cells {
    /// Takes what room there is, up to the largest cells.
    pub fn allocate(ui: &mut Ui, classes: usize) -> (Self, Rect, Response) {
        let room = ui.available_size();
        let cell = cell_within(room, classes);
        let side = cell * classes.max(1) as f32;
        let (rect, response) = ui.allocate_exact_size(size_within(room, classes), Sense::click());
        let grid = Rect::from_min_size(rect.min + vec2(MARGIN, MARGIN), vec2(side, side));
        (Self { grid, cell, classes }, rect, response)
    }

    pub fn at(&self, pointer: Pos2) -> Option<Place> {
        let place = (pointer - self.grid.min) / self.cell;
        let inside = |value: f32| (value >= 0.0 && value < self.classes as f32).then_some(value as usize);
        match (inside(place.y), inside(place.x)) {
            (Some(row), Some(column)) => Some(Place::Cell { row, column }),
            (Some(row), None) if place.x < 0.0 => Some(Place::Row(row)),
            (None, Some(column)) if place.y < 0.0 => Some(Place::Column(column)),
            _ => None,
        }
    }

    pub fn rect(&self, (row, column): (usize, usize)) -> Rect {
        let corner = self.grid.min + vec2(column as f32, row as f32) * self.cell;
        Rect::from_min_size(corner, vec2(self.cell, self.cell))
    }

    pub fn outline(&self, painter: &Painter, cell: (usize, usize), stroke: Stroke) {
        painter.rect_stroke(self.rect(cell), 0.0, stroke, StrokeKind::Inside);
    }

    /// The frame, the diagonal, and the names where there is room for them.
    pub fn paint(&self, ui: &Ui, names: &[String]) {
        let border = Stroke::new(1.0, theme::border(ui.visuals().dark_mode));
        let painter = ui.painter();
        painter.rect_stroke(self.grid, 0.0, border, StrokeKind::Outside);
        if self.cell >= CELL_WITH_OUTLINE {
            for class in 0..self.classes {
                self.outline(painter, (class, class), border);
            }
        } else {
            painter.line_segment([self.grid.left_top(), self.grid.right_bottom()], border);
        }
        if self.cell >= CELL_WITH_NAME {
            self.paint_names(ui, names);
        }
    }

    fn paint_names(&self, ui: &Ui, names: &[String]) {
        let font = FontId::proportional(theme::SMALL_SIZE);
        let colour = ui.visuals().weak_text_color();
        for class in 0..self.classes {
            let name: String = class_name(names, class).chars().take(LONGEST_NAME).collect();
            let middle = (class as f32 + 0.5) * self.cell;
            let left = pos2(self.grid.left() - 4.0, self.grid.top() + middle);
            ui.painter().text(left, Align2::RIGHT_CENTER, &name, font.clone(), colour);
            let above: String = name.chars().take((self.cell / 6.5).ceil() as usize).collect();
            let top = pos2(self.grid.left() + middle, self.grid.top() - 3.0);
            ui.painter().text(top, Align2::CENTER_BOTTOM, above, font.clone(), colour);
        }
        let corner = self.grid.min - vec2(4.0, 18.0);
        ui.painter().text(corner, Align2::RIGHT_CENTER, "true", font, colour);
    }

    /// The colour scale: `colour` of a share from 0 to 1; what the ends mean, highest first, and the unit between them.
    pub fn paint_bar(&self, ui: &Ui, colour: impl Fn(f32) -> Color32, ends: [&str; 2], unit: &str) {
        let height = self.grid.height().min(120.0);
        let bar = Rect::from_min_size(self.grid.right_top() + vec2(theme::UNIT, 0.0), vec2(BAR_WIDTH, height));
        let painter = ui.painter();
        for step in 0..STEPS {
            let share = (step as f32 + 0.5) / STEPS as f32;
            let top = bar.bottom() - (step + 1) as f32 / STEPS as f32 * height;
            let part = Rect::from_min_size(pos2(bar.left(), top), vec2(BAR_WIDTH, height / STEPS as f32 + 0.5));
            painter.rect_filled(part, 0.0, colour(share));
        }
        let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
        let weak = ui.visuals().weak_text_color();
        let beside = |y: f32| pos2(bar.right() + 4.0, y);
        painter.text(beside(bar.top()), Align2::LEFT_TOP, ends[0], font.clone(), weak);
        painter.text(beside(bar.bottom()), Align2::LEFT_BOTTOM, ends[1], font, weak);
        let small = FontId::proportional(theme::SMALL_SIZE - 1.0);
        painter.text(beside(bar.center().y), Align2::LEFT_CENTER, unit, small, weak);
    }

    /// Arrows move `focus` from cell to cell. Returns the cell that Enter opened.
    pub fn keys(&self, ui: &Ui, response: &Response, focus: &mut (usize, usize)) -> Option<(usize, usize)> {
        if !response.has_focus() || self.classes == 0 {
            return None;
        }
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let moved = |back: Key, on: Key, at: usize| {
            let pressed = |key| ui.input(|input| input.key_pressed(key));
            (at + usize::from(pressed(on))).saturating_sub(usize::from(pressed(back))).min(self.classes - 1)
        };
        focus.0 = moved(Key::ArrowUp, Key::ArrowDown, focus.0);
        focus.1 = moved(Key::ArrowLeft, Key::ArrowRight, focus.1);
        self.outline(ui.painter(), *focus, Stroke::new(2.0, theme::accent(ui.visuals().dark_mode)));
        ui.input(|input| input.key_pressed(Key::Enter)).then_some(*focus)
    }
}

/// Black or white, whichever can be read.
pub fn ink_on(fill: Color32) -> Color32 {
    let luminance = 0.299 * f32::from(fill.r()) + 0.587 * f32::from(fill.g()) + 0.114 * f32::from(fill.b());
    if luminance > 140.0 { Color32::BLACK } else { Color32::WHITE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_in_a_cell_a_row_a_column_or_nowhere() {
        let grid = Rect::from_min_size(pos2(36.0, 36.0), vec2(30.0, 30.0));
        let cells = Cells { grid, cell: 10.0, classes: 3 };
        assert_eq!(cells.at(pos2(57.0, 37.0)), Some(Place::Cell { row: 0, column: 2 }));
        assert_eq!(cells.at(pos2(5.0, 65.0)), Some(Place::Row(2)));
        assert_eq!(cells.at(pos2(47.0, 5.0)), Some(Place::Column(1)));
        assert_eq!(cells.at(pos2(70.0, 40.0)), None, "the colour bar");
        assert_eq!(cells.at(pos2(5.0, 5.0)), None, "the corner");
        assert!(cells.rect((0, 2)).contains(pos2(57.0, 37.0)));
    }

    #[test]
    fn any_number_of_classes_has_its_place() {
        assert_eq!(size_within(vec2(500.0, 336.0), 10), vec2(36.0 + 300.0 + 58.0, 336.0));
        assert_eq!(size_within(vec2(500.0, 336.0), 100), vec2(394.0, 336.0));
        assert!(size_within(vec2(10.0, 10.0), 100).y > 36.0);
        assert!(size_within(vec2(10.0, 10.0), 0).is_finite());
    }
}
