//! A monkey at the window: seeded random clicks, drags, keys and typing on everything that has an accessible name, while a
//! network trains.
//!
//! `GLASSBOX_MONKEY_MINUTES=60 cargo test --release --test monkey -- --ignored --nocapture` keeps it up for an hour;
//! `GLASSBOX_MONKEY_SEED` makes another sequence.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT, Queryable};
use glassbox::data::Amount;
use glassbox::experiments::TrainConfig;
use glassbox::ui::app::Level;
use glassbox::ui::{App, WindowOptions};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

const MINUTES: f64 = 5.0;
/// A frame that takes longer is a pane that is stuck.
const LONGEST_FRAME: Duration = Duration::from_secs(10);
const REPORT_EVERY: Duration = Duration::from_mins(1);
/// What a point of a curve takes: four columns, the smoothed one, the pyramids over both, and its row of `metrics.csv`, which
/// waits for a folder; what grows holds up to twice what it needs.
const BYTES_A_POINT: usize = 192;
/// Allocators, caches and logs that have bounds of their own.
const SLACK: usize = 192 << 20;
const SIZES: [Vec2; 4] = [vec2(1280.0, 800.0), vec2(2560.0, 1440.0), vec2(900.0, 600.0), vec2(1600.0, 1000.0)];
const KEYS: [(Modifiers, Key); 16] = [
    (Modifiers::NONE, Key::Space),
    (Modifiers::NONE, Key::Period),
    (Modifiers::SHIFT, Key::Period),
    (Modifiers::COMMAND, Key::K),
    (Modifiers::COMMAND, Key::Z),
    (Modifiers::NONE, Key::Escape),
    (Modifiers::NONE, Key::Escape),
    (Modifiers::NONE, Key::Enter),
    (Modifiers::NONE, Key::Tab),
    (Modifiers::NONE, Key::ArrowDown),
    (Modifiers::NONE, Key::ArrowRight),
    (Modifiers::NONE, Key::ArrowUp),
    (Modifiers::NONE, Key::F1),
    (Modifiers::NONE, Key::F11),
    (Modifiers::NONE, Key::F12),
    (Modifiers::NONE, Key::Z),
];

fn number(variable: &str, default: f64) -> f64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

struct Monkey {
    harness: Harness<'static, App>,
    rng: ChaCha8Rng,
    moves: u64,
    slowest: Duration,
    last: String,
}

impl Monkey {
    fn new(seed: u64) -> Self {
        let mut config = TrainConfig { network: "mlp-800".to_owned(), epochs: 200, ..TrainConfig::default() };
        config.data.train = Amount::Count(6_000);
        config.data.validation = Amount::Count(1_000);
        let options = WindowOptions { device: "cpu".to_owned(), config, persist: false, ..WindowOptions::default() };
        let mut harness = Harness::builder().with_size(SIZES[0]).build_eframe(|cc| App::new(cc, options));
        // As in the program: letters that no font has are drawn as boxes.
        harness.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
        harness.run_steps(2);
        Self { harness, rng: ChaCha8Rng::seed_from_u64(seed), moves: 0, slowest: Duration::ZERO, last: String::new() }
    }

    fn frames(&mut self, count: usize) {
        for _ in 0..count {
            let began = Instant::now();
            self.harness.step();
            let took = began.elapsed();
            self.slowest = self.slowest.max(took);
            assert!(took < LONGEST_FRAME, "a frame took {took:?} after {}", self.last);
        }
    }

    /// What can be clicked now: a name and a place.
    fn controls(&self) -> Vec<(String, Rect)> {
        let screen = self.harness.ctx.content_rect();
        let clickable = By::new().predicate(|node| node.data().supports_action(egui::accesskit::Action::Click));
        let name = |node: &egui_kittest::Node<'_>| node.accesskit_node().label().unwrap_or_default();
        self.harness
            .query_all(clickable)
            .filter(|node| !node.accesskit_node().is_disabled())
            .map(|node| (name(&node), node.rect()))
            .filter(|(_, rect)| screen.intersects(*rect) && rect.is_positive())
            .collect()
    }

    fn anywhere(&mut self) -> Pos2 {
        let screen = self.harness.ctx.content_rect();
        screen.min + vec2(self.rng.random::<f32>() * screen.width(), self.rng.random::<f32>() * screen.height())
    }

    fn click_at(&mut self, place: Pos2, button: PointerButton) {
        self.harness.event(Event::PointerMoved(place));
        for pressed in [true, false] {
            self.harness.event(Event::PointerButton { pos: place, button, pressed, modifiers: Modifiers::NONE });
            self.frames(1);
        }
    }

    fn click_something(&mut self, button: PointerButton) {
        let controls = self.controls();
        if let Some((name, rect)) = controls.get(self.rng.next_u32() as usize % controls.len().max(1)) {
            self.last = format!("a click on {name:?}");
            let inside = rect.intersect(self.harness.ctx.content_rect());
            self.click_at(inside.center(), button);
        }
    }

