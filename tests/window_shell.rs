//! The shell of the window: palette, help, keys, layouts, scale, contrast, log; driven by accessible names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::accesskit::Role;
use egui::{Key, Modifiers, pos2, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use glassbox::data::Amount;
use glassbox::experiments::TrainConfig;
use glassbox::ui::app::{Action, Level};
use glassbox::ui::labs::train::Pane;
use glassbox::ui::labs::{AnyPane, LabPane};
use glassbox::ui::theme::{self, Contrast, Palette};
use glassbox::ui::{App, WindowOptions};
use std::collections::BTreeMap;
use window::{click, press, train_a_little, wait};

fn tiny() -> TrainConfig {
    let mut config = TrainConfig { network: "mlp-30".to_owned(), epochs: 10_000, ..TrainConfig::default() };
    config.data.train = Amount::Count(600);
    config.data.validation = Amount::Count(200);
    config
}

fn open() -> Harness<'static, App> {
    open_at(vec2(1280.0, 800.0), 1.0)
}

fn open_at(size: egui::Vec2, pixels_per_point: f32) -> Harness<'static, App> {
    let options =
        WindowOptions { device: "cpu".to_owned(), config: tiny(), persist: false, ..WindowOptions::default() };
    let builder = Harness::builder().with_size(size).with_pixels_per_point(pixels_per_point);
    let mut harness = builder.build_eframe(|cc| App::new(cc, options));
    harness.run_steps(3);
    harness
}

fn type_into(harness: &mut Harness<'_, App>, name: &str, text: &str) {
    harness.get_by_label(name).focus();
    harness.run_steps(2);
    harness.get_by_label(name).type_text(text);
    harness.run_steps(2);
}

fn palette(harness: &mut Harness<'_, App>, query: &str) {
    press(harness, Modifiers::COMMAND, Key::K);
    type_into(harness, "Search commands", query);
}

fn perform(harness: &mut Harness<'_, App>, action: Action) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, action);
    harness.run_steps(3);
}

#[test]
fn the_palette_finds_a_command_and_does_it() {
    let mut harness = open();
    palette(&mut harness, "train or");
    harness.check_accessibility();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Search commands").is_none(), "the palette closes");
    wait(&mut harness, "a run that trains", |app| app.session.current().is_some_and(|run| run.step >= 1));
    palette(&mut harness, "");
    let first = harness.query_all_by_role(Role::ListBoxOption).next().unwrap();
    assert_eq!(first.accesskit_node().label().as_deref(), Some("Train or pause"), "what was used comes first");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    palette(&mut harness, "show runs");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label_contains("Hide mlp-30").is_some(), "the table of runs is in front");
}

#[test]
fn the_palette_sets_a_setting_and_shows_why_not() {
    let mut harness = open();
    palette(&mut harness, "optimiser.learning_rate 0.01");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().book.current().config.optimiser.learning_rate, 0.01);
    palette(&mut harness, "epochs 0");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label_contains("epochs must be").is_some(), "the error stands in the palette");
    assert_eq!(harness.state().book.current().config.epochs, 10_000);
    assert!(harness.state().session.log.notices().is_empty());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    palette(&mut harness, "set batch size");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    type_into(&mut harness, "Search commands", "64");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().book.current().config.batch_size, 64, "choosing a setting asks for its value");
    palette(&mut harness, "network: lenet");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().book.current().config.network, "lenet");
}

#[test]
fn the_palette_is_walked_by_keys_and_gives_the_focus_back() {
    let mut harness = open();
    harness.get_by_label("Network").focus();
    harness.run_steps(2);
    let focus = harness.ctx.memory(egui::Memory::focused);
    palette(&mut harness, "undo");
    let chosen = |harness: &Harness<'_, App>| {
        let options = harness.query_all_by_role(Role::ListBoxOption);
        options.filter(|option| option.accesskit_node().is_selected() == Some(true)).count()
    };
    assert_eq!(chosen(&harness), 1);
    for key in [Key::ArrowDown, Key::PageDown, Key::PageDown, Key::ArrowUp, Key::PageUp] {
        press(&mut harness, Modifiers::NONE, key);
        assert_eq!(chosen(&harness), 1);
    }
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(harness.ctx.memory(egui::Memory::focused), focus);
    palette(&mut harness, "undo");
    let undo = harness.query_all_by_role(Role::ListBoxOption).next().unwrap();
    assert!(undo.accesskit_node().is_disabled(), "there is nothing to undo");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Search commands").is_some(), "what cannot be done does not close the palette");
}

