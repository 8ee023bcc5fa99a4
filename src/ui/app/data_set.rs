//! The data set that the settings name, opened to be looked at: on a thread of its own, with progress, until cancelled.

use super::background::{Progress as Poll, Task};
use crate::data::{DataError, Dataset, ImageOptions, Progress, Source, Split, Standardisation, named_with};
use egui::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// An open data set, and what was measured of it.
#[derive(Debug)]
pub struct DataLook {
    pub source: Source,
    /// Images by class: of the training set, then of the test set.
    pub counts: [Vec<usize>; 2],
    /// Mean and deviation by channel of all training images.
    pub standardisation: Standardisation,
    /// The mean of all training images, then of those of each class: `[channels, height, width]`. Black where a class has none.
    pub means: Vec<Vec<u8>>,
}

impl DataLook {
    fn new(source: Source) -> Self {
        let split = |set: &Arc<Dataset>| Split::all(Arc::clone(set));
        Self {
            counts: [split(&source.train).class_counts(), split(&source.test).class_counts()],
            standardisation: Standardisation::measure(&split(&source.train)),
            means: means(&source.train),
            source,
        }
    }

    pub fn set(&self, is_test: bool) -> &Arc<Dataset> {
        if is_test { &self.source.test } else { &self.source.train }
    }
}

/// One class at a time, so that there is one sum of an image and not one a class.
fn means(set: &Dataset) -> Vec<Vec<u8>> {
    let mut members = vec![Vec::new(); set.classes()];
    for image in 0..set.len() {
        members[set.label(image)].push(image);
    }
    let mean = |sums: &[u64], count: usize| -> Vec<u8> {
        let count = count.max(1) as u64;
        sums.iter().map(|sum| ((sum + count / 2) / count) as u8).collect()
    };
    let mut all = vec![0; set.shape().pixels()];
    let mut means = vec![Vec::new()];
    for images in members {
        let mut sums = vec![0; set.shape().pixels()];
        for &image in &images {
            sums.iter_mut().zip(set.image(image)).for_each(|(sum, &byte)| *sum += u64::from(byte));
        }
        all.iter_mut().zip(&sums).for_each(|(all, sum)| *all += sum);
        means.push(mean(&sums, images.len()));
    }
    means[0] = mean(&all, set.len());
    means
}

/// How far opening is, told by its threads; and whether it is still wanted.
#[derive(Debug, Default)]
pub struct Watch {
    files: AtomicUsize,
    of: AtomicUsize,
    cancelled: AtomicBool,
}

impl Watch {
    /// Files that are done, and all of them; none before the first is.
    pub fn files(&self) -> Option<(usize, usize)> {
        let of = self.of.load(Ordering::Relaxed);
        (of > 0).then(|| (self.files.load(Ordering::Relaxed), of))
    }
}

impl Progress for Watch {
    fn opened(&self, files: usize, of: usize) -> bool {
        self.files.fetch_max(files, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
        !self.cancelled.load(Ordering::Relaxed)
    }
}

/// What became of the data set.
#[derive(Debug, Default)]
pub enum DataState {
    /// Nobody has looked yet.
    #[default]
    Closed,
    Opening(Arc<Watch>),
    Open(Arc<DataLook>),
    Failed(String),
    Cancelled,
}

/// The data set in view. It follows the settings while somebody looks.
#[derive(Debug, Default)]
pub struct DataView {
    of: Option<(String, ImageOptions)>,
    task: Option<Task<Result<DataLook, DataError>>>,
    state: DataState,
}

impl DataView {
    pub fn state(&self) -> &DataState {
        &self.state
    }

    pub fn look(&self) -> Option<&Arc<DataLook>> {
        if let DataState::Open(look) = &self.state { Some(look) } else { None }
    }

    /// Opens the data set of this name unless it is open, or was tried; another one that is being opened is cancelled.
    pub fn follow(&mut self, ctx: &Context, name: &str, images: ImageOptions) {
        let is_same = |(own, options): &(String, ImageOptions)| own == name && *options == images;
        if !self.of.as_ref().is_some_and(is_same) {
            self.cancel();
            self.open(ctx, name.to_owned(), images);
        }
        let Some(task) = self.task.take() else { return };
        self.state = match task.poll() {
            Poll::Working => {
                self.task = Some(task);
                return;
            }
            Poll::Done(Ok(look)) => DataState::Open(Arc::new(look)),
            Poll::Done(Err(DataError::Cancelled { .. })) => DataState::Cancelled,
            Poll::Done(Err(error)) => DataState::Failed(error.to_string()),
            Poll::Lost => DataState::Failed("Opening the data set ended unexpectedly: the log may say why.".to_owned()),
        };
    }

    /// Ends the opening under way, if there is one.
    pub fn cancel(&mut self) {
        if let DataState::Opening(watch) = &self.state {
            watch.cancelled.store(true, Ordering::Relaxed);
            self.state = DataState::Cancelled;
            self.task = None;
        }
    }

    /// Opens it again the next time that somebody looks.
    pub fn retry(&mut self) {
        self.cancel();
        self.of = None;
    }

    fn open(&mut self, ctx: &Context, name: String, images: ImageOptions) {
        let watch = Arc::new(Watch::default());
        self.of = Some((name.clone(), images));
        self.state = DataState::Opening(Arc::clone(&watch));
        self.task = Some(Task::spawn(ctx, move || named_with(&name, &images, &*watch).map(DataLook::new)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;

    #[test]
    fn means_are_of_all_and_of_each_class() {
        let names = ["a", "b", "none"].map(str::to_owned).to_vec();
        let pixels = vec![10, 0, 20, 0, 90, 30];
        let set = Dataset::new("set", names, ImageShape::new(1, 1, 2), pixels, vec![0, 0, 1]).unwrap();
        assert_eq!(means(&set), [vec![40, 10], vec![15, 0], vec![90, 30], vec![0, 0]]);
    }

    #[test]
    fn who_is_cancelled_is_told_by_the_next_file() {
        let watch = Watch::default();
        assert_eq!(watch.files(), None);
        assert!(watch.opened(2, 5) && watch.opened(1, 5));
        assert_eq!(watch.files(), Some((2, 5)));
        let mut view = DataView { state: DataState::Opening(Arc::new(watch)), ..DataView::default() };
        let DataState::Opening(watch) = &view.state else { panic!("it is opening") };
        let watch = Arc::clone(watch);
        view.cancel();
        assert!(!watch.opened(3, 5));
        assert!(matches!(view.state(), DataState::Cancelled));
    }
}
