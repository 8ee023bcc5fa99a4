//! Run folders read back: what was measured comes back to the bit, damage is told, and nothing escapes from a zip.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{is_finished, small_config, start, wait_for, wait_until};
use glassbox::engine::{
    Command, Engine, Event, Phase, Point, RunFolder, RunFormat, RunId, StoredError, StoredRun, export_run, find_runs,
    is_run, write_notes,
};
use glassbox::experiments::{Config, TrainConfig};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// Trains a small run to its end, with a change on the way. Returns every point as it was told.
fn train(config: &TrainConfig, folder: Option<&Path>) -> (Engine, Vec<Point>) {
    let engine = Engine::start(|| {});
    start(&engine, config, folder, false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    for _ in 0..5 {
        engine.send(Command::Step).unwrap();
    }
    wait_until("five steps", || engine.snapshot().step == 5 && engine.snapshot().phase == Phase::Paused);
    engine.send(Command::Change { setting: "optimiser.learning_rate".to_owned(), value: "0.01".to_owned() }).unwrap();
    engine.send(Command::Run).unwrap();
    wait_for(&engine, is_finished);
    let points = engine.points();
    (engine, points)
}

/// Everything but the seconds.
fn bits(points: &[Point]) -> Vec<(String, u64, u64, u64)> {
    let all = points.iter().map(|p| (p.series.to_string(), p.step, p.epoch.to_bits(), p.value.to_bits()));
    all.collect()
}

#[test]
fn a_run_comes_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine");
    let (engine, points) = train(&small_config(), Some(&path));
    drop(engine);
    write_notes(&path, "try a higher rate").unwrap();
    let run = StoredRun::read(&path).unwrap();
    assert_eq!(bits(&run.points), bits(&points));
    assert_eq!(run.problems, Vec::<String>::new());
    assert_eq!((run.name.as_str(), run.notes.as_str()), ("mine", "try a higher rate"));
    assert!(run.has_checkpoint);
    assert_eq!(run.config, small_config().with("optimiser.learning_rate", "0.01").unwrap());
    let change = &run.changes[0];
    assert_eq!((change.step, change.before.as_str(), change.after.as_str()), (5, "0.001", "0.01"));
    assert_eq!(
        run.layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>(),
        ["flatten", "fc1", "relu1", "fc2", "relu2", "fc3"]
    );
    let best = run.points.iter().filter(|p| &*p.series == "validation/accuracy").map(|p| p.value).fold(0.0, f64::max);
    assert_eq!(run.best_validation().unwrap().0, best);
    assert_eq!(run.last_step(), 20);
    let summary = run.summary.as_ref().unwrap();
    let errors = run.points.iter().find(|p| &*p.series == "test/errors").unwrap().value;
    assert_eq!(summary.test_errors as f64, errors);
    // Time: known at the ends of epochs, never going back, and the whole of it in the end.
    assert!(run.clock.is_known());
    let seconds: Vec<f64> = run.points.iter().map(|p| p.seconds).collect();
    assert!(seconds.windows(2).all(|pair| pair[0] <= pair[1]));
    let told = points.iter().map(|p| p.seconds).fold(0.0, f64::max);
    assert!((run.seconds.unwrap() - told).abs() < 0.5 * told + 0.1, "{:?} and {told}", run.seconds);
}

#[test]
fn time_goes_on_when_a_run_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (engine, _) = train(&small_config(), Some(&path));
    drop(engine);
    let before = StoredRun::read(&path).unwrap().seconds.unwrap();
    let engine = Engine::start(|| {});
    let command =
        Command::Resume { run: RunId(7), folder: path.clone(), device: "cpu".to_owned(), epochs: Some(3), go: true };
    engine.send(command).unwrap();
    wait_for(&engine, is_finished);
    let first = engine.points().first().unwrap().seconds;
    drop(engine);
    assert!(first >= before * 0.9, "the first point is at {first} seconds, after {before}");
    let run = StoredRun::read(&path).unwrap();
    assert!(run.seconds.unwrap() > before);
    assert_eq!((run.config.epochs, run.last_step()), (3, 30));
}

