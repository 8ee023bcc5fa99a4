//! Events on their way to whoever watches.

use super::message::Event;
use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, TrySendError};

/// Tells events in their order. Those that find the channel full wait: a hidden window does not read, and must not stop a
/// run.
pub(super) struct Announcer {
    events: SyncSender<Event>,
    backlog: VecDeque<Event>,
}

impl Announcer {
    pub(super) fn new(events: SyncSender<Event>) -> Self {
        Self { events, backlog: VecDeque::new() }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.backlog.push_back(event);
        self.deliver();
    }

    /// As many of those that wait as find room.
    pub(super) fn deliver(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    return;
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}
