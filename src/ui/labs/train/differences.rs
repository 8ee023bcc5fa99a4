//! The settings in which the runs that are shown differ, beside their best figures.

use super::LabContext;
use super::run_columns::RunColumn;
use crate::engine::RunId;
use crate::experiments::{SettingChange, TrainConfig, compare_settings};
use crate::ui::app::{RunRecord, Selection, Session};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use egui::{Button, Checkbox, Label, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

const FIGURES: [RunColumn; 3] = [RunColumn::Accuracy, RunColumn::Errors, RunColumn::Time];
const ROW: f32 = 20.0;
const KEY_WIDTH: f32 = 22.0 * theme::UNIT;
const COLUMN_WIDTH: f32 = 15.0 * theme::UNIT;
const GAP: f32 = theme::UNIT;

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct DifferencesView {
    all: bool,
    /// Comparing all settings of many runs costs more than a frame has, so it is done when something changed.
    shown: Option<(Key, Vec<ShownRow>)>,
}

/// What the rows depend on: runs in their order with the number of their changes, and whether all settings are asked for.
type Key = (Vec<(RunId, usize)>, bool);

struct ShownRow {
    key: String,
    differs: bool,
    /// One a run, with whether it is other than the first's.
    cells: Vec<(String, bool)>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DifferencesView) {
    let runs = shown_runs(context.session);
    if runs.len() < 2 {
        nothing(ui, context);
        return;
    }
    update(view, &runs);
    let Some((_, rows)) = &view.shown else { return };
    let differing = rows.iter().filter(|row| row.differs).count();
    let mut all = view.all;
    ui.horizontal(|ui| {
        ui.add(Checkbox::new(&mut all, "All settings")).on_hover_text("Also the settings in which the runs agree");
        let text = match differing {
            0 => "the runs agree in every setting".to_owned(),
            1 => "1 setting differs".to_owned(),
            _ => format!("{differing} settings differ"),
        };
        ui.add(Label::new(RichText::new(text).small().weak()).truncate());
    });
    let clicked = table(ui, context.session, &runs, rows);
    view.all = all;
    if let Some(id) = clicked {
        context.session.selection = Selection::Run(id);
    }
}

fn nothing(ui: &mut Ui, context: &mut LabContext<'_>) {
    let hidden = context.session.runs.len() > 1;
    let text = "The settings in which two or more runs differ appear here.";
    if hidden {
        let text = format!("{text} All but one are hidden.");
        if empty(ui, icon::LIST, &text, Some(("Show all runs", "Show the curves of every run again"))) {
            for run in &mut context.session.runs {
                run.visible = true;
            }
        }
    } else {
        let text = format!("{text} Change a setting and train again, or open a run.");
        let button = ("Open the list of runs", "Runs are listed, opened and compared there");
        if empty(ui, icon::LIST, &text, Some(button)) {
            context.reveal(super::Pane::Runs);
        }
    }
}

/// The baseline first, then the others in the order in which they began.
fn shown_runs(session: &Session) -> Vec<&RunRecord> {
    let baseline = session.baseline.and_then(|id| session.run(id));
    let others = session.runs.iter().filter(|run| run.visible && session.baseline != Some(run.id));
    baseline.into_iter().chain(others).collect()
}

fn update(view: &mut DifferencesView, runs: &[&RunRecord]) {
    let key: Key = (runs.iter().map(|run| (run.id, run.changes.len())).collect(), view.all);
    if view.shown.as_ref().is_some_and(|(known, _)| *known == key) {
        return;
    }
    let changes: Vec<Vec<SettingChange>> = runs.iter().map(|run| run.setting_changes()).collect();
    let compared: Vec<(&TrainConfig, &[SettingChange])> =
        runs.iter().zip(&changes).map(|(run, changes)| (&run.config, changes.as_slice())).collect();
    let rows = compare_settings(&compared).into_iter().filter(|row| view.all || row.differs).map(|row| {
        let first = row.values.first().cloned().unwrap_or_default();
        let cells = row.values.into_iter().map(|value| (value.clone(), value != first)).collect();
        ShownRow { key: row.key, differs: row.differs, cells }
    });
    view.shown = Some((key, rows.collect()));
}

/// Returns the run whose name was clicked.
fn table(ui: &mut Ui, session: &Session, runs: &[&RunRecord], rows: &[ShownRow]) -> Option<RunId> {
    let mut clicked = None;
    let width = KEY_WIDTH + runs.len() as f32 * (COLUMN_WIDTH + GAP);
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        // A few runs share the room there is.
        let column =
            ((ui.available_width() - KEY_WIDTH) / runs.len() as f32 - GAP).clamp(COLUMN_WIDTH, 2.0 * COLUMN_WIDTH);
        let lines = 1 + FIGURES.len() + rows.len();
        let size = vec2(width.max(KEY_WIDTH + runs.len() as f32 * (column + GAP)), ROW * lines as f32);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let cells = Cells { rect, column };
        for (index, run) in runs.iter().enumerate() {
            if name(ui, session, cells.at(0, index), run, index) {
                clicked = Some(run.id);
            }
        }
        for (line, figure) in FIGURES.into_iter().enumerate() {
            cells.stripe(ui, line + 1);
            cells.key(ui, line + 1, figure.look().title, figure.look().tooltip);
            for (index, run) in runs.iter().enumerate() {
                let cell = cells.at(line + 1, index);
                if ui.is_rect_visible(cell) {
                    value(ui, cell, (line + 1, index), &figure.text(session, run), false);
                }
            }
        }
        for (line, row) in rows.iter().enumerate() {
            let line = line + 1 + FIGURES.len();
            cells.stripe(ui, line);
            cells.key(ui, line, &row.key, &row.key);
            for (index, (text, is_other)) in row.cells.iter().enumerate() {
                let cell = cells.at(line, index);
                if ui.is_rect_visible(cell) {
                    value(ui, cell, (line, index), text, *is_other);
                }
            }
        }
    });
    clicked
}

