//! The panes of the lab.

use super::layouts::Arrangement;
use super::{Kept, Views, follow, help, network, pictures};
use crate::ui::app::HelpText;
use crate::ui::export::Records;
use crate::ui::labs::frame::LabPane;
use crate::ui::labs::{Lab, LabContext};
use egui::Ui;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    Network,
    Pictures,
}

impl LabPane for Pane {
    type Views = Views;
    type Kept = Kept;
    type Arrangement = Arrangement;

    const LAB: Lab = Lab::Features;
    const ALL: &'static [Self] = &[Self::Network, Self::Pictures];
    const SETTINGS: Self = Self::Network;
    const FIRST: Self = Self::Pictures;
    const OPENING: &'static str = "What does each unit look for, and where? Drop photographs on the window and see what the network makes of them.";

    fn title(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Pictures => "Pictures",
        }
    }

    fn subtitle(self, context: &LabContext<'_>) -> String {
        let of = context.session.exploration.facts().map_or_else(String::new, |facts| format!(" by {}", facts.name));
        match self {
            Self::Network => "which network is looked into".to_owned(),
            Self::Pictures => format!("as they are seen and classified{of}"),
        }
    }

    fn help(self) -> HelpText {
        help::of(self)
    }

    fn show(self, ui: &mut Ui, context: &mut LabContext<'_>, views: &mut Views) {
        follow(ui, context);
        match self {
            Self::Network => network::show(ui, context, &mut views.network),
            Self::Pictures => pictures::show(ui, context, &mut views.pictures),
        }
    }

    fn records(self, context: &LabContext<'_>, _: &mut Views) -> Option<Records> {
        match self {
            Self::Network => network::records(context),
            Self::Pictures => pictures::records(context),
        }
    }

    fn keep(_: &Views) -> Kept {
        Kept {}
    }

    fn restore(_: Kept) -> Views {
        Views::default()
    }
}
