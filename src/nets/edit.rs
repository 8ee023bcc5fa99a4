//! Changes to an architecture. What comes of one may be impossible:
//! [`Architecture::summary`] says why.

use super::architecture::{Architecture, Layer};
use super::layers::{
    AveragePool2d, BatchNorm, Conv2d, Dropout, Flatten, LayerKind, Linear, LocalResponseNorm, MaxPool2d, Relu, Relu6,
    Sigmoid, Tanh,
};
use super::shape::Shape;

/// Every kind of layer with usual numbers, in the order in which a menu shows them.
pub const KINDS: [LayerKind; 12] = [
    LayerKind::Conv2d(Conv2d {
        channels: 32,
        kernel: 3,
        stride: 1,
        padding: 1,
        far_padding: None,
        groups: 1,
        bias: true,
    }),
    LayerKind::MaxPool2d(MaxPool2d { kernel: 2, stride: 2, padding: 0 }),
    LayerKind::AveragePool2d(AveragePool2d { kernel: 2, stride: 2, padding: 0 }),
    LayerKind::Relu(Relu {}),
    LayerKind::Relu6(Relu6 {}),
    LayerKind::Tanh(Tanh {}),
    LayerKind::Sigmoid(Sigmoid {}),
    LayerKind::BatchNorm(BatchNorm { epsilon: 1e-5, momentum: 0.1 }),
    LayerKind::LocalResponseNorm(LocalResponseNorm { size: 5, alpha: 1e-4, beta: 0.75, k: 2.0 }),
    LayerKind::Dropout(Dropout { probability: 0.5 }),
    LayerKind::Flatten(Flatten {}),
    LayerKind::Linear(Linear { units: 128, bias: true }),
];

impl Architecture {
    /// Puts a layer of this kind at a position (at most one past the last), under a free name; its numbers follow its
    /// neighbours. Returns the name.
    pub fn insert(&mut self, position: usize, kind: &LayerKind) -> String {
        let position = position.min(self.layers.len());
        let kind = self.suited(position, kind);
        self.insert_as_is(position, kind)
    }

    pub(super) fn insert_as_is(&mut self, position: usize, kind: LayerKind) -> String {
        let position = position.min(self.layers.len());
        let name = self.automatic_name(position, &kind, None);
        self.layers.insert(position, Layer { name: name.clone(), kind });
        name
    }

    /// Takes a layer out. Nothing happens where there is none.
    pub fn remove(&mut self, layer: usize) {
        if layer < self.layers.len() {
            self.layers.remove(layer);
        }
    }

    /// Moves a layer to another position; those between move up.
    pub fn move_to(&mut self, layer: usize, position: usize) {
        if layer < self.layers.len() {
            let moved = self.layers.remove(layer);
            self.layers.insert(position.min(self.layers.len()), moved);
        }
    }

    /// Gives a layer a name, made lawful and free where it is not. Returns the name it got.
    pub fn rename(&mut self, layer: usize, name: &str) -> String {
        let name = self.free_name(name, Some(layer));
        if let Some(layer) = self.layers.get_mut(layer) {
            layer.name.clone_from(&name);
        }
        name
    }

    /// Makes a layer another kind. Numbers that both kinds have are kept, and so is a name that a person chose; an automatic
    /// one follows the kind. Returns the name.
    pub fn change_kind(&mut self, layer: usize, kind: &LayerKind) -> Option<String> {
        let before = self.layers.get(layer)?.clone();
        if before.kind.name() == kind.name() {
            return Some(before.name);
        }
        let mut kind = self.suited(layer, kind);
        if let (Some(numbers), Some(place)) = (window(&before.kind), window_mut(&mut kind)) {
            for (place, number) in place.into_iter().zip(numbers) {
                *place = number;
            }
        }
        let name = if is_automatic(&before.name, &before.kind) {
            let number = before.name.trim_start_matches(prefix(&before.kind)).to_owned();
            let same_number = format!("{}{number}", prefix(&kind));
            if self.layers.iter().all(|other| other.name != same_number) {
                same_number
            } else {
                self.automatic_name(layer, &kind, Some(layer))
            }
        } else {
            before.name
        };
        self.layers[layer] = Layer { name: name.clone(), kind };
        Some(name)
    }

