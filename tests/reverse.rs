//! The reverse pass, from outside: against PyTorch (`tests/reference/reverse.py`), and what must hold of any network.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::experiments::Classifier;
use glassbox::lens::{Place, Reconstruction, Target, TargetError, reconstruct};
use glassbox::nets::{Architecture, Cut, Mode, NamedArray, Network, Rule, preset};
use proptest::prelude::*;
use serde_json::Value;

// ---- against PyTorch

/// Numbers from 0 to 1, as `noise` of the script draws them.
fn noise(key: u64, count: usize) -> impl Iterator<Item = f64> {
    (0..count as u64).map(move |place| {
        let z = (place + (key << 40)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ (z >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let z = (z ^ (z >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (z >> 40) as f64 / (1u64 << 24) as f64
    })
}

const IMAGE: u64 = 1 << 20;

fn noise_parameter(name: &str, key: u64, dims: &[usize]) -> NamedArray {
    let bound = (6.0 / dims[1..].iter().product::<usize>() as f64).sqrt();
    let is_scale = name.ends_with(".weight") || name.ends_with(".running_var");
    let value = |u: f64| match dims.len() {
        1 if is_scale => 0.5 + u,
        1 => (2.0 * u - 1.0) * 0.2,
        _ => (2.0 * u - 1.0) * bound,
    };
    let data = noise(key, dims.iter().product()).map(|u| value(u) as f32).collect();
    NamedArray { name: name.to_owned(), dims: dims.to_vec(), data }
}

fn noise_images(network: &Network, count: usize) -> Tensor<4> {
    let dims = network.cuts()[0].batched(count);
    let values: Vec<f32> = noise(IMAGE, dims.iter().product()).map(|u| ((2.0 * u - 1.0) * 2.0) as f32).collect();
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

fn noise_network(architecture: Architecture) -> Network {
    let mut network = Network::new(architecture, 0, &Device::flex()).unwrap();
    let draw = |(key, parameter): (usize, &glassbox::nets::Parameter)| {
        noise_parameter(&parameter.name, key as u64, &parameter.dims)
    };
    let arrays: Vec<NamedArray> = network.parameters().iter().enumerate().map(draw).collect();
    network.load_arrays(&arrays).unwrap();
    network
}

fn reference(name: &str) -> Value {
    let whole: Value = serde_json::from_str(include_str!("reference/reverse.json")).unwrap();
    whole.as_array().unwrap().iter().find(|case| case["network"] == name).unwrap().clone()
}

fn place(value: &Value) -> Place {
    match value.as_str() {
        Some("strongest") => Place::Strongest,
        Some("map") => Place::WholeMap,
        _ => Place::At(serde_json::from_value(value.clone()).unwrap()),
    }
}

fn number(value: &Value) -> f32 {
    value.as_f64().unwrap() as f32
}

/// Within 1e-4 of the largest magnitude.
#[track_caller]
fn assert_is(what: &str, found: &Reconstruction, expected: &Value) {
    let largest = number(&expected["largest"]);
    let tolerance = 1e-4 * largest;
    let at: Option<[usize; 2]> = serde_json::from_value(expected["at"].clone()).unwrap();
    assert_eq!(found.place, at, "{what}");
    let activation = number(&expected["activation"]);
    assert!((found.activation - activation).abs() < 1e-4 * (activation.abs() + 1e-2), "{what}: {}", found.activation);
    let is_near = |name: &str, found: f32, expected: f32, tolerance: f32| {
        assert!((found - expected).abs() <= tolerance, "{what}: {name} is {found}, but PyTorch has {expected}");
    };
    for sample in expected["samples"].as_array().unwrap() {
        let index = sample[0].as_u64().unwrap() as usize;
        is_near(&format!("value {index}"), found.values[index], number(&sample[1]), tolerance);
    }
    let magnitudes = found.values.iter().map(|value| f64::from(value.abs()));
    is_near("the largest magnitude", magnitudes.clone().fold(0.0, f64::max) as f32, largest, tolerance);
    let expected_magnitudes = number(&expected["magnitudes"]);
    let tolerance = 1e-4 * expected_magnitudes;
    is_near("the sum of magnitudes", magnitudes.sum::<f64>() as f32, expected_magnitudes, tolerance);
    let sum = found.values.iter().map(|&value| f64::from(value)).sum::<f64>() as f32;
    is_near("the sum", sum, number(&expected["sum"]), tolerance);
}

/// All targets of a case: those of one layer and rule in one batch.
fn follows_pytorch(network: &Network, case: &Value) {
    let image = noise_images(network, 1);
    let targets = case["targets"].as_array().unwrap();
    assert!(targets.len() >= 9);
    for expected in targets {
        let layer = expected["layer"].as_str().unwrap();
        let rule: Rule = serde_json::from_value(expected["rule"].clone()).unwrap();
        let unit = expected["unit"].as_u64().unwrap() as usize;
        let target = Target { image: 0, unit, place: place(&expected["place"]) };
        let cut = network.architecture().cut(layer).unwrap();
        let found = reconstruct(network, &image, cut, &[target], rule).unwrap();
        let what = format!("{} {layer} {unit} {rule:?}", network.architecture().name);
        assert_is(&what, &found[0], expected);
    }
}

fn preset_follows_pytorch(name: &str) {
    let case = reference(name);
    let mut architecture = preset(name).unwrap();
    architecture.layers.truncate(case["layers"].as_u64().unwrap() as usize);
    follows_pytorch(&noise_network(architecture), &case);
}

fn tiny() -> Network {
    noise_network(serde_json::from_value(reference("tiny")["architecture"].clone()).unwrap())
}

#[test]
fn every_kind_of_layer_is_reversed_as_in_pytorch() {
    follows_pytorch(&tiny(), &reference("tiny"));
}

#[test]
fn lenet_is_reversed_as_in_pytorch() {
    preset_follows_pytorch("lenet");
}

#[test]
fn convnet_cifar_is_reversed_as_in_pytorch() {
    preset_follows_pytorch("convnet-cifar");
}

#[test]
fn alexnet_is_reversed_as_in_pytorch() {
    preset_follows_pytorch("alexnet");
}

#[test]
fn vgg11_is_reversed_as_in_pytorch() {
    preset_follows_pytorch("vgg11");
}

#[test]
fn efficientnet_lite0_is_reversed_as_in_pytorch() {
    let classifier = Classifier::open("efficientnet-lite0", None, &Device::flex()).unwrap();
    follows_pytorch(classifier.network(), &reference("efficientnet-lite0"));
}

// ---- batches

/// Each of many targets, of several images in any order, is what it is alone.
#[test]
fn many_targets_at_once_are_each_as_alone() {
    let network = tiny();
    let images = noise_images(&network, 3);
    for (layer, rule) in [("block3/depthwise", Rule::Deconvolution), ("pool3", Rule::Guided), ("relu5", Rule::Gradient)]
    {
        let cut = network.architecture().cut(layer).unwrap();
        let targets: Vec<Target> = (0..200)
            .map(|index| Target {
                image: index * 7 % 3,
                unit: index % 7,
                place: [Place::Strongest, Place::WholeMap][index % 2],
            })
            .collect();
        let together = reconstruct(&network, &images, cut, &targets, rule).unwrap();
        assert_eq!(together.len(), targets.len());
        for (target, found) in targets.iter().zip(&together).step_by(13) {
            let image = images.clone().narrow(0, target.image, 1);
            let alone = reconstruct(&network, &image, cut, &[Target { image: 0, ..*target }], rule).unwrap();
            assert_eq!((found.image, found.unit, found.place), (target.image, target.unit, alone[0].place));
            assert_near(&found.values, &alone[0].values, 1e-5);
        }
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let network = tiny();
    let images = noise_images(&network, 2);
    let cut = network.architecture().cut("block3/expand").unwrap();
    let ask = |image, unit, place| {
        let error = reconstruct(&network, &images, cut, &[Target { image, unit, place }], Rule::Gradient).unwrap_err();
        error.to_string()
    };
    assert_eq!(ask(0, 12, Place::Strongest), "`block3/expand` has no unit 12: it has 12, 0 to 11");
    let place = ask(0, 0, Place::At([0, 4]));
    assert_eq!(place, "the maps of `block3/expand` are 4 x 4: there is no place 0,4 (row, column, both from 0)");
    assert_eq!(ask(2, 0, Place::WholeMap), "there is no image 2 in a batch of 2");
    let fine = reconstruct(&network, &images, cut, &[], Rule::Gradient);
    assert_eq!(fine, Ok::<_, TargetError>(Vec::new()));
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f32], share: f32) {
    let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= share * largest, "value {index}: {found}, not {expected}");
    }
}

// ---- properties

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn norm(a: &[f32]) -> f64 {
    dot(a, a).sqrt()
}

fn architecture(input: [usize; 3], layers: &str) -> Result<Architecture, String> {
    let text = format!("name = \"test\"\ninput = {input:?}\nlayers = [{layers}]");
    Architecture::from_toml(&text, "test").map_err(|error| error.to_string())
}

fn random(dims: [usize; 4], key: u64) -> Tensor<4> {
    let values: Vec<f32> = noise(key, dims.iter().product()).map(|u| (2.0 * u - 1.0) as f32).collect();
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// <conv x, y> = <x, transposed conv y>, which makes the reverse step of a convolution its transposed one.
    #[test]
    fn a_convolution_is_reversed_by_its_adjoint(
        (groups, per_group, out_per_group) in (1usize..4, 1usize..4, 1usize..4),
        (height, width) in (3usize..12, 3usize..12),
        (kernel, stride, padding, more) in (1usize..5, 1usize..4, 0usize..3, 0usize..2),
        (batch, key) in (1usize..4, 0u64..1000),
    ) {
        let (channels_in, channels) = (groups * per_group, groups * out_per_group);
        let layer = format!(
            "{{ name = \"conv\", kind = \"conv2d\", channels = {channels}, kernel = {kernel}, stride = {stride}, \
             padding = {padding}, far_padding = {}, groups = {groups}, bias = false }}",
            padding + more,
        );
        let Ok(architecture) = architecture([channels_in, height, width], &layer) else { return Ok(()) };
        let network = Network::new(architecture, key, &Device::flex()).unwrap();
        let x = random(network.cuts()[0].batched(batch), key);
        let y = random(network.cuts()[1].batched(batch), key + 5000);
        let trace = network.trace(x.clone(), 0..1, Mode::Evaluate);
        for rule in [Rule::Deconvolution, Rule::Gradient, Rule::Guided] {
            let up = values(trace.output().clone());
            let (x, y) = (values(x.clone()), values(y.clone()));
            let down = values(network.reverse(&trace, random(network.cuts()[1].batched(batch), key + 5000), rule));
            let difference = (dot(&up, &y) - dot(&x, &down)).abs();
            prop_assert!(difference <= 1e-4 * (norm(&up) * norm(&y)).max(1e-6), "{difference}");
        }
    }
}

const LINEAR: &str = r#"
    { name = "conv1", kind = "conv2d", channels = 6, kernel = 5, stride = 2, padding = 2 },
    { name = "norm1", kind = "batch_norm" },
    { name = "pool1", kind = "max_pool2d", kernel = 3, stride = 2, padding = 1 },
    { name = "conv2", kind = "conv2d", channels = 8, kernel = 3, padding = 1 },
    { name = "pool2", kind = "average_pool2d", kernel = 2, stride = 2 },
    { name = "flatten", kind = "flatten" },
    { name = "fc3", kind = "linear", units = 5 },
"#;

/// With nothing to rectify, the deconvnet of a unit is its gradient times its activation; with a ReLU it is not.
#[test]
fn the_deconvnet_is_the_gradient_without_a_relu_and_not_with_one() {
    let with_relu = LINEAR.replace("{ name = \"conv2\"", "{ name = \"relu1\", kind = \"relu\" }, { name = \"conv2\"");
    for (layers, alike) in [(LINEAR, true), (&*with_relu, false)] {
        let network = noise_network(architecture([3, 19, 17], layers).unwrap());
        let image = noise_images(&network, 1);
        for unit in 0..5 {
            let target = Target { unit, ..Target::default() };
            let [deconvolution, gradient, guided] = [Rule::Deconvolution, Rule::Gradient, Rule::Guided]
                .map(|rule| reconstruct(&network, &image, network.top().into(), &[target], rule).unwrap().remove(0));
            let scaled: Vec<f32> = gradient.values.iter().map(|value| value * gradient.activation).collect();
            let apart = |other: &[f32]| {
                let difference: Vec<f32> = other.iter().zip(&scaled).map(|(a, b)| a - b).collect();
                norm(&difference) / norm(&scaled)
            };
            if alike {
                assert!(apart(&deconvolution.values) < 1e-5 && apart(&guided.values) < 1e-5);
            } else {
                assert!(apart(&deconvolution.values) > 0.1 && apart(&guided.values) > 0.1);
            }
        }
    }
}

/// Overlapping windows with the same maximum: their signals meet there, as those of a transposed operation do.
#[test]
fn signals_of_overlapping_windows_add_up() {
    let layers = "{ name = \"pool\", kind = \"max_pool2d\", kernel = 3, stride = 1, padding = 1 }";
    let network = Network::new(architecture([1, 3, 3], layers).unwrap(), 0, &Device::flex()).unwrap();
    let tensor =
        |values: [f32; 9]| Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, 3, 3]), &Device::flex());
    let trace = network.trace(tensor([0.0, 0.0, 1.0, 0.0, 5.0, 0.0, 2.0, 0.0, 0.0]), 0..1, Mode::Evaluate);
    let signal = tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    let back = values(network.reverse(&trace, signal, Rule::Deconvolution));
    assert_eq!(back, [0.0, 0.0, 0.0, 0.0, 45.0, 0.0, 0.0, 0.0, 0.0]);
}

