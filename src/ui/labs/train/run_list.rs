//! All runs, trained here or opened from disk: their figures beside each other, and what can be done with each.

use super::LabContext;
use super::run_columns::RunColumn;
use super::run_paths::{PathLine, Purpose};
use super::run_row::{Rows, Wish};
use crate::engine::{RunFormat, RunId};
use crate::experiments::Config;
use crate::ui::app::{Action, RunRecord, Selection, Session};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::table::{Column, ROW_HEIGHT, Sorting, Table};
use egui::{Button, Frame, Key, Label, Margin, Rect, RichText, ScrollArea, TextEdit, Ui, vec2};
use std::collections::HashMap;

/// So many of the runs that were found are offered at first.
const FIRST_FEW: usize = 20;

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct RunsView {
    filter: String,
    sorting: Sorting<RunColumn>,
    /// The run whose name is typed, and what it is so far.
    renaming: Option<(RunId, String)>,
    path: Option<PathLine>,
    /// What the filter looks through, with what it depends on.
    haystacks: HashMap<RunId, (usize, String, String)>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut RunsView) {
    toolbar(ui, context, view);
    if let Some(mut line) = view.path.take()
        && line.show(ui, context)
    {
        view.path = Some(line);
    }
    offers(ui, context);
    if context.session.runs.is_empty() {
        let train = Action::TrainOrPause.hint(ui.ctx());
        let label = format!("{} Train", icon::PLAY);
        let text =
            "Every run is listed here, to be compared with the others: train one, open one, or drop a run folder.";
        if empty(ui, icon::LIST, text, Some((&label, &train))) {
            context.actions.push(Action::TrainOrPause);
        }
        return;
    }
    if let Selection::Run(id) = context.session.selection
        && !ui.ctx().text_edit_focused()
        && ui.input(|input| input.key_pressed(Key::F2))
    {
        grant(ui, context, view, Wish::Rename(id));
    }
    let order = order(context.session, view);
    if order.is_empty() {
        let text = format!("No run matches {}.", view.filter.trim());
        if empty(ui, icon::SEARCH, &text, Some(("Show all runs", "Empty the filter"))) {
            view.filter.clear();
        }
        return;
    }
    if let Some(wish) = table(ui, context, view, &order) {
        grant(ui, context, view, wish);
    }
}

fn toolbar(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut RunsView) {
    ui.horizontal(|ui| {
        let open = ui.button(format!("{} Open run...", icon::FOLDER_OPEN));
        let tooltip =
            "Open a run folder, a folder of several, or an exported run; one can also be dropped on the window";
        if open.on_hover_text(tooltip).accessible_name("Open run").clicked() {
            view.path = Some(PathLine::new(context.session, Purpose::Open));
        }
        let width = (ui.available_width() - 90.0).clamp(60.0, 200.0);
        let filter = TextEdit::singleline(&mut view.filter).hint_text("Filter").desired_width(width);
        let tooltip = "Shows the runs whose name, network or settings hold these words, as in `adam` or `seed = 7`";
        ui.add(filter).on_hover_text(tooltip).accessible_name("Filter runs");
        if context.session.is_busy_with_files {
            ui.spinner();
            ui.label(RichText::new("Reading...").small().weak());
        }
    });
}

/// What was removed, and what was found, with what can be done about it.
fn offers(ui: &mut Ui, context: &mut LabContext<'_>) {
    if let Some((name, rest)) = context.session.just_removed() {
        let text = format!("Removed {name}.");
        ui.ctx().request_repaint_after(rest);
        let mut dismissed = false;
        offer(ui, &text, |ui| {
            let undo = ui.button("Undo").on_hover_text("Bring the run back, with its curves");
            if undo.accessible_name("Undo remove").clicked() {
                context.actions.push(Action::RestoreRun);
            }
            let close = ui
                .add(Button::new(icon::X).frame(false))
                .on_hover_text("Dismiss; the command palette still brings it back");
            dismissed = close.accessible_name("Dismiss removal").clicked();
        });
        if dismissed {
            context.session.dismiss_removed();
        }
    }
    let found = context.session.found.len();
    if found > 0 {
        let mut wanted = None;
        offer(ui, &format!("{found} runs were found."), |ui| {
            if ui.button(format!("Open the first {FIRST_FEW}")).on_hover_text("In the order of their names").clicked() {
                wanted = Some(FIRST_FEW);
            }
            if ui.button("Open all").on_hover_text("At most 200; reading them may take a while").clicked() {
                wanted = Some(found);
            }
            if ui.button("Open none").on_hover_text("Leave them where they are").clicked() {
                wanted = Some(0);
            }
        });
        if let Some(count) = wanted {
            context.session.open_found(count);
        }
    }
}

fn offer(ui: &mut Ui, text: &str, buttons: impl FnOnce(&mut Ui)) {
    let frame = Frame::new()
        .fill(ui.visuals().faint_bg_color)
        .corner_radius(theme::CORNER)
        .inner_margin(Margin::symmetric(8, 2));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.add(Label::new(text).truncate());
            buttons(ui);
        });
    });
}

