//! The Features lab: pictures dropped, pasted and opened, and the network that is shown them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Color32, ColorImage, Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use glassbox::engine::Subject;
use glassbox::ui::App;
use glassbox::ui::app::{Exploration, NetworkState};
use glassbox::ui::labs::features::Pane;
use image::RgbImage;
use std::sync::Arc;
use window::{click, drop_files, long, open, press, reveal, tiny, train_a_little, wait};

const LARGE: egui::Vec2 = egui::vec2(2560.0, 1440.0);

fn explored(app: &App) -> &Exploration {
    &app.session.exploration
}

fn opened() -> Harness<'static, App> {
    let mut harness = open(tiny());
    // So that all pictures are in sight.
    harness.set_size(LARGE);
    press(&mut harness, Modifiers::COMMAND, Key::Num3);
    wait(&mut harness, "the photographs inside", |app| explored(app).guesses().len() == 4);
    harness
}

#[test]
fn photographs_are_classified_at_the_first_start() {
    let mut harness = opened();
    for name in ["chelsea.jpg: ", "coffee.jpg: espresso", "rocket.jpg: missile", "astronaut.jpg: "] {
        assert!(harness.query_all_by_label_contains(name).next().is_some(), "{name}");
    }
    harness.check_accessibility();
    click(&mut harness, "Remove picture 2");
    wait(&mut harness, "the other three", |app| explored(app).guesses().len() == 3);
    assert!(harness.query_all_by_label_contains("coffee.jpg").next().is_none());
}

#[test]
fn dropped_and_pasted_images_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let (good, broken) = (folder.path().join("blue.png"), folder.path().join("broken.jpg"));
    RgbImage::from_pixel(300, 200, image::Rgb([20, 40, 200])).save(&good).unwrap();
    std::fs::write(&broken, "no image").unwrap();
    let mut harness = open(tiny());
    harness.set_size(LARGE);
    drop_files(&mut harness, &[&good, &broken]);
    wait(&mut harness, "the dropped ones", |app| explored(app).guesses().len() == 6);
    assert!(harness.query_all_by_label_contains("Picture 5, blue.png: ").next().is_some());
    assert!(harness.query_all_by_label_contains("Picture 6, broken.jpg: it is not an image").next().is_some());
    harness.event(Event::PasteImage(Arc::new(ColorImage::filled([40, 30], Color32::RED))));
    wait(&mut harness, "the pasted one", |app| explored(app).guesses().len() == 7);
    assert_eq!(explored(harness.state()).selected(), Some(6));
    assert!(harness.query_all_by_label_contains("Picture 7, pasted: ").next().is_some());
}

#[test]
fn pictures_come_from_the_data_set_and_from_the_pad() {
    let mut harness = digits();
    let names =
        |app: &App| -> Vec<String> { explored(app).pictures().iter().map(|picture| picture.name.clone()).collect() };
    let before = names(harness.state()).len();
    click(&mut harness, "Add images of the data set");
    wait(&mut harness, "the images", |app| explored(app).guesses().len() == before + 4);
    assert!(names(harness.state())[before..].iter().all(|name| name.starts_with("test ")));
    click(&mut harness, "Draw a picture");
    let pad = harness.get_by_label("Drawing pad").rect();
    let at = |x: f32, y: f32| pad.min + egui::vec2(x, y) * pad.width();
    harness.drag_at(at(0.5, 0.15));
    for place in 1..=8 {
        harness.hover_at(at(0.5, 0.15 + 0.09 * place as f32));
        harness.run_steps(1);
    }
    harness.drop_at(at(0.5, 0.87));
    wait(&mut harness, "the drawing", |app| explored(app).guesses().len() == before + 5);
    assert_eq!(names(harness.state()).last().map(String::as_str), Some("drawing"));
    let guessed = explored(harness.state()).guesses().last().cloned().unwrap().unwrap();
    assert_eq!(guessed.guesses[0].name, "1", "a vertical stroke");
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    wait(&mut harness, "no drawing", |app| explored(app).guesses().len() == before + 4);
    harness.check_accessibility();
}

#[test]
fn the_run_in_hand_can_be_looked_into_as_it_learns() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    reveal(&mut harness, Pane::Network);
    harness.state_mut().session.exploration.follow_run();
    wait(
        &mut harness,
        "the network of the run",
        |app| matches!(explored(app).network(), NetworkState::Open(facts) if facts.name.contains("step")),
    );
    wait(&mut harness, "its guesses of digits", |app| explored(app).guesses().len() == 10);
    assert_eq!(explored(harness.state()).pictures()[3].name, "digit 3");
    let facts = explored(harness.state()).facts().unwrap();
    assert_eq!((facts.architecture.as_str(), facts.class_names.len()), ("mlp-30", 10));
}

