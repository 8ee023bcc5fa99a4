//! The command line from outside: what it prints, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn glassbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassbox"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    glassbox(arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SMALL: &[&str] = &[
    "train",
    "--data",
    "mnist",
    "--network",
    "mlp-30",
    "--epochs",
    "2",
    "--seed",
    "1",
    "--device",
    "cpu",
    "--json",
    "--set",
    "data.train=2560",
    "--set",
    "data.validation=500",
];

#[test]
fn a_run_reports_in_json_and_ends_with_its_summary() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a");
    let mut arguments = SMALL.to_vec();
    arguments.extend(["--out", out.to_str().unwrap()]);
    let output = run(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    let epochs: Vec<&Value> = lines.iter().filter(|line| line["event"] == "epoch").collect();
    assert_eq!(epochs.len(), 2);
    assert!(epochs[1]["train_loss"].as_f64() < epochs[0]["train_loss"].as_f64());
    let summary = lines.last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["epochs"], 2);
    assert_eq!(summary["settings"]["network"], "mlp-30");
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
    let errors = summary["test_errors"].as_u64().unwrap();
    assert!((200..5_000).contains(&errors), "{errors} test errors");
    assert!((summary["test_accuracy"].as_f64().unwrap() - (1.0 - errors as f64 / 1e4)).abs() < 1e-9);
    for file in [
        "config.toml",
        "architecture.toml",
        "metrics.csv",
        "events.jsonl",
        "summary.json",
        "checkpoints/last.safetensors",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
}

fn refused(arguments: &[&str], word: &str) {
    let output = run(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    let lines: Vec<&str> = message.lines().filter(|line| line.starts_with("glassbox:")).collect();
    assert_eq!(lines.len(), 1, "{message}");
    assert!(lines[0].contains(word), "{message}");
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn a_wrong_argument_gets_one_line_and_status_2() {
    refused(&["train", "--epochs", "many"], "many");
    refused(&["train", "--nonsense"], "--nonsense");
    refused(&["fly"], "fly");
    refused(&["train", "--set", "optimiser.learning_rat=1"], "optimiser.learning_rat");
    refused(&["train", "--set", "optimiser.learning_rate=fast"], "fast");
    refused(&["train", "--set", "batch_size"], "KEY=VALUE");
    refused(&["train", "--network", "no-such-network"], "mlp-800");
    refused(&["train", "--data", "/no/such/folder", "--device", "cpu"], "/no/such/folder");
    refused(&["train", "--device", "gpu:99"], "gpu:99");
    refused(&["train", "--resume", "/no/such/run"], "/no/such/run");
    refused(&["networks", "no-such-network"], "no-such-network");
    refused(&["bench", "--batch", "0"], "--batch");
}

#[test]
fn help_reads_on_standard_output() {
    for arguments in [&["--help"][..], &["train", "--help"], &["bench", "--help"]] {
        let output = run(arguments);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("Usage: glassbox"));
    }
}

#[test]
fn lists_name_what_there_is() {
    let text = |arguments: &[&str]| String::from_utf8(run(arguments).stdout).unwrap();
    assert!(text(&["devices"]).contains("cpu"));
    assert!(text(&["datasets"]).contains("60000"));
    assert!(text(&["networks"]).contains("convnet-cifar"));
    assert!(text(&["networks", "lenet", "--layers"]).contains("conv1"));
    let devices = lines(&run(&["devices", "--json"]));
    assert_eq!(devices[0]["id"], "cpu");
}

#[test]
fn bench_measures_what_it_is_asked_for() {
    let rows = lines(&run(&["bench", "--network", "mlp-30", "--device", "cpu", "--seconds", "0.2", "--json"]));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["network"], "mlp-30");
    for figure in ["train_images_per_second", "inference_images_per_second", "train_gflops", "inference_gflops"] {
        assert!(rows[0][figure].as_f64().unwrap() > 0.0, "{figure}");
    }
}

fn interrupt(process: u32) {
    let done = Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap();
    assert!(done.success());
}

