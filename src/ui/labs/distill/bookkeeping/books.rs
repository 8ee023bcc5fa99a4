//! Who is right about which image, counted in all, by class, and by what the student said instead.

use crate::lens::{Agreement, agreement};
use crate::nets::{most_likely, softmax_at};
use crate::ui::labs::distill::pair::Pair;
use crate::ui::labs::distill::thumbnails::Thumbnail;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use std::sync::Arc;

/// Which of the two are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    Both,
    OnlyTeacher,
    OnlyStudent,
    Neither,
}

impl Right {
    pub(super) const ALL: [Self; 4] = [Self::Both, Self::OnlyTeacher, Self::OnlyStudent, Self::Neither];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Both => "Both right",
            Self::OnlyTeacher => "Only teacher",
            Self::OnlyStudent => "Only student",
            Self::Neither => "Neither",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Both => "Teacher and student are right",
            Self::OnlyTeacher => "The teacher is right, the student wrong: what was not learned",
            Self::OnlyStudent => "The student is right, the teacher wrong: it does better than what it learned from",
            Self::Neither => "Both are wrong, whether or not in the same way",
        }
    }

    pub(super) fn of(self, agreement: &Agreement) -> &[usize] {
        match self {
            Self::Both => &agreement.both,
            Self::OnlyTeacher => &agreement.only_teacher,
            Self::OnlyStudent => &agreement.only_student,
            Self::Neither => &agreement.neither,
        }
    }
}

/// Which images are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) right: Right,
    pub(super) truth: Option<usize>,
    /// What the student takes them for.
    pub(super) said: Option<usize>,
}

impl Choice {
    pub(super) fn all(right: Right) -> Self {
        Self { right, truth: None, said: None }
    }

    pub(super) fn describe(self, names: &[String]) -> String {
        let name = |class| class_name(names, class);
        let of = self.truth.map_or_else(String::new, |truth| format!(", {}", name(truth)));
        let said = self.said.map_or_else(String::new, |said| format!(" that the student takes for {}", name(said)));
        format!("{}{of}{said}", self.right.name())
    }
}

/// The images that only the teacher gets right, by true class and what the student said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) truth: usize,
    pub(super) said: usize,
    pub(super) images: usize,
}

/// The books of a pair.
pub(super) struct Books {
    pub(super) agreement: Arc<Agreement>,
    pub(super) images: usize,
    /// A class: how many images of each of [`Right::ALL`].
    pub(super) classes: Vec<[usize; 4]>,
    /// The most frequent first.
    pub(super) missed: Vec<Missed>,
}

impl Books {
    pub(super) fn of(pair: &Pair) -> Self {
        let (labels, classes) = (pair.labels(), pair.classes());
        let agreement = agreement(&pair.teacher.logits, &pair.student.logits, &labels, classes);
        let mut by_class = vec![[0; 4]; classes];
        for (column, right) in Right::ALL.into_iter().enumerate() {
            for &image in right.of(&agreement) {
                by_class[labels[image]][column] += 1;
            }
        }
        let missed = missed(&agreement.only_teacher, &labels, classes, |image| most_likely(pair.student_logits(image)));
        Self { agreement: Arc::new(agreement), images: labels.len(), classes: by_class, missed }
    }

    pub(super) fn count(&self, right: Right) -> usize {
        right.of(&self.agreement).len()
    }
}

fn missed(images: &[usize], labels: &[usize], classes: usize, said: impl Fn(usize) -> usize) -> Vec<Missed> {
    let mut counts = vec![0; classes * classes];
    for &image in images {
        counts[labels[image] * classes + said(image)] += 1;
    }
    let found = counts.into_iter().enumerate().filter(|(_, images)| *images > 0);
    let mut missed: Vec<Missed> =
        found.map(|(cell, images)| Missed { truth: cell / classes, said: cell % classes, images }).collect();
    missed.sort_by_key(|missed| std::cmp::Reverse(missed.images));
    missed
}

/// The images of a choice, in their order.
pub(super) fn thumbnails(pair: &Pair, books: &Agreement, choice: Choice) -> Arc<[Thumbnail]> {
    let names = &pair.class_names;
    let is_chosen = |&&image: &&usize| {
        choice.truth.is_none_or(|truth| pair.images.label(image) == truth)
            && choice.said.is_none_or(|said| most_likely(pair.student_logits(image)) == said)
    };
    let thumbnail = |&image: &usize| {
        let truth = class_name(names, pair.images.label(image));
        let answer = |logits: &[f32]| {
            let class = most_likely(logits);
            let share = softmax_at(logits, 1.0).get(class).copied().unwrap_or(0.0);
            (class_name(names, class), format::short_percent(share))
        };
        let (teacher, student) = (answer(pair.teacher_logits(image)), answer(pair.student_logits(image)));
        let caption = match choice.right {
            Right::Both => truth.clone(),
            Right::OnlyTeacher | Right::Neither => format!("{truth}\u{2192}{}", student.0),
            Right::OnlyStudent => format!("{truth}\u{2192}{}", teacher.0),
        };
        let about = format!(
            "{truth}, the teacher says {} ({}), the student {} ({})",
            teacher.0, teacher.1, student.0, student.1
        );
        Thumbnail { image, caption, about }
    };
    choice.right.of(books).iter().filter(is_chosen).map(thumbnail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_student_missed_is_counted_by_its_answer() {
        let (labels, answers) = ([4, 4, 9, 4, 2], [9, 9, 4, 7, 2]);
        let found = missed(&[0, 1, 2, 3], &labels, 10, |image| answers[image]);
        let expected = [(4, 9, 2), (4, 7, 1), (9, 4, 1)];
        assert_eq!(found, expected.map(|(truth, said, images)| Missed { truth, said, images }));
        assert!(missed(&[], &labels, 10, |_| 0).is_empty());
    }

    #[test]
    fn a_choice_is_described() {
        let names: Vec<String> = (0..10).map(|class| class.to_string()).collect();
        assert_eq!(Choice::all(Right::Neither).describe(&names), "Neither");
        let choice = Choice { right: Right::OnlyTeacher, truth: Some(4), said: Some(9) };
        assert_eq!(choice.describe(&names), "Only teacher, 4 that the student takes for 9");
    }
}
