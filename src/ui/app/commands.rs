//! What the command palette offers: every action, every setting, networks, data sets, devices, layouts, recent files.

use super::keys::keys_of;
use super::{Action, App, Devices, Wanted, leaf};
use crate::data::{catalogue, downloads};
use crate::experiments::{Config, TrainConfig};
use crate::nets::preset_names;
use crate::ui::labs::train::{SPECS, Spec, parse_classes};
use egui::Context;
use std::path::Path;

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    Do(Action),
    /// Asks for the value of a setting.
    Ask(&'static str),
    Assign {
        key: &'static str,
        value: String,
    },
    /// Takes the settings of a run folder.
    SettingsOf(String),
    LoadLayout(String),
    DeleteLayout(String),
}

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) command: Command,
    pub(super) title: String,
    /// What it does.
    pub(super) detail: String,
    pub(super) keys: String,
    /// Why it cannot be chosen now.
    pub(super) obstacle: Option<&'static str>,
}

impl Entry {
    fn new(command: Command, title: String, detail: impl Into<String>) -> Self {
        Self { command, title, detail: detail.into(), keys: String::new(), obstacle: None }
    }

    fn unless(self, obstacle: Option<&'static str>) -> Self {
        Self { obstacle, ..self }
    }
}

/// A setting and the value that was typed behind its name: `optimiser.learning_rate 0.01`, `Learning rate = 0.01`.
pub(super) fn typed_setting(query: &str) -> Option<(&'static Spec, &str)> {
    let after = |name: &str| {
        let (start, rest) = query.split_at_checked(name.len())?;
        let value = rest.trim_start_matches([' ', '=']);
        (start.eq_ignore_ascii_case(name) && value.len() < rest.len()).then(|| value.trim())
    };
    let matches = SPECS
        .iter()
        .filter(|spec| spec.key != "device")
        .filter_map(|spec| Some((spec, after(spec.key).or_else(|| after(spec.name))?)));
    // `Step epochs` goes before `Step`.
    matches.min_by_key(|(_, value)| value.len())
}

impl App {
    pub(super) fn commands(&self, ctx: &Context) -> Vec<Entry> {
        // Every lab has its arrangements; those of the lab in view are meant.
        let is_elsewhere = |action: &Action| matches!(action, Action::Arrange(other) if other.lab() != self.shell.lab);
        let actions = Action::all().filter(|action| *action != Action::CommandPalette && !is_elsewhere(action));
        let mut entries: Vec<Entry> = actions.map(|action| self.action_entry(ctx, action)).collect();
        let config = &self.book.current().config;
        entries
            .extend(preset_names().map(|name| assign("network", name, "Network", "An architecture that is built in")));
        entries
            .extend(catalogue().iter().map(|entry| assign("data.source", entry.name, "Data set", entry.description)));
        let downloads = downloads();
        entries
            .extend(downloads.iter().map(|entry| assign("data.source", &entry.name, "Data set", &entry.description)));
        self.push_devices(&mut entries);
        self.push_layouts(&mut entries);
        self.push_recent(&mut entries);
        let settings = SPECS.iter().filter(|spec| spec.key != "device");
        entries.extend(settings.map(|spec| {
            let now = config.get(spec.key).unwrap_or_default();
            Entry::new(Command::Ask(spec.key), format!("Set {}...", spec.name), format!("Now {now}. {}", spec.tooltip))
        }));
        entries
    }

    fn action_entry(&self, ctx: &Context, action: Action) -> Entry {
        let change = match action {
            Action::Undo => self.book.would_undo(),
            Action::Redo => self.book.would_redo(),
            _ => None,
        };
        let detail = change.unwrap_or_else(|| action.tooltip().to_owned());
        let entry = Entry::new(Command::Do(action), action.title(), detail).unless(self.obstacle(action));
        Entry { keys: keys_of(ctx, action), ..entry }
    }

    fn push_devices(&self, entries: &mut Vec<Entry>) {
        entries.push(assign("device", "auto", "Device", "A GPU if there is one, else the processor"));
        if let Devices::Known(devices) = &self.session.devices {
            entries.extend(devices.iter().map(|device| assign("device", &device.id, "Device", &device.name)));
        }
    }

    fn push_layouts(&self, entries: &mut Vec<Entry>) {
        for name in self.lab().layouts() {
            let (load, delete) = (Command::LoadLayout(name.to_owned()), Command::DeleteLayout(name.to_owned()));
            entries.push(Entry::new(load, format!("Layout: {name}"), "Put the panes as they were saved"));
            entries.push(Entry::new(delete, format!("Delete layout: {name}"), "The panes stay as they are"));
        }
    }

