//! Every colour, distance and text size of the window, the fonts and icons, and how numbers are written.
//!
//! Imports only egui. The rest of `ui` takes its looks from here and nowhere else, so that a colour means one thing
//! everywhere and a change of theme is a change of this folder. `look` is what a person may choose, `palettes` the
//! colours of runs and classes, `maps` those of values.

#[cfg(test)]
mod contrast;
mod look;
mod maps;
mod palettes;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak, RichText, Shadow, Stroke,
    Style, TextStyle, Theme, Visuals, style::WidgetVisuals, vec2,
};
pub use look::{ColourMap, Contrast, LARGEST_SCALE, Look, Palette, SMALLEST_SCALE, look, wear};
pub use maps::{diverging, sequential};
pub use palettes::{class_colour, run_colour, run_colours};
use std::sync::Arc;

/// Who is shown, the same in every lab.
pub const TEACHER: Color32 = Color32::from_rgb(0xD0, 0x8C, 0x00);
pub const STUDENT: Color32 = Color32::from_rgb(0x32, 0x84, 0xD0);
pub const BACKPROPAGATION: Color32 = Color32::from_rgb(0x8C, 0x8C, 0x8C);
pub const SYNTHETIC: Color32 = Color32::from_rgb(0x0F, 0x9F, 0x95);

/// The grid: paddings and gaps are multiples of it, or half of it inside a control.
pub const UNIT: f32 = 8.0;
pub const CORNER: u8 = 4;
pub const HEADING_SIZE: f32 = 16.0;
pub const BODY_SIZE: f32 = 13.0;
pub const MONOSPACE_SIZE: f32 = 12.5;
pub const SMALL_SIZE: f32 = 11.0;
/// Height of a pane's one-line title.
pub const TITLE_HEIGHT: f32 = 24.0;

/// Icons of the Phosphor subset in `assets/fonts`; they stand in any text, at its size.
pub mod icon {
    pub const PLAY: &str = "\u{fe3d0}";
    pub const PAUSE: &str = "\u{fe39e}";
    pub const STOP: &str = "\u{fe46c}";
    pub const SKIP_FORWARD: &str = "\u{fe5a6}";
    pub const RESET: &str = "\u{fe038}";
    pub const DICE: &str = "\u{fe1ee}";
    pub const CHART_LINE: &str = "\u{fe154}";
    pub const GRADUATION_CAP: &str = "\u{fe62c}";
    pub const EYE: &str = "\u{fe220}";
    pub const EYE_SLASH: &str = "\u{fe224}";
    pub const SWAP: &str = "\u{fe83c}";
    pub const ARROWS_LEFT_RIGHT: &str = "\u{fe0a0}";
    pub const MAGNET: &str = "\u{fe680}";
    pub const STACK: &str = "\u{fe466}";
    pub const SCISSORS: &str = "\u{feae0}";
    pub const LINK_BREAK: &str = "\u{fe2e4}";
    pub const IMAGE: &str = "\u{fe2ca}";
    pub const LIST: &str = "\u{fe2f0}";
    pub const SLIDERS: &str = "\u{fe432}";
    pub const SUN: &str = "\u{fe472}";
    pub const MOON: &str = "\u{fe330}";
    pub const INFO: &str = "\u{fe2ce}";
    pub const WARNING: &str = "\u{fe4e0}";
    pub const X: &str = "\u{fe4f6}";
    pub const PLUS: &str = "\u{fe3d4}";
    pub const MINUS: &str = "\u{fe32a}";
    pub const TRASH: &str = "\u{fe4a6}";
    pub const PUSH_PIN: &str = "\u{fe3e2}";
    pub const FLOPPY: &str = "\u{fe248}";
    pub const FOLDER_OPEN: &str = "\u{fe256}";
    pub const SEARCH: &str = "\u{fe30c}";
    pub const GEAR: &str = "\u{fe270}";
    pub const KEYBOARD: &str = "\u{fe2d8}";
    pub const QUESTION: &str = "\u{fe3e8}";
    pub const CPU: &str = "\u{fe610}";
    pub const GPU: &str = "\u{fe612}";
    pub const CLOCK: &str = "\u{fe19a}";
    pub const FLAG: &str = "\u{fe244}";
    pub const CARET_RIGHT: &str = "\u{fe13a}";
    pub const CARET_DOWN: &str = "\u{fe136}";
    pub const CHECK: &str = "\u{fe182}";
    pub const COPY: &str = "\u{fe1ca}";
    pub const DOWNLOAD: &str = "\u{fe20c}";
    pub const EXPAND: &str = "\u{fe0a2}";
    pub const PENCIL: &str = "\u{fe3b4}";
    pub const DOTS: &str = "\u{fe1fe}";
    pub const COMMAND: &str = "\u{fe1c4}";
}

