//! Loss, accuracy and other figures of all runs that are shown, training and validation.

use super::curve_tools::{self, Toolbar};
use super::{LabContext, Pane, PlotSettings};
use crate::ui::app::{Action, Change, RunRecord, Selection};
use crate::ui::curves::{self, CurvePlot, Line, Marker, PlotView, XAxis};
use crate::ui::export::Records;
use crate::ui::theme::icon;
use crate::ui::widgets::empty::empty;
use egui::{ComboBox, RichText, Ui};
use serde::{Deserialize, Serialize};

/// What the plots share and do not save.
#[derive(Default)]
pub(super) struct CurveViews {
    crosshair: Crosshair,
}

/// One crosshair over all plots: under the pointer, else where a click has put it.
#[derive(Default)]
pub(super) struct Crosshair {
    /// In units of the x axis.
    at: Option<f64>,
    pinned: Option<f64>,
    axis: XAxis,
    /// The plot under the pointer, in the last frame.
    over: Option<egui::Id>,
}

impl CurveViews {
    /// Where the crosshair stands, in units of the x axis.
    pub(super) fn crosshair(&self) -> Option<f64> {
        self.crosshair.at.or(self.crosshair.pinned)
    }

    /// Draws a plot with the shared crosshair. A click pins it, another one there takes it away.
    pub(super) fn show_plot(
        &mut self,
        ui: &mut Ui,
        context: &LabContext<'_>,
        plot: CurvePlot<'_>,
        view: &mut PlotView,
    ) {
        let crosshair = &mut self.crosshair;
        let mut at = crosshair.at.or(crosshair.pinned);
        // While one plot is pointed at, its card is enough: the others show the place, and the pane Values all numbers.
        let own = ui.scope_id();
        let plot = plot.readout(crosshair.over.is_none_or(|over| over == own));
        let shown = plot.show(ui, &context.session.store, view, &mut at);
        if shown.response.hovered() {
            crosshair.over = Some(own);
        } else if crosshair.over == Some(own) {
            crosshair.over = None;
        }
        crosshair.at = at.filter(|_| at != crosshair.pinned);
        if let Some(clicked) = shown.clicked_x {
            let near = |pinned: f64| (pinned - clicked).abs() <= PIN_REACH * clicked.abs().max(1.0);
            crosshair.pinned = if crosshair.pinned.is_some_and(near) { None } else { Some(clicked) };
        }
    }

    /// A place on one axis means nothing on another.
    pub(super) fn follow_axis(&mut self, axis: XAxis) {
        if self.crosshair.axis != axis {
            self.crosshair = Crosshair { axis, ..Crosshair::default() };
        }
    }
}

/// A click this near to the pin, as a share of its place, is a click on it.
const PIN_REACH: f64 = 0.02;

/// What a pane of curves shows.
#[derive(Clone, Copy)]
pub(super) struct Figure {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    /// Solid.
    pub(super) train: Option<&'static str>,
    /// Dashed.
    pub(super) validation: Option<&'static str>,
    pub(super) is_share: bool,
}

pub(super) const LOSS: Figure = Figure {
    title: "Loss",
    unit: "nats",
    train: Some("train/loss"),
    validation: Some("validation/loss"),
    is_share: false,
};
pub(super) const ACCURACY: Figure = Figure {
    title: "Accuracy",
    unit: "",
    train: Some("train/accuracy"),
    validation: Some("validation/accuracy"),
    is_share: true,
};

/// The figures that the pane "Quantity" can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    #[default]
    Errors,
    LearningRate,
    Throughput,
    GradientNorm,
    CalibrationError,
}

impl Quantity {
    const ALL: [Self; 5] =
        [Self::Errors, Self::LearningRate, Self::Throughput, Self::GradientNorm, Self::CalibrationError];

    fn figure(self) -> Figure {
        let training =
            |title, unit, series| Figure { title, unit, train: Some(series), validation: None, is_share: false };
        let evaluation =
            |title, unit, series| Figure { validation: Some(series), train: None, ..training(title, unit, "") };
        match self {
            Self::Errors => evaluation("Error count", "validation images", "validation/errors"),
            Self::LearningRate => training("Learning rate", "", "learning_rate"),
            Self::Throughput => training("Throughput", "images/s", "throughput"),
            Self::GradientNorm => training("Gradient norm", "before clipping", "gradient_norm"),
            Self::CalibrationError => {
                Figure { is_share: true, ..evaluation("Calibration error", "", "validation/calibration_error") }
            }
        }
    }
}

pub(super) fn loss(ui: &mut Ui, context: &mut LabContext<'_>, plots: &mut PlotSettings, views: &mut CurveViews) {
    show(ui, context, plots, views, LOSS, |plots| &mut plots.loss);
}

pub(super) fn accuracy(ui: &mut Ui, context: &mut LabContext<'_>, plots: &mut PlotSettings, views: &mut CurveViews) {
    show(ui, context, plots, views, ACCURACY, |plots| &mut plots.accuracy);
}

