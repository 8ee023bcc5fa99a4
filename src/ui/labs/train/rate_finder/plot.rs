//! The curve of a range test: loss against the learning rate, which is logarithmic.

use crate::engine::RateTest;
use crate::experiments::RatePoint;
use crate::ui::curves::Scale;
use crate::ui::curves::axis::GRID_PIXELS;
use crate::ui::theme;
use egui::{Align2, Color32, Painter, Rect, Role, Stroke, TextStyle, Ui, WidgetInfo, pos2, vec2};
use egui_plot::{AxisHints, GridMark, Line, Plot, PlotBounds, PlotPoint, PlotPoints, PlotTransform};
use std::sync::Arc;

/// Under the smoothed line the measured one is only a shadow.
const RAW_OPACITY: f32 = 0.4;
const HEIGHT_OF_LABELS: f32 = 13.0;
/// Room over and under the curve, as a share of it.
const MARGIN: f64 = 0.08;

/// A test as it is drawn, worked out again only when there is more of it.
#[derive(Default)]
pub(super) struct Curve {
    of: Option<Arc<RateTest>>,
    raw: Vec<PlotPoint>,
    smoothed: Vec<PlotPoint>,
    marks: Vec<(f64, &'static str)>,
    bounds: Option<PlotBounds>,
}

impl Curve {
    fn update(&mut self, test: &Arc<RateTest>) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, test)) {
            return;
        }
        let points = &test.result.points;
        let place = |value: fn(&RatePoint) -> f64| {
            points.iter().map(|point| PlotPoint::new(Scale::Log.forward(point.rate), value(point))).collect()
        };
        self.raw = place(|point| point.loss);
        self.smoothed = place(|point| point.smoothed);
        // A single batch at a rate far too high would flatten all the rest.
        let low = points.iter().map(|point| point.smoothed.min(point.loss)).reduce(f64::min);
        let high = points.iter().map(|point| point.smoothed).reduce(f64::max);
        self.bounds = low.zip(high).map(|(low, high)| {
            let room = MARGIN * (high - low).max(1e-3 * high.abs()).max(1e-9);
            let [left, right] = [test.config.from, test.config.to].map(|rate| Scale::Log.forward(rate));
            PlotBounds::from_min_max([left, low - room], [right, high + 2.0 * room])
        });
        let suggested = [(test.result.steepest(), "steepest"), (test.result.minimum_tenth(), "minimum / 10")];
        let has_ended = test.result.end.is_some();
        self.marks =
            suggested.into_iter().filter_map(|(rate, name)| Some((rate.filter(|_| has_ended)?, name))).collect();
        self.of = Some(Arc::clone(test));
    }
}

/// Returns the rate that was clicked. `current` is marked beside the suggestions.
pub(super) fn show(ui: &mut Ui, curve: &mut Curve, test: &Arc<RateTest>, colour: Color32, current: f64) -> Option<f64> {
    curve.update(test);
    let bounds = curve.bounds?;
    let size = ui.available_size().max(vec2(16.0, 10.0) * theme::UNIT);
    let shown = widget(ui).width(size.x).height(size.y).show(ui, |plot_ui| {
        plot_ui.set_plot_bounds(bounds);
        let raw = Line::new("loss", PlotPoints::Borrowed(&curve.raw));
        plot_ui.line(raw.color(colour.gamma_multiply(RAW_OPACITY)).width(1.0).allow_hover(false));
        let smoothed = Line::new("smoothed", PlotPoints::Borrowed(&curve.smoothed));
        plot_ui.line(smoothed.color(colour).width(2.0).allow_hover(false));
    });
    let (response, transform) = (shown.response, shown.transform);
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Range test plot"));
    let frame = *transform.frame();
    let painter = ui.painter().with_clip_rect(frame.intersect(ui.clip_rect()));
    let accent = theme::accent(ui.visuals().dark_mode);
    for (row, (rate, name)) in curve.marks.iter().enumerate() {
        mark(ui, &painter, &transform, (*rate, name, accent), row);
    }
    mark(ui, &painter, &transform, (current, "now", ui.visuals().weak_text_color()), curve.marks.len());
    name_axes(ui, &painter, frame);
    let rate_at = |place: egui::Pos2| Scale::Log.inverse(transform.value_from_position(place).x);
    if let Some(pointer) = response.hover_pos() {
        readout(ui, &painter, frame, &test.result.points, rate_at(pointer));
        painter.vline(pointer.x, frame.y_range(), Stroke::new(1.0, ui.visuals().weak_text_color()));
    }
    let clicked = response.interact_pointer_pos().filter(|_| response.clicked());
    clicked.map(rate_at).filter(|rate| rate.is_finite() && *rate > 0.0)
}

