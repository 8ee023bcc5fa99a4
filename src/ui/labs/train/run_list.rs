//! All runs since the window was opened.

use super::LabContext;
use crate::engine::{Phase, RunId};
use crate::ui::app::{Action, RunRecord, Selection};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{empty::empty, format};
use egui::{Button, ScrollArea, Ui, vec2};

const COLUMNS: [Column; 10] = [
    Column::text("", 8.0, "Colour of the run's curves"),
    Column::text("", 20.0, "Whether the run's curves are shown"),
    Column::text("Run", 100.0, "Click a name to select the run: its curves come to the front"),
    Column::text("State", 60.0, "What the run is doing"),
    Column::number("Epoch", 76.0, "Passes over the training images"),
    Column::number("Rate", 48.0, "Learning rate of the settings"),
    Column::number("Seed", 50.0, "First weights, order of images, jitter and dropout follow from it"),
    Column::number("Validation", 56.0, "Best accuracy on the images held out"),
    Column::number("Test errors", 56.0, "Errors among the test images, after the last epoch"),
    Column::text("", 20.0, "Take a run out of the list"),
];

#[derive(Clone, Copy)]
enum Wish {
    Select(RunId),
    Show(RunId, bool),
    Remove(RunId),
}

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct RunsView;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, _: &mut RunsView) {
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
        let mut table = Table::begin(ui, &COLUMNS);
        for run in context.session.runs.iter().rev() {
            let selected = context.session.selection == Selection::Run(run.id);
            wish = row(ui, &mut table, run, selected).or(wish.take());
        }
    });
    if let Some(wish) = wish {
        grant(context, wish);
    }
}

/// A run a row, the newest first, with all its settings.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let newest = context.session.runs.last()?;
    let mut records = Records::new(["run", "state", "step", "epoch", "best_validation_accuracy", "test_errors"]);
    let settings = newest.config.keys();
    records.header.extend(settings.iter().cloned());
    for run in context.session.runs.iter().rev() {
        let best = run.best_validation_accuracy.map_or_else(String::new, |best| best.to_string());
        let errors = run.test_errors().map_or_else(String::new, |errors| errors.to_string());
        let (step, epoch) = (run.step.to_string(), run.epoch.to_string());
        let mut row = vec![run.name.clone(), state(run).to_owned(), step, epoch, best, errors];
        row.extend(settings.iter().map(|key| run.config.get(key).unwrap_or_default()));
        records.rows.push(row);
    }
    Some(records)
}

fn row(ui: &mut Ui, table: &mut Table<'_>, run: &RunRecord, selected: bool) -> Option<Wish> {
    let row = table.row(ui, || format!("{}, {}, step {}", run.name, state(run), run.step));
    let mut wish = None;
    ui.painter().rect_filled(row.cell(0).shrink2(vec2(0.0, 4.0)), 2.0, theme::run_colour(run.colour));
    let (eye, name) = if run.visible { (icon::EYE, "Hide") } else { (icon::EYE_SLASH, "Show") };
    let button = row.put(ui, 1, Button::new(eye).frame(false)).on_hover_text("Show or hide the curves of this run");
    if button.accessible_name(format!("{name} {}", run.name)).clicked() {
        wish = Some(Wish::Show(run.id, !run.visible));
    }
    let name = Button::selectable(selected, &run.name).small().truncate();
    if row.put(ui, 2, name).clicked() {
        wish = Some(Wish::Select(run.id));
    }
    let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    row.text(ui, 3, state(run), weak);
    let figures = [
        format!("{:.2} / {}", run.epoch, run.config.epochs),
        theme::figures(run.config.optimiser.learning_rate),
        run.config.seed.to_string(),
        run.best_validation_accuracy.map_or_else(|| "\u{2013}".to_owned(), format::percent),
        run.test_errors().map_or_else(|| "\u{2013}".to_owned(), |errors| format::count(errors as u64)),
    ];
    for (index, value) in figures.into_iter().enumerate() {
        row.text(ui, index + 4, value, text);
    }
    let trash = row.put(ui, 9, Button::new(icon::TRASH).frame(false));
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

fn grant(context: &mut LabContext<'_>, wish: Wish) {
    match wish {
        Wish::Select(id) => context.session.selection = Selection::Run(id),
        Wish::Remove(id) => context.session.remove(id),
        Wish::Show(id, visible) => {
            if let Some(run) = context.session.runs.iter_mut().find(|run| run.id == id) {
                run.visible = visible;
            }
        }
    }
}
