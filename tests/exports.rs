//! Curves for other programs: CSV, JSON lines, TensorBoard's event files.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::small_config;
use glassbox::engine::{RunFormat, StoredRun, export_run};
use glassbox::experiments::{Config, ExperimentConfig};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// When the run of these tests was last written, in seconds since 1970.
const ENDED: u64 = 1_700_000_000;

/// A run of 4 seconds with three points.
fn written(folder: &Path, config: &str) -> PathBuf {
    let run = folder.join("run");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("config.toml"), config).unwrap();
    let events =
        "{\"event\":\"started\",\"step\":0,\"seconds\":0.0}\n{\"event\":\"epoch\",\"step\":2,\"seconds\":4.0}\n";
    fs::write(run.join("events.jsonl"), events).unwrap();
    let rows = "step,epoch,series,value\n1,0.5,train/loss,2.5\n2,1,train/loss,0\n2,1,validation/accuracy,0.5\n";
    fs::write(run.join("metrics.csv"), rows).unwrap();
    let metrics = File::options().write(true).open(run.join("metrics.csv")).unwrap();
    metrics.set_modified(UNIX_EPOCH + Duration::from_secs(ENDED)).unwrap();
    run
}

fn export(run: &Path, format: RunFormat) -> String {
    let file = run.with_extension(format.name());
    assert_eq!(export_run(run, &file, format).unwrap(), Vec::<String>::new());
    fs::read_to_string(file).unwrap()
}

fn event_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

#[test]
fn curves_leave_as_csv_and_as_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path(), &small_config().to_toml());
    assert_eq!(
        export(&run, RunFormat::Csv),
        "series,step,epoch,seconds,value\ntrain/loss,1,0.5,2.0,2.5\ntrain/loss,2,1.0,4.0,0.0\n\
         validation/accuracy,2,1.0,4.0,0.5\n"
    );
    let lines = export(&run, RunFormat::JsonLines);
    assert_eq!(
        lines.lines().next().unwrap(),
        r#"{"series":"train/loss","step":1,"epoch":0.5,"seconds":2.0,"value":2.5}"#
    );
    assert_eq!(lines.lines().count(), 3);
}

/// The bytes are those of `tensorboard` 2.21.0 (its `RecordWriter` and `event_pb2`) for the same three values; its
/// `EventAccumulator` reads them back.
#[test]
fn an_event_file_is_the_one_that_tensorboard_writes() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path(), &small_config().to_toml());
    let logs = folder.path().join("logs/run");
    export_run(&run, &logs, RunFormat::TensorBoard).unwrap();
    let file = event_file(&logs);
    assert_eq!(file.file_name().unwrap(), "events.out.tfevents.1699999996.glassbox");
    let expected = "1800000000000000a37f4b22090000003ffc54d9411a0d627261696e2e4576656e743a32b39dacea\
                    200000000000000029eda950090000803ffc54d94110012a130a110a0a747261696e2f6c6f73731500002040262b49c5\
                    200000000000000029eda9500900000040fc54d94110022a130a110a0a747261696e2f6c6f73731500000000a28c1253\
                    290000000000000037ff5f000900000040fc54d94110022a1c0a1a0a1376616c69646174696f6e2f616363757261637915\
                    0000003f651fb44b";
    let expected: Vec<u8> =
        (0..expected.len()).step_by(2).map(|at| u8::from_str_radix(&expected[at..at + 2], 16).unwrap()).collect();
    assert_eq!(fs::read(&file).unwrap(), expected);

    let error = export_run(&run, &logs, RunFormat::TensorBoard).unwrap_err().to_string();
    assert!(error.contains("there already"), "{error}");
    let left: Vec<_> = fs::read_dir(folder.path().join("logs")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// Their networks have curves too; when each point was measured is not known.
#[test]
fn the_curves_of_an_experiment_leave_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = ExperimentConfig::Distillation(Box::default());
    let run = written(folder.path(), &config.to_toml());
    assert!(export(&run, RunFormat::Csv).contains("train/loss,1,0.5,0.0,2.5\n"));
}

/// Only at the beginning of a name, before a slash, is a colon that of a drive.
#[cfg(unix)]
#[test]
fn a_run_with_a_colon_in_its_name_comes_back_from_its_zip() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path(), &small_config().to_toml());
    for name in ["a:b", "mnist: 2"] {
        let (named, file) = (folder.path().join(name), folder.path().join("sent.zip"));
        fs::rename(&run, &named).unwrap();
        export_run(&named, &file, RunFormat::Zip).unwrap();
        assert_eq!(StoredRun::read(&file).unwrap().points.len(), 3, "{name}");
        fs::rename(&named, &run).unwrap();
    }
}

#[test]
fn what_has_no_curves_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = written(folder.path(), &small_config().to_toml());
    fs::write(run.join("metrics.csv"), "step,epoch,series,value\n").unwrap();
    let out = folder.path().join("out.csv");
    let error = export_run(&run, &out, RunFormat::Csv).unwrap_err().to_string();
    assert!(error.contains("has no curves") && !out.exists(), "{error}");
    let error = export_run(&folder.path().join("nothing"), &out, RunFormat::JsonLines).unwrap_err().to_string();
    assert!(error.contains("nothing"), "{error}");
}
