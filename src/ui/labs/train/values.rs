//! The values of every run where the crosshair stands, else the newest ones.

use super::curves::{CurveViews, no_runs};
use super::{LabContext, PlotSettings};
use crate::ui::app::{RunRecord, Selection};
use crate::ui::curves::{CurveStore, XAxis};
use crate::ui::export::Records;
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::table::{Column, Table};
use egui::{Button, RichText, ScrollArea, Ui, vec2};

/// What is read off the curves: the series, and whether it is a share.
const SERIES: [(&str, bool); 7] = [
    ("train/loss", false),
    ("validation/loss", false),
    ("train/accuracy", true),
    ("validation/accuracy", true),
    ("validation/errors", false),
    ("learning_rate", false),
    ("throughput", false),
];

const COLUMNS: [Column; 10] = [
    Column::text("", 8.0, "Colour of the run's curves"),
    Column::text("Run", 84.0, "Click a name to select the run"),
    Column::number("Step", 44.0, "The training step nearest to the crosshair"),
    Column::number("Loss", 44.0, "Training loss, smoothed as on the plot"),
    Column::number("Val. loss", 48.0, "Loss on the images held out"),
    Column::number("Accuracy", 50.0, "Training accuracy, smoothed as on the plot"),
    Column::number("Val. acc.", 48.0, "Accuracy on the images held out"),
    Column::number("Errors", 40.0, "Errors among the images held out"),
    Column::number("Rate", 48.0, "Learning rate"),
    Column::number("Images/s", 48.0, "Training images a second"),
];

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, plots: &PlotSettings, views: &CurveViews) {
    if no_runs(ui, context) {
        return;
    }
    let axis = plots.x_axis;
    let at = views.crosshair();
    let text = match at {
        Some(x) => {
            format!("at {} {}; a click on a plot holds the crosshair", axis.name().to_lowercase(), theme::figures(x))
        }
        None => "newest values; point at a plot to read it there, click to hold the crosshair".to_owned(),
    };
    ui.add(egui::Label::new(RichText::new(text).small().weak()).truncate());
    let mut clicked = None;
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        let mut table = Table::begin(ui, &COLUMNS);
        for run in context.session.runs.iter().rev().filter(|run| run.visible) {
            let selected = context.session.selection == Selection::Run(run.id);
            let readings = readings(&context.session.store, run, axis, at);
            if row(ui, &mut table, run, selected, &readings) {
                clicked = Some(run.id);
            }
        }
    });
    if let Some(run) = clicked {
        context.session.selection = Selection::Run(run);
    }
}

fn row(ui: &mut Ui, table: &mut Table<'_>, run: &RunRecord, selected: bool, readings: &[String; 8]) -> bool {
    let row = table.row(ui, || format!("{}: step {}, loss {}", run.name, readings[0], readings[1]));
    ui.painter().rect_filled(row.cell(0).shrink2(vec2(0.0, 4.0)), 2.0, theme::run_colour(run.colour));
    let name = row.put(ui, 1, Button::selectable(selected, &run.name).small().truncate());
    let colour = ui.visuals().text_color();
    for (index, reading) in readings.iter().enumerate() {
        row.text(ui, index + 2, reading, colour);
    }
    name.accessible_name(format!("Select {}", run.name)).clicked()
}

/// The step, then a text a series; a dash where a run has no value there.
fn readings(store: &CurveStore, run: &RunRecord, axis: XAxis, at: Option<f64>) -> [String; 8] {
    let reading = |(series, is_share): (&str, bool)| {
        let Some((_, value)) = read(store, run, series, axis, at) else { return "\u{2013}".to_owned() };
        if is_share { format::percent(value) } else { theme::figures(value) }
    };
    let step = read(store, run, "train/loss", axis, at)
        .map_or_else(|| "\u{2013}".to_owned(), |(step, _)| format::count(step as u64));
    let mut texts = SERIES.into_iter().map(reading);
    std::array::from_fn(|index| if index == 0 { step.clone() } else { texts.next().unwrap_or_default() })
}

/// Step and smoothed value at the crosshair.
fn read(store: &CurveStore, run: &RunRecord, series: &str, axis: XAxis, at: Option<f64>) -> Option<(f64, f64)> {
    let curve = store.curve(run.id, series)?;
    let nearest = curve.nearest(axis, at.unwrap_or(f64::MAX))?;
    Some((*curve.x(XAxis::Step).get(nearest)?, *curve.smoothed().get(nearest)?))
}

/// The table, with values in full.
pub(super) fn records(context: &LabContext<'_>, plots: &PlotSettings, views: &CurveViews) -> Option<Records> {
    let mut records = Records::new(["run", "series", "step", "value"]);
    for run in context.session.runs.iter().filter(|run| run.visible) {
        for (series, _) in SERIES {
            if let Some((step, value)) = read(&context.session.store, run, series, plots.x_axis, views.crosshair()) {
                records.push([run.name.clone(), series.to_owned(), step.to_string(), value.to_string()]);
            }
        }
    }
    (!records.is_empty()).then_some(records)
}
