//! Where the branches of a dendrogram lie, and what they say.

use crate::lens::{Dendrogram, class_similarity, class_tree};
use crate::ui::labs::distill::dark_knowledge::Looked;
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;

/// A tree and the places of its branches. A branch is a number: below the number of classes a class, else a merge.
pub(super) struct Tree {
    pub(super) dendrogram: Dendrogram,
    /// Of each branch, in leaves from the first.
    middles: Vec<f32>,
    /// The leaves below each branch, as positions in `dendrogram.leaves`: first and last.
    spans: Vec<(usize, usize)>,
    /// The merge that each branch goes into.
    parents: Vec<Option<usize>>,
}

impl Tree {
    pub(super) fn of(looked: &Looked) -> Self {
        let targets = looked.targets();
        Self::new(class_tree(&class_similarity(&targets), targets.classes))
    }

    fn new(dendrogram: Dendrogram) -> Self {
        let classes = dendrogram.leaves.len();
        let mut spans = vec![(0, 0); classes];
        for (place, &class) in dendrogram.leaves.iter().enumerate() {
            spans[class] = (place, place);
        }
        let mut middles: Vec<f32> = spans.iter().map(|span| span.0 as f32 + 0.5).collect();
        let mut parents = vec![None; classes + dendrogram.merges.len()];
        for (index, merge) in dendrogram.merges.iter().enumerate() {
            let [a, b] = merge.branches;
            spans.push((spans[a].0.min(spans[b].0), spans[a].1.max(spans[b].1)));
            middles.push(f32::midpoint(middles[a], middles[b]));
            (parents[a], parents[b]) = (Some(classes + index), Some(classes + index));
        }
        Self { dendrogram, middles, spans, parents }
    }

    pub(super) fn classes(&self) -> usize {
        self.dendrogram.leaves.len()
    }

    pub(super) fn branches(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn middle(&self, branch: usize) -> f32 {
        self.middles[branch]
    }

    /// Where two branches join; none of a class.
    pub(super) fn height(&self, branch: usize) -> Option<f64> {
        let merge = branch.checked_sub(self.classes())?;
        self.dendrogram.merges.get(merge).map(|merge| merge.height)
    }

    /// The classes below a branch, from the first leaf to the last.
    pub(super) fn below(&self, branch: usize) -> &[usize] {
        self.spans.get(branch).map_or(&[], |&(first, last)| &self.dendrogram.leaves[first..=last])
    }

    /// Whether a branch is part of another, or that itself.
    pub(super) fn is_below(&self, branch: usize, other: usize) -> bool {
        let (own, whole) = (self.spans[branch], self.spans[other]);
        whole.0 <= own.0 && own.1 <= whole.1 && branch <= other
    }

    /// The lowest and the highest merge, with a little room, for an axis.
    pub(super) fn range(&self) -> (f64, f64) {
        let heights = || self.dendrogram.merges.iter().map(|merge| merge.height);
        let (low, high) = (heights().fold(f64::INFINITY, f64::min), heights().fold(0.0, f64::max));
        if !low.is_finite() {
            return (0.0, 1.0);
        }
        let room = (0.12 * (high - low)).max(0.005 * high).max(1e-3);
        ((low - 2.0 * room).max(0.0), high + room)
    }

    /// A branch in words.
    pub(super) fn describe(&self, names: &[String], branch: usize) -> String {
        let Some(height) = self.height(branch) else {
            let name = class_name(names, branch);
            let Some(parent) = self.parents.get(branch).copied().flatten() else { return name };
            let others: Vec<usize> = self.below(parent).iter().copied().filter(|&class| class != branch).collect();
            let height = theme::figures(self.height(parent).unwrap_or_default());
            return format!("{name} joins {} at {height} nats", list(names, &others));
        };
        let merge = &self.dendrogram.merges[branch - self.classes()];
        let [a, b] = merge.branches.map(|branch| list(names, self.below(branch)));
        let mean = format::percent((-height).exp());
        format!("{a} and {b} join at {} nats: mean soft target between them {mean}", theme::figures(height))
    }
}

/// The names of a few classes, of many the number.
pub(super) fn list(names: &[String], classes: &[usize]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = classes.iter().take(MOST).map(|&class| class_name(names, class)).collect();
    let rest = if classes.len() > MOST { format!(" and {} more", classes.len() - MOST) } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lens::Merge;

    fn tree() -> Tree {
        let merge = |branches, height, size| Merge { branches, height, size };
        let merges = vec![merge([0, 2], 1.0, 2), merge([1, 3], 2.0, 2), merge([4, 5], 4.0, 4)];
        Tree::new(Dendrogram { merges, leaves: vec![0, 2, 1, 3] })
    }

    #[test]
    fn a_merge_lies_between_its_branches_and_knows_its_classes() {
        let tree = tree();
        assert_eq!([0, 2, 1, 3, 4, 5, 6].map(|branch| tree.middle(branch)), [0.5, 1.5, 2.5, 3.5, 1.0, 3.0, 2.0]);
        assert_eq!((tree.below(5), tree.below(6), tree.below(2)), (&[1, 3][..], &[0, 2, 1, 3][..], &[2][..]));
        assert!(tree.is_below(2, 4) && tree.is_below(4, 4) && tree.is_below(1, 6));
        assert!(!tree.is_below(1, 4) && !tree.is_below(6, 4));
        assert!(tree.below(99).is_empty());
        let (low, high) = tree.range();
        assert!(low < 1.0 && high > 4.0 && low >= 0.0);
    }

    #[test]
    fn branches_are_described() {
        let (tree, names) = (tree(), ["a", "b", "c", "d"].map(str::to_owned));
        assert_eq!(tree.describe(&names, 3), "d joins b at 2 nats");
        assert_eq!(
            tree.describe(&names, 6),
            "a, c and b, d join at 4 nats: mean soft target between them 1.83%",
            "exp(-4)"
        );
        let one = Tree::new(Dendrogram { merges: Vec::new(), leaves: vec![0] });
        assert_eq!((one.describe(&names, 0), one.range()), ("a".to_owned(), (0.0, 1.0)));
    }
}
