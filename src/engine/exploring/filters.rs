//! The filters of the first layer (Zeiler and Fergus 2013, section 4.1 and figure 6).

use super::{Job, Reply, Step};
use crate::experiments::Classifier;
use crate::lens::first_filters;
use std::sync::Arc;

pub(super) struct Filtering;

impl Job for Filtering {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        Step::last(Reply::Filters(first_filters(classifier.network()).map(Arc::new)))
    }
}
