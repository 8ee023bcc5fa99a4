//! Arrangements of the panes: some that come with the lab, and those that were saved under a name.

use super::{Pane, TrainLab, panes};
use egui::Id;
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

/// An arrangement that comes with the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    Default,
    Lecture,
    Curves,
    LookInside,
    Everything,
}

impl Arrangement {
    pub const ALL: [Self; 5] = [Self::Default, Self::Lecture, Self::Curves, Self::LookInside, Self::Everything];

    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Lecture => "Lecture",
            Self::Curves => "Curves",
            Self::LookInside => "Look inside",
            Self::Everything => "Everything",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Default => "Put all panes back in their first places",
            Self::Lecture => "Large plots, the samples and the settings beside them: to be seen from the last row",
            Self::Curves => "Loss, accuracy, any other figure and the layers at once, with the runs below",
            Self::LookInside => "Samples, histograms, layers and the inspector: what goes on inside the network",
            Self::Everything => "Every pane at once: for a large screen",
        }
    }

    /// Whether what is known of the selection belongs to it.
    pub fn has_inspector(self) -> bool {
        matches!(self, Self::Default | Self::LookInside | Self::Everything)
    }

    fn tree(self) -> Tree<Pane> {
        match self {
            Self::Default => panes::default_layout(),
            Self::Lecture => build(&LECTURE),
            Self::Curves => build(&CURVES),
            Self::LookInside => build(&LOOK_INSIDE),
            Self::Everything => build(&EVERYTHING),
        }
    }
}

/// An arrangement that a person saved.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct NamedLayout {
    name: String,
    tree: Tree<Pane>,
}

