//! Images, and a part marked on each: a part of the pane Correspondence.

use super::LabContext;
use super::shared::Shared;
use super::tiles::Tiles;
use super::unit_tile::fitted;
use crate::engine::Facts;
use crate::lens::Region;
use crate::nets::Shape;
use crate::ui::theme;
use crate::ui::widgets::atlas::snap;
use egui::{
    Align2, Button, CursorIcon, FontId, Pos2, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    vec2,
};
use std::sync::Arc;

const SMALLEST: f32 = 96.0;
const LARGEST: f32 = 176.0;
/// Images side by side where there is room.
const ACROSS: f32 = 4.0;
const LINE: f32 = 14.0;
const GAP: f32 = theme::UNIT;
/// Images that can be marked.
const MOST_MARKS: usize = 16;
/// What is dragged less far is a click, in points.
const SHORTEST_DRAG: f32 = 4.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Images {
    #[default]
    Pictures,
    TopNine,
}

/// What is marked, and what is being marked.
#[derive(Default)]
pub(super) struct MarksView {
    images: Images,
    /// What the network sees, and the part: marks stay while other images are looked at.
    marks: Vec<(Arc<[u8]>, Region)>,
    /// Which image is dragged over, and from where.
    drag: Option<(usize, Pos2)>,
    tiles: Tiles<usize>,
}

/// An image that can be marked.
struct Candidate {
    name: String,
    seen: Arc<[u8]>,
    /// What the chosen unit sees of it.
    field: Option<Region>,
}

impl MarksView {
    /// Marks on images of another shape are dropped.
    pub(super) fn begin(&mut self, facts: &Facts) {
        let size = facts.input.pixels();
        self.marks.retain(|(seen, _)| seen.len() == size);
    }

    pub(super) fn marked(&self) -> Vec<(Arc<[u8]>, Region)> {
        self.marks.clone()
    }

    pub(super) fn remove_all(&mut self) {
        self.marks.clear();
    }

    pub(super) fn choose_images(&mut self, ui: &mut Ui) {
        for (images, name, about) in [
            (Images::Pictures, "pictures", "Mark parts of the pictures of the lab"),
            (Images::TopNine, "top nine", "Mark parts of the nine images that activate the chosen unit most"),
        ] {
            let button = ui.add(Button::selectable(self.images == images, RichText::new(name).small()));
            if button.on_hover_text(about).accessible_name(format!("Mark parts of: {name}")).clicked() {
                self.images = images;
                self.drag = None;
            }
        }
    }

    fn mark_of(&self, seen: &Arc<[u8]>) -> Option<Region> {
        self.marks.iter().find(|(own, _)| own == seen).map(|(_, part)| *part)
    }

