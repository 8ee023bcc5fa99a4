//! A contact sheet: the top nine of all units of a layer on one page, drawn without a window.

use super::LabContext;
use super::shared::rule_name;
use crate::engine::{LayerSheet, SheetTile, Sheets};
use crate::nets::{Cut, Rule, Shape};
use crate::ui::app::{Progress, Task};
use crate::ui::export::Format;
use crate::ui::widgets::atlas::ImageAtlas;
use crate::ui::widgets::format;
use crate::ui::{export, theme};
use egui::{Align2, Button, FontId, Pos2, ProgressBar, Rect, RichText, Ui, Vec2, pos2, vec2};
use image::imageops::{FilterType, resize};
use std::sync::Arc;

/// Of one tile, in points; tiles of one unit lie three by three.
const TILE: f32 = 40.0;
const ACROSS: usize = 3;
const BLOCK: f32 = ACROSS as f32 * (TILE + 1.0) - 1.0;
const GAP: f32 = theme::UNIT;
const LINE: f32 = 14.0;
/// Pixels of a tile, each way: what a unit sees of a larger image is made smaller.
const MOST_PIXELS: usize = 96;

/// A page that was asked for, until it is handed over to be saved.
#[derive(Default)]
pub(super) struct Contact {
    making: Option<Making>,
}

struct Making {
    sheets: Arc<Sheets>,
    cut: Cut,
    rule: Option<Rule>,
    format: Format,
    /// Of the file.
    name: String,
    drawing: Option<Task<String>>,
}

impl Contact {
    /// The menu that asks for a page: of these sheets, at this layer.
    pub(super) fn choose(
        &mut self,
        ui: &mut Ui,
        sheets: Option<&Arc<Sheets>>,
        cut: Cut,
        rule: Option<Rule>,
        layer: &str,
    ) {
        let whole = sheets.filter(|sheets| sheets.is_whole() && self.making.is_none());
        let menu = ui.add_enabled_ui(whole.is_some(), |ui| {
            ui.menu_button(RichText::new("contact sheet").small(), |ui| {
                let formats = [
                    ("Save as SVG...", "Contact sheet as SVG", Format::Svg),
                    ("Save as PNG, 2x...", "Contact sheet as PNG", Format::Png(2)),
                ];
                for (text, name, format) in formats {
                    let item =
                        ui.button(text).on_hover_text("All units of the layer on one page, as they are shown here");
                    if let Some(sheets) = whole.filter(|_| item.accessible_name(name).clicked()) {
                        let (sheets, name) = (Arc::clone(sheets), format!("Contact sheet {layer}"));
                        self.making = Some(Making { sheets, cut, rule, format, name, drawing: None });
                    }
                }
            })
        });
        let about =
            "The top nine of all units of this layer on one page, saved as a file once all images are looked through";
        menu.inner.response.on_hover_text(about).accessible_name("Contact sheet");
    }

    /// Goes on with the page that was asked for, and says how far it is.
    pub(super) fn go_on(&mut self, ui: &mut Ui, context: &mut LabContext<'_>) {
        let Some(making) = &mut self.making else { return };
        let exploration = &mut context.session.exploration;
        let mut done = 0.0;
        if let Some(task) = making.drawing.take() {
            match task.poll() {
                Progress::Working => making.drawing = Some(task),
                Progress::Done(svg) => {
                    let subject = exploration.facts().map_or_else(String::new, |facts| facts.name.clone());
                    export::offer(ui.ctx(), &making.name, &subject, making.format, svg);
                    self.stop(context);
                    return;
                }
                Progress::Lost => {
                    context.session.log.error("The contact sheet could not be drawn: the log may say why");
                    self.stop(context);
                    return;
                }
            }
        } else if let Some(seen) = exploration.layer_sheet(&making.sheets, making.cut, making.rule) {
            done = seen.done as f32 / seen.total.max(1) as f32;
            if let Some(sheet) = seen.sheet.clone() {
                let dark = ui.visuals().dark_mode;
                making.drawing = Some(Task::spawn(ui.ctx(), move || contact_sheet(&sheet, dark)));
            }
        }
        ui.horizontal(|ui| {
            if ui.add(Button::new(RichText::new("Cancel").small())).on_hover_text("Make no contact sheet").clicked() {
                self.stop(context);
            }
            ui.add(ProgressBar::new(done).text(RichText::new("contact sheet").small()).desired_height(12.0));
        });
    }

    fn stop(&mut self, context: &mut LabContext<'_>) {
        self.making = None;
        context.session.exploration.forget_layer_sheet();
    }
}

