//! A pad to draw on: the drawing is made into an image as MNIST's were, and classified while it is drawn.

use super::LabContext;
use crate::data::ImageShape;
use crate::engine::{ImageSource, Started};
use crate::ui::app::{Action, Looked, Selection, Session};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::activations::ActivationAtlas;
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::drawing_pad::{DrawingPad, Edit};
use crate::ui::widgets::probabilities::{class_name, most_likely, rows};
use crate::ui::widgets::{empty::empty, format};
use egui::{Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use std::sync::Arc;

const LARGEST_PAD: f32 = 45.0 * theme::UNIT;
const SMALLEST_PAD: f32 = 12.0 * theme::UNIT;
const SEEN_SIDE: f32 = 11.0 * theme::UNIT;
const BARS_WIDTH: f32 = 22.0 * theme::UNIT;
/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct DrawingView {
    pad: DrawingPad,
    /// The drawing as the network gets it.
    image: Option<Arc<[u8]>>,
    seen: Option<(Arc<[u8]>, ImageAtlas)>,
    activations: Option<ActivationAtlas>,
}

impl DrawingView {
    /// Whether Ctrl+Z is meant for the drawing.
    pub(super) fn has_focus(&self) -> bool {
        self.pad.has_focus()
    }

    /// Before the panes are drawn: the pad says so again if it is among them.
    pub(super) fn forget_focus(&mut self) {
        self.pad.forget_focus();
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DrawingView) {
    let started = context.session.current().and_then(|run| run.started.clone());
    let mut changed = toolbar(ui, context, view);
    let side = (ui.available_height() - theme::UNIT).min(ui.available_width() * 0.45).clamp(SMALLEST_PAD, LARGEST_PAD);
    let whole = ui.available_rect_before_wrap();
    ui.horizontal_top(|ui| {
        changed |= view.pad.show(ui, side);
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
    view.pad.apply(edit);
    let started = session.current().and_then(|run| run.started.clone());
    select(session, view, started.as_deref());
}

/// The drawing becomes the selection: the inspector, and the engine's next look, are about it.
fn select(session: &mut Session, view: &mut DrawingView, started: Option<&Started>) {
    let shape = started.map(|started| started.image_shape);
    let shape = shape.map(|shape| ImageShape { channels: shape.channels, height: shape.height, width: shape.width });
    view.image = shape.and_then(|shape| view.pad.image(shape));
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
    ui.horizontal_wrapped(|ui| {
        let changed = view.pad.tools(ui);
        send_to(ui, context, view);
        changed
    })
    .inner
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
                context.reveal(super::Pane::Samples);
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
    if !view.image.as_ref().is_some_and(fits) && view.pad.has_ink() {
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