/// Positions in the list of runs, as they are to be shown.
fn order(session: &Session, view: &mut RunsView) -> Vec<usize> {
    let words: Vec<String> = view.filter.split_whitespace().map(str::to_lowercase).collect();
    let runs = &session.runs;
    // Newest first, unless a column says otherwise.
    let mut order: Vec<usize> = (0..runs.len()).rev().collect();
    if !words.is_empty() {
        view.haystacks.retain(|id, _| session.run(*id).is_some());
        order.retain(|&index| {
            let haystack = haystack(&mut view.haystacks, &runs[index]);
            words.iter().all(|word| haystack.contains(word.as_str()))
        });
    }
    if let Some(column) = view.sorting.column {
        order.sort_by(|&a, &b| column.order(session, &runs[a], &runs[b], view.sorting.descending));
    }
    order
}

/// Name, network and settings in small letters; made anew when the run is renamed or a setting changed.
fn haystack<'a>(known: &'a mut HashMap<RunId, (usize, String, String)>, run: &RunRecord) -> &'a str {
    let entry = known.entry(run.id).or_default();
    if entry.2.is_empty() || entry.0 != run.changes.len() || entry.1 != run.name {
        let text = format!("{}\n{}\n{}", run.name, run.state(), run.config.to_toml()).to_lowercase();
        *entry = (run.changes.len(), run.name.clone(), text);
    }
    &entry.2
}

/// Only the rows in sight are drawn; the titles stay above them.
fn table(ui: &mut Ui, context: &LabContext<'_>, view: &mut RunsView, order: &[usize]) -> Option<Wish> {
    let session = &*context.session;
    let baseline = session.baseline.and_then(|id| session.run(id));
    let columns: Vec<RunColumn> = RunColumn::shown(baseline.is_some()).collect();
    let looks: Vec<Column> = columns.iter().map(|column| column.look()).collect();
    let selected = if let Selection::Run(id) = session.selection { Some(id) } else { None };
    let renaming = view.renaming.as_ref().map(|(id, draft)| (*id, draft.as_str()));
    let rows = Rows { session, settings: context.book.current(), columns: &columns, baseline, selected, renaming };
    let mut wish = None;
    let mut sorted = None;
    ScrollArea::both().auto_shrink(false).show_viewport(ui, |ui, seen| {
        let mut table = Table::untitled(ui, &looks);
        let corner = ui.cursor().min;
        let first = ((seen.top() / ROW_HEIGHT) as usize).min(order.len());
        let last = ((seen.bottom() / ROW_HEIGHT) as usize + 1).min(order.len());
        ui.add_space(ROW_HEIGHT);
        table.skip(ui, first);
        for &index in &order[first..last] {
            wish = rows.show(ui, &mut table, &session.runs[index]).or(wish.take());
        }
        table.skip(ui, order.len() - last);
        let titles = Rect::from_min_size(corner + vec2(0.0, seen.top()), vec2(ui.min_rect().width(), ROW_HEIGHT));
        let by = view.sorting.column.and_then(|column| columns.iter().position(|shown| *shown == column));
        sorted = table.sortable_titles(ui, titles, by.map(|index| (index, view.sorting.descending)));
    });
    if let Some(&column) = sorted.and_then(|index| columns.get(index)) {
        view.sorting.click(column);
    }
    wish
}

fn grant(ui: &Ui, context: &mut LabContext<'_>, view: &mut RunsView, wish: Wish) {
    let session = &mut *context.session;
    match wish {
        Wish::Select(id) => session.selection = Selection::Run(id),
        Wish::Remove(id) => session.remove(id),
        Wish::HideOthers(id) => session.hide_others(id),
        Wish::Pin(id) => session.baseline = id,
        Wish::Duplicate(id) => session.duplicate_settings(context.book, id, ui.ctx().time()),
        Wish::Resume(id) => session.resume(id, context.book.current()),
        Wish::Save(id) => view.path = Some(PathLine::new(session, Purpose::Save(id))),
        Wish::Export(id) => view.path = Some(PathLine::new(session, Purpose::Export(id, RunFormat::Zip))),
        Wish::CancelRename => view.renaming = None,
        Wish::Rename(id) => view.renaming = session.run(id).map(|run| (id, run.name.clone())),
        Wish::Draft(text) => {
            if let Some((_, draft)) = &mut view.renaming {
                *draft = text;
            }
        }
        Wish::Renamed(id, name) => {
            view.renaming = None;
            session.rename(id, &name);
        }
        Wish::CopyPath(id) => {
            if let Some(folder) = session.run(id).and_then(|run| run.folder.as_ref()) {
                ui.ctx().copy_text(folder.display().to_string());
                session.log.note(format!("Copied {}", folder.display()));
            }
        }
        Wish::Show(id, visible) => {
            if let Some(run) = session.run_mut(id) {
                run.visible = visible;
            }
        }
        Wish::Colour(id, colour) => {
            if let Some(run) = session.run_mut(id) {
                run.colour = colour;
            }
        }
    }
}

/// The table as it is sorted and filtered, numbers in full.
pub(super) fn records(context: &LabContext<'_>, view: &mut RunsView) -> Option<Records> {
    let session = &*context.session;
    let order = order(session, view);
    if order.is_empty() {
        return None;
    }
    let columns: Vec<RunColumn> = RunColumn::figures().collect();
    let value = |column: &RunColumn, run: &RunRecord| {
        column.number(session, run).map_or_else(|| column.text(session, run), |number| number.to_string())
    };
    let mut records = Records::with_header(columns.iter().map(|column| column.look().title.to_lowercase()));
    for index in order {
        records.push_all(columns.iter().map(|column| value(column, &session.runs[index])));
    }
    Some(records)
}
