//! A confusion matrix: true classes down, predictions across. A cell, a row or a column is clicked to see its images.

use super::format;
use super::probabilities::class_name;
use crate::train::Evaluation;
use crate::ui::theme;
use egui::{
    Align2, Color32, ColorImage, FontId, Key, Painter, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind,
    TextureHandle, TextureId, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const MARGIN: f32 = 36.0;
const BAR_WIDTH: f32 = 8.0;
const BAR_ROOM: f32 = 58.0;
const LARGEST_CELL: f32 = 40.0;
/// Cells below these have no room for a number, or for the name of their class.
const CELL_WITH_TEXT: f32 = 17.0;
const CELL_WITH_NAME: f32 = 11.0;
/// Below this the diagonal is one line.
const CELL_WITH_OUTLINE: f32 = 4.0;
const LONGEST_NAME: usize = 5;
/// Of the colour scale.
const STEPS: usize = 24;

/// What the colours and numbers stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalised {
    /// Images; errors are coloured by their share of the largest error, right answers are outlined only.
    #[default]
    No,
    /// Shares of the images of the true class: each row adds up to one.
    ByRow,
}

/// What was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clicked {
    Cell { truth: usize, predicted: usize },
    Truth(usize),
    Predicted(usize),
}

/// The colours of a matrix, kept until it changes; where the keys have got to.
#[derive(Default)]
pub struct ConfusionView {
    shown: Option<Shown>,
    focus: (usize, usize),
}

/// What does not change between frames.
struct Shown {
    /// Held, so that no other can come to lie at the same address.
    evaluation: Arc<Evaluation>,
    normalised: Normalised,
    look: (bool, theme::Look),
    /// One texel a cell.
    texture: TextureHandle,
    /// What the brightest colour stands for.
    largest: f32,
}

struct Matrix<'a> {
    evaluation: &'a Evaluation,
    names: &'a [String],
    normalised: Normalised,
    grid: Rect,
    cell: f32,
    /// What the brightest colour stands for.
    largest: f32,
}

impl ConfusionView {
    /// `marked` is the cell whose images are shown elsewhere.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        evaluation: &Arc<Evaluation>,
        names: &[String],
        normalised: Normalised,
        marked: Option<(usize, usize)>,
    ) -> Option<Clicked> {
        let classes = evaluation.confusion.len().max(1);
        let room = ui.available_size() - vec2(MARGIN + BAR_ROOM, MARGIN);
        let cell = room.x.min(room.y) / classes as f32;
        let cell = if cell >= 1.0 { cell.floor().min(LARGEST_CELL) } else { cell.max(0.5) };
        let side = cell * classes as f32;
        let (rect, response) = ui.allocate_exact_size(vec2(MARGIN + side + BAR_ROOM, MARGIN + side), Sense::click());
        let (row, column) = (self.focus.0.min(classes - 1), self.focus.1.min(classes - 1));
        response.widget_info(|| {
            let text = describe(evaluation, names, row, column);
            WidgetInfo::labeled(Role::Figure, true, format!("Confusion matrix, {text}"))
        });
        let grid = Rect::from_min_size(rect.min + vec2(MARGIN, MARGIN), vec2(side, side));
        let (texture, largest) = self.colours(ui, evaluation, normalised);
        let matrix = Matrix { evaluation, names, normalised, grid, cell, largest };
        if ui.is_rect_visible(rect) {
            ui.painter().image(texture, grid, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
            matrix.paint(ui, marked);
        }
        let chosen = self.keys(ui, &response, classes);
        if response.has_focus() {
            matrix.outline(ui.painter(), self.focus, Stroke::new(2.0, theme::accent(ui.visuals().dark_mode)));
        }
        let place = response.hover_pos().and_then(|pointer| matrix.at(pointer));
        let clicked = place.filter(|_| response.clicked());
        if let Some(place) = place {
            response.on_hover_text_at_pointer(matrix.tooltip(place));
        }
        clicked.or(chosen)
    }

    /// The colours, one texel a cell, and what the brightest stands for.
    fn colours(&mut self, ui: &Ui, evaluation: &Arc<Evaluation>, normalised: Normalised) -> (TextureId, f32) {
        let look = (ui.visuals().dark_mode, theme::look());
        let is_same = |shown: &Shown| {
            Arc::ptr_eq(&shown.evaluation, evaluation) && (shown.normalised, shown.look) == (normalised, look)
        };
        if let Some(shown) = self.shown.as_ref().filter(|shown| is_same(shown)) {
            return (shown.texture.id(), shown.largest);
        }
        let largest = largest(evaluation, normalised);
        let texture =
            ui.ctx().load_texture("confusion", picture(evaluation, normalised, largest), TextureOptions::NEAREST);
        let id = texture.id();
        self.shown = Some(Shown { evaluation: Arc::clone(evaluation), normalised, look, texture, largest });
        (id, largest)
    }

    /// Arrows move from cell to cell, Enter opens one.
    fn keys(&mut self, ui: &Ui, response: &Response, classes: usize) -> Option<Clicked> {
        if !response.has_focus() {
            return None;
        }
        let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let moved = |back: Key, on: Key, at: usize| {
            let pressed = |key| ui.input(|input| input.key_pressed(key));
            (at + usize::from(pressed(on))).saturating_sub(usize::from(pressed(back))).min(classes - 1)
        };
        self.focus.0 = moved(Key::ArrowUp, Key::ArrowDown, self.focus.0);
        self.focus.1 = moved(Key::ArrowLeft, Key::ArrowRight, self.focus.1);
        let (truth, predicted) = self.focus;
        ui.input(|input| input.key_pressed(Key::Enter)).then_some(Clicked::Cell { truth, predicted })
    }
}

