//! A pad to draw on: the drawing is made into an image as MNIST's were, and classified while it is drawn.

use super::LabContext;
use crate::data::{Drawing, ImageShape, PAPER};
use crate::engine::{ImageSource, Started};
use crate::ui::app::{Action, Looked, Selection, Session};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::activations::ActivationAtlas;
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::probabilities::{class_name, most_likely, rows};
use crate::ui::widgets::{empty::empty, format};
use egui::{
    Button, ColorImage, Event, Pos2, Rect, Response, RichText, Role, ScrollArea, Sense, Slider, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, UiBuilder, WidgetInfo, vec2,
};
use std::sync::Arc;

const LARGEST_PAD: f32 = 45.0 * theme::UNIT;
const SMALLEST_PAD: f32 = 12.0 * theme::UNIT;
const SEEN_SIDE: f32 = 11.0 * theme::UNIT;
const BARS_WIDTH: f32 = 22.0 * theme::UNIT;
/// Radius of the brush in pixels of the paper: at first about as thick as the pens of MNIST.
const FIRST_RADIUS: f32 = 12.0;

/// What the pane remembers of itself.
pub(super) struct DrawingView {
    drawing: Drawing,
    radius: f32,
    paper: Option<TextureHandle>,
    /// The drawing as the network gets it.
    image: Option<Arc<[u8]>>,
    seen: Option<(Arc<[u8]>, ImageAtlas)>,
    activations: Option<ActivationAtlas>,
    has_focus: bool,
}

impl Default for DrawingView {
    fn default() -> Self {
        Self {
            drawing: Drawing::default(),
            radius: FIRST_RADIUS,
            paper: None,
            image: None,
            seen: None,
            activations: None,
            has_focus: false,
        }
    }
}

impl DrawingView {
    /// Whether Ctrl+Z is meant for the drawing.
    pub(super) fn has_focus(&self) -> bool {
        self.has_focus
    }

    /// Before the panes are drawn: the pad says so again if it is among them.
    pub(super) fn forget_focus(&mut self) {
        self.has_focus = false;
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Edit {
    Undo,
    Redo,
    Clear,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DrawingView) {
    let started = context.session.current().and_then(|run| run.started.clone());
    let mut changed = toolbar(ui, context, view);
    let side = (ui.available_height() - theme::UNIT).min(ui.available_width() * 0.45).clamp(SMALLEST_PAD, LARGEST_PAD);
    let whole = ui.available_rect_before_wrap();
    ui.horizontal_top(|ui| {
        changed |= pad(ui, view, side);
        let rest = Rect::from_min_max(ui.cursor().min, whole.max);
        ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| match &started {
            Some(started) => classification(ui, context, view, started),
            None => no_network(ui, context),
        });
    });
    if changed {
        select(context.session, view, started.as_deref());
    }
}

/// Applies an edit that came by a key.
pub(super) fn edit(session: &mut Session, view: &mut DrawingView, edit: Edit) {
    apply(view, edit);
    let started = session.current().and_then(|run| run.started.clone());
    select(session, view, started.as_deref());
}

fn apply(view: &mut DrawingView, edit: Edit) {
    match edit {
        Edit::Undo => view.drawing.undo(),
        Edit::Redo => view.drawing.redo(),
        Edit::Clear => view.drawing.clear(),
    }
    if let Some(paper) = &mut view.paper {
        paper.set_partial([0, 0], picture(&view.drawing), TextureOptions::LINEAR);
    }
}

/// The drawing becomes the selection: the inspector, and the engine's next look, are about it.
fn select(session: &mut Session, view: &mut DrawingView, started: Option<&Started>) {
    let shape = started.map(|started| started.image_shape);
    let shape = shape.map(|shape| ImageShape { channels: shape.channels, height: shape.height, width: shape.width });
    view.image = shape.and_then(|shape| view.drawing.image(shape)).map(Arc::from);
    match &view.image {
        Some(image) => session.selection = Selection::Image(ImageSource::Pixels(Arc::clone(image))),
        None if matches!(session.selection, Selection::Image(ImageSource::Pixels(_))) => {
            session.selection = Selection::Nothing;
        }
        None => {}
    }
}

/// Returns whether the drawing was changed.
fn toolbar(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DrawingView) -> bool {
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().slider_width = 10.0 * theme::UNIT;
        ui.label(RichText::new("Brush").small().weak());
        ui.name_inputs("Brush size", |ui| {
            let slider = Slider::new(&mut view.radius, 4.0..=30.0).fixed_decimals(0);
            ui.add(slider).accessible_name("Brush size").on_hover_text(
                "Radius of the brush. The pad is 280 pixels wide, ten for each of MNIST's; strokes of MNIST are about 2.5 wide",
            );
        });
        let edits = [
            (Edit::Undo, "Undo", "Undo stroke", view.drawing.can_undo(), "Take back the last stroke (Ctrl+Z while you draw)"),
            (Edit::Redo, "Redo", "Redo stroke", view.drawing.can_redo(), "Draw the stroke again that was taken back"),
            (Edit::Clear, "Clear", "Clear drawing", view.drawing.has_ink(), "A clean pad; this too can be undone"),
        ];
        for (edit, text, name, possible, tooltip) in edits {
            let button = ui.add_enabled(possible, Button::new(text).small()).on_hover_text(tooltip);
            if button.accessible_name(name).clicked() {
                chosen = Some(edit);
            }
        }
        send_to(ui, context, view);
    });
    if let Some(edit) = chosen {
        apply(view, edit);
    }
    chosen.is_some()
}

