//! Networks from files and to files. A path is typed in place; the dialog of the desktop is a button away.

use crate::nets::Architecture;
use crate::ui::app::Wanted;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use egui::{Button, Key, RichText, TextEdit, Ui};
use std::path::{Path, PathBuf};

/// The path that is being typed.
pub(super) struct SaveLine {
    purpose: Purpose,
    text: String,
    /// The path at which a file was found: a second click replaces it.
    taken: Option<String>,
    has_focus: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Open,
    Save,
}

pub(super) fn buttons(
    ui: &mut Ui,
    context: &LabContext<'_>,
    line: &mut Option<SaveLine>,
    architecture: &Architecture,
    is_possible: bool,
) {
    let open = ui.add(Button::new("Open...").small()).on_hover_text("An architecture as TOML, from a file");
    if open.accessible_name("Open network file").clicked() {
        *line = Some(SaveLine { purpose: Purpose::Open, text: String::new(), taken: None, has_focus: false });
    }
    let save = ui.add_enabled(is_possible, Button::new("Save as...").small());
    let save = save.on_hover_text("Write this network as TOML; presets stay as they are");
    let save = save.on_disabled_hover_text("Repair the network first: a file that cannot be opened again is of no use");
    if save.accessible_name("Save network file").clicked() {
        let named = &context.book.current().config.network;
        let text = if Path::new(named).is_file() { named.clone() } else { format!("{}.toml", architecture.name) };
        *line = Some(SaveLine { purpose: Purpose::Save, text, taken: None, has_focus: false });
    }
}

pub(super) fn line(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    line: &mut Option<SaveLine>,
    architecture: &Architecture,
) {
    let Some(open) = line else { return };
    if !open.show(ui, context, architecture) {
        *line = None;
    }
}

impl SaveLine {
    /// Returns whether it stays.
    fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>, architecture: &Architecture) -> bool {
        let mut stays = true;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
            let width = (ui.available_width() - 132.0).clamp(80.0, 360.0);
            let edit = TextEdit::singleline(&mut self.text).hint_text("network.toml").desired_width(width);
            let field = ui.add(edit).on_hover_text("The path of the file").accessible_name("Network path");
            if !std::mem::replace(&mut self.has_focus, true) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let replaces = self.taken.as_deref() == Some(self.text.trim());
            let verb = match self.purpose {
                Purpose::Open => "Open",
                Purpose::Save if replaces => "Replace",
                Purpose::Save => "Save",
            };
            let go = ui.add_enabled(!self.text.trim().is_empty(), Button::new(verb).small());
            if go.accessible_name(format!("{verb} network at this path")).clicked() || entered {
                stays = !self.finish(ui, context, architecture, replaces);
            }
            if self.purpose == Purpose::Open {
                let browse = ui.add(Button::new("Browse...").small()).on_hover_text("Find the file in a dialog");
                if browse.clicked() {
                    *context.wanted = Some(Wanted::Network);
                    stays = false;
                }
            }
            let close = ui.add(Button::new(icon::X).frame(false)).on_hover_text("Close this line");
            if close.accessible_name("Cancel network path").clicked() {
                stays = false;
            }
        });
        if self.taken.is_some() && stays {
            let text = "There is a file of this name: replace it, or choose another.";
            ui.label(RichText::new(text).small().color(ui.visuals().warn_fg_color));
        }
        stays
    }

    /// Returns whether it is done.
    fn finish(&mut self, ui: &Ui, context: &mut LabContext<'_>, architecture: &Architecture, replaces: bool) -> bool {
        let path = PathBuf::from(self.text.trim());
        let path = std::path::absolute(&path).unwrap_or(path);
        if self.purpose == Purpose::Save {
            if path.exists() && !replaces {
                self.taken = Some(self.text.trim().to_owned());
                return false;
            }
            if let Err(error) = crate::engine::write_atomically(&path, architecture.to_toml().as_bytes()) {
                context.session.log.error(error.to_string());
                return false;
            }
            context.session.log.note(format!("Saved {}", path.display()));
        }
        let text = path.display().to_string();
        match crate::nets::resolve(&text) {
            Ok(_) => context.edit_text(ui, "network", &text),
            // What is impossible can still be opened, to be repaired.
            Err(error) => match crate::nets::read(&text) {
                Ok(draft) => context.edit(ui, &format!("open {text}"), |settings| settings.draft = Some(draft)),
                Err(_) => context.session.log.error(error.to_string()),
            },
        }
        true
    }
}
