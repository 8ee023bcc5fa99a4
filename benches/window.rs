//! Processor time of `App::ui`: `cargo bench --bench window`.
//!
//! Every pane open at 2560 x 1440, ten runs and 100,000 points on the curves, 5,000 mistakes, a network learning, a sample
//! open in the inspector, the pointer over the loss: 600 frames at thirty a second. Tessellation and the GPU are not
//! counted. Then the Distill lab in the same way: every pane open, 60,000 rows of logits of 100 classes from each of two
//! networks, the slider of the temperature dragged in every frame while a network learns. Then the Features lab: the top nine
//! of the 512 units of a layer, as images and carried back, scrolled in every frame while a network learns. Then memory,
//! and what an open window costs the training in speed, in turn with a window that is not drawn.

use burn::tensor::Device;
use eframe::App as _;
use egui::{Event, Modifiers, PointerButton, Pos2, RawInput, Rect, pos2, vec2};
use glassbox::data::{Dataset, ImageShape, Picture, Split};
use glassbox::engine::{
    Command, Engine, ExperimentSnapshot, ExperimentStarted, ImageSource, Phase, Point, RunId, Subject,
};
use glassbox::experiments::{Classifier, DistillConfig, ExperimentConfig, MemberState, Role, Status, TrainConfig};
use glassbox::nets::Checkpoint;
use glassbox::train::{CALIBRATION_BINS, CalibrationBin, ClassFigures, Evaluation, Outcome};
use glassbox::ui::app::{Action, ExperimentRecord, IDLE, MOST_PICTURES, RunRecord, Selection};
use glassbox::ui::labs::train::Arrangement;
use glassbox::ui::labs::{Lab, distill};
use glassbox::ui::{App, WindowOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FRAMES: usize = 600;
const BETWEEN_FRAMES: Duration = Duration::from_millis(33);
const RUNS: u64 = 10;
/// Of each run: training loss and accuracy.
const STEPS: u64 = 4_950;
/// And validation loss and accuracy.
const EPOCHS: u64 = 50;
const MISTAKES: usize = 5_000;
/// The most that the 99th percentile may take.
const LIMIT: Duration = Duration::from_millis(4);
/// Rounds of training with and without a window, in turn, and how long each takes.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(6);

fn config() -> TrainConfig {
    TrainConfig { network: "mlp-800".to_owned(), epochs: 10_000, ..TrainConfig::default() }
}

struct Bench {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
}

fn main() {
    // `cargo test --benches` only asks whether it starts.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let ctx = egui::Context::default();
    let options =
        WindowOptions { device: "cpu".to_owned(), config: config(), persist: false, ..WindowOptions::default() };
    let app = App::detached(&ctx, options);
    let mut bench = Bench { ctx, app, frame: eframe::Frame::_new_kittest() };
    fill(&mut bench.app);
    let settings = bench.app.book.current().clone();
    bench.app.session.start(&settings, true);
    bench.app.session.selection = Selection::Image(ImageSource::Test(0));
    bench.app.perform(&bench.ctx, Action::Arrange(Arrangement::Everything.into()));
    bench.draw_until(|app| app.session.current().is_some_and(|run| run.step >= 3));
    mistake(&mut bench.app);
    let frames = if is_test { 3 } else { FRAMES };
    let times = (0..frames).map(|index| bench.paced_frame(index)).collect();
    println!(
        "App::ui with {} points of {} runs, one learning",
        bench.app.session.points_held(),
        bench.app.session.runs.len()
    );
    report(times);
    bench.distill(frames);
    bench.features(frames);
    if !is_test {
        compare_speeds(&mut bench);
    }
}

impl Bench {
    fn paced_frame(&mut self, index: usize) -> Duration {
        let began = Instant::now();
        let took = draw(&self.ctx, &mut self.app, &mut self.frame, index);
        std::thread::sleep(BETWEEN_FRAMES.saturating_sub(began.elapsed()));
        took
    }

    /// The Distill lab while the temperature is dragged.
    fn distill(&mut self, frames: usize) {
        self.app.session.experiments.push(experiment());
        self.app.perform(&self.ctx, Action::Open(Lab::Distill));
        self.app.perform(&self.ctx, Action::Arrange(distill::Arrangement::Everything.into()));
        // What is worked out of all rows is done after a while.
        for index in 0..if frames == FRAMES { 300 } else { 3 } {
            self.paced_frame(index);
        }
        let slider = find(&self.ctx, &mut self.app, &mut self.frame, "Temperature").expect("there is a slider");
        let at = |index: usize| slider.left_center() + vec2(slider.width() * (0.1 + (index % 80) as f32 / 100.0), 0.0);
        let press = |pressed: bool, pos: Pos2| {
            let button = PointerButton::Primary;
            vec![Event::PointerMoved(pos), Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE }]
        };
        draw_with(&self.ctx, &mut self.app, &mut self.frame, press(true, at(0)));
        let times = (0..frames).map(|index| {
            let began = Instant::now();
            let took = draw_with(&self.ctx, &mut self.app, &mut self.frame, vec![Event::PointerMoved(at(index))]);
            std::thread::sleep(BETWEEN_FRAMES.saturating_sub(began.elapsed()));
            took
        });
        let times = times.collect();
        draw_with(&self.ctx, &mut self.app, &mut self.frame, press(false, at(0)));
        println!("App::ui of the Distill lab with {ROWS} rows of {CLASSES} classes, the temperature dragged");
        report(times);
        self.app.perform(&self.ctx, Action::Open(Lab::Train));
    }

    /// The Features lab while its grid of units is scrolled down and up again.
    fn features(&mut self, frames: usize) {
        self.app.perform(&self.ctx, Action::Open(Lab::Features));
        let exploration = &mut self.app.session.exploration;
        exploration.look_into(Subject::Run { name: "wide".to_owned(), checkpoint: Arc::new(wide_network()) });
        while exploration.add(noise(exploration.pictures().len())).is_ok() {}
        self.draw_until(|app| app.session.exploration.guesses().len() == MOST_PICTURES);
        self.click("Layer conv2: conv2d, output 512x16x16");
        for (shown, what) in
            [("Units: top nine", "top nine"), ("Units: top nine carried back", "top nine carried back")]
        {
            self.click(shown);
            self.draw_until(|app| app.session.exploration.last_sheets().is_some_and(|sheets| sheets.is_whole()));
            let grid = find(&self.ctx, &mut self.app, &mut self.frame, shown).expect("it was clicked");
            let over_tiles = grid.left_bottom() + vec2(0.0, 200.0);
            let times = (0..frames).map(|index| {
                let began = Instant::now();
                let down = if index % 300 < 150 { -60.0 } else { 60.0 };
                let events = vec![Event::PointerMoved(over_tiles), wheel(down)];
                let took = draw_with(&self.ctx, &mut self.app, &mut self.frame, events);
                std::thread::sleep(BETWEEN_FRAMES.saturating_sub(began.elapsed()));
                took
            });
            let times = times.collect();
            println!("App::ui of the Features lab, the {what} of 512 units scrolled");
            report(times);
        }
        self.app.perform(&self.ctx, Action::Open(Lab::Train));
    }

    fn click(&mut self, name: &str) {
        let at = find(&self.ctx, &mut self.app, &mut self.frame, name).unwrap_or_else(|| panic!("no {name}")).center();
        for pressed in [true, false] {
            let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
            let event = Event::PointerButton { pos: at, button, pressed, modifiers };
            draw_with(&self.ctx, &mut self.app, &mut self.frame, vec![Event::PointerMoved(at), event]);
        }
    }

    fn draw_until(&mut self, is_so: impl Fn(&App) -> bool) {
        let began = Instant::now();
        while !is_so(&self.app) && began.elapsed() < Duration::from_secs(30) {
            self.paced_frame(0);
        }
    }

    /// Steps a second while every pane is drawn, as often as the window does it while it is only watched, or touched.
    fn open_speed(&mut self, between_frames: Duration) -> f64 {
        if !self.app.session.is_going() {
            self.app.perform(&self.ctx, Action::TrainOrPause);
        }
        self.draw_until(|app| app.session.is_going());
        let (before, began) = (self.app.session.snapshot.step, Instant::now());
        while began.elapsed() < ROUND {
            let frame = Instant::now();
            draw(&self.ctx, &mut self.app, &mut self.frame, 7);
            std::thread::sleep(between_frames.saturating_sub(frame.elapsed()));
        }
        let speed = (self.app.session.snapshot.step - before) as f64 / began.elapsed().as_secs_f64();
        self.app.perform(&self.ctx, Action::TrainOrPause);
        self.draw_until(|app| *app.session.phase() == Phase::Paused);
        speed
    }
}

