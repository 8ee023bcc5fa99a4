//! What the engine adds to a training loop: `cargo bench --bench engine`.
//!
//! Three loops over the same batches of MNIST, in turn, several rounds: burn with its own automatic differentiation and
//! Adam; Glassbox's training step alone; and the whole engine with live samples, health of layers, snapshots and a
//! query every 50 ms, as under an open window. The medians and their ratios are printed. Below, what soft targets add to a
//! training step when the teacher's logits were computed before.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, activation::relu};
use glassbox::data::{Amount, Augmentation, Batch, BatchPlan, Loader, Split, Standardisation, mnist};
use glassbox::engine::{Command, Engine, Event, ImageSource, Query, QueryId, RunId};
use glassbox::experiments::{Config, TrainConfig};
use glassbox::nets::{Network, preset};
use glassbox::train::{Goal, Loss, OptimiserSettings, Trainer, Watch, images_tensor};
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;

fn main() {
    println!(
        "{:<14} {:>12} {:>12} {:>12} {:>16} {:>16}",
        "network", "burn", "step", "engine", "engine / burn", "engine / step"
    );
    for (network, steps) in [("mlp-800", 100), ("convnet-mnist", 15)] {
        let rounds: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|_| [burn_loop(network, steps), step_loop(network, steps), engine_loop(network, steps)])
            .collect();
        let [burn, step, engine] = [0, 1, 2].map(|column| median(rounds.iter().map(|row| row[column]).collect()));
        println!(
            "{network:<14} {burn:>9.2} ms {step:>9.2} ms {engine:>9.2} ms {:>16.3} {:>16.3}",
            engine / burn,
            engine / step
        );
    }
    println!("\n{:<14} {:>12} {:>12} {:>20}", "network", "hard labels", "soft targets", "soft / hard");
    for (network, steps) in [("mlp-800", 100), ("mlp-30", 200)] {
        let rounds: Vec<[f64; 2]> =
            (0..ROUNDS).map(|_| [step_loop(network, steps), distillation_loop(network, steps)]).collect();
        let [hard, soft] = [0, 1].map(|column| median(rounds.iter().map(|row| row[column]).collect()));
        println!("{network:<14} {hard:>9.2} ms {soft:>9.2} ms {:>20.3}", soft / hard);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn loader(steps: usize) -> Loader {
    let split = Split::all(mnist().expect("MNIST is embedded").train);
    let split = split.stratified(Amount::Count(steps * 128), 1).expect("there are enough images");
    let standardisation = Standardisation::measure(&split);
    Loader::start(
        BatchPlan { split, standardisation, augmentation: Augmentation::default(), batch_size: 128, seed: 1 },
        0,
        0,
    )
}

/// Milliseconds a step, the first few left out.
fn time_steps(steps: usize, mut step: impl FnMut(Batch)) -> f64 {
    let mut loader = loader(steps);
    for _ in 0..5 {
        step(loader.next().batch);
    }
    let began = Instant::now();
    for _ in 0..steps {
        step(loader.next().batch);
    }
    1000.0 * began.elapsed().as_secs_f64() / steps as f64
}

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

#[derive(Module, Debug)]
struct Convnet {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    fc3: Linear,
    fc4: Linear,
}

#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
enum Model {
    Mlp(Mlp),
    Convnet(Convnet),
}

impl Model {
    fn new(network: &str, device: &Device) -> Self {
        let linear = |inputs, units| LinearConfig::new(inputs, units).init(device);
        if network == "mlp-800" {
            return Self::Mlp(Mlp { layers: vec![linear(784, 800), linear(800, 800), linear(800, 10)] });
        }
        let conv = |channels| {
            Conv2dConfig::new(channels, [3, 3]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).init(device)
        };
        Self::Convnet(Convnet {
            conv1: conv([1, 32]),
            conv2: conv([32, 64]),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc3: linear(64 * 49, 128),
            fc4: linear(128, 10),
        })
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let batch = images.dims()[0];
        match self {
            Self::Mlp(mlp) => {
                let x = relu(mlp.layers[0].forward(images.reshape([batch, 784])));
                mlp.layers[2].forward(relu(mlp.layers[1].forward(x)))
            }
            Self::Convnet(net) => {
                let x = net.pool.forward(relu(net.conv1.forward(images)));
                let x = net.pool.forward(relu(net.conv2.forward(x)));
                net.fc4.forward(relu(net.fc3.forward(x.reshape([batch, 64 * 49]))))
            }
        }
    }
}

fn burn_loop(network: &str, steps: usize) -> f64 {
    let device = Device::flex().autodiff();
    let mut model = Some(Model::new(network, &device));
    let mut optimiser = AdamConfig::new().init();
    let loss = CrossEntropyLossConfig::new().init(&device);
    time_steps(steps, |batch| {
        let current = model.take().expect("the model comes back after each step");
        let labels: Vec<i32> = batch.labels.iter().map(|&label| label as i32).collect();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch.len()]), &device);
        let value = loss.forward(current.forward(images_tensor(&batch, &device)), targets);
        let _ = value.clone().into_scalar::<f32>();
        let gradients = GradientsParams::from_grads(value.backward(), &current);
        model = Some(optimiser.step(1e-3, current, gradients));
    })
}

