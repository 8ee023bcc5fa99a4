//! Batch normalisation (Ioffe and Szegedy 2015), as PyTorch computes it.

use super::host::{self, is_host};
use super::{
    Initial, LayerGradients, Mode, Normalised, Operation, ParameterRole, ParameterSpec, Record, Seen, Wanted,
    channel_sums, per_channel,
};
use crate::nets::shape::Shape;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Normalises each channel over batch and space, then scales and shifts it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    #[serde(default = "default_epsilon")]
    pub epsilon: f64,
    /// Share of the newest batch in the running statistics.
    #[serde(default = "default_momentum")]
    pub momentum: f64,
}

fn default_epsilon() -> f64 {
    1e-5
}

fn default_momentum() -> f64 {
    0.1
}

const SCALE: usize = 0;
const SHIFT: usize = 1;
const RUNNING_MEAN: usize = 2;
const RUNNING_VARIANCE: usize = 3;

impl BatchNorm {
    fn in_training(&self, input: Tensor<4>, parameters: &[Tensor<1>]) -> (Tensor<4>, Record) {
        let count = values_per_channel(&input);
        let mean = channel_sums(input.clone()).div_scalar(count);
        let centred = input - per_channel(&mean);
        let variance = channel_sums(centred.clone() * centred.clone()).div_scalar(count);
        let inverse_deviation = per_channel(&variance).add_scalar(self.epsilon).sqrt().recip();
        let normalised = centred * inverse_deviation.clone();
        let unbiased = variance.mul_scalar(count / (count - 1.0).max(1.0));
        let record = Normalised {
            normalised: normalised.clone(),
            inverse_deviation,
            running_mean: self.blend(&parameters[RUNNING_MEAN], mean),
            running_variance: self.blend(&parameters[RUNNING_VARIANCE], unbiased),
        };
        (scale_and_shift(normalised, parameters), Record::Normalised(Box::new(record)))
    }

    fn blend(&self, old: &Tensor<1>, new: Tensor<1>) -> Tensor<1> {
        old.clone().mul_scalar(1.0 - self.momentum) + new.mul_scalar(self.momentum)
    }

    /// What a channel is multiplied by and what is added to it, by the running statistics: `[channels]` each.
    fn running_scale_and_shift(&self, parameters: &[Tensor<1>]) -> (Tensor<1>, Tensor<1>) {
        let inverse_deviation = parameters[RUNNING_VARIANCE].clone().add_scalar(self.epsilon).sqrt().recip();
        let scale = parameters[SCALE].clone() * inverse_deviation;
        let shift = parameters[SHIFT].clone() - parameters[RUNNING_MEAN].clone() * scale.clone();
        (scale, shift)
    }

    fn running_inverse_deviation(&self, parameters: &[Tensor<1>]) -> Tensor<4> {
        per_channel(&parameters[RUNNING_VARIANCE]).add_scalar(self.epsilon).sqrt().recip()
    }
}

impl Operation for BatchNorm {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if !(self.epsilon > 0.0 && (0.0..=1.0).contains(&self.momentum)) {
            return Err("epsilon must be above 0, momentum in 0 to 1".to_owned());
        }
        Ok(input)
    }

    fn parameters(&self, input: Shape) -> Vec<ParameterSpec> {
        let spec = |name, role, value| ParameterSpec {
            name: Cow::Borrowed(name),
            dims: vec![input.channels],
            role,
            initial: Initial::Constant(value),
        };
        vec![
            spec("weight", ParameterRole::Scale, 1.0),
            spec("bias", ParameterRole::Bias, 0.0),
            spec("running_mean", ParameterRole::Buffer, 0.0),
            spec("running_var", ParameterRole::Buffer, 1.0),
        ]
    }

    fn multiply_adds(&self, input: Shape, _: Shape) -> u64 {
        input.units() as u64
    }

    fn forward(&self, input: Tensor<4>, parameters: &[Tensor<1>], mode: Mode) -> (Tensor<4>, Record) {
        if mode != Mode::Evaluate {
            return self.in_training(input, parameters);
        }
        let (scale, shift) = self.running_scale_and_shift(parameters);
        if is_host(&input) {
            return (host::scale_and_shift(input, scale, shift), Record::Nothing);
        }
        (input * per_channel(&scale) + per_channel(&shift), Record::Nothing)
    }

    fn new_buffers(&self, record: &Record) -> Vec<Tensor<1>> {
        match record {
            Record::Normalised(record) => vec![record.running_mean.clone(), record.running_variance.clone()],
            _ => Vec::new(),
        }
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients {
        let scale = per_channel(&seen.parameters[SCALE]);
        let input = if let Record::Normalised(record) = seen.record {
            let Normalised { normalised, inverse_deviation, .. } = &**record;
            let count = values_per_channel(&gradient);
            let scaled = gradient.clone() * scale;
            let mean = per_channel(&channel_sums(scaled.clone()).div_scalar(count));
            let along = per_channel(&channel_sums(scaled.clone() * normalised.clone()).div_scalar(count));
            (scaled - mean - normalised.clone() * along) * inverse_deviation.clone()
        } else {
            gradient.clone() * (scale * self.running_inverse_deviation(seen.parameters))
        };
        let mut parameters = Vec::new();
        if wanted.parameters {
            let normalised = if let Record::Normalised(record) = seen.record {
                record.normalised.clone()
            } else {
                let centred = seen.input.clone() - per_channel(&seen.parameters[RUNNING_MEAN]);
                centred * self.running_inverse_deviation(seen.parameters)
            };
            parameters.push(channel_sums(gradient.clone() * normalised));
            parameters.push(channel_sums(gradient));
        }
        LayerGradients { input: Some(input), parameters }
    }
}

fn scale_and_shift(normalised: Tensor<4>, parameters: &[Tensor<1>]) -> Tensor<4> {
    normalised * per_channel(&parameters[SCALE]) + per_channel(&parameters[SHIFT])
}

fn values_per_channel(x: &Tensor<4>) -> f64 {
    let [batch, _, height, width] = x.dims();
    (batch * height * width) as f64
}
