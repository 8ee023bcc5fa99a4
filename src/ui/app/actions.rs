//! Everything that can be done at once: one list, for keys, tooltips, the command palette and the page of keys.

use super::App;
use super::shell::NameDraft;
use crate::ui::export;
use crate::ui::labs::{AnyArrangement, AnyPane, Lab};
use crate::ui::theme::{ColourMap, Contrast, LARGEST_SCALE, Palette, SMALLEST_SCALE};
use egui::{Context, Key, KeyboardShortcut, Modifiers, ThemePreference};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    TrainOrPause,
    Step,
    StepEpoch,
    Reset,
    Reroll,
    Undo,
    Redo,
    OpenData,
    OpenDataFile,
    OpenNetwork,
    ClearRecent,
    CommandPalette,
    Help,
    Keys,
    SwitchTheme,
    Theme(ThemePreference),
    SwitchContrast,
    Palette(Palette),
    ColourMap(ColourMap),
    ScaleUp,
    ScaleDown,
    ScaleReset,
    FullScreen,
    ToggleInspector,
    OpenInspector,
    ToggleLog,
    ShowLog,
    SaveLog,
    ToggleOverlay,
    MaximisePane,
    /// Lay out a lab, and open it.
    Arrange(AnyArrangement),
    SaveLayout,
    /// Bring back the run that was removed last.
    RestoreRun,
    /// Save the figure under the pointer.
    SaveFigure,
    Open(Lab),
    /// Bring a pane to the front, in its lab.
    Reveal(AnyPane),
}

/// What an action belongs to, on the page of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Training,
    Settings,
    Window,
    Labs,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Training, Self::Settings, Self::Window, Self::Labs];

    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "Training",
            Self::Settings => "Settings",
            Self::Window => "Window",
            Self::Labs => "Labs",
        }
    }
}

/// Second keys.
const ALSO: [(Modifiers, Key, Action); 4] = [
    (Modifiers::NONE, Key::F1, Action::Help),
    (Modifiers::COMMAND, Key::Y, Action::Redo),
    (Modifiers::COMMAND, Key::Equals, Action::ScaleUp),
    (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P, Action::CommandPalette),
];

/// The second keys of an action.
pub(super) fn also(action: Action) -> impl Iterator<Item = KeyboardShortcut> {
    let keys = ALSO.into_iter().filter(move |(.., other)| *other == action);
    keys.map(|(modifiers, key, _)| KeyboardShortcut::new(modifiers, key))
}

/// As the keys are labelled: `Ctrl+-`, not `Ctrl+Minus`.
pub(super) fn written(ctx: &Context, shortcut: KeyboardShortcut) -> String {
    let signs = [("Questionmark", "?"), ("Period", "."), ("Plus", "+"), ("Minus", "-"), ("Equals", "=")];
    let text = ctx.format_shortcut(&shortcut);
    signs.iter().fold(text, |text, (name, sign)| text.replace(name, sign))
}

impl Action {
    pub fn all() -> impl Iterator<Item = Self> {
        const SIMPLE: [Action; 29] = [
            Action::TrainOrPause,
            Action::Step,
            Action::StepEpoch,
            Action::Reset,
            Action::Reroll,
            Action::Undo,
            Action::Redo,
            Action::OpenData,
            Action::OpenDataFile,
            Action::OpenNetwork,
            Action::ClearRecent,
            Action::CommandPalette,
            Action::Help,
            Action::Keys,
            Action::SwitchTheme,
            Action::SwitchContrast,
            Action::ScaleUp,
            Action::ScaleDown,
            Action::ScaleReset,
            Action::FullScreen,
            Action::ToggleInspector,
            Action::OpenInspector,
            Action::ToggleLog,
            Action::SaveLog,
            Action::ToggleOverlay,
            Action::MaximisePane,
            Action::SaveLayout,
            Action::RestoreRun,
            Action::SaveFigure,
        ];
        SIMPLE
            .into_iter()
            .chain(Lab::ALL.map(Self::Open))
            .chain(AnyPane::all().map(Self::Reveal))
            .chain(AnyArrangement::all().map(Self::Arrange))
            .chain([ThemePreference::Dark, ThemePreference::Light, ThemePreference::System].map(Self::Theme))
            .chain(Palette::ALL.map(Self::Palette))
            .chain(ColourMap::ALL.map(Self::ColourMap))
    }

