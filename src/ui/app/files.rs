//! Files that come in and go out: dialogs, drops, what was opened before.

use super::background::{IMAGE_ENDINGS, Picked, Progress, Task, pick, save_text};
use super::run_files::holds_runs;
use super::{Action, App, Devices, Session, Wanted};
use crate::data::{ImageShape, Picture};
use crate::engine::Subject;
use crate::ui::labs::{Lab, features};
use egui::{Color32, Context, Event};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOG_NAME: &str = "glassbox-log.txt";

impl App {
    pub(super) fn take_results(&mut self, ctx: &Context) {
        if let Some(task) = self.looking_for_devices.take() {
            match task.poll() {
                Progress::Working => self.looking_for_devices = Some(task),
                Progress::Done(devices) => self.session.devices = Devices::Known(devices),
                Progress::Lost => {
                    self.session.devices = Devices::Known(Vec::new());
                    self.session.log.note("The devices of this machine could not be listed; the processor can be used");
                }
            }
        }
        if let Some(task) = self.picking.take() {
            match task.poll() {
                Progress::Working => self.picking = Some(task),
                Progress::Done(Picked::Path(wanted, path)) => {
                    self.shell.recent.note_folder(wanted, &path);
                    self.take_path(ctx, wanted, &path);
                }
                Progress::Done(Picked::NoDialog(text)) => self.session.log.note(text),
                Progress::Done(Picked::Cancelled) | Progress::Lost => {}
            }
        }
        if let Some(task) = self.saving.take() {
            match task.poll() {
                Progress::Working => self.saving = Some(task),
                Progress::Done(Some(Ok(text))) => self.session.log.note(text),
                Progress::Done(Some(Err(text))) => self.session.log.error(text),
                Progress::Done(None) | Progress::Lost => {}
            }
        }
    }

    /// Shows a file dialog, if none is open.
    pub(super) fn ask_for(&mut self, ctx: &Context, wanted: Wanted) {
        if self.picking.is_none() {
            self.picking = Some(pick(ctx, wanted, self.shell.recent.folder(wanted), self.file_name_for(wanted)));
        }
    }

    /// What a dialog proposes.
    fn file_name_for(&self, wanted: Wanted) -> String {
        let name = |run| self.session.run(run).map_or_else(|| "run".to_owned(), Session::file_name);
        match wanted {
            Wanted::SaveRun(run) => name(run),
            Wanted::ExportRun(run, format) => Session::export_name(&name(run), format),
            Wanted::SaveExperiment => {
                self.session.experiment().map_or_else(String::new, |experiment| experiment.name.clone())
            }
            Wanted::Data
            | Wanted::DataFile
            | Wanted::Network
            | Wanted::Pictures
            | Wanted::Trained
            | Wanted::RunFolder
            | Wanted::RunZip => String::new(),
        }
    }

    pub(super) fn save_log(&mut self, ctx: &Context) {
        if self.saving.is_none() {
            let text = self.popups.log.found_text(&self.session.log);
            self.saving = Some(save_text(ctx, LOG_NAME, text));
        }
    }

    fn take_path(&mut self, ctx: &Context, wanted: Wanted, path: &Path) {
        let key = match wanted {
            Wanted::Data | Wanted::DataFile => "data.source",
            Wanted::Network => "network",
            Wanted::Pictures => return self.show_pictures(ctx, vec![path.to_owned()]),
            Wanted::Trained => {
                return self.session.exploration.look_into(Subject::Named(path.display().to_string()));
            }
            Wanted::RunFolder | Wanted::RunZip => return self.session.open(vec![path.to_owned()]),
            Wanted::SaveRun(run) => return self.session.save_to(run, path),
            Wanted::ExportRun(run, format) => return self.session.export(run, path, format),
            Wanted::SaveExperiment => return self.session.save_experiment(path),
        };
        if let Err(error) = self.assign(key, &path.display().to_string(), 0.0) {
            self.session.log.error(error);
        }
    }

