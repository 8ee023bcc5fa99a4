//! Drawing any number of points in time proportional to pixels.
//!
//! A [`Pyramid`] knows where the extremes of every block of values are, of blocks of blocks, and so on up; appending
//! costs amortised constant time, and the extremes of any range logarithmic time. [`each_visible`] asks it once for
//! every pixel column, so that no spike is ever lost however far out one zooms.

use super::axis::Scale;
use std::ops::Range;

const BLOCK: usize = 16;
const FAN: usize = 4;
const NONE: u32 = u32::MAX;

/// Positions of the extreme values of a range.
#[derive(Clone, Copy, Debug)]
struct Extremes {
    low: u32,
    /// The lowest value above zero, for logarithmic axes.
    low_positive: u32,
    high: u32,
}

impl Extremes {
    const NOTHING: Self = Self { low: NONE, low_positive: NONE, high: NONE };

    fn of(position: usize, value: f64) -> Self {
        let position = if value.is_finite() { position as u32 } else { NONE };
        Self { low: position, low_positive: if value > 0.0 { position } else { NONE }, high: position }
    }

    fn merge(&mut self, other: Self, values: &[f64]) {
        let pick = |mine: &mut u32, theirs: u32, better: fn(f64, f64) -> bool| {
            if theirs != NONE && (*mine == NONE || better(values[theirs as usize], values[*mine as usize])) {
                *mine = theirs;
            }
        };
        pick(&mut self.low, other.low, |a, b| a < b);
        pick(&mut self.low_positive, other.low_positive, |a, b| a < b);
        pick(&mut self.high, other.high, |a, b| a > b);
    }

    /// Where the lowest and the highest drawable values are.
    fn drawable(self, values: &[f64], scale: Scale) -> Option<(usize, usize)> {
        let low = if scale == Scale::Log { self.low_positive } else { self.low };
        let found = low != NONE && self.high != NONE && scale.draws(values[self.high as usize]);
        found.then_some((low as usize, self.high as usize))
    }
}

/// Extremes of blocks of values, in levels each [`FAN`] times coarser than the one below.
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
        while (self.levels[0].len() + 1) * BLOCK <= values.len() {
            let start = self.levels[0].len() * BLOCK;
            let mut block = Extremes::NOTHING;
            for position in start..start + BLOCK {
                block.merge(Extremes::of(position, values[position]), values);
            }
            self.push(block, values);
        }
    }

    fn push(&mut self, block: Extremes, values: &[f64]) {
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
            let group = &blocks[blocks.len() - FAN..];
            block = group.iter().fold(Extremes::NOTHING, |mut all, one| {
                all.merge(*one, values);
                all
            });
        }
    }

    fn extremes(&self, values: &[f64], range: Range<usize>) -> Extremes {
        let mut all = Extremes::NOTHING;
        let mut position = range.start;
        while position < range.end {
            if let Some((block, size)) = self.largest_block(position, range.end) {
                all.merge(block, values);
                position += size;
            } else {
                all.merge(Extremes::of(position, values[position]), values);
                position += 1;
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
        let (low, high) = self.extremes(values, range).drawable(values, scale)?;
        Some((values[low], values[high]))
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
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Range of x, in its own units (not transformed).
    pub x: (f64, f64),
    pub pixels: usize,
    pub x_scale: Scale,
    pub y_scale: Scale,
}

/// The points of a line that make its picture: at most the first, the lowest, the highest and the last of every pixel column,
/// and one neighbour on either side so that the line leaves the frame. In untransformed units, `x` ascending.
pub fn visible(line: Columns<'_>, window: &Window) -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    each_visible(line, window, |x, y| points.push([x, y]));
    points
}

/// As [`visible`], without the vector.
pub fn each_visible(line: Columns<'_>, window: &Window, mut draw: impl FnMut(f64, f64)) {
    let Columns { x, values, .. } = line;
    let length = x.len().min(values.len());
    let placed = if window.x_scale == Scale::Log { x.partition_point(|x| *x <= 0.0) } else { 0 };
    let first = x.partition_point(|x| *x < window.x.0).clamp(placed, length);
    let end = x.partition_point(|x| *x <= window.x.1).clamp(first, length);
    let mut emit = |position: usize| {
        if window.y_scale.draws(values[position]) {
            draw(x[position], values[position]);
        }
    };
    if let Some(before) = neighbour(values, (placed..first).rev(), window.y_scale) {
        emit(before);
    }
    if end - first <= 2 * window.pixels {
        (first..end).for_each(&mut emit);
    } else {
        each_extreme(line, first..end, window, &mut emit);
    }
    if let Some(after) = neighbour(values, end..length, window.y_scale) {
        emit(after);
    }
}

/// How far to look for a drawable neighbour beyond the frame.
const NEIGHBOURS: usize = 64;

fn neighbour(values: &[f64], mut candidates: impl Iterator<Item = usize>, scale: Scale) -> Option<usize> {
    candidates.by_ref().take(NEIGHBOURS).find(|position| scale.draws(values[*position]))
}

fn each_extreme(line: Columns<'_>, range: Range<usize>, window: &Window, emit: &mut impl FnMut(usize)) {
    let (left, right) = (window.x_scale.forward(window.x.0), window.x_scale.forward(window.x.1));
    // The view of a logarithmic axis may begin at or below zero only by mistake: then it begins at the first point.
    let left = if left.is_finite() { left } else { window.x_scale.forward(line.x[range.start]) };
    let width = (right - left) / window.pixels as f64;
    let mut start = range.start;
    for pixel in 1..=window.pixels {
        let edge = window.x_scale.inverse(left + width * pixel as f64);
        let end = if pixel == window.pixels { range.end } else { gallop(line.x, start, range.end, edge) };
        if start == end {
            continue;
        }
        let Some((low, high)) = line.pyramid.extremes(line.values, start..end).drawable(line.values, window.y_scale)
        else {
            start = end;
            continue;
        };
        let mut column = [low.min(high), low.max(high), range.start, range.end - 1];
        let mut count = if low == high { 1 } else { 2 };
        for border in [range.start, range.end - 1] {
            if (start..end).contains(&border) && border != low && border != high {
                column[count] = border;
                count += 1;
            }
        }
        column[..count].sort_unstable();
        column[..count].iter().copied().for_each(&mut *emit);
        start = end;
    }
}

/// The first position from `start` with `x > edge`: near by, so that doubling steps beat halving the whole.
fn gallop(x: &[f64], start: usize, end: usize, edge: f64) -> usize {
    let mut step = 1;
    let mut low = start;
    while low + step < end && x[low + step] <= edge {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(end);
    low + x[low..high].partition_point(|x| *x <= edge)
}
