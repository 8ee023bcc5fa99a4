//! From logits to distributions, in double precision and without overflow: softened by a temperature, or not.

/// The soft targets of Hinton, Vinyals and Dean 2015, equation 1: `q_i = exp(z_i / T) / sum_j exp(z_j / T)`, over one row
/// of logits. `temperature` is above 0.
pub fn softmax_at(logits: &[f32], temperature: f64) -> Vec<f64> {
    let mut probabilities = scaled(logits, temperature);
    for value in &mut probabilities {
        *value = value.exp();
    }
    let sum: f64 = probabilities.iter().sum();
    for value in &mut probabilities {
        *value /= sum;
    }
    probabilities
}

/// Natural logarithms of [`softmax_at`]: finite also where the probability itself is too small to be one.
pub fn log_softmax_at(logits: &[f32], temperature: f64) -> Vec<f64> {
    let mut logs = scaled(logits, temperature);
    let log_sum = logs.iter().map(|value| value.exp()).sum::<f64>().ln();
    for value in &mut logs {
        *value -= log_sum;
    }
    logs
}

/// Index of the highest logit, the first of equals.
pub fn most_likely(logits: &[f32]) -> usize {
    let mut best = 0;
    for (index, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = index;
        }
    }
    best
}

/// `(z_i - max z) / T`: at most 0.
fn scaled(logits: &[f32], temperature: f64) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().map(|&logit| f64::from(logit - highest) / temperature).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.special.softmax` of `[1, 2, 4]` and of a quarter of it, scipy 1.17.
    #[test]
    fn soft_targets_are_those_of_scipy() {
        for (temperature, expected) in [
            (1.0, [0.042_010_066_134_066_05, 0.114_195_199_384_594_49, 0.843_794_734_481_339_5]),
            (4.0, [0.227_219_773_017_780_6, 0.291_755_963_728_849_77, 0.481_024_263_253_369_67]),
        ] {
            for (found, expected) in softmax_at(&[1.0, 2.0, 4.0], temperature).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for temperature in [0.05, 1.0, 20.0, 1000.0] {
            for row in [[1000.0f32, -1000.0, 0.0], [-1000.0, -1000.0, -1000.0]] {
                let (p, logs) = (softmax_at(&row, temperature), log_softmax_at(&row, temperature));
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?} at {temperature}");
                assert!(logs.iter().all(|log| log.is_finite() && *log <= 0.0), "{row:?} at {temperature}");
            }
        }
    }
}
