//! The shell around the labs: rail, top bar, inspector, timeline, log.
//!
//! State lives in three places: [`Settings`] (saved, undoable), [`Session`] (the engine, the runs, the selection), and what
//! each panel remembers of itself.

mod actions;
mod background;
mod bottom;
mod events;
mod inspector;
mod log;
mod notices;
mod overlay;
mod rail;
mod runs;
mod saving;
mod session;
mod settings;
mod top_bar;

pub use actions::Action;
pub use background::Wanted;
pub use log::{Entry, Level, Log};
pub use overlay::Overlay;
pub use runs::{Change, RunRecord, leaf, network_stem};
pub use session::{Devices, Looked, Selection, Session};
pub use settings::{Settings, SettingsBook};

use super::labs::Lab;
use super::labs::train::{LabContext, Saved, TrainLab};
use super::{WindowOptions, export, theme};
use crate::engine::{DeviceInfo, Engine, devices};
use crate::experiments::TrainConfig;
use background::{Picked, Progress, Task, pick};
use eframe::Storage;
use egui::{CentralPanel, Context, Frame, Ui};
use inspector::InspectorView;
use saving::Saving;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::time::Duration;

const SETTINGS_KEY: &str = "settings";
const SHELL_KEY: &str = "shell";
const TRAIN_KEY: &str = "train";
const SEEDS: u64 = 1_000_000;
/// When the engine was too busy to be told of a change, it is told again after this time.
const TELL_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The window.
pub struct App {
    pub book: SettingsBook,
    pub session: Session,
    pub overlay: Overlay,
    shell: Shell,
    train: TrainLab,
    inspector: InspectorView,
    looking_for_devices: Option<Task<Vec<DeviceInfo>>>,
    picking: Option<Task<Picked>>,
    saving: Saving,
    persist: bool,
}

/// What is open; kept between starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Shell {
    lab: Lab,
    inspector_open: bool,
    log_open: bool,
    /// Where the last figure was saved.
    figures: PathBuf,
}

impl Default for Shell {
    fn default() -> Self {
        Self { lab: Lab::default(), inspector_open: true, log_open: false, figures: saving::first_folder() }
    }
}

impl App {
    pub fn new(cc: &eframe::CreationContext<'_>, options: WindowOptions) -> Self {
        Self::create(&cc.egui_ctx, cc.storage.filter(|_| options.persist), options)
    }

    /// Without a window around it: for tests and benchmarks.
    pub fn detached(ctx: &Context, options: WindowOptions) -> Self {
        Self::create(ctx, None, options)
    }

    fn create(ctx: &Context, storage: Option<&dyn Storage>, options: WindowOptions) -> Self {
        theme::install(ctx);
        export::install(ctx);
        let waker = ctx.clone();
        let engine = Engine::start(move || waker.request_repaint());
        let settings = first_settings(load(storage, SETTINGS_KEY), &options);
        ctx.set_theme(settings.theme);
        Self {
            book: SettingsBook::new(settings),
            session: Session::new(engine, options.folder),
            overlay: Overlay::new(options.debug),
            shell: load(storage, SHELL_KEY).unwrap_or_default(),
            train: load::<Saved>(storage, TRAIN_KEY).map_or_else(TrainLab::default, TrainLab::restore),
            inspector: InspectorView::default(),
            looking_for_devices: None,
            picking: None,
            saving: Saving::default(),
            persist: options.persist,
        }
    }

