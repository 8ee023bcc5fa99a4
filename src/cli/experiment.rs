//! `glassbox run`.

use super::bar::bar;
use super::interrupt::{INTERRUPTED, listen};
use super::train::time;
use super::{WrongArgument, parse_settings};
use crate::engine::{Command, Engine, Event, ExperimentCommand, ExperimentSnapshot, Phase, RunId};
use crate::experiments::{
    Config, DistillConfig, ExperimentConfig, FeaturesConfig, MemberState, SpecialistsConfig, Status,
    distillation_preset, distillation_presets, features_preset, features_presets, report, specialists_preset,
    specialists_presets,
};
use anyhow::bail;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Students that learn from a teacher (Hinton, Vinyals, Dean 2015).
    Distillation,
    /// A generalist, and specialists for classes that it confuses (Hinton, Vinyals, Dean 2015, section 5).
    Specialists,
    /// The exhibits of what a network has learned (Zeiler, Fergus 2013).
    Features,
}

#[derive(Args)]
pub(super) struct ExperimentArgs {
    /// Which experiment; not needed with --config, --resume or --list.
    #[arg(value_enum, required_unless_present_any = ["config", "resume", "list"])]
    kind: Option<Kind>,
    /// Settings that come with Glassbox; --list names them.
    #[arg(long, conflicts_with_all = ["config", "resume"])]
    preset: Option<String>,
    /// Name the presets, and what each is about.
    #[arg(long)]
    list: bool,
    /// Settings of a file, such as an experiment folder's config.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any setting by its path, as in `student.epochs=5`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Where to learn: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Keep everything about the experiment in this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the experiment of a folder, after its last network that was done.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["config", "settings"])]
    resume: Option<PathBuf>,
    /// Report as JSON, one object a line; the last holds the results.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ExperimentArgs) -> anyhow::Result<ExitCode> {
    if args.list {
        return Ok(list(args.json));
    }
    let command = start_command(args)?;
    let (wake, woken) = sync_channel(1);
    let engine = Engine::start(move || {
        // Full means that a wake-up is on its way already.
        let _ = wake.try_send(());
    });
    let interrupted = listen()?;
    engine.send(Command::Experiment(command))?;
    let folder = args.out.clone().or_else(|| args.resume.clone());
    let mut follower = Follower::new(engine, folder, args.json);
    loop {
        let _ = woken.recv_timeout(Duration::from_millis(100));
        if let Some(status) = follower.look(&interrupted)? {
            return Ok(status);
        }
    }
}

fn list(as_json: bool) -> ExitCode {
    let distillations = distillation_presets()
        .filter_map(|name| Some((name, ExperimentConfig::Distillation(Box::new(distillation_preset(name)?)))));
    let specialists = specialists_presets()
        .filter_map(|name| Some((name, ExperimentConfig::Specialists(Box::new(specialists_preset(name)?)))));
    let features = features_presets()
        .filter_map(|name| Some((name, ExperimentConfig::Features(Box::new(features_preset(name)?)))));
    for (name, config) in distillations.chain(specialists).chain(features) {
        let (kind, title) = (config.kind(), config.title());
        if as_json {
            println!("{}", json!({ "experiment": kind, "preset": name, "title": title }));
        } else {
            println!("{kind:<12} --preset {name:<14} {title}");
        }
    }
    ExitCode::SUCCESS
}

fn start_command(args: &ExperimentArgs) -> anyhow::Result<ExperimentCommand> {
    let (run, device, go) = (RunId(1), args.device.clone(), true);
    if let Some(folder) = &args.resume {
        return Ok(ExperimentCommand::Resume { run, folder: folder.clone(), device, go });
    }
    let config = first_config(args)?.with_all(parse_settings(&args.settings)?).map_err(WrongArgument::new)?;
    if let Some(out) = args.out.as_ref().filter(|out| out.join("config.toml").exists()) {
        let out = out.display();
        bail!(WrongArgument(format!("{out} already holds a run: choose another folder, or --resume {out}")));
    }
    Ok(ExperimentCommand::Start { run, config: Box::new(config), device, folder: args.out.clone(), go })
}

fn first_config(args: &ExperimentArgs) -> anyhow::Result<ExperimentConfig> {
    if let Some(file) = &args.config {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| WrongArgument(format!("{name}: {error}")))?;
        return Ok(ExperimentConfig::from_toml(&text, &name).map_err(WrongArgument::new)?);
    }
    let unknown = |preset: &str, known: Vec<&str>| {
        WrongArgument(format!("there is no preset `{preset}`; there are {}", known.join(", ")))
    };
    let preset = args.preset.as_deref();
    if args.kind == Some(Kind::Specialists) {
        let found = preset.map_or_else(
            || Ok(SpecialistsConfig::default()),
            |name| specialists_preset(name).ok_or_else(|| unknown(name, specialists_presets().collect())),
        );
        return Ok(ExperimentConfig::Specialists(Box::new(found?)));
    }
    if args.kind == Some(Kind::Features) {
        let found = preset.map_or_else(
            || Ok(FeaturesConfig::default()),
            |name| features_preset(name).ok_or_else(|| unknown(name, features_presets().collect())),
        );
        return Ok(ExperimentConfig::Features(Box::new(found?)));
    }
    let found = preset.map_or_else(
        || Ok(DistillConfig::default()),
        |name| distillation_preset(name).ok_or_else(|| unknown(name, distillation_presets().collect())),
    );
    Ok(ExperimentConfig::Distillation(Box::new(found?)))
}

