//! Where a run is opened from, saved or exported to: a path that is typed, or found by a dialog.

use super::LabContext;
use crate::engine::{RunFormat, RunId};
use crate::ui::app::{Session, Wanted};
use crate::ui::theme::{self, icon};
use egui::{Button, ComboBox, Key, TextEdit, Ui};
use std::path::Path;

const FORMAT_WIDTH: f32 = 12.0 * theme::UNIT;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Open,
    Save(RunId),
    Export(RunId, RunFormat),
}

/// The line in which a path is typed.
pub(super) struct PathLine {
    purpose: Purpose,
    text: String,
    /// The field takes the keyboard once.
    focused: bool,
}

impl PathLine {
    pub(super) fn new(session: &Session, purpose: Purpose) -> Self {
        let name = |id| session.run(id).map_or_else(|| "run".to_owned(), Session::file_name);
        let text = match purpose {
            Purpose::Open => String::new(),
            Purpose::Save(id) => Path::new("runs").join(name(id)).display().to_string(),
            Purpose::Export(id, format) => Session::export_name(&name(id), format),
        };
        Self { purpose, text, focused: false }
    }

    /// Returns whether it stays.
    pub(super) fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>) -> bool {
        let (verb, hint, tooltip) = match self.purpose {
            Purpose::Open => (
                "Open",
                "run folder, folder of runs, or zip",
                "The path of a run folder, of a folder that holds several, or of an exported run",
            ),
            Purpose::Save(_) => {
                ("Save", "new folder", "The run folder that is made: settings, every point, changes, network")
            }
            Purpose::Export(_, format) => ("Export", "where to", what(format)),
        };
        let mut stays = true;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
            let room = match self.purpose {
                Purpose::Open => 246.0,
                Purpose::Save(_) => 194.0,
                Purpose::Export(..) => 194.0 + FORMAT_WIDTH + theme::UNIT,
            };
            let width = (ui.available_width() - room).clamp(80.0, 480.0);
            self.format(ui, context.session);
            let edit = TextEdit::singleline(&mut self.text).hint_text(hint).desired_width(width).clip_text(true);
            let field = ui.add(edit).on_hover_text(tooltip).accessible_name("Run path");
            if !std::mem::replace(&mut self.focused, true) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let is_typed = !self.text.trim().is_empty();
            let go = ui.add_enabled(is_typed, Button::new(verb)).on_hover_text(tooltip);
            let go = go.accessible_name(format!("{verb} this path"));
            if (go.clicked() || entered) && is_typed {
                self.finish(context);
                stays = false;
            }
            for (text, wanted, tooltip) in self.dialogs() {
                if ui.button(text).on_hover_text(tooltip).clicked() {
                    *context.wanted = Some(wanted);
                    stays = false;
                }
            }
            let cancelled = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape));
            let close = ui.add(Button::new(icon::X).frame(false)).on_hover_text("Close this line");
            if close.accessible_name("Cancel path").clicked() || cancelled {
                stays = false;
            }
        });
        stays
    }

    /// As what a run is exported. A name that was proposed follows; one that was typed stays.
    fn format(&mut self, ui: &mut Ui, session: &Session) {
        let Purpose::Export(id, format) = self.purpose else { return };
        let mut chosen = format;
        let combo = ComboBox::from_id_salt("format").selected_text(format.name()).width(FORMAT_WIDTH);
        let combo = combo.show_ui(ui, |ui| {
            for format in RunFormat::ALL {
                ui.selectable_value(&mut chosen, format, format.name()).on_hover_text(what(format));
            }
        });
        combo.response.on_hover_text(what(format)).accessible_name("Export format");
        if chosen != format {
            let proposed = Self::new(session, self.purpose).text;
            self.purpose = Purpose::Export(id, chosen);
            if self.text == proposed {
                self.text = Self::new(session, self.purpose).text;
            }
        }
    }

    fn dialogs(&self) -> Vec<(&'static str, Wanted, &'static str)> {
        match self.purpose {
            Purpose::Open => vec![
                ("Folder...", Wanted::RunFolder, "Find a run folder, or a folder of them, in a dialog"),
                ("Zip...", Wanted::RunZip, "Find an exported run in a dialog"),
            ],
            Purpose::Save(id) => vec![("Browse...", Wanted::SaveRun(id), "Choose the folder in a dialog")],
            Purpose::Export(id, format) => {
                vec![("Browse...", Wanted::ExportRun(id, format), "Choose the place in a dialog")]
            }
        }
    }

    fn finish(&self, context: &mut LabContext<'_>) {
        let path = Path::new(self.text.trim());
        match self.purpose {
            Purpose::Open => context.session.open(vec![path.to_owned()]),
            Purpose::Save(id) => context.session.save_to(id, path),
            Purpose::Export(id, format) => context.session.export(id, path, format),
        }
    }
}

fn what(format: RunFormat) -> &'static str {
    match format {
        RunFormat::Zip => "The whole run in one file, which opens on any machine",
        RunFormat::Csv => "Every point of every curve, a row each",
        RunFormat::JsonLines => "Every point of every curve, a JSON object a line",
        RunFormat::TensorBoard => "A new folder with an event file: tensorboard --logdir shows it",
    }
}
