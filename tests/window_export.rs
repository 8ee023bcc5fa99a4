//! Saving what is on screen: by right click, by accessible names, into files that other programs can read.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, OutputCommand, Rect};
use egui_kittest::{Harness, kittest::Queryable};
use glassbox::data::Amount;
use glassbox::engine::Phase;
use glassbox::experiments::TrainConfig;
use glassbox::ui::app::Level;
use glassbox::ui::{App, WindowOptions, export};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use window::{click, wait};

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_mins(1);

fn open() -> Harness<'static, App> {
    let mut config = TrainConfig { network: "mlp-30".to_owned(), epochs: 10_000, ..TrainConfig::default() };
    config.data.train = Amount::Count(600);
    config.data.validation = Amount::Count(200);
    let options = WindowOptions { device: "cpu".to_owned(), config, persist: false, ..WindowOptions::default() };
    let mut harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(|cc| App::new(cc, options));
    harness.run_steps(2);
    harness
}

/// A run of a few steps that is paused, so that nothing moves.
fn open_trained() -> Harness<'static, App> {
    let mut harness = open();
    harness.key_press_modifiers(Modifiers::NONE, Key::Space);
    harness.run_steps(2);
    wait(&mut harness, "a validation", |app| {
        app.session.current().is_some_and(|run| run.step >= 8 && run.validation.is_some())
    });
    harness.key_press_modifiers(Modifiers::NONE, Key::Space);
    harness.run_steps(2);
    wait(&mut harness, "a pause", |app| app.session.phase() == &Phase::Paused);
    harness
}

/// Opens the menu of a figure and chooses.
fn choose(harness: &mut Harness<'_, App>, figure: &str, item: &str) {
    harness.get_by_label(figure).click_secondary();
    harness.run_steps(3);
    click(harness, item);
}

/// Types the path that is asked for.
fn type_path(harness: &mut Harness<'_, App>, path: &Path) {
    let field = harness.get_by_label("File to save to");
    field.focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    harness.get_by_label("File to save to").type_text(&path.display().to_string());
    harness.run_steps(2);
}

