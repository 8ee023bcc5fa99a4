//! Arrangements of the panes: those that come with a lab, and those that were saved under a name.

use super::{LabArrangement, LabPane};
use egui::Id;
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

/// A part of an arrangement; the numbers are shares of the room.
pub enum Part<P: 'static> {
    Tabs(&'static [P]),
    Row(&'static [(f32, Part<P>)]),
    Column(&'static [(f32, Part<P>)]),
}

/// An arrangement that a person saved.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct NamedLayout<P: LabPane> {
    pub(super) name: String,
    pub(super) tree: Tree<P>,
}

pub(super) fn build<A: LabArrangement>(arrangement: A) -> Tree<A::Pane> {
    let mut tiles = Tiles::default();
    let root = insert(&mut tiles, arrangement.part());
    Tree::new(Id::unique(format!("{} lab", A::Pane::LAB.id())), root, tiles)
}

fn insert<P: LabPane>(tiles: &mut Tiles<P>, part: &Part<P>) -> TileId {
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
pub(super) fn complete<P: LabPane>(mut tree: Tree<P>) -> Tree<P> {
    let missing: Vec<P> = P::ALL.iter().copied().filter(|pane| tree.tiles.find_pane(pane).is_none()).collect();
    if missing.is_empty() {
        return tree;
    }
    let is_tabs = |tile: &TileId| matches!(tree.tiles.get(*tile), Some(Tile::Container(Container::Tabs(_))));
    let mut groups: Vec<TileId> = tree.tiles.tile_ids().filter(is_tabs).collect();
    groups.sort_by_key(|tile| tile.0);
    let Some(group) = groups.first().copied().filter(|_| tree.root().is_some()) else {
        return build(P::Arrangement::default());
    };
    for pane in missing {
        let tile = tree.tiles.insert_pane(pane);
        if let Some(Tile::Container(container)) = tree.tiles.get_mut(group) {
            container.add_child(tile);
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::labs::frame::{LabFrame, OpenLab, Saved};
    use crate::ui::labs::{distill, train};

    fn every_arrangement_has_every_pane_once<P: LabPane>() {
        for &arrangement in P::Arrangement::ALL {
            let tree = build(arrangement);
            let panes: Vec<P> = tree
                .tiles
                .tiles()
                .filter_map(|tile| if let Tile::Pane(pane) = tile { Some(*pane) } else { None })
                .collect();
            assert_eq!(panes.len(), P::ALL.len(), "{}", arrangement.name());
            for pane in P::ALL {
                assert!(panes.contains(pane), "{} lacks {}", arrangement.name(), pane.title());
            }
        }
    }

    #[test]
    fn no_arrangement_forgets_a_pane() {
        every_arrangement_has_every_pane_once::<train::Pane>();
        every_arrangement_has_every_pane_once::<distill::Pane>();
    }

    fn remove<P: LabPane>(lab: &mut LabFrame<P>, pane: P) {
        let tile = lab.tree.tiles.find_pane(&pane).unwrap();
        lab.tree.remove_recursively(tile);
    }

    fn a_layout_that_lacks_a_pane_gets_it<P: LabPane>(pane: P) {
        let mut lab = LabFrame::<P>::default();
        remove(&mut lab, pane);
        lab.save_layout("old");
        assert!(LabFrame::restore(lab.save()).tree.tiles.find_pane(&pane).is_some());
        lab.arrange(P::Arrangement::default());
        assert!(lab.load_layout("old"));
        assert!(lab.tree.tiles.find_pane(&pane).is_some());
        assert!(!lab.load_layout("other"));
    }

    #[test]
    fn panes_that_an_older_version_did_not_have_are_put_in() {
        a_layout_that_lacks_a_pane_gets_it(train::Pane::Runs);
        a_layout_that_lacks_a_pane_gets_it(distill::Pane::Sweep);
    }

    fn a_layout_survives_a_restart<P: LabPane>(other: P::Arrangement) {
        let mut lab = LabFrame::<P>::default();
        lab.arrange(other);
        let text = serde_json::to_string(&lab.save()).unwrap();
        let saved: Saved<P> = serde_json::from_str(&text).unwrap();
        assert!(LabFrame::restore(saved).tree == lab.tree);
    }

    #[test]
    fn the_layout_is_kept() {
        a_layout_survives_a_restart::<train::Pane>(train::Arrangement::Lecture);
        a_layout_survives_a_restart::<distill::Pane>(distill::Arrangement::Lecture);
    }
}
