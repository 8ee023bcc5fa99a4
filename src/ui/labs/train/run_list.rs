//! All runs since the window was opened.

use super::LabContext;
use crate::engine::{Phase, RunId};
use crate::ui::app::{Action, RunRecord, Selection};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::{empty::empty, format};
use egui::{Button, Grid, RichText, ScrollArea, Sense, Ui, vec2};

const COLUMNS: [(&str, &str); 7] = [
    ("Run", "Click a name to select the run: its curves come to the front"),
    ("State", "What the run is doing"),
    ("Epoch", "Passes over the training images"),
    ("Rate", "Learning rate of the settings"),
    ("Seed", "First weights, order of images, jitter and dropout follow from it"),
    ("Validation", "Best accuracy on the images held out"),
    ("Test errors", "Errors among the test images, after the last epoch"),
];

enum Wish {
    Select(RunId),
    Show(RunId, bool),
    Remove(RunId),
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>) {
    if context.session.runs.is_empty() {
        let train = Action::TrainOrPause.hint(ui.ctx());
        let label = format!("{} Train", icon::PLAY);
        if empty(ui, icon::LIST, "Every run is listed here, to be compared with the others.", Some((&label, &train))) {
            context.actions.push(Action::TrainOrPause);
        }
        return;
    }
    let mut wish = None;
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        Grid::new("runs").num_columns(COLUMNS.len() + 3).spacing([2.0 * theme::UNIT, 2.0]).striped(true).show(
            ui,
            |ui| {
                ui.label("");
                ui.label("");
                for (title, tooltip) in COLUMNS {
                    ui.label(RichText::new(title).small().weak()).on_hover_text(tooltip);
                }
                ui.end_row();
                for run in context.session.runs.iter().rev() {
                    let selected = context.session.selection == Selection::Run(run.id);
                    wish = row(ui, run, selected).or(wish.take());
                    ui.end_row();
                }
            },
        );
    });
    grant(context, wish);
}

fn row(ui: &mut Ui, run: &RunRecord, selected: bool) -> Option<Wish> {
    let mut wish = None;
    let (swatch, _) = ui.allocate_exact_size(vec2(theme::UNIT, 2.0 * theme::UNIT), Sense::hover());
    ui.painter().rect_filled(swatch.shrink2(vec2(0.0, 3.0)), 2.0, theme::run_colour(run.colour));
    let (eye, name) = if run.visible { (icon::EYE, "Hide") } else { (icon::EYE_SLASH, "Show") };
    let button = ui.add(Button::new(eye).frame(false)).on_hover_text("Show or hide the curves of this run");
    if button.accessible_name(format!("{name} {}", run.name)).clicked() {
        wish = Some(Wish::Show(run.id, !run.visible));
    }
    if ui.add(Button::selectable(selected, &run.name).small()).clicked() {
        wish = Some(Wish::Select(run.id));
    }
    ui.label(RichText::new(state(run)).weak());
    ui.monospace(format!("{:.2} / {}", run.epoch, run.config.epochs));
    ui.monospace(theme::figures(run.config.optimiser.learning_rate));
    ui.monospace(run.config.seed.to_string());
    ui.monospace(run.best_validation_accuracy.map_or_else(|| "\u{2013}".to_owned(), format::percent));
    ui.monospace(run.test_errors().map_or_else(|| "\u{2013}".to_owned(), |errors| format::count(errors as u64)));
    let trash = ui.add(Button::new(icon::TRASH).frame(false));
    let trash = trash.on_hover_text("Take this run and its curves out of the list; a run folder on disk stays");
    if trash.accessible_name(format!("Remove {}", run.name)).clicked() {
        wish = Some(Wish::Remove(run.id));
    }
    wish
}

fn state(run: &RunRecord) -> &'static str {
    match run.phase {
        Phase::Idle => "idle",
        Phase::Preparing(_) => "preparing",
        Phase::Running => "training",
        Phase::Paused => "paused",
        Phase::Finished => "finished",
        Phase::Stopped => "stopped",
        Phase::Failed(_) => "failed",
    }
}

fn grant(context: &mut LabContext<'_>, wish: Option<Wish>) {
    match wish {
        None => {}
        Some(Wish::Select(id)) => context.session.selection = Selection::Run(id),
        Some(Wish::Remove(id)) => context.session.remove(id),
        Some(Wish::Show(id, visible)) => {
            if let Some(run) = context.session.runs.iter_mut().find(|run| run.id == id) {
                run.visible = visible;
            }
        }
    }
}
