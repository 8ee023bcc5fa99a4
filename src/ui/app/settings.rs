//! What a person has chosen: saved between starts, and every change of it can be undone.

use super::runs::leaf;
use crate::experiments::{Config, ConfigError, DistillConfig, ExperimentConfig, TrainConfig, distillation_preset};
use crate::ui::labs::train::SPECS;
use crate::ui::theme::{Contrast, Look};
use serde::{Deserialize, Serialize};

/// Changes of one setting that follow each other within this time are one change: a drag, a held key.
const SAME_CHANGE_SECONDS: f64 = 1.0;
const MOST_UNDOS: usize = 200;
/// What the Distill lab begins with.
const FIRST_DISTILLATION: &str = "lesson";

/// Everything that undo brings back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The next run's, and where a setting is live, the current run's too.
    pub config: TrainConfig,
    /// A network that was edited and is not possible yet: it waits here, so that undo covers it too.
    pub draft: Option<crate::nets::Architecture>,
    /// The next distillation's, and where a setting is live, the current one's too.
    pub distillation: DistillConfig,
    pub device: String,
    pub theme: egui::ThemePreference,
    pub look: Look,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: TrainConfig::default(),
            draft: None,
            distillation: distillation_preset(FIRST_DISTILLATION).unwrap_or_default(),
            device: "auto".to_owned(),
            theme: egui::ThemePreference::Dark,
            look: Look::default(),
        }
    }
}

impl Settings {
    /// Of the next experiment of several networks.
    pub fn experiment(&self) -> ExperimentConfig {
        ExperimentConfig::Distillation(Box::new(self.distillation.clone()))
    }

    /// What a change to `after` changes: `Learning rate 0.01 -> 0.001`, several of them with commas between.
    pub fn describe_change(&self, after: &Self) -> String {
        let mut changes: Vec<String> = Vec::new();
        let mut note = |name: &str, before: &str, after: &str| {
            if before != after {
                changes.push(format!("{name} {before} \u{2192} {after}"));
            }
        };
        for key in self.config.keys() {
            let [old, new] = [&self.config, &after.config].map(|config| config.get(&key).unwrap_or_default());
            let name = SPECS.iter().find(|spec| spec.key == key).map_or(leaf(&key), |spec| spec.name);
            note(name, &old, &new);
        }
        if self.distillation.title != after.distillation.title {
            note("Experiment", &self.distillation.title, &after.distillation.title);
        } else if self.distillation != after.distillation {
            for key in after.distillation.keys() {
                let [old, new] =
                    [&self.distillation, &after.distillation].map(|config| config.get(&key).unwrap_or_default());
                note(leaf(&key), &old, &new);
            }
        }
        note("Device", &self.device, &after.device);
        let theme = |settings: &Self| format!("{:?}", settings.theme).to_lowercase();
        note("Theme", &theme(self), &theme(after));
        let percent = |look: &Look| format!("{:.0}%", look.scale * 100.0);
        let contrast = |look: &Look| if look.contrast == Contrast::High { "high" } else { "normal" };
        note("Contrast", contrast(&self.look), contrast(&after.look));
        note("Palette", self.look.palette.name(), after.look.palette.name());
        note("Colour map", self.look.colour_map.name(), after.look.colour_map.name());
        note("Scale", &percent(&self.look), &percent(&after.look));
        changes.join(", ")
    }
}

/// The settings and their history.
#[derive(Debug, Default)]
pub struct SettingsBook {
    current: Settings,
    past: Vec<Settings>,
    future: Vec<Settings>,
    /// Which setting was changed last, and when.
    last: Option<(String, f64)>,
    revision: u64,
}

impl SettingsBook {
    pub fn new(current: Settings) -> Self {
        Self { current, ..Self::default() }
    }

    pub fn current(&self) -> &Settings {
        &self.current
    }