#[test]
fn a_network_that_cannot_be_opened_says_why() {
    let mut harness = open(tiny());
    reveal(&mut harness, Pane::Network);
    harness.state_mut().session.exploration.look_into(Subject::Named("nowhere.safetensors".to_owned()));
    wait(&mut harness, "the reason", |app| matches!(explored(app).network(), NetworkState::Failed(_)));
    assert!(harness.query_all_by_label_contains("nowhere.safetensors").next().is_some());
}

/// From the first start: three clicks and five seconds to a picture of what a unit looks for.
#[test]
fn a_unit_shows_what_it_looks_for() {
    let mut harness = opened();
    wait(&mut harness, "what the unit is carried back to", |app| explored(app).last_maps().is_some());
    reveal(&mut harness, Pane::Unit);
    let says = |harness: &Harness<'_, App>, text: &str| harness.query_all_by_label_contains(text).next().is_some();
    let began = std::time::Instant::now();
    while !says(&harness, "carried back: activation") {
        assert!(began.elapsed().as_secs() < 60, "waited in vain");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    harness.check_accessibility();
}

/// A small network, so that answers come soon.
fn digits() -> Harness<'static, App> {
    let mut harness = opened();
    harness.state_mut().session.exploration.look_into(Subject::Named("convnet-mnist".to_owned()));
    wait(&mut harness, "the digits inside", |app| {
        explored(app).facts().is_some_and(|facts| facts.name == "convnet-mnist") && explored(app).guesses().len() == 10
    });
    harness
}