/// Steps a second of the same run without a window.
fn closed_speed(engine: &Engine) -> f64 {
    let _ = engine.send(Command::Run);
    std::thread::sleep(Duration::from_millis(200));
    let (before, began) = (engine.snapshot().step, Instant::now());
    std::thread::sleep(ROUND);
    let speed = (engine.snapshot().step - before) as f64 / began.elapsed().as_secs_f64();
    let _ = engine.send(Command::Pause);
    engine.points();
    std::thread::sleep(Duration::from_millis(200));
    speed
}

fn compare_speeds(bench: &mut Bench) {
    let engine = Engine::start(|| ());
    let start =
        Command::Start { run: RunId(1), config: Box::new(config()), device: "cpu".to_owned(), folder: None, go: false };
    let _ = engine.send(start);
    bench.open_speed(IDLE);
    let median = |mut speeds: Vec<f64>| {
        speeds.sort_by(f64::total_cmp);
        speeds[speeds.len() / 2]
    };
    let mut ratios = [Vec::new(), Vec::new()];
    let mut closed = Vec::new();
    for _ in 0..ROUNDS {
        let alone = closed_speed(&engine);
        closed.push(alone);
        ratios[0].push(bench.open_speed(IDLE) / alone);
        ratios[1].push(bench.open_speed(BETWEEN_FRAMES) / alone);
    }
    let [watched, touched] = ratios.map(median);
    println!(
        "mlp-800: {:.1} steps/s without a window; {watched:.3} of that while the window is watched,",
        median(closed)
    );
    println!("{touched:.3} while it is touched");
}

