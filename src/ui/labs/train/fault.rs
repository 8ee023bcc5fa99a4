//! A value that is not finite: which layer was first, what every layer held, and what can be done.

use super::{LabContext, specs};
use crate::train::{FaultPlace, FaultReport, LayerStatistics, ValueStatistics};
use crate::ui::app::{Selection, Settings};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use crate::ui::widgets::table::{Column, Table};
use egui::{Button, Label, RichText, Ui};
use std::sync::Arc;

const COLUMNS: [Column; 9] = [
    Column::text("Layer", 72.0, "Click a name to select the layer everywhere"),
    Column::text("Values", 76.0, "Weights before the step, outputs for the batch, or the gradient of the loss"),
    Column::number("Count", 52.0, "How many values there are"),
    Column::number("NaN", 40.0, "Values that are not a number"),
    Column::number("+inf", 40.0, "Values above every number"),
    Column::number("-inf", 40.0, "Values below every number"),
    Column::number("Least", 76.0, "The least finite value"),
    Column::number("Mean", 76.0, "Mean of the finite values"),
    Column::number("Greatest", 76.0, "The greatest finite value"),
];

/// The largest norm of the gradient that a click sets: as in many recipes (Pascanu et al. 2013).
const CLIP_NORM: f64 = 1.0;

type Change = fn(&mut Settings);

/// The table as text, worked out once for each report.
#[derive(Default)]
pub(super) struct FaultView {
    of: Option<Arc<FaultReport>>,
    rows: Vec<Row>,
}

struct Row {
    layer: String,
    is_first: bool,
    is_faulty: bool,
    cells: [String; 8],
}

impl FaultView {
    fn update(&mut self, report: &Arc<FaultReport>) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, report)) {
            return;
        }
        self.rows = values(report).map(|(layer, place, values)| row(report, layer, place, values)).collect();
        self.of = Some(Arc::clone(report));
    }
}

/// Every row of the table, layer by layer from the first.
fn values(report: &FaultReport) -> impl Iterator<Item = (&LayerStatistics, FaultPlace, ValueStatistics)> {
    report.layers.iter().flat_map(|layer| {
        let places = [
            (FaultPlace::Weights, layer.weights),
            (FaultPlace::Activations, Some(layer.activations)),
            (FaultPlace::Gradient, layer.gradient),
        ];
        places.into_iter().filter_map(move |(place, values)| Some((layer, place, values?)))
    })
}

/// Where the table shows it.
fn table_place(place: FaultPlace) -> FaultPlace {
    match place {
        FaultPlace::GradientNorm => FaultPlace::Gradient,
        FaultPlace::Loss => FaultPlace::Activations,
        place => place,
    }
}

fn place_name(place: FaultPlace) -> &'static str {
    match place {
        FaultPlace::Weights => "weights",
        FaultPlace::Activations => "activations",
        FaultPlace::Gradient | FaultPlace::GradientNorm => "gradient",
        FaultPlace::Loss => "loss",
    }
}

fn row(report: &FaultReport, layer: &LayerStatistics, place: FaultPlace, values: ValueStatistics) -> Row {
    let figure = |value: Option<f64>| format::maybe(value);
    let count = |number: u64| if number == 0 { "0".to_owned() } else { format::magnitude(number) };
    Row {
        layer: layer.layer.clone(),
        is_first: report.fault.layer == layer.layer && table_place(report.fault.place) == place,
        is_faulty: values.not_finite() > 0,
        cells: [
            place_name(place).to_owned(),
            count(values.count),
            count(values.nan),
            count(values.positive_infinite),
            count(values.negative_infinite),
            figure(values.minimum.map(f64::from)),
            figure(values.mean),
            figure(values.maximum.map(f64::from)),
        ],
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut FaultView, report: &Arc<FaultReport>) {
    view.update(report);
    let mut text = report.fault.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(icon::WARNING).color(ui.visuals().error_fg_color));
        ui.add(Label::new(theme::title(text)).wrap());
    });
    let explanation = "The run is paused. Going on takes up its last good state, at the end of an epoch or the start.";
    ui.add(Label::new(RichText::new(explanation).small().weak()).wrap());
    ways_on(ui, context, report);
    ui.add_space(theme::UNIT / 2.0);
    table(ui, context, view);
}

/// Each is one change that can be undone, and then the run goes on.
fn ways_on(ui: &mut Ui, context: &mut LabContext<'_>, report: &FaultReport) {
    let rate = context.book.current().config.optimiser.learning_rate;
    let changes: [(&str, String, Change); 3] = [
        (
            "Go back and halve the learning rate",
            format!("From {} to {}, from the last good state on", theme::figures(rate), theme::figures(rate / 2.0)),
            |settings| settings.config.optimiser.learning_rate /= 2.0,
        ),
        (
            "Go back, a tenth of the rate",
            format!("From {} to {}, from the last good state on", theme::figures(rate), theme::figures(rate / 10.0)),
            |settings| settings.config.optimiser.learning_rate /= 10.0,
        ),
        (
            "Go back and clip the gradient",
            format!("The norm of the whole gradient is held to {CLIP_NORM} (Pascanu et al. 2013)"),
            |settings| settings.config.optimiser.clip_norm = CLIP_NORM,
        ),
    ];
    ui.horizontal_wrapped(|ui| {
        for (index, (label, tooltip, change)) in changes.into_iter().enumerate() {
            if ui.add(Button::new(label).small()).on_hover_text(tooltip).clicked() {
                let spec = if index == 2 { &specs::CLIP_NORM } else { &specs::LEARNING_RATE };
                context.edit(ui, spec.key, change);
                context.session.go_on(context.book);
            }
        }
        let show = ui.add(Button::new("Select the layer").small());
        if show.on_hover_text("Every pane and the inspector show this layer").clicked() {
            context.session.selection = Selection::Layer(report.fault.layer.clone());
        }
    });
}

fn table(ui: &mut Ui, context: &mut LabContext<'_>, view: &FaultView) {
    let mut table = Table::begin(ui, &COLUMNS);
    let (text, error) = (ui.visuals().text_color(), ui.visuals().error_fg_color);
    for line in &view.rows {
        let row = table.row(ui, || {
            let first = if line.is_first { ", first at fault" } else { "" };
            format!("{} {}: {} values{first}", line.layer, line.cells[0], line.cells[1])
        });
        let label = if line.is_first { format!("{} {}", icon::FLAG, line.layer) } else { line.layer.clone() };
        let is_selected = matches!(&context.session.selection, Selection::Layer(name) if *name == line.layer);
        let button = row.put(ui, 0, Button::selectable(is_selected, label).small().truncate());
        if button.accessible_name(format!("Layer {}, {}", line.layer, line.cells[0])).clicked() {
            context.session.selection = Selection::Layer(line.layer.clone());
        }
        let colour = if line.is_faulty || line.is_first { error } else { text };
        for (index, cell) in line.cells.iter().enumerate() {
            row.text(ui, index + 1, cell, colour);
        }
    }
}

pub(super) fn records(report: &FaultReport) -> Records {
    let mut records = Records::new([
        "layer",
        "values",
        "count",
        "nan",
        "positive_infinite",
        "negative_infinite",
        "minimum",
        "mean",
        "maximum",
    ]);
    for (layer, place, values) in values(report) {
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        records.push([
            layer.layer.clone(),
            place_name(place).to_owned(),
            values.count.to_string(),
            values.nan.to_string(),
            values.positive_infinite.to_string(),
            values.negative_infinite.to_string(),
            text(values.minimum.map(f64::from)),
            text(values.mean),
            text(values.maximum.map(f64::from)),
        ]);
    }
    records
}
