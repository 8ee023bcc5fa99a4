//! The inspector's page of a run: what it is called and looks like, what is known of it, and what a person notes.

use super::inspector::fact;
use super::runs::RunRecord;
use super::session::Session;
use super::settings::SettingsBook;
use crate::engine::RunId;
use crate::experiments::Config;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::swatches::swatches;
use egui::{Button, RichText, TextEdit, Ui};

const NONE: &str = "\u{2013}";

/// What the page remembers of itself.
#[derive(Default)]
pub(super) struct RunPage {
    /// Of the run whose name is being typed.
    name: Option<(RunId, String)>,
    /// All settings as texts, of a run with so many changes: reading them anew costs too much for every frame.
    settings: Option<SettingTexts>,
}

struct SettingTexts {
    run: RunId,
    changes: usize,
    entries: Vec<(String, String)>,
}

impl RunPage {
    pub(super) fn show(&mut self, ui: &mut Ui, session: &mut Session, book: &mut SettingsBook, id: RunId) {
        let Some(run) = session.run(id).cloned() else {
            empty(ui, icon::LIST, "This run is no longer in the list.", None);
            return;
        };
        self.name(ui, session, &run);
        if let Some(colour) = swatches(ui, run.colour)
            && let Some(run) = session.run_mut(id)
        {
            run.colour = colour;
        }
        buttons(ui, session, book, &run);
        ui.separator();
        facts(ui, &run);
        notes(ui, session, &run);
        self.settings(ui, &run);
        changes(ui, &run);
    }

    fn name(&mut self, ui: &mut Ui, session: &mut Session, run: &RunRecord) {
        let typed = self.name.take().filter(|(id, _)| *id == run.id);
        let mut text = typed.map_or_else(|| run.name.clone(), |(_, text)| text);
        let field = ui.add(TextEdit::singleline(&mut text).desired_width(f32::INFINITY));
        let field = field.on_hover_text("The name in the list and the legends; the folder on disk keeps its own");
        let field = field.accessible_name("Run name");
        if field.lost_focus() {
            if text.trim() != run.name {
                session.rename(run.id, &text);
            }
        } else if field.has_focus() {
            self.name = Some((run.id, text));
        }
    }

    fn settings(&mut self, ui: &mut Ui, run: &RunRecord) {
        let is_fresh = |texts: &SettingTexts| texts.run == run.id && texts.changes == run.changes.len();
        if !self.settings.as_ref().is_some_and(is_fresh) {
            let entries = run.config.entries();
            self.settings = Some(SettingTexts { run: run.id, changes: run.changes.len(), entries });
        }
        ui.add_space(theme::UNIT);
        ui.label(theme::title("Settings"));
        for (key, value) in self.settings.iter().flat_map(|texts| &texts.entries) {
            fact(ui, key, value.clone());
        }
    }
}

fn buttons(ui: &mut Ui, session: &mut Session, book: &mut SettingsBook, run: &RunRecord) {
    ui.horizontal_wrapped(|ui| {
        let pinned = session.baseline == Some(run.id);
        let pin = ui.add(Button::selectable(pinned, format!("{} Baseline", icon::PUSH_PIN)));
        let pin = pin.on_hover_text("Compare the figures and settings of all other runs with this one");
        if pin.accessible_name("Baseline").clicked() {
            session.baseline = (!pinned).then_some(run.id);
        }
        let copy = ui.button(format!("{} Duplicate settings", icon::COPY));
        let copy = copy.on_hover_text("Make its settings those of the next run; undo brings the others back");
        if copy.clicked() {
            session.duplicate_settings(book, run.id, ui.ctx().time());
        }
        let why_not = session.why_not_resume(run, book.current());
        let resume = ui.add_enabled(why_not.is_none(), Button::new(format!("{} Continue", icon::PLAY)));
        let resume = resume.on_hover_text("Take the run up from its last checkpoint, exactly where that stands");
        if resume.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
            session.resume(run.id, book.current());
        }
    });
}

fn facts(ui: &mut Ui, run: &RunRecord) {
    fact(ui, "State", run.state().to_owned());
    fact(ui, "Network", run.network_name().to_owned());
    if let Some(device) = run.device() {
        fact(ui, "Device", device.to_owned());
    }
    if let Some(started) = &run.started {
        fact(ui, "Training images", format::count(started.train_images as u64));
        fact(ui, "Validation images", format::count(started.validation_images() as u64));
    }
    if !run.layers().is_empty() {
        fact(ui, "Parameters", format::count(run.parameters()));
    }
    fact(ui, "Step", format::count(run.step));
    if let Some(seconds) = run.seconds {
        fact(ui, "Trained in", format::duration(seconds));
    }
    let best = run.best_validation_accuracy.map(|best| match run.best_epoch {
        Some(epoch) => format!("{} at epoch {epoch:.0}", format::percent(best)),
        None => format::percent(best),
    });
    fact(ui, "Best validation", best.unwrap_or_else(|| NONE.to_owned()));
    fact(ui, "Test errors", run.test_errors().map_or_else(|| NONE.to_owned(), |errors| errors.to_string()));
    folder(ui, run);
    for problem in run.stored.iter().flat_map(|stored| &stored.problems) {
        ui.label(RichText::new(format!("{} {problem}", icon::WARNING)).small().color(ui.visuals().warn_fg_color));
    }
}

fn folder(ui: &mut Ui, run: &RunRecord) {
    let Some(folder) = &run.folder else {
        fact(ui, "Folder", "not saved".to_owned());
        return;
    };
    let path = folder.display().to_string();
    fact(ui, "Folder", path.clone());
    let copy = ui.add(Button::new(RichText::new(format!("{} Copy path", icon::COPY)).small()));
    if copy.on_hover_text(&path).clicked() {
        ui.ctx().copy_text(path);
    }
}

fn notes(ui: &mut Ui, session: &mut Session, run: &RunRecord) {
    ui.add_space(theme::UNIT);
    ui.label(theme::title("Notes"));
    let mut text = run.notes.clone();
    let field = TextEdit::multiline(&mut text).hint_text("What was tried, what came of it").desired_rows(2);
    let field = ui.add(field.desired_width(f32::INFINITY));
    let field =
        field.on_hover_text("Kept as notes.md in the run folder, once there is one").accessible_name("Run notes");
    if field.changed()
        && let Some(run) = session.run_mut(run.id)
    {
        run.notes = text;
    }
    if field.lost_focus() {
        session.save_notes(run.id);
    }
}

fn changes(ui: &mut Ui, run: &RunRecord) {
    if run.changes.is_empty() {
        return;
    }
    ui.add_space(theme::UNIT);
    ui.label(theme::title("Changes"));
    for change in &run.changes {
        fact(ui, &format!("step {}", format::count(change.step)), change.describe());
    }
}