/// The drawing goes to another pane.
fn send_to(ui: &mut Ui, context: &mut LabContext<'_>, view: &DrawingView) {
    let image = view.image.clone();
    ui.add_enabled_ui(image.is_some(), |ui| {
        let menu = ui.menu_button(RichText::new(format!("Send to {}", icon::CARET_DOWN)).small(), |ui| {
            let Some(image) = image else { return };
            let samples = ui.button("Samples").on_hover_text("Watch what the network thinks of it while it learns");
            if samples.accessible_name("Send to samples").clicked() {
                context.session.add_sample(image.clone());
                context.actions.push(Action::Reveal(super::Pane::Samples));
            }
            let inspector =
                ui.button("Inspector").on_hover_text("Its probabilities and the activations of every layer");
            if inspector.accessible_name("Send to inspector").clicked() {
                context.session.selection = Selection::Image(ImageSource::Pixels(image));
                context.actions.push(Action::OpenInspector);
            }
        });
        menu.response.on_hover_text("Show this drawing in another pane").accessible_name("Send drawing to");
    });
}

/// Returns whether something was drawn.
fn pad(ui: &mut Ui, view: &mut DrawingView, side: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Drawing pad"));
    let changed = draw(ui, view, rect, &response);
    if response.is_pointer_button_down_on() {
        response.request_focus();
    }
    view.has_focus = response.has_focus();
    let paper = view
        .paper
        .get_or_insert_with(|| ui.ctx().load_texture("paper", picture(&view.drawing), TextureOptions::LINEAR));
    if changed {
        paper.set_partial([0, 0], picture(&view.drawing), TextureOptions::LINEAR);
    }
    let painter = ui.painter();
    let uv = Rect::from_min_max(Pos2::ZERO, egui::pos2(1.0, 1.0));
    painter.image(paper.id(), rect, uv, egui::Color32::WHITE);
    let visuals = ui.visuals();
    let border = if view.has_focus { theme::accent(visuals.dark_mode) } else { theme::border(visuals.dark_mode) };
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, border), StrokeKind::Outside);
    if !view.drawing.has_ink() {
        let font = egui::TextStyle::Body.resolve(ui.style());
        let grey = egui::Color32::from_gray(150);
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, "Draw a digit here", font, grey);
    }
    if let Some(pointer) = response.hover_pos() {
        painter.circle_stroke(pointer, view.radius * side / PAPER as f32, Stroke::new(1.0, egui::Color32::GRAY));
    }
    response.on_hover_cursor(egui::CursorIcon::Crosshair);
    changed
}

/// Every place the pointer was at since the last frame, not only the last one: a fast hand draws round curves too.
fn draw(ui: &Ui, view: &mut DrawingView, rect: Rect, response: &Response) -> bool {
    let on_paper = |at: Pos2| {
        let place = (at - rect.min) / rect.width() * PAPER as f32;
        [place.x, place.y]
    };
    if !response.is_pointer_button_down_on() {
        return false;
    }
    let (pressed, moved) = ui.input(|input| {
        let pressed = input.pointer.primary_pressed().then(|| input.pointer.press_origin()).flatten();
        let moved = input.events.iter().filter_map(|event| match event {
            Event::PointerMoved(at) => Some(*at),
            _ => None,
        });
        (pressed, moved.collect::<Vec<_>>())
    });
    if let Some(at) = pressed {
        view.drawing.begin(view.radius, on_paper(at));
    }
    if ui.input(|input| input.pointer.primary_down()) {
        for at in &moved {
            view.drawing.extend(on_paper(*at));
        }
    }
    pressed.is_some() || !moved.is_empty()
}

fn picture(drawing: &Drawing) -> ColorImage {
    ColorImage::from_gray([PAPER, PAPER], drawing.ink())
}

