//! What there is: devices, networks, data sets.

use super::WrongArgument;
use crate::engine::devices as all_devices;
use crate::nets::{Architecture, LayerSummary, preset_names, read, resolve, survey};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct ListArgs {
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct NetworkArgs {
    /// Presets or TOML files; all presets when none is named.
    names: Vec<String>,
    /// Show every layer: shapes, parameters, multiply-adds, receptive field.
    #[arg(long)]
    layers: bool,
    /// Only say what is impossible, layer by layer, with the nearest that is possible; fails if anything is.
    #[arg(long)]
    check: bool,
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn devices(args: &ListArgs) -> anyhow::Result<ExitCode> {
    for device in all_devices() {
        if args.json {
            print_json(&device)?;
        } else {
            println!("{:<8} {} ({})", device.id, device.name, device.kind);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn datasets(args: &ListArgs) -> anyhow::Result<ExitCode> {
    for entry in crate::data::catalogue() {
        if args.json {
            print_json(entry)?;
        } else {
            println!("{:<10} {}", entry.name, entry.description);
            println!(
                "{:<10} {} + {} images of {}, {} classes; {}; {}",
                "", entry.images, entry.test_images, entry.shape, entry.classes, entry.origin, entry.licence
            );
        }
    }
    for download in crate::data::downloads() {
        let path = download.folder().ok().and_then(|folder| download.fetched(&folder));
        if args.json {
            print_json(&json!({ "name": download.name, "description": download.description, "path": path }))?;
            continue;
        }
        println!("{:<10} {}", download.name, download.description);
        match path {
            Some(path) => println!("{:<10} in {}", "", path.display()),
            None => println!("{:<10} to be fetched: glassbox data fetch {}", "", download.name),
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn networks(args: &NetworkArgs) -> anyhow::Result<ExitCode> {
    let presets = preset_names().map(str::to_owned);
    let names: Vec<String> = if args.names.is_empty() { presets.collect() } else { args.names.clone() };
    if args.check {
        return check(&names);
    }
    for name in names {
        let architecture = resolve(&name).map_err(WrongArgument::new)?;
        let rows = architecture.summary().map_err(WrongArgument::new)?;
        if args.json {
            print_json(&json!({ "architecture": architecture, "layers": rows }))?;
        } else {
            print_network(&architecture, &rows, args.layers);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(names: &[String]) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for name in names {
        let architecture = read(name).map_err(WrongArgument::new)?;
        let survey = survey(&architecture, None);
        let layers = architecture.layers.iter().zip(&survey.layers);
        let of_layers = layers.filter_map(|(layer, row)| Some((layer.name.as_str(), row.as_ref().err()?)));
        let input = survey.input.iter().map(|fault| ("input", fault));
        let output = survey.end.iter().map(|fault| ("output", fault));
        for (place, fault) in input.chain(of_layers).chain(output) {
            println!("{name}: {place}: {}. {}.", fault.reason, fault.repair.label());
            code = ExitCode::FAILURE;
        }
        if survey.is_possible() {
            println!("{name}: all {} layers fit", architecture.layers.len());
        }
    }
    Ok(code)
}

fn print_network(architecture: &Architecture, rows: &[LayerSummary], layers: bool) {
    let parameters: u64 = rows.iter().map(|row| row.parameters).sum();
    let multiply_adds: u64 = rows.iter().map(|row| row.multiply_adds).sum();
    println!(
        "{:<14} {:>9} {:>11} parameters {:>12} multiply-adds",
        architecture.name,
        architecture.input.to_string(),
        parameters,
        multiply_adds
    );
    if !layers {
        return;
    }
    println!(
        "  {:<10} {:<20} {:>10} {:>11} {:>13}  receptive field",
        "layer", "kind", "output", "parameters", "mult-adds"
    );
    for row in rows {
        let field = row.receptive_field;
        println!(
            "  {:<10} {:<20} {:>10} {:>11} {:>13}  {} px, every {} px, from {}",
            row.name,
            row.kind,
            row.output.to_string(),
            row.parameters,
            row.multiply_adds,
            field.size,
            field.stride,
            field.offset
        );
    }
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}
