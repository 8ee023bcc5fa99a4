//! What in an image a unit answered to: its activation, carried back to the pixels (Zeiler and Fergus 2013, section 2.1).

use super::target::{Found, Place, Target, TargetError};
use crate::nets::{Cut, Mode, Network, Rule, Shape, Trace};
use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// One unit of one image, carried back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reconstruction {
    pub image: usize,
    pub unit: usize,
    /// Row and column in the unit's map; none for the whole map.
    pub place: Option<[usize; 2]>,
    /// The unit's activation there; of the whole map the largest.
    pub activation: f32,
    /// `[channels, height, width]`, as the network sees the image: in units of its standardised pixels.
    pub values: Vec<f32>,
}

/// So many values of all layers together are held for the images and signals that go through the network at once: 128 MiB.
const VALUES_AT_ONCE: usize = 32 << 20;
/// More at once than this does not go faster.
const MOST_AT_ONCE: usize = 128;

/// The reverse pass for units at a cut of a network in evaluation, in the order of `targets`.
///
/// `images` are standardised, `[batch, channels, height, width]`; each is traced once however many targets it has. The
/// signal of a target is its own activation, zero elsewhere, and 1 in its place under [`Rule::Gradient`].
///
/// # Errors
/// When a target names a unit, a place or an image that is not there.
pub fn reconstruct(
    network: &Network,
    images: &Tensor<4>,
    cut: Cut,
    targets: &[Target],
    rule: Rule,
) -> Result<Vec<Reconstruction>, TargetError> {
    let batch = images.dims()[0];
    let shape = shape_at(network, cut);
    targets.iter().try_for_each(|target| target.check(network.architecture(), cut, shape, batch))?;
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_key(|&target| targets[target].image);
    let at_once = at_once(network, cut);
    let mut found: Vec<Option<Reconstruction>> = vec![None; targets.len()];
    let mut rest = &order[..];
    while let Some(&first) = rest.first() {
        // The next few images, each with all of its targets.
        let mut chosen = vec![targets[first].image];
        let mut count = 0;
        for &target in rest {
            let image = targets[target].image;
            if chosen.last() != Some(&image) {
                if chosen.len() == at_once {
                    break;
                }
                chosen.push(image);
            }
            count += 1;
        }
        let (these, others) = rest.split_at(count);
        rest = others;
        let trace = network.trace_to(select(images, &chosen), cut, Mode::Evaluate);
        let activations = floats(trace.output().clone());
        for part in these.chunks(at_once) {
            let row = |&target: &usize| chosen.partition_point(|&image| image < targets[target].image);
            let rows: Vec<usize> = part.iter().map(row).collect();
            let part_targets: Vec<Target> = part.iter().map(|&target| targets[target]).collect();
            let answers = of_traced(network, &trace, &activations, &rows, &part_targets, rule);
            for (&target, answer) in part.iter().zip(answers) {
                found[target] = Some(answer);
            }
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// The reverse pass for targets whose images were traced already; `rows` says which row of the trace each has.
fn of_traced(
    network: &Network,
    trace: &Trace,
    activations: &[f32],
    rows: &[usize],
    targets: &[Target],
    rule: Rule,
) -> Vec<Reconstruction> {
    let [_, channels, height, width] = trace.output().dims();
    let shape = Shape::new(channels, height, width);
    let mut signal = vec![0.0; rows.len() * shape.units()];
    let mut found = Vec::with_capacity(rows.len());
    for ((&row, target), signal) in rows.iter().zip(targets).zip(signal.chunks_exact_mut(shape.units())) {
        let own = &activations[row * shape.units()..][..shape.units()];
        found.push(put_signal(*target, own, shape, rule, signal));
    }
    let signal = Tensor::from_data(TensorData::new(signal, shape.batched(rows.len())), network.device());
    let values = floats(network.reverse(&trace.rows(rows), signal, rule));
    let image = values.len() / rows.len();
    let answers = targets.iter().zip(found).zip(values.chunks_exact(image));
    let answer = |((target, found), values): ((&Target, Found), &[f32])| Reconstruction {
        image: target.image,
        unit: target.unit,
        place: found.place,
        activation: found.activation,
        values: values.to_vec(),
    };
    answers.map(answer).collect()
}

/// Writes the signal of a target into zeros, both `[channels, height, width]`.
pub(super) fn put_signal(target: Target, activations: &[f32], shape: Shape, rule: Rule, signal: &mut [f32]) -> Found {
    let found = target.find(activations, shape);
    let map = target.range(shape);
    let start = |activation: f32| if rule == Rule::Gradient { 1.0 } else { activation };
    match found.place {
        Some([y, x]) => signal[map.start + y * shape.width + x] = start(found.activation),
        None => {
            for (signal, activation) in signal[map.clone()].iter_mut().zip(&activations[map]) {
                *signal = start(*activation);
            }
        }
    }
    found
}

/// The shape of one example at a cut.
pub(super) fn shape_at(network: &Network, cut: Cut) -> Shape {
    network.architecture().cut_shape(cut).expect("a network's architecture fits together")
}

/// How many images may go through the network together.
fn at_once(network: &Network, cut: Cut) -> usize {
    let cuts = network.architecture().every_cut().into_iter().filter(|&below| below <= cut);
    let values: usize = cuts.map(|below| shape_at(network, below).units()).sum();
    (VALUES_AT_ONCE / values).clamp(1, MOST_AT_ONCE)
}

/// What comes out at a cut for standardised images, `[batch, channels, height, width]`.
pub(super) fn activations_at(network: &Network, images: Tensor<4>, cut: Cut) -> Vec<f32> {
    floats(network.trace_to(images, cut, Mode::Evaluate).output().clone())
}

/// The unit of the largest activation at a cut, for the first of the images: at the top the most probable class.
pub fn strongest_unit(network: &Network, images: &Tensor<4>, cut: Cut) -> usize {
    let activations = activations_at(network, images.clone().narrow(0, 0, 1), cut);
    let best =
        activations.iter().enumerate().fold(0, |best, (at, value)| if *value > activations[best] { at } else { best });
    let shape = shape_at(network, cut);
    best / (shape.height * shape.width)
}

fn select(images: &Tensor<4>, chosen: &[usize]) -> Tensor<4> {
    if chosen.iter().copied().eq(0..images.dims()[0]) {
        return images.clone();
    }
    let indices: Vec<i32> = chosen.iter().map(|&image| image as i32).collect();
    images.clone().select(0, Tensor::<1, Int>::from_data(&*indices, &images.device()))
}

pub(super) fn floats<const D: usize>(values: Tensor<D>) -> Vec<f32> {
    values.into_data().try_into_vec().expect("activations are 32-bit floats")
}

impl Place {
    /// A place as it was found: the whole map where it was none.
    pub fn found(place: Option<[usize; 2]>) -> Self {
        place.map_or(Self::WholeMap, Self::At)
    }
}
