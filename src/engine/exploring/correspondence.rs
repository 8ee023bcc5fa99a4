//! Whether a network relates the same part of different images (Zeiler and Fergus 2013, section 4.3 and table 1).

use super::{Job, Reply, Step};
use crate::experiments::Classifier;
use crate::lens::{Correspondence, CorrespondenceSettings, Fill, LayerCorrespondence, MarkedImage, Region};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Random parts of each image, where there is room for the signs of so many.
const RANDOM_PARTS: usize = 20;
const FEWEST_RANDOM_PARTS: usize = 5;
const MOST_SIGNS: usize = 256 << 20;
const PERMUTATIONS: usize = 2_000;
/// Progress is shown this often.
const SHOW_EVERY: Duration = Duration::from_millis(150);

/// Images with the part marked on each, and the layers that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrespondenceQuestion {
    /// What the network sees, and the part.
    pub images: Vec<(Arc<[u8]>, Region)>,
    /// Indices of the cuts whose features are compared.
    pub cuts: Vec<usize>,
    pub fill: Fill,
}

/// What is known so far.
#[derive(Clone, Debug)]
pub struct CorrespondenceSeen {
    /// In the order of the cuts, from when all parts were hidden.
    pub layers: Vec<LayerCorrespondence>,
    /// Images, and random parts of each.
    pub images: usize,
    pub random_parts: usize,
    /// Parts that were hidden, and all of them.
    pub hidden: usize,
    pub parts: usize,
    pub is_done: bool,
}

pub(super) struct Corresponding {
    question: CorrespondenceQuestion,
    work: Option<Work>,
}

struct Work {
    correspondence: Correspondence,
    layers: Vec<LayerCorrespondence>,
    random_parts: usize,
    shown: Instant,
}

impl Corresponding {
    pub(super) fn new(question: CorrespondenceQuestion) -> Self {
        Self { question, work: None }
    }

    fn begin(&self, classifier: &Classifier) -> Result<Work, String> {
        let CorrespondenceQuestion { images, cuts, fill } = &self.question;
        let network = classifier.network();
        let units: usize = cuts.iter().filter_map(|&cut| network.cuts().get(cut)).map(|shape| shape.units()).sum();
        let room = MOST_SIGNS / (units * images.len()).max(1);
        let random_parts = room.saturating_sub(1).clamp(FEWEST_RANDOM_PARTS, RANDOM_PARTS);
        let marked = images.iter().map(|(seen, part)| {
            let image = classifier.images(&[seen]).into_data().try_into_vec().unwrap_or_default();
            MarkedImage { image, part: *part }
        });
        let settings = CorrespondenceSettings {
            cuts: cuts.clone(),
            fill: fill.values(&classifier.preparation().standardisation),
            random_parts,
            permutations: PERMUTATIONS,
            seed: 0,
        };
        let correspondence = Correspondence::new(network, marked.collect(), settings).map_err(|e| e.to_string())?;
        Ok(Work { correspondence, layers: Vec::new(), random_parts, shown: Instant::now() })
    }
}

impl Job for Corresponding {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let cuts = self.question.cuts.len();
        let Some(work) = &mut self.work else {
            return match self.begin(classifier) {
                Ok(work) => {
                    let reply = work.show(cuts);
                    self.work = Some(work);
                    Step { reply: Some(reply), more: true }
                }
                Err(reason) => Step::failed(&reason),
            };
        };
        let correspondence = &mut work.correspondence;
        if correspondence.hidden() < correspondence.parts() {
            correspondence.advance(classifier.network());
            let is_due = work.shown.elapsed() >= SHOW_EVERY;
            if is_due {
                work.shown = Instant::now();
            }
            return Step { reply: is_due.then(|| work.show(cuts)), more: true };
        }
        // The tests take their time: a layer a step.
        work.layers.extend(correspondence.layer_at(work.layers.len()));
        Step { reply: Some(work.show(cuts)), more: work.layers.len() < cuts }
    }
}

impl Work {
    fn show(&self, cuts: usize) -> Reply {
        let (hidden, parts) = (self.correspondence.hidden(), self.correspondence.parts());
        Reply::Correspondence(Arc::new(CorrespondenceSeen {
            layers: self.layers.clone(),
            images: self.correspondence.images(),
            random_parts: self.random_parts,
            hidden,
            parts,
            is_done: hidden == parts && self.layers.len() == cuts,
        }))
    }
}
