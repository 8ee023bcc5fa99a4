//! What colour science says of two colours: for the tests that hold the themes to their claims.

use egui::Color32;

/// Linear red, green and blue, from 0 to 1 (IEC 61966-2-1).
pub(super) fn linear(colour: Color32) -> [f64; 3] {
    [colour.r(), colour.g(), colour.b()].map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

/// Relative luminance of WCAG 2.2.
pub(super) fn luminance(colour: Color32) -> f64 {
    let [red, green, blue] = linear(colour);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Of two luminances, from 1 to 21 (WCAG 2.2).
pub(super) fn contrast_ratio(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// CIELAB of linear sRGB, under D65.
pub(super) fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let x = (0.412_456_4 * red + 0.357_576_1 * green + 0.180_437_5 * blue) / 0.950_47;
    let y = 0.212_672_9 * red + 0.715_152_2 * green + 0.072_175_0 * blue;
    let z = (0.019_333_9 * red + 0.119_192_0 * green + 0.950_304_1 * blue) / 1.088_83;
    let [x, y, z] =
        [x, y, z].map(|t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn black_on_white_is_twenty_one_to_one() {
    assert!((contrast_ratio(luminance(Color32::BLACK), luminance(Color32::WHITE)) - 21.0).abs() < 1e-9);
    let [lightness, a, b] = lab(linear(Color32::WHITE));
    assert!((lightness - 100.0).abs() < 1e-3 && a.abs() < 1e-2 && b.abs() < 1e-2);
}