/// The run that others are compared with: neutral and strong, so that no colour of a run is taken from it.
pub fn baseline(dark: bool) -> Color32 {
    Color32::from_gray(scale(dark).strong_text)
}

/// The network that teaches, wherever it is drawn.
pub fn teacher(dark: bool) -> Color32 {
    if dark { Color32::from_rgb(0xE8, 0xA8, 0x38) } else { Color32::from_rgb(0xB4, 0x6E, 0x00) }
}

/// The network that learns from it.
pub fn student(dark: bool) -> Color32 {
    if dark { Color32::from_rgb(0x5C, 0xAE, 0xF2) } else { Color32::from_rgb(0x1F, 0x6F, 0xC4) }
}

/// One theme's neutral scale, from the deepest surface to the strongest text, and its accent.
struct Scale {
    plot: u8,
    panel: u8,
    raised: u8,
    button: u8,
    hovered: u8,
    pressed: u8,
    border: u8,
    strong_border: u8,
    weak_text: u8,
    text: u8,
    strong_text: u8,
    accent: Color32,
    selection: Color32,
    selected_text: Color32,
    warning: Color32,
    error: Color32,
}

const DARK: Scale = Scale {
    plot: 17,
    panel: 24,
    raised: 32,
    button: 44,
    hovered: 56,
    pressed: 66,
    border: 46,
    strong_border: 84,
    weak_text: 152,
    text: 212,
    strong_text: 244,
    accent: Color32::from_rgb(0x9A, 0x9D, 0xFF),
    selection: Color32::from_rgb(0x34, 0x34, 0x6A),
    selected_text: Color32::from_rgb(0xDC, 0xDD, 0xFF),
    warning: Color32::from_rgb(0xF0, 0xB4, 0x40),
    error: Color32::from_rgb(0xFF, 0x85, 0x78),
};

const LIGHT: Scale = Scale {
    plot: 255,
    panel: 246,
    raised: 252,
    button: 232,
    hovered: 222,
    pressed: 208,
    border: 216,
    strong_border: 160,
    weak_text: 96,
    text: 44,
    strong_text: 12,
    accent: Color32::from_rgb(0x4B, 0x4A, 0xCF),
    selection: Color32::from_rgb(0xD6, 0xD6, 0xFA),
    selected_text: Color32::from_rgb(0x2E, 0x2D, 0x9C),
    warning: Color32::from_rgb(0x8A, 0x5A, 0x00),
    error: Color32::from_rgb(0xB4, 0x1F, 0x24),
};

const HIGH_DARK: Scale = Scale {
    plot: 0,
    panel: 8,
    raised: 14,
    button: 30,
    hovered: 46,
    pressed: 58,
    border: 112,
    strong_border: 176,
    weak_text: 200,
    text: 240,
    strong_text: 255,
    accent: Color32::from_rgb(0xBC, 0xBE, 0xFF),
    selection: Color32::from_rgb(0x30, 0x30, 0x80),
    selected_text: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    warning: Color32::from_rgb(0xFF, 0xCA, 0x5E),
    error: Color32::from_rgb(0xFF, 0xA6, 0x9C),
};

const HIGH_LIGHT: Scale = Scale {
    plot: 255,
    panel: 250,
    raised: 255,
    button: 234,
    hovered: 220,
    pressed: 206,
    border: 118,
    strong_border: 64,
    weak_text: 56,
    text: 20,
    strong_text: 0,
    accent: Color32::from_rgb(0x2F, 0x2E, 0xA8),
    selection: Color32::from_rgb(0xCC, 0xCC, 0xFA),
    selected_text: Color32::from_rgb(0x12, 0x11, 0x60),
    warning: Color32::from_rgb(0x64, 0x40, 0x00),
    error: Color32::from_rgb(0x92, 0x0E, 0x14),
};

fn scale(dark: bool) -> &'static Scale {
    match (look().contrast, dark) {
        (Contrast::Normal, true) => &DARK,
        (Contrast::Normal, false) => &LIGHT,
        (Contrast::High, true) => &HIGH_DARK,
        (Contrast::High, false) => &HIGH_LIGHT,
    }
}

