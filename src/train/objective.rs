//! What training makes small: a loss at the logits and its gradient there.
//!
//! The same formulas stand twice: over a batch by tensor operations, for what flows back; over one row in double
//! precision, for the values that are read and shown. A test holds both to finite differences.

use crate::nets::{log_softmax_at, softmax_at};
use burn::tensor::{Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};

/// A loss over the logits `z` of one example, with `v` a teacher's logits of the same example and `N` classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Loss {
    /// Cross-entropy with the labels.
    #[default]
    Hard,
    /// Cross-entropy with labels of which a share `smoothing` is spread over all classes (Szegedy et al. 2016, section 7).
    Smoothed { smoothing: f64 },
    /// `alpha T^2 CE(softmax(v / T), softmax(z / T)) + (1 - alpha) CE(label, softmax(z))` (Hinton, Vinyals and Dean 2015,
    /// section 2).
    Distilled { temperature: f64, alpha: f64 },
    /// `alpha / (2 N) |z - v|^2 + (1 - alpha) CE(label, softmax(z))`, with `z` and `v` shifted to a mean of 0: what
    /// `Distilled` becomes as the temperature grows (section 2.1).
    Logits { alpha: f64 },
}

/// The two parts of a loss, as they stand in the sum: with their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// What the teacher asks for.
    pub soft: f64,
    /// What the labels ask for.
    pub hard: f64,
}

/// The same for the gradient, one value a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientTerms {
    pub soft: Vec<f64>,
    pub hard: Vec<f64>,
}

impl Terms {
    pub fn sum(self) -> f64 {
        self.soft + self.hard
    }
}

impl Loss {
    /// Whether there must be a teacher.
    pub fn needs_teacher(self) -> bool {
        matches!(self, Self::Distilled { .. } | Self::Logits { .. })
    }

    /// # Errors
    /// Names the parameter that makes no sense.
    pub fn check(self) -> Result<(), String> {
        match self {
            Self::Smoothed { smoothing } if !(0.0..1.0).contains(&smoothing) => {
                Err(format!("smoothing is {smoothing}, but must be a share, in 0 to 1 (1 excluded)"))
            }
            Self::Distilled { temperature, .. } if !(temperature > 0.0 && temperature.is_finite()) => {
                Err(format!("the temperature is {temperature}, but must be a number above 0"))
            }
            Self::Distilled { alpha, .. } | Self::Logits { alpha } if !(0.0..=1.0).contains(&alpha) => {
                Err(format!("alpha is {alpha}, but must be in 0 (labels only) to 1 (soft targets only)"))
            }
            _ => Ok(()),
        }
    }

    /// Of one row. `label`: none where the example has none, which leaves the hard part out. `teacher`: empty where there
    /// is none.
    pub fn terms(self, logits: &[f32], teacher: &[f32], label: Option<usize>) -> Terms {
        let cross_entropy = |label: usize| cross_entropy(logits, label);
        let hard = |weight: f64| label.map_or(0.0, |label| weight * cross_entropy(label));
        match self {
            Self::Hard => Terms { soft: 0.0, hard: hard(1.0) },
            Self::Smoothed { smoothing } => {
                let logs = log_softmax_at(logits, 1.0);
                let spread = -logs.iter().sum::<f64>() / logs.len() as f64;
                let smoothed = |label| (1.0 - smoothing) * cross_entropy(label) + smoothing * spread;
                Terms { soft: 0.0, hard: label.map_or(0.0, smoothed) }
            }
            Self::Distilled { temperature, alpha } => {
                let soft = soft_cross_entropy(logits, teacher, temperature);
                Terms { soft: alpha * temperature * temperature * soft, hard: hard(1.0 - alpha) }
            }
            Self::Logits { alpha } => {
                let distance = differences(logits, teacher).map(|difference| difference * difference).sum::<f64>();
                Terms { soft: alpha * distance / (2.0 * logits.len() as f64), hard: hard(1.0 - alpha) }
            }
        }
    }

