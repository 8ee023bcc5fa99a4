//! The engine from outside: runs, commands between steps, folders, resuming, trouble.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    is_finished, metrics, noisy_config, resume, series, small_config, sorted_arrays, start, wait_for, wait_until,
};
use glassbox::engine::{Answer, Command, Engine, Event, ImageSource, Phase, Query, QueryId, RunId};
use glassbox::experiments::{Config, TrainConfig};
use std::fs;
use std::path::Path;

fn engine() -> Engine {
    Engine::start(|| {})
}

fn train_to_the_end(config: &TrainConfig, folder: &Path) {
    let engine = engine();
    start(&engine, config, Some(folder), true);
    wait_for(&engine, is_finished);
}

#[test]
fn one_seed_gives_one_metrics_file() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    train_to_the_end(&noisy_config(), &a);
    train_to_the_end(&noisy_config(), &b);
    train_to_the_end(&noisy_config().with("seed", "2").unwrap(), &c);
    assert_eq!(metrics(&a), metrics(&b));
    assert_ne!(metrics(&a), metrics(&c));
    assert!(metrics(&a).contains(",test/errors,"));
}

/// Stopped in the middle of an epoch, stopped again, and killed after its last checkpoint: the same bits in the end.
#[test]
fn an_interrupted_run_ends_as_the_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, pieces] = ["whole", "pieces"].map(|name| folder.path().join(name));
    train_to_the_end(&noisy_config(), &whole);

    let first = engine();
    start(&first, &noisy_config(), Some(&pieces), false);
    for _ in 0..7 {
        first.send(Command::Step).unwrap();
    }
    wait_until("seven steps", || first.snapshot().step == 7);
    first.send(Command::Stop).unwrap();
    wait_for(&first, |event| matches!(event, Event::Stopped { step: 7, .. }));
    drop(first);

    let second = engine();
    resume(&second, &pieces);
    wait_until("the second epoch", || second.snapshot().step >= 13);
    drop(second);
    // A kill leaves rows behind that no checkpoint knows of, the last one torn.
    let mut torn = metrics(&pieces);
    torn.push_str("9998,99,train/loss,0.5\n9999,99,train/lo");
    fs::write(pieces.join("metrics.csv"), torn).unwrap();

    let third = engine();
    resume(&third, &pieces);
    wait_for(&third, is_finished);
    drop(third);
    assert_eq!(metrics(&whole), metrics(&pieces));
    assert_eq!(sorted_arrays(&whole), sorted_arrays(&pieces));
}

#[test]
fn commands_take_effect_between_two_steps() {
    let engine = engine();
    start(&engine, &small_config().with("epochs", "1000").unwrap(), None, true);
    wait_until("training", || engine.snapshot().step > 20);
    engine.send(Command::Pause).unwrap();
    wait_until("the pause", || engine.snapshot().phase == Phase::Paused);
    let mut paused_at = engine.snapshot().step;
    if paused_at % 10 == 9 {
        // The next step is the last of its epoch, of which nothing would be left.
        engine.send(Command::Step).unwrap();
        wait_until("one step", || engine.snapshot().step == paused_at + 1 && engine.snapshot().phase == Phase::Paused);
        paused_at += 1;
    }
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(engine.snapshot().step, paused_at);
    engine.send(Command::Step).unwrap();
    wait_until("one step", || engine.snapshot().step == paused_at + 1 && engine.snapshot().phase == Phase::Paused);
    engine.send(Command::StepEpoch).unwrap();
    wait_until("an epoch's end", || engine.snapshot().phase == Phase::Paused && engine.snapshot().step > paused_at + 1);
    assert_eq!(engine.snapshot().step % 10, 0);
}

