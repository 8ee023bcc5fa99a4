//! Keys as people know them from the deep-visualization-toolbox (Yosinski et al. 2015).

use super::Shared;
use super::shared::RULES;
use crate::ui::labs::LabContext;
use egui::{Context, Key, Modifiers};

/// `u` and `o` take the layer below and above, `b` the next backward rule, `w` and `e` the picture before and after.
pub(super) fn press(ctx: &Context, context: &mut LabContext<'_>, shared: &mut Shared) {
    if ctx.text_edit_focused() {
        return;
    }
    let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let step = |down, up| isize::from(pressed(up)) - isize::from(pressed(down));
    let (layers, pictures) = (step(Key::U, Key::O), step(Key::W, Key::E));
    if layers != 0
        && let Some(facts) = context.session.exploration.facts()
        && let Some(place) = shared.cut(facts).and_then(|cut| facts.cuts.iter().position(|own| own.cut == cut.cut))
        && let Some(next) = place.checked_add_signed(layers).and_then(|place| facts.cuts.get(place))
    {
        shared.choose(&next.name);
    }
    let exploration = &mut context.session.exploration;
    let next = exploration.selected().and_then(|selected| selected.checked_add_signed(pictures));
    if let Some(next) = next.filter(|next| pictures != 0 && *next < exploration.pictures().len()) {
        exploration.select(next);
    }
    if pressed(Key::B) {
        let place = RULES.iter().position(|(rule, ..)| *rule == shared.rule).unwrap_or(0);
        shared.rule = RULES[(place + 1) % RULES.len()].0;
    }
}
