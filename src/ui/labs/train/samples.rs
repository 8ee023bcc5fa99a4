//! Test images with what the network thinks of them now.

use super::LabContext;
use crate::engine::{ImageSource, RunId, Started};
use crate::ui::app::{Action, Selection};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::{class_name, most_likely, paint_strip};
use egui::{
    Align2, FontId, Key, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};
use std::sync::Arc;

/// Images are drawn no smaller and no larger, in points.
const SMALLEST_SIDE: f32 = 56.0;
const LARGEST_SIDE: f32 = 168.0;
const STRIP_HEIGHT: f32 = 22.0;
const TEXT_HEIGHT: f32 = 14.0;
const GAP: f32 = theme::UNIT;

#[derive(Default)]
pub(super) struct SamplesView {
    strip: Option<Strip>,
    /// Whether the pane was drawn in this frame.
    pub(super) shown: bool,
}

/// The images of the pane, until the run or what was drawn changes.
struct Strip {
    run: RunId,
    drawn: Arc<Vec<Arc<[u8]>>>,
    tiles: Vec<Tile>,
    atlas: ImageAtlas,
}

/// The run's samples, then what was drawn.
struct Tile {
    source: ImageSource,
    label: Option<usize>,
}

impl Strip {
    fn new(ui: &Ui, started: &Started, drawn: &Arc<Vec<Arc<[u8]>>>) -> Self {
        let fitting: Vec<&Arc<[u8]>> =
            drawn.iter().filter(|pixels| pixels.len() == started.image_shape.units()).collect();
        let sampled = started.samples.iter().map(|sample| (sample.source.clone(), Some(sample.label)));
        let added = fitting.iter().map(|pixels| (ImageSource::Pixels(Arc::clone(pixels)), None));
        let tiles = sampled.chain(added).map(|(source, label)| Tile { source, label }).collect();
        let pixels = started.samples.iter().map(|sample| sample.pixels.as_slice());
        let pixels: Vec<&[u8]> = pixels.chain(fitting.iter().map(|pixels| &***pixels)).collect();
        let atlas = ImageAtlas::new(ui.ctx(), "samples", started.image_shape, pixels.into_iter());
        Self { run: started.run, drawn: Arc::clone(drawn), tiles, atlas }
    }

    fn is_of(&self, run: RunId, drawn: &Arc<Vec<Arc<[u8]>>>) -> bool {
        self.run == run && Arc::ptr_eq(&self.drawn, drawn)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut SamplesView) {
    view.shown = true;
    let Some(started) = context.session.current().and_then(|run| run.started.clone()) else {
        let text = "Test images appear here, each with the network's probabilities as it learns.";
        let train = Action::TrainOrPause.hint(ui.ctx());
        if empty(ui, icon::IMAGE, text, Some((&format!("{} Train", icon::PLAY), &train))) {
            context.actions.push(Action::TrainOrPause);
        }
        return;
    };
    let is_fresh = view.strip.as_ref().is_some_and(|strip| strip.is_of(started.run, &context.session.drawn));
    if !is_fresh {
        view.strip = Some(Strip::new(ui, &started, &context.session.drawn));
    }
    let Some(strip) = &view.strip else { return };
    let pixels_per_point = ui.pixels_per_point();
    let room = ui.available_size();
    let scale = scale_for(&strip.atlas, strip.tiles.len(), room, pixels_per_point);
    let image = strip.atlas.size(scale, pixels_per_point);
    let cell = cell_size(image);
    let mut has_focus = false;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let columns = columns(room.x, cell);
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        for (row, tiles) in strip.tiles.chunks(columns).enumerate() {
            ui.horizontal(|ui| {
                for (column, tile) in tiles.iter().enumerate() {
                    let index = row * columns + column;
                    let response = show_tile(ui, context, &strip.atlas, index, tile, &started.class_names, cell, image);
                    if response.clicked() {
                        context.session.selection = Selection::Image(tile.source.clone());
                    }
                    has_focus |= response.has_focus() || response.clicked();
                    if let ImageSource::Pixels(pixels) = &tile.source
                        && remove_button(ui, index, response.rect)
                    {
                        context.session.remove_sample(pixels);
                    }
                }
            });
        }
        move_selection(ui, context, columns, &strip.tiles, has_focus);
    });
}

/// A sample a row; probabilities once the network was asked.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let started = context.session.current()?.started.as_ref()?;
    let names = &started.class_names;
    let probability = names.iter().map(|name| format!("probability {name}"));
    let header = ["sample", "label", "predicted"].map(str::to_owned).into_iter().chain(probability);
    let mut records = Records::with_header(header);
    let probabilities = context.session.sample_probabilities().unwrap_or_default();
    for (index, sample) in started.samples.iter().enumerate() {
        let known = probabilities.get(index).map_or(&[][..], Vec::as_slice);
        let predicted = most_likely(known).map_or_else(String::new, |class| class_name(names, class));
        let mut row = vec![index.to_string(), class_name(names, sample.label), predicted];
        row.extend((0..names.len()).map(|class| known.get(class).map_or_else(String::new, f32::to_string)));
        records.push_all(row);
    }
    Some(records)
}

/// Over the corner of a drawing, which leaves the samples as it came.
fn remove_button(ui: &mut Ui, index: usize, tile: Rect) -> bool {
    let corner = Rect::from_min_size(tile.min + vec2(0.0, TEXT_HEIGHT), Vec2::splat(2.0 * theme::UNIT));
    let builder = egui::UiBuilder::new().id_salt(("remove", index)).max_rect(corner);
    let button = ui.new_child(builder).add(egui::Button::new(icon::X).small());
    let button = button.on_hover_text("Take this drawing out of the samples");
    button.accessible_name(format!("Remove sample {index}")).clicked()
}

