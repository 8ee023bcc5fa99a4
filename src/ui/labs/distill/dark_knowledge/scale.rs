//! How mean soft targets become colours: whole, in powers of ten, or without the diagonal.

use crate::ui::theme;
use crate::ui::widgets::format;
use egui::Color32;

/// Below this share of the largest value a logarithmic scale ends.
const LEAST_SHARE: f64 = 1e-8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Log,
    /// The diagonal is left out: the largest of the small values has the brightest colour.
    #[default]
    OffDiagonal,
}

/// From a value to a colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colours {
    scale: Scale,
    /// Differences: around 0.
    is_signed: bool,
    low: f64,
    high: f64,
}

impl Colours {
    /// For `values` `[classes, classes]`; what is not a number has no colour.
    pub(super) fn of(values: &[f64], classes: usize, scale: Scale, is_signed: bool) -> Self {
        // A difference has a sign, which a logarithm has not.
        let scale = if is_signed && scale == Scale::Log { Scale::Linear } else { scale };
        let is_shown = |index: usize| scale != Scale::OffDiagonal || index / classes.max(1) != index % classes.max(1);
        let shown = values.iter().enumerate().filter(|(index, value)| is_shown(*index) && value.is_finite());
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for (_, value) in shown {
            high = high.max(value.abs());
            low = if *value > 0.0 { low.min(*value) } else { low };
        }
        low = if scale == Scale::Log { low.clamp(LEAST_SHARE * high, high) } else { 0.0 };
        Self { scale, is_signed, low: if is_signed { -high } else { low }, high }
    }

    /// None where the ground is to be seen.
    pub(super) fn colour(&self, value: f64, is_diagonal: bool, dark: bool) -> Option<Color32> {
        if !value.is_finite() || (is_diagonal && self.scale == Scale::OffDiagonal) {
            return None;
        }
        Some(self.at(self.share(value), dark))
    }

    /// Of the colour bar, from 0 to 1.
    pub(super) fn at(&self, share: f32, dark: bool) -> Color32 {
        if self.is_signed { theme::diverging(2.0 * share - 1.0, dark) } else { theme::sequential(share) }
    }

    /// What the ends of the colour bar mean, the highest first.
    pub(super) fn ends(&self) -> [String; 2] {
        let sign = if self.is_signed { "+" } else { "" };
        [format!("{sign}{}", percent(self.high)), percent(self.low)]
    }

    fn share(&self, value: f64) -> f32 {
        let (low, high, value) = match self.scale {
            Scale::Log => (self.low.ln(), self.high.ln(), value.max(self.low).ln()),
            _ => (self.low, self.high, value),
        };
        if high > low { ((value - low) / (high - low)) as f32 } else { 0.0 }
    }
}

/// Short, and with enough digits for small ones.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent.abs() {
        0.0 => "0%".to_owned(),
        10.0.. => format::short_percent(share),
        0.01.. => format!("{}%", theme::figures((percent * 100.0).round() / 100.0)),
        _ => format!("{percent:.0e}%"),
    }
}

/// In percent, in a cell: at most four characters.
pub(super) fn in_cell(share: f64, is_signed: bool) -> String {
    let percent = 100.0 * share;
    let sign = if is_signed && percent > 0.0 { "+" } else { "" };
    match percent.abs() {
        _ if !share.is_finite() => String::new(),
        9.95.. => format!("{sign}{percent:.0}"),
        0.05.. => format!("{sign}{percent:.1}"),
        _ => "0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 9] = [0.9, 0.09, 0.01, 0.2, 0.8, 1e-3, f64::NAN, f64::NAN, f64::NAN];

    #[test]
    fn the_ends_are_the_values_that_are_shown() {
        let ends = |scale| Colours::of(&VALUES, 3, scale, false).ends();
        assert_eq!(ends(Scale::Linear), ["90%", "0%"]);
        assert_eq!(ends(Scale::Log), ["90%", "0.1%"]);
        assert_eq!(ends(Scale::OffDiagonal), ["20%", "0%"]);
        let signed = Colours::of(&[0.1, -0.3, 0.2, 0.0], 2, Scale::Log, true);
        assert_eq!(signed.ends(), ["+30%", "-30%"]);
        assert_eq!(signed.share(0.0), 0.5);
    }

    #[test]
    fn shares_of_the_scale() {
        let log = Colours::of(&VALUES, 3, Scale::Log, false);
        assert!((log.share(0.03) - 0.5).abs() < 1e-6, "the geometric mean of 0.001 and 0.9");
        assert_eq!(log.share(0.0), 0.0, "a probability of nothing is the lowest colour, not an error");
        let off = Colours::of(&VALUES, 3, Scale::OffDiagonal, false);
        assert_eq!(off.share(0.2), 1.0);
        assert!(off.colour(0.9, true, true).is_none() && off.colour(f64::NAN, false, true).is_none());
        assert!(off.colour(0.0, false, true).is_some());
        assert_eq!(Colours::of(&[0.0; 4], 2, Scale::Log, false).share(0.0), 0.0);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.984, 0.0312, 0.0004, 0.000_002].map(percent), ["98%", "3.12%", "0.04%", "2e-4%"]);
        assert_eq!([1.0, 0.0994, 0.0995, 0.0004].map(|share| in_cell(share, false)), ["100", "9.9", "10", "0"]);
        assert_eq!([0.031, -0.25, 0.0].map(|share| in_cell(share, true)), ["+3.1", "-25", "0"]);
        assert_eq!(in_cell(f64::NAN, true), "");
    }
}
