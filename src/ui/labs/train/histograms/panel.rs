//! One layer's histograms over time, spread over an axis; kept between frames and worked on only when there is news.

use super::axis::{AxisRange, ValueAxis};
use super::heat_map::HeatMap;
use super::ridges::Ridges;
use crate::engine::HistogramLook;
use crate::train::{LayerHistogram, Quantity};
use crate::ui::app::{HistogramHistory, Reach};
use crate::ui::theme;
use crate::ui::widgets::format;
use std::sync::Arc;

/// So many factors of ten lie between the ends of a logarithmic scale of shares.
const DECADES: f32 = 3.0;

/// A layer of the pane.
pub(super) struct Panel {
    pub(super) layer: String,
    /// Oldest first.
    pub(super) columns: Vec<Column>,
    pub(super) axis: ValueAxis,
    /// Changes whenever the columns or the axis do.
    pub(super) revision: u64,
    /// Of all columns.
    pub(super) reach: Reach,
    /// The highest share of any bin in any step.
    pub(super) most: f32,
    /// What is known of the newest column, in words.
    pub(super) summary: String,
    pub(super) heat_map: HeatMap,
    pub(super) ridges: Ridges,
    taken_up: Option<u64>,
    arranged: Option<(u64, AxisRange)>,
}

/// One step.
pub(super) struct Column {
    look: Arc<HistogramLook>,
    /// Which of its histograms.
    index: usize,
    reach: Reach,
    /// Of the finite values, a bin of the axis each; empty until it is spread over the axis.
    pub(super) shares: Vec<f32>,
    /// The highest share.
    most: f32,
}

/// How shares are turned into shades and heights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ShareScale {
    pub(super) log: bool,
    /// What is drawn brightest, or highest.
    pub(super) most: f32,
}

impl ShareScale {
    /// From 0 to 1.
    pub(super) fn fraction(self, share: f32) -> f32 {
        if share <= 0.0 || self.most <= 0.0 {
            return 0.0;
        }
        let part = share / self.most;
        (if self.log { 1.0 + part.log10() / DECADES } else { part }).clamp(0.0, 1.0)
    }

    /// The share that is drawn at the lower end.
    pub(super) fn least(self) -> f32 {
        if self.log { self.most / 10f32.powf(DECADES) } else { 0.0 }
    }
}

impl Column {
    pub(super) fn step(&self) -> u64 {
        self.look.step
    }

    pub(super) fn epoch(&self) -> f64 {
        self.look.epoch
    }

    pub(super) fn histogram(&self) -> &LayerHistogram {
        &self.look.layers[self.index]
    }

    /// What a bin of the axis holds, and what is known of the whole histogram.
    pub(super) fn describe(&self, axis: &ValueAxis, bin: Option<usize>) -> String {
        let histogram = &self.histogram().histogram;
        let mut lines = vec![format!("step {}, epoch {:.2}", format::count(self.step()), self.epoch())];
        if let Some((bin, share)) = bin.and_then(|bin| Some((bin, *self.shares.get(bin)?))) {
            let (low, high) = axis.edges_of(bin);
            let count = f64::from(share) * histogram.finite as f64;
            // Counts are spread over bins, so a bin may hold a part of one.
            let count = if count > 0.0 && count < 0.95 { "less than 1".to_owned() } else { theme::integer(count) };
            lines.push(format!(
                "{} to {}: about {count} of {} values, {}",
                theme::figures(low),
                theme::figures(high),
                format::count(histogram.finite),
                format::percent(f64::from(share))
            ));
        }
        lines.push(format!(
            "from {} to {}, mean {}, deviation {}",
            theme::figures(histogram.min),
            theme::figures(histogram.max),
            theme::figures(histogram.mean),
            theme::figures(histogram.deviation)
        ));
        lines.push(self.describe_rest());
        if histogram.size > histogram.seen() {
            lines.push(format!(
                "a sample of {} of {} values, at equal distances",
                format::count(histogram.seen()),
                format::count(histogram.size)
            ));
        }
        lines.join("\n")
    }

