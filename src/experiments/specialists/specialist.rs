//! What one specialist begins with, and what it sees.

use crate::data::{Dataset, Purpose, Split, below, shuffle, stream};
use crate::experiments::training::Material;
use crate::experiments::{RunError, Training};
use crate::nets::layers::Linear;
use crate::nets::{Architecture, LayerKind, NamedArray};
use std::sync::Arc;

/// The name of what stands for all other classes.
const DUSTBIN: &str = "dustbin";
/// Of which a mean is taken.
const ENOUGH_IMAGES: usize = 4096;

/// A specialist's own classes among all, and what follows from them.
pub(super) struct Specialty {
    /// Which specialist it is.
    pub(super) index: usize,
    /// Ascending.
    pub(super) classes: Arc<[usize]>,
    /// Positions of images of its own classes in the data set, and of all others.
    own: Vec<u32>,
    rest: Vec<u32>,
    train: Arc<Dataset>,
}

impl Specialty {
    /// `images` are what the generalist learned from.
    ///
    /// # Errors
    /// When there are no images of its own classes, or of others.
    pub(super) fn new(index: usize, classes: &[usize], images: &Split) -> Result<Self, RunError> {
        let is_own = |position: &u32| classes.contains(&images.dataset.label(*position as usize));
        let (own, rest): (Vec<u32>, Vec<u32>) = images.indices.iter().copied().partition(is_own);
        // An empty split is refused with a message.
        Split::new(Arc::clone(&images.dataset), own.as_slice())?;
        Split::new(Arc::clone(&images.dataset), rest.as_slice())?;
        let train = relabelled(&images.dataset, classes)?;
        Ok(Self { index, classes: classes.into(), own, rest, train })
    }

    /// How many training images are of its own classes, and how many are not.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.own.len(), self.rest.len())
    }

    /// What it sees in one epoch: all images of its own classes, and so many others that those are `share` of all. The
    /// others are drawn anew for each epoch; none comes twice before all have come.
    pub(super) fn images(&self, share: f64, seed: u64, epoch: u64) -> Result<Split, RunError> {
        let wanted = ((self.own.len() as f64 * (1.0 - share) / share).round() as usize).max(1);
        let mut generator = stream(seed, Purpose::Rest, self.index, epoch as usize);
        let mut rest = self.rest.clone();
        shuffle(&mut rest, &mut generator);
        while rest.len() < wanted {
            let again = rest[below(&mut generator, self.rest.len() as u32) as usize];
            rest.push(again);
        }
        rest.truncate(wanted);
        let images: Vec<u32> = self.own.iter().copied().chain(rest).collect();
        Ok(Split::new(Arc::clone(&self.train), images)?)
    }

    /// The generalist's data under its own labels. It sees images as the generalist does.
    pub(super) fn material(&self, generalist: &Training, share: f64, seed: u64) -> Result<Material, RunError> {
        let own = |split: &Split, dataset: Arc<Dataset>| Split::new(dataset, Arc::clone(&split.indices));
        let validation = match generalist.validation_split() {
            Some(split) => Some(own(split, Arc::clone(&self.train))?),
            None => None,
        };
        let test = generalist.test_split();
        Ok(Material {
            train: self.images(share, seed, 0)?,
            validation,
            test: own(test, relabelled(&test.dataset, &self.classes)?)?,
            standardisation: generalist.standardisation().clone(),
        })
    }
}

/// The same images with the classes of a specialist: its own, in their order, and one for all others.
fn relabelled(dataset: &Dataset, classes: &[usize]) -> Result<Arc<Dataset>, RunError> {
    let label = |image: usize| classes.iter().position(|&class| class == dataset.label(image)).unwrap_or(classes.len());
    let labels = (0..dataset.len()).map(|image| label(image) as u16).collect();
    let names = classes.iter().map(|&class| dataset.class_names()[class].clone());
    let names = names.chain([DUSTBIN.to_owned()]).collect();
    Ok(Arc::new(dataset.relabelled(dataset.name(), names, labels)?))
}

/// The generalist's architecture with `k + 1` units at the end.
pub(super) fn architecture_of(generalist: &Architecture, k: usize) -> Architecture {
    let mut architecture = generalist.clone();
    architecture.name = format!("{} with {} outputs", generalist.name, k + 1);
    if let Some(last) = architecture.layers.last_mut()
        && let LayerKind::Linear(Linear { units, .. }) = &mut last.kind
    {
        *units = k + 1;
    }
    architecture
}

/// The generalist's parameters, with the rows of `classes` in the last layer and one for the dustbin.
///
/// The dustbin stands for all other classes, so its logit ought to be log(sum(exp z)) over theirs, which no linear unit can
/// give. It begins as the mean of their rows, and of their biases with `lift` added; see [`dustbin_lift`].
pub(super) fn first_parameters(
    generalist: &Architecture,
    arrays: &[NamedArray],
    classes: &[usize],
    lift: f64,
) -> Vec<NamedArray> {
    let last = generalist.layers.last().map_or("", |layer| layer.name.as_str());
    let of_last = |array: &NamedArray| array.name.strip_prefix(last).is_some_and(|rest| rest.starts_with('.'));
    let changed = |array: &NamedArray| {
        let lift = if array.dims.len() == 1 { lift } else { 0.0 };
        if of_last(array) { own_rows(array, classes, lift) } else { array.clone() }
    };
    arrays.iter().map(changed).collect()
}

