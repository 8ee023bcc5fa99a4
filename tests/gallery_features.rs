//! Pictures of the panes of the Features lab: `scripts/gallery` makes those of `docs/gallery/features`, in both themes, at
//! 1280 x 800, and some at 2560 x 1440.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Vec2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::data::Amount;
use glassbox::engine::Subject;
use glassbox::experiments::TrainConfig;
use glassbox::ui::App;
use glassbox::ui::app::Action;
use glassbox::ui::labs::features::Pane;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use window::{click, long, open, reveal, tiny, wait};

const SMALL: Vec2 = vec2(1280.0, 800.0);
const LARGE: Vec2 = vec2(2560.0, 1440.0);
/// What is asked for when a pane is first seen has come after this time.
const SETTLED: Duration = Duration::from_secs(8);

fn folder() -> PathBuf {
    let folder = std::env::var_os("GLASSBOX_GALLERY")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery"), PathBuf::from)
        .join("features");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn take(harness: &mut Harness<'_, App>, name: &str) {
    let began = Instant::now();
    while began.elapsed() < SETTLED {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.render().unwrap().save(folder().join(format!("{name}.png"))).unwrap();
}

fn resize(harness: &mut Harness<'_, App>, size: Vec2) {
    harness.set_size(size);
    harness.run_steps(3);
}

fn switch_theme(harness: &mut Harness<'_, App>) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, Action::SwitchTheme);
}

fn wait_to_see(harness: &mut Harness<'_, App>, text: &str) {
    let began = Instant::now();
    while harness.query_all_by_label_contains(text).next().is_none() {
        assert!(began.elapsed().as_secs() < 180, "waited in vain to see: {text}");
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn look_into(harness: &mut Harness<'_, App>, network: &str, pictures: usize) {
    harness.state_mut().session.exploration.look_into(Subject::Named(network.to_owned()));
    wait(harness, "the network", |app| {
        let exploration = &app.session.exploration;
        exploration.facts().is_some_and(|facts| facts.name == network) && exploration.guesses().len() == pictures
    });
}

/// Drags over a part of an image, given in shares of its sides.
fn drag_over(harness: &mut Harness<'_, App>, name: &str, from: [f32; 2], to: [f32; 2]) {
    let rect = harness.query_all_by_label_contains(name).next().unwrap().rect();
    let at = |[x, y]: [f32; 2]| pos2(rect.left() + x * rect.width(), rect.bottom() - (1.0 - y) * rect.width());
    harness.drag_at(at(from));
    harness.run_steps(2);
    harness.hover_at(at(to));
    harness.run_steps(2);
    harness.drop_at(at(to));
    harness.run_steps(2);
}

/// The embedded networks: photographs, then digits.
#[test]
#[ignore = "writes files"]
fn trained() {
    let mut harness = open(tiny());
    resize(&mut harness, SMALL);
    reveal(&mut harness, Pane::Units);
    wait(&mut harness, "the photographs", |app| app.session.exploration.guesses().len() == 4);
    take(&mut harness, "first");
    reveal(&mut harness, Pane::Network);
    let layer = harness.query_all_by_label_contains("Layer block3: ").next().unwrap();
    layer.click();
    click(&mut harness, "Units: top nine carried back");
    take(&mut harness, "units");
    click(&mut harness, "Unit: step by step");
    take(&mut harness, "steps-in-a-block");
    reveal(&mut harness, Pane::Occlusion);
    take(&mut harness, "occlusion");
    reveal(&mut harness, Pane::Filters);
    wait_to_see(&mut harness, "filters of 3x");
    take(&mut harness, "filters");

    look_into(&mut harness, "convnet-mnist", 10);
    reveal(&mut harness, Pane::Units);
    click(&mut harness, "Units: top nine carried back");
    reveal(&mut harness, Pane::Unit);
    click(&mut harness, "Unit: step by step");
    wait_to_see(&mut harness, "relu2 unit 10");
    harness.query_all_by_label_contains("relu2 unit 10").next().unwrap().click();
    take(&mut harness, "digits");
    click(&mut harness, "Unit: step by step");
    wait_to_see(&mut harness, "Next step down");
    for step in 1..=3 {
        click(&mut harness, "Next step down");
        if step > 1 {
            take(&mut harness, &format!("steps-{step}"));
        }
    }
    reveal(&mut harness, Pane::Invariance);
    take(&mut harness, "invariance");
    click(&mut harness, "Draw a picture");
    take(&mut harness, "drawing");
    click(&mut harness, "Draw a picture");
    reveal(&mut harness, Pane::Surgery);
    click(&mut harness, "Add the chosen unit");
    click(&mut harness, "Silence each unit in turn");
    take(&mut harness, "surgery");
    reveal(&mut harness, Pane::Correspondence);
    resize(&mut harness, LARGE);
    for digit in [0, 2, 3, 8, 9] {
        drag_over(&mut harness, &format!("On digit {digit}, "), [0.3, 0.1], [0.7, 0.4]);
    }
    click(&mut harness, "Compare layers");
    wait_to_see(&mut harness, "Correspondence at fc4: marked");
    take(&mut harness, "correspondence-large");
    resize(&mut harness, SMALL);
    take(&mut harness, "correspondence");
    switch_theme(&mut harness);
    for pane in [Pane::Units, Pane::Unit, Pane::Surgery, Pane::Filters] {
        reveal(&mut harness, pane);
        take(&mut harness, &format!("{}-light", pane_name(pane)));
    }
}

fn pane_name(pane: Pane) -> String {
    format!("{pane:?}").to_lowercase()
}

/// A network that learns.
#[test]
#[ignore = "writes files"]
fn learning() {
    let mut config = TrainConfig { network: "lenet".to_owned(), ..long() };
    config.data.train = Amount::Count(4_000);
    let mut harness = open(config);
    resize(&mut harness, SMALL);
    reveal(&mut harness, Pane::Evolution);
    take(&mut harness, "evolution-empty");
    harness.get_all_by_label_contains("Train").last().unwrap().click();
    wait(&mut harness, "some epochs", |app| {
        app.session.exploration.kept_states().is_some_and(|states| states.list().len() > 5)
    });
    take(&mut harness, "evolution");
    click(&mut harness, "Layer conv2: conv2d, output 16x10x10");
    click(&mut harness, "Units: top nine carried back");
    reveal(&mut harness, Pane::Unit);
    take(&mut harness, "live-sheets");
    let unit = harness.query_all_by_label_contains("conv2 unit 5").next().unwrap().rect().center();
    harness.hover_at(unit);
    take(&mut harness, "preview");
    switch_theme(&mut harness);
    resize(&mut harness, LARGE);
    reveal(&mut harness, Pane::Evolution);
    take(&mut harness, "evolution-light-large");
}
