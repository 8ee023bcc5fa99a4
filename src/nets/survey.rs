//! What is wrong with an architecture, all of it, and the nearest possible thing that would be right.
//!
//! [`Architecture::summary`] stops at the first fault. A survey goes on: above an impossible layer it takes the shapes
//! that the layer would give once it is repaired.

use super::architecture::{Architecture, Layer, LayerSummary, check_name, summarise};
use super::edit::{KINDS, window_mut};
use super::layers::{Flatten, LayerKind, Linear};
use super::shape::{ReceptiveField, Shape};
use std::collections::HashSet;

/// Kernels further from the one that was asked for than this are not looked for.
const FARTHEST: usize = 4096;
/// Of an input that was asked for and is too large.
const LARGEST_SIDE: usize = 512;

/// What the network is to be trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFit {
    pub shape: Shape,
    pub classes: usize,
}

/// Every layer, possible or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// Whether the images can be taken.
    pub input: Option<Fault>,
    /// From the first layer up.
    pub layers: Vec<Result<LayerSummary, Fault>>,
    /// Whether the last output can be a classifier's.
    pub end: Option<Fault>,
}

/// Why something is impossible.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// A sentence's worth, without a full stop.
    pub reason: String,
    /// The nearest possible thing.
    pub repair: Repair,
}

/// A change that makes an impossible thing possible.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// Other numbers for a layer; `numbers` says which, as in `kernel 3`.
    Resize {
        layer: usize,
        kind: LayerKind,
        numbers: String,
    },
    Rename {
        layer: usize,
        name: String,
    },
    FlattenBefore {
        layer: usize,
    },
    Remove {
        layer: usize,
    },
    /// Take images of another shape.
    Input(Shape),
    /// A flatten layer, where the last output is no vector, and a linear layer of this many units at the end.
    Classify {
        units: usize,
    },
}

impl Survey {
    pub fn is_possible(&self) -> bool {
        self.faults().next().is_none()
    }

    /// From the input up.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        let layers = self.layers.iter().filter_map(|layer| layer.as_ref().err());
        self.input.iter().chain(layers).chain(&self.end)
    }

    /// Trainable values of the layers that are possible.
    pub fn parameters(&self) -> u64 {
        self.sum(|row| row.parameters)
    }

    /// Of one forward pass of one example, through the layers that are possible.
    pub fn multiply_adds(&self) -> u64 {
        self.sum(|row| row.multiply_adds)
    }

    fn sum(&self, figure: impl Fn(&LayerSummary) -> u64) -> u64 {
        self.layers.iter().filter_map(|layer| layer.as_ref().ok()).fold(0, |sum, row| sum.saturating_add(figure(row)))
    }
}

impl Repair {
    /// Makes the change.
    pub fn apply(&self, architecture: &mut Architecture) {
        match self {
            Self::Resize { layer, kind, .. } => {
                if let Some(layer) = architecture.layers.get_mut(*layer) {
                    layer.kind = kind.clone();
                }
            }
            Self::Rename { layer, name } => {
                architecture.rename(*layer, name);
            }
            Self::FlattenBefore { layer } => {
                architecture.insert_as_is(*layer, LayerKind::Flatten(Flatten {}));
            }
            Self::Remove { layer } => architecture.remove(*layer),
            Self::Input(shape) => architecture.input = *shape,
            Self::Classify { units } => {
                if architecture.cuts().is_ok_and(|cuts| cuts.last().is_some_and(|last| !last.is_vector())) {
                    architecture.insert_as_is(usize::MAX, LayerKind::Flatten(Flatten {}));
                }
                architecture.insert_as_is(usize::MAX, LayerKind::Linear(Linear { units: *units, bias: true }));
            }
        }
    }

    /// What a button that makes the change says: `Use kernel 3`.
    pub fn label(&self) -> String {
        match self {
            Self::Resize { numbers, .. } => format!("Use {numbers}"),
            Self::Rename { name, .. } => format!("Call it {name}"),
            Self::FlattenBefore { .. } => "Flatten first".to_owned(),
            Self::Remove { .. } => "Remove it".to_owned(),
            Self::Input(shape) => format!("Take images of {shape}"),
            Self::Classify { units } => format!("End in {units} units"),
        }
    }
}

/// Looks at every layer. Without `data`, any input and any number of outputs will do.
pub fn survey(architecture: &Architecture, data: Option<&DataFit>) -> Survey {
    let mut survey = Survey { input: input_fault(architecture.input, data), ..Survey::default() };
    let mut names = HashSet::new();
    let mut place = Place { shape: repaired_input(architecture.input, data), field: ReceptiveField::PIXEL };
    let image = place.shape.height;
    for (index, layer) in architecture.layers.iter().enumerate() {
        let row = if let Err(reason) = check_name(&layer.name, &mut names) {
            let name = architecture.free_name(&layer.name, Some(index));
            place.go_through(layer, image);
            Err(Fault { reason, repair: Repair::Rename { layer: index, name } })
        } else {
            place.look_at(index, layer, image)
        };
        survey.layers.push(row);
    }
    survey.end = end_fault(architecture, place.shape, data);
    survey
}

/// Where the survey stands.
struct Place {
    shape: Shape,
    field: ReceptiveField,
}

impl Place {
    fn go_through(&mut self, layer: &Layer, image: usize) {
        if let Ok(row) = summarise(layer, self.shape, self.field, image) {
            (self.shape, self.field) = (row.output, row.receptive_field);
        }
    }