/// Ctrl-C saves and stops with status 130; what is resumed ends as if nothing had happened.
#[cfg(unix)]
#[test]
fn control_c_saves_and_the_run_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, pieces] = ["whole", "pieces"].map(|name| folder.path().join(name));
    let long = [SMALL, &["--set", "epochs=40"]].concat();
    assert!(run(&[&long[..], &["--out", whole.to_str().unwrap()]].concat()).status.success());

    let arguments = [&long[..], &["--out", pieces.to_str().unwrap()]].concat();
    let mut child = glassbox(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    wait_for_rows(&pieces.join("metrics.csv"), 40);
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!pieces.join("summary.json").exists(), "it ended before it was interrupted");

    let output = run(&["train", "--resume", pieces.to_str().unwrap(), "--device", "cpu", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metrics = |folder: &Path| fs::read_to_string(folder.join("metrics.csv")).unwrap();
    assert_eq!(metrics(&pieces), metrics(&whole));
}

fn wait_for_rows(file: &Path, rows: usize) {
    let began = Instant::now();
    while fs::read_to_string(file).map_or(0, |text| text.lines().count()) < rows {
        assert!(began.elapsed() < Duration::from_mins(1), "no rows in {}", file.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_run_is_not_written_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a");
    let arguments = [SMALL, &["--out", out.to_str().unwrap()]].concat();
    assert!(run(&arguments).status.success());
    let before = fs::read(out.join("metrics.csv")).unwrap();
    refused(&arguments, "already holds a run");
    assert_eq!(fs::read(out.join("metrics.csv")).unwrap(), before);
}

#[test]
fn without_a_display_the_window_says_so_and_shows_the_way() {
    let output = glassbox(&["--fresh"])
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("glassbox train") && !message.contains("panicked"), "{message}");
}

#[test]
fn a_rate_is_found_without_a_window() {
    let arguments =
        ["find-rate", "--network", "mlp-30", "--device", "cpu", "--from", "1e-5", "--to", "1", "--steps", "40"];
    let settings = ["--set", "data.train=1280", "--set", "optimiser.kind=sgd"];
    let output = run(&[&arguments[..], &settings, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    let (summary, points) = lines.split_last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["steps"], points.len());
    assert!((points[0]["rate"].as_f64().unwrap() - 1e-5).abs() < 1e-12);
    assert!((1e-5..1.0).contains(&summary["steepest"].as_f64().unwrap()), "{summary}");
    let text = String::from_utf8(run(&[&arguments[..], &settings].concat()).stdout).unwrap();
    assert!(text.contains("a suggestion, steepest fall of the smoothed loss"), "{text}");
    refused(&["find-rate", "--from", "1", "--to", "0.1"], "range test");
    refused(&["find-rate", "--network", "no-such-network"], "mlp-800");
}

#[test]
fn a_condition_that_is_met_ends_the_run_with_its_summary() {
    let output = run(&[SMALL, &["--set", "epochs=9", "--set", "stop.validation_accuracy_above=0.2"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    let condition = lines.iter().find(|line| line["event"] == "condition").expect("it says why");
    assert!(condition["text"].as_str().unwrap().contains("accuracy"), "{condition}");
    let summary = lines.last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert!(summary["epochs"].as_u64().unwrap() < 9);
    assert!(summary["best"]["loss"].as_f64().is_some());
}

#[test]
fn hints_come_on_standard_error_or_as_json() {
    let dying = ["--set", "optimiser.learning_rate=0.3", "--set", "monitor.health_every=1"];
    let arguments = [SMALL, &dying].concat();
    let lines = lines(&run(&arguments));
    let hint = lines.iter().find(|line| line["event"] == "hint").expect("units die");
    assert!(!hint["hint"]["evidence"].as_array().unwrap().is_empty());
    let plain: Vec<&str> = arguments.iter().copied().filter(|argument| *argument != "--json").collect();
    assert!(String::from_utf8_lossy(&run(&plain).stderr).contains("hint: "));
}

#[test]
fn exhibits_of_features_are_listed_made_and_reported() {
    let listed = String::from_utf8(run(&["run", "--list"]).stdout).unwrap();
    for preset in ["lesson", "zeiler", "evolution", "invariance", "occlusion", "correspondence", "ablation"] {
        let is_it = |line: &str| line.starts_with("features") && line.contains(&format!("--preset {preset} "));
        assert!(listed.lines().any(is_it), "{preset} is not in:\n{listed}");
    }
    refused(&["run", "features", "--preset", "nobody"], "there is no preset `nobody`; there are lesson, zeiler");
    refused(&["run", "features", "--set", "units=0"], "units must be at least 1");

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f");
    let settings = ["exhibits=[\"adjoint\", \"filters\"]", "samples=2", "images=10"];
    let mut arguments = vec!["run", "features", "--device", "cpu", "--json", "--out", out.to_str().unwrap()];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", *setting]));
    let last = lines(&run(&arguments)).pop().unwrap();
    assert_eq!((&last["event"], &last["network"]), (&"results".into(), &"convnet-mnist".into()));
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("at most 1e-4: holds"), "{report}");
    assert!(fs::read(out.join("figures/filters.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn specialists_are_run_reported_and_taken_up_from_their_folder() {
    let listed = String::from_utf8(run(&["run", "--list"]).stdout).unwrap();
    assert!(listed.lines().any(|line| line.starts_with("specialists") && line.contains("--preset specialists")));
    refused(&["run", "specialists", "--preset", "nobody"], "there is no preset `nobody`; there are specialists, quick");
    refused(&["run", "specialists", "--set", "share=1.0"], "dustbin");

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("s");
    let settings = [
        "count=2",
        "size=3",
        "epochs=1",
        "generalist.run.network=mlp-30",
        "generalist.run.epochs=1",
        "generalist.run.data.source=mnist",
        "generalist.run.data.train=1000",
        "generalist.run.data.validation=200",
    ];
    let mut arguments = vec!["run", "specialists", "--device", "cpu", "--json", "--out", out.to_str().unwrap()];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", *setting]));
    let first = lines(&run(&arguments));
    let networks: Vec<&str> =
        first.iter().filter(|line| line["event"] == "network").map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(networks, ["generalist", "specialist 01", "specialist 02"]);
    let of_first = first.last().unwrap();
    assert_eq!(of_first["event"], "results");
    assert!(fs::read_to_string(out.join("report.md")).unwrap().contains("| with specialists |"));

    // As if it had been stopped before its last specialist.
    fs::remove_file(out.join("checkpoints/specialist 02.safetensors")).unwrap();
    fs::remove_file(out.join("results.json")).unwrap();
    let again = lines(&run(&["run", "--resume", out.to_str().unwrap(), "--device", "cpu", "--json"]));
    let of_again = again.last().unwrap();
    for key in ["all", "covering", "conditional", "mended", "spoiled", "uncorrected_errors"] {
        assert_eq!(of_first[key], of_again[key], "{key}");
    }
}
