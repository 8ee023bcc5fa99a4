//! What specialists gain, by how many of them know the correct class. Hinton, Vinyals and Dean 2015, section 5.5, table
//! 4.

use crate::data::{Purpose, below, stream};

/// How often the bootstrap draws.
const DRAWS: usize = 1000;

/// A generalist alone against the same with its specialists, on the same examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Test examples.
    pub examples: usize,
    /// Wrong predictions of the generalist alone.
    pub generalist_errors: usize,
    /// Wrong predictions with the specialists.
    pub combined_errors: usize,
    /// The relative change of accuracy: (right with specialists - right without) / right without. None where the
    /// generalist is never right.
    pub relative_change: Option<f64>,
    /// Between which values the relative change lies with 95% confidence: a paired bootstrap of the examples,
    /// percentiles. None where it has no value in one of its draws.
    pub interval: Option<(f64, f64)>,
}

/// One row of table 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoveringRow {
    /// How many specialists know the correct class.
    pub covering: usize,
    /// On the examples of such classes.
    pub comparison: Comparison,
}

/// The paper's table 4.
#[derive(Clone, Debug, PartialEq)]
pub struct CoveringTable {
    /// From the fewest specialists to the most; numbers without examples are left out.
    pub rows: Vec<CoveringRow>,
    /// On all the examples.
    pub all: Comparison,
}

/// Table 4 for examples of classes `labels`, which the generalist alone takes for `generalist` and with its specialists
/// for `combined`: all `[n]`. `sets` are the classes of each specialist. The same `seed` gives the same intervals.
pub fn covering_table<S: AsRef<[usize]>>(
    labels: &[usize],
    generalist: &[usize],
    combined: &[usize],
    sets: &[S],
    seed: u64,
) -> CoveringTable {
    let mut by_covering = vec![Vec::new(); sets.len() + 1];
    let mut all = Vec::with_capacity(labels.len());
    for ((label, generalist), combined) in labels.iter().zip(generalist).zip(combined) {
        let covering = sets.iter().filter(|set| set.as_ref().contains(label)).count();
        let outcome = Outcome { generalist: generalist == label, combined: combined == label };
        by_covering[covering].push(outcome);
        all.push(outcome);
    }
    let rows = by_covering.iter().enumerate().filter(|(_, outcomes)| !outcomes.is_empty());
    let rows = rows.map(|(covering, outcomes)| CoveringRow { covering, comparison: compare(outcomes, seed) });
    CoveringTable { rows: rows.collect(), all: compare(&all, seed) }
}

/// Who is right on one example.
#[derive(Clone, Copy)]
struct Outcome {
    generalist: bool,
    combined: bool,
}

fn compare(outcomes: &[Outcome], seed: u64) -> Comparison {
    let (generalist, combined) = right(outcomes.iter().copied());
    Comparison {
        examples: outcomes.len(),
        generalist_errors: outcomes.len() - generalist,
        combined_errors: outcomes.len() - combined,
        relative_change: relative_change(generalist, combined),
        interval: interval(outcomes, seed),
    }
}

/// How many the generalist gets right, and how many with its specialists.
fn right(outcomes: impl Iterator<Item = Outcome>) -> (usize, usize) {
    outcomes.fold((0, 0), |(generalist, combined), outcome| {
        (generalist + usize::from(outcome.generalist), combined + usize::from(outcome.combined))
    })
}

fn relative_change(generalist: usize, combined: usize) -> Option<f64> {
    (generalist > 0).then(|| (combined as f64 - generalist as f64) / generalist as f64)
}

/// Percentiles 2.5 and 97.5 of the relative change over draws of as many examples, put back, both predictions of an
/// example together.
fn interval(outcomes: &[Outcome], seed: u64) -> Option<(f64, f64)> {
    let examples = u32::try_from(outcomes.len()).ok().filter(|examples| *examples > 0)?;
    let mut generator = stream(seed, Purpose::Bootstrap, 0, 0);
    let mut draw = || {
        let drawn = (0..examples).map(|_| outcomes[below(&mut generator, examples) as usize]);
        let (generalist, combined) = right(drawn);
        relative_change(generalist, combined)
    };
    let mut changes = (0..DRAWS).map(|_| draw()).collect::<Option<Vec<f64>>>()?;
    changes.sort_by(f64::total_cmp);
    let percentile = |share: f64| changes[(share * (DRAWS - 1) as f64).round() as usize];
    Some((percentile(0.025), percentile(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_counted_by_the_specialists_that_know_their_class() {
        let labels = [0, 0, 1, 1, 2, 2, 3];
        let generalist = [0, 1, 1, 1, 2, 0, 0];
        let combined = [0, 0, 1, 0, 2, 0, 0];
        let table = covering_table(&labels, &generalist, &combined, &[vec![0, 1], vec![0], vec![1, 0]], 1);
        let found: Vec<_> = table.rows.iter().map(|row| (row.covering, row.comparison)).collect();
        let counts: Vec<_> = found
            .iter()
            .map(|(k, c)| (*k, c.examples, c.generalist_errors, c.combined_errors, c.relative_change))
            .collect();
        assert_eq!(counts, [(0, 3, 2, 2, Some(0.0)), (2, 2, 0, 1, Some(-0.5)), (3, 2, 1, 0, Some(1.0))]);
        assert_eq!((table.all.examples, table.all.generalist_errors, table.all.combined_errors), (7, 3, 3));
        assert_eq!(table.all.relative_change, Some(0.0));
    }

    #[test]
    fn what_has_no_value_has_none() {
        let wrong = covering_table(&[0, 0], &[1, 1], &[0, 1], &[vec![0]], 1);
        assert_eq!((wrong.all.relative_change, wrong.all.interval), (None, None));
        let nothing = covering_table(&[], &[], &[], &[vec![0]], 1);
        assert!(nothing.rows.is_empty() && nothing.all.examples == 0 && nothing.all.interval.is_none());
        let no_sets: [Vec<usize>; 0] = [];
        assert_eq!(covering_table(&[0], &[0], &[0], &no_sets, 1).rows[0].covering, 0);
    }

    /// `scipy.stats.bootstrap` (scipy 1.17.1, paired, percentile, 20,000 draws) gives 0.0314 to 0.0661 for 2,000
    /// examples of which the generalist gets 60 right alone, its specialists 140 alone, and both 1,600.
    #[test]
    fn the_interval_is_scipys() {
        let labels = vec![0; 2000];
        let generalist: Vec<usize> = (0..2000).map(|i| usize::from(i >= 1660)).collect();
        let combined: Vec<usize> = (0..2000).map(|i| usize::from(!(60..1800).contains(&i))).collect();
        let found = covering_table(&labels, &generalist, &combined, &[vec![0]], 3);
        let (low, high) = found.all.interval.unwrap();
        assert_eq!(found.all.relative_change, Some(80.0 / 1660.0));
        assert!((low - 0.0314).abs() < 2e-3 && (high - 0.0661).abs() < 2e-3, "{low} to {high}");
        assert_eq!(covering_table(&labels, &generalist, &combined, &[vec![0]], 3), found);
    }
}