    /// Short, for a button.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrainOrPause => "Train or pause",
            Self::Step => "Step",
            Self::StepEpoch => "Train one epoch",
            Self::Reset => "Reset",
            Self::Reroll => "Reroll",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::OpenData => "Open data folder...",
            Self::OpenDataFile => "Open data file...",
            Self::OpenNetwork => "Open network...",
            Self::ClearRecent => "Clear recent files",
            Self::CommandPalette => "Commands",
            Self::Help => "Help",
            Self::Keys => "Keys",
            Self::SwitchTheme => "Switch theme",
            Self::Theme(ThemePreference::Dark) => "Dark",
            Self::Theme(ThemePreference::Light) => "Light",
            Self::Theme(ThemePreference::System) => "System",
            Self::SwitchContrast => "High contrast",
            Self::Palette(palette) => palette.name(),
            Self::ColourMap(map) => map.name(),
            Self::ScaleUp => "Larger",
            Self::ScaleDown => "Smaller",
            Self::ScaleReset => "Scale of 100%",
            Self::FullScreen => "Full screen",
            Self::ToggleInspector => "Inspector",
            Self::OpenInspector => "Open the inspector",
            Self::ToggleLog => "Log",
            Self::ShowLog => "Show log",
            Self::SaveLog => "Save log...",
            Self::ToggleOverlay => "Debug overlay",
            Self::MaximisePane => "Maximise pane",
            Self::Arrange(arrangement) if arrangement.is_default() => "Reset layout",
            Self::Arrange(arrangement) => arrangement.name(),
            Self::SaveLayout => "Save layout...",
            Self::RestoreRun => "Restore removed run",
            Self::SaveFigure => "Save figure...",
            Self::Open(lab) => lab.name(),
            Self::Reveal(pane) => pane.title(),
        }
    }

    /// Understood without anything around it.
    pub fn title(self) -> String {
        match self {
            Self::Open(lab) => format!("Open lab: {}", lab.name()),
            Self::Reveal(pane) => format!("Show {}", pane.full_title()),
            Self::Theme(_) => format!("Theme: {}", self.name().to_lowercase()),
            Self::Palette(palette) => format!("Palette: {}", palette.name()),
            Self::ColourMap(map) => format!("Colour map: {}", map.name()),
            Self::Arrange(arrangement) if !arrangement.is_default() => {
                format!("Layout: {}", arrangement.name())
            }
            _ => self.name().to_owned(),
        }
    }

    pub fn group(self) -> Group {
        match self {
            Self::TrainOrPause | Self::Step | Self::StepEpoch | Self::Reset | Self::Reroll => Group::Training,
            Self::Undo | Self::Redo | Self::OpenData | Self::OpenDataFile | Self::OpenNetwork | Self::ClearRecent => {
                Group::Settings
            }
            Self::Open(_) => Group::Labs,
            _ => Group::Window,
        }
    }

    /// What it does, in the field's terms.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::TrainOrPause => "Start a run with these settings, go on, or pause after the current step",
            Self::Step => "One training step (forward, backward, update on one batch), then pause",
            Self::StepEpoch => "Train to the end of the epoch, validate, then pause",
            Self::Reset => {
                "Begin again: a new run with these settings and this seed, paused before its first step. \
                 The curves of earlier runs stay."
            }
            Self::Reroll => "Draw a new seed, then reset: other first weights, another order of images",
            Self::Undo => "Take back the last change of a setting",
            Self::Redo => "Make the change again that was taken back",
            Self::OpenData => "A folder to learn from: of images by class, IDX files, or CIFAR batches",
            Self::OpenDataFile => {
                "A file to learn from: a .zip, .tar, .tar.gz or .tar.xz of images by class, an IDX file, a CIFAR batch, an .npz"
            }
            Self::OpenNetwork => "An architecture as TOML",
            Self::ClearRecent => "Forget which data sets, networks and runs were opened; the files stay",
            Self::CommandPalette => "Find every command and every setting by its name",
            Self::Help => "Say what is under the pointer, until Escape",
            Self::Keys => "All keys, and what the pointer does",
            Self::SwitchTheme => "Between dark and light",
            Self::Theme(ThemePreference::Dark) => "Light on dark",
            Self::Theme(ThemePreference::Light) => "Dark on light",
            Self::Theme(ThemePreference::System) => "As the desktop has it",
            Self::SwitchContrast => "Texts at 7 to 1 or more, borders that stand out",
            Self::Palette(palette) => palette.description(),
            Self::ColourMap(map) => map.description(),
            Self::ScaleUp => "All texts and controls larger, up to 250%",
            Self::ScaleDown => "All texts and controls smaller, down to 75%",
            Self::ScaleReset => "All texts and controls in their own size",
            Self::FullScreen => "The window fills the screen, or goes back",
            Self::ToggleInspector => "Show or hide what is known of the selection",
            Self::OpenInspector => "Show what is known of the selection",
            Self::ToggleLog => "Show or hide what happened",
            Self::ShowLog => "Read what happened",
            Self::SaveLog => "Write the log to a text file: time, level and text of each entry",
            Self::ToggleOverlay => "Show or hide the time that drawing takes",
            Self::MaximisePane => "The pane under the pointer fills the lab, or goes back to its place",
            Self::Arrange(arrangement) => arrangement.description(),
            Self::SaveLayout => "Keep the panes as they are now, under a name",
            Self::RestoreRun => "Bring back the run that was removed last, with its curves",
            Self::SaveFigure => {
                "Save the plot, table or picture under the pointer as SVG, PNG or CSV, or copy it (also by a right click)"
            }
            Self::Open(lab) => lab.question(),
            Self::Reveal(_) => "Bring this pane to the front",
        }
    }

    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::TrainOrPause => (Modifiers::NONE, Key::Space),
            Self::Step => (Modifiers::NONE, Key::Period),
            Self::StepEpoch => (Modifiers::SHIFT, Key::Period),
            Self::Undo => (Modifiers::COMMAND, Key::Z),
            Self::Redo => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z),
            Self::OpenData => (Modifiers::COMMAND, Key::O),
            Self::CommandPalette => (Modifiers::COMMAND, Key::K),
            Self::Help => (Modifiers::NONE, Key::Questionmark),
            Self::ScaleUp => (Modifiers::COMMAND, Key::Plus),
            Self::ScaleDown => (Modifiers::COMMAND, Key::Minus),
            Self::ScaleReset => (Modifiers::COMMAND, Key::Num0),
            Self::FullScreen => (Modifiers::NONE, Key::F11),
            Self::ToggleLog => (Modifiers::COMMAND, Key::L),
            Self::ToggleInspector => (Modifiers::COMMAND, Key::I),
            Self::ToggleOverlay => (Modifiers::NONE, Key::F12),
            Self::MaximisePane => (Modifiers::NONE, Key::Z),
            Self::SaveFigure => (Modifiers::COMMAND, Key::S),
            Self::Open(lab) => (Modifiers::COMMAND, lab.key()),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// Whether its keys mean nothing to a text that is being typed.
    fn works_while_typing(self) -> bool {
        matches!(
            self,
            Self::CommandPalette
                | Self::ScaleUp
                | Self::ScaleDown
                | Self::ScaleReset
                | Self::FullScreen
                | Self::Open(_)
        )
    }

    /// Adds the tooltip, with the key, to a control. It is put together only when it is seen.
    pub fn explain(self, response: egui::Response) -> egui::Response {
        response.ctx.accesskit_node_builder(response.id, |node| node.set_description(self.tooltip()));
        response.on_hover_ui(|ui| {
            ui.set_max_width(ui.spacing().tooltip_width);
            ui.label(self.hint(ui.ctx()));
        })
    }

    /// The tooltip with the key, if there is one.
    pub fn hint(self, ctx: &Context) -> String {
        match self.shortcut() {
            Some(shortcut) => format!("{} ({})", self.tooltip(), written(ctx, shortcut)),
            None => self.tooltip().to_owned(),
        }
    }
}

