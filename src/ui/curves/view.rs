//! What part of the axes a panel shows: following the data, or where a person has zoomed.

use super::axis::{Scale, XAxis};
use super::lines::Drawn;
use super::store::Curve;
use egui_plot::PlotBounds;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How one panel is looked at. Owned by the caller and saved with the layout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlotView {
    pub log_x: bool,
    pub log_y: bool,
    /// Fit the y axis to the bulk of the values (2nd to 98th percentile) instead of to all.
    pub ignore_outliers: bool,
    /// Show only this many steps before the newest one, and go along with it.
    pub follow_last: Option<u64>,
    /// `None`: the view follows the data.
    pub bounds: Option<ViewBounds>,
}

/// Where a person has zoomed, in untransformed units, so that it outlives a change of scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewBounds {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl PlotView {
    /// Follow the data again.
    pub fn fit(&mut self) {
        self.bounds = None;
    }
}

/// The scales of a panel and what lies along x.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    pub quantity: XAxis,
    pub x: Scale,
    pub y: Scale,
}

impl Axes {
    pub fn new(view: &PlotView, quantity: XAxis) -> Self {
        Self { quantity, x: Scale::log_if(view.log_x), y: Scale::log_if(view.log_y) }
    }
}

/// Bounds to draw, transformed, with the `levels` in them. `None` when no line has a point.
pub(super) fn bounds(
    view: &PlotView,
    axes: Axes,
    drawn: &[Drawn<'_>],
    levels: impl Iterator<Item = f64>,
) -> Option<PlotBounds> {
    let (mut x, mut y) = fitted(drawn, axes, view, levels)?;
    if let Some(zoomed) = view.bounds {
        x = transformed(axes.x, zoomed.x).unwrap_or(x);
        y = transformed(axes.y, zoomed.y).unwrap_or(y);
    }
    Some(PlotBounds::from_min_max([x.0, y.0], [x.1, y.1]))
}

/// A zoom to keep, unless it is too deep for the numbers to tell its edges apart.
pub(super) fn zoomed(bounds: &PlotBounds, axes: Axes) -> Option<ViewBounds> {
    let ([left, bottom], [right, top]) = (bounds.min(), bounds.max());
    let sound = |low: f64, high: f64| high - low > 1e-9 * low.abs().max(high.abs()) && (high - low) < 1e300;
    let zoom = ViewBounds {
        x: (axes.x.inverse(left), axes.x.inverse(right)),
        y: (axes.y.inverse(bottom), axes.y.inverse(top)),
    };
    let finite = [zoom.x.0, zoom.x.1, zoom.y.0, zoom.y.1].iter().all(|edge| edge.is_finite());
    (bounds.is_valid() && finite && sound(left, right) && sound(bottom, top)).then_some(zoom)
}

fn transformed(scale: Scale, (low, high): (f64, f64)) -> Option<(f64, f64)> {
    (scale.draws(low) && scale.draws(high)).then(|| (scale.forward(low), scale.forward(high))).filter(|(a, b)| a < b)
}

type Span = (f64, f64);

fn fitted(drawn: &[Drawn<'_>], axes: Axes, view: &PlotView, levels: impl Iterator<Item = f64>) -> Option<(Span, Span)> {
    let newest = drawn.iter().filter_map(|line| line.curve.x(XAxis::Step).last()).fold(0.0, |a: f64, b| a.max(*b));
    let from = view.follow_last.map_or(0.0, |steps| newest - steps as f64);
    let mut spans: Option<(Span, Span)> = None;
    for curve in drawn.iter().map(|line| line.curve) {
        let points = curve.first_at(from)..curve.len();
        let Some(x) = curve.x_range(points.clone(), axes.quantity, axes.x) else { continue };
        let bulk = if view.ignore_outliers { bulk(curve, points.clone(), axes.y) } else { None };
        let Some(y) = bulk.or_else(|| curve.y_range(points, axes.y)) else { continue };
        spans = Some(spans.map_or((x, y), |(all_x, all_y)| (union(all_x, x), union(all_y, y))));
    }
    let (x, y) = spans?;
    let y = levels.filter(|level| axes.y.draws(*level)).fold(y, |y, level| union(y, (level, level)));
    Some((padded(axes.x, x, 0.0, 0.02), padded(axes.y, y, 0.05, 0.05)))
}

fn union(a: Span, b: Span) -> Span {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Transformed, with room on both sides; a single value gets room of its own size.
fn padded(scale: Scale, (low, high): Span, before: f64, after: f64) -> Span {
    let (low, high) = (scale.forward(low), scale.forward(high));
    let extent = high - low;
    if extent > 1e-12 * low.abs().max(high.abs()) {
        (low - before * extent, high + after * extent)
    } else {
        let room = if scale == Scale::Log || low == 0.0 { 0.5 } else { 0.5 * low.abs() };
        (low - room, high + room)
    }
}

/// How many values are looked at to find the bulk: enough for a percentile, few enough for every frame.
const SAMPLE: usize = 512;

fn bulk(curve: &Curve, points: Range<usize>, scale: Scale) -> Option<Span> {
    let stride = points.len().div_ceil(SAMPLE).max(1);
    let drawable = curve.smoothed()[points].iter().step_by(stride).copied().filter(|value| scale.draws(*value));
    let mut sample: Vec<f64> = drawable.collect();
    sample.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| sample.get((share * (sample.len() as f64 - 1.0)).round() as usize).copied();
    Some((at(0.02)?, at(0.98)?))
}
