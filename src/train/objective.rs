//! What training makes small: a loss at the logits and its gradient there.

use burn::tensor::{Tensor, TensorData, activation};

/// A loss at the logits: what flows back, without the value itself, which is computed in double precision where it is
/// read ([`cross_entropy`]).
pub struct Objective {
    /// `[batch, classes]`, each row a distribution.
    targets: Tensor<2>,
}

impl Objective {
    /// Cross-entropy with one true class an example.
    pub fn hard(labels: &[usize], classes: usize, like: &Tensor<4>) -> Self {
        let mut one_hot = vec![0.0f32; labels.len() * classes];
        for (row, &label) in one_hot.chunks_exact_mut(classes).zip(labels) {
            row[label] = 1.0;
        }
        let data = TensorData::new(one_hot, [labels.len(), classes]);
        Self { targets: Tensor::from_data(data, &like.device()) }
    }

    /// d(mean loss)/d(logits) = (softmax(logits) - targets) / batch, `[batch, classes, 1, 1]`.
    pub fn gradient(&self, logits: &Tensor<4>) -> Tensor<4> {
        let [batch, classes, _, _] = logits.dims();
        let probabilities = activation::softmax(logits.clone().reshape([batch, classes]), 1);
        (probabilities - self.targets.clone()).div_scalar(batch as f64).reshape([batch, classes, 1, 1])
    }
}

/// Cross-entropy of one row of logits: log(sum of exp) minus the true class's logit, in nats.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - highest).exp()).sum();
    sum.ln() - f64::from(logits[label] - highest)
}

/// Probabilities from logits, row by row.
pub fn softmax_rows(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut probabilities = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = row.iter().map(|&logit| (logit - highest).exp()).sum();
        probabilities.extend(row.iter().map(|&logit| (logit - highest).exp() / sum));
    }
    probabilities
}
