//! What happened, to be read again; the newest of it also shows as a notice.

use std::time::{Duration, Instant};

const MOST_ENTRIES: usize = 2_000;
const MOST_NOTICES: usize = 4;
/// A notice that is no error goes by itself; the log keeps it.
const NOTE_STAYS: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The course of things: a run began, a setting was changed.
    #[default]
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
    /// Entries that gave way to later ones.
    forgotten: usize,
    notices: Vec<Entry>,
    /// Notices that gave way to later ones since the last was dismissed.
    more: usize,
}

impl Default for Log {
    fn default() -> Self {
        Self { began: Instant::now(), entries: Vec::new(), forgotten: 0, notices: Vec::new(), more: 0 }
    }
}

impl Log {
    /// Goes into the log only.
    pub fn event(&mut self, text: impl Into<String>) {
        self.push(Level::Event, text.into());
    }

    /// Shows for a while.
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

    /// Entries since the window was opened; the number of the next one.
    pub fn total(&self) -> usize {
        self.forgotten + self.entries.len()
    }

    /// Numbers and entries of those that are kept, oldest first.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().map(|(index, entry)| (self.forgotten + index, entry))
    }

    /// By its number.
    pub fn get(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number.checked_sub(self.forgotten)?)
    }

    /// What is said in one line: an error for as long as its notice stands, else the newest entry.
    pub fn headline(&self) -> Option<&Entry> {
        self.notices.iter().rfind(|notice| notice.level == Level::Error).or(self.entries.last())
    }

    /// On screen, oldest first.
    pub fn notices(&self) -> &[Entry] {
        &self.notices
    }

    /// Notices for which there was no room.
    pub fn more_notices(&self) -> usize {
        self.more
    }

    pub fn dismiss(&mut self, index: usize) {
        if index < self.notices.len() {
            self.notices.remove(index);
        }
        self.settle();
    }

    pub fn dismiss_all(&mut self) {
        self.notices.clear();
        self.settle();
    }

    /// Shows an entry as a notice once more.
    pub fn show_again(&mut self, number: usize) {
        if let Some(entry) = self.get(number).cloned() {
            self.show(Entry { at: self.began.elapsed(), ..entry });
        }
    }

    /// Takes away the notices that have stood long enough. Returns when the next one will have.
    pub fn fade(&mut self) -> Option<Duration> {
        let now = self.began.elapsed();
        self.notices.retain(|notice| notice.level == Level::Error || now < notice.at + NOTE_STAYS);
        self.settle();
        let notes = self.notices.iter().filter(|notice| notice.level != Level::Error);
        notes.map(|notice| (notice.at + NOTE_STAYS).saturating_sub(now)).min()
    }

    fn settle(&mut self) {
        if self.notices.is_empty() {
            self.more = 0;
        }
    }

    fn push(&mut self, level: Level, text: String) {
        let entry = Entry { at: self.began.elapsed(), level, text };
        if level != Level::Event {
            self.show(entry.clone());
        }
        if self.entries.len() == MOST_ENTRIES {
            self.entries.remove(0);
            self.forgotten += 1;
        }
        self.entries.push(entry);
    }

    /// Errors stay longer than notes when there are too many.
    fn show(&mut self, notice: Entry) {
        self.notices.retain(|shown| shown.text != notice.text);
        self.notices.push(notice);
        while self.notices.len() > MOST_NOTICES {
            let note = self.notices.iter().position(|notice| notice.level != Level::Error);
            self.notices.remove(note.unwrap_or(0));
            self.more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stays_in_the_headline_until_it_is_dismissed() {
        let mut log = Log::default();
        log.error("the disk is full");
        log.event("step 7");
        assert_eq!(log.headline().unwrap().text, "the disk is full");
        log.dismiss(0);
        assert_eq!(log.headline().unwrap().text, "step 7");
    }

    #[test]
    fn too_many_notices_are_counted_and_errors_stay_longest() {
        let mut log = Log::default();
        log.error("e1");
        for text in ["n1", "n2", "n3", "n4", "n5"] {
            log.note(text);
        }
        let shown: Vec<&str> = log.notices().iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!(shown, ["e1", "n3", "n4", "n5"]);
        assert_eq!(log.more_notices(), 2);
        log.dismiss_all();
        assert_eq!((log.more_notices(), log.entries().len()), (0, 6));
        log.show_again(1);
        assert_eq!(log.notices()[0].text, "n1");
        assert_eq!(log.entries().len(), 6, "it happened once");
    }

    #[test]
    fn entries_keep_their_numbers() {
        let mut log = Log::default();
        for index in 0..MOST_ENTRIES + 3 {
            log.event(index.to_string());
        }
        assert!(log.get(2).is_none());
        assert_eq!(log.get(3).unwrap().text, "3");
        assert_eq!(log.numbered().next().unwrap().0, 3);
        assert_eq!(log.total(), MOST_ENTRIES + 3);
    }
}
