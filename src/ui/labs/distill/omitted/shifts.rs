//! What is worked out of a student: the errors at any shift of some classes, and the best shifts.

use crate::data::ClassFilter;
use crate::experiments::{DistillConfig, HeldOut};
use crate::lens::{ClassShifts, CommonShift, ShiftErrors, best_class_shifts, errors_with_shifts};
use crate::train::Evaluation;
use std::sync::Arc;

/// The curve shows at least so far to either side, in logits.
const LEAST_REACH: f64 = 8.0;
/// Beyond the best shifts.
const BEYOND: f64 = 2.5;
const POINTS: usize = 241;

/// A student on the images that are held out, and the classes whose logits are shifted.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) validation: Option<Arc<Evaluation>>,
    pub(super) test: Option<Arc<Evaluation>>,
    /// Ascending.
    pub(super) shifted: Vec<usize>,
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Option<Arc<Evaluation>>, b: &Option<Arc<Evaluation>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same(&self.validation, &other.validation) && same(&self.test, &other.test) && self.shifted == other.shifted
    }
}

/// One split of a [`Subject`].
pub(super) struct OnSplit {
    pub(super) common: CommonShift,
    pub(super) uncorrected: ShiftErrors,
    pub(super) best: ShiftErrors,
    pub(super) steady: ShiftErrors,
    pub(super) curve: Vec<ShiftErrors>,
    pub(super) images: usize,
    pub(super) images_of_shifted: usize,
}

pub(super) struct Prepared {
    pub(super) validation: Option<OnSplit>,
    pub(super) test: Option<OnSplit>,
    /// Of the shifts that are shown.
    pub(super) range: (f64, f64),
}

impl Subject {
    pub(super) fn on(&self, split: HeldOut) -> Option<&Arc<Evaluation>> {
        match split {
            HeldOut::Validation => self.validation.as_ref(),
            HeldOut::Test => self.test.as_ref(),
        }
    }

    pub(super) fn prepare(&self) -> Prepared {
        let split = |evaluation: &Option<Arc<Evaluation>>| {
            evaluation.as_ref().map(|evaluation| OnSplit::of(evaluation, &self.shifted))
        };
        let (mut validation, mut test) = (split(&self.validation), split(&self.test));
        let mut range = (-LEAST_REACH, LEAST_REACH);
        for found in validation.iter().chain(&test) {
            range = (range.0.min(found.best.shift - BEYOND), range.1.max(found.best.shift + BEYOND));
        }
        let shifts: Vec<f64> =
            (0..POINTS).map(|i| range.0 + (range.1 - range.0) * i as f64 / (POINTS - 1) as f64).collect();
        for found in validation.iter_mut().chain(&mut test) {
            found.curve = found.common.curve(&shifts);
        }
        Prepared { validation, test, range }
    }

    /// A shift for each class on its own, with few errors on the validation images.
    pub(super) fn best_of_each(&self) -> Option<ClassShifts> {
        let evaluation = self.validation.as_ref()?;
        Some(best_class_shifts(&evaluation.logits, &labels(evaluation), evaluation.confusion.len(), &self.shifted))
    }
}

impl OnSplit {
    fn of(evaluation: &Evaluation, shifted: &[usize]) -> Self {
        let common = CommonShift::new(&evaluation.logits, &labels(evaluation), evaluation.confusion.len(), shifted);
        let of_shifted = shifted.iter().filter_map(|&class| evaluation.classes.get(class));
        Self {
            uncorrected: common.errors_at(0.0),
            best: common.best(),
            steady: common.steady(),
            curve: Vec::new(),
            images: evaluation.examples,
            images_of_shifted: of_shifted.map(|class| class.examples as usize).sum(),
            common,
        }
    }
}

impl Prepared {
    pub(super) fn on(&self, split: HeldOut) -> Option<&OnSplit> {
        match split {
            HeldOut::Validation => self.validation.as_ref(),
            HeldOut::Test => self.test.as_ref(),
        }
    }
}

/// Errors by true class.
pub(super) fn class_errors(evaluation: &Evaluation, shifts: &[f64]) -> Vec<usize> {
    errors_with_shifts(&evaluation.logits, &labels(evaluation), evaluation.confusion.len(), shifts)
}

fn labels(evaluation: &Evaluation) -> Vec<usize> {
    evaluation.outcomes.iter().map(|outcome| usize::from(outcome.label)).collect()
}

/// What the students of an experiment did not see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    Nothing,
    /// All classes but these were seen.
    Except(Vec<usize>),
    /// These alone were seen.
    Only(Vec<usize>),
}

impl Lacking {
    pub(super) fn of(config: &DistillConfig) -> Self {
        match &config.student.data.classes {
            ClassFilter::All => Self::Nothing,
            ClassFilter::Except(classes) => Self::Except(classes.clone()),
            ClassFilter::Only(classes) => Self::Only(classes.clone()),
        }
    }

    /// The classes whose logits are shifted until a person chooses others: those that the paper shifts.
    pub(super) fn shifted(&self, config: &DistillConfig) -> Vec<usize> {
        let own = &config.corrected_classes;
        let mut classes = match self {
            _ if !own.is_empty() => own.clone(),
            Self::Nothing => Vec::new(),
            Self::Except(classes) | Self::Only(classes) => classes.clone(),
        };
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_shifts_what_was_left_out_or_what_alone_was_there() {
        let mut config = DistillConfig::default();
        assert_eq!((Lacking::of(&config), Lacking::Nothing.shifted(&config)), (Lacking::Nothing, vec![]));
        config.student.data.classes = ClassFilter::Except(vec![5, 3]);
        assert_eq!(Lacking::of(&config).shifted(&config), [3, 5]);
        config.student.data.classes = ClassFilter::Only(vec![7, 8]);
        assert_eq!(Lacking::of(&config).shifted(&config), [7, 8]);
        config.corrected_classes = vec![7];
        assert_eq!(Lacking::of(&config).shifted(&config), [7], "what the settings say goes first");
    }
}
