//! The labs, on the left.

use super::{Action, App};
use crate::ui::labs::Lab;
use crate::ui::theme;
use egui::{Align2, FontFamily, FontId, Frame, Panel, Response, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

const WIDTH: f32 = 8.0 * theme::UNIT;
const HEIGHT: f32 = 7.0 * theme::UNIT;

impl App {
    pub(super) fn rail(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = Frame::new().fill(ui.visuals().panel_fill);
        Panel::left("rail").resizable(false).exact_size(WIDTH).frame(frame).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for lab in Lab::ALL {
                let response = ui.add_enabled_ui(lab.is_open(), |ui| button(ui, lab, lab == self.shell.lab)).inner;
                let response = Action::Open(lab).explain(response).on_disabled_hover_ui(|ui| {
                    ui.set_max_width(ui.spacing().tooltip_width);
                    ui.label(format!("{}\nThis lab comes with a later version.", lab.question()));
                });
                if response.clicked() {
                    actions.push(Action::Open(lab));
                }
            }
        });
    }
}

fn button(ui: &mut Ui, lab: Lab, is_open: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, HEIGHT), Sense::click());
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
    painter.text(rect.center() - vec2(0.0, 8.0), Align2::CENTER_CENTER, lab.icon(), icon, colour);
    let label = FontId::new(theme::SMALL_SIZE, FontFamily::Proportional);
    painter.text(rect.center() + vec2(0.0, 14.0), Align2::CENTER_CENTER, lab.name(), label, colour);
    response
}
