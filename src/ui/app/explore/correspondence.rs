//! The same part marked on several images, and what the network makes of it.

use super::{Asked, Exploration};
use crate::engine::{CorrespondenceQuestion, CorrespondenceSeen, Question};
use std::sync::Arc;

/// What is compared, and in which network.
pub(super) type CorrespondenceOf = (CorrespondenceQuestion, String);

impl Exploration {
    /// Compares the layers; what is known of other marks is dropped.
    pub fn begin_correspondence(&mut self, question: &CorrespondenceQuestion) {
        self.forget_correspondence();
        self.refused = None;
        let network = self.facts().map_or_else(String::new, |facts| facts.name.clone());
        if let Some(explorer) = &self.explorer {
            let key = (question.clone(), network);
            self.correspondence.want(&key, || explorer.ask(Question::Correspond(question.clone())));
        }
    }

    /// What came of the comparison that was begun last, as far as it is known.
    pub fn correspondence(&self) -> Option<&Arc<CorrespondenceSeen>> {
        self.correspondence.last()
    }

    /// Whether that is about this.
    pub fn is_correspondence_of(&self, question: &CorrespondenceQuestion) -> bool {
        self.correspondence.last_if(|(own, _)| own == question).is_some()
    }

    /// The network that it is about, where that is an earlier state of the one that is looked into.
    pub fn correspondence_before(&self) -> Option<&str> {
        let name = self.facts()?.name.clone();
        let ((_, of), _) = self.correspondence.answer.as_ref().filter(|((_, of), _)| *of != name)?;
        Some(of)
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
