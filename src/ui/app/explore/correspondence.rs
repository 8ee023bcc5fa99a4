//! The same part marked on several images, and what the network makes of it.

use super::{Asked, Exploration};
use crate::engine::{CorrespondenceQuestion, CorrespondenceSeen, Question};
use std::sync::Arc;

impl Exploration {
    /// Compares the layers; what is known of other marks is dropped.
    pub fn begin_correspondence(&mut self, question: &CorrespondenceQuestion) {
        self.forget_correspondence();
        self.refused = None;
        if let Some(explorer) = &self.explorer {
            self.correspondence.want(question, || explorer.ask(Question::Correspond(question.clone())));
        }
    }

    /// What came of the comparison that was begun last, as far as it is known.
    pub fn correspondence(&self) -> Option<&Arc<CorrespondenceSeen>> {
        self.correspondence.last()
    }

    /// Whether that is about this.
    pub fn is_correspondence_of(&self, question: &CorrespondenceQuestion) -> bool {
        self.correspondence.of(question).is_some()
    }

    pub fn is_corresponding(&self) -> bool {
        self.correspondence.is_waiting() && self.correspondence().is_none_or(|seen| !seen.is_done)
    }

    /// Ends the comparison in hand; what is known of it stays.
    pub fn stop_correspondence(&mut self) {
        if let (Some(ticket), Some(explorer)) = (self.correspondence.give_up(), &self.explorer) {
            explorer.stop(ticket);
        }
    }

    pub(super) fn forget_correspondence(&mut self) {
        self.stop_correspondence();
        self.correspondence = Asked::default();
    }
}