    /// Marks a part, or takes the mark away.
    fn mark(&mut self, seen: &Arc<[u8]>, part: Option<Region>) {
        self.marks.retain(|(own, _)| own != seen);
        if let Some(part) = part.filter(|_| self.marks.len() < MOST_MARKS) {
            self.marks.push((Arc::clone(seen), part));
        }
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut MarksView, shared: &Shared, facts: &Facts) {
    let candidates = match view.images {
        Images::Pictures => pictures(context),
        Images::TopNine => top_nine(context, shared, facts),
    };
    if candidates.is_empty() {
        let text = match view.images {
            Images::Pictures => "There are no pictures: add some in the pane Pictures.",
            Images::TopNine => {
                "The top nine of this unit are not known yet, or it lies inside a block: choose a unit of a whole layer."
            }
        };
        ui.label(RichText::new(text).small().weak());
        return;
    }
    if view.images == Images::TopNine {
        let button = ui.add(Button::new(RichText::new("Mark what the unit sees").small()));
        if button.on_hover_text("On each image the receptive field of the unit, where it is strongest").clicked() {
            for candidate in &candidates {
                view.mark(&candidate.seen, candidate.field);
            }
        }
    }
    let shape = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    let width = ui.available_width() + GAP;
    let side = (width / ACROSS - GAP).clamp(SMALLEST, LARGEST).floor();
    let columns = (width / (side + GAP)).floor().max(1.0) as usize;
    view.tiles.begin_frame();
    for (row, line) in candidates.chunks(columns).enumerate() {
        let (room, _) = ui.allocate_exact_size(vec2(ui.available_width(), side + LINE), Sense::hover());
        for (column, candidate) in line.iter().enumerate() {
            let corner = snap(room.min + vec2(column as f32 * (side + GAP), 0.0), ui.pixels_per_point());
            let rect = Rect::from_min_size(corner, vec2(side, side + LINE));
            show_one(ui, view, (row * columns + column, candidate), shape, rect);
        }
    }
}

fn pictures(context: &LabContext<'_>) -> Vec<Candidate> {
    let exploration = &context.session.exploration;
    let pictures = exploration.pictures().iter().enumerate();
    let seen = pictures.filter_map(|(index, picture)| Some((picture, exploration.seen(index)?)));
    seen.map(|(picture, seen)| Candidate { name: picture.name.clone(), seen, field: None }).collect()
}

fn top_nine(context: &mut LabContext<'_>, shared: &Shared, facts: &Facts) -> Vec<Candidate> {
    let source = shared.source(facts, context);
    let Some(cut) = shared.cut(facts).filter(|cut| cut.cut.inner == 0) else { return Vec::new() };
    let Some(sheets) = context.session.exploration.sheets(&source) else { return Vec::new() };
    let Some(sheet) = sheets.top.unit(cut.cut.layers, shared.unit) else { return Vec::new() };
    let shape = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    let candidate = |entry: &crate::lens::TopEntry| Candidate {
        name: format!("image {}", entry.image),
        seen: sheets.images.image(entry.image).into(),
        field: cut.fields.patch(entry.y as usize, entry.x as usize, shape).inside,
    };
    sheet.top.iter().map(candidate).filter(|candidate| !candidate.seen.is_empty()).collect()
}

fn show_one(ui: &mut Ui, view: &mut MarksView, (index, candidate): (usize, &Candidate), shape: Shape, rect: Rect) {
    let place = fitted(Rect::from_min_max(rect.min + vec2(0.0, LINE), rect.max), shape);
    let mark = view.mark_of(&candidate.seen);
    let response = ui.interact(place, ui.scope_id().with(("marked", index)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, describe(candidate, mark)));
    let small = FontId::proportional(theme::SMALL_SIZE);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.text(rect.left_top(), Align2::LEFT_TOP, &candidate.name, small, ui.visuals().weak_text_color());
    let image = || Some(vec![candidate.seen.to_vec()]);
    if let Some(atlas) = view.tiles.get(ui.ctx(), index, &[], stamp(&candidate.seen), shape, image) {
        atlas.paint(ui.painter(), 0, place);
    }
    let pointer = response.interact_pointer_pos();
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        view.drag = origin.or(pointer).map(|origin| (index, origin));
    }
    let dragged = view.drag.filter(|(own, _)| *own == index).zip(pointer);
    let drawn = dragged.map(|((_, origin), pointer)| region(origin, pointer, place, shape));
    if response.drag_stopped() {
        let is_long = dragged.is_some_and(|((_, origin), pointer)| origin.distance(pointer) >= SHORTEST_DRAG);
        if let Some(part) = drawn.filter(|_| is_long) {
            view.mark(&candidate.seen, Some(part));
        }
        view.drag = None;
    } else if response.clicked() {
        view.mark(&candidate.seen, if mark.is_some() { None } else { Some(middle(shape)) });
    }
    let accent = theme::accent(ui.visuals().dark_mode);
    if let Some(part) = drawn.or(mark) {
        let scale = place.width() / shape.width.max(1) as f32;
        let corner = place.min + vec2(part.left as f32, part.top as f32) * scale;
        let frame = Rect::from_min_size(corner, vec2(part.width as f32, part.height as f32) * scale);
        ui.painter().rect_filled(frame, 0.0, accent.gamma_multiply(0.25));
        ui.painter().rect_stroke(frame, 0.0, Stroke::new(1.5, accent), StrokeKind::Inside);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(place.expand(1.0), 0.0, Stroke::new(1.0, accent), StrokeKind::Outside);
    }
    let about = if mark.is_some() {
        "Drag over another part, or click to take the mark away"
    } else {
        "Drag over the part; a click marks the middle"
    };
    response.on_hover_cursor(CursorIcon::Crosshair).on_hover_text(about);
}

fn describe(candidate: &Candidate, mark: Option<Region>) -> String {
    let marked = mark.map_or("nothing is marked".to_owned(), |Region { top, left, height, width }| {
        format!("marked are rows {top} to {}, columns {left} to {}", top + height - 1, left + width - 1)
    });
    format!("On {}, {marked}", candidate.name)
}

/// The pixels between two places on an image that fills `place`; at least one.
fn region(a: Pos2, b: Pos2, place: Rect, shape: Shape) -> Region {
    let size = vec2(shape.width as f32, shape.height as f32);
    let at = |position: Pos2| ((position - place.min) / place.size() * size).clamp(Vec2::ZERO, size);
    let (from, to) = (at(a).min(at(b)), at(a).max(at(b)));
    let along = |from: f32, to: f32, side: usize| {
        let start = (from.floor() as usize).min(side.saturating_sub(1));
        (start, (to.ceil() as usize).clamp(start + 1, side.max(start + 1)) - start)
    };
    let ((left, width), (top, height)) = (along(from.x, to.x, shape.width), along(from.y, to.y, shape.height));
    Region { top, left, height, width }
}

/// A third of each side.
fn middle(shape: Shape) -> Region {
    let third = |side: usize| (side / 3, (side / 3).max(1));
    let ((top, height), (left, width)) = (third(shape.height), third(shape.width));
    Region { top, left, height, width }
}

/// Of an image: it may be another one at the same place of the list.
fn stamp(seen: &[u8]) -> u64 {
    seen.iter()
        .step_by((seen.len() / 256).max(1))
        .fold(1, |stamp: u64, byte| stamp.wrapping_mul(1_000_003) ^ u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn what_is_dragged_over_becomes_whole_pixels_inside_the_image() {
        let (place, shape) = (Rect::from_min_size(pos2(10.0, 20.0), vec2(100.0, 50.0)), Shape::new(3, 5, 10));
        let part = |a, b| region(a, b, place, shape);
        let expected = Region { top: 1, left: 2, height: 2, width: 3 };
        assert_eq!(part(pos2(31.0, 31.0), pos2(59.0, 49.0)), expected);
        assert_eq!(part(pos2(59.0, 49.0), pos2(31.0, 31.0)), expected);
        let whole = Region { top: 0, left: 0, height: 5, width: 10 };
        assert_eq!(part(pos2(-50.0, -50.0), pos2(500.0, 500.0)), whole);
        for outside in [pos2(-50.0, -50.0), pos2(500.0, 500.0)] {
            let Region { top, left, height, width } = part(outside, outside);
            assert!((height, width) == (1, 1) && top < 5 && left < 10);
        }
    }
}
