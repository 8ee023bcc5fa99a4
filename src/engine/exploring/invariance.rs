//! How features and the prediction change as a picture is moved, scaled or turned (Zeiler and Fergus 2013, figure 5).

use super::{Job, Reply, Step};
use crate::experiments::Classifier;
use crate::lens::{Fill, Invariance, InvarianceCurves, InvarianceSettings, Transformation};
use std::sync::Arc;

/// Bytes of images that go through the network at once.
const BYTES_AT_ONCE: usize = 640 << 10;

/// The picture, how it is changed, and what is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct InvarianceQuestion {
    pub seen: Arc<[u8]>,
    pub transformation: Transformation,
    pub amounts: Vec<f32>,
    /// Indices of the cuts whose features are compared.
    pub cuts: Vec<usize>,
    /// The class whose probability is watched.
    pub class: usize,
}

/// The curves, as far as they are known.
#[derive(Clone, Debug)]
pub struct InvarianceSeen {
    pub amounts: Vec<f32>,
    pub curves: InvarianceCurves,
}

pub(super) struct Transforming {
    question: InvarianceQuestion,
    invariance: Option<Invariance>,
}

impl Transforming {
    pub(super) fn new(question: InvarianceQuestion) -> Self {
        Self { question, invariance: None }
    }

    fn begin(&self, classifier: &Classifier) -> Result<Invariance, String> {
        let InvarianceQuestion { seen, transformation, amounts, cuts, class } = &self.question;
        let image = classifier.images(&[seen]).into_data().try_into_vec().unwrap_or_default();
        let fill = Fill::Grey(0.0).values(&classifier.preparation().standardisation);
        let settings = InvarianceSettings {
            transformation: *transformation,
            amounts: amounts.clone(),
            cuts: cuts.clone(),
            fill,
            truth: *class,
        };
        Invariance::new(classifier.network(), image, settings).map_err(|error| error.to_string())
    }
}

impl Job for Transforming {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let Some(invariance) = &mut self.invariance else {
            return match self.begin(classifier) {
                Ok(invariance) => {
                    self.invariance = Some(invariance);
                    Step { reply: None, more: true }
                }
                Err(reason) => Step::failed(&reason),
            };
        };
        let images = (BYTES_AT_ONCE / classifier.input().pixels().max(1)).clamp(1, 32);
        let more = invariance.advance(classifier.network(), images);
        let seen = InvarianceSeen { amounts: self.question.amounts.clone(), curves: invariance.curves().clone() };
        Step { reply: Some(Reply::Invariance(Arc::new(seen))), more }
    }
}
