//! The kinds of layer, one a file. To add one: write its file, then give it a variant and a line in [`LayerKind`].
//!
//! A layer knows its shape rule, its forward step, what it must record for the way back, and its backward step.
//! Activations are always `[batch, channels, height, width]`; a vector of `n` units is `n` channels of 1 x 1.
//! Parameters are kept flat and take their shape at use, which costs nothing and keeps optimisers and files simple.

mod activation;
mod batch_norm;
mod block;
mod conv2d;
mod dropout;
mod flatten;
mod host;
mod linear;
mod local_response_norm;
mod pool;

pub use activation::{Relu, Relu6, Sigmoid, Tanh};
pub use batch_norm::BatchNorm;
pub use block::Block;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use linear::Linear;
pub use local_response_norm::LocalResponseNorm;
pub use pool::{AveragePool2d, MaxPool2d};

use super::architecture::Layer;
use super::shape::{Reach, Shape};
use super::trace::{Choice, Trace};
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a layer does. In TOML, `kind = "conv2d"` and the fields of [`Conv2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerKind {
    Conv2d(Conv2d),
    MaxPool2d(MaxPool2d),
    AveragePool2d(AveragePool2d),
    Relu(Relu),
    Relu6(Relu6),
    Tanh(Tanh),
    Sigmoid(Sigmoid),
    BatchNorm(BatchNorm),
    LocalResponseNorm(LocalResponseNorm),
    Dropout(Dropout),
    Flatten(Flatten),
    Linear(Linear),
    Block(Block),
}

impl LayerKind {
    /// The one place that lists all kinds, with the name that TOML and the window use.
    fn entry(&self) -> (&'static str, &dyn Operation) {
        match self {
            Self::Conv2d(layer) => ("conv2d", layer),
            Self::MaxPool2d(layer) => ("max_pool2d", layer),
            Self::AveragePool2d(layer) => ("average_pool2d", layer),
            Self::Relu(layer) => ("relu", layer),
            Self::Relu6(layer) => ("relu6", layer),
            Self::Tanh(layer) => ("tanh", layer),
            Self::Sigmoid(layer) => ("sigmoid", layer),
            Self::BatchNorm(layer) => ("batch_norm", layer),
            Self::LocalResponseNorm(layer) => ("local_response_norm", layer),
            Self::Dropout(layer) => ("dropout", layer),
            Self::Flatten(layer) => ("flatten", layer),
            Self::Linear(layer) => ("linear", layer),
            Self::Block(layer) => ("block", layer),
        }
    }

    pub fn name(&self) -> &'static str {
        self.entry().0
    }

    pub fn operation(&self) -> &dyn Operation {
        self.entry().1
    }

    /// Whether this is a pointwise nonlinearity: where a unit's output can be called dead or alive.
    pub fn is_nonlinearity(&self) -> bool {
        matches!(self, Self::Relu(_) | Self::Relu6(_) | Self::Tanh(_) | Self::Sigmoid(_))
    }
}

/// What every kind of layer does.
pub trait Operation {
    /// Shape of the output for one example, or why there is none.
    ///
    /// # Errors
    /// A sentence that says what does not fit and what would.
    fn output(&self, input: Shape) -> Result<Shape, String>;

    /// The parameters and buffers, in a fixed order.
    fn parameters(&self, _input: Shape) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Multiply-adds of one example.
    fn multiply_adds(&self, _input: Shape, _output: Shape) -> u64 {
        0
    }

    fn reach(&self) -> Reach {
        Reach::Point
    }

    /// One step up. `parameters` in the order of [`parameters`](Self::parameters).
    fn forward(&self, input: Tensor<4>, parameters: &[Tensor<1>], mode: Mode) -> (Tensor<4>, Record);

    /// One step up in evaluation, of which nothing is remembered.
    fn evaluate(&self, input: Tensor<4>, parameters: &[Tensor<1>]) -> Tensor<4> {
        self.forward(input, parameters, Mode::Evaluate).0
    }

    /// What a forward step in training made of the buffers, in their order; nothing where it left them as they were.
    fn new_buffers(&self, _record: &Record) -> Vec<Tensor<1>> {
        Vec::new()
    }

    /// One step down: from the gradient at the output to those at the input and of the parameters.
    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients;

    /// One step down of the reverse pass: from a signal at the output to one at the input, both shaped as those are. A linear
    /// layer is transposed and a maximum goes back to where it stood, under any rule: the true derivative.
    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, _rule: Rule) -> Tensor<4> {
        input_gradient(self, seen, signal)
    }
}

fn input_gradient<O: Operation + ?Sized>(operation: &O, seen: Seen<'_>, gradient: Tensor<4>) -> Tensor<4> {
    let found = operation.backward(seen, gradient, Wanted { input: true, parameters: false });
    found.input.expect("a layer gives the gradient at its input when it is wanted")
}

/// What a signal loses at nonlinearities and local normalisation on its way back to the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The deconvnet (Zeiler and Fergus 2013, section 2.1): nonlinearities rectify the signal itself, whatever they did on the
    /// way up, and local response normalisation lets all of it pass.
    #[default]
    Deconvolution,
    /// The true derivative everywhere (Simonyan et al. 2013, arXiv 1312.6034).
    Gradient,
    /// Guided backpropagation (Springenberg et al. 2014, arXiv 1412.6806): the true derivative, and nonlinearities rectify
    /// the signal besides.
    Guided,
}

/// Whether a forward pass is part of training. The noise of a layer (dropout) is a pure function of what stands here,
/// so that a resumed run draws what the uninterrupted one would have drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Evaluate,
    Train { seed: u64, step: u64, layer: u64 },
}

impl Mode {
    #[must_use]
    pub fn at_layer(self, layer: usize) -> Self {
        match self {
            Self::Evaluate => Self::Evaluate,
            Self::Train { seed, step, .. } => Self::Train { seed, step, layer: layer as u64 },
        }
    }

    /// Of a layer inside the block that this mode is for: apart from every layer that is not in one.
    #[must_use]
    pub fn at_inner_layer(self, layer: usize) -> Self {
        match self {
            Self::Evaluate => Self::Evaluate,
            Self::Train { seed, step, layer: block } => {
                Self::Train { seed, step, layer: ((block + 1) << 32) + layer as u64 }
            }
        }
    }
}

/// How a parameter of a layer in a sequence starts.
pub(in crate::nets) fn network_start(layers: &[Layer], index: usize, initial: Initial) -> Initial {
    match initial {
        Initial::FanIn { fan_in, .. } if feeds_relu(layers, index) => Initial::FanIn { fan_in, gain: RELU_GAIN },
        other => other,
    }
}

/// Whether the first nonlinearity above this layer is a ReLU.
fn feeds_relu(layers: &[Layer], layer: usize) -> bool {
    let above = layers[layer + 1..].iter().map(|layer| &layer.kind);
    above
        .take_while(|kind| kind.operation().parameters(Shape::vector(1)).iter().all(|spec| spec.dims.len() < 2))
        .find(|kind| kind.is_nonlinearity())
        .is_some_and(|kind| matches!(kind, LayerKind::Relu(_) | LayerKind::Relu6(_)))
}

/// What a layer must remember of its forward step beyond its input and output.
pub enum Record {
    Nothing,
    /// Where in its input plane each maximum stood (the switches of Zeiler and Fergus 2013, section 2.1).
    Switches(Tensor<4, Int>),
    /// The factor each unit was multiplied by.
    Mask(Tensor<4>),
    /// Batch norm in training.
    Normalised(Box<Normalised>),
    /// What went on inside a block.
    Inner(Box<Trace>),
}

impl Record {
    /// Of chosen images alone.
    pub(in crate::nets) fn choose(&self, floats: &Choice<Tensor<4>>, whole: &Choice<Tensor<4, Int>>) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Switches(switches) => Self::Switches(whole(switches)),
            Self::Mask(mask) => Self::Mask(floats(mask)),
            Self::Normalised(found) => {
                Self::Normalised(Box::new(Normalised { normalised: floats(&found.normalised), ..(**found).clone() }))
            }
            Self::Inner(trace) => Self::Inner(Box::new(trace.choose(floats, whole))),
        }
    }
}

/// What batch norm found out about its batch.
#[derive(Clone)]
pub struct Normalised {
    /// The input, centred and divided by its deviation.
    pub normalised: Tensor<4>,
    /// 1 / deviation, `[1, channels, 1, 1]`.
    pub inverse_deviation: Tensor<4>,
    /// The running statistics with this batch blended in.
    pub running_mean: Tensor<1>,
    pub running_variance: Tensor<1>,
}

/// What was seen on the way up.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub input: &'a Tensor<4>,
    pub output: &'a Tensor<4>,
    pub record: &'a Record,
    pub parameters: &'a [Tensor<1>],
}

/// Which gradients the caller needs; the others are not computed.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub input: bool,
    pub parameters: bool,
}

/// Gradients of one layer. `parameters` holds one for each trainable parameter, or nothing where none were wanted.
#[derive(Default)]
pub struct LayerGradients {
    pub input: Option<Tensor<4>>,
    pub parameters: Vec<Tensor<1>>,
}

impl LayerGradients {
    fn input_only(gradient: Tensor<4>) -> Self {
        Self { input: Some(gradient), parameters: Vec::new() }
    }
}

/// A parameter before it is drawn.
pub struct ParameterSpec {
    /// As PyTorch calls it: `weight`, `bias`, `running_mean`, ...; in a block after the name of its layer.
    pub name: Cow<'static, str>,
    pub dims: Vec<usize>,
    pub role: ParameterRole,
    pub initial: Initial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterRole {
    /// Decays under weight decay, and is what a max-norm constraint bounds.
    Weight,
    Bias,
    /// Learned, but neither decayed nor bounded.
    Scale,
    /// Kept beside the parameters, never trained.
    Buffer,
}

impl ParameterRole {
    pub fn is_trainable(self) -> bool {
        self != Self::Buffer
    }
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    Constant(f32),
    /// Uniform with variance gain / fan-in: gain 2 below a ReLU (He et al. 2015), 1 elsewhere (LeCun et al. 1998).
    FanIn {
        fan_in: usize,
        gain: f64,
    },
}

/// A ReLU halves the variance, and this makes up for it.
const RELU_GAIN: f64 = 2.0;

impl Initial {
    fn fan_in(fan_in: usize) -> Self {
        Self::FanIn { fan_in, gain: 1.0 }
    }
}

/// `[channels]` as `[1, channels, 1, 1]`.
fn per_channel(values: &Tensor<1>) -> Tensor<4> {
    let channels = values.dims()[0];
    values.clone().reshape([1, channels, 1, 1])
}

/// Sum over batch, height and width: `[channels]`.
fn channel_sums(x: Tensor<4>) -> Tensor<1> {
    let [batch, channels, height, width] = x.dims();
    let over_space: Tensor<2> = if height * width == 1 {
        x.reshape([batch, channels])
    } else {
        x.reshape([batch * channels, height * width]).sum_dim(1).reshape([batch, channels])
    };
    over_space.sum_dim(0).reshape([channels])
}
