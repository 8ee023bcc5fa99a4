//! What is shown and how, how often it is measured, and what that costs.

use super::super::{LabContext, specs};
use super::{HistogramsView, Scope, Style};
use crate::train::{Quantity, histogram::MOST_VALUES};
use crate::ui::app::{MOST_LOOKS, RunRecord, Selection};
use crate::ui::theme;
use crate::ui::widgets::format;
use egui::{Button, ComboBox, DragValue, RichText, Ui};

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut HistogramsView) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
        quantities(ui, view);
        layers(ui, context, view);
        styles(ui, view);
        scales(ui, view);
        interval(ui, context);
        cost(ui, context);
    });
}

fn toggle(ui: &mut Ui, on: bool, text: &str, name: &str, tooltip: &str) -> bool {
    let button = ui.add(Button::selectable(on, RichText::new(text).small())).on_hover_text(tooltip);
    button.accessible_name(name).clicked()
}

fn quantities(ui: &mut Ui, view: &mut HistogramsView) {
    for (quantity, tooltip) in [
        (Quantity::Weights, "Weights before the update of the step; biases left out"),
        (Quantity::Gradients, "Gradient of the mean loss of the batch by the weights, before clipping"),
        (Quantity::Activations, "Outputs of the layer for the batch, dropout included"),
    ] {
        let name = format!("Histograms of {quantity}");
        if toggle(ui, view.quantity == quantity, quantity.name(), &name, tooltip) {
            view.quantity = quantity;
        }
    }
}

fn layers(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut HistogramsView) {
    let mut chosen = None;
    let shown = view.layer.as_deref().unwrap_or("all layers");
    ComboBox::from_id_salt("histogram layer")
        .width(9.0 * theme::UNIT)
        .selected_text(RichText::new(shown).small())
        .show_ui(ui, |ui| {
            if ui.selectable_label(view.layer.is_none(), "all layers").clicked() {
                chosen = Some(None);
            }
            for panel in &view.panels {
                if ui.selectable_label(view.layer.as_ref() == Some(&panel.layer), &panel.layer).clicked() {
                    chosen = Some(Some(panel.layer.clone()));
                }
            }
        })
        .response
        .on_hover_text("Which layer is shown; a layer that is selected anywhere is shown here too")
        .accessible_name("Histogram layer");
    match chosen {
        Some(Some(name)) => {
            view.layer = Some(name.clone());
            context.session.selection = Selection::Layer(name);
        }
        Some(None) => view.layer = None,
        None => {}
    }
}

fn styles(ui: &mut Ui, view: &mut HistogramsView) {
    let heat_map = "Steps along the bottom, values up the side, the share of values in a bin as a shade";
    let ridges = "One outline a step, older ones behind, the newest in front";
    for (style, text, tooltip) in [(Style::HeatMap, "heat map", heat_map), (Style::Ridges, "ridges", ridges)] {
        if toggle(ui, view.style == style, text, &format!("Histograms as {text}"), tooltip) {
            view.style = style;
        }
    }
}

fn scales(ui: &mut Ui, view: &mut HistogramsView) {
    let tooltip = "A logarithmic axis of values, symmetric about zero: equal distances are equal factors, and one band \
                   holds all that is nearer to zero. Off: a linear axis that holds 99.8% of the values.";
    let log = view.log_values();
    if toggle(ui, *log, "log values", "Logarithmic values", tooltip) {
        *log = !*log;
    }
    let tooltip = "A logarithmic scale of shares over three factors of ten, so that few values show beside many";
    let log = view.log_shares();
    if toggle(ui, *log, "log share", "Logarithmic shares", tooltip) {
        *log = !*log;
    }
    let scope = if view.scope == Scope::Layer { "by layer" } else { "over all layers" };
    ComboBox::from_id_salt("histogram scope")
        .width(11.0 * theme::UNIT)
        .selected_text(RichText::new(format!("scaled {scope}")).small())
        .show_ui(ui, |ui| {
            ui.selectable_value(&mut view.scope, Scope::Layer, "scaled by layer");
            ui.selectable_value(&mut view.scope, Scope::AllLayers, "scaled over all layers");
        })
        .response
        .on_hover_text("What shares the axis of values and the scale of shares: each layer its own, or all the same")
        .accessible_name("Scope of scaling");
}

/// Sets how often histograms are taken, now and in the next run.
pub(super) fn set_interval(ui: &Ui, context: &mut LabContext<'_>, every: u64) {
    context.edit(ui, specs::HISTOGRAMS_EVERY.key, |settings| settings.config.monitor.histograms_every = every);
}

fn interval(ui: &mut Ui, context: &mut LabContext<'_>) {
    let mut every = context.book.current().config.monitor.histograms_every;
    let knob = DragValue::new(&mut every)
        .range(0..=100_000)
        .speed(1.0)
        .update_while_editing(false)
        .prefix("every ")
        .suffix(" steps");
    let knob = ui.add(knob).on_hover_text(specs::HISTOGRAMS_EVERY.tooltip).accessible_name("Interval of histograms");
    if knob.changed() {
        set_interval(ui, context, every);
    }
}

fn cost(ui: &mut Ui, context: &LabContext<'_>) {
    let Some(run) = context.session.current() else { return };
    let is_off = run.config.monitor.histograms_every == 0;
    let (text, detail) = match run.histogram_cost.share() {
        Some(share) => (format!("{} of training time", short(share)), spent(run)),
        None if is_off => ("off".to_owned(), "No new histograms are taken, and nothing is spent.".to_owned()),
        None => ("cost not yet measured".to_owned(), "It is measured with the next histograms.".to_owned()),
    };
    let stride = run.histograms.stride();
    let kept = if stride == 1 { String::new() } else { format!(" Of {stride} looks one is kept here.") };
    ui.label(RichText::new(text).small().weak()).on_hover_text(format!(
        "{detail} Of a tensor with more than {} values a sample is looked at, at equal distances. The window keeps at most \
         {MOST_LOOKS} steps of a run, spread evenly; a run folder keeps all.{kept}",
        format::count(MOST_VALUES as u64)
    ));
}

fn spent(run: &RunRecord) -> String {
    let cost = run.histogram_cost;
    format!(
        "{} of {} of training steps went into {} looks, since the run began or the interval was set.",
        format::duration(cost.seconds),
        format::duration(cost.training_seconds),
        format::count(cost.looks)
    )
}

/// Two digits that mean something: `0.4%`, `12%`.
fn short(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        ..0.095 => format!("{percent:.2}%"),
        0.095..9.95 => format!("{percent:.1}%"),
        _ => format!("{percent:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn costs_are_short() {
        assert_eq!([0.000_31, 0.004, 0.0999, 0.3].map(short), ["0.03%", "0.4%", "10%", "30%"]);
    }
}
