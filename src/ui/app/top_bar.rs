//! What is trained on what, the controls of the run, and how far it is.

use super::ExperimentRecord;
use super::help::Topic;
use super::runs::RunRecord;
use super::{Action, App};
use crate::data::SceneSpec;
use crate::engine::Phase;
use crate::experiments::file_stem;
use crate::ui::labs::Lab;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use egui::{
    Align, Align2, Button, FontId, Frame, Layout, Margin, Panel, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2,
    vec2,
};

const HEIGHT: f32 = 5.0 * theme::UNIT;
const BUTTON_HEIGHT: f32 = 28.0;
/// From this width on there is room for everything.
const WIDE: f32 = 120.0 * theme::UNIT;
/// Below this one there is room for icons only.
const MIDDLE: f32 = 90.0 * theme::UNIT;

impl App {
    pub(super) fn top_bar(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 0));
        let width = ui.available_width();
        let panel = Panel::top("top bar").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                self.what(ui, width >= WIDE, width >= MIDDLE);
                ui.separator();
                self.run_buttons(ui, width >= MIDDLE, actions);
                ui.separator();
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    self.view_buttons(ui, width, actions);
                    ui.separator();
                    self.progress(ui);
                });
            });
        });
        self.note_topic(ui, panel.response.rect, Topic::TopBar);
    }

    /// Names give way to icons where there is no room: first the device's, then the others.
    fn what(&self, ui: &mut Ui, with_device: bool, with_names: bool) {
        let settings = self.book.current();
        let is_distilling = self.shell.lab == Lab::Distill;
        let config = if is_distilling { &settings.distillation.student } else { &settings.config };
        let (data, network) = (data_name(&config.data.source).to_owned(), config.network_name().to_owned());
        let of_run = || Some(self.session.current()?.started.as_ref()?.device.clone());
        let of_experiment = || Some(self.session.experiment()?.started.as_ref()?.device.clone());
        let device = if is_distilling { of_experiment() } else { of_run() };
        let device = device.unwrap_or_else(|| settings.device.clone());
        let device_icon = if device.starts_with("gpu") || device.contains("GPU") { icon::GPU } else { icon::CPU };
        let mut add = |symbol: &str, name: &str, kind: &str, with_name: bool| {
            let text = if with_name { format!("{symbol} {name}") } else { symbol.to_owned() };
            let response = ui.label(text).on_hover_text(format!("{kind}: {name}"));
            response.accessible_name(format!("{kind}: {name}"));
        };
        add(icon::IMAGE, &data, "Data set", with_names);
        add(icon::STACK, &network, "Network", with_names);
        add(device_icon, &device, "Device", with_device);
    }

    fn run_buttons(&self, ui: &mut Ui, with_name: bool, actions: &mut Vec<Action>) {
        let is_going = match self.shell.lab {
            Lab::Distill => self.session.experiment().is_some_and(ExperimentRecord::is_going),
            _ => self.session.is_going(),
        };
        let mut add = |ui: &mut Ui, button: Button<'_>, name: &str, action: Action| {
            let response = ui.add(button.min_size(vec2(BUTTON_HEIGHT, BUTTON_HEIGHT)));
            if action.explain(response).accessible_name(name).clicked() {
                actions.push(action);
            }
        };
        add(ui, Button::new(icon::RESET), "Reset", Action::Reset);
        add(ui, Button::new(icon::SKIP_FORWARD), "Step", Action::Step);
        let go = if self.shell.lab == Lab::Distill { "Run" } else { "Train" };
        let is_opening = matches!(self.session.phase(), Phase::Opening { .. }) && self.shell.lab != Lab::Distill;
        let (symbol, text) = match is_going {
            true if is_opening => (icon::STOP, "Stop"),
            true => (icon::PAUSE, "Pause"),
            false => (icon::PLAY, go),
        };
        let dark = ui.visuals().dark_mode;
        let label = if with_name { format!("{symbol} {text}") } else { symbol.to_owned() };
        let label = RichText::new(label).color(theme::plot_background(dark));
        let least = if with_name { 84.0 } else { BUTTON_HEIGHT };
        let train = Button::new(label).fill(theme::accent(dark)).min_size(vec2(least, BUTTON_HEIGHT));
        if Action::TrainOrPause.explain(ui.add(train)).accessible_name(text).clicked() {
            actions.push(Action::TrainOrPause);
        }
    }

    /// From right to left. What has no room here is in the View menu too.
    fn view_buttons(&mut self, ui: &mut Ui, width: f32, actions: &mut Vec<Action>) {
        let text = if width >= MIDDLE { format!("{} View", icon::SLIDERS) } else { icon::SLIDERS.to_owned() };
        let view = Button::new(text).min_size(vec2(BUTTON_HEIGHT, BUTTON_HEIGHT)).frame_when_inactive(false);
        self.view_menu(ui, view, actions);
        let theme_icon = if ui.visuals().dark_mode { icon::SUN } else { icon::MOON };
        let buttons = [
            (Action::ToggleInspector, icon::INFO, MIDDLE),
            (Action::SwitchTheme, theme_icon, WIDE),
            (Action::Keys, icon::KEYBOARD, WIDE),
            (Action::CommandPalette, icon::COMMAND, MIDDLE),
        ];
        for (action, symbol, _) in buttons.into_iter().filter(|(.., least)| width >= *least) {
            let size = vec2(BUTTON_HEIGHT, BUTTON_HEIGHT);
            let button = ui.add(Button::new(symbol).min_size(size).frame_when_inactive(false));
            if action.explain(button).accessible_name(action.name()).clicked() {
                actions.push(action);
            }
        }
    }

    fn progress(&self, ui: &mut Ui) {
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        let is_distilling = self.shell.lab == Lab::Distill;
        let experiment = self.session.experiment().filter(|_| is_distilling);
        let snapshot = &self.session.snapshot;
        let of_run = snapshot.step as f32 / snapshot.total_steps.max(1) as f32;
        let of_experiment = experiment.and_then(|experiment| experiment.snapshot.as_ref());
        let share = if is_distilling { of_experiment.map_or(0.0, |snapshot| snapshot.share as f32) } else { of_run };
        let text = if is_distilling { experiment_text(experiment) } else { self.progress_text() };
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, format!("Progress: {text}"));
            info.value = Some(f64::from(share));
            info
        });
        let visuals = ui.visuals();
        let painter = ui.painter_at(rect);
        let font = FontId::monospace(theme::SMALL_SIZE + 1.0);
        let bar =
            Rect::from_min_max(pos2(rect.left(), rect.center().y + 8.0), pos2(rect.right(), rect.center().y + 11.0));
        painter.rect_filled(bar, 1.5, theme::border(visuals.dark_mode));
        let colour = if is_distilling {
            Some(theme::student(visuals.dark_mode))
        } else {
            self.session.current().map(|run| theme::run_colour(run.colour))
        };
        if let Some(colour) = colour.filter(|_| share > 0.0) {
            let done = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
            painter.rect_filled(done, 1.5, colour);
        }
        let place = pos2(rect.left(), rect.center().y - 4.0);
        let run = self.session.current().filter(|_| share > 0.0 && !is_distilling);
        let short = run.map_or_else(Vec::new, |run| {
            let epoch = format!("epoch {:.2} of {}", run.epoch, run.config.epochs);
            vec![epoch, format!("{:.0}%", share * 100.0)]
        });
        // The longest for which there is room.
        let width = |text: &str| painter.layout_no_wrap(text.to_owned(), font.clone(), visuals.text_color()).size().x;
        let fits = |shown: &&str| width(shown) <= rect.width();
        let shown = std::iter::once(text.as_str()).chain(short.iter().map(String::as_str)).find(fits).unwrap_or(&text);
        painter.text(place, Align2::LEFT_CENTER, shown, font, visuals.text_color());
        response.on_hover_text(text);
    }

    fn progress_text(&self) -> String {
        let Some(run) = self.session.current() else { return "Space trains, . steps, Shift+. an epoch".to_owned() };
        let snapshot = &self.session.snapshot;
        let place = format!(
            "epoch {:.2} of {}   step {} of {}",
            run.epoch,
            run.config.epochs,
            format::count(run.step),
            format::count(snapshot.total_steps)
        );
        let pace = if snapshot.images_per_second > 0.0 {
            format!("   {} images/s", format::count(snapshot.images_per_second.round() as u64))
        } else {
            String::new()
        };
        if let Some(test) = run.rate_test.as_ref().filter(|test| test.result.end.is_none() && run.is_alive()) {
            let (done, steps) = (test.result.points.len(), test.config.steps);
            return format!("{place}   range test {done} of {steps}, the run waits");
        }
        match &run.phase {
            Phase::Idle => String::new(),
            Phase::Preparing(_) | Phase::Opening { .. } => run.phase.preparing().unwrap_or_default(),
            Phase::Running if snapshot.evaluating => format!("{place}{pace}   evaluating"),
            Phase::Running => {
                let left = snapshot
                    .seconds_left
                    .map_or_else(String::new, |left| format!("   {} left", format::duration(left)));
                format!("{place}{pace}{left}")
            }
            Phase::Paused => format!("{place}{pace}   paused"),
            Phase::Stopped => format!("{place}   stopped"),
            Phase::Failed(_) => format!("{} failed: the log says why", run.name),
            Phase::Finished => finished_text(run),
        }
    }
}

