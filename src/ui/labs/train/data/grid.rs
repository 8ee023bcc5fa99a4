//! The images as tiles: only those in sight are drawn. Click one to pin it enlarged.

use crate::data::{Dataset, epoch_order};
use crate::engine::ImageSource;
use crate::nets::Shape;
use crate::ui::app::{DataLook, Selection};
use crate::ui::labs::LabContext;
use crate::ui::theme;
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::pages::ImagePages;
use crate::ui::widgets::{format, probabilities::class_name};
use egui::{
    Align2, FontId, Id, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const LINE: f32 = 14.0;
const GAP: f32 = theme::UNIT;
const LEAST_WIDTH: f32 = 44.0;
/// Of an image that is enlarged, in points.
const LARGE: f32 = 20.0 * theme::UNIT;
/// In a narrower pane there is no room beside the tiles.
const ROOM_FOR_PINNED: f32 = 60.0 * theme::UNIT;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Set,
    Class,
    Random,
}

impl Order {
    pub(super) const ALL: [Self; 3] = [Self::Set, Self::Class, Self::Random];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Set => "in order",
            Self::Class => "by class",
            Self::Random => "at random",
        }
    }
}

/// What is listed, and what of it is enlarged.
pub(super) struct Grid {
    pub(super) is_test: bool,
    pub(super) class: Option<usize>,
    pub(super) order: Order,
    /// Of the random order.
    pub(super) seed: u64,
    /// Of a tile, in points.
    pub(super) side: f32,
    list: Option<List>,
    /// The image that is enlarged at the side.
    pinned: Option<u32>,
    enlarged: [Option<(Arc<Dataset>, u32, ImageAtlas)>; 2],
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            is_test: false,
            class: None,
            order: Order::default(),
            seed: 1,
            side: 56.0,
            list: None,
            pinned: None,
            enlarged: [None, None],
        }
    }
}

/// The images in their order, until something of that changes.
struct List {
    /// Held, so that no other set can come to lie at the same address.
    set: Arc<Dataset>,
    of: (Option<usize>, Order, u64),
    positions: Vec<u32>,
    pages: ImagePages,
}

impl List {
    fn new(set: &Arc<Dataset>, of: (Option<usize>, Order, u64)) -> Self {
        let (class, order, seed) = of;
        let mut positions = match order {
            Order::Random => epoch_order(set.len(), seed, 0),
            Order::Set | Order::Class => (0..set.len() as u32).collect(),
        };
        positions.retain(|&image| class.is_none_or(|class| set.label(image as usize) == class));
        if order == Order::Class {
            positions.sort_by_key(|&image| set.label(image as usize));
        }
        Self { set: Arc::clone(set), of, positions, pages: ImagePages::new(shape_of(set)) }
    }
}

fn shape_of(set: &Dataset) -> Shape {
    let shape = set.shape();
    Shape::new(shape.channels, shape.height, shape.width)
}

