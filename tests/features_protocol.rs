//! The exhibits of Zeiler and Fergus 2013 as an experiment, end to end and small.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::data::Amount;
use glassbox::engine::open_device;
use glassbox::experiments::{
    Config, Exhibit, ExperimentConfig, Features, FeaturesConfig, FeaturesResults, Finished, MemberState, Observer,
    Protocol, ProtocolAdvance, Role, Status, Variant, features_preset, features_presets, report,
};
use glassbox::nets::{Architecture, Checkpoint};
use serde_json::Value;

/// Two small convolutions with a hidden layer above.
const NETWORK: &str = r#"
name = "tiny"
input = [1, 28, 28]
layers = [
    { name = "conv1", kind = "conv2d", channels = 4, kernel = 3, stride = 2, padding = 1 },
    { name = "relu1", kind = "relu" },
    { name = "conv2", kind = "conv2d", channels = 4, kernel = 3, padding = 1 },
    { name = "relu2", kind = "relu" },
    { name = "pool2", kind = "max_pool2d", kernel = 2, stride = 2 },
    { name = "flatten", kind = "flatten" },
    { name = "fc3", kind = "linear", units = 16 },
    { name = "relu3", kind = "relu" },
    { name = "fc4", kind = "linear", units = 10 },
]
"#;

/// All exhibits, of as little as shows something.
fn tiny() -> FeaturesConfig {
    let mut config = FeaturesConfig { network: "train".to_owned(), ..FeaturesConfig::default() };
    config.exhibits = Exhibit::ALL.to_vec();
    (config.images, config.samples, config.units) = (40, 3, 2);
    config.train.architecture = Some(Architecture::from_toml(NETWORK, "tiny").unwrap());
    config.train.epochs = 2;
    config.train.data.train = Amount::Count(600);
    config.train.data.validation = Amount::Count(100);
    config.evolution.epochs = vec![1, 2];
    let scenes = &mut config.scenes;
    (scenes.train, scenes.test, scenes.epochs, scenes.side) = (400, 60, 1, 40);
    (scenes.occluded, scenes.square, scenes.stride) = (2, 14, 8);
    (scenes.compared, scenes.random_parts) = (3, 4);
    config.ablation.variants = vec![
        Variant { name: "without conv2".to_owned(), remove: names(&["conv2", "relu2"]), ..Variant::default() },
        Variant { name: "half".to_owned(), resize: [("fc3".to_owned(), 8)].into(), ..Variant::default() },
    ];
    config
}

fn names(layers: &[&str]) -> Vec<String> {
    layers.iter().map(|layer| (*layer).to_owned()).collect()
}

#[derive(Default)]
struct Kept {
    networks: Vec<(String, Checkpoint)>,
    figures: Vec<(String, Vec<u8>)>,
}

impl Observer for Kept {
    fn network(&mut self, name: &str, checkpoint: &Checkpoint) {
        self.networks.push((name.to_owned(), checkpoint.clone()));
    }

    fn figure(&mut self, name: &str, png: &[u8]) {
        self.figures.push((name.to_owned(), png.to_vec()));
    }
}

fn build(config: &FeaturesConfig, finished: Finished) -> Result<Features, String> {
    let device = open_device("cpu").unwrap();
    Features::new(config.clone(), finished, &device.device, device.on_host).map_err(|error| error.to_string())
}

fn finish(config: &FeaturesConfig, finished: Finished) -> (Kept, Vec<MemberState>, FeaturesResults) {
    let mut experiment = build(config, finished).unwrap();
    let mut kept = Kept::default();
    let mut done = 0.0;
    while experiment.advance(&mut kept).unwrap() != ProtocolAdvance::Finished {
        let (now, total) = experiment.work();
        assert!(now >= done && now <= total, "{now} after {done} of {total}: {}", experiment.stage());
        done = now;
    }
    assert_eq!(experiment.work().0, experiment.work().1, "all work is done");
    let results = experiment.measured().unwrap().clone();
    (kept, experiment.members(), results)
}

/// What depends on the machine's pace.
fn without_seconds(results: &FeaturesResults) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("seconds");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(results).unwrap();
    strip(&mut value);
    value
}

