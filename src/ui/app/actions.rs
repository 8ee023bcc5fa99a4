//! Everything that can be done by a key: one list, for the keys themselves, the buttons' tooltips, and a command palette.

use super::App;
use crate::ui::export;
use crate::ui::labs::Lab;
use crate::ui::labs::train::Pane;
use egui::{Context, Key, KeyboardShortcut, Modifiers};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    TrainOrPause,
    Step,
    StepEpoch,
    Reset,
    Reroll,
    Undo,
    Redo,
    SwitchTheme,
    ToggleInspector,
    ToggleLog,
    ToggleOverlay,
    MaximisePane,
    ResetLayout,
    SaveFigure,
    Open(Lab),
    /// Bring a pane of the lab to the front.
    Reveal(Pane),
}

impl Action {
    pub fn all() -> impl Iterator<Item = Self> {
        const WITHOUT_LABS: [Action; 14] = [
            Action::TrainOrPause,
            Action::Step,
            Action::StepEpoch,
            Action::Reset,
            Action::Reroll,
            Action::Undo,
            Action::Redo,
            Action::SwitchTheme,
            Action::ToggleInspector,
            Action::ToggleLog,
            Action::ToggleOverlay,
            Action::MaximisePane,
            Action::ResetLayout,
            Action::SaveFigure,
        ];
        WITHOUT_LABS.into_iter().chain(Lab::ALL.map(Self::Open)).chain(Pane::ALL.map(Self::Reveal))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::TrainOrPause => "Train or pause",
            Self::Step => "Step",
            Self::StepEpoch => "Train one epoch",
            Self::Reset => "Reset",
            Self::Reroll => "Reroll",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::SwitchTheme => "Switch theme",
            Self::ToggleInspector => "Inspector",
            Self::ToggleLog => "Log",
            Self::ToggleOverlay => "Debug overlay",
            Self::MaximisePane => "Maximise pane",
            Self::ResetLayout => "Reset layout",
            Self::SaveFigure => "Save figure...",
            Self::Open(lab) => lab.name(),
            Self::Reveal(pane) => pane.title(),
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
            Self::SwitchTheme => "Between dark and light",
            Self::ToggleInspector => "Show or hide what is known of the selection",
            Self::ToggleLog => "Show or hide what happened",
            Self::ToggleOverlay => "Show or hide the time that drawing takes",
            Self::MaximisePane => "The pane under the pointer fills the lab, or goes back to its place",
            Self::ResetLayout => "Put all panes back in their first places",
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
            Self::ToggleOverlay => (Modifiers::NONE, Key::F12),
            Self::MaximisePane => (Modifiers::NONE, Key::F11),
            Self::SaveFigure => (Modifiers::COMMAND, Key::S),
            Self::Open(lab) => (Modifiers::COMMAND, lab.key()),
            Self::Reset
            | Self::Reroll
            | Self::SwitchTheme
            | Self::ToggleInspector
            | Self::ToggleLog
            | Self::ResetLayout
            | Self::Reveal(_) => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
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
            Some(shortcut) => format!("{} ({})", self.tooltip(), ctx.format_shortcut(&shortcut)),
            None => self.tooltip().to_owned(),
        }
    }
}

/// The actions whose keys were pressed. None while a text is being typed.
pub fn pressed(ctx: &Context) -> Vec<Action> {
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    let mut shortcuts: Vec<(KeyboardShortcut, Action)> =
        Action::all().filter_map(|action| Some((action.shortcut()?, action))).collect();
    // Extra modifiers are ignored when a key is matched, so the shortcuts with the most of them come first.
    shortcuts.sort_by_key(|(shortcut, _)| std::cmp::Reverse(modifier_count(shortcut.modifiers)));
    ctx.input_mut(|input| {
        // A held key would start and pause as fast as it repeats.
        input.events.retain(|event| !matches!(event, egui::Event::Key { key: Key::Space, repeat: true, .. }));
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
            Action::TrainOrPause => self.session.train_or_pause(self.book.current()),
            Action::Step => self.session.step(self.book.current()),
            Action::StepEpoch => self.session.step_epoch(self.book.current()),
            Action::Reset => self.session.start(self.book.current(), false),
            Action::Reroll => self.reroll(ctx),
            Action::Undo => self.book.undo(),
            Action::Redo => self.book.redo(),
            Action::SwitchTheme => self.switch_theme(ctx),
            Action::ToggleInspector => self.shell.inspector_open = !self.shell.inspector_open,
            Action::ToggleLog => self.shell.log_open = !self.shell.log_open,
            Action::ToggleOverlay => self.overlay.toggle(),
            Action::MaximisePane => self.train.toggle_maximised_under_pointer(),
            Action::ResetLayout => self.train.reset_layout(),
            Action::SaveFigure => self.save_figure(ctx),
            Action::Open(lab) if lab.is_open() => self.shell.lab = lab,
            Action::Open(_) => {}
            Action::Reveal(pane) => self.train.reveal(pane),
        }
    }

    fn save_figure(&mut self, ctx: &Context) {
        if !export::open_menu(ctx) {
            self.session.log.note("Point at a plot, a table or a picture first: what is under the pointer is saved");
        }
        ctx.request_repaint();
    }

    fn reroll(&mut self, ctx: &Context) {
        let seed = super::draw_seed();
        let changed = self.book.edit("seed", ctx.time(), |settings| settings.config.seed = seed);
        if let Err(error) = changed {
            self.session.log.error(error.to_string());
        }
        self.session.start(self.book.current(), false);
    }

    fn switch_theme(&mut self, ctx: &Context) {
        let other = match ctx.theme() {
            egui::Theme::Dark => egui::ThemePreference::Light,
            egui::Theme::Light => egui::ThemePreference::Dark,
        };
        let changed = self.book.edit("theme", ctx.time(), |settings| settings.theme = other);
        debug_assert!(changed.is_ok(), "a theme cannot make a run impossible");
    }
}