fn widget<'a>(ui: &Ui) -> Plot<'a> {
    let hints = |hints: AxisHints<'a>, scale: Scale| {
        hints
            .formatter(move |mark: GridMark, range| scale.label(mark, (*range.start(), *range.end())))
            .tick_label_color(ui.visuals().weak_text_color())
            .tick_label_font(TextStyle::Small.resolve(ui.style()))
    };
    Plot::new("range test")
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .allow_double_click_reset(false)
        .allow_boxed_zoom(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_axis_zoom_drag(false)
        .grid_color(theme::border(ui.visuals().dark_mode))
        .grid_spacing(GRID_PIXELS as f32..=40.0)
        .x_grid_spacer(|input| Scale::Log.marks(&input, 80.0))
        .y_grid_spacer(|input| Scale::Linear.marks(&input, 30.0))
        .custom_x_axes(vec![hints(AxisHints::new_x().label_spacing(16.0..=24.0), Scale::Log)])
        .custom_y_axes(vec![hints(
            AxisHints::new_y().label_spacing(12.0..=18.0).min_thickness(5.0 * theme::UNIT),
            Scale::Linear,
        )])
}

/// A rate as an upright line with its name; each in a row of its own, so that names never cover each other.
fn mark(ui: &Ui, painter: &Painter, transform: &PlotTransform, (rate, name, colour): (f64, &str, Color32), row: usize) {
    if rate <= 0.0 {
        return;
    }
    let frame = *transform.frame();
    let x = transform.position_from_point_x(Scale::Log.forward(rate));
    if !frame.x_range().contains(x) {
        return;
    }
    painter.vline(x, frame.y_range(), Stroke::new(1.0, colour));
    let text = format!("{name} {}", theme::figures(rate));
    let galley = painter.layout_no_wrap(text, TextStyle::Small.resolve(ui.style()), colour);
    let top = frame.top() + 2.0 + row as f32 * HEIGHT_OF_LABELS;
    let is_left = x + galley.size().x + theme::UNIT < frame.right();
    let left = if is_left { x + theme::UNIT / 2.0 } else { x - theme::UNIT / 2.0 - galley.size().x };
    let rect = Rect::from_min_size(pos2(left, top), galley.size());
    painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, ground(ui));
    painter.galley(rect.min, galley, colour);
}

fn name_axes(ui: &Ui, painter: &Painter, frame: Rect) {
    let (font, weak) = (TextStyle::Small.resolve(ui.style()), ui.visuals().weak_text_color());
    painter.text(frame.right_bottom() - vec2(4.0, 2.0), Align2::RIGHT_BOTTOM, "learning rate", font, weak);
}

/// What was measured at the rate nearest to the pointer.
fn readout(ui: &Ui, painter: &Painter, frame: Rect, points: &[RatePoint], rate: f64) {
    let distance = |point: &RatePoint| (point.rate / rate).ln().abs();
    let Some(point) = points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))) else { return };
    let text = format!(
        "rate {}: loss {} nats, smoothed {}",
        theme::figures(point.rate),
        theme::figures(point.loss),
        theme::figures(point.smoothed)
    );
    let galley = painter.layout_no_wrap(text, TextStyle::Small.resolve(ui.style()), ui.visuals().text_color());
    let rect = Rect::from_min_size(frame.left_bottom() + vec2(4.0, -4.0 - galley.size().y), galley.size());
    painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, ground(ui));
    painter.galley(rect.min, galley, ui.visuals().text_color());
}

fn ground(ui: &Ui) -> Color32 {
    theme::plot_background(ui.visuals().dark_mode).gamma_multiply(0.85)
}
