//! Which classes a network takes for alike, read from its mean soft targets, and the tree of them.

use kodama::{Method, linkage};

use super::MeanSoftTargets;

/// How alike a network takes each two classes to be, `[classes, classes]`, symmetric: the probability that it gives to
/// the one where the other is true, the mean of both ways. The diagonal is that of `targets`.
///
/// A class without images has no row of its own, so what the images of the others say of it stands alone.
pub fn class_similarity(targets: &MeanSoftTargets) -> Vec<f64> {
    let classes = targets.classes;
    let mut similarity = Vec::with_capacity(classes * classes);
    for a in 0..classes {
        for b in 0..classes {
            similarity.push(match (targets.counts[a] > 0, targets.counts[b] > 0) {
                (true, true) => f64::midpoint(targets.row(a)[b], targets.row(b)[a]),
                (true, false) => targets.row(a)[b],
                (false, true) => targets.row(b)[a],
                (false, false) => 0.0,
            });
        }
    }
    similarity
}

/// Two branches that became one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merge {
    /// The branches, the lower number first: below the number of classes a class, else that of an earlier merge, by its
    /// position plus the number of classes, as scipy numbers them.
    pub branches: [usize; 2],
    /// How unlike they are, in nats.
    pub height: f64,
    /// Classes below.
    pub size: usize,
}

/// The tree of similar classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dendrogram {
    /// From the most alike to the least: one less than there are classes.
    pub merges: Vec<Merge>,
    /// Every class once, in an order in which no branches of the tree cross.
    pub leaves: Vec<usize>,
}

/// The tree of `classes` classes by average linkage (UPGMA). `similarity` `[classes, classes]` is symmetric, as
/// [`class_similarity`] makes it.
///
/// Two classes are -ln(similarity) nats apart: a difference of logits over T, which keeps its sense when a confident
/// network makes all the similarities tiny.
pub fn class_tree(similarity: &[f64], classes: usize) -> Dendrogram {
    if classes < 2 {
        return Dendrogram { merges: Vec::new(), leaves: (0..classes).collect() };
    }
    let mut distances = Vec::with_capacity(classes * (classes - 1) / 2);
    for a in 0..classes {
        distances.extend((a + 1..classes).map(|b| distance(similarity[a * classes + b])));
    }
    let merges: Vec<Merge> = linkage(&mut distances, classes, Method::Average)
        .steps()
        .iter()
        .map(|step| Merge { branches: [step.cluster1, step.cluster2], height: step.dissimilarity, size: step.size })
        .collect();
    let leaves = leaves_below(2 * classes - 2, &merges, classes);
    Dendrogram { merges, leaves }
}

/// Finite, also where the probability is too small to be a number, or is none.
fn distance(similarity: f64) -> f64 {
    -similarity.max(f64::MIN_POSITIVE).ln()
}

/// The classes below a branch, from left to right.
fn leaves_below(root: usize, merges: &[Merge], classes: usize) -> Vec<usize> {
    let (mut leaves, mut waiting) = (Vec::with_capacity(classes), vec![root]);
    while let Some(branch) = waiting.pop() {
        if branch < classes {
            leaves.push(branch);
        } else {
            let [left, right] = merges[branch - classes].branches;
            waiting.extend([right, left]);
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn targets(classes: usize, means: &[f64], counts: &[usize]) -> MeanSoftTargets {
        MeanSoftTargets { classes, means: means.to_vec(), counts: counts.to_vec() }
    }

    #[test]
    fn similarity_is_the_mean_of_both_ways_or_the_only_one() {
        let found = class_similarity(&targets(3, &[0.5, 0.25, 0.25, 0.125, 0.75, 0.125, 0.0, 0.0, 0.0], &[2, 3, 0]));
        assert_eq!(found, [0.5, 0.1875, 0.25, 0.1875, 0.75, 0.125, 0.25, 0.125, 0.0]);
    }

    const FIVE: [f64; 25] = [
        0.60, 0.02, 0.30, 0.05, 0.03, //
        0.02, 0.80, 0.01, 0.15, 0.02, //
        0.30, 0.01, 0.50, 0.04, 0.15, //
        0.05, 0.15, 0.04, 0.70, 0.06, //
        0.03, 0.02, 0.15, 0.06, 0.74,
    ];

    /// `linkage(-log(similarity), "average")` and `leaves_list` of it, scipy 1.17.1.
    #[test]
    fn the_tree_is_scipys() {
        let found = class_tree(&FIVE, 5);
        let expected = [
            ([0, 2], 1.203_972_804_325_936_1, 2),
            ([1, 3], 1.897_119_984_885_881_3, 2),
            ([4, 5], 2.701_838_941_102_931_5, 3),
            ([6, 7], 3.576_205_835_337_768, 5),
        ];
        assert_eq!(found.merges.len(), 4);
        for (found, (branches, height, size)) in found.merges.iter().zip(expected) {
            assert_eq!((found.branches, found.size), (branches, size));
            assert!((found.height - height).abs() < 1e-13, "{found:?}");
        }
        assert_eq!(found.leaves, [1, 3, 4, 0, 2]);
    }

    #[test]
    fn few_classes_and_nothing_alike_have_a_tree_too() {
        assert_eq!(class_tree(&[], 0).leaves, [] as [usize; 0]);
        assert_eq!(class_tree(&[1.0], 1).leaves, [0]);
        let found = class_tree(&[0.0, f64::NAN, f64::NAN, 0.0], 2);
        assert_eq!(found.leaves, [0, 1]);
        assert!(found.merges[0].height.is_finite());
    }

    proptest! {
        #[test]
        fn every_class_is_a_leaf_and_no_branch_crosses(upper in prop::collection::vec(0.0f64..1.0, 66)) {
            let classes = 12;
            let mut similarity = vec![1.0; classes * classes];
            let mut values = upper.iter();
            for a in 0..classes {
                for b in a + 1..classes {
                    let value = *values.next().unwrap_or(&0.0);
                    similarity[a * classes + b] = value;
                    similarity[b * classes + a] = value;
                }
            }
            let found = class_tree(&similarity, classes);
            let mut sorted = found.leaves.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..classes).collect::<Vec<_>>());
            prop_assert!(found.merges.is_sorted_by(|a, b| a.height <= b.height + 1e-12));
            for index in 0..found.merges.len() {
                let below = leaves_below(classes + index, &found.merges, classes);
                prop_assert_eq!(below.len(), found.merges[index].size);
                prop_assert!(found.leaves.windows(below.len()).any(|window| window == below));
            }
        }
    }
}
