//! Errors on a class of which the student never saw an image, before and after its bias is corrected.

mod controls;
mod curve;
mod figures;
mod shifts;

use super::pair::{Pair, student};
use super::worked::Worked;
use super::{Shared, choices};
use crate::engine::RunId;
use crate::experiments::DistillConfig;
use crate::experiments::HeldOut;
use crate::lens::{ClassShifts, ShiftErrors};
use crate::train::Evaluation;
use crate::ui::app::evaluation_of;
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::probabilities::class_name;
use curve::Curve;
use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use shifts::{Lacking, OnSplit, Prepared, Subject, class_errors};
use std::sync::Arc;

const NAME: &str = "Omitted classes";
const WITHOUT_3: &str = "without-3";
/// The curve stands beside the figures where there is so much room.
const LEAST_BESIDE: f32 = 90.0 * theme::UNIT;
/// Of the figures, beside the curve.
const FIGURES: f32 = 56.0 * theme::UNIT;
const LEAST_CURVE: f32 = 13.0 * theme::UNIT;
const LARGEST_CURVE: f32 = 60.0 * theme::UNIT;
/// What stands above and below the curve.
const REST: f32 = 28.0 * theme::UNIT;

#[derive(Default)]
pub(super) struct OmittedView {
    /// What the rest belongs to.
    of: Option<RunId>,
    /// The classes whose logits are shifted, where a person chose others than the paper would.
    chosen: Option<Vec<usize>>,
    /// `[classes]`; 0 for those that are not shifted.
    shifts: Vec<f64>,
    prepared: Worked<Subject, Prepared>,
    /// A shift a class, where that was asked for.
    best_of_each: Worked<Subject, Option<ClassShifts>>,
    errors: Worked<Shifted, Vec<usize>>,
}

/// An evaluation with a shift a class.
#[derive(Clone)]
struct Shifted {
    evaluation: Arc<Evaluation>,
    shifts: Vec<f64>,
}

impl PartialEq for Shifted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.evaluation, &other.evaluation) && self.shifts == other.shifts
    }
}

impl OmittedView {
    /// Another experiment begins anew.
    fn begin(&mut self, run: RunId, classes: usize) {
        if self.of != Some(run) || self.shifts.len() != classes {
            (self.of, self.chosen, self.shifts) = (Some(run), None, vec![0.0; classes]);
        }
    }

    /// The shift that all the classes share; their mean, where each has its own.
    fn common(&self, shifted: &[usize]) -> f64 {
        let sum: f64 = shifted.iter().map(|&class| self.shifts[class]).sum();
        sum / shifted.len().max(1) as f64
    }

    fn is_common(&self, shifted: &[usize]) -> bool {
        shifted.windows(2).all(|pair| self.shifts[pair[0]] == self.shifts[pair[1]])
    }

    fn set_common(&mut self, shifted: &[usize], shift: f64) {
        self.shifts.fill(0.0);
        for &class in shifted {
            self.shifts[class] = shift;
        }
    }

    /// Errors by class with the shifts as they are; while they are counted, those before.
    fn class_errors(&mut self, ui: &Ui, evaluation: &Arc<Evaluation>) -> Option<&Vec<usize>> {
        let key = Shifted { evaluation: Arc::clone(evaluation), shifts: self.shifts.clone() };
        let wanted = key.clone();
        let found = self.errors.of(ui.ctx(), &key, move || class_errors(&wanted.evaluation, &wanted.shifts));
        found.map(|(_, errors)| errors)
    }

    /// What the shifts do now.
    fn now(&mut self, ui: &Ui, found: &OnSplit, subject: &Subject, split: HeldOut) -> ShiftErrors {
        let common = self.common(&subject.shifted);
        let at_common = found.common.errors_at(common);
        if self.is_common(&subject.shifted) {
            return at_common;
        }
        let Some(evaluation) = subject.on(split) else { return at_common };
        let Some(errors) = self.class_errors(ui, evaluation) else { return at_common };
        let on_shifted = subject.shifted.iter().filter_map(|&class| errors.get(class)).sum();
        ShiftErrors { shift: common, errors: errors.iter().sum(), errors_on_shifted: on_shifted }
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut OmittedView, shared: &mut Shared) {
    let found = Pair::of(context, shared).zip(config(context).cloned());
    let Some((pair, config)) = found else {
        let text = "Here stand the errors on a class of which the student never saw an image, before and after its bias is \
                    corrected.";
        choices::nothing_yet(ui, context, shared, icon::SCISSORS, text);
        return;
    };
    view.begin(pair.run, pair.classes());
    let lacking = Lacking::of(&config);
    let shifted = view.chosen.clone().unwrap_or_else(|| within(&lacking.shifted(&config), pair.classes()));
    controls::toolbar(ui, context, view, shared, &pair, &lacking, &shifted);
    if shifted.is_empty() {
        nothing_lacks(ui, context);
        return;
    }
    let Some(subject) = subject(context, shared, shifted) else { return };
    let mut prepared = std::mem::take(&mut view.prepared);
    let wanted = subject.clone();
    if let Some((subject, found)) = prepared.of(ui.ctx(), &subject, move || wanted.prepare())
        && let Some(on_split) = found.on(shared.split)
        && subject.shifted.iter().all(|&class| class < view.shifts.len())
    {
        let body = Body { pair: &pair, lacking: &lacking, subject, prepared: found, found: on_split };
        body.show(ui, view, shared.split);
    }
    view.prepared = prepared;
}

/// Of the experiment in hand.
fn config<'a>(context: &'a LabContext<'_>) -> Option<&'a DistillConfig> {
    context.session.experiment()?.config.distillation()
}

fn within(shifted: &[usize], classes: usize) -> Vec<usize> {
    shifted.iter().copied().filter(|&class| class < classes).collect()
}

fn subject(context: &LabContext<'_>, shared: &Shared, shifted: Vec<usize>) -> Option<Subject> {
    let member = student(context.session.experiment()?, shared)?;
    let on = |split| evaluation_of(member, split).filter(|evaluation| !evaluation.logits.is_empty()).cloned();
    Some(Subject { validation: on(HeldOut::Validation), test: on(HeldOut::Test), shifted })
}

fn nothing_lacks(ui: &mut Ui, context: &mut LabContext<'_>) {
    let text = "This student saw images of every class. Choose above which classes to shift all the same, or let students \
                learn without a single 3, as in the paper.";
    let tooltip = "Starts the preset without-3: the teacher that comes with Glassbox, and students that learn for some minutes. The \
                   experiment in hand ends.";
    if empty(ui, icon::SCISSORS, text, Some(("Learn without 3s", tooltip))) {
        choices::start_preset(ui, context, WITHOUT_3);
    }
}

/// Everything below the toolbar.
struct Body<'a> {
    pair: &'a Pair,
    lacking: &'a Lacking,
    subject: &'a Subject,
    prepared: &'a Prepared,
    found: &'a OnSplit,
}

