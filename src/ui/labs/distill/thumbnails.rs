//! A list of held-out images, as small as they can be made out, each with a number: click one for the microscope.

use super::{Pane, Shared};
use crate::data::Split;
use crate::nets::Shape;
use crate::ui::labs::LabContext;
use crate::ui::theme;
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::pages::ImagePages;
use egui::{Align2, FontId, Id, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use std::sync::Arc;

const CAPTION_HEIGHT: f32 = 14.0;
const LEAST_WIDTH: f32 = 40.0;
const GAP: f32 = theme::UNIT;
/// The longer side of an image, in points, where there is room, and where there is little.
const SIDE: f32 = 56.0;
const SMALL_SIDE: f32 = 28.0;
/// Of a place where there is little room.
const LITTLE: f32 = 13.0 * theme::UNIT;

/// An image of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thumbnail {
    /// By position in the split.
    pub(super) image: usize,
    /// A word or a number over it.
    pub(super) caption: String,
    /// What the image is and what was said of it, in words.
    pub(super) about: String,
}

/// The textures of a list, made when they come into sight, until the list is another.
#[derive(Default)]
pub(super) struct Thumbnails {
    of: Option<Of>,
}

struct Of {
    list: Arc<[Thumbnail]>,
    images: Split,
    pages: ImagePages,
}

impl Thumbnails {
    /// Shows them in what room there is; a click puts one under the microscope. `pane` begins their accessible names.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        context: &mut LabContext<'_>,
        shared: &mut Shared,
        pane: &str,
        list: &Arc<[Thumbnail]>,
        images: &Split,
    ) {
        let of = self.textures(list, images);
        of.pages.begin_frame();
        let room = ui.available_size();
        let side = if room.min_elem() < LITTLE { SMALL_SIDE } else { SIDE };
        let image = of.pages.size(side, ui.pixels_per_point());
        let cell = vec2(image.x.max(LEAST_WIDTH), image.y + CAPTION_HEIGHT);
        let columns = ((room.x + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        let mut clicked = None;
        let area = ScrollArea::vertical().id_salt((pane, "thumbnails")).auto_shrink(false);
        area.show_rows(ui, cell.y, list.len().div_ceil(columns), |ui, rows| {
            for row in rows {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
                for index in row * columns..((row + 1) * columns).min(list.len()) {
                    let left = line.left() + (index - row * columns) as f32 * (cell.x + GAP);
                    let place = Rect::from_min_size(pos2(left, line.top()), cell);
                    let is_selected = shared.image == Some(list[index].image);
                    if of.tile(ui, pane, index, place, image, is_selected) {
                        clicked = Some(list[index].image);
                    }
                }
            }
        });
        if clicked.is_some() {
            shared.image = clicked;
            context.reveal(Pane::Microscope);
        }
    }

    /// Made anew when the images are others; a list of the same images with other captions keeps them.
    fn textures(&mut self, list: &Arc<[Thumbnail]>, images: &Split) -> &mut Of {
        let fresh = |list: &Arc<[Thumbnail]>| {
            let shape = images.shape();
            let shape = Shape { channels: shape.channels, height: shape.height, width: shape.width };
            Of { list: Arc::clone(list), images: images.clone(), pages: ImagePages::new(shape) }
        };
        let of = self.of.get_or_insert_with(|| fresh(list));
        if !Arc::ptr_eq(&of.list, list) || !Arc::ptr_eq(&of.images.indices, &images.indices) {
            let are_same = Arc::ptr_eq(&of.images.indices, &images.indices)
                && of.list.iter().map(|thumbnail| thumbnail.image).eq(list.iter().map(|thumbnail| thumbnail.image));
            if are_same {
                of.list = Arc::clone(list);
            } else {
                *of = fresh(list);
            }
        }
        of
    }
}

impl Of {
    /// Returns whether it was clicked.
    fn tile(&mut self, ui: &Ui, pane: &str, index: usize, rect: Rect, image: Vec2, is_selected: bool) -> bool {
        let Some(thumbnail) = self.list.get(index) else { return false };
        let response = ui.interact(rect, Id::unique((pane, "thumbnail", thumbnail.image)), Sense::click());
        response.widget_info(|| {
            let name = format!("{pane} image {}: {}", thumbnail.image, thumbnail.about);
            WidgetInfo::selected(Role::Button, true, is_selected, name)
        });
        let visuals = ui.visuals();
        let painter = ui.painter();
        let left = rect.left() + (rect.width() - image.x) / 2.0;
        let corner = snap(pos2(left, rect.top() + CAPTION_HEIGHT), ui.pixels_per_point());
        let (list, images) = (&self.list, &self.images);
        let pixels = |index: usize| image_of(images, list[index].image);
        self.pages.paint(ui.ctx(), painter, (index, list.len()), Rect::from_min_size(corner, image), pixels);
        let font = FontId::monospace(theme::SMALL_SIZE);
        let clipped = painter.with_clip_rect(rect.expand2(vec2(GAP / 2.0, 0.0)).intersect(ui.clip_rect()));
        clipped.text(rect.center_top(), Align2::CENTER_TOP, &thumbnail.caption, font, visuals.text_color());
        if is_selected || response.has_focus() || response.hovered() {
            let accent = theme::accent(visuals.dark_mode);
            let colour = if is_selected || response.has_focus() { accent } else { visuals.weak_text_color() };
            painter.rect_stroke(rect.expand2(vec2(3.0, 1.0)), 2.0, Stroke::new(1.0, colour), StrokeKind::Inside);
        }
        let clicked = response.clicked();
        response.on_hover_text(format!("{}. Click to put it under the microscope.", thumbnail.about));
        clicked
    }
}

/// Nothing of an image that is not there.
fn image_of(images: &Split, position: usize) -> &[u8] {
    if position < images.len() { images.image(position) } else { &[] }
}
