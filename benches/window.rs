//! Processor time of `App::ui`: `cargo bench --bench window`.
//!
//! Ten runs and 100,000 points on the curves, a network learning, a sample open in the inspector, the pointer over the
//! loss: 600 frames at thirty a second. Tessellation and the GPU are not counted.

use eframe::App as _;
use egui::{Event, RawInput, Rect, pos2, vec2};
use glassbox::engine::{ImageSource, Point, RunId};
use glassbox::experiments::TrainConfig;
use glassbox::ui::app::{RunRecord, Selection};
use glassbox::ui::{App, WindowOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FRAMES: usize = 600;
const BETWEEN_FRAMES: Duration = Duration::from_millis(33);
const RUNS: u64 = 10;
/// Of each run: training loss and accuracy.
const STEPS: u64 = 4_950;
/// And validation loss and accuracy.
const EPOCHS: u64 = 50;
/// The most that the 99th percentile may take.
const LIMIT: Duration = Duration::from_millis(4);

fn main() {
    // `cargo test --benches` only asks whether it starts.
    let frames = if std::env::args().any(|argument| argument == "--test") { 3 } else { FRAMES };
    let ctx = egui::Context::default();
    let config = TrainConfig { network: "mlp-800".to_owned(), epochs: 10_000, ..TrainConfig::default() };
    let options = WindowOptions { device: "cpu".to_owned(), config, persist: false, ..WindowOptions::default() };
    let mut app = App::detached(&ctx, options);
    let mut frame = eframe::Frame::_new_kittest();
    fill(&mut app);
    let settings = app.book.current().clone();
    app.session.start(&settings, true);
    app.session.selection = Selection::Image(ImageSource::Test(0));
    let began = Instant::now();
    while app.session.current().is_none_or(|run| run.step < 3) && began.elapsed() < Duration::from_secs(30) {
        draw(&ctx, &mut app, &mut frame, 0);
        std::thread::sleep(BETWEEN_FRAMES);
    }
    let mut times = Vec::with_capacity(frames);
    for index in 0..frames {
        times.push(draw(&ctx, &mut app, &mut frame, index));
        std::thread::sleep(BETWEEN_FRAMES);
    }
    report(times, &app);
}

/// Runs that are long over.
fn fill(app: &mut App) {
    for run in 0..RUNS - 1 {
        let id = RunId(1_000 + run);
        let mut record = RunRecord::new(id, format!("run-{run}"), run as usize + 1, TrainConfig::default());
        record.phase = glassbox::engine::Phase::Finished;
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
    let mut took = Duration::ZERO;
    let pointer = pos2(400.0 + (index % 200) as f32, 200.0);
    let input = RawInput {
        screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1280.0, 800.0))),
        events: vec![Event::PointerMoved(pointer)],
        ..RawInput::default()
    };
    let output = ctx.run_ui(input, |ui| {
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

fn report(mut times: Vec<Duration>, app: &App) {
    times.sort_unstable();
    let at = |share: f64| times[((share * times.len() as f64).ceil() as usize).saturating_sub(1)];
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!("App::ui with {} points of {} runs, one learning", app.session.points_held(), app.session.runs.len());
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
}
