//! How a unit is carried back to the pixels, a layer a step: what each step does to the signal, in a sentence and in maps
//! (Zeiler, Fergus 2013, section 2.1 and figure 1).

use super::colours::{planes, worn};
use super::shared::rule_name;
use super::tiles::Tiles;
use super::unit::{LINE, say, title};
use super::unit_tile::fitted;
use crate::engine::CutFacts;
use crate::lens::{Explanation, ReverseStep, SignalChannel};
use crate::nets::{Rule, Shape};
use crate::ui::export::Records;
use crate::ui::theme;
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::format;
use egui::{Button, Color32, Key, Modifiers, Pos2, Rect, RichText, Sense, Slider, Ui, Vec2, lerp, pos2, vec2};
use std::sync::Arc;

const GAP: f32 = theme::UNIT;
/// Of a map, in points.
const SMALLEST: f32 = 56.0;
const LARGEST: f32 = 144.0;
/// Maps side by side.
const ACROSS: f32 = 4.0;
/// More switches than this cannot be told apart: then only those that the signal went through are drawn.
const MOST_SWITCHES: usize = 400;

/// One texture.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Signal(usize, usize),
    Kernel(usize, usize),
    Pixels,
}

/// What the pane remembers of the steps.
#[derive(Default)]
pub(super) struct ExplanationView {
    step: usize,
    tiles: Tiles<Part>,
}

/// What is explained.
pub(super) struct Explained<'a> {
    pub(super) cut: &'a CutFacts,
    pub(super) unit: usize,
    pub(super) rule: Rule,
    pub(super) seen: &'a Arc<Explanation>,
}

pub(super) fn show(ui: &mut Ui, view: &mut ExplanationView, of: &Explained<'_>) {
    let last = of.seen.steps.len().saturating_sub(1);
    view.tiles.begin_frame();
    stepper(ui, view, last);
    let Some(step) = of.seen.steps.get(view.step.min(last)) else { return };
    ui.label(RichText::new(sentence(of, view.step.min(last))).small());
    ui.label(RichText::new(figures(step)).small().weak());
    ui.add_space(theme::UNIT / 2.0);
    if view.step.min(last) == last && matches!(step.shape.channels, 1 | 3) {
        pixels(ui, view, of, step);
    }
    maps(ui, view, of, step);
    kernels(ui, view, of, step);
}

fn stepper(ui: &mut Ui, view: &mut ExplanationView, last: usize) {
    view.step = view.step.min(last);
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let has_keys = !ui.ctx().text_edit_focused();
    let (mut back, mut next) = (has_keys && pressed(Key::OpenBracket), has_keys && pressed(Key::CloseBracket));
    ui.horizontal(|ui| {
        let button = |ui: &mut Ui, is_there, text: &str, name: &str, about: &str| {
            let button = ui.add_enabled(is_there, Button::new(RichText::new(text).small()));
            button.on_hover_text(about).accessible_name(name).clicked()
        };
        back |= button(ui, view.step > 0, "Back", "Step back up", "The step before, a layer higher ([)");
        next |= button(ui, view.step < last, "Next", "Next step down", "The next step, a layer lower (])");
        ui.spacing_mut().slider_width = (ui.available_width() - 64.0).clamp(40.0, 240.0);
        ui.name_inputs("Step", |ui| {
            let slider = Slider::new(&mut view.step, 0..=last).show_value(false);
            let slider = ui.add(slider).on_hover_text("From the unit to the pixels");
            slider.accessible_name("Step of the explanation");
        });
        ui.label(RichText::new(format!("{} of {}", view.step + 1, last + 1)).small().weak());
    });
    if back {
        view.step = view.step.saturating_sub(1);
    } else if next {
        view.step = (view.step + 1).min(last);
    }
}

