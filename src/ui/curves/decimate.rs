//! Drawing any number of points in time proportional to pixels.
//!
//! A [`Pyramid`] knows the extremes of every block of values, of blocks of blocks, and so on up; appending costs
//! amortised constant time, and the extremes of any range logarithmic time. [`each_column`] asks it once for every
//! pixel column, so that no spike is ever lost however far out one zooms.

use super::axis::Scale;
use std::ops::Range;

const BLOCK: usize = 16;
const FAN: usize = 4;

/// The extreme finite values of a range; where there are none, low is above high.
#[derive(Clone, Copy, Debug)]
struct Extremes {
    low: f64,
    /// The lowest value above zero, for logarithmic axes.
    low_positive: f64,
    high: f64,
}

impl Extremes {
    const NOTHING: Self = Self { low: f64::INFINITY, low_positive: f64::INFINITY, high: f64::NEG_INFINITY };

    fn of(values: &[f64]) -> Self {
        values.iter().filter(|value| value.is_finite()).fold(Self::NOTHING, |all, value| {
            let positive = if *value > 0.0 { *value } else { f64::INFINITY };
            all.merge(Self { low: *value, low_positive: positive, high: *value })
        })
    }

    fn merge(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            low_positive: self.low_positive.min(other.low_positive),
            high: self.high.max(other.high),
        }
    }

    /// The lowest and the highest drawable value.
    fn drawable(self, scale: Scale) -> Option<(f64, f64)> {
        let low = if scale == Scale::Log { self.low_positive } else { self.low };
        (low <= self.high).then_some((low, self.high))
    }
}

/// Extremes of blocks of values, in levels each four times coarser than the one below.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    /// Only complete blocks.
    levels: Vec<Vec<Extremes>>,
}

impl Pyramid {
    /// Take in what was appended to `values` since the last call.
    pub fn extend(&mut self, values: &[f64]) {
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        let done = self.levels[0].len() * BLOCK;
        for block in values[done..].chunks_exact(BLOCK) {
            self.push(Extremes::of(block));
        }
    }

    fn push(&mut self, block: Extremes) {
        let mut block = block;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let blocks = &mut self.levels[level];
            blocks.push(block);
            if !blocks.len().is_multiple_of(FAN) {
                return;
            }
            block = blocks[blocks.len() - FAN..].iter().copied().fold(Extremes::NOTHING, Extremes::merge);
        }
    }

    fn extremes(&self, values: &[f64], range: Range<usize>) -> Extremes {
        let mut all = Extremes::NOTHING;
        let mut position = range.start;
        while position < range.end {
            if let Some((block, size)) = self.largest_block(position, range.end) {
                all = all.merge(block);
                position += size;
            } else {
                let end = range.end.min((position / BLOCK + 1) * BLOCK);
                all = all.merge(Extremes::of(&values[position..end]));
                position = end;
            }
        }
        all
    }

    /// The largest block that begins at `position` and ends by `end`.
    fn largest_block(&self, position: usize, end: usize) -> Option<(Extremes, usize)> {
        let (mut found, mut size) = (None, BLOCK);
        for level in &self.levels {
            if !position.is_multiple_of(size) || position + size > end {
                break;
            }
            let Some(block) = level.get(position / size) else { break };
            found = Some((*block, size));
            size *= FAN;
        }
        found
    }

    /// The lowest and the highest drawable values of a range.
    pub fn range(&self, values: &[f64], range: Range<usize>, scale: Scale) -> Option<(f64, f64)> {
        self.extremes(values, range).drawable(scale)
    }
}

/// One line to be drawn: columns of equal length, `x` ascending, and the pyramid of `values`.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    pub x: &'a [f64],
    pub values: &'a [f64],
    pub pyramid: &'a Pyramid,
}

/// The part of the axes that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Range of x, in its own units (not transformed).
    pub x: (f64, f64),
    pub pixels: usize,
    pub x_scale: Scale,
    pub y_scale: Scale,
}

impl Window {
    /// The first position with a place on the x axis, and the positions inside the window.
    fn inside(&self, x: &[f64]) -> (usize, Range<usize>) {
        let placed = if self.x_scale == Scale::Log { x.partition_point(|x| *x <= 0.0) } else { 0 };
        let first = x.partition_point(|x| *x < self.x.0).max(placed);
        let end = x.partition_point(|x| *x <= self.x.1).max(first);
        (placed, first..end)
    }

