//! First-layer filters, and the bound on their RMS in training.

use crate::{Reference, assert_close, floats, random_floats};
use burn::tensor::{Device, Tensor, TensorData};
use glassbox::lens::{Duplicate, first_filters};
use glassbox::nets::{Architecture, NamedArray, Network, Shape, preset};
use glassbox::train::{Optimiser, OptimiserKind, OptimiserSettings};
use proptest::prelude::*;

fn convolution(units: usize, shape: Shape, weights: &[f32]) -> Network {
    let text = format!(
        "name = \"filters\"\ninput = [{}, 16, 16]\nlayers = [{{ name = \"conv1\", kind = \"conv2d\", channels = {units}, \
         kernel = {}, bias = false }}]",
        shape.channels, shape.height
    );
    let mut network = Network::new(Architecture::from_toml(&text, "test").unwrap(), 0, &Device::flex()).unwrap();
    let dims = vec![units, shape.channels, shape.height, shape.width];
    network.load_arrays(&[NamedArray { name: "conv1.weight".to_owned(), dims, data: weights.to_vec() }]).unwrap();
    network
}

/// A perceptron's first units see the whole image, which need not be square.
fn perceptron(units: usize, shape: Shape, weights: &[f32]) -> Network {
    let text = format!(
        "name = \"filters\"\ninput = [{}, {}, {}]\nlayers = [{{ name = \"flatten\", kind = \"flatten\" }}, {{ name = \"fc1\", \
         kind = \"linear\", units = {units}, bias = false }}]",
        shape.channels, shape.height, shape.width
    );
    let mut network = Network::new(Architecture::from_toml(&text, "test").unwrap(), 0, &Device::flex()).unwrap();
    let dims = vec![units, shape.units()];
    network.load_arrays(&[NamedArray { name: "fc1.weight".to_owned(), dims, data: weights.to_vec() }]).unwrap();
    network
}

#[test]
fn spectra_are_numpys() {
    for case in Reference::read().cases("spectrum") {
        let dims: Vec<usize> = serde_json::from_value(case["weights"]["shape"].clone()).unwrap();
        let shape = Shape::new(dims[1], dims[2], dims[3]);
        let weights = floats(&case["weights"]);
        let network = if shape.height == shape.width { convolution } else { perceptron }(dims[0], shape, &weights);
        let found = first_filters(&network).unwrap();
        assert_eq!(found.shape, shape);
        let spectra: Vec<f32> = found.filters.iter().flat_map(|filter| filter.spectrum.clone()).collect();
        assert_close("spectrum", &spectra, &floats(&case["spectrum"]));
        let kept: Vec<f32> = found.filters.iter().flat_map(|filter| filter.weights.clone()).collect();
        assert_eq!(kept, weights);
    }
}

proptest! {
    /// Parseval: the energy of the spectrum is that of the filter times the number of frequencies.
    #[test]
    fn spectra_keep_the_energy(seed in 0u64..1000, channels in 1usize..4, height in 1usize..12, width in 1usize..12) {
        let shape = Shape::new(channels, height, width);
        let found = first_filters(&perceptron(1, shape, &random_floats(seed, shape.units()))).unwrap();
        let energy = |values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
        let filter = &found.filters[0];
        let expected = energy(&filter.weights) * (height * width) as f64;
        prop_assert!((energy(&filter.spectrum) - expected).abs() <= 1e-5 * expected);
        prop_assert!((filter.rms.powi(2) * shape.units() as f64 - energy(&filter.weights)).abs() < 1e-6);
    }
}

/// A wave of one frequency, a constant, and a chessboard.
#[test]
fn the_frequency_of_a_wave_is_its_own() {
    let shape = Shape::new(1, 8, 8);
    let filter =
        |value: fn(usize, usize) -> f32| -> Vec<f32> { (0..64).map(|place| value(place / 8, place % 8)).collect() };
    let wave = filter(|_, x| (std::f32::consts::TAU * x as f32 * 2.0 / 8.0).sin());
    let constant = filter(|_, _| 3.0);
    let chessboard = filter(|y, x| if (y + x) % 2 == 0 { 1.0 } else { -1.0 });
    let found = first_filters(&convolution(4, shape, &[wave, constant, chessboard, vec![0.0; 64]].concat())).unwrap();
    for (filter, expected) in found.filters.iter().zip([0.25, 0.0, 0.5f64.sqrt(), 0.0]) {
        assert!((filter.frequency - expected).abs() < 1e-4, "{} and not {expected}", filter.frequency);
    }
}

