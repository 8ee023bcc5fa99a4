//! One training step.

use super::fault::{FaultReport, fault_report};
use super::health::{LayerHealth, layer_health};
use super::histogram::{LayerHistogram, histograms};
use super::objective::{Goal, Objective, Terms};
use super::optimiser::{Optimiser, OptimiserSettings};
use crate::data::Batch;
use crate::nets::{CheckpointError, Mode, NamedArray, Network, layers::Wanted, most_likely};
use burn::tensor::{Device, Tensor, TensorData};
use std::time::{Duration, Instant};

/// A network, its optimiser, and how far they are.
pub struct Trainer {
    network: Network,
    optimiser: Optimiser,
    seed: u64,
    step: u64,
}

/// What a step is to show beside its loss; the rest is neither read nor computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    pub health: bool,
    pub histograms: bool,
}

/// What one step showed.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// Mean loss of the batch before the update: for hard labels the cross-entropy, in nats.
    pub loss: f64,
    /// What it is the sum of.
    pub terms: Terms,
    /// Share of the batch that was classified rightly before the update.
    pub accuracy: f64,
    /// Norm of the gradient over all parameters, before clipping; zero on a GPU unless clipping or health was asked for.
    pub gradient_norm: f64,
    /// Only when asked for.
    pub health: Vec<LayerHealth>,
    /// Only when asked for; all of the same forward and backward pass, so of the weights before the update.
    pub histograms: Vec<LayerHistogram>,
    /// Time spent on the histograms.
    pub histogram_time: Duration,
}

