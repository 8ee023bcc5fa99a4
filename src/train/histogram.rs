//! How the values of a layer are distributed: its weights, their gradients, its activations.
//!
//! All histograms share one set of bins, so that steps, layers and quantities can be compared. The bins are exponential,
//! eight in each doubling: wide enough apart for gradients of 1e-9 and activations of 1e6, and nowhere coarser than an
//! eighth of the value. Bin 0 is everything nearer to zero than [`SMALLEST`].

use crate::nets::{Network, Trace};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// So many values of a tensor are looked at. Of a larger one they are picked at equal distances, and the distance shares
/// no factor with the size, so that no row, column or channel is left out.
pub const MOST_VALUES: usize = 65_536;

/// 2^-40, about 1e-12: what is nearer to zero falls into bin 0.
pub const SMALLEST: f64 = 1.0 / (1u64 << 40) as f64;

/// Bins of positive values, and as many of negative ones: 64 doublings, from 2^-40 to 2^24. What is larger still falls
/// into the last.
pub const BINS_PER_SIGN: i16 = 64 * PER_DOUBLING;

const PER_DOUBLING: i16 = 8;
/// The exponent of `SMALLEST` and the first three digits of its fraction, as a 32-bit float holds them.
const FIRST_KEY: i32 = (127 - 40) * PER_DOUBLING as i32;
/// Digits of the fraction below the bin's.
const BELOW: u32 = 23 - 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Before the update; biases left out.
    Weights,
    /// Of the mean loss of the batch by the weights, before clipping.
    Gradients,
    /// The layer's outputs for the batch.
    Activations,
}

impl Quantity {
    pub const ALL: [Self; 3] = [Self::Weights, Self::Gradients, Self::Activations];

    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Gradients => "gradients",
            Self::Activations => "activations",
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One quantity of one layer during one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerHistogram {
    pub layer: String,
    pub quantity: Quantity,
    #[serde(flatten)]
    pub histogram: Histogram,
}

/// A sample of values, counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Values of the tensor, all of them.
    pub size: u64,
    /// Values looked at that are finite: the sum of all counts.
    pub finite: u64,
    /// Values looked at that are not: infinite, or not a number.
    pub not_finite: u64,
    /// Values that are exactly zero.
    pub zeros: u64,
    /// Of the finite values; 0 where there are none.
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// Root of the mean squared distance from the mean (divided by the count, as numpy's `std`).
    pub deviation: f64,
    /// Bins that are not empty with their counts, ascending. See [`bin_edges`].
    pub bins: Vec<(i16, u32)>,
}

/// Weights and gradients of every layer that has them, activations of every layer, from below. `gradients` has an entry
/// for each parameter of the network; the trace goes through all layers.
pub(super) fn histograms(network: &Network, trace: &Trace, gradients: &[Option<Tensor<1>>]) -> Vec<LayerHistogram> {
    let mut found = Vec::new();
    for (index, layer) in network.architecture().layers.iter().enumerate() {
        let mut add = |quantity, histogram| {
            found.push(LayerHistogram { layer: layer.name.clone(), quantity, histogram });
        };
        // The first parameter of a layer is its weights, or the scales of a batch norm.
        if let Some(parameter) = network.parameters().iter().position(|parameter| parameter.layer == index) {
            add(Quantity::Weights, Histogram::of_tensor(network.value(parameter)));
            if let Some(Some(gradient)) = gradients.get(parameter) {
                add(Quantity::Gradients, Histogram::of_tensor(gradient));
            }
        }
        add(Quantity::Activations, Histogram::of_tensor(trace.activation(index + 1)));
    }
    found
}

/// The bin of a finite value, from -[`BINS_PER_SIGN`] to [`BINS_PER_SIGN`].
pub fn bin_of(value: f32) -> i16 {
    let magnitude = value.abs().to_bits() >> BELOW;
    let bin = (magnitude as i32 - FIRST_KEY + 1).clamp(0, i32::from(BINS_PER_SIGN)) as i16;
    if value < 0.0 { -bin } else { bin }
}

/// Lowest and highest value of a bin: bin `i` > 0 holds low <= x < high, bin `-i` its mirror image. The last bin of each
/// sign also holds what lies beyond.
pub fn bin_edges(bin: i16) -> (f64, f64) {
    let edge = |index: i16| {
        let doublings = i32::from(index / PER_DOUBLING);
        SMALLEST * f64::from(doublings).exp2() * (1.0 + f64::from(index % PER_DOUBLING) / f64::from(PER_DOUBLING))
    };
    match bin {
        0 => (-SMALLEST, SMALLEST),
        1.. => (edge(bin - 1), edge(bin)),
        _ => (-edge(-bin), -edge(-bin - 1)),
    }
}

