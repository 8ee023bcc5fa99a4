//! What the network gets right and wrong: errors, figures by class, the confusion matrix.

use super::LabContext;
use crate::train::Evaluation;
use crate::ui::app::{Action, RunRecord};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::{confusion::confusion, empty::empty, format, probabilities::class_name};
use egui::{Grid, RichText, ScrollArea, Ui};

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>) {
    let latest = context.session.current().and_then(|run| {
        let test = run.test.as_ref().map(|test| (test, "test"));
        let (evaluation, split) = test.or_else(|| Some((run.validation.as_ref()?, "validation")))?;
        Some((run, evaluation.clone(), split))
    });
    let Some((run, evaluation, split)) = latest else {
        let text =
            "Errors by class appear here after the first epoch, on validation images; after the last, on test images.";
        let train = Action::StepEpoch.hint(ui.ctx());
        if empty(ui, icon::FLAG, text, Some(("Train one epoch", &train))) {
            context.actions.push(Action::StepEpoch);
        }
        return;
    };
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            confusion(ui, &evaluation, run.class_names());
            ui.add_space(theme::UNIT);
            ui.vertical(|ui| {
                headline(ui, run, &evaluation, split);
                figures(ui, &evaluation, run.class_names());
            });
        });
    });
}

fn headline(ui: &mut Ui, run: &RunRecord, evaluation: &Evaluation, split: &str) {
    let text = format!(
        "{} {split} errors of {}",
        format::count(evaluation.errors as u64),
        format::count(evaluation.examples as u64)
    );
    ui.label(theme::title(text)).on_hover_text(match split {
        "test" => "The test images are looked at once, after the last epoch",
        _ => "Images held out of the training set; every choice is made on these",
    });
    let loss = theme::figures(evaluation.loss);
    let calibration = format::percent(evaluation.calibration_error);
    let figures =
        format!("{} right, loss {loss} nats, calibration error {calibration}", format::percent(evaluation.accuracy));
    ui.label(RichText::new(figures).small().weak())
        .on_hover_text("Expected calibration error over 15 bins of confidence (Guo et al. 2017, equation 5)");
    if let Some(seconds) = run.seconds {
        let text = format!("trained in {} on {}", format::duration(seconds), device(run));
        ui.label(RichText::new(text).small().weak());
    }
}

fn device(run: &RunRecord) -> &str {
    run.started.as_ref().map_or("", |started| started.device.as_str())
}

fn figures(ui: &mut Ui, evaluation: &Evaluation, names: &[String]) {
    Grid::new("class figures").num_columns(5).spacing([2.0 * theme::UNIT, 1.0]).striped(true).show(ui, |ui| {
        for (title, tooltip) in [
            ("Class", "The true class"),
            ("Images", "How many images of the class were looked at"),
            ("Precision", "Of the images taken for this class, the share that are of it"),
            ("Recall", "Of the images of this class, the share that were recognised"),
            ("F1", "Harmonic mean of precision and recall"),
        ] {
            ui.label(RichText::new(title).small().weak()).on_hover_text(tooltip);
        }
        ui.end_row();
        for (class, figures) in evaluation.classes.iter().enumerate() {
            ui.label(class_name(names, class));
            ui.monospace(format::count(u64::from(figures.examples)));
            for share in [figures.precision, figures.recall, figures.f1] {
                ui.monospace(format::percent(share));
            }
            ui.end_row();
        }
    });
}
