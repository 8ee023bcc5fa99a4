//! The reverse pass from one unit down to the pixels, a layer a step: what is carried back, seen on its way (Zeiler and
//! Fergus 2013, section 2.1 and figure 1).

use super::deconvolution::{floats, put_signal, shape_at};
use super::target::{Target, TargetError};
use crate::nets::layers::Record;
use crate::nets::{Cut, LayerKind, Mode, Network, Rule, Shape};
use burn::tensor::{Tensor, TensorData};

/// Channels that are kept of each step.
pub const EXPLAINED_CHANNELS: usize = 8;

/// All steps of one reverse pass, from the unit down.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Row and column in the unit's map; none for the whole map.
    pub place: Option<[usize; 2]>,
    /// The unit's activation there; of the whole map the largest.
    pub activation: f32,
    /// The first is the signal that the pass starts from, the last lies on the pixels.
    pub steps: Vec<ReverseStep>,
}

/// The signal after it went back through one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ReverseStep {
    /// The layer and its kind; of the first step the unit's own.
    pub layer: String,
    pub kind: &'static str,
    /// Of the signal: that of the layer's input.
    pub shape: Shape,
    /// Those with the most energy, the most first; of the pixels all, in their order.
    pub channels: Vec<SignalChannel>,
    /// Sum of squares of the signal before and after the step.
    pub energy_before: f64,
    pub energy: f64,
    /// Of a nonlinearity: the share of the energy before that it set to zero.
    pub removed: Option<f64>,
    /// Of a convolution.
    pub filter: Option<TransposedFilter>,
}

/// One channel of a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalChannel {
    pub channel: usize,
    /// Of the energy of the signal, in 0 to 1; of a nonlinearity of the energy before it.
    pub share: f64,
    /// `[height, width]`.
    pub values: Vec<f32>,
    /// Of a nonlinearity: what it set to zero, and zero elsewhere. `[height, width]`, or nothing.
    pub removed: Vec<f32>,
    /// Of max pooling: where its maxima stood, positions in `[height, width]`, in the order of the layer's output.
    pub switches: Vec<u32>,
}

/// How the strongest channel above a convolution is spread over the channels that are kept below it.
#[derive(Clone, Debug, PartialEq)]
pub struct TransposedFilter {
    /// The strongest channel above.
    pub from: usize,
    pub height: usize,
    pub width: usize,
    /// One for each channel that is kept, `[height, width]`; nothing where no weight leads there.
    pub kernels: Vec<Vec<f32>>,
}

/// The reverse pass for a unit at a cut of a network in evaluation. `image` is standardised, `[1, channels, height, width]`.
/// The signal starts as in [`reconstruct`](super::reconstruct). A block is one step, unless the unit lies inside it.
///
/// # Errors
/// When the target names a unit, a place or an image that is not there.
pub fn explain(
    network: &Network,
    image: &Tensor<4>,
    cut: Cut,
    target: Target,
    rule: Rule,
) -> Result<Explanation, TargetError> {
    let (architecture, shape) = (network.architecture(), shape_at(network, cut));
    target.check(architecture, cut, shape, image.dims()[0])?;
    let image = image.clone().narrow(0, target.image, 1);
    let trace = network.trace_to(image, cut, Mode::Evaluate);
    let mut start = vec![0.0; shape.units()];
    let found = put_signal(target, &floats(trace.output().clone()), shape, rule, &mut start);
    let at_unit = Tensor::from_data(TensorData::new(start.clone(), shape.batched(1)), network.device());
    let kind = architecture.kind_below(cut).map_or("input", LayerKind::name);
    let mut steps = vec![ReverseStep::start(architecture.cut_name(cut), kind, shape, &start, cut == Cut::INPUT)];
    let (mut above, mut upper, mut signal) = (start, cut, at_unit.clone());
    while upper != Cut::INPUT {
        let mut switches = Vec::new();
        let lower = if upper.inner > 0 {
            let lower = Cut { inner: upper.inner - 1, ..upper };
            signal = network.reverse_to(&trace, lower, at_unit.clone(), rule);
            lower
        } else {
            let layer = upper.layers - 1;
            let one = network.trace(trace.activation(layer).clone(), layer..upper.layers, Mode::Evaluate);
            if let Record::Switches(found) = one.record(layer) {
                switches = found.to_data().iter::<i64>().map(|place| place as u32).collect();
            }
            signal = network.reverse(&one, signal, rule);
            layer.into()
        };
        let below = floats(signal.clone());
        let shapes = (shape_at(network, upper), shape_at(network, lower));
        let mut step = ReverseStep::new(network, upper, shapes, (&above, &below), lower == Cut::INPUT);
        step.keep_switches(&switches, shapes.0);
        steps.push(step);
        (above, upper) = (below, lower);
    }
    Ok(Explanation { place: found.place, activation: found.activation, steps })
}

