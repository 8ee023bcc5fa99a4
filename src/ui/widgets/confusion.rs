//! A confusion matrix: true classes down, predictions across. A cell, a row or a column is clicked to see its images.

use super::cells::{Cells, Place, ink_on};
use super::format;
use super::probabilities::class_name;
use crate::train::Evaluation;
use crate::ui::theme;
use egui::{
    Align2, Color32, ColorImage, FontId, Pos2, Rect, Role, Stroke, TextureHandle, TextureId, TextureOptions, Ui,
    WidgetInfo, pos2,
};
use std::sync::Arc;

/// Cells below this have no room for a number.
const CELL_WITH_TEXT: f32 = 17.0;

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
    cells: Cells,
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
        let (cells, rect, response) = Cells::allocate(ui, classes);
        let (row, column) = (self.focus.0.min(classes - 1), self.focus.1.min(classes - 1));
        response.widget_info(|| {
            let text = describe(evaluation, names, row, column);
            WidgetInfo::labeled(Role::Figure, true, format!("Confusion matrix, {text}"))
        });
        let (texture, largest) = self.colours(ui, evaluation, normalised);
        let matrix = Matrix { evaluation, names, normalised, cells, largest };
        if ui.is_rect_visible(rect) {
            let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter().image(texture, cells.grid, whole, Color32::WHITE);
            matrix.paint(ui, marked);
        }
        let chosen = cells.keys(ui, &response, &mut self.focus);
        let place = response.hover_pos().and_then(|pointer| cells.at(pointer)).map(Clicked::from);
        let clicked = place.filter(|_| response.clicked());
        if let Some(place) = place {
            response.on_hover_text_at_pointer(matrix.tooltip(place));
        }
        clicked.or(chosen.map(|(truth, predicted)| Clicked::Cell { truth, predicted }))
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
}

impl From<Place> for Clicked {
    fn from(place: Place) -> Self {
        match place {
            Place::Cell { row, column } => Self::Cell { truth: row, predicted: column },
            Place::Row(truth) => Self::Truth(truth),
            Place::Column(predicted) => Self::Predicted(predicted),
        }
    }
}

impl Matrix<'_> {
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
        self.cells.paint(ui, self.names);
        if self.cells.cell >= CELL_WITH_TEXT {
            self.paint_numbers(ui);
        }
        if let Some(marked) = marked {
            let stroke = Stroke::new(2.0, theme::accent(ui.visuals().dark_mode));
            self.cells.outline(ui.painter(), marked, stroke);
        }
        let (most, least, unit) = match self.normalised {
            Normalised::No => (format::count(self.largest as u64), "1", "errors"),
            Normalised::ByRow => ("100%".to_owned(), "0%", "of row"),
        };
        self.cells.paint_bar(ui, shade, [&most, least], unit);
    }

    fn paint_numbers(&self, ui: &Ui) {
        let font = FontId::monospace((self.cells.cell * 0.4).clamp(8.0, theme::SMALL_SIZE));
        let scale = self.largest;
        let panel = ui.visuals().panel_fill;
        for (truth, row) in self.evaluation.confusion.iter().enumerate() {
            let all: u32 = row.iter().sum();
            for (predicted, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                let middle = self.cells.rect((truth, predicted)).center();
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
