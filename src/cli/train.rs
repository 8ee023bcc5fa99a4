//! `glassbox train`.

use super::bar::bar;
use super::interrupt::{INTERRUPTED, listen};
use super::{WrongArgument, parse_settings};
use crate::engine::{Command, Engine, Event, Point, RunFolder, RunId, Snapshot, Started};
use crate::experiments::{Config, TrainConfig, TrainingSummary};
use crate::train::Hint;
use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

#[derive(Args)]
pub(super) struct TrainArgs {
    /// A data set that is built in, or a path, as `glassbox data info` takes it [default: mnist].
    #[arg(long)]
    data: Option<String>,
    /// A preset (see `glassbox networks`), or a TOML file [default: mlp-800].
    #[arg(long)]
    network: Option<String>,
    /// Passes over the training images [default: 10].
    #[arg(long)]
    epochs: Option<u64>,
    /// Decides first weights, order, jitter and dropout: same seed, same run [default: 1].
    #[arg(long)]
    seed: Option<u64>,
    /// Where to learn: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Keep everything about the run in this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run of a folder, exactly where its last checkpoint stands.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["config", "data", "network", "seed", "settings"])]
    resume: Option<PathBuf>,
    /// Start from the settings of a file, such as a run folder's config.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any setting by its path, as in `optimiser.learning_rate=0.01`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Report as JSON, one object a line; the last is the summary.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: TrainArgs) -> anyhow::Result<ExitCode> {
    let command = start_command(&args)?;
    let (wake, woken) = sync_channel(1);
    let engine = Engine::start(move || {
        // Full means that a wake-up is on its way already.
        let _ = wake.try_send(());
    });
    let interrupted = listen()?;
    engine.send(command)?;
    let report = Report::new(args.json);
    Follower { engine, report, saved: args.out.or(args.resume), interrupted, started: false, stopping: false }
        .follow(&woken)
}

fn start_command(args: &TrainArgs) -> anyhow::Result<Command> {
    let (run, device, go) = (RunId(1), args.device.clone(), true);
    if let Some(folder) = &args.resume {
        return Ok(Command::Resume { run, folder: folder.clone(), device, epochs: args.epochs, go });
    }
    let config = Box::new(config(args)?);
    config.resolve_network().map_err(WrongArgument::new)?;
    if let Some(out) = &args.out
        && RunFolder::checkpoint(out).is_ok()
    {
        bail!(WrongArgument(format!("{0} already holds a run: choose another folder, or --resume {0}", out.display())));
    }
    Ok(Command::Start { run, config, device, folder: args.out.clone(), go })
}

fn config(args: &TrainArgs) -> anyhow::Result<TrainConfig> {
    let config = match &args.config {
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| WrongArgument(format!("{name}: {error}")))?;
            TrainConfig::from_toml(&text, &name).map_err(WrongArgument::new)?
        }
        None => TrainConfig::default(),
    };
    let named = [
        ("data.source", args.data.clone()),
        ("network", args.network.clone()),
        ("epochs", args.epochs.map(|epochs| epochs.to_string())),
        ("seed", args.seed.map(|seed| seed.to_string())),
    ];
    let named = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Ok(config.with_all(named.chain(parse_settings(&args.settings)?)).map_err(WrongArgument::new)?)
}

struct Follower {
    engine: Engine,
    report: Report,
    saved: Option<PathBuf>,
    interrupted: Arc<AtomicBool>,
    started: bool,
    stopping: bool,
}

impl Follower {
    fn follow(mut self, woken: &Receiver<()>) -> anyhow::Result<ExitCode> {
        loop {
            let _ = woken.recv_timeout(Duration::from_millis(100));
            if self.interrupted.load(Ordering::Relaxed) && !self.stopping {
                self.stopping = self.engine.send(Command::Stop).is_ok();
            }
            let events = self.engine.events();
            self.report.points(&self.engine.points());
            // The run folder has them; here nobody draws them.
            drop(self.engine.histograms());
            self.report.progress(&self.engine.snapshot());
            for event in events {
                if let Some(status) = self.handle(event)? {
                    return Ok(status);
                }
            }
        }
    }

    fn handle(&mut self, event: Event) -> anyhow::Result<Option<ExitCode>> {
        match event {
            Event::Started(started) => {
                self.started = true;
                self.report.started(&started);
            }
            Event::Finished { summary, seconds, .. } => {
                self.report.finished(&summary, seconds);
                return Ok(Some(ExitCode::SUCCESS));
            }
            Event::Stopped { step, .. } => {
                self.report.stopped(step, self.saved.as_ref());
                return Ok(Some(ExitCode::from(INTERRUPTED)));
            }
            Event::ConditionMet { step, message, .. } => {
                self.report.condition(step, &message);
                self.engine.send(Command::Finish)?;
            }
            Event::HintFound { hint, .. } => self.report.hint(&hint),
            Event::Failed { message, .. } if !self.started => bail!(WrongArgument(message)),
            Event::Failed { message, .. } | Event::Trouble { message, .. } => {
                self.report.close();
                bail!(message)
            }
            Event::Note(note) => self.report.note(&note),
            Event::Changed { .. }
            | Event::Evaluated { .. }
            | Event::Saved { .. }
            | Event::WentBack { .. }
            | Event::Answer { .. }
            | Event::HintGone { .. }
            | Event::RateTested(_)
            | Event::ExperimentStarted(_)
            | Event::ExperimentFinished { .. }
            | Event::Logits(_) => {}
        }
        Ok(None)
    }
}

