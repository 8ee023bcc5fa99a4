//! The sheets of the run in hand, made anew from state to state while it learns.
//!
//! The last whole sheets stay until those of a newer state are whole, so nothing that is shown is half old and half new.

use super::answers::Gone;
use super::{Exploration, SheetSource};
use crate::engine::{Question, RunId, Sheets, SheetsQuestion, Ticket};
use std::sync::Arc;

/// Images that are looked through in each state.
const MOST_IMAGES: usize = 2_000;

/// Which run, and which images: of pictures a count of their changes.
type LiveOf = (RunId, SheetSource, u64);

#[derive(Default)]
pub(super) struct LiveSheets {
    of: Option<LiveOf>,
    going: Option<Ticket>,
    /// The step of the state that is being looked at, and of the last one that could not be.
    tried: Option<u64>,
    failed: Option<u64>,
    /// Of the state that is being looked at.
    making: Option<Arc<Sheets>>,
    whole: Option<Arc<Sheets>>,
    /// The whole ones before these.
    before: Option<Arc<Sheets>>,
}

impl LiveSheets {
    /// Whether they were asked for here.
    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.going == Some(ticket)
    }

    fn take(&mut self, sheets: &Arc<Sheets>) {
        if sheets.is_whole() {
            self.going = None;
            self.making = None;
            self.before = self.whole.replace(Arc::clone(sheets));
        } else {
            self.making = Some(Arc::clone(sheets));
        }
    }

    /// Makes no more of the state that could not be looked at; the next one is tried again.
    pub(super) fn give_up_if(&mut self, ticket: Ticket) {
        if self.going.take_if(|going| *going == ticket).is_some() {
            self.making = None;
            self.failed = self.tried;
        }
    }

    /// The last whole ones; the first ones also while they are made.
    pub(super) fn shown(&self) -> Option<&Arc<Sheets>> {
        self.whole.as_ref().or(self.making.as_ref())
    }
}

impl Exploration {
    /// Of the run in hand: made anew when it has learned since, and the last ones are done.
    pub(super) fn live_sheets(&mut self, source: &SheetSource) -> Option<Arc<Sheets>> {
        let (run, state) = self.run.as_ref()?.state.clone()?;
        let pictures = if *source == SheetSource::Pictures { self.revision().1 } else { 0 };
        let of = (run, source.clone(), pictures);
        if self.live.of.as_ref() != Some(&of) {
            self.live = LiveSheets { of: Some(of), ..LiveSheets::default() };
            self.answers.forget(Gone::Sheets);
        }
        let newest = self.live.whole.as_ref().and_then(|sheets| sheets.state.as_ref()).map(|state| state.step);
        let is_new = newest != Some(state.step) && self.live.failed != Some(state.step);
        if self.live.going.is_none() && is_new {
            let (images, known) = (self.image_set(source, MOST_IMAGES), self.live.whole.clone());
            let explorer = self.explorer.as_ref()?;
            self.live.tried = Some(state.step);
            let question = SheetsQuestion { images, state: Some(state), known };
            self.live.going = Some(explorer.ask(Question::Sheets(question)));
        }
        self.live.shown().cloned()
    }

    pub(super) fn take_live_sheets(&mut self, sheets: &Arc<Sheets>) {
        self.live.take(sheets);
        if sheets.is_whole() {
            self.answers.forget(Gone::Sheets);
        }
    }

    /// Sheets of a newer state of the run in hand than those that are shown, as far as they are made.
    pub fn sheets_in_the_making(&self) -> Option<&Arc<Sheets>> {
        self.live.whole.as_ref().and(self.live.making.as_ref())
    }

    /// The sheets of the run in hand that were whole before those that are shown.
    pub fn sheets_before(&self) -> Option<&Arc<Sheets>> {
        self.live.before.as_ref().filter(|_| self.follows_run())
    }

    /// How much of the time may be spent on the sheets of the run in hand, in 0 to 1.
    pub fn set_sheet_share(&self, share: f32) {
        if let Some(explorer) = &self.explorer {
            explorer.set_live_share(share);
        }
    }
}