fn cell_size(image: Vec2) -> Vec2 {
    vec2(image.x.max(SMALLEST_SIDE), TEXT_HEIGHT + image.y + STRIP_HEIGHT)
}

fn columns(width: f32, cell: Vec2) -> usize {
    ((width + GAP) / (cell.x + GAP)).floor().max(1.0) as usize
}

/// The largest whole scale at which all samples are in sight, else the smallest at which they can be made out.
fn scale_for(atlas: &ImageAtlas, count: usize, room: Vec2, pixels_per_point: f32) -> usize {
    let smallest = atlas.scale_within(SMALLEST_SIDE, pixels_per_point);
    let largest = atlas.scale_within(LARGEST_SIDE, pixels_per_point);
    let fits = |scale: &usize| {
        let cell = cell_size(atlas.size(*scale, pixels_per_point));
        count.div_ceil(columns(room.x, cell)) as f32 * (cell.y + GAP) <= room.y + GAP
    };
    (smallest..=largest).rev().find(fits).unwrap_or(smallest)
}

/// What the network says of a sample: the predicted class, its probability, and whether that is right, as far as the truth
/// is known.
fn outcome(probabilities: &[f32], truth: Option<usize>) -> Option<(usize, f32, bool)> {
    let predicted = most_likely(probabilities)?;
    Some((predicted, probabilities[predicted], truth.is_none_or(|truth| predicted == truth)))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one control, passed once")]
fn show_tile(
    ui: &mut Ui,
    context: &LabContext<'_>,
    atlas: &ImageAtlas,
    index: usize,
    tile: &Tile,
    names: &[String],
    cell: Vec2,
    image: Vec2,
) -> Response {
    let (rect, response) = ui.allocate_exact_size(cell, Sense::click());
    let probabilities =
        context.session.sample_probabilities().and_then(|rows| rows.get(index)).map_or(&[][..], Vec::as_slice);
    let outcome = outcome(probabilities, tile.label);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, describe(index, tile.label, names, outcome)));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let visuals = ui.visuals();
    let (text, weak, error) = (visuals.text_color(), visuals.weak_text_color(), visuals.error_fg_color);
    let painter = ui.painter();
    let font = FontId::proportional(theme::SMALL_SIZE);
    painter.text(rect.left_top(), Align2::LEFT_TOP, truth_name(names, tile.label), font.clone(), text);
    let picture = Rect::from_min_size(snap(rect.min + vec2(0.0, TEXT_HEIGHT), ui.pixels_per_point()), image);
    atlas.paint(painter, index, picture);
    if let Some((predicted, probability, right)) = outcome {
        let value = format!("{} {}", class_name(names, predicted), format::short_percent(f64::from(probability)));
        let said = if right { value } else { format!("{} {value}", icon::X) };
        painter.text(rect.right_top(), Align2::RIGHT_TOP, said, font, if right { weak } else { error });
        if !right {
            painter.rect_stroke(picture, 0.0, Stroke::new(2.0, error), StrokeKind::Inside);
        }
        let strip = Rect::from_min_max(picture.left_bottom() + vec2(0.0, 2.0), rect.max);
        paint_strip(painter, strip, probabilities, tile.label, Stroke::new(1.0, theme::border(visuals.dark_mode)));
    }
    let is_selected = context.session.selection.image() == Some(&tile.source);
    if is_selected || response.has_focus() || response.hovered() {
        let colour = if is_selected || response.has_focus() { theme::accent(visuals.dark_mode) } else { weak };
        painter.rect_stroke(rect.expand2(vec2(3.0, 0.0)), 2.0, Stroke::new(1.0, colour), StrokeKind::Inside);
    }
    response
}

fn describe(index: usize, truth: Option<usize>, names: &[String], outcome: Option<(usize, f32, bool)>) -> String {
    let truth = truth_name(names, truth);
    match outcome {
        None => format!("Sample {index}: {truth}"),
        Some((predicted, probability, right)) => format!(
            "Sample {index}: {truth}, predicted {} at {}{}",
            class_name(names, predicted),
            format::short_percent(f64::from(probability)),
            if right { "" } else { ", wrong" }
        ),
    }
}

fn truth_name(names: &[String], truth: Option<usize>) -> String {
    truth.map_or_else(|| "drawn".to_owned(), |truth| class_name(names, truth))
}

/// Arrow keys move from sample to sample, once one is selected and nothing else wants the keys.
fn move_selection(ui: &Ui, context: &mut LabContext<'_>, columns: usize, tiles: &[Tile], has_focus: bool) {
    let Some(image) = context.session.selection.image() else { return };
    let Some(index) = tiles.iter().position(|tile| tile.source == *image) else { return };
    if ui.ctx().text_edit_focused() || (ui.ctx().egui_wants_keyboard_input() && !has_focus) {
        return;
    }
    let step = ui.input(|input| {
        let pressed = |key| isize::from(input.key_pressed(key));
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
            + (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * columns as isize
    });
    let next = index.checked_add_signed(step).filter(|_| step != 0).and_then(|next| tiles.get(next));
    if let Some(next) = next {
        context.session.selection = Selection::Image(next.source.clone());
    }
}
