//! What is measured once all students have learned: the ensemble, corrected biases, and the limit of high temperatures.

use super::results::{AngleAt, CorrectedErrors, Correction, DistillResults, EnsembleResult, MemberResult, Shifted};
use super::teacher::combine_all;
use super::{Arm, Distillation, Stage};
use crate::data::Split;
use crate::experiments::member::Member;
use crate::experiments::protocol::{MemberState, Protocol};
use crate::lens::CommonShift;
use crate::train::{Evaluation, matching_angle};
use std::sync::Arc;

/// Temperatures at which distillation is compared with logit matching.
const ANGLE_TEMPERATURES: [f64; 9] = [0.5, 1.0, 2.0, 4.0, 8.0, 20.0, 50.0, 200.0, 1000.0];

impl Distillation {
    pub(super) fn measure(&mut self) {
        let done = self.teachers.iter().chain(&self.students).filter_map(|member| member.result.clone());
        let members: Vec<MemberResult> = done.collect();
        self.results = Some(DistillResults {
            settings: self.config.clone(),
            members,
            ensemble: self.ensemble(),
            corrections: self.students.iter().filter_map(|student| self.correct(student)).collect(),
            angles: self.angles(),
        });
        self.stage = Stage::Over;
    }

    fn ensemble(&self) -> Option<EnsembleResult> {
        if self.teachers.len() < 2 {
            return None;
        }
        let errors = |of: fn(&MemberState) -> Option<&Arc<Evaluation>>, split: Option<&Split>| {
            let split = split?;
            let all: Option<Vec<Vec<f32>>> =
                self.teachers.iter().map(|teacher| Some(of(&teacher.state)?.logits.to_vec())).collect();
            let logits = combine_all(&all?, split.len(), self.config.teacher.mean, 1.0);
            let classes = self.source.train.classes();
            let labels: Vec<usize> = (0..split.len()).map(|index| split.label(index)).collect();
            Some(CommonShift::new(&logits, &labels, classes, &[]).errors_at(0.0).errors)
        };
        let (validation, test) = self.held_out();
        Some(EnsembleResult {
            validation_errors: errors(|state| state.validation.as_ref(), validation.as_ref()),
            test_errors: errors(|state| state.test.as_ref(), Some(&test))?,
        })
    }

    /// The learned-bias correction of one student.
    fn correct(&self, student: &Member) -> Option<Correction> {
        let classes = &self.config.corrected_classes;
        let (validation, test) = (student.state.validation.as_ref()?, student.state.test.as_ref()?);
        if classes.is_empty() {
            return None;
        }
        let shift_of = |evaluation: &Evaluation| {
            let labels: Vec<usize> = evaluation.outcomes.iter().map(|outcome| usize::from(outcome.label)).collect();
            CommonShift::new(&evaluation.logits, &labels, evaluation.confusion.len(), classes)
        };
        let class_images =
            classes.iter().filter_map(|&class| test.classes.get(class)).map(|class| class.examples as usize).sum();
        let (on_validation, on_test) = (shift_of(validation), shift_of(test));
        let judged = |shift: f64| {
            let found = on_test.errors_at(shift);
            CorrectedErrors { errors: found.errors, class_errors: found.errors_on_shifted, class_images }
        };
        let shifted = |shift: f64| Shifted { shift, errors: judged(shift) };
        Some(Correction {
            member: student.state.name.clone(),
            classes: classes.clone(),
            uncorrected: judged(0.0),
            tuned_on_validation: shifted(on_validation.best().shift),
            steady_on_validation: shifted(on_validation.steady().shift),
            tuned_on_test: shifted(on_test.best().shift),
        })
    }

    fn angles(&self) -> Vec<AngleAt> {
        let distilled = self.specs.iter().position(|spec| spec.arm == Arm::Distilled);
        let of = |member: &Member| member.state.validation.clone().or_else(|| member.state.test.clone());
        let (Some(student), Some(teacher)) =
            (distilled.and_then(|index| of(&self.students[index])), self.teachers.first().and_then(of))
        else {
            return Vec::new();
        };
        let classes = student.confusion.len();
        let at = |temperature: f64| {
            let degrees = matching_angle(&student.logits, &teacher.logits, classes, temperature)?;
            Some(AngleAt { temperature, degrees })
        };
        ANGLE_TEMPERATURES.into_iter().filter_map(at).collect()
    }
}
