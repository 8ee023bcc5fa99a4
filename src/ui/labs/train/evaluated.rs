//! What the panes on right and wrong answers share: which evaluation they look at, and which of its images.

use super::{LabContext, Pane};
use crate::engine::ImageSource;
use crate::experiments::HeldOut;
use crate::train::{CALIBRATION_BINS, Evaluation, Outcome};
use crate::ui::app::{Action, RunRecord};
use crate::ui::theme::icon;
use crate::ui::widgets::{empty::empty, format, probabilities::class_name};
use egui::{Button, RichText, Ui};
use std::sync::Arc;

/// Shared by the panes Results, Calibration and Mistakes.
#[derive(Default)]
pub(super) struct EvaluatedView {
    /// The images that were asked for; the test images once they were looked at unless a person says otherwise.
    split: Option<HeldOut>,
    pub(super) filter: Filter,
}

/// Which images of an evaluation are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    #[default]
    Mistakes,
    /// A cell of the confusion matrix; the right answers too, on its diagonal.
    Cell { truth: usize, predicted: usize },
    /// Mistakes among the images of a class.
    Of(usize),
    /// Mistakes that were taken for a class.
    For(usize),
    /// A bin of the calibration diagram, right and wrong.
    Bin(usize),
}

impl Filter {
    pub(super) fn keeps(self, outcome: Outcome) -> bool {
        let (truth, predicted) = (usize::from(outcome.label), usize::from(outcome.predicted));
        match self {
            Self::Mistakes => !outcome.is_right(),
            Self::Cell { truth: row, predicted: column } => (truth, predicted) == (row, column),
            Self::Of(class) => truth == class && !outcome.is_right(),
            Self::For(class) => predicted == class && !outcome.is_right(),
            Self::Bin(bin) => outcome.bin() == bin,
        }
    }

    /// As a chip that can be taken away; none for all mistakes.
    pub(super) fn describe(self, names: &[String]) -> Option<String> {
        let name = |class| class_name(names, class);
        match self {
            Self::Mistakes => None,
            Self::Cell { truth, predicted } if truth == predicted => Some(format!("{} recognised", name(truth))),
            Self::Cell { truth, predicted } => Some(format!("{} taken for {}", name(truth), name(predicted))),
            Self::Of(class) => Some(format!("{} not recognised", name(class))),
            Self::For(class) => Some(format!("wrongly taken for {}", name(class))),
            Self::Bin(bin) => {
                let edge = |bin: usize| format::percent(bin as f64 / CALIBRATION_BINS as f64);
                Some(format!("confidence {} to {}", edge(bin), edge(bin + 1)))
            }
        }
    }
}

/// One evaluation of the current run.
pub(super) struct Evaluated<'a> {
    pub(super) run: &'a RunRecord,
    pub(super) evaluation: Arc<Evaluation>,
    pub(super) split: HeldOut,
}

/// An image of a split, by its position.
pub(super) fn source(split: HeldOut, position: usize) -> ImageSource {
    match split {
        HeldOut::Validation => ImageSource::Validation(position),
        HeldOut::Test => ImageSource::Test(position),
    }
}

impl EvaluatedView {
    /// The evaluation that is looked at: the one asked for if it is there, else the other.
    pub(super) fn find<'a>(&self, context: &'a LabContext<'_>) -> Option<Evaluated<'a>> {
        let run = context.session.current()?;
        let of = |split| {
            let evaluation = match split {
                HeldOut::Validation => run.validation.as_ref()?,
                HeldOut::Test => run.test.as_ref()?,
            };
            Some(Evaluated { run, evaluation: Arc::clone(evaluation), split })
        };
        of(self.split.unwrap_or(HeldOut::Test)).or_else(|| of(HeldOut::Test)).or_else(|| of(HeldOut::Validation))
    }

    /// Shows the images of a cell, class or bin.
    pub(super) fn open(&mut self, context: &mut LabContext<'_>, filter: Filter) {
        self.filter = filter;
        context.reveal(Pane::Mistakes);
    }

    /// Which images were looked at, where there is a choice, and a button to look again now.
    pub(super) fn choose(&mut self, ui: &mut Ui, context: &mut LabContext<'_>, pane: &str) {
        let Some(run) = context.session.current() else { return };
        let has = [run.validation.is_some(), run.test.is_some()];
        let shown = self.find(context).map(|found| found.split);
        if has == [true, true] {
            for split in HeldOut::ALL {
                let text = RichText::new(split.name()).small();
                let button = ui.add(Button::selectable(shown == Some(split), text));
                let button = button.on_hover_text(match split {
                    HeldOut::Validation => "Images held out of the training set; every choice is made on these",
                    HeldOut::Test => "The test images are looked at once, after the last epoch",
                });
                if button.accessible_name(format!("{pane} on {} images", split.name())).clicked() {
                    self.split = Some(split);
                }
            }
        }
        evaluate_now(ui, context, pane);
    }
}

/// What an empty pane says, and how to fill it.
pub(super) fn nothing_yet(ui: &mut Ui, context: &mut LabContext<'_>, what: &str, pane: &str) {
    if context.session.current().is_some_and(|run| run.started.is_some()) {
        ui.horizontal(|ui| evaluate_now(ui, context, pane));
    }
    let text = format!("{what} after the first epoch, on validation images; after the last, on test images.");
    let train = Action::StepEpoch.hint(ui.ctx());
    if empty(ui, icon::FLAG, &text, Some(("Train one epoch", &train))) {
        context.actions.push(Action::StepEpoch);
    }
}

fn evaluate_now(ui: &mut Ui, context: &mut LabContext<'_>, pane: &str) {
    let snapshot = &context.session.snapshot;
    if snapshot.evaluating {
        let share = format::short_percent(snapshot.evaluated_share);
        ui.label(RichText::new(format!("evaluating, {share}")).small().weak());
        return;
    }
    let is_known = context.session.current().is_some_and(|run| run.started.is_some());
    let button = ui.add_enabled(is_known, Button::new(RichText::new("Evaluate now").small()));
    let tooltip = "Look at the validation images at this step, also in the middle of an epoch or while paused; \
                   the run goes on as it would have";
    if button.on_hover_text(tooltip).accessible_name(format!("Evaluate now, {}", pane.to_lowercase())).clicked() {
        context.session.evaluate();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_keep_what_they_say() {
        let outcome = |label, predicted, confidence| Outcome { label, predicted, confidence, truth: 0.1 };
        let (wrong, right) = (outcome(4, 9, 0.71), outcome(9, 9, 0.95));
        let kept = |filter: Filter| (filter.keeps(wrong), filter.keeps(right));
        assert_eq!(kept(Filter::Mistakes), (true, false));
        assert_eq!(kept(Filter::Cell { truth: 4, predicted: 9 }), (true, false));
        assert_eq!(kept(Filter::Cell { truth: 9, predicted: 9 }), (false, true));
        assert_eq!(kept(Filter::Of(4)), (true, false));
        assert_eq!(kept(Filter::For(9)), (true, false));
        // The eleventh of fifteen bins: above 10/15, up to 11/15.
        assert_eq!(kept(Filter::Bin(10)), (true, false));
        assert_eq!(kept(Filter::Bin(14)), (false, true));
        assert_eq!(Filter::Cell { truth: 4, predicted: 9 }.describe(&[]).unwrap(), "4 taken for 9");
    }
}
