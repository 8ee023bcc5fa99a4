//! What the shell asks of a lab, whichever it is.

use super::layouts::{NamedLayout, complete};
use super::{LabArrangement, LabFrame, LabPane, tiles};
use crate::ui::app::Session;
use crate::ui::labs::{AnyArrangement, AnyPane, LabContext};
use egui::Ui;

/// A lab that is open.
pub trait OpenLab {
    fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>);

    /// The sentence that it opens with.
    fn opening(&self) -> &'static str;

    /// Of what its figures are.
    fn subject(&self, session: &Session) -> String;

    /// Whether what is known of the selection is shown beside it.
    fn inspector_open(&self) -> bool;

    fn open_inspector(&mut self, open: bool);

    /// The pane under the pointer, in the last frame.
    fn hovered(&self) -> Option<AnyPane>;

    /// The pane under the pointer fills the lab, or goes back.
    fn toggle_maximised_under_pointer(&mut self);

    fn arrangements(&self) -> Vec<AnyArrangement>;

    /// The names of the layouts that were saved, oldest first.
    fn layouts(&self) -> Vec<&str>;

    /// Keeps the layout as it is, in place of one of the same name.
    fn save_layout(&mut self, name: &str);

    /// Brings a saved layout back. Returns whether there is one of this name.
    fn load_layout(&mut self, name: &str) -> bool;

    fn delete_layout(&mut self, name: &str);
}

impl<P: LabPane> OpenLab for LabFrame<P> {
    fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>) {
        P::begin_frame(ui.ctx(), context, &mut self.views);
        tiles::show(self, ui, context);
    }

    fn opening(&self) -> &'static str {
        P::OPENING
    }

    fn subject(&self, session: &Session) -> String {
        P::subject(session)
    }

    fn inspector_open(&self) -> bool {
        self.inspector_open
    }

    fn open_inspector(&mut self, open: bool) {
        self.inspector_open = open;
    }

    fn hovered(&self) -> Option<AnyPane> {
        self.tree.tiles.get_pane(&self.hovered?).map(|&pane| pane.into())
    }

    fn toggle_maximised_under_pointer(&mut self) {
        self.maximised = if self.maximised.is_some() { None } else { self.hovered };
    }

    fn arrangements(&self) -> Vec<AnyArrangement> {
        P::Arrangement::ALL.iter().map(|&arrangement| arrangement.into()).collect()
    }

    fn layouts(&self) -> Vec<&str> {
        self.layouts.iter().map(|layout| layout.name.as_str()).collect()
    }

    fn save_layout(&mut self, name: &str) {
        let tree = self.tree.clone();
        match self.layouts.iter_mut().find(|layout| layout.name == name) {
            Some(layout) => layout.tree = tree,
            None => self.layouts.push(NamedLayout { name: name.to_owned(), tree }),
        }
    }

    fn load_layout(&mut self, name: &str) -> bool {
        let Some(layout) = self.layouts.iter().find(|layout| layout.name == name) else { return false };
        self.put(complete(layout.tree.clone()));
        true
    }

    fn delete_layout(&mut self, name: &str) {
        self.layouts.retain(|layout| layout.name != name);
    }
}
