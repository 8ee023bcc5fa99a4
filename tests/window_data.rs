//! The pane Data: what is shown of a folder of images, damaged ones among them, and what of one that cannot be opened.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/archives.rs"]
mod archives;
#[path = "common/window.rs"]
mod window;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::experiments::{Config, TrainConfig};
use glassbox::ui::App;
use glassbox::ui::app::{Action, DataState};
use glassbox::ui::labs::train::Pane;
use image::RgbImage;
use std::path::Path;
use window::{click, drop_files, open, press, reveal, tiny, wait};

/// Six cats and three dogs, 8x8, each a colour; two files that are no images.
fn pets(folder: &Path) {
    for (class, count, red) in [("cat", 6_u8, 200), ("dog", 3, 20)] {
        for set in ["train", "test"] {
            let inner = folder.join(set).join(class);
            std::fs::create_dir_all(&inner).unwrap();
            for index in 0..count {
                let image = RgbImage::from_pixel(8, 8, image::Rgb([red, 20 * index, 90]));
                image.save(inner.join(format!("{index}.png"))).unwrap();
            }
        }
    }
    std::fs::write(folder.join("train/cat/text.png"), "no image").unwrap();
    let whole = std::fs::read(folder.join("train/dog/1.png")).unwrap();
    std::fs::write(folder.join("train/dog/short.png"), &whole[..40]).unwrap();
}

fn of(folder: &Path) -> TrainConfig {
    tiny().with("data.source", folder.to_str().unwrap()).unwrap()
}

fn opened(folder: &Path) -> Harness<'static, App> {
    let mut harness = open(of(folder));
    reveal(&mut harness, Pane::Data);
    wait(&mut harness, "the data set", |app| app.session.data.look().is_some());
    harness
}

#[test]
fn scenes_are_composed_anew_by_what_is_changed_in_the_pane() {
    let mut harness = open(tiny().with("data.source", "scenes:count=40,side=48").unwrap());
    reveal(&mut harness, Pane::Data);
    wait(&mut harness, "the scenes", |app| app.session.data.look().is_some());
    let about = "The most objects of a scene: what finds no room is left out";
    harness.get_by_role_and_label(egui::accesskit::Role::SpinButton, about).set_value_accesskit(2.0);
    wait(&mut harness, "the setting", |app| {
        app.book.current().config.data.source == "scenes:count=40,side=48,objects=1-2"
    });
    wait(&mut harness, "the scenes", |app| app.session.data.look().is_some());
    harness.get_by_role_and_label(egui::accesskit::Role::SpinButton, about).focus();
    harness.run_steps(3);
    harness.event(egui::Event::Text("3".to_owned()));
    harness.run_steps(2);
    press(&mut harness, egui::Modifiers::NONE, egui::Key::Enter);
    wait(&mut harness, "what was typed", |app| {
        app.book.current().config.data.source == "scenes:count=40,side=48,objects=1-3"
    });
    wait(&mut harness, "the scenes", |app| app.session.data.look().is_some());
    harness.check_accessibility();
}

#[test]
fn a_folder_is_shown_with_its_classes_and_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path());
    let mut harness = opened(folder.path());
    let look = harness.state().session.data.look().unwrap();
    assert_eq!(look.counts, [vec![6, 3], vec![6, 3]]);
    assert_eq!(look.means[2][..64], [20; 64], "the red of dogs");
    assert!(harness.query_all_by_label_contains("9 training and 9 test images of 3x8x8, 2 classes").next().is_some());
    assert!(harness.query_all_by_label("Data (2)").next().is_some(), "the title counts what is damaged");
    click(&mut harness, "Data image 7: dog");
    assert!(harness.query_by_label_contains("image 7 of").is_some(), "it is pinned");
    harness.check_accessibility();
    click(&mut harness, "Data: classes");
    assert!(harness.query_by_label("cat: 6 training and 6 test images").is_some());
    click(&mut harness, "Data: mean images");
    assert!(harness.query_by_label("Mean of the training images: dog").is_some());
    click(&mut harness, "Data: damaged (2)");
    assert!(harness.query_by_label_contains("train/cat/text.png: ").is_some());
    assert!(harness.query_by_label_contains("train/dog/short.png: ").is_some());
    harness.check_accessibility();
}

