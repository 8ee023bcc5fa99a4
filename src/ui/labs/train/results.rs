//! What the network gets right and wrong: errors, the confusion matrix, figures by class.

use super::LabContext;
use super::evaluated::{Evaluated, EvaluatedView, Filter, nothing_yet};
use crate::experiments::HeldOut;
use crate::train::{ClassFigures, Evaluation};
use crate::ui::export::{Figure, Records};
use crate::ui::theme;
use crate::ui::widgets::confusion::{Clicked, ConfusionView, Normalised};
use crate::ui::widgets::table::{Column, ROW_HEIGHT, Sorting, Table};
use crate::ui::widgets::{format, probabilities::class_name};
use egui::{Button, Label, Rect, RichText, ScrollArea, Ui, vec2};
use std::sync::Arc;

/// Of the table beside the matrix; in less room it comes below.
const TABLE_WIDTH: f32 = 34.0 * theme::UNIT;
const LEAST_MATRIX: f32 = 24.0 * theme::UNIT;

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct ResultsView {
    matrix: ConfusionView,
    normalised: Normalised,
    sorting: Sorting<usize>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ResultsView, shared: &mut EvaluatedView) {
    let Some(found) = shared.find(context) else {
        nothing_yet(ui, context, "Errors by class appear here", "Results");
        return;
    };
    headline(ui, &found);
    let (evaluation, names) = (Arc::clone(&found.evaluation), found.run.class_names().to_vec());
    ui.horizontal_wrapped(|ui| {
        for (value, text, tooltip) in [
            (Normalised::No, "counts", "How many images are in each cell; errors are coloured by their number"),
            (Normalised::ByRow, "by row", "Shares of the images of the true class, in percent"),
        ] {
            let button = ui.add(Button::selectable(view.normalised == value, RichText::new(text).small()));
            if button.on_hover_text(tooltip).accessible_name(format!("Confusion {text}")).clicked() {
                view.normalised = value;
            }
        }
        shared.choose(ui, context, "Results");
    });
    let filter =
        ScrollArea::both().auto_shrink(false).show(ui, |ui| body(ui, view, shared.filter, &evaluation, &names));
    if let Some(filter) = filter.inner {
        shared.open(context, filter);
    }
}

fn headline(ui: &mut Ui, found: &Evaluated<'_>) {
    let (evaluation, run) = (&found.evaluation, found.run);
    let split = found.split.name();
    ui.horizontal(|ui| {
        let text = format!(
            "{} {split} errors of {}",
            format::count(evaluation.errors as u64),
            format::count(evaluation.examples as u64)
        );
        ui.label(theme::title(text)).on_hover_text(match found.split {
            HeldOut::Test => "The test images are looked at once, after the last epoch",
            HeldOut::Validation => "Images held out of the training set; every choice is made on these",
        });
        let mut text = format!(
            "at step {}   {} right   loss {} nats   calibration error {}",
            format::count(evaluation.step),
            format::percent(evaluation.accuracy),
            theme::figures(evaluation.loss),
            format::percent(evaluation.calibration_error)
        );
        if let Some(seconds) = run.seconds {
            text = format!("{text}   trained in {}", format::duration(seconds));
        }
        ui.add(Label::new(RichText::new(text).small().weak()).truncate())
            .on_hover_text("Expected calibration error over 15 bins of confidence (Guo et al. 2017)");
    });
}

/// The matrix, and the table beside it or below. Returns what is to be opened.
fn body(
    ui: &mut Ui,
    view: &mut ResultsView,
    filter: Filter,
    evaluation: &Arc<Evaluation>,
    names: &[String],
) -> Option<Filter> {
    let marked = if let Filter::Cell { truth, predicted } = filter { Some((truth, predicted)) } else { None };
    let room = ui.available_size();
    let is_wide = room.x >= TABLE_WIDTH + LEAST_MATRIX;
    let mut opened = None;
    let mut matrix = |ui: &mut Ui, view: &mut ResultsView| {
        let width = if is_wide { room.x - TABLE_WIDTH - theme::UNIT } else { room.x };
        let height = room.y.max(LEAST_MATRIX).min(width.max(LEAST_MATRIX));
        ui.allocate_ui(vec2(width, height), |ui| {
            let figure = Figure::begin(ui, "Confusion matrix");
            let top = ui.cursor().min;
            let clicked = view.matrix.show(ui, evaluation, names, view.normalised, marked);
            figure.end(ui, Rect::from_min_max(top, ui.min_rect().max), || Some(matrix_records(evaluation, names)));
            opened = clicked.map(|clicked| match clicked {
                Clicked::Cell { truth, predicted } => Filter::Cell { truth, predicted },
                Clicked::Truth(class) => Filter::Of(class),
                Clicked::Predicted(class) => Filter::For(class),
            });
        });
    };
    let mut of_class = None;
    if is_wide {
        ui.horizontal_top(|ui| {
            matrix(ui, view);
            ui.vertical(|ui| of_class = classes(ui, view, evaluation, names));
        });
    } else {
        ui.vertical(|ui| {
            matrix(ui, view);
            of_class = classes(ui, view, evaluation, names);
        });
    }
    opened.or(of_class.map(Filter::Of))
}