/// Large images take long enough to be counted while they are opened.
#[test]
fn opening_the_data_is_told_and_can_be_stopped() {
    let data = tempfile::tempdir().unwrap();
    let mut image = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(768, 768).write_to(&mut image, image::ImageFormat::Png).unwrap();
    for index in 0..1_800 {
        let inner = data.path().join(["a", "b"][index % 2]);
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join(format!("{index}.png")), image.get_ref()).unwrap();
    }
    let config = small_config().with("data.source", data.path().to_str().unwrap()).unwrap();
    let engine = engine();
    start(&engine, &config, None, true);
    wait_until(
        "the count of files",
        || matches!(engine.snapshot().phase, Phase::Opening { files, of } if files > 0 && of == 1_800),
    );
    engine.send(Command::Stop).unwrap();
    let events = wait_for(&engine, |event| matches!(event, Event::Stopped { .. } | Event::Failed { .. }));
    assert!(matches!(events.last(), Some(Event::Stopped { step: 0, .. })), "{events:?}");
    wait_until("the stop", || engine.snapshot().phase == Phase::Stopped);
    start(&engine, &small_config(), None, false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
}

#[test]
fn a_changed_learning_rate_is_told_and_used() {
    let engine = engine();
    start(&engine, &small_config().with("schedule.kind", "constant").unwrap(), None, false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    let change = |setting: &str, value: &str| {
        engine.send(Command::Change { setting: setting.to_owned(), value: value.to_owned() }).unwrap();
    };
    change("optimiser.learning_rate", "0.05");
    let changed = wait_for(&engine, |event| matches!(event, Event::Changed { .. }));
    let Some(Event::Changed { step: 0, before, after, .. }) = changed.last() else { panic!("{changed:?}") };
    assert_eq!((before.as_str(), after.as_str()), ("0.001", "0.05"));
    engine.send(Command::Step).unwrap();
    wait_until("a step", || engine.snapshot().step == 1);
    assert_eq!(series(&engine.points(), "learning_rate"), [0.05]);
    for (setting, value) in [("seed", "2"), ("optimiser.learning_rate", "-1"), ("nonsense", "1")] {
        change(setting, value);
        let notes = wait_for(&engine, |event| matches!(event, Event::Note(_)));
        let Some(Event::Note(note)) = notes.last() else { panic!("{notes:?}") };
        assert!(note.contains(setting), "{note}");
    }
}

#[test]
fn questions_are_answered_while_it_trains() {
    let engine = engine();
    start(&engine, &small_config().with("epochs", "1000").unwrap(), None, true);
    wait_until("training", || engine.snapshot().step > 5);
    let ask = |id, image| engine.send(Command::Ask { id: QueryId(id), query: Query::Inspect { image } }).unwrap();
    ask(4, ImageSource::Test(3));
    let seen = wait_for(&engine, |event| matches!(event, Event::Answer { .. }));
    let Some(Event::Answer { id: QueryId(4), run: RunId(1), generation, answer: Answer::Inspection(found) }) =
        seen.last()
    else {
        panic!("{seen:?}")
    };
    assert!(*generation > 5);
    assert_eq!(found.label, Some(0));
    assert!((found.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert_eq!(found.activations.iter().map(|layer| layer.values.len()).collect::<Vec<_>>(), [784, 30, 30, 30, 30, 10]);
    for image in [ImageSource::Test(10_000), ImageSource::Pixels(vec![0; 3].into())] {
        ask(5, image);
        wait_for(&engine, |event| matches!(event, Event::Answer { answer: Answer::Refused(_), .. }));
    }
    assert!(matches!(engine.snapshot().phase, Phase::Running));
}

#[test]
fn live_pictures_come_when_they_are_watched() {
    let engine = engine();
    start(&engine, &small_config().with("epochs", "1000").unwrap(), None, true);
    wait_until("training", || engine.snapshot().step > 20);
    assert!(engine.snapshot().samples.is_none());
    engine.send(Command::Watch(true)).unwrap();
    wait_until("samples", || engine.snapshot().samples.is_some());
    let first = engine.snapshot().samples.clone().unwrap().generation;
    wait_until("newer samples", || {
        engine.snapshot().samples.as_ref().is_some_and(|samples| samples.generation > first)
    });
    assert_eq!(engine.snapshot().samples.as_ref().unwrap().probabilities.len(), 24);
}

/// A learning rate far too high overflows. The run pauses, names a layer, keeps the good checkpoint and can go on.
#[test]
fn values_that_are_not_finite_pause_the_run_and_name_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let engine = engine();
    let config = small_config().with("optimiser.kind", "sgd").unwrap().with("schedule.kind", "constant").unwrap();
    start(&engine, &config, Some(&path), false);
    engine.send(Command::StepEpoch).unwrap();
    wait_until("an epoch", || engine.snapshot().step == 10 && engine.snapshot().phase == Phase::Paused);
    let good = fs::read(path.join("checkpoints/last.safetensors")).unwrap();
    let change =
        |value: &str| Command::Change { setting: "optimiser.learning_rate".to_owned(), value: value.to_owned() };
    engine.send(change("1e30")).unwrap();
    engine.send(Command::Run).unwrap();
    let seen = wait_for(&engine, |event| matches!(event, Event::Trouble { .. }));
    let Some(Event::Trouble { message, .. }) = seen.last() else { panic!("{seen:?}") };
    assert!(message.contains("layer `fc") || message.contains("layer `relu"), "{message}");
    assert_eq!(engine.snapshot().phase, Phase::Paused);
    assert_eq!(fs::read(path.join("checkpoints/last.safetensors")).unwrap(), good);

    engine.send(change("0.01")).unwrap();
    engine.send(Command::Run).unwrap();
    wait_for(&engine, |event| matches!(event, Event::WentBack { step: 10, .. }));
    wait_for(&engine, is_finished);
    drop(engine);
    let steps: Vec<u64> = metrics(&path)
        .lines()
        .filter(|line| line.contains("train/loss"))
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(steps, (1..=20).collect::<Vec<_>>());
}

fn failure(config: &TrainConfig, folder: Option<&Path>) -> String {
    let engine = engine();
    start(&engine, config, folder, true);
    let seen = wait_for(&engine, |event| matches!(event, Event::Failed { .. }));
    let Some(Event::Failed { message, .. }) = seen.last() else { panic!("{seen:?}") };
    message.clone()
}

#[test]
fn what_does_not_fit_is_said_in_words() {
    let with = |key: &str, value: &str| small_config().with(key, value).unwrap();
    assert!(failure(&with("network", "convnet-cifar"), None).contains("3x32x32"));
    assert!(failure(&with("network", "no-such-network"), None).contains("mlp-800"));
    assert!(failure(&with("data.source", "/no/such/folder"), None).contains("/no/such/folder"));
    assert!(failure(&with("data.train", "70000"), None).contains("70"));
    assert!(failure(&with("data.augmentation.jitter", "40"), None).contains("40"));
}

#[test]
fn a_folder_that_holds_a_run_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train_to_the_end(&small_config(), &path);
    let before = metrics(&path);
    assert!(failure(&small_config(), Some(&path)).contains("already holds a run"));
    assert_eq!(metrics(&path), before);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train_to_the_end(&small_config(), &path);
    let file = path.join("checkpoints/last.safetensors");
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&file, &bytes).unwrap();
    let before = metrics(&path);
    let engine = engine();
    resume(&engine, &path);
    let seen = wait_for(&engine, |event| matches!(event, Event::Failed { .. }));
    assert!(format!("{seen:?}").contains("last.safetensors"), "{seen:?}");
    assert_eq!(metrics(&path), before);
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

/// A full disk, as the device that is always full shows it: the run pauses, nothing is lost, and it goes on after.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_pauses_the_run_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, path] = ["whole", "full"].map(|name| folder.path().join(name));
    train_to_the_end(&small_config(), &whole);
    let engine = engine();
    start(&engine, &small_config(), Some(&path), false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    let (file, aside) = (path.join("metrics.csv"), path.join("aside.csv"));
    fs::rename(&file, &aside).unwrap();
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    engine.send(Command::Run).unwrap();
    let seen = wait_for(&engine, |event| matches!(event, Event::Trouble { .. }));
    assert!(format!("{seen:?}").contains("metrics.csv"), "{seen:?}");
    fs::remove_file(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    engine.send(Command::Run).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Finished { .. }));
    drop(engine);
    assert_eq!(metrics(&path), metrics(&whole));
}
