//! The colours that a run may have.

use crate::ui::theme;
use egui::{Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

const SIDE: f32 = 2.0 * theme::UNIT;

/// A square for each colour, the current one framed. Returns the one that was clicked.
pub fn swatches(ui: &mut Ui, current: usize) -> Option<usize> {
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        for colour in 0..theme::run_colours() {
            let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::click());
            let is_current = colour == current % theme::run_colours();
            response
                .widget_info(|| WidgetInfo::selected(Role::Button, true, is_current, format!("Colour {}", colour + 1)));
            ui.painter().rect_filled(rect.shrink(2.0), 2.0, theme::run_colour(colour));
            if is_current || response.hovered() || response.has_focus() {
                let stroke = Stroke::new(1.5, ui.visuals().strong_text_color());
                ui.painter().rect_stroke(rect, 3.0, stroke, StrokeKind::Inside);
            }
            if response.on_hover_text(format!("Colour {} of {}", colour + 1, theme::run_colours())).clicked() {
                chosen = Some(colour);
            }
        }
    });
    chosen
}