/// The actions whose keys were pressed. While a text is being typed, few keys are not part of it.
pub fn pressed(ctx: &Context) -> Vec<Action> {
    if !ctx.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Key { pressed: true, .. }))) {
        return Vec::new();
    }
    let is_typing = ctx.text_edit_focused();
    let first = Action::all().filter_map(|action| Some((action.shortcut()?, action)));
    let second = ALSO.map(|(modifiers, key, action)| (KeyboardShortcut::new(modifiers, key), action));
    let mut shortcuts: Vec<(KeyboardShortcut, Action)> =
        first.chain(second).filter(|(_, action)| !is_typing || action.works_while_typing()).collect();
    // Extra modifiers are ignored when a key is matched, so the shortcuts with the most of them come first.
    shortcuts.sort_by_key(|(shortcut, _)| std::cmp::Reverse(modifier_count(shortcut.modifiers)));
    ctx.input_mut(|input| {
        // A held key would start and pause as fast as it repeats.
        if !is_typing {
            input.events.retain(|event| !matches!(event, egui::Event::Key { key: Key::Space, repeat: true, .. }));
        }
        shortcuts.iter().filter(|(shortcut, _)| input.consume_shortcut(shortcut)).map(|(_, action)| *action).collect()
    })
}

fn modifier_count(modifiers: Modifiers) -> u8 {
    u8::from(modifiers.shift) + u8::from(modifiers.command || modifiers.ctrl) + u8::from(modifiers.alt)
}

