//! The log as it is read: by level, by word, one entry in full.

use super::bottom::{look, show_entry};
use super::log::{Entry, Level, Log};
use super::{Action, App};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use egui::{Button, Label, Panel, RichText, ScrollArea, TextEdit, TextStyle, Ui};

const LEVELS: [(Level, &str, &str); 3] = [
    (Level::Event, "All", "Everything that happened"),
    (Level::Note, "Notes", "Notes and errors"),
    (Level::Error, "Errors", "What did not work"),
];
const SEARCH_WIDTH: f32 = 20.0 * theme::UNIT;

/// What is looked for, and what was found.
#[derive(Debug, Default)]
pub(super) struct LogView {
    least: Level,
    words: String,
    /// Number of the entry that is shown in full.
    chosen: Option<usize>,
    /// Numbers of the entries that fit.
    found: Vec<usize>,
    /// Of which the above was found: entries, level, words.
    of: Option<(usize, Level, String)>,
}

impl LogView {
    /// Searches again when something has changed.
    fn update(&mut self, log: &Log) {
        let is_fresh = self.of.as_ref().is_some_and(|(total, least, words)| {
            (*total, *least, words.as_str()) == (log.total(), self.least, self.words.as_str())
        });
        if is_fresh {
            return;
        }
        let words = self.words.to_lowercase();
        let fits = |entry: &Entry| entry.level >= self.least && entry.text.to_lowercase().contains(words.trim());
        self.found = log.numbered().filter(|(_, entry)| fits(entry)).map(|(number, _)| number).collect();
        self.of = Some((log.total(), self.least, self.words.clone()));
    }

    /// All that is found now, as it is copied and saved.
    pub(super) fn found_text(&mut self, log: &Log) -> String {
        self.update(log);
        self.text(log)
    }

    fn text(&self, log: &Log) -> String {
        self.found.iter().filter_map(|number| log.get(*number)).map(line).collect()
    }
}

/// As it is copied and saved.
fn line(entry: &Entry) -> String {
    let level = match entry.level {
        Level::Event => "event",
        Level::Note => "note",
        Level::Error => "error",
    };
    format!("{}\t{level}\t{}\n", format::clock(entry.at), entry.text)
}

impl App {
    pub(super) fn log_panel(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let view = &mut self.popups.log;
        let log = &mut self.session.log;
        if log.entries().is_empty() {
            ui.weak("Nothing has happened yet. Starts, changes of settings, notes and errors are written here.");
            return;
        }
        view.update(log);
        tools(ui, view, log, actions);
        ui.separator();
        if let Some((number, entry)) = view.chosen.and_then(|number| Some((number, log.get(number)?.clone()))) {
            let width = (ui.available_width() * 0.4).min(60.0 * theme::UNIT);
            Panel::right("log entry").resizable(false).exact_size(width).show(ui, |ui| {
                whole(ui, view, log, number, &entry);
            });
        }
        list(ui, view, log);
    }
}

fn tools(ui: &mut Ui, view: &mut LogView, log: &Log, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        for (level, name, tooltip) in LEVELS {
            let button = Button::selectable(view.least == level, RichText::new(name).small());
            if ui.add(button).on_hover_text(tooltip).accessible_name(format!("Log: {name}")).clicked() {
                view.least = level;
            }
        }
        let search = TextEdit::singleline(&mut view.words).hint_text("Search").desired_width(SEARCH_WIDTH);
        ui.add(search).on_hover_text("Only entries with this text").accessible_name("Search the log");
        let copy = ui.small_button(format!("{} Copy all", icon::COPY));
        if copy.on_hover_text("Copy the entries below, one a line").accessible_name("Copy all").clicked() {
            ui.ctx().copy_text(view.text(log));
        }
        let save = ui.small_button(format!("{} Save...", icon::FLOPPY));
        if Action::SaveLog.explain(save).accessible_name("Save log").clicked() {
            actions.push(Action::SaveLog);
        }
        ui.label(RichText::new(format!("{} of {}", view.found.len(), log.entries().len())).small().weak());
    });
}

fn list(ui: &mut Ui, view: &mut LogView, log: &Log) {
    if view.found.is_empty() {
        ui.weak("No entry fits.");
        return;
    }
    let height = ui.text_style_height(&TextStyle::Body);
    ui.spacing_mut().interact_size.y = height;
    ui.spacing_mut().item_spacing.y = 2.0;
    let area = ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true);
    area.show_rows(ui, height, view.found.len(), |ui, rows| {
        for &number in view.found.get(rows).unwrap_or_default() {
            let Some(entry) = log.get(number) else { continue };
            if show_entry(ui, entry, view.chosen == Some(number)).on_hover_text("Show the whole entry").clicked() {
                view.chosen = if view.chosen == Some(number) { None } else { Some(number) };
            }
        }
    });
}

fn whole(ui: &mut Ui, view: &mut LogView, log: &mut Log, number: usize, entry: &Entry) {
    let (symbol, colour) = look(entry.level, ui.visuals());
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(symbol).color(colour));
        ui.label(RichText::new(format::clock(entry.at)).monospace().small().weak());
        if ui.small_button("Copy").on_hover_text("Copy this entry").accessible_name("Copy entry").clicked() {
            ui.ctx().copy_text(entry.text.clone());
        }
        if ui.small_button("Show as notice").on_hover_text("As when it happened").clicked() {
            log.show_again(number);
        }
        if ui.add(Button::new(icon::X).frame(false)).on_hover_text("Close").accessible_name("Close entry").clicked() {
            view.chosen = None;
        }
    });
    ScrollArea::vertical().id_salt("entry").auto_shrink(false).show(ui, |ui| {
        ui.add(Label::new(&entry.text).wrap());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_searched_by_level_and_word() {
        let mut log = Log::default();
        log.event("lenet-1: ready");
        log.error("lenet-1: the disk is full");
        log.note("Drop a folder");
        let mut view = LogView::default();
        assert_eq!(view.found_text(&log).lines().count(), 3);
        view.words = "LENET".to_owned();
        assert_eq!(view.found_text(&log).lines().count(), 2);
        view.least = Level::Error;
        assert_eq!(view.found_text(&log), "0:00\terror\tlenet-1: the disk is full\n");
    }
}
