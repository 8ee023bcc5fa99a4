//! What the shell remembers, and what of it is open.

use super::background::Wanted;
use super::help::Topic;
use super::log_view::LogView;
use super::palette::CommandPalette;
use super::saving::first_folder;
use crate::experiments::TrainConfig;
use crate::nets::preset;
use crate::ui::labs::Lab;
use crate::ui::theme::Look;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Of data, networks and runs each.
const MOST_RECENT: usize = 10;
const MOST_USED: usize = 12;

/// Kept between starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Shell {
    pub(super) lab: Lab,
    pub(super) log_open: bool,
    pub(super) recent: Recent,
    /// Commands of the palette, the last one first.
    pub(super) used: Vec<String>,
    /// Where the last figure was saved.
    pub(super) figures: PathBuf,
}

impl Default for Shell {
    fn default() -> Self {
        Self {
            lab: Lab::default(),
            log_open: false,
            recent: Recent::default(),
            used: Vec::new(),
            figures: first_folder(),
        }
    }
}

impl Shell {
    /// A lab that a later version opened gives way to the first.
    pub(super) fn sane(mut self) -> Self {
        if !self.lab.is_open() {
            self.lab = Lab::default();
        }
        self
    }

    pub(super) fn note_used(&mut self, id: String) {
        self.used.retain(|used| *used != id);
        self.used.insert(0, id);
        self.used.truncate(MOST_USED);
    }
}

/// What lies over the window; gone at the next start.
#[derive(Default)]
pub(super) struct Popups {
    pub(super) palette: Option<CommandPalette>,
    /// What had the focus before the palette, once that is closed.
    pub(super) focus_back: Option<egui::Id>,
    pub(super) keys_open: bool,
    /// What help is shown of, while it is on.
    pub(super) help: Option<Topic>,
    /// The name under which the layout is to be saved, while it is asked for.
    pub(super) layout_name: Option<NameDraft>,
    pub(super) log: LogView,
    /// The look that the window has already.
    pub(super) worn: Option<Look>,
    /// The settings that were looked through for recent files.
    pub(super) seen_revision: Option<u64>,
}

/// A name that is being typed.
pub(super) struct NameDraft {
    pub(super) name: String,
    /// Its field takes the focus when it appears.
    pub(super) is_new: bool,
}

impl Default for NameDraft {
    fn default() -> Self {
        Self { name: String::new(), is_new: true }
    }
}

/// Files that were opened before, the last one first, and the folders in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recent {
    data: Vec<String>,
    networks: Vec<String>,
    /// Run folders.
    runs: Vec<String>,
    /// By kind of dialog.
    folders: BTreeMap<String, PathBuf>,
}

impl Recent {
    /// Paths of a kind, each with the reason why it cannot be opened now.
    pub fn paths(&self, wanted: Wanted) -> Vec<(&str, Option<&'static str>)> {
        let paths = match wanted {
            Wanted::Data | Wanted::DataFile => &self.data,
            Wanted::Network => &self.networks,
            // They are not kept.
            Wanted::Pictures | Wanted::Trained => return Vec::new(),
            Wanted::RunFolder
            | Wanted::RunZip
            | Wanted::SaveRun(_)
            | Wanted::ExportRun(..)
            | Wanted::SaveExperiment => &self.runs,
        };
        with_obstacles(paths)
    }

    pub fn is_empty(&self) -> bool {
        self.data.is_empty() && self.networks.is_empty() && self.runs.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Self { folders: std::mem::take(&mut self.folders), ..Self::default() };
    }

    /// Notes the files that the settings name; presets and built-in data are no files.
    pub fn note_config(&mut self, config: &TrainConfig) {
        if preset(&config.network).is_none() && Path::new(&config.network).is_file() {
            note(&mut self.networks, &config.network);
        }
        if Path::new(&config.data.source).exists() {
            note(&mut self.data, &config.data.source);
        }
    }

    pub fn note_run(&mut self, folder: &Path) {
        if self.runs.first().is_none_or(|first| Path::new(first) != folder) {
            note(&mut self.runs, &folder.display().to_string());
        }
    }

    /// Where a file dialog begins.
    pub fn folder(&self, wanted: Wanted) -> Option<&Path> {
        self.folders.get(wanted.kind()).map(PathBuf::as_path).filter(|folder| folder.is_dir())
    }

    pub fn note_folder(&mut self, wanted: Wanted, path: &Path) {
        if let Some(folder) = path.parent() {
            self.folders.insert(wanted.kind().to_owned(), folder.to_owned());
        }
    }
}

fn with_obstacles(paths: &[String]) -> Vec<(&str, Option<&'static str>)> {
    let obstacle = |path: &str| (!Path::new(path).exists()).then_some("It is no longer there");
    paths.iter().map(|path| (path.as_str(), obstacle(path))).collect()
}

fn note(paths: &mut Vec<String>, path: &str) {
    if paths.first().is_some_and(|first| first == path) {
        return;
    }
    paths.retain(|known| known != path);
    paths.insert(0, path.to_owned());
    paths.truncate(MOST_RECENT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_are_kept_once_each_and_missing_ones_say_so() {
        let mut recent = Recent::default();
        for index in 0..12 {
            recent.note_run(Path::new(&format!("/no/such/run-{index}")));
        }
        recent.note_run(Path::new("/no/such/run-5"));
        let here = tempfile::tempdir().unwrap();
        recent.note_run(here.path());
        let runs = recent.paths(Wanted::RunFolder);
        assert_eq!(runs.len(), 10);
        assert_eq!(runs[0], (here.path().to_str().unwrap(), None));
        assert_eq!(runs[1], ("/no/such/run-5", Some("It is no longer there")));
        assert_eq!(runs[2].0, "/no/such/run-11");
        recent.clear();
        assert!(recent.is_empty());
    }

    #[test]
    fn presets_are_no_files_and_folders_are_remembered_by_dialog() {
        let mut recent = Recent::default();
        let folder = tempfile::tempdir().unwrap();
        let mut config = TrainConfig::default();
        recent.note_config(&config);
        assert!(recent.is_empty());
        config.data.source = folder.path().display().to_string();
        recent.note_config(&config);
        assert_eq!(recent.paths(Wanted::Data).len(), 1);
        recent.note_folder(Wanted::Network, &folder.path().join("net.toml"));
        assert_eq!(recent.folder(Wanted::Network), Some(folder.path()));
        assert_eq!(recent.folder(Wanted::Data), None);
    }
}