/// What nobody planned to keep is kept as if it had been planned: during the run and after another one began.
#[test]
fn a_run_without_a_folder_can_still_be_saved() {
    let folder = tempfile::tempdir().unwrap();
    let [planned, late, after] = ["planned", "late", "after"].map(|name| folder.path().join(name));
    drop(train(&small_config(), Some(&planned)));
    let save = |engine: &Engine, path: &PathBuf| {
        engine.send(Command::SaveTo { run: RunId(1), folder: path.clone() }).unwrap();
        wait_for(engine, |event| matches!(event, Event::Saved { run: RunId(1), .. }));
    };
    let (engine, _) = train(&small_config(), None);
    save(&engine, &late);
    let (engine, _) = train(&small_config(), None);
    let config = Box::new(small_config());
    let device = "cpu".to_owned();
    engine.send(Command::Start { run: RunId(2), config, device, folder: None, go: false }).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    save(&engine, &after);
    drop(engine);
    for path in [&late, &after] {
        for file in ["config.toml", "architecture.toml", "metrics.csv"] {
            assert_eq!(fs::read(path.join(file)).unwrap(), fs::read(planned.join(file)).unwrap(), "{file}");
        }
        let (here, there) = (StoredRun::read(path).unwrap(), StoredRun::read(&planned).unwrap());
        assert_eq!((&here.changes, &here.summary), (&there.changes, &there.summary));
        assert_eq!(RunFolder::checkpoint(path).unwrap().state, RunFolder::checkpoint(&planned).unwrap().state);
    }
}

#[test]
fn a_folder_is_not_written_over_and_a_forgotten_run_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (engine, _) = train(&small_config(), Some(&path));
    let before = fs::read(path.join("metrics.csv")).unwrap();
    let refused = |run: u64, folder: &Path, word: &str| {
        engine.send(Command::SaveTo { run: RunId(run), folder: folder.to_owned() }).unwrap();
        let seen = wait_for(&engine, |event| matches!(event, Event::Note(_)));
        assert!(format!("{seen:?}").contains(word), "{seen:?}");
    };
    refused(1, &folder.path().join("elsewhere"), "already");
    refused(9, &folder.path().join("elsewhere"), "no longer in memory");
    assert_eq!(fs::read(path.join("metrics.csv")).unwrap(), before);
    assert!(!folder.path().join("elsewhere").exists());
}

/// A small folder that needs no training.
fn written(folder: &Path, name: &str, metrics: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("config.toml"), small_config().to_toml()).unwrap();
    fs::write(path.join("metrics.csv"), metrics).unwrap();
    path
}

const METRICS: &str = "step,epoch,series,value\n1,0.1,train/loss,2.5\n2,0.2,train/loss,NaN\n3,0.3,train/loss,inf\n";

