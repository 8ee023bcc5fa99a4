//! Whether the reverse pass is made of what it should be: the filters transposed, and where nothing rectifies the gradient
//! itself. Zeiler and Fergus 2013, section 2.1; Simonyan et al. 2013 (arXiv 1312.6034), section 4.

use super::gallery::{Gallery, Look, cosine, dot, mean, refused};
use super::results::{AdjointFinding, AdjointRow, Findings, RuleRow};
use crate::data::{Purpose, below, stream};
use crate::experiments::RunError;
use crate::lens::{Reconstruction, Target, reconstruct, strongest_unit};
use crate::nets::layers::{Block, Conv2d};
use crate::nets::{Architecture, Cut, Layer, LayerKind, Mode, NamedArray, Network, Rule, Shape};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

/// Pairs of x and y of each convolution.
const DRAWS: usize = 3;

pub(super) struct Adjoint {
    convolutions: Vec<Cut>,
    samples: usize,
    seed: u64,
    rows: Vec<AdjointRow>,
    /// The network without what rectifies or normalises by its neighbours.
    linear: Network,
    /// Of each layer, image by image: linear difference and cosine.
    found: Vec<(Vec<f64>, Vec<f64>)>,
    image: usize,
}

impl Adjoint {
    pub(super) fn new(gallery: &Gallery, samples: usize, seed: u64) -> Result<Self, RunError> {
        let network = gallery.network();
        let architecture = network.architecture();
        let is_convolution = |cut: &Cut| matches!(architecture.kind_below(*cut), Some(LayerKind::Conv2d(_)));
        let mut linear = Network::new(without_bends(architecture), 0, network.device())?;
        linear.load_arrays(&network.to_arrays())?;
        Ok(Self {
            convolutions: architecture.every_cut().into_iter().filter(is_convolution).collect(),
            samples: samples.min(gallery.images.len()),
            seed,
            rows: Vec::new(),
            linear,
            found: vec![<(Vec<f64>, Vec<f64>)>::default(); gallery.layers.len()],
            image: 0,
        })
    }

    /// The strongest unit of each layer, carried back by both rules.
    fn look(&mut self, gallery: &Gallery) -> Result<(), RunError> {
        let image = gallery.batch(&[self.image]);
        for (layer, (differences, cosines)) in gallery.layers.iter().zip(&mut self.found) {
            let linear_cut = self.linear.architecture().cut(&layer.name).map_err(refused)?;
            if let Some((deconvolution, gradient)) = by_both_rules(&self.linear, &image, linear_cut)? {
                differences.push(difference(&deconvolution, &gradient));
            }
            if let Some((deconvolution, gradient)) = by_both_rules(gallery.network(), &image, layer.cut.into())? {
                cosines.extend(cosine(&deconvolution.values, &gradient.values));
            }
        }
        Ok(())
    }
}

impl Look for Adjoint {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if let Some(&cut) = self.convolutions.get(self.rows.len()) {
            let generator = &mut stream(self.seed, Purpose::Parts, self.rows.len(), 3);
            self.rows.push(adjoint(gallery.network(), cut, generator)?);
            return Ok(true);
        }
        if self.image < self.samples {
            self.look(gallery)?;
            self.image += 1;
        }
        Ok(self.image < self.samples)
    }

    fn share(&self) -> f64 {
        (self.rows.len() + self.image) as f64 / (self.convolutions.len() + self.samples).max(1) as f64
    }

    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let rule = |(layer, (differences, cosines)): (_, &(Vec<f64>, Vec<f64>))| {
            let layer: &super::gallery::FeatureLayer = layer;
            Some(RuleRow {
                layer: layer.name.clone(),
                images: cosines.len(),
                linear_difference: differences.iter().copied().reduce(f64::max)?,
                cosine: mean(cosines.iter().copied())?,
            })
        };
        let rules = gallery.layers.iter().zip(&self.found).filter_map(rule).collect();
        findings.adjoint = Some(AdjointFinding { convolutions: std::mem::take(&mut self.rows), rules });
        Vec::new()
    }
}

/// From the strongest unit at a cut; none where it is not active.
fn by_both_rules(
    network: &Network,
    image: &Tensor<4>,
    cut: Cut,
) -> Result<Option<(Reconstruction, Reconstruction)>, RunError> {
    let target = Target { unit: strongest_unit(network, image, cut), ..Target::default() };
    let by = |rule: Rule| reconstruct(network, image, cut, &[target], rule).map_err(refused);
    let (deconvolution, gradient) = (by(Rule::Deconvolution)?.pop(), by(Rule::Gradient)?.pop());
    Ok(deconvolution.zip(gradient).filter(|(deconvolution, _)| deconvolution.activation > 0.0))
}

