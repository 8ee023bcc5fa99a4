//! Where something stopped being a number, and what all layers looked like then.

use crate::nets::{Network, Trace};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that is not finite, and the first layer where it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub step: u64,
    pub layer: String,
    pub place: FaultPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPlace {
    Weights,
    Activations,
    Gradient,
    /// Every value of the gradient is finite, but its norm is not.
    GradientNorm,
    /// Every layer is finite, but the loss of the topmost one's output is not.
    Loss,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.place {
            FaultPlace::Weights => "the weights",
            FaultPlace::Activations => "the activations",
            FaultPlace::Gradient => "the gradient",
            FaultPlace::GradientNorm => "the norm of the gradient",
            FaultPlace::Loss => "the loss of the output",
        };
        write!(f, "{what} of layer `{}` stopped being finite at step {}", self.layer, self.step)
    }
}

/// A fault with the evidence: what every layer held in the step that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultReport {
    pub fault: Fault,
    /// From the first layer up.
    pub layers: Vec<LayerStatistics>,
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for FaultReport {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerStatistics {
    pub layer: String,
    /// All parameters and buffers of the layer; none where it has none.
    pub weights: Option<ValueStatistics>,
    /// Its output for the batch.
    pub activations: ValueStatistics,
    /// Of the loss by the layer's parameters; none where nothing is learned.
    pub gradient: Option<ValueStatistics>,
}

/// `minimum`, `maximum` and `mean` are over the finite values; none where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueStatistics {
    pub count: u64,
    pub nan: u64,
    pub positive_infinite: u64,
    pub negative_infinite: u64,
    pub minimum: Option<f32>,
    pub maximum: Option<f32>,
    pub mean: Option<f64>,
}

impl ValueStatistics {
    pub fn of<'a>(values: impl IntoIterator<Item = &'a f32>) -> Self {
        let mut found = Self::default();
        let mut sum = 0.0;
        for &value in values {
            found.count += 1;
            if value.is_nan() {
                found.nan += 1;
            } else if value == f32::INFINITY {
                found.positive_infinite += 1;
            } else if value == f32::NEG_INFINITY {
                found.negative_infinite += 1;
            } else {
                found.minimum = Some(found.minimum.map_or(value, |lowest| lowest.min(value)));
                found.maximum = Some(found.maximum.map_or(value, |highest| highest.max(value)));
                sum += f64::from(value);
            }
        }
        let finite = found.count - found.not_finite();
        found.mean = (finite > 0).then(|| sum / finite as f64);
        found
    }

    pub fn not_finite(&self) -> u64 {
        self.nan + self.positive_infinite + self.negative_infinite
    }

    fn is_faulty(&self) -> bool {
        self.not_finite() > 0
    }
}

/// Reads every layer and finds the first at fault: weights from below, then activations from below, then gradients from
/// above, because a gradient comes from there. `norms` has one entry a parameter, or none. `updated`: the weights are
/// those after the step, and prove nothing.
pub(super) fn fault_report(
    network: &Network,
    trace: &Trace,
    gradients: &[Option<Tensor<1>>],
    norms: &[f64],
    step: u64,
    updated: bool,
) -> FaultReport {
    let names = network.architecture().layers.iter().map(|layer| layer.name.clone());
    let layers: Vec<LayerStatistics> = names
        .enumerate()
        .map(|(index, layer)| LayerStatistics {
            layer,
            weights: of_layer(network, index, |parameter| Some(network.value(parameter))),
            activations: ValueStatistics::of(&read(trace.activation(index + 1))),
            gradient: of_layer(network, index, |parameter| gradients.get(parameter)?.as_ref()),
        })
        .collect();
    let overflow = norms.iter().rposition(|norm| !norm.is_finite()).map(|index| network.parameters()[index].layer);
    let (layer, place) = first_fault(&layers, overflow, updated);
    let layer = layers.get(layer).map_or_else(String::new, |row| row.layer.clone());
    FaultReport { fault: Fault { step, layer, place }, layers }
}

/// `overflow`: the topmost layer with a gradient whose norm is not finite.
fn first_fault(layers: &[LayerStatistics], overflow: Option<usize>, updated: bool) -> (usize, FaultPlace) {
    let is_faulty = |values: &Option<ValueStatistics>| values.as_ref().is_some_and(ValueStatistics::is_faulty);
    let weights = layers.iter().position(|row| is_faulty(&row.weights)).filter(|_| !updated);
    let activations = || layers.iter().position(|row| row.activations.is_faulty());
    let gradient = || layers.iter().rposition(|row| is_faulty(&row.gradient));
    let found = weights
        .map(|layer| (layer, FaultPlace::Weights))
        .or_else(|| Some((activations()?, FaultPlace::Activations)))
        .or_else(|| Some((gradient()?, FaultPlace::Gradient)))
        .or_else(|| Some((overflow?, FaultPlace::GradientNorm)));
    found.unwrap_or((layers.len().saturating_sub(1), FaultPlace::Loss))
}

/// Over all parameters of a layer for which there is a tensor.
fn of_layer<'a>(
    network: &Network,
    layer: usize,
    tensor: impl Fn(usize) -> Option<&'a Tensor<1>>,
) -> Option<ValueStatistics> {
    let mine = network.parameters().iter().enumerate().filter(|(_, parameter)| parameter.layer == layer);
    let values: Vec<f32> = mine.filter_map(|(index, _)| tensor(index)).flat_map(read).collect();
    (!values.is_empty()).then(|| ValueStatistics::of(&values))
}

fn read<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_into_vec().expect("values are 32-bit floats")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_count_what_is_no_number_and_leave_it_out_of_the_mean() {
        let values = [1.0, f32::NAN, -3.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 5.0];
        let found = ValueStatistics::of(&values);
        assert_eq!((found.count, found.nan, found.positive_infinite, found.negative_infinite), (7, 2, 1, 1));
        assert_eq!((found.minimum, found.maximum, found.mean), (Some(-3.0), Some(5.0), Some(1.0)));
        assert_eq!(ValueStatistics::of(&[f32::NAN]).mean, None);
    }

    fn row(layer: &str, weights: f32, activations: f32, gradient: f32) -> LayerStatistics {
        LayerStatistics {
            layer: layer.to_owned(),
            weights: Some(ValueStatistics::of(&[weights])),
            activations: ValueStatistics::of(&[activations]),
            gradient: Some(ValueStatistics::of(&[gradient])),
        }
    }

    #[test]
    fn the_first_fault_is_where_it_began() {
        let nan = f32::NAN;
        let above = [row("a", 1.0, 1.0, nan), row("b", 1.0, 1.0, nan), row("c", 1.0, 1.0, 1.0)];
        assert_eq!(first_fault(&above, Some(1), false), (1, FaultPlace::Gradient));
        let middle = [row("a", 1.0, 1.0, nan), row("b", 1.0, nan, nan), row("c", 1.0, nan, nan)];
        assert_eq!(first_fault(&middle, None, false), (1, FaultPlace::Activations));
        let weights = [row("a", 1.0, 1.0, nan), row("b", 1.0, 1.0, nan), row("c", nan, nan, nan)];
        assert_eq!(first_fault(&weights, None, false), (2, FaultPlace::Weights));
        assert_eq!(first_fault(&weights, None, true), (2, FaultPlace::Activations));
        let finite = [row("a", 1.0, 1.0, 1e20), row("b", 1.0, 1.0, 1.0)];
        assert_eq!(first_fault(&finite, Some(0), false), (0, FaultPlace::GradientNorm));
        assert_eq!(first_fault(&finite, None, false), (1, FaultPlace::Loss));
    }
}