fn save(harness: &mut Harness<'_, App>, figure: &str, item: &str, path: &Path) {
    choose(harness, figure, item);
    type_path(harness, path);
    click(harness, "Save the figure");
    let message = format!("Saved {}", path.display());
    wait(harness, &message, |app| app.session.log.entries().iter().any(|entry| entry.text == message));
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Mean absolute difference of two pictures, from 0 to 255.
fn difference(a: &image::RgbaImage, b: &image::RgbaImage) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

fn crop(picture: &image::RgbaImage, rect: Rect) -> image::RgbaImage {
    let (left, top) = (rect.min.x.round() as u32, rect.min.y.round() as u32);
    image::imageops::crop_imm(picture, left, top, rect.width().round() as u32, rect.height().round() as u32).to_image()
}

#[test]
fn an_svg_of_the_loss_looks_as_on_screen() {
    let mut harness = open_trained();
    let folder = folder();
    let path = folder.path().join("loss.svg");
    save(&mut harness, "Loss plot", "Save as SVG", &path);
    harness.key_press(Key::Escape);
    click(&mut harness, "Dismiss notice 1");
    harness.hover_at(egui::pos2(5.0, 790.0));
    harness.run_steps(4);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("<title>Loss, mlp-30-1, step"), "{}", &text[..300]);
    assert!(text.contains(r#"aria-label="nats""#));
    let drawn = export::rasterise(&text, 1.0).unwrap();
    if glassbox::engine::devices().len() == 1 {
        eprintln!("no graphics adapter here, so nothing was compared");
        return;
    }
    // The figure is the plot with its title above: it ends where the plot does.
    let plot = harness.get_by_label("Loss plot").rect();
    let screen = harness.render().unwrap();
    let size = egui::vec2(drawn.width() as f32, drawn.height() as f32);
    let found = places_around(plot, size).map(|place| difference(&crop(&screen, place), &drawn));
    let best = found.fold(f64::INFINITY, f64::min);
    assert!(best < 2.5, "the mean difference is {best} of 255");
    let blank = image::RgbaImage::from_pixel(drawn.width(), drawn.height(), *drawn.get_pixel(0, 0));
    assert!(difference(&blank, &drawn) > 2.0 * best, "there is something to compare");
}

/// Where a figure of a size may lie that ends where a plot does, below it the labels of its axis.
fn places_around(plot: Rect, size: egui::Vec2) -> impl Iterator<Item = Rect> {
    (-2..=30).flat_map(move |down| {
        (-2..=2).map(move |right| {
            let corner = plot.right_bottom() - size + egui::vec2(right as f32, down as f32);
            Rect::from_min_size(corner, size)
        })
    })
}

#[test]
fn a_csv_holds_every_point_as_it_was_measured() {
    let mut harness = open_trained();
    let folder = folder();
    let path = folder.path().join("loss");
    choose(&mut harness, "Loss plot", "Save as CSV");
    type_path(&mut harness, &path);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let path = path.with_extension("csv");
    wait(&mut harness, "the file", |_| path.exists());
    let mut reader = csv::Reader::from_path(&path).unwrap();
    assert_eq!(
        reader.headers().unwrap(),
        ["run", "series", "step", "epoch", "seconds", "value", "smoothed"].as_slice()
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let app = harness.state();
    let run = app.session.current().unwrap();
    for series in ["train/loss", "validation/loss"] {
        let curve = app.session.store.curve(run.id, series).unwrap();
        let of_series: Vec<_> = rows.iter().filter(|row| &row[1] == series).collect();
        assert!(of_series.iter().all(|row| &row[0] == "mlp-30-1"));
        let column = |at: usize| -> Vec<f64> { of_series.iter().map(|row| row[at].parse().unwrap()).collect() };
        assert_eq!(column(2), curve.x(glassbox::ui::curves::XAxis::Step));
        assert_eq!(column(5), curve.values());
        assert_eq!(column(6), curve.smoothed());
    }
}

#[test]
fn every_pane_has_a_menu_and_tables_have_their_values() {
    let mut harness = open_trained();
    let folder = folder();
    click(&mut harness, "Layers");
    let layer = harness.get_by_label("Layer fc1").rect().right_center() + egui::vec2(60.0, 0.0);
    let path = folder.path().join("layers.csv");
    right_click(&mut harness, layer);
    click(&mut harness, "Save as CSV");
    type_path(&mut harness, &path);
    click(&mut harness, "Save the figure");
    wait(&mut harness, "the file", |_| path.exists());
    let text = fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("layer,kind,output,parameters"));
    assert!(lines.any(|line| line.starts_with("fc1,")), "{text}");
    let sample = harness.query_all_by_label_contains("Sample 2:").next().unwrap().rect().center();
    right_click(&mut harness, sample);
    assert_eq!(
        harness.state().session.selection,
        glassbox::ui::app::Selection::Nothing,
        "a right click selects nothing"
    );
    let path = folder.path().join("samples.svg");
    click(&mut harness, "Save as SVG");
    type_path(&mut harness, &path);
    click(&mut harness, "Save the figure");
    wait(&mut harness, "the file", |_| path.exists());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.matches("<image").count() > 10, "the images are in it");
    export::rasterise(&text, 1.0).unwrap();
}

fn right_click(harness: &mut Harness<'_, App>, at: egui::Pos2) {
    for pressed in [true, false] {
        let button = egui::PointerButton::Secondary;
        harness.event(egui::Event::PointerMoved(at));
        harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
    }
    harness.run_steps(3);
}

#[test]
fn what_is_there_is_replaced_only_when_told_to() {
    let mut harness = open_trained();
    let folder = folder();
    let path = folder.path().join("loss.csv");
    fs::write(&path, "mine").unwrap();
    choose(&mut harness, "Loss plot", "Save as CSV");
    type_path(&mut harness, &path);
    click(&mut harness, "Save the figure");
    harness.run_steps(10);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    harness.check_accessibility();
    click(&mut harness, "Cancel saving");
    assert!(harness.query_by_label("File to save to").is_none());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    choose(&mut harness, "Loss plot", "Save as CSV");
    type_path(&mut harness, &path);
    click(&mut harness, "Save the figure");
    click(&mut harness, "Replace the file");
    wait(&mut harness, "the new file", |_| fs::read_to_string(&path).unwrap().starts_with("run,series"));
}

#[test]
fn a_place_that_cannot_be_written_is_said() {
    let mut harness = open_trained();
    let folder = folder();
    let blocked = folder.path().join("a-file");
    fs::write(&blocked, "").unwrap();
    choose(&mut harness, "Loss plot", "Save as SVG");
    type_path(&mut harness, &blocked.join("loss.svg"));
    click(&mut harness, "Save the figure");
    let is_said = |app: &App| {
        let notices = app.session.log.notices();
        notices.iter().any(|notice| notice.level == Level::Error && notice.text.contains("a-file"))
    };
    wait(&mut harness, "the message", is_said);
}

#[test]
fn pictures_and_values_go_to_the_clipboard() {
    let mut harness = open_trained();
    let copied = copy(&mut harness, "Loss plot", "Copy as CSV", |command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.starts_with("run,series,step"));
    let height = harness.get_by_label("Accuracy plot").rect().height();
    let copied = copy(&mut harness, "Accuracy plot", "Copy picture", |command| match command {
        OutputCommand::CopyImage(image) => Some(image.clone()),
        _ => None,
    });
    assert!(copied.size[1] as f32 >= 2.0 * height, "two pixels a point");
}

/// Chooses, and looks at every frame until one has the wanted output.
fn copy<T>(
    harness: &mut Harness<'_, App>,
    figure: &str,
    item: &str,
    wanted: impl Fn(&OutputCommand) -> Option<T>,
) -> T {
    harness.get_by_label(figure).click_secondary();
    harness.run_steps(3);
    harness.get_by_label(item).click();
    let began = Instant::now();
    loop {
        harness.step();
        if let Some(found) = harness.output().platform_output.commands.iter().find_map(&wanted) {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited in vain for the clipboard");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_drag_with_the_right_button_moves_the_plot_and_opens_nothing() {
    let mut harness = open_trained();
    let plot = harness.get_by_label("Loss plot").rect();
    let button = egui::PointerButton::Secondary;
    let modifiers = Modifiers::NONE;
    harness.event(egui::Event::PointerMoved(plot.center()));
    harness.event(egui::Event::PointerButton { pos: plot.center(), button, pressed: true, modifiers });
    harness.run_steps(2);
    let end = plot.center() + egui::vec2(60.0, 10.0);
    harness.event(egui::Event::PointerMoved(end));
    harness.run_steps(2);
    harness.event(egui::Event::PointerButton { pos: end, button, pressed: false, modifiers });
    harness.run_steps(3);
    assert!(harness.query_by_label("Save as SVG").is_none());
    harness.get_by_label("Loss plot").click_secondary();
    harness.run_steps(3);
    assert!(harness.query_by_label("Save as SVG").is_some());
    harness.check_accessibility();
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.query_by_label("Save as SVG").is_none());
}

#[test]
fn the_menu_opens_by_key_for_what_is_under_the_pointer() {
    let mut harness = open_trained();
    let plot = harness.get_by_label("Accuracy plot").rect();
    harness.hover_at(plot.center());
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    harness.run_steps(4);
    assert!(harness.query_by_label("Save as SVG").is_some());
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert_eq!(harness.get_by_label("File to save to").value(), Some(first_path(harness.state(), "accuracy")));
}

fn first_path(app: &App, figure: &str) -> String {
    let step = app.session.current().unwrap().step;
    let folder = std::env::home_dir().unwrap_or_default().join("glassbox-figures");
    let path: PathBuf = folder.join(format!("{figure}-mlp-30-1-step-{step}.svg"));
    path.display().to_string()
}

/// Files for people, and for a browser, to look at: `GLASSBOX_PICTURES=folder cargo test --test window_export figures --
/// --ignored`. Beside each SVG lies the window as it was.
#[test]
#[ignore = "writes files"]
fn figures() {
    let folder = std::env::var_os("GLASSBOX_PICTURES").map_or_else(std::env::temp_dir, PathBuf::from);
    let mut harness = open_trained();
    for theme in ["dark", "light"] {
        harness.render().unwrap().save(folder.join(format!("window-{theme}.png"))).unwrap();
        for name in ["Loss plot", "Accuracy plot"] {
            let path = folder.join(format!("{}-{theme}.svg", name.to_lowercase().replace(' ', "-")));
            let _ = fs::remove_file(&path);
            save(&mut harness, name, "Save as SVG", &path);
            click(&mut harness, "Dismiss notice 1");
        }
        let panes = [
            ("Layers", "Maximise pane: Layers"),
            ("Results", "Maximise pane: Results"),
            ("Samples", "Maximise pane: Samples"),
        ];
        for (tab, title) in panes {
            click(&mut harness, tab);
            let button = harness.get_by_label(title).rect();
            right_click(&mut harness, button.center_bottom() + egui::vec2(0.0, 60.0));
            click(&mut harness, "Save as SVG");
            let path = folder.join(format!("{}-{theme}.svg", tab.to_lowercase()));
            let _ = fs::remove_file(&path);
            type_path(&mut harness, &path);
            if tab == "Layers" {
                harness.render().unwrap().save(folder.join(format!("asking-{theme}.png"))).unwrap();
            }
            click(&mut harness, "Save the figure");
            wait(&mut harness, "the file", |_| path.exists());
            click(&mut harness, "Dismiss notice 1");
        }
        harness.get_by_label("Loss plot").click_secondary();
        harness.run_steps(3);
        harness.render().unwrap().save(folder.join(format!("menu-{theme}.png"))).unwrap();
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        click(&mut harness, "Switch theme");
    }
}
