//! From what a run reports to curves on screen and rows in its folder.

use super::folder::RunFolder;
use super::message::{HistogramLook, Point, RunId};
use crate::experiments::Observer;
use crate::train::{Diagnosis, Evaluation, Hint, LayerHealth, LayerHistogram};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Points on their way to whoever draws them. They wait here without limit, because a curve keeps all its points.
pub(super) type PointBox = Arc<Mutex<Vec<Point>>>;

/// Histograms on their way. Whoever keeps them thins them out; here they wait until they are fetched.
pub(super) type HistogramBox = Arc<Mutex<Vec<HistogramLook>>>;

/// Where a run puts what it reports, for whoever fetches it.
#[derive(Clone, Default)]
pub(super) struct Outbox {
    pub(super) points: PointBox,
    pub(super) histograms: HistogramBox,
}

/// Takes out all there is.
pub(super) fn empty_box<T>(outbox: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *outbox.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What the last look at a run showed.
#[derive(Default)]
pub(super) struct Latest {
    pub(super) health: Arc<Vec<LayerHealth>>,
    pub(super) histogram_looks: u64,
    pub(super) diagnosis: Diagnosis,
    /// Of the diagnosis, as they were last told.
    pub(super) hints: Arc<Vec<Hint>>,
    pub(super) validation: Option<Arc<Evaluation>>,
    pub(super) test: Option<Arc<Evaluation>>,
}

/// A hint that came up, or went away.
pub(super) enum HintNews {
    Found(Hint),
    Gone(Hint),
}

impl Latest {
    /// What changed among the hints since the last call.
    pub(super) fn hint_news(&mut self) -> Vec<HintNews> {
        let now = self.diagnosis.hints();
        if now == self.hints.as_slice() {
            return Vec::new();
        }
        let is_in = |hints: &[Hint], hint: &Hint| {
            hints.iter().any(|other| (other.kind, &other.layer) == (hint.kind, &hint.layer))
        };
        let found = now.iter().filter(|hint| !is_in(&self.hints, hint)).cloned().map(HintNews::Found);
        let gone = self.hints.iter().filter(|hint| !is_in(now, hint)).cloned().map(HintNews::Gone);
        let news = found.chain(gone).collect();
        self.hints = Arc::new(now.to_vec());
        news
    }
}

/// The engine's observer.
pub(super) struct Watcher<'a> {
    pub(super) run: RunId,
    pub(super) out: &'a Outbox,
    pub(super) folder: &'a mut RunFolder,
    pub(super) latest: &'a mut Latest,
    pub(super) names: &'a mut SeriesNames,
    pub(super) seconds: f64,
}

/// Each series name once, however many points it has.
#[derive(Default)]
pub(super) struct SeriesNames(HashMap<String, Arc<str>>);

impl SeriesNames {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = Arc::from(name);
        self.0.insert(name.to_owned(), Arc::clone(&shared));
        shared
    }
}

impl Observer for Watcher<'_> {
    fn metric(&mut self, series: &str, step: u64, epoch: f64, value: f64) {
        self.folder.metric(step, epoch, series, value);
        if series == "train/loss" {
            self.latest.diagnosis.loss(value);
        }
        let point = Point { run: self.run, series: self.names.get(series), step, epoch, seconds: self.seconds, value };
        self.out.points.lock().unwrap_or_else(PoisonError::into_inner).push(point);
    }

    fn health(&mut self, step: u64, layers: &[LayerHealth]) {
        self.latest.diagnosis.look(step, layers);
        self.latest.health = Arc::new(layers.to_vec());
    }

    fn histograms(&mut self, step: u64, epoch: f64, layers: &[LayerHistogram]) {
        self.folder.histograms(step, epoch, layers);
        let look = HistogramLook { run: self.run, step, epoch, layers: layers.to_vec() };
        self.out.histograms.lock().unwrap_or_else(PoisonError::into_inner).push(look);
        self.latest.histogram_looks += 1;
    }

    fn evaluation(&mut self, split: &str, step: u64, evaluation: &Evaluation) {
        if split == "validation" {
            self.latest.diagnosis.validated(step, evaluation.loss);
        }
        let evaluation = Some(Arc::new(evaluation.clone()));
        if split == "test" {
            self.latest.test = evaluation;
        } else {
            self.latest.validation = evaluation;
        }
    }
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}