#[test]
fn what_cannot_be_read_is_counted_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let read = |metrics: &[u8]| {
        let run = StoredRun::read(&written(folder.path(), "run", metrics)).unwrap();
        (run.points.len(), run.problems.join("; "))
    };
    assert_eq!(read(METRICS.as_bytes()), (3, String::new()));
    assert_eq!(read(METRICS.replace('\n', "\r\n").as_bytes()), (3, String::new()));
    assert_eq!(read(format!("\u{feff}{METRICS}").as_bytes()), (3, String::new()));
    let (points, told) = read(format!("{METRICS}4,0.4,train/loss,0.1").as_bytes());
    assert!(points == 3 && told.contains("torn"), "{points}; {told}");
    let (points, told) =
        read(format!("{METRICS}x,y,z\n-1,0,train/loss,1\n5,0.5,\"train/loss,1\n6,0.6,train/loss,1\n").as_bytes());
    assert!(points == 5 && told.contains("2 rows") && told.contains("\"train/loss"), "{points}; {told}");
    let (points, told) = read(format!("{METRICS}4,0.4,mystery/figure,1\n").as_bytes());
    assert!(points == 4 && told.contains("mystery/figure"), "{points}; {told}");
    let (points, told) = read(b"\xff\xfe\x00\n4,0.4,train/loss,1\n");
    assert!(points == 1 && told.contains("1 row "), "{points}; {told}");
    let path = written(folder.path(), "run", METRICS.as_bytes());
    fs::write(path.join("events.jsonl"), "{\"event\":\"started\",\"step\":0}\nnonsense\n{\"torn").unwrap();
    fs::write(path.join("summary.json"), "{}").unwrap();
    fs::write(path.join("architecture.toml"), "name = 7").unwrap();
    let run = StoredRun::read(&path).unwrap();
    let told = run.problems.join("; ");
    for word in ["2 of 3 lines", "summary.json", "architecture.toml"] {
        assert!(told.contains(word), "{told}");
    }
    assert!(run.points.iter().all(|point| point.seconds == 0.0) && !run.clock.is_known());
    fs::write(path.join("config.toml"), "epochs = \"many\"").unwrap();
    assert!(matches!(StoredRun::read(&path), Err(StoredError::Config { .. })));
}

/// A run that went on after its end and did not come to the next one is not finished.
#[test]
fn a_summary_of_an_earlier_end_is_out_of_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    drop(train(&small_config(), Some(&path)));
    assert!(StoredRun::read(&path).unwrap().summary.is_some());
    let mut metrics = fs::read_to_string(path.join("metrics.csv")).unwrap();
    metrics.push_str("21,2.1,train/loss,0.5\n");
    fs::write(path.join("metrics.csv"), metrics).unwrap();
    assert!(StoredRun::read(&path).unwrap().summary.is_none());
}

#[test]
fn a_zip_opens_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine");
    drop(train(&small_config(), Some(&path)));
    fs::create_dir(path.join("figures")).unwrap();
    fs::write(path.join("figures/loss.svg"), "<svg/>").unwrap();
    let elsewhere = folder.path().join("another machine");
    let file = elsewhere.join("sent.zip");
    export_run(&path, &file, RunFormat::Zip).unwrap();
    let whole = StoredRun::read(&path).unwrap();
    fs::remove_dir_all(&path).unwrap();
    assert!(is_run(&file));
    assert_eq!(find_runs(&elsewhere).unwrap(), std::slice::from_ref(&file));
    let run = StoredRun::read(&file).unwrap();
    assert_eq!(bits(&run.points), bits(&whole.points));
    assert_eq!((run.config, run.changes, run.summary), (whole.config, whole.changes, whole.summary));
    assert!(run.has_checkpoint && run.problems.is_empty() && run.name == "sent");
    let archive = zip::ZipArchive::new(fs::File::open(&file).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert!(names.iter().all(|name| name.starts_with("mine/")), "{names:?}");
    assert!(names.contains(&"mine/figures/loss.svg".to_owned()), "{names:?}");
    // What is a zip already is copied.
    let copy = folder.path().join("copy.zip");
    export_run(&file, &copy, RunFormat::Zip).unwrap();
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&file).unwrap());
    // Unpacked by another program it is a run folder again.
    zip::ZipArchive::new(fs::File::open(&copy).unwrap()).unwrap().extract(folder.path()).unwrap();
    assert_eq!(bits(&StoredRun::read(&path).unwrap().points), bits(&run.points));
}