impl Histogram {
    /// Counts the values of a tensor, or a sample of them: see [`MOST_VALUES`].
    pub fn of_tensor<const D: usize>(tensor: &Tensor<D>) -> Self {
        let size = tensor.dims().iter().product();
        let stride = stride(size);
        let flat: Tensor<1> = tensor.clone().reshape([size]);
        // The sample is picked where the tensor lies, so that only the sample is copied.
        let sample = if stride > 1 {
            let rows = size / stride;
            flat.narrow(0, 0, rows * stride).reshape([rows, stride]).narrow(1, 0, 1).reshape([rows])
        } else {
            flat
        };
        let values: Vec<f32> = sample.into_data().try_into_vec().expect("values are 32-bit floats");
        Self { size: size as u64, ..Self::of_values(&values) }
    }

    /// Counts values.
    pub fn of_values(values: &[f32]) -> Self {
        let mut counts = vec![0u32; 2 * BINS_PER_SIGN as usize + 1];
        let mut found =
            Self { size: values.len() as u64, min: f64::INFINITY, max: f64::NEG_INFINITY, ..Self::default() };
        // Distances from the first value: the sums stay small where all values are alike.
        let origin = f64::from(values.iter().copied().find(|value| value.is_finite()).unwrap_or(0.0));
        let (mut sum, mut squares, mut low, mut high) = (0.0f64, 0.0f64, f32::INFINITY, f32::NEG_INFINITY);
        for &value in values {
            if !value.is_finite() {
                found.not_finite += 1;
                continue;
            }
            counts[(bin_of(value) + BINS_PER_SIGN) as usize] += 1;
            found.zeros += u64::from(value == 0.0);
            low = low.min(value);
            high = high.max(value);
            let distance = f64::from(value) - origin;
            sum += distance;
            squares += distance * distance;
        }
        found.finite = found.size - found.not_finite;
        found.bins = (-BINS_PER_SIGN..).zip(counts).filter(|(_, count)| *count > 0).collect();
        if found.finite == 0 {
            return Self { min: 0.0, max: 0.0, ..found };
        }
        let mean = sum / found.finite as f64;
        found.min = f64::from(low);
        found.max = f64::from(high);
        found.mean = origin + mean;
        found.deviation = (squares / found.finite as f64 - mean * mean).max(0.0).sqrt();
        found
    }

    /// Values looked at.
    pub fn seen(&self) -> u64 {
        self.finite + self.not_finite
    }

    /// Lowest and highest value that a count may stand for: the bin's edges, or the extremes where those are nearer.
    pub fn span(&self, bin: i16) -> (f64, f64) {
        let (low, high) = bin_edges(bin);
        let low = if bin == -BINS_PER_SIGN { self.min } else { low.max(self.min) };
        let high = if bin == BINS_PER_SIGN { self.max } else { high.min(self.max) };
        (low.min(high), high)
    }
}

