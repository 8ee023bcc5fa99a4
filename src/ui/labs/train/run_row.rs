//! One run in the list: its colour, eye, pin, name and menu, and its figures.

use super::run_columns::RunColumn;
use crate::engine::RunId;
use crate::ui::app::{RunRecord, Session, Settings};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::swatches::swatches;
use crate::ui::widgets::table::{Row, Table};
use egui::{Button, Key, Popup, RichText, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2};

/// What a click on a row asks for.
pub(super) enum Wish {
    Select(RunId),
    Show(RunId, bool),
    HideOthers(RunId),
    Pin(Option<RunId>),
    Colour(RunId, usize),
    /// The name is being typed from here on.
    Rename(RunId),
    Renamed(RunId, String),
    Draft(String),
    CancelRename,
    Duplicate(RunId),
    Save(RunId),
    Export(RunId),
    CopyPath(RunId),
    Resume(RunId),
    Remove(RunId),
}

/// What all rows of one frame have in common.
pub(super) struct Rows<'a> {
    pub(super) session: &'a Session,
    pub(super) settings: &'a Settings,
    pub(super) columns: &'a [RunColumn],
    pub(super) baseline: Option<&'a RunRecord>,
    pub(super) selected: Option<RunId>,
    /// The run whose name is typed, and what it is so far.
    pub(super) renaming: Option<(RunId, &'a str)>,
}

