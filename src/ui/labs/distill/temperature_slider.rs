//! The temperature at which soft targets are shown: a logarithmic slider with the paper's values, and a field to type into.

use crate::ui::theme;
use egui::{
    Align2, DragValue, FontId, Rect, Response, Role, Sense, Slider, SliderClamping, Stroke, Ui, WidgetInfo, pos2, vec2,
};

/// Whatever shows a temperature keeps to these.
pub(super) const LOWEST: f64 = 0.1;
pub(super) const HIGHEST: f64 = 1000.0;
/// The slider reaches this far; higher ones are typed, or dragged in the plot of entropies.
const SLIDER_END: f64 = 100.0;
/// 2.5 to 4 was best for 30 units a layer, everything above 8 alike for 300, and 20 what the paper used (section 3).
const TICKS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 20.0];
/// Of the slider.
const NARROW: f32 = 18.0 * theme::UNIT;
const TICK_HEIGHT: f32 = 14.0;
const TOOLTIP: &str = "Temperature T of the soft targets softmax(z / T) that this lab shows. 1: as the network is used; \
                       higher: the small probabilities can be seen. The paper trained at 20, and with 30 units a layer at \
                       2.5 to 4 (section 3). The temperature of training is a setting of its own.";

/// A line as wide as there is room. `name` is the accessible name of the slider.
pub(super) fn show(ui: &mut Ui, temperature: &mut f64, name: &str) {
    let slider = ui
        .horizontal(|ui| {
            ui.label("T").on_hover_text(TOOLTIP);
            let spacing = ui.spacing().item_spacing.x;
            ui.spacing_mut().slider_width =
                (ui.available_width() - 7.0 * theme::UNIT - spacing).clamp(5.0 * theme::UNIT, 100.0 * theme::UNIT);
            let slider = ui.name_inputs(name, |ui| {
                let slider = Slider::new(temperature, LOWEST..=SLIDER_END).logarithmic(true).show_value(false);
                // A higher one that was typed stays.
                ui.add(slider.clamping(SliderClamping::Edits)).on_hover_text(TOOLTIP).accessible_name(name)
            });
            let speed = 0.01 * *temperature;
            let value = DragValue::new(temperature).range(LOWEST..=HIGHEST).speed(speed);
            let value = value.max_decimals(3).custom_formatter(|value, _| theme::figures(value).replace(',', ""));
            ui.add_sized([6.0 * theme::UNIT, ui.spacing().interact_size.y], value)
                .on_hover_text("Type a temperature from 0.1 to 1000, or drag")
                .accessible_name(format!("{name}, typed"));
            slider
        })
        .inner;
    let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), TICK_HEIGHT - 4.0), Sense::hover());
    // Where they would overlap, every second one.
    let step = if slider.rect.width() < NARROW { 2 } else { 1 };
    for tick in TICKS.into_iter().step_by(step) {
        if show_tick(ui, &slider, line, tick, *temperature, name) {
            *temperature = tick;
        }
    }
}

/// Returns whether it was clicked.
fn show_tick(ui: &Ui, slider: &Response, line: Rect, tick: f64, temperature: f64, name: &str) -> bool {
    // As egui lays out its slider: the handle stays within.
    let range = slider.rect.x_range().shrink(slider.rect.height() / 2.5);
    let share = (tick / LOWEST).ln() / (SLIDER_END / LOWEST).ln();
    let x = range.min + share as f32 * range.span();
    let rect = Rect::from_min_max(pos2(x - 8.0, line.bottom() - TICK_HEIGHT), pos2(x + 8.0, line.bottom()));
    let response = ui.interact(rect, slider.id.with(tick.to_bits()), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name} {tick}")));
    let visuals = ui.visuals();
    let is_here = (temperature / tick - 1.0).abs() < 0.005;
    let colour = if is_here || response.hovered() || response.has_focus() {
        visuals.strong_text_color()
    } else {
        visuals.weak_text_color()
    };
    let painter = ui.painter();
    painter.vline(x, (rect.top() - 3.0)..=(rect.top() + 1.0), Stroke::new(1.0, colour));
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    painter.text(pos2(x, rect.bottom()), Align2::CENTER_BOTTOM, tick.to_string(), font, colour);
    response.on_hover_text(format!("T = {tick}")).clicked()
}
