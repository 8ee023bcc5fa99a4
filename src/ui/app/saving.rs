//! Where a figure goes: to the clipboard, or to a file whose path is typed or picked.
//!
//! A path is always asked for in the window itself, with a name made up beforehand, so that Enter is enough; the dialog of
//! the desktop is a button away. A missing desktop portal looks like a dialog that was cancelled, so it cannot be the
//! only way.

use super::background::{Progress, Task, has_dialogs};
use super::{App, Log};
use crate::engine::write_atomically;
use crate::ui::export::{self, Format, Taken};
use crate::ui::theme::{self, icon};
use egui::{Align2, Button, ColorImage, Context, Key, RichText, TextEdit, Ui, Window};
use std::path::{Path, PathBuf};

const PATH_WIDTH: f32 = 56.0 * theme::UNIT;
/// Pixels a point of a copied picture.
const COPY_SCALE: f32 = 2.0;

#[derive(Default)]
pub(super) struct FigureSaving {
    asking: Option<Asking>,
    picking: Option<Task<Option<PathBuf>>>,
    working: Vec<Task<Done>>,
}

/// A figure that waits for its path.
struct Asking {
    name: String,
    format: Format,
    content: String,
    path: String,
    /// The path of a file that may be replaced: the desktop's dialog has asked.
    agreed: Option<String>,
    /// The path at which a file was found when it was to be written.
    taken: Option<String>,
    is_new: bool,
}

enum Done {
    Saved(PathBuf),
    Copied(String, ColorImage),
    Failed(String),
}

enum Wish {
    Save,
    Replace,
    Browse,
    Cancel,
}

impl App {
    /// Takes up what was chosen in the menu of a figure, and sees it through.
    pub(super) fn save_figures(&mut self, ctx: &Context) {
        export::show_menu(ctx);
        if let Some(taken) = export::taken(ctx) {
            self.accept(ctx, taken);
        }
        self.take_picked_path();
        self.ask(ctx);
        let working = std::mem::take(&mut self.figure_saving.working);
        for task in working {
            match task.poll() {
                Progress::Working => self.figure_saving.working.push(task),
                Progress::Done(Done::Saved(path)) => {
                    if let Some(folder) = path.parent() {
                        folder.clone_into(&mut self.shell.figures);
                    }
                    self.session.log.note(format!("Saved {}", path.display()));
                }
                Progress::Done(Done::Copied(name, image)) => {
                    ctx.copy_image(image);
                    self.session.log.event(format!("{name}: picture copied to the clipboard"));
                }
                Progress::Done(Done::Failed(reason)) => self.session.log.error(reason),
                Progress::Lost => self.session.log.error("The figure could not be drawn; try another format"),
            }
        }
    }

    fn accept(&mut self, ctx: &Context, taken: Taken) {
        let Taken { stem, name, format, content } = taken;
        let Some(content) = content else {
            self.session.log.note(if format.is_table() {
                format!("{name}: there are no values behind it yet")
            } else {
                format!("{name} is no longer on screen: bring it to the front, and save it again")
            });
            return;
        };
        match format {
            Format::CopyCsv => {
                ctx.copy_text(content);
                self.session.log.event(format!("{name}: values copied to the clipboard, as CSV"));
            }
            Format::CopyPicture => self.figure_saving.working.push(Task::spawn(ctx, move || copy(name, &content))),
            Format::Svg | Format::Png(_) | Format::Csv | Format::JsonLines => {
                let file = format!("{stem}.{}", format.ending());
                let path = self.shell.figures.join(file).display().to_string();
                let (agreed, taken) = (None, None);
                self.figure_saving.asking = Some(Asking { name, format, content, path, agreed, taken, is_new: true });
            }
        }
    }

    fn take_picked_path(&mut self) {
        let Some(task) = self.figure_saving.picking.take() else { return };
        match task.poll() {
            Progress::Working => self.figure_saving.picking = Some(task),
            Progress::Done(Some(path)) => {
                if let Some(asking) = &mut self.figure_saving.asking {
                    asking.path = path.display().to_string();
                    asking.agreed = Some(asking.path.clone());
                }
            }
            Progress::Done(None) | Progress::Lost => {}
        }
    }

    fn ask(&mut self, ctx: &Context) {
        let Some(asking) = &mut self.figure_saving.asking else { return };
        let mut wish = None;
        let response = Window::new("Save figure")
            .collapsible(false)
            .resizable(false)
            .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
            .show(ctx, |ui| wish = asking.show(ui));
        if response.is_some() && ctx.input(|input| input.key_pressed(Key::Escape)) {
            wish = Some(Wish::Cancel);
        }
        match wish {
            None => {}
            Some(Wish::Cancel) => self.figure_saving.asking = None,
            Some(Wish::Browse) => self.figure_saving.picking = Some(asking.browse(ctx)),
            Some(Wish::Save) if asking.is_taken() => asking.taken = Some(asking.path.clone()),
            Some(Wish::Save | Wish::Replace) => {
                if let Some(asking) = self.figure_saving.asking.take() {
                    self.figure_saving.working.push(asking.write(ctx, &mut self.session.log));
                }
            }
        }
    }
}

