//! Teacher and students over the epochs, and how much of the distance between them is closed.

use super::members::{colours, gap};
use super::{Shared, offer_experiment};
use crate::experiments::{MemberState, Role};
use crate::ui::app::ExperimentRecord;
use crate::ui::curves::{self, CurvePlot, Line, PlotView, XAxis};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use egui::{Button, Color32, ComboBox, RichText, Ui};

#[derive(Default)]
pub(super) struct CurvesView {
    figure: Figure,
    plot: PlotView,
}

/// What is drawn of every network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Figure {
    #[default]
    Errors,
    Accuracy,
    ValidationLoss,
    TrainLoss,
    SoftTerm,
    HardTerm,
}

impl Figure {
    const ALL: [Self; 6] =
        [Self::Errors, Self::Accuracy, Self::ValidationLoss, Self::TrainLoss, Self::SoftTerm, Self::HardTerm];

    fn title(self) -> &'static str {
        match self {
            Self::Errors => "Error count",
            Self::Accuracy => "Accuracy",
            Self::ValidationLoss => "Cross-entropy",
            Self::TrainLoss => "Training loss",
            Self::SoftTerm => "Soft term",
            Self::HardTerm => "Hard term",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Errors => "validation images",
            Self::Accuracy => "%",
            Self::ValidationLoss => "nats, validation images",
            Self::TrainLoss => "as each network has it",
            Self::SoftTerm => "alpha T\u{b2} CE(teacher, student at T)",
            Self::HardTerm => "(1 \u{2212} alpha) CE(labels, student)",
        }
    }

    /// Of a network as it stands: drawn where it had learned before, and so has no curve.
    fn level(self, member: &MemberState) -> Option<f64> {
        let evaluation = member.validation.as_ref()?;
        match self {
            Self::Errors => Some(evaluation.errors as f64),
            Self::Accuracy => Some(evaluation.accuracy),
            Self::ValidationLoss => Some(evaluation.loss),
            Self::TrainLoss | Self::SoftTerm | Self::HardTerm => None,
        }
    }

    fn series(self) -> &'static str {
        match self {
            Self::Errors => "validation/errors",
            Self::Accuracy => "validation/accuracy",
            Self::ValidationLoss => "validation/loss",
            Self::TrainLoss => "train/loss",
            Self::SoftTerm => "train/soft_loss",
            Self::HardTerm => "train/hard_loss",
        }
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut CurvesView, _: &mut Shared) {
    let Some(experiment) = context.session.experiment().filter(|experiment| !experiment.members().is_empty()) else {
        let text = "Errors of the teacher and its students appear here, epoch by epoch, while they learn.";
        offer_experiment(ui, context, icon::CHART_LINE, text);
        return;
    };
    ui.horizontal(|ui| {
        choose_figure(ui, view);
        toggles(ui, &mut view.plot);
        if let Some(text) = gap(experiment) {
            ui.add(egui::Label::new(RichText::new(text).small().weak()).truncate());
        }
    });
    let series = series(experiment, view.figure);
    let colours = colours(experiment, ui.visuals().dark_mode);
    let lines = lines(experiment, view.figure, &series, &colours);
    let empty =
        "The first point comes at the end of the first epoch. Networks that had learned before are level lines then.";
    let plot = CurvePlot::new("Distillation", view.figure.title()).x_axis(XAxis::Epoch).lines(&lines).empty_text(empty);
    let plot = if view.figure == Figure::Accuracy { plot.percent() } else { plot.unit(view.figure.unit()) };
    plot.show(ui, &context.session.store, &mut view.plot, &mut None);
}

/// The points of every line.
pub(super) fn records(context: &LabContext<'_>, view: &CurvesView, _: &Shared) -> Option<Records> {
    let experiment = context.session.experiment()?;
    let series = series(experiment, view.figure);
    let colours = colours(experiment, true);
    curves::records(&context.session.store, &lines(experiment, view.figure, &series, &colours))
}

fn choose_figure(ui: &mut Ui, view: &mut CurvesView) {
    let shown = RichText::new(view.figure.title()).small();
    let combo = ComboBox::from_id_salt("distillation figure").width(104.0).truncate().selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        for figure in Figure::ALL {
            if ui.selectable_value(&mut view.figure, figure, figure.title()).changed() {
                view.plot.fit();
            }
        }
    });
    response.response.on_hover_text("Which figure is drawn of every network").accessible_name("Figure shown");
}

fn toggles(ui: &mut Ui, plot: &mut PlotView) {
    ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
    let log = ui.add(Button::selectable(plot.log_y, RichText::new("log y").small()));
    let log = log.on_hover_text("A logarithmic axis: equal distances are equal factors");
    if log.accessible_name("Distillation logarithmic y").clicked() {
        plot.log_y = !plot.log_y;
    }
    let fit = ui.add(Button::new("Fit").small()).on_hover_text("Show everything again (or double-click the plot)");
    if fit.accessible_name("Distillation fit").clicked() {
        plot.fit();
    }
}

fn series(experiment: &ExperimentRecord, figure: Figure) -> Vec<String> {
    experiment.members().iter().map(|member| format!("{}/{}", member.name, figure.series())).collect()
}

fn lines<'a>(
    experiment: &'a ExperimentRecord,
    figure: Figure,
    series: &'a [String],
    colours: &[Color32],
) -> Vec<Line<'a>> {
    let members = experiment.members().iter().zip(series).zip(colours);
    members
        .map(|((member, series), &colour)| Line {
            run: experiment.id,
            series,
            of: &member.name,
            name: &member.name,
            colour,
            dashed: member.role == Role::Teacher,
            highlighted: false,
            level: figure.level(member),
        })
        .collect()
}