/// Draws frames until something says it.
fn wait_to_see(harness: &mut Harness<'_, App>, text: &str) {
    let began = std::time::Instant::now();
    while harness.query_all_by_label_contains(text).next().is_none() {
        assert!(began.elapsed().as_secs() < 120, "waited in vain to see: {text}");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn filters_of_the_first_layer_are_shown_and_chosen() {
    let mut harness = digits();
    reveal(&mut harness, Pane::Filters);
    wait_to_see(&mut harness, "conv1: 32 filters of 1x");
    harness.query_all_by_label_contains("conv1 filter 7: RMS").next().unwrap().click();
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    click(&mut harness, "Scale of the filters: each its own");
    assert!(harness.query_all_by_label_contains("each on its own scale").next().is_some());
    harness.check_accessibility();
    reveal(&mut harness, Pane::Unit);
    assert!(harness.query_all_by_label_contains("conv1 unit 8").next().is_some());
}

/// The share after the operations, once it is about all images and no longer this one.
fn accuracy_other_than(harness: &mut Harness<'_, App>, before: f64) -> f64 {
    for _ in 0..6_000 {
        let line = harness.query_all_by_label_contains("points) on 2,000 images").next();
        let text = line.and_then(|line| line.accesskit_node().label().or(line.accesskit_node().value()));
        let after = text.as_deref().and_then(|text| text.split_once("\u{2192} ")?.1.split_once('%'));
        let after = after.and_then(|(share, _)| share.parse::<f64>().ok());
        if let Some(after) = after.filter(|after| *after != before) {
            return after;
        }
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited in vain for another share than {before}");
}

#[test]
fn units_are_silenced_and_the_accuracy_follows() {
    let mut harness = digits();
    reveal(&mut harness, Pane::Surgery);
    let whole = accuracy_other_than(&mut harness, 0.0);
    assert!(whole > 97.0, "{whole}");
    click(&mut harness, "Surgery: boost");
    click(&mut harness, "Add the chosen unit");
    assert!(harness.query_all_by_label_contains("Take back: relu2 unit 0 times 2").next().is_some());
    click(&mut harness, "Silence the whole layer");
    let silent = accuracy_other_than(&mut harness, whole);
    assert!(silent < 20.0, "{silent}");
    assert!(harness.query_all_by_label_contains("Confusion matrix, ").next().is_some());
    harness.check_accessibility();
    click(&mut harness, "Undo the last operation");
    assert!(accuracy_other_than(&mut harness, silent) > 90.0);
    click(&mut harness, "Remove all operations");
    assert!(harness.query_all_by_label_contains("Take back: ").next().is_none());
    click(&mut harness, "Silence each unit in turn");
    wait_to_see(&mut harness, "Without relu2 unit ");
    click(&mut harness, "Stop silencing units");
    click(&mut harness, "Sort by unit");
    harness.query_all_by_label_contains("Without relu2 unit 5: accuracy").next().unwrap().click();
    harness.run_steps(3);
    click(&mut harness, "Surgery: silence");
    click(&mut harness, "Add the chosen unit");
    let is_silenced = |harness: &Harness<'_, App>| {
        harness.query_all_by_label_contains("Take back: relu2 unit 5 silenced").next().is_some()
    };
    assert!(is_silenced(&harness));
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(!is_silenced(&harness), "the pointer is in the pane, so it is surgery that is undone");
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert!(is_silenced(&harness));
}

/// Drags over a part of an image, given in shares of its sides.
fn drag_over(harness: &mut Harness<'_, App>, name: &str, from: [f32; 2], to: [f32; 2]) {
    let rect = harness.query_all_by_label_contains(name).next().unwrap().rect();
    let at = |[x, y]: [f32; 2]| rect.min + rect.size() * egui::vec2(x, y);
    harness.drag_at(at(from));
    harness.run_steps(2);
    harness.hover_at(at(to));
    harness.run_steps(2);
    harness.drop_at(at(to));
    harness.run_steps(3);
}

#[test]
fn the_same_part_of_several_images_is_marked_and_compared() {
    let mut harness = digits();
    reveal(&mut harness, Pane::Correspondence);
    wait_to_see(&mut harness, "On digit 0, nothing is marked");
    assert!(harness.query_all_by_label_contains("on at least 3 more").next().is_some());
    drag_over(&mut harness, "On digit 0, ", [0.3, 0.1], [0.6, 0.4]);
    drag_over(&mut harness, "On digit 3, ", [0.6, 0.4], [0.3, 0.1]);
    assert!(
        harness.query_all_by_label_contains("On digit 3, marked are rows 2 to 11, columns 8 to 16").next().is_some()
    );
    assert!(harness.query_all_by_label_contains("on at least 1 more").next().is_some());
    // By a click the middle is marked, and by another one no more.
    harness.query_all_by_label_contains("On digit 7, ").next().unwrap().click();
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("On digit 7, marked are rows 9 to 17").next().is_some());
    harness.query_all_by_label_contains("On digit 7, ").next().unwrap().click();
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("On digit 7, nothing").next().is_some());
    drag_over(&mut harness, "On digit 8, ", [0.3, 0.1], [0.6, 0.4]);
    click(&mut harness, "Compare layers");
    wait_to_see(&mut harness, "Correspondence at fc4: marked");
    harness.check_accessibility();
    assert!(harness.query_all_by_label_contains("by layer").next().is_some());
    drag_over(&mut harness, "On digit 9, ", [0.3, 0.1], [0.6, 0.4]);
    assert!(harness.query_all_by_label_contains("The marks have changed since").next().is_some());
    click(&mut harness, "Mark parts of: top nine");
    wait_to_see(&mut harness, "On image ");
    click(&mut harness, "Mark what the unit sees");
    let marked = harness
        .query_all_by_label_contains("On image ")
        .filter(|image| image.accesskit_node().label().is_some_and(|label| label.contains("marked are rows")));
    assert!(marked.count() >= 3);
    click(&mut harness, "Remove marks");
    assert!(harness.query_all_by_label_contains("on at least 3 more").next().is_some());
}

fn states(app: &App) -> usize {
    explored(app).kept_states().map_or(0, |states| states.list().len())
}

fn frames(app: &App) -> usize {
    explored(app).last_evolution().map_or(0, |film| film.frames.len())
}