/// A part of an arrangement; the numbers are shares of the room.
enum Part {
    Tabs(&'static [Pane]),
    Row(&'static [(f32, Part)]),
    Column(&'static [(f32, Part)]),
}

const LECTURE: Part = Part::Row(&[
    (
        0.62,
        Part::Column(&[
            (0.5, Part::Tabs(&[Pane::Loss, Pane::Quantity, Pane::LayerCurves, Pane::RateFinder])),
            (0.5, Part::Tabs(&[Pane::Accuracy, Pane::Calibration, Pane::Results, Pane::Values])),
        ]),
    ),
    (
        0.38,
        Part::Column(&[
            (0.55, Part::Tabs(&[Pane::Samples, Pane::Mistakes, Pane::Drawing, Pane::Histograms])),
            (
                0.45,
                Part::Tabs(&[
                    Pane::Experiment,
                    Pane::Architecture,
                    Pane::Layers,
                    Pane::Runs,
                    Pane::Differences,
                    Pane::Hints,
                ]),
            ),
        ]),
    ),
]);

const CURVES: Part = Part::Row(&[
    (0.26, Part::Tabs(&[Pane::Experiment, Pane::Architecture])),
    (
        0.74,
        Part::Column(&[
            (0.4, Part::Row(&[(0.5, Part::Tabs(&[Pane::Loss])), (0.5, Part::Tabs(&[Pane::Accuracy]))])),
            (
                0.36,
                Part::Row(&[
                    (0.5, Part::Tabs(&[Pane::Quantity, Pane::RateFinder])),
                    (0.5, Part::Tabs(&[Pane::LayerCurves, Pane::Calibration])),
                ]),
            ),
            (
                0.24,
                Part::Tabs(&[
                    Pane::Runs,
                    Pane::Differences,
                    Pane::Values,
                    Pane::Layers,
                    Pane::Results,
                    Pane::Hints,
                    Pane::Samples,
                    Pane::Mistakes,
                    Pane::Drawing,
                    Pane::Histograms,
                ]),
            ),
        ]),
    ),
]);

const LOOK_INSIDE: Part = Part::Row(&[
    (
        0.5,
        Part::Column(&[
            (0.6, Part::Tabs(&[Pane::Samples, Pane::Mistakes, Pane::Drawing])),
            (0.4, Part::Tabs(&[Pane::Loss, Pane::Accuracy, Pane::Quantity, Pane::Values, Pane::RateFinder])),
        ]),
    ),
    (
        0.5,
        Part::Column(&[
            (0.55, Part::Tabs(&[Pane::Histograms, Pane::LayerCurves, Pane::Architecture, Pane::Experiment])),
            (
                0.45,
                Part::Tabs(&[
                    Pane::Layers,
                    Pane::Results,
                    Pane::Calibration,
                    Pane::Runs,
                    Pane::Differences,
                    Pane::Hints,
                ]),
            ),
        ]),
    ),
]);

const EVERYTHING: Part = Part::Row(&[
    (0.17, Part::Column(&[(0.5, Part::Tabs(&[Pane::Experiment])), (0.5, Part::Tabs(&[Pane::Architecture]))])),
    (
        0.27,
        Part::Column(&[
            (0.25, Part::Tabs(&[Pane::Loss])),
            (0.25, Part::Tabs(&[Pane::Accuracy])),
            (0.25, Part::Tabs(&[Pane::Quantity])),
            (0.25, Part::Tabs(&[Pane::LayerCurves])),
        ]),
    ),
    (
        0.28,
        Part::Column(&[
            (0.25, Part::Tabs(&[Pane::Samples])),
            (0.25, Part::Tabs(&[Pane::Mistakes])),
            (0.25, Part::Tabs(&[Pane::Drawing])),
            (0.25, Part::Tabs(&[Pane::Histograms])),
        ]),
    ),
    (
        0.28,
        Part::Column(&[
            (0.2, Part::Tabs(&[Pane::Results])),
            (0.2, Part::Row(&[(0.4, Part::Tabs(&[Pane::Calibration])), (0.6, Part::Tabs(&[Pane::RateFinder]))])),
            (0.2, Part::Row(&[(0.6, Part::Tabs(&[Pane::Layers])), (0.4, Part::Tabs(&[Pane::Hints]))])),
            (0.2, Part::Tabs(&[Pane::Runs])),
            (0.2, Part::Row(&[(0.5, Part::Tabs(&[Pane::Differences])), (0.5, Part::Tabs(&[Pane::Values]))])),
        ]),
    ),
]);

fn build(part: &Part) -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let root = insert(&mut tiles, part);
    Tree::new(Id::unique("train lab"), root, tiles)
}

fn insert(tiles: &mut Tiles<Pane>, part: &Part) -> TileId {
    let (dir, parts) = match part {
        Part::Tabs(panes) => {
            let panes = panes.iter().map(|&pane| tiles.insert_pane(pane)).collect();
            return tiles.insert_tab_tile(panes);
        }
        Part::Row(parts) => (LinearDir::Horizontal, *parts),
        Part::Column(parts) => (LinearDir::Vertical, *parts),
    };
    let children: Vec<TileId> = parts.iter().map(|(_, part)| insert(tiles, part)).collect();
    let mut linear = Linear::new(dir, children.clone());
    for (child, (share, _)) in children.into_iter().zip(parts) {
        linear.shares.set_share(child, *share);
    }
    tiles.insert_container(linear)
}

/// A tree that an older version saved gets the panes that it lacks, as tabs of its first group.
pub(super) fn complete(mut tree: Tree<Pane>) -> Tree<Pane> {
    let missing: Vec<Pane> = Pane::ALL.into_iter().filter(|pane| tree.tiles.find_pane(pane).is_none()).collect();
    if missing.is_empty() {
        return tree;
    }
    let is_tabs = |tile: &TileId| matches!(tree.tiles.get(*tile), Some(Tile::Container(Container::Tabs(_))));
    let mut groups: Vec<TileId> = tree.tiles.tile_ids().filter(is_tabs).collect();
    groups.sort_by_key(|tile| tile.0);
    let Some(group) = groups.first().copied().filter(|_| tree.root().is_some()) else { return panes::default_layout() };
    for pane in missing {
        let tile = tree.tiles.insert_pane(pane);
        if let Some(Tile::Container(container)) = tree.tiles.get_mut(group) {
            container.add_child(tile);
        }
    }
    tree
}

impl TrainLab {
    pub fn arrange(&mut self, arrangement: Arrangement) {
        self.put(arrangement.tree());
    }

    /// The names of the layouts that were saved, oldest first.
    pub fn layouts(&self) -> impl Iterator<Item = &str> {
        self.layouts.iter().map(|layout| layout.name.as_str())
    }

    /// Keeps the layout as it is, in place of one of the same name.
    pub fn save_layout(&mut self, name: &str) {
        let tree = self.tree.clone();
        match self.layouts.iter_mut().find(|layout| layout.name == name) {
            Some(layout) => layout.tree = tree,
            None => self.layouts.push(NamedLayout { name: name.to_owned(), tree }),
        }
    }

    /// Brings a saved layout back. Returns whether there is one of this name.
    pub fn load_layout(&mut self, name: &str) -> bool {
        let Some(layout) = self.layouts.iter().find(|layout| layout.name == name) else { return false };
        self.put(complete(layout.tree.clone()));
        true
    }

    pub fn delete_layout(&mut self, name: &str) {
        self.layouts.retain(|layout| layout.name != name);
    }

    fn put(&mut self, tree: Tree<Pane>) {
        self.tree = tree;
        self.maximised = None;
        self.width = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrangement_has_every_pane_once() {
        for arrangement in Arrangement::ALL {
            let tree = arrangement.tree();
            let panes: Vec<Pane> = tree
                .tiles
                .tiles()
                .filter_map(|tile| if let Tile::Pane(pane) = tile { Some(*pane) } else { None })
                .collect();
            assert_eq!(panes.len(), Pane::ALL.len(), "{}", arrangement.name());
            for pane in Pane::ALL {
                assert!(panes.contains(&pane), "{} lacks {}", arrangement.name(), pane.title());
            }
        }
    }

    #[test]
    fn a_saved_layout_that_lacks_a_pane_gets_it() {
        let mut lab = TrainLab::default();
        lab.arrange(Arrangement::Lecture);
        let runs = lab.tree.tiles.find_pane(&Pane::Runs).unwrap();
        lab.tree.remove_recursively(runs);
        lab.save_layout("old");
        lab.arrange(Arrangement::Default);
        assert!(lab.load_layout("old"));
        assert!(lab.tree.tiles.find_pane(&Pane::Runs).is_some());
        assert!(!lab.load_layout("other"));
    }
}