/// The derivative by finite differences, also through what is inside blocks.
#[test]
fn the_gradient_is_what_small_changes_of_the_image_do() {
    let network = tiny();
    let image = noise_images(&network, 1);
    for layer in ["block3/depthwise_tanh", "block3", "fc5"] {
        let cut = network.architecture().cut(layer).unwrap();
        let found =
            reconstruct(&network, &image, cut, &[Target { unit: 1, ..Target::default() }], Rule::Gradient).unwrap();
        let [y, x] = found[0].place.unwrap();
        let activation = |image: &[f32]| {
            let dims = network.cuts()[0].batched(1);
            let image = Tensor::from_data(TensorData::new(image.to_vec(), dims), &Device::flex());
            let trace = network.trace_to(image, cut, Mode::Evaluate);
            let [_, _, height, width] = trace.at(cut).dims();
            f64::from(values(trace.at(cut).clone())[height * width + y * width + x])
        };
        let pixels = values(image.clone());
        let largest = found[0].values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let mut wrong = 0;
        for pixel in (0..pixels.len()).step_by(5) {
            let moved = |by: f32| {
                let mut moved = pixels.clone();
                moved[pixel] += by;
                activation(&moved)
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            // Where a maximum or a mask changes within the step there is no derivative.
            wrong += usize::from((slope as f32 - found[0].values[pixel]).abs() > 0.01 * largest);
        }
        assert!(wrong <= 2, "{layer}: {wrong} of {} pixels", pixels.len() / 5);
    }
}

// ---- cuts inside blocks

#[test]
fn cuts_have_names_inside_blocks_too() {
    let architecture = preset("efficientnet-lite0").unwrap();
    let cuts = architecture.every_cut();
    assert!(cuts.is_sorted());
    for cut in cuts {
        assert_eq!(architecture.cut(&architecture.cut_name(cut)), Ok(cut));
    }
    assert_eq!(architecture.cut("input"), Ok(Cut::INPUT));
    assert_eq!(architecture.cut("block3"), Ok(Cut { layers: 6, inner: 0 }));
    assert_eq!(architecture.cut("block3/expand"), Ok(Cut { layers: 5, inner: 1 }));
    let error = architecture.cut("block3/expandd").unwrap_err().to_string();
    let start = "the network `efficientnet-lite0` has no layer `block3/expandd`; near it are `block3/expand`, ";
    assert!(error.starts_with(start), "{error}");
    let near = preset("convnet-cifar").unwrap().cut("conv").unwrap_err().near;
    assert!(near.contains("`conv1`") && near.contains("`conv5`"), "{near}");
}

#[test]
fn a_trace_may_end_inside_a_block() {
    let network = tiny();
    let images = noise_images(&network, 2);
    let whole = network.trace(images.clone(), 0..network.top(), Mode::Evaluate);
    for cut in network.architecture().every_cut() {
        let trace = network.trace_to(images.clone(), cut, Mode::Evaluate);
        assert_eq!(trace.end(), cut);
        assert_eq!(values(trace.output().clone()), values(whole.at(cut).clone()));
        assert_eq!(values(trace.at(cut).clone()), values(whole.at(cut).clone()));
        let shape = network.architecture().cut_shape(cut).unwrap();
        assert_eq!(trace.output().dims(), shape.batched(2));
    }
}

/// Down to a cut and on from there is down at once, but for what goes around a block.
#[test]
fn the_reverse_pass_can_end_at_any_cut() {
    let network = tiny();
    let image = noise_images(&network, 1);
    let trace = network.trace(image.clone(), 0..network.top(), Mode::Evaluate);
    let signal = || random(network.cuts()[network.top()].batched(1), 9);
    for rule in [Rule::Deconvolution, Rule::Gradient, Rule::Guided] {
        let at_once = values(network.reverse(&trace, signal(), rule));
        for cut in network.architecture().every_cut() {
            let above = network.reverse_to(&trace, cut, signal(), rule);
            assert_eq!(above.dims(), trace.at(cut).dims());
            let below = network.trace_to(image.clone(), cut, Mode::Evaluate);
            let mut down = values(network.reverse(&below, above, rule));
            if cut.inner > 0 {
                // The way around the block.
                let top = network.reverse_to(&trace, Cut::from(cut.layers + 1), signal(), rule);
                let below = network.trace(image.clone(), 0..cut.layers, Mode::Evaluate);
                let around = values(network.reverse(&below, top, rule));
                if rule != Rule::Gradient {
                    continue;
                }
                down.iter_mut().zip(around).for_each(|(down, around)| *down += around);
            }
            assert_near(&down, &at_once, 1e-5);
        }
    }
}

// ---- receptive fields

/// The maps of a layer at each of its places.
fn map(network: &Network, cut: Cut, image: &[f32]) -> Vec<f32> {
    let dims = network.cuts()[0].batched(1);
    let image = Tensor::from_data(TensorData::new(image.to_vec(), dims), &Device::flex());
    values(network.trace_to(image, cut, Mode::Evaluate).output().clone())
}

/// No pixel outside a unit's field changes it, and some pixel on each border of the field does.
fn fields_are_exact(network: &Network, cut: Cut) {
    let shape = network.architecture().cut_shape(cut).unwrap();
    let input = network.architecture().input;
    let fields = network.architecture().receptive_fields(cut);
    for [y, x] in [[0, 0], [shape.height / 2, shape.width / 2], [shape.height - 1, shape.width - 1]] {
        let span = |axis: usize, at: usize, side: usize| {
            let field = fields[axis];
            let start = field.offset + (at * field.stride) as isize;
            let end = start + field.size as isize;
            (start.max(0) as usize, (end.max(0) as usize).min(side), start >= 0, end <= side as isize)
        };
        let (top, bottom, top_inside, bottom_inside) = span(0, y, input.height);
        let (left, right, left_inside, right_inside) = span(1, x, input.width);
        // The maxima of one image hide pixels that those of another show.
        // A unit may look at nothing but padding.
        let mut seen = [top >= bottom || left >= right; 4];
        for attempt in 0..8u64 {
            let pixels: Vec<f32> = noise(7 + attempt, input.units()).map(|u| (u * 2.0 - 1.0) as f32).collect();
            let before = map(network, cut, &pixels);
            let units = |map: &[f32]| -> Vec<f32> {
                (0..shape.channels).map(|c| map[(c * shape.height + y) * shape.width + x]).collect()
            };
            let changes = |is_changed: &dyn Fn(usize, usize) -> bool| {
                let mut changed = pixels.clone();
                for (at, value) in changed.iter_mut().enumerate() {
                    let (row, column) = (at / input.width % input.height, at % input.width);
                    if is_changed(row, column) {
                        *value = -*value * 3.0 + 0.5;
                    }
                }
                units(&map(network, cut, &changed)) != units(&before)
            };
            let is_inside = |row: usize, column: usize| (top..bottom).contains(&row) && (left..right).contains(&column);
            assert!(!changes(&|row, column| !is_inside(row, column)), "cut {cut:?} sees more than {fields:?}");
            seen[0] |= !top_inside || changes(&|row, column| row == top && is_inside(row, column));
            seen[1] |= !bottom_inside || changes(&|row, column| row + 1 == bottom && is_inside(row, column));
            seen[2] |= !left_inside || changes(&|row, column| column == left && is_inside(row, column));
            seen[3] |= !right_inside || changes(&|row, column| column + 1 == right && is_inside(row, column));
            if seen == [true; 4] {
                break;
            }
        }
        assert_eq!(seen, [true; 4], "cut {cut:?}, unit at {y}, {x} sees less than {fields:?}");
    }
}

#[test]
fn receptive_fields_are_exact_at_every_cut() {
    let networks = [tiny(), noise_network(preset("lenet").unwrap()), noise_network(preset("convnet-cifar").unwrap())];
    for network in &networks {
        for cut in network.architecture().every_cut() {
            if !network.architecture().cut_shape(cut).unwrap().is_vector() {
                fields_are_exact(network, cut);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn receptive_fields_of_random_stacks_are_exact(
        layers in prop::collection::vec((0usize..4, 1usize..5, 1usize..3, 0usize..3, any::<bool>()), 1..5),
        (height, width) in (12usize..24, 12usize..24),
    ) {
        let text = |(index, &(kind, kernel, stride, padding, far)): (usize, &(usize, usize, usize, usize, bool))| {
            let padding = padding.min(kernel / 2);
            match kind {
                0 => format!("{{ name = \"p{index}\", kind = \"max_pool2d\", kernel = {kernel}, stride = {stride}, padding = {padding} }},"),
                1 => format!("{{ name = \"a{index}\", kind = \"average_pool2d\", kernel = {kernel}, stride = {stride}, padding = {padding} }},"),
                2 => format!(
                    "{{ name = \"b{index}\", kind = \"block\", skip = true, layers = [
                        {{ name = \"c\", kind = \"conv2d\", channels = 4, kernel = {}, padding = {padding} }},
                        {{ name = \"t\", kind = \"tanh\" }} ] }},",
                    2 * padding + 1,
                ),
                _ => format!(
                    "{{ name = \"c{index}\", kind = \"conv2d\", channels = 4, kernel = {kernel}, stride = {stride}, \
                     padding = {padding}, far_padding = {} }},",
                    // More of it, and the last unit would look at nothing but what this layer puts there.
                    (padding + usize::from(far)).min(kernel - 1),
                ),
            }
        };
        let layers: String = layers.iter().enumerate().map(text).collect();
        let Ok(architecture) = architecture([4, height, width], &layers) else { return Ok(()) };
        let network = noise_network(architecture);
        fields_are_exact(&network, network.top().into());
    }
}
