//! What the network gets right and wrong: errors, figures by class, the confusion matrix.

use super::LabContext;
use crate::train::Evaluation;
use crate::ui::app::{Action, RunRecord};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{confusion::confusion, empty::empty, format, probabilities::class_name};
use egui::{RichText, ScrollArea, Ui};
use std::sync::Arc;

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct ResultsView;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, _: &mut ResultsView) {
    let Some((run, evaluation, split)) = latest(context) else {
        let text =
            "Errors by class appear here after the first epoch, on validation images; after the last, on test images.";
        let train = Action::StepEpoch.hint(ui.ctx());
        if empty(ui, icon::FLAG, text, Some(("Train one epoch", &train))) {
            context.actions.push(Action::StepEpoch);
        }
        return;
    };
    headline(ui, run, &evaluation, split);
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            confusion(ui, &evaluation, run.class_names());
            ui.add_space(theme::UNIT);
            ui.vertical(|ui| figures(ui, &evaluation, run.class_names()));
        });
    });
}

/// On test images once they were looked at, on validation images before.
fn latest<'a>(context: &'a LabContext<'_>) -> Option<(&'a RunRecord, Arc<Evaluation>, &'static str)> {
    let run = context.session.current()?;
    let test = run.test.as_ref().map(|test| (test, "test"));
    let (evaluation, split) = test.or_else(|| Some((run.validation.as_ref()?, "validation")))?;
    Some((run, Arc::clone(evaluation), split))
}

/// The confusion matrix, a cell a row.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let (run, evaluation, split) = latest(context)?;
    let mut records = Records::new(["run", "step", "split", "label", "predicted", "images"]);
    for (truth, row) in evaluation.confusion.iter().enumerate() {
        for (predicted, count) in row.iter().enumerate() {
            let class = |class| class_name(run.class_names(), class);
            records.push([
                run.name.clone(),
                run.step.to_string(),
                split.to_owned(),
                class(truth),
                class(predicted),
                count.to_string(),
            ]);
        }
    }
    Some(records)
}

fn headline(ui: &mut Ui, run: &RunRecord, evaluation: &Evaluation, split: &str) {
    ui.horizontal(|ui| {
        let text = format!(
            "{} {split} errors of {}",
            format::count(evaluation.errors as u64),
            format::count(evaluation.examples as u64)
        );
        ui.label(theme::title(text)).on_hover_text(match split {
            "test" => "The test images are looked at once, after the last epoch",
            _ => "Images held out of the training set; every choice is made on these",
        });
        let mut text = format!(
            "{} right   loss {} nats   calibration error {}",
            format::percent(evaluation.accuracy),
            theme::figures(evaluation.loss),
            format::percent(evaluation.calibration_error)
        );
        if let Some(seconds) = run.seconds {
            text = format!("{text}   trained in {}", format::duration(seconds));
        }
        ui.add(egui::Label::new(RichText::new(text).small().weak()).truncate())
            .on_hover_text("Expected calibration error over 15 bins of confidence (Guo et al. 2017, equation 5)");
    });
}

const COLUMNS: [Column; 5] = [
    Column::text("Class", 48.0, "The true class"),
    Column::number("Images", 44.0, "How many images of the class were looked at"),
    Column::number("Precision", 52.0, "Of the images taken for this class, the share that are of it"),
    Column::number("Recall", 52.0, "Of the images of this class, the share that were recognised"),
    Column::number("F1", 52.0, "Harmonic mean of precision and recall"),
];

fn figures(ui: &mut Ui, evaluation: &Evaluation, names: &[String]) {
    let mut table = Table::begin(ui, &COLUMNS);
    let text = ui.visuals().text_color();
    for (class, figures) in evaluation.classes.iter().enumerate() {
        let name = class_name(names, class);
        let row = table.row(ui, || format!("{name}: recall {}", format::percent(figures.recall)));
        row.text(ui, 0, &name, text);
        row.text(ui, 1, format::count(u64::from(figures.examples)), text);
        for (index, share) in [figures.precision, figures.recall, figures.f1].into_iter().enumerate() {
            row.text(ui, index + 2, format::percent(share), text);
        }
    }
}
