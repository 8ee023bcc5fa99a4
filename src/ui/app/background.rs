//! Work that would hold up the window: on a thread of its own, its result picked up by a later frame.

use std::path::PathBuf;
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
        let thread = std::thread::Builder::new().name("background".to_owned()).spawn(move || {
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
    /// A folder of IDX files.
    Data,
    /// An architecture as TOML.
    Network,
}

/// What came of a file dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    Path(Wanted, PathBuf),
    Cancelled,
    /// No dialog could be shown, and what to do instead.
    NoDialog(&'static str),
}

const NO_DIALOG: &str = "No file dialog can be shown here (it needs a desktop portal or zenity): type the path into the \
                         field, or drop the file onto the window.";

/// Shows a file dialog.
pub fn pick(ctx: &egui::Context, wanted: Wanted) -> Task<Picked> {
    Task::spawn(ctx, move || {
        if !has_dialogs() {
            return Picked::NoDialog(NO_DIALOG);
        }
        let path = match wanted {
            Wanted::Data => rfd::FileDialog::new().set_title("Open a folder of IDX files").pick_folder(),
            Wanted::Network => {
                rfd::FileDialog::new().set_title("Open an architecture").add_filter("TOML", &["toml"]).pick_file()
            }
        };
        path.map_or(Picked::Cancelled, |path| Picked::Path(wanted, path))
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
