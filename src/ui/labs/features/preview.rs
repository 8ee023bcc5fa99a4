//! What a unit looks for at a glance: its top nine beside the pointer.

use super::LabContext;
use super::tiles::{Origin, Tiles};
use super::unit_tile::{numbers_of, paint_patch};
use super::units::Known;
use crate::ui::theme;
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{Rect, RichText, Sense, Ui, Vec2, vec2};

const TILE: f32 = 72.0;
const ACROSS: usize = 3;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, tiles: &mut Tiles<usize>, known: &Known, unit: usize) {
    let name = format!("{} unit {unit}", known.cut.name);
    let asked = || context.session.exploration.sheets(&known.source);
    let sheets = known.sheets.clone().or_else(asked).filter(|_| known.cut.cut.inner == 0);
    let found = sheets.and_then(|sheets| {
        let sheet = sheets.top.unit(known.cut.cut.layers, unit)?;
        Some((sheets, sheet))
    });
    let Some((sheets, sheet)) = found else {
        ui.label(RichText::new(name).small());
        return;
    };
    let found = &sheet.statistics;
    let best = found.best_class.filter(|_| sheets.images.class_names.len() > 1);
    let selective = best.map_or_else(String::new, |class| {
        let class = class_name(&sheets.images.class_names, class);
        format!(", selectivity {} for {class}", theme::figures(f64::from(found.selectivity)))
    });
    let text = format!(
        "{name}: top {} of {} images, active on {}{selective}",
        sheet.top.len(),
        format::count(sheets.done as u64),
        format::percent(f64::from(found.active_share))
    );
    ui.set_max_width(ACROSS as f32 * (TILE + 2.0));
    ui.label(RichText::new(text).small());
    let (room, _) = ui.allocate_exact_size(Vec2::splat(ACROSS as f32 * (TILE + 2.0) - 2.0), Sense::hover());
    tiles.begin_frame();
    let images = || Some(sheet.top.iter().map(|entry| sheets.images.image(entry.image).to_vec()).collect());
    let of: &[&dyn Origin] = &[&sheets.images];
    let Some(atlas) = tiles.get(ui.ctx(), unit, of, numbers_of(&sheet.top), known.input, images) else { return };
    for (index, entry) in sheet.top.iter().enumerate() {
        let offset = vec2((index % ACROSS) as f32, (index / ACROSS) as f32) * (TILE + 2.0);
        let tile = Rect::from_min_size(snap(room.min + offset, ui.pixels_per_point()), Vec2::splat(TILE));
        let patch = known.cut.fields.patch(entry.y as usize, entry.x as usize, known.input);
        paint_patch(ui, atlas, index, patch, tile);
    }
}
