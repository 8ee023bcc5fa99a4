//! Architectures and networks, from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::nets::layers::Wanted;
use glassbox::nets::{Architecture, Checkpoint, Mode, NamedArray, Network, preset, preset_names};
use glassbox::train::{Objective, cross_entropy};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn architecture(text: &str) -> Result<Architecture, String> {
    Architecture::from_toml(text, "test").map_err(|error| error.to_string())
}

/// Counts worked out by hand: weights and biases layer by layer.
#[test]
fn presets_have_the_parameters_that_their_papers_give() {
    let counts: BTreeMap<&str, u64> = [
        ("mlp-1200", 784 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 10 + 10),
        ("mlp-800", 784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10),
        ("mlp-30", 784 * 30 + 30 + 30 * 30 + 30 + 30 * 10 + 10),
        ("lenet", 61_706),
        ("convnet-mnist", (9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 49 + 1) * 128 + 1290),
        (
            "convnet-cifar",
            (75 + 1) * 32
                + (288 + 1) * 64
                + (576 + 1) * 96
                + 2 * (864 + 1) * 96
                + (96 * 16 + 1) * 256
                + 257 * 256
                + 2570,
        ),
        // As torchvision 0.29 counts them.
        ("alexnet", 61_100_840),
        ("vgg11", 132_863_336),
        ("vgg16", 138_357_544),
        // The sizes of figure 3.
        (
            "zfnet",
            (3 * 49 + 1) * 96
                + (96 * 25 + 1) * 256
                + (256 * 9 + 1) * 384
                + (384 * 9 + 1) * 384
                + (384 * 9 + 1) * 256
                + (256 * 36 + 1) * 4096
                + 4097 * 4096
                + 4097 * 1000,
        ),
        // As PyTorch counts those of the package efficientnet_lite_pytorch 0.1.0.
        ("efficientnet-lite0", 4_652_008),
    ]
    .into();
    assert_eq!(preset_names().count(), counts.len());
    for name in preset_names() {
        let parameters: u64 = preset(name).unwrap().summary().unwrap().iter().map(|row| row.parameters).sum();
        assert_eq!(parameters, counts[name], "{name}");
    }
}

/// AlexNet as `torchvision` has it; fields from Araujo et al. 2019, table 1: 195 pixels, every 32, at its last pooling.
#[test]
fn receptive_fields_are_those_of_alexnet() {
    let text = r#"
        name = "alexnet"
        input = [3, 224, 224]
        layers = [
            { name = "conv1", kind = "conv2d", channels = 64, kernel = 11, stride = 4, padding = 2 },
            { name = "pool1", kind = "max_pool2d", kernel = 3, stride = 2 },
            { name = "conv2", kind = "conv2d", channels = 192, kernel = 5, padding = 2 },
            { name = "pool2", kind = "max_pool2d", kernel = 3, stride = 2 },
            { name = "conv3", kind = "conv2d", channels = 384, kernel = 3, padding = 1 },
            { name = "conv4", kind = "conv2d", channels = 256, kernel = 3, padding = 1 },
            { name = "conv5", kind = "conv2d", channels = 256, kernel = 3, padding = 1 },
            { name = "pool5", kind = "max_pool2d", kernel = 3, stride = 2 },
            { name = "flatten", kind = "flatten" },
            { name = "fc6", kind = "linear", units = 4096 },
        ]
    "#;
    let rows = architecture(text).unwrap().summary().unwrap();
    let fields: Vec<[isize; 3]> = rows
        .iter()
        .map(|row| [row.receptive_field.size as isize, row.receptive_field.stride as isize, row.receptive_field.offset])
        .collect();
    let expected = [
        [11, 4, -2],
        [19, 8, -2],
        [51, 8, -18],
        [67, 16, -18],
        [99, 16, -34],
        [131, 16, -50],
        [163, 16, -66],
        [195, 32, -66],
        [195, 32, -66],
        [224, 224, 0],
    ];
    assert_eq!(fields, expected);
    assert_eq!(rows[7].output.to_string(), "256x6x6");
    assert_eq!(rows[0].multiply_adds, 64 * 55 * 55 * 3 * 11 * 11);
}

