//! Colours of values.

use super::look::{ColourMap, look};
use egui::Color32;

/// Matplotlib's viridis (van der Walt and Smith, CC0) at every seventeenth of its 256 entries.
const VIRIDIS: [[u8; 3]; 16] = [
    [68, 1, 84],
    [72, 26, 108],
    [71, 47, 125],
    [65, 68, 135],
    [57, 86, 140],
    [49, 104, 142],
    [42, 120, 142],
    [35, 136, 142],
    [31, 152, 139],
    [34, 168, 132],
    [53, 183, 121],
    [84, 197, 104],
    [122, 209, 81],
    [165, 219, 54],
    [210, 226, 27],
    [253, 231, 37],
];

/// Matplotlib's cividis (Nuñez, Anderton, Renslow 2018), likewise.
const CIVIDIS: [[u8; 3]; 16] = [
    [0, 34, 78],
    [0, 46, 108],
    [30, 58, 111],
    [53, 69, 108],
    [71, 81, 108],
    [87, 93, 109],
    [102, 105, 112],
    [117, 117, 117],
    [132, 130, 121],
    [148, 142, 119],
    [165, 156, 116],
    [183, 169, 110],
    [200, 184, 102],
    [219, 199, 90],
    [238, 214, 73],
    [254, 232, 56],
];

/// Matplotlib's magma (van der Walt and Smith, CC0), likewise.
const MAGMA: [[u8; 3]; 16] = [
    [0, 0, 4],
    [11, 9, 36],
    [32, 17, 75],
    [59, 15, 112],
    [87, 21, 126],
    [114, 31, 129],
    [140, 41, 129],
    [168, 50, 125],
    [196, 60, 117],
    [222, 73, 104],
    [241, 96, 93],
    [250, 127, 94],
    [254, 159, 109],
    [254, 191, 132],
    [253, 222, 160],
    [252, 253, 191],
];

/// `ColorBrewer`'s blues (of `RdBu`) and oranges (of `PuOr`) around near-white; on dark the same hues grow out of
/// near-black, so that zero is quiet on either background.
const DIVERGING_LIGHT: [[u8; 3]; 9] = [
    [33, 102, 172],
    [67, 147, 195],
    [146, 197, 222],
    [209, 229, 240],
    [247, 247, 247],
    [254, 224, 182],
    [253, 184, 99],
    [224, 130, 20],
    [179, 88, 6],
];
const DIVERGING_DARK: [[u8; 3]; 9] = [
    [146, 197, 222],
    [67, 147, 195],
    [33, 102, 172],
    [28, 56, 88],
    [30, 30, 30],
    [86, 48, 14],
    [179, 88, 6],
    [224, 130, 20],
    [253, 184, 99],
];

/// Unsigned values, in the colour map that was chosen: `t` from 0 to 1 (clamped; not a number counts as 0).
pub fn sequential(t: f32) -> Color32 {
    look().colour_map.colour(t)
}

/// Signed values: `t` from -1 (blue) by 0 (neutral, also for what is not a number) to 1 (orange), clamped.
pub fn diverging(t: f32, dark: bool) -> Color32 {
    let t = if t.is_nan() { 0.0 } else { t };
    interpolate(if dark { &DIVERGING_DARK } else { &DIVERGING_LIGHT }, t.midpoint(1.0))
}

impl ColourMap {
    /// `t` from 0 to 1 (clamped; not a number counts as 0).
    pub fn colour(self, t: f32) -> Color32 {
        let stops = match self {
            Self::Viridis => &VIRIDIS,
            Self::Cividis => &CIVIDIS,
            Self::Magma => &MAGMA,
        };
        interpolate(stops, t)
    }
}

fn interpolate(stops: &[[u8; 3]], t: f32) -> Color32 {
    let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) };
    let place = t * (stops.len() - 1) as f32;
    let below = (place as usize).min(stops.len() - 2);
    let share = place - below as f32;
    let mix = |channel: usize| {
        let (a, b) = (f32::from(stops[below][channel]), f32::from(stops[below + 1][channel]));
        (a + (b - a) * share).round() as u8
    };
    Color32::from_rgb(mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::contrast::{lab, linear};

    #[test]
    fn every_map_grows_lighter_all_the_way() {
        for map in ColourMap::ALL {
            let lightness = |index: u16| lab(linear(map.colour(f32::from(index) / 255.0)))[0];
            for index in 1..=255 {
                assert!(lightness(index) >= lightness(index - 1) - 0.3, "{} at {index}", map.name());
            }
            assert!(lightness(255) - lightness(0) > 60.0, "{}", map.name());
        }
    }

    #[test]
    fn ends_and_what_is_no_number() {
        assert_eq!(ColourMap::Viridis.colour(2.0), Color32::from_rgb(253, 231, 37));
        assert_eq!(ColourMap::Magma.colour(f32::NAN), Color32::from_rgb(0, 0, 4));
        assert_eq!(diverging(f32::NAN, true), diverging(0.0, true));
        assert_eq!(diverging(-9.0, false), diverging(-1.0, false));
    }
}
