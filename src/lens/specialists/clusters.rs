//! Classes that are confused with each other: on-line k-means on the columns of the covariance of a generalist's
//! predictions. Hinton, Vinyals and Dean 2015, section 5.3.
//!
//! Written out: no small crate offers an on-line k-means that a seed makes repeatable.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::data::{Purpose, below, shuffle, stream};

/// How often the k-means starts anew; the start that ends with the least inertia counts.
const RESTARTS: usize = 50;
/// How often each start sees every column.
const PASSES: usize = 20;
/// Rows whose products are summed at a time: few enough to share out, enough to be worth it.
const ROWS_AT_A_TIME: usize = 1024;

/// The covariance of the columns of `probabilities` `[n, classes]`: `[classes, classes]`, divided by n - 1 as numpy's
/// `cov` does. Zeros where there are fewer than two rows.
///
/// Of a confident generalist at T = 1 the variances on the diagonal outweigh the rest, and [`cluster_classes`] finds
/// one large cluster and many of one class; the same predictions softened (T = 4, say) show who is confused with whom.
///
/// In double precision and in one order, so the same rows give the same bits on any number of processors.
pub fn covariance(probabilities: &[f32], classes: usize) -> Vec<f64> {
    let rows = probabilities.len() / classes;
    let mut means = vec![0.0; classes];
    for row in probabilities.chunks_exact(classes) {
        means.iter_mut().zip(row).for_each(|(mean, &p)| *mean += f64::from(p) / rows as f64);
    }
    let parts: Vec<Vec<f64>> =
        probabilities.par_chunks(ROWS_AT_A_TIME * classes).map(|rows| products(rows, &means)).collect();
    let mut sums = vec![0.0; classes * classes];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    let divisor = (rows.max(2) - 1) as f64;
    let upper = |a: usize, b: usize| sums[a.min(b) * classes + a.max(b)];
    (0..classes * classes).map(|at| upper(at / classes, at % classes) / divisor).collect()
}

/// The sum over `rows` of the products of deviations from the means; the upper triangle only.
fn products(rows: &[f32], means: &[f64]) -> Vec<f64> {
    let classes = means.len();
    let mut sums = vec![0.0; classes * classes];
    let mut deviations = vec![0.0; classes];
    for row in rows.chunks_exact(classes) {
        for ((deviation, &p), mean) in deviations.iter_mut().zip(row).zip(means) {
            *deviation = f64::from(p) - mean;
        }
        for (a, &deviation) in deviations.iter().enumerate() {
            let sums = &mut sums[a * classes + a..(a + 1) * classes];
            sums.iter_mut().zip(&deviations[a..]).for_each(|(sum, other)| *sum += deviation * other);
        }
    }
    sums
}

/// Classes in clusters: each class is in exactly one, and no cluster is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The classes of each cluster, ascending; the clusters in the order of their first classes.
    pub members: Vec<Vec<usize>>,
    /// The mean column of each cluster, `[classes]`.
    pub centres: Vec<Vec<f64>>,
    /// The sum over classes of the squared distance between a class's column and the centre of its cluster.
    pub inertia: f64,
}

impl Clusters {
    /// For each cluster the `size` classes that covary most with it, ascending: those that the generalist predicts together
    /// with its classes. They are the largest entries of its centre.
    ///
    /// Such sets may overlap and leave classes out, as the paper's do: 61 specialists of 300 classes each, of 15,000. Those
    /// whose columns lie nearest to the centre would not do: the columns of classes that are confused with nothing are
    /// short, so they lie near every centre and would be in every set.
    pub fn most_confused(&self, size: usize) -> Vec<Vec<usize>> {
        let most = |centre: &Vec<f64>| {
            let mut classes: Vec<usize> = (0..centre.len()).collect();
            classes.sort_by(|&a, &b| centre[b].total_cmp(&centre[a]));
            classes.truncate(size);
            classes.sort_unstable();
            classes
        };
        self.centres.iter().map(most).collect()
    }
}

/// Puts the classes into `k` clusters, by on-line k-means (`MacQueen` 1967) on the columns of `covariance`, which is
/// `[classes, classes]`: columns come one at a time, in random order, and each draws the nearest centre to itself by one
/// part in the number of columns that the centre has drawn so far. It starts as k-means++ does (Arthur and Vassilvitskii
/// 2007), several times over.
///
/// The same covariance, `k` and `seed` give the same clusters. A `k` below 1 or above `classes` becomes the nearest of
/// them.
pub fn cluster_classes(covariance: &[f64], classes: usize, k: usize, seed: u64) -> Clusters {
    let columns = Columns::new(covariance, classes);
    let k = k.max(1).min(classes);
    let starts = (0..RESTARTS).map(|restart| one_start(&columns, k, &mut stream(seed, Purpose::Clusters, restart, 0)));
    let best = starts.min_by(|a, b| a.inertia.total_cmp(&b.inertia));
    best.expect("there is at least one start")
}