    /// This name, made lawful; with a number behind it where another layer than `own` has it.
    pub(super) fn free_name(&self, wanted: &str, own: Option<usize>) -> String {
        let lawful: String = wanted.trim().replace(['.', '/', ' '], "_");
        let lawful = if lawful.is_empty() { "layer".to_owned() } else { lawful };
        if !self.has_name(&lawful, own) {
            return lawful;
        }
        let stem = lawful.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let stem = if stem.is_empty() { "layer" } else { stem };
        self.numbered(stem, 1, own)
    }

    /// `conv2` for the second convolution: numbers go on from the layer of this kind below.
    fn automatic_name(&self, position: usize, kind: &LayerKind, own: Option<usize>) -> String {
        let prefix = prefix(kind);
        if matches!(kind, LayerKind::Flatten(_)) && !self.has_name(prefix, own) {
            return prefix.to_owned();
        }
        let mut below = self.layers[..position.min(self.layers.len())].iter().rev();
        let last = below.find_map(|layer| layer.name.strip_prefix(prefix)?.parse::<usize>().ok());
        self.numbered(prefix, last.map_or(1, |last| last.saturating_add(1)), own)
    }

    fn numbered(&self, stem: &str, first: usize, own: Option<usize>) -> String {
        // Among one name more than there are layers, one is free.
        let last = first.saturating_add(self.layers.len());
        (first..=last)
            .map(|number| format!("{stem}{number}"))
            .find(|name| !self.has_name(name, own))
            .unwrap_or_else(|| format!("{stem}_{}", self.layers.len()))
    }

    fn has_name(&self, name: &str, own: Option<usize>) -> bool {
        self.layers.iter().enumerate().any(|(index, layer)| Some(index) != own && layer.name == name)
    }

    /// A kind with numbers that suit a position: as wide as the layers of its kind nearby, a window that fits.
    fn suited(&self, position: usize, kind: &LayerKind) -> LayerKind {
        let mut kind = kind.clone();
        let nearby = || {
            let (below, above) = self.layers.split_at(position.min(self.layers.len()));
            // The last layer is as wide as there are classes, which says nothing of a layer within.
            let above = above.split_last().map_or(above, |(_, inner)| inner);
            below.iter().rev().chain(above)
        };
        match &mut kind {
            LayerKind::Conv2d(layer) => {
                let widths = nearby().filter_map(|layer| match &layer.kind {
                    LayerKind::Conv2d(other) => Some(other.channels),
                    _ => None,
                });
                layer.channels = widths.into_iter().next().unwrap_or(layer.channels);
            }
            LayerKind::Linear(layer) => {
                let widths = nearby().filter_map(|layer| match &layer.kind {
                    LayerKind::Linear(other) => Some(other.units),
                    _ => None,
                });
                layer.units = widths.into_iter().next().unwrap_or(layer.units);
            }
            LayerKind::MaxPool2d(MaxPool2d { kernel, stride, .. })
            | LayerKind::AveragePool2d(AveragePool2d { kernel, stride, .. }) => {
                let shape = self.shape_at(position);
                if shape.is_some_and(|shape| shape.height.min(shape.width) < *kernel) {
                    (*kernel, *stride) = (1, 1);
                }
            }
            _ => {}
        }
        kind
    }

    fn shape_at(&self, position: usize) -> Option<Shape> {
        self.layers[..position.min(self.layers.len())]
            .iter()
            .try_fold(self.input, |shape, layer| layer.kind.operation().output(shape).ok())
    }
}

/// What automatic names begin with, as the presets have it.
fn prefix(kind: &LayerKind) -> &'static str {
    match kind {
        LayerKind::Conv2d(_) => "conv",
        LayerKind::MaxPool2d(_) | LayerKind::AveragePool2d(_) => "pool",
        LayerKind::Relu(_) | LayerKind::Relu6(_) => "relu",
        LayerKind::Tanh(_) => "tanh",
        LayerKind::Sigmoid(_) => "sigmoid",
        LayerKind::BatchNorm(_) => "norm",
        LayerKind::LocalResponseNorm(_) => "lrn",
        LayerKind::Dropout(_) => "drop",
        LayerKind::Flatten(_) => "flatten",
        LayerKind::Linear(_) => "fc",
        LayerKind::Block(_) => "block",
    }
}

