//! How what a unit looks for changed while its network learned, as a film (Zeiler, Fergus 2013, figure 4).

use super::LabContext;
use super::shared::Shared;
use super::tiles::Tiles;
use super::unit::{paint_crop, say, small, title};
use super::unit_tile::{fitted, paint_patch};
use super::units::choose_rule;
use crate::engine::{CutFacts, Evolution, EvolutionFrame, Facts};
use crate::lens::{Patch, TopEntry};
use crate::nets::Shape;
use crate::ui::app::Action;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Button, Key, Rect, RichText, Role, ScrollArea, Sense, Slider, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const GAP: f32 = theme::UNIT;
const LINE: f32 = 14.0;
/// Of the pictures of the frame in view, in points.
const LARGEST: f32 = 224.0;
const SMALLEST: f32 = 72.0;
/// Of a frame in the strip.
const CELL: f32 = 72.0;
/// While the film plays, each frame is shown for so long.
const FRAME: Duration = Duration::from_millis(700);

/// One texture of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Image(usize),
    Carried(usize),
}

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct EvolutionPane {
    /// The frame in view; the last one until another was chosen.
    frame: Option<usize>,
    /// While it plays: since when the frame is shown.
    playing: Option<Instant>,
    tiles: Tiles<Part>,
    /// What was drawn in this frame, for who saves it.
    pub(super) drawn: Option<Film>,
}

/// A film and what is needed to draw it.
pub(super) struct Film {
    seen: Arc<Evolution>,
    cut: CutFacts,
    input: Shape,
}

impl Film {
    fn frame(&self, index: usize) -> Option<(&EvolutionFrame, Option<TopEntry>)> {
        Some((self.seen.frames.get(index)?, self.seen.strongest(index)))
    }

    fn patch(&self, entry: TopEntry) -> Patch {
        self.cut.fields.patch(entry.y as usize, entry.x as usize, self.input)
    }

    fn class(&self, entry: TopEntry) -> Option<String> {
        let images = &self.seen.images;
        images.label(entry.image).map(|label| class_name(&images.class_names, label))
    }

    /// In words: `epoch 1, step 390: image 17, a cat, activation 3.2`.
    fn describe(&self, index: usize) -> String {
        let Some((frame, entry)) = self.frame(index) else { return String::new() };
        let said = entry.map_or_else(
            || "no activation is a number".to_owned(),
            |entry| {
                let class = self.class(entry).map_or_else(String::new, |class| format!(", {class}"));
                format!("image {}{class}, activation {}", entry.image, theme::figures(f64::from(entry.activation)))
            },
        );
        format!("Epoch {}, step {}: {said}", theme::figures(frame.epoch), format::count(frame.step))
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut EvolutionPane, shared: &mut Shared) {
    if is_empty(ui, context) {
        return;
    }
    let Some(facts) = context.session.exploration.facts().cloned() else { return };
    let Some(film) = look(context, shared, &facts) else {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(RichText::new("looking for the strongest image in each state").small().weak());
        });
        return;
    };
    let last = film.seen.frames.len().saturating_sub(1);
    play(ui, view, last);
    let index = view.frame.unwrap_or(last).min(last);
    view.tiles.begin_frame();
    header(ui, context, shared, &film);
    scrub(ui, view, &film, index);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        picture(ui, view, &film, index);
        ui.add_space(theme::UNIT);
        strip(ui, view, &film, index);
    });
    view.drawn = Some(film);
}

/// Says what would fill the pane, where nothing does.
fn is_empty(ui: &mut Ui, context: &mut LabContext<'_>) -> bool {
    let exploration = &context.session.exploration;
    if exploration.is_reading_states() || exploration.kept_states().is_some() {
        return false;
    }
    if !exploration.has_states_of_run() && !context.session.is_going() {
        let text = "Train a network: while it learns, its states are kept from the first step on, and any unit can be \
                    followed through them here. A run on disk has its states in its folder: look into its network.";
        let hint = Action::TrainOrPause.hint(ui.ctx());
        if empty(ui, icon::EYE, text, Some((&format!("{} Train", icon::PLAY), &hint))) {
            context.actions.push(Action::TrainOrPause);
            context.session.exploration.follow_run();
        }
        return true;
    }
    if !context.session.exploration.follows_run() {
        let text = "The states of the run in hand are kept: look into it to follow one of its units through them.";
        let hint = "Take the network of the run in hand into this lab";
        if empty(ui, icon::EYE, text, Some(("Look into the run", hint))) {
            context.session.exploration.follow_run();
        }
        return true;
    }
    false
}

