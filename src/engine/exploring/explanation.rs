//! How a unit is carried back, a layer a step (Zeiler and Fergus 2013, section 2.1).

use super::{Job, Reply, SeenImage, Step};
use crate::experiments::Classifier;
use crate::lens::{Place, Target, explain};
use crate::nets::{Cut, Rule};
use std::sync::Arc;

/// One unit for one image.
#[derive(Clone, Debug)]
pub struct ExplanationQuestion {
    pub image: SeenImage,
    pub cut: Cut,
    pub unit: usize,
    pub place: Place,
    pub rule: Rule,
}

pub(super) struct Explaining {
    pub(super) question: ExplanationQuestion,
}

impl Job for Explaining {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        let ExplanationQuestion { image, cut, unit, place, rule } = &self.question;
        if image.bytes().is_empty() {
            return Step::failed(&"there is no such image");
        }
        let target = Target { image: 0, unit: *unit, place: *place };
        match explain(classifier.network(), &classifier.images(&[image.bytes()]), *cut, target, *rule) {
            Ok(explanation) => Step::last(Reply::Explanation(Arc::new(explanation))),
            Err(error) => Step::failed(&error),
        }
    }
}