pub(super) fn quantity(ui: &mut Ui, context: &mut LabContext<'_>, plots: &mut PlotSettings, views: &mut CurveViews) {
    let figure = plots.shown_quantity.figure();
    show(ui, context, plots, views, figure, |plots| &mut plots.quantity);
}

fn show(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    plots: &mut PlotSettings,
    views: &mut CurveViews,
    figure: Figure,
    view_of: fn(&mut PlotSettings) -> &mut PlotView,
) {
    if no_runs(ui, context) {
        return;
    }
    let is_chosen = !["Loss", "Accuracy"].contains(&figure.title);
    let name = if is_chosen { "Quantity" } else { figure.title };
    ui.horizontal(|ui| {
        if is_chosen {
            choose_quantity(ui, plots);
        }
        Toolbar { name, smooths: figure.train.is_some() }.show(ui, plots, view_of);
    });
    views.follow_axis(plots.x_axis);
    let names = Names::new(&context.session.runs, figure);
    let lines = lines(context, figure, &names, plots.x_axis, ui.visuals().dark_mode);
    let markers = curve_tools::markers(context, plots.x_axis);
    let mut plot = CurvePlot::new(name, figure.title).x_axis(plots.x_axis).lines(&lines).markers(&markers);
    plot = if figure.is_share { plot.percent() } else { plot.unit(figure.unit) };
    if figure.train.is_none() {
        plot = plot.empty_text("The first point comes with the first validation, at the end of the epoch.");
    }
    views.show_plot(ui, context, plot, view_of(plots));
}

/// Whether there is nothing to draw yet; says what would fill the pane.
pub(super) fn no_runs(ui: &mut Ui, context: &mut LabContext<'_>) -> bool {
    if !context.session.runs.is_empty() {
        return false;
    }
    let text = "Curves of every run appear here while it trains.";
    let train = Action::TrainOrPause.hint(ui.ctx());
    if empty(ui, icon::CHART_LINE, text, Some((&format!("{} Train", icon::PLAY), &train))) {
        context.actions.push(Action::TrainOrPause);
    }
    true
}

fn choose_quantity(ui: &mut Ui, plots: &mut PlotSettings) {
    let shown = RichText::new(plots.shown_quantity.figure().title).small();
    let combo = ComboBox::from_id_salt("quantity").width(96.0).truncate().selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        for quantity in Quantity::ALL {
            if ui.selectable_value(&mut plots.shown_quantity, quantity, quantity.figure().title).changed() {
                plots.quantity.fit();
            }
        }
    });
    response.response.on_hover_text("Which figure is drawn").accessible_name("Quantity shown");
}

/// What the legend calls the lines: the run alone where each has one line.
struct Names(Vec<[String; 2]>);

impl Names {
    fn new(runs: &[RunRecord], figure: Figure) -> Self {
        let both = figure.train.is_some() && figure.validation.is_some();
        let name = |run: &RunRecord, part: &str| if both { format!("{} {part}", run.name) } else { run.name.clone() };
        Self(runs.iter().map(|run| [name(run, "train"), name(run, "validation")]).collect())
    }
}

/// The baseline is neutral; a run without a clock has no place on an axis of time.
fn lines<'a>(context: &'a LabContext<'_>, figure: Figure, names: &'a Names, axis: XAxis, dark: bool) -> Vec<Line<'a>> {
    let selected = match context.session.selection {
        Selection::Run(run) => Some(run),
        _ => None,
    };
    let is_drawn = |run: &RunRecord| run.visible && (axis != XAxis::Seconds || run.has_clock());
    let runs = context.session.runs.iter().zip(&names.0).filter(|(run, _)| is_drawn(run));
    runs.flat_map(|(run, [train, validation])| {
        let line = |series, name, dashed| Line {
            run: run.id,
            series,
            of: &run.name,
            name,
            colour: context.session.colour_of(run, dark),
            dashed,
            highlighted: selected == Some(run.id),
            level: None,
        };
        let train = figure.train.map(|series| line(series, train, false));
        train.into_iter().chain(figure.validation.map(|series| line(series, validation, true)))
    })
    .collect()
}

/// Where a change lies along the axis.
pub(super) fn place(change: &Change, axis: XAxis) -> f64 {
    match axis {
        XAxis::Step => change.step as f64,
        XAxis::Epoch => change.epoch,
        XAxis::Seconds => change.seconds,
    }
}

pub(super) fn marker(change: &Change, axis: XAxis) -> Marker {
    Marker { x: place(change, axis), label: change.describe() }
}

/// Every point of the lines that a pane draws, also where the plot shows a part.
pub(super) fn records(context: &LabContext<'_>, pane: Pane, plots: &PlotSettings) -> Option<Records> {
    let figure = match pane {
        Pane::Loss => LOSS,
        Pane::Accuracy => ACCURACY,
        _ => plots.shown_quantity.figure(),
    };
    let names = Names::new(&context.session.runs, figure);
    curves::records(&context.session.store, &lines(context, figure, &names, plots.x_axis, true))
}