/// The columns of a symmetric matrix, which are its rows.
struct Columns<'a> {
    values: &'a [f64],
    count: usize,
}

impl<'a> Columns<'a> {
    fn new(values: &'a [f64], count: usize) -> Self {
        Self { values, count }
    }

    fn get(&self, class: usize) -> &'a [f64] {
        &self.values[class * self.count..(class + 1) * self.count]
    }
}

fn one_start(columns: &Columns<'_>, k: usize, generator: &mut ChaCha8Rng) -> Clusters {
    let mut centres = first_centres(columns, k, generator);
    let mut drawn = vec![1.0; centres.len()];
    let mut order: Vec<usize> = (0..columns.count).collect();
    for _ in 0..PASSES {
        shuffle(&mut order, generator);
        for &class in &order {
            let column = columns.get(class);
            let nearest = nearest_centre(column, &centres);
            drawn[nearest] += 1.0;
            for (centre, value) in centres[nearest].iter_mut().zip(column) {
                *centre += (value - *centre) / drawn[nearest];
            }
        }
    }
    let mut members = vec![Vec::new(); centres.len()];
    (0..columns.count).for_each(|class| members[nearest_centre(columns.get(class), &centres)].push(class));
    fill_empty(&mut members, columns);
    members.sort();
    finished(members, columns)
}

/// k-means++: each next centre is a column, the likelier the farther from those chosen, by squared distance.
fn first_centres(columns: &Columns<'_>, k: usize, generator: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
    let mut centres: Vec<Vec<f64>> = Vec::with_capacity(k);
    let mut distances = vec![1.0; columns.count];
    while centres.len() < k {
        let class = drawn_by_weight(&distances, generator);
        centres.push(columns.get(class).to_vec());
        for (class, least) in distances.iter_mut().enumerate() {
            let found = distance(columns.get(class), &centres[centres.len() - 1]);
            *least = if centres.len() == 1 { found } else { least.min(found) };
        }
    }
    centres
}

/// A position, as likely as its weight; each equally likely if no weight is above 0.
fn drawn_by_weight(weights: &[f64], generator: &mut ChaCha8Rng) -> usize {
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 && sum.is_finite() {
        // 53 bits: a number in [0, 1), each equally likely.
        let mut left = (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * sum;
        for (position, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return position;
            }
        }
    }
    below(generator, weights.len() as u32) as usize
}

fn nearest_centre(column: &[f64], centres: &[Vec<f64>]) -> usize {
    let distances = centres.iter().map(|centre| distance(column, centre));
    distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(nearest, _)| nearest)
}

/// Squared and Euclidean.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Gives each empty cluster the class that lies farthest from the mean of its own, of those that are not alone.
fn fill_empty(members: &mut [Vec<usize>], columns: &Columns<'_>) {
    while let Some(empty) = members.iter().position(Vec::is_empty) {
        let shared = members.iter().enumerate().filter(|(_, classes)| classes.len() > 1);
        let candidates = shared.flat_map(|(cluster, classes)| {
            let centre = mean(classes, columns);
            classes.iter().map(move |&class| (cluster, class, distance(columns.get(class), &centre)))
        });
        let Some((cluster, class, _)) = candidates.max_by(|a, b| a.2.total_cmp(&b.2)) else { return };
        members[cluster].retain(|&other| other != class);
        members[empty].push(class);
    }
}

fn finished(members: Vec<Vec<usize>>, columns: &Columns<'_>) -> Clusters {
    let centres: Vec<Vec<f64>> = members.iter().map(|classes| mean(classes, columns)).collect();
    let spreads = members
        .iter()
        .zip(&centres)
        .map(|(classes, centre)| classes.iter().map(|&class| distance(columns.get(class), centre)).sum::<f64>());
    let inertia = spreads.sum();
    Clusters { members, centres, inertia }
}

