//! Where a network can be cut, and what such a place is called.

use super::architecture::{Architecture, ArchitectureError};
use super::layers::{Block, LayerKind};
use super::shape::{ReceptiveField, Shape};
use serde::{Deserialize, Serialize};

/// A place where a network can be cut: its input, the output of a layer, or the output of a layer inside a block.
///
/// Its name is `input`, that of the layer (`conv2`), or those of the block and the layer in it (`block3/expand`). Cuts are
/// ordered from below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cut {
    /// So many layers of the network lie below it.
    pub layers: usize,
    /// So many layers of the next one, a block, lie below it too; 0 where it is not inside a block.
    pub inner: usize,
}

impl Cut {
    pub const INPUT: Self = Self { layers: 0, inner: 0 };
}

/// The cut with this index among those that are not inside blocks.
impl From<usize> for Cut {
    fn from(layers: usize) -> Self {
        Self { layers, inner: 0 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network `{network}` has no layer `{name}`; near it are {near}")]
pub struct UnknownCut {
    pub network: String,
    pub name: String,
    /// Names that there are, for people.
    pub near: String,
}

const INPUT: &str = "input";

/// So many names are offered in place of an unknown one.
const NEAR: usize = 6;

impl Architecture {
    /// The cut of this name.
    ///
    /// # Errors
    /// When there is none; names those near it.
    pub fn cut(&self, name: &str) -> Result<Cut, UnknownCut> {
        // A layer may be called `input`; then the name is the layer's.
        let found = self.every_cut().into_iter().rev().find(|&cut| self.cut_name(cut) == name);
        found.ok_or_else(|| UnknownCut { network: self.name.clone(), name: name.to_owned(), near: self.near(name) })
    }

    /// What a cut of this architecture is called; empty for a cut of another.
    pub fn cut_name(&self, cut: Cut) -> String {
        let Some(below) = cut.layers.checked_sub(1) else {
            return self.block(cut).map_or_else(|| INPUT.to_owned(), |block| inner_name(block, cut));
        };
        match self.block(cut) {
            Some(block) => inner_name(block, cut),
            None => self.layers.get(below).map(|layer| layer.name.clone()).unwrap_or_default(),
        }
    }

    /// All cuts from below, those inside blocks too.
    pub fn every_cut(&self) -> Vec<Cut> {
        let mut cuts = vec![Cut::INPUT];
        for (index, layer) in self.layers.iter().enumerate() {
            if let LayerKind::Block(block) = &layer.kind {
                cuts.extend((1..=block.layers.len()).map(|inner| Cut { layers: index, inner }));
            }
            cuts.push(Cut::from(index + 1));
        }
        cuts
    }

    /// What kind of layer lies right below a cut; none below the input.
    pub fn kind_below(&self, cut: Cut) -> Option<&LayerKind> {
        if let Some((_, block)) = self.block(cut) {
            return block.layers.get(cut.inner - 1).map(|layer| &layer.kind);
        }
        self.layers.get(cut.layers.checked_sub(1)?).map(|layer| &layer.kind)
    }

    /// The shape of one example at a cut.
    ///
    /// # Errors
    /// As [`summary`](Self::summary).
    ///
    /// # Panics
    /// When the cut is of another architecture.
    pub fn cut_shape(&self, cut: Cut) -> Result<Shape, ArchitectureError> {
        let below = self.cuts()?[cut.layers];
        let inside = self.block(cut).and_then(|(_, block)| block.cuts(below).ok());
        Ok(inside.map_or(below, |cuts| cuts[cut.inner]))
    }

    /// What a unit at a cut sees of the input: along the vertical axis, and along the horizontal one, where fields differ
    /// only if a unit sees everything and the input is not square.
    pub fn receptive_fields(&self, cut: Cut) -> [ReceptiveField; 2] {
        let whole = self.layers.iter().take(cut.layers);
        let inside = self.block(cut).map_or(&[][..], |(_, block)| &block.layers[..cut.inner]);
        let reaches = || whole.clone().chain(inside).map(|layer| layer.kind.operation().reach());
        [self.input.height, self.input.width]
            .map(|side| reaches().fold(ReceptiveField::PIXEL, |field, reach| field.through(reach, side)))
    }

    /// The block that a cut lies inside of, with its name.
    fn block(&self, cut: Cut) -> Option<(&str, &Block)> {
        let layer = self.layers.get(cut.layers).filter(|_| cut.inner > 0)?;
        match &layer.kind {
            LayerKind::Block(block) => Some((&layer.name, block)),
            _ => None,
        }
    }

    fn near(&self, name: &str) -> String {
        let distance = |known: &str| {
            let last = known.rsplit('/').next().unwrap_or(known);
            edits(name, known).min(edits(name, last))
        };
        let mut names: Vec<String> = self.every_cut().into_iter().map(|cut| self.cut_name(cut)).collect();
        names.sort_by_cached_key(|known| distance(known));
        names.iter().take(NEAR).map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ")
    }
}

fn inner_name((name, block): (&str, &Block), cut: Cut) -> String {
    let layer = block.layers.get(cut.inner - 1);
    layer.map(|layer| format!("{name}/{}", layer.name)).unwrap_or_default()
}

/// Levenshtein's distance: how many letters must be put in, taken out or changed.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
