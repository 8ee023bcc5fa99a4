//! The histograms of a run that the window keeps: at most [`MOST_LOOKS`] steps, spread evenly over the run.

use crate::engine::HistogramLook;
use crate::train::Histogram;
use crate::train::histogram::{BINS_PER_SIGN, bin_edges};
use std::sync::Arc;

/// When there would be more, every second one is dropped, and from then on every second one that comes.
pub const MOST_LOOKS: usize = 200;

/// The histograms of one run, oldest first. The last one is always the newest there is.
///
/// A look whose step does not lie after the last one means that the run went back: it replaces what followed.
#[derive(Clone, Debug, Default)]
pub struct HistogramHistory {
    looks: Vec<Look>,
    /// How often every second look was dropped.
    halvings: u32,
    revision: u64,
}

/// All histograms of one step, with how far each of them reaches, worked out once.
#[derive(Clone, Debug)]
pub struct Look {
    pub histograms: Arc<HistogramLook>,
    /// In the order of `histograms.layers`.
    pub reaches: Vec<Reach>,
    /// Among all looks of the run.
    number: u64,
}

/// How far from zero the values of a histogram lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reach {
    /// A hundredth of the magnitudes (bin 0 left out) lie below; 0 when there are none.
    pub low: f64,
    /// All but two in a thousand of them lie below.
    pub typical: f64,
    /// The largest magnitude.
    pub high: f64,
    pub has_negative: bool,
}

impl HistogramHistory {
    pub fn push(&mut self, look: HistogramLook) {
        self.revision += 1;
        while self.looks.last().is_some_and(|last| last.histograms.step >= look.step) {
            self.looks.pop();
        }
        let number = self.looks.last().map_or(0, |last| last.number + 1);
        // What was kept only because it was the newest.
        if self.looks.last().is_some_and(|last| !last.number.is_multiple_of(self.stride())) {
            self.looks.pop();
        }
        let reaches = look.layers.iter().map(|layer| Reach::of(&layer.histogram)).collect();
        self.looks.push(Look { histograms: Arc::new(look), reaches, number });
        if self.looks.len() > MOST_LOOKS {
            self.halvings += 1;
            let stride = self.stride();
            self.looks.retain(|look| look.number.is_multiple_of(stride) || look.number == number);
        }
    }

    /// Oldest first.
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// One look in so many is kept.
    pub fn stride(&self) -> u64 {
        1 << self.halvings
    }

    /// Changes with every look.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

impl Reach {
    /// What holds both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let low = if self.low > 0.0 && other.low > 0.0 { self.low.min(other.low) } else { self.low.max(other.low) };
        Self {
            low,
            typical: self.typical.max(other.typical),
            high: self.high.max(other.high),
            has_negative: self.has_negative || other.has_negative,
        }
    }

    fn of(histogram: &Histogram) -> Self {
        let mut counts = vec![0u64; BINS_PER_SIGN as usize + 1];
        for (bin, count) in &histogram.bins {
            if let Some(place) = counts.get_mut(bin.unsigned_abs() as usize) {
                *place += u64::from(*count);
            }
        }
        let high = histogram.max.max(-histogram.min);
        let away_from_zero: u64 = counts[1..].iter().sum();
        if away_from_zero == 0 {
            return Self { high, ..Self::default() };
        }
        // The first bin at which more than so many are counted.
        let reached = |more_than: f64| {
            let mut sum = 0;
            let found = (1..counts.len()).find(|&bin| {
                sum += counts[bin];
                sum as f64 > more_than
            });
            bin_edges(found.unwrap_or(counts.len() - 1) as i16)
        };
        Self {
            low: reached(away_from_zero as f64 * 0.01).0,
            typical: reached(away_from_zero as f64 * 0.998).1.min(high),
            high,
            has_negative: histogram.min < 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RunId;

    fn look(step: u64) -> HistogramLook {
        HistogramLook { run: RunId(1), step, epoch: 0.0, layers: Vec::new() }
    }

    fn steps(history: &HistogramHistory) -> Vec<u64> {
        history.looks().iter().map(|look| look.histograms.step).collect()
    }

    #[test]
    fn a_long_run_is_thinned_evenly_and_keeps_its_first_and_newest_step() {
        let mut history = HistogramHistory::default();
        for number in 0..10_000 {
            history.push(look(number * 100 + 1));
            let steps = steps(&history);
            assert!(steps.len() <= MOST_LOOKS, "{} looks", steps.len());
            assert_eq!((steps[0], steps[steps.len() - 1]), (1, number * 100 + 1));
            let gaps: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (newest, others) = gaps.split_last().unwrap_or((&0, &[]));
            assert!(others.iter().all(|gap| *gap == history.stride() * 100), "{gaps:?}");
            assert!(*newest <= history.stride() * 100, "{gaps:?}");
        }
        assert_eq!(history.stride(), 64);
    }

    #[test]
    fn a_run_that_went_back_replaces_what_followed() {
        let mut history = HistogramHistory::default();
        for step in [1, 101, 201, 301] {
            history.push(look(step));
        }
        history.push(look(201));
        assert_eq!(steps(&history), [1, 101, 201]);
    }

    #[test]
    fn reach_leaves_out_the_spike_at_zero_and_the_outliers() {
        let mut values = vec![0.0f32; 500];
        values.extend((0..500).map(|index| 0.01 * (1.0 + index as f32 / 500.0)));
        values.push(64.0);
        let reach = Reach::of(&Histogram::of_values(&values));
        assert!((0.009..=0.010_1).contains(&reach.low), "{reach:?}");
        assert!((0.019..=0.021_5).contains(&reach.typical), "{reach:?}");
        assert_eq!((reach.high, reach.has_negative), (64.0, false));
        assert_eq!(Reach::of(&Histogram::of_values(&[0.0, 0.0])), Reach::default());
    }
}