/// A network that takes every second test image for the next class.
fn mistake(app: &mut App) {
    let Some(run) = app.session.runs.last_mut() else { return };
    let Some(started) = run.started.clone() else { return };
    let labels = (0..2 * MISTAKES).map(|index| started.test.label(index) as u16);
    let outcome = |(index, label): (usize, u16)| {
        let confidence = 0.1 + 0.9 * ((index * 7_919 % 10_007) as f32 / 10_007.0);
        Outcome { label, predicted: (label + (index % 2) as u16) % 10, confidence, truth: 0.05 }
    };
    let outcomes: Vec<Outcome> = labels.enumerate().map(outcome).collect();
    let mut confusion = vec![vec![0; 10]; 10];
    for outcome in &outcomes {
        confusion[usize::from(outcome.label)][usize::from(outcome.predicted)] += 1;
    }
    let classes = vec![ClassFigures::default(); 10];
    let calibration = vec![CalibrationBin::default(); CALIBRATION_BINS];
    run.test = Some(Arc::new(Evaluation {
        step: 1,
        examples: outcomes.len(),
        loss: 1.0,
        errors: MISTAKES,
        accuracy: 0.5,
        confusion,
        classes,
        calibration,
        calibration_error: 0.1,
        outcomes,
        logits: Arc::default(),
    }));
}

const ROWS: usize = 60_000;
const CLASSES: usize = 100;

