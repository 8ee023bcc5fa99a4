//! Results for people, with the paper's numbers beside ours: as blocks that the window draws, and as Markdown. One file an
//! experiment.

mod distillation;
mod features;
mod specialists;

use super::distillation::TRAIN;
use super::settings::Config;
use serde_json::Value;
use std::fmt::{self, Write as _};

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Heading(String),
    Text(String),
    /// What was asked for, whether it holds, and what was found.
    Verdict(Verdict),
    /// The first column names the row.
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

/// What was asked for of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was measured.
    pub what: String,
    /// What it should be: `at least 3`.
    pub asked: String,
    pub found: String,
    pub holds: bool,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, asked {}: {}.", self.what, self.found, self.asked, self.word())
    }
}

impl Verdict {
    fn word(&self) -> &'static str {
        if self.holds { "holds" } else { "does not hold" }
    }
}

/// All that was asked for of several experiments, each with its kind and its results, as a table in Markdown; empty where
/// nothing was.
pub fn summary(experiments: &[(&str, Value)]) -> String {
    let mut rows = Vec::new();
    for (kind, results) in experiments {
        let blocks = blocks(kind, results);
        let title = blocks.iter().find_map(|block| if let Block::Heading(title) = block { Some(title) } else { None });
        let verdicts =
            blocks.iter().filter_map(|block| if let Block::Verdict(verdict) = block { Some(verdict) } else { None });
        rows.extend(verdicts.map(|verdict| {
            let cells = [
                verdict.what.as_str(),
                &verdict.asked,
                &verdict.found,
                verdict.word(),
                title.map_or("", String::as_str),
            ];
            cells.map(str::to_owned).to_vec()
        }));
    }
    let mut text = String::new();
    if !rows.is_empty() {
        table(&mut text, &["what", "asked", "found", "verdict", "experiment"].map(str::to_owned), &rows);
    }
    text
}

/// The report of an experiment's results, as [`Protocol::results`](super::Protocol::results) gives them. What cannot be
/// read is said.
pub fn blocks(kind: &str, results: &Value) -> Vec<Block> {
    match kind {
        "distillation" => distillation::blocks(results),
        "specialists" => specialists::blocks(results),
        "features" => features::blocks(results),
        _ => vec![Block::Text(format!("No report is known for `{kind}`."))],
    }
}

/// The same as Markdown.
pub fn markdown(kind: &str, results: &Value) -> String {
    let mut text = String::new();
    for block in blocks(kind, results) {
        match block {
            Block::Heading(heading) => {
                let _ = writeln!(text, "### {heading}\n");
            }
            Block::Verdict(verdict) => {
                let _ = writeln!(text, "{verdict}\n");
            }
            Block::Text(paragraph) => {
                let _ = writeln!(text, "{paragraph}\n");
            }
            Block::Table { header, rows } => table(&mut text, &header, &rows),
        }
    }
    text
}

fn table(text: &mut String, header: &[String], rows: &[Vec<String>]) {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    text.push_str(&line(header));
    let rule: Vec<String> =
        (0..header.len()).map(|column| if column == 0 { "---".to_owned() } else { "---:".to_owned() }).collect();
    text.push_str(&line(&rule));
    for row in rows {
        text.push_str(&line(row));
    }
    text.push('\n');
}

/// The command that makes these results: the preset that is nearest, with what is set otherwise.
fn command<C: Config>(kind: &str, settings: &C, presets: impl Iterator<Item = (&'static str, C)>) -> String {
    let nearest = presets.map(|(name, preset)| (name, differences(&preset, settings)));
    let Some((name, differences)) = nearest.min_by_key(|(_, differences)| differences.len()) else {
        return format!("glassbox run {kind}");
    };
    let sets = differences.iter().map(|(key, value)| format!(" --set '{key}={value}'"));
    format!("glassbox run {kind} --preset {name}{}", sets.collect::<String>())
}

/// What `with` has otherwise than `from`; what is only there to be read is none of it.
fn differences<C: Config>(from: &C, with: &C) -> Vec<(String, String)> {
    let is_text = |key: &str| matches!(key, "title" | "about" | "paper");
    let own = with.entries().into_iter().filter(|(key, _)| !is_text(key));
    own.filter(|(key, value)| from.get(key).as_ref() != Some(value)).collect()
}

/// A folder without what it lies in, which is different on every machine.
fn folder_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Seconds of training and evaluation: of a network that others learn from, and of those others. `source` is the first
/// one's: what had learned before took its time elsewhere.
fn took((first, of_first): (&str, f64), source: &str, (others, of_others): (&str, f64)) -> String {
    let (of_first, of_others) = (of_first / 60.0, of_others / 60.0);
    let before = if source == TRAIN { "" } else { ", which had learned before" };
    format!(
        "Training and evaluation took {of_others:.1} minutes of the {others}, {of_first:.1} of the {first}{before}."
    )
}

/// Mean and, of several, the standard deviation of a sample: `112.0 ± 4.2`.
fn spread(values: &[f64], decimals: usize) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() == 1 {
        return format!("{mean:.decimals$}");
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    format!("{mean:.decimals$} \u{b1} {:.decimals$}", variance.sqrt())
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