/// What a person or a program reads.
struct Report {
    json: bool,
    bar: ProgressBar,
    images_per_second: f64,
    losses: (f64, u64),
}

impl Report {
    fn new(json: bool) -> Self {
        let bar = bar(None, "{pos}/{len} steps  {msg}", json);
        Self { json, bar, images_per_second: 0.0, losses: (0.0, 0) }
    }

    fn line(&self, json: &Value, text: &str) {
        if self.json {
            // A reader that went away is no reason to fail.
            let _ = writeln!(std::io::stdout(), "{json}");
        } else {
            self.bar.suspend(|| println!("{text}"));
        }
    }

    fn started(&self, started: &Started) {
        let config = &started.config;
        let json = json!({
            "event": "started", "device": started.device, "step": started.step,
            "train_images": started.train_images, "validation_images": started.validation_images(),
            "test_images": started.test.len(), "settings": config,
        });
        let text = format!(
            "{} on {}: {} images, {} held out, {} epochs on {}",
            config.network_name(),
            config.data.source,
            started.train_images,
            started.validation_images(),
            config.epochs,
            started.device
        );
        self.line(&json, &text);
    }

    /// One line after each evaluation.
    fn points(&mut self, points: &[Point]) {
        let mut validation = serde_json::Map::new();
        for point in points {
            if &*point.series == "train/loss" {
                self.losses = (self.losses.0 + point.value, self.losses.1 + 1);
            }
            if let Some(name) = point.series.strip_prefix("validation/") {
                validation.insert(format!("validation_{name}"), json!(point.value));
                if name == "calibration_error" {
                    self.epoch(point, std::mem::take(&mut validation));
                }
            }
        }
    }

    fn epoch(&mut self, point: &Point, mut row: serde_json::Map<String, Value>) {
        let (sum, count) = std::mem::take(&mut self.losses);
        let loss = sum / count.max(1) as f64;
        let figure = |name: &str| row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let text = format!(
            "epoch {:>3}  train loss {loss:.4}  validation loss {:.4}  accuracy {:.2}%  errors {}  {:.0} images/s",
            point.epoch,
            figure("validation_loss"),
            100.0 * figure("validation_accuracy"),
            figure("validation_errors"),
            self.images_per_second,
        );
        row.insert("event".to_owned(), json!("epoch"));
        row.insert("epoch".to_owned(), json!(point.epoch));
        row.insert("step".to_owned(), json!(point.step));
        row.insert("train_loss".to_owned(), json!(loss));
        row.insert("images_per_second".to_owned(), json!(self.images_per_second));
        self.line(&Value::Object(row), &text);
    }

    fn progress(&mut self, snapshot: &Snapshot) {
        self.images_per_second = snapshot.images_per_second;
        self.bar.set_length(snapshot.total_steps);
        self.bar.set_position(snapshot.step);
        let left = snapshot.seconds_left.map_or_else(String::new, |left| format!(", {} left", time(left)));
        let pace = || format!("{:.0} images/s{left}", snapshot.images_per_second);
        let message = snapshot.phase.preparing().unwrap_or_else(pace);
        self.bar.set_message(message);
    }

    fn finished(&self, summary: &TrainingSummary, seconds: f64) {
        self.close();
        let mut json = serde_json::to_value(summary).unwrap_or_default();
        json["event"] = json!("summary");
        json["seconds"] = json!(seconds);
        json["images_per_second"] = json!(self.images_per_second);
        let text = format!(
            "{} test errors, {:.2}% right, in {} ({} steps)",
            summary.test_errors,
            100.0 * summary.test_accuracy,
            time(seconds),
            summary.steps
        );
        self.line(&json, &text);
    }

    fn stopped(&self, step: u64, saved: Option<&PathBuf>) {
        self.close();
        let text = saved.map_or_else(
            || format!("stopped at step {step}; nothing was kept, since there was no --out"),
            |path| format!("stopped at step {step}; go on with: glassbox train --resume {}", path.display()),
        );
        self.line(&json!({ "event": "stopped", "step": step, "folder": saved }), &text);
    }

    fn note(&self, note: &str) {
        self.line(&json!({ "event": "note", "text": note }), note);
    }

    /// A condition of the settings, which ends a run without a window.
    fn condition(&self, step: u64, message: &str) {
        self.line(&json!({ "event": "condition", "step": step, "text": message }), message);
    }

    /// Beside the results: on standard error, unless a program reads.
    fn hint(&self, hint: &Hint) {
        if self.json {
            self.line(&json!({ "event": "hint", "text": hint.to_string(), "hint": hint }), "");
        } else {
            self.bar.suspend(|| eprintln!("hint: {hint}"));
        }
    }

    fn close(&self) {
        self.bar.finish_and_clear();
    }
}

pub(super) fn time(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}
