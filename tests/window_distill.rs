//! The Distill lab and the frame that it shares with the Train lab, driven by accessible names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use eframe::Storage;
use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use glassbox::experiments::{ExperimentConfig, distillation_preset};
use glassbox::ui::app::Action;
use glassbox::ui::labs::distill::{Arrangement, Pane};
use glassbox::ui::labs::{Lab, LabArrangement, LabPane, train};
use glassbox::ui::{App, WindowOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use window::{click, long, open, press, reveal, tiny, train_a_little, wait};

fn shown(harness: &Harness<'_, App>, pane: &str) -> bool {
    harness.query_by_label(&format!("Maximise pane: {pane}")).is_some()
}

fn perform(harness: &mut Harness<'_, App>, action: Action) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, action);
    harness.run_steps(3);
}

fn palette(harness: &mut Harness<'_, App>, query: &str) {
    press(harness, Modifiers::COMMAND, Key::K);
    harness.get_by_label("Search commands").focus();
    harness.run_steps(2);
    harness.get_by_label("Search commands").type_text(query);
    harness.run_steps(2);
}

#[test]
fn keys_and_the_rail_go_from_lab_to_lab() {
    let mut harness = open(tiny());
    assert!(shown(&harness, "Loss") && !shown(&harness, "Microscope"));
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    assert!(!shown(&harness, "Loss"), "one lab at a time");
    for pane in ["Experiment", "Curves", "Images", "Microscope", "Dark knowledge"] {
        assert!(shown(&harness, pane), "{pane} is not in front");
    }
    assert!(harness.query_by_label_contains("What does a teacher know").is_some(), "the lab says what to look at");
    harness.check_accessibility();
    // The button that trains has the same name.
    harness.get_all_by_label("Train").find(|node| node.rect().left() < 1.0).unwrap().click();
    harness.run_steps(3);
    assert!(shown(&harness, "Loss"));
    click(&mut harness, "Distill");
    assert!(shown(&harness, "Microscope"));
    press(&mut harness, Modifiers::COMMAND, Key::Num1);
    assert!(shown(&harness, "Loss"));
}

#[test]
fn every_pane_says_what_will_be_seen_and_where_to_begin() {
    let mut harness = open(tiny());
    for &pane in Pane::ALL {
        reveal(&mut harness, pane);
        assert!(shown(&harness, pane.title()), "{} is not in front", pane.title());
        harness.check_accessibility();
    }
    press(&mut harness, Modifiers::COMMAND, Key::Num1);
    reveal(&mut harness, Pane::Members);
    assert!(shown(&harness, "Networks") && !shown(&harness, "Experiment"), "revealing goes to the lab of the pane");
    harness.get_all_by_label("Choose an experiment").next().unwrap().click();
    harness.run_steps(3);
    assert!(shown(&harness, "Experiment"));
}

#[test]
fn the_palette_shows_panes_of_both_labs_and_lays_out_the_one_in_view() {
    let mut harness = open(tiny());
    palette(&mut harness, "show microscope");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(shown(&harness, "Microscope"));
    palette(&mut harness, "layout: curves");
    assert!(harness.query_by_label("Layout: Curves").is_none(), "that one belongs to the Train lab");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    palette(&mut harness, "layout: everything");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    for &pane in Pane::ALL {
        assert!(shown(&harness, pane.title()), "{} is not in front", pane.title());
    }
    palette(&mut harness, "show experiment (train)");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(shown(&harness, "Loss"));
}

#[test]
fn help_and_z_follow_the_lab_in_view() {
    let mut harness = open(tiny());
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    let microscope = harness.get_by_label("Maximise pane: Microscope").rect().center() + vec2(-40.0, 60.0);
    harness.hover_at(microscope);
    harness.run_steps(2);
    press(&mut harness, Modifiers::SHIFT, Key::Questionmark);
    assert!(harness.query_by_label_contains("arXiv 1503.02531, equation 1").is_some());
    press(&mut harness, Modifiers::NONE, Key::Z);
    assert!(harness.query_by_label("Restore pane: Microscope").is_some());
    press(&mut harness, Modifiers::COMMAND, Key::Num1);
    assert!(shown(&harness, "Loss"), "the Train lab stays as it was");
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    press(&mut harness, Modifiers::NONE, Key::Z);
    assert!(shown(&harness, "Microscope") && shown(&harness, "Curves"));
}

#[test]
fn the_view_menu_has_the_layouts_of_the_lab_in_view() {
    let mut harness = open(tiny());
    click(&mut harness, "View");
    assert!(harness.query_by_label("Layout: Look inside").is_some());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    click(&mut harness, "View");
    assert!(harness.query_by_label("Layout: Look inside").is_none());
    click(&mut harness, "Layout: Lecture");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run_steps(2);
    let (microscope, curves) = (harness.get_by_label("Maximise pane: Microscope"), "Maximise pane: Curves");
    assert!(microscope.rect().right() < harness.get_by_label(curves).rect().left(), "the microscope is on the left");
}

#[test]
fn the_inspector_is_open_or_closed_by_lab() {
    let mut harness = open(tiny());
    let inspects = |harness: &Harness<'_, App>| harness.query_by_label_contains("Click an image, a layer").is_some();
    assert!(inspects(&harness));
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    assert!(!inspects(&harness), "the microscope has its room");
    press(&mut harness, Modifiers::COMMAND, Key::I);
    assert!(inspects(&harness));
    press(&mut harness, Modifiers::COMMAND, Key::Num1);
    press(&mut harness, Modifiers::COMMAND, Key::I);
    assert!(!inspects(&harness));
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    assert!(inspects(&harness));
}

#[test]
fn a_figure_of_the_lab_is_not_named_after_a_run_of_the_other() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    let microscope = harness.get_by_label("Maximise pane: Microscope").rect().center() + vec2(-40.0, 60.0);
    harness.hover_at(microscope);
    harness.run_steps(2);
    press(&mut harness, Modifiers::COMMAND, Key::S);
    harness.run_steps(2);
    click(&mut harness, "Save as SVG");
    let path = harness.get_by_label("File to save to").accesskit_node().value().unwrap();
    assert_eq!(Path::new(&path).file_name().unwrap(), "microscope.svg");
}