    /// d(loss)/d(logits) of one row; see [`terms`](Self::terms).
    pub fn gradients(self, logits: &[f32], teacher: &[f32], label: Option<usize>) -> GradientTerms {
        let classes = logits.len();
        let hard = |weight: f64, smoothing: f64| {
            let Some(label) = label else { return vec![0.0; classes] };
            let mut gradient = softmax_at(logits, 1.0);
            for (class, value) in gradient.iter_mut().enumerate() {
                let target = smoothing / classes as f64 + if class == label { 1.0 - smoothing } else { 0.0 };
                *value = weight * (*value - target);
            }
            gradient
        };
        match self {
            Self::Hard => GradientTerms { soft: vec![0.0; classes], hard: hard(1.0, 0.0) },
            Self::Smoothed { smoothing } => GradientTerms { soft: vec![0.0; classes], hard: hard(1.0, smoothing) },
            Self::Distilled { temperature, alpha } => {
                let (own, targets) = (softmax_at(logits, temperature), softmax_at(teacher, temperature));
                let soft = own.iter().zip(targets).map(|(own, target)| alpha * temperature * (own - target)).collect();
                GradientTerms { soft, hard: hard(1.0 - alpha, 0.0) }
            }
            Self::Logits { alpha } => {
                let scale = alpha / classes as f64;
                let soft = differences(logits, teacher).map(|difference| scale * difference).collect();
                GradientTerms { soft, hard: hard(1.0 - alpha, 0.0) }
            }
        }
    }

    /// Adds what the teacher and the label ask of one row, weighted as in the gradient: that is what the student's own
    /// logits say, weighted so, less this.
    fn add_wanted(self, row: &mut [f32], teacher: &[f32], label: Option<usize>) {
        let (smoothing, hard) = match self {
            Self::Hard => (0.0, 1.0),
            Self::Smoothed { smoothing } => (smoothing, 1.0),
            Self::Distilled { temperature, alpha } => {
                for (wanted, target) in row.iter_mut().zip(softmax_at(teacher, temperature)) {
                    *wanted += (alpha * temperature * target) as f32;
                }
                (0.0, 1.0 - alpha)
            }
            Self::Logits { alpha } => {
                let (mean, scale) = (mean(teacher), alpha / teacher.len() as f64);
                for (wanted, logit) in row.iter_mut().zip(teacher) {
                    *wanted += (scale * (f64::from(*logit) - mean)) as f32;
                }
                (0.0, 1.0 - alpha)
            }
        };
        let Some(label) = label else { return };
        let spread = (hard * smoothing / row.len() as f64) as f32;
        for wanted in row.iter_mut().filter(|_| spread > 0.0) {
            *wanted += spread;
        }
        row[label] += (hard * (1.0 - smoothing)) as f32;
    }
}

/// `CE(softmax(v / T), softmax(z / T))` in nats, in one pass: every step of training reads it for every row.
fn soft_cross_entropy(logits: &[f32], teacher: &[f32], temperature: f64) -> f64 {
    let (highest, highest_of_teacher) = (highest(logits), highest(teacher));
    let (mut sum, mut weights, mut weighted) = (0.0, 0.0, 0.0);
    for (z, v) in logits.iter().zip(teacher) {
        let scaled = f64::from(z - highest) / temperature;
        let weight = (f64::from(v - highest_of_teacher) / temperature).exp();
        sum += scaled.exp();
        weights += weight;
        weighted += weight * scaled;
    }
    sum.ln() - weighted / weights
}

/// `z - v`, both shifted to a mean of 0.
fn differences(logits: &[f32], teacher: &[f32]) -> impl Iterator<Item = f64> {
    let shift = mean(logits) - mean(teacher);
    logits.iter().zip(teacher).map(move |(z, v)| f64::from(*z) - f64::from(*v) - shift)
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

fn highest(logits: &[f32]) -> f32 {
    logits.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// The angle in degrees between what logit matching and distillation at a temperature send back, over all rows of
/// `[examples, classes]` at once. It goes to 0 as the temperature grows (Hinton, Vinyals and Dean 2015, section 2.1). None
/// where a gradient is zero.
pub fn matching_angle(logits: &[f32], teacher: &[f32], classes: usize, temperature: f64) -> Option<f64> {
    let distilled = Loss::Distilled { temperature, alpha: 1.0 };
    let matched = Loss::Logits { alpha: 1.0 };
    let (mut product, mut norms) = (0.0, (0.0, 0.0));
    for (row, teacher) in logits.chunks_exact(classes).zip(teacher.chunks_exact(classes)) {
        let (a, b) = (distilled.gradients(row, teacher, None).soft, matched.gradients(row, teacher, None).soft);
        product += a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
        norms.0 += a.iter().map(|a| a * a).sum::<f64>();
        norms.1 += b.iter().map(|b| b * b).sum::<f64>();
    }
    let scale = (norms.0 * norms.1).sqrt();
    (scale > 0.0).then(|| (product / scale).clamp(-1.0, 1.0).acos().to_degrees())
}

/// What one batch is to make small.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    pub loss: Loss,
    /// A teacher's logits, `[batch, classes]`; empty where the loss needs none.
    pub teacher: &'a [f32],
    /// Whether the labels are known.
    pub labelled: bool,
}

impl Goal<'static> {
    /// Cross-entropy with the labels.
    pub const LABELS: Self = Self { loss: Loss::Hard, teacher: &[], labelled: true };
}

