//! How scenes are composed, where the data set is one of scenes: what is changed here becomes the text of the setting.

use super::super::specs;
use super::LabContext;
use crate::data::SceneSpec;
use crate::ui::theme;
use egui::{DragValue, RichText, Ui, emath::Numeric};
use std::ops::RangeInclusive;

/// What is being changed, until the pointer and the keys let go of it: composing takes a second.
#[derive(Default)]
pub(super) struct ScenesView {
    draft: Option<SceneSpec>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ScenesView) {
    let source = &context.book.current().config.data.source;
    let Some(current) = SceneSpec::is_meant_by(source).then(|| source.parse::<SceneSpec>().ok()).flatten() else {
        return;
    };
    let has_canvas = context.book.current().config.data.images.size.is_none();
    let mut spec = view.draft.take().unwrap_or_else(|| current.clone());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let options = &mut spec.options;
        if has_canvas {
            value(ui, "canvas", "Rows and columns of a scene, in pixels", &mut options.side, 16..=256);
        }
        value(ui, "objects", "The fewest objects of a scene", &mut options.objects.0, 1..=16);
        value(ui, "to", "The most objects of a scene: what finds no room is left out", &mut options.objects.1, 1..=16);
        value(ui, "scale", "The smallest scale of an object", &mut options.scale.0, 0.1..=4.0);
        value(ui, "to ", "The largest scale of an object", &mut options.scale.1, 0.1..=4.0);
        value(ui, "rotation", "The largest rotation either way, in degrees", &mut options.rotation, 0.0..=180.0);
        value(ui, "clutter", "Pieces of other images, strewn about", &mut options.clutter, 0..=200);
        value(ui, "scenes", "For training; a fifth as many are for testing", &mut spec.count, 1..=200_000);
    });
    let options = &mut spec.options;
    options.objects.1 = options.objects.1.max(options.objects.0);
    options.scale.1 = options.scale.1.max(options.scale.0);
    if spec == current {
        return;
    }
    let is_held = ui.input(|input| input.pointer.any_down()) || ui.ctx().text_edit_focused();
    if is_held {
        view.draft = Some(spec);
    } else {
        context.edit(ui, specs::SOURCE.key, |settings| settings.config.data.source = spec.to_string());
    }
}

fn value<N: Numeric>(ui: &mut Ui, name: &str, about: &str, value: &mut N, range: RangeInclusive<N>) {
    ui.label(RichText::new(name).small().weak()).on_hover_text(about);
    let most_decimals = if N::INTEGRAL { 0 } else { 2 };
    let field = DragValue::new(value).range(range).max_decimals(most_decimals);
    ui.name_inputs(about, |ui| ui.add(field).on_hover_text(about));
}
