//! A network: an architecture with parameters on a device.

use super::architecture::{Architecture, ArchitectureError};
use super::checkpoint::{CheckpointError, NamedArray};
use super::cut::Cut;
use super::layers::{
    Block, Dropout, Initial, LayerGradients, LayerKind, Mode, Operation, ParameterRole, Record, Rule, Seen, Wanted,
    network_start,
};
use super::shape::Shape;
use super::trace::Trace;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::ops::Range;

/// Values at the widest cut for the images that are evaluated at a time: few enough to stay in a core's cache from one
/// layer to the next.
const AT_A_TIME: usize = 1 << 18;

/// A sequence of named layers. Cut 0 is the input, cut `i` the output of layer `i - 1`.
pub struct Network {
    architecture: Architecture,
    device: Device,
    cuts: Vec<Shape>,
    parameters: Vec<Parameter>,
    /// The values of `parameters`, flat, in the same order.
    values: Vec<Tensor<1>>,
    /// Which parameters belong to each layer.
    of_layer: Vec<Range<usize>>,
    /// In place of the probability of every dropout layer.
    dropout: Option<f64>,
}

/// What a parameter is, apart from its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `layer.weight`, as PyTorch would call it.
    pub name: String,
    pub layer: usize,
    pub dims: Vec<usize>,
    pub role: ParameterRole,
}

/// A batch in parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// Images a part.
    pub(crate) images: usize,
    /// The cut up to which the parts go by themselves.
    pub(crate) top: usize,
}

impl Parts {
    pub(crate) fn ranges(self, batch: usize) -> impl Iterator<Item = Range<usize>> {
        (0..batch).step_by(self.images).map(move |start| start..batch.min(start + self.images))
    }
}

/// What a backward pass found.
pub struct Gradients {
    /// One entry a parameter of the network; `None` for buffers and for layers the pass did not go through.
    pub parameters: Vec<Option<Tensor<1>>>,
    /// Gradient at the cut where the pass ended, if it was wanted.
    pub input: Option<Tensor<4>>,
}

impl Network {
    /// Draws fresh parameters. Each layer draws from its own stream of the seed, so editing one layer leaves the start
    /// of the others as it was.
    ///
    /// # Errors
    /// When the architecture does not fit together.
    pub fn new(architecture: Architecture, seed: u64, device: &Device) -> Result<Self, ArchitectureError> {
        let cuts = architecture.cuts()?;
        let (mut parameters, mut values, mut of_layer) = (Vec::new(), Vec::new(), Vec::new());
        for (index, layer) in architecture.layers.iter().enumerate() {
            let first = parameters.len();
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(index as u64);
            for spec in layer.kind.operation().parameters(cuts[index]) {
                let count = spec.dims.iter().product();
                let data = TensorData::new(
                    draw(network_start(&architecture.layers, index, spec.initial), count, &mut rng),
                    [count],
                );
                values.push(Tensor::from_data(data, device));
                let name = format!("{}.{}", layer.name, spec.name);
                parameters.push(Parameter { name, layer: index, dims: spec.dims, role: spec.role });
            }
            of_layer.push(first..parameters.len());
        }
        Ok(Self { architecture, device: device.clone(), cuts, parameters, values, of_layer, dropout: None })
    }

    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Shape at every cut.
    pub fn cuts(&self) -> &[Shape] {
        &self.cuts
    }

    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub fn value(&self, parameter: usize) -> &Tensor<1> {
        &self.values[parameter]
    }

    /// Takes a value out, so that its owner can change it in place; [`put`](Self::put) brings it back.
    pub fn take(&mut self, parameter: usize) -> Tensor<1> {
        let empty = Tensor::from_data(TensorData::new(Vec::<f32>::new(), [0]), &self.device);
        std::mem::replace(&mut self.values[parameter], empty)
    }

    pub fn put(&mut self, parameter: usize, value: Tensor<1>) {
        self.values[parameter] = value;
    }

    /// From the next forward pass in training on, every dropout layer silences units with this probability, in 0 to 1 (1
    /// excluded); `None` gives each its own of the architecture again.
    pub fn set_dropout(&mut self, probability: Option<f64>) {
        self.dropout = probability;
    }

    pub fn dropout(&self) -> Option<f64> {
        self.dropout
    }

    /// Index of the layer with this name.
    pub fn layer_index(&self, name: &str) -> Option<usize> {
        self.architecture.layers.iter().position(|layer| layer.name == name)
    }

