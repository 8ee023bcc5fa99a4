//! What happened, to be read again; the newest of it also shows as a notice until it is dismissed.

use std::time::{Duration, Instant};

const MOST_ENTRIES: usize = 2_000;
const MOST_NOTICES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The course of things: a run began, a setting was changed.
    Event,
    /// Something a person should know.
    Note,
    /// Something that did not work.
    Error,
}

#[derive(Clone, Debug)]
pub struct Entry {
    /// Since the window was opened.
    pub at: Duration,
    pub level: Level,
    pub text: String,
}

#[derive(Debug)]
pub struct Log {
    began: Instant,
    entries: Vec<Entry>,
    notices: Vec<Entry>,
}

impl Default for Log {
    fn default() -> Self {
        Self { began: Instant::now(), entries: Vec::new(), notices: Vec::new() }
    }
}

impl Log {
    /// Goes into the log only.
    pub fn event(&mut self, text: impl Into<String>) {
        self.push(Level::Event, text.into());
    }

    /// Shows until dismissed.
    pub fn note(&mut self, text: impl Into<String>) {
        self.push(Level::Note, text.into());
    }

    /// Shows until dismissed.
    pub fn error(&mut self, text: impl Into<String>) {
        self.push(Level::Error, text.into());
    }

    /// Oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Not yet dismissed, oldest first.
    pub fn notices(&self) -> &[Entry] {
        &self.notices
    }

    pub fn dismiss(&mut self, index: usize) {
        if index < self.notices.len() {
            self.notices.remove(index);
        }
    }

    fn push(&mut self, level: Level, text: String) {
        let entry = Entry { at: self.began.elapsed(), level, text };
        if level != Level::Event {
            self.notices.retain(|notice| notice.text != entry.text);
            self.notices.push(entry.clone());
            let surplus = self.notices.len().saturating_sub(MOST_NOTICES);
            self.notices.drain(..surplus);
        }
        if self.entries.len() == MOST_ENTRIES {
            self.entries.remove(0);
        }
        self.entries.push(entry);
    }
}
