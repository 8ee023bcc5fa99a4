//! The page of keys: every shortcut, from the list of actions, and what the pointer does.

use super::App;
use super::actions::{Action, Group, also, written};
use crate::ui::theme;
use egui::{Context, Grid, RichText, ScrollArea, Ui, Window};

const WIDTH: f32 = 60.0 * theme::UNIT;

/// What is done with the pointer, and with keys that belong to one pane.
const GESTURES: [(&str, &[(&str, &str)]); 3] = [
    (
        "Curves",
        &[
            ("Drag", "Zoom to a box, or along one axis"),
            ("Double click", "Fit everything"),
            ("Scroll", "Zoom at the pointer; with Shift along x"),
            ("Right drag", "Move"),
            ("Move", "Read all curves at the crosshair, in every plot"),
        ],
    ),
    (
        "Images and tables",
        &[
            ("Click", "Select: every pane and the inspector follow"),
            ("Arrows", "To the next image of the grid"),
            ("Right click", "Save what is shown"),
        ],
    ),
    (
        "Panes and controls",
        &[
            ("Drag a title", "Move the pane"),
            ("Drag an edge", "Make room"),
            ("Double click a title", "Let the pane fill the lab, or put it back"),
            ("Drag a number", "Change it; double click to type"),
            ("Tab, Shift+Tab", "To the next control, the one before"),
            ("Enter", "Press the control that has the focus"),
            ("Esc", "Close what is on top: menu, palette, this page, help"),
        ],
    ),
];

impl App {
    pub(super) fn keys_page(&mut self, ctx: &Context) {
        if !self.popups.keys_open {
            return;
        }
        let mut open = true;
        let screen = ctx.content_rect();
        Window::new("Keys")
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .pivot(egui::Align2::CENTER_CENTER)
            .default_pos(screen.center())
            .max_width(screen.width() - 6.0 * theme::UNIT)
            .show(ctx, |ui| {
                ui.set_width(WIDTH.min(screen.width() - 8.0 * theme::UNIT));
                let height = screen.height() - 12.0 * theme::UNIT;
                ui.set_max_height(height);
                ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, page);
            });
        self.popups.keys_open = open;
    }
}

fn page(ui: &mut Ui) {
    for group in Group::ALL {
        let actions: Vec<Action> =
            Action::all().filter(|action| action.group() == group && action.shortcut().is_some()).collect();
        if actions.is_empty() {
            continue;
        }
        heading(ui, group.name());
        let ctx = ui.ctx().clone();
        table(ui, group.name(), actions.into_iter().map(|action| (keys_of(&ctx, action), action.title())));
    }
    for (name, gestures) in GESTURES {
        heading(ui, name);
        table(ui, name, gestures.iter().map(|(gesture, what)| ((*gesture).to_owned(), (*what).to_owned())));
    }
}

fn heading(ui: &mut Ui, name: &str) {
    ui.add_space(theme::UNIT);
    ui.label(RichText::new(name).small().weak());
    ui.separator();
}

fn table(ui: &mut Ui, name: &str, rows: impl Iterator<Item = (String, String)>) {
    let rows: Vec<(String, String)> = rows.collect();
    let column = (ui.available_width() * 0.36).max(12.0 * theme::UNIT);
    Grid::new(name).num_columns(2).min_col_width(column).show(ui, |ui| {
        for (keys, what) in rows {
            ui.label(RichText::new(keys).monospace());
            ui.label(what);
            ui.end_row();
        }
    });
}

/// All keys of an action: `Ctrl+K, F1`.
pub(super) fn keys_of(ctx: &Context, action: Action) -> String {
    let shortcuts = action.shortcut().into_iter().chain(also(action));
    shortcuts.map(|shortcut| written(ctx, shortcut)).collect::<Vec<_>>().join(", ")
}