    /// Index of the topmost cut: the logits.
    pub fn top(&self) -> usize {
        self.architecture.layers.len()
    }

    /// The whole network, evaluated.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_between(images, 0..self.top(), Mode::Evaluate)
    }

    /// From the activations at one cut to those at another, without keeping what lies between.
    pub fn forward_between(&self, activations: Tensor<4>, cuts: Range<usize>, mode: Mode) -> Tensor<4> {
        match mode {
            Mode::Evaluate => self.evaluate(activations, cuts),
            Mode::Train { .. } => cuts.fold(activations, |x, layer| self.layer_forward(layer, x, mode).0),
        }
    }

    fn evaluate(&self, activations: Tensor<4>, cuts: Range<usize>) -> Tensor<4> {
        let batch = activations.dims()[0];
        let Some(parts) = self.parts(batch, cuts.clone()) else { return self.evaluate_at_once(activations, cuts) };
        let evaluate = |part: Range<usize>| {
            let part = activations.clone().narrow(0, part.start, part.len());
            self.evaluate_at_once(part, cuts.start..parts.top)
        };
        let ranges: Vec<Range<usize>> = parts.ranges(batch).collect();
        let maps = Tensor::cat(ranges.into_par_iter().map(evaluate).collect(), 0);
        self.evaluate_at_once(maps, parts.top..cuts.end)
    }

    /// How a batch is parted for evaluation between two cuts: in the processor's memory the layers of maps take a few
    /// images at a time, and the cores different ones. `None` where all are evaluated at once.
    pub(crate) fn parts(&self, batch: usize, cuts: Range<usize>) -> Option<Parts> {
        let is_map = |cut: &usize| self.cuts[*cut].height * self.cuts[*cut].width > 1;
        let top = (cuts.start..=cuts.end).take_while(is_map).last()?;
        let widest = (cuts.start..=top).map(|cut| self.cuts[cut].units()).max()?;
        let images = (AT_A_TIME / widest.max(1)).max(1);
        (self.device == Device::flex() && top > cuts.start && batch > images).then_some(Parts { images, top })
    }

    fn evaluate_at_once(&self, activations: Tensor<4>, cuts: Range<usize>) -> Tensor<4> {
        cuts.fold(activations, |x, layer| {
            let parameters = &self.values[self.of_layer[layer].clone()];
            self.architecture.layers[layer].kind.operation().evaluate(x, parameters)
        })
    }

    /// As [`forward_between`](Self::forward_between), keeping the activations at every cut and what each layer recorded.
    pub fn trace(&self, activations: Tensor<4>, cuts: Range<usize>, mode: Mode) -> Trace {
        let mut trace = Trace::begin(cuts.start, activations);
        for layer in cuts {
            let (output, record) = self.layer_forward(layer, trace.output().clone(), mode);
            trace.push(output, record);
        }
        trace
    }

    /// From images, `[batch, channels, height, width]`, up to any cut, which must be one of this network's.
    pub fn trace_to(&self, images: Tensor<4>, cut: Cut, mode: Mode) -> Trace {
        let trace = self.trace(images, 0..cut.layers, mode);
        if cut.inner == 0 {
            return trace;
        }
        let (block, parameters) = self.block(cut.layers);
        let tail = block.trace(trace.output().clone(), parameters, cut.inner, mode.at_layer(cut.layers));
        trace.with_tail(tail)
    }

    /// From a gradient at the last cut of a trace, which is not inside a block, down to its first.
    pub fn backward(&self, trace: &Trace, gradient: Tensor<4>, wanted: Wanted) -> Gradients {
        let mut parameters: Vec<Option<Tensor<1>>> = vec![None; self.parameters.len()];
        let mut gradient = Some(gradient);
        let lowest = if wanted.input { trace.first_cut() } else { self.lowest_with_parameters(trace) };
        for layer in (lowest..trace.last_cut()).rev() {
            let Some(above) = gradient.take() else { break };
            let wanted = Wanted { input: wanted.input || layer > lowest, ..wanted };
            let found = self.layer_backward(layer, trace, above, wanted);
            let trainable = self.of_layer[layer].clone().filter(|&index| self.parameters[index].role.is_trainable());
            for (index, value) in trainable.zip(found.parameters) {
                parameters[index] = Some(value);
            }
            gradient = found.input;
        }
        Gradients { parameters, input: gradient.filter(|_| wanted.input) }
    }

    /// The reverse pass: from a signal at the end of a trace, shaped as its output, down to the cut that it starts from.
    pub fn reverse(&self, trace: &Trace, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        self.reverse_to(trace, trace.first_cut().into(), signal, rule)
    }

    /// As [`reverse`](Self::reverse), down to a cut between the ends of the trace. Inside a block only what passes there
    /// arrives: the way around it does not.
    pub fn reverse_to(&self, trace: &Trace, to: Cut, mut signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        let from = trace.end();
        if let Some(tail) = trace.tail() {
            let lowest = if to.layers == from.layers { to.inner } else { 0 };
            let (block, parameters) = self.block(from.layers);
            signal = block.reverse_inner(tail, lowest, parameters, signal, rule);
        }
        for layer in (to.layers..from.layers).rev() {
            let ends_inside = if layer == to.layers && to.inner > 0 { trace.inner(layer) } else { None };
            if let Some(inner) = ends_inside {
                let (block, parameters) = self.block(layer);
                return block.reverse_inner(inner, to.inner, parameters, signal, rule);
            }
            let operation = self.architecture.layers[layer].kind.operation();
            signal = operation.reverse(self.seen(layer, trace), signal, rule);
        }
        signal
    }

    /// Keeps the running statistics that batch norm layers found during a forward pass in training.
    pub fn keep_statistics(&mut self, trace: &Trace) {
        for (layer, record) in (trace.first_cut()..).zip(trace.records()) {
            let new = self.architecture.layers[layer].kind.operation().new_buffers(record);
            let buffers = self.of_layer[layer].clone().filter(|&index| !self.parameters[index].role.is_trainable());
            for (index, value) in buffers.zip(new) {
                self.values[index] = value;
            }
        }
    }

    /// All parameters and buffers, by name.
    pub fn to_arrays(&self) -> Vec<NamedArray> {
        self.parameters
            .iter()
            .zip(&self.values)
            .map(|(parameter, value)| NamedArray::read(parameter.name.clone(), parameter.dims.clone(), value))
            .collect()
    }

    /// Replaces parameters and buffers by those of the same name.
    ///
    /// # Errors
    /// When one is missing or has another shape; then nothing is changed.
    pub fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), CheckpointError> {
        let found = self
            .parameters
            .iter()
            .map(|parameter| NamedArray::find(arrays, &parameter.name, &parameter.dims))
            .collect::<Result<Vec<_>, _>>()?;
        self.values = found.into_iter().map(|array| array.to_tensor(&self.device)).collect();
        Ok(())
    }

    fn layer_forward(&self, layer: usize, input: Tensor<4>, mode: Mode) -> (Tensor<4>, Record) {
        let kind = &self.architecture.layers[layer].kind;
        if let (LayerKind::Dropout(_), Some(probability)) = (kind, self.dropout) {
            return Dropout { probability }.forward(input, &[], mode.at_layer(layer));
        }
        kind.operation().forward(input, &self.values[self.of_layer[layer].clone()], mode.at_layer(layer))
    }

    fn layer_backward(&self, layer: usize, trace: &Trace, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients {
        let operation = self.architecture.layers[layer].kind.operation();
        operation.backward(self.seen(layer, trace), gradient, wanted)
    }

    fn seen<'a>(&'a self, layer: usize, trace: &'a Trace) -> Seen<'a> {
        Seen {
            input: trace.activation(layer),
            output: trace.activation(layer + 1),
            record: trace.record(layer),
            parameters: &self.values[self.of_layer[layer].clone()],
        }
    }

    /// The block that a cut lies in, with its parameters.
    fn block(&self, layer: usize) -> (&Block, &[Tensor<1>]) {
        match &self.architecture.layers[layer].kind {
            LayerKind::Block(block) => (block, &self.values[self.of_layer[layer].clone()]),
            _ => panic!("only a block can be cut inside"),
        }
    }

    /// Below this layer there is nothing to learn, so a pass for parameters ends here.
    fn lowest_with_parameters(&self, trace: &Trace) -> usize {
        (trace.first_cut()..trace.last_cut())
            .find(|&layer| !self.of_layer[layer].is_empty())
            .unwrap_or(trace.last_cut())
    }
}

fn draw(initial: Initial, count: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    match initial {
        Initial::Constant(value) => vec![value; count],
        Initial::FanIn { fan_in, gain } => {
            let bound = (3.0 * gain / fan_in as f64).sqrt();
            (0..count).map(|_| ((unit_interval(rng) * 2.0 - 1.0) * bound) as f32).collect()
        }
    }
}

fn unit_interval(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / 4_294_967_296.0
}
