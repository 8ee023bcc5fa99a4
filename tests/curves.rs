//! Curves and the theme: numbers against the formulas they come from, pictures by their accessible names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use egui::Color32;
use egui_kittest::{Harness, kittest::Queryable};
use egui_plot::GridInput;
use glassbox::engine::{Point, RunId};
use glassbox::ui::curves::axis::GRID_PIXELS;
use glassbox::ui::curves::decimate::{Columns, Pyramid, Window, visible};
use glassbox::ui::curves::{CurvePlot, CurveStore, Ema, Line, Marker, PlotView, Scale, ViewBounds, XAxis};
use glassbox::ui::theme;
use proptest::prelude::*;
use std::sync::Arc;

fn point(run: u64, series: &str, step: u64, value: f64) -> Point {
    let steps = step as f64;
    Point { run: RunId(run), series: Arc::from(series), step, epoch: steps / 100.0, seconds: steps / 40.0, value }
}

/// A walk with the randomness of a linear congruential generator (Knuth's MMIX constants): the same on every machine.
fn walk(length: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut value = 2.0;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..length).map(|_| (value += step(), value).1).collect()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
}

/// By hand: `last = 0.6 last + 0.4 x`, over `1 - 0.6^n`.
#[test]
fn average_is_tensorboards() {
    let mut average = Ema::new(0.6);
    for (value, expected) in [(1.0, 1.0), (2.0, 1.625), (3.0, 1.824 / 0.784), (4.0, 2.6944 / 0.8704)] {
        close(average.push(value), expected);
    }
    assert!(average.push(f64::NAN).is_nan());
    close(average.push(5.0), (2.6944 * 0.6 + 2.0) / (1.0 - 0.6_f64.powi(5)));
    let mut none = Ema::new(0.0);
    close(none.push(3.0), 3.0);
    close(none.push(-1.0), -1.0);
    close(Ema::new(1.0).weight(), 0.999);
}

#[test]
fn appending_by_one_equals_appending_at_once() {
    let points: Vec<Point> =
        walk(5_000, 7).into_iter().enumerate().map(|(k, v)| point(1, "train/loss", k as u64, v)).collect();
    let mut bulk = CurveStore::new();
    bulk.append(points.clone());
    bulk.set_smoothing(0.9);
    let mut single = CurveStore::new();
    single.set_smoothing(0.9);
    for point in points {
        single.append([point]);
    }
    let (a, b) = (bulk.curve(RunId(1), "train/loss").unwrap(), single.curve(RunId(1), "train/loss").unwrap());
    assert_eq!(a.len(), 5_000);
    assert_eq!(a.values(), b.values());
    assert_eq!(a.smoothed(), b.smoothed());
    assert_eq!(a.y_range(0..5_000, Scale::Linear), b.y_range(0..5_000, Scale::Linear));
    assert_eq!(a.smoothed_range(0..5_000, Scale::Linear), b.smoothed_range(0..5_000, Scale::Linear));
}

#[test]
fn store_knows_runs_and_series() {
    let mut store = CurveStore::new();
    store.append([point(2, "train/loss", 1, 0.5), point(1, "validation/loss", 3, 0.4), point(2, "a", 2, f64::NAN)]);
    assert_eq!(store.runs().collect::<Vec<_>>(), [RunId(1), RunId(2)]);
    assert_eq!(store.series_names(RunId(2)).collect::<Vec<_>>(), ["a", "train/loss"]);
    let broken = store.curve(RunId(2), "a").unwrap();
    assert_eq!((broken.len(), broken.last(), broken.nearest(XAxis::Step, 2.0)), (1, None, None));
    assert_eq!(broken.y_range(0..broken.len(), Scale::Linear), None);
    store.set_smoothing(0.9);
    assert!(store.curve(RunId(2), "train/loss").unwrap().is_smoothed());
    assert!(!store.curve(RunId(1), "validation/loss").unwrap().is_smoothed(), "an evaluation is a mean already");
    store.remove(RunId(2));
    assert_eq!(store.runs().collect::<Vec<_>>(), [RunId(1)]);
}

