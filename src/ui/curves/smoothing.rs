//! The debiased exponential moving average of `TensorBoard`, kept going point by point.

/// The largest weight there is: at 1 the average would never move.
pub const MAX_WEIGHT: f64 = 0.999;

/// `last = w last + (1 - w) x`, divided by `1 - w^n` so that the first points are not pulled towards zero.
///
/// A value that is not finite passes through and leaves the average as it was.
#[derive(Clone, Copy, Debug)]
pub struct Ema {
    weight: f64,
    last: f64,
    /// `w^n` after `n` finite points.
    decay: f64,
}

impl Ema {
    /// `weight` from 0 (no smoothing) to [`MAX_WEIGHT`], clamped.
    pub fn new(weight: f64) -> Self {
        let weight = if weight.is_nan() { 0.0 } else { weight.clamp(0.0, MAX_WEIGHT) };
        Self { weight, last: 0.0, decay: 1.0 }
    }

    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The average with one more point.
    pub fn push(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return value;
        }
        self.last = self.last * self.weight + (1.0 - self.weight) * value;
        self.decay *= self.weight;
        self.last / (1.0 - self.decay)
    }
}