#[test]
fn what_cannot_be_opened_says_so_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(of(folder.path()));
    reveal(&mut harness, Pane::Data);
    wait(&mut harness, "the refusal", |app| matches!(app.session.data.state(), DataState::Failed(_)));
    assert!(harness.query_by_label_contains("The data set cannot be opened: ").is_some());
    pets(folder.path());
    click(&mut harness, "Retry");
    wait(&mut harness, "the data set", |app| app.session.data.look().is_some());
}

#[test]
fn another_data_set_takes_the_place_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path());
    let mut harness = opened(folder.path());
    harness.state_mut().book.edit_text("data.source", 0.0, "mnist").unwrap();
    harness.run_steps(2);
    assert!(harness.state().session.data.look().is_none_or(|look| look.source.name == "mnist"));
    wait(&mut harness, "MNIST", |app| app.session.data.look().is_some_and(|look| look.source.train.len() == 60_000));
    click(&mut harness, "Data: test set");
    assert!(harness.query_by_label("Data image 0: 7").is_some(), "the first test image of MNIST is a 7");
    click(&mut harness, "Data: damaged (0)");
    assert!(harness.query_by_label_contains("None: every file").is_some());
}

#[test]
fn opening_is_cancelled_and_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    // Long enough to be cancelled, and too few for the user's cache.
    let mut image = std::io::Cursor::new(Vec::new());
    RgbImage::new(512, 512).write_to(&mut image, image::ImageFormat::Png).unwrap();
    for index in 0..1_500 {
        let inner = folder.path().join(["a", "b"][index % 2]);
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join(format!("{index}.png")), image.get_ref()).unwrap();
    }
    let mut harness = open(of(folder.path()));
    reveal(&mut harness, Pane::Data);
    click(&mut harness, "Cancel");
    assert!(matches!(harness.state().session.data.state(), DataState::Cancelled));
    click(&mut harness, "Open data");
    wait(&mut harness, "the count of files", |app| match app.session.data.state() {
        DataState::Opening(watch) => watch.files().is_some_and(|(files, of)| files > 0 && of == 1_500),
        _ => false,
    });
    wait(&mut harness, "the data set", |app| app.session.data.look().is_some());
}

#[test]
fn an_archive_that_is_dropped_becomes_the_data_set_and_another_file_does_not() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path());
    let read = |name: &'static str| (name, std::fs::read(folder.path().join("train").join(name)).unwrap());
    let (zip, text) = (folder.path().join("pets.zip"), folder.path().join("notes.txt"));
    std::fs::write(&zip, archives::zipped(&["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"].map(read))).unwrap();
    std::fs::write(&text, "no data").unwrap();
    let mut harness = open(tiny());
    reveal(&mut harness, Pane::Data);
    drop_files(&mut harness, &[&text]);
    assert_eq!(harness.state().book.current().config.data.source, "mnist");
    let says_how = |app: &App| app.session.log.entries().iter().any(|entry| entry.text.contains(".tar.xz"));
    assert!(says_how(harness.state()), "what can be dropped is said");
    drop_files(&mut harness, &[&zip]);
    assert_eq!(harness.state().book.current().config.data.source, zip.to_str().unwrap());
    wait(&mut harness, "the archive", |app| app.session.data.look().is_some_and(|look| look.source.name == "pets"));
}

#[test]
#[ignore = "writes files"]
fn pictures() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path());
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data");
    std::fs::create_dir_all(&out).unwrap();
    for (name, config) in [("mnist", tiny()), ("pets", of(folder.path()))] {
        let mut harness = open(config);
        reveal(&mut harness, Pane::Data);
        wait(&mut harness, "the data set", |app| app.session.data.look().is_some());
        for theme in ["dark", "light"] {
            for (size, pixels) in [([1280.0, 800.0], "1280"), ([2560.0, 1440.0], "2560")] {
                harness.set_size(size.into());
                harness.run_steps(4);
                let damaged = if name == "pets" { "damaged (2)" } else { "damaged (0)" };
                for shown in ["classes", "mean images", damaged, "images"] {
                    click(&mut harness, &format!("Data: {shown}"));
                    if shown == "images" {
                        click(&mut harness, if name == "pets" { "Data image 2: cat" } else { "Data image 2: 4" });
                    }
                    harness.run_steps(4);
                    let file = out.join(format!("{name}-{theme}-{pixels}-{}.png", &shown[..4]));
                    harness.render().unwrap().save(file).unwrap();
                }
            }
            let ctx = harness.ctx.clone();
            harness.state_mut().perform(&ctx, Action::SwitchTheme);
        }
    }
}