/// Two networks that know as many images as one has to learn from, and are done.
fn experiment() -> ExperimentRecord {
    let id = RunId(1_000_000);
    let shape = ImageShape::new(1, 28, 28);
    let names: Vec<String> = (0..CLASSES).map(|class| class.to_string()).collect();
    let pixels = (0..ROWS * shape.pixels()).map(|index| (index * 7_919 % 251) as u8).collect();
    let labels: Vec<u16> = (0..ROWS).map(|row| (row % CLASSES) as u16).collect();
    let dataset = Dataset::new("synthetic", names.clone(), shape, pixels, labels).expect("labels fit");
    let images = Split::all(Arc::new(dataset));
    let config = DistillConfig { title: "synthetic".to_owned(), ..DistillConfig::default() };
    let config = ExperimentConfig::Distillation(Box::new(config));
    let members = [("teacher", Role::Teacher, 1), ("distilled", Role::Student, 2)];
    let members = members.map(|(name, role, salt)| member(name, role, salt)).to_vec();
    let started = ExperimentStarted {
        run: id,
        config: config.clone(),
        device: "cpu".to_owned(),
        class_names: names,
        validation: Some(images.clone()),
        test: images,
        folder: None,
    };
    let snapshot = ExperimentSnapshot {
        run: id,
        phase: Phase::Finished,
        stage: "done".to_owned(),
        share: 1.0,
        seconds: 1.0,
        seconds_left: None,
        members: Arc::new(members),
    };
    ExperimentRecord {
        id,
        name: "synthetic-1".to_owned(),
        config,
        started: Some(Arc::new(started)),
        phase: Phase::Finished,
        snapshot: Some(Arc::new(snapshot)),
        results: None,
        folder: None,
        asked: None,
    }
}

fn member(name: &str, role: Role, salt: usize) -> MemberState {
    let logit = |index: usize| {
        let (row, class) = (index / CLASSES, index % CLASSES);
        let noise = ((index + salt) * 104_729 % 10_007) as f32 / 1_000.0;
        noise + if row % CLASSES == class { 6.0 } else { 0.0 }
    };
    let logits: Arc<[f32]> = (0..ROWS * CLASSES).map(logit).collect();
    let mut tally = glassbox::train::Tally::new(CLASSES);
    let labels: Vec<usize> = (0..ROWS).map(|row| row % CLASSES).collect();
    tally.add(&logits, &labels);
    let evaluation = Arc::new(tally.finish(1));
    MemberState {
        name: name.to_owned(),
        role,
        network: "mlp-800".to_owned(),
        parameters: 1_000_000,
        classes: Arc::default(),
        objective: "labels".to_owned(),
        status: Status::Done,
        step: 1,
        total_steps: 1,
        epoch: 1.0,
        epochs: 1,
        seconds: 1.0,
        images_per_second: 0.0,
        validation: Some(Arc::clone(&evaluation)),
        test: Some(evaluation),
    }
}

/// A network of 32 x 32 pixels with 512 maps, with its first weights.
fn wide_network() -> Checkpoint {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("wide.toml");
    let text = "name = 'wide'\ninput = [3, 32, 32]\n\
        [[layers]]\nname = 'conv1'\nkind = 'conv2d'\nchannels = 32\nkernel = 3\npadding = 1\nstride = 2\n\
        [[layers]]\nname = 'conv2'\nkind = 'conv2d'\nchannels = 512\nkernel = 3\npadding = 1\n\
        [[layers]]\nname = 'flatten'\nkind = 'flatten'\n[[layers]]\nname = 'fc'\nkind = 'linear'\nunits = 10\n";
    std::fs::write(&file, text).expect("there is room");
    let opened = Classifier::untrained(&file.display().to_string(), 1, &Device::flex());
    opened.expect("it is an architecture").to_checkpoint()
}

fn noise(salt: usize) -> Picture {
    let shape = ImageShape::new(3, 32, 32);
    let pixels: Vec<u8> = (0..shape.pixels()).map(|index| ((index + 131 * salt) * 7_919 % 251) as u8).collect();
    Picture::of_pixels(format!("noise {salt}"), shape, pixels).expect("it has this shape")
}

fn wheel(down: f32) -> Event {
    Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, down),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    }
}

