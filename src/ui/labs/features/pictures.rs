//! The pictures as the network sees them, and what it takes each for.

use super::LabContext;
use crate::data::{ImageShape, Picture};
use crate::engine::{Guessed, SeenAndGuessed};
use crate::nets::Shape;
use crate::ui::app::{Exploration, Wanted};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::drawing_pad::{DrawingPad, Edit};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::typed::Drafts;
use egui::{
    Align2, Button, FontId, Key, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Of a picture, in points.
const SIDE: f32 = 112.0;
const NAMES: f32 = 120.0;
const LINE: f32 = 18.0;
const GAP: f32 = theme::UNIT;
const PADDING: f32 = theme::UNIT / 2.0;
const TITLE: f32 = 16.0;
/// Of the pad.
const PAD: f32 = 160.0;
/// Images of the data set that are added at a time.
const FROM_DATA: usize = 4;
const DRAWING: &str = "drawing";
/// What the drawing is made like: MNIST.
const DRAWN_SIDE: usize = 28;

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct PicturesView {
    drafts: Drafts,
    pad: DrawingPad,
    draws: bool,
    /// Since the network looked at it last.
    is_drawn: bool,
    /// Chooses other images of the data set each time.
    taken: u64,
    textures: Vec<(Arc<[u8]>, ImageAtlas)>,
}

impl PicturesView {
    /// Takes the last stroke back, or draws it again, where the pad has the keys. Returns whether it has.
    pub(super) fn undo(&mut self, context: &mut Exploration, redo: bool) -> bool {
        if self.pad.has_focus() {
            self.pad.apply(if redo { Edit::Redo } else { Edit::Undo });
            // Its place is taken already.
            let _ = take_drawing(context, &self.pad);
        }
        self.pad.has_focus()
    }

    /// Before the panes are drawn: the pad says so again if it is among them.
    pub(super) fn forget_focus(&mut self) {
        self.pad.forget_focus();
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut PicturesView) {
    toolbar(ui, context, view);
    if !view.draws {
        return list(ui, context, view);
    }
    ui.horizontal_wrapped(|ui| view.is_drawn |= view.pad.tools(ui));
    ui.horizontal_top(|ui| {
        draw(ui, context, view);
        let rest = ui.available_rect_before_wrap();
        ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| {
            ui.vertical(|ui| list(ui, context, view));
        });
    });
}

fn list(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut PicturesView) {
    if context.session.exploration.pictures().is_empty() {
        let text = "Drop image files on the window, paste an image, or type a path above.";
        let button = Some(("Pictures inside", "Show the pictures that come with Glassbox"));
        if empty(ui, icon::IMAGE, text, button) {
            context.session.exploration.reset_pictures();
        }
        return;
    }
    let Some(input) = context.session.exploration.facts().map(|facts| facts.input) else {
        ui.label(RichText::new("The network is not open yet: the pane Network says more.").small().weak());
        return;
    };
    view.renew_textures(ui, context.session.exploration.guesses(), input);
    let cell = vec2(SIDE + GAP + NAMES + 2.0 * PADDING, SIDE + TITLE + 2.0 * PADDING);
    let columns = ((ui.available_width() + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
    let count = context.session.exploration.pictures().len();
    let mut focused = false;
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, cell.y, count.div_ceil(columns), |ui, rows| {
        for row in rows {
            let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
            for index in row * columns..((row + 1) * columns).min(count) {
                let left = line.left() + (index - row * columns) as f32 * (cell.x + GAP);
                focused |= show_cell(ui, context, view, index, Rect::from_min_size(pos2(left, line.top()), cell));
            }
        }
    });
    move_selection(ui, context, columns, focused);
}

fn toolbar(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut PicturesView) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let open = ui.add(Button::new(RichText::new("Open...").small())).on_hover_text("Choose an image file");
        if open.accessible_name("Open a picture").clicked() {
            *context.wanted = Some(Wanted::Pictures);
        }
        let hint = "path of images";
        let (field, path) = view.drafts.field(ui, "pictures", "", hint, 136.0_f32.min(ui.available_width()));
        field
            .on_hover_text("Adds the image at this path, or the first 64 files of a folder or an archive")
            .accessible_name("Path of pictures");
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            context.session.exploration.open_pictures(ui.ctx(), vec![PathBuf::from(path)]);
        }
        let inside = ui.add(Button::new(RichText::new("Pictures inside").small()));
        if inside.on_hover_text("Show the pictures that come with Glassbox, and no others: photographs, or digits for a network of grey images").clicked() {
            context.session.exploration.reset_pictures();
        }
        from_data(ui, context, view);
        let draw = ui.add(Button::selectable(view.draws, RichText::new("Draw").small()));
        if draw.on_hover_text("A pad: the drawing becomes a picture").accessible_name("Draw a picture").clicked() {
            view.draws = !view.draws;
        }
        if context.session.exploration.is_reading() {
            ui.spinner();
        }
        if let Some(reason) = context.session.exploration.refused() {
            ui.label(RichText::new(reason).small().color(ui.visuals().error_fg_color));
        }
    });
}

