//! What can be done with the runs in the list: rename, pin, remove and bring back, take up again.

use super::runs::RunRecord;
use super::session::{Selection, Session};
use super::settings::{Settings, SettingsBook};
use crate::engine::{Command, Phase, RunId};
use crate::ui::theme;
use egui::Color32;
use std::path::Path;
use std::time::{Duration, Instant};

const MOST_REMOVED: usize = 20;
/// So long a removed run is offered back in the list; the command palette knows it longer.
const OFFER: Duration = Duration::from_secs(30);
const LONGEST_NAME: usize = 80;

/// A run that was taken out of the list.
#[derive(Clone, Debug)]
pub(super) struct Removed {
    record: RunRecord,
    /// Where it stood in the list.
    position: usize,
    was_baseline: bool,
    at: Instant,
    dismissed: bool,
}

impl Session {
    /// Takes a run out of the list. One that goes on is stopped first. It can be [restored](Self::restore).
    pub fn remove(&mut self, id: RunId) {
        let Some(position) = self.runs.iter().position(|run| run.id == id) else { return };
        if self.runs[position].is_alive() {
            if !self.send(Command::Stop) {
                return;
            }
            self.runs[position].phase = Phase::Stopped;
        }
        let record = self.runs.remove(position);
        self.log.event(format!("{}: removed from the list", record.name));
        let was_baseline = self.baseline == Some(id);
        if was_baseline {
            self.baseline = None;
        }
        if self.selection == Selection::Run(id) {
            self.selection = Selection::Nothing;
        }
        self.removed.push(Removed { record, position, was_baseline, at: Instant::now(), dismissed: false });
        if self.removed.len() > MOST_REMOVED {
            let forgotten = self.removed.remove(0).record.id;
            self.store.remove(forgotten);
            self.send(Command::Forget(forgotten));
        }
        self.recount();
    }

    /// Brings back the run that was removed last.
    pub fn restore(&mut self) {
        let Some(Removed { mut record, position, was_baseline, .. }) = self.removed.pop() else {
            self.log.note("No run was removed");
            return;
        };
        record.name = self.unique(&record.name);
        self.log.event(format!("{}: back in the list", record.name));
        if was_baseline {
            self.baseline = Some(record.id);
        }
        self.runs.insert(position.min(self.runs.len()), record);
        self.recount();
    }

    /// The name of the run that was just removed, and for how long it is still offered back.
    pub fn just_removed(&self) -> Option<(&str, Duration)> {
        let last = self.removed.last().filter(|last| !last.dismissed)?;
        Some((&last.record.name, OFFER.checked_sub(last.at.elapsed())?))
    }

    pub fn dismiss_removed(&mut self) {
        if let Some(last) = self.removed.last_mut() {
            last.dismissed = true;
        }
    }

    /// Also among the removed, since they can come back.
    pub(super) fn known(&self, id: RunId) -> Option<&RunRecord> {
        self.run(id).or_else(|| self.removed.iter().map(|removed| &removed.record).find(|record| record.id == id))
    }

    pub(super) fn known_mut(&mut self, id: RunId) -> Option<&mut RunRecord> {
        let removed = self.removed.iter_mut().map(|removed| &mut removed.record);
        self.runs.iter_mut().rev().chain(removed).find(|record| record.id == id)
    }

    /// Gives a run another name, or says why not.
    pub fn rename(&mut self, id: RunId, name: &str) {
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        let is_taken = self.runs.iter().any(|run| run.id != id && run.name == name);
        if is_taken {
            self.log.error(format!("Another run is called {name}: names are unique, so that curves can be told apart"));
        } else if name.is_empty() {
            self.log.error("A run needs a name");
        } else if let Some(run) = self.run_mut(id) {
            run.name = name;
        }
    }

    /// The name, or the first of `name 2`, `name 3`, ... that no run in the list has.
    pub(super) fn unique(&self, name: &str) -> String {
        let is_free = |name: &String| !self.runs.iter().any(|run| run.name == *name);
        let mut names = std::iter::once(name.to_owned()).chain((2_u64..).map(|number| format!("{name} {number}")));
        names.find(is_free).unwrap_or_else(|| name.to_owned())
    }

    /// The colour that the fewest runs have, the first of them.
    pub(super) fn next_colour(&self) -> usize {
        let uses = |colour: usize| self.runs.iter().filter(|run| run.colour % theme::run_colours() == colour).count();
        (0..theme::run_colours()).min_by_key(|&colour| uses(colour)).unwrap_or(0)
    }

    /// Of a run's curves: its own, or the neutral one of the baseline.
    pub fn colour_of(&self, run: &RunRecord, dark: bool) -> Color32 {
        if self.baseline == Some(run.id) { theme::baseline(dark) } else { theme::run_colour(run.colour) }
    }

    /// Shows this run alone.
    pub fn hide_others(&mut self, id: RunId) {
        for run in &mut self.runs {
            run.visible = run.id == id;
        }
    }

    /// Makes a run's settings those of the next run, as one change.
    pub fn duplicate_settings(&mut self, book: &mut SettingsBook, id: RunId, now: f64) {
        let Some(run) = self.run(id) else { return };
        let (name, config) = (run.name.clone(), run.config.clone());
        match book.edit(&format!("settings of {name}"), now, |settings| settings.config = config) {
            Ok(()) => self.log.note(format!("The settings are those of {name}; undo brings the others back")),
            Err(error) => self.log.error(error.to_string()),
        }
    }

    /// Why a run cannot be taken up from its last checkpoint, in words; none when it can.
    pub fn why_not_resume(&self, run: &RunRecord, settings: &Settings) -> Option<&'static str> {
        let Some(folder) = &run.folder else { return Some("It has no run folder: save it first") };
        let has_checkpoint = run.stored.as_ref().is_none_or(|stored| stored.has_checkpoint);
        if run.is_alive() {
            Some("It goes on already: press Space")
        } else if is_zip(folder) {
            Some("It was opened from a zip: unpack that, and open the folder")
        } else if !has_checkpoint {
            Some("There is no checkpoint in its folder")
        } else if matches!(run.phase, Phase::Finished) && settings.config.epochs <= run.config.epochs {
            Some("It has done all its epochs: set more epochs, and continue")
        } else {
            None
        }
    }

    /// Goes on with a run from its last checkpoint; the run in hand ends. A finished run does the epochs of `settings`.
    pub fn resume(&mut self, id: RunId, settings: &Settings) {
        let Some(run) = self.run(id) else { return };
        if let Some(reason) = self.why_not_resume(run, settings) {
            self.log.error(format!("{}: {reason}", run.name));
            return;
        }
        let Some(folder) = run.folder.clone() else { return };
        let epochs = matches!(run.phase, Phase::Finished).then_some(settings.config.epochs);
        let device = settings.device.clone();
        if self.send(Command::Resume { run: id, folder, device, epochs, go: true }) {
            self.take_in_hand(id);
            if let Some(run) = self.run_mut(id) {
                run.phase = Phase::Preparing("Reading its checkpoint".to_owned());
                run.summary = None;
            }
        }
    }

    /// A name for the file or folder of a run that no file system minds.
    pub fn file_name(run: &RunRecord) -> String {
        let is_safe = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        let name: String = run.name.chars().map(|c| if is_safe(c) { c } else { '-' }).collect();
        let name = name.trim_matches(['.', ' ']).to_owned();
        if name.is_empty() { run.config.network_name().to_owned() } else { name }
    }
}

pub(super) fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}