impl App {
    /// Does it.
    pub fn perform(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::TrainOrPause if self.shell.lab == Lab::Distill => {
                self.session.run_or_pause_experiment(self.book.current());
            }
            Action::Step | Action::StepEpoch if self.shell.lab == Lab::Distill => {
                self.session.step_experiment(self.book.current());
            }
            Action::Reset if self.shell.lab == Lab::Distill => {
                self.session.start_experiment(self.book.current().experiment(), self.book.current(), false);
            }
            Action::Reroll if self.shell.lab == Lab::Distill => self.reroll_experiment(ctx),
            Action::TrainOrPause => self.session.train_or_pause(self.book.current()),
            Action::Step => self.session.step(self.book.current()),
            Action::StepEpoch => self.session.step_epoch(self.book.current()),
            Action::Reset => self.session.start(self.book.current(), false),
            Action::Reroll => self.reroll(ctx),
            Action::Undo if self.undo_in_pane(ctx, false) => {}
            Action::Redo if self.undo_in_pane(ctx, true) => {}
            Action::Undo => self.book.undo(),
            Action::Redo => self.book.redo(),
            Action::OpenData => self.ask_for(ctx, super::Wanted::Data),
            Action::OpenDataFile => self.ask_for(ctx, super::Wanted::DataFile),
            Action::OpenNetwork => self.ask_for(ctx, super::Wanted::Network),
            Action::ClearRecent => self.shell.recent.clear(),
            Action::CommandPalette => self.toggle_palette(ctx),
            Action::Help => self.toggle_help(),
            Action::Keys => self.popups.keys_open = !self.popups.keys_open,
            Action::SwitchTheme => self.switch_theme(ctx),
            Action::Theme(theme) => self.set(ctx, "theme", |settings| settings.theme = theme),
            Action::SwitchContrast => self.set(ctx, "contrast", |settings| {
                settings.look.contrast = match settings.look.contrast {
                    Contrast::Normal => Contrast::High,
                    Contrast::High => Contrast::Normal,
                }
            }),
            Action::Palette(palette) => self.set(ctx, "palette", |settings| settings.look.palette = palette),
            Action::ColourMap(map) => self.set(ctx, "colour_map", |settings| settings.look.colour_map = map),
            Action::ScaleUp => self.set(ctx, "scale", |settings| settings.look = settings.look.rescaled(1.0)),
            Action::ScaleDown => self.set(ctx, "scale", |settings| settings.look = settings.look.rescaled(-1.0)),
            Action::ScaleReset => self.set(ctx, "scale", |settings| settings.look.scale = 1.0),
            Action::FullScreen => {
                let is_full = ctx.input(|input| input.viewport().fullscreen.unwrap_or_default());
                ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!is_full));
            }
            Action::ToggleInspector => {
                let is_open = self.lab().inspector_open();
                self.lab_mut().open_inspector(!is_open);
            }
            Action::OpenInspector => self.lab_mut().open_inspector(true),
            Action::ToggleLog => self.shell.log_open = !self.shell.log_open,
            Action::ShowLog => self.shell.log_open = true,
            Action::SaveLog => self.save_log(ctx),
            Action::ToggleOverlay => self.overlay.toggle(),
            Action::MaximisePane => self.lab_mut().toggle_maximised_under_pointer(),
            Action::Arrange(arrangement) => {
                self.shell.lab = arrangement.lab();
                self.labs.arrange(arrangement);
            }
            Action::SaveLayout => self.popups.layout_name = Some(NameDraft::default()),
            Action::RestoreRun => self.session.restore(),
            Action::SaveFigure => self.save_figure(ctx),
            Action::Open(lab) if lab.is_open() => self.shell.lab = lab,
            Action::Open(_) => {}
            Action::Reveal(pane) => {
                self.shell.lab = pane.lab();
                self.labs.reveal(pane);
            }
        }
    }

    /// Returns whether a pane took it: the drawing pad, or surgery.
    fn undo_in_pane(&mut self, ctx: &Context, redo: bool) -> bool {
        match self.shell.lab {
            Lab::Distill => self.labs.distill.undo_stroke(redo),
            Lab::Train => self.labs.train.undo_stroke(&mut self.session, redo),
            Lab::Features => self.labs.features.undo(ctx, &mut self.session.exploration, redo),
            _ => false,
        }
    }

    fn save_figure(&mut self, ctx: &Context) {
        if !export::open_menu(ctx) {
            self.session.log.note("Point at a plot, a table or a picture first: what is under the pointer is saved");
        }
        ctx.request_repaint();
    }

    /// Why an action would do nothing now.
    pub(super) fn obstacle(&self, action: Action) -> Option<&'static str> {
        let scale = self.book.current().look.scale;
        match action {
            Action::Undo if !self.book.can_undo() => Some("No setting was changed"),
            Action::Redo if !self.book.can_redo() => Some("No change was taken back"),
            Action::ClearRecent if self.shell.recent.is_empty() => Some("No file was opened"),
            Action::ScaleUp if scale >= LARGEST_SCALE => Some("It does not get larger"),
            Action::ScaleDown if scale <= SMALLEST_SCALE => Some("It does not get smaller"),
            Action::SaveLog if self.session.log.entries().is_empty() => Some("Nothing has happened yet"),
            Action::Open(lab) if !lab.is_open() => Some("This lab comes with a later version"),
            _ => None,
        }
    }

    fn set(&mut self, ctx: &Context, key: &str, change: impl FnOnce(&mut super::Settings)) {
        if let Err(error) = self.book.edit(key, ctx.time(), change) {
            self.session.log.error(error.to_string());
        }
    }

    fn reroll(&mut self, ctx: &Context) {
        let seed = super::draw_seed();
        self.set(ctx, "seed", |settings| settings.config.seed = seed);
        self.session.start(self.book.current(), false);
    }

    /// The students' seeds, each another; the teacher stays.
    fn reroll_experiment(&mut self, ctx: &Context) {
        let first = super::draw_seed();
        self.set(ctx, "seeds", |settings| {
            for (seed, number) in settings.distillation.seeds.iter_mut().zip(first..) {
                *seed = number;
            }
        });
        self.session.start_experiment(self.book.current().experiment(), self.book.current(), false);
    }

    fn switch_theme(&mut self, ctx: &Context) {
        let other = match ctx.theme() {
            egui::Theme::Dark => ThemePreference::Light,
            egui::Theme::Light => ThemePreference::Dark,
        };
        self.set(ctx, "theme", |settings| settings.theme = other);
    }
}