    /// Whether there are more points than pixels: a line through each would cost much and show no more.
    pub fn is_dense(&self, line: Columns<'_>) -> bool {
        self.inside(line.x).1.len() > self.pixels
    }
}

/// The points of a dense line that share a pixel column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// From 0 at the left edge.
    pub pixel: usize,
    /// Positions of the points.
    pub points: Range<usize>,
    /// Lowest and highest drawable value among them.
    pub low: f64,
    pub high: f64,
}

/// The points that make the picture of a line, in untransformed units with `x` ascending: all of a sparse line; of a
/// dense one the extremes of every pixel column, with x exact to the pixel. One neighbour on either side lets the line
/// leave the frame.
pub fn visible(line: Columns<'_>, window: &Window) -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    if !window.is_dense(line) {
        each_point(line, window, |x, y| points.push([x, y]));
        return points;
    }
    let (before, after) = neighbours(line, window);
    let at = |position: usize| [line.x[position], line.values[position]];
    points.extend(before.map(at));
    each_column(line, window, |column| {
        let (first, last) = (column.points.start, column.points.end - 1);
        // Whichever extreme the column begins nearer to comes first.
        let falls = line.values[first] - column.low > column.high - line.values[first];
        let (a, b) = if falls { (column.high, column.low) } else { (column.low, column.high) };
        points.push([line.x[first], a]);
        points.push([line.x[last], b]);
    });
    points.extend(after.map(at));
    points
}

/// Every drawable point of a sparse line, and one neighbour on either side.
pub fn each_point(line: Columns<'_>, window: &Window, mut draw: impl FnMut(f64, f64)) {
    let (before, after) = neighbours(line, window);
    let (_, inside) = window.inside(line.x);
    for position in before.into_iter().chain(inside).chain(after) {
        if window.y_scale.draws(line.values[position]) {
            draw(line.x[position], line.values[position]);
        }
    }
}

/// How far to look for a drawable neighbour beyond the frame.
const NEIGHBOURS: usize = 64;

fn neighbours(line: Columns<'_>, window: &Window) -> (Option<usize>, Option<usize>) {
    let (placed, inside) = window.inside(line.x);
    let drawn = |position: &usize| window.y_scale.draws(line.values[*position]);
    let before = (placed..inside.start).rev().take(NEIGHBOURS).find(drawn);
    (before, (inside.end..line.x.len()).take(NEIGHBOURS).find(drawn))
}

/// The pixel columns of a dense line that have something drawable, from left to right.
pub fn each_column(line: Columns<'_>, window: &Window, mut draw: impl FnMut(Column)) {
    let (_, inside) = window.inside(line.x);
    let (left, right) = (window.x_scale.forward(window.x.0), window.x_scale.forward(window.x.1));
    // A logarithmic axis that begins at or below zero begins at its first point instead.
    let first = line.x.get(inside.start).copied().unwrap_or(1.0);
    let left = if left.is_finite() { left } else { window.x_scale.forward(first) };
    let width = (right - left) / window.pixels as f64;
    let (mut start, mut count) = (inside.start, 1);
    for pixel in 0..window.pixels {
        let edge = window.x_scale.inverse(left + width * (pixel + 1) as f64);
        let is_last = pixel + 1 == window.pixels;
        let guess = start + count;
        let end = if is_last { inside.end } else { advance(line.x, start..inside.end, edge, guess) };
        count = end - start;
        let extremes = line.pyramid.extremes(line.values, start..end);
        if let Some((low, high)) = extremes.drawable(window.y_scale) {
            draw(Column { pixel, points: start..end, low, high });
        }
        start = end;
    }
}

/// The first position of a range with `x > edge`. Training goes at a steady pace, so a column most often holds as many
/// points as the one before; else the position is searched for in doubling steps.
fn advance(x: &[f64], range: Range<usize>, edge: f64, guess: usize) -> usize {
    let is_past = |position: usize| position >= range.end || x[position] > edge;
    let candidates = guess.saturating_sub(1).max(range.start)..=guess + 1;
    for position in candidates {
        if is_past(position) && (position == range.start || !is_past(position - 1)) {
            return position.min(range.end);
        }
    }
    let (mut low, mut step) = (range.start, 1);
    while !is_past(low + step) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(range.end);
    low + x[low..high].partition_point(|x| *x <= edge)
}