fn name(ui: &mut Ui, session: &Session, cell: Rect, run: &RunRecord, index: usize) -> bool {
    if !ui.is_rect_visible(cell) {
        return false;
    }
    let swatch = Rect::from_min_size(cell.min + vec2(0.0, 4.0), vec2(6.0, ROW - 8.0));
    ui.painter().rect_filled(swatch, 2.0, session.colour_of(run, ui.visuals().dark_mode));
    let rest = Rect::from_min_max(pos2(cell.left() + 10.0, cell.top()), cell.max);
    let mut ui = ui.new_child(UiBuilder::new().id_salt(("run", index)).max_rect(rest));
    let is_baseline = session.baseline == Some(run.id);
    let text = if is_baseline { format!("{} {}", icon::PUSH_PIN, run.name) } else { run.name.clone() };
    let selected = session.selection == Selection::Run(run.id);
    let button = ui.add(Button::selectable(selected, RichText::new(text).strong()).small().truncate());
    let tooltip = if is_baseline { "The baseline: cells that differ from it stand out" } else { "Select the run" };
    button.on_hover_text(format!("{}\n{tooltip}", run.name)).accessible_name(format!("Compare {}", run.name)).clicked()
}

/// Where the cells lie.
struct Cells {
    rect: Rect,
    column: f32,
}

impl Cells {
    fn at(&self, line: usize, index: usize) -> Rect {
        let left = self.rect.left() + KEY_WIDTH + index as f32 * (self.column + GAP);
        Rect::from_min_size(pos2(left, self.rect.top() + line as f32 * ROW), vec2(self.column, ROW))
    }

    fn stripe(&self, ui: &Ui, line: usize) {
        let top = self.rect.top() + line as f32 * ROW;
        let row = Rect::from_min_max(pos2(self.rect.left(), top), pos2(self.rect.right(), top + ROW));
        if line % 2 == 1 && ui.is_rect_visible(row) {
            ui.painter().rect_filled(row, 2.0, ui.visuals().faint_bg_color);
        }
    }

    fn key(&self, ui: &mut Ui, line: usize, text: &str, tooltip: &str) {
        let cell = Rect::from_min_size(
            pos2(self.rect.left(), self.rect.top() + line as f32 * ROW),
            vec2(KEY_WIDTH - GAP, ROW),
        );
        if ui.is_rect_visible(cell) {
            let mut ui = ui.new_child(UiBuilder::new().id_salt(("key", line)).max_rect(cell).layout(middle()));
            ui.add(Label::new(RichText::new(text).small().weak()).truncate()).on_hover_text(tooltip);
        }
    }
}

/// What differs from the first run stands on a ground of its own; what does not fit is shown whole on hovering.
fn value(ui: &mut Ui, cell: Rect, place: (usize, usize), text: &str, is_other: bool) {
    if is_other {
        ui.painter().rect_filled(cell.shrink(1.0), 2.0, ui.visuals().selection.bg_fill);
    }
    let colour = if is_other { ui.visuals().strong_text_color() } else { ui.visuals().text_color() };
    let mut ui = ui.new_child(UiBuilder::new().id_salt(place).max_rect(cell.shrink2(vec2(4.0, 0.0))).layout(middle()));
    ui.add(Label::new(RichText::new(text).monospace().small().color(colour)).truncate());
}

fn middle() -> egui::Layout {
    egui::Layout::left_to_right(egui::Align::Center)
}

/// The table: a row a figure or setting, a column a run.
pub(super) fn records(context: &LabContext<'_>, view: &mut DifferencesView) -> Option<Records> {
    let session = &*context.session;
    let runs = shown_runs(session);
    if runs.len() < 2 {
        return None;
    }
    update(view, &runs);
    let names = runs.iter().map(|run| run.name.clone());
    let mut records = Records::with_header(std::iter::once("setting".to_owned()).chain(names));
    for figure in &FIGURES {
        let value = |run: &&RunRecord| figure.number(session, run).map_or_else(String::new, |value| value.to_string());
        records.push_all(std::iter::once(figure.look().title.to_lowercase()).chain(runs.iter().map(value)));
    }
    for row in view.shown.iter().flat_map(|(_, rows)| rows) {
        let cells = row.cells.iter().map(|(text, _)| text.clone());
        records.push_all(std::iter::once(row.key.clone()).chain(cells));
    }
    Some(records)
}
