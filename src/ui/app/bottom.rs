//! The timeline of the run, the last message, and the log.

use super::help::Topic;
use super::log::{Entry, Level};
use super::runs::RunRecord;
use super::{Action, App};
use crate::ui::export::{Figure, Records};
use crate::ui::labs::Lab;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use crate::ui::widgets::line::clickable;
use egui::{
    Align, Align2, Button, Color32, FontId, Frame, Label, Layout, Margin, Painter, Panel, Rect, Response, RichText,
    Role, Sense, Shape, Stroke, Ui, Visuals, WidgetInfo, pos2, vec2,
};

const TIMELINE_HEIGHT: f32 = 3.0 * theme::UNIT;
const STATUS_HEIGHT: f32 = 3.0 * theme::UNIT;
const LOG_HEIGHT: f32 = 20.0 * theme::UNIT;
/// Epoch numbers are written no closer than this.
const LABEL_DISTANCE: f32 = 40.0;

impl App {
    pub(super) fn bottom(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 0));
        let status = Panel::bottom("status").exact_size(STATUS_HEIGHT).frame(frame);
        let status = status.show(ui, |ui| self.status(ui, actions)).response.rect;
        // It is that of the run; an experiment of several networks has none.
        if self.shell.lab == Lab::Train {
            let timeline = Panel::bottom("timeline").exact_size(TIMELINE_HEIGHT).frame(frame);
            let timeline = timeline.show(ui, |ui| self.timeline(ui)).response.rect;
            self.note_topic(ui, timeline, Topic::Timeline);
        }
        self.note_topic(ui, status, Topic::Log);
        if self.shell.log_open {
            let frame = frame.inner_margin(Margin::symmetric(8, 4));
            let log = Panel::bottom("log")
                .resizable(true)
                .default_size(LOG_HEIGHT)
                .size_range(60.0..=400.0)
                .frame(frame)
                .show(ui, |ui| self.log_panel(ui, actions))
                .response
                .rect;
            self.note_topic(ui, log, Topic::Log);
        }
    }

    fn status(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        ui.horizontal_centered(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let caret = if self.shell.log_open { icon::CARET_DOWN } else { icon::CARET_RIGHT };
                let log = &self.session.log;
                let text = format!("{caret} Log ({})", log.entries().len());
                let button = ui.add(Button::selectable(self.shell.log_open, RichText::new(text).small()).small());
                if button.on_hover_text(Action::ToggleLog.tooltip()).accessible_name("Log").clicked() {
                    actions.push(Action::ToggleLog);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if let Some(entry) = log.headline() {
                        if show_entry(ui, entry, false).on_hover_text(&entry.text).clicked() {
                            actions.push(Action::ShowLog);
                        }
                    } else {
                        ui.add(Label::new(RichText::new(self.lab().opening()).small().weak()).truncate());
                    }
                });
            });
        });
    }

    fn timeline(&self, ui: &mut Ui) {
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Timeline"));
        let figure = Figure::begin(ui, "Timeline");
        self.paint_timeline(ui, rect, response);
        figure.end(ui, rect, || changes(self.session.current()?));
    }

    fn paint_timeline(&self, ui: &mut Ui, rect: Rect, response: Response) {
        let painter = ui.painter_at(rect);
        let Some(run) = self.session.current() else {
            let font = FontId::proportional(theme::SMALL_SIZE);
            let text = "The timeline of the run: its epochs, where it stands, and what was changed on the way.";
            painter.text(rect.left_center(), Align2::LEFT_CENTER, text, font, ui.visuals().weak_text_color());
            return;
        };
        let line = Rect::from_min_max(pos2(rect.left() + 4.0, rect.top()), pos2(rect.right() - 4.0, rect.bottom()));
        let epochs = run.config.epochs.max(1) as f64;
        let place = |epoch: f64| line.left() + line.width() * (epoch / epochs).clamp(0.0, 1.0) as f32;
        paint_epochs(&painter, ui.visuals(), line, run, &place);
        paint_changes(&painter, ui.visuals(), line, run, &place);
        if let Some(pointer) = response.hover_pos() {
            let text =
                describe_place(run, f64::from((pointer.x - line.left()) / line.width()) * epochs, &place, pointer.x);
            response.on_hover_text_at_pointer(text);
        }
    }
}