    fn push_recent(&self, entries: &mut Vec<Entry>) {
        let recent = &self.shell.recent;
        for (wanted, key, kind) in
            [(Wanted::Data, "data.source", "Recent data set"), (Wanted::Network, "network", "Recent network")]
        {
            let paths = recent.paths(wanted).into_iter();
            entries.extend(paths.map(|(path, obstacle)| assign(key, path, kind, path).unless(obstacle)));
        }
        for (path, obstacle) in recent.paths(Wanted::RunFolder) {
            let command = Command::SettingsOf(path.to_owned());
            entries.push(
                Entry::new(command, format!("Settings of recent run: {}", file_name(path)), path).unless(obstacle),
            );
        }
    }

    /// Does what an entry stands for, or says why not.
    pub(super) fn run_command(&mut self, ctx: &Context, command: &Command) -> Result<(), String> {
        match command {
            Command::Do(action) => self.perform(ctx, *action),
            Command::Assign { key, value } => self.assign(key, value, ctx.time())?,
            Command::SettingsOf(folder) => self.take_settings_of(Path::new(folder), ctx.time())?,
            Command::LoadLayout(name) => {
                self.lab_mut().load_layout(name);
            }
            Command::DeleteLayout(name) => self.lab_mut().delete_layout(name),
            // The palette asks by itself.
            Command::Ask(_) => {}
        }
        Ok(())
    }

    /// Gives a setting a value as it is typed, after a look at what it names.
    pub(super) fn assign(&mut self, key: &str, value: &str, now: f64) -> Result<(), String> {
        match key {
            "device" => return self.edit(key, now, |settings| value.clone_into(&mut settings.device)),
            "network" => {
                crate::nets::resolve(value).map_err(|error| error.to_string())?;
            }
            "data.source" => {
                crate::data::find(value).map_err(|error| error.to_string())?;
            }
            "data.classes" => {
                if let Ok(filter) = parse_classes(value) {
                    return self.edit(key, now, |settings| settings.config.data.classes = filter);
                }
            }
            _ => {}
        }
        self.book.edit_text(key, now, value).map_err(|error| error.to_string())
    }

    fn take_settings_of(&mut self, folder: &Path, now: f64) -> Result<(), String> {
        let path = folder.join("config.toml");
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        let config = TrainConfig::from_toml(&text, &shown).map_err(|error| error.to_string())?;
        self.edit("all", now, |settings| settings.config = config)
    }

    fn edit(&mut self, key: &str, now: f64, change: impl FnOnce(&mut super::Settings)) -> Result<(), String> {
        self.book.edit(key, now, change).map_err(|error| error.to_string())
    }
}

fn assign(key: &'static str, value: &str, kind: &str, detail: &str) -> Entry {
    let command = Command::Assign { key, value: value.to_owned() };
    Entry::new(command, format!("{kind}: {}", file_name(value)), detail)
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(path)
}

/// What a typed value would do.
pub(super) fn assign_typed(config: &TrainConfig, spec: &Spec, value: &str) -> Entry {
    let now = config.get(spec.key).unwrap_or_default();
    if value.is_empty() {
        let detail = format!("Type a value; now {now}. {}", spec.tooltip);
        return Entry::new(Command::Ask(spec.key), format!("Set {}...", spec.name), detail);
    }
    let command = Command::Assign { key: spec.key, value: value.to_owned() };
    Entry::new(command, format!("Set {} to {value}", spec.name), format!("{} is {now} now", leaf(spec.key)))
}

impl Command {
    /// By which it is remembered as used.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Do(action) => action.title(),
            Self::Ask(key) => format!("set {key}"),
            Self::Assign { key, value } => format!("{key} {value}"),
            Self::SettingsOf(folder) => format!("settings of {folder}"),
            Self::LoadLayout(name) => format!("layout {name}"),
            Self::DeleteLayout(name) => format!("delete layout {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_typed_by_its_key_or_its_name() {
        let read = |query| typed_setting(query).map(|(spec, value)| (spec.key, value));
        assert_eq!(read("optimiser.learning_rate 0.01"), Some(("optimiser.learning_rate", "0.01")));
        assert_eq!(read("learning rate = 0.01 "), Some(("optimiser.learning_rate", "0.01")));
        assert_eq!(read("epochs "), Some(("epochs", "")));
        assert_eq!(read("epochs"), None, "no value is begun");
        assert_eq!(read("épo 3"), None);
    }

    #[test]
    fn a_path_is_called_after_its_end() {
        assert_eq!([file_name("/a/b.toml"), file_name("mnist"), file_name("/")], ["b.toml", "mnist", "/"]);
    }
}
