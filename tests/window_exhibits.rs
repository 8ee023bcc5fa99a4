//! An experiment of the exhibits of Zeiler and Fergus in the window: it is no distillation, and every pane bears that.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui_kittest::kittest::Queryable;
use glassbox::data::Amount;
use glassbox::experiments::{Exhibit, ExperimentConfig, FeaturesConfig};
use glassbox::ui::labs::LabPane as _;
use glassbox::ui::labs::distill::Pane;
use window::{click, open, reveal, tiny, wait};

#[test]
fn its_networks_are_listed_and_its_report_is_readable() {
    let mut config = FeaturesConfig {
        network: "train".to_owned(),
        exhibits: vec![Exhibit::Adjoint, Exhibit::Occlusion],
        images: 10,
        samples: 2,
        ..FeaturesConfig::default()
    };
    "mlp-30".clone_into(&mut config.train.network);
    config.train.epochs = 1;
    config.train.data.train = Amount::Count(500);
    config.train.data.validation = Amount::Count(100);
    let scenes = &mut config.scenes;
    (scenes.train, scenes.test, scenes.epochs, scenes.side, scenes.occluded) = (200, 20, 1, 40, 1);

    let mut harness = open(tiny());
    let app = harness.state_mut();
    let settings = app.book.current().clone();
    app.session.start_experiment(ExperimentConfig::Features(Box::new(config)), &settings, true);
    wait(&mut harness, "results", |app| {
        app.session.experiment().is_some_and(|experiment| experiment.results.is_some())
    });
    for &pane in Pane::ALL {
        reveal(&mut harness, pane);
        harness.run_steps(2);
    }
    reveal(&mut harness, Pane::Members);
    click(&mut harness, "Look at network");
    harness.run_steps(2);
    let has = |part: &str| harness.query_all_by_label_contains(part).next().is_some();
    assert!(has("The reverse pass (section 2.1)") && has("Occlusion (section 4.2, figure 7)"));
    harness.check_accessibility();
}