/// The one colour that is not data: focus, selection, what the next click does.
pub fn accent(dark: bool) -> Color32 {
    scale(dark).accent
}

/// What data is drawn on.
pub fn plot_background(dark: bool) -> Color32 {
    Color32::from_gray(scale(dark).plot)
}

/// Hairlines between panes, grid lines, frames.
pub fn border(dark: bool) -> Color32 {
    Color32::from_gray(scale(dark).border)
}

/// Fonts, text sizes, spacing and both themes; once, before the first frame.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| {
            set_text(style);
            set_spacing(style);
        });
    }
    restyle(ctx);
}

/// The colours of both themes, after the look has changed.
pub fn restyle(ctx: &Context) {
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| style.visuals = visuals(theme == Theme::Dark));
    }
}

pub fn set_theme(ctx: &Context, dark: bool) {
    ctx.set_theme(if dark { Theme::Dark } else { Theme::Light });
}

/// The heavier Inter: titles, and the one number a pane is about.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// The one-line title of a pane.
pub fn title(text: impl Into<String>) -> RichText {
    RichText::new(text).font(FontId::new(BODY_SIZE, semibold()))
}

/// An icon larger than the text around it.
pub fn icon_text(icon: &str, size: f32) -> RichText {
    RichText::new(icon).font(FontId::new(size, FontFamily::Proportional))
}

/// The embedded fonts, the families they make up, and how large and how high icons stand beside letters.
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, bytes: &'static [u8], tweak: FontTweak| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    };
    add("inter", include_bytes!("../../../assets/fonts/Inter-Regular.otf"), FontTweak::default());
    add("inter-semibold", include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"), FontTweak::default());
    add("jetbrains-mono", include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf"), FontTweak::default());
    let icons = FontTweak { scale: 1.15, y_offset_factor: 0.02, ..FontTweak::default() };
    add("phosphor", include_bytes!("../../../assets/fonts/Phosphor-subset.ttf"), icons);
    let fallbacks = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (family, first) in
        [(FontFamily::Proportional, "inter"), (FontFamily::Monospace, "jetbrains-mono"), (semibold(), "inter-semibold")]
    {
        let defaults = fonts.families.get(&family).cloned().unwrap_or_else(|| fallbacks.clone());
        let chain = [first, "phosphor", "inter"].into_iter().map(str::to_owned).chain(defaults);
        fonts.families.insert(family, chain.collect());
    }
    fonts
}

fn set_text(style: &mut Style) {
    use FontFamily::{Monospace, Proportional};
    style.text_styles = [
        (TextStyle::Heading, FontId::new(HEADING_SIZE, semibold())),
        (TextStyle::Body, FontId::new(BODY_SIZE, Proportional)),
        (TextStyle::Button, FontId::new(BODY_SIZE, Proportional)),
        (TextStyle::Small, FontId::new(SMALL_SIZE, Proportional)),
        (TextStyle::Monospace, FontId::new(MONOSPACE_SIZE, Monospace)),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Monospace;
}

fn set_spacing(style: &mut Style) {
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(UNIT, UNIT / 2.0);
    spacing.button_padding = vec2(UNIT, UNIT / 2.0);
    spacing.window_margin = egui::Margin::same(12);
    spacing.menu_margin = egui::Margin::same(8);
    spacing.indent = 2.0 * UNIT;
    spacing.interact_size = vec2(5.0 * UNIT, 3.0 * UNIT);
    spacing.slider_width = 16.0 * UNIT;
    spacing.icon_width = 2.0 * UNIT;
    spacing.icon_spacing = UNIT / 2.0;
    spacing.tooltip_width = 40.0 * UNIT;
    style.animation_time = 0.1;
}

fn visuals(dark: bool) -> Visuals {
    let scale = scale(dark);
    let grey = Color32::from_gray;
    let corner = CornerRadius::same(CORNER);
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    visuals.weak_text_color = Some(grey(scale.weak_text));
    visuals.hyperlink_color = scale.accent;
    visuals.faint_bg_color = grey(if dark { scale.panel + 4 } else { scale.panel - 4 });
    visuals.extreme_bg_color = grey(scale.plot);
    visuals.code_bg_color = grey(scale.button);
    visuals.warn_fg_color = scale.warning;
    visuals.error_fg_color = scale.error;
    visuals.window_corner_radius = corner;
    visuals.menu_corner_radius = corner;
    visuals.window_fill = grey(scale.raised);
    visuals.panel_fill = grey(scale.panel);
    visuals.window_stroke = Stroke::new(1.0, grey(scale.border));
    visuals.window_shadow =
        Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(if dark { 120 } else { 40 }) };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 12, ..visuals.window_shadow };
    visuals.selection.bg_fill = scale.selection;
    visuals.selection.stroke = Stroke::new(1.0, scale.selected_text);
    visuals.text_cursor.blink = false;
    visuals.text_cursor.stroke = Stroke::new(1.5, scale.accent);
    visuals.slider_trailing_fill = true;
    set_widgets(&mut visuals, scale);
    visuals
}