#[test]
fn the_window_is_scaled_by_keys_and_undone() {
    let mut harness = open();
    press(&mut harness, Modifiers::COMMAND, Key::Plus);
    harness.run_steps(2);
    assert_eq!(harness.state().book.current().look.scale, 1.25);
    assert_eq!(harness.ctx.zoom_factor(), 1.25);
    for _ in 0..8 {
        press(&mut harness, Modifiers::COMMAND, Key::Equals);
    }
    assert_eq!(harness.state().book.current().look.scale, 2.5);
    press(&mut harness, Modifiers::COMMAND, Key::Num0);
    assert_eq!(harness.state().book.current().look.scale, 1.0);
    for _ in 0..8 {
        press(&mut harness, Modifiers::COMMAND, Key::Minus);
    }
    assert_eq!(harness.ctx.zoom_factor(), 0.75);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(harness.state().book.current().look.scale, 1.0, "the scale is undone like any setting");
}

/// 1280x800 pixels at a scale of 2.5.
#[test]
fn at_the_largest_scale_everything_is_within_reach() {
    let mut harness = open_at(vec2(512.0, 320.0), 2.5);
    let window = egui::Rect::from_min_size(pos2(0.0, 0.0), vec2(512.0, 320.0));
    for name in ["Reset", "Step", "Train", "View", "Log", "Distill", "Decouple"] {
        for node in harness.query_all_by_label(name) {
            let rect = node.rect();
            assert!(window.expand(0.5).contains_rect(rect), "{name} at {rect:?}");
        }
    }
    for &pane in Pane::ALL {
        perform(&mut harness, Action::Reveal(pane.into()));
        let title = format!("Pane: {}", pane.title());
        assert!(harness.query_by_label(&title).is_some(), "{} is shown alone", pane.title());
        harness.check_accessibility();
    }
    click(&mut harness, "Pane: Hints");
    // The list scrolls: the pane may lie beyond its edge.
    harness.query_all_by_label("Samples").next().unwrap().click_accesskit();
    harness.run_steps(3);
    assert!(harness.query_by_label("Pane: Samples").is_some());
    click(&mut harness, "View");
    harness.check_accessibility();
}

#[test]
fn contrast_palette_and_map_are_settings() {
    let mut harness = open();
    click(&mut harness, "View");
    click(&mut harness, "High contrast");
    assert_eq!(harness.state().book.current().look.contrast, Contrast::High);
    let border = theme::border(true);
    assert!(border.r() >= 100, "borders stand out: {border:?}");
    assert_eq!(harness.ctx.global_style().visuals.weak_text_color, Some(egui::Color32::from_gray(200)));
    click(&mut harness, "Palette: Okabe-Ito");
    assert_eq!(harness.state().book.current().look.palette, Palette::OkabeIto);
    assert_eq!(theme::run_colour(0), egui::Color32::from_rgb(0xE6, 0x9F, 0x00));
    click(&mut harness, "Colour map: Cividis");
    assert_eq!(theme::sequential(0.0), egui::Color32::from_rgb(0, 34, 78));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    for _ in 0..3 {
        press(&mut harness, Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(harness.state().book.current().look, theme::Look::default());
    assert_eq!(theme::run_colour(0), egui::Color32::from_rgb(0x00, 0xA5, 0xF0));
}

#[test]
fn layouts_are_saved_loaded_and_deleted() {
    let mut harness = open();
    click(&mut harness, "View");
    click(&mut harness, "Layout: Curves");
    assert!(harness.query_by_label("Maximise pane: Quantity").is_some(), "a fourth plot is in front");
    click(&mut harness, "Save layout...");
    type_into(&mut harness, "Name of the layout", "mine");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    palette(&mut harness, "reset layout");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Maximise pane: Quantity").is_none());
    palette(&mut harness, "layout: mine");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Maximise pane: Quantity").is_some(), "the saved layout is back");
    click(&mut harness, "View");
    click(&mut harness, "Delete layout mine");
    assert!(harness.query_by_label("Delete layout mine").is_none());
}

#[test]
fn help_follows_the_pointer_until_escape() {
    let mut harness = open();
    let loss = harness.get_by_label("Maximise pane: Loss").rect().center() + vec2(-40.0, 60.0);
    harness.hover_at(loss);
    harness.run_steps(2);
    press(&mut harness, Modifiers::SHIFT, Key::Questionmark);
    assert!(harness.query_by_label_contains("Cross-entropy, in nats").is_some());
    harness.check_accessibility();
    harness.hover_at(pos2(20.0, 300.0));
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("One lab a question").is_some());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label_contains("One lab a question").is_none());
    press(&mut harness, Modifiers::NONE, Key::F1);
    assert!(harness.query_by_label("Close help").is_some());
    click(&mut harness, "Close help");
    assert!(harness.query_by_label("Close help").is_none());
}

