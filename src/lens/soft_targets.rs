//! What soft targets say: how far a distribution spreads, what a network says of each class on average, and how far a
//! student is from its teacher. Hinton, Vinyals and Dean 2015, section 2.

use rayon::prelude::*;

use crate::nets::{log_softmax_at, softmax_at};

/// Entropy, in nats, of the soft targets of one row of logits: from 0 (certain) to ln(classes) (no idea).
pub fn entropy(logits: &[f32], temperature: f64) -> f64 {
    let logs = log_softmax_at(logits, temperature);
    not_below_zero(-logs.iter().map(|log| log.exp() * log).sum::<f64>())
}

/// Without the -0 and the rounding that would show as "-0.000". What is not a number stays none.
fn not_below_zero(value: f64) -> f64 {
    if value <= 0.0 { 0.0 } else { value }
}

/// To how many equally probable classes the soft targets of one row amount: exp([`entropy`]), from 1 to the number of
/// classes.
pub fn effective_classes(logits: &[f32], temperature: f64) -> f64 {
    entropy(logits, temperature).exp()
}

/// [`entropy`] of one row at each of `temperatures`.
pub fn entropy_curve(logits: &[f32], temperatures: &[f64]) -> Vec<f64> {
    temperatures.iter().map(|&temperature| entropy(logits, temperature)).collect()
}

/// [`entropy`] of each row of `logits` `[n, classes]`.
pub fn entropies(logits: &[f32], classes: usize, temperature: f64) -> Vec<f64> {
    logits.par_chunks_exact(classes).map(|row| entropy(row, temperature)).collect()
}

/// KL(teacher || student), in nats, of the soft targets of one image, both at `temperature`: at least 0.
pub fn divergence(teacher: &[f32], student: &[f32], temperature: f64) -> f64 {
    let (teacher, student) = (log_softmax_at(teacher, temperature), log_softmax_at(student, temperature));
    let sum: f64 = teacher.iter().zip(&student).map(|(teacher, student)| teacher.exp() * (teacher - student)).sum();
    not_below_zero(sum)
}

/// [`divergence`] of each row of `teacher` and `student`, both `[n, classes]`.
pub fn divergences(teacher: &[f32], student: &[f32], classes: usize, temperature: f64) -> Vec<f64> {
    let rows = teacher.par_chunks_exact(classes).zip(student.par_chunks_exact(classes));
    rows.map(|(teacher, student)| divergence(teacher, student, temperature)).collect()
}

/// What a network says on average of the images of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanSoftTargets {
    /// How many classes there are.
    pub classes: usize,
    /// `[true class, class]`: each row sums to 1, or is 0 where there are no images of the class.
    pub means: Vec<f64>,
    /// Images of each class.
    pub counts: Vec<usize>,
}

impl MeanSoftTargets {
    /// The mean soft targets of the images of `class`, `[classes]`.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn row(&self, class: usize) -> &[f64] {
        &self.means[class * self.classes..(class + 1) * self.classes]
    }
}

/// The mean soft targets of `logits` `[n, classes]` by true class; `labels` `[n]` are below `classes`.
///
/// The sums are in double precision and in the order of the rows, so the same rows give the same bits on any number of
/// processors.
pub fn mean_soft_targets(logits: &[f32], labels: &[usize], classes: usize, temperature: f64) -> MeanSoftTargets {
    let mut rows_of = vec![Vec::new(); classes];
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        rows_of[label].push(row);
    }
    let means = rows_of.par_iter().flat_map_iter(|rows| mean_of_rows(rows, classes, temperature)).collect();
    MeanSoftTargets { classes, means, counts: rows_of.iter().map(Vec::len).collect() }
}