fn set_widgets(visuals: &mut Visuals, scale: &Scale) {
    let state = |fill: u8, border: Color32, text: u8| WidgetVisuals {
        bg_fill: Color32::from_gray(fill),
        weak_bg_fill: Color32::from_gray(fill),
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: CornerRadius::same(CORNER),
        fg_stroke: Stroke::new(1.0, Color32::from_gray(text)),
        expansion: 0.0,
    };
    let (border, strong) = (Color32::from_gray(scale.border), Color32::from_gray(scale.strong_border));
    visuals.widgets.noninteractive = state(scale.panel, border, scale.text);
    visuals.widgets.inactive = state(scale.button, border, scale.text);
    visuals.widgets.hovered = state(scale.hovered, strong, scale.strong_text);
    visuals.widgets.active = state(scale.pressed, scale.accent, scale.strong_text);
    visuals.widgets.open = state(scale.hovered, border, scale.strong_text);
}

/// A number as people read it: four digits that mean something and no more (`0.0312`, `98.13`, `1.2e-5`), integers
/// whole and grouped (`12,345`).
pub fn figures(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "NaN".into() } else { format!("{}∞", if value < 0.0 { "-" } else { "" }) };
    }
    let rounded = format!("{value:.3e}");
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match exponent {
        _ if value == 0.0 => "0".into(),
        3..=8 => integer(value),
        -3..=2 => trimmed(&format!("{value:.*}", (3 - exponent) as usize)).to_owned(),
        _ => format!("{}e{exponent}", trimmed(mantissa)),
    }
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// The nearest whole number, grouped: `-1234567.2` as `-1,234,567`.
pub fn integer(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::from(if value < 0.0 && digits != "0" { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::contrast::{contrast_ratio, luminance};
    use super::*;

    fn ratio(a: Color32, b: Color32) -> f64 {
        contrast_ratio(luminance(a), luminance(b))
    }

    /// The lowest contrast of any text with anything that it stands on.
    fn weakest_text(scale: &Scale) -> f64 {
        let grey = Color32::from_gray;
        let anywhere = [grey(scale.weak_text), grey(scale.text), grey(scale.strong_text)];
        let coloured = [scale.accent, scale.warning, scale.error];
        let grounds = [scale.plot, scale.panel, scale.raised].map(grey);
        let on_grounds = anywhere.iter().chain(&coloured).flat_map(|text| grounds.map(|ground| ratio(*text, ground)));
        let controls = [scale.button, scale.hovered, scale.pressed].map(grey);
        let on_controls = controls.into_iter().map(|ground| ratio(grey(scale.text), ground));
        let selected = [ratio(scale.selected_text, scale.selection), ratio(grey(scale.plot), scale.accent)];
        on_grounds.chain(on_controls).chain(selected).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn text_is_readable_and_in_high_contrast_more_so() {
        // Success criteria 1.4.3 and 1.4.6 of WCAG 2.2.
        for (name, scale, least) in [
            ("dark", &DARK, 4.5),
            ("light", &LIGHT, 4.5),
            ("high dark", &HIGH_DARK, 7.0),
            ("high light", &HIGH_LIGHT, 7.0),
        ] {
            assert!(weakest_text(scale) >= least, "{name}: {:.2}", weakest_text(scale));
        }
    }

    #[test]
    fn in_high_contrast_borders_can_be_seen() {
        // Success criterion 1.4.11.
        for scale in [&HIGH_DARK, &HIGH_LIGHT] {
            for ground in [scale.plot, scale.panel, scale.raised] {
                let seen = ratio(Color32::from_gray(scale.border), Color32::from_gray(ground));
                assert!(seen >= 3.0, "{seen:.2} on {ground}");
            }
        }
    }
}
