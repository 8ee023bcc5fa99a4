//! What an empty pane says, and the button that fills it.

use crate::ui::theme;
use egui::{Button, RichText, Ui, vec2};

/// Says what would fill the pane. Returns whether its button was clicked.
pub fn empty(ui: &mut Ui, icon: &str, text: &str, button: Option<(&str, &str)>) -> bool {
    let mut clicked = false;
    let height = 3.0 * theme::UNIT + 40.0 + if button.is_some() { 32.0 } else { 0.0 };
    ui.add_space(((ui.available_height() - height) / 2.0).max(theme::UNIT));
    ui.vertical_centered(|ui| {
        ui.label(theme::icon_text(icon, 24.0).color(ui.visuals().weak_text_color()));
        ui.set_max_width(ui.available_width().min(36.0 * theme::UNIT));
        ui.label(RichText::new(text).weak());
        if let Some((label, tooltip)) = button {
            ui.add_space(theme::UNIT / 2.0);
            let button = Button::new(label).min_size(vec2(12.0 * theme::UNIT, 0.0));
            clicked = ui.add(button).on_hover_text(tooltip).clicked();
        }
    });
    clicked
}
