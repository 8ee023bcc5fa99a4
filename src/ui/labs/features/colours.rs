//! Values as colours, and colours as the bytes that textures are made of.

use crate::ui::theme;
use egui::Color32;

/// A map as red, green and blue, `[3, height, width]`: zero to `most`, or both signs about zero where some values are
/// negative.
pub(super) fn coloured(map: &[f32], most: f32, dark: bool) -> Vec<u8> {
    let is_signed = map.iter().any(|value| *value < 0.0);
    let colour = |value: &f32| -> Color32 {
        let share = if most > 0.0 { value / most } else { 0.0 };
        if is_signed { theme::diverging(share, dark) } else { theme::sequential(share) }
    };
    planes(&map.iter().map(colour).collect::<Vec<_>>())
}

/// As `[3, height, width]`.
pub(super) fn planes(colours: &[Color32]) -> Vec<u8> {
    [Color32::r, Color32::g, Color32::b].iter().flat_map(|channel| colours.iter().map(channel)).collect()
}

/// What the colours of values depend on, as a number: a texture of other colours is out of date.
pub(super) fn worn(dark: bool) -> u64 {
    let look = theme::look();
    let choices = [look.contrast as u64, look.palette as u64, look.colour_map as u64];
    choices.into_iter().fold(u64::from(dark), |number, choice| number << 8 | choice)
}