impl Matrix<'_> {
    fn at(&self, pointer: Pos2) -> Option<Clicked> {
        let classes = self.evaluation.confusion.len();
        let place = (pointer - self.grid.min) / self.cell;
        let inside = |value: f32| (value >= 0.0 && value < classes as f32).then_some(value as usize);
        match (inside(place.y), inside(place.x)) {
            (Some(truth), Some(predicted)) => Some(Clicked::Cell { truth, predicted }),
            (Some(truth), None) if place.x < 0.0 => Some(Clicked::Truth(truth)),
            (None, Some(predicted)) if place.y < 0.0 => Some(Clicked::Predicted(predicted)),
            _ => None,
        }
    }

    fn tooltip(&self, place: Clicked) -> String {
        match place {
            Clicked::Cell { truth, predicted } => {
                format!("{}. Click to see them.", describe(self.evaluation, self.names, truth, predicted))
            }
            Clicked::Truth(class) => {
                format!("Images of {}: click to see those not recognised", class_name(self.names, class))
            }
            Clicked::Predicted(class) => {
                format!("Predicted {}: click to see those wrongly taken for it", class_name(self.names, class))
            }
        }
    }

    fn paint(&self, ui: &Ui, marked: Option<(usize, usize)>) {
        let dark = ui.visuals().dark_mode;
        let border = Stroke::new(1.0, theme::border(dark));
        let painter = ui.painter();
        painter.rect_stroke(self.grid, 0.0, border, StrokeKind::Outside);
        if self.cell >= CELL_WITH_OUTLINE {
            for class in 0..self.evaluation.confusion.len() {
                self.outline(painter, (class, class), border);
            }
        } else {
            painter.line_segment([self.grid.left_top(), self.grid.right_bottom()], border);
        }
        if self.cell >= CELL_WITH_NAME {
            self.paint_names(ui);
        }
        if self.cell >= CELL_WITH_TEXT {
            self.paint_numbers(ui);
        }
        if let Some(marked) = marked {
            self.outline(painter, marked, Stroke::new(2.0, theme::accent(dark)));
        }
        self.paint_bar(ui);
    }

    fn outline(&self, painter: &Painter, (truth, predicted): (usize, usize), stroke: Stroke) {
        let corner = self.grid.min + vec2(predicted as f32, truth as f32) * self.cell;
        painter.rect_stroke(Rect::from_min_size(corner, vec2(self.cell, self.cell)), 0.0, stroke, StrokeKind::Inside);
    }

    fn paint_names(&self, ui: &Ui) {
        let font = FontId::proportional(theme::SMALL_SIZE);
        let colour = ui.visuals().weak_text_color();
        for class in 0..self.evaluation.confusion.len() {
            let name: String = class_name(self.names, class).chars().take(LONGEST_NAME).collect();
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

    fn paint_numbers(&self, ui: &Ui) {
        let font = FontId::monospace((self.cell * 0.4).clamp(8.0, theme::SMALL_SIZE));
        let scale = self.largest;
        let panel = ui.visuals().panel_fill;
        for (truth, row) in self.evaluation.confusion.iter().enumerate() {
            let all: u32 = row.iter().sum();
            for (predicted, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                let middle = self.grid.min + vec2(predicted as f32 + 0.5, truth as f32 + 0.5) * self.cell;
                let fill = fill(value(count, all, self.normalised), scale, truth == predicted, self.normalised);
                let text = match self.normalised {
                    Normalised::No => count.to_string(),
                    Normalised::ByRow => format!("{:.0}", 100.0 * f64::from(count) / f64::from(all.max(1))),
                };
                let ink = ink_on(fill.unwrap_or(panel));
                ui.painter().text(middle, Align2::CENTER_CENTER, text, font.clone(), ink);
            }
        }
    }

    /// The colour scale, and what it is a scale of.
    fn paint_bar(&self, ui: &Ui) {
        let height = self.grid.height().min(120.0);
        let bar = Rect::from_min_size(self.grid.right_top() + vec2(theme::UNIT, 0.0), vec2(BAR_WIDTH, height));
        let painter = ui.painter();
        for step in 0..STEPS {
            let share = (step as f32 + 0.5) / STEPS as f32;
            let top = bar.bottom() - (step + 1) as f32 / STEPS as f32 * height;
            let part = Rect::from_min_size(pos2(bar.left(), top), vec2(BAR_WIDTH, height / STEPS as f32 + 0.5));
            painter.rect_filled(part, 0.0, shade(share));
        }
        let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
        let weak = ui.visuals().weak_text_color();
        let most = self.largest;
        let (most, least, unit) = match self.normalised {
            Normalised::No => (format::count(most as u64), "1".to_owned(), "errors"),
            Normalised::ByRow => ("100%".to_owned(), "0%".to_owned(), "of row"),
        };
        let beside = |y: f32| pos2(bar.right() + 4.0, y);
        painter.text(beside(bar.top()), Align2::LEFT_TOP, most, font.clone(), weak);
        painter.text(beside(bar.bottom()), Align2::LEFT_BOTTOM, least, font, weak);
        let small = FontId::proportional(theme::SMALL_SIZE - 1.0);
        painter.text(beside(bar.center().y), Align2::LEFT_CENTER, unit, small, weak);
    }
}

fn describe(evaluation: &Evaluation, names: &[String], truth: usize, predicted: usize) -> String {
    let row = evaluation.confusion.get(truth).map_or(&[][..], Vec::as_slice);
    let (count, all) = (row.get(predicted).copied().unwrap_or(0), row.iter().sum::<u32>());
    let share = format::percent(f64::from(count) / f64::from(all.max(1)));
    let (truth, predicted) = (class_name(names, truth), class_name(names, predicted));
    format!("{count} of {all} images of {truth} ({share}) taken for {predicted}")
}

fn value(count: u32, all: u32, normalised: Normalised) -> f32 {
    match normalised {
        Normalised::No => count as f32,
        Normalised::ByRow => count as f32 / all.max(1) as f32,
    }
}

/// What the brightest colour stands for.
fn largest(evaluation: &Evaluation, normalised: Normalised) -> f32 {
    if normalised == Normalised::ByRow {
        return 1.0;
    }
    let errors = evaluation.confusion.iter().enumerate().flat_map(|(truth, row)| {
        row.iter().enumerate().filter(move |(predicted, _)| *predicted != truth).map(|(_, count)| *count)
    });
    errors.max().unwrap_or(0).max(1) as f32
}

/// Black or white, whichever can be read.
fn ink_on(fill: Color32) -> Color32 {
    let luminance = 0.299 * f32::from(fill.r()) + 0.587 * f32::from(fill.g()) + 0.114 * f32::from(fill.b());
    if luminance > 140.0 { Color32::BLACK } else { Color32::WHITE }
}

fn shade(share: f32) -> Color32 {
    theme::sequential(0.15 + 0.85 * share)
}

/// None where the ground is to be seen: no image, or right answers that are only counted.
fn fill(value: f32, largest: f32, is_right: bool, normalised: Normalised) -> Option<Color32> {
    let is_coloured = value > 0.0 && (!is_right || normalised == Normalised::ByRow);
    is_coloured.then(|| shade(value / largest))
}

fn picture(evaluation: &Evaluation, normalised: Normalised, most: f32) -> ColorImage {
    let classes = evaluation.confusion.len();
    let mut picture = ColorImage::filled([classes.max(1), classes.max(1)], Color32::TRANSPARENT);
    for (truth, row) in evaluation.confusion.iter().enumerate() {
        let all: u32 = row.iter().sum();
        for (predicted, &count) in row.iter().enumerate() {
            if let Some(colour) = fill(value(count, all, normalised), most, truth == predicted, normalised) {
                picture[(predicted, truth)] = colour;
            }
        }
    }
    picture
}
