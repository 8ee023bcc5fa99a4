//! What is trained on what, the controls of the run, and how far it is.

use super::runs::{RunRecord, network_stem};
use super::{Action, App};
use crate::engine::Phase;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use egui::{
    Align, Align2, Button, FontId, Frame, Layout, Margin, Panel, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2,
    vec2,
};

const HEIGHT: f32 = 5.0 * theme::UNIT;
const BUTTON_HEIGHT: f32 = 28.0;

impl App {
    pub(super) fn top_bar(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 0));
        Panel::top("top bar").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                self.what(ui);
                ui.separator();
                self.run_buttons(ui, actions);
                ui.separator();
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    view_buttons(ui, actions);
                    ui.separator();
                    self.progress(ui);
                });
            });
        });
    }

    fn what(&self, ui: &mut Ui) {
        let settings = self.book.current();
        let data = network_stem(&settings.config.data.source).to_owned();
        let network = network_stem(&settings.config.network).to_owned();
        let device = self
            .session
            .current()
            .and_then(|run| run.started.as_ref())
            .map_or_else(|| settings.device.clone(), |started| started.device.clone());
        ui.label(format!("{} {data}", icon::IMAGE)).on_hover_text("The data set");
        ui.label(format!("{} {network}", icon::STACK)).on_hover_text("The network");
        let device_icon = if device.starts_with("gpu") || device.contains("GPU") { icon::GPU } else { icon::CPU };
        ui.label(format!("{device_icon} {device}")).on_hover_text("Where it learns");
    }

    fn run_buttons(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let is_going = self.session.is_going();
        let mut add = |ui: &mut Ui, button: Button<'_>, name: &str, action: Action| {
            let response = ui.add(button.min_size(vec2(BUTTON_HEIGHT, BUTTON_HEIGHT)));
            if action.explain(response).accessible_name(name).clicked() {
                actions.push(action);
            }
        };
        add(ui, Button::new(icon::RESET), "Reset", Action::Reset);
        add(ui, Button::new(icon::SKIP_FORWARD), "Step", Action::Step);
        let (symbol, text) = if is_going { (icon::PAUSE, "Pause") } else { (icon::PLAY, "Train") };
        let dark = ui.visuals().dark_mode;
        let label = RichText::new(format!("{symbol} {text}")).color(theme::plot_background(dark));
        let train = Button::new(label).fill(theme::accent(dark)).min_size(vec2(84.0, BUTTON_HEIGHT));
        if Action::TrainOrPause.explain(ui.add(train)).accessible_name(text).clicked() {
            actions.push(Action::TrainOrPause);
        }
    }

    fn progress(&self, ui: &mut Ui) {
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        let snapshot = &self.session.snapshot;
        let share = snapshot.step as f32 / snapshot.total_steps.max(1) as f32;
        let text = self.progress_text();
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
        if let Some(run) = self.session.current().filter(|_| share > 0.0) {
            let done = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
            painter.rect_filled(done, 1.5, theme::run_colour(run.colour));
        }
        let place = pos2(rect.left(), rect.center().y - 4.0);
        painter.text(place, Align2::LEFT_CENTER, &text, font, visuals.text_color());
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
            Phase::Preparing(what) => what.clone(),
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

fn finished_text(run: &RunRecord) -> String {
    let seconds = run.seconds.map_or_else(String::new, |seconds| format!(" in {}", format::duration(seconds)));
    let errors =
        run.test_errors().map_or_else(String::new, |errors| format!("   {} test errors", format::count(errors as u64)));
    let epochs = run.config.epochs;
    let unit = if epochs == 1 { "epoch" } else { "epochs" };
    format!("finished {epochs} {unit}{seconds}{errors}")
}

fn view_buttons(ui: &mut Ui, actions: &mut Vec<Action>) {
    let theme_icon = if ui.visuals().dark_mode { icon::SUN } else { icon::MOON };
    let buttons =
        [(Action::ToggleInspector, icon::INFO), (Action::SwitchTheme, theme_icon), (Action::ResetLayout, icon::SWAP)];
    for (action, symbol) in buttons {
        let button =
            ui.add(Button::new(symbol).min_size(vec2(BUTTON_HEIGHT, BUTTON_HEIGHT)).frame_when_inactive(false));
        if action.explain(button).accessible_name(action.name()).clicked() {
            actions.push(action);
        }
    }
}