struct Follower {
    engine: Engine,
    folder: Option<PathBuf>,
    json: bool,
    bar: ProgressBar,
    kind: &'static str,
    started: bool,
    stopping: bool,
    /// Networks that were told of already.
    told: BTreeSet<String>,
}

impl Follower {
    fn new(engine: Engine, folder: Option<PathBuf>, json: bool) -> Self {
        let bar = bar(Some(1000), "{percent}%  {msg}", json);
        Self { engine, folder, json, bar, kind: "", started: false, stopping: false, told: BTreeSet::new() }
    }

    fn look(&mut self, interrupted: &AtomicBool) -> anyhow::Result<Option<ExitCode>> {
        if interrupted.load(Ordering::Relaxed) && !self.stopping {
            self.stopping = self.engine.send(Command::Experiment(ExperimentCommand::Stop)).is_ok();
        }
        // The folder has them; here nobody draws them.
        drop(self.engine.points());
        let snapshot = self.engine.snapshot();
        if let Some(experiment) = &snapshot.experiment {
            self.progress(experiment);
        }
        for event in self.engine.events() {
            if let Some(status) = self.handle(event)? {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }

    fn handle(&mut self, event: Event) -> anyhow::Result<Option<ExitCode>> {
        match event {
            Event::ExperimentStarted(started) => {
                self.started = true;
                self.kind = started.config.kind();
                let json = json!({ "event": "started", "device": started.device, "settings": started.config });
                self.line(&json, &format!("{} on {}", started.config.title(), started.device));
            }
            Event::ExperimentFinished { results, seconds, .. } => {
                self.bar.finish_and_clear();
                let mut json = (*results).clone();
                json["event"] = json!("results");
                json["elapsed_seconds"] = json!(seconds);
                let text = report::markdown(self.kind, &results);
                self.line(&json, &format!("\n{text}\nIn {}", time(seconds)));
                return Ok(Some(ExitCode::SUCCESS));
            }
            Event::Stopped { .. } => {
                self.bar.finish_and_clear();
                let text = self.folder.as_ref().map_or_else(
                    || "stopped; nothing was kept, since there was no --out".to_owned(),
                    |path| format!("stopped; go on with: glassbox run --resume {}", path.display()),
                );
                self.line(&json!({ "event": "stopped", "folder": self.folder }), &text);
                return Ok(Some(ExitCode::from(INTERRUPTED)));
            }
            Event::Failed { message, .. } if !self.started => bail!(WrongArgument(message)),
            Event::Failed { message, .. } | Event::Trouble { message, .. } => {
                self.bar.finish_and_clear();
                bail!(message)
            }
            Event::Note(note) => self.line(&json!({ "event": "note", "text": note }), &note),
            _ => {}
        }
        Ok(None)
    }

    fn progress(&mut self, experiment: &ExperimentSnapshot) {
        self.bar.set_position((experiment.share * 1000.0) as u64);
        let left = experiment.seconds_left.map_or_else(String::new, |left| format!(", {} left", time(left)));
        let going = experiment.phase == Phase::Running;
        let stage = if going { experiment.stage.as_str() } else { "" };
        self.bar.set_message(format!("{stage}{left}"));
        for member in experiment.members.iter().filter(|member| member.status == Status::Done) {
            if self.told.insert(member.name.clone()) {
                self.member(member);
            }
        }
    }

    /// One line for each network that is done.
    fn member(&self, member: &MemberState) {
        let errors = |evaluation: &Option<Arc<crate::train::Evaluation>>| evaluation.as_ref().map(|found| found.errors);
        let (validation, test) = (errors(&member.validation), errors(&member.test));
        let json = json!({
            "event": "network", "name": member.name, "role": member.role, "network": member.network,
            "objective": member.objective, "steps": member.step, "seconds": member.seconds,
            "validation_errors": validation, "test_errors": test,
        });
        let count = |errors: Option<usize>| errors.map_or_else(|| "-".to_owned(), |errors| errors.to_string());
        let text = format!(
            "{:<28} {:<36} {:>5} test errors  {:>5} validation errors  {}",
            member.name,
            member.objective,
            count(test),
            count(validation),
            time(member.seconds)
        );
        self.line(&json, &text);
    }

    fn line(&self, json: &Value, text: &str) {
        if self.json {
            // A reader that went away is no reason to fail.
            let _ = writeln!(std::io::stdout(), "{json}");
        } else {
            self.bar.suspend(|| println!("{text}"));
        }
    }
}
