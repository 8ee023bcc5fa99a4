//! The axis of values: its bins, its ticks, and how a histogram is spread over it.
//!
//! Linear, or symmetric about zero and logarithmic in the magnitude, with one band for all that is nearer to zero than
//! its lowest decade. Every step of a picture shares one axis, so that steps can be compared.

use crate::train::Histogram;
use crate::ui::app::Reach;
use crate::ui::curves::axis::nice_step;

/// Bins on each side of zero where there are negative values; without them one side has twice as many.
const BINS: usize = 48;
/// The band around zero is as wide as so many bins: what it holds is often most of all.
const ZERO_WIDTH: usize = 5;
/// A logarithmic axis shows no more decades than this on each side.
const MOST_DECADES: i32 = 6;

/// What an axis shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AxisRange {
    pub(super) log: bool,
    pub(super) has_negative: bool,
    /// Lowest magnitude outside the band around zero; 0 on a linear axis.
    low: f64,
    high: f64,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct ValueAxis {
    pub(super) range: AxisRange,
    /// Ascending, one more than bins.
    edges: Vec<f64>,
    /// First row of each bin, and the number of rows at the end.
    rows: Vec<usize>,
}

impl AxisRange {
    /// Round numbers that hold nearly all values (linear) or all of them (logarithmic).
    pub(super) fn covering(reach: Reach, log: bool) -> Self {
        let Reach { low, typical, high, has_negative } = reach;
        if !log {
            let step = nice_step(typical / 8.0);
            let high = if typical > 0.0 { (typical / step - 1e-9).ceil() * step } else { 1.0 };
            return Self { log, has_negative, low: 0.0, high };
        }
        let high = if high > 0.0 { nice_step(high) } else { 1.0 };
        let top = (high.log10() - 1e-9).ceil() as i32;
        let wanted = if low > 0.0 { low.log10().floor() as i32 } else { top - 1 };
        Self { log, has_negative, low: 10f64.powi(wanted.clamp(top - MOST_DECADES, top - 1)), high }
    }
}

impl ValueAxis {
    pub(super) fn new(range: AxisRange) -> Self {
        let AxisRange { log, has_negative, low, high } = range;
        let at = |index: usize, bins: usize| index as f64 / bins as f64;
        let side = |bins: usize| (0..=bins).map(move |index| low * (high / low).powf(at(index, bins)));
        let edges: Vec<f64> = match (log, has_negative) {
            (false, true) => (0..=2 * BINS + 1).map(|index| high * (2.0 * at(index, 2 * BINS + 1) - 1.0)).collect(),
            (false, false) => (0..=2 * BINS).map(|index| high * at(index, 2 * BINS)).collect(),
            (true, true) => {
                side(BINS).map(|edge| -edge).collect::<Vec<_>>().into_iter().rev().chain(side(BINS)).collect()
            }
            (true, false) => std::iter::once(0.0).chain(side(2 * BINS)).collect(),
        };
        let zero_bin = log.then_some(if has_negative { BINS } else { 0 });
        let mut rows = vec![0];
        let mut next = 0;
        for bin in 0..edges.len() - 1 {
            next += if Some(bin) == zero_bin { ZERO_WIDTH } else { 1 };
            rows.push(next);
        }
        Self { range, edges, rows }
    }

    pub(super) fn bins(&self) -> usize {
        self.edges.len() - 1
    }

    /// All bins together.
    pub(super) fn rows(&self) -> usize {
        self.rows.last().copied().unwrap_or(0)
    }

    /// The rows of a bin, from below.
    pub(super) fn rows_of(&self, bin: usize) -> std::ops::Range<usize> {
        self.rows[bin]..self.rows[bin + 1]
    }

    /// Lowest and highest value of a bin.
    pub(super) fn edges_of(&self, bin: usize) -> (f64, f64) {
        (self.edges[bin], self.edges[bin + 1])
    }

    /// The bin at a place from 0 (lowest) to 1.
    pub(super) fn bin_at(&self, place: f32) -> Option<usize> {
        let row = (0.0..1.0).contains(&place).then_some((place * self.rows() as f32) as usize)?;
        Some(self.rows.partition_point(|first| *first <= row).clamp(1, self.bins()) - 1)
    }