fn mean_of_rows(rows: &[&[f32]], classes: usize, temperature: f64) -> Vec<f64> {
    let mut mean = vec![0.0; classes];
    for row in rows {
        for (sum, target) in mean.iter_mut().zip(softmax_at(row, temperature)) {
            *sum += target;
        }
    }
    for sum in &mut mean {
        *sum /= rows.len().max(1) as f64;
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROW: [f32; 3] = [1.0, 2.0, 4.0];
    const OTHER: [f32; 3] = [0.5, 3.0, -1.0];

    /// `scipy.stats.entropy` of `scipy.special.softmax(row / T)`, scipy 1.17.1.
    #[test]
    fn entropy_and_divergence_are_scipys() {
        for (temperature, spread, distance) in [
            (1.0, 0.524_266_616_727_672_8, 3.051_611_815_947_232_3),
            (4.0, 1.048_130_378_422_160_5, 0.218_411_853_602_273),
            (20.0, 1.096_639_902_068_263_3, 0.008_288_095_893_177_652),
        ] {
            assert!((entropy(&ROW, temperature) - spread).abs() < 1e-13, "at {temperature}");
            assert!((divergence(&ROW, &OTHER, temperature) - distance).abs() < 1e-13, "at {temperature}");
            assert!((effective_classes(&ROW, temperature) - spread.exp()).abs() < 1e-12);
        }
    }

    /// numpy 2.4.6 and scipy 1.17.1: `softmax(z / 2, axis=1)[labels == c].mean(axis=0)`.
    #[test]
    fn mean_soft_targets_are_numpys() {
        let logits: Vec<f32> = [ROW, OTHER, [2.0, 2.5, 0.0], [-1.0, 0.0, 1.0]].concat();
        let found = mean_soft_targets(&logits, &[2, 1, 1, 2], 3, 2.0);
        assert_eq!(found.counts, [0, 2, 2]);
        assert_eq!(found.row(0), [0.0; 3]);
        let expected = [
            0.289_295_131_279_875_2,
            0.593_751_913_264_785_9,
            0.116_952_955_455_338_74,
            0.163_284_053_195_968_03,
            0.269_209_891_670_323_7,
            0.567_506_055_133_708_2,
        ];
        for (found, expected) in found.means[3..].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
        }
    }

    #[test]
    fn many_rows_are_one_row_after_another() {
        let logits: Vec<f32> = [ROW, OTHER].concat();
        let others: Vec<f32> = [OTHER, ROW].concat();
        assert_eq!(entropies(&logits, 3, 2.0), [entropy(&ROW, 2.0), entropy(&OTHER, 2.0)]);
        assert_eq!(
            divergences(&logits, &others, 3, 2.0),
            [divergence(&ROW, &OTHER, 2.0), divergence(&OTHER, &ROW, 2.0)]
        );
        assert_eq!(entropy_curve(&ROW, &[1.0, 4.0]), [entropy(&ROW, 1.0), entropy(&ROW, 4.0)]);
        assert!(entropies(&[], 3, 2.0).is_empty());
    }

    #[test]
    fn extremes_stay_finite() {
        for temperature in [0.05, 1.0, 1000.0] {
            let (low, high) = ([-1000.0, 1000.0, 0.0], [1000.0, -1000.0, 0.0]);
            assert!(entropy(&low, temperature).is_finite());
            assert!(divergence(&low, &high, temperature).is_finite());
            assert_eq!(divergence(&low, &low, temperature), 0.0);
        }
        assert_eq!(entropy(&[1000.0, 0.0], 0.05).to_string(), "0");
        // A diverged network is not a certain one.
        assert!(entropy(&[f32::NAN, 0.0], 1.0).is_nan() && divergence(&[f32::NAN; 2], &[0.0; 2], 1.0).is_nan());
    }

    fn rows() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        let row = || prop::collection::vec(-30.0f32..30.0, 7);
        (row(), row())
    }

    proptest! {
        #[test]
        fn entropy_lies_between_certainty_and_no_idea((row, _) in rows(), temperature in 0.05f64..100.0) {
            let found = entropy(&row, temperature);
            prop_assert!((0.0..=7f64.ln() + 1e-12).contains(&found));
            prop_assert!(entropy(&row, temperature * 1.5) >= found - 1e-12, "heat spreads");
        }

        #[test]
        fn divergence_is_what_cross_entropy_has_above_entropy((a, b) in rows(), temperature in 0.5f64..100.0) {
            let found = divergence(&a, &b, temperature);
            let logs = log_softmax_at(&b, temperature);
            let cross: f64 = softmax_at(&a, temperature).iter().zip(logs).map(|(p, log)| -p * log).sum();
            prop_assert!((found - (cross - entropy(&a, temperature))).abs() < 1e-9);
            prop_assert!(found >= 0.0);
        }

        #[test]
        fn mean_rows_are_distributions(labels in prop::collection::vec(0usize..4, 1..60), heat in 0.1f64..50.0) {
            let logits: Vec<f32> = (0..labels.len() * 4).map(|i| (i * 37 % 23) as f32 - 11.0).collect();
            let found = mean_soft_targets(&logits, &labels, 4, heat);
            prop_assert_eq!(found.counts.iter().sum::<usize>(), labels.len());
            for class in 0..4 {
                let sum: f64 = found.row(class).iter().sum();
                let expected = if found.counts[class] == 0 { 0.0 } else { 1.0 };
                prop_assert!((sum - expected).abs() < 1e-12);
            }
        }
    }
}
