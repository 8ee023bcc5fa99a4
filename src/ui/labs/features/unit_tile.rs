//! One tile of the grid of units: a map, what the unit is carried back to, or its top nine.

use super::LabContext;
use super::colours::{coloured, worn};
use super::shared::Shared;
use super::tiles::Origin;
use super::units::{Known, Shown, UnitsView};
use crate::engine::Carried;
use crate::lens::{Patch, Place, Region, TopEntry};
use crate::nets::Shape;
use crate::ui::app::{ImageOf, UnitView};
use crate::ui::theme;
use crate::ui::widgets::atlas::ImageAtlas;
use egui::{Rect, Ui, Vec2, vec2};
use std::sync::Arc;

/// Tiles of a sheet, across and down.
const ACROSS: usize = 3;

pub(super) fn unit_tile(
    ui: &Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &Shared,
    known: &Known,
    unit: usize,
    rect: Rect,
) {
    ui.painter().rect_filled(rect, 0.0, theme::plot_background(ui.visuals().dark_mode));
    match view.shown {
        Shown::Maps => map(ui, view, known, unit, rect),
        Shown::Carried => carried_back(ui, context, view, shared, known, unit, rect),
        Shown::Top => top_nine(ui, view, known, unit, rect),
        Shown::TopCarried => top_nine_carried_back(ui, context, view, shared, known, unit, rect),
    }
}

/// In the colours of the whole layer.
fn map(ui: &Ui, view: &mut UnitsView, known: &Known, unit: usize, rect: Rect) {
    let Some(maps) = &known.maps else { return };
    let shape = Shape::new(3, maps.shape.height, maps.shape.width);
    let dark = ui.visuals().dark_mode;
    let images = || Some(vec![coloured(maps.unit(unit), maps.largest, dark)]);
    if let Some(atlas) = view.tiles.get(ui.ctx(), unit, &[maps], worn(dark), shape, images) {
        atlas.paint(ui.painter(), 0, fitted(rect, shape));
    }
}

fn carried_back(
    ui: &Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &Shared,
    known: &Known,
    unit: usize,
    rect: Rect,
) {
    let of = UnitView {
        image: ImageOf::Picture(known.picture),
        cut: known.cut.cut,
        unit,
        place: Place::Strongest,
        rule: shared.rule,
    };
    let Some(carried) = context.session.exploration.carried(of) else {
        // What was there before stays until the answer comes.
        if let Some(atlas) = view.tiles.get(ui.ctx(), unit, &[], 0, known.input, || None) {
            atlas.paint(ui.painter(), 0, fitted(rect, known.input));
        }
        return;
    };
    let images = || Some(vec![carried.picture.to_vec()]);
    let patch = carried.place.map(|[y, x]| known.cut.fields.patch(y, x, known.input));
    if let Some(atlas) = view.tiles.get(ui.ctx(), unit, &[&carried], 0, known.input, images) {
        match patch.filter(|_| carried.scale > 0.0) {
            Some(patch) => paint_patch(ui, atlas, 0, patch, rect),
            None => atlas.paint(ui.painter(), 0, fitted(rect, known.input)),
        }
    }
}

/// The parts of the images.
fn top_nine(ui: &Ui, view: &mut UnitsView, known: &Known, unit: usize, rect: Rect) {
    let (Some(sheets), Some(top)) = (&known.sheets, top(known, unit)) else { return };
    let images = || Some(top.iter().map(|entry| sheets.images.image(entry.image).to_vec()).collect());
    let of: &[&dyn Origin] = &[&sheets.images];
    if let Some(atlas) = view.tiles.get(ui.ctx(), unit, of, numbers_of(&top), known.input, images) {
        paint_nine(ui, atlas, known, &top, rect);
    }
}

fn top_nine_carried_back(
    ui: &Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &Shared,
    known: &Known,
    unit: usize,
    rect: Rect,
) {
    let Some(top) = top(known, unit) else { return };
    let of_entry = |entry: &TopEntry| UnitView {
        image: ImageOf::Sheet(entry.image),
        cut: known.cut.cut,
        unit,
        place: Place::At([entry.y as usize, entry.x as usize]),
        rule: shared.rule,
    };
    let carried: Vec<Option<Arc<Carried>>> =
        top.iter().map(|entry| context.session.exploration.carried(of_entry(entry))).collect();
    let of: Vec<&dyn Origin> = carried.iter().flatten().map(|carried| carried as &dyn Origin).collect();
    // Which of them are there.
    let there = carried.iter().fold(1, |there, carried| there << 1 | u64::from(carried.is_some()));
    let blank = || vec![128; known.input.units()];
    let images = || {
        let bytes = carried.iter().map(|own| own.as_ref().map_or_else(blank, |carried| carried.picture.to_vec()));
        (!of.is_empty()).then(|| bytes.collect())
    };
    if let Some(atlas) = view.tiles.get(ui.ctx(), unit, &of, there, known.input, images) {
        paint_nine(ui, atlas, known, &top, rect);
    }
}

/// The strongest images of a unit; of one that cannot be negative, those that it is active on.
fn top(known: &Known, unit: usize) -> Option<Vec<TopEntry>> {
    let is_rectified = known.cut.kind.starts_with("relu");
    let top = known.sheet(unit)?.top.iter().copied();
    Some(top.filter(|entry| entry.activation > 0.0 || !is_rectified).collect())
}

/// Which images of a set, and in which order, as one number.
pub(super) fn numbers_of(top: &[TopEntry]) -> u64 {
    top.iter().fold(1, |number: u64, entry| number.wrapping_mul(1_000_003) ^ u64::from(entry.image))
}

/// Three by three, of each what the unit sees.
fn paint_nine(ui: &Ui, atlas: &ImageAtlas, known: &Known, top: &[TopEntry], rect: Rect) {
    let side = ((rect.width() - 2.0) / ACROSS as f32).floor();
    for (index, entry) in top.iter().enumerate() {
        let offset = vec2((index % ACROSS) as f32, (index / ACROSS) as f32) * (side + 1.0);
        let tile = Rect::from_min_size(rect.min + offset, Vec2::splat(side));
        paint_patch(ui, atlas, index, known.cut.fields.patch(entry.y as usize, entry.x as usize, known.input), tile);
    }
}

/// What a unit sees of an image, in the middle of `tile`.
pub(super) fn paint_patch(ui: &Ui, atlas: &ImageAtlas, index: usize, patch: Patch, tile: Rect) {
    // What lies in the padding is left out.
    let Some(Region { top, left, height, width }) = patch.inside else { return };
    let rect = fitted(tile, Shape::new(1, height, width));
    atlas.paint_part(ui.painter(), index, [top, left, height, width], rect);
}

/// The largest rectangle of this shape in the middle of `rect`.
pub(super) fn fitted(rect: Rect, shape: Shape) -> Rect {
    let size = vec2(shape.width.max(1) as f32, shape.height.max(1) as f32);
    let scale = (rect.width() / size.x).min(rect.height() / size.y);
    Rect::from_center_size(rect.center(), size * scale)
}