/// From the empty pane: its button trains, states are kept, and the film of any unit appears.
#[test]
fn a_film_of_the_run_in_hand_is_made_by_itself() {
    let mut harness = open(long());
    reveal(&mut harness, Pane::Evolution);
    harness.get_all_by_label_contains("Train").last().unwrap().click();
    wait(&mut harness, "three states", |app| states(app) > 2);
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "a pause", |app| window::current(app).phase == glassbox::engine::Phase::Paused);
    wait(&mut harness, "a frame a state", |app| frames(app) > 2 && frames(app) == states(app));
    wait_to_see(&mut harness, "State of the film");
    harness.check_accessibility();
    let count = frames(harness.state());
    let chosen = |harness: &Harness<'_, App>| {
        harness
            .get_by_role_and_label(egui::accesskit::Role::Slider, "State of the film")
            .accesskit_node()
            .numeric_value()
    };
    assert_eq!(chosen(&harness), Some((count - 1) as f64));
    // A frame of the strip, then an arrow.
    let first = format!("step {}: image ", explored(harness.state()).kept_states().unwrap().list()[0].step);
    harness.query_all_by_label_contains(&first).last().unwrap().click();
    harness.run_steps(3);
    assert_eq!(chosen(&harness), Some(0.0));
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(chosen(&harness), Some(1.0));
    click(&mut harness, "Play the film");
    let began = std::time::Instant::now();
    while chosen(&harness) == Some(1.0) {
        assert!(began.elapsed().as_secs() < 60, "waited in vain");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    click(&mut harness, "Pause the film");
    // The states are in the folder of the run, and make the same film from there.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let id = window::current(harness.state()).id;
    harness.state_mut().session.save_to(id, &path);
    wait(&mut harness, "the folder", |app| window::current(app).folder.is_some());
    let strongest = explored(harness.state()).last_evolution().unwrap().strongest(count - 1);
    harness.state_mut().session.exploration.look_into(Subject::Named(path.display().to_string()));
    wait(&mut harness, "the states on disk", |app| !explored(app).follows_run() && states(app) == count);
    // The film of the run in hand is not shown for it.
    wait_to_see(&mut harness, "State of the film");
    wait(&mut harness, "the film from disk", |app| {
        frames(app) == count && explored(app).last_evolution().unwrap().strongest(count - 1) == strongest
    });
    assert_eq!(chosen(&harness).map(|chosen| chosen < count as f64), Some(true));
}

/// Back, next, the slider and the keys go through the same steps.
#[test]
fn the_way_back_is_explained_step_by_step() {
    let mut harness = opened();
    reveal(&mut harness, Pane::Unit);
    harness.state_mut().session.exploration.look_into(Subject::Named("convnet-mnist".to_owned()));
    wait(
        &mut harness,
        "the small network",
        |app| matches!(explored(app).network(), NetworkState::Open(facts) if facts.name == "convnet-mnist"),
    );
    wait(&mut harness, "digits", |app| explored(app).guesses().len() == 10);
    click(&mut harness, "Unit: step by step");
    wait(&mut harness, "the steps", |app| {
        explored(app)
            .last_explanation()
            .is_some_and(|seen| seen.steps.last().is_some_and(|step| step.shape.channels == 1))
    });
    let says = |harness: &Harness<'_, App>, text: &str| harness.query_all_by_label_contains(text).next().is_some();
    assert!(says(&harness, "Start: the unit's own activation"));
    harness.check_accessibility();
    let steps = explored(harness.state()).last_explanation().unwrap().steps.clone();
    for step in &steps[1..] {
        click(&mut harness, "Next step down");
        let word = match step.kind {
            "relu" => "Rectification at",
            "max_pool2d" => "Unpooling",
            "conv2d" => "Filtering",
            other => panic!("no step is expected through a {other}"),
        };
        assert!(says(&harness, &format!("{word} {}", step.layer)), "{}", step.layer);
    }
    assert!(says(&harness, "transposed filter of channel"));
    press(&mut harness, Modifiers::NONE, Key::OpenBracket);
    assert!(says(&harness, &steps[steps.len() - 2].layer));
    click(&mut harness, "Step back up");
    press(&mut harness, Modifiers::NONE, Key::B);
    wait(&mut harness, "the next rule", |app| {
        explored(app).last_explanation().is_some_and(|seen| seen.steps.len() > 1)
    });
}