#[test]
fn a_run_taken_up_earlier_replaces_its_future() {
    let mut store = CurveStore::new();
    store.append((0..100).map(|step| point(1, "loss", step, step as f64)));
    store.append([point(1, "loss", 40, -1.0), point(1, "loss", 41, -2.0)]);
    let curve = store.curve(RunId(1), "loss").unwrap();
    assert_eq!(curve.len(), 42);
    assert_eq!(curve.x(XAxis::Step).last(), Some(&41.0));
    assert_eq!(curve.y_range(0..curve.len(), Scale::Linear), Some((-2.0, 39.0)));
}

#[test]
fn nearest_skips_what_is_not_finite() {
    let mut store = CurveStore::new();
    store.append([0, 10, 20, 30].map(|step| point(1, "loss", step, if step == 20 { f64::NAN } else { 1.0 })));
    let curve = store.curve(RunId(1), "loss").unwrap();
    for (x, nearest) in [(-5.0, 0), (4.0, 0), (6.0, 1), (19.0, 1), (21.0, 3), (99.0, 3)] {
        assert_eq!(curve.nearest(XAxis::Step, x), Some(nearest), "at {x}");
    }
    assert_eq!(curve.nearest(XAxis::Epoch, 0.29), Some(3));
}

fn check_decimation(values: &[f64], shown: (f64, f64), pixels: usize, x_scale: Scale, y_scale: Scale) {
    let x: Vec<f64> = (0..values.len()).map(|k| k as f64).collect();
    let mut pyramid = Pyramid::default();
    pyramid.extend(values);
    let window = Window { x: shown, pixels, x_scale, y_scale };
    let points = visible(Columns { x: &x, values, pyramid: &pyramid }, &window);
    let inside = |x: f64| x >= shown.0 && x <= shown.1 && x_scale.draws(x);
    let drawable = || x.iter().zip(values).filter(|(x, y)| inside(**x) && y_scale.draws(**y));
    let drawn = || points.iter().filter(|[x, _]| inside(*x)).map(|[_, y]| *y);
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    let extremes =
        |v: Vec<f64>| [v.iter().copied().fold(low, f64::min), v.into_iter().fold(high, f64::max)].map(f64::to_bits);
    assert_eq!(extremes(drawn().collect()), extremes(drawable().map(|(_, y)| *y).collect()));
    let ends = |points: Vec<f64>| (points.first().copied(), points.last().copied());
    let drawn_ends = ends(points.iter().map(|[x, _]| *x).filter(|x| inside(*x)).collect());
    if !values.iter().any(|value| !y_scale.draws(*value)) {
        assert_eq!(drawn_ends, ends(drawable().map(|(x, _)| *x).collect()));
    }
    assert!(points.len() <= 4 * pixels + 2, "{} points on {pixels} pixels", points.len());
    assert!(points.is_sorted_by(|a, b| a[0] <= b[0]));
    assert!(points.iter().all(|[x, y]| x_scale.draws(*x) && y_scale.draws(*y)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decimation_loses_no_extreme(
        length in 1_usize..6_000,
        seed in any::<u64>(),
        from in -0.2_f64..1.0,
        extent in 0.0_f64..1.2,
        pixels in 1_usize..300,
        log_x in any::<bool>(),
        log_y in any::<bool>(),
        holes in any::<bool>(),
    ) {
        let mut values = walk(length, seed);
        if holes {
            values.iter_mut().step_by(7).for_each(|value| *value = f64::NAN);
        }
        let size = length as f64;
        let shown = (from * size, (from + extent) * size);
        let shown = if log_x { (shown.0.max(0.5), shown.1.max(1.0)) } else { shown };
        check_decimation(&values, shown, pixels, Scale::log_if(log_x), Scale::log_if(log_y));
    }
}

#[test]
fn neighbours_let_a_line_leave_the_frame() {
    let (x, values) = ([0.0, 1.0, 2.0, 3.0, 4.0], [5.0; 5]);
    let pyramid = Pyramid::default();
    let window = Window { x: (1.5, 2.5), pixels: 100, x_scale: Scale::Linear, y_scale: Scale::Linear };
    let points = visible(Columns { x: &x, values: &values, pyramid: &pyramid }, &window);
    assert_eq!(points, [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]);
}

fn labels(scale: Scale, bounds: (f64, f64), pixels: f64) -> Vec<String> {
    let input = GridInput { bounds, base_step_size: (bounds.1 - bounds.0) / pixels * GRID_PIXELS };
    let marks = scale.marks(&input, 30.0);
    marks.into_iter().map(|mark| scale.label(mark, bounds)).filter(|label| !label.is_empty()).collect()
}

#[test]
fn logarithmic_marks_are_powers_of_ten() {
    assert_eq!(
        labels(Scale::Log, (-4.0, 5.0), 400.0),
        ["1e-4", "1e-3", "0.01", "0.1", "1", "10", "100", "1,000", "10,000", "1e5"]
    );
    assert_eq!(labels(Scale::Log, (-1.0, 0.5), 400.0), ["0.1", "0.2", "0.5", "1", "2"]);
    assert_eq!(labels(Scale::Log, (-40.0, 0.0), 120.0), ["1e-40", "1e-30", "1e-20", "1e-10", "1"]);
    // Less than a decade reads like a ruler.
    assert_eq!(labels(Scale::Log, (0.0, 2_f64.log10()), 200.0), ["1", "1.2", "1.4", "1.6", "1.8", "2"]);
    let input = GridInput { bounds: (0.0, 2.0), base_step_size: 0.05 };
    let marks = Scale::Log.marks(&input, 30.0);
    assert_eq!(marks.len(), 19, "1 2 .. 9, 10 20 .. 90, 100");
    close(marks[1].value, 2_f64.log10());
    assert!(!Scale::Log.draws(0.0) && !Scale::Log.draws(-1.0) && !Scale::Linear.draws(f64::INFINITY));
}

#[test]
fn linear_marks_are_round() {
    assert_eq!(labels(Scale::Linear, (0.0, 1.0), 200.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    assert_eq!(labels(Scale::Linear, (-1.0, 12_000.0), 100.0), ["0", "5,000", "10,000"]);
    assert_eq!(labels(Scale::Linear, (0.0312, 0.0318), 100.0), ["0.0312", "0.0314", "0.0316", "0.0318"]);
}

#[test]
fn numbers_have_four_figures() {
    for (value, written) in [
        (0.0, "0"),
        (0.0312, "0.0312"),
        (0.031_249, "0.03125"),
        (98.13, "98.13"),
        (98.125_9, "98.13"),
        (0.5, "0.5"),
        (-2.345_678, "-2.346"),
        (1.2e-5, "1.2e-5"),
        (0.000_999_96, "0.001"),
        (0.001, "0.001"),
        (999.96, "1,000"),
        (1_234.4, "1,234"),
        (12_345.0, "12,345"),
        (-4_652_008.0, "-4,652,008"),
        (1.5e9, "1.5e9"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-∞"),
    ] {
        assert_eq!(theme::figures(value), written);
    }
    assert_eq!(theme::integer(-0.2), "0");
}

/// WCAG 2: relative luminance and contrast.
fn contrast(a: Color32, b: Color32) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |c: Color32| 0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b()) + 0.05;
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

#[test]
fn colours_are_legible_on_both_themes() {
    let ctx = egui::Context::default();
    theme::install(&ctx);
    for egui_theme in [egui::Theme::Dark, egui::Theme::Light] {
        let visuals = ctx.style_of(egui_theme).visuals.clone();
        let data = [theme::TEACHER, theme::STUDENT, theme::BACKPROPAGATION, theme::SYNTHETIC];
        for colour in data.into_iter().chain((0..10).map(theme::run_colour)).chain((0..10).map(theme::class_colour)) {
            assert!(contrast(colour, visuals.extreme_bg_color) >= 2.5, "{colour:?} on {egui_theme:?}");
            assert!(contrast(colour, visuals.panel_fill) >= 2.5, "{colour:?} on {egui_theme:?}");
        }
        let widgets = &visuals.widgets;
        for (text, ground) in [
            (visuals.text_color(), visuals.panel_fill),
            (visuals.weak_text_color(), visuals.panel_fill),
            (visuals.weak_text_color(), visuals.extreme_bg_color),
            (visuals.weak_text_color(), visuals.window_fill),
            (visuals.hyperlink_color, visuals.panel_fill),
            (visuals.warn_fg_color, visuals.panel_fill),
            (visuals.error_fg_color, visuals.panel_fill),
            (visuals.selection.stroke.color, visuals.selection.bg_fill),
            (widgets.inactive.fg_stroke.color, widgets.inactive.weak_bg_fill),
            (widgets.hovered.fg_stroke.color, widgets.hovered.weak_bg_fill),
            (widgets.active.fg_stroke.color, widgets.active.weak_bg_fill),
        ] {
            assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?} in {egui_theme:?}");
        }
    }
    let distinct: std::collections::HashSet<Color32> = (0..10).map(theme::run_colour).collect();
    assert_eq!(distinct.len(), 10);
}

/// Viridis at its ends and middle, as matplotlib has it.
#[test]
fn colour_maps_are_the_published_ones() {
    assert_eq!(theme::sequential(-1.0), Color32::from_rgb(68, 1, 84));
    assert_eq!(theme::sequential(1.0 / 3.0), Color32::from_rgb(49, 104, 142));
    assert_eq!(theme::sequential(2.0), Color32::from_rgb(253, 231, 37));
    for dark in [false, true] {
        let neutral = theme::diverging(0.0, dark);
        assert!(neutral.r() == neutral.g() && neutral.g() == neutral.b());
        assert_eq!(theme::diverging(f32::NAN, dark), neutral);
        let (negative, positive) = (theme::diverging(-1.0, dark), theme::diverging(1.0, dark));
        assert!(negative.b() > negative.r() && positive.r() > positive.b());
    }
}

#[test]
fn every_icon_has_a_glyph() {
    use theme::icon;
    let harness = Harness::new_ui(|ui| {
        theme::install(ui.ctx());
        ui.label(format!("{} {}", icon::PLAY, icon::COMMAND));
    });
    harness.ctx.fonts_mut(|fonts| {
        for icon in [icon::PLAY, icon::PAUSE, icon::RESET, icon::SCISSORS, icon::LINK_BREAK, icon::DOTS, icon::GPU] {
            assert!(fonts.has_glyphs(&egui::FontId::proportional(13.0), icon), "{icon:?}");
        }
        assert!(fonts.has_glyphs(&egui::FontId::new(16.0, theme::semibold()), "Loss ∞ 1,234"));
    });
}

struct Panel {
    store: CurveStore,
    view: PlotView,
    cursor: Option<f64>,
    readings: usize,
}

fn panel(points: impl IntoIterator<Item = Point>) -> Harness<'static, Panel> {
    let mut store = CurveStore::new();
    store.append(points);
    store.set_smoothing(0.6);
    let state = Panel { store, view: PlotView::default(), cursor: None, readings: 0 };
    let builder = Harness::builder().with_size([480.0, 300.0]).with_step_dt(1.0 / 60.0);
    let mut installed = false;
    builder.build_ui_state(
        move |ui, panel: &mut Panel| {
            if !installed {
                theme::install(ui.ctx());
                installed = true;
            }
            let lines = [
                Line {
                    run: RunId(1),
                    series: "train/loss",
                    of: "run",
                    name: "train",
                    colour: theme::run_colour(0),
                    dashed: false,
                    highlighted: false,
                    level: None,
                },
                Line {
                    run: RunId(1),
                    series: "validation/loss",
                    of: "run",
                    name: "validation",
                    colour: theme::run_colour(1),
                    dashed: true,
                    highlighted: false,
                    level: None,
                },
            ];
            let markers = [Marker { x: 400.0, label: "learning rate 0.1 to 0.01".into() }];
            let shown = CurvePlot::new("loss", "Loss").unit("nats").lines(&lines).markers(&markers).show(
                ui,
                &panel.store,
                &mut panel.view,
                &mut panel.cursor,
            );
            panel.readings = shown.readings.len();
        },
        state,
    )
}

fn some_points() -> Vec<Point> {
    let train = walk(1_000, 3).into_iter().enumerate();
    let train =
        train.map(|(k, v)| point(1, "train/loss", k as u64, 2.0 * (-(k as f64) / 300.0).exp() + 0.02 * v.abs()));
    let validation = (1..=10).map(|k| point(1, "validation/loss", k * 100 - 1, 2.1 * (-(k as f64) / 3.0).exp() + 0.1));
    train.chain(validation).collect()
}

#[test]
fn an_empty_panel_says_what_fills_it() {
    let mut harness = panel([]);
    harness.run();
    harness.get_by_label("Loss plot");
    harness.get_by_label("Nothing yet: press Space to train.");
}

#[test]
fn pointing_reads_every_line_and_leaving_clears_it() {
    let mut harness = panel(some_points());
    harness.run();
    let area = harness.get_by_label("Loss plot").rect();
    harness.hover_at(area.center());
    harness.run();
    let cursor = harness.state().cursor.expect("a crosshair");
    assert!((400.0..620.0).contains(&cursor), "{cursor}");
    assert_eq!(harness.state().readings, 2);
    harness.hover_at(egui::pos2(1.0, 1.0));
    harness.run();
    assert_eq!(harness.state().cursor, None);
}

#[test]
fn a_box_zooms_and_a_double_click_fits() {
    let mut harness = panel(some_points());
    harness.run();
    let area = harness.get_by_label("Loss plot").rect();
    let at = |x: f32, y: f32| area.min + egui::vec2(x * area.width(), y * area.height());
    harness.drag_at(at(0.25, 0.5));
    harness.run_steps(2);
    harness.hover_at(at(0.5, 0.505));
    harness.run_steps(2);
    harness.drop_at(at(0.5, 0.505));
    harness.run();
    let ViewBounds { x, y } = harness.state().view.bounds.expect("a zoom");
    assert!((x.0 - 0.25 * 1_019.0).abs() < 12.0 && (x.1 - 0.5 * 1_019.0).abs() < 12.0, "{x:?}");
    assert!(y.0 < 0.1 && y.1 > 1.9, "a flat box keeps y whole: {y:?}");
    let saved = serde_json::to_string(&harness.state().view).unwrap();
    let restored: PlotView = serde_json::from_str(&saved).unwrap();
    close(restored.bounds.unwrap().y.1, y.1);
    assert_eq!(serde_json::from_str::<PlotView>("{}").unwrap(), PlotView::default());
    for _ in 0..2 {
        harness.drag_at(at(0.4, 0.4));
        harness.drop_at(at(0.4, 0.4));
    }
    harness.run();
    assert_eq!(harness.state().view.bounds, None);
}

/// The last ten steps of a curve that fell from 1,000 to 1: their own range, not the whole one.
#[test]
fn a_range_of_points_has_a_range_of_its_own() {
    let mut store = CurveStore::new();
    store.append((1..=1_000).map(|step| point(1, "train/loss", step, 1_001.0 - step as f64)));
    let curve = store.curve(RunId(1), "train/loss").unwrap();
    let points = curve.first_at(991.0)..curve.len();
    assert_eq!(points, 990..1_000);
    assert_eq!(curve.y_range(points.clone(), Scale::Linear), Some((1.0, 10.0)));
    assert_eq!(curve.x_range(points, XAxis::Step, Scale::Linear), Some((991.0, 1_000.0)));
    assert_eq!(curve.x_range(curve.first_at(5_000.0)..curve.len(), XAxis::Step, Scale::Linear), None);
}
