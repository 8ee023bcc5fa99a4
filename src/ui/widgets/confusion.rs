//! A confusion matrix: true classes down, predictions across.

use super::probabilities::class_name;
use crate::train::Evaluation;
use crate::ui::theme;
use egui::{Align2, Color32, FontId, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

const MARGIN: f32 = 28.0;
const SMALLEST_CELL: f32 = 8.0;
const LARGEST_CELL: f32 = 30.0;
/// Cells below this have no room for a number.
const CELL_WITH_TEXT: f32 = 17.0;

/// Counts; errors are coloured by their share of the largest error, the right predictions are outlined only.
pub fn confusion(ui: &mut Ui, evaluation: &Evaluation, names: &[String]) -> Response {
    let classes = evaluation.confusion.len().max(1);
    let room = ui.available_size() - vec2(MARGIN, MARGIN);
    let cell = (room.x.min(room.y) / classes as f32).floor().clamp(SMALLEST_CELL, LARGEST_CELL);
    let side = cell * classes as f32;
    let (rect, response) = ui.allocate_exact_size(vec2(MARGIN + side, MARGIN + side), Sense::hover());
    if ui.is_rect_visible(rect) {
        let grid = Rect::from_min_size(rect.min + vec2(MARGIN, MARGIN), vec2(side, side));
        paint_names(ui, grid, cell, classes, names);
        paint_cells(ui, grid, cell, evaluation);
    }
    let hovered = response.hover_pos().and_then(|pointer| {
        let place = (pointer - rect.min - vec2(MARGIN, MARGIN)) / cell;
        let inside = |value: f32| (value >= 0.0 && value < classes as f32).then_some(value as usize);
        Some((inside(place.y)?, inside(place.x)?))
    });
    match hovered {
        Some((truth, predicted)) => {
            let text = describe(evaluation, names, truth, predicted);
            response.on_hover_text_at_pointer(text)
        }
        None => response,
    }
}

fn describe(evaluation: &Evaluation, names: &[String], truth: usize, predicted: usize) -> String {
    let count = evaluation.confusion[truth][predicted];
    let all: u32 = evaluation.confusion[truth].iter().sum();
    let (truth, predicted) = (class_name(names, truth), class_name(names, predicted));
    format!("{count} of {all} images of {truth} taken for {predicted}")
}

fn paint_names(ui: &Ui, grid: Rect, cell: f32, classes: usize, names: &[String]) {
    let font = FontId::proportional(theme::SMALL_SIZE);
    let colour = ui.visuals().weak_text_color();
    let painter = ui.painter();
    for class in 0..classes {
        let name: String = class_name(names, class).chars().take(3).collect();
        let middle = (class as f32 + 0.5) * cell;
        painter.text(pos2(grid.left() - 4.0, grid.top() + middle), Align2::RIGHT_CENTER, &name, font.clone(), colour);
        painter.text(pos2(grid.left() + middle, grid.top() - 3.0), Align2::CENTER_BOTTOM, &name, font.clone(), colour);
    }
}

fn paint_cells(ui: &Ui, grid: Rect, cell: f32, evaluation: &Evaluation) {
    let largest_error = largest_error(&evaluation.confusion);
    let font = FontId::monospace((cell * 0.45).clamp(8.0, theme::SMALL_SIZE));
    let (text, border) = (ui.visuals().text_color(), theme::border(ui.visuals().dark_mode));
    let painter = ui.painter();
    painter.rect_stroke(grid, 0.0, Stroke::new(1.0, border), StrokeKind::Outside);
    for (truth, row) in evaluation.confusion.iter().enumerate() {
        for (predicted, &count) in row.iter().enumerate() {
            let corner = grid.min + vec2(predicted as f32, truth as f32) * cell;
            let rect = Rect::from_min_size(corner, vec2(cell, cell)).shrink(0.5);
            let mut ink = text;
            if truth == predicted {
                painter.rect_stroke(rect, 0.0, Stroke::new(1.0, border), StrokeKind::Inside);
            } else if count > 0 {
                let fill = theme::sequential(0.15 + 0.85 * count as f32 / largest_error.max(1) as f32);
                painter.rect_filled(rect, 0.0, fill);
                ink = ink_on(fill);
            }
            if count > 0 && cell >= CELL_WITH_TEXT {
                painter.text(rect.center(), Align2::CENTER_CENTER, count, font.clone(), ink);
            }
        }
    }
}

fn largest_error(confusion: &[Vec<u32>]) -> u32 {
    let errors = confusion.iter().enumerate().flat_map(|(truth, row)| {
        row.iter().enumerate().filter(move |(predicted, _)| *predicted != truth).map(|(_, count)| *count)
    });
    errors.max().unwrap_or(0)
}

/// Black or white, whichever can be read.
fn ink_on(fill: Color32) -> Color32 {
    let luminance = 0.299 * f32::from(fill.r()) + 0.587 * f32::from(fill.g()) + 0.114 * f32::from(fill.b());
    if luminance > 140.0 { Color32::BLACK } else { Color32::WHITE }
}
