//! The images that activate each unit most (Zeiler and Fergus 2013, figure 2), found in one pass over a set of images.

use super::{Job, Reply, Step};
use crate::data::{Dataset, ImageOptions, ImageShape, Picture, Unwatched, named_with};
use crate::engine::TrainingState;
use crate::experiments::Classifier;
use crate::lens::{Examples, TopActivations, unit_cuts};
use burn::tensor::Device;
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

/// What sheets are asked for.
#[derive(Clone, Debug)]
pub struct SheetsQuestion {
    pub images: ImageSet,
    /// Of a network that learns: its state, in place of the network that is looked into. Such sheets take only their share of
    /// the time.
    pub state: Option<TrainingState>,
    /// Earlier sheets: their images are taken over where they are of the same set.
    pub known: Option<Arc<Sheets>>,
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
    pub set: ImageSet,
    pub images: Arc<SeenImages>,
    /// What they are of, where the network learns.
    pub state: Option<TrainingState>,
    /// Images that went through the network, of [`SeenImages::len`].
    pub done: usize,
    /// Time that was spent on them, and time that went by meanwhile.
    pub worked: Duration,
    pub took: Duration,
}

impl Sheets {
    /// Whether all images went through the network.
    pub fn is_whole(&self) -> bool {
        self.done >= self.images.len()
    }

    /// Share of the time that was spent on them, in 0 to 1.
    pub fn share(&self) -> f64 {
        self.worked.as_secs_f64() / self.took.as_secs_f64().max(self.worked.as_secs_f64()).max(1e-9)
    }
}

/// A pass in the making.
pub(super) struct Watching {
    question: SheetsQuestion,
    pass: Option<Pass>,
}

struct Pass {
    /// Of a state of its own.
    classifier: Option<Classifier>,
    top: TopActivations,
    images: Arc<SeenImages>,
    done: usize,
    shown: Instant,
    began: Instant,
    worked: Duration,
}

impl Watching {
    pub(super) fn new(question: SheetsQuestion) -> Self {
        Self { question, pass: None }
    }

    fn begin(&self, classifier: &Classifier) -> Result<Pass, String> {
        let began = Instant::now();
        let SheetsQuestion { images: set, state, known } = &self.question;
        let open = |state: &TrainingState| Classifier::of_checkpoint(&state.network, &Device::flex());
        let own = state.as_ref().map(open).transpose().map_err(|error| error.to_string())?;
        let classifier = own.as_ref().unwrap_or(classifier);
        let images = match known.as_ref().filter(|known| known.set == *set && known.images.shape == classifier.input())
        {
            Some(known) => Arc::clone(&known.images),
            None => Arc::new(gather(set, classifier)?),
        };
        let network = classifier.network();
        let classes = images.class_names.len().max(1);
        let top = TopActivations::new(network, &unit_cuts(network), ON_A_SHEET, classes);
        Ok(Pass { classifier: own, top, images, done: 0, shown: began, began, worked: began.elapsed() })
    }

    fn show(&mut self) -> Option<Reply> {
        let pass = self.pass.as_mut()?;
        pass.shown = Instant::now();
        Some(Reply::Sheets(Arc::new(Sheets {
            top: pass.top.clone(),
            set: self.question.images.clone(),
            images: Arc::clone(&pass.images),
            state: self.question.state.clone(),
            done: pass.done,
            worked: pass.worked,
            took: pass.began.elapsed(),
        })))
    }
}

impl Job for Watching {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let Some(pass) = &mut self.pass else {
            return match self.begin(classifier) {
                Ok(pass) => {
                    self.pass = Some(pass);
                    Step { reply: None, more: true }
                }
                Err(reason) => Step::failed(&reason),
            };
        };
        pass.advance(classifier, self.question.state.as_ref().map_or(0, |state| state.step));
        let more = pass.done < pass.images.len();
        let is_due = !more || pass.shown.elapsed() >= SHOW_EVERY;
        Step { reply: if is_due { self.show() } else { None }, more }
    }

    fn is_live(&self) -> bool {
        self.question.state.is_some() && self.pass.is_some()
    }
}

impl Pass {
    fn advance(&mut self, classifier: &Classifier, generation: u64) {
        let began = Instant::now();
        let classifier = self.classifier.as_ref().unwrap_or(classifier);
        let count = (BYTES_AT_ONCE / self.images.shape.pixels()).clamp(1, MOST_AT_ONCE);
        let numbers: Vec<u32> = (self.done..self.images.len().min(self.done + count)).map(|n| n as u32).collect();
        if numbers.is_empty() {
            return;
        }
        let seen: Vec<&[u8]> = numbers.iter().map(|&number| self.images.image(number)).collect();
        let labels: Vec<usize> = numbers.iter().map(|&number| self.images.label(number).unwrap_or(0)).collect();
        let examples = Examples { images: &numbers, labels: &labels, generation };
        self.top.observe_images(classifier.network(), classifier.images(&seen), examples);
        self.done += numbers.len();
        self.worked += began.elapsed();
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
