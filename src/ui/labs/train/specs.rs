//! The name of each setting and what it does, in the field's terms.

/// A setting as a person meets it.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// As [`Config::with`](crate::experiments::Config::with) takes it; `device` is beside it.
    pub key: &'static str,
    pub name: &'static str,
    pub tooltip: &'static str,
}

macro_rules! specs {
    ($($constant:ident: $key:literal, $name:literal, $tooltip:literal;)*) => {
        $(pub(super) const $constant: Spec = Spec { key: $key, name: $name, tooltip: $tooltip };)*

        /// Of all settings, in the order of the form.
        pub const ALL: &[Spec] = &[$($constant),*];
    };
}

specs! {
    NETWORK: "network", "Network", "A preset, or the path of an architecture as TOML";
    ARCHITECTURE: "architecture", "Edited network", "Layers that were edited in the pane Architecture; they take the place of \
        the network that is named";
    DEVICE: "device", "Device", "Where the network learns. Automatic takes a GPU if there is one, else the processor; \
        a processor pretending to be a GPU is never taken unasked.";
    SOURCE: "data.source", "Data set", "MNIST is inside; or a path: a folder with a folder of \
        images for each class, the same in a .zip, an .npz, the batches of CIFAR, or IDX files; or scenes, with what differs \
        from the usual as in scenes:of=cifar10,objects=1-3 (the pane Data sets it)";
    IMAGES: "data.images", "Image size", "How images of any size in a folder or an archive become images of one shape: \
        automatic (the size of most, or 64x64 if they differ), or some of: a size such as 32x32; crop, stretch or pad; \
        grey or colour. Of scenes: the size of the canvas";
    TRAIN: "data.train", "Training images", "How many images to learn from, in all classes alike: all, a number, or a \
        share such as 0.1 or 10%";
    VALIDATION: "data.validation", "Held out", "How many training images to hold out for validation; every choice is \
        made on these, and the test images are looked at once";
    CLASSES: "data.classes", "Classes", "Which classes to learn: all, some (0, 3-5), or all but some (all but 9)";
    JITTER: "data.augmentation.jitter", "Jitter", "Moves each training image by up to this many pixels each way, anew \
        in every epoch";
    CROP: "data.augmentation.crop", "Crop", "Pads by this many pixels, then crops back to size at a random place, as is \
        usual for CIFAR";
    FLIP: "data.augmentation.flip", "Flip", "Mirrors half of the images left and right; not for digits";
    STANDARDISE: "data.standardise", "Standardise", "Subtract the mean and divide by the standard deviation of the \
        training images";
    EPOCHS: "epochs", "Epochs", "Passes over the training images";
    BATCH_SIZE: "batch_size", "Batch size", "Images in one step; the update follows their mean gradient. A change holds \
        from the next step on: the epoch goes on with the images it has not shown yet.";
    SEED: "seed", "Seed", "Decides the first weights, the order of images, their jitter, and dropout";
    OPTIMISER: "optimiser.kind", "Optimiser", "SGD with momentum; Adam (Kingma, Ba 2015, arXiv 1412.6980); AdamW with \
        decoupled weight decay (Loshchilov, Hutter 2019, arXiv 1711.05101)";
    LEARNING_RATE: "optimiser.learning_rate", "Learning rate", "Length of a step along the gradient, before the \
        schedule. Can be changed while the run goes on.";
    MOMENTUM: "optimiser.momentum", "Momentum", "Share of the last update that is kept (Polyak 1964)";
    NESTEROV: "optimiser.nesterov", "Nesterov", "Take the gradient where the momentum will lead (Sutskever et al. 2013)";
    BETA1: "optimiser.beta1", "Beta 1", "Decay of the running mean of gradients";
    BETA2: "optimiser.beta2", "Beta 2", "Decay of the running mean of squared gradients";
    EPSILON: "optimiser.epsilon", "Epsilon", "Added to the root of the mean of squares, so that nothing is divided by \
        zero";
    SCHEDULE: "schedule.kind", "Schedule", "How the learning rate falls over the run: not at all, in steps, along half \
        a cosine (Loshchilov, Hutter 2017, arXiv 1608.03983), or by a factor every epoch";
    WARMUP: "schedule.warmup_steps", "Warm-up", "Steps over which the rate rises from nearly nothing";
    STEP_EPOCHS: "schedule.step_epochs", "Every", "Epochs between two reductions";
    DECAY: "schedule.decay", "Factor", "What the rate is multiplied by at each reduction, or in each epoch";
    FLOOR: "schedule.floor", "Floor", "Where the cosine ends, as a share of the learning rate";
    WEIGHT_DECAY: "optimiser.weight_decay", "Weight decay", "Pulls weights towards zero: an L2 penalty, in AdamW \
        decoupled from the gradient. Biases are left alone.";
    CLIP_NORM: "optimiser.clip_norm", "Clip norm", "Largest norm of the whole gradient (Pascanu et al. 2013); 0 is off";
    MAX_NORM: "optimiser.max_norm", "Max norm", "Largest norm of the weights that lead into one unit (Hinton et al. \
        2012, arXiv 1207.0580); 0 is off";
    FILTER_RMS: "optimiser.filter_rms", "Filter RMS", "Filters of convolutions whose weights have a larger root mean square \
        are scaled back to it after each step (Zeiler, Fergus 2013, arXiv 1311.2901, section 3: 0.1); 0 is off";
    DROPOUT: "dropout", "Dropout", "Share of units that every dropout layer silences in training (Srivastava et al. \
        2014): architecture (each layer its own), or one number for all, such as 0.5. Networks without such layers \
        ignore it.";
    STOP_ACCURACY: "stop.validation_accuracy_above", "Accuracy above", "Pause after the epoch whose accuracy on the images \
        held out reaches this share, such as 0.98; 0 is off";
    STOP_LOSS: "stop.train_loss_below", "Loss below", "Pause after the epoch whose mean training loss is below this, \
        in nats; 0 is off";
    STOP_PATIENCE: "stop.patience_epochs", "Patience", "Pause after so many epochs without a better loss on the images \
        held out (early stopping, Prechelt 1998); 0 is off. A run folder keeps the best network beside the last.";
    STOP_MINUTES: "stop.after_minutes", "Minutes", "Pause after so many minutes of training, pauses left out; 0 is off. \
        By the clock, so the same seed may stop at another step.";
    HEALTH_EVERY: "monitor.health_every", "Look every", "Steps between two looks at gradient norms, update ratios and \
        dead units of all layers; 0 is never";
    HISTOGRAMS_EVERY: "monitor.histograms_every", "Histograms every", "Steps between two looks at the distribution of \
        weights, gradients and activations of all layers; 0 is never. The pane of histograms shows what they cost.";
    STATES_AT: "monitor.states_at", "Keep states after", "Epochs, or parts of one, after which the network is kept as it is, \
        beside how it begins and ends: the Features lab shows a unit through them as a film (Zeiler, Fergus 2013, figure 4). \
        They lie in the run's folder, each as large as the network; none keeps the start and the end alone";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::{Config, TrainConfig};

    #[test]
    fn every_setting_of_a_run_can_be_set_in_the_window() {
        let shown: Vec<&str> = ALL.iter().map(|spec| spec.key).collect();
        let missing: Vec<String> =
            TrainConfig::default().keys().into_iter().filter(|key| !shown.contains(&key.as_str())).collect();
        assert!(missing.is_empty(), "no control for {missing:?}");
    }
}