#[derive(Default)]
struct Memory(BTreeMap<String, String>);

impl Storage for Memory {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

fn open_with(storage: &Memory) -> Harness<'_, App> {
    let options = WindowOptions { device: "cpu".to_owned(), ..WindowOptions::default() };
    let mut harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(|cc| {
        cc.storage = Some(storage);
        App::new(cc, options)
    });
    harness.run_steps(3);
    harness
}

#[test]
fn the_layouts_of_both_labs_survive_a_restart() {
    let nothing = Memory::default();
    let mut harness = open_with(&nothing);
    perform(&mut harness, Action::Arrange(train::Arrangement::Curves.into()));
    perform(&mut harness, Action::Arrange(Arrangement::Everything.into()));
    perform(&mut harness, Action::SaveLayout);
    harness.get_by_label("Name of the layout").type_text("mine");
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    perform(&mut harness, Action::Arrange(Arrangement::Lecture.into()));
    let mut storage = Memory::default();
    eframe::App::save(harness.state_mut(), &mut storage);
    let mut again = open_with(&storage);
    assert!(shown(&again, "Microscope") && !shown(&again, "Omitted classes"), "the Distill lab, as a lecture");
    palette(&mut again, "layout: mine");
    press(&mut again, Modifiers::NONE, Key::Enter);
    assert!(shown(&again, "Omitted classes"), "everything, under its name");
    press(&mut again, Modifiers::COMMAND, Key::Num1);
    assert!(shown(&again, "Quantity"), "a fourth plot is in front");
    palette(&mut again, "layout: mine");
    assert!(again.query_by_label("Layout: mine").is_none(), "a layout belongs to its lab");
}

/// 1280x800 pixels at a scale of 2.5: one pane at a time.
#[test]
fn in_a_small_window_panes_are_shown_alone() {
    let mut harness = open(tiny());
    harness.set_size(vec2(512.0, 320.0));
    for &pane in Pane::ALL {
        reveal(&mut harness, pane);
        assert!(harness.query_by_label(&format!("Pane: {}", pane.title())).is_some(), "{} is shown", pane.title());
        harness.check_accessibility();
    }
}

/// `GLASSBOX_PICTURES=FOLDER cargo test --test window_distill -- --ignored` to look at the lab.
#[test]
#[ignore = "makes pictures to look at"]
fn pictures() {
    let folder = PathBuf::from(std::env::var_os("GLASSBOX_PICTURES").expect("a folder for the pictures"));
    let mut harness = open(tiny());
    perform(&mut harness, Action::Open(Lab::Distill));
    wait(&mut harness, "the pretrained pair", |app| {
        app.session.experiment().is_some_and(|experiment| experiment.results.is_some())
    });
    pictures_in(&mut harness, &folder.join("pretrained"));
    // A teacher that had learned before is a level line beside the curves of its students.
    let mut config = distillation_preset("lesson").unwrap();
    config.student.network = "mlp-30".to_owned();
    config.student.epochs = 12;
    let settings = harness.state().book.current().clone();
    let config = ExperimentConfig::Distillation(Box::new(config));
    harness.state_mut().session.start_experiment(config, &settings, true);
    wait(&mut harness, "the lesson", |app| {
        app.session.experiment().is_some_and(|experiment| experiment.results.is_some())
    });
    pictures_in(&mut harness, &folder.join("lesson"));
}

fn pictures_in(harness: &mut Harness<'_, App>, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for theme in ["dark", "light"] {
        for (width, height) in [(1280.0, 800.0), (2560.0, 1440.0)] {
            harness.set_size(vec2(width, height));
            for &arrangement in Arrangement::ALL {
                perform(harness, Action::Arrange(arrangement.into()));
                harness.hover_at(egui::pos2(2.0, height - 5.0));
                harness.run_steps(4);
                let name = format!("{theme}-{width}-{}.png", arrangement.name().to_lowercase());
                harness.render().unwrap().save(folder.join(name)).unwrap();
            }
        }
        perform(harness, Action::SwitchTheme);
    }
}
