//! The images of the list as tiles: click one, or move on with the arrow keys.

use super::super::Shared;
use super::order::{Key as Of, List, Tile};
use crate::ui::theme::{self, figures, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, EventFilter, FontId, Id, Key, Modifiers, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

const LINE: f32 = 14.0;
const GAP: f32 = theme::UNIT;
const LEAST_WIDTH: f32 = 64.0;

/// Where the keys are, and what is in sight; of the last frame.
#[derive(Default)]
pub(super) struct Keys {
    /// Place in the list of the tile that has the focus.
    focused: Option<usize>,
    /// What this pane chose: arrow keys move from there while nothing has the focus.
    own: Option<usize>,
    /// What was chosen, here or elsewhere: another choice is brought into sight.
    seen: Option<usize>,
    offset: f32,
}

pub(super) fn show(ui: &mut Ui, of: &Of, list: &mut List, keys: &mut Keys, shared: &mut Shared, side: f32) {
    let image = list.pages.size(side, ui.pixels_per_point());
    let lines = if list.tiles.iter().any(|tile| tile.value.is_some()) { 2.0 } else { 1.0 };
    let cell = vec2(image.x.max(LEAST_WIDTH), image.y + lines * LINE);
    let columns = ((ui.available_width() + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
    let rows = list.tiles.len().div_ceil(columns);
    move_choice(ui, list, keys, shared, columns);
    list.pages.begin_frame();
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    let mut area = ScrollArea::vertical().auto_shrink(false);
    if let Some(offset) = offset_to_show(list, keys, shared, columns, cell.y, ui.available_height()) {
        area = area.vertical_scroll_offset(offset);
    }
    keys.focused = None;
    let shown = area.show_rows(ui, cell.y, rows, |ui, range| {
        for row in range {
            let first = row * columns;
            let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
            for index in first..(first + columns).min(list.tiles.len()) {
                let left = line.left() + (index - first) as f32 * (cell.x + GAP);
                let place = Rect::from_min_size(pos2(left, line.top()), cell);
                tile(ui, of, list, index, (place, image), keys, shared);
            }
        }
    });
    keys.offset = shown.state.clamped_offset().y;
}

fn tile(
    ui: &Ui,
    of: &Of,
    list: &mut List,
    index: usize,
    (rect, picture): (Rect, Vec2),
    keys: &mut Keys,
    shared: &mut Shared,
) {
    let List { tiles, pages, .. } = list;
    let tile = &tiles[index];
    let response = ui.interact(rect, tile_id(tile.image), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, describe(of, tile)));
    if response.clicked() {
        shared.choose_image(tile.image);
        // It is in sight already.
        (keys.own, keys.seen) = (Some(tile.image), Some(tile.image));
    }
    if response.has_focus() {
        keys.focused = Some(index);
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }
    let place = Rect::from_min_size(snap(rect.min + vec2(0.0, LINE), ui.pixels_per_point()), picture);
    let pixels = |index: usize| of.pair.images.image(tiles[index].image);
    pages.paint(ui.ctx(), ui.painter(), (index, tiles.len()), place, pixels);
    paint_text(ui, of, tile, rect);
    let is_chosen = shared.drawn.is_none() && shared.image == Some(tile.image);
    outline(ui, rect, &response, is_chosen);
    if response.hovered() {
        response.on_hover_text(format!("{}. Click to put it under the microscope.", describe(of, tile)));
    }
}

/// The true class and who is right, above; below what put it here.
fn paint_text(ui: &Ui, of: &Of, tile: &Tile, rect: Rect) {
    let font = FontId::proportional(theme::SMALL_SIZE);
    let visuals = ui.visuals();
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let mut left = rect.right();
    for (letter, is_right) in [("S", tile.student_right), ("T", tile.teacher_right)] {
        let text = format!("{letter}{}", if is_right { icon::CHECK } else { icon::X });
        let colour = if is_right { visuals.weak_text_color() } else { visuals.error_fg_color };
        let mark = painter.text(pos2(left, rect.top()), Align2::RIGHT_TOP, text, font.clone(), colour);
        left = mark.left() - 3.0;
    }
    let name = class_name(&of.pair.class_names, tile.label);
    let room = Rect::from_min_max(rect.min, pos2(left, rect.bottom()));
    let clipped = painter.with_clip_rect(room.intersect(painter.clip_rect()));
    clipped.text(rect.left_top(), Align2::LEFT_TOP, name, font, visuals.text_color());
    if let Some(value) = tile.value {
        let numbers = FontId::monospace(theme::SMALL_SIZE - 0.5);
        painter.text(rect.left_bottom(), Align2::LEFT_BOTTOM, figures(value), numbers, visuals.weak_text_color());
    }
}

fn describe(of: &Of, tile: &Tile) -> String {
    let right = |is_right: bool| if is_right { "right" } else { "wrong" };
    let value = tile.value.map_or_else(String::new, |value| format!(", {} nats", figures(value)));
    format!(
        "{} image {}: {}, teacher {}, student {}{value}",
        of.split.name(),
        tile.image,
        class_name(&of.pair.class_names, tile.label),
        right(tile.teacher_right),
        right(tile.student_right)
    )
}

/// Arrow keys move on from the tile that has the focus, or from the image that was chosen here last.
fn move_choice(ui: &Ui, list: &List, keys: &mut Keys, shared: &mut Shared, columns: usize) {
    let own = keys
        .own
        .filter(|own| shared.drawn.is_none() && shared.image == Some(*own) && !ui.ctx().egui_wants_keyboard_input());
    let from_own = || own.and_then(|own| list.tiles.iter().position(|tile| tile.image == own));
    let Some(place) = keys.focused.or_else(from_own) else { return };
    let step = ui.input_mut(|input| {
        let mut pressed = |key| isize::from(input.consume_key(Modifiers::NONE, key));
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
            + (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * columns as isize
    });
    let next = place.checked_add_signed(step).filter(|_| step != 0).and_then(|next| list.tiles.get(next));
    let Some(next) = next else { return };
    if keys.focused.is_some() {
        ui.memory_mut(|memory| memory.request_focus(tile_id(next.image)));
    }
    keys.own = Some(next.image);
    shared.choose_image(next.image);
}

/// How far to scroll when another image was chosen and its row of height `row` is not in sight.
fn offset_to_show(list: &List, keys: &mut Keys, shared: &Shared, columns: usize, row: f32, room: f32) -> Option<f32> {
    if keys.seen == shared.image {
        return None;
    }
    keys.seen = shared.image;
    let place = list.tiles.iter().position(|tile| Some(tile.image) == shared.image)?;
    let top = (place / columns) as f32 * (row + GAP);
    let least = (top + row - room).max(0.0);
    (!(least..=top).contains(&keys.offset)).then(|| keys.offset.clamp(least, top.max(least)))
}

fn tile_id(image: usize) -> Id {
    Id::unique(("distill image", image))
}

fn outline(ui: &Ui, rect: Rect, response: &Response, is_chosen: bool) {
    if !is_chosen && !response.has_focus() && !response.hovered() {
        return;
    }
    let (accent, weak) = (theme::accent(ui.visuals().dark_mode), ui.visuals().weak_text_color());
    let colour = if is_chosen || response.has_focus() { accent } else { weak };
    let stroke = Stroke::new(if is_chosen { 2.0 } else { 1.0 }, colour);
    ui.painter().rect_stroke(rect.expand2(vec2(3.0, 1.0)), 2.0, stroke, StrokeKind::Inside);
}
