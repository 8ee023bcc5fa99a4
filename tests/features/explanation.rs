//! The reverse pass step by step: it ends where the whole one ends, and each step says what it did.

use crate::{assert_close, random_floats};
use burn::tensor::{Device, Tensor, TensorData};
use glassbox::lens::{Explanation, Place, Target, explain, reconstruct};
use glassbox::nets::{Architecture, Cut, Network, Rule, preset};

const RULES: [Rule; 3] = [Rule::Deconvolution, Rule::Gradient, Rule::Guided];

fn network(name: &str) -> (Network, Tensor<4>) {
    let network = Network::new(preset(name).unwrap(), 5, &Device::flex()).unwrap();
    let shape = network.cuts()[0];
    let values = random_floats(3, shape.units());
    let image = Tensor::from_data(TensorData::new(values, shape.batched(1)), &Device::flex());
    (network, image)
}

fn explained(network: &Network, image: &Tensor<4>, cut: Cut, rule: Rule) -> (Explanation, Vec<f32>) {
    let target = Target { image: 0, unit: 1, place: Place::Strongest };
    let whole = reconstruct(network, image, cut, &[target], rule).unwrap().remove(0);
    let explanation = explain(network, image, cut, target, rule).unwrap();
    assert_eq!((explanation.place, explanation.activation), (whole.place, whole.activation));
    (explanation, whole.values)
}

#[test]
fn the_last_step_is_the_reconstruction() {
    for name in ["lenet", "convnet-cifar", "efficientnet-lite0"] {
        let (network, image) = network(name);
        let layer = network.top() / 2 + 1;
        let inside = network.architecture().every_cut().into_iter().rev().find(|cut| cut.inner > 1);
        // Where a network is large, a low block is enough.
        let inside = inside.map(|_| Cut { layers: 4, inner: 4 });
        for cut in [Some(Cut::from(layer.min(8))), inside].into_iter().flatten() {
            for rule in RULES {
                let (explanation, whole) = explained(&network, &image, cut, rule);
                let last = explanation.steps.last().unwrap();
                let values: Vec<f32> = last.channels.iter().flat_map(|channel| channel.values.clone()).collect();
                assert_close(&format!("{name} {cut:?} {rule:?}"), &values, &whole);
                assert_eq!(explanation.steps.len(), cut.layers + cut.inner + 1);
                for (above, below) in explanation.steps.iter().zip(&explanation.steps[1..]) {
                    assert!((above.energy - below.energy_before).abs() <= 1e-9 * above.energy, "{}", below.layer);
                }
            }
        }
    }
}

/// Worked out by hand: one channel, 4x4, a convolution by [1, -2; 3, 4] at stride 1, a relu, max pooling by 3.
#[test]
fn each_step_says_what_it_did() {
    let text = "name = \"small\"\ninput = [1, 4, 4]\nlayers = [\n\
        { name = \"conv\", kind = \"conv2d\", channels = 1, kernel = 2, bias = false },\n\
        { name = \"relu\", kind = \"relu\" },\n\
        { name = \"pool\", kind = \"max_pool2d\", kernel = 3, stride = 3 },\n\
        { name = \"turned\", kind = \"conv2d\", channels = 1, kernel = 1, bias = false }]";
    let mut network = Network::new(Architecture::from_toml(text, "test").unwrap(), 0, &Device::flex()).unwrap();
    let mut arrays = network.to_arrays();
    arrays[0].data = vec![1.0, -2.0, 3.0, 4.0];
    arrays[1].data = vec![-1.0];
    network.load_arrays(&arrays).unwrap();
    let mut pixels = vec![0.0; 16];
    // The kernel's last weight meets it at row 1, column 1 of the map.
    pixels[2 * 4 + 2] = 1.0;
    let image = Tensor::from_data(TensorData::new(pixels, [1, 1, 4, 4]), &Device::flex());
    let at = |layer: &str| network.architecture().cut(layer).unwrap();
    let target = Target { image: 0, unit: 0, place: Place::Strongest };

    let pool = explain(&network, &image, at("pool"), target, Rule::Deconvolution).unwrap();
    assert_eq!(pool.activation, 4.0);
    let layers: Vec<&str> = pool.steps.iter().map(|step| step.layer.as_str()).collect();
    assert_eq!(layers, ["pool", "pool", "relu", "conv"]);
    let [start, unpooled, rectified, filtered] = pool.steps.as_slice() else { panic!("four steps") };
    assert_eq!(start.channels[0].values, [4.0]);
    assert_eq!(unpooled.channels[0].switches, [4]);
    let mut map = [0.0; 9];
    map[4] = 4.0;
    assert_eq!(unpooled.channels[0].values, map);
    assert_eq!((rectified.removed, rectified.energy), (Some(0.0), 16.0));
    let filter = filtered.filter.as_ref().unwrap();
    assert_eq!((filter.from, filter.height, filter.width), (0, 2, 2));
    assert_eq!(filter.kernels, [[1.0, -2.0, 3.0, 4.0]]);
    let mut expected = [0.0; 16];
    (expected[5], expected[6], expected[9], expected[10]) = (4.0, -8.0, 12.0, 16.0);
    assert_eq!(filtered.channels[0].values, expected);
    assert_eq!((filtered.energy, filtered.removed), (16.0 + 64.0 + 144.0 + 256.0, None));

    // The unit above is the opposite of the pooled one, so the deconvnet sends 4 down as -1 * -4, and the gradient -1.
    let turned = explain(&network, &image, at("turned"), target, Rule::Gradient).unwrap();
    assert_eq!(turned.steps.iter().map(|step| step.energy).collect::<Vec<_>>(), [1.0, 1.0, 1.0, 1.0, 30.0]);
    let guided = explain(&network, &image, at("turned"), target, Rule::Guided).unwrap();
    let rectified = &guided.steps[3];
    assert_eq!((rectified.layer.as_str(), rectified.removed, rectified.energy), ("relu", Some(0.0), 16.0));
}

#[test]
fn rectification_shows_what_it_removed() {
    let (network, image) = network("convnet-cifar");
    let cut = network.architecture().cut("conv3").unwrap();
    let (explanation, _) = explained(&network, &image, cut, Rule::Deconvolution);
    let rectified: Vec<_> = explanation.steps.iter().skip(1).filter(|step| step.removed.is_some()).collect();
    assert!(rectified.len() >= 2);
    for step in rectified {
        assert!(step.kind.starts_with("relu"));
        let removed = step.removed.unwrap();
        assert!((1.0 - removed - step.energy / step.energy_before).abs() < 1e-6, "{removed}");
        for channel in &step.channels {
            assert!(
                channel.values.iter().all(|value| *value >= 0.0) && channel.removed.iter().all(|value| *value <= 0.0)
            );
        }
    }
}
