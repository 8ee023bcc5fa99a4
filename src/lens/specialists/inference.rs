//! One distribution from a generalist and its specialists. Hinton, Vinyals and Dean 2015, section 5.4, equation 5: that
//! q = softmax(z) with the least `KL(p_g, q) + sum_m KL(p_m, q)`, m being the active specialists, where q stands for a
//! specialist's dustbin with the sum of all that it gives to the classes that the specialist does not know.

/// The search ends when no part of the gradient is greater.
const SMALL_ENOUGH: f64 = 1e-10;
/// Or after so many steps. Nine random specialists of a dozen classes in a hundred took 30 at most.
const MOST_STEPS: usize = 20_000;

/// What one specialist says of an image.
#[derive(Clone, Copy, Debug)]
pub struct Opinion<'a> {
    /// The classes it knows, each once: `[k]`, at least one fewer than there are.
    pub classes: &'a [usize],
    /// Its probabilities, corrected: one for each of `classes` in their order, and the dustbin's last, `[k + 1]`.
    pub probabilities: &'a [f64],
}

impl Opinion<'_> {
    fn known(&self) -> impl Iterator<Item = (usize, f64)> {
        self.classes.iter().copied().zip(self.probabilities.iter().copied())
    }

    fn dustbin(&self) -> f64 {
        self.probabilities.get(self.classes.len()).copied().unwrap_or(0.0)
    }

    /// The sum of what `q` `[classes]` gives to the classes that it does not know.
    fn outside(&self, q: &[f64]) -> f64 {
        q.iter().enumerate().filter(|(class, _)| !self.classes.contains(class)).map(|(_, q)| q).sum()
    }
}

/// What is minimised, in nats, at `q` `[classes]`; `generalist` `[classes]` are its probabilities.
pub fn opinions_objective(generalist: &[f64], opinions: &[Opinion<'_>], q: &[f64]) -> f64 {
    let of_generalist: f64 = generalist.iter().zip(q).map(|(&p, &q)| divergence_part(p, q)).sum();
    let of_specialists = opinions.iter().map(|opinion| {
        let known: f64 = opinion.known().map(|(class, p)| divergence_part(p, q[class])).sum();
        known + divergence_part(opinion.dustbin(), opinion.outside(q))
    });
    of_generalist + of_specialists.sum::<f64>()
}

/// p log(p / q), which is 0 where p is.
fn divergence_part(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * (p / q).ln() } else { 0.0 }
}

