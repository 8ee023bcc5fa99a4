//! Whether the network is as sure as it is right: the reliability diagram, and how many images are in each bin.

use super::LabContext;
use super::evaluated::{Evaluated, EvaluatedView, Filter, nothing_yet};
use crate::train::{CALIBRATION_BINS, CalibrationBin, Evaluation};
use crate::ui::export::Records;
use crate::ui::theme;
use crate::ui::widgets::format;
use egui::{
    Align2, FontId, Label, Painter, Pos2, Rect, RichText, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2,
};

const AXIS_LEFT: f32 = 38.0;
const AXIS_BOTTOM: f32 = 30.0;
/// Of the bars that count images, as a share of the height.
const COUNTS: f32 = 0.22;
const GAP: f32 = theme::UNIT;
const LARGEST_SIDE: f32 = 60.0 * theme::UNIT;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, shared: &mut EvaluatedView) {
    let Some(found) = shared.find(context) else {
        nothing_yet(ui, context, "How sure the network is against how often it is right appears here", "Calibration");
        return;
    };
    let evaluation = found.evaluation.clone();
    let split = found.split.name();
    ui.horizontal_wrapped(|ui| shared.choose(ui, context, "Calibration"));
    let text = summary(&evaluation, split);
    ui.add(Label::new(RichText::new(text).small().weak()).truncate()).on_hover_text(
        "Expected calibration error: mean gap between confidence and accuracy, weighted by images; maximum: the largest gap \
         (Guo et al. 2017, section 2). 15 bins of equal width.",
    );
    let size = vec2(ui.available_width().min(LARGEST_SIDE), ui.available_height().min(LARGEST_SIDE));
    if let Some(bin) = diagram(ui, &evaluation, size, shared.filter) {
        shared.open(context, Filter::Bin(bin));
    }
}

fn summary(evaluation: &Evaluation, split: &str) -> String {
    let gap = evaluation.mean_confidence() - evaluation.accuracy;
    let verdict = if gap >= 0.0 { "over-confident" } else { "under-confident" };
    format!(
        "{verdict} by {} on {split} images   expected calibration error {}   maximum {}",
        format::percent(gap.abs()),
        format::percent(evaluation.calibration_error),
        format::percent(evaluation.maximum_calibration_error())
    )
}