fn mean(classes: &[usize], columns: &Columns<'_>) -> Vec<f64> {
    let mut mean = vec![0.0; columns.count];
    for &class in classes {
        mean.iter_mut().zip(columns.get(class)).for_each(|(mean, value)| *mean += value / classes.len() as f64);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `numpy.cov(p, rowvar=False)`, numpy 2.4.6.
    #[test]
    fn the_covariance_is_numpys() {
        let probabilities = [0.5f32, 0.25, 0.25, 0.75, 0.125, 0.125, 0.0, 0.5, 0.5, 0.25, 0.0, 0.75];
        let expected = [
            0.104_166_666_666_666_66,
            -0.036_458_333_333_333_33,
            -0.067_708_333_333_333_33,
            -0.036_458_333_333_333_33,
            0.045_572_916_666_666_664,
            -0.009_114_583_333_333_332,
            -0.067_708_333_333_333_33,
            -0.009_114_583_333_333_332,
            0.076_822_916_666_666_66,
        ];
        for (found, expected) in covariance(&probabilities, 3).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
        }
        assert_eq!(covariance(&[0.5, 0.5], 2), [0.0; 4]);
        assert_eq!(covariance(&[], 2), [0.0; 4]);
    }

    #[test]
    fn many_rows_are_summed_as_few_are() {
        let probabilities: Vec<f32> = (0..5000 * 4).map(|i| (i * i % 97) as f32 / 97.0).collect();
        let found = covariance(&probabilities, 4);
        let column = |c: usize| probabilities.iter().skip(c).step_by(4).map(|&p| f64::from(p)).collect::<Vec<_>>();
        for (a, b) in [(0, 0), (1, 3), (3, 1)] {
            let (x, y) = (column(a), column(b));
            let mean = |values: &[f64]| values.iter().sum::<f64>() / 5000.0;
            let (mx, my) = (mean(&x), mean(&y));
            let expected: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / 4999.0;
            assert!((found[a * 4 + b] - expected).abs() < 1e-12);
        }
    }

    /// A symmetric matrix in which classes of one block go together.
    fn blocks(of_class: &[usize]) -> Vec<f64> {
        let ripple = |a: usize, b: usize| ((a + b) * 7 % 5) as f64 * 1e-3;
        let pairs = of_class.iter().enumerate().flat_map(|(a, x)| {
            of_class.iter().enumerate().map(move |(b, y)| if x == y { 1.0 } else { -0.1 } + ripple(a, b))
        });
        pairs.collect()
    }

    #[test]
    fn classes_that_go_together_are_found() {
        let found = cluster_classes(&blocks(&[0, 1, 2, 0, 1, 2, 0, 0, 2]), 9, 3, 1);
        assert_eq!(found.members, [vec![0, 3, 6, 7], vec![1, 4], vec![2, 5, 8]]);
        assert!(found.inertia < 1e-3, "{}", found.inertia);
        let sets = found.most_confused(3);
        assert!(sets[0].iter().all(|class| found.members[0].contains(class)));
        assert!(sets[1].len() == 3 && sets[1].contains(&1) && sets[1].contains(&4));
        assert_eq!(sets[2], [2, 5, 8]);
    }

    /// Three pairs that are confused, and one class that never is: it is nobody's companion.
    #[test]
    fn a_class_that_is_never_confused_is_in_no_other_set() {
        let mut covariance = vec![0.0; 49];
        for (a, b) in [(0, 1), (2, 3), (4, 5)] {
            for (row, column, value) in [(a, a, 1.0), (b, b, 1.0), (a, b, 0.5), (b, a, 0.5)] {
                covariance[row * 7 + column] = value;
            }
        }
        covariance[48] = 1e-3;
        let sets = cluster_classes(&covariance, 7, 4, 1).most_confused(2);
        for pair in [[0, 1], [2, 3], [4, 5]] {
            assert!(sets.contains(&pair.to_vec()), "{sets:?}");
        }
        assert_eq!(sets.iter().filter(|set| set.contains(&6)).count(), 1, "{sets:?}");
    }

    #[test]
    fn what_cannot_be_clustered_well_is_clustered_still() {
        let alike = cluster_classes(&[1.0; 25], 5, 3, 1);
        assert_eq!(alike.members.concat().len(), 5);
        assert!(alike.members.iter().all(|classes| !classes.is_empty()));
        assert_eq!(cluster_classes(&[f64::NAN; 25], 5, 3, 1).members.len(), 3);
        assert_eq!(cluster_classes(&blocks(&[0, 1, 1]), 3, 9, 1).members, [[0], [1], [2]]);
        assert_eq!(cluster_classes(&blocks(&[0, 1, 1]), 3, 0, 1).members, [[0, 1, 2]]);
        assert!(cluster_classes(&[], 0, 3, 1).members.is_empty());
    }

    proptest! {
        #[test]
        fn each_class_is_in_one_cluster(
            values in prop::collection::vec(-1.0f64..1.0, 64), k in 1usize..9, seed in any::<u64>()
        ) {
            let symmetric: Vec<f64> = (0..64).map(|at| values[at] + values[at % 8 * 8 + at / 8]).collect();
            let found = cluster_classes(&symmetric, 8, k, seed);
            prop_assert_eq!(found.members.len(), k);
            prop_assert!(found.members.iter().all(|classes| !classes.is_empty()));
            let mut classes = found.members.concat();
            classes.sort_unstable();
            prop_assert_eq!(classes, (0..8).collect::<Vec<_>>());
            prop_assert_eq!(&cluster_classes(&symmetric, 8, k, seed), &found);
            let one = cluster_classes(&symmetric, 8, 1, seed);
            prop_assert!(found.inertia <= one.inertia + 1e-12);
        }
    }
}
