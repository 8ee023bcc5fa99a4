//! The labs, on the left.

use super::help::Topic;
use super::inspector::SMALL_WINDOW;
use super::{Action, App};
use crate::ui::labs::Lab;
use crate::ui::theme;
use egui::{Align2, FontFamily, FontId, Frame, Panel, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};

const SIZE: Vec2 = vec2(8.0 * theme::UNIT, 7.0 * theme::UNIT);
/// Of an icon without a name.
const SMALL_SIZE: Vec2 = vec2(4.5 * theme::UNIT, 4.0 * theme::UNIT);

impl App {
    pub(super) fn rail(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = Frame::new().fill(ui.visuals().panel_fill);
        // Without room for the names, the icons stand alone.
        let labs = Lab::ALL.len() as f32;
        let is_small = ui.ctx().content_rect().width() < SMALL_WINDOW || ui.available_height() < labs * SIZE.y;
        let size = if is_small { SMALL_SIZE } else { SIZE };
        let panel = Panel::left("rail").resizable(false).exact_size(size.x).frame(frame).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for lab in Lab::ALL {
                let is_here = lab == self.shell.lab;
                let response = ui.add_enabled_ui(lab.is_open(), |ui| button(ui, lab, is_here, size)).inner;
                let response = Action::Open(lab).explain(response).on_disabled_hover_ui(|ui| {
                    ui.set_max_width(ui.spacing().tooltip_width);
                    ui.label(format!("{}\nThis lab comes with a later version.", lab.question()));
                });
                if response.clicked() {
                    actions.push(Action::Open(lab));
                }
            }
        });
        self.note_topic(ui, panel.response.rect, Topic::Labs);
    }
}

fn button(ui: &mut Ui, lab: Lab, is_open: bool, size: Vec2) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, is_open, lab.name()));
    let visuals = ui.visuals();
    let colour = if is_open { visuals.strong_text_color() } else { visuals.weak_text_color() };
    let painter = ui.painter();
    if is_open || (response.hovered() && enabled) {
        painter.rect_filled(
            rect,
            0.0,
            visuals.widgets.noninteractive.bg_fill.lerp_to_gamma(visuals.text_color(), 0.06),
        );
    }
    if is_open {
        let edge = Stroke::new(3.0, theme::accent(visuals.dark_mode));
        painter.vline(rect.left() + 1.5, rect.y_range(), edge);
    }
    if response.has_focus() {
        painter.rect_stroke(rect.shrink(1.0), 2.0, visuals.selection.stroke, egui::StrokeKind::Inside);
    }
    let icon = FontId::new(20.0, FontFamily::Proportional);
    if size == SMALL_SIZE {
        painter.text(rect.center(), Align2::CENTER_CENTER, lab.icon(), icon, colour);
        return response;
    }
    painter.text(rect.center() - vec2(0.0, 8.0), Align2::CENTER_CENTER, lab.icon(), icon, colour);
    let label = FontId::new(theme::SMALL_SIZE, FontFamily::Proportional);
    painter.text(rect.center() + vec2(0.0, 14.0), Align2::CENTER_CENTER, lab.name(), label, colour);
    response
}