/// The page as SVG; its title is `conv2 of convnet-mnist, the strongest of 10,000 images`.
pub fn contact_sheet(sheet: &LayerSheet, dark: bool) -> String {
    let units = sheet.units.len().max(1);
    // About as wide as it is high.
    let columns = ((units as f32).sqrt().ceil() as usize).max(4).min(units);
    let rows = units.div_ceil(columns);
    let cell = vec2(BLOCK + GAP, BLOCK + LINE + GAP);
    let size = vec2(columns as f32 * cell.x - GAP, rows as f32 * cell.y - GAP + LINE + GAP);
    let size = vec2(size.x.max(320.0), size.y) + Vec2::splat(2.0 * theme::UNIT);
    let title = title(sheet);
    let mut atlases: Vec<Option<ImageAtlas>> = Vec::new();
    export::draw(&title, size, dark, |ui| {
        if atlases.is_empty() {
            atlases = sheet.units.iter().map(|tiles| atlas(ui, tiles)).collect();
        }
        let corner = ui.max_rect().min;
        let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        ui.painter().text(corner, Align2::LEFT_TOP, &title, FontId::proportional(theme::SMALL_SIZE), text);
        for (unit, tiles) in sheet.units.iter().enumerate() {
            let offset = vec2((unit % columns) as f32 * cell.x, (unit / columns) as f32 * cell.y + LINE + GAP);
            let at = corner + offset;
            let label = if tiles.is_empty() { format!("{unit} dead") } else { unit.to_string() };
            ui.painter().text(at, Align2::LEFT_TOP, label, FontId::monospace(theme::SMALL_SIZE - 1.0), weak);
            if let Some(Some(atlas)) = atlases.get(unit) {
                block(ui, atlas, tiles, at + vec2(0.0, LINE));
            }
        }
    })
}

fn title(sheet: &LayerSheet) -> String {
    let how = sheet.rule.map_or_else(String::new, |rule| format!(" carried back ({})", rule_name(rule)));
    let step = sheet.step.map_or_else(String::new, |step| format!(", step {}", format::count(step)));
    let images = format::count(sheet.images as u64);
    format!("{} of {}{step}: the strongest of {images} images{how}", sheet.layer, sheet.network)
}

fn block(ui: &Ui, atlas: &ImageAtlas, tiles: &[SheetTile], corner: Pos2) {
    for (index, tile) in tiles.iter().enumerate().take(ACROSS * ACROSS) {
        let offset = vec2((index % ACROSS) as f32, (index / ACROSS) as f32) * (TILE + 1.0);
        let rect = Rect::from_min_size(pos2(corner.x + offset.x, corner.y + offset.y), Vec2::splat(TILE));
        let Shape { height, width, .. } = small(tile.shape);
        let rect = super::unit_tile::fitted(rect, Shape::new(1, height, width));
        atlas.paint_part(ui.painter(), index, [0, 0, height, width], rect);
    }
}

/// The tiles of one unit, each in the corner of as much room as the largest needs.
fn atlas(ui: &Ui, tiles: &[SheetTile]) -> Option<ImageAtlas> {
    let largest = |side: fn(Shape) -> usize| tiles.iter().map(|tile| side(small(tile.shape))).max();
    let (height, width) = (largest(|shape| shape.height)?, largest(|shape| shape.width)?);
    let room = Shape::new(tiles.first()?.shape.channels, height, width);
    let images: Vec<Vec<u8>> = tiles.iter().map(|tile| padded(tile, room)).collect();
    Some(ImageAtlas::new(ui.ctx(), "contact sheet", room, images.iter().map(Vec::as_slice)))
}

/// At most [`MOST_PIXELS`] each way, in the same proportion.
fn small(shape: Shape) -> Shape {
    let largest = shape.height.max(shape.width);
    if largest <= MOST_PIXELS {
        return shape;
    }
    let side = |side: usize| (side * MOST_PIXELS / largest).max(1);
    Shape::new(shape.channels, side(shape.height), side(shape.width))
}

/// A tile made small, `[channels, height, width]` of `room`.
fn padded(tile: &SheetTile, room: Shape) -> Vec<u8> {
    let (from, to) = (tile.shape, small(tile.shape));
    let mut out = vec![0; room.units()];
    let planes = tile.pixels.chunks_exact((from.height * from.width).max(1));
    for (plane, out) in planes.zip(out.chunks_exact_mut(room.height * room.width)) {
        let grey = image::GrayImage::from_raw(from.width as u32, from.height as u32, plane.to_vec());
        let Some(grey) = grey else { continue };
        let grey =
            if from == to { grey } else { resize(&grey, to.width as u32, to.height as u32, FilterType::Triangle) };
        for (row, out) in grey.as_raw().chunks_exact(to.width.max(1)).zip(out.chunks_exact_mut(room.width)) {
            out[..row.len()].copy_from_slice(row);
        }
    }
    out
}
