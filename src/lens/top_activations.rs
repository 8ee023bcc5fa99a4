//! The images that activate each unit most, and how each unit fares over a set of images. Zeiler and Fergus 2013, section
//! 3 and figure 2: the top nine.
//!
//! A unit is a channel, and its activation on an image is the highest value of its map there. One pass over the images
//! finds everything: each batch is looked at once, where it was computed anyway.
//!
//! While a network learns, passes follow each other. Until the images on a sheet have been looked at again, what was found
//! of them still counts, so no sheet is ever empty or thrown away: an entry is replaced as soon as its image is looked at
//! with the newer network. What a whole pass did not come across is dropped at its end.

use crate::nets::{LayerKind, Mode, Network, Parts, Shape, Trace};
use burn::tensor::{Device, Int, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One image on a unit's sheet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopEntry {
    /// Number of the image in its data set.
    pub image: u32,
    pub activation: f32,
    /// Row and column of the map where the activation stood; the first of equals.
    pub y: u32,
    pub x: u32,
    /// Of the network that was activated so.
    pub generation: u64,
}

/// One unit over all images of a pass. Figures are of the unit's activation on each image, the highest value of its map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitStatistics {
    pub images: u64,
    pub mean: f32,
    pub maximum: f32,
    /// Share of images with an activation above zero; a unit with none is dead.
    pub active_share: f32,
    /// (m - r) / (m + r), in 0 to 1, of the class with the highest mean activation, m, and the mean over the other classes,
    /// r (Morcos et al. 2018, arXiv 1803.06959, section 2.2); activations below zero count as zero. 0 for a dead unit.
    pub selectivity: f32,
    /// The class with the highest mean activation; `None` for a dead unit.
    pub best_class: Option<usize>,
}

/// What a unit looks for: its strongest images, the strongest first, and its statistics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitSheet {
    pub top: Vec<TopEntry>,
    pub statistics: UnitStatistics,
}

/// Which images a batch is made of.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// `[batch]`, the number of each image in its data set.
    pub images: &'a [u32],
    /// `[batch]`, the class of each image; those beyond the known classes count for none.
    pub labels: &'a [usize],
    /// Of the network that they went through.
    pub generation: u64,
}

/// The strongest images of every unit of some layers, kept up to date batch after batch.
#[derive(Clone, Debug)]
pub struct TopActivations {
    k: usize,
    layers: Vec<WatchedLayer>,
    /// Of this pass: which images were looked at, by number, how many, and how many of each class.
    seen: Vec<bool>,
    looks: u64,
    class_looks: Vec<u64>,
}

#[derive(Clone, Debug)]
struct WatchedLayer {
    cut: usize,
    shape: Shape,
    units: Vec<Unit>,
}

#[derive(Clone, Debug, Default)]
struct Unit {
    /// Of this pass: at most k, the strongest first, one an image.
    top: Vec<TopEntry>,
    maximum: f32,
    sum: f64,
    active: u64,
    /// Sum of activations above zero by class. Single precision: a network may have many units and classes.
    class_sums: Vec<f32>,
    /// What older passes found.
    last: Option<UnitSheet>,
}

/// Cuts whose units are worth a sheet: the output of every layer but dropout and flatten, which pass on what lies below.
pub fn unit_cuts(network: &Network) -> Vec<usize> {
    let layers = network.architecture().layers.iter().enumerate();
    let own = layers.filter(|(_, layer)| !matches!(layer.kind, LayerKind::Dropout(_) | LayerKind::Flatten(_)));
    own.map(|(index, _)| index + 1).collect()
}

/// How much a unit's sheet has changed: the share of the images on the newer sheet that were not on the older, in 0 to 1.
pub fn sheet_change(older: &UnitSheet, newer: &UnitSheet) -> f64 {
    let was_there = |image: u32| older.top.iter().any(|entry| entry.image == image);
    let new = newer.top.iter().filter(|entry| !was_there(entry.image)).count();
    new as f64 / newer.top.len().max(1) as f64
}

impl TopActivations {
    /// Watches the units at `cuts` and keeps the `k` strongest images of each; images come in `classes` classes.
    ///
    /// # Panics
    /// If the network has no such cut.
    pub fn new(network: &Network, cuts: &[usize], k: usize, classes: usize) -> Self {
        let layer = |&cut: &usize| {
            let shape = network.cuts()[cut];
            WatchedLayer { cut, shape, units: vec![Unit::new(classes); shape.channels] }
        };
        Self { k, layers: cuts.iter().map(layer).collect(), seen: Vec::new(), looks: 0, class_looks: vec![0; classes] }
    }

