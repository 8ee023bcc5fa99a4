//! The Features lab: what does each unit look for, and where? (Zeiler, Fergus 2013, arXiv 1311.2901)
//!
//! One file a pane. [`Views`] holds what each remembers of itself, and [`Shared`] what they look at together; the network
//! that is looked into and its pictures are the session's (`ui/app/explore/`).

mod agreement;
mod colours;
mod contact;
mod correspondence;
mod evolution;
mod explanation;
mod filters;
mod help;
mod invariance;
mod keys;
mod layouts;
mod live;
mod marks;
mod network;
mod occlusion;
mod operations;
mod panes;
mod pictures;
mod preview;
mod shared;
mod surgery;
mod sweep;
mod tiles;
mod unit;
mod unit_tile;
mod units;

pub use contact::contact_sheet;
pub use layouts::Arrangement;
pub use panes::Pane;
pub use shared::Shared;

use super::LabContext;
use super::frame::LabFrame;
use crate::ui::app::Exploration;
use serde::{Deserialize, Serialize};

pub type FeaturesLab = LabFrame<Pane>;

/// What is kept between starts, beside the layout.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    shared: Shared,
}

/// What each pane remembers of itself.
#[derive(Default)]
pub struct Views {
    shared: Shared,
    network: network::NetworkView,
    pictures: pictures::PicturesView,
    units: units::UnitsView,
    unit: unit::UnitPane,
    occlusion: occlusion::OcclusionPane,
    invariance: invariance::InvariancePane,
    filters: filters::FiltersPane,
    surgery: surgery::SurgeryPane,
    marks: marks::MarksView,
    evolution: evolution::EvolutionPane,
}

impl Views {
    /// What a pane was drawn from is of one frame: a pane that is not drawn has nothing to be saved, and holds nothing.
    fn forget_drawn(&mut self) {
        self.units.drawn = None;
        self.unit.drawn = None;
        self.occlusion.drawn = None;
        self.invariance.drawn = None;
        self.filters.drawn = None;
        self.evolution.drawn = None;
    }
}

impl FeaturesLab {
    /// The layer and the unit that the panes are about.
    pub fn shared(&self) -> &Shared {
        &self.views.shared
    }

    /// Takes the last stroke back where the drawing pad has the keys, or the last operation of surgery where the pointer is
    /// in its pane; or makes it again. Returns whether one of them took it.
    pub fn undo(&mut self, ctx: &egui::Context, exploration: &mut Exploration, redo: bool) -> bool {
        self.views.pictures.undo(exploration, redo) || self.views.surgery.undo(ctx, redo)
    }
}
