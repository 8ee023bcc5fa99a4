//! The Features lab: what does each unit look for, and where? (Zeiler, Fergus 2013, arXiv 1311.2901)
//!
//! One file a pane. [`Views`] holds what each remembers of itself; the network that is looked into and its pictures are the
//! session's (`ui/app/explore.rs`).

mod help;
mod layouts;
mod network;
mod panes;
mod pictures;

pub use layouts::Arrangement;
pub use panes::Pane;

use super::LabContext;
use super::frame::LabFrame;
use serde::{Deserialize, Serialize};

pub type FeaturesLab = LabFrame<Pane>;

/// What is kept between starts, beside the layout.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {}

/// What each pane remembers of itself.
#[derive(Default)]
pub struct Views {
    network: network::NetworkView,
    pictures: pictures::PicturesView,
}

/// Takes up what is known of the network and its pictures by now.
fn follow(ui: &egui::Ui, context: &mut LabContext<'_>) {
    context.session.renew_explored();
    for fault in context.session.exploration.follow(ui.ctx()) {
        context.session.log.error(fault);
    }
}
