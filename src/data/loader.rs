//! Batches: which images, in which order, as which numbers; and a thread that prepares them ahead of time.

use std::fmt;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::random::{Purpose, shuffle, stream};
use super::{Augmentation, Change, DataError, ImageShape, Split, Standardisation};

/// How many batches are prepared ahead.
const DEPTH: usize = 4;

/// One batch, ready for the network: plain data.
#[derive(Clone, PartialEq, Debug)]
pub struct Batch {
    /// `[n, channels, height, width]`, standardised.
    pub images: Vec<f32>,
    /// `[n]`, the class of each image.
    pub labels: Vec<usize>,
    /// `[n]`, the position of each image in the dataset (not in the split).
    pub indices: Vec<u32>,
    /// The shape of each image.
    pub shape: ImageShape,
}

impl Batch {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image. No plan makes such a batch.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The numbers of the `i`th image, `[channels, height, width]`.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`].
    pub fn image(&self, i: usize) -> &[f32] {
        let size = self.shape.pixels();
        &self.images[i * size..(i + 1) * size]
    }

    fn empty(shape: ImageShape) -> Self {
        Self { images: Vec::new(), labels: Vec::new(), indices: Vec::new(), shape }
    }
}

/// The order in which epoch `epoch` visits `len` images: each once. A pure function of its arguments (`ChaCha8`,
/// Fisher-Yates).
pub fn epoch_order(len: usize, seed: u64, epoch: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..len as u32).collect();
    shuffle(&mut order, &mut stream(seed, Purpose::Shuffle, epoch, 0));
    order
}

/// How a split becomes batches.
///
/// The batch at (epoch, index) is a pure function of this plan: this is what makes resuming exact.
#[derive(Clone, Debug)]
pub struct BatchPlan {
    /// The images; at least one.
    pub split: Split,
    /// How bytes become numbers.
    pub standardisation: Standardisation,
    /// How images are changed on the way.
    pub augmentation: Augmentation,
    /// Images a batch, at least 1. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Decides the order and the changes.
    pub seed: u64,
}

impl BatchPlan {
    /// Checks what the rest of this type takes for granted.
    ///
    /// # Errors
    /// If the split is empty, a batch holds nothing, or augmentation or standardisation do not fit the images.
    pub fn validate(&self) -> Result<(), DataError> {
        if self.split.is_empty() {
            let name = self.split.dataset.name().to_owned();
            return Err(DataError::NothingLeft { name, choice: "images" });
        }
        if self.batch_size == 0 {
            return Err(DataError::BatchSize);
        }
        self.augmentation.validate(self.split.shape())?;
        self.standardisation.validate(self.split.shape().channels)
    }

    /// How many batches an epoch has, counting a smaller last one.
    pub fn batches_per_epoch(&self) -> usize {
        self.split.len().div_ceil(self.batch_size)
    }

    /// Batch `index` of `epoch`, where `order` is the [`epoch_order`] of the split's length, this seed and that epoch.
    ///
    /// # Panics
    /// If `index` is not below [`Self::batches_per_epoch`], or `order` is not of the split's length.
    pub fn batch(&self, epoch: usize, index: usize, order: &[u32]) -> Batch {
        let mut batch = Batch::empty(self.split.shape());
        self.fill(&mut batch, epoch, self.positions(index), order);
        batch
    }

    /// Every image once, in the split's order and unchanged: for evaluation.
    pub fn sequential(&self) -> impl Iterator<Item = Batch> {
        (0..).map_while(|index| self.sequential_batch(index))
    }

    /// Batch `index` of [`Self::sequential`], or none after the last.
    pub fn sequential_batch(&self, index: usize) -> Option<Batch> {
        if index >= self.batches_per_epoch() {
            return None;
        }
        let mut batch = Batch::empty(self.split.shape());
        self.prepare(&mut batch, self.positions(index), |_| None);
        Some(batch)
    }

    /// Writes the images at `places` of `epoch`'s order over `batch`, whose memory is used again.
    fn fill(&self, batch: &mut Batch, epoch: usize, places: Range<usize>, order: &[u32]) {
        assert_eq!(order.len(), self.split.len(), "an order of all the split's images");
        let changes = !self.augmentation.is_none();
        let chosen = order[places.clone()].iter().map(|&position| position as usize);
        self.prepare(batch, chosen, |i| changes.then(|| self.augmentation.draw(self.seed, epoch, places.start + i)));
    }

    /// Where batch `index` lies in an epoch: never an empty range.
    fn positions(&self, index: usize) -> Range<usize> {
        assert!(index < self.batches_per_epoch(), "there is no batch {index} in an epoch");
        self.positions_from(index * self.batch_size)
    }

    /// The batch that begins at place `start` of an epoch; the epoch's end cuts it short.
    fn positions_from(&self, start: usize) -> Range<usize> {
        start..start + self.batch_size.min(self.split.len() - start)
    }

    /// Writes the images at `positions` of the split over `batch`; `change` says what happens to the `i`th of them.
    fn prepare(
        &self,
        batch: &mut Batch,
        positions: impl ExactSizeIterator<Item = usize>,
        change: impl Fn(usize) -> Option<Change>,
    ) {
        let shape = self.split.shape();
        batch.shape = shape;
        batch.labels.clear();
        batch.indices.clear();
        batch.images.resize(positions.len() * shape.pixels(), 0.0);
        let mut changed = vec![0; shape.pixels()];
        for (i, (position, out)) in positions.zip(batch.images.chunks_exact_mut(shape.pixels())).enumerate() {
            let mut image = self.split.image(position);
            if let Some(change) = change(i) {
                change.apply(shape, image, &mut changed);
                image = &changed;
            }
            self.standardisation.apply(shape, image, out);
            batch.labels.push(self.split.label(position));
            batch.indices.push(self.split.indices[position]);
        }
    }
}

/// A batch and its place in the training.
#[derive(Clone, PartialEq, Debug)]
pub struct Prepared {
    /// From 0.
    pub epoch: usize,
    /// The number of the batch within its epoch, from 0, as if all before it had been of this size.
    pub index: usize,
    /// What [`BatchPlan::batch`] gives for this place.
    pub batch: Batch,
}

/// Prepares batches on its own thread, four ahead, while the network learns from earlier ones.
///
/// Dropping it ends the thread, after the batch that the thread is at.
pub struct Loader {
    // Both are there until the loader is dropped.
    prepared: Option<Receiver<Prepared>>,
    thread: Option<JoinHandle<()>>,
    spent: SyncSender<Batch>,
}

impl Loader {
    /// Starts preparing at batch `index` of `epoch`. An `index` past the end of the epoch counts on into later ones, so
    /// "the batch after the last" needs no special care.
    ///
    /// # Panics
    /// If the plan is not valid (see [`BatchPlan::validate`]), or the system has no thread to give.
    pub fn start(plan: BatchPlan, epoch: usize, index: usize) -> Self {
        let batches = plan.split.len().div_ceil(plan.batch_size.max(1)).max(1);
        let image = (index % batches) * plan.batch_size;
        Self::start_from(plan, epoch + index / batches, image)
    }

    /// Starts preparing at place `image` of `epoch`'s order: where a batch of another size ended.
    ///
    /// # Panics
    /// As [`start`](Self::start), and if the epoch has no such place.
    pub fn start_from(plan: BatchPlan, epoch: usize, image: usize) -> Self {
        if let Err(error) = plan.validate() {
            panic!("a loader needs a valid plan: {error}");
        }
        assert!(image < plan.split.len(), "an epoch has no place {image}");
        let (prepared_in, prepared) = sync_channel(DEPTH);
        let (spent, spent_out) = sync_channel(DEPTH);
        let thread = thread::Builder::new()
            .name("glassbox-loader".to_owned())
            .spawn(move || prepare_all(&plan, (epoch, image), &prepared_in, &spent_out))
            .expect("the system gives a thread");
        Self { prepared: Some(prepared), thread: Some(thread), spent }
    }

    /// The next batch; waits for it if it is not ready. There is always one: an epoch is followed by the next.
    ///
    /// # Panics
    /// If the thread panicked: with its message.
    #[expect(clippy::should_implement_trait, reason = "batches never end, so there is no `None` to handle")]
    pub fn next(&mut self) -> Prepared {
        if let Some(prepared) = self.prepared.as_ref().and_then(|prepared| prepared.recv().ok()) {
            return prepared;
        }
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => resume_unwind(panic),
            _ => unreachable!("the thread ends only when the loader is dropped, or by a panic"),
        }
    }

    /// Gives a batch back, so that its memory can be used again. Not necessary.
    pub fn recycle(&self, batch: Batch) {
        // If enough are waiting already, this one is simply freed.
        let _ = self.spent.try_send(batch);
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // First the receiver: a thread that waits to send is woken by that, and ends.
        self.prepared = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread matters only to one who asks for batches.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").finish_non_exhaustive()
    }
}

/// Prepares batches, from `first` (epoch, place in its order) on, until no one receives them.
fn prepare_all(plan: &BatchPlan, first: (usize, usize), prepared: &SyncSender<Prepared>, spent: &Receiver<Batch>) {
    let mut start = first.1;
    for epoch in first.0.. {
        let order = epoch_order(plan.split.len(), plan.seed, epoch);
        while start < plan.split.len() {
            let mut batch = spent.try_recv().unwrap_or_else(|_| Batch::empty(plan.split.shape()));
            let places = plan.positions_from(start);
            let (index, end) = (start / plan.batch_size, places.end);
            plan.fill(&mut batch, epoch, places, &order);
            if prepared.send(Prepared { epoch, index, batch }).is_err() {
                return;
            }
            start = end;
        }
        start = 0;
    }
}