/// A loss of one batch at the logits: what flows back, without the value itself, which is computed in double precision
/// where it is read ([`Loss::terms`]).
///
/// Every gradient here is what the student says less what it should say, both weighted alike. The second part does not
/// depend on the student: it is put together row by row, before the batch goes to a device.
pub struct Objective {
    loss: Loss,
    labelled: bool,
    /// `[batch, classes]`.
    wanted: Tensor<2>,
}

impl Objective {
    /// Cross-entropy with one true class an example.
    pub fn hard(labels: &[usize], classes: usize, like: &Tensor<4>) -> Self {
        Self::new(&Goal::LABELS, labels, classes, like)
    }

    pub fn new(goal: &Goal<'_>, labels: &[usize], classes: usize, like: &Tensor<4>) -> Self {
        let mut wanted = vec![0.0; labels.len() * classes];
        for (index, (row, &label)) in wanted.chunks_exact_mut(classes).zip(labels).enumerate() {
            let teacher = goal.teacher.get(index * classes..(index + 1) * classes).unwrap_or_default();
            goal.loss.add_wanted(row, teacher, goal.labelled.then_some(label));
        }
        let wanted = Tensor::from_data(TensorData::new(wanted, [labels.len(), classes]), &like.device());
        Self { loss: goal.loss, labelled: goal.labelled, wanted }
    }

    /// d(mean loss)/d(logits), `[batch, classes, 1, 1]`; for hard labels (softmax(logits) - targets) / batch.
    pub fn gradient(&self, logits: &Tensor<4>) -> Tensor<4> {
        let [batch, classes, _, _] = logits.dims();
        let z: Tensor<2> = logits.clone().reshape([batch, classes]);
        let hard =
            |weight: f64| (self.labelled && weight > 0.0).then(|| activation::softmax(z.clone(), 1).mul_scalar(weight));
        let (soft, hard) = match self.loss {
            Loss::Hard | Loss::Smoothed { .. } => (None, hard(1.0)),
            Loss::Distilled { temperature, alpha } => {
                let softened = activation::softmax(z.clone().div_scalar(temperature), 1);
                (Some(softened.mul_scalar(alpha * temperature)), hard(1.0 - alpha))
            }
            Loss::Logits { alpha } => {
                let centred = z.clone() - z.clone().mean_dim(1);
                (Some(centred.mul_scalar(alpha / classes as f64)), hard(1.0 - alpha))
            }
        };
        let said = [soft, hard].into_iter().flatten().reduce(|soft, hard| soft + hard);
        let gradient = said.map_or_else(|| z.zeros_like(), |said| said - self.wanted.clone());
        gradient.div_scalar(batch as f64).reshape([batch, classes, 1, 1])
    }
}

/// Cross-entropy of one row of logits: log(sum of exp) minus the true class's logit, in nats.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let highest = highest(logits);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - highest).exp()).sum();
    sum.ln() - f64::from(logits[label] - highest)
}

/// Probabilities from logits, row by row.
pub fn softmax_rows(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut probabilities = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let highest = highest(row);
        let sum: f32 = row.iter().map(|&logit| (logit - highest).exp()).sum();
        probabilities.extend(row.iter().map(|&logit| (logit - highest).exp() / sum));
    }
    probabilities
}