/// Adds some images of the data set that the settings name.
fn from_data(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut PicturesView) {
    let data = &context.book.current().config.data;
    let button = ui.add(Button::new(RichText::new("From the data").small()));
    let about = format!("Adds {FROM_DATA} test images of `{}`, the data set of the settings, at random", data.source);
    if button.on_hover_text(about).accessible_name("Add images of the data set").clicked() {
        view.taken += 1;
        let (name, options, seed) = (data.source.clone(), data.images, view.taken);
        context.session.exploration.add_from_data(ui.ctx(), name, options, FROM_DATA, seed);
    }
}

/// The pad. The network looks at the drawing after each stroke.
fn draw(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut PicturesView) {
    view.is_drawn |= view.pad.show(ui, PAD.min(ui.available_height().max(SIDE)));
    let is_held = ui.input(|input| input.pointer.any_down());
    if view.is_drawn && !is_held {
        view.is_drawn = false;
        if let Err(reason) = take_drawing(&mut context.session.exploration, &view.pad) {
            context.session.log.error(reason);
        }
    }
}

/// # Errors
/// When there are as many pictures as there may be.
fn take_drawing(exploration: &mut Exploration, pad: &DrawingPad) -> Result<(), String> {
    let shape = ImageShape::new(1, DRAWN_SIDE, DRAWN_SIDE);
    let drawn = pad.image(shape).and_then(|pixels| Picture::of_pixels(DRAWING, shape, pixels));
    exploration.replace(DRAWING, drawn)
}

impl PicturesView {
    /// A texture for each picture that is known, in their order; those that are there already are kept.
    fn renew_textures(&mut self, ui: &Ui, guesses: &[Guessed], input: ImageShape) {
        let shape = Shape::new(input.channels, input.height, input.width);
        self.textures.retain(|(seen, _)| guesses.iter().flatten().any(|guessed| Arc::ptr_eq(&guessed.seen, seen)));
        for guessed in guesses.iter().flatten() {
            if !self.textures.iter().any(|(seen, _)| Arc::ptr_eq(seen, &guessed.seen)) {
                let atlas = ImageAtlas::new(ui.ctx(), "picture", shape, std::iter::once(&*guessed.seen));
                self.textures.push((Arc::clone(&guessed.seen), atlas));
            }
        }
    }

    fn texture(&self, guessed: &SeenAndGuessed) -> Option<&ImageAtlas> {
        self.textures.iter().find(|(seen, _)| Arc::ptr_eq(seen, &guessed.seen)).map(|(_, atlas)| atlas)
    }
}

/// Returns whether it has the keys.
fn show_cell(ui: &mut Ui, context: &mut LabContext<'_>, view: &PicturesView, index: usize, rect: Rect) -> bool {
    let exploration = &context.session.exploration;
    let Some(name) = exploration.pictures().get(index).map(|picture| picture.name.clone()) else { return false };
    let guessed = exploration.guesses().get(index).cloned();
    let response = ui.interact(rect, ui.scope_id().with(("picture", index)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, describe(index, &name, guessed.as_ref())));
    let is_selected = exploration.selected() == Some(index);
    let (visuals, painter) = (ui.visuals(), ui.painter());
    let (text, weak) = (visuals.text_color(), visuals.weak_text_color());
    let inner = rect.shrink(PADDING);
    let small = FontId::proportional(theme::SMALL_SIZE);
    let clipped = painter.with_clip_rect(Rect::from_min_max(inner.min, pos2(inner.right() - 20.0, inner.bottom())));
    clipped.text(inner.left_top(), Align2::LEFT_TOP, &name, small.clone(), text);
    let picture = Rect::from_min_size(inner.min + vec2(0.0, TITLE), vec2(SIDE, SIDE));
    let beside = Rect::from_min_max(pos2(picture.right() + GAP, picture.top()), inner.max);
    match &guessed {
        None => {
            painter.text(beside.left_top(), Align2::LEFT_TOP, "asking...", small, weak);
        }
        Some(Err(reason)) => {
            let galley = painter.layout(reason.clone(), small, visuals.error_fg_color, beside.width());
            painter.galley(beside.min, galley, visuals.error_fg_color);
        }
        Some(Ok(guessed)) => {
            if let Some(atlas) = view.texture(guessed) {
                let pixels_per_point = ui.pixels_per_point();
                let room = atlas.size(1, pixels_per_point);
                // Small images on whole pixels; large ones are scaled down.
                let size = if room.x <= SIDE && room.y <= SIDE {
                    atlas.size(atlas.scale_within(SIDE, pixels_per_point), pixels_per_point)
                } else {
                    room * (SIDE / room.x.max(room.y))
                };
                atlas.paint(painter, 0, Rect::from_min_size(snap(picture.min, pixels_per_point), size));
            }
            paint_guesses(ui, guessed, beside);
        }
    }
    if is_selected || response.has_focus() || response.hovered() {
        let colour = if is_selected || response.has_focus() { theme::accent(visuals.dark_mode) } else { weak };
        painter.rect_stroke(rect, 2.0, Stroke::new(1.0, colour), StrokeKind::Inside);
    }
    let corner = Rect::from_min_size(pos2(inner.right() - 18.0, inner.top() - 2.0), vec2(18.0, 18.0));
    let builder = UiBuilder::new().id_salt(("remove", index)).max_rect(corner);
    let button = ui.new_child(builder).add(Button::new(icon::X).small().frame_when_inactive(false));
    if button.on_hover_text("Remove this picture").accessible_name(format!("Remove picture {}", index + 1)).clicked() {
        context.session.exploration.remove(index);
    } else if response.clicked() {
        context.session.exploration.select(index);
    }
    response.has_focus()
}