    fn look_at(&mut self, index: usize, layer: &Layer, image: usize) -> Result<LayerSummary, Fault> {
        let reason = match summarise(layer, self.shape, self.field, image) {
            Ok(row) => {
                (self.shape, self.field) = (row.output, row.receptive_field);
                return Ok(row);
            }
            Err(reason) => reason,
        };
        let fits = |kind: &LayerKind, input: Shape| {
            let layer = Layer { name: layer.name.clone(), kind: kind.clone() };
            summarise(&layer, input, self.field, image).is_ok()
        };
        let flat = Shape::vector(self.shape.units());
        let repair = if !self.shape.is_vector() && matches!(layer.kind, LayerKind::Linear(_)) && fits(&layer.kind, flat)
        {
            self.shape = flat;
            self.go_through(layer, image);
            Repair::FlattenBefore { layer: index }
        } else if let Some(kind) = candidates(&layer.kind, self.shape).find(|kind| fits(kind, self.shape)) {
            let numbers = differences(&layer.kind, &kind);
            self.go_through(&Layer { name: layer.name.clone(), kind: kind.clone() }, image);
            Repair::Resize { layer: index, kind, numbers }
        } else {
            Repair::Remove { layer: index }
        };
        Err(Fault { reason, repair })
    }
}

fn input_fault(input: Shape, data: Option<&DataFit>) -> Option<Fault> {
    let wanted = repaired_input(input, data);
    (wanted != input).then(|| {
        let reason = match data {
            Some(_) => format!("it takes images of {input}, but the data has {wanted}"),
            None if input.channels.min(input.height).min(input.width) == 0 => format!("the input {input} is empty"),
            None => format!("an input of {input} is too large"),
        };
        Fault { reason, repair: Repair::Input(wanted) }
    })
}

fn repaired_input(input: Shape, data: Option<&DataFit>) -> Shape {
    if let Some(data) = data {
        return data.shape;
    }
    let is_possible = super::architecture::check_input(input).is_ok();
    let side = |side: usize| if is_possible { side } else { side.clamp(1, LARGEST_SIDE) };
    Shape::new(side(input.channels), side(input.height), side(input.width))
}

/// `output` is what the last layer gives.
fn end_fault(architecture: &Architecture, output: Shape, data: Option<&DataFit>) -> Option<Fault> {
    let classes = data.map_or(10, |data| data.classes);
    if !output.is_vector() || architecture.layers.is_empty() {
        let reason = format!("the network ends in {output}, but a classifier ends in one number a class");
        return Some(Fault { reason, repair: Repair::Classify { units: classes } });
    }
    if data.is_none_or(|data| data.classes == output.channels) {
        return None;
    }
    let reason = format!("the network has {} outputs, but the data has {classes} classes", output.channels);
    let last = architecture.layers.len() - 1;
    let repair = match &architecture.layers[last].kind {
        LayerKind::Linear(linear) => {
            let kind = LayerKind::Linear(Linear { units: classes, bias: linear.bias });
            Repair::Resize { layer: last, kind, numbers: format!("{classes} units") }
        }
        _ => Repair::Classify { units: classes },
    };
    Some(Fault { reason, repair })
}

/// Other numbers for a layer, the nearest first.
fn candidates(kind: &LayerKind, input: Shape) -> impl Iterator<Item = LayerKind> {
    let positive = without_zeros(kind);
    let side = input.height.min(input.width);
    let windows = resized(&positive, side);
    let usual = KINDS.iter().find(|usual| usual.name() == kind.name()).cloned();
    let usual_resized = usual.clone().map(|usual| resized(&usual, side)).into_iter().flatten();
    std::iter::once(positive).chain(windows).chain(usual).chain(usual_resized)
}

/// Kernel, stride, channels, units and groups of at least one; groups only where they divide the channels.
fn without_zeros(kind: &LayerKind) -> LayerKind {
    let mut kind = kind.clone();
    if let Some([kernel, stride, _]) = window_mut(&mut kind) {
        (*kernel, *stride) = ((*kernel).max(1), (*stride).max(1));
    }
    match &mut kind {
        LayerKind::Conv2d(conv) => {
            conv.channels = conv.channels.max(1);
            conv.groups = 1;
        }
        LayerKind::Linear(linear) => linear.units = linear.units.max(1),
        _ => {}
    }
    kind
}

/// With smaller kernels, from the largest that fits down; then with less padding; then both as small as can be.
fn resized(kind: &LayerKind, side: usize) -> Vec<LayerKind> {
    let mut own = kind.clone();
    let Some([kernel, stride, padding]) = window_mut(&mut own).map(|places| places.map(|place| *place)) else {
        return Vec::new();
    };
    let with = |kernel: usize, stride: usize, padding: usize| {
        let mut kind = kind.clone();
        if let Some([k, s, p]) = window_mut(&mut kind) {
            (*k, *s, *p) = (kernel, stride, padding);
        }
        kind
    };
    let most = |padding: usize| kernel.min(side.saturating_add(padding.saturating_mul(2)));
    let smaller = |padding: usize| (1..=most(padding)).rev().take(FARTHEST);
    let least_padding = padding.min(kernel / 2);
    let same = smaller(padding).map(|kernel| with(kernel, stride, padding));
    let less = smaller(least_padding).map(|kernel| with(kernel, stride, least_padding));
    let none = smaller(0).map(|kernel| with(kernel, stride, 0));
    same.chain(less).chain(none).chain([with(1, 1, 0)]).collect()
}

/// The numbers in which a layer differs from what it was, as in `kernel 3, padding 1`.
fn differences(before: &LayerKind, after: &LayerKind) -> String {
    let fields = |kind: &LayerKind| match serde_json::to_value(kind) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let old = fields(before);
    let changed: Vec<String> = fields(after)
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(value))
        .map(|(name, value)| format!("{} {value}", name.replace('_', " ")))
        .collect();
    changed.join(", ")
}