#[test]
fn every_exhibit_is_made_once_and_the_same_again_from_what_was_kept() {
    let config = tiny();
    let (kept, members, results) = finish(&config, Finished::new());
    let order: Vec<&str> = kept.networks.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["network epoch 1", "network epoch 2", "network", "scenes", "without conv2", "half"];
    assert_eq!(order, expected);
    assert!(members.iter().all(|member| member.status == Status::Done && member.role == Role::Subject));

    let found = &results.findings;
    let adjoint = found.adjoint.as_ref().unwrap();
    assert_eq!(adjoint.convolutions.len(), 2);
    assert!(adjoint.convolutions.iter().all(|row| row.error < 1e-4), "{adjoint:?}");
    // Below the first ReLU the rules are one; above it they are not.
    let cosines: Vec<f64> = adjoint.rules.iter().map(|row| row.cosine).collect();
    assert!((cosines[0] - 1.0).abs() < 1e-6 && cosines[1] < 0.999 && cosines[2] < 0.99, "{cosines:?}");
    assert!(adjoint.rules.iter().all(|row| row.linear_difference < 1e-5), "{adjoint:?}");

    let filters = found.filters.as_ref().unwrap();
    assert_eq!((filters.filters, filters.height, filters.width), (4, 3, 3));
    assert!((filters.bands.iter().sum::<f64>() - 1.0).abs() < 1e-9);

    let energy = found.hidden_energy.as_ref().unwrap();
    assert_eq!(energy.iter().map(|row| row.layer.as_str()).collect::<Vec<_>>(), ["conv1", "conv2"]);
    assert!(energy.iter().all(|row| row.maps > 0 && row.maps <= 6 && row.salient <= 1.0));

    let invariance = found.invariance.as_ref().unwrap();
    assert_eq!(invariance.layers, ["conv1", "conv2", "fc3"]);
    for curve in &invariance.curves {
        let identity = curve.amounts.iter().position(|amount| *amount == curve.transformation.identity()).unwrap();
        assert!(curve.changes.iter().all(|layer| layer[identity] == 0.0 && layer.len() == curve.amounts.len()));
        assert!(curve.truth.iter().all(|truth| (0.0..=1.0).contains(truth)));
    }
    assert!(invariance.at_two_pixels.iter().all(|change| *change > 0.0));

    let occlusion = found.occlusion.as_ref().unwrap();
    assert!(occlusion.scenes <= 2 && occlusion.truth_on_object <= occlusion.scenes && occlusion.looked_at <= 60);
    assert!(occlusion.lowest <= occlusion.whole && (0.0..1.0).contains(&occlusion.chance));

    let correspondence = found.correspondence.as_ref().unwrap();
    assert_eq!(correspondence.layers.iter().map(|row| row.layer.as_str()).collect::<Vec<_>>(), ["conv4", "fc5"]);
    for row in &correspondence.layers {
        assert!(!row.p_values.is_empty() && row.p_values.iter().all(|p| *p > 0.0 && *p <= 1.0), "{row:?}");
        assert!((0.0..=1.0).contains(&row.marked) && (0.0..=1.0).contains(&row.random));
    }

    let ablation = found.ablation.as_ref().unwrap();
    let parameters: Vec<u64> = ablation.networks.iter().map(|member| member.parameters).collect();
    // By hand: 40 + 148 + (196 * 16 + 16) + 170; the second convolution's 148 less; 8 hidden units.
    assert_eq!(parameters, [3_510, 3_362, 40 + 148 + 1_576 + 90]);
    assert!(
        ablation.networks.iter().all(|member| member.train_accuracy.is_some() && member.validation_errors.is_some())
    );
    let left_out: Vec<bool> = ablation.silenced.iter().map(|row| row.left_out.is_some()).collect();
    assert_eq!(left_out, [false, true, false], "only conv2 leaves the shape as it is");
    assert_eq!(ablation.images, 40);
    // Nothing reaches the classes: the same one for every image.
    assert!(ablation.silenced.iter().all(|row| row.all >= 30 && row.all <= 40), "{:?}", ablation.silenced);

    let evolution = found.evolution.as_ref().unwrap();
    assert_eq!((evolution.epochs.as_slice(), evolution.layers.len()), (&[1, 2][..], 3));
    assert!(evolution.layers.iter().all(|row| row.cosines.len() == 1 && row.units.len() <= 2));
    let figures: Vec<&str> = kept.figures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(figures, ["filters", "evolution-conv1", "evolution-conv2", "evolution-fc3"]);
    assert!(kept.figures.iter().all(|(_, png)| png.starts_with(b"\x89PNG")));

    let value = serde_json::to_value(&results).unwrap();
    assert_eq!(serde_json::from_value::<FeaturesResults>(value.clone()).unwrap(), results);
    let text = report::markdown("features", &value);
    for part in ["table 1", "table 3", "figure 4", "figure 5", "figure 7", "asked at least 1.5", "| without conv2 |"] {
        assert!(text.contains(part), "the report lacks {part}:\n{text}");
    }

    let summary = report::summary(&[("features", value.clone())]);
    assert!(summary.lines().count() >= 6 && summary.contains("| at least 1.5 |"), "{summary}");

    // As if it had ended after the scenes.
    let known: Finished = kept.networks.into_iter().take(4).collect();
    let (again, _, second) = finish(&config, known);
    assert_eq!(again.networks.len(), 2 + 2, "the two that had learned are told of once more");
    assert_eq!(again.figures, kept.figures);
    let train_accuracy = |results: &FeaturesResults| results.trained.as_ref().unwrap().train_accuracy;
    assert_eq!(train_accuracy(&second), train_accuracy(&results));
    assert_eq!(without_seconds(&second), without_seconds(&results));
}

