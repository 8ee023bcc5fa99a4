//! What a network takes pictures for.

use super::{Job, Reply, Step};
use crate::data::Picture;
use crate::experiments::{Classifier, Guess};
use std::sync::Arc;

/// So many pictures go through the network in one step.
const PICTURES_A_STEP: usize = 4;

/// One picture, as the network sees it, and what it takes it for; or why it cannot be opened.
pub type Guessed = Result<SeenAndGuessed, String>;

#[derive(Clone, Debug)]
pub struct SeenAndGuessed {
    /// Bytes of the network's input, `[channels, height, width]`.
    pub seen: Arc<[u8]>,
    /// The most probable first.
    pub guesses: Vec<Guess>,
}

pub(super) struct Guessing {
    pictures: Vec<Picture>,
    top: usize,
    found: Vec<Guessed>,
}

impl Guessing {
    pub(super) fn new(pictures: Vec<Picture>, top: usize) -> Self {
        Self { pictures, top, found: Vec::new() }
    }
}

impl Job for Guessing {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let next = self.pictures.iter().skip(self.found.len()).take(PICTURES_A_STEP);
        let seen: Vec<Result<Vec<u8>, String>> =
            next.map(|picture| classifier.seen(picture).map_err(|fault| fault.to_string())).collect();
        let readable: Vec<&[u8]> = seen.iter().filter_map(|seen| seen.as_deref().ok()).collect();
        let mut logits = if readable.is_empty() { Vec::new() } else { classifier.logits(&readable) }.into_iter();
        for seen in seen {
            self.found.push(seen.map(|seen| {
                let guesses = logits.next().map(|logits| classifier.guesses(&logits, self.top));
                SeenAndGuessed { seen: seen.into(), guesses: guesses.unwrap_or_default() }
            }));
        }
        Step { reply: Some(Reply::Guesses(self.found.clone())), more: self.found.len() < self.pictures.len() }
    }
}
