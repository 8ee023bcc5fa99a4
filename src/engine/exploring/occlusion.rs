//! What a network makes of a picture while a square hides a part of it (Zeiler and Fergus 2013, figure 7).

use super::{Job, Reply, Step};
use crate::experiments::Classifier;
use crate::lens::{Fill, Occlusion, OcclusionMap, OcclusionSettings};
use std::sync::Arc;

/// Bytes of images that go through the network at once.
const BYTES_AT_ONCE: usize = 640 << 10;

/// The picture, the square, and what is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct OcclusionQuestion {
    pub seen: Arc<[u8]>,
    /// Side of the square and distance between its places, in pixels.
    pub side: usize,
    pub stride: usize,
    pub fill: Fill,
    /// Index of the cut where the feature map is watched, not inside a block.
    pub cut: usize,
    /// The feature map; the strongest where there is none.
    pub unit: Option<usize>,
    /// The class whose probability is watched.
    pub class: usize,
}

/// The maps, as far as they are known.
#[derive(Clone, Debug)]
pub struct OcclusionSeen {
    pub map: OcclusionMap,
    /// Places that are done, and all of them.
    pub done: usize,
    pub total: usize,
}

pub(super) struct Occluding {
    question: OcclusionQuestion,
    occlusion: Option<Occlusion>,
}

impl Occluding {
    pub(super) fn new(question: OcclusionQuestion) -> Self {
        Self { question, occlusion: None }
    }

    fn begin(&self, classifier: &Classifier) -> Result<Occlusion, String> {
        let OcclusionQuestion { seen, side, stride, fill, cut, unit, class } = &self.question;
        let image = classifier.images(&[seen]).into_data().try_into_vec().unwrap_or_default();
        let fill = fill.values(&classifier.preparation().standardisation);
        let settings = OcclusionSettings { side: *side, stride: *stride, fill, cut: *cut, unit: *unit, truth: *class };
        Occlusion::new(classifier.network(), image, settings).map_err(|error| error.to_string())
    }
}

impl Job for Occluding {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let Some(occlusion) = &mut self.occlusion else {
            return match self.begin(classifier) {
                Ok(occlusion) => {
                    let reply = shown(&occlusion);
                    self.occlusion = Some(occlusion);
                    Step { reply: Some(reply), more: true }
                }
                Err(reason) => Step::failed(&reason),
            };
        };
        let places = (BYTES_AT_ONCE / classifier.input().pixels().max(1)).clamp(1, 64);
        let more = occlusion.advance(classifier.network(), places);
        Step { reply: Some(shown(occlusion)), more }
    }
}

fn shown(occlusion: &Occlusion) -> Reply {
    let (map, done, total) = (occlusion.map().clone(), occlusion.done(), occlusion.total());
    Reply::Occlusion(Arc::new(OcclusionSeen { map, done, total }))
}
