//! The network as blocks, from the input on the left to the output on the right.

use crate::nets::{Architecture, LayerKind, Shape, Survey};
use crate::ui::app::Selection;
use crate::ui::labs::LabContext;
use crate::ui::theme;
use egui::{
    Align2, Color32, FontId, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    scroll_area::ScrollBarVisibility, vec2,
};

const HEIGHT: f32 = 11.0 * theme::UNIT;
const BLOCK: f32 = 5.5 * theme::UNIT;
const NAMES: f32 = 26.0;
/// A layer this many numbers high (as a logarithm) fills the strip.
const MOST_OCTAVES: f32 = 12.0;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, architecture: &Architecture, survey: &Survey) {
    let area =
        ScrollArea::horizontal().id_salt("picture").scroll_bar_visibility(ScrollBarVisibility::VisibleWhenNeeded);
    area.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            block(ui, "input", Some(architecture.input), ui.visuals().weak_text_color(), false, "Input");
            for (layer, row) in architecture.layers.iter().zip(&survey.layers) {
                let is_selected = matches!(&context.session.selection, Selection::Layer(name) if *name == layer.name);
                let shape = row.as_ref().ok().map(|row| row.output);
                let colour = if row.is_ok() { family_colour(&layer.kind) } else { ui.visuals().error_fg_color };
                let says = format!("Block {}", layer.name);
                if block(ui, &layer.name, shape, colour, is_selected, &says) {
                    context.session.selection = Selection::Layer(layer.name.clone());
                }
            }
        });
    });
}

/// Layers that learn, pool, squash and normalise are told apart.
fn family_colour(kind: &LayerKind) -> Color32 {
    let family = match kind {
        LayerKind::Conv2d(_) | LayerKind::Block(_) => 0,
        LayerKind::Linear(_) => 4,
        LayerKind::MaxPool2d(_) | LayerKind::AveragePool2d(_) => 2,
        LayerKind::Relu(_) | LayerKind::Relu6(_) | LayerKind::Tanh(_) | LayerKind::Sigmoid(_) => 1,
        LayerKind::BatchNorm(_) | LayerKind::LocalResponseNorm(_) | LayerKind::Dropout(_) => 3,
        LayerKind::Flatten(_) => 6,
    };
    theme::class_colour(family)
}

/// As high as the image is tall and as wide as it has channels, on logarithmic scales; a vector is a column.
fn block(ui: &mut Ui, name: &str, shape: Option<Shape>, colour: Color32, is_selected: bool, says: &str) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(BLOCK, HEIGHT), Sense::click());
    let text = shape.map_or_else(|| "impossible".to_owned(), |shape| shape.to_string());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, says));
    if ui.is_rect_visible(rect) {
        let room = rect.height() - NAMES;
        let octaves = |count: usize| ((count.max(1) as f32).log2() / MOST_OCTAVES).clamp(0.0, 1.0);
        let (width, height) = match shape {
            Some(shape) if shape.is_vector() => (6.0, 6.0 + octaves(shape.channels) * (room - 6.0)),
            Some(shape) => (6.0 + 28.0 * octaves(shape.channels), 6.0 + 2.0 * octaves(shape.height) * (room - 6.0)),
            None => (16.0, 16.0),
        };
        let middle = pos2(rect.center().x, rect.top() + room / 2.0);
        let picture = Rect::from_center_size(middle, vec2(width, height.min(room)));
        let painter = ui.painter();
        painter.rect(picture, 2.0, colour.gamma_multiply(0.55), Stroke::new(1.0, colour), StrokeKind::Inside);
        let visuals = ui.visuals();
        let ink = if is_selected { theme::accent(visuals.dark_mode) } else { visuals.text_color() };
        let painter = painter.with_clip_rect(rect.intersect(ui.clip_rect()));
        let below = pos2(rect.center().x, rect.bottom() - NAMES + 2.0);
        painter.text(below, Align2::CENTER_TOP, name, FontId::proportional(theme::SMALL_SIZE), ink);
        let small = FontId::monospace(theme::SMALL_SIZE - 2.0);
        painter.text(below + vec2(0.0, 13.0), Align2::CENTER_TOP, &text, small, visuals.weak_text_color());
        if is_selected || response.hovered() || response.has_focus() {
            let stroke = Stroke::new(1.0, if response.hovered() { visuals.weak_text_color() } else { ink });
            painter.rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
        }
    }
    response.on_hover_text(format!("{name}: {text}")).clicked()
}