impl Asking {
    fn show(&mut self, ui: &mut Ui) -> Option<Wish> {
        let mut wish = None;
        ui.set_width(PATH_WIDTH);
        ui.label(RichText::new(format!("{}, as {}", self.name, describe(self.format))).weak());
        let edit = TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY);
        let edit = ui.add(edit).on_hover_text("Where to save it; ~ is your home folder, and new folders are made");
        let edit = edit.accessible_name("File to save to");
        if std::mem::take(&mut self.is_new) {
            edit.request_focus();
        }
        if edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
            wish = Some(Wish::Save);
        }
        let is_taken = self.taken.as_ref() == Some(&self.path);
        if is_taken {
            let text = format!("{} There is such a file already.", icon::WARNING);
            ui.label(RichText::new(text).color(ui.visuals().warn_fg_color));
        }
        ui.add_space(theme::UNIT / 2.0);
        ui.horizontal(|ui| {
            let browse = ui.add_enabled(has_dialogs(), Button::new("Browse..."));
            let browse = browse.on_hover_text("Pick a folder in the dialog of the desktop");
            let why = "The desktop has no file dialog (it needs a portal or zenity): type the path instead";
            if browse.on_disabled_hover_text(why).clicked() {
                wish = Some(Wish::Browse);
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let (label, name, tooltip, granted) = if is_taken {
                    ("Replace", "Replace the file", "Write over the file that is there", Wish::Replace)
                } else {
                    (
                        "Save",
                        "Save the figure",
                        "Write the file; one that is there already is not touched unasked",
                        Wish::Save,
                    )
                };
                let has_path = !self.path.trim().is_empty();
                let save = ui.add_enabled(has_path, Button::new(label)).on_hover_text(tooltip);
                if save.accessible_name(name).clicked() {
                    wish = Some(granted);
                }
                let cancel = ui.button("Cancel").on_hover_text("Save nothing (Escape)");
                if cancel.accessible_name("Cancel saving").clicked() {
                    wish = Some(Wish::Cancel);
                }
            });
        });
        wish
    }

    fn target(&self) -> PathBuf {
        let path = with_home(self.path.trim(), std::env::home_dir().as_deref());
        let path = if path.extension().is_some() { path } else { path.with_extension(self.format.ending()) };
        std::path::absolute(&path).unwrap_or(path)
    }

    fn is_taken(&self) -> bool {
        self.agreed.as_ref() != Some(&self.path) && self.target().exists()
    }

    fn browse(&self, ctx: &Context) -> Task<Option<PathBuf>> {
        let target = self.target();
        let ending = self.format.ending();
        Task::spawn(ctx, move || {
            let mut dialog =
                rfd::FileDialog::new().set_title("Save figure").add_filter(ending.to_uppercase(), &[ending]);
            if let Some(folder) = target.parent().filter(|folder| folder.is_dir()) {
                dialog = dialog.set_directory(folder);
            }
            if let Some(name) = target.file_name() {
                dialog = dialog.set_file_name(name.to_string_lossy());
            }
            dialog.save_file()
        })
    }

    fn write(self, ctx: &Context, log: &mut Log) -> Task<Done> {
        let path = self.target();
        log.event(format!("{}: saving as {}", self.name, describe(self.format)));
        Task::spawn(ctx, move || match write(&path, self.format, &self.content) {
            Ok(()) => Done::Saved(path),
            Err(reason) => Done::Failed(reason),
        })
    }
}

fn write(path: &Path, format: Format, content: &str) -> Result<(), String> {
    let png = if let Format::Png(scale) = format { Some(export::png(content, f32::from(scale))?) } else { None };
    if let Some(folder) = path.parent() {
        let fail = |error| format!("cannot make the folder {}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    write_atomically(path, png.as_deref().unwrap_or(content.as_bytes())).map_err(|error| error.to_string())
}

fn copy(name: String, svg: &str) -> Done {
    match export::rasterise(svg, COPY_SCALE) {
        Ok(picture) => {
            let size = [picture.width() as usize, picture.height() as usize];
            Done::Copied(name, ColorImage::from_rgba_unmultiplied(size, picture.as_raw()))
        }
        Err(reason) => Done::Failed(reason),
    }
}

fn describe(format: Format) -> String {
    match format {
        Format::Png(scale) => format!("PNG, {scale}x"),
        Format::JsonLines => "JSON lines".to_owned(),
        other => other.ending().to_uppercase(),
    }
}

fn with_home(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~').map(|rest| rest.trim_start_matches(['/', '\\'])), home) {
        (Some(rest), Some(home)) if path == "~" || path.len() > rest.len() + 1 => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Where figures go until a person says otherwise.
pub(super) fn first_folder() -> PathBuf {
    std::env::home_dir().unwrap_or_default().join("glassbox-figures")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder() {
        let home = Some(Path::new("/home/ada"));
        assert_eq!(with_home("~/figures/a.svg", home), Path::new("/home/ada/figures/a.svg"));
        assert_eq!(with_home("~a.svg", home), Path::new("~a.svg"));
        assert_eq!(with_home("/tmp/a.svg", home), Path::new("/tmp/a.svg"));
        assert_eq!(with_home("~/a.svg", None), Path::new("~/a.svg"));
    }
}
