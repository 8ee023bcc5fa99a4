//! What an empty pane says, and the button that fills it.

use crate::ui::theme;
use egui::{Button, RichText, TextStyle, TextWrapMode, Ui, WidgetText, vec2};

const ICON: f32 = 24.0;

/// Says what would fill the pane. Returns whether its button was clicked.
pub fn empty(ui: &mut Ui, icon: &str, text: &str, button: Option<(&str, &str)>) -> bool {
    let mut clicked = false;
    let text = RichText::new(text).weak();
    let room = ui.available_height() - height(ui, text.clone(), button.is_some());
    let icon_height = 1.25 * ICON + ui.spacing().item_spacing.y;
    // The icon gives way where there is no room for it.
    let with_icon = room >= icon_height;
    ui.add_space(((room - if with_icon { icon_height } else { 0.0 }) / 2.0).max(0.0));
    ui.vertical_centered(|ui| {
        if with_icon {
            ui.label(theme::icon_text(icon, ICON).color(ui.visuals().weak_text_color()));
        }
        ui.label(text);
        if let Some((label, tooltip)) = button {
            ui.add_space(theme::UNIT / 2.0);
            let button = Button::new(label).min_size(vec2(12.0 * theme::UNIT, 0.0));
            clicked = ui.add(button).on_hover_text(tooltip).clicked();
        }
    });
    clicked
}

/// Of the text, wrapped, and the button below it.
fn height(ui: &Ui, text: RichText, with_button: bool) -> f32 {
    let wrap = Some(TextWrapMode::Wrap);
    let galley = WidgetText::from(text).into_galley(ui, wrap, ui.available_width(), TextStyle::Body);
    let spacing = ui.spacing();
    let button = theme::UNIT / 2.0 + spacing.interact_size.y + spacing.item_spacing.y;
    galley.size().y + if with_button { button } else { 0.0 }
}
