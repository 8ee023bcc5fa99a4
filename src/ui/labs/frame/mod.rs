//! What every lab has: panes that resize, rearrange and fill the lab, and layouts that are kept.
//!
//! A lab names its panes ([`LabPane`]) and how they may lie ([`LabArrangement`]); [`LabFrame`] does the rest. `layouts`
//! builds the trees of tiles, `tiles` draws them, `open` is what the shell asks of whichever lab is in view.

mod layouts;
mod open;
mod tiles;

pub use layouts::Part;
pub use open::OpenLab;

use super::{AnyArrangement, AnyPane, Lab, LabContext};
use crate::ui::app::{HelpText, Session};
use crate::ui::export::Records;
use egui::Ui;
use egui_tiles::{Tile, TileId, Tree};
use layouts::NamedLayout;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// The panes of one lab.
pub trait LabPane: Copy + Debug + PartialEq + Into<AnyPane> + Serialize + DeserializeOwned + 'static {
    /// What each pane remembers of itself, and what they share.
    type Views: Default;
    /// What of it is kept between starts. Its fields stand beside those of [`Saved`] and have other names.
    type Kept: Serialize + DeserializeOwned;
    type Arrangement: LabArrangement<Pane = Self>;

    const LAB: Lab;
    const ALL: &'static [Self];
    /// Its column keeps its width when the window gets wider or narrower.
    const SETTINGS: Self;
    /// Shown first where there is room for one pane only.
    const FIRST: Self;
    /// The sentence that the lab opens with: what to look at.
    const OPENING: &'static str;

    /// Of what the figures of the lab are: it stands in their titles and names their files.
    fn subject(_: &Session) -> String {
        String::new()
    }

    fn title(self) -> &'static str;

    /// What is shown, and of what.
    fn subtitle(self, context: &LabContext<'_>) -> String;

    /// How many things in it want to be seen.
    fn count(self, _: &LabContext<'_>) -> usize {
        0
    }

    fn help(self) -> HelpText;

    fn show(self, ui: &mut Ui, context: &mut LabContext<'_>, views: &mut Self::Views);

    /// The values behind it, where there are any.
    fn records(self, context: &LabContext<'_>, views: &mut Self::Views) -> Option<Records>;

    /// Before the panes of a frame are drawn.
    fn begin_frame(_: &egui::Context, _: &mut LabContext<'_>, _: &mut Self::Views) {}

    fn keep(views: &Self::Views) -> Self::Kept;

    fn restore(kept: Self::Kept) -> Self::Views;
}

/// The ways to lay out a lab that come with it. The default is how it lies at the first start.
pub trait LabArrangement: Copy + Default + PartialEq + Into<AnyArrangement> + 'static {
    type Pane: LabPane;

    const ALL: &'static [Self];

    fn name(self) -> &'static str;

    fn description(self) -> &'static str;

    /// Whether what is known of the selection belongs to it.
    fn has_inspector(self) -> bool;

    fn part(self) -> &'static Part<Self::Pane>;
}

/// The layout of a lab and its panes.
pub struct LabFrame<P: LabPane> {
    tree: Tree<P>,
    /// Saved under a name.
    layouts: Vec<NamedLayout<P>>,
    maximised: Option<TileId>,
    /// Shown where there is room for one pane only.
    alone: P,
    /// The pane under the pointer.
    hovered: Option<TileId>,
    /// Of the lab in the last frame.
    width: Option<f32>,
    /// Whether what is known of the selection is shown beside it.
    inspector_open: bool,
    pub(super) views: P::Views,
}

/// What is kept of a lab between starts.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Saved<P: LabPane> {
    tree: Tree<P>,
    #[serde(default)]
    layouts: Vec<NamedLayout<P>>,
    width: Option<f32>,
    inspector_open: Option<bool>,
    #[serde(flatten)]
    kept: P::Kept,
}

impl<P: LabPane> Default for LabFrame<P> {
    fn default() -> Self {
        Self {
            tree: layouts::build(P::Arrangement::default()),
            layouts: Vec::new(),
            maximised: None,
            alone: P::FIRST,
            hovered: None,
            width: None,
            inspector_open: P::Arrangement::default().has_inspector(),
            views: P::Views::default(),
        }
    }
}

impl<P: LabPane> LabFrame<P> {
    /// As it was left, with the panes that an older version did not have.
    pub fn restore(saved: Saved<P>) -> Self {
        let tree = layouts::complete(saved.tree);
        let views = P::restore(saved.kept);
        let inspector_open = saved.inspector_open.unwrap_or(P::Arrangement::default().has_inspector());
        Self { tree, layouts: saved.layouts, width: saved.width, inspector_open, views, ..Self::default() }
    }

    pub fn save(&self) -> Saved<P> {
        Saved {
            tree: self.tree.clone(),
            layouts: self.layouts.clone(),
            width: self.width,
            inspector_open: Some(self.inspector_open),
            kept: P::keep(&self.views),
        }
    }

    /// Brings a pane to the front of its tabs.
    pub fn reveal(&mut self, pane: P) {
        if self.tree.tiles.find_pane(&pane).is_none() {
            self.put(layouts::build(P::Arrangement::default()));
        }
        self.alone = pane;
        self.maximised = None;
        self.tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == pane));
    }

    pub fn arrange(&mut self, arrangement: P::Arrangement) {
        self.put(layouts::build(arrangement));
        self.inspector_open = arrangement.has_inspector();
    }

    fn put(&mut self, tree: Tree<P>) {
        self.tree = tree;
        self.maximised = None;
        self.width = None;
    }
}