fn is_automatic(name: &str, kind: &LayerKind) -> bool {
    name.strip_prefix(prefix(kind)).is_some_and(|rest| rest.chars().all(|letter| letter.is_ascii_digit()))
}

/// Kernel, stride and padding, of the kinds that have them.
fn window(kind: &LayerKind) -> Option<[usize; 3]> {
    let mut kind = kind.clone();
    window_mut(&mut kind).map(|places| places.map(|place| *place))
}

pub(super) fn window_mut(kind: &mut LayerKind) -> Option<[&mut usize; 3]> {
    match kind {
        LayerKind::Conv2d(Conv2d { kernel, stride, padding, .. })
        | LayerKind::MaxPool2d(MaxPool2d { kernel, stride, padding })
        | LayerKind::AveragePool2d(AveragePool2d { kernel, stride, padding }) => Some([kernel, stride, padding]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::preset;

    fn kind(name: &str) -> &'static LayerKind {
        static ALL: [LayerKind; 12] = KINDS;
        ALL.iter().find(|kind| kind.name() == name).expect("a kind")
    }

    fn names(architecture: &Architecture) -> Vec<&str> {
        architecture.layers.iter().map(|layer| layer.name.as_str()).collect()
    }

    #[test]
    fn what_is_inserted_has_a_free_name_and_the_width_of_its_neighbours() {
        let mut lenet = preset("lenet").unwrap();
        assert_eq!(lenet.insert(2, kind("conv2d")), "conv3");
        assert_eq!(lenet.layers[2].kind, kind_with_channels(6));
        assert_eq!(lenet.insert(0, kind("flatten")), "flatten1");
        assert_eq!(lenet.insert(1_000, kind("linear")), "fc6");
        assert_eq!(lenet.layers.last().unwrap().kind, LayerKind::Linear(Linear { units: 10, bias: true }));
    }

    fn kind_with_channels(channels: usize) -> LayerKind {
        let LayerKind::Conv2d(usual) = kind("conv2d").clone() else { panic!("a convolution") };
        LayerKind::Conv2d(Conv2d { channels, ..usual })
    }

    #[test]
    fn layers_move_and_go() {
        let mut mlp = preset("mlp-30").unwrap();
        mlp.move_to(1, 3);
        assert_eq!(names(&mlp), ["flatten", "relu1", "fc2", "fc1", "relu2", "fc3"]);
        mlp.move_to(3, 1);
        assert_eq!(mlp, preset("mlp-30").unwrap());
        mlp.remove(9);
        mlp.remove(4);
        assert_eq!(names(&mlp), ["flatten", "fc1", "relu1", "fc2", "fc3"]);
    }

    #[test]
    fn names_are_made_lawful_and_free() {
        let mut mlp = preset("mlp-30").unwrap();
        assert_eq!(mlp.rename(1, " my layer.1/2 "), "my_layer_1_2");
        assert_eq!(mlp.rename(3, "my_layer_1_2"), "my_layer_1_1");
        assert_eq!(mlp.rename(3, "fc3"), "fc1");
        assert_eq!(mlp.rename(3, ""), "layer");
        assert_eq!(mlp.rename(3, "layer"), "layer");
        assert!(mlp.summary().is_ok());
    }

    #[test]
    fn another_kind_keeps_its_numbers_and_a_name_that_was_chosen() {
        let mut lenet = preset("lenet").unwrap();
        assert_eq!(lenet.change_kind(1, kind("relu")).unwrap(), "relu1");
        assert_eq!(lenet.change_kind(2, kind("max_pool2d")).unwrap(), "pool1");
        lenet.rename(4, "squash");
        assert_eq!(lenet.change_kind(4, kind("sigmoid")).unwrap(), "squash");
        assert_eq!(lenet.change_kind(3, kind("max_pool2d")).unwrap(), "pool3");
        assert_eq!(lenet.layers[3].kind, LayerKind::MaxPool2d(MaxPool2d { kernel: 5, stride: 1, padding: 0 }));
        assert!(lenet.change_kind(99, kind("relu")).is_none());
    }
}