    /// Begins a pass over the images. What the sheets show stays until its images are looked at again.
    pub fn begin_pass(&mut self) {
        let mut layers = std::mem::take(&mut self.layers);
        for unit in layers.iter_mut().flat_map(|layer| &mut layer.units) {
            let sheet = self.sheet_of(unit);
            let last = (sheet.statistics.images > 0).then_some(sheet);
            *unit = Unit { last, ..Unit::new(self.class_looks.len()) };
        }
        self.layers = layers;
        self.seen.clear();
        self.looks = 0;
        self.class_looks.fill(0);
    }

    /// Ends a pass: what older ones found is dropped, also of images that this one did not come to.
    pub fn end_pass(&mut self) {
        self.layers.iter_mut().flat_map(|layer| &mut layer.units).for_each(|unit| unit.last = None);
    }

    /// Looks at a batch on its way through the network: costs a copy of what it looks at. `examples` names the images of
    /// the batch, in their order.
    ///
    /// The trace goes through all watched cuts. In training, dropout and jitter are part of what is looked at. Of several
    /// looks at an image in one pass the strongest counts.
    pub fn observe(&mut self, trace: &Trace, examples: Examples<'_>) {
        for layer in &mut self.layers {
            layer.observe(trace.activation(layer.cut).clone(), self.k, examples);
        }
        self.count(examples);
    }

    /// Takes a batch, `[batch, channels, height, width]`, through the network in evaluation, and looks at it on the way
    /// without copying: the cheapest way for a whole pass. Returns the logits, `[batch, classes, 1, 1]`.
    pub fn observe_images(&mut self, network: &Network, images: Tensor<4>, examples: Examples<'_>) -> Tensor<4> {
        let parts = network.parts(images.dims()[0], 0..network.top());
        let (mut activations, from) = match parts {
            Some(parts) => (self.observe_parts(network, &images, parts, examples), parts.top + 1),
            None => (images, 0),
        };
        for cut in from..=network.top() {
            if cut > 0 {
                activations = network.forward_between(activations, cut - 1..cut, Mode::Evaluate);
            }
            for layer in self.layers.iter_mut().filter(|layer| layer.cut == cut) {
                activations = layer.observe(activations, self.k, examples);
            }
        }
        self.count(examples);
        activations
    }

    /// The layers of maps, a few images at a time, as in [`Network::forward`]: up to the activations at their top.
    fn observe_parts(
        &mut self,
        network: &Network,
        images: &Tensor<4>,
        parts: Parts,
        examples: Examples<'_>,
    ) -> Tensor<4> {
        let (layers, k) = (&self.layers, self.k);
        let look = |part: Range<usize>| {
            let mut activations = images.clone().narrow(0, part.start, part.len());
            let mut found = vec![Peaks::default(); layers.len()];
            for cut in 0..=parts.top {
                if cut > 0 {
                    activations = network.forward_between(activations, cut - 1..cut, Mode::Evaluate);
                }
                for (layer, peaks) in layers.iter().zip(&mut found).filter(|(layer, _)| layer.cut == cut) {
                    (*peaks, activations) = layer.peaks(activations, k);
                }
            }
            (found, activations)
        };
        let of_parts: Vec<Range<usize>> = parts.ranges(images.dims()[0]).collect();
        let (found, activations): (Vec<Vec<Peaks>>, Vec<Tensor<4>>) = of_parts.into_par_iter().map(look).unzip();
        for (index, layer) in self.layers.iter_mut().enumerate().filter(|(_, layer)| layer.cut <= parts.top) {
            let (channels, width) = (layer.shape.channels, layer.shape.width);
            layer.units.par_iter_mut().enumerate().with_min_len(UNITS_A_TASK).for_each(|(channel, unit)| {
                let of =
                    |image: usize| (&found[image / parts.images][index], image % parts.images * channels + channel);
                let highest = |image: usize| {
                    let (peaks, at) = of(image);
                    peaks.maxima[at]
                };
                let place = |image: usize, _| {
                    let (peaks, at) = of(image);
                    peaks.places[at] as usize
                };
                unit.observe(k, examples, width, highest, place);
            });
        }
        Tensor::cat(activations, 0)
    }

    /// The watched cuts, in the order in which they were given.
    pub fn cuts(&self) -> Vec<usize> {
        self.layers.iter().map(|layer| layer.cut).collect()
    }

    /// Images looked at in this pass.
    pub fn images(&self) -> u64 {
        self.looks
    }

    /// One unit at a watched cut; `None` where there is no such unit.
    pub fn unit(&self, cut: usize, unit: usize) -> Option<UnitSheet> {
        let layer = self.layers.iter().find(|layer| layer.cut == cut)?;
        layer.units.get(unit).map(|unit| self.sheet_of(unit))
    }

    /// Every unit at a watched cut; none at another.
    pub fn sheet(&self, cut: usize) -> Vec<UnitSheet> {
        let layers = self.layers.iter().filter(|layer| layer.cut == cut);
        layers.flat_map(|layer| layer.units.iter().map(|unit| self.sheet_of(unit))).collect()
    }