fn no_network(ui: &mut Ui, context: &mut LabContext<'_>) {
    let text =
        "There is no network yet to classify the drawing: train one, or reset to get one with its first weights.";
    let reset = Action::Reset.hint(ui.ctx());
    if empty(ui, icon::PENCIL, text, Some((&format!("{} Reset", icon::RESET), &reset))) {
        context.actions.push(Action::Reset);
    }
}

fn classification(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DrawingView, started: &Started) {
    let fits = |image: &Arc<[u8]>| image.len() == started.image_shape.units();
    if !view.image.as_ref().is_some_and(fits) && view.drawing.has_ink() {
        // Drawn before there was a network, or for one that takes other images.
        select(context.session, view, Some(started));
    }
    let Some(image) = view.image.clone() else {
        empty(ui, icon::PENCIL, "Draw, and the network says what it sees, stroke by stroke.", None);
        return;
    };
    if view.seen.as_ref().is_none_or(|(shown, _)| !Arc::ptr_eq(shown, &image)) {
        let atlas = ImageAtlas::new(ui.ctx(), "drawn", started.image_shape, std::iter::once(&*image));
        view.seen = Some((Arc::clone(&image), atlas));
    }
    let looked = context.session.inspection.clone();
    let looked = looked.filter(|looked| matches!(looked.inspection.source, ImageSource::Pixels(_)));
    ui.horizontal_top(|ui| {
        ui.allocate_ui(vec2(SEEN_SIDE, ui.available_height()), |ui| {
            ui.vertical(|ui| seen(ui, view, looked.as_ref(), started));
        });
        let Some(looked) = looked else { return };
        let width = BARS_WIDTH.min(ui.available_width());
        ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
            ScrollArea::vertical().id_salt("probabilities").auto_shrink(false).show(ui, |ui| {
                ui.vertical(|ui| rows(ui, &started.class_names, &looked.inspection.probabilities, None));
            });
        });
        if ui.available_width() > SEEN_SIDE {
            activations(ui, context, view, &looked);
        }
    });
}

/// What the network gets, and what it says.
fn seen(ui: &mut Ui, view: &DrawingView, looked: Option<&Looked>, started: &Started) {
    let Some((_, atlas)) = &view.seen else { return };
    let pixels_per_point = ui.pixels_per_point();
    let size = atlas.size(atlas.scale_within(SEEN_SIDE, pixels_per_point), pixels_per_point);
    let (space, response) = ui.allocate_exact_size(size, Sense::hover());
    response.on_hover_text(
        "What the network gets: scaled to 20 pixels, then moved so that its centre of mass lies in the middle, as MNIST was made",
    );
    atlas.paint(ui.painter(), 0, Rect::from_min_size(snap(space.min, pixels_per_point), size));
    let Some(looked) = looked else {
        ui.label(RichText::new("asking...").small().weak());
        return;
    };
    let probabilities = &looked.inspection.probabilities;
    if let Some(predicted) = most_likely(probabilities) {
        let name = class_name(&started.class_names, predicted);
        let share = format::short_percent(f64::from(probabilities[predicted]));
        let heading = RichText::new(&name).font(egui::FontId::new(theme::HEADING_SIZE, theme::semibold()));
        let said = format!("Drawn digit: {name} at {share}");
        ui.label(heading).widget_info(|| WidgetInfo::labeled(Role::Label, true, said.clone()));
        ui.label(RichText::new(format!("at {share}")).small());
    }
    ui.label(RichText::new(format!("step {}", format::count(looked.generation))).small().weak());
}

fn activations(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DrawingView, looked: &Looked) {
    let dark = ui.visuals().dark_mode;
    if view.activations.as_ref().is_none_or(|atlas| !atlas.fits(&looked.inspection)) {
        view.activations = Some(ActivationAtlas::new(ui.ctx(), &looked.inspection, dark));
    }
    let Some(atlas) = &mut view.activations else { return };
    atlas.update(looked.generation, &looked.inspection, dark);
    ScrollArea::vertical().id_salt("activations").auto_shrink(false).show(ui, |ui| {
        if let Some(layer) = ui.vertical(|ui| atlas.show(ui, None)).inner {
            context.session.selection = Selection::Layer(layer);
        }
    });
}

/// What the network says of the drawing, class by class.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let looked = context.session.inspection.as_ref()?;
    let names = context.session.current()?.class_names();
    let mut records = Records::new(["step", "class", "probability"]);
    for (class, probability) in looked.inspection.probabilities.iter().enumerate() {
        records.push([looked.generation.to_string(), class_name(names, class), probability.to_string()]);
    }
    matches!(looked.inspection.source, ImageSource::Pixels(_)).then_some(records)
}