/// `[outputs, ...]` to `[k + 1, ...]`.
fn own_rows(array: &NamedArray, classes: &[usize], lift: f64) -> NamedArray {
    let outputs = array.dims.first().copied().unwrap_or(0).max(1);
    let width = array.data.len() / outputs;
    let row = |class: usize| &array.data[class * width..(class + 1) * width];
    let others: Vec<usize> = (0..outputs).filter(|class| !classes.contains(class)).collect();
    let number = others.len().max(1) as f64;
    let mean = |at: usize| others.iter().map(|&class| f64::from(row(class)[at])).sum::<f64>() / number;
    let dustbin = (0..width).map(|at| (mean(at) + lift) as f32);
    let data: Vec<f32> = classes.iter().flat_map(|&class| row(class).iter().copied()).chain(dustbin).collect();
    let mut dims = array.dims.clone();
    dims[0] = classes.len() + 1;
    NamedArray { name: array.name.clone(), dims, data }
}

/// How much log(sum(exp z)) over the classes outside a set is above the mean of their z, on the mean over images of which
/// `share` are of the set: with that added, the dustbin's logit is right on the mean of what a specialist sees.
///
/// `logits` `[images, outputs]` are the generalist's; a few thousand of the images will do.
pub(super) fn dustbin_lift(logits: &[f32], images: &Split, classes: &[usize], share: f64) -> f64 {
    let outputs = logits.len() / images.len().max(1);
    let others: Vec<usize> = (0..outputs).filter(|class| !classes.contains(class)).collect();
    // Sums and counts of images of other classes, and of its own.
    let mut sums = [(0.0, 0.0); 2];
    for image in (0..images.len()).step_by((images.len() / ENOUGH_IMAGES).max(1)) {
        let row = &logits[image * outputs..(image + 1) * outputs];
        let of_others = || others.iter().map(|&class| f64::from(row[class]));
        let highest = of_others().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = highest + of_others().map(|z| (z - highest).exp()).sum::<f64>().ln();
        let (sum, count) = &mut sums[usize::from(classes.contains(&images.label(image)))];
        (*sum, *count) = (*sum + log_sum - of_others().sum::<f64>() / others.len() as f64, *count + 1.0);
    }
    let [rest, own] = sums.map(|(sum, count): (f64, f64)| (count > 0.0).then(|| sum / count));
    match (rest, own) {
        (Some(rest), Some(own)) => share * own + (1.0 - share) * rest,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;
    use crate::nets::preset;

    #[test]
    fn a_specialist_begins_with_the_rows_of_its_classes_and_the_mean_of_the_others() {
        let array = |name: &str, dims: &[usize], data: &[f32]| NamedArray {
            name: name.to_owned(),
            dims: dims.to_vec(),
            data: data.to_vec(),
        };
        let generalist = preset("mlp-30").unwrap();
        let arrays = [
            array("fc1.weight", &[1, 2], &[7.0, 8.0]),
            array("fc3.weight", &[4, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0]),
            array("fc3.bias", &[4], &[1.0, 2.0, 3.0, 5.0]),
        ];
        let found = first_parameters(&generalist, &arrays, &[1, 2], 0.5);
        assert_eq!(found[0], arrays[0]);
        assert_eq!(found[1], array("fc3.weight", &[3, 2], &[2.0, 3.0, 4.0, 5.0, 3.0, 5.0]));
        assert_eq!(found[2], array("fc3.bias", &[3], &[2.0, 3.0, 3.5]));
        assert_eq!(architecture_of(&generalist, 2).classes().unwrap(), 3);
    }

    fn images() -> Split {
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let labels: Vec<u16> = (0..40).map(|image| (image % 4) as u16).collect();
        Split::all(Arc::new(Dataset::new("t", names, ImageShape::new(1, 1, 1), vec![0; 40], labels).unwrap()))
    }

    #[test]
    fn half_of_what_it_sees_is_of_its_own_classes_and_the_rest_changes() {
        let images = images();
        let specialty = Specialty::new(0, &[1], &images).unwrap();
        assert_eq!(specialty.counts(), (10, 30));
        let of_epoch = |epoch| specialty.images(0.5, 1, epoch).unwrap();
        let (first, second) = (of_epoch(0), of_epoch(1));
        for split in [&first, &second] {
            assert_eq!(split.class_counts(), [10, 10], "its own class, then the dustbin");
            assert_eq!(split.dataset.class_names(), ["b", DUSTBIN]);
        }
        assert_ne!(first.indices, second.indices, "other images of the rest in each epoch");
        assert_eq!(first.indices, of_epoch(0).indices, "the same seed, the same images");
        assert_eq!(specialty.images(0.1, 1, 0).unwrap().class_counts(), [10, 90], "again, once all have come");
        assert_eq!(specialty.images(0.999, 1, 0).unwrap().class_counts(), [10, 1]);
    }

    #[test]
    fn the_dustbin_begins_right_on_the_mean() {
        // Of the classes b, c and d outside the set: equal logits are log(3) below their log-sum-exp, and of one that
        // stands out by far the others hardly count.
        let images = images();
        let rows = (0..40).flat_map(|image| if image % 4 == 0 { [9.0, 1.0, 1.0, 1.0] } else { [0.0, 30.0, 0.0, 0.0] });
        let found = dustbin_lift(&rows.collect::<Vec<f32>>(), &images, &[0], 0.25);
        assert!((found - (0.25 * 3f64.ln() + 0.75 * 20.0)).abs() < 1e-9, "{found}");
    }

    #[test]
    fn nothing_to_learn_is_refused() {
        let images = images();
        assert!(Specialty::new(0, &[], &images).is_err());
        assert!(Specialty::new(0, &[0, 1, 2, 3], &images).is_err());
    }
}
