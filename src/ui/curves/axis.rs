//! Axes: what lies along x, and linear and true logarithmic scales with their tick marks and labels.
//!
//! The plot widget knows only linear axes: values are drawn at [`Scale::forward`] of themselves, and the marks and
//! labels made here undo it.

use crate::ui::theme;
use egui_plot::{GridInput, GridMark};
use serde::{Deserialize, Serialize};

/// What lies along x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum XAxis {
    /// Training steps.
    #[default]
    Step,
    Epoch,
    /// Seconds of training, pauses left out.
    Seconds,
}

impl XAxis {
    pub const ALL: [Self; 3] = [Self::Step, Self::Epoch, Self::Seconds];

    /// As a control names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Step => "Step",
            Self::Epoch => "Epoch",
            Self::Seconds => "Time",
        }
    }

    /// As it stands beside a number.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Epoch => "epoch",
            Self::Seconds => "s",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    #[default]
    Linear,
    /// Base ten.
    Log,
}

impl Scale {
    pub fn log_if(log: bool) -> Self {
        if log { Self::Log } else { Self::Linear }
    }

    /// Where a value is drawn. Meaningful only for what is [drawable](Self::draws).
    pub fn forward(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => log10(value),
        }
    }

    pub fn inverse(self, drawn: f64) -> f64 {
        match self {
            Self::Linear => drawn,
            Self::Log => power_of_ten(drawn),
        }
    }

    /// Whether a value has a place: finite, and above zero on a logarithmic scale.
    pub fn draws(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }

    /// Marks at least `pixels` apart where the widget's smallest grid spacing is [`GRID_PIXELS`].
    pub fn marks(self, input: &GridInput, pixels: f64) -> Vec<GridMark> {
        let least = input.base_step_size / GRID_PIXELS * pixels;
        match self {
            Self::Linear => linear_marks(input.bounds, nice_step(least)),
            Self::Log => log_marks(input.bounds, least),
        }
    }

    /// The label of a mark; empty for the minor marks of a logarithmic axis that shows several decades.
    pub fn label(self, mark: GridMark, shown: (f64, f64)) -> String {
        match self {
            Self::Linear => linear_label(mark.value, mark.step_size),
            Self::Log => log_label(mark.value, shown.1 - shown.0),
        }
    }
}

/// The smallest grid spacing given to the widget, in pixels; its `base_step_size` is this far on screen.
pub const GRID_PIXELS: f64 = 8.0;

/// Below this many decades a logarithmic axis has too few powers of ten in sight, and is marked like a ruler.
const FEW_DECADES: f64 = 0.9;
/// Up to this many decades the marks between powers of ten are drawn.
const MANY_DECADES: f64 = 8.0;

/// The next of 1, 2, 5 times a power of ten at or above `least`.
pub fn nice_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let share = least / power * (1.0 - 1e-9);
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| share <= *factor).unwrap_or(10.0);
    factor * power
}

fn linear_marks((low, high): (f64, f64), step: f64) -> Vec<GridMark> {
    let first = (low / step).ceil();
    let count = (high / step).floor() - first + 1.0;
    if !(count > 0.0 && count < 1e4) {
        return Vec::new();
    }
    (0..count as usize).map(|k| GridMark { value: (first + k as f64) * step, step_size: step }).collect()
}

/// `bounds` in decades, and how far apart labels must at least be.
fn log_marks(bounds: (f64, f64), least: f64) -> Vec<GridMark> {
    let decades = bounds.1 - bounds.0;
    if !(decades > 0.0 && decades < 1000.0) {
        return Vec::new();
    }
    if decades < FEW_DECADES {
        return ruler_marks(bounds, least);
    }
    let stride = least.ceil().max(1.0);
    let mut marks = Vec::new();
    for decade in bounds.0.floor() as i64..=bounds.1.ceil() as i64 {
        let power = decade as f64;
        if power.rem_euclid(stride) == 0.0 {
            marks.push(GridMark { value: power, step_size: stride });
        }
        if decades <= MANY_DECADES && stride <= 1.0 {
            marks.extend((2..=9).map(|digit| minor_mark(power, digit)));
        }
    }
    marks.retain(|mark| (bounds.0..=bounds.1).contains(&mark.value));
    marks
}

/// The digits that are labelled between powers of ten, as far apart as each other: about a third of a decade.
const LABELLED: [u32; 2] = [2, 5];

fn minor_mark(power: f64, digit: u32) -> GridMark {
    let m = f64::from(digit);
    let gap = if LABELLED.contains(&digit) { 0.3 } else { ((m + 1.0) / m).log10() };
    GridMark { value: power + m.log10(), step_size: gap }
}

/// Evenly spaced values, which stand unevenly in decades.
fn ruler_marks((low, high): (f64, f64), least: f64) -> Vec<GridMark> {
    let (from, to) = (10_f64.powf(low), 10_f64.powf(high));
    // Values crowd towards the top: what is far enough apart there is so everywhere.
    let at_top = to - 10_f64.powf(high - least);
    let values = nice_step(at_top);
    linear_marks((from, to), values)
        .into_iter()
        .filter(|mark| mark.value > 0.0)
        .map(|mark| GridMark { value: mark.value.log10(), step_size: least })
        .collect()
}

/// As many decimals as the step needs.
fn linear_label(value: f64, step: f64) -> String {
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    if value == 0.0 {
        return "0".into();
    }
    if value.abs() >= 1e6 || step < 1e-4 {
        return theme::figures(value);
    }
    let decimals = (-(step * (1.0 + 1e-9)).log10().floor()).max(0.0) as usize;
    if decimals == 0 { theme::integer(value) } else { format!("{value:.decimals$}") }
}

/// `decades` is how much the axis shows.
fn log_label(drawn: f64, decades: f64) -> String {
    if decades < FEW_DECADES {
        return theme::figures(10_f64.powf(drawn));
    }
    let power = drawn.round();
    if (drawn - power).abs() < 1e-9 {
        return power_label(power as i32);
    }
    let first_digit = 10_f64.powf(drawn - drawn.floor()).round() as u32;
    if decades < MANY_DECADES && LABELLED.contains(&first_digit) {
        theme::figures(10_f64.powf(drawn))
    } else {
        String::new()
    }
}

/// `0.01`, `1`, `100`, and beyond those `1e-3`, `1e5`.
fn power_label(power: i32) -> String {
    match power {
        -2..=-1 => format!("{:.*}", power.unsigned_abs() as usize, 10_f64.powi(power)),
        0..=4 => theme::integer(10_f64.powi(power)),
        _ => format!("1e{power}"),
    }
}

/// Out of line: else the compiler takes the logarithm of every value of a linear axis too, and throws it away.
#[inline(never)]
fn log10(value: f64) -> f64 {
    value.log10()
}

#[inline(never)]
fn power_of_ten(exponent: f64) -> f64 {
    10_f64.powf(exponent)
}