    /// This pass, and what older ones found of images that this one has not come to. Statistics are of a whole pass where
    /// there is one.
    fn sheet_of(&self, unit: &Unit) -> UnitSheet {
        let mut top = unit.top.clone();
        let Some(last) = &unit.last else {
            return UnitSheet { top, statistics: unit.statistics(self.looks, &self.class_looks) };
        };
        let is_seen = |entry: &&TopEntry| self.seen.get(entry.image as usize).copied().unwrap_or(false);
        top.extend(last.top.iter().filter(|entry| !is_seen(entry)));
        top.sort_by(TopEntry::order);
        top.truncate(self.k);
        UnitSheet { top, statistics: last.statistics }
    }

    fn count(&mut self, examples: Examples<'_>) {
        for &image in examples.images {
            let image = image as usize;
            if image >= self.seen.len() {
                self.seen.resize(image + 1, false);
            }
            self.seen[image] = true;
        }
        self.looks += examples.images.len() as u64;
        for &label in examples.labels {
            if let Some(looks) = self.class_looks.get_mut(label) {
                *looks += 1;
            }
        }
    }
}

impl TopEntry {
    /// The stronger first; of equals the lower number, so that the order of images does not matter.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other.activation.total_cmp(&self.activation).then(self.image.cmp(&other.image))
    }
}

impl WatchedLayer {
    /// Hands back what it looked at.
    fn observe(&mut self, activations: Tensor<4>, k: usize, examples: Examples<'_>) -> Tensor<4> {
        if activations.device() == Device::flex() {
            self.observe_on_host(activations, k, examples)
        } else {
            self.observe_on_device(&activations, k, examples);
            activations
        }
    }

    /// Where the values lie, so that only maxima and places are read.
    fn observe_on_device(&mut self, activations: &Tensor<4>, k: usize, examples: Examples<'_>) {
        let [batch, channels, height, width] = activations.dims();
        let planes = activations.clone().reshape([batch, channels, height * width]);
        let (maxima, places): (Tensor<3>, Tensor<3, Int>) = planes.max_dim_with_indices(2);
        let maxima: Vec<f32> = maxima.into_data().try_into_vec().expect("activations are 32-bit floats");
        let places: Vec<i64> = places.into_data().iter::<i64>().collect();
        for (index, unit) in self.units.iter_mut().enumerate() {
            unit.observe(
                k,
                examples,
                width,
                |image| maxima[image * channels + index],
                |image, _| places[image * channels + index] as usize,
            );
        }
    }

    /// Hands back what it looked at.
    fn peaks(&self, activations: Tensor<4>, k: usize) -> (Peaks, Tensor<4>) {
        let data = activations.into_data();
        let values: &[f32] = data.as_slice().expect("activations are 32-bit floats");
        let planes = values.chunks_exact((self.shape.height * self.shape.width).max(1));
        let mut peaks = Peaks::default();
        for (plane, unit) in planes.zip(self.units.iter().cycle()) {
            let maximum = highest(plane);
            let may_enter = unit.top.len() < k || unit.top.last().is_some_and(|weakest| maximum >= weakest.activation);
            let place = may_enter.then(|| plane.iter().position(|&value| value == maximum)).flatten();
            peaks.maxima.push(maximum);
            peaks.places.push(place.unwrap_or(0) as u32);
        }
        (peaks, Tensor::from_data(data, &Device::flex()))
    }

    /// In the processor's memory, without a copy where nobody else holds the values.
    fn observe_on_host(&mut self, activations: Tensor<4>, k: usize, examples: Examples<'_>) -> Tensor<4> {
        let (channels, width) = (self.shape.channels, self.shape.width);
        let data = activations.into_data();
        let values: &[f32] = data.as_slice().expect("activations are 32-bit floats");
        let size = self.shape.height * width;
        self.units.par_iter_mut().enumerate().with_min_len(UNITS_A_TASK).for_each(|(index, unit)| {
            let plane = |image: usize| &values[(image * channels + index) * size..][..size];
            let place = |image: usize, highest: f32| plane(image).iter().position(|&value| value == highest);
            unit.observe(
                k,
                examples,
                width,
                |image| highest(plane(image)),
                |image, highest| place(image, highest).unwrap_or(0),
            );
        });
        Tensor::from_data(data, &Device::flex())
    }
}

/// The highest activation of each unit on some images, and where in its map it stands if it may be among the strongest;
/// both `[images, channels]`.
#[derive(Clone, Debug, Default)]
struct Peaks {
    maxima: Vec<f32>,
    places: Vec<u32>,
}

/// Few enough to keep all cores busy, enough to be worth a task.
const UNITS_A_TASK: usize = 4;

