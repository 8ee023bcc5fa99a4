//! The network layer by layer: shapes, costs, what a unit sees, and how each layer fares while it learns.

use super::LabContext;
use crate::nets::{LayerSummary, resolve};
use crate::train::LayerHealth;
use crate::ui::app::Selection;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::{empty::empty, format};
use egui::{Align, Button, Grid, Layout, RichText, ScrollArea, Ui};

/// The summary of the network of the settings, while there is no run.
pub(super) struct LayersView {
    network: String,
    summary: Result<Vec<LayerSummary>, String>,
}

impl Default for LayersView {
    fn default() -> Self {
        Self { network: String::new(), summary: Ok(Vec::new()) }
    }
}

struct LayerTable<'a> {
    layers: &'a [LayerSummary],
    health: &'a [LayerHealth],
}

/// Title and tooltip of each column.
const COLUMNS: [(&str, &str); 10] = [
    ("Layer", "Click a name to select the layer everywhere"),
    ("Kind", "What the layer does"),
    ("Output", "Shape of its output for one image: channels x height x width, or units"),
    ("Parameters", "Values that are learned"),
    ("Mult-adds", "Multiply-adds of the forward pass of one image"),
    ("Sees", "Receptive field: side of the part of the image that one unit depends on, in pixels"),
    ("Grad norm", "Norm of the gradient of the loss by the layer's weights, at the last look"),
    ("Weight norm", "Norm of the layer's weights"),
    ("Update", "Norm of the last update over the norm of the weights; about 1e-3 is usual"),
    ("Dead", "Share of units that were zero for every image of the batch"),
];

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut LayersView) {
    if let Some(run) = context.session.current()
        && let Some(started) = run.started.clone()
    {
        let health = run.health.clone();
        table(ui, context, &LayerTable { layers: &started.layers, health: &health });
        return;
    }
    let network = &context.book.current().config.network;
    if view.network != *network {
        view.network.clone_from(network);
        view.summary =
            resolve(network).and_then(|architecture| architecture.summary()).map_err(|error| error.to_string());
    }
    match &view.summary {
        Ok(layers) => table(ui, context, &LayerTable { layers, health: &[] }),
        Err(reason) => {
            empty(ui, icon::WARNING, reason, None);
        }
    }
}

fn table(ui: &mut Ui, context: &mut LabContext<'_>, table: &LayerTable<'_>) {
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        Grid::new("layers").num_columns(COLUMNS.len()).spacing([2.0 * theme::UNIT, 2.0]).striped(true).show(ui, |ui| {
            for (index, (title, tooltip)) in COLUMNS.iter().enumerate() {
                let text = RichText::new(*title).small().weak();
                if index < 2 {
                    ui.label(text).on_hover_text(*tooltip);
                } else {
                    right(ui, |ui| ui.label(text).on_hover_text(*tooltip));
                }
            }
            ui.end_row();
            for layer in table.layers {
                row(ui, context, layer, table.health.iter().find(|health| health.layer == layer.name));
                ui.end_row();
            }
            total(ui, table.layers);
            ui.end_row();
        });
    });
}

fn row(ui: &mut Ui, context: &mut LabContext<'_>, layer: &LayerSummary, health: Option<&LayerHealth>) {
    let is_selected = matches!(&context.session.selection, Selection::Layer(name) if *name == layer.name);
    let button = ui.add(Button::selectable(is_selected, &layer.name).small());
    if button.accessible_name(format!("Layer {}", layer.name)).clicked() {
        context.session.selection = Selection::Layer(layer.name.clone());
    }
    ui.label(RichText::new(layer.kind.replace('_', " ")).weak());
    number(ui, layer.output.to_string());
    number(ui, blank_at_zero(layer.parameters));
    number(ui, blank_at_zero(layer.multiply_adds));
    number(ui, layer.receptive_field.size.to_string());
    number(ui, figure(health.and_then(|health| health.gradient_norm)));
    number(ui, figure(health.and_then(|health| health.weight_norm)));
    number(ui, figure(health.and_then(|health| health.update_ratio)));
    number(ui, health.and_then(|health| health.dead_share).map_or_else(String::new, format::short_percent));
}

fn total(ui: &mut Ui, layers: &[LayerSummary]) {
    ui.label(RichText::new("Total").weak());
    ui.label("");
    ui.label("");
    number(ui, format::magnitude(layers.iter().map(|layer| layer.parameters).sum()));
    number(ui, format::magnitude(layers.iter().map(|layer| layer.multiply_adds).sum()));
}

fn blank_at_zero(count: u64) -> String {
    if count == 0 { String::new() } else { format::magnitude(count) }
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(String::new, theme::figures)
}

fn number(ui: &mut Ui, text: String) {
    right(ui, |ui| ui.label(RichText::new(text).monospace()));
}

fn right<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) {
    ui.with_layout(Layout::right_to_left(Align::Center), add);
}
