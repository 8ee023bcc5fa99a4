//! The images that activate each unit most (Zeiler and Fergus 2013, figure 2), found in one pass over a set of images.

use super::{Job, Reply, Step};
use crate::data::{Dataset, ImageOptions, ImageShape, Picture, Unwatched, named_with};
use crate::experiments::Classifier;
use crate::lens::{Examples, TopActivations, unit_cuts};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The top nine.
const ON_A_SHEET: usize = 9;
/// Bytes of images that are held for the sheets.
const MOST_BYTES: usize = 256 << 20;
/// Bytes of images that go through the network at once: 64 of MNIST, and 4 of ImageNet's 224 x 224.
const BYTES_AT_ONCE: usize = 640 << 10;
const MOST_AT_ONCE: usize = 64;
/// Sheets in the making are shown this often.
const SHOW_EVERY: Duration = Duration::from_millis(700);

/// Images to look for the strongest among.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageSet {
    Pictures(Vec<Picture>),
    /// Test images of a data set, by its name or path; at most so many.
    Data {
        name: String,
        options: ImageOptions,
        most: usize,
    },
}

/// Images as a network sees them.
#[derive(Debug)]
pub struct SeenImages {
    pub shape: ImageShape,
    pixels: Vec<u8>,
    /// The class of each, where it is known.
    labels: Vec<u16>,
    pub class_names: Vec<String>,
}

impl SeenImages {
    pub fn len(&self) -> usize {
        self.pixels.len() / self.shape.pixels()
    }

    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Bytes, `[channels, height, width]`; empty where there is no such image.
    pub fn image(&self, number: u32) -> &[u8] {
        let size = self.shape.pixels();
        self.pixels.get(number as usize * size..(number as usize + 1) * size).unwrap_or_default()
    }

    pub fn label(&self, number: u32) -> Option<usize> {
        self.labels.get(number as usize).map(|&label| usize::from(label))
    }
}

/// The sheets of all units, as far as they are known.
#[derive(Clone, Debug)]
pub struct Sheets {
    pub top: TopActivations,
    pub images: Arc<SeenImages>,
    /// Images that went through the network, of [`SeenImages::len`].
    pub done: usize,
}

/// A pass in the making.
pub(super) struct Watching {
    set: ImageSet,
    pass: Option<Pass>,
}

struct Pass {
    top: TopActivations,
    images: Arc<SeenImages>,
    done: usize,
    shown: Instant,
}

impl Watching {
    pub(super) fn new(set: ImageSet) -> Self {
        Self { set, pass: None }
    }
}

impl Job for Watching {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let Some(pass) = &mut self.pass else {
            return match gather(&self.set, classifier) {
                Ok(images) => {
                    let classes = images.class_names.len().max(1);
                    let network = classifier.network();
                    let top = TopActivations::new(network, &unit_cuts(network), ON_A_SHEET, classes);
                    let pass = Pass { top, images: Arc::new(images), done: 0, shown: Instant::now() };
                    Step { reply: None, more: self.pass.insert(pass).done < usize::MAX }
                }
                Err(reason) => Step::failed(&reason),
            };
        };
        pass.advance(classifier);
        let more = pass.done < pass.images.len();
        let is_due = !more || pass.shown.elapsed() >= SHOW_EVERY;
        Step { reply: is_due.then(|| pass.show()), more }
    }
}

impl Pass {
    fn advance(&mut self, classifier: &Classifier) {
        let count = (BYTES_AT_ONCE / self.images.shape.pixels()).clamp(1, MOST_AT_ONCE);
        let numbers: Vec<u32> = (self.done..self.images.len().min(self.done + count)).map(|n| n as u32).collect();
        if numbers.is_empty() {
            return;
        }
        let seen: Vec<&[u8]> = numbers.iter().map(|&number| self.images.image(number)).collect();
        let labels: Vec<usize> = numbers.iter().map(|&number| self.images.label(number).unwrap_or(0)).collect();
        let examples = Examples { images: &numbers, labels: &labels, generation: 0 };
        self.top.observe_images(classifier.network(), classifier.images(&seen), examples);
        self.done += numbers.len();
    }

    fn show(&mut self) -> Reply {
        self.shown = Instant::now();
        Reply::Sheets(Arc::new(Sheets { top: self.top.clone(), images: Arc::clone(&self.images), done: self.done }))
    }
}

/// The images of a set as the network sees them.
pub(super) fn gather(set: &ImageSet, classifier: &Classifier) -> Result<SeenImages, String> {
    let shape = classifier.input();
    let limit = MOST_BYTES / shape.pixels().max(1);
    match set {
        ImageSet::Pictures(pictures) => {
            let readable = pictures.iter().filter_map(|picture| classifier.seen(picture).ok());
            let pixels: Vec<u8> = readable.take(limit).flatten().collect();
            if pixels.is_empty() {
                return Err("there is no picture that can be opened".to_owned());
            }
            Ok(SeenImages { shape, pixels, labels: Vec::new(), class_names: Vec::new() })
        }
        ImageSet::Data { name, options, most } => {
            let source = named_with(name, options, &Unwatched).map_err(|error| error.to_string())?;
            of_data(&source.test, classifier, limit.min(*most))
        }
    }
}

fn of_data(set: &Dataset, classifier: &Classifier, most: usize) -> Result<SeenImages, String> {
    let (shape, count) = (classifier.input(), set.len().min(most));
    let mut pixels = Vec::with_capacity(count * shape.pixels());
    for index in 0..count {
        if set.shape() == shape && classifier.preparation().covers == shape {
            pixels.extend_from_slice(set.image(index));
        } else {
            let picture = Picture::of_pixels("", set.shape(), set.image(index))
                .ok_or_else(|| format!("images of {} are no pictures", set.shape()))?;
            pixels.extend(classifier.seen(&picture).map_err(|fault| fault.to_string())?);
        }
    }
    let labels = (0..count).map(|index| set.label(index) as u16).collect();
    Ok(SeenImages { shape, pixels, labels, class_names: set.class_names().to_vec() })
}