/// Returns the bin that was clicked.
fn diagram(ui: &mut Ui, evaluation: &Evaluation, size: egui::Vec2, filter: Filter) -> Option<usize> {
    let (rect, response) = ui.allocate_exact_size(size.max(vec2(120.0, 90.0)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Calibration diagram"));
    let inside = Rect::from_min_max(rect.min + vec2(AXIS_LEFT, 4.0), rect.max - vec2(8.0, AXIS_BOTTOM));
    let counts_top = inside.bottom() - COUNTS * inside.height();
    let plot = Rect::from_min_max(inside.min, pos2(inside.right(), counts_top - GAP));
    let counts = Rect::from_min_max(pos2(inside.left(), counts_top), inside.max);
    paint(ui, evaluation, plot, counts, filter);
    let bin = response.hover_pos().filter(|pointer| inside.contains(*pointer)).map(|pointer| {
        let share = (pointer.x - inside.left()) / inside.width();
        ((share * CALIBRATION_BINS as f32) as usize).min(CALIBRATION_BINS - 1)
    });
    let clicked = bin.filter(|_| response.clicked());
    if let Some(bin) = bin {
        response.on_hover_text_at_pointer(describe(bin, &evaluation.calibration[bin]));
    }
    clicked
}

fn describe(bin: usize, found: &CalibrationBin) -> String {
    let edge = |bin: usize| format::percent(bin as f64 / CALIBRATION_BINS as f64);
    let range = format!("confidence {} to {}", edge(bin), edge(bin + 1));
    if found.examples == 0 {
        return format!("{range}: no image");
    }
    format!(
        "{range}: {} images, sure by {}, right {}. Click to see them.",
        format::count(u64::from(found.examples)),
        format::percent(found.confidence),
        format::percent(found.accuracy)
    )
}

fn paint(ui: &Ui, evaluation: &Evaluation, plot: Rect, counts: Rect, filter: Filter) {
    let dark = ui.visuals().dark_mode;
    let painter = ui.painter();
    for area in [plot, counts] {
        painter.rect_filled(area, 2.0, theme::plot_background(dark));
    }
    paint_axes(ui, plot, counts);
    let most = evaluation.calibration.iter().map(|bin| bin.examples).max().unwrap_or(0).max(1);
    let colour = theme::run_colour(0);
    let width = plot.width() / CALIBRATION_BINS as f32;
    for (index, bin) in evaluation.calibration.iter().enumerate().filter(|(_, bin)| bin.examples > 0) {
        let left = plot.left() + index as f32 * width;
        let bar = |area: Rect, from: f32, to: f32| {
            let y = |share: f32| area.bottom() - share.clamp(0.0, 1.0) * area.height();
            Rect::from_two_pos(pos2(left + 1.0, y(from)), pos2(left + width - 1.0, y(to)))
        };
        let (accuracy, confidence) = (bin.accuracy as f32, bin.confidence as f32);
        painter.rect_filled(bar(plot, 0.0, accuracy), 0.0, colour);
        let gap = bar(plot, accuracy, confidence);
        painter.rect_filled(gap, 0.0, ui.visuals().error_fg_color.gamma_multiply(0.25));
        hatch(painter, gap, ui.visuals().error_fg_color);
        painter.rect_filled(bar(counts, 0.0, bin.examples as f32 / most as f32), 0.0, ui.visuals().weak_text_color());
        if filter == Filter::Bin(index) {
            let stroke = Stroke::new(2.0, theme::accent(dark));
            painter.rect_stroke(bar(plot, 0.0, 1.0), 0.0, stroke, egui::StrokeKind::Inside);
        }
    }
    let dashes = Shape::dashed_line(
        &[plot.left_bottom(), plot.right_top()],
        Stroke::new(1.0, ui.visuals().text_color()),
        4.0,
        3.0,
    );
    painter.extend(dashes);
    let font = FontId::proportional(theme::SMALL_SIZE);
    painter.text(
        counts.left_top() + vec2(4.0, 2.0),
        Align2::LEFT_TOP,
        format!("images, most {}", format::count(u64::from(most))),
        font,
        ui.visuals().text_color(),
    );
}

/// Slanted lines, so that the gap is seen without its hue.
fn hatch(painter: &Painter, area: Rect, colour: egui::Color32) {
    let painter = painter.with_clip_rect(area.intersect(painter.clip_rect()));
    let stroke = Stroke::new(1.0, colour.gamma_multiply(0.7));
    let lines = ((area.width() + area.height()) / 5.0) as usize;
    for line in 0..lines.min(200) {
        let x = area.left() - area.height() + line as f32 * 5.0;
        painter.line_segment([pos2(x, area.bottom()), pos2(x + area.height(), area.top())], stroke);
    }
}

fn paint_axes(ui: &Ui, plot: Rect, counts: Rect) {
    let painter = ui.painter();
    let (font, weak) = (FontId::monospace(theme::SMALL_SIZE - 1.0), ui.visuals().weak_text_color());
    let grid = Stroke::new(1.0, theme::border(ui.visuals().dark_mode));
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, y) = (plot.left() + share * plot.width(), plot.bottom() - share * plot.height());
        painter.hline(plot.x_range(), y, grid);
        painter.vline(x, plot.y_range(), grid);
        let text = format!("{:.0}%", share * 100.0);
        painter.text(pos2(plot.left() - 4.0, y), Align2::RIGHT_CENTER, &text, font.clone(), weak);
        painter.text(pos2(x, counts.bottom() + 2.0), Align2::CENTER_TOP, &text, font.clone(), weak);
    }
    let small = FontId::proportional(theme::SMALL_SIZE);
    let below: Pos2 = pos2(counts.center().x, counts.bottom() + 14.0);
    painter.text(below, Align2::CENTER_TOP, "confidence: probability of the predicted class", small.clone(), weak);
    painter.text(
        plot.left_top() + vec2(4.0, 2.0),
        Align2::LEFT_TOP,
        "accuracy; hatched: the gap",
        small,
        ui.visuals().text_color(),
    );
}

/// A bin a row.
pub(super) fn records(context: &LabContext<'_>, shared: &EvaluatedView) -> Option<Records> {
    let Evaluated { run, evaluation, split } = shared.find(context)?;
    let mut records =
        Records::new(["run", "step", "split", "confidence_from", "confidence_to", "images", "confidence", "accuracy"]);
    for (index, bin) in evaluation.calibration.iter().enumerate() {
        let edge = |bin: usize| (bin as f64 / CALIBRATION_BINS as f64).to_string();
        records.push([
            run.name.clone(),
            evaluation.step.to_string(),
            split.name().to_owned(),
            edge(index),
            edge(index + 1),
            bin.examples.to_string(),
            bin.confidence.to_string(),
            bin.accuracy.to_string(),
        ]);
    }
    Some(records)
}