impl Grid {
    pub(super) fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>, look: &DataLook) {
        let (set, of) = (look.set(self.is_test), (self.class, self.order, self.seed));
        if !self.list.as_ref().is_some_and(|list| Arc::ptr_eq(&list.set, set) && list.of == of) {
            if !self.list.as_ref().is_some_and(|list| Arc::ptr_eq(&list.set, set)) {
                self.pinned = None;
            }
            self.list = Some(List::new(set, of));
        }
        let Some(mut list) = self.list.take() else { return };
        if list.positions.is_empty() {
            let text = "This set has no image of this class: choose another class, or the other set.";
            empty(ui, theme::icon::IMAGE, text, None);
        } else {
            let room = ui.available_rect_before_wrap();
            let has_side = self.pinned.is_some() && room.width() >= ROOM_FOR_PINNED;
            let mut left = room;
            if has_side {
                left.max.x -= LARGE + 2.0 * GAP;
                let side = Rect::from_min_max(pos2(left.right() + GAP, room.top()), room.max);
                let mut ui = ui.new_child(UiBuilder::new().id_salt("pinned").max_rect(side));
                self.show_pinned(&mut ui, set);
            }
            let mut ui = ui.new_child(UiBuilder::new().id_salt("tiles").max_rect(left));
            self.tiles(&mut ui, context, &mut list);
        }
        self.list = Some(list);
    }

    fn tiles(&mut self, ui: &mut Ui, context: &mut LabContext<'_>, list: &mut List) {
        let image = list.pages.size(self.side, ui.pixels_per_point());
        let cell = vec2(image.x.max(LEAST_WIDTH), image.y + LINE);
        let columns = ((ui.available_width() + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
        let count = list.positions.len();
        list.pages.begin_frame();
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        let area = ScrollArea::vertical().id_salt("data").auto_shrink(false);
        area.show_rows(ui, cell.y, count.div_ceil(columns), |ui, rows| {
            for row in rows {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
                for index in row * columns..((row + 1) * columns).min(count) {
                    let left = line.left() + (index - row * columns) as f32 * (cell.x + GAP);
                    self.tile(ui, context, list, index, Rect::from_min_size(pos2(left, line.top()), cell), image);
                }
            }
        });
    }

    fn tile(&mut self, ui: &Ui, context: &mut LabContext<'_>, list: &mut List, index: usize, rect: Rect, image: Vec2) {
        let List { set, positions, pages, .. } = list;
        let position = positions[index];
        let name = class_name(set.class_names(), set.label(position as usize));
        let response = ui.interact(rect, Id::unique(("data", position)), Sense::click());
        let is_pinned = self.pinned == Some(position);
        response.widget_info(|| {
            WidgetInfo::selected(Role::Button, true, is_pinned, format!("Data image {position}: {name}"))
        });
        let painter = ui.painter();
        let place = Rect::from_min_size(snap(rect.min + vec2(0.0, LINE), ui.pixels_per_point()), image);
        let pixels = |index: usize| set.image(positions[index] as usize);
        pages.paint(ui.ctx(), painter, (index, positions.len()), place, pixels);
        let visuals = ui.visuals();
        let clipped = painter.with_clip_rect(rect.intersect(ui.clip_rect()));
        clipped.text(
            rect.left_top(),
            Align2::LEFT_TOP,
            &name,
            FontId::proportional(theme::SMALL_SIZE),
            visuals.text_color(),
        );
        if is_pinned || response.has_focus() || response.hovered() {
            let accent = theme::accent(visuals.dark_mode);
            let colour = if is_pinned || response.has_focus() { accent } else { visuals.weak_text_color() };
            painter.rect_stroke(rect.expand2(vec2(3.0, 1.0)), 2.0, Stroke::new(1.0, colour), StrokeKind::Inside);
        }
        if response.clicked() {
            self.pinned = Some(position);
            select(context, set, position as usize);
        }
        response.on_hover_ui(|ui| {
            self.enlarge(ui, 0, set, position, LARGE);
            ui.label(format!("{name}, image {}", format::count(u64::from(position))));
        });
    }

    fn show_pinned(&mut self, ui: &mut Ui, set: &Arc<Dataset>) {
        let Some(position) = self.pinned.filter(|&position| (position as usize) < set.len()) else { return };
        ui.label(theme::title(class_name(set.class_names(), set.label(position as usize))));
        ui.weak(format!("image {} of {}", format::count(u64::from(position)), set.name()));
        let side = ui.available_height().clamp(LEAST_WIDTH, LARGE);
        self.enlarge(ui, 1, set, position, side);
    }

    /// Draws an image within `side` points; `slot` keeps its texture until it is another.
    fn enlarge(&mut self, ui: &mut Ui, slot: usize, set: &Arc<Dataset>, position: u32, side: f32) {
        let is_it = |(own, image, _): &(Arc<Dataset>, u32, ImageAtlas)| Arc::ptr_eq(own, set) && *image == position;
        if !self.enlarged[slot].as_ref().is_some_and(is_it) {
            let pixels = std::iter::once(set.image(position as usize));
            let atlas = ImageAtlas::new(ui.ctx(), "enlarged", shape_of(set), pixels);
            self.enlarged[slot] = Some((Arc::clone(set), position, atlas));
        }
        let Some((.., atlas)) = &self.enlarged[slot] else { return };
        let points = ui.pixels_per_point();
        let size = atlas.size(atlas.scale_within(side, points), points);
        // What is larger than its place on whole pixels is drawn smaller.
        let size = size * (side / size.max_elem()).min(1.0);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        atlas.paint(ui.painter(), 0, Rect::from_min_size(snap(rect.min, points), size));
    }
}

/// What the current network makes of it is shown where it takes such images.
fn select(context: &mut LabContext<'_>, set: &Arc<Dataset>, position: usize) {
    let Some(started) = context.session.current().and_then(|run| run.started.clone()) else { return };
    let source = if Arc::ptr_eq(&started.test.dataset, set) {
        ImageSource::Test(position)
    } else {
        ImageSource::Pixels(set.image(position).into())
    };
    if started.image(&source).is_ok() {
        context.session.selection = Selection::Image(source);
    }
}
