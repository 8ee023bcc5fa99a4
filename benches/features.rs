//! What looking for features costs: `cargo bench --bench features`.
//!
//! On `convnet-cifar` with its first weights and images of noise, whose values make no difference to the time. One pass
//! over 10,000 images for the top nine of all layers against the same images classified, in turn; what looking at one
//! training step's trace adds to it; what keeping the sheets of a run up to date with their usual share of the time adds; an occlusion map of 32 x 32 pixels at stride 2; and one operation on cached
//! activations.

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::data::{Batch, ImageShape, Picture};
use glassbox::engine::{Explorer, ImageSet, Question, Reply, SheetsQuestion, Subject, TrainingState};
use glassbox::experiments::Classifier;
use glassbox::lens::{
    CachedActivations, Change, Examples, OcclusionSettings, Surgery, TopActivations, occlude, unit_cuts,
};
use glassbox::nets::{Mode, Network, preset};
use glassbox::train::{Goal, OptimiserSettings, Trainer, Watch};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use std::time::Instant;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const BATCH: usize = 125;
const CLASSES: usize = 10;
/// Numbers of one image.
const IMAGE: usize = 3 * 32 * 32;

fn main() {
    // `cargo test --benches` only asks whether it starts.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (rounds, images) = if is_test { (1, BATCH) } else { (ROUNDS, 10_000) };
    let network = network();
    let pixels: Vec<f32> = noise(BATCH * IMAGE);

    let [mut alone, mut watched] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        alone.push(seconds(|| (0..images / BATCH).for_each(|_| drop(network.forward(tensor(&pixels)).into_data()))));
        watched.push(seconds(|| drop(top_nine(&network, &pixels, images))));
    }
    let (alone, watched) = (median(alone), median(watched));
    println!("classify {images} images           {alone:>8.2} s");
    println!("with the top nine of all layers  {watched:>8.2} s {:>8.3} times", watched / alone);

    let (step, look) = live(&pixels, rounds * 4);
    println!("training step, {BATCH} images       {:>8.2} ms", 1000.0 * step);
    println!("look at its trace, all layers    {:>8.2} ms {:>8.3} times", 1000.0 * look, look / step);

    let (alone, followed) = followed(&pixels, if is_test { 1 } else { ROUNDS }, if is_test { 0.1 } else { 8.0 });
    println!("training step, sheets kept up    {:>8.2} ms {:>8.3} times", 1000.0 * followed, followed / alone);

    let cut = cut_above(&network, "relu5");
    let settings = OcclusionSettings { side: 6, stride: 2, fill: vec![0.0; 3], cut, unit: None, truth: 3 };
    let map = || drop(occlude(&network, pixels[..IMAGE].to_vec(), settings.clone()).expect("it fits"));
    println!("occlusion map, 32x32 at stride 2 {:>8.3} s", median((0..rounds).map(|_| seconds(map)).collect()));

    let (labels, cut) = (vec![0; BATCH], cut_above(&network, "pool2"));
    let mut cache = CachedActivations::new(&network, cut).expect("there is such a cut");
    for _ in 0..images.div_ceil(10 * BATCH) {
        cache.add(&network, tensor(&pixels), &labels).expect("labels are classes");
    }
    let surgery = Surgery { changes: vec![(0, Change::Silence)], resume: None };
    let operate = || drop(cache.outcome(&network, &surgery).expect("there is such a unit"));
    let took = median((0..rounds).map(|_| seconds(operate)).collect());
    println!("silence a unit of pool2, {} images {:>6.3} s", cache.batches() * BATCH, took);
}

fn network() -> Network {
    Network::new(preset("convnet-cifar").expect("a preset"), 1, &Device::flex()).expect("presets fit")
}

fn cut_above(network: &Network, layer: &str) -> usize {
    network.layer_index(layer).expect("convnet-cifar has it") + 1
}

fn noise(count: usize) -> Vec<f32> {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    (0..count).map(|_| generator.next_u32() as f32 / 2_147_483_648.0 - 1.0).collect()
}

fn tensor(pixels: &[f32]) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels.to_vec(), [pixels.len() / IMAGE, 3, 32, 32]), &Device::flex())
}

