//! `glassbox find-rate`.

use super::{WrongArgument, parse_settings};
use crate::engine::{Command, Engine, Event, RateTest, RunId};
use crate::experiments::{Config, MINIMUM_DIVISOR, RangeTestConfig, RangeTestEnd, RatePoint, SMOOTHING, TrainConfig};
use anyhow::bail;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

#[derive(Args)]
pub(super) struct FindRateArgs {
    /// A data set that is built in, or a path, as `glassbox data info` takes it.
    #[arg(long, default_value = "mnist")]
    data: String,
    /// A preset (see `glassbox networks`), or a TOML file.
    #[arg(long, default_value = "mlp-800")]
    network: String,
    /// The first rate.
    #[arg(long, default_value_t = RangeTestConfig::default().from)]
    from: f64,
    /// The last rate; the test ends before it when the loss gets out of hand.
    #[arg(long, default_value_t = RangeTestConfig::default().to)]
    to: f64,
    /// Mini-batches, each at a higher rate.
    #[arg(long, default_value_t = RangeTestConfig::default().steps)]
    steps: u64,
    /// Where to learn: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Any setting of a run by its path, as in `optimiser.kind=sgd`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Report as JSON, one object a line: every point, then the summary.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &FindRateArgs) -> anyhow::Result<ExitCode> {
    let range = RangeTestConfig { from: args.from, to: args.to, steps: args.steps };
    range.check().map_err(WrongArgument::new)?;
    let config = Box::new(config(args)?);
    config.resolve_network().map_err(WrongArgument::new)?;
    let (wake, woken) = sync_channel(1);
    let engine = Engine::start(move || {
        // Full means that a wake-up is on its way already.
        let _ = wake.try_send(());
    });
    engine.send(Command::Start { run: RunId(1), config, device: args.device.clone(), folder: None, go: false })?;
    engine.send(Command::FindRate(range))?;
    let test = wait(&engine, &woken)?;
    report(&test, args.json);
    Ok(ExitCode::SUCCESS)
}

fn config(args: &FindRateArgs) -> anyhow::Result<TrainConfig> {
    let named = [("data.source", &args.data), ("network", &args.network)];
    let named = named.into_iter().map(|(key, value)| (key.to_owned(), value.clone()));
    let settings = named.chain(parse_settings(&args.settings)?);
    Ok(TrainConfig::default().with_all(settings).map_err(WrongArgument::new)?)
}

fn wait(engine: &Engine, woken: &Receiver<()>) -> anyhow::Result<std::sync::Arc<RateTest>> {
    let mut started = false;
    loop {
        let _ = woken.recv_timeout(Duration::from_millis(100));
        for event in engine.events() {
            match event {
                Event::RateTested(test) => return Ok(test),
                Event::Started(_) => started = true,
                Event::Failed { message, .. } if !started => bail!(WrongArgument(message)),
                Event::Failed { message, .. } => bail!(message),
                Event::Note(note) => eprintln!("{note}"),
                _ => {}
            }
        }
    }
}

fn report(test: &RateTest, as_json: bool) {
    let result = &test.result;
    let end = result.end.map_or_else(String::new, RangeTestEnd::describe);
    if !as_json {
        line(&format!("{:>12} {:>12} {:>12}", "rate", "loss", "smoothed"));
    }
    for RatePoint { rate, loss, smoothed } in &result.points {
        line(&if as_json {
            json!({ "event": "point", "rate": rate, "loss": loss, "smoothed": smoothed }).to_string()
        } else {
            format!("{rate:>12.3e} {loss:>12.5} {smoothed:>12.5}")
        });
    }
    let (steepest, tenth) = (result.steepest(), result.minimum_tenth());
    if as_json {
        let summary = json!({
            "event": "summary", "settings": test.config, "steps": result.points.len(), "end": result.end,
            "steepest": steepest, "minimum_tenth": tenth,
        });
        line(&summary.to_string());
        return;
    }
    let text = |rate: Option<f64>| rate.map_or_else(|| "none".to_owned(), |rate| format!("{rate:.2e}"));
    line(&format!("{end} (loss smoothed with {SMOOTHING} of the past)"));
    line(&format!("a suggestion, steepest fall of the smoothed loss: {}", text(steepest)));
    line(&format!("a suggestion, rate at the minimum of the smoothed loss over {MINIMUM_DIVISOR}: {}", text(tenth)));
}

/// A reader that went away is no reason to fail.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