fn look(context: &mut LabContext<'_>, shared: &Shared, facts: &Facts) -> Option<Film> {
    let cut = shared.cut(facts)?.clone();
    let source = shared.source(facts, context);
    let unit = shared.unit.min(cut.shape.channels.saturating_sub(1));
    let seen = context.session.exploration.evolution(cut.cut, unit, shared.rule, &source)?;
    let input = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    (!seen.frames.is_empty()).then_some(Film { seen, cut, input })
}

/// Takes the next frame when its time has come.
fn play(ui: &Ui, view: &mut EvolutionPane, last: usize) {
    let Some(since) = view.playing else { return };
    let rest = FRAME.saturating_sub(since.elapsed());
    if rest.is_zero() {
        let index = view.frame.unwrap_or(last);
        view.frame = Some(if index >= last { 0 } else { index + 1 });
        view.playing = Some(Instant::now());
    }
    ui.ctx().request_repaint_after(if rest.is_zero() { FRAME } else { rest });
}

fn header(ui: &mut Ui, context: &LabContext<'_>, shared: &mut Shared, film: &Film) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.label(RichText::new(format!("{} unit {}", film.cut.name, film.seen.unit)).small().strong());
        choose_rule(ui, shared);
        let kept = context.session.exploration.kept_states();
        let full = if kept.is_some_and(|kept| kept.is_full()) { ", and no more are kept" } else { "" };
        let text = format!(
            "strongest of {} images in each of {} states; {}B kept{full}",
            format::count(film.seen.images.len() as u64),
            film.seen.total,
            format::magnitude(kept.map_or(0, |kept| kept.bytes()) as u64)
        );
        let about = "A state is kept at the start of a run, after the epochs of the setting monitor.states_at, and at its \
                     end. They lie in the folder of the run, if it has one, and are there when it is opened again.";
        ui.label(RichText::new(text).small().weak()).on_hover_text(about);
        if film.seen.frames.len() < film.seen.total {
            ui.spinner();
        }
    });
}

/// Play, and the slider over the frames; arrows move it while it has the keys.
fn scrub(ui: &mut Ui, view: &mut EvolutionPane, film: &Film, index: usize) {
    let last = film.seen.frames.len().saturating_sub(1);
    ui.horizontal(|ui| {
        let (sign, name) =
            if view.playing.is_some() { (icon::PAUSE, "Pause the film") } else { (icon::PLAY, "Play the film") };
        let button = ui.add_enabled(last > 0, Button::new(sign));
        let button = button.on_hover_text("Shows one state after the other, from the start again after the last");
        if button.accessible_name(name).clicked() {
            view.playing = if view.playing.is_some() { None } else { Some(Instant::now()) };
        }
        let mut chosen = index;
        ui.spacing_mut().slider_width = (ui.available_width() * 0.4).clamp(60.0, 320.0);
        ui.name_inputs("State", |ui| {
            let slider = ui.add_enabled(last > 0, Slider::new(&mut chosen, 0..=last).show_value(false));
            let slider = slider.on_hover_text("The state in view, from the first to the last (arrows move it)");
            if slider.accessible_name("State of the film").changed() {
                view.frame = Some(chosen);
                view.playing = None;
            }
        });
        ui.add(egui::Label::new(RichText::new(film.describe(chosen)).small()).truncate());
    });
}

/// The strongest image of the frame in view with the crop, the crop alone, and what it is carried back to.
fn picture(ui: &mut Ui, view: &mut EvolutionPane, film: &Film, index: usize) {
    let Some((frame, Some(entry))) = film.frame(index) else {
        ui.label(RichText::new("In this state the unit has no strongest image.").small().weak());
        return;
    };
    let side = ((ui.available_width() - 2.0 * GAP) / 3.0).clamp(SMALLEST, LARGEST).floor();
    let (line, _) = ui.allocate_exact_size(vec2(3.0 * side + 2.0 * GAP, side + LINE), Sense::hover());
    let place = |column: usize| {
        let corner = line.min + vec2(column as f32 * (side + GAP), LINE);
        Rect::from_min_size(snap(corner, ui.pixels_per_point()), Vec2::splat(side))
    };
    let patch = film.patch(entry);
    for (column, text) in ["strongest image", "what the unit sees of it", "carried back"].into_iter().enumerate() {
        title(ui, place(column), text);
    }
    if let Some(atlas) = image(ui, view, film, index, entry) {
        let rect = fitted(place(0), film.input);
        atlas.paint(ui.painter(), 0, rect);
        paint_crop(ui, Some(patch), film.input, rect);
        paint_patch(ui, atlas, 0, patch, place(1));
    }
    if let Some(atlas) = carried(ui, view, film, index, frame) {
        paint_patch(ui, atlas, 0, patch, place(2));
    }
    say(ui, line, "frame", || film.describe(index));
}

