//! Gradient times input, integrated gradients, Grad-CAM and activation maximisation, from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::lens::{
    ClassMap, IntegratedGradients, Maximisation, MaximisationSettings, Place, Target, grad_cam, gradient_times_input,
    reconstruct, strongest_unit,
};
use glassbox::nets::{Architecture, Cut, Mode, Network, Rule};

fn network(layers: &str) -> Network {
    let text = format!("name = \"test\"\ninput = [2, 12, 10]\nlayers = [{layers}]");
    Network::new(Architecture::from_toml(&text, "test").unwrap(), 3, &Device::flex()).unwrap()
}

const SMOOTH: &str = r#"
    { name = "conv1", kind = "conv2d", channels = 6, kernel = 3, padding = 1 },
    { name = "tanh1", kind = "tanh" },
    { name = "block2", kind = "block", skip = true, layers = [
        { name = "conv", kind = "conv2d", channels = 6, kernel = 3, padding = 1 },
        { name = "sigmoid", kind = "sigmoid" },
    ] },
    { name = "pool2", kind = "average_pool2d", kernel = 2, stride = 2 },
    { name = "flatten", kind = "flatten" },
    { name = "fc3", kind = "linear", units = 4 },
"#;

/// No biases: the output is proportional to the input as long as no switch changes.
const HOMOGENEOUS: &str = r#"
    { name = "conv1", kind = "conv2d", channels = 6, kernel = 3, padding = 1, bias = false },
    { name = "relu1", kind = "relu" },
    { name = "pool1", kind = "max_pool2d", kernel = 3, stride = 2, padding = 1 },
    { name = "flatten", kind = "flatten" },
    { name = "fc2", kind = "linear", units = 4, bias = false },
"#;

/// Classes are weighted means of maps: then Grad-CAM is the class activation map (Selvaraju et al. 2017, section 3).
const POOLED: &str = r#"
    { name = "conv1", kind = "conv2d", channels = 5, kernel = 3, stride = 2, padding = 1 },
    { name = "relu1", kind = "relu" },
    { name = "pool1", kind = "average_pool2d", kernel = 5, stride = 5 },
    { name = "flatten", kind = "flatten" },
    { name = "fc2", kind = "linear", units = 3 },
"#;

fn image(network: &Network, key: u32) -> Vec<f32> {
    let mut state = key.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 3.0 - 1.5
    };
    (0..network.architecture().input.units()).map(|_| draw()).collect()
}

fn batch(network: &Network, images: &[&[f32]]) -> Tensor<4> {
    let dims = network.architecture().input.batched(images.len());
    Tensor::from_data(TensorData::new(images.concat(), dims), &Device::flex())
}