    /// Where a value stands, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> Option<f32> {
        let bin = self.bin_of(value)?;
        let ((low, high), rows) = (self.edges_of(bin), self.rows_of(bin));
        let within = (value - low) / (high - low);
        Some((rows.start as f64 + within * rows.len() as f64) as f32 / self.rows() as f32)
    }

    fn bin_of(&self, value: f64) -> Option<usize> {
        let inside = value >= self.edges[0] && value <= self.edges[self.bins()];
        inside.then(|| self.edges.partition_point(|edge| *edge <= value).clamp(1, self.bins()) - 1)
    }

    /// Share of the finite values in each bin. A count whose bin lies across several here is spread evenly over them; what
    /// lies beyond the axis is left out.
    pub(super) fn shares(&self, histogram: &Histogram) -> Vec<f32> {
        let mut sums = vec![0.0f64; self.bins()];
        let (lowest, highest) = (self.edges[0], self.edges[self.bins()]);
        for &(bin, count) in &histogram.bins {
            let (low, high) = histogram.span(bin);
            let count = f64::from(count);
            if high <= low {
                if let Some(only) = self.bin_of(low) {
                    sums[only] += count;
                }
                continue;
            }
            let Some(first) = self.bin_of(low.clamp(lowest, highest)) else { continue };
            for (index, sum) in sums.iter_mut().enumerate().skip(first) {
                let (from, to) = self.edges_of(index);
                if from >= high {
                    break;
                }
                *sum += count * ((to.min(high) - from.max(low)) / (high - low)).max(0.0);
            }
        }
        sums.into_iter().map(|sum| (sum / histogram.finite.max(1) as f64) as f32).collect()
    }

    /// Values to be marked where at most `count` of them have room.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        let AxisRange { log, has_negative, low, high } = self.range;
        let sides = if has_negative { 2 } else { 1 };
        let each = (count.saturating_sub(1) / sides).max(1);
        let positive: Vec<f64> = if log {
            let (first, last) = (low.log10().round() as i32, (high.log10() + 1e-9).floor() as i32);
            let stride = ((last - first + 1).max(1) as usize).div_ceil(each);
            (first..=last).rev().step_by(stride).map(|decade| 10f64.powi(decade)).collect()
        } else {
            let step = nice_step(high / each as f64);
            (1..=(high / step + 1e-9) as usize).map(|index| step * index as f64).collect()
        };
        let negative = positive.iter().filter(|_| has_negative).map(|value| -value);
        negative.chain([0.0]).chain(positive.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(log: bool, values: &[f32]) -> (ValueAxis, Histogram) {
        let histogram = Histogram::of_values(values);
        let mut history = crate::ui::app::HistogramHistory::default();
        let layer = crate::train::LayerHistogram {
            layer: "fc1".to_owned(),
            quantity: crate::train::Quantity::Weights,
            histogram: histogram.clone(),
        };
        let run = crate::engine::RunId(1);
        history.push(crate::engine::HistogramLook { run, step: 1, epoch: 0.0, layers: vec![layer] });
        (ValueAxis::new(AxisRange::covering(history.looks()[0].reaches[0], log)), histogram)
    }

    /// Weights, gradients, and activations with a spike at zero.
    fn cases() -> [Vec<f32>; 3] {
        let bell = |index: usize| (0..8).map(|k| ((index * 31 + k * 17) % 101) as f32 / 50.0 - 1.0).sum::<f32>();
        let of = |scale: f32| (0..4_000).map(|index| bell(index) * scale).collect::<Vec<f32>>();
        [of(1e-2), of(1e-6), of(1.0).into_iter().map(|value| value.max(0.0)).collect()]
    }

    #[test]
    fn nearly_every_value_is_on_the_axis_and_none_is_there_twice() {
        for log in [false, true] {
            for values in cases() {
                let (axis, histogram) = axis(log, &values);
                let sum: f32 = axis.shares(&histogram).iter().sum();
                assert!(sum <= 1.000_01 && sum >= if log { 0.999_9 } else { 0.997 }, "{sum} of {:?}", axis.range);
            }
        }
    }

    #[test]
    fn zero_stands_in_the_middle_or_at_the_bottom() {
        for log in [false, true] {
            let [weights, _, activations] = cases();
            let (signed, _) = axis(log, &weights);
            assert!(signed.place(0.0).is_some_and(|place| (place - 0.5).abs() < 1e-6));
            let mirrored = signed.place(0.01).zip(signed.place(-0.01)).map(|(a, b)| (a + b - 1.0).abs());
            assert!(mirrored.is_some_and(|distance| distance < 1e-5), "{mirrored:?}");
            let (unsigned, histogram) = axis(log, &activations);
            assert_eq!(unsigned.place(0.0), Some(0.0));
            let shares = unsigned.shares(&histogram);
            let zeros = histogram.zeros as f32 / histogram.finite as f32;
            assert!(zeros > 0.3 && shares[0] >= zeros && shares[0] < zeros + 0.1, "{zeros} zeros, {} shown", shares[0]);
        }
    }

    #[test]
    fn bins_places_and_ticks_agree() {
        for log in [false, true] {
            for values in cases() {
                let (axis, _) = axis(log, &values);
                for bin in 0..axis.bins() {
                    let (low, high) = axis.edges_of(bin);
                    let middle = axis.place(f64::midpoint(low, high)).unwrap();
                    assert_eq!(axis.bin_at(middle), Some(bin));
                }
                for count in [3, 5, 9] {
                    let ticks = axis.ticks(count);
                    assert!(ticks.len() <= count + 2 && ticks.contains(&0.0), "{ticks:?}");
                    assert!(ticks.iter().all(|tick| axis.place(*tick).is_some()), "{ticks:?} on {:?}", axis.range);
                }
            }
        }
    }

    #[test]
    fn all_zeros_still_have_an_axis() {
        for log in [false, true] {
            let (axis, histogram) = axis(log, &[0.0; 10]);
            assert_eq!(axis.shares(&histogram).iter().sum::<f32>(), 1.0);
        }
    }
}