    fn take_results(&mut self) {
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
                Progress::Done(Picked::Path(wanted, path)) => self.take_path(wanted, &path.display().to_string()),
                Progress::Done(Picked::NoDialog(text)) => self.session.log.note(text),
                Progress::Done(Picked::Cancelled) | Progress::Lost => {}
            }
        }
    }

    fn take_path(&mut self, wanted: Wanted, path: &str) {
        let key = match wanted {
            Wanted::Data => "data.source",
            Wanted::Network => "network",
        };
        let checked = match wanted {
            Wanted::Data => Ok(()),
            Wanted::Network => crate::nets::resolve(path).map(drop).map_err(|error| error.to_string()),
        };
        let changed = checked.and_then(|()| self.book.edit_text(key, 0.0, path).map_err(|error| error.to_string()));
        if let Err(error) = changed {
            self.session.log.error(error);
        }
    }

    /// A folder dropped on the window is data, a TOML file a network.
    fn take_dropped_files(&mut self, ctx: &Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        for path in dropped.iter().map(|file| file.path()) {
            let text = path.display().to_string();
            if path.is_dir() {
                self.take_path(Wanted::Data, &text);
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
                self.take_path(Wanted::Network, &text);
            } else {
                self.session.log.note(format!("{text}: drop a folder of IDX files, or an architecture as TOML"));
            }
        }
    }

    /// What follows from the frame: actions, a dialog, changes for the run in hand.
    fn finish_frame(&mut self, ctx: &Context, actions: Vec<Action>, wanted: Option<Wanted>) {
        for action in actions {
            self.perform(ctx, action);
        }
        if let Some(wanted) = wanted
            && self.picking.is_none()
        {
            self.picking = Some(pick(ctx, wanted));
        }
        // A drag is one change: the run is told when it ends.
        let is_dragging = ctx.input(|input| input.pointer.any_down());
        if !is_dragging && !self.session.push_live_settings(self.book.current(), self.book.revision()) {
            ctx.request_repaint_after(TELL_AGAIN_AFTER);
        }
        if self.looking_for_devices.is_none() && matches!(self.session.devices, Devices::Unknown) {
            self.looking_for_devices = Some(Task::spawn(ctx, devices));
        }
    }

    fn apply_theme(&self, ctx: &Context) {
        let wanted = self.book.current().theme;
        if ctx.options(|options| options.theme_preference) != wanted {
            ctx.set_theme(wanted);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        self.session.absorb();
        self.take_results();
        self.session.watch(self.train.shows_samples());
        if let Some(rest) = self.session.inspect_selection() {
            ctx.request_repaint_after(rest);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.overlay.begin();
        let ctx = ui.ctx().clone();
        for action in actions::pressed(&ctx) {
            self.perform(&ctx, action);
        }
        self.apply_theme(&ctx);
        self.take_dropped_files(&ctx);
        export::set_subject(&ctx, self.session.current().map(RunRecord::place).unwrap_or_default());
        let mut actions = Vec::new();
        let mut wanted = None;
        self.top_bar(ui, &mut actions);
        self.rail(ui, &mut actions);
        self.bottom(ui, &mut actions);
        self.inspector(ui);
        CentralPanel::default().frame(Frame::new().fill(ui.visuals().panel_fill)).show(ui, |ui| {
            let mut context = LabContext {
                book: &mut self.book,
                session: &mut self.session,
                actions: &mut actions,
                wanted: &mut wanted,
            };
            self.train.show(ui, &mut context);
        });
        notices::show(&ctx, &mut self.session.log);
        self.saving(&ctx);
        self.finish_frame(&ctx, actions, wanted);
        self.overlay.end();
        self.overlay.show(&ctx, self.session.points_held());
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        if self.persist {
            store(storage, SETTINGS_KEY, self.book.current());
            store(storage, SHELL_KEY, &self.shell);
            store(storage, TRAIN_KEY, &self.train.save());
        }
    }

    fn persist_egui_memory(&self) -> bool {
        self.persist
    }
}

/// The command line goes before what the last start left, and that before the defaults.
fn first_settings(saved: Option<Settings>, options: &WindowOptions) -> Settings {
    let mut settings = saved.filter(|saved| saved.config.check().is_ok()).unwrap_or_default();
    if options.config != TrainConfig::default() {
        settings.config.clone_from(&options.config);
    }
    if options.device != "auto" {
        settings.device.clone_from(&options.device);
    }
    settings
}

fn load<T: DeserializeOwned>(storage: Option<&dyn Storage>, key: &str) -> Option<T> {
    let text = storage?.get_string(key)?;
    serde_json::from_str(&text).inspect_err(|error| ::log::warn!("the saved {key} cannot be read: {error}")).ok()
}

fn store<T: Serialize>(storage: &mut dyn Storage, key: &str, value: &T) {
    match serde_json::to_string(value) {
        Ok(text) => storage.set_string(key, text),
        Err(error) => ::log::warn!("the {key} cannot be saved: {error}"),
    }
}

/// A seed that nobody chose.
fn draw_seed() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish() % SEEDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Memory(HashMap<String, String>);

    impl Storage for Memory {
        fn get_string(&self, key: &str) -> Option<String> {
            self.0.get(key).cloned()
        }

        fn set_string(&mut self, key: &str, value: String) {
            self.0.insert(key.to_owned(), value);
        }

        fn remove_string(&mut self, key: &str) {
            self.0.remove(key);
        }

        fn flush(&mut self) {}
    }

    fn open(storage: &Memory, options: WindowOptions) -> App {
        App::create(&Context::default(), Some(storage), options)
    }

    #[test]
    fn settings_and_what_is_open_survive_a_restart() {
        let mut storage = Memory::default();
        let mut app = open(&storage, WindowOptions::default());
        app.book.edit_text("data.train", 0.0, "600").unwrap();
        app.book.edit_text("data.classes", 0.0, "{ only = [0, 1] }").unwrap();
        app.book.edit("theme", 1.0, |settings| settings.theme = egui::ThemePreference::Light).unwrap();
        app.shell.log_open = true;
        eframe::App::save(&mut app, &mut storage);
        let again = open(&storage, WindowOptions::default());
        assert_eq!(again.book.current(), app.book.current());
        assert!(again.shell.log_open);
        let config = TrainConfig { network: "lenet".to_owned(), ..TrainConfig::default() };
        let told = open(&storage, WindowOptions { config, device: "cpu".to_owned(), ..WindowOptions::default() });
        assert_eq!(told.book.current().config.network, "lenet");
        assert_eq!(told.book.current().device, "cpu");
    }

    #[test]
    fn what_cannot_be_read_gives_way_to_the_defaults() {
        let mut storage = Memory::default();
        for key in [SETTINGS_KEY, SHELL_KEY, TRAIN_KEY] {
            storage.set_string(key, "{ \"tree\": 7".to_owned());
        }
        assert_eq!(open(&storage, WindowOptions::default()).book.current(), &Settings::default());
    }
}
