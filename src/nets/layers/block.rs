//! Several layers under one name, with a way around them where there is a skip connection.

use super::{LayerGradients, LayerKind, Mode, Operation, ParameterSpec, Record, Rule, Seen, Wanted, network_start};
use crate::nets::architecture::{Layer, check_name};
use crate::nets::shape::{Reach, Shape};
use crate::nets::trace::Trace;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A sequence of layers that counts as one: with `skip`, y = f(x) + x (He et al. 2015, arXiv 1512.03385).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    #[serde(default)]
    pub skip: bool,
    pub layers: Vec<Layer>,
}

/// Layers of one block; each seed has a stream of random numbers for every layer, and these lie between them.
const MOST_LAYERS: usize = 64;

impl Block {
    /// Shape at every inner cut, the input first.
    ///
    /// # Errors
    /// Names the first layer that does not fit, and says why.
    pub fn cuts(&self, input: Shape) -> Result<Vec<Shape>, String> {
        let mut cuts = vec![input];
        let mut names = HashSet::new();
        for layer in &self.layers {
            let faulty = |reason: String| format!("inner layer `{}`: {reason}", layer.name);
            check_name(&layer.name, &mut names).map_err(faulty)?;
            // A change of every dropout rate reaches only what is not inside a block.
            if matches!(layer.kind, LayerKind::Block(_) | LayerKind::Dropout(_)) {
                return Err(faulty(format!("a block cannot hold a {} layer", layer.kind.name())));
            }
            cuts.push(layer.kind.operation().output(cuts[cuts.len() - 1]).map_err(faulty)?);
        }
        Ok(cuts)
    }

    /// The lowest `layers` of the inner layers, without the way around them.
    pub(in crate::nets) fn trace(
        &self,
        input: Tensor<4>,
        parameters: &[Tensor<1>],
        layers: usize,
        mode: Mode,
    ) -> Trace {
        let steps: Vec<_> = self.with_parameters(&input, parameters).take(layers).collect();
        let mut trace = Trace::begin(0, input);
        for (index, (operation, parameters)) in steps.into_iter().enumerate() {
            let (output, record) = operation.forward(trace.output().clone(), parameters, mode.at_inner_layer(index));
            trace.push(output, record);
        }
        trace
    }

    /// The reverse pass from the end of a trace of inner layers down to one of its cuts, without the way around them.
    pub(in crate::nets) fn reverse_inner(
        &self,
        trace: &Trace,
        lowest: usize,
        parameters: &[Tensor<1>],
        signal: Tensor<4>,
        rule: Rule,
    ) -> Tensor<4> {
        let steps: Vec<_> = self.with_parameters(trace.activation(0), parameters).collect();
        (lowest..trace.last_cut()).rev().fold(signal, |signal, index| {
            let (operation, own) = steps[index];
            operation.reverse(seen_inside(trace, index, own), signal, rule)
        })
    }

    /// The inner layers with the parameters of each.
    fn with_parameters<'a, T>(
        &'a self,
        input: &Tensor<4>,
        mut parameters: &'a [T],
    ) -> impl Iterator<Item = (&'a dyn Operation, &'a [T])> {
        let [_, channels, height, width] = input.dims();
        let mut shape = Shape::new(channels, height, width);
        self.layers.iter().map(move |layer| {
            let operation = layer.kind.operation();
            let (own, rest) = parameters.split_at(operation.parameters(shape).len());
            parameters = rest;
            // Checked when the network was built.
            shape = operation.output(shape).unwrap_or(shape);
            (operation, own)
        })
    }
}

impl Operation for Block {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if self.layers.is_empty() || self.layers.len() > MOST_LAYERS {
            return Err(format!("a block holds 1 to {MOST_LAYERS} layers"));
        }
        let output = self.cuts(input)?[self.layers.len()];
        if self.skip && output != input {
            return Err(format!("a skip connection adds the input, {input}, to the output, {output}: make them alike"));
        }
        Ok(output)
    }

    fn parameters(&self, input: Shape) -> Vec<ParameterSpec> {
        // An impossible block has none: whoever builds it asks for its output first.
        let cuts = self.cuts(input).unwrap_or_default();
        let mut specs = Vec::new();
        for (index, (layer, &shape)) in self.layers.iter().zip(&cuts).enumerate() {
            for spec in layer.kind.operation().parameters(shape) {
                let initial = network_start(&self.layers, index, spec.initial);
                specs.push(ParameterSpec { name: format!("{}.{}", layer.name, spec.name).into(), initial, ..spec });
            }
        }
        specs
    }

    fn multiply_adds(&self, input: Shape, _: Shape) -> u64 {
        let cuts = self.cuts(input).unwrap_or_default();
        let steps = self.layers.iter().zip(cuts.windows(2));
        steps.fold(0, |sum, (layer, cut)| sum.saturating_add(layer.kind.operation().multiply_adds(cut[0], cut[1])))
    }

    fn reach(&self) -> Reach {
        self.layers.iter().fold(Reach::Point, |reach, layer| reach.then(layer.kind.operation().reach()))
    }

    fn forward(&self, input: Tensor<4>, parameters: &[Tensor<1>], mode: Mode) -> (Tensor<4>, Record) {
        let trace = self.trace(input.clone(), parameters, self.layers.len(), mode);
        let inner = trace.output().clone();
        (if self.skip { inner + input } else { inner }, Record::Inner(Box::new(trace)))
    }

    fn evaluate(&self, input: Tensor<4>, parameters: &[Tensor<1>]) -> Tensor<4> {
        let around = self.skip.then(|| input.clone());
        let steps: Vec<_> = self.with_parameters(&input, parameters).collect();
        let inner = steps.into_iter().fold(input, |x, (operation, parameters)| operation.evaluate(x, parameters));
        match around {
            Some(input) => inner + input,
            None => inner,
        }
    }

    fn new_buffers(&self, record: &Record) -> Vec<Tensor<1>> {
        let Record::Inner(trace) = record else { return Vec::new() };
        let layers = self.layers.iter().enumerate();
        layers.flat_map(|(index, layer)| layer.kind.operation().new_buffers(trace.record(index))).collect()
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients {
        let Record::Inner(trace) = seen.record else { return LayerGradients::default() };
        let around = (self.skip && wanted.input).then(|| gradient.clone());
        let steps: Vec<_> = self.with_parameters(seen.input, seen.parameters).collect();
        let mut parameters = Vec::new();
        let mut gradient = Some(gradient);
        for (index, (operation, own)) in steps.into_iter().enumerate().rev() {
            let Some(above) = gradient.take() else { break };
            let wanted = Wanted { input: wanted.input || index > 0, ..wanted };
            let found = operation.backward(seen_inside(trace, index, own), above, wanted);
            // From the top down; each layer's own stay in order.
            parameters.splice(0..0, found.parameters);
            gradient = found.input;
        }
        let input = match (gradient, around) {
            (Some(inner), Some(around)) => Some(inner + around),
            (inner, _) => inner.filter(|_| wanted.input),
        };
        LayerGradients { input, parameters }
    }

    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        let Record::Inner(trace) = seen.record else { return signal };
        let around = self.skip.then(|| signal.clone());
        let inner = self.reverse_inner(trace, 0, seen.parameters, signal, rule);
        match around {
            Some(around) => inner + around,
            None => inner,
        }
    }
}

fn seen_inside<'a>(trace: &'a Trace, layer: usize, parameters: &'a [Tensor<1>]) -> Seen<'a> {
    Seen {
        input: trace.activation(layer),
        output: trace.activation(layer + 1),
        record: trace.record(layer),
        parameters,
    }
}
