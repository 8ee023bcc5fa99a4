//! The filters of the first layer as pictures, and what is wrong with them: the diagnosis by which Zeiler and Fergus 2013,
//! section 4.1 and figure 6, came from filters of 11 x 11 at stride 4 to 7 x 7 at stride 2.

use crate::nets::{LayerKind, Network, ParameterRole, Shape};
use serde::{Deserialize, Serialize};

/// A filter is dead whose RMS is below this share of the median one.
pub const DEAD_SHARE: f64 = 0.1;

/// Two filters are duplicates whose cosine, or its opposite, is above this.
pub const DUPLICATE_COSINE: f64 = 0.95;

/// The filters of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filters {
    pub layer: String,
    /// Of one filter. The channels are those of the image, or of its group in a convolution with groups.
    pub shape: Shape,
    /// `[units]`.
    pub filters: Vec<Filter>,
}

/// The weights that lead into one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// `[channels, height, width]`.
    pub weights: Vec<f32>,
    /// `[height, width]`: magnitude of the two-dimensional discrete Fourier transform, root of the sum of squares over the
    /// channels. Frequency zero stands at (height / 2, width / 2), rounded down.
    pub spectrum: Vec<f32>,
    /// Root of the mean square of the weights.
    pub rms: f64,
    /// Mean spatial frequency, each weighted by its power: from 0 (one value everywhere) to 0.71 (a chessboard of single
    /// pixels), in cycles a pixel.
    pub frequency: f64,
    pub is_dead: bool,
    /// The most similar filter before this one, if it is a duplicate of it. Dead filters have and are none.
    pub duplicate_of: Option<Duplicate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duplicate {
    pub unit: usize,
    /// Negative where one is the other's opposite.
    pub cosine: f64,
}

/// The filters of the lowest layer with weights, if that is a convolution, or a linear layer that sees the image itself.
/// `None` for other networks, as those that begin with a block.
pub fn first_filters(network: &Network) -> Option<Filters> {
    let index = network.parameters().iter().position(|parameter| parameter.role == ParameterRole::Weight)?;
    let parameter = &network.parameters()[index];
    let layer = network.architecture().layers.get(parameter.layer)?;
    let shape = match (&layer.kind, parameter.dims.as_slice()) {
        (LayerKind::Conv2d(_), &[_, channels, height, width]) => Shape::new(channels, height, width),
        (LayerKind::Linear(_), &[_, inputs]) if inputs == network.cuts()[0].units() => network.cuts()[0],
        _ => return None,
    };
    let weights: Vec<f32> = network.value(index).to_data().try_into_vec().expect("parameters are 32-bit floats");
    Some(filters(layer.name.clone(), shape, &weights))
}

/// `weights`: `[units, channels, height, width]`.
fn filters(layer: String, shape: Shape, weights: &[f32]) -> Filters {
    let rows: Vec<&[f32]> = weights.chunks_exact(shape.units().max(1)).collect();
    let rms: Vec<f64> = rows.iter().map(|row| (dot(row, row) / row.len() as f64).sqrt()).collect();
    let least = DEAD_SHARE * median(&rms);
    // Where all weights are zero, all filters are dead.
    let is_dead = |unit: usize| rms[unit] < least || rms[unit] == 0.0;
    let cosine = |a: usize, b: usize| dot(rows[a], rows[b]) / (rms[a] * rms[b] * shape.units() as f64);
    let duplicate = |unit: usize| {
        let living = (0..unit).filter(|&other| !is_dead(other));
        let cosines = living.map(|other| Duplicate { unit: other, cosine: cosine(unit, other) });
        let alike = cosines.filter(|found| !is_dead(unit) && found.cosine.abs() > DUPLICATE_COSINE);
        alike.max_by(|a, b| a.cosine.abs().total_cmp(&b.cosine.abs()))
    };
    let filter = |(unit, row): (usize, &&[f32])| {
        let spectrum = spectrum(row, shape);
        Filter {
            weights: row.to_vec(),
            frequency: mean_frequency(&spectrum, shape),
            spectrum,
            rms: rms[unit],
            is_dead: is_dead(unit),
            duplicate_of: duplicate(unit),
        }
    };
    Filters { layer, shape, filters: rows.iter().enumerate().map(filter).collect() }
}

/// Magnitude of the discrete Fourier transform of `[channels, height, width]`, as [`Filter::spectrum`] has it.
fn spectrum(filter: &[f32], shape: Shape) -> Vec<f32> {
    let (height, width) = (shape.height, shape.width);
    let mut power = vec![0.0; height * width];
    for plane in filter.chunks_exact(height * width) {
        let plane: Vec<Complex> = plane.iter().map(|&value| (f64::from(value), 0.0)).collect();
        let by_column = transform_rows(&plane, height, width);
        let transformed = transform_rows(&by_column, width, height);
        for (sum, (real, imaginary)) in power.iter_mut().zip(transformed) {
            *sum += real * real + imaginary * imaginary;
        }
    }
    let shifted = |place: usize| {
        let (row, column) = (place / width, place % width);
        power[(row + height.div_ceil(2)) % height * width + (column + width.div_ceil(2)) % width]
    };
    (0..height * width).map(|place| shifted(place).sqrt() as f32).collect()
}

type Complex = (f64, f64);

/// The transform of each of `rows` rows of `columns` values, transposed: `[columns, rows]`. Filters are small: summing up
/// is fast enough.
fn transform_rows(values: &[Complex], rows: usize, columns: usize) -> Vec<Complex> {
    let turns: Vec<Complex> = (0..columns)
        .map(|turn| {
            let (sine, cosine) = (-std::f64::consts::TAU * turn as f64 / columns as f64).sin_cos();
            (cosine, sine)
        })
        .collect();
    let mut transposed = vec![(0.0, 0.0); values.len()];
    for (index, row) in values.chunks_exact(columns).enumerate() {
        for frequency in 0..columns {
            let terms = row.iter().enumerate().map(|(place, value)| (value, turns[place * frequency % columns]));
            transposed[frequency * rows + index] =
                terms.fold((0.0, 0.0), |sum, ((real, imaginary), (cosine, sine))| {
                    (sum.0 + real * cosine - imaginary * sine, sum.1 + real * sine + imaginary * cosine)
                });
        }
    }
    transposed
}

/// Of a spectrum as [`Filter::spectrum`] has it; 0 of a filter that is zero.
fn mean_frequency(spectrum: &[f32], shape: Shape) -> f64 {
    let along = |place: usize, side: usize| (place as f64 - (side / 2) as f64) / side as f64;
    let (mut sum, mut power) = (0.0, 0.0);
    for (place, magnitude) in spectrum.iter().enumerate() {
        let (row, column) = (place / shape.width, place % shape.width);
        let own = f64::from(*magnitude).powi(2);
        sum += own * along(row, shape.height).hypot(along(column, shape.width));
        power += own;
    }
    if power > 0.0 { sum / power } else { 0.0 }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// The upper of two middle values.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