const COLUMNS: [Column; 5] = [
    Column::text("Class", 48.0, "The true class"),
    Column::number("Images", 44.0, "How many images of the class were looked at"),
    Column::number("Precision", 54.0, "Of the images taken for this class, the share that are of it"),
    Column::number("Recall", 50.0, "Of the images of this class, the share that were recognised"),
    Column::number("F1", 46.0, "Harmonic mean of precision and recall"),
];

/// Figures by class. Returns the class whose name was clicked.
fn classes(ui: &mut Ui, view: &mut ResultsView, evaluation: &Evaluation, names: &[String]) -> Option<usize> {
    let mut order: Vec<usize> = (0..evaluation.classes.len()).collect();
    if let Some(column) = view.sorting.column {
        let value = |class: &usize| column_value(&evaluation.classes[*class], *class, column);
        order.sort_by(|a, b| value(a).total_cmp(&value(b)));
        if view.sorting.descending {
            order.reverse();
        }
    }
    let mut table = Table::untitled(ui, &COLUMNS);
    let (titles, _) = ui.allocate_exact_size(vec2(TABLE_WIDTH, ROW_HEIGHT), egui::Sense::hover());
    let sorted = view.sorting.column.map(|column| (column, view.sorting.descending));
    if let Some(column) = table.sortable_titles(ui, titles, sorted) {
        view.sorting.click(column);
    }
    let text = ui.visuals().text_color();
    let mut clicked = None;
    let seen = in_sight(ui, order.len());
    table.skip(ui, seen.start);
    for &class in &order[seen.clone()] {
        let (name, figures) = (class_name(names, class), &evaluation.classes[class]);
        let row = table.row(ui, || format!("{name}: recall {}", format::percent(figures.recall)));
        let button = row.put(ui, 0, Button::new(RichText::new(&name)).frame(false).small().truncate());
        let button = button.on_hover_text("Click to see the images of this class that were not recognised");
        if button.accessible_name(format!("Mistakes of class {name}")).clicked() {
            clicked = Some(class);
        }
        row.text(ui, 1, format::count(u64::from(figures.examples)), text);
        for (index, share) in [figures.precision, figures.recall, figures.f1].into_iter().enumerate() {
            row.text(ui, index + 2, format::percent(share), text);
        }
    }
    table.skip(ui, order.len() - seen.end);
    clicked
}

/// Of `count` rows from here on, those that can be seen: there may be thousands of classes.
fn in_sight(ui: &Ui, count: usize) -> std::ops::Range<usize> {
    let top = ui.cursor().top();
    let row = |y: f32| ((y - top) / ROW_HEIGHT).max(0.0);
    let (first, last) = (row(ui.clip_rect().top()) as usize, row(ui.clip_rect().bottom()).ceil() as usize);
    first.min(count)..last.clamp(first.min(count), count)
}

fn column_value(figures: &ClassFigures, class: usize, column: usize) -> f64 {
    match column {
        0 => class as f64,
        1 => f64::from(figures.examples),
        2 => figures.precision,
        3 => figures.recall,
        _ => figures.f1,
    }
}

fn matrix_records(evaluation: &Evaluation, names: &[String]) -> Records {
    let mut records = Records::new(["step", "label", "predicted", "images"]);
    for (truth, row) in evaluation.confusion.iter().enumerate() {
        for (predicted, count) in row.iter().enumerate() {
            let [truth, predicted] = [truth, predicted].map(|class| class_name(names, class));
            records.push([evaluation.step.to_string(), truth, predicted, count.to_string()]);
        }
    }
    records
}

/// Figures by class, a class a row.
pub(super) fn records(context: &LabContext<'_>, shared: &EvaluatedView) -> Option<Records> {
    let Evaluated { run, evaluation, split } = shared.find(context)?;
    let mut records = Records::new(["run", "step", "split", "class", "images", "precision", "recall", "f1"]);
    for (class, figures) in evaluation.classes.iter().enumerate() {
        records.push([
            run.name.clone(),
            evaluation.step.to_string(),
            split.name().to_owned(),
            class_name(run.class_names(), class),
            figures.examples.to_string(),
            figures.precision.to_string(),
            figures.recall.to_string(),
            figures.f1.to_string(),
        ]);
    }
    Some(records)
}
