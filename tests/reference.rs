//! Layers, losses, optimisers, schedules and whole networks against PyTorch (`tests/reference/make.py`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::data::{Batch, ImageShape};
use glassbox::nets::layers::Wanted;
use glassbox::nets::{Architecture, Mode, NamedArray, Network};
use glassbox::train::{
    Goal, Objective, Optimiser, OptimiserSettings, Schedule, ScheduleKind, Tally, Trainer, Watch, cross_entropy,
};
use serde_json::{Value, json};

const TRAINING: Mode = Mode::Train { seed: 0, step: 0, layer: 0 };

fn reference(section: &str) -> Vec<Value> {
    let whole: Value = serde_json::from_str(include_str!("reference/pytorch.json")).unwrap();
    whole[section].as_array().unwrap().clone()
}

fn dims(array: &Value) -> Vec<usize> {
    array["shape"].as_array().unwrap().iter().map(|dim| dim.as_u64().unwrap() as usize).collect()
}

fn data(array: &Value) -> Vec<f32> {
    array["data"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

/// As `[batch, channels, height, width]`.
fn tensor(array: &Value) -> Tensor<4> {
    let mut dims = dims(array);
    dims.resize(4, 1);
    let dims: [usize; 4] = dims.try_into().unwrap();
    Tensor::from_data(TensorData::new(data(array), dims), &Device::flex())
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_into_vec().unwrap()
}

#[track_caller]
fn assert_close(what: &str, found: &[f32], expected: &[f32]) {
    assert_close_after(1, what, found, expected);
}

/// Rounding errors add up over so many layers.
#[track_caller]
fn assert_close_after(layers: usize, what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let bound = layers as f32 * (2e-6 + 2e-5 * expected.abs());
        assert!((found - expected).abs() <= bound, "{what}, value {index}: {found}, but PyTorch has {expected}");
    }
}

fn named_arrays(prefix: &str, group: &Value) -> Vec<NamedArray> {
    let Some(group) = group.as_object() else { return Vec::new() };
    group
        .iter()
        .map(|(name, array)| NamedArray { name: format!("{prefix}{name}"), dims: dims(array), data: data(array) })
        .collect()
}

fn mode(case: &Value) -> Mode {
    if case["mode"] == "train" { TRAINING } else { Mode::Evaluate }
}

/// A network of one layer, with the reference's parameters.
fn one_layer(case: &Value) -> Network {
    let mut input = dims(&case["input"]);
    input.resize(4, 1);
    let mut layer = case["layer"].clone();
    layer["name"] = json!("layer");
    let architecture = json!({ "name": "reference", "input": input[1..], "layers": [layer] });
    let architecture: Architecture = serde_json::from_value(architecture).unwrap();
    let mut network = Network::new(architecture, 0, &Device::flex()).unwrap();
    let mut arrays = named_arrays("layer.", &case["parameters"]);
    arrays.extend(named_arrays("layer.", &case["buffers"]));
    network.load_arrays(&arrays).unwrap();
    network
}

#[test]
fn layers_go_forward_and_backward_as_in_pytorch() {
    for case in reference("layers") {
        let name = case["name"].as_str().unwrap();
        let layers = case["layer"]["layers"].as_array().map_or(1, Vec::len);
        let assert_close = |what: &str, found: &[f32], expected: &[f32]| {
            assert_close_after(layers, what, found, expected);
        };
        let mut network = one_layer(&case);
        let trace = network.trace(tensor(&case["input"]), 0..1, mode(&case));
        assert_close(&format!("{name}: output"), &values(trace.output()), &data(&case["output"]));

        let wanted = Wanted { input: true, parameters: true };
        let gradient = tensor(&case["output_gradient"]).reshape(trace.output().dims());
        let gradients = network.backward(&trace, gradient, wanted);
        let input = gradients.input.unwrap();
        assert_close(&format!("{name}: input gradient"), &values(&input), &data(&case["input_gradient"]));
        for (parameter, gradient) in network.parameters().iter().zip(&gradients.parameters) {
            if let Some(gradient) = gradient {
                let key = parameter.name.strip_prefix("layer.").unwrap();
                let expected = data(&case["parameter_gradients"][key]);
                assert_close(&format!("{name}: gradient of {key}"), &values(gradient), &expected);
            }
        }

        network.keep_statistics(&trace);
        for array in named_arrays("layer.", &case["buffers_after"]) {
            let index = network.parameters().iter().position(|parameter| parameter.name == array.name).unwrap();
            assert_close(&format!("{name}: {} after", array.name), &values(network.value(index)), &array.data);
        }
    }
}

#[test]
fn cross_entropy_is_pytorchs_also_at_extreme_logits() {
    for case in reference("losses") {
        let name = case["name"].as_str().unwrap();
        let labels: Vec<usize> = case["labels"]["data"]
            .as_array()
            .or(case["labels"].as_array())
            .unwrap()
            .iter()
            .map(|l| l.as_u64().unwrap() as usize)
            .collect();
        let logits = tensor(&case["logits"]);
        let classes = logits.dims()[1];
        let rows = data(&case["logits"]);
        let losses = rows.chunks_exact(classes).zip(&labels).map(|(row, &label)| cross_entropy(row, label));
        let mean = losses.sum::<f64>() / labels.len() as f64;
        let expected = case["value"].as_f64().unwrap();
        assert!((mean - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "{name}: {mean}, not {expected}");
        let gradient = Objective::hard(&labels, classes, &logits).gradient(&logits);
        assert_close(name, &values(&gradient), &data(&case["gradient"]));
    }
}

fn optimiser_settings(case: &Value) -> OptimiserSettings {
    let mut settings = case["optimiser"].clone();
    let fields = settings.as_object_mut().unwrap();
    for (theirs, ours) in [("beta_1", "beta1"), ("beta_2", "beta2")] {
        if let Some(value) = fields.remove(theirs) {
            fields.insert(ours.to_owned(), value);
        }
    }
    serde_json::from_value(settings).unwrap()
}

/// Both implementations: in memory of the processor, and by tensor operations.
#[test]
fn optimisers_follow_pytorch_step_by_step() {
    let layer = json!({ "name": "layer", "kind": "linear", "units": 3, "bias": false });
    let architecture = json!({ "name": "reference", "input": [4, 1, 1], "layers": [layer] });
    let architecture: Architecture = serde_json::from_value(architecture).unwrap();
    for case in reference("optimisers") {
        for on_host in [true, false] {
            let name = format!("{}, on_host {on_host}", case["name"]);
            let settings = optimiser_settings(&case);
            let mut network = Network::new(architecture.clone(), 0, &Device::flex()).unwrap();
            let start = NamedArray { name: "layer.weight".to_owned(), dims: vec![3, 4], data: data(&case["start"]) };
            network.load_arrays(&[start]).unwrap();
            let mut optimiser = Optimiser::new(settings.kind, &network, on_host);
            let steps = case["gradients"].as_array().unwrap().iter().zip(case["after"].as_array().unwrap());
            for (step, (gradient, after)) in steps.enumerate() {
                let gradient: Tensor<1> = tensor(gradient).reshape([12]);
                optimiser.update(&mut network, vec![Some(gradient)], &[], &settings, settings.learning_rate, step == 2);
                assert_close(&format!("{name}, step {step}"), &values(network.value(0)), &data(after));
            }
        }
    }
}

#[test]
fn gradient_clipping_is_by_the_norm_over_all_parameters() {
    for case in reference("gradient_clipping") {
        for on_host in [true, false] {
            let before: Vec<Vec<f32>> = case["before"].as_array().unwrap().iter().map(data).collect();
            let layers: Vec<Value> = before
                .iter()
                .enumerate()
                .map(|(index, gradient)| {
                    json!({ "name": format!("fc{index}"), "kind": "linear", "units": gradient.len(), "bias": false })
                })
                .collect();
            // One input each: the widths chain, so give every weight its own network and share the norms.
            let norms_of = |gradient: &Vec<f32>| {
                gradient.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt()
            };
            let norms: Vec<f64> = before.iter().map(norms_of).collect();
            let total = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
            assert!((total - case["total_norm"].as_f64().unwrap()).abs() < 1e-5 * (1.0 + total));
            let settings = OptimiserSettings {
                kind: glassbox::train::OptimiserKind::Sgd,
                learning_rate: 1.0,
                momentum: 0.0,
                clip_norm: case["max_norm"].as_f64().unwrap(),
                ..OptimiserSettings::default()
            };
            for ((layer, gradient), after) in layers.iter().zip(&before).zip(case["after"].as_array().unwrap()) {
                let architecture = json!({ "name": "clip", "input": [1, 1, 1], "layers": [layer] });
                let architecture: Architecture = serde_json::from_value(architecture).unwrap();
                let mut network = Network::new(architecture, 0, &Device::flex()).unwrap();
                let zeros = NamedArray {
                    name: network.parameters()[0].name.clone(),
                    dims: vec![gradient.len(), 1],
                    data: vec![0.0; gradient.len()],
                };
                network.load_arrays(&[zeros]).unwrap();
                let mut optimiser = Optimiser::new(settings.kind, &network, on_host);
                let data_of = TensorData::new(gradient.clone(), [gradient.len()]);
                let tensor = Tensor::<1>::from_data(data_of, &Device::flex());
                let own = optimiser.gradient_norms(&mut [Some(tensor.clone())])[0];
                assert!((own - norms_of(gradient)).abs() < 1e-5 * (1.0 + own));
                optimiser.update(&mut network, vec![Some(tensor)], &norms, &settings, 1.0, false);
                let moved: Vec<f32> = values(network.value(0)).iter().map(|value| -value).collect();
                assert_close("clipped gradient", &moved, &data(after));
            }
        }
    }
}

#[test]
fn schedules_are_pytorchs() {
    for case in reference("schedules") {
        let settings = &case["schedule"];
        let number = |name: &str| settings[name].as_f64();
        let learning_rate = number("learning_rate").unwrap();
        let schedule = Schedule {
            kind: serde_json::from_value::<ScheduleKind>(settings["kind"].clone()).unwrap(),
            step_epochs: number("every").unwrap_or(1.0),
            decay: number("factor").unwrap_or(1.0),
            floor: number("minimum").unwrap_or(0.0) / learning_rate,
            ..Schedule::default()
        };
        for (step, expected) in data(&case["values"]).into_iter().enumerate() {
            let rate = learning_rate * schedule.factor(step as u64, 10, 1);
            assert!((rate - f64::from(expected)).abs() < 1e-7, "{}, step {step}: {rate}, not {expected}", case["name"]);
        }
    }
}

#[test]
fn warm_up_rises_linearly_to_the_learning_rate() {
    let schedule = Schedule { kind: ScheduleKind::Constant, warmup_steps: 4, ..Schedule::default() };
    let factors: Vec<f64> = (0..6).map(|step| schedule.factor(step, 10, 10)).collect();
    assert_eq!(factors, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
}

fn labels(value: &Value) -> Vec<usize> {
    let array = value["data"].as_array().or(value.as_array()).unwrap();
    array.iter().map(|label| label.as_f64().unwrap() as usize).collect()
}

#[test]
fn calibration_and_class_figures_are_the_references() {
    let whole: Value = serde_json::from_str(include_str!("reference/pytorch.json")).unwrap();
    let case = &whole["calibration"]["expected_calibration_error"];
    let classes = dims(&case["probabilities"])[1];
    let mut tally = Tally::new(classes);
    let logits: Vec<f32> = data(&case["probabilities"]).iter().map(|probability| probability.ln()).collect();
    tally.add(&logits, &labels(&case["labels"]));
    let found = tally.finish(0).calibration_error;
    assert!((found - case["value"].as_f64().unwrap()).abs() < 1e-6, "{found}");

    for case in whole["calibration"]["classification"].as_array().unwrap() {
        let (truth, predicted) = (labels(&case["labels"]), labels(&case["predictions"]));
        let classes = case["precision"]["data"].as_array().or(case["precision"].as_array()).unwrap().len();
        let mut tally = Tally::new(classes);
        for (&truth, &predicted) in truth.iter().zip(&predicted) {
            let mut logits = vec![0.0; classes];
            logits[predicted] = 5.0;
            tally.add(&logits, &[truth]);
        }
        let found = tally.finish(0);
        let confusion: Vec<u32> =
            labels(&json!({ "data": flat(&case["confusion"]) })).iter().map(|&n| n as u32).collect();
        assert_eq!(found.confusion.concat(), confusion);
        assert!((found.accuracy - case["accuracy"].as_f64().unwrap()).abs() < 1e-7);
        let column = |of: fn(&glassbox::train::ClassFigures) -> f64| {
            found.classes.iter().map(|c| of(c) as f32).collect::<Vec<_>>()
        };
        for (name, column) in
            [("precision", column(|c| c.precision)), ("recall", column(|c| c.recall)), ("f1", column(|c| c.f1))]
        {
            let expected: Vec<f32> = flat(&case[name]).iter().map(|v| v.as_f64().unwrap() as f32).collect();
            assert_close(name, &column, &expected);
        }
    }
}

/// The numbers of an array, however it is nested.
fn flat(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => flat(&fields["data"]),
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.clone()],
    }
}

#[test]
fn whole_networks_have_pytorchs_activations_loss_and_gradients() {
    for case in reference("networks") {
        let name = case["name"].as_str().unwrap();
        let architecture: Architecture = serde_json::from_value(case["architecture"].clone()).unwrap();
        let mut network = Network::new(architecture, 0, &Device::flex()).unwrap();
        let mut arrays = named_arrays("", &case["state"]);
        arrays.extend(named_arrays("", &case["buffers"]));
        network.load_arrays(&arrays).unwrap();

        let trace = network.trace(tensor(&case["input"]), 0..network.top(), mode(&case));
        assert_close(&format!("{name}: logits"), &values(trace.output()), &data(&case["logits"]));
        let classes = trace.output().dims()[1];
        let labels = labels(&case["labels"]);
        let gradient = Objective::hard(&labels, classes, trace.output()).gradient(trace.output());
        let gradients = network.backward(&trace, gradient, Wanted { input: true, parameters: true });
        assert_close(&format!("{name}: images"), &values(&gradients.input.unwrap()), &data(&case["input_gradient"]));
        for (parameter, gradient) in network.parameters().iter().zip(&gradients.parameters) {
            if let Some(gradient) = gradient {
                let expected = data(&case["gradients"][&parameter.name]);
                assert_close(&format!("{name}: {}", parameter.name), &values(gradient), &expected);
            }
        }
    }
}

/// The training step reports the loss that PyTorch computes for the same network and batch.
#[test]
fn a_training_step_reports_pytorchs_loss() {
    let case = &reference("networks")[0];
    let architecture: Architecture = serde_json::from_value(case["architecture"].clone()).unwrap();
    let mut network = Network::new(architecture, 0, &Device::flex()).unwrap();
    network.load_arrays(&named_arrays("", &case["state"])).unwrap();
    let settings = OptimiserSettings::default();
    let mut trainer = Trainer::new(network, &settings, 1, true);
    let labels = labels(&case["labels"]);
    let batch = Batch {
        images: data(&case["input"]),
        indices: vec![0; labels.len()],
        labels,
        shape: ImageShape { channels: 1, height: 8, width: 8 },
    };
    let report =
        trainer.step(&batch, &Goal::LABELS, &settings, 1e-3, Watch { health: true, histograms: false }).unwrap();
    assert!((report.loss - case["loss"].as_f64().unwrap()).abs() < 1e-6, "{}", report.loss);
    assert!(report.health.iter().any(|layer| layer.layer == "conv1" && layer.gradient_norm > Some(0.0)));
}
