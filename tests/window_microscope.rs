//! Microscope, images, temperature and gradient of the Distill lab, driven by accessible names: with the networks that come
//! with Glassbox, and with networks that learn.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::accesskit::Role;
use egui::{Key, Modifiers, OutputCommand, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use glassbox::engine::Phase;
use glassbox::experiments::{ExperimentConfig, HeldOut, distillation_preset};
use glassbox::ui::App;
use glassbox::ui::app::{Action, ExperimentRecord, evaluation_of};
use glassbox::ui::labs::distill::{Arrangement, Pane};
use glassbox::ui::labs::{LabArrangement, LabPane};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use window::{click, long, open, press, reveal, tiny, train_a_little, wait};

fn experiment(app: &App) -> &ExperimentRecord {
    app.session.experiment().expect("an experiment was begun")
}

/// The Distill lab with the networks that come with Glassbox, evaluated.
fn pretrained() -> Harness<'static, App> {
    let mut harness = open(tiny());
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    wait(&mut harness, "the pretrained pair", |app| {
        app.session.experiment().is_some_and(|experiment| {
            let is_known = |name: &str| experiment.member(name).is_some_and(|member| member.validation.is_some());
            ["teacher", "hard", "distilled"].into_iter().all(is_known)
        })
    });
    wait_for_label(&mut harness, "Image under the microscope: validation image ");
    harness
}

fn perform(harness: &mut Harness<'_, App>, action: Action) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, action);
    harness.run_steps(3);
}

/// The names and texts of all nodes that begin with `start`, from top to bottom.
fn labels(harness: &Harness<'_, App>, start: &str) -> Vec<String> {
    let found = harness.query_all_by_label_contains(start);
    let text = |node: egui_kittest::Node<'_>| {
        let node = node.accesskit_node();
        // A text is its value.
        node.label().or_else(|| node.value())
    };
    found.filter_map(text).filter(|label| label.starts_with(start)).collect()
}

