//! Every colour, distance and text size of the window, the fonts and icons, and how numbers are written.
//!
//! Imports only egui. The rest of `ui` takes its looks from here and nowhere else, so that a colour means one thing
//! everywhere and a change of theme is a change of this file.

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak, RichText, Shadow, Stroke,
    Style, TextStyle, Theme, Visuals, style::WidgetVisuals, vec2,
};
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

/// Okabe and Ito's eight hues, moved until each keeps a contrast of 2.5 on both themes and every pair stays apart (at
/// least 24 in CIELAB) in normal, protanope and deuteranope vision; the most different come first.
const CATEGORIES: [Color32; 10] = [
    Color32::from_rgb(0x00, 0xA5, 0xF0),
    Color32::from_rgb(0xDE, 0x89, 0x04),
    Color32::from_rgb(0x02, 0xAD, 0x88),
    Color32::from_rgb(0x9C, 0x4C, 0xA1),
    Color32::from_rgb(0x45, 0x5C, 0xD6),
    Color32::from_rgb(0x8C, 0x5F, 0x01),
    Color32::from_rgb(0x92, 0xA4, 0x5B),
    Color32::from_rgb(0x5F, 0x32, 0xFB),
    Color32::from_rgb(0x73, 0x4E, 0x65),
    Color32::from_rgb(0x6A, 0x61, 0x3D),
];

/// A run keeps its colour for as long as it is on screen; after ten the cycle begins again.
pub fn run_colour(index: usize) -> Color32 {
    CATEGORIES[index % CATEGORIES.len()]
}

/// Always beside the class's name: no palette of ten can be told apart by colour alone.
pub fn class_colour(class: usize) -> Color32 {
    CATEGORIES[class % CATEGORIES.len()]
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

fn scale(dark: bool) -> &'static Scale {
    if dark { &DARK } else { &LIGHT }
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
            style.visuals = visuals(theme == Theme::Dark);
        });
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
    add("inter", include_bytes!("../../assets/fonts/Inter-Regular.otf"), FontTweak::default());
    add("inter-semibold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf"), FontTweak::default());
    add("jetbrains-mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"), FontTweak::default());
    let icons = FontTweak { scale: 1.15, y_offset_factor: 0.02, ..FontTweak::default() };
    add("phosphor", include_bytes!("../../assets/fonts/Phosphor-subset.ttf"), icons);
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

/// Unsigned values: `t` from 0 to 1 (clamped; not a number counts as 0).
pub fn viridis(t: f32) -> Color32 {
    interpolate(&VIRIDIS, t)
}

/// Signed values: `t` from -1 (blue) by 0 (neutral, also for what is not a number) to 1 (orange), clamped.
pub fn diverging(t: f32, dark: bool) -> Color32 {
    let t = if t.is_nan() { 0.0 } else { t };
    interpolate(if dark { &DIVERGING_DARK } else { &DIVERGING_LIGHT }, t.midpoint(1.0))
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
