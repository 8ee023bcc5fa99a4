//! Colours of runs and classes.

use super::look::{Palette, look};
use egui::Color32;

const fn rgb(colour: u32) -> Color32 {
    Color32::from_rgb((colour >> 16) as u8, (colour >> 8) as u8, colour as u8)
}

/// Okabe and Ito's eight hues, moved until each keeps a contrast of 2.5 on both themes and every pair stays apart (at
/// least 24 in CIELAB) in normal, protanope and deuteranope vision; the most different come first.
const GLASSBOX: [Color32; 10] = [
    rgb(0x00_A5F0),
    rgb(0xDE_8904),
    rgb(0x02_AD88),
    rgb(0x9C_4CA1),
    rgb(0x45_5CD6),
    rgb(0x8C_5F01),
    rgb(0x92_A45B),
    rgb(0x5F_32FB),
    rgb(0x73_4E65),
    rgb(0x6A_613D),
];

/// Okabe, Ito 2008, "Color Universal Design", without its black, which would be lost on the dark theme.
const OKABE_ITO: [Color32; 7] =
    [rgb(0xE6_9F00), rgb(0x56_B4E9), rgb(0x00_9E73), rgb(0xD5_5E00), rgb(0x00_72B2), rgb(0xCC_79A7), rgb(0xF0_E442)];

/// Tol 2021, "Colour schemes", SRON/EPS/TN/09-002, figure 1.
const TOL_BRIGHT: [Color32; 7] =
    [rgb(0x44_77AA), rgb(0xEE_6677), rgb(0x22_8833), rgb(0xCC_BB44), rgb(0x66_CCEE), rgb(0xAA_3377), rgb(0xBB_BBBB)];

/// The same, figure 2, without black and white.
const TOL_HIGH_CONTRAST: [Color32; 3] = [rgb(0xDD_AA33), rgb(0x00_4488), rgb(0xBB_5566)];

impl Palette {
    /// The most different first.
    pub fn colours(self) -> &'static [Color32] {
        match self {
            Self::Glassbox => &GLASSBOX,
            Self::OkabeIto => &OKABE_ITO,
            Self::TolBright => &TOL_BRIGHT,
            Self::TolHighContrast => &TOL_HIGH_CONTRAST,
        }
    }
}

/// A run keeps its colour for as long as it is on screen; when the palette ends the cycle begins again.
pub fn run_colour(index: usize) -> Color32 {
    let colours = look().palette.colours();
    colours[index % colours.len()]
}

/// How many colours there are.
pub fn run_colours() -> usize {
    look().palette.colours().len()
}

/// Always beside the class's name: no palette of ten can be told apart by colour alone.
pub fn class_colour(class: usize) -> Color32 {
    run_colour(class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::contrast::{contrast_ratio, lab, linear, luminance};
    use crate::ui::theme::{Look, plot_background, wear};

    /// Machado, Oliveira, Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency",
    /// table 1, severity 1; of linear RGB.
    const PROTANOPIA: [[f64; 3]; 3] =
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
    const DEUTERANOPIA: [[f64; 3]; 3] =
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
    const NORMAL: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    fn seen(colour: Color32, vision: &[[f64; 3]; 3]) -> [f64; 3] {
        let rgb = linear(colour);
        lab(vision.map(|row| (0..3).map(|i| row[i] * rgb[i]).sum::<f64>().clamp(0.0, 1.0)))
    }

    /// Distance of the two closest colours in CIELAB (CIE 1976).
    fn closest(palette: Palette, vision: &[[f64; 3]; 3]) -> f64 {
        let seen: Vec<[f64; 3]> = palette.colours().iter().map(|colour| seen(*colour, vision)).collect();
        let mut least = f64::INFINITY;
        for (index, a) in seen.iter().enumerate() {
            for b in &seen[..index] {
                least = least.min((0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt());
            }
        }
        least
    }

    fn weakest(palette: Palette, dark: bool) -> f64 {
        let ground = luminance(plot_background(dark));
        let ratios = palette.colours().iter().map(|colour| contrast_ratio(luminance(*colour), ground));
        ratios.fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn colours_stay_apart_without_red_or_green_cones() {
        // A distance of 2.3 can just be seen; 15 is told apart at a glance in a thin line.
        for (palette, least) in [
            (Palette::Glassbox, 24.0),
            (Palette::OkabeIto, 15.0),
            (Palette::TolBright, 15.0),
            (Palette::TolHighContrast, 40.0),
        ] {
            for vision in [&NORMAL, &PROTANOPIA, &DEUTERANOPIA] {
                let distance = closest(palette, vision);
                assert!(distance >= least, "{}: {distance:.1}", palette.name());
            }
        }
    }

    #[test]
    fn colours_stand_out_from_both_grounds() {
        wear(Look::default());
        for dark in [true, false] {
            assert!(weakest(Palette::Glassbox, dark) >= 2.5, "dark {dark}");
        }
        // What their descriptions say of the schemes of others: no claim but that nothing vanishes.
        for palette in Palette::ALL {
            for dark in [true, false] {
                assert!(weakest(palette, dark) >= 1.3, "{}, dark {dark}", palette.name());
            }
        }
    }

    #[test]
    fn the_high_contrast_scheme_survives_a_print_in_grey() {
        let mut lightness: Vec<f64> = TOL_HIGH_CONTRAST.iter().map(|colour| lab(linear(*colour))[0]).collect();
        lightness.sort_by(f64::total_cmp);
        assert!(lightness.windows(2).all(|pair| pair[1] - pair[0] > 15.0), "{lightness:?}");
    }

    #[test]
    fn a_palette_begins_again_when_it_ends() {
        for palette in Palette::ALL {
            wear(Look { palette, ..Look::default() });
            assert_eq!(run_colour(palette.colours().len()), run_colour(0));
        }
        wear(Look::default());
    }
}
