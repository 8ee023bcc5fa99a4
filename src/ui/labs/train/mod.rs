//! The Train lab: how does it learn?
//!
//! One file a pane. [`TrainLab`] holds the layout (saved) and what each pane remembers of itself; everything else comes
//! and goes through [`LabContext`].

mod architecture;
mod calibration;
mod class_filter;
mod curves;
mod differences;
mod drawing;
mod experiment;
mod figures;
mod form;
mod hints;
mod histograms;
mod layer_curves;
mod layers;
mod mistakes;
mod panes;
mod rate_finder;
mod results;
mod run_list;
mod samples;
mod specs;
mod typed;
mod values;

pub use figures::{RunCurves, RunFigure, figures};
pub use panes::Pane;
pub use samples::outcome;

use crate::ui::app::{Action, Session, SettingsBook, Wanted};
use crate::ui::curves::{PlotView, XAxis};
use egui::Ui;
use egui_tiles::{Tile, TileId, Tree};
use serde::{Deserialize, Serialize};

/// What a pane may look at and ask for.
pub struct LabContext<'a> {
    pub book: &'a mut SettingsBook,
    pub session: &'a mut Session,
    /// Done after the frame.
    pub actions: &'a mut Vec<Action>,
    /// A file dialog to open.
    pub wanted: &'a mut Option<Wanted>,
}

impl LabContext<'_> {
    /// Changes a setting, or says why not.
    pub fn edit(&mut self, ui: &Ui, key: &str, change: impl FnOnce(&mut crate::ui::app::Settings)) {
        if let Err(error) = self.book.edit(key, ui.ctx().time(), change) {
            self.session.log.error(error.to_string());
        }
    }

    /// Changes a setting to what was typed, or says why not.
    pub fn edit_text(&mut self, ui: &Ui, key: &str, value: &str) {
        if let Err(error) = self.book.edit_text(key, ui.ctx().time(), value) {
            self.session.log.error(error.to_string());
        }
    }
}

/// The lab's layout and its panes.
pub struct TrainLab {
    tree: Tree<Pane>,
    maximised: Option<TileId>,
    /// The pane under the pointer.
    hovered: Option<TileId>,
    /// Of the lab in the last frame.
    width: Option<f32>,
    views: Views,
}

/// What is kept between starts.
#[derive(Serialize, Deserialize)]
pub struct Saved {
    tree: Tree<Pane>,
    width: Option<f32>,
    plots: PlotSettings,
}

/// What each pane remembers of itself.
#[derive(Default)]
struct Views {
    plots: PlotSettings,
    curves: curves::CurveViews,
    drafts: typed::Drafts,
    layers: layers::LayersView,
    samples: samples::SamplesView,
    waiting: form::Waiting,
    architecture: architecture::ArchitectureView,
    histograms: histograms::HistogramsView,
    mistakes: mistakes::MistakesView,
    drawing: drawing::DrawingView,
    results: results::ResultsView,
    runs: run_list::RunsView,
    rate_finder: rate_finder::RateFinderView,
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
}

impl Default for PlotSettings {
    fn default() -> Self {
        let [loss, accuracy, quantity, layers] = std::array::from_fn(|_| PlotView::default());
        Self { smoothing: 0.6, x_axis: XAxis::default(), loss, accuracy, quantity, layers }
    }
}

impl Default for TrainLab {
    fn default() -> Self {
        Self { tree: panes::default_layout(), maximised: None, hovered: None, width: None, views: Views::default() }
    }
}

impl TrainLab {
    /// As it was left; panes that an older version did not have bring back the first layout.
    pub fn restore(saved: Saved) -> Self {
        let has_all = Pane::ALL.iter().all(|pane| saved.tree.tiles.find_pane(pane).is_some());
        let tree = if has_all { saved.tree } else { panes::default_layout() };
        let views = Views { plots: saved.plots, ..Views::default() };
        Self { tree, maximised: None, hovered: None, width: saved.width, views }
    }

    pub fn save(&self) -> Saved {
        Saved { tree: self.tree.clone(), width: self.width, plots: self.views.plots.clone() }
    }

    pub fn reset_layout(&mut self) {
        self.tree = panes::default_layout();
        self.maximised = None;
        self.width = None;
    }

    /// Brings a pane to the front of its tabs.
    pub fn reveal(&mut self, pane: Pane) {
        if self.tree.tiles.find_pane(&pane).is_none() {
            self.reset_layout();
        }
        self.maximised = None;
        self.tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == pane));
    }

    /// The pane under the pointer fills the lab, or goes back.
    pub fn toggle_maximised_under_pointer(&mut self) {
        self.maximised = if self.maximised.is_some() { None } else { self.hovered };
    }

    /// Whether the samples were on screen in the last frame.
    pub fn shows_samples(&self) -> bool {
        self.views.samples.shown
    }

    pub fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>) {
        self.views.samples.shown = false;
        context.session.store.set_smoothing(self.views.plots.smoothing);
        panes::show(self, ui, context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_survives_a_restart() {
        let mut lab = TrainLab::default();
        lab.views.plots.loss.log_y = true;
        let text = serde_json::to_string(&lab.save()).unwrap();
        let restored = TrainLab::restore(serde_json::from_str(&text).unwrap());
        assert_eq!(restored.tree, lab.tree);
        assert_eq!(restored.views.plots, lab.views.plots);
    }

    #[test]
    fn a_layout_that_lacks_a_pane_is_put_back() {
        let mut lab = TrainLab::default();
        let runs = lab.tree.tiles.find_pane(&Pane::Runs).unwrap();
        lab.tree.remove_recursively(runs);
        let restored = TrainLab::restore(lab.save());
        assert!(restored.tree.tiles.find_pane(&Pane::Runs).is_some());
    }
}