#[test]
fn impossible_architectures_name_the_layer() {
    let cases = [
        (r#"[{ name = "fc", kind = "linear", units = 10 }]"#, "`fc`", "flatten"),
        (r#"[{ name = "c", kind = "conv2d", channels = 4, kernel = 9 }]"#, "`c`", "does not fit"),
        (r#"[{ name = "c", kind = "conv2d", channels = 4, kernel = 3, groups = 3 }]"#, "`c`", "evenly"),
        (r#"[{ name = "c", kind = "conv2d", channels = 4, kernel = 3, paddding = 1 }]"#, "`c`", "paddding"),
        (r#"[{ name = "d", kind = "dropout", probability = 1.0 }]"#, "`d`", "probability"),
        (r#"[{ name = "x", kind = "magic" }]"#, "`x`", "magic"),
        (r#"[{ name = "r", kind = "relu" }, { name = "r", kind = "relu" }]"#, "`r`", "two layers"),
        (r#"[{ name = "p", kind = "max_pool2d", kernel = 0 }]"#, "`p`", "at least 1"),
        (
            r#"[{ name = "c", kind = "conv2d", channels = 4, kernel = 3, padding = 9223372036854775807 }]"#,
            "`c`",
            "large",
        ),
        (
            r#"[{ name = "f", kind = "flatten" }, { name = "l", kind = "linear", units = 999999999999 }]"#,
            "`l`",
            "large",
        ),
        ("[]", "test", "no layers"),
    ];
    for (layers, place, reason) in cases {
        let error = architecture(&format!("name = \"test\"\ninput = [3, 8, 8]\nlayers = {layers}")).unwrap_err();
        assert!(error.contains(place) && error.contains(reason), "{layers} gives: {error}");
    }
}

#[test]
fn architectures_survive_toml() {
    for name in preset_names() {
        let before = preset(name).unwrap();
        assert_eq!(architecture(&before.to_toml()).unwrap(), before);
    }
}

fn small_network(seed: u64) -> Network {
    let text = r#"
        name = "small"
        input = [2, 7, 7]
        layers = [
            { name = "conv1", kind = "conv2d", channels = 4, kernel = 3, stride = 2, padding = 1 },
            { name = "norm1", kind = "batch_norm" },
            { name = "tanh1", kind = "tanh" },
            { name = "response", kind = "local_response_norm", size = 3, alpha = 0.3 },
            { name = "pool1", kind = "average_pool2d", kernel = 2, stride = 2 },
            { name = "flatten", kind = "flatten" },
            { name = "fc2", kind = "linear", units = 6 },
            { name = "sigmoid2", kind = "sigmoid" },
            { name = "drop2", kind = "dropout", probability = 0.3 },
            { name = "fc3", kind = "linear", units = 3 },
        ]
    "#;
    Network::new(architecture(text).unwrap(), seed, &Device::flex()).unwrap()
}

fn images(count: usize, seed: u32) -> Tensor<4> {
    let values = (0..count * 98)
        .map(|i| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 8_388_608.0 - 1.0);
    Tensor::from_data(TensorData::new(values.collect::<Vec<_>>(), [count, 2, 7, 7]), &Device::flex())
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn loss(network: &Network, images: &Tensor<4>, labels: &[usize], mode: Mode) -> f64 {
    let logits = floats(network.forward_between(images.clone(), 0..network.top(), mode));
    let rows = logits.chunks_exact(3).zip(labels);
    rows.map(|(row, &label)| cross_entropy(row, label)).sum::<f64>() / labels.len() as f64
}

/// Central differences over every tenth parameter, in training mode, dropout and batch norm included.
#[test]
fn gradients_agree_with_finite_differences() {
    let mode = Mode::Train { seed: 3, step: 5, layer: 0 };
    let (images, labels) = (images(4, 7), [0, 2, 1, 2]);
    let mut network = small_network(1);
    let trace = network.trace(images.clone(), 0..network.top(), mode);
    let gradient = Objective::hard(&labels, 3, trace.output()).gradient(trace.output());
    let gradients = network.backward(&trace, gradient, Wanted { input: false, parameters: true });
    for index in 0..network.parameters().len() {
        let Some(gradient) = gradients.parameters[index].clone() else { continue };
        let name = network.parameters()[index].name.clone();
        let gradient = floats(gradient);
        let start = floats(network.value(index).clone());
        for place in (0..start.len()).step_by(10) {
            let mut at = |shift: f32| {
                let mut moved = start.clone();
                moved[place] += shift;
                let count = moved.len();
                network.put(index, Tensor::from_data(TensorData::new(moved, [count]), &Device::flex()));
                loss(&network, &images, &labels, mode)
            };
            let slope = (at(5e-3) - at(-5e-3)) / 1e-2;
            at(0.0);
            assert!(
                (slope - f64::from(gradient[place])).abs() < 2e-4,
                "{name}[{place}]: {slope} and {}",
                gradient[place]
            );
        }
    }
}

/// A forward pass may be cut anywhere, and a trace holds what the pieces give.
#[test]
fn cutting_a_pass_changes_nothing() {
    let network = small_network(2);
    let images = images(3, 1);
    let whole = floats(network.forward(images.clone()));
    let trace = network.trace(images.clone(), 0..network.top(), Mode::Evaluate);
    for cut in 0..=network.top() {
        let below = network.forward_between(images.clone(), 0..cut, Mode::Evaluate);
        assert_eq!(floats(below.clone()), floats(trace.activation(cut).clone()), "cut {cut}");
        assert_eq!(below.dims(), network.cuts()[cut].batched(3));
        assert_eq!(floats(network.forward_between(below, cut..network.top(), Mode::Evaluate)), whole, "cut {cut}");
    }
}

/// A backward pass may be cut as well: the gradient at a cut, carried on, gives the gradient at the images.
#[test]
fn cutting_a_backward_pass_changes_nothing() {
    let network = small_network(2);
    let mode = Mode::Train { seed: 1, step: 1, layer: 0 };
    let trace = network.trace(images(3, 1), 0..network.top(), mode);
    let top = Objective::hard(&[0, 1, 2], 3, trace.output()).gradient(trace.output());
    let wanted = Wanted { input: true, parameters: false };
    let whole = floats(network.backward(&trace, top.clone(), wanted).input.unwrap());
    let cut = 5;
    let lower = network.trace(images(3, 1), 0..cut, mode);
    let upper = network.trace(lower.output().clone(), cut..network.top(), mode);
    let at_cut = network.backward(&upper, top, wanted).input.unwrap();
    assert_eq!(floats(network.backward(&lower, at_cut, wanted).input.unwrap()), whole);
}

#[test]
fn a_seed_decides_the_start_and_layers_draw_apart() {
    let arrays = |seed| small_network(seed).to_arrays();
    assert_eq!(arrays(5), arrays(5));
    assert_ne!(arrays(5), arrays(6));
    let mut edited = small_network(5).architecture().clone();
    edited.layers.truncate(7);
    let short = Network::new(edited, 5, &Device::flex()).unwrap().to_arrays();
    assert_eq!(short[0], arrays(5)[0]);
}

/// He et al. 2015: below a ReLU the variance of weights is 2 / fan-in, elsewhere 1 / fan-in.
#[test]
fn weights_start_with_the_variance_their_nonlinearity_needs() {
    let network = Network::new(preset("mlp-800").unwrap(), 1, &Device::flex()).unwrap();
    for (index, gain) in [(0, 2.0), (2, 2.0), (4, 1.0)] {
        let weights = floats(network.value(index).clone());
        let fan_in = network.parameters()[index].dims[1] as f64;
        let variance = weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / weights.len() as f64;
        assert!((variance * fan_in / gain - 1.0).abs() < 0.05, "{}", network.parameters()[index].name);
    }
}

#[test]
fn dropout_silences_its_share_and_keeps_the_mean() {
    let text =
        "name = \"d\"\ninput = [1, 100, 100]\nlayers = [{ name = \"d\", kind = \"dropout\", probability = 0.2 }]";
    let network = Network::new(architecture(text).unwrap(), 1, &Device::flex()).unwrap();
    let ones = Tensor::<4>::ones([10, 1, 100, 100], &Device::flex());
    let at = |step| floats(network.forward_between(ones.clone(), 0..1, Mode::Train { seed: 1, step, layer: 0 }));
    let values = at(1);
    let silent = values.iter().filter(|&&value| value == 0.0).count() as f64 / 1e5;
    assert!((silent - 0.2).abs() < 0.005, "{silent}");
    assert!((values.iter().sum::<f32>() / 1e5 - 1.0).abs() < 0.01);
    assert_eq!(values, at(1));
    assert_ne!(values, at(2));
    assert!(floats(network.forward(ones)).iter().all(|&value| value == 1.0));
}

fn checkpoint() -> Checkpoint {
    let network = small_network(1);
    let state = BTreeMap::from([("step".to_owned(), "7".to_owned())]);
    Checkpoint { architecture: network.architecture().clone(), arrays: network.to_arrays(), state }
}

#[test]
fn checkpoints_come_back_bit_for_bit() {
    let before = checkpoint();
    let mut after = Checkpoint::from_bytes(&before.to_bytes(), "test").unwrap();
    let order = |arrays: &mut Vec<NamedArray>| arrays.sort_by(|a, b| a.name.cmp(&b.name));
    let mut before = before;
    order(&mut before.arrays);
    order(&mut after.arrays);
    assert_eq!(before, after);
    let mut network = small_network(9);
    network.load_arrays(&after.arrays).unwrap();
    assert_eq!(network.to_arrays(), small_network(1).to_arrays());
}

#[test]
fn a_checkpoint_of_another_network_is_refused_whole() {
    let mut network = Network::new(preset("mlp-30").unwrap(), 1, &Device::flex()).unwrap();
    let before = network.to_arrays();
    let error = network.load_arrays(&checkpoint().arrays).unwrap_err().to_string();
    assert!(error.contains("fc1.weight"), "{error}");
    assert_eq!(network.to_arrays(), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever happens to the file: a message or a checkpoint, never a panic.
    #[test]
    fn damaged_checkpoints_never_panic(place in 0usize..100_000, bit in 0u8..8, cut in 0usize..100_000) {
        let mut bytes = checkpoint().to_bytes();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        let _ = Checkpoint::from_bytes(&bytes, "damaged");
        bytes.truncate(cut % bytes.len());
        prop_assert!(Checkpoint::from_bytes(&bytes, "truncated").is_err());
    }

    /// Every architecture either builds and runs with the shapes it promised, or is refused with a message.
    #[test]
    fn random_architectures_run_or_are_refused(
        layers in prop::collection::vec((0usize..8, 1usize..6, 1usize..4, 0usize..3), 1..5),
    ) {
        let rows: Vec<String> = layers.iter().enumerate().map(|(i, (kind, a, b, c))| {
            let fields = match kind {
                0 => format!("kind = \"conv2d\", channels = {a}, kernel = {b}, stride = {a}, padding = {c}"),
                1 => format!("kind = \"max_pool2d\", kernel = {a}, stride = {b}, padding = {c}"),
                2 => format!("kind = \"average_pool2d\", kernel = {a}, stride = {b}, padding = {c}"),
                3 => "kind = \"relu\"".to_owned(),
                4 => "kind = \"batch_norm\"".to_owned(),
                5 => format!("kind = \"local_response_norm\", size = {a}"),
                6 => "kind = \"flatten\"".to_owned(),
                _ => format!("kind = \"linear\", units = {a}"),
            };
            format!("{{ name = \"l{i}\", {fields} }}")
        }).collect();
        let text = format!("name = \"random\"\ninput = [2, 7, 7]\nlayers = [{}]", rows.join(", "));
        if let Ok(architecture) = architecture(&text) {
            let cuts = architecture.cuts().unwrap();
            let network = Network::new(architecture, 1, &Device::flex()).unwrap();
            let trace = network.trace(images(2, 3), 0..network.top(), Mode::Train { seed: 1, step: 1, layer: 0 });
            for (cut, shape) in cuts.iter().enumerate() {
                prop_assert_eq!(trace.activation(cut).dims(), shape.batched(2));
            }
            let wanted = Wanted { input: true, parameters: true };
            let gradients = network.backward(&trace, trace.output().clone(), wanted);
            prop_assert_eq!(gradients.input.unwrap().dims(), [2, 2, 7, 7]);
        }
    }
}
