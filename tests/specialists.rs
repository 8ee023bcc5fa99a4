//! Generalist and specialists (Hinton, Vinyals and Dean 2015, section 5), end to end and small.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::data::Amount;
use glassbox::engine::open_device;
use glassbox::experiments::{
    Config, ExperimentConfig, Finished, MemberState, Observer, Protocol, ProtocolAdvance, Role, Specialists,
    SpecialistsConfig, SpecialistsResults, Status, report, specialists_preset, specialists_presets,
};
use glassbox::nets::Checkpoint;
use serde_json::Value;

/// Ten digits: a weak generalist, three specialists of four classes.
fn tiny() -> SpecialistsConfig {
    let mut config = SpecialistsConfig { count: 3, size: 4, epochs: 2, ..SpecialistsConfig::default() };
    let run = &mut config.generalist.run;
    "mlp-30".clone_into(&mut run.network);
    "mnist".clone_into(&mut run.data.source);
    run.epochs = 2;
    run.data.train = Amount::Count(1500);
    run.data.validation = Amount::Count(300);
    config
}

#[derive(Default)]
struct Networks(Vec<(String, Checkpoint)>);

impl Observer for Networks {
    fn network(&mut self, name: &str, checkpoint: &Checkpoint) {
        self.0.push((name.to_owned(), checkpoint.clone()));
    }
}

fn build(config: &SpecialistsConfig, finished: Finished) -> Result<Specialists, String> {
    let device = open_device("cpu").unwrap();
    Specialists::new(config.clone(), finished, &device.device, device.on_host).map_err(|error| error.to_string())
}

/// To its end: the networks in the order in which they were done, the members as they are then, the results.
fn finish(config: &SpecialistsConfig, finished: Finished) -> (Networks, Vec<MemberState>, SpecialistsResults) {
    let mut experiment = build(config, finished).unwrap();
    let mut networks = Networks::default();
    while experiment.advance(&mut networks).unwrap() != ProtocolAdvance::Finished {}
    let results = experiment.measured().unwrap().clone();
    (networks, experiment.members(), results)
}

/// What depends on the machine's pace.
fn without_seconds(results: &SpecialistsResults) -> Value {
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
fn a_generalist_and_its_specialists_learn_and_are_measured() {
    let config = tiny();
    let (networks, members, results) = finish(&config, Finished::new());
    let names: Vec<&str> = networks.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["generalist", "specialist 01", "specialist 02", "specialist 03"]);
    assert!(members.iter().all(|member| member.status == Status::Done && member.test.is_some()));
    let roles: Vec<Role> = members.iter().map(|member| member.role).collect();
    assert_eq!(roles, [Role::Teacher, Role::Specialist, Role::Specialist, Role::Specialist]);

    assert_eq!((results.specialists.len(), results.all.images), (3, 10_000));
    for (one, member) in results.specialists.iter().zip(&members[1..]) {
        assert_eq!((one.classes.len(), &*member.classes), (4, one.classes.as_slice()));
        assert!(one.classes.is_sorted() && one.classes.iter().all(|&class| class < 10));
        // Four of ten classes; half of what it saw was of these.
        let own = one.member.train_images / 2;
        assert!((own as f64 - 600.0).abs() < 60.0 && one.member.train_images == 2 * own);
        assert!((one.correction - ((1500 - own) as f64 / own as f64).ln()).abs() < 1e-12);
        let own_images: usize = one.classes.iter().map(|&class| test_images_of(&members[0], class)).sum();
        assert_eq!(one.conditional.images, own_images);
    }
    let all = results.all;
    assert_eq!(all.generalist_errors, members[0].test.as_ref().unwrap().errors);
    assert_eq!(
        all.generalist_errors as i64 - all.combined_errors as i64,
        results.mended.len() as i64 - results.spoiled.len() as i64
    );
    let sums = results.covering.iter().fold((0, 0, 0), |sum, row| {
        let gain = row.gain;
        (sum.0 + gain.images, sum.1 + gain.generalist_errors, sum.2 + gain.combined_errors)
    });
    assert_eq!(sums, (all.images, all.generalist_errors, all.combined_errors));
    let (low, high) = all.interval.unwrap();
    assert!(low <= all.relative_change.unwrap() && all.relative_change.unwrap() <= high);
    // The specialists learned something: on their own classes they are better than chance by far.
    assert!(results.conditional.specialist * 2 < results.conditional.images);

    let text = report::markdown("specialists", &serde_json::to_value(&results).unwrap());
    for part in ["table 3", "table 4", "specialist 03", "26.1%", "+16.6%", &all.combined_errors.to_string()] {
        assert!(text.contains(part), "the report lacks {part}:\n{text}");
    }
}

fn test_images_of(member: &MemberState, class: usize) -> usize {
    member.test.as_ref().unwrap().classes[class].examples as usize
}