/// The least distance at which no more than [`MOST_VALUES`] are picked and that shares no factor with `size`.
fn stride(size: usize) -> usize {
    let least = size.div_ceil(MOST_VALUES).max(1);
    (least..=size.max(least)).find(|&stride| greatest_common_divisor(size, stride) == 1).unwrap_or(least)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use proptest::prelude::*;

    #[test]
    fn bins_lie_side_by_side_and_are_never_wider_than_an_eighth() {
        for bin in -BINS_PER_SIGN..BINS_PER_SIGN {
            let ((low, high), (next, _)) = (bin_edges(bin), bin_edges(bin + 1));
            assert!(low < high && high == next, "bin {bin}: {low} to {high}, then {next}");
            assert!(bin == 0 || high - low <= low.abs().min(high.abs()) / 8.0 + 1e-18, "bin {bin}: {low} to {high}");
        }
        assert_eq!(bin_edges(1), (2f64.powi(-40), 2f64.powi(-40) * 1.125));
        assert_eq!(bin_edges(BINS_PER_SIGN).1, 2f64.powi(24));
        assert_eq!(bin_edges(40 * 8 + 1), (1.0, 1.125));
        assert_eq!(bin_edges(-(40 * 8 + 1)), (-1.125, -1.0));
    }

    #[test]
    fn extremes_have_a_bin() {
        assert_eq!([0.0, -0.0, 1e-13, -1e-13, f32::MIN_POSITIVE].map(bin_of), [0; 5]);
        assert_eq!([1.0, 1.1, 1.125, -1.0].map(bin_of), [321, 321, 322, -321]);
        assert_eq!([f32::MAX, f32::MIN].map(bin_of), [BINS_PER_SIGN, -BINS_PER_SIGN]);
    }

    /// Means and deviations as Python's `statistics.fmean` and `statistics.pstdev` give them for these 32-bit floats.
    #[test]
    fn mean_and_deviation_are_the_references() {
        let found = Histogram::of_values(&[0.25, -1.5, 3.0, 0.0, 0.125, -0.75, f32::NAN, f32::INFINITY]);
        assert_eq!((found.size, found.finite, found.not_finite, found.zeros), (8, 6, 2, 1));
        assert_eq!((found.min, found.max), (-1.5, 3.0));
        assert!((found.mean - 0.187_5).abs() < 1e-15, "{}", found.mean);
        assert!((found.deviation - 1.395_211_304_187_768_3).abs() < 1e-14, "{}", found.deviation);
        // Far from zero and close together: a million and 0, 1, 2, 3, of which pstdev is the root of 5/4.
        let far = Histogram::of_values(&[1e6, 1e6 + 1.0, 1e6 + 2.0, 1e6 + 3.0]);
        assert_eq!((far.mean, far.deviation), (1_000_001.5, 1.25f64.sqrt()));
    }

    #[test]
    fn nothing_and_nothing_finite_are_counted_too() {
        assert_eq!(Histogram::of_values(&[]), Histogram::default());
        let found = Histogram::of_values(&[f32::NAN, f32::NEG_INFINITY]);
        assert_eq!((found.finite, found.not_finite, found.min, found.bins.len()), (0, 2, 0.0, 0));
    }

    #[test]
    fn a_large_tensor_is_sampled_in_every_column() {
        for (rows, columns) in [(128, 800), (800, 784), (128, 32 * 28 * 28)] {
            let size = rows * columns;
            let stride = stride(size);
            assert!(size / stride <= MOST_VALUES && size / stride > MOST_VALUES / 3, "{size} by {stride}");
            let mut seen = vec![false; columns];
            (0..size / stride).for_each(|index| seen[index * stride % columns] = true);
            assert!(seen.iter().all(|seen| *seen), "{rows} x {columns} leaves columns out");
        }
        let values: Vec<f32> = (0..800 * 784).map(|index| (index % 784) as f32).collect();
        let tensor = Tensor::<2>::from_data(TensorData::new(values, [800, 784]), &Device::flex());
        let found = Histogram::of_tensor(&tensor);
        assert_eq!((found.size, found.min, found.max), (627_200, 0.0, 783.0));
        assert!(found.seen() <= MOST_VALUES as u64);
        assert!((found.mean - 391.5).abs() < 1.0, "{}", found.mean);
    }

    fn any_value() -> impl Strategy<Value = f32> {
        prop_oneof![any::<f32>(), -1.0f32..1.0, -1e-6f32..1e-6, Just(0.0), Just(f32::NAN), Just(f32::INFINITY)]
    }

    proptest! {
        #[test]
        fn every_value_falls_into_its_bin(value in any_value().prop_filter("finite", |value| value.is_finite())) {
            let bin = bin_of(value);
            let (low, high) = bin_edges(bin);
            let value = f64::from(value);
            let beyond = bin.abs() == BINS_PER_SIGN && value.abs() >= 2f64.powi(24);
            prop_assert!((low..=high).contains(&value) || beyond, "{value} in bin {bin}: {low} to {high}");
        }

        #[test]
        fn counts_sum_to_the_values_seen(values in prop::collection::vec(any_value(), 0..300)) {
            let found = Histogram::of_values(&values);
            let counted: u64 = found.bins.iter().map(|(_, count)| u64::from(*count)).sum();
            prop_assert_eq!(counted, found.finite);
            prop_assert_eq!(found.seen(), values.len() as u64);
            prop_assert!(found.bins.is_sorted_by(|a, b| a.0 < b.0));
            for (bin, _) in &found.bins {
                let (low, high) = found.span(*bin);
                prop_assert!(found.min <= low && low <= high && high <= found.max);
            }
        }

        #[test]
        fn a_histogram_survives_json(values in prop::collection::vec(any_value(), 0..50)) {
            let histogram = Histogram::of_values(&values);
            let before = LayerHistogram { layer: "fc1".to_owned(), quantity: Quantity::Gradients, histogram };
            let after: LayerHistogram = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
            prop_assert_eq!((before.layer, before.quantity), (after.layer, after.quantity));
            prop_assert_eq!(&before.histogram.bins, &after.histogram.bins);
            let (before, after) = (before.histogram, after.histogram);
            for (before, after) in [(before.mean, after.mean), (before.deviation, after.deviation), (before.max, after.max)] {
                prop_assert!((before - after).abs() <= before.abs() * 1e-15 + f64::MIN_POSITIVE);
            }
        }
    }
}