    /// What no bin of the axis shows.
    fn describe_rest(&self) -> String {
        let histogram = &self.histogram().histogram;
        let mut parts = vec![format!("exactly zero {}", share_of(histogram.zeros, histogram.seen()))];
        let beyond = 1.0 - self.shares.iter().sum::<f32>();
        if beyond > 5e-6 {
            parts.push(format!("beyond the axis {}", format::percent(f64::from(beyond))));
        }
        if histogram.not_finite > 0 {
            parts.push(format!("not finite {}", format::count(histogram.not_finite)));
        }
        parts.join(", ")
    }
}

fn share_of(part: u64, whole: u64) -> String {
    format::percent(part as f64 / whole.max(1) as f64)
}

impl Panel {
    pub(super) fn new(layer: String) -> Self {
        Self {
            layer,
            columns: Vec::new(),
            axis: ValueAxis::new(AxisRange::covering(Reach::default(), false)),
            revision: 0,
            reach: Reach::default(),
            most: 0.0,
            summary: String::new(),
            heat_map: HeatMap::default(),
            ridges: Ridges::default(),
            taken_up: None,
            arranged: None,
        }
    }

    /// Takes new steps up and lets go of those that the history dropped.
    pub(super) fn take_up(&mut self, history: &HistogramHistory, quantity: Quantity) {
        if self.taken_up == Some(history.revision()) {
            return;
        }
        self.taken_up = Some(history.revision());
        self.revision += 1;
        let mut known = std::mem::take(&mut self.columns).into_iter().peekable();
        for look in history.looks() {
            while known.next_if(|column| column.step() < look.histograms.step).is_some() {}
            if let Some(column) = known.next_if(|column| Arc::ptr_eq(&column.look, &look.histograms)) {
                self.columns.push(column);
                continue;
            }
            let is_this = |found: &LayerHistogram| found.layer == self.layer && found.quantity == quantity;
            let index = look.histograms.layers.iter().position(is_this);
            if let Some((index, reach)) = index.and_then(|index| Some((index, *look.reaches.get(index)?))) {
                let look = Arc::clone(&look.histograms);
                self.columns.push(Column { look, index, reach, shares: Vec::new(), most: 0.0 });
            }
        }
        self.reach = self.columns.iter().fold(Reach::default(), |reach, column| reach.and(column.reach));
        self.summary = self.columns.last().map_or_else(String::new, summary);
    }

    /// Spreads over an axis what is not spread over it yet.
    pub(super) fn arrange(&mut self, range: AxisRange) {
        if self.arranged == Some((self.revision, range)) {
            return;
        }
        if self.axis.range != range {
            self.axis = ValueAxis::new(range);
            self.revision += 1;
            for column in &mut self.columns {
                column.shares.clear();
            }
        }
        for column in self.columns.iter_mut().filter(|column| column.shares.is_empty()) {
            column.shares = self.axis.shares(&column.look.layers[column.index].histogram);
            column.most = column.shares.iter().copied().fold(0.0, f32::max);
        }
        self.most = self.columns.iter().map(|column| column.most).fold(0.0, f32::max);
        self.arranged = Some((self.revision, range));
    }

    /// Values that are not finite in the newest step.
    pub(super) fn not_finite(&self) -> u64 {
        self.columns.last().map_or(0, |column| column.histogram().histogram.not_finite)
    }
}

fn summary(column: &Column) -> String {
    let histogram = &column.histogram().histogram;
    let mut text = format!(
        "mean {}, deviation {}, zero {}",
        theme::figures(histogram.mean),
        theme::figures(histogram.deviation),
        share_of(histogram.zeros, histogram.seen())
    );
    if histogram.not_finite > 0 {
        text = format!("{} not finite; {text}", format::count(histogram.not_finite));
    }
    text
}