fn top_nine(network: &Network, pixels: &[f32], images: usize) -> TopActivations {
    let mut top = TopActivations::new(network, &unit_cuts(network), 9, CLASSES);
    let labels: Vec<usize> = (0..BATCH).map(|image| image % CLASSES).collect();
    for batch in 0..images / BATCH {
        let numbers: Vec<u32> = (0..BATCH).map(|image| (batch * BATCH + image) as u32).collect();
        let examples = Examples { images: &numbers, labels: &labels, generation: 0 };
        drop(top.observe_images(network, tensor(pixels), examples));
    }
    top
}

/// Seconds of a training step, and of looking at a trace such as it has.
fn live(pixels: &[f32], rounds: usize) -> (f64, f64) {
    let settings = OptimiserSettings::default();
    let mut trainer = Trainer::new(network(), &settings, 1, true);
    let labels: Vec<usize> = (0..BATCH).map(|image| image % CLASSES).collect();
    let indices: Vec<u32> = (0..BATCH as u32).collect();
    let shape = ImageShape::new(3, 32, 32);
    let batch = Batch { images: pixels.to_vec(), labels: labels.clone(), indices: indices.clone(), shape };
    let mut top = TopActivations::new(trainer.network(), &unit_cuts(trainer.network()), 9, CLASSES);
    let (mut steps, mut looks) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        steps.push(seconds(|| {
            drop(trainer.step(&batch, &Goal::LABELS, &settings, 1e-3, Watch::default()).expect("it stays finite"));
        }));
        let trace = trainer.network().trace(tensor(pixels), 0..trainer.network().top(), Mode::Evaluate);
        let examples = Examples { images: &indices, labels: &labels, generation: round as u64 };
        looks.push(seconds(|| top.observe(&trace, examples)));
    }
    (median(steps), median(looks))
}

/// Seconds of a training step alone, and while an explorer makes sheets of a state with a twentieth of the time: means over
/// windows of `window` seconds, in turn, with the sheets of 2,000 images in the making throughout the second kind.
fn followed(pixels: &[f32], rounds: usize, window: f64) -> (f64, f64) {
    let settings = OptimiserSettings::default();
    let mut trainer = Trainer::new(network(), &settings, 1, true);
    let labels: Vec<usize> = (0..BATCH).map(|image| image % CLASSES).collect();
    let indices: Vec<u32> = (0..BATCH as u32).collect();
    let shape = ImageShape::new(3, 32, 32);
    let batch = Batch { images: pixels.to_vec(), labels, indices, shape };
    let mut train = |alone: bool, explorer: &Explorer| {
        let ask = || if alone { None } else { Some(explorer.ask(Question::Sheets(sheets_question(shape)))) };
        let (mut asked, mut steps, began) = (ask(), 0, Instant::now());
        while steps == 0 || began.elapsed().as_secs_f64() < window {
            drop(trainer.step(&batch, &Goal::LABELS, &settings, 1e-3, Watch::default()).expect("it stays finite"));
            steps += 1;
            let is_whole = |reply: &Reply| matches!(reply, Reply::Sheets(sheets) if sheets.is_whole());
            if explorer.replies().iter().any(|(ticket, reply)| Some(*ticket) == asked && is_whole(reply)) {
                asked = ask();
            }
        }
        began.elapsed().as_secs_f64() / f64::from(steps)
    };
    let [mut alone, mut followed] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        // One whose network is not there yet answers nothing, and dropping it ends its work.
        let explorer = Explorer::start(|| ());
        explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
        explorer.set_live_share(0.05);
        alone.push(train(true, &explorer));
        followed.push(train(false, &explorer));
    }
    (median(alone), median(followed))
}

fn sheets_question(shape: ImageShape) -> SheetsQuestion {
    let picture = |number: u8| Picture::of_pixels("", shape, vec![number; shape.pixels()]).expect("it has this shape");
    let network = Classifier::untrained("convnet-cifar", 1, &Device::flex()).expect("a preset").to_checkpoint();
    SheetsQuestion {
        images: ImageSet::Pictures((0..2_000).map(|number| picture(number as u8)).collect()),
        state: Some(TrainingState { step: 0, epoch: 0.0, network: Arc::new(network) }),
        known: None,
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