impl Body<'_> {
    fn show(&self, ui: &mut Ui, view: &mut OmittedView, split: HeldOut) {
        let room = ui.available_rect_before_wrap();
        if room.width() < LEAST_BESIDE {
            let height = (room.height() - REST).clamp(LEAST_CURVE, LARGEST_CURVE);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                self.slider(ui, view);
                self.curve(ui, view, split, height);
                self.figures(ui, view, split);
            });
            return;
        }
        let left = Rect::from_min_max(room.min, pos2(room.left() + FIGURES, room.bottom()));
        let right = Rect::from_min_max(pos2(left.right() + 2.0 * theme::UNIT, room.top()), room.max);
        let mut beside = ui.new_child(UiBuilder::new().max_rect(left).id_salt("figures"));
        ScrollArea::vertical().auto_shrink(false).show(&mut beside, |ui| {
            self.slider(ui, view);
            self.figures(ui, view, split);
        });
        let mut beside = ui.new_child(UiBuilder::new().max_rect(right).id_salt("curve"));
        self.curve(&mut beside, view, split, room.height().min(LARGEST_CURVE));
        ui.advance_cursor_after_rect(room);
    }

    fn slider(&self, ui: &mut Ui, view: &mut OmittedView) {
        let best = self.prepared.validation.as_ref().map(|validation| validation.steady.shift);
        let common = view.common(&self.subject.shifted);
        if let Some(shift) = controls::common(ui, common, self.prepared.range, best) {
            view.set_common(&self.subject.shifted, shift);
        }
    }

    fn curve(&self, ui: &mut Ui, view: &mut OmittedView, split: HeldOut, height: f32) {
        let now = view.now(ui, self.found, self.subject, split);
        let curve = Curve {
            found: self.found,
            range: self.prepared.range,
            now: (now.shift, now.errors),
            by_validation: self.prepared.validation.as_ref().map(|found| found.steady.shift),
            by_test: self.prepared.test.as_ref().map(|found| found.best.shift),
            of_shifted: format!("errors on {}", controls::list(&self.pair.class_names, &self.subject.shifted)),
        };
        if let Some(shift) = curve.show(ui, vec2(ui.available_width(), height)) {
            view.set_common(&self.subject.shifted, controls::rounded(shift));
        }
    }

    fn figures(&self, ui: &mut Ui, view: &mut OmittedView, split: HeldOut) {
        let now = view.now(ui, self.found, self.subject, split);
        let shift = if view.is_common(&self.subject.shifted) { figures::signed(now.shift) } else { "own".to_owned() };
        let mut rows = figures::ours(self.prepared, split, now, shift);
        rows.extend(figures::papers(self.lacking));
        ui.scope(|ui| figures::show(ui, &rows));
        controls::each_class(ui, view, self.pair, self.subject, self.prepared.range, split);
    }
}

/// The curves on the split that is shown, a shift a row; the best shifts first.
pub(super) fn records(context: &LabContext<'_>, view: &OmittedView, shared: &Shared) -> Option<Records> {
    let pair = Pair::of(context, shared)?;
    let (subject, prepared) = view.prepared.get()?;
    let found = prepared.on(shared.split)?;
    let mut records = Records::new([
        "student",
        "split",
        "classes",
        "shift",
        "errors",
        "images",
        "errors_on_shifted",
        "images_of_shifted",
        "chosen",
    ]);
    let classes: Vec<String> = subject.shifted.iter().map(|&class| class_name(&pair.class_names, class)).collect();
    let mut push = |at: &ShiftErrors, chosen: &str| {
        records.push([
            pair.student_name.clone(),
            shared.split.name().to_owned(),
            classes.join(" "),
            at.shift.to_string(),
            at.errors.to_string(),
            found.images.to_string(),
            at.errors_on_shifted.to_string(),
            found.images_of_shifted.to_string(),
            chosen.to_owned(),
        ]);
    };
    push(&found.uncorrected, "no shift");
    if let Some(validation) = &prepared.validation {
        push(&found.common.errors_at(validation.steady.shift), "by validation");
        push(&found.common.errors_at(validation.best.shift), "best on validation");
    }
    if let Some(test) = &prepared.test {
        push(&found.common.errors_at(test.best.shift), "best on test");
    }
    found.curve.iter().for_each(|at| push(at, ""));
    Some(records)
}
