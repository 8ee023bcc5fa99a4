//! The panes of the lab.

use super::layouts::Arrangement;
use super::{
    Kept, Views, correspondence, evolution, filters, help, invariance, keys, network, occlusion, pictures, surgery,
    unit, units,
};
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
    Units,
    Unit,
    Evolution,
    Occlusion,
    Invariance,
    Filters,
    Surgery,
    Correspondence,
}

impl LabPane for Pane {
    type Views = Views;
    type Kept = Kept;
    type Arrangement = Arrangement;

    const LAB: Lab = Lab::Features;
    const ALL: &'static [Self] = &[
        Self::Network,
        Self::Pictures,
        Self::Units,
        Self::Unit,
        Self::Evolution,
        Self::Occlusion,
        Self::Invariance,
        Self::Filters,
        Self::Surgery,
        Self::Correspondence,
    ];
    const SETTINGS: Self = Self::Network;
    const FIRST: Self = Self::Unit;
    const OPENING: &'static str =
        "What does each unit look for, and where? Choose a layer, then a unit: its top nine images say it.";

    fn title(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Pictures => "Pictures",
            Self::Units => "Units",
            Self::Unit => "Unit",
            Self::Evolution => "Evolution",
            Self::Occlusion => "Occlusion",
            Self::Invariance => "Invariance",
            Self::Filters => "Filters",
            Self::Surgery => "Surgery",
            Self::Correspondence => "Correspondence",
        }
    }

    fn subtitle(self, context: &LabContext<'_>) -> String {
        let of = context.session.exploration.facts().map_or_else(String::new, |facts| format!(" by {}", facts.name));
        match self {
            Self::Network => "which network is looked into".to_owned(),
            Self::Pictures => format!("as they are seen and classified{of}"),
            Self::Units => format!("all units of a layer{of}"),
            Self::Unit => format!("what one unit looks for{of}"),
            Self::Evolution => format!("what one unit looked for while it learned{of}"),
            Self::Occlusion => format!("what is missed when a part is hidden{of}"),
            Self::Invariance => format!("features of a picture that moves{of}"),
            Self::Filters => format!("of the first layer{of}"),
            Self::Surgery => format!("what is lost without some units{of}"),
            Self::Correspondence => format!("the same part of several images, related{of}"),
        }
    }

    fn help(self) -> HelpText {
        help::of(self)
    }

    fn show(self, ui: &mut Ui, context: &mut LabContext<'_>, views: &mut Views) {
        let shared = &mut views.shared;
        match self {
            Self::Network => network::show(ui, context, &mut views.network, shared),
            Self::Pictures => pictures::show(ui, context, &mut views.pictures),
            Self::Units => units::show(ui, context, &mut views.units, shared),
            Self::Unit => unit::show(ui, context, &mut views.unit, shared),
            Self::Evolution => evolution::show(ui, context, &mut views.evolution, shared),
            Self::Occlusion => occlusion::show(ui, context, &mut views.occlusion, shared),
            Self::Invariance => invariance::show(ui, context, &mut views.invariance, shared),
            Self::Filters => filters::show(ui, context, &mut views.filters, shared),
            Self::Surgery => surgery::show(ui, context, &mut views.surgery, shared),
            Self::Correspondence => correspondence::show(ui, context, &mut views.marks, shared),
        }
    }

    fn begin_frame(ctx: &egui::Context, context: &mut LabContext<'_>, views: &mut Views) {
        views.pictures.forget_focus();
        views.forget_drawn();
        context.session.renew_explored();
        for fault in context.session.exploration.follow(ctx) {
            context.session.log.error(fault);
        }
        // Where nothing learns, there is nothing to hold up.
        let share = if context.session.is_going() { views.shared.sheet_share } else { 1.0 };
        context.session.exploration.set_sheet_share(share);
        keys::press(ctx, context, &mut views.shared);
    }

    fn records(self, context: &LabContext<'_>, views: &mut Views) -> Option<Records> {
        match self {
            Self::Network => network::records(context),
            Self::Pictures => pictures::records(context),
            Self::Units => units::records(&views.units),
            Self::Unit => unit::records(&views.unit),
            Self::Evolution => evolution::records(&views.evolution),
            Self::Occlusion => occlusion::records(&views.occlusion),
            Self::Invariance => invariance::records(&views.invariance),
            Self::Filters => filters::records(&views.filters),
            Self::Surgery => surgery::records(&views.surgery),
            Self::Correspondence => correspondence::records(context),
        }
    }

    fn keep(views: &Views) -> Kept {
        Kept { shared: views.shared.clone() }
    }

    fn restore(kept: Kept) -> Views {
        Views { shared: kept.shared, ..Views::default() }
    }
}