#[test]
fn every_pane_has_help() {
    for pane in AnyPane::all() {
        let help = pane.help();
        assert!(help.text.len() > 80 && help.text.ends_with('.'), "{}", help.title);
    }
}

#[test]
fn the_page_of_keys_lists_every_shortcut() {
    let mut harness = open();
    harness.get_all_by_label("Keys").next().unwrap().click();
    harness.run_steps(3);
    for action in Action::all().filter(|action| action.shortcut().is_some()) {
        let named = harness.query_all_by_label(&action.title()).next().is_some();
        assert!(named, "{} is not on the page", action.title());
    }
    assert!(harness.query_by_label("Fit everything").is_some());
    harness.check_accessibility();
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Fit everything").is_none());
}

#[test]
fn files_that_were_opened_are_offered_again_until_they_are_gone() {
    let mut harness = open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, include_str!("../assets/presets/networks/mlp-30.toml")).unwrap();
    palette(&mut harness, &format!("network {}", file.display()));
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().book.current().config.network, file.display().to_string());
    click(&mut harness, "Choose network");
    assert!(!harness.get_by_label(&file.display().to_string()).accesskit_node().is_disabled());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    std::fs::remove_file(&file).unwrap();
    palette(&mut harness, "recent network: mine");
    let offered = harness.get_by_label("Recent network: mine.toml");
    assert!(offered.accesskit_node().is_disabled(), "the file is gone");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    perform(&mut harness, Action::ClearRecent);
    palette(&mut harness, "recent network: mine");
    assert!(harness.query_by_label("Recent network: mine.toml").is_none());
}

#[test]
fn undo_says_what_it_would_change() {
    let mut harness = open();
    palette(&mut harness, "optimiser.learning_rate 0.01");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    harness.hover_at(harness.get_by_label("Undo").rect().center());
    harness.run_steps(8);
    let hint = "Learning rate 0.01 \u{2192} 0.001";
    assert!(harness.query_by_label_contains(hint).is_some(), "the tooltip says so");
    palette(&mut harness, "undo");
    let undo = harness.query_all_by_role(Role::ListBoxOption).next().unwrap();
    assert_eq!(undo.accesskit_node().data().description(), Some(hint));
}

#[test]
fn shortcuts_do_not_collide() {
    let mut seen = BTreeMap::new();
    for action in Action::all() {
        let Some(shortcut) = action.shortcut() else { continue };
        let before = seen.insert(format!("{shortcut:?}"), action);
        assert!(before.is_none(), "{action:?} and {before:?}");
    }
}

#[test]
fn z_lets_the_pane_under_the_pointer_fill_the_lab() {
    let mut harness = open();
    let loss = harness.get_by_label("Maximise pane: Loss").rect().center() + vec2(-40.0, 60.0);
    harness.hover_at(loss);
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::Z);
    assert!(harness.query_by_label("Restore pane: Loss").is_some());
    press(&mut harness, Modifiers::NONE, Key::Z);
    assert!(harness.query_by_label("Maximise pane: Loss").is_some());
}