/// A line a class: its name over a bar, its probability at the right.
fn paint_guesses(ui: &Ui, guessed: &SeenAndGuessed, rect: Rect) {
    let painter = ui.painter().with_clip_rect(rect);
    let visuals = ui.visuals();
    let (text, weak) = (visuals.text_color(), visuals.weak_text_color());
    let (names, numbers) = (FontId::proportional(theme::SMALL_SIZE), FontId::monospace(theme::SMALL_SIZE));
    for (rank, guess) in guessed.guesses.iter().enumerate() {
        let top = rect.top() + rank as f32 * (LINE + 4.0);
        let line = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), LINE));
        let bar = Rect::from_min_size(pos2(line.left(), line.bottom() - 3.0), vec2(line.width(), 3.0));
        painter.rect_filled(bar, 1.0, theme::border(visuals.dark_mode));
        let filled = vec2(bar.width() * guess.probability.clamp(0.0, 1.0) as f32, bar.height());
        painter.rect_filled(Rect::from_min_size(bar.min, filled), 1.0, theme::accent(visuals.dark_mode));
        let value = format::percent(guess.probability);
        let value = painter.text(line.right_top(), Align2::RIGHT_TOP, value, numbers.clone(), weak);
        let room = Rect::from_min_max(line.min, pos2(value.left() - 4.0, line.bottom()));
        painter.with_clip_rect(room).text(line.left_top(), Align2::LEFT_TOP, &guess.name, names.clone(), text);
    }
}

fn describe(index: usize, name: &str, guessed: Option<&Guessed>) -> String {
    let said = match guessed {
        None => "asking".to_owned(),
        Some(Err(reason)) => reason.clone(),
        Some(Ok(guessed)) => {
            let guesses = guessed.guesses.iter();
            let said = guesses.map(|guess| format!("{} {}", guess.name, format::percent(guess.probability)));
            said.collect::<Vec<_>>().join(", ")
        }
    };
    format!("Picture {}, {name}: {said}", index + 1)
}

/// Arrow keys move from picture to picture, while one of them has the keys.
fn move_selection(ui: &Ui, context: &mut LabContext<'_>, columns: usize, has_focus: bool) {
    let exploration = &mut context.session.exploration;
    let Some(selected) = exploration.selected().filter(|_| has_focus) else { return };
    let step = ui.input(|input| {
        let pressed = |key| isize::from(input.key_pressed(key));
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
            + (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * columns as isize
    });
    let next = selected.checked_add_signed(step).filter(|next| step != 0 && *next < exploration.pictures().len());
    if let Some(next) = next {
        exploration.select(next);
    }
}

/// A guess a row.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let exploration = &context.session.exploration;
    let mut records = Records::new(["picture", "rank", "class", "name", "logit", "probability"]);
    for (picture, guessed) in exploration.pictures().iter().zip(exploration.guesses()) {
        for (rank, guess) in guessed.iter().flat_map(|guessed| &guessed.guesses).enumerate() {
            records.push([
                picture.name.clone(),
                (rank + 1).to_string(),
                guess.index.to_string(),
                guess.name.clone(),
                guess.logit.to_string(),
                guess.probability.to_string(),
            ]);
        }
    }
    (!records.is_empty()).then_some(records)
}