/// The largest error; what is no number is larger than any.
pub(in crate::experiments) fn worst(errors: impl Iterator<Item = f64>) -> f64 {
    errors.fold(0.0, |worst, error| if error.is_nan() { f64::INFINITY } else { f64::max(worst, error) })
}

/// Largest difference, in units of the gradient's largest value, once both begin with the same signal.
fn difference(deconvolution: &Reconstruction, gradient: &Reconstruction) -> f64 {
    let pairs = || deconvolution.values.iter().zip(&gradient.values);
    let apart = |(d, g): (&f32, &f32)| f64::from(d / deconvolution.activation - g).abs();
    let largest = gradient.values.iter().fold(0.0, |largest, value| f64::max(largest, f64::from(value.abs())));
    if largest == 0.0 { 0.0 } else { worst(pairs().map(apart)) / largest }
}

/// The layer right below a cut, alone.
fn adjoint(network: &Network, cut: Cut, generator: &mut ChaCha8Rng) -> Result<AdjointRow, RunError> {
    let architecture = network.architecture();
    let layer = architecture.cut_name(cut);
    let below = match cut.inner {
        0 => Cut::from(cut.layers - 1),
        inner => Cut { inner: inner - 1, ..cut },
    };
    let Some(LayerKind::Conv2d(convolution)) = architecture.kind_below(cut) else {
        return Err(refused(format!("`{layer}` is no convolution")));
    };
    let alone = Architecture {
        name: layer.clone(),
        input: architecture.cut_shape(below)?,
        // The bias is no part of the linear map.
        layers: vec![Layer {
            name: "conv".to_owned(),
            kind: LayerKind::Conv2d(Conv2d { bias: false, ..convolution.clone() }),
        }],
    };
    let (input, output) = (alone.input, architecture.cut_shape(cut)?);
    let mut alone = Network::new(alone, 0, network.device())?;
    let own = format!("{}.weight", layer.replace('/', "."));
    let arrays = network.to_arrays().into_iter().filter(|array| array.name == own);
    let renamed: Vec<NamedArray> = arrays.map(|array| NamedArray { name: "conv.weight".to_owned(), ..array }).collect();
    alone.load_arrays(&renamed)?;
    let error = worst((0..DRAWS).map(|_| adjoint_error(&alone, input, output, generator)));
    Ok(AdjointRow { layer, error })
}

fn adjoint_error(alone: &Network, input: Shape, output: Shape, generator: &mut ChaCha8Rng) -> f64 {
    let x: Vec<f32> = (0..input.units()).map(|_| 2.0 * unit_interval(generator) - 1.0).collect();
    let tensor = |values: Vec<f32>, shape: Shape| {
        Tensor::<4>::from_data(TensorData::new(values, shape.batched(1)), alone.device())
    };
    let trace = alone.trace(tensor(x.clone(), input), 0..1, Mode::Evaluate);
    let up = floats(trace.output().clone());
    // Not at right angles to conv x: else there would be nothing to measure a relative error by.
    let y: Vec<f32> = up.iter().map(|value| value * unit_interval(generator)).collect();
    let down = floats(alone.reverse(&trace, tensor(y.clone(), output), Rule::Deconvolution));
    let (above, below) = (dot(&up, &y), dot(&x, &down));
    if above == 0.0 { below.abs() } else { (above - below).abs() / above.abs() }
}

fn unit_interval(generator: &mut ChaCha8Rng) -> f32 {
    below(generator, 1 << 20) as f32 / (1 << 20) as f32
}

fn floats(values: Tensor<4>) -> Vec<f32> {
    values.into_data().try_into_vec().expect("activations are 32-bit floats")
}

/// The same weights, and nothing that is not linear but pooling.
fn without_bends(architecture: &Architecture) -> Architecture {
    Architecture { layers: straight(&architecture.layers), ..architecture.clone() }
}

fn straight(layers: &[Layer]) -> Vec<Layer> {
    let bends = |kind: &LayerKind| kind.is_nonlinearity() || matches!(kind, LayerKind::LocalResponseNorm(_));
    let kept = layers.iter().filter(|layer| !bends(&layer.kind));
    kept.map(|layer| match &layer.kind {
        LayerKind::Block(block) => {
            let block = Block { layers: straight(&block.layers), ..block.clone() };
            Layer { name: layer.name.clone(), kind: LayerKind::Block(block) }
        }
        _ => layer.clone(),
    })
    .collect()
}