fn values(tensor: &Tensor<4>) -> Vec<f32> {
    tensor.to_data().try_into_vec().unwrap()
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

#[test]
fn gradient_times_input_is_just_that() {
    let network = network(SMOOTH);
    let pictures = [image(&network, 1), image(&network, 2)];
    let images = batch(&network, &[&pictures[0], &pictures[1]]);
    let cut = network.architecture().cut("block2/conv").unwrap();
    let targets = [Target { image: 1, unit: 2, place: Place::WholeMap }, Target::default()];
    let gradients = reconstruct(&network, &images, cut, &targets, Rule::Gradient).unwrap();
    let found = gradient_times_input(&network, &images, cut, &targets).unwrap();
    for (found, gradient) in found.iter().zip(&gradients) {
        let expected: Vec<f32> = gradient.values.iter().zip(&pictures[found.image]).map(|(g, x)| g * x).collect();
        assert_eq!(found.values, expected);
    }
}

/// Euler's theorem for homogeneous functions.
#[test]
fn gradient_times_input_adds_up_to_the_activation_of_a_network_without_biases() {
    let network = network(HOMOGENEOUS);
    let picture = image(&network, 5);
    for (layer, unit) in [("conv1", 3), ("pool1", 1), ("fc2", 0), ("fc2", 3)] {
        let cut = network.architecture().cut(layer).unwrap();
        let target = Target { unit, ..Target::default() };
        let found = gradient_times_input(&network, &batch(&network, &[&picture]), cut, &[target]).unwrap();
        let activation = f64::from(found[0].activation);
        assert!((sum(&found[0].values) - activation).abs() < 1e-5 * (1.0 + activation.abs()), "{layer}");
    }
}

fn integrated(
    network: &Network,
    cut: Cut,
    target: Target,
    from: &[f32],
    to: &[f32],
    steps: usize,
) -> IntegratedGradients {
    let mut way = IntegratedGradients::new(network, cut, target, to.to_vec(), from.to_vec(), steps).unwrap();
    while way.advance(network) {}
    assert_eq!(way.progress(), [steps, steps]);
    way
}

/// Sundararajan et al. 2017, proposition 1.
#[test]
fn integrated_gradients_are_complete() {
    let network = network(SMOOTH);
    let (picture, other) = (image(&network, 1), image(&network, 9));
    let places = [Place::Strongest, Place::At([0, 0]), Place::WholeMap];
    for (layer, place) in [("tanh1", places[0]), ("block2", places[2]), ("pool2", places[0]), ("fc3", places[1])] {
        let cut = network.architecture().cut(layer).unwrap();
        let target = Target { image: 0, unit: 3, place };
        for baseline in [&vec![0.0; picture.len()], &other] {
            let found = integrated(&network, cut, target, baseline, &picture, 200).attribution();
            let change = found.activation - found.baseline_activation;
            assert!((sum(&found.values) - change).abs() < 1e-3 * (1.0 + change.abs()), "{layer}: {change}");
        }
    }
}

/// Along a straight way from zero nothing of a homogeneous network changes but the scale.
#[test]
fn integrated_gradients_of_a_network_without_biases_are_the_gradient_times_the_input() {
    let network = network(HOMOGENEOUS);
    let picture = image(&network, 5);
    let top = network.top().into();
    let target = Target { unit: 2, ..Target::default() };
    let found = integrated(&network, top, target, &vec![0.0; picture.len()], &picture, 20).attribution();
    let expected = gradient_times_input(&network, &batch(&network, &[&picture]), top, &[target]).unwrap();
    for (found, expected) in found.values.iter().zip(&expected[0].values) {
        assert!((found - expected).abs() < 1e-5);
    }
}

#[test]
fn grad_cam_is_the_class_activation_map_where_classes_are_means_of_maps() {
    let network = network(POOLED);
    let pictures = [image(&network, 1), image(&network, 4)];
    let images = batch(&network, &[&pictures[0], &pictures[1]]);
    let maps = network.architecture().cut("relu1").unwrap();
    let trace = network.trace(images.clone(), 0..network.top(), Mode::Evaluate);
    let weight = network.parameters().iter().position(|parameter| parameter.name == "fc2.weight").unwrap();
    let weights: Vec<f32> = network.value(weight).to_data().try_into_vec().unwrap();
    let activations = values(trace.activation(2));
    for class in 0..3 {
        let target = Target { image: 1, unit: class, place: Place::Strongest };
        let found = grad_cam(&network, &images, maps, network.top().into(), target).unwrap();
        assert_eq!(found.size, [6, 5]);
        assert_eq!(found.activation, values(trace.output())[3 + class]);
        for place in 0..30 {
            // The pooling sees 5 of 6 rows, and the gradient is a mean over all of them.
            let weighted = |map: usize| weights[class * 5 + map] * activations[(5 + map) * 30 + place] / 30.0;
            let expected = (0..5).map(weighted).sum::<f32>().max(0.0);
            assert!((found.values[place] - expected).abs() < 1e-6, "{} {expected}", found.values[place]);
        }
    }
    let below = grad_cam(&network, &images, network.top().into(), maps, Target::default()).unwrap_err();
    assert_eq!(below.to_string(), "`relu1` does not lie above `fc2`, and what goes back from it never comes there");
}

/// As PyTorch's `interpolate(mode="bilinear", align_corners=False)` has it.
#[test]
fn class_maps_are_enlarged_as_in_pytorch() {
    let map = ClassMap { activation: 0.0, size: [2, 3], values: vec![1.0, 3.0, 2.0, 0.0, 5.0, 4.0] };
    let expected = [
        [1.000, 1.286, 2.143, 3.000, 2.571, 2.143, 2.000],
        [0.900, 1.229, 2.214, 3.200, 2.771, 2.343, 2.200],
        [0.500, 1.000, 2.500, 4.000, 3.571, 3.143, 3.000],
        [0.100, 0.771, 2.786, 4.800, 4.371, 3.943, 3.800],
        [0.000, 0.714, 2.857, 5.000, 4.571, 4.143, 4.000],
    ];
    for (found, expected) in map.enlarged(5, 7).iter().zip(expected.concat()) {
        assert!((found - expected).abs() < 6e-4, "{found}, not {expected}");
    }
    assert_eq!(map.enlarged(2, 3), map.values);
}

#[test]
fn the_strongest_unit_is_the_one_of_the_largest_activation() {
    let network = network(POOLED);
    let images = batch(&network, &[&image(&network, 1)]);
    let logits = values(&network.forward(images.clone()));
    let unit = strongest_unit(&network, &images, network.top().into());
    assert!(logits.iter().all(|&logit| logit <= logits[unit]));
    let maps = values(network.trace_to(images.clone(), Cut::from(2), Mode::Evaluate).output());
    let unit = strongest_unit(&network, &images, Cut::from(2));
    let largest = maps.iter().copied().fold(f32::MIN, f32::max);
    assert!(maps[unit * 30..][..30].contains(&largest));
}

#[test]
fn an_image_that_is_made_for_a_unit_makes_it_more_active_than_noise_does() {
    let network = network(SMOOTH);
    for (layer, place) in [("tanh1", Place::Strongest), ("block2/conv", Place::WholeMap), ("fc3", Place::Strongest)] {
        let cut = network.architecture().cut(layer).unwrap();
        let target = Target { image: 0, unit: 1, place };
        let climb = |settings: MaximisationSettings, steps: usize| {
            let mut climb = Maximisation::new(&network, cut, target, settings).unwrap();
            let first = climb.activation(&network);
            (0..steps).for_each(|_| {
                climb.advance(&network);
            });
            (first, climb.activation(&network), climb.image().to_vec())
        };
        let settings = MaximisationSettings::default();
        let (first, last, made) = climb(settings, 60);
        assert!(last > first + 0.2, "{layer}: from {first} to {last}");
        assert!(made.iter().all(|value| value.is_finite()));
        // The same seed, the same image; another one, another.
        assert_eq!(climb(settings, 60).2, made);
        assert_ne!(climb(MaximisationSettings { seed: 1, ..settings }, 60).2, made);
        // Without anything that keeps it an image it climbs higher.
        let free = MaximisationSettings { decay: 0.0, blur: 0.0, jitter: 0, ..settings };
        assert!(climb(free, 60).1 >= last - 1e-3);
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let is_wrong = |settings: MaximisationSettings| settings.check().is_err();
    let settings = MaximisationSettings::default();
    assert!(!is_wrong(settings));
    assert!(is_wrong(MaximisationSettings { step: f64::NAN, ..settings }));
    assert!(is_wrong(MaximisationSettings { decay: 1.5, ..settings }));
    assert!(is_wrong(MaximisationSettings { blur: 1e9, ..settings }));
    let network = network(SMOOTH);
    let nowhere = Target { unit: 6, ..Target::default() };
    assert!(Maximisation::new(&network, Cut::from(1), nowhere, settings).is_err());
}
