//! Where two networks agree on the same images: who is right, where they differ most, what is hardest.

use rayon::prelude::*;

use super::divergences;
use crate::nets::{log_softmax_at, most_likely};

/// The images, by position, on which both, one or none of two networks are right: each image is in exactly one list,
/// and each list ascends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Both are right.
    pub both: Vec<usize>,
    /// The teacher is right, the student is wrong.
    pub only_teacher: Vec<usize>,
    /// The student is right, the teacher is wrong.
    pub only_student: Vec<usize>,
    /// Both are wrong, whether or not in the same way.
    pub neither: Vec<usize>,
}

/// Who is right where. The logits are `[n, classes]`, `labels` `[n]`; of equal logits the lower class is the
/// prediction.
pub fn agreement(teacher: &[f32], student: &[f32], labels: &[usize], classes: usize) -> Agreement {
    let mut found = Agreement::default();
    let rows = teacher.chunks_exact(classes).zip(student.chunks_exact(classes)).zip(labels);
    for (row, ((teacher, student), &label)) in rows.enumerate() {
        let list = match (most_likely(teacher) == label, most_likely(student) == label) {
            (true, true) => &mut found.both,
            (true, false) => &mut found.only_teacher,
            (false, true) => &mut found.only_student,
            (false, false) => &mut found.neither,
        };
        list.push(row);
    }
    found
}

/// An image, and what put it in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The position of the image.
    pub row: usize,
    /// In nats.
    pub value: f64,
}

/// The `most` images on which teacher and student differ most, by KL(teacher || student) at `temperature`, the greatest
/// first. The logits are `[n, classes]`.
pub fn largest_disagreements(
    teacher: &[f32],
    student: &[f32],
    classes: usize,
    temperature: f64,
    most: usize,
) -> Vec<Ranked> {
    greatest(&divergences(teacher, student, classes, temperature), most)
}

/// The `most` images that are hardest for a network, by the cross-entropy of the true class, the greatest first. The
/// logits are `[n, classes]`, `labels` `[n]` below `classes`.
pub fn hardest(logits: &[f32], labels: &[usize], classes: usize, most: usize) -> Vec<Ranked> {
    let rows = logits.par_chunks_exact(classes).zip(labels);
    let losses: Vec<f64> = rows.map(|(row, &label)| log_softmax_at(row, 1.0)[label].abs()).collect();
    greatest(&losses, most)
}

/// The greatest of `values`; of equals, the one that comes first. What is not a number counts as greatest: it is
/// trouble.
fn greatest(values: &[f64], most: usize) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = values.iter().enumerate().map(|(row, &value)| Ranked { row, value }).collect();
    let size = |ranked: &Ranked| if ranked.value.is_nan() { f64::INFINITY } else { ranked.value };
    ranked.sort_by(|a, b| size(b).total_cmp(&size(a)));
    ranked.truncate(most);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lens::divergence;
    use proptest::prelude::*;

    const TEACHER: [[f32; 3]; 5] =
        [[2.0, 0.0, 1.0], [0.0, 3.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 4.0], [5.0, 0.0, 0.0]];
    const STUDENT: [[f32; 3]; 5] =
        [[1.0, 0.0, 0.5], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 3.0], [0.0, 2.0, 0.0]];

    #[test]
    fn each_image_is_booked_once() {
        // Image 2: the teacher's logits tie, so that it says 0 and is right.
        let found = agreement(TEACHER.as_flattened(), STUDENT.as_flattened(), &[0, 1, 0, 2, 1], 3);
        assert_eq!((found.both, found.only_teacher), (vec![0, 3], vec![1, 2]));
        assert_eq!((found.only_student, found.neither), (vec![4], vec![]));
        let found = agreement(TEACHER.as_flattened(), STUDENT.as_flattened(), &[1, 2, 1, 0, 2], 3);
        assert_eq!(found.neither, [0, 1, 2, 3, 4]);
    }

    /// Cross-entropies and divergences by scipy 1.17.1, sorted by numpy 2.4.6.
    #[test]
    fn orders_are_numpys() {
        let check = |found: Vec<Ranked>, expected: &[(usize, f64)]| {
            assert_eq!(found.len(), expected.len());
            for (found, (row, value)) in found.iter().zip(expected) {
                assert_eq!(found.row, *row);
                assert!((found.value - value).abs() < 1e-13, "{found:?} is not {value}");
            }
        };
        let hard = hardest(STUDENT.as_flattened(), &[0, 1, 0, 2, 1], 3, 3);
        check(hard, &[(2, 1.551_444_713_932_051), (1, 1.407_605_964_444_380_4), (0, 0.680_269_670_641_734_6)]);
        let apart = largest_disagreements(TEACHER.as_flattened(), STUDENT.as_flattened(), 3, 4.0, 9);
        check(
            apart,
            &[
                (4, 0.294_972_093_129_795_3),
                (1, 0.087_341_753_661_284_9),
                (2, 0.026_917_936_796_699_862),
                (3, 0.021_436_684_649_535_007),
                (0, 0.005_094_988_554_733_032),
            ],
        );
    }

    #[test]
    fn equals_keep_their_order_and_trouble_comes_first() {
        let rows: Vec<usize> = greatest(&[1.0, 2.0, f64::NAN, 2.0, -1.0], 4).iter().map(|ranked| ranked.row).collect();
        assert_eq!(rows, [2, 1, 3, 0]);
        assert!(greatest(&[], 4).is_empty());
    }

    proptest! {
        #[test]
        fn lists_part_the_images(
            (teacher, student, labels) in (1usize..40).prop_flat_map(|n| {
                let logits = move || prop::collection::vec((-3i8..3).prop_map(f32::from), n * 4);
                (logits(), logits(), prop::collection::vec(0usize..4, n))
            })
        ) {
            let found = agreement(&teacher, &student, &labels, 4);
            let Agreement { both, only_teacher, only_student, neither } = &found;
            let lists = [both, only_teacher, only_student, neither];
            let mut rows: Vec<usize> = lists.into_iter().flatten().copied().collect();
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..labels.len()).collect::<Vec<_>>());
            let predicted = teacher.chunks(4).map(most_likely);
            let teacher_right = predicted.zip(&labels).filter(|(class, label)| class == *label).count();
            prop_assert_eq!(both.len() + only_teacher.len(), teacher_right);
            let ranked = largest_disagreements(&teacher, &student, 4, 2.0, labels.len());
            prop_assert!(ranked.is_sorted_by(|a, b| a.value >= b.value));
            for Ranked { row, value } in ranked {
                prop_assert_eq!(value, divergence(&teacher[row * 4..][..4], &student[row * 4..][..4], 2.0));
            }
        }
    }
}
