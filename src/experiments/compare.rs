//! The settings of several runs beside each other.

use super::config::TrainConfig;
use super::settings::Config;
use std::fmt::Write as _;

/// A setting that was changed while a run went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    pub step: u64,
    pub setting: String,
    pub before: String,
    pub after: String,
}

/// One setting of every run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// A dotted path.
    pub key: String,
    /// One a run: its value, or `0.001 → 0.01 at step 500` where it was changed; empty where a run has no such setting.
    pub values: Vec<String>,
    pub differs: bool,
}

/// All settings in the order of the first run, each run given by its settings as they stand and its changes.
pub fn compare_settings(runs: &[(&TrainConfig, &[SettingChange])]) -> Vec<SettingRow> {
    let entries: Vec<Vec<(String, String)>> = runs.iter().map(|(config, _)| config.entries()).collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, _) in entries.iter().flatten() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.into_iter()
        .map(|key| {
            let value = |index: usize| {
                let own = entries[index].iter().find(|(other, _)| other == key);
                let value = own.map(|(_, value)| value.as_str()).unwrap_or_default();
                told(value, runs[index].1.iter().filter(|change| change.setting == *key))
            };
            let values: Vec<String> = (0..runs.len()).map(value).collect();
            let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
            SettingRow { key: key.clone(), values, differs }
        })
        .collect()
}

/// A value with its history.
fn told<'a>(value: &str, changes: impl Iterator<Item = &'a SettingChange>) -> String {
    let mut text = String::new();
    for change in changes {
        if text.is_empty() {
            text.clone_from(&change.before);
        }
        let _ = write!(text, " \u{2192} {} at step {}", change.after, change.step);
    }
    if text.is_empty() { value.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_differs_and_changes_are_told_with_their_step() {
        let a = TrainConfig::default();
        let b = a.with("seed", "7").unwrap().with("optimiser.learning_rate", "0.01").unwrap();
        let change = SettingChange {
            step: 500,
            setting: "optimiser.learning_rate".to_owned(),
            before: "0.001".to_owned(),
            after: "0.01".to_owned(),
        };
        let changes = [change];
        let rows = compare_settings(&[(&a, &[]), (&b, &changes)]);
        assert_eq!(rows.len(), a.keys().len());
        let differing: Vec<(&str, &[String])> =
            rows.iter().filter(|row| row.differs).map(|row| (row.key.as_str(), row.values.as_slice())).collect();
        let rate = ["0.001".to_owned(), "0.001 \u{2192} 0.01 at step 500".to_owned()];
        let seed = ["1".to_owned(), "7".to_owned()];
        assert_eq!(differing, [("optimiser.learning_rate", rate.as_slice()), ("seed", seed.as_slice())]);
    }
}