#[test]
fn dead_and_duplicate_filters_are_flagged() {
    let shape = Shape::new(1, 3, 3);
    let [a, b, c] = [0, 1, 2].map(|seed| random_floats(seed, 9));
    let nearly: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 2.0 * a + 0.05 * b).collect();
    let opposite: Vec<f32> = b.iter().map(|value| -0.5 * value).collect();
    let dead: Vec<f32> = a.iter().map(|value| 0.01 * value).collect();
    let weights = [a, b, c, nearly, opposite, dead, vec![0.0; 9]].concat();
    let filters = first_filters(&convolution(7, shape, &weights)).unwrap().filters;
    assert_eq!(
        filters.iter().map(|filter| filter.is_dead).collect::<Vec<_>>(),
        [false, false, false, false, false, true, true]
    );
    let twins: Vec<Option<usize>> = filters.iter().map(|f| f.duplicate_of.map(|twin| twin.unit)).collect();
    assert_eq!(twins, [None, None, None, Some(0), Some(1), None, None]);
    assert!(matches!(filters[4].duplicate_of, Some(Duplicate { cosine, .. }) if (cosine + 1.0).abs() < 1e-6));
    let nothing = first_filters(&convolution(2, shape, &[0.0; 18])).unwrap().filters;
    assert!(nothing.iter().all(|filter| filter.is_dead && filter.duplicate_of.is_none()));
}

#[test]
fn presets_show_their_first_layer() {
    for (name, units, shape) in [("convnet-cifar", 32, [3, 5, 5]), ("mlp-30", 30, [1, 28, 28])] {
        let network = Network::new(preset(name).unwrap(), 1, &Device::flex()).unwrap();
        let found = first_filters(&network).unwrap();
        assert_eq!((found.filters.len(), found.shape), (units, shape.into()), "{name}");
    }
}

fn rms(values: &[f32]) -> f64 {
    (values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// Zeiler and Fergus 2013, section 3: filters over the radius are scaled back to it, others and linear layers left alone.
#[test]
fn training_scales_filters_back_to_their_rms() {
    let text = r#"
        name = "two"
        input = [2, 4, 4]
        layers = [
            { name = "conv1", kind = "conv2d", channels = 3, kernel = 3, padding = 1 },
            { name = "flatten", kind = "flatten" },
            { name = "fc2", kind = "linear", units = 5 },
        ]
    "#;
    let architecture = Architecture::from_toml(text, "test").unwrap();
    let small: Vec<f32> = random_floats(5, 18).iter().map(|value| value * 0.01).collect();
    let large: Vec<f32> = random_floats(6, 18).iter().map(|value| value * 3.0).collect();
    for on_host in [true, false] {
        for (max_norm, bound) in [(0.0, 0.1), (100.0, 0.1), (0.2, 0.2 / 18f64.sqrt())] {
            let mut network = Network::new(architecture.clone(), 1, &Device::flex()).unwrap();
            let mut arrays = network.to_arrays();
            arrays[0].data = [small.clone(), large.clone(), small.clone()].concat();
            network.load_arrays(&arrays).unwrap();
            let settings = OptimiserSettings {
                kind: OptimiserKind::Sgd,
                filter_rms: 0.1,
                max_norm,
                ..OptimiserSettings::default()
            };
            let mut optimiser = Optimiser::new(settings.kind, &network, on_host);
            let zeros = |index: usize| {
                let count = network.value(index).dims()[0];
                Some(Tensor::<1>::from_data(TensorData::new(vec![0.0f32; count], [count]), &Device::flex()))
            };
            let gradients = (0..network.parameters().len()).map(zeros).collect();
            optimiser.update(&mut network, gradients, &[], &settings, 0.1, false);
            let after = network.to_arrays();
            let rows: Vec<&[f32]> = after[0].data.chunks_exact(18).collect();
            assert_close("small", rows[0], &small);
            assert!((rms(rows[1]) - bound).abs() < 1e-6, "{} is not {bound}", rms(rows[1]));
            let scale = (bound / rms(&large)) as f32;
            assert_close("direction", rows[1], &large.iter().map(|value| value * scale).collect::<Vec<_>>());
            if max_norm != 0.2 {
                assert_eq!(after[2].data, arrays[2].data, "a linear layer");
            }
        }
    }
}
