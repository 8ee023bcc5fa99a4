//! Optimisers, as PyTorch defines them.
//!
//! The same rule stands twice: `host` updates plain memory in one pass, in place, on all cores; `device` uses tensor
//! operations where the parameters live on a GPU. A test holds the two together, and both to PyTorch.

mod device;
mod host;
mod rule;

use crate::nets::{CheckpointError, NamedArray, Network, ParameterRole};
use burn::tensor::{Tensor, TensorData};
use rule::Rule;
use serde::{Deserialize, Serialize};

/// Everything about the optimiser that may change while it runs, except its kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimiserSettings {
    pub kind: OptimiserKind,
    pub learning_rate: f64,
    /// SGD only.
    pub momentum: f64,
    /// SGD only.
    pub nesterov: bool,
    /// Adam and AdamW: decay of the mean of gradients.
    pub beta1: f64,
    /// Adam and AdamW: decay of the mean of squared gradients.
    pub beta2: f64,
    pub epsilon: f64,
    /// Added to the gradient as an L2 penalty; decoupled in AdamW. Acts on weights, not on biases and scales.
    pub weight_decay: f64,
    /// Largest norm of the gradient over all parameters; 0 is off.
    pub clip_norm: f64,
    /// Largest norm of the weights that lead into one unit (Hinton et al. 2012); 0 is off.
    pub max_norm: f64,
    /// Largest root of the mean square of the weights of a filter, convolutions only (Zeiler and Fergus 2013, section 3,
    /// where it is 0.1); 0 is off.
    pub filter_rms: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimiserKind {
    Sgd,
    #[default]
    Adam,
    #[serde(rename = "adamw")]
    AdamW,
}

impl Default for OptimiserSettings {
    fn default() -> Self {
        Self {
            kind: OptimiserKind::Adam,
            learning_rate: 1e-3,
            momentum: 0.9,
            nesterov: false,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            clip_norm: 0.0,
            max_norm: 0.0,
            filter_rms: 0.0,
        }
    }
}

impl OptimiserSettings {
    /// # Errors
    /// Names the field that makes no sense, and its range.
    pub fn check(&self) -> Result<(), String> {
        let not_negative = |name: &str, value: f64| {
            if value >= 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(format!("optimiser.{name} is {value}, but must be a number not below 0"))
            }
        };
        let share = |name: &str, value: f64| {
            if (0.0..1.0).contains(&value) {
                Ok(())
            } else {
                Err(format!("optimiser.{name} is {value}, but must be in 0 to 1 (1 excluded)"))
            }
        };
        not_negative("learning_rate", self.learning_rate)?;
        not_negative("weight_decay", self.weight_decay)?;
        not_negative("clip_norm", self.clip_norm)?;
        not_negative("max_norm", self.max_norm)?;
        not_negative("filter_rms", self.filter_rms)?;
        share("momentum", self.momentum)?;
        share("beta1", self.beta1)?;
        share("beta2", self.beta2)?;
        if self.epsilon > 0.0 { Ok(()) } else { Err("optimiser.epsilon must be above 0".to_owned()) }
    }

    /// The largest norm of a row of weights of these dimensions, `[units, ...]`; 0 where there is no bound. A bound on a
    /// filter's RMS is one on its norm.
    fn largest_norm(&self, dims: &[usize]) -> f64 {
        let is_convolution = dims.len() == 4;
        let values: usize = dims.iter().skip(1).product();
        let of_filter = if is_convolution { self.filter_rms * (values as f64).sqrt() } else { 0.0 };
        match (self.max_norm, of_filter) {
            (0.0, bound) | (bound, 0.0) => bound,
            (a, b) => a.min(b),
        }
    }
}

/// The optimiser's memory: two moments a parameter (one for SGD), zero at the start.
pub struct Optimiser {
    kind: OptimiserKind,
    moments: Vec<Moments>,
    steps: u64,
    on_host: bool,
}

/// Flat, as long as the parameter; empty where the kind of optimiser does not use them.
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

/// Norms of one parameter during one update.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ParameterNorms {
    pub gradient: f64,
    pub weight: f64,
    pub update: f64,
}

impl Optimiser {
    /// `on_host`: the parameters live in the processor's memory.
    pub fn new(kind: OptimiserKind, network: &Network, on_host: bool) -> Self {
        let zeros = |count: usize| Tensor::from_data(TensorData::new(vec![0.0f32; count], [count]), network.device());
        let moments = network
            .parameters()
            .iter()
            .map(|parameter| {
                let count = if parameter.role.is_trainable() { parameter.dims.iter().product() } else { 0 };
                let second = if kind == OptimiserKind::Sgd { 0 } else { count };
                Moments { first: zeros(count), second: zeros(second) }
            })
            .collect();
        Self { kind, moments, steps: 0, on_host }
    }

