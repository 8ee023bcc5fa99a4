//! Work that would hold up the window: on a thread of its own, its result picked up by a later frame.

use crate::engine::{RunFormat, RunId};
use crate::ui::theme;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// Something under way.
#[derive(Debug)]
pub struct Task<T> {
    receiver: Receiver<T>,
}

/// What became of a [`Task`].
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<T> {
    Working,
    Done(T),
    /// The thread did not start or panicked.
    Lost,
}

impl<T: Send + 'static> Task<T> {
    /// Starts the work, and wakes the window when it is done.
    pub fn spawn(ctx: &egui::Context, work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let ctx = ctx.clone();
        let look = theme::look();
        let thread = std::thread::Builder::new().name("background".to_owned()).spawn(move || {
            theme::wear(look);
            let _ = sender.send(work());
            ctx.request_repaint();
        });
        if let Err(error) = thread {
            log::error!("a background thread did not start: {error}");
        }
        Self { receiver }
    }

    pub fn poll(&self) -> Progress<T> {
        match self.receiver.try_recv() {
            Ok(result) => Progress::Done(result),
            Err(TryRecvError::Empty) => Progress::Working,
            Err(TryRecvError::Disconnected) => Progress::Lost,
        }
    }
}

/// What a file dialog is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A folder of images by class, of IDX files, or of CIFAR batches.
    Data,
    /// An archive of images by class, an IDX file, a CIFAR batch, an `.npz`.
    DataFile,
    /// An architecture as TOML.
    Network,
    /// Image files to show a trained network.
    Pictures,
    /// A trained network, as safetensors of Glassbox's.
    Trained,
    /// A run folder, or a folder of them.
    RunFolder,
    /// A run that was exported.
    RunZip,
    /// Where to make a run folder.
    SaveRun(RunId),
    /// Where to write a run, as what.
    ExportRun(RunId, RunFormat),
    /// Where to make the folder of the experiment in hand.
    SaveExperiment,
}

impl Wanted {
    /// Dialogs of one kind open in the same folder.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Data | Self::DataFile => "data",
            Self::Network | Self::Trained => "networks",
            Self::Pictures => "pictures",
            Self::RunFolder | Self::RunZip | Self::SaveRun(_) | Self::ExportRun(..) | Self::SaveExperiment => "runs",
        }
    }
}

/// What came of a file dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    Path(Wanted, PathBuf),
    Cancelled,
    /// No dialog could be shown, and what to do instead.
    NoDialog(&'static str),
}

/// How image files that can be opened are called.
pub const IMAGE_ENDINGS: &[&str] = &["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp"];

const NO_DIALOG: &str = "No file dialog can be shown here (it needs a desktop portal or zenity): type the path into the \
                         field, or drop the file onto the window.";

/// Shows a file dialog, in the folder where the last one of its kind ended. `name` is proposed for what is written.
pub fn pick(ctx: &egui::Context, wanted: Wanted, folder: Option<&Path>, name: String) -> Task<Picked> {
    let mut dialog = rfd::FileDialog::new().set_file_name(name);
    if let Some(folder) = folder {
        dialog = dialog.set_directory(folder);
    }
    Task::spawn(ctx, move || {
        if !has_dialogs() {
            return Picked::NoDialog(NO_DIALOG);
        }
        let path = match wanted {
            Wanted::Data => {
                dialog.set_title("Open a folder of images by class, IDX files or CIFAR batches").pick_folder()
            }
            Wanted::DataFile => dialog
                .set_title("Open an archive of images by class, an IDX file, a CIFAR batch or an .npz")
                .pick_file(),
            Wanted::Network => dialog.set_title("Open an architecture").add_filter("TOML", &["toml"]).pick_file(),
            Wanted::Pictures => dialog.set_title("Open a picture").add_filter("Images", IMAGE_ENDINGS).pick_file(),
            Wanted::Trained => {
                dialog.set_title("Open a trained network").add_filter("Safetensors", &["safetensors"]).pick_file()
            }
            Wanted::RunFolder => dialog.set_title("Open a run folder").pick_folder(),
            Wanted::RunZip => dialog.set_title("Open an exported run").add_filter("Zip", &["zip"]).pick_file(),
            Wanted::SaveRun(_) => dialog.set_title("Save the run as a folder").save_file(),
            Wanted::SaveExperiment => dialog.set_title("Save the experiment as a folder").save_file(),
            Wanted::ExportRun(_, format) => {
                let dialog = dialog.set_title("Export the run");
                match format.ending() {
                    Some(ending) => dialog.add_filter(ending, &[ending]).save_file(),
                    None => dialog.save_file(),
                }
            }
        };
        path.map_or(Picked::Cancelled, |path| Picked::Path(wanted, path))
    })
}

/// Asks where to save a text, and saves it. The result is what to say of it; nothing if it was cancelled.
pub fn save_text(ctx: &egui::Context, file_name: &str, text: String) -> Task<Option<Result<String, String>>> {
    let dialog = rfd::FileDialog::new().set_title("Save the log").set_file_name(file_name);
    Task::spawn(ctx, move || {
        if !has_dialogs() {
            let reason =
                "No file dialog can be shown here (it needs a desktop portal or zenity): copy the log instead.";
            return Some(Err(reason.to_owned()));
        }
        let path = dialog.save_file()?;
        let shown = path.display().to_string();
        Some(match crate::engine::write_atomically(&path, text.as_bytes()) {
            Ok(()) => Ok(format!("The log was saved as {shown}")),
            Err(error) => Err(error.to_string()),
        })
    })
}

/// On Linux a dialog is shown by a desktop portal, found over the session bus, or else by zenity. rfd itself cannot tell
/// a missing portal from a dialog that was cancelled.
pub fn has_dialogs() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let has_bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| PathBuf::from(folder).join("bus").exists());
    let has_zenity = std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|folder| folder.join("zenity").is_file()));
    has_bus || has_zenity
}