/// Where a control lies, by its accessible name.
fn find(ctx: &egui::Context, app: &mut App, frame: &mut eframe::Frame, name: &str) -> Option<Rect> {
    ctx.enable_accesskit();
    let output = ctx.run_ui(screen(Vec::new()), |ui| {
        app.logic(&ui.ctx().clone(), frame);
        app.ui(ui, frame);
    });
    ctx.disable_accesskit();
    let update = output.platform_output.accesskit_update.clone();
    output.drop_without_applying_deltas();
    let nodes = update?.nodes;
    let (_, node) = nodes.iter().find(|(_, node)| node.label() == Some(name))?;
    let bounds = node.bounds()?;
    Some(Rect::from_min_max(pos2(bounds.x0 as f32, bounds.y0 as f32), pos2(bounds.x1 as f32, bounds.y1 as f32)))
}

/// Runs that are long over.
fn fill(app: &mut App) {
    for run in 0..RUNS - 1 {
        let id = RunId(1_000 + run);
        let mut record = RunRecord::new(id, format!("run-{run}"), run as usize + 1, TrainConfig::default());
        record.phase = Phase::Finished;
        app.session.runs.push(record);
    }
    // The run that goes on has its share of the points from the others.
    let share = (STEPS + EPOCHS) * RUNS / (RUNS - 1);
    for run in 0..RUNS - 1 {
        let id = RunId(1_000 + run);
        for (series, count, stride) in [
            ("train/loss", share - EPOCHS, 1),
            ("train/accuracy", share - EPOCHS, 1),
            ("validation/loss", EPOCHS, 99),
            ("validation/accuracy", EPOCHS, 99),
        ] {
            let series: Arc<str> = Arc::from(series);
            let points = (0..count).map(|index| point(id, &series, index * stride, run)).collect();
            app.session.append(points);
        }
    }
}

fn point(run: RunId, series: &Arc<str>, step: u64, salt: u64) -> Point {
    let noise = ((step * 7_919 + salt * 104_729) % 1_000) as f64 / 1_000.0;
    let value = 2.3 / (1.0 + step as f64 / 300.0) + 0.2 * noise;
    let value = if series.ends_with("accuracy") { 1.0 - value / 2.5 } else { value };
    let epoch = step as f64 / 99.0;
    Point { run, series: Arc::clone(series), step, epoch, seconds: step as f64 * 0.02, value }
}

/// One frame; returns the processor time of `App::ui`.
fn draw(ctx: &egui::Context, app: &mut App, frame: &mut eframe::Frame, index: usize) -> Duration {
    let pointer = pos2(600.0 + (index % 200) as f32, 200.0);
    draw_with(ctx, app, frame, vec![Event::PointerMoved(pointer)])
}

fn screen(events: Vec<Event>) -> RawInput {
    let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(2560.0, 1440.0)));
    RawInput { screen_rect, events, ..RawInput::default() }
}

fn draw_with(ctx: &egui::Context, app: &mut App, frame: &mut eframe::Frame, events: Vec<Event>) -> Duration {
    let mut took = Duration::ZERO;
    let output = ctx.run_ui(screen(events), |ui| {
        app.logic(&ui.ctx().clone(), frame);
        let began = processor_time();
        app.ui(ui, frame);
        took += processor_time().saturating_sub(began);
    });
    output.drop_without_applying_deltas();
    took
}

/// Of this thread. Linux brings the count up to date when a thread yields; elsewhere this is time on the clock.
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(Instant::now);
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .map(Duration::from_nanos);
    counted.unwrap_or_else(|| start.elapsed())
}

fn report(mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((share * times.len() as f64).ceil() as usize).saturating_sub(1)];
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!("frames  p50 ms  p99 ms  max ms");
    println!(
        "{:>6}  {:>6.2}  {:>6.2}  {:>6.2}",
        times.len(),
        milliseconds(at(0.5)),
        milliseconds(at(0.99)),
        milliseconds(at(1.0))
    );
    let verdict = if at(0.99) <= LIMIT { "within" } else { "ABOVE" };
    println!("99th percentile is {verdict} {} ms", LIMIT.as_millis());
    println!("{} MiB resident", resident() >> 20);
}

/// Memory of this process, in bytes; 0 where Linux does not tell.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