/// The gradient of [`opinions_objective`] with respect to the logits z at q = softmax(z), `[classes]`; it sums to 0.
///
/// With M specialists it is `(1 + M) q_c`, less what all of them together would give to the class: each distribution
/// pulls q to its own probabilities, a dustbin its classes all in the same proportion.
pub fn opinions_gradient(generalist: &[f64], opinions: &[Opinion<'_>], q: &[f64]) -> Vec<f64> {
    let weight = 1.0 + opinions.len() as f64;
    targets(generalist, opinions, q).iter().zip(q).map(|(target, q)| weight * q - target).collect()
}

/// What all of them together would give to each class, `[classes]`, if each shared its dustbin out as `q` does.
fn targets(generalist: &[f64], opinions: &[Opinion<'_>], q: &[f64]) -> Vec<f64> {
    let mut targets = generalist.to_vec();
    for opinion in opinions {
        let outside = opinion.outside(q);
        let shared_out = if outside > 0.0 { opinion.dustbin() / outside } else { 0.0 };
        let mut is_known = vec![false; q.len()];
        for (class, p) in opinion.known() {
            is_known[class] = true;
            targets[class] += p;
        }
        for class in (0..q.len()).filter(|&class| !is_known[class]) {
            targets[class] += shared_out * q[class];
        }
    }
    targets
}

/// The distribution that fits a generalist and its specialists best.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// q, `[classes]`.
    pub probabilities: Vec<f64>,
    /// What [`opinions_objective`] is there, in nats.
    pub objective: f64,
    /// Steps that the search took.
    pub steps: usize,
}

/// The q that minimises [`opinions_objective`]. Without specialists it is the generalist's own.
///
/// The paper descends the gradient on z, whose step must be chosen. Here q itself takes a step of 1 / (1 + M) against
/// the same gradient, M being the number of specialists: that puts q at the mean of what they would give to each class,
/// which is the EM step for counts of which some are known only in sums. It never raises the objective, keeps q a
/// distribution, and ends where the gradient is 0; the objective is convex in q, so that is the least there is.
pub fn combine_opinions(generalist: &[f64], opinions: &[Opinion<'_>]) -> Combined {
    let weight = 1.0 + opinions.len() as f64;
    let mean = |targets: Vec<f64>| targets.into_iter().map(|target| target / weight).collect::<Vec<f64>>();
    // Dustbins shared out as the generalist would, but to no class nothing: what is 0 once stays 0.
    let start: Vec<f64> = generalist.iter().map(|p| p.max(1e-100)).collect();
    let mut q = mean(targets(generalist, opinions, &start));
    let mut steps = 0;
    while steps < MOST_STEPS && !opinions.is_empty() {
        let next = mean(targets(generalist, opinions, &q));
        let gradient = next.iter().zip(&q).map(|(next, q)| weight * (q - next).abs()).fold(0.0, f64::max);
        if gradient <= SMALL_ENOUGH {
            break;
        }
        (q, steps) = (next, steps + 1);
    }
    Combined { objective: opinions_objective(generalist, opinions, &q), probabilities: q, steps }
}

/// The active specialists: positions in `sets` of those that know one of the generalist's `n` most probable classes
/// (one, in the paper). Of equally probable classes the lower counts first.
pub fn active_specialists<S: AsRef<[usize]>>(generalist: &[f64], n: usize, sets: &[S]) -> Vec<usize> {
    let mut likely: Vec<usize> = (0..generalist.len()).collect();
    likely.sort_by(|&a, &b| generalist[b].total_cmp(&generalist[a]));
    likely.truncate(n);
    let is_active = |set: &S| set.as_ref().iter().any(|class| likely.contains(class));
    (0..sets.len()).filter(|&index| is_active(&sets[index])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::softmax_at;
    use proptest::prelude::*;

    const GENERALIST: [f64; 5] = [0.5, 0.3, 0.1, 0.06, 0.04];
    const FIRST: Opinion<'_> = Opinion { classes: &[0, 1], probabilities: &[0.2, 0.7, 0.1] };
    const SECOND: Opinion<'_> = Opinion { classes: &[3, 1, 2], probabilities: &[0.05, 0.25, 0.3, 0.4] };

    /// `scipy.optimize.minimize`, scipy 1.17.1: BFGS over z; SLSQP over q finds the same to 1e-8.
    #[test]
    fn the_optimum_is_scipys() {
        let cases: [(&[Opinion<'_>], f64, [f64; 5]); 3] = [
            (
                &[FIRST],
                0.165_687_096_566_873,
                [0.350_000_001, 0.499_999_998, 0.075_000_002, 0.044_999_998, 0.030_000_001],
            ),
            (
                &[SECOND],
                0.065_520_277_334_252,
                [0.435_185_188, 0.274_999_997, 0.200_000_007, 0.054_999_996, 0.034_814_812],
            ),
            (
                &[FIRST, SECOND],
                0.318_191_276_227_538,
                [0.357_498_133, 0.416_666_668, 0.156_421_131, 0.043_015_812, 0.026_398_255],
            ),
        ];
        for (opinions, least, expected) in cases {
            let found = combine_opinions(&GENERALIST, opinions);
            assert!((found.objective - least).abs() < 1e-9, "{} is not {least}", found.objective);
            for (found, expected) in found.probabilities.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-7, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn without_specialists_the_generalist_stands() {
        let found = combine_opinions(&GENERALIST, &[]);
        assert_eq!((found.probabilities.as_slice(), found.objective, found.steps), (&GENERALIST[..], 0.0, 0));
    }

    /// One specialist: within its dustbin the generalist's proportions stay, so the least is known in closed form.
    #[test]
    fn one_specialist_is_the_mean_where_it_knows_and_rescales_the_rest() {
        let found = combine_opinions(&GENERALIST, &[FIRST]).probabilities;
        let rest = f64::midpoint(0.2, 0.1);
        for (found, expected) in found.iter().zip([0.35, 0.5, rest * 0.5, rest * 0.3, rest * 0.2]) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    #[test]
    fn certainty_is_no_trouble() {
        let none = [1.0, 0.0, 0.0];
        let found = combine_opinions(&none, &[Opinion { classes: &[0], probabilities: &[0.25, 0.75] }]);
        assert!(found.objective.is_finite() && found.probabilities.iter().all(|q| q.is_finite()));
        assert!((found.probabilities[0] - 0.625).abs() < 1e-9);
        let all = combine_opinions(&none, &[Opinion { classes: &[0, 1, 2], probabilities: &[0.5, 0.5, 0.0, 0.0] }]);
        assert!((all.probabilities[0] - 0.75).abs() < 1e-9);
    }

    #[test]
    fn specialists_of_the_likeliest_classes_are_active() {
        let sets = [vec![0, 3], vec![1, 2], vec![2, 3], vec![0, 1]];
        let generalist = [0.25, 0.4, 0.1, 0.25];
        assert_eq!(active_specialists(&generalist, 1, &sets), [1, 3]);
        assert_eq!(active_specialists(&generalist, 2, &sets), [0, 1, 3]);
        assert_eq!(active_specialists(&generalist, 9, &sets), [0, 1, 2, 3]);
        assert!(active_specialists(&generalist, 0, &sets).is_empty());
    }

    /// Logits and class sets: from nearly uniform to nearly certain.
    type World = (Vec<f32>, Vec<(Vec<usize>, Vec<f32>)>);

    fn world() -> impl Strategy<Value = World> {
        let logits = |n| prop::collection::vec(-5.0f32..5.0, n);
        let set = prop::sample::subsequence((0..7).collect::<Vec<usize>>(), 1..6);
        let specialist = set.prop_flat_map(move |set| (Just(set.clone()), logits(set.len() + 1)));
        (logits(7), prop::collection::vec(specialist, 0..5))
    }

    fn with_opinions<R>((generalist, specialists): &World, then: impl FnOnce(&[f64], &[Opinion<'_>]) -> R) -> R {
        let probabilities: Vec<Vec<f64>> = specialists.iter().map(|(_, logits)| softmax_at(logits, 1.0)).collect();
        let opinions: Vec<Opinion<'_>> = specialists
            .iter()
            .zip(&probabilities)
            .map(|((classes, _), probabilities)| Opinion { classes, probabilities })
            .collect();
        then(&softmax_at(generalist, 1.0), &opinions)
    }

    proptest! {
        #[test]
        fn the_gradient_is_that_of_finite_differences(world in world(), z in prop::collection::vec(-3.0f32..3.0, 7)) {
            with_opinions(&world, |generalist, opinions| {
                let q = softmax_at(&z, 1.0);
                let found = opinions_gradient(generalist, opinions, &q);
                assert!(found.iter().sum::<f64>().abs() < 1e-12);
                for class in 0..7 {
                    // In double precision: q of z moved by a step is q times exp(step) there, scaled to sum to 1.
                    let at = |step: f64| {
                        let mut moved = q.clone();
                        moved[class] *= step.exp();
                        let sum: f64 = moved.iter().sum();
                        for q in &mut moved {
                            *q /= sum;
                        }
                        opinions_objective(generalist, opinions, &moved)
                    };
                    let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                    assert!((found[class] - slope).abs() < 1e-6, "{} is not {slope}", found[class]);
                }
            });
        }

        #[test]
        fn what_is_found_is_the_least(world in world(), z in prop::collection::vec(-8.0f32..8.0, 7)) {
            with_opinions(&world, |generalist, opinions| {
                let found = combine_opinions(generalist, opinions);
                assert!((found.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                assert!(found.objective <= opinions_objective(generalist, opinions, generalist) + 1e-12);
                assert!(found.objective <= opinions_objective(generalist, opinions, &softmax_at(&z, 1.0)) + 1e-12);
                let gradient = opinions_gradient(generalist, opinions, &found.probabilities);
                assert!(gradient.iter().all(|part| part.abs() < 1e-9), "{gradient:?} after {} steps", found.steps);
                assert!(found.steps < MOST_STEPS);
            });
        }
    }
}
