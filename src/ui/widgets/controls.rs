//! Rows of the settings: a name on the left, a control on the right.

use crate::ui::theme;
use egui::{Align2, Response, RichText, Sense, TextStyle, Ui, vec2};

/// Width of the names, where there is room.
const NAME_WIDTH: f32 = 13.0 * theme::UNIT;
/// Controls grow no wider.
const WIDEST_CONTROL: f32 = 24.0 * theme::UNIT;

/// Room for a control, once its name stands.
pub fn control_width(ui: &Ui) -> f32 {
    ui.available_width().min(WIDEST_CONTROL)
}

/// Heading of a group of settings.
pub fn section(ui: &mut Ui, name: &str) {
    ui.add_space(theme::UNIT);
    ui.label(RichText::new(name).small().weak());
    ui.separator();
}

/// One setting. The control gets `name` as its accessible name. A setting that waits for a reset is marked.
pub fn row(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    waiting: bool,
    control: impl FnOnce(&mut Ui) -> Response,
) -> Response {
    ui.horizontal(|ui| {
        let height = ui.spacing().interact_size.y;
        let (rect, label) =
            ui.allocate_exact_size(vec2(NAME_WIDTH.min(ui.available_width() * 0.5), height), Sense::hover());
        let font = TextStyle::Body.resolve(ui.style());
        let colour = if waiting { theme::accent(ui.visuals().dark_mode) } else { ui.visuals().text_color() };
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, name, font, colour);
        if waiting {
            label.on_hover_text(format!("{tooltip}\n\nThe current run has another value: this one waits for a reset."));
        } else {
            label.on_hover_text(tooltip);
        }
        control(ui).on_hover_text(tooltip).accessible_name(name)
    })
    .inner
}