fn step_loop(network: &str, steps: usize) -> f64 {
    let settings = OptimiserSettings::default();
    let architecture = preset(network).expect("a preset");
    let network = Network::new(architecture, 1, &Device::flex()).expect("presets fit");
    let mut trainer = Trainer::new(network, &settings, 1, true);
    time_steps(steps, |batch| {
        trainer.step(&batch, &Goal::LABELS, &settings, 1e-3, Watch::default()).expect("the loss stays finite");
    })
}

/// The same step with soft targets from logits that were computed before, as a student's: looked up image by image.
fn distillation_loop(network: &str, steps: usize) -> f64 {
    let settings = OptimiserSettings::default();
    let architecture = preset(network).expect("a preset");
    let network = Network::new(architecture, 1, &Device::flex()).expect("presets fit");
    let mut trainer = Trainer::new(network, &settings, 1, true);
    let loss = Loss::Distilled { temperature: 20.0, alpha: 0.9 };
    let cache: Vec<f32> = (0..60_000 * 10).map(|index| (index % 17) as f32 - 8.0).collect();
    time_steps(steps, |batch| {
        let rows = batch.indices.iter().flat_map(|&index| &cache[index as usize * 10..][..10]);
        let teacher: Vec<f32> = rows.copied().collect();
        let goal = Goal { loss, teacher: &teacher, labelled: true };
        trainer.step(&batch, &goal, &settings, 1e-3, Watch::default()).expect("the loss stays finite");
    })
}

/// From the first snapshot in motion to the last step, the evaluations left out by having none.
fn engine_loop(network: &str, steps: usize) -> f64 {
    let train = (steps * 128).to_string();
    let settings = [("network", network), ("data.train", &train), ("data.validation", "0"), ("epochs", "100")];
    let config = settings
        .iter()
        .fold(TrainConfig::default(), |config, (key, value)| config.with(key, value).expect("known settings"));
    let engine = Engine::start(|| {});
    let send = |command| engine.send(command).expect("the engine keeps up");
    send(Command::Watch(true));
    send(Command::Start { run: RunId(1), config: Box::new(config), device: "cpu".to_owned(), folder: None, go: true });
    while engine.snapshot().step < 5 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (began, first) = (Instant::now(), engine.snapshot().step);
    let mut asked = 0;
    loop {
        std::thread::sleep(Duration::from_millis(50));
        asked += 1;
        send(Command::Ask { id: QueryId(asked), query: Query::Inspect { image: ImageSource::Test(3) } });
        drop(engine.points());
        let failed = engine.events().into_iter().any(|event| matches!(event, Event::Failed { .. }));
        assert!(!failed, "the run failed");
        let snapshot = engine.snapshot();
        if snapshot.step >= first + steps as u64 {
            return 1000.0 * began.elapsed().as_secs_f64() / (snapshot.step - first) as f64;
        }
    }
}