fn zip_of(path: &Path, files: &[(&str, &[u8])]) {
    let mut writer = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn a_zip_that_reaches_outside_or_holds_no_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.zip");
    let config = small_config().to_toml();
    let refused = |files: &[(&str, &[u8])], word: &str| {
        zip_of(&file, files);
        let error = StoredRun::read(&file).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("bad.zip"), "{error}");
        assert!(!is_run(&file));
    };
    for outside in ["../evil.txt", "run/../../evil.txt", "/etc/evil.txt", "..\\evil.txt", "C:\\evil.txt"] {
        refused(&[("config.toml", config.as_bytes()), (outside, b"x")], "points outside");
    }
    refused(&[("readme.txt", b"hello")], "holds no run");
    fs::write(&file, b"this is no zip").unwrap();
    assert!(StoredRun::read(&file).unwrap_err().to_string().contains("zip"));
    assert!(
        export_run(folder.path(), &folder.path().join("out.zip"), RunFormat::Zip)
            .unwrap_err()
            .to_string()
            .contains("no run")
    );
    assert!(!folder.path().join("out.zip").exists());
}

/// 20 MiB of spaces are 20 kB in a zip: settings are never so large, so reading stops.
#[test]
fn a_zip_that_grows_without_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bomb.zip");
    zip_of(&file, &[("config.toml", &vec![b' '; 20 << 20])]);
    assert!(fs::metadata(&file).unwrap().len() < 100_000);
    let error = StoredRun::read(&file).unwrap_err().to_string();
    assert!(error.contains("larger than 16 MiB"), "{error}");
}

#[test]
fn runs_are_found_in_a_folder_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b", "a"] {
        written(folder.path(), name, METRICS.as_bytes());
    }
    fs::create_dir(folder.path().join("no run")).unwrap();
    let names: Vec<PathBuf> = find_runs(folder.path()).unwrap();
    assert_eq!(names, [folder.path().join("a"), folder.path().join("b")]);
    assert!(find_runs(&folder.path().join("no run")).is_err());
    assert!(find_runs(&folder.path().join("nowhere")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever becomes of the files, reading ends in words and keeps the rows that are whole.
    #[test]
    fn no_damage_is_a_panic(
        file in prop::sample::select(vec!["metrics.csv", "events.jsonl", "summary.json", "architecture.toml", "config.toml"]),
        at in 0..400_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        cut in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<String> = (1..=20).map(|step| format!("{step},{},train/loss,{}\n", step as f64 / 10.0, 1.0 / step as f64)).collect();
        let path = written(folder.path(), "run", format!("step,epoch,series,value\n{}", rows.concat()).as_bytes());
        fs::write(path.join("events.jsonl"), "{\"event\":\"started\",\"step\":0,\"seconds\":0.0}\n{\"event\":\"epoch\",\"step\":20,\"seconds\":4.0}\n").unwrap();
        let mut whole = fs::read(path.join(file)).unwrap_or_default();
        let at = at.min(whole.len());
        if cut { whole.truncate(at); } else { whole.splice(at..at, bytes); }
        fs::write(path.join(file), whole).unwrap();
        match StoredRun::read(&path) {
            Ok(run) => {
                prop_assert!(run.points.iter().all(|point| point.seconds.is_finite()));
                if file != "metrics.csv" { prop_assert_eq!(run.points.len(), 20); }
            }
            Err(error) => prop_assert!(file == "config.toml" && error.to_string().contains("config.toml"), "{}", error),
        }
    }

    /// Any finite value is written and read as itself.
    #[test]
    fn values_keep_their_bits(values in prop::collection::vec(any::<f64>().prop_filter("finite", |v| v.is_finite()), 1..30)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let architecture = glassbox::nets::resolve("mlp-30").unwrap();
        let mut written = RunFolder::create(&path, &small_config(), &architecture).unwrap();
        for (step, value) in values.iter().enumerate() {
            written.metric(step as u64, *value, "train/loss", *value);
        }
        written.save(None).unwrap();
        let run = StoredRun::read(&path).unwrap();
        let read: Vec<(u64, u64)> = run.points.iter().map(|p| (p.epoch.to_bits(), p.value.to_bits())).collect();
        prop_assert_eq!(read, values.iter().map(|v| (v.to_bits(), v.to_bits())).collect::<Vec<_>>());
    }
}
