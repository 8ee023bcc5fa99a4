//! The Train lab: how does it learn?
//!
//! One file a pane. The layout is the [`LabFrame`]'s, what each pane remembers of itself stands in [`Views`]; everything
//! else comes and goes through [`LabContext`].

mod architecture;
mod calibration;
mod class_filter;
mod curve_tools;
mod curves;
mod data;
mod differences;
mod drawing;
mod evaluated;
mod experiment;
mod fault;
mod figures;
mod form;
mod help;
mod hints;
mod histograms;
mod layer_curves;
mod layers;
mod layouts;
mod mistakes;
mod panes;
mod rate_finder;
mod results;
mod run_columns;
mod run_list;
mod run_paths;
mod run_row;
mod samples;
mod specs;
mod values;

pub use class_filter::parse_classes;
pub use figures::{RunCurves, RunFigure, figures};
pub use layouts::Arrangement;
pub use panes::Pane;
pub use specs::{ALL as SPECS, Spec};

use super::LabContext;
use super::frame::LabFrame;
use crate::ui::app::Session;
use crate::ui::curves::{PlotView, XAxis};
use crate::ui::widgets::drawing_pad::Edit;
use crate::ui::widgets::typed::Drafts;
use serde::{Deserialize, Serialize};

pub type TrainLab = LabFrame<Pane>;

/// What is kept between starts, beside the layout.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    plots: PlotSettings,
}

/// What each pane remembers of itself.
#[derive(Default)]
pub struct Views {
    plots: PlotSettings,
    curves: curves::CurveViews,
    data: data::DataPane,
    drafts: Drafts,
    layers: layers::LayersView,
    samples: samples::SamplesView,
    waiting: form::Waiting,
    architecture: architecture::ArchitectureView,
    histograms: histograms::HistogramsView,
    evaluated: evaluated::EvaluatedView,
    mistakes: mistakes::MistakesView,
    drawing: drawing::DrawingView,
    results: results::ResultsView,
    runs: run_list::RunsView,
    differences: differences::DifferencesView,
    rate_finder: rate_finder::RateFinderView,
    hints: hints::HintsView,
}

/// How all curves of the lab are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlotSettings {
    smoothing: f64,
    x_axis: XAxis,
    loss: PlotView,
    accuracy: PlotView,
    quantity: PlotView,
    layers: PlotView,
    shown_quantity: curves::Quantity,
    shown_layer_figure: layer_curves::LayerFigure,
}

impl PlotSettings {
    /// All plots follow the data again.
    fn fit_all(&mut self) {
        for view in [&mut self.loss, &mut self.accuracy, &mut self.quantity, &mut self.layers] {
            view.fit();
        }
    }
}

impl Default for PlotSettings {
    fn default() -> Self {
        let fitted = PlotView::default;
        Self {
            smoothing: 0.6,
            x_axis: XAxis::default(),
            loss: fitted(),
            accuracy: fitted(),
            quantity: fitted(),
            layers: PlotView { log_y: true, ..fitted() },
            shown_quantity: curves::Quantity::default(),
            shown_layer_figure: layer_curves::LayerFigure::default(),
        }
    }
}

impl TrainLab {
    /// Undoes or redoes a stroke if the drawing pad has the keys. Returns whether it has.
    pub fn undo_stroke(&mut self, session: &mut Session, redo: bool) -> bool {
        let edit = if redo { Edit::Redo } else { Edit::Undo };
        if self.views.drawing.has_focus() {
            drawing::edit(session, &mut self.views.drawing, edit);
        }
        self.views.drawing.has_focus()
    }

    /// Whether the samples were on screen in the last frame.
    pub fn shows_samples(&self) -> bool {
        self.views.samples.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::labs::frame::Saved;

    #[test]
    fn the_plots_survive_a_restart() {
        let mut lab = TrainLab::default();
        lab.views.plots.loss.log_y = true;
        let text = serde_json::to_string(&lab.save()).unwrap();
        let restored = TrainLab::restore(serde_json::from_str(&text).unwrap());
        assert_eq!(restored.views.plots, lab.views.plots);
    }

    /// As the version before the second lab wrote it.
    #[test]
    fn what_was_saved_before_is_read() {
        let text = r#"{
            "tree": { "id": 1, "root": 1, "tiles": { "next_tile_id": 3, "tiles": {
                "1": { "Container": { "Tabs": { "children": [2], "active": 2 } } }, "2": { "Pane": "runs" }
            }, "invisible": [] }, "height": 600.0, "width": 900.0 },
            "width": 900.0,
            "plots": { "smoothing": 0.25, "x_axis": "Epoch" }
        }"#;
        let saved: Saved<Pane> = serde_json::from_str(text).unwrap();
        assert_eq!(TrainLab::restore(saved).views.plots.smoothing, 0.25);
    }
}