    /// Grows with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Changes a setting. `key` says which, so that a drag counts as one change; `now` is in seconds.
    ///
    /// # Errors
    /// When the settings would make no sense; then nothing is changed.
    pub fn edit(&mut self, key: &str, now: f64, change: impl FnOnce(&mut Settings)) -> Result<(), ConfigError> {
        let mut changed = self.current.clone();
        change(&mut changed);
        if changed == self.current {
            return Ok(());
        }
        changed.config.check()?;
        changed.distillation.check()?;
        let (before, after) = (&self.current.config, &changed.config);
        let is_another = (&before.network, &before.architecture) != (&after.network, &after.architecture);
        if is_another && changed.draft == self.current.draft {
            changed.draft = None;
        }
        let before = std::mem::replace(&mut self.current, changed);
        self.record(key, now, before);
        Ok(())
    }

    /// As [`TrainConfig::with`], for values that were typed.
    ///
    /// # Errors
    /// When the value does not suit the setting.
    pub fn edit_text(&mut self, key: &str, now: f64, value: &str) -> Result<(), ConfigError> {
        let changed = self.current.config.with(key, value)?;
        self.edit(key, now, |settings| settings.config = changed)
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// What undo would change.
    pub fn would_undo(&self) -> Option<String> {
        Some(self.current.describe_change(self.past.last()?))
    }

    /// What redo would change.
    pub fn would_redo(&self) -> Option<String> {
        Some(self.current.describe_change(self.future.last()?))
    }

    pub fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.current, before));
            self.turned();
        }
    }

    pub fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.current, after));
            self.turned();
        }
    }

    fn turned(&mut self) {
        self.last = None;
        self.revision += 1;
    }

    fn record(&mut self, key: &str, now: f64, before: Settings) {
        let continues = self.last.as_ref().is_some_and(|(last, when)| last == key && now - when < SAME_CHANGE_SECONDS);
        if !continues || self.past.is_empty() {
            if self.past.len() == MOST_UNDOS {
                self.past.remove(0);
            }
            self.past.push(before);
        }
        self.future.clear();
        self.last = Some((key.to_owned(), now));
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(book: &SettingsBook) -> f64 {
        book.current().config.optimiser.learning_rate
    }

    #[test]
    fn a_drag_is_one_change_and_two_settings_are_two() {
        let mut book = SettingsBook::new(Settings::default());
        for (now, value) in [(0.0, 0.002), (0.1, 0.003), (0.2, 0.004)] {
            book.edit("optimiser.learning_rate", now, |s| s.config.optimiser.learning_rate = value).unwrap();
        }
        book.edit("epochs", 0.3, |s| s.config.epochs = 3).unwrap();
        book.undo();
        assert_eq!((rate(&book), book.current().config.epochs), (0.004, 10));
        book.undo();
        assert_eq!(rate(&book), 0.001);
        assert!(!book.can_undo());
        book.redo();
        book.redo();
        assert_eq!((rate(&book), book.current().config.epochs), (0.004, 3));
    }

    #[test]
    fn undo_and_redo_say_what_they_change() {
        let mut book = SettingsBook::new(Settings::default());
        assert_eq!(book.would_undo(), None);
        book.edit_text("optimiser.learning_rate", 0.0, "0.01").unwrap();
        book.edit("scale", 5.0, |settings| settings.look.scale = 1.25).unwrap();
        assert_eq!(book.would_undo().as_deref(), Some("Scale 125% \u{2192} 100%"));
        book.undo();
        assert_eq!(book.would_undo().as_deref(), Some("Learning rate 0.01 \u{2192} 0.001"));
        assert_eq!(book.would_redo().as_deref(), Some("Scale 100% \u{2192} 125%"));
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        let mut book = SettingsBook::new(Settings::default());
        assert!(book.edit("epochs", 0.0, |s| s.config.epochs = 0).is_err());
        assert!(book.edit_text("data.train", 0.0, "lots").is_err());
        assert!(!book.can_undo());
        assert_eq!(book.revision(), 0);
    }
}