    /// Reads pictures and shows them in the Features lab.
    fn show_pictures(&mut self, ctx: &Context, paths: Vec<PathBuf>) {
        self.session.exploration.open_pictures(ctx, paths);
        self.perform(ctx, Action::Reveal(features::Pane::Pictures.into()));
    }

    /// An image from the clipboard is a picture, unless a text is being typed.
    pub(super) fn take_pasted_images(&mut self, ctx: &Context) {
        if ctx.text_edit_focused() {
            return;
        }
        let pasted = ctx.input(|input| {
            let image =
                |event: &Event| if let Event::PasteImage(image) = event { Some(Arc::clone(image)) } else { None };
            input.events.iter().filter_map(image).collect::<Vec<_>>()
        });
        for image in pasted {
            let [width, height] = image.size;
            let channel = |of: fn(&Color32) -> u8| image.pixels.iter().map(of);
            let planes = channel(Color32::r).chain(channel(Color32::g)).chain(channel(Color32::b));
            let picture = Picture::of_pixels("pasted", ImageShape::new(3, height, width), planes.collect::<Vec<_>>());
            let added = picture.ok_or_else(|| "The clipboard holds an empty image".to_owned());
            match added.and_then(|picture| self.session.exploration.add(picture)) {
                Ok(()) => self.perform(ctx, Action::Reveal(features::Pane::Pictures.into())),
                Err(reason) => self.session.log.error(reason),
            }
        }
    }

    /// A folder or a zip dropped on the window is a run, runs or data; a TOML file a network; an image a picture; another
    /// file data, if its name says so.
    pub(super) fn take_dropped_files(&mut self, ctx: &Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let (pictures, others): (Vec<_>, Vec<_>) =
            dropped.iter().map(|file| file.path()).partition(|path| path.is_file() && ends_with(path, IMAGE_ENDINGS));
        if !pictures.is_empty() {
            self.show_pictures(ctx, pictures.into_iter().map(Path::to_owned).collect());
        }
        for path in others {
            if holds_runs(path) {
                self.session.open(vec![path.to_owned()]);
            } else if path.is_dir() {
                self.take_path(ctx, Wanted::Data, path);
            } else if ends_with(path, &["toml"]) {
                self.take_path(ctx, Wanted::Network, path);
            } else if ends_with(path, &["safetensors"]) {
                self.take_path(ctx, Wanted::Trained, path);
                self.perform(ctx, Action::Open(Lab::Features));
            } else if may_be_data(path) {
                self.take_path(ctx, Wanted::DataFile, path);
            } else {
                let text = path.display();
                let what = "drop a run folder, an architecture as TOML, a trained network as safetensors, images, or data: a \
                            folder or an archive (.zip, .tar, .tar.gz, .tar.xz) of images by class, IDX files, CIFAR \
                            batches, or an .npz";
                self.session.log.note(format!("{text}: {what}"));
            }
        }
    }

    /// Notes the files that the settings name, when the settings have changed, and the folder of the run in hand.
    pub(super) fn remember_files(&mut self) {
        let revision = Some(self.book.revision());
        if self.popups.seen_revision != revision {
            self.popups.seen_revision = revision;
            self.shell.recent.note_config(&self.book.current().config);
        }
        let started = self.session.current().and_then(|run| run.started.as_ref());
        if let Some(folder) = started.and_then(|started| started.folder.as_deref()) {
            self.shell.recent.note_run(folder);
        }
    }
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

/// Whether a file is called as data sets are: whether it can be opened is seen when it is.
fn may_be_data(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let endings = [".zip", ".tar", ".tgz", ".tar.gz", ".txz", ".tar.xz", ".npz", ".bin", "-ubyte", "-ubyte.gz", ".idx"];
    path.is_file() && endings.iter().any(|ending| name.ends_with(ending))
}

/// What is saved under way.
pub(super) type Saving = Task<Option<Result<String, String>>>;