impl Trainer {
    /// `on_host`: the device is the processor. `seed` decides the noise of dropout.
    pub fn new(network: Network, settings: &OptimiserSettings, seed: u64, on_host: bool) -> Self {
        let optimiser = Optimiser::new(settings.kind, &network, on_host);
        Self { network, optimiser, seed, step: 0 }
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Gives the network these parameters and buffers; the optimiser stays as it is.
    ///
    /// # Errors
    /// When an array is missing or has another shape; then nothing is changed.
    pub fn load_network(&mut self, arrays: &[NamedArray]) -> Result<(), CheckpointError> {
        self.network.load_arrays(arrays)
    }

    /// Counts these steps as taken.
    pub fn skip_to(&mut self, step: u64) {
        self.step = step;
    }

    /// There will be no further step: lets go of the optimiser's memory, which is larger than the network.
    pub fn rest(&mut self) {
        self.optimiser.forget();
    }

    /// From the next step on; see [`Network::set_dropout`].
    pub fn set_dropout(&mut self, probability: Option<f64>) {
        self.network.set_dropout(probability);
    }

    /// A copy that shares nothing with this one: network, optimiser and step.
    #[must_use]
    pub fn twin(&self, settings: &OptimiserSettings) -> Self {
        let architecture = self.network.architecture().clone();
        let mut network =
            Network::new(architecture, self.seed, self.network.device()).expect("it was built of this before");
        network.set_dropout(self.network.dropout());
        let mut twin = Self::new(network, settings, self.seed, self.optimiser.on_host());
        twin.load_arrays(&self.to_arrays(), self.step).expect("they are of this network");
        twin
    }

    /// Forward, backward, update. With a fault, nothing was updated (on a GPU, whose values are read only after the
    /// update, the weights may have been).
    ///
    /// # Errors
    /// When the loss or a gradient is not finite.
    pub fn step(
        &mut self,
        batch: &Batch,
        goal: &Goal<'_>,
        settings: &OptimiserSettings,
        learning_rate: f64,
        watch: Watch,
    ) -> Result<StepReport, Box<FaultReport>> {
        let mode = Mode::Train { seed: self.seed, step: self.step, layer: 0 };
        let images = images_tensor(batch, self.network.device());
        let trace = self.network.trace(images, 0..self.network.top(), mode);
        let logits = trace.output().clone();
        let classes = logits.dims()[1];
        let gradient = Objective::new(goal, &batch.labels, classes, &logits).gradient(&logits);
        let wanted = Wanted { input: false, parameters: true };
        let mut gradients = self.network.backward(&trace, gradient, wanted).parameters;

        let on_host = self.optimiser.on_host();
        let read_norms = on_host || settings.clip_norm > 0.0 || watch.health;
        let norms = if read_norms { self.optimiser.gradient_norms(&mut gradients) } else { Vec::new() };
        // On a GPU the loss is read after the update, which would else wait for it.
        let early = on_host.then(|| score(&logits, &batch.labels, goal));
        if norms.iter().any(|norm| !norm.is_finite()) || early.is_some_and(|(terms, _)| !terms.sum().is_finite()) {
            return Err(Box::new(fault_report(&self.network, &trace, &gradients, &norms, self.step, false)));
        }
        let began = Instant::now();
        let histograms = if watch.histograms { histograms(&self.network, &trace, &gradients) } else { Vec::new() };
        let histogram_time = if watch.histograms { began.elapsed() } else { Duration::ZERO };
        self.network.keep_statistics(&trace);
        let evidence = if on_host { Vec::new() } else { gradients.clone() };
        let parameter_norms =
            self.optimiser.update(&mut self.network, gradients, &norms, settings, learning_rate, watch.health);

        let (terms, accuracy) = early.unwrap_or_else(|| score(&logits, &batch.labels, goal));
        let loss = terms.sum();
        if !loss.is_finite() {
            return Err(Box::new(fault_report(&self.network, &trace, &evidence, &norms, self.step, true)));
        }
        self.step += 1;
        let health = if watch.health { layer_health(&self.network, &trace, &parameter_norms) } else { Vec::new() };
        let gradient_norm = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
        Ok(StepReport { loss, terms, accuracy, gradient_norm, health, histograms, histogram_time })
    }

    /// Parameters, buffers and moments.
    pub fn to_arrays(&self) -> Vec<NamedArray> {
        let mut arrays = self.network.to_arrays();
        arrays.extend(self.optimiser.to_arrays(&self.network));
        arrays
    }

    /// Goes back to what [`to_arrays`](Self::to_arrays) gave after `step` steps.
    ///
    /// # Errors
    /// When an array is missing or has another shape.
    pub fn load_arrays(&mut self, arrays: &[NamedArray], step: u64) -> Result<(), CheckpointError> {
        self.network.load_arrays(arrays)?;
        self.optimiser.load_arrays(&self.network, arrays, step)?;
        self.step = step;
        Ok(())
    }
}

/// A batch's images on a device, `[batch, channels, height, width]`.
pub fn images_tensor(batch: &Batch, device: &Device) -> Tensor<4> {
    let shape = batch.shape;
    let dims = [batch.len(), shape.channels, shape.height, shape.width];
    Tensor::from_data(TensorData::new(batch.images.clone(), dims), device)
}

/// Mean loss, term by term, and accuracy.
fn score(logits: &Tensor<4>, labels: &[usize], goal: &Goal<'_>) -> (Terms, f64) {
    let [_, classes, _, _] = logits.dims();
    let values: Vec<f32> = logits.to_data().try_into_vec().expect("logits are 32-bit floats");
    let batch = labels.len() as f64;
    let (mut sum, mut right) = (Terms::default(), 0);
    for (index, (row, &label)) in values.chunks_exact(classes).zip(labels).enumerate() {
        let teacher = goal.teacher.get(index * classes..(index + 1) * classes).unwrap_or_default();
        let terms = goal.loss.terms(row, teacher, goal.labelled.then_some(label));
        sum = Terms { soft: sum.soft + terms.soft, hard: sum.hard + terms.hard };
        right += usize::from(most_likely(row) == label);
    }
    (Terms { soft: sum.soft / batch, hard: sum.hard / batch }, right as f64 / batch)
}
