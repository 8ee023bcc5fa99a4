//! The Train lab: how does it learn?
//!
//! One file a pane. [`TrainLab`] holds the layout (saved) and what each pane remembers of itself; everything else comes
//! and goes through [`LabContext`].

mod architecture;
mod calibration;
mod class_filter;
mod curve_tools;
mod curves;
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
mod typed;
mod values;

pub use class_filter::parse_classes;
pub use figures::{RunCurves, RunFigure, figures};
pub use layouts::Arrangement;
pub use panes::Pane;
pub use specs::{ALL as SPECS, Spec};

use crate::ui::app::{Action, Recent, Session, SettingsBook, Wanted};
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
    pub recent: &'a Recent,
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
    /// Saved under a name.
    layouts: Vec<layouts::NamedLayout>,
    maximised: Option<TileId>,
    /// Shown where there is room for one pane only.
    alone: Pane,
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
    #[serde(default)]
    layouts: Vec<layouts::NamedLayout>,
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

impl Default for TrainLab {
    fn default() -> Self {
        Self {
            tree: panes::default_layout(),
            layouts: Vec::new(),
            maximised: None,
            alone: Pane::Loss,
            hovered: None,
            width: None,
            views: Views::default(),
        }
    }
}

impl TrainLab {
    /// As it was left, with the panes that an older version did not have.
    pub fn restore(saved: Saved) -> Self {
        let views = Views { plots: saved.plots, ..Views::default() };
        let tree = layouts::complete(saved.tree);
        Self { tree, layouts: saved.layouts, width: saved.width, views, ..Self::default() }
    }

    pub fn save(&self) -> Saved {
        Saved {
            tree: self.tree.clone(),
            layouts: self.layouts.clone(),
            width: self.width,
            plots: self.views.plots.clone(),
        }
    }

    /// Brings a pane to the front of its tabs.
    pub fn reveal(&mut self, pane: Pane) {
        if self.tree.tiles.find_pane(&pane).is_none() {
            self.arrange(Arrangement::Default);
        }
        self.alone = pane;
        self.maximised = None;
        self.tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == pane));
    }

    /// The pane under the pointer fills the lab, or goes back.
    pub fn toggle_maximised_under_pointer(&mut self) {
        self.maximised = if self.maximised.is_some() { None } else { self.hovered };
    }

    /// Undoes or redoes a stroke if the drawing pad has the keys. Returns whether it has.
    pub fn undo_stroke(&mut self, session: &mut Session, redo: bool) -> bool {
        let edit = if redo { drawing::Edit::Redo } else { drawing::Edit::Undo };
        if self.views.drawing.has_focus() {
            drawing::edit(session, &mut self.views.drawing, edit);
        }
        self.views.drawing.has_focus()
    }

    /// The pane under the pointer, in the last frame.
    pub fn hovered(&self) -> Option<Pane> {
        self.tree.tiles.get_pane(&self.hovered?).copied()
    }

    /// Whether the samples were on screen in the last frame.
    pub fn shows_samples(&self) -> bool {
        self.views.samples.shown
    }

    pub fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>) {
        self.views.samples.shown = false;
        self.views.drawing.forget_focus();
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