impl Unit {
    fn new(classes: usize) -> Self {
        Self { maximum: f32::NEG_INFINITY, class_sums: vec![0.0; classes], ..Self::default() }
    }

    /// `highest` gives the activation on each image of the batch, `place` where in its map of this width it stands.
    fn observe(
        &mut self,
        k: usize,
        examples: Examples<'_>,
        width: usize,
        highest: impl Fn(usize) -> f32,
        place: impl Fn(usize, f32) -> usize,
    ) {
        for (index, (&image, &label)) in examples.images.iter().zip(examples.labels).enumerate() {
            let activation = highest(index);
            // A network that broke down has no strongest image.
            if !activation.is_finite() {
                continue;
            }
            self.maximum = self.maximum.max(activation);
            self.sum += f64::from(activation);
            if activation > 0.0 {
                self.active += 1;
                if let Some(sum) = self.class_sums.get_mut(label) {
                    *sum += activation;
                }
            }
            // Nearly every image ends here.
            let beats = |weakest: &TopEntry| (activation, weakest.image) > (weakest.activation, image);
            if self.top.len() < k || self.top.last().is_some_and(beats) {
                let place = place(index, activation);
                let (y, x) = ((place / width) as u32, (place % width) as u32);
                self.insert(k, TopEntry { image, activation, y, x, generation: examples.generation });
            }
        }
    }

    /// Keeps the order, and one entry an image. With so few entries nothing is faster than moving them.
    fn insert(&mut self, k: usize, entry: TopEntry) {
        if let Some(same) = self.top.iter().position(|other| other.image == entry.image) {
            if self.top[same].activation >= entry.activation {
                return;
            }
            self.top.remove(same);
        }
        let at = self.top.partition_point(|other| other.order(&entry).is_lt());
        self.top.insert(at, entry);
        self.top.truncate(k);
    }

    fn statistics(&self, images: u64, class_looks: &[u64]) -> UnitStatistics {
        if images == 0 {
            return UnitStatistics::default();
        }
        let share = |part: f64| (part / images as f64) as f32;
        let looked_at = class_looks.iter().zip(&self.class_sums).enumerate().filter(|(_, (looks, _))| **looks > 0);
        let means: Vec<(usize, f64)> =
            looked_at.map(|(class, (looks, sum))| (class, f64::from(*sum) / *looks as f64)).collect();
        let (best_class, selectivity) = selectivity(&means);
        UnitStatistics {
            images,
            mean: share(self.sum),
            maximum: if self.maximum.is_finite() { self.maximum } else { 0.0 },
            active_share: share(self.active as f64),
            selectivity: selectivity as f32,
            best_class,
        }
    }
}

/// Of the mean activations of some classes, none below zero.
fn selectivity(means: &[(usize, f64)]) -> (Option<usize>, f64) {
    let mut best: Option<(usize, f64)> = None;
    for &(class, mean) in means {
        if mean > best.map_or(0.0, |(_, highest)| highest) {
            best = Some((class, mean));
        }
    }
    let Some((class, highest)) = best else { return (None, 0.0) };
    let others = means.len() - 1;
    let rest: f64 = means.iter().filter(|(other, _)| *other != class).map(|(_, mean)| mean).sum();
    let rest = if others == 0 { 0.0 } else { rest / others as f64 };
    (Some(class), (highest - rest) / (highest + rest))
}

/// The highest value, those that are not numbers left out. Sixteen running maxima, which the compiler keeps in vector
/// registers.
fn highest(values: &[f32]) -> f32 {
    let higher = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = values.chunks_exact(16);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, higher);
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = higher(*lane, value);
        }
    }
    lanes.into_iter().fold(rest, higher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    /// What a GPU computes by tensor operations, computed by the processor.
    #[test]
    fn both_ways_to_look_find_the_same() {
        let shape = Shape::new(5, 4, 3);
        let values: Vec<f32> =
            (0..12 * shape.units()).map(|index| (index * index * 31 % 1009 % 23) as f32 - 9.0).collect();
        let activations = Tensor::from_data(TensorData::new(values, shape.batched(12)), &Device::flex());
        let (images, labels): (Vec<u32>, Vec<usize>) = (0..12).map(|image| (image, image as usize % 2)).unzip();
        let examples = Examples { images: &images, labels: &labels, generation: 1 };
        let mut on_host = WatchedLayer { cut: 0, shape, units: vec![Unit::new(2); 5] };
        let mut on_device = on_host.clone();
        on_host.observe_on_host(activations.clone(), 9, examples);
        on_device.observe_on_device(&activations, 9, examples);
        for (a, b) in on_host.units.iter().zip(&on_device.units) {
            assert_eq!(a.top, b.top);
            assert_eq!(a.statistics(12, &[6, 6]), b.statistics(12, &[6, 6]));
        }
    }
}