#[test]
fn the_log_is_searched_read_and_shown_again() {
    let mut harness = open();
    let log = &mut harness.state_mut().session.log;
    log.event("lenet-1: ready on the processor");
    log.error("lenet-1: the disk is full, so nothing more is written to the run folder");
    log.event("lenet-1: finished");
    harness.run_steps(2);
    let headline = "lenet-1: the disk is full, so nothing more is written to the run folder";
    assert!(harness.query_all_by_label(headline).next().is_some(), "an error is not hidden by what comes after it");
    click(&mut harness, "Dismiss notice 1");
    click(&mut harness, "Log");
    type_into(&mut harness, "Search the log", "disk");
    assert!(harness.query_by_label("lenet-1: ready on the processor").is_none());
    click(&mut harness, headline);
    harness.check_accessibility();
    click(&mut harness, "Show as notice");
    let notices = harness.state().session.log.notices();
    assert_eq!((notices.len(), notices[0].level), (1, Level::Error));
    click(&mut harness, "Log: Errors");
    click(&mut harness, "Copy all");
}

#[test]
fn more_notices_than_fit_are_counted() {
    let mut harness = open();
    for index in 0..6 {
        harness.state_mut().session.log.error(format!("error {index}"));
    }
    harness.run_steps(2);
    click(&mut harness, "and 2 more in the log");
    let search = harness.get_by_label("Search the log").rect();
    let notice = harness.get_by_label("Dismiss all").rect();
    assert!(notice.bottom() < search.top(), "the notices leave the log in sight");
    click(&mut harness, "Dismiss all");
    assert!(harness.state().session.log.notices().is_empty());
}

/// Names of the controls that Tab does not come to, and of those it comes to.
fn unreachable(harness: &mut Harness<'_, App>) -> Vec<String> {
    let mut waiting = BTreeMap::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let takes_focus = node.data().supports_action(egui::accesskit::Action::Focus);
        if takes_focus && !node.is_disabled() && !node.is_hidden() {
            waiting.insert(format!("{:?}", node.id()), node.label().unwrap_or_default());
        }
    }
    for _ in 0..waiting.len() + 5 {
        harness.key_press(Key::Tab);
        harness.run_steps(1);
        let focused: Vec<String> = harness
            .root()
            .children_recursive()
            .filter(|node| node.accesskit_node().is_focused())
            .map(|node| format!("{:?}", node.accesskit_node().id()))
            .collect();
        for id in focused {
            waiting.remove(&id);
        }
    }
    waiting.into_values().collect()
}

/// Controls without a name: roles that `egui_kittest` looks at, and whatever else can be clicked or focused.
fn unnamed(harness: &Harness<'_, App>) -> Vec<String> {
    let mut found = harness.unnamed_widgets();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let acts = [egui::accesskit::Action::Focus, egui::accesskit::Action::Click];
        // Edges that are dragged, tab bars and scroll bars are not controls of their own.
        let is_part = matches!(node.role(), Role::Unknown | Role::ScrollBar | Role::GenericContainer);
        let is_control = !is_part && acts.iter().any(|action| node.data().supports_action(*action));
        let name = node.label().or_else(|| node.value());
        let is_named = name.is_some_and(|name| !name.trim().is_empty());
        if is_control && !node.is_hidden() && !is_named {
            found.push(format!("{:?} at {:?}", node.role(), node.raw_bounds()));
        }
    }
    found
}

#[test]
fn every_control_has_a_name_in_every_state() {
    let mut harness = open();
    let check = |harness: &Harness<'_, App>, state: &str| {
        let unnamed = unnamed(harness);
        assert!(unnamed.is_empty(), "{state}: {unnamed:#?}");
    };
    check(&harness, "empty");
    train_a_little(&mut harness);
    check(&harness, "training");
    for &pane in Pane::ALL {
        perform(&mut harness, Action::Reveal(pane.into()));
        check(&harness, pane.title());
    }
    for action in [Action::ToggleLog, Action::Keys, Action::Help, Action::CommandPalette] {
        perform(&mut harness, action);
        check(&harness, action.name());
        perform(&mut harness, action);
    }
    click(&mut harness, "View");
    check(&harness, "View");
}

#[test]
fn tab_comes_to_every_control() {
    let mut harness = open();
    train_a_little(&mut harness);
    perform(&mut harness, Action::ToggleLog);
    let left_out = unreachable(&mut harness);
    assert!(left_out.is_empty(), "Tab does not come to {left_out:#?}");
    for action in [Action::CommandPalette, Action::SaveLayout] {
        perform(&mut harness, action);
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        assert!(harness.ctx.memory(egui::Memory::focused).is_some(), "{action:?} can be walked");
        press(&mut harness, Modifiers::NONE, Key::Escape);
    }
}