#[test]
fn a_network_that_comes_trained_is_looked_into_without_training() {
    let config = FeaturesConfig {
        exhibits: vec![Exhibit::Invariance, Exhibit::Filters],
        images: 20,
        samples: 5,
        ..FeaturesConfig::default()
    };
    let (kept, members, results) = finish(&config, Finished::new());
    assert!(members.is_empty() && kept.networks.is_empty() && results.trained.is_none());
    assert_eq!(results.network, "convnet-mnist");
    let invariance = results.findings.invariance.unwrap();
    let shift = &invariance.curves[0];
    let still = shift.amounts.iter().position(|pixels| *pixels == 0.0).unwrap();
    assert!(shift.truth[still] > 0.9, "it knows digits: {}", shift.truth[still]);
    assert!(results.findings.adjoint.is_none() && results.findings.filters.unwrap().filters == 32);
}

#[test]
fn presets_can_be_written_and_read_back() {
    let presets: Vec<&str> = features_presets().collect();
    for name in ["lesson", "zeiler", "evolution", "invariance", "occlusion", "correspondence", "ablation"] {
        assert!(presets.contains(&name), "{name}");
    }
    for name in presets {
        let preset = features_preset(name).unwrap();
        assert!(!preset.title.is_empty() && !preset.about.is_empty(), "{name} says nothing of itself");
        let config = ExperimentConfig::Features(Box::new(preset));
        assert_eq!(ExperimentConfig::from_toml(&config.to_toml(), name).unwrap(), config);
        assert_eq!(config.kind(), "features");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_with_a_reason() {
    let config = FeaturesConfig { network: "train".to_owned(), exhibits: Exhibit::ALL.to_vec(), ..tiny() };
    let refused = [
        ("exhibits", "[]", "at least one of adjoint"),
        ("exhibits", "[\"filters\", \"filters\"]", "only once"),
        ("exhibits", "[\"dreams\"]", "dreams"),
        ("samples", "41", "as many as images"),
        ("network", "convnet-mnist", "set network to `train`"),
        ("evolution.epochs", "[2, 1]", "rising order"),
        ("evolution.epochs", "[1, 3]", "train.epochs is 2"),
        ("scenes.square", "41", "as many as side"),
        ("scenes.compared", "1", "corresponds to nothing"),
        ("train.epochs", "0", "train: epochs"),
        ("fill", "{ grey = 2.0 }", "black"),
        ("ablation.variants", "[]", "from 1"),
        ("ablation.variants", "[{ name = \"a/b\", remove = [\"conv1\"] }]", "another name"),
        ("ablation.variants", "[{ name = \"scenes\", remove = [\"conv1\"] }]", "two variants"),
        ("ablation.variants", "[{ name = \"same\" }]", "layers to remove or resize"),
    ];
    for (key, value, reason) in refused {
        let message = config.with(key, value).unwrap_err().to_string();
        assert!(message.contains(reason), "{key}={value}: {message}");
    }
    assert_eq!(config.with("fill", "{ grey = 0.5 }").unwrap().get("fill").unwrap(), "{ grey = 0.5 }");
    assert_eq!(config.with("fill", "mean").unwrap().get("fill").unwrap(), "mean");

    // What depends on networks and data.
    let built = |key: &str, value: &str| build(&config.with(key, value).unwrap(), Finished::new()).err().unwrap();
    let message = built("ablation.variants", "[{ name = \"less\", remove = [\"conv9\"] }]");
    assert!(message.contains("conv9") && message.contains("conv1, relu1"), "{message}");
    let message = built("ablation.variants", "[{ name = \"less\", resize = { relu1 = 3 } }]");
    assert!(message.contains("no size of its own"), "{message}");
    let message = built("ablation.variants", "[{ name = \"less\", remove = [\"fc4\"] }]");
    assert!(message.contains("16 outputs"), "{message}");
    let message = built("scenes.side", "20");
    assert!(message.contains("larger than the canvas"), "{message}");
    let known = FeaturesConfig { network: "nowhere.safetensors".to_owned(), ..FeaturesConfig::default() };
    assert!(build(&known, Finished::new()).err().unwrap().contains("nowhere.safetensors"));
}