impl Rows<'_> {
    /// Rows move when they are sorted, and keep their menus: what is drawn is known by the run.
    pub(super) fn show(&self, ui: &mut Ui, table: &mut Table<'_>, run: &RunRecord) -> Option<Wish> {
        let id = ui.scope_id().with(("run", run.id.0));
        ui.scope_builder(UiBuilder::new().scope_id(id), |ui| self.row(ui, table, run)).inner
    }

    fn row(&self, ui: &mut Ui, table: &mut Table<'_>, run: &RunRecord) -> Option<Wish> {
        ui.spacing_mut().button_padding.x = theme::UNIT / 4.0;
        let row = table.row(ui, || format!("{}, {}, step {}", run.name, run.state(), run.step));
        let mut wish = None;
        for (index, &column) in self.columns.iter().enumerate() {
            let asked = match column {
                RunColumn::Colour => self.swatch(ui, &row, index, run),
                RunColumn::Eye => eye(ui, &row, index, run),
                RunColumn::Pin => self.pin(ui, &row, index, run),
                RunColumn::Name => self.name(ui, &row, index, run),
                RunColumn::Menu => self.menu(ui, &row, index, run),
                RunColumn::Trash => trash(ui, &row, index, run),
                figure => {
                    self.figure(ui, &row, index, run, figure);
                    None
                }
            };
            wish = wish.or(asked);
        }
        wish
    }

    fn figure(&self, ui: &Ui, row: &Row<'_>, index: usize, run: &RunRecord, column: RunColumn) {
        if !ui.is_rect_visible(row.cell(index)) {
            return;
        }
        let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        match (column.compares(), self.baseline) {
            (Some(_), Some(baseline)) => row.text(ui, index, column.change(self.session, run, baseline), weak),
            (Some(_), None) => {}
            (None, _) => {
                let colour = if column == RunColumn::State { weak } else { text };
                row.text(ui, index, column.text(self.session, run), colour);
            }
        }
    }

    fn swatch(&self, ui: &mut Ui, row: &Row<'_>, index: usize, run: &RunRecord) -> Option<Wish> {
        let cell = row.cell(index);
        let response = ui.interact(cell, ui.scope_id().with("colour"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Colour of {}", run.name)));
        let colour = self.session.colour_of(run, ui.visuals().dark_mode);
        ui.painter().rect_filled(cell.shrink2(vec2(2.0, 4.0)), 2.0, colour);
        let response = response.on_hover_text("Choose the colour of this run's curves");
        let chosen = Popup::menu(&response).show(|ui| swatches(ui, run.colour)).and_then(|shown| shown.inner);
        chosen.map(|colour| Wish::Colour(run.id, colour))
    }

    fn pin(&self, ui: &mut Ui, row: &Row<'_>, index: usize, run: &RunRecord) -> Option<Wish> {
        let pinned = self.baseline.is_some_and(|baseline| baseline.id == run.id);
        let visuals = ui.visuals();
        let colour = if pinned { theme::accent(visuals.dark_mode) } else { visuals.weak_text_color() };
        let button = row.put(ui, index, Button::new(RichText::new(icon::PUSH_PIN).color(colour)).frame(false));
        let button = button.on_hover_text(if pinned {
            "This is the baseline: its curves are drawn neutral, and the others' figures compared with its. Click to unpin it."
        } else {
            "Pin as the baseline that the other runs are compared with"
        });
        let name = if pinned { format!("Unpin {}", run.name) } else { format!("Pin {}", run.name) };
        button.accessible_name(name).clicked().then_some(Wish::Pin((!pinned).then_some(run.id)))
    }

    fn name(&self, ui: &mut Ui, row: &Row<'_>, index: usize, run: &RunRecord) -> Option<Wish> {
        let draft = self.renaming.filter(|(renamed, _)| *renamed == run.id).map(|(_, draft)| draft.to_owned());
        if let Some(mut draft) = draft {
            let edit = TextEdit::singleline(&mut draft)
                .desired_width(row.cell(index).width())
                .margin(egui::Margin::symmetric(2, 0));
            let response = row.put(ui, index, edit).accessible_name(format!("New name of {}", run.name));
            if response.lost_focus() {
                let cancelled = ui.input(|input| input.key_pressed(Key::Escape));
                return Some(if cancelled { Wish::CancelRename } else { Wish::Renamed(run.id, draft) });
            }
            if !response.has_focus() {
                response.request_focus();
            }
            return response.changed().then_some(Wish::Draft(draft));
        }
        let button = Button::selectable(self.selected == Some(run.id), &run.name).small().truncate();
        let response = row.put(ui, index, button);
        if response.double_clicked() {
            return Some(Wish::Rename(run.id));
        }
        let clicked = response.clicked();
        response.on_hover_text(format!("{}\nClick to select, double-click (or F2) to rename", run.name));
        clicked.then_some(Wish::Select(run.id))
    }

    fn menu(&self, ui: &mut Ui, row: &Row<'_>, index: usize, run: &RunRecord) -> Option<Wish> {
        let button = row.put(ui, index, Button::new(icon::DOTS).frame(false));
        let button = button.on_hover_text("More to do with this run").accessible_name(format!("Menu of {}", run.name));
        Popup::menu(&button).show(|ui| self.items(ui, run)).and_then(|shown| shown.inner)
    }

    fn items(&self, ui: &mut Ui, run: &RunRecord) -> Option<Wish> {
        let mut wish = None;
        let mut item = |ui: &mut Ui, icon: &str, text: &str, why_not: Option<&str>, tooltip: &str, asked: Wish| {
            let response = ui.add_enabled(why_not.is_none(), Button::new(format!("{icon}  {text}")).frame(false));
            let response = response.on_hover_text(tooltip).on_disabled_hover_text(why_not.unwrap_or_default());
            if response.accessible_name(text).clicked() {
                wish = Some(asked);
            }
        };
        let id = run.id;
        item(ui, icon::PENCIL, "Rename", None, "Another name in the list and the legends (F2)", Wish::Rename(id));
        item(ui, icon::EYE_SLASH, "Hide others", None, "Show the curves of this run alone", Wish::HideOthers(id));
        let pinned = self.baseline.is_some_and(|baseline| baseline.id == id);
        if pinned {
            item(ui, icon::PUSH_PIN, "Unpin baseline", None, "Compare with no run", Wish::Pin(None));
        } else {
            let tooltip = "Compare the figures and settings of all other runs with this one";
            item(ui, icon::PUSH_PIN, "Pin as baseline", None, tooltip, Wish::Pin(Some(id)));
        }
        let tooltip = "Make its settings those of the next run; undo brings the others back";
        item(ui, icon::COPY, "Duplicate settings", None, tooltip, Wish::Duplicate(id));
        let why_not = self.session.why_not_resume(run, self.settings);
        let tooltip = "Take the run up from its last checkpoint, exactly where that stands";
        item(ui, icon::PLAY, "Continue training", why_not, tooltip, Wish::Resume(id));
        ui.separator();
        let has_folder = run.folder.is_some();
        let kept = has_folder.then_some("It is kept in a run folder already");
        let tooltip = "Write a run folder: settings, every point, changes, and the network where it is still in memory";
        item(ui, icon::FLOPPY, "Save run...", kept, tooltip, Wish::Save(id));
        let unsaved = (!has_folder).then_some("It has no run folder: save it first");
        let tooltip =
            "Write the run as one zip that opens on any machine, or its curves as CSV, JSON lines or for TensorBoard";
        item(ui, icon::DOWNLOAD, "Export...", unsaved, tooltip, Wish::Export(id));
        let tooltip = run.folder.as_ref().map_or_else(String::new, |folder| folder.display().to_string());
        item(ui, icon::FOLDER_OPEN, "Copy folder path", unsaved, &tooltip, Wish::CopyPath(id));
        ui.separator();
        item(ui, icon::TRASH, "Remove", None, "Take the run out of the list; its folder stays", Wish::Remove(id));
        wish
    }
}

fn eye(ui: &mut Ui, row: &Row<'_>, index: usize, run: &RunRecord) -> Option<Wish> {
    let (eye, name) = if run.visible { (icon::EYE, "Hide") } else { (icon::EYE_SLASH, "Show") };
    let button = row.put(ui, index, Button::new(eye).frame(false));
    let button =
        button.on_hover_text("Show or hide the curves of this run").accessible_name(format!("{name} {}", run.name));
    button.clicked().then_some(Wish::Show(run.id, !run.visible))
}

fn trash(ui: &mut Ui, row: &Row<'_>, index: usize, run: &RunRecord) -> Option<Wish> {
    let button = row.put(ui, index, Button::new(icon::TRASH).frame(false));
    let tooltip =
        "Take this run and its curves out of the list, to be brought back if need be; a run folder on disk stays";
    let button = button.on_hover_text(tooltip).accessible_name(format!("Remove {}", run.name));
    button.clicked().then_some(Wish::Remove(run.id))
}
