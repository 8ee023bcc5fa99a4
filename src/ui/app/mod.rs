//! The shell around the labs: rail, top bar, inspector, timeline, log.
//!
//! State lives in three places: [`Settings`] (saved, undoable), [`Session`] (the engine, the runs, the selection), and what
//! each panel remembers of itself.

mod actions;
mod background;
mod bottom;
mod commands;
mod data_set;
mod events;
mod experiments;
mod explore;
mod files;
mod help;
mod histograms;
mod inspector;
mod keys;
mod log;
mod log_view;
mod notices;
mod overlay;
mod pace;
mod palette;
mod rail;
mod run_book;
mod run_files;
mod run_page;
mod runs;
mod saving;
mod session;
mod settings;
mod shell;
mod top_bar;
mod view_menu;

pub use actions::Action;
pub use background::{Progress, Task, Wanted};
pub use data_set::{DataLook, DataState, DataView, Watch};
pub use experiments::{ExperimentRecord, evaluation_of};
pub use explore::{Asked, Exploration, ImageOf, MOST_PICTURES, NetworkState, SheetSource, UnitView};
pub use help::HelpText;
pub use histograms::{HistogramHistory, Look, MOST_LOOKS, Reach};
pub use log::{Entry, Level, Log};
pub use overlay::Overlay;
pub use pace::IDLE;
pub use runs::{Change, RunRecord, StoredFacts, leaf};
pub use session::{Devices, Listed, Looked, Selection, Session};
pub use settings::{Settings, SettingsBook};
pub use shell::Recent;

use super::labs::frame::LabFrame;
use super::labs::{Lab, LabContext, LabPane, Labs, OpenLab};
use super::{WindowOptions, export, theme};
use crate::engine::{DeviceInfo, Engine, devices};
use crate::experiments::{Config, TrainConfig};
use background::Picked;
use eframe::Storage;
use egui::{CentralPanel, Context, Frame, Key, Modifiers, Rect, Ui};
use files::Saving;
use help::Topic;
use inspector::InspectorView;
use pace::Pace;
use run_files::RunJobDone;
use saving::FigureSaving;
use serde::{Serialize, de::DeserializeOwned};
use shell::{Popups, Shell};
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