    /// Whether the parameters live in the processor's memory.
    pub fn on_host(&self) -> bool {
        self.on_host
    }

    /// Lets go of the moments. It cannot update after that.
    pub fn forget(&mut self) {
        self.moments.clear();
    }

    /// Norm of each gradient; not finite where a value is not.
    pub fn gradient_norms(&self, gradients: &mut [Option<Tensor<1>>]) -> Vec<f64> {
        let norm = if self.on_host { host::norm } else { device::norm };
        gradients.iter_mut().map(|gradient| gradient.as_mut().map_or(0.0, norm)).collect()
    }

    /// One update. `gradient_norms` is used for clipping, so it may be empty when clipping is off.
    ///
    /// Returns one entry a parameter, or none unless `with_norms`.
    pub fn update(
        &mut self,
        network: &mut Network,
        gradients: Vec<Option<Tensor<1>>>,
        gradient_norms: &[f64],
        settings: &OptimiserSettings,
        learning_rate: f64,
        with_norms: bool,
    ) -> Vec<ParameterNorms> {
        self.steps += 1;
        let clip = clip_factor(settings.clip_norm, gradient_norms);
        let mut norms = Vec::new();
        for (index, gradient) in gradients.into_iter().enumerate() {
            let Some(gradient) = gradient else {
                norms.push(ParameterNorms::default());
                continue;
            };
            let parameter = &network.parameters()[index];
            let is_weight = parameter.role == ParameterRole::Weight;
            let units = parameter.dims[0];
            let rule = Rule::new(self.kind, settings, learning_rate, clip, is_weight, self.steps);
            let max_norm = if is_weight { settings.largest_norm(&parameter.dims) } else { 0.0 };
            let call = Update { rule, units, max_norm, with_norms };
            let value = network.take(index);
            let apply = if self.on_host { host::apply } else { device::apply };
            let (value, found) = apply(&call, value, gradient, &mut self.moments[index]);
            network.put(index, value);
            norms.push(found);
        }
        if with_norms { norms } else { Vec::new() }
    }

    /// For a checkpoint: `optimiser.first.<parameter>` and `optimiser.second.<parameter>`.
    pub fn to_arrays(&self, network: &Network) -> Vec<NamedArray> {
        let mut arrays = Vec::new();
        for (parameter, moments) in network.parameters().iter().zip(&self.moments) {
            for (moment, value) in [("first", &moments.first), ("second", &moments.second)] {
                let data: Vec<f32> = value.to_data().try_into_vec().expect("moments are 32-bit floats");
                if !data.is_empty() {
                    let name = format!("optimiser.{moment}.{}", parameter.name);
                    arrays.push(NamedArray { name, dims: vec![data.len()], data });
                }
            }
        }
        arrays
    }

    /// Back from a checkpoint.
    ///
    /// # Errors
    /// When an array is missing or has another shape; then nothing is changed.
    pub fn load_arrays(&mut self, network: &Network, arrays: &[NamedArray], steps: u64) -> Result<(), CheckpointError> {
        let read = |moment: &str, name: &str, like: &Tensor<1>| {
            let count = like.dims()[0];
            if count == 0 {
                return Ok(like.clone());
            }
            let name = format!("optimiser.{moment}.{name}");
            NamedArray::find(arrays, &name, &[count]).map(|array| array.to_tensor(network.device()))
        };
        let mut loaded = Vec::with_capacity(self.moments.len());
        for (parameter, moments) in network.parameters().iter().zip(&self.moments) {
            loaded.push(Moments {
                first: read("first", &parameter.name, &moments.first)?,
                second: read("second", &parameter.name, &moments.second)?,
            });
        }
        self.moments = loaded;
        self.steps = steps;
        Ok(())
    }
}

/// One parameter's update.
struct Update {
    rule: Rule,
    /// Rows of the weight: the units that it leads into.
    units: usize,
    max_norm: f64,
    with_norms: bool,
}

/// As PyTorch's `clip_grad_norm_`.
fn clip_factor(clip_norm: f64, norms: &[f64]) -> f64 {
    if clip_norm == 0.0 {
        return 1.0;
    }
    let total = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
    (clip_norm / (total + 1e-6)).min(1.0)
}
