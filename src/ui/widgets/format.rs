//! How times, shares and rates are written.

use crate::ui::theme::figures;
use std::time::Duration;

/// `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{:.1} s", seconds.max(0.0)),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Time since the window was opened: `0:07`, `12:34`, `1:02:03`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A share as `98.27%`.
pub fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// A share as `98%`, for a narrow place.
pub fn short_percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// A whole number, grouped.
pub fn count(number: u64) -> String {
    figures_whole(number)
}

fn figures_whole(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `4.7 M`, `12.3 k`, `640`: for costs and sizes.
pub fn magnitude(number: u64) -> String {
    let value = number as f64;
    match number {
        0..10_000 => count(number),
        10_000..1_000_000 => format!("{} k", figures_short(value / 1e3)),
        1_000_000..1_000_000_000 => format!("{} M", figures_short(value / 1e6)),
        _ => format!("{} G", figures_short(value / 1e9)),
    }
}

fn figures_short(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// A figure that may not be known yet.
pub fn maybe(value: Option<f64>) -> String {
    value.map_or_else(|| "\u{2013}".to_owned(), figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_say_them() {
        assert_eq!(
            [0.04, 9.2, 59.6, 200.0, 7_500.0].map(duration),
            ["0.0 s", "9.2 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]
        );
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([640, 12_345, 1_590_010].map(count), ["640", "12,345", "1,590,010"]);
        assert_eq!([640, 12_345, 1_590_010].map(magnitude), ["640", "12.3 k", "1.6 M"]);
    }
}
