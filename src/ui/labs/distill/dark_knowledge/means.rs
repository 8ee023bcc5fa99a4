//! What is worked out of a pair: the mean soft targets of each class, and the images behind one of them.

use crate::lens::{MeanSoftTargets, mean_soft_targets};
use crate::nets::softmax_at;
use crate::ui::labs::distill::pair::Pair;
use crate::ui::labs::distill::thumbnails::Thumbnail;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use std::sync::Arc;

use super::scale::percent;

/// Whose soft targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ui::labs::distill) enum Whose {
    #[default]
    Teacher,
    Student,
    /// Student minus teacher.
    Difference,
}

/// What everything else follows from.
#[derive(Clone)]
pub(in crate::ui::labs::distill) struct Looked {
    pub(in crate::ui::labs::distill) pair: Pair,
    pub(in crate::ui::labs::distill) temperature: f64,
    pub(in crate::ui::labs::distill) whose: Whose,
}

impl PartialEq for Looked {
    fn eq(&self, other: &Self) -> bool {
        (self.temperature, self.whose) == (other.temperature, other.whose) && self.pair.is_same(&other.pair)
    }
}

/// The mean soft targets of a pair.
pub(super) struct Means {
    /// `[true class, class]`: not a number where there is no image of the class.
    pub(super) values: Arc<[f64]>,
    pub(super) counts: Vec<usize>,
    /// The largest beside the diagonal; of differences, the one that is largest either way.
    pub(super) strongest: (usize, usize),
}

impl Looked {
    /// Of the teacher or of the student. A difference has none of its own: those of the teacher.
    pub(in crate::ui::labs::distill) fn targets(&self) -> MeanSoftTargets {
        self.targets_of(self.whose)
    }

    fn targets_of(&self, whose: Whose) -> MeanSoftTargets {
        let logits = if whose == Whose::Student { &self.pair.student.logits } else { &self.pair.teacher.logits };
        mean_soft_targets(logits, &self.pair.labels(), self.pair.classes(), self.temperature)
    }

    pub(super) fn means(&self) -> Means {
        let targets = self.targets();
        let classes = targets.classes;
        let mut values = targets.means;
        if self.whose == Whose::Difference {
            let of_student = self.targets_of(Whose::Student).means;
            values.iter_mut().zip(of_student).for_each(|(value, student)| *value = student - *value);
        }
        for (class, row) in values.chunks_exact_mut(classes.max(1)).enumerate() {
            if targets.counts[class] == 0 {
                row.fill(f64::NAN);
            }
        }
        let strongest = strongest(&values, classes);
        Means { values: values.into(), counts: targets.counts, strongest }
    }

    /// The images of class `row`, those first to which the network gives the most of class `column`: with its probability.
    pub(super) fn images_behind(&self, (row, column): (usize, usize)) -> Arc<[Thumbnail]> {
        let pair = &self.pair;
        let of_class = (0..pair.images.len()).filter(|&image| pair.images.label(image) == row);
        let mut found: Vec<(usize, f64)> = of_class.map(|image| (image, self.value(image, column))).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (truth, other) = (class_name(&pair.class_names, row), class_name(&pair.class_names, column));
        let about = |value: f64| match self.whose {
            Whose::Teacher => format!("{truth}, to which the teacher gives {other} with {}", percent(value)),
            Whose::Student => format!("{truth}, to which the student gives {other} with {}", percent(value)),
            Whose::Difference => format!("{truth}, student minus teacher for {other} {}", signed(value)),
        };
        let caption = |value: f64| if self.whose == Whose::Difference { signed(value) } else { percent(value) };
        let thumbnail = |(image, value)| Thumbnail { image, caption: caption(value), about: about(value) };
        found.into_iter().map(thumbnail).collect()
    }

    fn value(&self, image: usize, class: usize) -> f64 {
        let of = |logits: &[f32]| softmax_at(logits, self.temperature).get(class).copied().unwrap_or(0.0);
        match self.whose {
            Whose::Teacher => of(self.pair.teacher_logits(image)),
            Whose::Student => of(self.pair.student_logits(image)),
            Whose::Difference => of(self.pair.student_logits(image)) - of(self.pair.teacher_logits(image)),
        }
    }

    /// A cell in words.
    pub(super) fn describe(&self, means: &Means, (row, column): (usize, usize)) -> String {
        let name = |class| class_name(&self.pair.class_names, class);
        let value = means.values.get(row * self.pair.classes() + column).copied().unwrap_or(f64::NAN);
        let count = means.counts.get(row).copied().unwrap_or(0);
        if count == 0 {
            return format!("no image of {}", name(row));
        }
        let images = format!("mean of {} images of {}", format::count(count as u64), name(row));
        match self.whose {
            Whose::Teacher => format!("the teacher gives {} {}, {images}", name(column), percent(value)),
            Whose::Student => format!("the student gives {} {}, {images}", name(column), percent(value)),
            Whose::Difference => format!("student minus teacher for {} {}, {images}", name(column), signed(value)),
        }
    }
}

fn signed(share: f64) -> String {
    format!("{}{}", if share > 0.0 { "+" } else { "" }, percent(share))
}

fn strongest(values: &[f64], classes: usize) -> (usize, usize) {
    let mut best = ((0, 1.min(classes.saturating_sub(1))), f64::NEG_INFINITY);
    for (index, value) in values.iter().enumerate() {
        let cell = (index / classes, index % classes);
        if cell.0 != cell.1 && value.abs() > best.1 {
            best = (cell, value.abs());
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_cell_lies_beside_the_diagonal() {
        assert_eq!(strongest(&[0.9, 0.06, 0.04, 0.1, 0.8, 0.1, f64::NAN, f64::NAN, f64::NAN], 3), (1, 0));
        assert_eq!(strongest(&[0.0, 0.1, -0.3, 0.3], 2), (1, 0), "either way");
        assert_eq!(strongest(&[1.0], 1), (0, 0));
        assert_eq!(strongest(&[], 0), (0, 0));
    }
}
