//! The panes of the lab.

use super::layouts::Arrangement;
use super::{
    Kept, Views, bookkeeping, curves, dark_knowledge, experiment, gradients, help, images, members, microscope,
    omitted, report, similarity, specialists, subject, sweep, temperature,
};
use crate::ui::app::HelpText;
use crate::ui::export::Records;
use crate::ui::labs::frame::LabPane;
use crate::ui::labs::{Lab, LabContext};
use egui::Ui;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    Experiment,
    Curves,
    Members,
    Microscope,
    Images,
    Temperature,
    Gradient,
    DarkKnowledge,
    Similarity,
    Bookkeeping,
    Omitted,
    Sweep,
    Specialists,
    Report,
}

impl LabPane for Pane {
    type Views = Views;
    type Kept = Kept;
    type Arrangement = Arrangement;

    const LAB: Lab = Lab::Distill;
    const ALL: &'static [Self] = &[
        Self::Experiment,
        Self::Curves,
        Self::Members,
        Self::Microscope,
        Self::Images,
        Self::Temperature,
        Self::Gradient,
        Self::DarkKnowledge,
        Self::Similarity,
        Self::Bookkeeping,
        Self::Omitted,
        Self::Sweep,
        Self::Specialists,
        Self::Report,
    ];
    const SETTINGS: Self = Self::Experiment;
    const FIRST: Self = Self::Microscope;
    const OPENING: &'static str =
        "What does a teacher know that labels do not say? Raise the temperature and watch the small probabilities.";

    fn title(self) -> &'static str {
        match self {
            Self::Experiment => "Experiment",
            Self::Curves => "Curves",
            Self::Members => "Networks",
            Self::Microscope => "Microscope",
            Self::Images => "Images",
            Self::Temperature => "Temperature",
            Self::Gradient => "Gradient",
            Self::DarkKnowledge => "Dark knowledge",
            Self::Similarity => "Similar classes",
            Self::Bookkeeping => "Bookkeeping",
            Self::Omitted => "Omitted classes",
            Self::Sweep => "Sweep",
            Self::Specialists => "Specialists",
            Self::Report => "Report",
        }
    }

    fn subtitle(self, _: &LabContext<'_>) -> String {
        let text = match self {
            Self::Experiment => "what is distilled, and how",
            Self::Curves => "teacher and students by epoch",
            Self::Members => "teacher and students",
            Self::Microscope => "teacher against student on one image",
            Self::Images => "choose one for the microscope",
            Self::Temperature => "entropy against T",
            Self::Gradient => "what each class receives",
            Self::DarkKnowledge => "mean soft targets by true class",
            Self::Similarity => "which the teacher finds alike",
            Self::Bookkeeping => "who is right about what",
            Self::Omitted => "a class that the student never saw",
            Self::Sweep => "errors by temperature and size",
            Self::Specialists => "experts for confusable classes",
            Self::Report => "our figures beside the paper's",
        };
        text.to_owned()
    }

    fn help(self) -> HelpText {
        help::of(self)
    }

    fn show(self, ui: &mut Ui, context: &mut LabContext<'_>, views: &mut Views) {
        let shared = &mut views.shared;
        match self {
            Self::Experiment => experiment::show(ui, context, &mut views.experiment, shared),
            Self::Curves => curves::show(ui, context, &mut views.curves, shared),
            Self::Members => members::show(ui, context, &mut views.members, shared),
            Self::Microscope => microscope::show(ui, context, &mut views.microscope, shared),
            Self::Images => images::show(ui, context, &mut views.images, shared),
            Self::Temperature => temperature::show(ui, context, &mut views.temperature, shared),
            Self::Gradient => gradients::show(ui, context, &mut views.gradients, shared),
            Self::DarkKnowledge => dark_knowledge::show(ui, context, &mut views.dark_knowledge, shared),
            Self::Similarity => similarity::show(ui, context, &mut views.similarity, shared),
            Self::Bookkeeping => bookkeeping::show(ui, context, &mut views.bookkeeping, shared),
            Self::Omitted => omitted::show(ui, context, &mut views.omitted, shared),
            Self::Sweep => sweep::show(ui, context, &mut views.sweep, shared),
            Self::Specialists => specialists::show(ui, context, &mut views.specialists, shared),
            Self::Report => report::show(ui, context, &mut views.report, shared),
        }
    }

    fn records(self, context: &LabContext<'_>, views: &mut Views) -> Option<Records> {
        let shared = &views.shared;
        match self {
            Self::Experiment => Some(experiment::records(context)),
            Self::Curves => curves::records(context, &views.curves, shared),
            Self::Members => members::records(context),
            Self::Microscope => microscope::records(context, &views.microscope, shared),
            Self::Images => images::records(context, &views.images, shared),
            Self::Temperature => temperature::records(context, &views.temperature, shared),
            Self::Gradient => gradients::records(context, &views.gradients, shared),
            Self::DarkKnowledge => dark_knowledge::records(context, &views.dark_knowledge, shared),
            Self::Similarity => similarity::records(context, &views.similarity, shared),
            Self::Bookkeeping => bookkeeping::records(context, &views.bookkeeping, shared),
            Self::Omitted => omitted::records(context, &views.omitted, shared),
            Self::Sweep => sweep::records(context),
            Self::Specialists => specialists::records(context, &views.specialists, shared),
            Self::Report => report::records(context),
        }
    }

    fn begin_frame(_: &egui::Context, context: &mut LabContext<'_>, views: &mut Views) {
        subject::settle(context, &mut views.shared, &mut views.has_opened);
        views.images.begin_frame(context, &views.shared);
    }

    fn keep(views: &Views) -> Kept {
        Kept { shared: views.shared.clone() }
    }

    fn restore(kept: Kept) -> Views {
        Views { shared: kept.shared, ..Views::default() }
    }
}
