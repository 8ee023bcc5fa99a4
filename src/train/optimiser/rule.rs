//! The update rules with their constants of one step worked out.

use super::{OptimiserKind, OptimiserSettings};

/// SGD (with momentum, Nesterov), Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), in the form of
/// PyTorch's documentation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Sgd { rate: f64, momentum: f64, nesterov: bool, clip: f64, decay: f64 },
    Adam(AdamStep),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AdamStep {
    /// Learning rate over the bias correction of the first moment.
    pub(super) rate: f64,
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
    /// 1 / sqrt of the bias correction of the second moment.
    pub(super) second_scale: f64,
    pub(super) clip: f64,
    /// L2 penalty, added to the gradient.
    pub(super) decay: f64,
    /// What is left of the weight before the step (AdamW's decoupled decay).
    pub(super) shrink: f64,
}

impl Rule {
    pub(super) fn new(
        kind: OptimiserKind,
        settings: &OptimiserSettings,
        rate: f64,
        clip: f64,
        decays: bool,
        step: u64,
    ) -> Self {
        let decay = if decays { settings.weight_decay } else { 0.0 };
        if kind == OptimiserKind::Sgd {
            return Self::Sgd { rate, momentum: settings.momentum, nesterov: settings.nesterov, clip, decay };
        }
        let decoupled = kind == OptimiserKind::AdamW;
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Self::Adam(AdamStep {
            rate: rate / correction(settings.beta1),
            beta1: settings.beta1,
            beta2: settings.beta2,
            epsilon: settings.epsilon,
            second_scale: 1.0 / correction(settings.beta2).sqrt(),
            clip,
            decay: if decoupled { 0.0 } else { decay },
            shrink: if decoupled { 1.0 - rate * decay } else { 1.0 },
        })
    }
}
