//! The panes of the lab.

use super::layouts::Arrangement;
use super::{
    Kept, Views, architecture, calibration, curves, data, differences, drawing, experiment, help, hints, histograms,
    layer_curves, layers, mistakes, rate_finder, results, run_list, samples, values,
};
use crate::ui::app::{HelpText, RunRecord, Session};
use crate::ui::export::Records;
use crate::ui::labs::frame::LabPane;
use crate::ui::labs::{Lab, LabContext};
use crate::ui::widgets::format;
use egui::Ui;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    Experiment,
    Architecture,
    Data,
    Loss,
    Accuracy,
    Quantity,
    LayerCurves,
    Histograms,
    Samples,
    Mistakes,
    Drawing,
    Layers,
    Results,
    Calibration,
    Runs,
    Differences,
    Values,
    RateFinder,
    Hints,
}

impl LabPane for Pane {
    type Views = Views;
    type Kept = Kept;
    type Arrangement = Arrangement;

    const LAB: Lab = Lab::Train;
    const ALL: &'static [Self] = &[
        Self::Experiment,
        Self::Architecture,
        Self::Data,
        Self::Loss,
        Self::Accuracy,
        Self::Quantity,
        Self::LayerCurves,
        Self::Histograms,
        Self::Samples,
        Self::Mistakes,
        Self::Drawing,
        Self::Layers,
        Self::Results,
        Self::Calibration,
        Self::Runs,
        Self::Differences,
        Self::Values,
        Self::RateFinder,
        Self::Hints,
    ];
    const SETTINGS: Self = Self::Experiment;
    const FIRST: Self = Self::Loss;
    const OPENING: &'static str =
        "How does it learn? Watch the loss fall, then change the learning rate while it does.";

    fn subject(session: &Session) -> String {
        session.current().map(RunRecord::place).unwrap_or_default()
    }

    fn title(self) -> &'static str {
        match self {
            Self::Experiment => "Experiment",
            Self::Architecture => "Architecture",
            Self::Data => "Data",
            Self::Loss => "Loss",
            Self::Accuracy => "Accuracy",
            Self::Quantity => "Quantity",
            Self::LayerCurves => "Layer curves",
            Self::Histograms => "Histograms",
            Self::Samples => "Samples",
            Self::Mistakes => "Mistakes",
            Self::Drawing => "Drawing",
            Self::Layers => "Layers",
            Self::Results => "Results",
            Self::Calibration => "Calibration",
            Self::Runs => "Runs",
            Self::Differences => "Differences",
            Self::Values => "Values",
            Self::RateFinder => "Rate finder",
            Self::Hints => "Hints",
        }
    }

    fn subtitle(self, context: &LabContext<'_>) -> String {
        let run = context.session.current();
        let of_run = |run: &RunRecord| format!("{}, step {}", run.name, format::count(run.step));
        let of_run_or = |text: &str| run.map_or_else(|| text.to_owned(), of_run);
        match self {
            Self::Experiment => "settings of the next run".to_owned(),
            Self::Architecture => "the network of the next run".to_owned(),
            Self::Data => format!("what the network learns from: {}", context.book.current().config.data.source),
            Self::Loss => "cross-entropy by run".to_owned(),
            Self::Accuracy => "share of right predictions by run".to_owned(),
            Self::Quantity => "any other figure by run".to_owned(),
            Self::LayerCurves => of_run_or("how each layer fares"),
            Self::Histograms => of_run_or("values of each layer over time"),
            Self::Samples => {
                run.map_or_else(|| "test images".to_owned(), |run| format!("test images, {}", of_run(run)))
            }
            Self::Mistakes => of_run_or("images taken for another class"),
            Self::Drawing => of_run_or("classified as you draw"),
            Self::Layers => of_run_or(context.book.current().config.network_name()),
            Self::Results => of_run_or("errors by class"),
            Self::Calibration => of_run_or("confidence against accuracy"),
            Self::Runs => format!("{} trained here or opened", context.session.runs.len()),
            Self::Differences => "settings in which the runs differ".to_owned(),
            Self::Values => "every curve at the crosshair".to_owned(),
            Self::RateFinder => "loss against learning rate".to_owned(),
            Self::Hints => of_run_or("signs of trouble, with the evidence"),
        }
    }

    fn count(self, context: &LabContext<'_>) -> usize {
        match self {
            Self::Hints => hints::count(context),
            Self::Data => data::count(context),
            _ => 0,
        }
    }

    fn help(self) -> HelpText {
        help::of(self)
    }

    fn show(self, ui: &mut Ui, context: &mut LabContext<'_>, views: &mut Views) {
        match self {
            Self::Experiment => experiment::show(ui, context, &mut views.drafts, &mut views.waiting),
            Self::Architecture => architecture::show(ui, context, &mut views.architecture),
            Self::Data => data::show(ui, context, &mut views.data),
            Self::Loss => curves::loss(ui, context, &mut views.plots, &mut views.curves),
            Self::Accuracy => curves::accuracy(ui, context, &mut views.plots, &mut views.curves),
            Self::Quantity => curves::quantity(ui, context, &mut views.plots, &mut views.curves),
            Self::LayerCurves => layer_curves::show(ui, context, &mut views.plots, &mut views.curves),
            Self::Histograms => histograms::show(ui, context, &mut views.histograms),
            Self::Samples => samples::show(ui, context, &mut views.samples),
            Self::Mistakes => mistakes::show(ui, context, &mut views.mistakes, &mut views.evaluated),
            Self::Drawing => drawing::show(ui, context, &mut views.drawing),
            Self::Layers => layers::show(ui, context, &mut views.layers),
            Self::Results => results::show(ui, context, &mut views.results, &mut views.evaluated),
            Self::Calibration => calibration::show(ui, context, &mut views.evaluated),
            Self::Runs => run_list::show(ui, context, &mut views.runs),
            Self::Differences => differences::show(ui, context, &mut views.differences),
            Self::Values => values::show(ui, context, &views.plots, &views.curves),
            Self::RateFinder => rate_finder::show(ui, context, &mut views.rate_finder),
            Self::Hints => hints::show(ui, context, &mut views.hints),
        }
    }

    fn records(self, context: &LabContext<'_>, views: &mut Views) -> Option<Records> {
        match self {
            Self::Experiment => Some(experiment::records(context)),
            Self::Loss | Self::Accuracy | Self::Quantity => curves::records(context, self, &views.plots),
            Self::LayerCurves => layer_curves::records(context, &views.plots),
            Self::Histograms => histograms::records(context, &views.histograms),
            Self::Samples => samples::records(context),
            Self::Drawing => drawing::records(context),
            Self::Layers => layers::records(context, &views.layers),
            Self::Results => results::records(context, &views.evaluated),
            Self::Calibration => calibration::records(context, &views.evaluated),
            Self::Mistakes => mistakes::records(context, &views.mistakes, &views.evaluated),
            Self::Runs => run_list::records(context, &mut views.runs),
            Self::Differences => differences::records(context, &mut views.differences),
            Self::Values => values::records(context, &views.plots, &views.curves),
            Self::RateFinder => rate_finder::records(context),
            Self::Hints => hints::records(context),
            Self::Data => data::records(context),
            Self::Architecture => architecture::records(&views.architecture),
        }
    }

    fn begin_frame(_: &egui::Context, context: &mut LabContext<'_>, views: &mut Views) {
        views.samples.shown = false;
        views.drawing.forget_focus();
        context.session.store.set_smoothing(views.plots.smoothing);
    }

    fn keep(views: &Views) -> Kept {
        Kept { plots: views.plots.clone() }
    }

    fn restore(kept: Kept) -> Views {
        Views { plots: kept.plots, ..Views::default() }
    }
}