impl ReverseStep {
    fn start(layer: String, kind: &'static str, shape: Shape, signal: &[f32], on_pixels: bool) -> Self {
        let energy = energy(signal);
        let channels = strongest(signal, shape, on_pixels);
        Self { layer, kind, shape, channels, energy_before: energy, energy, removed: None, filter: None }
    }

    /// `above` and `below` are the shapes and the signals at the output and at the input of the layer below `cut`.
    fn new(
        network: &Network,
        cut: Cut,
        (above_shape, shape): (Shape, Shape),
        (above, below): (&[f32], &[f32]),
        on_pixels: bool,
    ) -> Self {
        let architecture = network.architecture();
        let kind = architecture.kind_below(cut);
        let is_nonlinear = kind.is_some_and(LayerKind::is_nonlinearity);
        // Of a nonlinearity those that it had most to take away from.
        let mut channels = strongest(if is_nonlinear { above } else { below }, shape, on_pixels);
        let gone = |at: usize| if below[at] == 0.0 { above[at] } else { 0.0 };
        if is_nonlinear {
            let plane = shape.height * shape.width;
            for channel in &mut channels {
                let range = channel.channel * plane..(channel.channel + 1) * plane;
                channel.values = below[range.clone()].to_vec();
                channel.removed = range.map(gone).collect();
            }
        }
        let removed: f64 =
            if is_nonlinear { (0..above.len()).map(|at| f64::from(gone(at)).powi(2)).sum() } else { 0.0 };
        let energy_before = energy(above);
        let filter = filter(network, cut, strongest(above, above_shape, false).first(), &channels);
        Self {
            layer: architecture.cut_name(cut),
            kind: kind.map_or("input", LayerKind::name),
            shape,
            channels,
            energy_before,
            energy: energy(below),
            removed: is_nonlinear.then(|| if energy_before > 0.0 { removed / energy_before } else { 0.0 }),
            filter,
        }
    }

    /// `switches`: `[channels, height, width]` of the layer's output, or nothing.
    fn keep_switches(&mut self, switches: &[u32], output: Shape) {
        let plane = output.height * output.width;
        for channel in &mut self.channels {
            let own = switches.get(channel.channel * plane..(channel.channel + 1) * plane);
            channel.switches = own.unwrap_or_default().to_vec();
        }
    }
}

fn energy(signal: &[f32]) -> f64 {
    signal.iter().map(|value| f64::from(*value).powi(2)).sum()
}

/// The channels with the most energy; all of the pixels.
fn strongest(signal: &[f32], shape: Shape, on_pixels: bool) -> Vec<SignalChannel> {
    let maps: Vec<&[f32]> = signal.chunks_exact(shape.height * shape.width).collect();
    let energies: Vec<f64> = maps.iter().map(|map| energy(map)).collect();
    let total: f64 = energies.iter().sum();
    let mut order: Vec<usize> = (0..maps.len()).collect();
    if !on_pixels {
        order.sort_by(|&a, &b| energies[b].total_cmp(&energies[a]));
    }
    let channel = |&channel: &usize| SignalChannel {
        channel,
        share: if total > 0.0 { energies[channel] / total } else { 0.0 },
        values: maps[channel].to_vec(),
        removed: Vec::new(),
        switches: Vec::new(),
    };
    order.iter().take(EXPLAINED_CHANNELS).map(channel).collect()
}

/// The weights between the strongest channel above and those that are kept below, where the layer is a convolution.
fn filter(
    network: &Network,
    cut: Cut,
    from: Option<&SignalChannel>,
    kept: &[SignalChannel],
) -> Option<TransposedFilter> {
    let architecture = network.architecture();
    let Some(LayerKind::Conv2d(convolution)) = architecture.kind_below(cut) else { return None };
    let name = format!("{}.weight", architecture.cut_name(cut).replace('/', "."));
    let index = network.parameters().iter().position(|parameter| parameter.name == name)?;
    let &[units, inputs, height, width] = network.parameters()[index].dims.as_slice() else { return None };
    let weights: Vec<f32> = network.value(index).to_data().try_into_vec().ok()?;
    let from = from?.channel;
    let group = from / (units / convolution.groups.max(1)).max(1);
    let kernel = |channel: &SignalChannel| {
        let input = channel.channel.checked_sub(group * inputs).filter(|input| *input < inputs)?;
        weights.chunks_exact(height * width).nth(from * inputs + input).map(<[f32]>::to_vec)
    };
    let kernels = kept.iter().map(|channel| kernel(channel).unwrap_or_default()).collect();
    Some(TransposedFilter { from, height, width, kernels })
}
