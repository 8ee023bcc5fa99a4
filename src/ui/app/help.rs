//! Help for what is under the pointer: a strip that stays until Escape. Meanwhile tooltips appear at once.

use super::{Action, App};
use crate::ui::labs::AnyPane;
use crate::ui::theme::{self, icon};
use egui::{Align, Button, Context, Frame, Layout, Margin, Panel, Rect, RichText, ScrollArea, Ui};

const HEIGHT: f32 = 13.0 * theme::UNIT;

/// What help says of one thing.
#[derive(Clone, Copy, Debug)]
pub struct HelpText {
    pub title: &'static str,
    pub text: &'static str,
    /// Where to read more; empty where there is nothing.
    pub source: &'static str,
}

/// What can be under the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Topic {
    #[default]
    Window,
    TopBar,
    Labs,
    Inspector,
    Timeline,
    Log,
    Pane(AnyPane),
}

impl Topic {
    fn help(self) -> HelpText {
        let (title, text) = match self {
            Self::Pane(pane) => return pane.help(),
            Self::Window => (
                "Help",
                "Move the pointer over a pane or a bar: what it shows, how to read it and what can be done is said \
                 here. Hold it over a control: its tooltip comes at once.",
            ),
            Self::TopBar => (
                "Top bar",
                "What learns from what, and where; the controls of the run; how far it is. Reset begins again with \
                 the same seed, Step takes one training step, Train goes on until the last epoch. View holds theme, \
                 scale, palettes and layouts.",
            ),
            Self::Labs => ("Labs", "One lab a question. A lab that is grey comes with a later version."),
            Self::Inspector => (
                "Inspector",
                "What is known of the one selection that all panes share. Click an image, a layer or a run anywhere: \
                 an image shows its probabilities and activations, a layer its health, a run its settings and their \
                 changes.",
            ),
            Self::Timeline => (
                "Timeline",
                "The epochs of the run and where it stands. A flag is a setting that was changed on the way: hold the \
                 pointer over it to read which.",
            ),
            Self::Log => (
                "Log",
                "What happened since the window was opened, also what was dismissed. An error stays in the line at \
                 the bottom until its notice is dismissed. Click an entry to read all of it.",
            ),
        };
        HelpText { title, text, source: "" }
    }
}

impl App {
    /// A part of the window says where it lies, for help to know what is under the pointer.
    pub(super) fn note_topic(&mut self, ui: &Ui, rect: Rect, topic: Topic) {
        if let Some(shown) = &mut self.popups.help
            && ui.ctx().pointer_hover_pos().is_some_and(|pointer| rect.contains(pointer))
        {
            *shown = topic;
        }
    }

    pub(super) fn toggle_help(&mut self) {
        self.popups.help = if self.popups.help.is_some() { None } else { Some(Topic::default()) };
    }

    /// Tooltips come at once while help is on.
    pub(super) fn hurry_tooltips(&self, ctx: &Context) {
        let delay = if self.popups.help.is_some() { 0.0 } else { egui::style::Interaction::default().tooltip_delay };
        if ctx.global_style().interaction.tooltip_delay != delay {
            ctx.all_styles_mut(|style| style.interaction.tooltip_delay = delay);
        }
    }

    pub(super) fn help_strip(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let Some(topic) = self.popups.help else { return };
        let help = topic.help();
        let frame = Frame::new().fill(ui.visuals().window_fill).inner_margin(Margin::symmetric(12, 8));
        Panel::bottom("help").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(theme::title(format!("{} {}", icon::QUESTION, help.title)));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let close = ui.add(Button::new(icon::X).frame(false)).on_hover_text("Close (Esc)");
                    if close.accessible_name("Close help").clicked() {
                        actions.push(Action::Help);
                    }
                    if Action::Keys.explain(ui.small_button(format!("{} Keys", icon::KEYBOARD))).clicked() {
                        actions.push(Action::Keys);
                    }
                });
            });
            ScrollArea::vertical().auto_shrink(false).min_scrolled_height(0.0).show(ui, |ui| {
                ui.label(help.text);
                if !help.source.is_empty() {
                    ui.label(RichText::new(help.source).small().weak());
                }
            });
        });
    }
}