/// What the step does, in the terms of the paper.
fn sentence(of: &Explained<'_>, index: usize) -> String {
    let Some(step) = of.seen.steps.get(index) else { return String::new() };
    let layer = &step.layer;
    if index == 0 {
        let place = of.seen.place.map_or_else(String::new, |[y, x]| format!(" at row {y}, column {x}"));
        let activation = theme::figures(f64::from(of.seen.activation));
        let start = match of.rule {
            Rule::Gradient => format!("1 stands for the unit's activation, {activation}"),
            Rule::Deconvolution | Rule::Guided => format!("the unit's own activation, {activation}, is kept"),
        };
        return format!("Start: {start}{place}, and all other activations of {layer} are set to zero.");
    }
    match step.kind {
        "max_pool2d" => format!(
            "Unpooling {layer}: each value goes to the place where the maximum stood, which the switches (dots) recorded; all \
             other places are zero."
        ),
        "relu" | "relu6" | "tanh" | "sigmoid" => {
            let share = step.removed.map_or_else(String::new, format::percent);
            match of.rule {
                Rule::Deconvolution => format!(
                    "Rectification at {layer}: what is negative of the signal itself is set to zero, whatever the unit was on \
                     the way up; {share} of the energy (teal) goes."
                ),
                Rule::Gradient => format!(
                    "Derivative of {layer}: the signal goes on where the unit was active on the way up; {share} of the energy \
                     (teal) goes."
                ),
                Rule::Guided => format!(
                    "Guided rectification at {layer}: the signal goes on where it is positive and the unit was active; {share} \
                     of the energy (teal) goes."
                ),
            }
        }
        "conv2d" => format!(
            "Filtering {layer}: the transposed filters, which are the learned ones flipped up and down and left and right, take \
             the signal to the maps beneath."
        ),
        "linear" => {
            format!("Transposed {layer}: each input gets the signal of every unit times the weight between them.")
        }
        "batch_norm" => {
            format!("Scale of {layer}: each channel is multiplied by the factor that it had on the way up.")
        }
        "local_response_norm" => match of.rule {
            Rule::Deconvolution => format!("Contrast normalisation {layer}: the signal passes as it is."),
            Rule::Gradient | Rule::Guided => format!("Contrast normalisation {layer}: the true derivative."),
        },
        "average_pool2d" => {
            format!("Transposed {layer}: each value is spread evenly over the places it was the mean of.")
        }
        "block" => format!(
            "Block {layer}: its layers are undone one after the other, and where there is a way around them the signal on it \
             is added."
        ),
        _ => format!("{layer}: the signal passes, and only its shape may change."),
    }
}

fn figures(step: &ReverseStep) -> String {
    let shown: f64 = step.channels.iter().map(|channel| channel.share).sum();
    format!(
        "signal of {}, energy {} (before {}); the {} strongest channels have {} of it",
        step.shape,
        theme::figures(step.energy),
        theme::figures(step.energy_before),
        step.channels.len(),
        format::short_percent(shown)
    )
}

/// The reconstruction: all channels of the pixels as one picture.
fn pixels(ui: &mut Ui, view: &mut ExplanationView, of: &Explained<'_>, step: &ReverseStep) {
    let side = ui.available_width().min(2.0 * LARGEST).floor();
    let (rect, _) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    let most = largest(&step.channels);
    let factor = if most > 0.0 { 127.0 / most } else { 0.0 };
    let byte = |value: &f32| (value * factor + 128.0).clamp(1.0, 255.0) as u8;
    let image = || Some(vec![step.channels.iter().flat_map(|channel| &channel.values).map(byte).collect()]);
    if let Some(atlas) = view.tiles.get(ui.ctx(), Part::Pixels, &[of.seen], 0, step.shape, image) {
        let rect = fitted(Rect::from_min_size(snap(rect.min, ui.pixels_per_point()), rect.size()), step.shape);
        atlas.paint(ui.painter(), 0, rect);
        say(ui, rect, "reconstruction", || {
            format!("{} unit {} on the pixels, {}", of.cut.name, of.unit, rule_name(of.rule))
        });
    }
}

/// The strongest channels of the signal, all on one scale.
fn maps(ui: &mut Ui, view: &mut ExplanationView, of: &Explained<'_>, step: &ReverseStep) {
    let most = largest(&step.channels);
    let (index, dark) = (view.step, ui.visuals().dark_mode);
    let shape = Shape::new(3, step.shape.height, step.shape.width);
    grid(ui, step.channels.len(), |ui, nth, rect| {
        let channel = &step.channels[nth];
        title(ui, rect, &format!("{}: {}", channel.channel, format::percent(channel.share)));
        let image = || Some(vec![signal_colours(channel, most, dark)]);
        let part = Part::Signal(index, nth);
        let Some(atlas) = view.tiles.get(ui.ctx(), part, &[of.seen], worn(dark), shape, image) else { return };
        let rect = fitted(rect, shape);
        atlas.paint(ui.painter(), 0, rect);
        switches(ui, channel, shape, rect);
        say(ui, rect, ("signal", nth), || {
            let removed = removed_share(channel)
                .map_or_else(String::new, |share| format!(", {} of its energy set to zero", format::percent(share)));
            let dots = if channel.switches.is_empty() { "" } else { ", dots where the maxima stood" };
            format!(
                "Channel {} after {}: {} of the energy{removed}{dots}; \u{b1}{}",
                channel.channel,
                step.layer,
                format::percent(channel.share),
                theme::figures(f64::from(most))
            )
        });
    });
}

/// The filter of the strongest channel above, as it is spread over the channels that are shown.
fn kernels(ui: &mut Ui, view: &mut ExplanationView, of: &Explained<'_>, step: &ReverseStep) {
    let Some(filter) = &step.filter else { return };
    ui.add_space(theme::UNIT / 2.0);
    let text = format!("transposed filter of channel {} above, to each of these channels", filter.from);
    ui.label(RichText::new(text).small().weak());
    let most = filter.kernels.iter().flatten().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let (index, dark) = (view.step, ui.visuals().dark_mode);
    let shape = Shape::new(3, filter.height, filter.width);
    grid(ui, filter.kernels.len(), |ui, nth, rect| {
        let kernel = &filter.kernels[nth];
        let channel = step.channels.get(nth).map_or(0, |channel| channel.channel);
        title(ui, rect, &if kernel.is_empty() { format!("{channel}: none") } else { format!("{channel}") });
        // So many of one sign would be taken for a map of activities.
        let image = || (!kernel.is_empty()).then(|| vec![diverging(kernel, most, dark)]);
        let part = Part::Kernel(index, nth);
        if let Some(atlas) = view.tiles.get(ui.ctx(), part, &[of.seen], worn(dark), shape, image) {
            let rect = fitted(rect, shape);
            atlas.paint(ui.painter(), 0, rect);
            say(ui, rect, ("kernel", nth), || {
                format!(
                    "Filter from channel {} to channel {channel}, \u{b1}{}",
                    filter.from,
                    theme::figures(f64::from(most))
                )
            });
        }
    });
}

