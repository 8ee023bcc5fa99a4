//! The program is killed at random moments while it writes; whatever it leaves, the next start can read.
//!
//! `cargo test --test killed` kills it 6 times, and 200 times with `-- --ignored`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::engine::{RunFolder, StoredRun};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SEED: u64 = 20;
/// Epochs of the run that is killed; each ends with a checkpoint.
const EPOCHS: &str = "12";
/// From so many files on, decoded images are kept in a cache.
const IMAGES: usize = 2_000;
const SIDE: u32 = 24;
/// Rows of the run that is exported.
const ROWS: u64 = 60_000;

struct Place {
    root: tempfile::TempDir,
    rng: ChaCha8Rng,
    /// How long a start, and the writing after it, takes when nobody kills it.
    lasts: Duration,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), rng: ChaCha8Rng::seed_from_u64(SEED), lasts: Duration::ZERO }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glassbox"));
        command.args(arguments).env("GLASSBOX_CACHE", self.at("cache")).stdin(Stdio::null());
        command
    }

    /// Lets it end, and notes how long that takes.
    fn measured(&mut self, arguments: &[&str]) -> Output {
        let began = Instant::now();
        let output = self.run(arguments);
        self.lasts = began.elapsed();
        output
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Kills it somewhere in the time that it takes. Returns whether it ended before.
    #[track_caller]
    fn kill(&mut self, arguments: &[&str]) -> bool {
        let after = self.lasts.mul_f64(self.rng.random_range(0.0..1.1));
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(after);
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if let Some(status) = ended {
            assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        ended.is_some()
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const TRAIN: [&str; 15] = [
    "train",
    "--network",
    "mlp-30",
    "--device",
    "cpu",
    "--json",
    "--epochs",
    EPOCHS,
    "--set",
    "data.train=640",
    "--set",
    "data.validation=100",
    "--set",
    "monitor.histograms_every=5",
    "--out",
];

/// A run that is killed again and again, and taken up each time, ends with the rows and the bits of one that never was.
fn a_run(kills: usize) {
    let mut place = Place::new();
    let (whole, killed) = (place.at("whole"), place.at("killed"));
    let train = |out: &Path| [&TRAIN[..], &[out.to_str().unwrap()]].concat().iter().map(ToString::to_string).collect();
    let arguments: Vec<String> = train(&whole);
    place.measured(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut left, mut runs) = (kills, 0);
    while left > 0 {
        runs += 1;
        let _ = fs::remove_dir_all(&killed);
        let mut ended = false;
        while left > 0 && !ended {
            let arguments: Vec<String> = if RunFolder::checkpoint(&killed).is_ok() {
                ["train", "--device", "cpu", "--json", "--resume", killed.to_str().unwrap()].map(str::to_owned).to_vec()
            } else {
                assert!(!killed.join("checkpoints/last.safetensors").exists(), "a checkpoint is whole or not there");
                train(&killed)
            };
            ended = place.kill(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            left -= 1;
            check_run(&place, &killed);
        }
        if RunFolder::checkpoint(&killed).is_err() {
            let arguments: Vec<String> = train(&killed);
            place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        } else if !ended {
            place.run(&["train", "--device", "cpu", "--json", "--resume", killed.to_str().unwrap()]);
        }
        let text = |folder: &Path, file: &str| fs::read_to_string(folder.join(file)).unwrap();
        for file in ["metrics.csv", "histograms.jsonl", "config.toml"] {
            assert!(text(&whole, file) == text(&killed, file), "{file} of run {runs} is another");
        }
        let run = StoredRun::read(&killed).unwrap();
        assert!(run.problems.is_empty() && run.summary.is_some(), "{:?}", run.problems);
    }
}

/// What a killed program left of a run can be listed, and its checkpoints opened.
fn check_run(place: &Place, folder: &Path) {
    if !folder.join("metrics.csv").exists() || !folder.join("config.toml").exists() {
        return;
    }
    let listed = lines(&place.run(&["runs", "list", place.root.path().to_str().unwrap(), "--json"]));
    assert_eq!(listed.len(), 2);
    let problems = listed[0]["problems"].as_array().unwrap();
    let is_torn = |problem: &Value| {
        problem.as_str().is_some_and(|text| text.contains("torn") || text.contains("of events.jsonl"))
    };
    assert!(problems.iter().all(is_torn), "{problems:?}");
    for entry in fs::read_dir(folder.join("checkpoints")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|ending| ending == "safetensors") {
            let bytes = fs::read(&file).unwrap();
            glassbox::nets::Checkpoint::from_bytes(&bytes, "the file").unwrap();
        }
    }
}

/// Images are decoded into a cache; whatever is left of it, they open as they did before.
fn a_cache(kills: usize) {
    let mut place = Place::new();
    let (pictures, cache) = (place.at("pictures"), place.at("cache/images"));
    for index in 0..IMAGES {
        let folder = pictures.join(["cat", "dog"][index % 2]);
        fs::create_dir_all(&folder).unwrap();
        let picture = image::RgbImage::from_fn(SIDE, SIDE, |x, y| image::Rgb([x as u8, y as u8, index as u8]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Bmp).unwrap();
        fs::write(folder.join(format!("{index}.bmp")), bytes.into_inner()).unwrap();
    }
    let info = ["data", "info", pictures.to_str().unwrap(), "--json"];
    let expected = place.measured(&info).stdout;
    for _ in 0..kills {
        for entry in fs::read_dir(&cache).unwrap() {
            let file = entry.unwrap().path();
            // What a killed program left half written stays, as it would.
            if file.extension().is_some_and(|ending| ending == "images") {
                fs::remove_file(file).unwrap();
            }
        }
        place.kill(&info);
        assert!(place.run(&info).stdout == expected);
    }
}

/// An exported run is whole or not there, whatever the format.
fn an_export(kills: usize) {
    let mut place = Place::new();
    let run = place.at("runs/large");
    fs::create_dir_all(&run).unwrap();
    fs::write(
        run.join("config.toml"),
        glassbox::experiments::Config::to_toml(&glassbox::experiments::TrainConfig::default()),
    )
    .unwrap();
    let mut rows = String::new();
    for step in 0..ROWS {
        writeln!(rows, "{step},0.5,train/loss,{}", 1.0 / (step + 1) as f64).unwrap();
    }
    fs::write(run.join("metrics.csv"), format!("step,epoch,series,value\n{rows}")).unwrap();
    fs::write(run.join("large.png"), rows.as_bytes()).unwrap();
    let out = place.at("runs/out");
    let folder = place.at("runs").display().to_string();
    for kill in 0..kills {
        let format = ["zip", "csv", "jsonl", "tensorboard"][kill % 4];
        let file = out.with_extension(format);
        let arguments = ["runs", "export", run.to_str().unwrap(), "--format", format, "--out", file.to_str().unwrap()];
        if kill < 4 {
            place.measured(&arguments);
        } else {
            place.kill(&arguments);
        }
        if file.exists() {
            check_export(&file, format);
        }
        let listed = lines(&place.run(&["runs", "list", &folder, "--json"]));
        assert!(listed.iter().all(|run| run["step"] == ROWS - 1), "{listed:?}");
        let _ = fs::remove_file(&file);
        let _ = fs::remove_dir_all(&file);
    }
}

fn check_export(file: &Path, format: &str) {
    let rows = ROWS as usize;
    match format {
        "zip" => assert_eq!(StoredRun::read(file).unwrap().points.len(), rows),
        "csv" => assert_eq!(csv::Reader::from_path(file).unwrap().records().map(Result::unwrap).count(), rows),
        "jsonl" => {
            let text = fs::read_to_string(file).unwrap();
            assert_eq!(text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).count(), rows);
        }
        _ => {
            let files: Vec<PathBuf> = fs::read_dir(file).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(files.len(), 1);
            assert_eq!(records(&fs::read(&files[0]).unwrap()), rows + 1);
        }
    }
}

/// How many records an event file holds, each of a length, its check sum, so many bytes, and their check sum.
fn records(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((length, _)) = bytes.split_first_chunk::<8>() {
        bytes = &bytes[16 + u64::from_le_bytes(*length) as usize..];
        count += 1;
    }
    count
}

#[test]
fn a_run_that_is_killed_goes_on() {
    a_run(2);
}

#[test]
fn a_cache_that_is_killed_is_whole_or_not_there() {
    a_cache(2);
}

#[test]
fn an_export_that_is_killed_is_whole_or_not_there() {
    an_export(6);
}

#[test]
#[ignore = "takes minutes"]
fn killed_200_times() {
    a_run(80);
    a_cache(60);
    an_export(64);
}