fn experiment_text(experiment: Option<&ExperimentRecord>) -> String {
    let Some(experiment) = experiment else { return "Space runs the experiment, . takes a step".to_owned() };
    let snapshot = experiment.snapshot.as_ref();
    let stage = snapshot.map_or("", |snapshot| snapshot.stage.as_str());
    let done = snapshot.map_or(0.0, |snapshot| 100.0 * snapshot.share);
    match &experiment.phase {
        Phase::Idle => String::new(),
        Phase::Preparing(_) | Phase::Opening { .. } => experiment.phase.preparing().unwrap_or_default(),
        Phase::Running => {
            let left = snapshot.and_then(|snapshot| snapshot.seconds_left);
            let left = left.map_or_else(String::new, |left| format!("   {} left", format::duration(left)));
            format!("{done:.0}%   {stage}{left}")
        }
        Phase::Paused => format!("{done:.0}%   {stage}   paused"),
        Phase::Stopped => format!("{done:.0}%   stopped"),
        Phase::Finished => {
            let seconds = snapshot.map_or(0.0, |snapshot| snapshot.seconds);
            format!("{}   done in {}", experiment.config.title(), format::duration(seconds))
        }
        Phase::Failed(_) => format!("{} failed: the log says why", experiment.name),
    }
}

fn finished_text(run: &RunRecord) -> String {
    let seconds = run.seconds.map_or_else(String::new, |seconds| format!(" in {}", format::duration(seconds)));
    let errors =
        run.test_errors().map_or_else(String::new, |errors| format!("   {} test errors", format::count(errors as u64)));
    let epochs = run.config.epochs;
    let unit = if epochs == 1 { "epoch" } else { "epochs" };
    format!("finished {epochs} {unit}{seconds}{errors}")
}

/// What a data set is called where there is little room: how scenes are composed says the pane of the data.
fn data_name(source: &str) -> &str {
    if SceneSpec::is_meant_by(source) { "scenes" } else { file_stem(source) }
}
