//! What several panes let a person choose of what they look at together, and what they show before there is anything.

use super::subject::open_pretrained;
use super::{Pane, Shared, pair};
use crate::experiments::{ExperimentConfig, HeldOut, Role, distillation_preset};
use crate::ui::app::{ExperimentRecord, evaluation_of};
use crate::ui::labs::LabContext;
use crate::ui::theme;
use crate::ui::widgets::empty::empty;
use egui::{Button, ComboBox, Response, RichText, Slider, SliderClamping, Ui};
use std::ops::RangeInclusive;

/// A wider range is typed.
const TEMPERATURES: RangeInclusive<f64> = 0.5..=100.0;

/// Says what will be seen here and what is missing, with the button that fills it.
pub(super) fn nothing_yet(ui: &mut Ui, context: &mut LabContext<'_>, shared: &mut Shared, icon: &str, text: &str) {
    if let Some(split) = other_split(context, shared) {
        let text = format!("{text} There is nothing of the {} images yet.", shared.split.name());
        let button = format!("Look at the {} images", split.name());
        if empty(ui, icon, &text, Some((&button, "Teacher and student have been evaluated on these"))) {
            shared.split = split;
        }
    } else if context.session.experiment().is_some_and(ExperimentRecord::is_alive) {
        let text = format!("{text} It begins when both teacher and student have been evaluated.");
        let button =
            ("See how far it is", "Teachers are evaluated before the students, each student after every epoch");
        if empty(ui, icon, &text, Some(button)) {
            context.reveal(Pane::Members);
        }
    } else {
        let tooltip = "A teacher and two students that come with Glassbox, trained already: evaluated within seconds";
        if empty(ui, icon, text, Some(("Show the pretrained pair", tooltip))) {
            open_pretrained(context);
        }
    }
}

/// Where teacher and student can be seen, if it is not the split that is shown.
fn other_split(context: &LabContext<'_>, shared: &Shared) -> Option<HeldOut> {
    let other = HeldOut::ALL.into_iter().find(|&split| split != shared.split)?;
    pair::Pair::of(context, &Shared { split: other, ..shared.clone() }).map(|_| other)
}

/// Makes a preset the settings of the lab, and starts it.
pub(super) fn start_preset(ui: &Ui, context: &mut LabContext<'_>, name: &str) {
    let Some(preset) = distillation_preset(name) else { return };
    context.edit(ui, "distillation", |settings| settings.distillation = preset.clone());
    let config = ExperimentConfig::Distillation(Box::new(preset));
    context.session.start_experiment(config, context.book.current(), true);
}

/// One of several, side by side: name, what it shows. `pane` begins its accessible name.
pub(super) fn switch<T: Copy + PartialEq>(ui: &mut Ui, pane: &str, current: &mut T, all: &[(T, &str, &str)]) {
    for &(value, name, tooltip) in all {
        if small_toggle(ui, *current == value, name, tooltip, format!("{pane}: {name}")).clicked() {
            *current = value;
        }
    }
}

pub(super) fn small_toggle(ui: &mut Ui, on: bool, text: &str, tooltip: &str, name: String) -> Response {
    let button = ui.add(Button::selectable(on, RichText::new(text).small()));
    button.on_hover_text(tooltip).accessible_name(name)
}

/// `T`, the same in all panes; first in its line, since a slider does not wrap.
pub(super) fn temperature(ui: &mut Ui, shared: &mut Shared, pane: &str) {
    // The number beside it takes the rest.
    ui.spacing_mut().slider_width =
        (ui.available_width() - 9.0 * theme::UNIT).clamp(4.0 * theme::UNIT, 12.0 * theme::UNIT);
    ui.label(RichText::new("T").small());
    let name = format!("{pane}: temperature");
    ui.name_inputs(name.clone(), |ui| {
        let slider = Slider::new(&mut shared.temperature, TEMPERATURES).logarithmic(true).max_decimals(2);
        // Another pane may have set it beyond the range: it stays there.
        let slider = slider.clamping(SliderClamping::Edits).smart_aim(true);
        let tooltip = "Temperature of the soft targets softmax(z / T): the higher, the more the small probabilities show. \
                       All panes follow.";
        ui.add(slider).on_hover_text(tooltip).accessible_name(name);
    });
}

/// Which held-out images, where there is a choice.
pub(super) fn split(ui: &mut Ui, context: &LabContext<'_>, shared: &mut Shared, pane: &str) {
    let Some(started) = context.session.experiment().and_then(|experiment| experiment.started.as_ref()) else { return };
    if started.validation.is_none() {
        return;
    }
    let tooltips = ["Images held out of the training set; every choice is made on these", "The test images"];
    for (split, tooltip) in HeldOut::ALL.into_iter().zip(tooltips) {
        let name = format!("{pane} on {} images", split.name());
        if small_toggle(ui, shared.split == split, split.name(), tooltip, name).clicked() {
            (shared.split, shared.image) = (split, None);
        }
    }
}

/// Which student is looked at, where there are several.
pub(super) fn student(ui: &mut Ui, context: &LabContext<'_>, shared: &mut Shared, pane: &str) {
    let Some(experiment) = context.session.experiment() else { return };
    let Some(current) = pair::student(experiment, shared).map(|member| member.name.clone()) else { return };
    let of_role = |role| experiment.with_role(role).filter(|member| evaluation_of(member, shared.split).is_some());
    let names: Vec<String> = of_role(Role::Student).map(|member| member.name.clone()).collect();
    if names.len() < 2 {
        return;
    }
    let combo = ComboBox::from_id_salt(("student", pane)).width(88.0).truncate();
    let response = combo.selected_text(RichText::new(&current).small()).show_ui(ui, |ui| {
        for name in names {
            if ui.selectable_label(name == current, &name).clicked() {
                shared.student = Some(name);
            }
        }
    });
    response
        .response
        .on_hover_text("The student that is looked at: all panes follow")
        .accessible_name(format!("{pane}: student"));
}