/// Squares in rows, each below a line for its title.
fn grid(ui: &mut Ui, count: usize, mut paint: impl FnMut(&mut Ui, usize, Rect)) {
    let width = ui.available_width() + GAP;
    let side = (width / ACROSS - GAP).clamp(SMALLEST, LARGEST).floor();
    let columns = (width / (side + GAP)).floor().max(1.0) as usize;
    for first in (0..count).step_by(columns) {
        let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), side + LINE), Sense::hover());
        for nth in first..count.min(first + columns) {
            let corner = line.min + vec2((nth - first) as f32 * (side + GAP), LINE);
            paint(ui, nth, Rect::from_min_size(snap(corner, ui.pixels_per_point()), Vec2::splat(side)));
        }
    }
}

/// Dots where the maxima stood; brighter where the signal went through one.
fn switches(ui: &Ui, channel: &SignalChannel, shape: Shape, rect: Rect) {
    let (faint, bright) = (ui.visuals().weak_text_color(), theme::accent(ui.visuals().dark_mode));
    let pixel = vec2(rect.width() / shape.width.max(1) as f32, rect.height() / shape.height.max(1) as f32);
    for &place in &channel.switches {
        let at = place as usize;
        let is_used = channel.values.get(at).is_some_and(|value| *value != 0.0);
        if !is_used && channel.switches.len() > MOST_SWITCHES {
            continue;
        }
        let (row, column) = (at / shape.width.max(1), at % shape.width.max(1));
        let centre: Pos2 = rect.min + pixel * vec2(column as f32 + 0.5, row as f32 + 0.5);
        let radius = (pixel.min_elem() * 0.25).clamp(0.75, 3.0);
        ui.painter().circle_filled(pos2(centre.x, centre.y), radius, if is_used { bright } else { faint });
    }
}

/// Both signs about zero, and what was set to zero in teal, the stronger the more of it.
fn signal_colours(channel: &SignalChannel, most: f32, dark: bool) -> Vec<u8> {
    if channel.removed.is_empty() {
        return diverging(&channel.values, most, dark);
    }
    let colour = |(value, removed): (&f32, &f32)| -> Color32 {
        let share = |value: f32| if most > 0.0 { value / most } else { 0.0 };
        if *removed == 0.0 {
            return theme::diverging(share(*value), dark);
        }
        let (from, to) = (theme::diverging(0.0, dark), theme::SYNTHETIC);
        let mix = |from: u8, to: u8| lerp(f32::from(from)..=f32::from(to), share(removed.abs()).sqrt()) as u8;
        Color32::from_rgb(mix(from.r(), to.r()), mix(from.g(), to.g()), mix(from.b(), to.b()))
    };
    planes(&channel.values.iter().zip(&channel.removed).map(colour).collect::<Vec<_>>())
}

fn diverging(values: &[f32], most: f32, dark: bool) -> Vec<u8> {
    let share = |value: &f32| if most > 0.0 { value / most } else { 0.0 };
    planes(&values.iter().map(|value| theme::diverging(share(value), dark)).collect::<Vec<_>>())
}

fn largest(channels: &[SignalChannel]) -> f32 {
    let values = channels.iter().flat_map(|channel| channel.values.iter().chain(&channel.removed));
    values.fold(0.0, |most, value| most.max(value.abs()))
}

/// Of the energy that the channel had.
fn removed_share(channel: &SignalChannel) -> Option<f64> {
    let energy = |values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
    let (kept, removed) = (energy(&channel.values), energy(&channel.removed));
    (!channel.removed.is_empty() && kept + removed > 0.0).then(|| removed / (kept + removed))
}

/// A step a row.
pub(super) fn records(seen: &Explanation) -> Records {
    let header = ["step", "layer", "kind", "shape", "energy_before", "energy", "removed", "strongest_channel"];
    let mut records = Records::new(header);
    for (index, step) in seen.steps.iter().enumerate() {
        records.push([
            (index + 1).to_string(),
            step.layer.clone(),
            step.kind.to_owned(),
            step.shape.to_string(),
            step.energy_before.to_string(),
            step.energy.to_string(),
            step.removed.map_or_else(String::new, |removed| removed.to_string()),
            step.channels.first().map_or_else(String::new, |channel| channel.channel.to_string()),
        ]);
    }
    records
}