#[test]
fn the_correction_brings_dustbins_to_their_true_share() {
    let mut config = tiny();
    // Rare classes, seen as often as all others: much to correct.
    (config.count, config.size, config.epochs) = (4, 2, 4);
    let (_, _, results) = finish(&config, Finished::new());
    let far = |share: fn(&glassbox::experiments::DustbinShares) -> f64| -> f64 {
        results.specialists.iter().map(|one| (share(&one.dustbin) - one.dustbin.truth).abs()).sum()
    };
    let (uncorrected, corrected) = (far(|dustbin| dustbin.uncorrected), far(|dustbin| dustbin.corrected));
    assert!(corrected < 0.5 * uncorrected, "{corrected} of {uncorrected}");
    assert!(results.specialists.iter().all(|one| one.correction > 1.0 && one.dustbin.uncorrected < one.dustbin.truth));
}

#[test]
fn the_same_settings_give_the_same_results_also_when_taken_up() {
    let config = tiny();
    let (networks, _, first) = finish(&config, Finished::new());
    // As if it had ended after the second specialist.
    let known = |names: &[&str]| -> Finished {
        networks.0.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned().collect()
    };
    let (learned, members, again) = finish(&config, known(&["generalist", "specialist 01", "specialist 02"]));
    assert!(without_seconds(&first) == without_seconds(&again), "{:?} is not {:?}", first.all, again.all);
    assert_eq!(members[1].step, first.specialists[0].member.steps);
    assert_eq!(learned.0.last().unwrap().1.arrays, networks.0.last().unwrap().1.arrays, "the third learned anew");

    // A specialist of other classes is not taken for one of these.
    let mut mistaken = known(&["generalist"]);
    let other = networks.0.iter().find(|(name, _)| name == "specialist 02").unwrap().1.clone();
    assert_ne!(first.specialists[0].classes, first.specialists[1].classes);
    mistaken.insert("specialist 01".to_owned(), other);
    let (_, _, once_more) = finish(&config, mistaken);
    assert!(without_seconds(&first) == without_seconds(&once_more), "{:?} is not {:?}", first.all, once_more.all);
}

#[test]
fn a_generalist_is_read_from_a_checkpoint() {
    let config = tiny();
    let (networks, _, first) = finish(&config, Finished::new());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("g.safetensors");
    std::fs::write(&file, networks.0[0].1.to_bytes()).unwrap();
    let config = config.with("generalist.source", file.to_str().unwrap()).unwrap();
    let (_, members, again) = finish(&config, Finished::new());
    assert_eq!(members[0].epochs, 2);
    assert_eq!(first.specialists[0].classes, again.specialists[0].classes);
    assert_eq!(first.all, again.all);
}

#[test]
fn disjoint_clusters_cover_each_class_once() {
    let mut config = tiny();
    (config.size, config.epochs) = (0, 1);
    let (_, _, results) = finish(&config, Finished::new());
    let mut classes: Vec<usize> = results.specialists.iter().flat_map(|one| one.classes.clone()).collect();
    classes.sort_unstable();
    assert_eq!(classes, (0..10).collect::<Vec<_>>());
    assert_eq!(results.covering.iter().map(|row| row.covering).collect::<Vec<_>>(), [1]);
    assert_eq!(results.asked_images, 10_000);
}

#[test]
fn what_makes_no_sense_is_explained_before_anything_starts() {
    for (key, value, part) in [
        ("temperature", "0", "temperature must be above 0"),
        ("count", "0", "count"),
        ("size", "1", "size must be 2 or more"),
        ("share", "1.0", "dustbin"),
        ("share", "0.0", "dustbin"),
        ("epochs", "0", "epochs"),
        ("learning_rate", "-1", "learning_rate"),
        ("most_probable", "0", "no specialist is ever asked"),
        ("generalist.run.epochs", "0", "generalist.run"),
        ("nonsense", "1", "`nonsense` is not a setting"),
    ] {
        let refused = tiny().with(key, value).unwrap_err().to_string();
        assert!(refused.contains(part), "{key}: {refused}");
    }
    for (key, value, part) in [
        ("size", "10", "leaves nothing for its dustbin"),
        ("count", "11", "more than `mnist` has classes, which are 10"),
        ("generalist.run.data.classes", "{ except = [3] }", "never saw"),
        ("generalist.source", "/no/such/place", "generalist.source `/no/such/place`"),
        ("generalist.run.network", "no-such-network", "no-such-network"),
    ] {
        let refused = build(&tiny().with(key, value).unwrap(), Finished::new()).err().unwrap();
        assert!(refused.contains(part), "{key}: {refused}");
    }
}

#[test]
fn presets_are_settings_that_can_be_written_and_read() {
    for name in specialists_presets() {
        let preset = specialists_preset(name).unwrap();
        assert!(preset.about.contains("Hinton, Vinyals and Dean 2015"), "{name} cites its source");
        let config = ExperimentConfig::Specialists(Box::new(preset));
        assert_eq!(ExperimentConfig::from_toml(&config.to_toml(), name).unwrap(), config);
        assert_eq!(config.kind(), "specialists");
    }
    assert!(specialists_preset("nobody").is_none());
}

#[test]
fn nothing_may_change_on_the_way() {
    let mut experiment = build(&tiny(), Finished::new()).unwrap();
    assert!(experiment.change("share", "0.4").unwrap_err().to_string().contains("before the experiment"));
    assert!(experiment.change("nonsense", "1").unwrap_err().to_string().contains("not a setting"));
}
