//! The points of every run, whole, in columns that grow at the end.

use super::axis::{Scale, XAxis};
use super::decimate::{Columns, Pyramid};
use super::smoothing::Ema;
use crate::engine::{Point, RunId};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One series of one run.
///
/// Points that are not finite are kept and never drawn. A point whose step lies before the last one means that the run
/// was taken up again from there: it replaces what followed.
#[derive(Clone, Debug)]
pub struct Curve {
    /// As numbers, so that any of the three can be an axis.
    steps: Vec<f64>,
    epochs: Vec<f64>,
    seconds: Vec<f64>,
    values: Vec<f64>,
    pyramid: Pyramid,
    smooth: Option<Smooth>,
    weight: f64,
    /// Never the same for two states of any curve: what was drawn of one may be drawn again as long as it stays.
    revision: u64,
}

/// The smoothed values, where there is smoothing.
#[derive(Clone, Debug)]
struct Smooth {
    average: Ema,
    values: Vec<f64>,
    pyramid: Pyramid,
}

impl Smooth {
    fn new(weight: f64, values: &[f64]) -> Option<Self> {
        let average = Ema::new(weight);
        let mut smooth = Self { average, values: Vec::with_capacity(values.len()), pyramid: Pyramid::default() };
        smooth.extend(values);
        (weight > 0.0).then_some(smooth)
    }

    /// Take in what was appended to the raw values.
    fn extend(&mut self, raw: &[f64]) {
        for value in &raw[self.values.len()..] {
            self.values.push(self.average.push(*value));
        }
        self.pyramid.extend(&self.values);
    }
}

impl Curve {
    fn new(weight: f64) -> Self {
        Self {
            steps: Vec::new(),
            epochs: Vec::new(),
            seconds: Vec::new(),
            values: Vec::new(),
            pyramid: Pyramid::default(),
            smooth: Smooth::new(weight, &[]),
            weight,
            revision: fresh_revision(),
        }
    }

