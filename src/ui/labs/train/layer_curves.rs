//! How each layer fares: norms of weights and gradients, sizes of updates, dead units, a line a layer.

use super::curve_tools::{self, Toolbar};
use super::curves::{CurveViews, no_runs};
use super::{LabContext, PlotSettings};
use crate::ui::app::{RunRecord, Selection};
use crate::ui::curves::{self, CurvePlot, Line};
use crate::ui::export::Records;
use crate::ui::theme;
use egui::{ComboBox, RichText, Ui};
use serde::{Deserialize, Serialize};

/// A figure of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerFigure {
    #[default]
    GradientNorm,
    WeightNorm,
    UpdateRatio,
    DeadShare,
}

impl LayerFigure {
    const ALL: [Self; 4] = [Self::GradientNorm, Self::WeightNorm, Self::UpdateRatio, Self::DeadShare];

    fn title(self) -> &'static str {
        match self {
            Self::GradientNorm => "Gradient norm",
            Self::WeightNorm => "Weight norm",
            Self::UpdateRatio => "Update ratio",
            Self::DeadShare => "Dead units",
        }
    }

    fn series(self) -> &'static str {
        match self {
            Self::GradientNorm => "gradient_norm",
            Self::WeightNorm => "weight_norm",
            Self::UpdateRatio => "update_ratio",
            Self::DeadShare => "dead_share",
        }
    }

    fn tooltip(self) -> &'static str {
        match self {
            Self::GradientNorm => "Norm of the gradient of the loss by the layer's weights",
            Self::WeightNorm => "Norm of the layer's weights, biases left out",
            Self::UpdateRatio => "Norm of an update over the norm of the weights; about 1e-3 is usual",
            Self::DeadShare => "Share of a ReLU layer's units that were zero for every image of the batch",
        }
    }
}

/// A line of the plot: a layer by its place in the network.
struct LayerLine {
    place: usize,
    layer: String,
    series: String,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, plots: &mut PlotSettings, views: &mut CurveViews) {
    if no_runs(ui, context) {
        return;
    }
    ui.horizontal(|ui| {
        choose(ui, plots);
        Toolbar { name: "Layer curves", smooths: true }.show(ui, plots, |plots| &mut plots.layers);
    });
    views.follow_axis(plots.x_axis);
    let figure = plots.shown_layer_figure;
    let Some(run) = shown_run(context) else { return };
    let layers = layers(context, run, figure);
    let lines = lines(context, run, &layers);
    let markers = curve_tools::markers(context, plots.x_axis);
    let mut plot =
        CurvePlot::new("Layer curves", figure.title()).x_axis(plots.x_axis).lines(&lines).markers(&markers).empty_text(
            "No layer of this run has this figure yet: it is measured every few steps, as the settings say.",
        );
    plot = if figure == LayerFigure::DeadShare { plot.percent() } else { plot.unit(&run.name) };
    views.show_plot(ui, context, plot, &mut plots.layers);
}

fn choose(ui: &mut Ui, plots: &mut PlotSettings) {
    let shown = RichText::new(plots.shown_layer_figure.title()).small();
    let combo = ComboBox::from_id_salt("layer figure").width(88.0).truncate().selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        for figure in LayerFigure::ALL {
            let option = ui.selectable_value(&mut plots.shown_layer_figure, figure, figure.title());
            if option.on_hover_text(figure.tooltip()).changed() {
                plots.layers.fit();
            }
        }
    });
    response.response.on_hover_text(plots.shown_layer_figure.tooltip()).accessible_name("Layer figure shown");
}

/// The selected run, else the current one.
fn shown_run<'a>(context: &'a LabContext<'_>) -> Option<&'a RunRecord> {
    match context.session.selection {
        Selection::Run(id) => context.session.run(id),
        _ => None,
    }
    .or_else(|| context.session.current())
    .or_else(|| context.session.runs.last())
}

fn layers(context: &LabContext<'_>, run: &RunRecord, figure: LayerFigure) -> Vec<LayerLine> {
    let prefix = "layer/";
    let ending = figure.series();
    let measured = context.session.store.series_names(run.id).filter_map(|series| {
        let layer = series.strip_prefix(prefix)?.strip_suffix(ending)?.strip_suffix('/')?;
        Some((layer.to_owned(), series.to_owned()))
    });
    let order = |layer: &str| {
        let layers = run.started.as_ref().map_or(&[][..], |started| started.layers.as_slice());
        layers.iter().position(|other| other.name == layer).unwrap_or(usize::MAX)
    };
    let mut lines: Vec<LayerLine> =
        measured.map(|(layer, series)| LayerLine { place: order(&layer), layer, series }).collect();
    lines.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| a.layer.cmp(&b.layer)));
    for (place, line) in lines.iter_mut().enumerate() {
        line.place = place;
    }
    lines
}

fn lines<'a>(context: &LabContext<'_>, run: &'a RunRecord, layers: &'a [LayerLine]) -> Vec<Line<'a>> {
    let selected = match &context.session.selection {
        Selection::Layer(name) => Some(name.as_str()),
        _ => None,
    };
    let line = |layer: &'a LayerLine| Line {
        run: run.id,
        series: &layer.series,
        of: &run.name,
        name: &layer.layer,
        colour: theme::class_colour(layer.place),
        dashed: false,
        highlighted: selected == Some(layer.layer.as_str()),
        level: None,
    };
    layers.iter().map(line).collect()
}

/// Every point of the lines on the plot.
pub(super) fn records(context: &LabContext<'_>, plots: &PlotSettings) -> Option<Records> {
    let run = shown_run(context)?;
    let layers = layers(context, run, plots.shown_layer_figure);
    curves::records(&context.session.store, &lines(context, run, &layers))
}