const SETTINGS_KEY: &str = "settings";
const SHELL_KEY: &str = "shell";
const SEEDS: u64 = 1_000_000;
/// When the engine was too busy to be told of a change, it is told again after this time.
const TELL_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The window.
pub struct App {
    pub book: SettingsBook,
    pub session: Session,
    pub overlay: Overlay,
    shell: Shell,
    popups: Popups,
    labs: Labs,
    inspector: InspectorView,
    looking_for_devices: Option<Task<Vec<DeviceInfo>>>,
    picking: Option<Task<Picked>>,
    saving: Option<Saving>,
    figure_saving: FigureSaving,
    file_jobs: Vec<Task<RunJobDone>>,
    pace: Pace,
    persist: bool,
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
        // The scale is a setting, with its own keys.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        export::install(ctx);
        let pace = Pace::new();
        let (waker, wake) = (ctx.clone(), pace.clone());
        let engine = Engine::start(move || wake.wake(&waker));
        let settings = first_settings(load(storage, SETTINGS_KEY), &options);
        ctx.set_theme(settings.theme);
        let mut session = Session::new(engine, options.folder);
        if !options.open.is_empty() {
            session.open(options.open);
        }
        Self {
            book: SettingsBook::new(settings),
            session,
            overlay: Overlay::new(options.debug),
            shell: load::<Shell>(storage, SHELL_KEY).unwrap_or_default().sane(),
            popups: Popups::default(),
            labs: Labs { train: load_lab(storage), distill: load_lab(storage), features: load_lab(storage) },
            inspector: InspectorView::default(),
            looking_for_devices: None,
            picking: None,
            saving: None,
            file_jobs: Vec::new(),
            figure_saving: FigureSaving::default(),
            pace,
            persist: options.persist,
        }
    }

    /// The lab in view.
    fn lab(&self) -> &dyn OpenLab {
        self.labs.get(self.shell.lab)
    }

    fn lab_mut(&mut self) -> &mut dyn OpenLab {
        self.labs.get_mut(self.shell.lab)
    }

    /// What follows from the frame: actions, a dialog, changes for the run in hand.
    fn finish_frame(&mut self, ctx: &Context, actions: Vec<Action>, wanted: Option<Wanted>) {
        for action in actions {
            self.perform(ctx, action);
        }
        if let Some(wanted) = wanted {
            self.ask_for(ctx, wanted);
        }
        self.remember_files();
        // A drag is one change: the run is told when it ends.
        let is_dragging = ctx.input(|input| input.pointer.any_down());
        if !is_dragging {
            let told = self.session.push_live_settings(self.book.current(), self.book.revision());
            if !self.session.push_live_experiment_settings(&self.book) || !told {
                ctx.request_repaint_after(TELL_AGAIN_AFTER);
            }
        }
        // What was asked for in this frame is begun at once: nothing else may wake the window.
        self.work_on_files(ctx);
        if self.looking_for_devices.is_none() && matches!(self.session.devices, Devices::Unknown) {
            self.looking_for_devices = Some(Task::spawn(ctx, devices));
        }
    }

    /// Theme and look, as the settings have them.
    fn apply_look(&mut self, ctx: &Context) {
        let Settings { theme: wanted, look, .. } = *self.book.current();
        if ctx.options(|options| options.theme_preference) != wanted {
            ctx.set_theme(wanted);
        }
        theme::wear(look);
        if self.popups.worn.replace(look) != Some(look) {
            theme::restyle(ctx);
            ctx.set_zoom_factor(look.scale);
            ctx.request_repaint();
        }
        self.hurry_tooltips(ctx);
    }

    /// What lies over the window.
    fn show_popups(&mut self, ctx: &Context, lab: Rect, actions: &mut Vec<Action>) {
        notices::show(ctx, &mut self.session.log, lab.bottom(), actions);
        self.show_palette(ctx);
        self.ask_layout_name(ctx);
        self.keys_page(ctx);
        self.close_by_escape(ctx);
    }

    /// Menus and dialogs take Escape themselves; then the page of keys goes, then help.
    fn close_by_escape(&mut self, ctx: &Context) {
        let is_open = self.popups.keys_open || self.popups.help.is_some();
        if !is_open || egui::Popup::is_any_open(ctx) {
            return;
        }
        if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            if self.popups.keys_open {
                self.popups.keys_open = false;
            } else {
                self.popups.help = None;
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        self.session.absorb();
        self.take_results(ctx);
        self.work_on_files(ctx);
        self.session.watch(self.shell.lab == Lab::Train && self.labs.train.shows_samples());
        if let Some(rest) = self.session.inspect_selection() {
            ctx.request_repaint_after(rest);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.overlay.begin();
        let ctx = ui.ctx().clone();
        self.pace.note(&ctx);
        for action in actions::pressed(&ctx) {
            self.perform(&ctx, action);
        }
        self.apply_look(&ctx);
        self.take_dropped_files(&ctx);
        self.take_pasted_images(&ctx);
        export::set_subject(&ctx, self.lab().subject(&self.session));
        let mut actions = Vec::new();
        let mut wanted = None;
        self.top_bar(ui, &mut actions);
        self.rail(ui, &mut actions);
        self.bottom(ui, &mut actions);
        self.help_strip(ui, &mut actions);
        self.inspector(ui);
        let panel = CentralPanel::default().frame(Frame::new().fill(ui.visuals().panel_fill));
        let panel = panel.show(ui, |ui| {
            let mut context = LabContext {
                book: &mut self.book,
                session: &mut self.session,
                actions: &mut actions,
                wanted: &mut wanted,
                recent: &self.shell.recent,
            };
            self.labs.get_mut(self.shell.lab).show(ui, &mut context);
        });
        if let Some(pane) = self.lab().hovered() {
            self.note_topic(ui, ui.ctx().content_rect(), Topic::Pane(pane));
        }
        self.show_popups(&ctx, panel.response.rect, &mut actions);
        self.save_figures(&ctx);
        self.finish_frame(&ctx, actions, wanted);
        self.overlay.end();
        self.overlay.show(&ctx, self.session.points_held());
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        if self.persist {
            store(storage, SETTINGS_KEY, self.book.current());
            store(storage, SHELL_KEY, &self.shell);
            store_lab(storage, &self.labs.train);
            store_lab(storage, &self.labs.distill);
            store_lab(storage, &self.labs.features);
        }
    }

    fn persist_egui_memory(&self) -> bool {
        self.persist
    }
}

/// The command line goes before what the last start left, and that before the defaults.
fn first_settings(saved: Option<Settings>, options: &WindowOptions) -> Settings {
    let mut settings = saved.filter(|saved| saved.config.check().is_ok()).unwrap_or_default();
    settings.look = settings.look.sane();
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

fn load_lab<P: LabPane>(storage: Option<&dyn Storage>) -> LabFrame<P> {
    load(storage, &P::LAB.id()).map_or_else(LabFrame::default, LabFrame::restore)
}

fn store_lab<P: LabPane>(storage: &mut dyn Storage, lab: &LabFrame<P>) {
    store(storage, &P::LAB.id(), &lab.save());
}

/// A seed that nobody chose.
fn draw_seed() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish() % SEEDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::labs::{distill, train};
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
        app.book.edit("scale", 2.0, |settings| settings.look.scale = 2.5).unwrap();
        app.shell.log_open = true;
        app.labs.train.arrange(train::Arrangement::Lecture);
        app.labs.train.save_layout("mine");
        app.labs.distill.arrange(distill::Arrangement::Everything);
        app.labs.distill.save_layout("all of it");
        app.shell.lab = Lab::Distill;
        app.shell.recent.note_run(std::path::Path::new("/runs/lenet-1"));
        eframe::App::save(&mut app, &mut storage);
        let again = open(&storage, WindowOptions::default());
        assert_eq!(again.book.current(), app.book.current());
        assert!(again.shell.log_open);
        assert_eq!(again.labs.train.layouts(), ["mine"]);
        assert_eq!(again.labs.distill.layouts(), ["all of it"]);
        assert_eq!(again.shell.lab, Lab::Distill);
        assert_eq!(again.shell.recent, app.shell.recent);
        let config = TrainConfig { network: "lenet".to_owned(), ..TrainConfig::default() };
        let told = open(&storage, WindowOptions { config, device: "cpu".to_owned(), ..WindowOptions::default() });
        assert_eq!(told.book.current().config.network, "lenet");
        assert_eq!(told.book.current().device, "cpu");
    }

    #[test]
    fn what_cannot_be_read_gives_way_to_the_defaults() {
        let mut storage = Memory::default();
        for key in [SETTINGS_KEY, SHELL_KEY, "train", "distill"] {
            storage.set_string(key, "{ \"tree\": 7".to_owned());
        }
        assert_eq!(open(&storage, WindowOptions::default()).book.current(), &Settings::default());
    }
}