/// All frames side by side, each the part of its image above what it is carried back to: the rows of figure 4.
fn strip(ui: &mut Ui, view: &mut EvolutionPane, film: &Film, index: usize) {
    let columns = ((ui.available_width() + GAP) / (CELL + GAP)).floor().max(1.0) as usize;
    let cell = vec2(CELL, 2.0 * (CELL + 2.0) + LINE);
    let count = film.seen.frames.len();
    let mut has_focus = false;
    for row in 0..count.div_ceil(columns) {
        let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
        for column in 0..columns.min(count - row * columns) {
            let frame = row * columns + column;
            let left = line.left() + column as f32 * (CELL + GAP);
            let rect = Rect::from_min_size(snap(pos2(left, line.top()), ui.pixels_per_point()), cell);
            let response = ui.interact(rect, ui.scope_id().with(("frame", frame)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, film.describe(frame)));
            if response.clicked() {
                view.frame = Some(frame);
                view.playing = None;
                response.request_focus();
            }
            has_focus |= response.has_focus();
            paint_cell(ui, view, film, frame, rect, frame == index);
            response.on_hover_text(film.describe(frame));
        }
    }
    if has_focus {
        let pressed = |key| isize::from(ui.input(|input| input.key_pressed(key)));
        let step = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
        if let Some(next) = index.checked_add_signed(step).filter(|next| step != 0 && *next < count) {
            view.frame = Some(next);
            view.playing = None;
        }
    }
}

fn paint_cell(ui: &Ui, view: &mut EvolutionPane, film: &Film, index: usize, rect: Rect, is_chosen: bool) {
    let Some((frame, entry)) = film.frame(index) else { return };
    let visuals = ui.visuals();
    let colour = if is_chosen { theme::accent(visuals.dark_mode) } else { visuals.weak_text_color() };
    let text = format!("epoch {}", theme::figures(frame.epoch));
    ui.painter().text(rect.left_top(), Align2::LEFT_TOP, text, small(), colour);
    let first = Rect::from_min_size(rect.min + vec2(0.0, LINE), Vec2::splat(CELL));
    let second = first.translate(vec2(0.0, CELL + 2.0));
    for tile in [first, second] {
        ui.painter().rect_filled(tile, 0.0, theme::plot_background(visuals.dark_mode));
    }
    if let Some(entry) = entry {
        let patch = film.patch(entry);
        if let Some(atlas) = image(ui, view, film, index, entry) {
            paint_patch(ui, atlas, 0, patch, first);
        }
        if let Some(atlas) = carried(ui, view, film, index, frame) {
            paint_patch(ui, atlas, 0, patch, second);
        }
    }
    if is_chosen {
        let both = Rect::from_min_max(first.min, second.max);
        ui.painter().rect_stroke(both.expand(1.0), 0.0, Stroke::new(1.5, colour), StrokeKind::Outside);
    }
}

fn image<'a>(
    ui: &Ui,
    view: &'a mut EvolutionPane,
    film: &Film,
    index: usize,
    entry: TopEntry,
) -> Option<&'a ImageAtlas> {
    let images = &film.seen.images;
    let bytes = || Some(vec![images.image(entry.image).to_vec()]);
    view.tiles.get(ui.ctx(), Part::Image(index), &[images], u64::from(entry.image), film.input, bytes)
}

fn carried<'a>(
    ui: &Ui,
    view: &'a mut EvolutionPane,
    film: &Film,
    index: usize,
    frame: &EvolutionFrame,
) -> Option<&'a ImageAtlas> {
    let picture = &frame.carried.as_ref()?.picture;
    view.tiles.get(ui.ctx(), Part::Carried(index), &[picture], 0, film.input, || Some(vec![picture.to_vec()]))
}

/// A state a row.
pub(super) fn records(view: &EvolutionPane) -> Option<Records> {
    let film = view.drawn.as_ref()?;
    let header = ["layer", "unit", "step", "epoch", "image", "class", "activation", "row", "column"];
    let mut records = Records::new(header);
    for index in 0..film.seen.frames.len() {
        let Some((frame, Some(entry))) = film.frame(index) else { continue };
        records.push([
            film.cut.name.clone(),
            film.seen.unit.to_string(),
            frame.step.to_string(),
            frame.epoch.to_string(),
            entry.image.to_string(),
            film.class(entry).unwrap_or_default(),
            entry.activation.to_string(),
            entry.y.to_string(),
            entry.x.to_string(),
        ]);
    }
    (!records.is_empty()).then_some(records)
}