    /// Changes whenever the values, raw or smoothed, do.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    fn push(&mut self, point: &Point) {
        self.revision = fresh_revision();
        let step = point.step as f64;
        if self.steps.last().is_some_and(|last| step < *last) {
            self.cut(self.steps.partition_point(|earlier| *earlier < step));
        }
        // Columns of x never go back, whatever a clock does: searches rely on it.
        let ascending = |column: &[f64], x: f64| {
            let last = column.last().copied().unwrap_or(0.0);
            if x.is_finite() { x.max(last) } else { last }
        };
        self.steps.push(step);
        self.epochs.push(ascending(&self.epochs, point.epoch));
        self.seconds.push(ascending(&self.seconds, point.seconds));
        self.values.push(point.value);
        self.pyramid.extend(&self.values);
        if let Some(smooth) = &mut self.smooth {
            smooth.extend(&self.values);
        }
    }

    fn cut(&mut self, length: usize) {
        for column in [&mut self.steps, &mut self.epochs, &mut self.seconds, &mut self.values] {
            column.truncate(length);
        }
        self.pyramid = Pyramid::default();
        self.pyramid.extend(&self.values);
        self.smooth = Smooth::new(self.weight, &self.values);
    }

    fn set_smoothing(&mut self, weight: f64) {
        self.weight = weight;
        self.smooth = Smooth::new(weight, &self.values);
        self.revision = fresh_revision();
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One column of x, ascending.
    pub fn x(&self, axis: XAxis) -> &[f64] {
        match axis {
            XAxis::Step => &self.steps,
            XAxis::Epoch => &self.epochs,
            XAxis::Seconds => &self.seconds,
        }
    }

    /// As measured.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Debiased exponential average; the values themselves where there is no smoothing.
    pub fn smoothed(&self) -> &[f64] {
        self.smooth.as_ref().map_or(&self.values, |smooth| &smooth.values)
    }

    /// Whether [`smoothed`](Self::smoothed) differs from [`values`](Self::values).
    pub fn is_smoothed(&self) -> bool {
        self.smooth.is_some()
    }

    /// The last finite value, as measured.
    pub fn last(&self) -> Option<f64> {
        self.values.iter().rev().copied().find(|value| value.is_finite())
    }

    /// The line as measured, for drawing.
    pub fn raw_columns(&self, axis: XAxis) -> Columns<'_> {
        Columns { x: self.x(axis), values: &self.values, pyramid: &self.pyramid }
    }

    /// The smoothed line, for drawing.
    pub fn smooth_columns(&self, axis: XAxis) -> Columns<'_> {
        self.smooth.as_ref().map_or(self.raw_columns(axis), |smooth| Columns {
            x: self.x(axis),
            values: &smooth.values,
            pyramid: &smooth.pyramid,
        })
    }

    /// First and last x that have a place on the axis.
    pub fn x_range(&self, axis: XAxis, scale: Scale) -> Option<(f64, f64)> {
        let column = self.x(axis);
        let first = if scale == Scale::Log { column.partition_point(|x| *x <= 0.0) } else { 0 };
        Some((*column.get(first)?, *column.last()?))
    }

    /// Lowest and highest value that have a place on the axis, as measured.
    pub fn y_range(&self, scale: Scale) -> Option<(f64, f64)> {
        self.pyramid.range(&self.values, 0..self.len(), scale)
    }

    /// Lowest and highest smoothed value among some points.
    pub fn smoothed_range(&self, points: Range<usize>, scale: Scale) -> Option<(f64, f64)> {
        let columns = self.smooth_columns(XAxis::Step);
        columns.pyramid.range(columns.values, points.start..points.end.min(self.len()), scale)
    }

    /// The point nearest to `x` whose value is finite.
    pub fn nearest(&self, axis: XAxis, x: f64) -> Option<usize> {
        let column = self.x(axis);
        let right = column.partition_point(|other| *other < x);
        let finite = |position: &usize| self.values[*position].is_finite();
        let before = (0..right).rev().take(NEAR).find(finite);
        let after = (right..column.len()).take(NEAR).find(finite);
        let distance = |position: &usize| (column[*position] - x).abs();
        before.into_iter().chain(after).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

fn fresh_revision() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// How far [`Curve::nearest`] looks past values that are not finite.
const NEAR: usize = 256;

/// Averages are for the noise of batches. An evaluation is already a mean over a whole set, and comes so seldom that
/// its average would lag epochs behind.
fn smoothing_of(series: &str, weight: f64) -> f64 {
    if series.starts_with("validation/") || series.starts_with("test/") { 0.0 } else { weight }
}

/// The curves of all runs.
#[derive(Clone, Debug, Default)]
pub struct CurveStore {
    runs: BTreeMap<RunId, BTreeMap<Arc<str>, Curve>>,
    names: BTreeMap<RunId, String>,
    weight: f64,
}

impl CurveStore {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn append(&mut self, points: impl IntoIterator<Item = Point>) {
        for point in points {
            let series = self.runs.entry(point.run).or_default();
            if let Some(curve) = series.get_mut(&point.series) {
                curve.push(&point);
            } else {
                let mut curve = Curve::new(smoothing_of(&point.series, self.weight));
                curve.push(&point);
                series.insert(point.series, curve);
            }
        }
    }

    pub fn curve(&self, run: RunId, series: &str) -> Option<&Curve> {
        self.runs.get(&run)?.get(series)
    }

    /// Sorted by name.
    pub fn series_names(&self, run: RunId) -> impl Iterator<Item = &str> {
        self.runs.get(&run).into_iter().flat_map(|series| series.keys().map(AsRef::as_ref))
    }

    /// Ascending.
    pub fn runs(&self) -> impl Iterator<Item = RunId> {
        self.runs.keys().copied()
    }

    /// What a run is called, where its points are saved.
    pub fn name(&self, run: RunId) -> Option<&str> {
        self.names.get(&run).map(String::as_str)
    }

    pub fn set_name(&mut self, run: RunId, name: &str) {
        self.names.insert(run, name.to_owned());
    }

    pub fn remove(&mut self, run: RunId) {
        self.runs.remove(&run);
        self.names.remove(&run);
    }

    pub fn clear(&mut self) {
        self.runs.clear();
        self.names.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The weight of every curve's average.
    pub fn smoothing(&self) -> f64 {
        self.weight
    }

    /// From 0 (none) to 0.999, clamped; `validation/` and `test/` stay as measured. Costs a pass over all points
    /// when the weight changes, nothing otherwise.
    pub fn set_smoothing(&mut self, weight: f64) {
        let weight = Ema::new(weight).weight();
        if weight.to_bits() == self.weight.to_bits() {
            return;
        }
        self.weight = weight;
        for (series, curve) in self.runs.values_mut().flatten() {
            curve.set_smoothing(smoothing_of(series, weight));
        }
    }
}