/// What was changed on the way.
fn changes(run: &RunRecord) -> Option<Records> {
    let mut records = Records::new(["run", "step", "epoch", "seconds", "setting", "before", "after"]);
    for change in &run.changes {
        records.push([
            run.name.clone(),
            change.step.to_string(),
            change.epoch.to_string(),
            change.seconds.to_string(),
            change.setting.clone(),
            change.before.clone(),
            change.after.clone(),
        ]);
    }
    (!records.is_empty()).then_some(records)
}

fn paint_epochs(painter: &Painter, visuals: &Visuals, line: Rect, run: &RunRecord, place: &impl Fn(f64) -> f32) {
    let middle = line.center().y - 4.0;
    let border = Stroke::new(1.0, theme::border(visuals.dark_mode));
    let (weak, font) = (visuals.weak_text_color(), FontId::monospace(theme::SMALL_SIZE - 1.0));
    painter.hline(line.x_range(), middle, Stroke::new(2.0, border.color));
    painter.hline(line.left()..=place(run.epoch), middle, Stroke::new(2.0, theme::run_colour(run.colour)));
    let epochs = run.config.epochs.max(1);
    let distance = line.width() / epochs as f32;
    let every = ((LABEL_DISTANCE / distance).ceil() as u64).max(1);
    for epoch in (0..=epochs).step_by(every as usize) {
        let x = place(epoch as f64);
        painter.vline(x, middle - 3.0..=middle + 3.0, Stroke::new(1.0, weak));
        let (align, x) = match epoch {
            0 => (Align2::LEFT_BOTTOM, line.left()),
            _ if x > line.right() - 8.0 => (Align2::RIGHT_BOTTOM, line.right()),
            _ => (Align2::CENTER_BOTTOM, x),
        };
        painter.text(pos2(x, line.bottom()), align, epoch, font.clone(), weak);
    }
    painter.circle_filled(pos2(place(run.epoch), middle), 4.0, theme::run_colour(run.colour));
}

fn paint_changes(painter: &Painter, visuals: &Visuals, line: Rect, run: &RunRecord, place: &impl Fn(f64) -> f32) {
    let accent = theme::accent(visuals.dark_mode);
    for change in &run.changes {
        let tip = pos2(place(change.epoch), line.center().y - 5.0);
        let flag = vec![tip, tip + vec2(-4.0, -6.0), tip + vec2(4.0, -6.0)];
        painter.add(Shape::convex_polygon(flag, accent, Stroke::NONE));
    }
}

fn describe_place(run: &RunRecord, epoch: f64, place: &impl Fn(f64) -> f32, x: f32) -> String {
    let near: Vec<String> = run
        .changes
        .iter()
        .filter(|change| (place(change.epoch) - x).abs() < 6.0)
        .map(|change| format!("step {}: {}", format::count(change.step), change.describe()))
        .collect();
    if near.is_empty() { format!("epoch {:.2} of {}", epoch.max(0.0), run.config.epochs) } else { near.join("\n") }
}

/// One line of the log. It can be clicked.
pub(super) fn show_entry(ui: &mut Ui, entry: &Entry, is_chosen: bool) -> Response {
    let (symbol, colour) = look(entry.level, ui.visuals());
    let text = format!("{}  {symbol}  {}", format::clock(entry.at), entry.text);
    clickable(ui, RichText::new(text).small().color(colour), &entry.text, is_chosen, ui.available_width())
}

/// Icon and colour of a level.
pub(super) fn look(level: Level, visuals: &Visuals) -> (&'static str, Color32) {
    match level {
        Level::Event => (icon::CLOCK, visuals.weak_text_color()),
        Level::Note => (icon::INFO, visuals.text_color()),
        Level::Error => (icon::WARNING, visuals.error_fg_color),
    }
}