    fn drag(&mut self) {
        let (from, to) = (self.anywhere(), self.anywhere());
        self.last = format!("a drag from {from} to {to}");
        self.harness.drag_at(from);
        self.frames(1);
        for share in [0.3, 0.7, 1.0] {
            self.harness.hover_at(from + (to - from) * share);
            self.frames(1);
        }
        self.harness.drop_at(to);
        self.frames(1);
    }

    fn press_a_key(&mut self) {
        let (modifiers, key) = KEYS[self.rng.random_range(0..KEYS.len())];
        self.last = format!("{key:?}");
        self.harness.key_press_modifiers(modifiers, key);
        self.frames(1);
    }

    fn type_something(&mut self) {
        const TEXTS: [&str; 8] = ["7", "0.01", "lenet", "-1", "1e999", "all but 3", "\u{1f600}", "/nowhere/at all"];
        let text = TEXTS[self.rng.random_range(0..TEXTS.len())];
        self.last = format!("typing {text:?}");
        self.harness.event(Event::Text(text.to_owned()));
        self.frames(1);
    }

    fn scroll(&mut self) {
        let place = self.anywhere();
        self.last = format!("scrolling at {place}");
        self.harness.hover_at(place);
        let delta = vec2(0.0, self.rng.random_range(-200.0..200.0));
        let (unit, source) = (egui::MouseWheelUnit::Point, egui::MouseWheelSource::Wheel);
        let phase = egui::TouchPhase::Move;
        self.harness.event(Event::MouseWheel { unit, delta, phase, source, modifiers: Modifiers::NONE });
        self.frames(2);
    }

    fn resize(&mut self) {
        let size = SIZES[self.rng.random_range(0..SIZES.len())];
        self.last = format!("a window of {size}");
        self.harness.set_size(size);
        self.frames(2);
    }

    fn act(&mut self) {
        self.moves += 1;
        match self.rng.random_range(0..100) {
            0..60 => self.click_something(PointerButton::Primary),
            60..66 => self.click_something(PointerButton::Secondary),
            66..76 => self.drag(),
            76..86 => self.press_a_key(),
            86..92 => self.type_something(),
            92..99 => self.scroll(),
            _ => self.resize(),
        }
        // A person looks; the network goes on.
        std::thread::sleep(Duration::from_millis(self.rng.random_range(0..60)));
    }

    /// When nothing trains, something new does.
    fn keep_training(&mut self) {
        if !self.harness.state().session.is_going() {
            "Space".clone_into(&mut self.last);
            self.harness.key_press(Key::Escape);
            self.frames(1);
            self.harness.key_press(Key::Space);
            self.frames(2);
        }
    }

    fn check_log(&self) {
        for entry in self.harness.state().session.log.entries() {
            let bad = ["stumbled", "panicked", "index out of"].iter().any(|word| entry.text.contains(word));
            assert!(!(entry.level != Level::Event && bad), "after {}: {}", self.last, entry.text);
        }
    }
}

#[test]
#[ignore = "minutes of random clicking"]
fn random_clicking_ends_in_no_panic_and_in_no_growth() {
    let minutes = number("GLASSBOX_MONKEY_MINUTES", MINUTES);
    let seed = number("GLASSBOX_MONKEY_SEED", 1.0) as u64;
    let home = tempfile::tempdir().unwrap();
    std::env::set_current_dir(home.path()).unwrap();
    let mut monkey = Monkey::new(seed);
    let (began, length) = (Instant::now(), Duration::from_secs_f64(minutes * 60.0));
    let (mut reported, mut settled) = (Instant::now(), None);
    let mut points = 0;
    while began.elapsed() < length {
        monkey.act();
        if monkey.moves.is_multiple_of(50) {
            monkey.keep_training();
            monkey.check_log();
        }
        points = points.max(monkey.harness.state().session.points_held());
        if settled.is_none() && began.elapsed() > length / 4 {
            settled = Some((resident(), points));
        }
        if reported.elapsed() > REPORT_EVERY {
            reported = Instant::now();
            let runs = monkey.harness.state().session.runs.len();
            println!(
                "{:>5.1} min  {:>6} moves  {runs:>3} runs  {points:>8} points  {:>5} MiB  slowest frame {:.0?}",
                began.elapsed().as_secs_f64() / 60.0,
                monkey.moves,
                resident() >> 20,
                monkey.slowest
            );
        }
    }
    let (early, early_points) = settled.unwrap();
    let allowed = early + (points - early_points) * BYTES_A_POINT + SLACK;
    println!(
        "seed {seed}: {} moves, {} MiB after a quarter, {} MiB at the end",
        monkey.moves,
        early >> 20,
        resident() >> 20
    );
    assert!(resident() < allowed, "memory grew from {early} to {} bytes, {allowed} were allowed", resident());
    assert!(points > 0, "nothing was trained");
}