/// Asked for in the menu of the sheets, made beside the window, and saved like any figure.
#[test]
fn the_sheets_of_a_layer_are_saved_on_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened();
    harness.state_mut().session.exploration.look_into(Subject::Named("convnet-mnist".to_owned()));
    wait(
        &mut harness,
        "the small network",
        |app| matches!(explored(app).network(), NetworkState::Open(facts) if facts.name == "convnet-mnist"),
    );
    click(&mut harness, "Units: top nine carried back");
    wait(&mut harness, "all sheets", |app| {
        let is_small = explored(app).facts().is_some_and(|facts| facts.name == "convnet-mnist");
        is_small && explored(app).last_sheets().is_some_and(|sheets| sheets.is_whole() && sheets.images.len() == 10_000)
    });
    click(&mut harness, "Contact sheet");
    click(&mut harness, "Contact sheet as SVG");
    let began = std::time::Instant::now();
    while harness.query_by_label("File to save to").is_none() {
        assert!(began.elapsed().as_secs() < 120, "waited in vain");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let path = folder.path().join("sheet.svg");
    harness.get_by_label("File to save to").focus();
    harness.run_steps(2);
    press(&mut harness, Modifiers::COMMAND, Key::A);
    harness.get_by_label("File to save to").type_text(path.to_str().unwrap());
    harness.run_steps(2);
    click(&mut harness, "Save the figure");
    wait(&mut harness, "the file", |_| path.exists());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("of convnet-mnist: the strongest of 10,000 images carried back (deconvnet)</title>"));
}

/// Pointing shows a unit's top nine, and Shift with a click puts it beside the chosen one.
#[test]
fn units_are_previewed_and_compared() {
    let mut harness = opened();
    harness.state_mut().session.exploration.look_into(Subject::Named("convnet-mnist".to_owned()));
    click(&mut harness, "Units: top nine");
    wait(&mut harness, "all sheets", |app| {
        let is_small = explored(app).facts().is_some_and(|facts| facts.name == "convnet-mnist");
        is_small && explored(app).last_sheets().is_some_and(|sheets| sheets.is_whole() && sheets.images.len() == 10_000)
    });
    let unit = |harness: &Harness<'_, App>, unit: usize| {
        let layer = if harness.query_all_by_label_contains("relu2 unit ").next().is_some() { "relu2" } else { "relu1" };
        (layer, format!("{layer} unit {unit}, strongest "))
    };
    let (layer, name) = unit(&harness, 2);
    harness.query_all_by_label_contains(&name).next().unwrap().hover();
    let preview = format!("{layer} unit 2: top 9 of 10,000 images, active on");
    let began = std::time::Instant::now();
    while harness.query_all_by_label_contains(&preview).next().is_none() {
        assert!(began.elapsed().as_secs() < 60, "waited in vain: {preview}");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    harness.query_all_by_label_contains(&name).next().unwrap().click_modifiers(Modifiers::SHIFT);
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains(", compared").next().is_some());
    reveal(&mut harness, Pane::Unit);
    assert_eq!(harness.query_all_by_label_contains("Top 1: image ").count(), 2);
    harness.check_accessibility();
    click(&mut harness, "Compare no more");
    assert_eq!(harness.query_all_by_label_contains("Top 1: image ").count(), 1);
}

/// They say which step they are of, and a newer one takes their place whole.
#[test]
fn sheets_follow_the_run_in_hand() {
    let mut harness = open(long());
    reveal(&mut harness, Pane::Units);
    harness.state_mut().session.exploration.follow_run();
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(
        &mut harness,
        "the network of the run",
        |app| matches!(explored(app).network(), NetworkState::Open(facts) if facts.name.contains("step")),
    );
    click(&mut harness, "Units: top nine");
    let step = |sheets: &glassbox::engine::Sheets| sheets.state.as_ref().map(|state| state.step);
    wait(&mut harness, "sheets of two states", |app| {
        let newer = explored(app).last_sheets().filter(|sheets| sheets.is_whole()).and_then(|sheets| step(sheets));
        explored(app).sheets_before().is_some_and(|before| before.is_whole() && step(before) < newer)
    });
    let shown = explored(harness.state()).last_sheets().map(|sheets| sheets.state.clone().unwrap().step).unwrap();
    let text = format!("of step {}, epoch", glassbox::ui::widgets::format::count(shown));
    assert!(harness.query_all_by_label_contains(&text).next().is_some(), "{text}");
    harness.check_accessibility();
    click(&mut harness, "Order of the units");
    click(&mut harness, "by rate of change");
    let shares: Vec<f64> = harness
        .query_all_by_label_contains("of the top nine new")
        .filter_map(|node| {
            node.accesskit_node()
                .label()?
                .split(", ")
                .find_map(|part| part.strip_suffix("% of the top nine new")?.trim().parse().ok())
        })
        .collect();
    assert!(shares.len() > 3 && shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "a pause", |app| window::current(app).phase == glassbox::engine::Phase::Paused);
    wait(&mut harness, "sheets of the network as it stands", |app| {
        explored(app).last_sheets().and_then(|sheets| step(sheets)) == Some(app.session.snapshot.step)
    });
}