/// Draws frames until something is shown.
#[track_caller]
fn wait_for_label(harness: &mut Harness<'_, App>, start: &str) {
    let began = Instant::now();
    while labels(harness, start).is_empty() {
        let shown = || labels(harness, "What a teacher");
        assert!(began.elapsed() < Duration::from_mins(1), "waited in vain for {start}; there is {:?}", shown());
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
}

/// The same for a part of what is shown.
#[track_caller]
fn wait_for_text(harness: &mut Harness<'_, App>, part: &str) {
    let began = Instant::now();
    while harness.query_all_by_label_contains(part).next().is_none() {
        assert!(began.elapsed() < Duration::from_mins(1), "waited in vain for {part}");
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
}

/// Which image is under the microscope, and its true class.
fn image(harness: &Harness<'_, App>) -> (usize, usize) {
    let label = labels(harness, "Image under the microscope: ").remove(0);
    let text = label.rsplit("image ").next().unwrap();
    let (image, class) = text.split_once(", ").unwrap();
    (image.parse().unwrap(), class.parse().unwrap())
}

/// Logits of one validation image.
fn logits(harness: &Harness<'_, App>, network: &str, image: usize) -> Vec<f64> {
    let member = experiment(harness.state()).member(network).unwrap();
    let evaluation = evaluation_of(member, HeldOut::Validation).unwrap();
    evaluation.logits[image * 10..(image + 1) * 10].iter().map(|&logit| f64::from(logit)).collect()
}

/// As the paper's equation 1 has it, without the shift that keeps it within the range of numbers: these logits are small.
fn softmax(logits: &[f64], temperature: f64) -> Vec<f64> {
    let powers: Vec<f64> = logits.iter().map(|logit| (logit / temperature).exp()).collect();
    powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect()
}

/// The number after `word`.
fn number(label: &str, word: &str) -> f64 {
    let rest = label.split(word).nth(1).unwrap_or_else(|| panic!("no {word:?} in {label:?}")).trim_start();
    let end = rest.find(|c: char| !"0123456789.-e,".contains(c)).unwrap_or(rest.len());
    let text = rest[..end].trim_end_matches(',').replace(',', "");
    text.parse().unwrap_or_else(|_| panic!("{text:?} in {label:?} is no number"))
}

/// To the four digits that are shown.
#[track_caller]
fn assert_shown(shown: f64, expected: f64, what: &str) {
    assert!((shown - expected).abs() <= 6e-4 * expected.abs() + 1e-12, "{what}: {shown} is not {expected}");
}

/// All numbers of the microscope are what the formulas give for the logits.
#[track_caller]
fn check_microscope(harness: &Harness<'_, App>, student: &str, temperature: f64) {
    let (image, truth) = image(harness);
    let (v, z) = (logits(harness, "teacher", image), logits(harness, student, image));
    let (p, q) = (softmax(&v, temperature), softmax(&z, temperature));
    let rows: Vec<String> = labels(harness, "Class ").into_iter().filter(|row| row.contains("teacher ")).collect();
    assert_eq!(rows.len(), 10);
    for (class, row) in rows.iter().enumerate() {
        assert!(row.starts_with(&format!("Class {class}")), "{row}");
        assert_eq!(row.contains("(true)"), class == truth, "{row}");
        assert_shown(number(row, "teacher "), p[class], row);
        assert_shown(number(row, "student "), q[class], row);
    }
    let entropy = |p: &[f64]| -p.iter().map(|p| if *p > 0.0 { p * p.ln() } else { 0.0 }).sum::<f64>();
    let shown = |start: &str| number(&labels(harness, start)[0], ": ");
    assert_shown(shown("Entropy of the teacher"), entropy(&p), "entropy");
    assert_shown(shown("Effective classes of the student"), entropy(&q).exp(), "effective classes");
    let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
    assert!((shown("KL(teacher || student): ") - divergence).abs() <= 6e-4 * divergence + 1e-9, "KL is {divergence}");
    // Section 2, with the alpha of the settings.
    let alpha = harness.state().book.current().distillation.alpha;
    let cross: f64 = -p.iter().zip(&q).map(|(p, q)| p * q.ln()).sum::<f64>();
    let (soft, hard) = (alpha * temperature * temperature * cross, (1.0 - alpha) * -softmax(&z, 1.0)[truth].ln());
    assert_shown(shown("Objective, soft"), soft, "soft term");
    assert_shown(shown("Objective, hard"), hard, "hard term");
    assert_shown(shown("Objective, sum"), soft + hard, "objective");
}

/// A field that a number is typed into.
fn type_into(harness: &mut Harness<'_, App>, name: &str, text: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    harness.get_by_label(name).type_text(text);
    harness.run_steps(2);
    press(harness, Modifiers::NONE, Key::Enter);
    harness.run_steps(2);
}

/// An entry of a list that opens.
fn pick(harness: &mut Harness<'_, App>, list: &str, entry: &str) {
    click(harness, list);
    // Texts of the panes may be called the same.
    harness
        .query_all_by_label(entry)
        .rfind(|node| node.accesskit_node().role() != Role::Label)
        .unwrap_or_else(|| panic!("{list} has no {entry}"))
        .click();
    harness.run_steps(4);
}

/// What a pane copies as CSV, by a right click on one of its nodes.
fn csv(harness: &mut Harness<'_, App>, node: &str) -> Vec<Vec<String>> {
    harness.query_all_by_label_contains(node).next().unwrap().click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Copy as CSV").click();
    let began = Instant::now();
    let text = loop {
        harness.step();
        let copied = harness.output().platform_output.commands.iter().find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        if let Some(text) = copied {
            break text;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "waited in vain for the clipboard");
        std::thread::sleep(Duration::from_millis(10));
    };
    harness.run_steps(2);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn at_first_start_the_pretrained_pair_is_under_the_microscope() {
    let mut harness = pretrained();
    let before = harness.state().book.revision();
    assert_eq!((harness.state().session.experiments.len(), before), (1, 0), "the settings stay");
    assert!(experiment(harness.state()).folder.is_none(), "nothing is written");
    let said = harness.state().session.log.entries().iter().any(|entry| entry.text.contains("pretrained pair"));
    assert!(said, "the log tells");
    check_microscope(&harness, "distilled", 4.0);
    harness.check_accessibility();
    press(&mut harness, Modifiers::COMMAND, Key::Num1);
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    assert_eq!(harness.state().session.experiments.len(), 1, "once a session");
}

/// Ten classes, any temperature, several images, either student: what is shown is softmax of the logits.
#[test]
fn the_microscope_shows_what_the_formulas_give() {
    let mut harness = pretrained();
    wait_for_label(&mut harness, "validation image ");
    for (index, temperature) in [1.0, 2.0, 4.0, 8.0, 20.0].into_iter().enumerate() {
        click(&mut harness, &format!("Temperature {temperature}"));
        for step in 0..3 {
            let tile = labels(&harness, "validation image ").swap_remove(3 * index % 7 + step);
            click(&mut harness, &tile);
            assert!(tile.starts_with(&format!("validation image {}:", image(&harness).0)), "{tile}");
            check_microscope(&harness, "distilled", temperature);
        }
    }
    for typed in ["0.5", "100", "731"] {
        type_into(&mut harness, "Temperature, typed", typed);
        check_microscope(&harness, "distilled", typed.parse().unwrap());
    }
    type_into(&mut harness, "Temperature, typed", "2.5");
    pick(&mut harness, "Student of the microscope", "hard");
    check_microscope(&harness, "hard", 2.5);
    harness.check_accessibility();
    click(&mut harness, "Log-probability");
    let row = labels(&harness, "Class 0").remove(0);
    let (image, _) = image(&harness);
    assert_shown(number(&row, "teacher ln q "), softmax(&logits(&harness, "teacher", image), 2.5)[0].ln(), &row);
    let table = csv(&mut harness, "Class 0");
    assert_eq!(table.len(), 11);
    let z = logits(&harness, "hard", image);
    for (class, row) in table[1..].iter().enumerate() {
        assert_eq!(row[8], "hard");
        let (probability, expected) = (row[10].parse::<f64>().unwrap(), softmax(&z, 2.5)[class]);
        // The logits are in single precision.
        assert!((probability - expected).abs() < 1e-5 * expected, "{probability} is not {expected}");
    }
    click(&mut harness, "Probability");
    // The slider by its keys.
    // That of the objective, among the settings, is called the same and lies to the left.
    let sliders = harness.query_all_by_role_and_label(Role::Slider, "Temperature");
    sliders.max_by(|a, b| a.rect().left().total_cmp(&b.rect().left())).unwrap().focus();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    let row = labels(&harness, "Class 0").remove(0);
    assert!((number(&row, "teacher ") - softmax(&logits(&harness, "teacher", image), 2.5)[0]).abs() > 0.0);
}

#[test]
fn images_come_in_every_order_that_is_offered() {
    let mut harness = pretrained();
    wait_for_label(&mut harness, "validation image ");
    let first = labels(&harness, "validation image ");
    assert!(harness.query_by_label_contains("300 of 5,000 validation images, at random").is_some());
    click(&mut harness, "Reshuffle");
    wait_for_label(&mut harness, "300 of 5,000 validation images, at random (draw 2)");
    assert_ne!(labels(&harness, "validation image "), first, "the dice draws others");
    // Arrow keys move on from the tile that was clicked.
    let tiles = labels(&harness, "validation image ");
    click(&mut harness, &tiles[0]);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert!(tiles[1].starts_with(&format!("validation image {}:", image(&harness).0)));

    pick(&mut harness, "Class of the images", "class 3");
    wait_for_text(&mut harness, "validation images of class 3, at random");
    let tiles = labels(&harness, "validation image ");
    assert!(
        !tiles.is_empty() && tiles.iter().filter(|tile| tile.contains(':')).all(|tile| tile.contains(": 3, teacher ")),
        "{tiles:?}"
    );
    pick(&mut harness, "Class of the images", "all classes");

    pick(&mut harness, "Order of the images", "hardest first");
    wait_for_label(&mut harness, "300 of 5,000 validation images, largest cross-entropy");
    let evaluation = evaluation_of(experiment(harness.state()).member("distilled").unwrap(), HeldOut::Validation);
    let evaluation = evaluation.unwrap().clone();
    let losses = evaluation.logits.chunks_exact(10).zip(&evaluation.outcomes).map(|(row, outcome)| {
        let row: Vec<f64> = row.iter().map(|&logit| f64::from(logit)).collect();
        -softmax(&row, 1.0)[usize::from(outcome.label)].ln()
    });
    let (worst, loss) = losses.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
    let tile = labels(&harness, "validation image ").remove(0);
    assert!(tile.starts_with(&format!("validation image {worst}:")) && tile.contains("student wrong"), "{tile}");
    assert_shown(number(&tile, "student wrong, "), loss, &tile);

    pick(&mut harness, "Order of the images", "disagreement first");
    wait_for_label(&mut harness, "300 of 5,000 validation images, largest KL(teacher || student) at T = 4");
    let tile = labels(&harness, "validation image ").remove(0);
    click(&mut harness, &tile);
    let shown = number(&labels(&harness, "KL(teacher || student): ")[0], ": ");
    assert_eq!(
        number(&tile, if tile.contains("student right") { "student right, " } else { "student wrong, " }),
        shown
    );
    click(&mut harness, "Temperature 20");
    wait_for_label(&mut harness, "300 of 5,000 validation images, largest KL(teacher || student) at T = 20");

    wait(&mut harness, "figures on the test images", |app| experiment(app).phase == Phase::Finished);
    pick(&mut harness, "Images of the list", "test images");
    wait_for_label(&mut harness, "300 of 10,000 test images");
    assert!(harness.query_by_label_contains("Image under the microscope: test image").is_some(), "all panes follow");
    let table = csv(&mut harness, "test image ");
    assert_eq!(table.len(), 301);
    harness.check_accessibility();
}

#[test]
fn a_drawing_goes_under_the_microscope() {
    let mut harness = pretrained();
    pick(&mut harness, "Order of the images", "drawn by you");
    let pad = harness.get_by_label("Drawing pad").rect();
    let at = |x: f32, y: f32| pad.min + vec2(x, y) * pad.width();
    harness.drag_at(at(0.5, 0.15));
    harness.step();
    for y in [0.4, 0.6, 0.85] {
        harness.hover_at(at(0.5, y));
        harness.step();
    }
    harness.drop_at(at(0.5, 0.85));
    harness.run_steps(2);
    wait_for_label(&mut harness, "Image under the microscope: drawn by you");
    // Until the last stroke is answered too.
    for _ in 0..100 {
        harness.step();
        std::thread::sleep(Duration::from_millis(20));
    }
    let asked = experiment(harness.state()).asked.clone().unwrap();
    let (_, row) = asked.rows.iter().find(|(name, _)| name == "teacher").unwrap();
    let row: Vec<f64> = row.iter().map(|&logit| f64::from(logit)).collect();
    harness.run_steps(3);
    let shown = number(&labels(&harness, "Class 1")[0], "teacher ");
    assert_shown(shown, softmax(&row, 4.0)[1], "of the drawing");
    assert!(!labels(&harness, "teacher says 1 at").is_empty(), "a stroke from top to bottom");
    assert_eq!(number(&labels(&harness, "Objective, hard")[0], ": "), 0.0, "there is no label");
    let before = harness.state().book.revision();
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(harness.query_by_label_contains("drawn by you,").is_none() && harness.state().book.revision() == before);
    assert!(harness.query_by_label_contains("Image under the microscope: validation image").is_some());
    click(&mut harness, "Redo stroke");
    wait_for_label(&mut harness, "Image under the microscope: drawn by you");
    harness.check_accessibility();
    pick(&mut harness, "Order of the images", "at random");
    assert!(harness.query_by_label_contains("Image under the microscope: validation image").is_some());
}

#[test]
fn temperature_is_seen_and_dragged_on_the_curves() {
    let mut harness = pretrained();
    reveal(&mut harness, Pane::Temperature);
    wait_for_label(&mut harness, "Angle against temperature");
    let plot = harness.get_by_label("Entropy against temperature").rect();
    harness.drag_at(plot.center());
    harness.step();
    harness.hover_at(plot.center() + Vec2::new(30.0, 0.0));
    harness.step();
    harness.drop_at(plot.center() + Vec2::new(30.0, 0.0));
    harness.run_steps(2);
    let text = labels(&harness, "at T = ").remove(0);
    let temperature = number(&text, "at T = ");
    assert!((4.5..1000.0).contains(&temperature), "{text}");
    click(&mut harness, "Plot: classes");
    let text = labels(&harness, "at T = ").remove(0);
    assert!((1.0..=10.0).contains(&number(&text, "teacher ")), "{text}");
    let table = csv(&mut harness, "goes to 0");
    assert_eq!(table.len(), 58);
    let column = |name: &str| table[0].iter().position(|column| column == name).unwrap();
    let angles: Vec<f64> =
        table[1..].iter().filter_map(|row| row[column("matching_angle_degrees")].parse().ok()).collect();
    assert_eq!(angles.len(), 15);
    assert!(angles[14] < 5.0 && angles[14] < angles[0], "{angles:?}");
    let means: Vec<f64> =
        table[1..].iter().filter_map(|row| row[column("mean_teacher_entropy")].parse().ok()).collect();
    assert!(means.len() == 29 && means.is_sorted(), "entropy rises with T: {means:?}");
    assert!((means[28] - 10f64.ln()).abs() < 1e-3, "to ln(classes)");
    harness.check_accessibility();
    reveal(&mut harness, Pane::Microscope);
    let expected = softmax(&logits(&harness, "teacher", image(&harness).0), temperature)[0];
    let shown = number(&labels(&harness, "Class 0")[0], "teacher ");
    assert!((shown - expected).abs() < 2e-3 * expected, "the microscope follows: {shown}, {expected}");
}

#[test]
fn gradients_are_those_of_the_objective() {
    let mut harness = pretrained();
    let (image, truth) = image(&harness);
    reveal(&mut harness, Pane::Gradient);
    for temperature in [1.0, 20.0] {
        click(&mut harness, &format!("Temperature of the gradient {temperature}"));
        let (v, z) = (logits(&harness, "teacher", image), logits(&harness, "distilled", image));
        let (p, q, own) = (softmax(&v, temperature), softmax(&z, temperature), softmax(&z, 1.0));
        let alpha = harness.state().book.current().distillation.alpha;
        let rows = labels(&harness, "Gradient at class ");
        assert_eq!(rows.len(), 10);
        for (class, row) in rows.iter().enumerate() {
            let soft = alpha * temperature * (q[class] - p[class]);
            let hard = (1.0 - alpha) * (own[class] - f64::from(u8::from(class == truth)));
            // Differences of nearly equal numbers keep fewer digits.
            let near = |shown: f64, expected: f64| (shown - expected).abs() <= 1e-3 * expected.abs() + 1e-6;
            assert!(near(number(row, "soft "), soft), "{row}: {soft}");
            assert!(near(number(row, "hard "), hard), "{row}: {hard}");
            assert!(near(number(row, "sum "), soft + hard), "{row}: {}", soft + hard);
        }
    }
    let table = csv(&mut harness, "Gradient at class 0");
    let sum: f64 = table[1..].iter().map(|row| row[8].parse::<f64>().unwrap()).sum();
    assert!(table.len() == 11 && sum.abs() < 1e-9, "gradients of a softmax sum to 0: {sum}");
    harness.check_accessibility();
}

#[test]
fn what_is_missing_is_said_with_a_button_that_brings_it() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::Space);
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    assert!(harness.state().session.experiments.is_empty(), "a network that learns is left alone");
    for pane in [Pane::Temperature, Pane::Gradient, Pane::Microscope] {
        reveal(&mut harness, pane);
        assert!(harness.query_all_by_label_contains("There is no experiment yet").next().is_some(), "{pane:?}");
    }
    harness.check_accessibility();
    harness.query_all_by_label("Open the pretrained pair").next().unwrap().click();
    harness.run_steps(3);
    assert_eq!(harness.state().session.experiments.len(), 1);
}

/// Teacher embedded, students of 30 units, an epoch of a few steps.
#[test]
fn students_that_learn_are_looked_at_as_soon_as_they_are_evaluated() {
    let mut config = distillation_preset("lesson").unwrap();
    config.student = tiny();
    let mut harness = open(tiny());
    let settings = harness.state().book.current().clone();
    let config = ExperimentConfig::Distillation(Box::new(config));
    harness.state_mut().session.start_experiment(config, &settings, false);
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    wait(&mut harness, "a pause before the first step", |app| experiment(app).phase == Phase::Paused);
    wait_for_label(&mut harness, "What a teacher and its student say of one image, class by class. \u{201c}");
    assert!(harness.query_all_by_label_contains("has not been evaluated on the validation images").next().is_some());
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "the results", |app| experiment(app).phase == Phase::Finished);
    wait_for_label(&mut harness, "Image under the microscope: validation image ");
    check_microscope(&harness, "distilled", 4.0);
    wait_for_label(&mut harness, "200 of 200 validation images");
    harness.check_accessibility();
}

