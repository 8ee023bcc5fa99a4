//! `glassbox evaluate`: the same figures as at the end of the run, and every mistake.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn glassbox(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glassbox")).args(arguments).output().unwrap()
}

fn train(folder: &Path) {
    let mut arguments = vec!["train", "--network", "mlp-30", "--epochs", "1", "--device", "cpu", "--json"];
    arguments.extend(["--set", "data.train=1280", "--set", "data.validation=500", "--out", folder.to_str().unwrap()]);
    let output = glassbox(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn evaluate(folder: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["evaluate", folder.to_str().unwrap(), "--device", "cpu", "--json"];
    arguments.extend(more);
    let output = glassbox(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn it_repeats_the_figures_of_the_run_and_lists_the_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mistakes) = (folder.path().join("run"), folder.path().join("mistakes.csv"));
    train(&run);
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(run.join("summary.json")).unwrap()).unwrap();
    let test = evaluate(&run, &["--mistakes", mistakes.to_str().unwrap()]);
    assert_eq!(test["errors"], summary["test_errors"]);
    assert_eq!(test["loss"], summary["test_loss"]);
    assert_eq!(evaluate(&run, &["--split", "validation"])["errors"], summary["validation_errors"]);

    let mut rows = csv::Reader::from_path(&mistakes).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, test["errors"].as_u64().unwrap());
    let confidence: Vec<f64> = rows.iter().map(|row| row[4].parse().unwrap()).collect();
    assert!(confidence.is_sorted_by(|a, b| a >= b) && rows.iter().all(|row| row[2] != row[3]));
    let cell = |truth: &str, said: &str| rows.iter().filter(|row| (&row[2], &row[3]) == (truth, said)).count() as u64;
    assert_eq!(test["confusion"][4][9].as_u64().unwrap(), cell("4", "9"));
}

#[test]
fn what_is_no_run_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let output = glassbox(&["evaluate", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a run folder"));
}
