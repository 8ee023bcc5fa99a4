//! The pane Specialists, driven by accessible names with an engine that trains.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::data::Amount;
use glassbox::experiments::{ExperimentConfig, SpecialistsConfig};
use glassbox::ui::App;
use glassbox::ui::app::Action;
use glassbox::ui::labs::distill::Pane;
use std::path::PathBuf;
use window::{click, open, press, reveal, tiny, wait};

/// Ten digits, three specialists of four.
fn small() -> SpecialistsConfig {
    let mut config = SpecialistsConfig { count: 3, size: 4, epochs: 1, ..SpecialistsConfig::default() };
    let run = &mut config.generalist.run;
    "mlp-30".clone_into(&mut run.network);
    "mnist".clone_into(&mut run.data.source);
    run.epochs = 2;
    run.data.train = Amount::Count(1500);
    run.data.validation = Amount::Count(300);
    config
}

fn finish(harness: &mut Harness<'_, App>, config: SpecialistsConfig) {
    let app = harness.state_mut();
    let settings = app.book.current().clone();
    app.session.start_experiment(ExperimentConfig::Specialists(Box::new(config)), &settings, true);
    wait(harness, "results", |app| app.session.experiment().is_some_and(|experiment| experiment.results.is_some()));
}

fn has(harness: &Harness<'_, App>, part: &str) -> bool {
    harness.query_all_by_label_contains(part).next().is_some()
}

#[test]
fn the_pane_says_what_will_be_seen_and_starts_a_preset() {
    let mut harness = open(tiny());
    reveal(&mut harness, Pane::Specialists);
    assert!(has(&harness, "Choose a size above and start"));
    harness.check_accessibility();
    click(&mut harness, "Start specialists");
    let title = |app: &App| app.session.experiment().map(|experiment| experiment.config.title().to_owned());
    assert_eq!(title(harness.state()).unwrap(), "Specialists in a minute");
    wait(&mut harness, "the networks", |app| {
        app.session.experiment().is_some_and(|experiment| experiment.members().len() == 13)
    });
    assert!(has(&harness, "specialist 01: classes to be found; waits"));
    harness.check_accessibility();
    harness.state_mut().session.stop_experiment();
}

#[test]
fn sets_gains_and_single_images_are_shown_once_all_have_learned() {
    let mut harness = open(tiny());
    reveal(&mut harness, Pane::Specialists);
    finish(&mut harness, small());
    let experiment = harness.state().session.experiment().unwrap();
    let results = experiment.results.clone().unwrap();
    let classes: Vec<String> =
        results["specialists"][0]["classes"].as_array().unwrap().iter().map(ToString::to_string).collect();
    assert!(has(&harness, &format!("specialist 01: {}; errors", classes.join(" "))), "{classes:?}");
    let errors = results["all"]["generalist_errors"].as_u64().unwrap();
    assert!(has(&harness, "generalist: ") && has(&harness, "with specialists: ") && has(&harness, "all images: "));
    assert!(errors > 0);
    assert!(has(&harness, "Test image of a"));

    // Through all test images: the first, then the last.
    let first = harness.state().session.experiment().unwrap().started.as_ref().unwrap().test.clone();
    click(&mut harness, "Images to look at");
    click(&mut harness, "all test images (10,000)");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(has(&harness, &format!("Test image of a {}", first.label(0))));
    assert!(has(&harness, "(the true class): generalist"));
    click(&mut harness, "Previous image");
    assert!(has(&harness, &format!("Test image of a {}", first.label(9_999))));
    click(&mut harness, "Next image");
    assert!(has(&harness, &format!("Test image of a {}", first.label(0))));
    harness.check_accessibility();

    // Of a specialist the table of networks leads here.
    reveal(&mut harness, Pane::Members);
    click(&mut harness, "Look at specialist 02");
    harness.run_steps(2);
    assert!(harness.query_by_label("Maximise pane: Specialists").is_some());
    harness.set_size(vec2(512.0, 320.0));
    reveal(&mut harness, Pane::Specialists);
    harness.check_accessibility();
}

/// `GLASSBOX_PICTURES=FOLDER cargo test --test window_specialists -- --ignored` to look at the pane.
#[test]
#[ignore = "makes pictures to look at"]
fn pictures() {
    let folder = PathBuf::from(std::env::var_os("GLASSBOX_PICTURES").expect("a folder for the pictures"));
    std::fs::create_dir_all(&folder).unwrap();
    let mut harness = open(tiny());
    reveal(&mut harness, Pane::Specialists);
    harness.render().unwrap().save(folder.join("empty.png")).unwrap();
    if let Some(run) = std::env::var_os("GLASSBOX_SPECIALISTS") {
        let app = harness.state_mut();
        let settings = app.book.current().clone();
        app.session.open_experiment(run.into(), &settings);
        wait(&mut harness, "results", |app| {
            app.session.experiment().is_some_and(|experiment| experiment.results.is_some())
        });
    } else {
        finish(&mut harness, small());
    }
    for theme in ["dark", "light"] {
        for (width, height) in [(1280.0, 800.0), (2560.0, 1440.0)] {
            harness.set_size(vec2(width, height));
            harness.hover_at(egui::pos2(2.0, height - 5.0));
            harness.run_steps(4);
            harness.render().unwrap().save(folder.join(format!("{theme}-{width}.png"))).unwrap();
            // Alone, and as large as the window.
            let pane = harness.get_by_label("Maximise pane: Specialists").rect().center() + vec2(-60.0, 100.0);
            harness.hover_at(pane);
            harness.run_steps(2);
            press(&mut harness, Modifiers::NONE, Key::Z);
            harness.render().unwrap().save(folder.join(format!("{theme}-{width}-alone.png"))).unwrap();
            press(&mut harness, Modifiers::NONE, Key::Z);
        }
        let ctx = harness.ctx.clone();
        harness.state_mut().perform(&ctx, Action::SwitchTheme);
        harness.run_steps(2);
    }
}
