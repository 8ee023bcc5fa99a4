//! Loss and accuracy of all runs that are shown, training and validation.

use super::{LabContext, PlotSettings};
use crate::ui::app::{Action, RunRecord};
use crate::ui::curves::{self, CurvePlot, Line, Marker, PlotView, XAxis};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use egui::{Button, ComboBox, RichText, Slider, Ui};

/// What the plots share and do not save.
#[derive(Default)]
pub(super) struct CurveViews {
    /// Where the crosshair stands, in units of the x axis.
    cursor: Option<f64>,
}

/// What a pane of curves shows.
pub(super) struct Figure {
    pub title: &'static str,
    pub train: &'static str,
    pub validation: &'static str,
    pub is_share: bool,
}

pub(super) const LOSS: Figure =
    Figure { title: "Loss", train: "train/loss", validation: "validation/loss", is_share: false };
pub(super) const ACCURACY: Figure =
    Figure { title: "Accuracy", train: "train/accuracy", validation: "validation/accuracy", is_share: true };

pub(super) fn loss(ui: &mut Ui, context: &mut LabContext<'_>, plots: &mut PlotSettings, views: &mut CurveViews) {
    let mut view = std::mem::take(&mut plots.loss);
    show(ui, context, plots, &mut view, views, &LOSS);
    plots.loss = view;
}

pub(super) fn accuracy(ui: &mut Ui, context: &mut LabContext<'_>, plots: &mut PlotSettings, views: &mut CurveViews) {
    let mut view = std::mem::take(&mut plots.accuracy);
    show(ui, context, plots, &mut view, views, &ACCURACY);
    plots.accuracy = view;
}

pub(super) fn loss_records(context: &LabContext<'_>) -> Option<Records> {
    records(context, &LOSS)
}

pub(super) fn accuracy_records(context: &LabContext<'_>) -> Option<Records> {
    records(context, &ACCURACY)
}

/// Every point of the runs that are shown, also where the plot shows a part.
fn records(context: &LabContext<'_>, figure: &Figure) -> Option<Records> {
    let names = vec![(String::new(), String::new()); context.session.runs.len()];
    curves::records(&context.session.store, &lines(context, figure, &names))
}

pub(super) fn quantity(ui: &mut Ui, _: &mut LabContext<'_>, _: &mut PlotSettings, _: &mut CurveViews) {
    empty(ui, icon::INFO, "To come.", None);
}

fn show(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    plots: &mut PlotSettings,
    view: &mut PlotView,
    views: &mut CurveViews,
    figure: &Figure,
) {
    if context.session.runs.is_empty() {
        let text = "Curves of every run appear here while it trains.";
        let train = Action::TrainOrPause.hint(ui.ctx());
        if empty(ui, icon::CHART_LINE, text, Some((&format!("{} Train", icon::PLAY), &train))) {
            context.actions.push(Action::TrainOrPause);
        }
        return;
    }
    toolbar(ui, plots, view, figure.title);
    let names: Vec<(String, String)> = context
        .session
        .runs
        .iter()
        .map(|run| (format!("{} train", run.name), format!("{} validation", run.name)))
        .collect();
    let lines = lines(context, figure, &names);
    let markers = markers(context, plots.x_axis);
    let mut plot = CurvePlot::new(figure.title, figure.title).x_axis(plots.x_axis).lines(&lines).markers(&markers);
    plot = if figure.is_share { plot.percent() } else { plot.unit("nats") };
    plot.show(ui, &context.session.store, view, &mut views.cursor);
}

fn toolbar(ui: &mut Ui, plots: &mut PlotSettings, view: &mut PlotView, title: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
        ui.spacing_mut().slider_width = (ui.available_width() - 232.0).clamp(24.0, 120.0);
        let slider = Slider::new(&mut plots.smoothing, 0.0..=0.999).fixed_decimals(3).show_value(true);
        let name = format!("{title} smoothing");
        ui.name_inputs(name.clone(), |ui| {
            ui.add(slider).accessible_name(name).on_hover_text(
                "Smoothing: weight of the past in the debiased exponential average (as Adam corrects its moments); 0 shows the raw values",
            );
        });
        ComboBox::from_id_salt((title, "x axis"))
            .width(44.0)
            .selected_text(plots.x_axis.name())
            .show_ui(ui, |ui| {
                for axis in XAxis::ALL {
                    ui.selectable_value(&mut plots.x_axis, axis, axis.name());
                }
            })
            .response
            .on_hover_text("What runs along the bottom: steps, passes over the training images, or seconds of training")
            .accessible_name(format!("{title} horizontal axis"));
        let (log_x, log_y) = (view.log_x, view.log_y);
        if log_toggle(ui, log_x, "log x", &format!("{title} logarithmic x")) {
            view.log_x = !log_x;
        }
        if log_toggle(ui, log_y, "log y", &format!("{title} logarithmic y")) {
            view.log_y = !log_y;
        }
        let fit = ui.add(Button::new("Fit").small()).on_hover_text("Show everything again (or double-click the plot)");
        if fit.accessible_name(format!("{title} fit")).clicked() {
            view.fit();
        }
    });
}

fn log_toggle(ui: &mut Ui, on: bool, text: &str, name: &str) -> bool {
    ui.add(Button::selectable(on, RichText::new(text).small()))
        .on_hover_text("A logarithmic axis: equal distances are equal factors")
        .accessible_name(name)
        .clicked()
}

fn lines<'a>(context: &'a LabContext<'_>, figure: &'a Figure, names: &'a [(String, String)]) -> Vec<Line<'a>> {
    let selected = match context.session.selection {
        crate::ui::app::Selection::Run(run) => Some(run),
        _ => None,
    };
    let line = |run: &RunRecord, series: &'a str, name: &'a str, dashed: bool| Line {
        run: run.id,
        series,
        name,
        colour: theme::run_colour(run.colour),
        dashed,
        highlighted: selected == Some(run.id),
    };
    let runs = context.session.runs.iter().zip(names).filter(|(run, _)| run.visible);
    runs.flat_map(|(run, (train, validation))| {
        [line(run, figure.train, train, false), line(run, figure.validation, validation, true)]
    })
    .collect()
}

/// Where settings of the current run were changed.
fn markers(context: &LabContext<'_>, axis: XAxis) -> Vec<Marker> {
    let Some(run) = context.session.current().filter(|run| run.visible) else { return Vec::new() };
    let place = |change: &crate::ui::app::Change| match axis {
        XAxis::Step => change.step as f64,
        XAxis::Epoch => change.epoch,
        XAxis::Seconds => change.seconds,
    };
    run.changes.iter().map(|change| Marker { x: place(change), label: change.describe() }).collect()
}
