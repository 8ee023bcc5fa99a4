//! `glassbox runs` from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::small_config;
use glassbox::experiments::Config;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glassbox")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn written(folder: &Path, name: &str, settings: &[(&str, &str)], accuracy: f64) -> PathBuf {
    let path = folder.join(name);
    let config = settings.iter().fold(small_config(), |config, (key, value)| config.with(key, value).unwrap());
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("config.toml"), config.to_toml()).unwrap();
    let metrics = format!("step,epoch,series,value\n10,1,validation/accuracy,{accuracy}\n20,2,train/loss,0.25\n");
    fs::write(path.join("metrics.csv"), metrics).unwrap();
    path
}

#[test]
fn runs_are_listed_compared_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let a = written(folder.path(), "a", &[], 0.9);
    let b = written(folder.path(), "b", &[("seed", "7"), ("optimiser.learning_rate", "0.01")], 0.95);
    let (a, b, all) = (a.to_str().unwrap(), b.to_str().unwrap(), folder.path().to_str().unwrap());

    let list = text(&run(&["runs", "list", all]));
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 3, "{list}");
    assert_eq!(rows[1][..7], ["a", "stopped", "2.00", "/", "2", "90.00%", "at"]);
    let json: Vec<Value> =
        text(&run(&["runs", "list", all, "--json"])).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json[1]["best_validation_accuracy"], 0.95);
    assert_eq!(json[1]["settings"]["seed"], 7);

    let diff = text(&run(&["runs", "diff", a, b]));
    let keys: Vec<&str> = diff.lines().skip(4).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(keys, ["optimiser.learning_rate", "seed"], "{diff}");
    let diff: Value = serde_json::from_str(&text(&run(&["runs", "diff", a, b, "--json"]))).unwrap();
    assert_eq!(diff["settings"]["optimiser.learning_rate"], serde_json::json!(["0.001", "0.01"]));
    assert_eq!(diff["settings"].as_object().unwrap().len(), 2);
    assert!(text(&run(&["runs", "diff", a, b, "--all"])).contains("batch_size"));

    let file = folder.path().join("out/b.zip");
    let file = file.to_str().unwrap();
    text(&run(&["runs", "export", b, "--out", file]));
    let diff: Value = serde_json::from_str(&text(&run(&["runs", "diff", b, file, "--json"]))).unwrap();
    assert_eq!(diff["settings"], serde_json::json!({}));
    assert_eq!(run(&["runs", "export", b, "--out", file]).status.code(), Some(2), "it is there already");

    let curves = folder.path().join("out/b.jsonl");
    text(&run(&["runs", "export", b, "--format", "jsonl", "--out", curves.to_str().unwrap()]));
    assert_eq!(fs::read_to_string(&curves).unwrap().lines().count(), 2);
    let output = run(&["runs", "export", b, "--format", "xls", "--out", "x.xls"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("zip, csv, jsonl, tensorboard"));
}

#[test]
fn what_is_no_run_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().to_str().unwrap();
    for arguments in [
        vec!["runs", "list", nothing],
        vec!["runs", "list", "/no/such/folder"],
        vec!["runs", "diff", nothing, nothing],
        vec!["runs", "export", nothing, "--out", "x.zip"],
    ] {
        let output = run(&arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
