//! Single lines of text, cut where they do not fit.

use crate::ui::theme;
use egui::{
    Galley, Response, RichText, Role, Sense, StrokeKind, TextStyle, TextWrapMode, Ui, WidgetInfo, WidgetText, pos2,
    vec2,
};
use std::sync::Arc;

/// Lays out one line of at most this width, in points.
pub fn cut(ui: &Ui, text: RichText, width: f32) -> Arc<Galley> {
    WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Truncate), width, TextStyle::Body)
}

/// A line that can be clicked, of the given width in points. Screen readers read `name`.
pub fn clickable(ui: &mut Ui, text: RichText, name: &str, is_chosen: bool, width: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, ui.spacing().interact_size.y), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let visuals = ui.visuals();
    if is_chosen {
        ui.painter().rect_filled(rect, theme::CORNER, visuals.selection.bg_fill);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, theme::CORNER, visuals.widgets.hovered.bg_fill);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, theme::CORNER, visuals.selection.stroke, StrokeKind::Inside);
    }
    let galley = cut(ui, text, width - theme::UNIT);
    let place = pos2(rect.left() + theme::UNIT / 2.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(place, galley, visuals.text_color());
    response
}
