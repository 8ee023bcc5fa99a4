//! The seconds of a stored run: `metrics.csv` has none, since it is the same for the same seed.

use super::folder::EVENTS;
use super::stored::{StoredEvent, read_events};
use std::fs;
use std::path::Path;

/// Seconds of training at the steps where `events.jsonl` tells both: starts, ends of epochs, changes, stops.
///
/// Between two such places time is taken to run evenly; before the first and after the last it stands still.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clock {
    /// Steps and seconds, both ascending.
    places: Vec<(u64, f64)>,
}

impl Clock {
    /// As a folder tells it; nothing is known when it cannot be read.
    pub(super) fn of_folder(path: &Path) -> Self {
        let text = fs::read_to_string(path.join(EVENTS)).unwrap_or_default();
        Self::new(&read_events(&text, &mut Vec::new()))
    }

    pub(super) fn new(events: &[StoredEvent]) -> Self {
        let mut clock = Self::default();
        // Earlier versions began to count anew when a run was taken up.
        let (mut before, mut last) = (0.0_f64, 0.0_f64);
        for event in events {
            let Some(seconds) = event.seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0) else {
                continue;
            };
            if event.event == "started" && seconds == 0.0 {
                before = last;
            }
            last = last.max(before + seconds);
            if let Some(step) = event.step {
                clock.push(step, last);
            }
        }
        clock
    }

    /// A later place. One at an earlier step means that the run went back there, and time with it.
    fn push(&mut self, step: u64, seconds: f64) {
        self.places.retain(|place| place.0 < step);
        let last = self.seconds();
        self.places.push((step, seconds.max(last)));
    }

    /// The end of the run, where only that is known.
    pub(super) fn end(&mut self, step: u64, seconds: f64) {
        if self.places.is_empty() {
            self.push(0, 0.0);
        }
        self.push(step, seconds);
    }

    /// Whether there is more than a beginning.
    pub fn is_known(&self) -> bool {
        self.places.len() > 1
    }

    /// At the last known place.
    pub fn seconds(&self) -> f64 {
        self.places.last().map_or(0.0, |place| place.1)
    }

    pub fn at(&self, step: u64) -> f64 {
        let after = self.places.partition_point(|place| place.0 <= step);
        let (Some(from), to) = (after.checked_sub(1).and_then(|index| self.places.get(index)), self.places.get(after))
        else {
            return self.places.first().map_or(0.0, |place| place.1);
        };
        let Some(to) = to else { return from.1 };
        let share = (step - from.0) as f64 / (to.0 - from.0) as f64;
        from.1 + share * (to.1 - from.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, step: u64, seconds: f64) -> StoredEvent {
        StoredEvent { event: name.to_owned(), step: Some(step), seconds: Some(seconds), ..StoredEvent::default() }
    }

    #[test]
    fn time_runs_evenly_between_known_places() {
        let clock = Clock::new(&[event("started", 0, 0.0), event("epoch", 10, 5.0), event("epoch", 20, 6.0)]);
        assert_eq!([0, 4, 10, 15, 20, 99].map(|step| clock.at(step)), [0.0, 2.0, 5.0, 5.5, 6.0, 6.0]);
    }

    #[test]
    fn a_run_that_was_taken_up_again_goes_on_in_time() {
        // Stopped at step 10 after 5 seconds, taken up at step 8 by a version that counted from zero again.
        let clock = Clock::new(&[
            event("started", 0, 0.0),
            event("stopped", 10, 5.0),
            event("started", 8, 0.0),
            event("epoch", 18, 4.0),
        ]);
        assert_eq!([0, 8, 13, 18].map(|step| clock.at(step)), [0.0, 5.0, 7.0, 9.0]);
        assert!(clock.is_known() && !Clock::new(&[event("started", 0, 0.0)]).is_known());
    }
}