/// `GLASSBOX_PICTURES=FOLDER cargo test --test window_microscope -- --ignored` to look at the panes.
#[test]
#[ignore = "makes pictures to look at"]
fn pictures() {
    let folder = PathBuf::from(std::env::var_os("GLASSBOX_PICTURES").expect("a folder for the pictures"));
    std::fs::create_dir_all(&folder).unwrap();
    let mut harness = pretrained();
    for theme in ["dark", "light"] {
        for (width, height) in [(1280.0, 800.0), (2560.0, 1440.0)] {
            harness.set_size(vec2(width, height));
            for &arrangement in Arrangement::ALL {
                perform(&mut harness, Action::Arrange(arrangement.into()));
                for pane in [Pane::Microscope, Pane::Temperature, Pane::Gradient] {
                    if arrangement == Arrangement::Everything && pane != Pane::Microscope {
                        continue;
                    }
                    reveal(&mut harness, pane);
                    harness.hover_at(egui::pos2(2.0, height - 5.0));
                    for _ in 0..20 {
                        harness.step();
                        std::thread::sleep(std::time::Duration::from_millis(20));
                    }
                    let name = format!("{theme}-{width}-{}-{}.png", arrangement.name().to_lowercase(), pane.title());
                    harness.render().unwrap().save(folder.join(name)).unwrap();
                }
            }
        }
        perform(&mut harness, Action::SwitchTheme);
    }
}
