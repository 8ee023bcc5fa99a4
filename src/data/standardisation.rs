//! Pixels to numbers with mean zero and deviation one.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{DataError, ImageShape, Split};

/// Deviations below this are taken as this: a constant channel must not divide by zero.
const SMALLEST_STD: f64 = 1e-6;

/// The mean and the standard deviation of each channel, of pixel / 255: a network sees `(pixel / 255 - mean) / std`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardisation {
    /// One mean a channel, in 0 to 1.
    pub mean: Vec<f32>,
    /// One standard deviation a channel, above 0.
    pub std: Vec<f32>,
}

impl Standardisation {
    /// Pixels as they are, 0 to 1: means 0, deviations 1.
    pub fn identity(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], std: vec![1.0; channels] }
    }

    /// Measures every pixel of every image of the split; the (population) deviation is at least 1e-6.
    ///
    /// The sums are whole numbers, so the result depends neither on the order of the images nor on the threads.
    /// An empty split gives the identity.
    pub fn measure(split: &Split) -> Self {
        let channels = split.shape().channels;
        let values = split.len() * split.shape().plane();
        if values == 0 {
            return Self::identity(channels);
        }
        let zero = || vec![Sums::default(); channels];
        let sums = (0..split.len())
            .into_par_iter()
            .fold(zero, |sums, i| add_image(sums, split.image(i)))
            .reduce(zero, |left, right| left.into_iter().zip(right).map(|(a, b)| a.plus(b)).collect());
        let (mean, std) = sums.iter().map(|sums| sums.mean_and_std(values)).unzip();
        Self { mean, std }
    }

    /// Standardises images of `shape`: `bytes` and `out` are both `[n, channels, height, width]`, for any `n`.
    ///
    /// # Panics
    /// If the channels do not fit `shape`, or the lengths differ.
    pub fn apply(&self, shape: ImageShape, bytes: &[u8], out: &mut [f32]) {
        assert_eq!(self.mean.len(), shape.channels, "one mean a channel");
        assert_eq!(self.std.len(), shape.channels, "one deviation a channel");
        assert_eq!(bytes.len(), out.len(), "a number for each byte");
        let planes = bytes.chunks_exact(shape.plane()).zip(out.chunks_exact_mut(shape.plane()));
        for (i, (plane, numbers)) in planes.enumerate() {
            let (mean, std) = (self.mean[i % shape.channels], self.std[i % shape.channels]);
            for (number, &byte) in numbers.iter_mut().zip(plane) {
                *number = (f32::from(byte) / 255.0 - mean) / std;
            }
        }
    }

    /// Checks that this can standardise images of `channels` channels.
    ///
    /// # Errors
    /// If there are more or fewer means or deviations, or one of them makes no sense.
    pub fn validate(&self, channels: usize) -> Result<(), DataError> {
        let (mean, std) = (self.mean.len(), self.std.len());
        if mean != channels || std != channels {
            return Err(DataError::StandardisationChannels { mean, std, channels });
        }
        let sound = self.mean.iter().all(|mean| mean.is_finite()) && self.std.iter().all(|std| std.is_normal());
        let positive = self.std.iter().all(|&std| std > 0.0);
        if sound && positive { Ok(()) } else { Err(DataError::StandardisationValues) }
    }
}

/// Sums over the bytes of one channel, exact.
#[derive(Clone, Copy, Default)]
struct Sums {
    bytes: u64,
    squares: u64,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, squares: self.squares + other.squares }
    }

    fn of(plane: &[u8]) -> Self {
        let mut sums = Self::default();
        for &byte in plane {
            let byte = u64::from(byte);
            sums.bytes += byte;
            sums.squares += byte * byte;
        }
        sums
    }

    fn mean_and_std(self, values: usize) -> (f32, f32) {
        let count = values as f64;
        let mean = self.bytes as f64 / count / 255.0;
        // n * squares - bytes^2 is n^2 times the variance. In whole numbers the subtraction cancels nothing.
        let spread = values as u128 * u128::from(self.squares) - u128::from(self.bytes).pow(2);
        let std = (spread as f64).sqrt() / count / 255.0;
        (mean as f32, std.max(SMALLEST_STD) as f32)
    }
}

fn add_image(sums: Vec<Sums>, image: &[u8]) -> Vec<Sums> {
    let planes = image.chunks_exact(image.len() / sums.len());
    sums.into_iter().zip(planes).map(|(sums, plane)| sums.plus(Sums::of(plane))).collect()
}
