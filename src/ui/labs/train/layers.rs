//! The network layer by layer: shapes, costs, what a unit sees, and how each layer fares while it learns.

use super::LabContext;
use crate::nets::LayerSummary;
use crate::train::LayerHealth;
use crate::ui::app::Selection;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::{empty::empty, format};
use egui::{Button, ScrollArea, Ui};

/// The summary of the network of the settings, while there is no run.
pub(super) struct LayersView {
    revision: Option<u64>,
    summary: Result<Vec<LayerSummary>, String>,
}

impl Default for LayersView {
    fn default() -> Self {
        Self { revision: None, summary: Ok(Vec::new()) }
    }
}

struct LayerTable<'a> {
    layers: &'a [LayerSummary],
    health: &'a [LayerHealth],
}

const COLUMNS: [Column; 10] = [
    Column::text("Layer", 58.0, "Click a name to select the layer everywhere"),
    Column::text("Kind", 84.0, "What the layer does"),
    Column::number("Output", 58.0, "Shape of its output for one image: channels x height x width, or units"),
    Column::number("Params", 48.0, "Parameters: values that are learned"),
    Column::number("Mult-adds", 52.0, "Multiply-adds of the forward pass of one image"),
    Column::number("Sees", 26.0, "Receptive field: side of the part of the image that one unit depends on, in pixels"),
    Column::number("Gradient", 48.0, "Norm of the gradient of the loss by the layer's weights, at the last look"),
    Column::number("Weights", 46.0, "Norm of the layer's weights"),
    Column::number("Update", 56.0, "Norm of the last update over the norm of the weights; about 1e-3 is usual"),
    Column::number("Dead", 34.0, "Share of units that were zero for every image of the batch"),
];

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut LayersView) {
    if let Some(run) = context.session.current()
        && let Some(started) = run.started.clone()
    {
        let health = run.health.clone();
        table(ui, context, &LayerTable { layers: &started.layers, health: &health });
        return;
    }
    let revision = Some(context.book.revision());
    if view.revision != revision {
        view.revision = revision;
        let architecture = context.book.current().config.resolve_network();
        view.summary = architecture.and_then(|architecture| architecture.summary()).map_err(|error| error.to_string());
    }
    match &view.summary {
        Ok(layers) => table(ui, context, &LayerTable { layers, health: &[] }),
        Err(reason) => {
            empty(ui, icon::WARNING, reason, None);
        }
    }
}

/// A layer a row; what only a run can tell is empty before there is one.
pub(super) fn records(context: &LabContext<'_>, view: &LayersView) -> Option<Records> {
    let run = context.session.current().filter(|run| run.started.is_some());
    let layers = match run.and_then(|run| run.started.as_ref()) {
        Some(started) => &started.layers,
        None => view.summary.as_ref().ok()?,
    };
    let mut records = Records::new([
        "layer",
        "kind",
        "output",
        "parameters",
        "multiply_adds",
        "receptive_field",
        "gradient_norm",
        "weight_norm",
        "update_ratio",
        "dead_share",
    ]);
    let written = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for layer in layers {
        let health = run.and_then(|run| run.health.iter().find(|health| health.layer == layer.name));
        records.push([
            layer.name.clone(),
            layer.kind.to_owned(),
            layer.output.to_string(),
            layer.parameters.to_string(),
            layer.multiply_adds.to_string(),
            layer.receptive_field.size.to_string(),
            written(health.and_then(|health| health.gradient_norm)),
            written(health.and_then(|health| health.weight_norm)),
            written(health.and_then(|health| health.update_ratio)),
            written(health.and_then(|health| health.dead_share)),
        ]);
    }
    (!records.is_empty()).then_some(records)
}

fn table(ui: &mut Ui, context: &mut LabContext<'_>, layers: &LayerTable<'_>) {
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        let mut table = Table::begin(ui, &COLUMNS);
        for layer in layers.layers {
            let health = layers.health.iter().find(|health| health.layer == layer.name);
            row(ui, context, &mut table, layer, health);
        }
        total(ui, &mut table, layers.layers);
    });
}

fn row(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    table: &mut Table<'_>,
    layer: &LayerSummary,
    health: Option<&LayerHealth>,
) {
    let row = table.row(ui, || describe(layer));
    let is_selected = matches!(&context.session.selection, Selection::Layer(name) if *name == layer.name);
    let button = Button::selectable(is_selected, &layer.name).small().truncate();
    let button = row.put(ui, 0, button);
    if button.accessible_name(format!("Layer {}", layer.name)).clicked() {
        context.session.selection = Selection::Layer(layer.name.clone());
    }
    let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    row.text(ui, 1, layer.kind.trim_end_matches("2d").replace('_', " "), weak);
    let figures = [
        layer.output.to_string(),
        blank_at_zero(layer.parameters),
        blank_at_zero(layer.multiply_adds),
        layer.receptive_field.size.to_string(),
        figure(health.and_then(|health| health.gradient_norm)),
        figure(health.and_then(|health| health.weight_norm)),
        figure(health.and_then(|health| health.update_ratio)),
        health.and_then(|health| health.dead_share).map_or_else(String::new, format::short_percent),
    ];
    for (index, value) in figures.into_iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        row.text(ui, index + 2, value, text);
    }
}

fn total(ui: &mut Ui, table: &mut Table<'_>, layers: &[LayerSummary]) {
    let parameters = format::magnitude(layers.iter().map(|layer| layer.parameters).sum());
    let multiply_adds = format::magnitude(layers.iter().map(|layer| layer.multiply_adds).sum());
    let row = table.row(ui, || format!("Total: {parameters} parameters, {multiply_adds} multiply-adds"));
    let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    row.text(ui, 1, "total", weak);
    row.text(ui, 3, &parameters, text);
    row.text(ui, 4, &multiply_adds, text);
}

fn describe(layer: &LayerSummary) -> String {
    format!("{}, {}, output {}, {} parameters", layer.name, layer.kind, layer.output, layer.parameters)
}

fn blank_at_zero(count: u64) -> String {
    if count == 0 { String::new() } else { format::magnitude(count) }
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(String::new, theme::figures)
}
