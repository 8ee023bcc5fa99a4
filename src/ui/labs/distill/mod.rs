//! The Distill lab: what does a teacher know that labels do not say? (Hinton, Vinyals, Dean 2015, arXiv 1503.02531)
//!
//! One file a pane. [`Views`] holds what each remembers of itself, and [`Shared`] what they look at together.

mod bookkeeping;
mod choices;
mod class_rows;
mod curves;
mod dark_knowledge;
mod experiment;
mod gradients;
mod help;
mod images;
mod layouts;
mod members;
mod microscope;
mod omitted;
mod pair;
mod panes;
mod report;
mod similarity;
mod specialists;
mod subject;
mod sweep;
mod temperature;
mod temperature_plot;
mod temperature_slider;
mod thumbnails;
mod worked;

pub use layouts::Arrangement;
pub use panes::Pane;

use super::LabContext;
use super::frame::LabFrame;
use crate::experiments::HeldOut;
use crate::ui::widgets::empty::empty;
use egui::Ui;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const TEMPERATURE: f64 = 4.0;

pub type DistillLab = LabFrame<Pane>;

/// What the panes look at together: a choice made in one is followed by all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shared {
    /// Of the soft targets that are shown; that of training is a setting.
    pub temperature: f64,
    pub scale: Scale,
    /// Names of networks; the first of the experiment where there is none.
    #[serde(skip)]
    pub teacher: Option<String>,
    #[serde(skip)]
    pub student: Option<String>,
    #[serde(skip)]
    pub split: HeldOut,
    /// The image under the microscope, by position in the split.
    #[serde(skip)]
    pub image: Option<usize>,
    /// The bytes of a drawing, under the microscope in place of that image.
    #[serde(skip)]
    pub drawn: Option<Arc<[u8]>>,
    /// Of many classes: a row for each of them, not only for the likeliest.
    pub all_classes: bool,
}

/// How probabilities are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    #[default]
    Linear,
    Log,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            temperature: TEMPERATURE,
            scale: Scale::default(),
            teacher: None,
            student: None,
            // Known after each epoch; the test images are seen once, at the end.
            split: HeldOut::Validation,
            image: None,
            drawn: None,
            all_classes: false,
        }
    }
}

impl Shared {
    /// Puts an image of the split under the microscope.
    fn choose_image(&mut self, image: usize) {
        self.image = Some(image);
        self.drawn = None;
    }
}

/// What is kept between starts, beside the layout.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    shared: Shared,
}

/// What each pane remembers of itself.
#[derive(Default)]
pub struct Views {
    shared: Shared,
    /// The pretrained pair comes by itself once.
    has_opened: bool,
    experiment: experiment::ExperimentView,
    curves: curves::CurvesView,
    members: members::MembersView,
    microscope: microscope::MicroscopeView,
    images: images::ImagesView,
    temperature: temperature::TemperatureView,
    gradients: gradients::GradientsView,
    dark_knowledge: dark_knowledge::DarkKnowledgeView,
    similarity: similarity::SimilarityView,
    bookkeeping: bookkeeping::BookkeepingView,
    omitted: omitted::OmittedView,
    sweep: sweep::SweepView,
    specialists: specialists::SpecialistsView,
    report: report::ReportView,
}

impl DistillLab {
    /// Undoes or redoes a stroke if the drawing pad has the keys. Returns whether it has.
    pub fn undo_stroke(&mut self, redo: bool) -> bool {
        self.views.images.undo_stroke(&mut self.views.shared, redo)
    }
}

/// Says what will be seen here, and where to begin.
fn offer_experiment(ui: &mut Ui, context: &mut LabContext<'_>, icon: &str, text: &str) {
    let button = ("Choose an experiment", "Teacher, students and settings are chosen in the pane Experiment");
    if empty(ui, icon, text, Some(button)) {
        context.reveal(Pane::Experiment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_soft_targets_are_looked_at_survives_a_restart() {
        let mut lab = DistillLab::default();
        assert_eq!(lab.views.shared.temperature, 4.0);
        lab.views.shared.temperature = 20.0;
        lab.views.shared.scale = Scale::Log;
        lab.views.shared.image = Some(7);
        let text = serde_json::to_string(&lab.save()).unwrap();
        let restored = DistillLab::restore(serde_json::from_str(&text).unwrap());
        let expected = Shared { temperature: 20.0, scale: Scale::Log, ..Shared::default() };
        assert_eq!(restored.views.shared, expected, "the image is chosen anew");
    }
}
