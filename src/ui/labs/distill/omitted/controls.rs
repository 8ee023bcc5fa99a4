//! Which classes are shifted, and how far: together, or each on its own.

use super::shifts::{Lacking, Subject};
use super::{NAME, OmittedView};
use crate::experiments::HeldOut;
use crate::ui::labs::LabContext;
use crate::ui::labs::distill::pair::Pair;
use crate::ui::labs::distill::{Shared, choices};
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Button, CollapsingHeader, Label, PopupCloseBehavior, RichText, ScrollArea, Slider, SliderClamping, Ui, vec2,
};

/// Of the menu of classes.
const MENU: f32 = 30.0 * theme::UNIT;
const LONGEST_LIST: usize = 5;

/// Shifts as they are set: in hundredths.
pub(super) fn rounded(shift: f64) -> f64 {
    (shift * 100.0).round() / 100.0
}

/// The names of a few classes, of many the number.
pub(super) fn list(names: &[String], classes: &[usize]) -> String {
    if classes.len() > LONGEST_LIST {
        return format!("{} classes", classes.len());
    }
    classes.iter().map(|&class| class_name(names, class)).collect::<Vec<_>>().join(", ")
}

pub(super) fn toolbar(
    ui: &mut Ui,
    context: &LabContext<'_>,
    view: &mut OmittedView,
    shared: &mut Shared,
    pair: &Pair,
    lacking: &Lacking,
    shifted: &[usize],
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        choose_classes(ui, view, &pair.class_names, shifted);
        choices::student(ui, context, shared, NAME);
        choices::split(ui, context, shared, NAME);
        let text = match lacking {
            Lacking::Nothing => "every class was in the transfer set".to_owned(),
            Lacking::Except(classes) => format!("the transfer set lacks {}", list(&pair.class_names, classes)),
            Lacking::Only(classes) => format!("the transfer set holds only {}", list(&pair.class_names, classes)),
        };
        ui.add(Label::new(RichText::new(text).small().weak()).truncate());
    });
}

/// A menu of all classes, each on or off.
fn choose_classes(ui: &mut Ui, view: &mut OmittedView, names: &[String], shifted: &[usize]) {
    let shown = if shifted.is_empty() { "none".to_owned() } else { list(names, shifted) };
    let button = ui.add(Button::new(RichText::new(format!("Shift {shown}")).small()));
    let button = button.on_hover_text("The classes whose logits are shifted; at first those that the paper shifts");
    let button = button.accessible_name("Classes to shift");
    egui::Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_max_width(MENU);
        ScrollArea::vertical().max_height(MENU).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(3.0, 3.0);
                for class in 0..names.len() {
                    let name = class_name(names, class);
                    let is_on = shifted.contains(&class);
                    let tooltip = "Whether the logit of this class is shifted";
                    if choices::small_toggle(ui, is_on, &name, tooltip, format!("Shift class {name}")).clicked() {
                        let kept = (0..names.len()).filter(|&other| shifted.contains(&other) != (other == class));
                        view.chosen = Some(kept.collect());
                        view.shifts.fill(0.0);
                    }
                }
            });
        });
    });
}

/// The slider for all the classes, and what takes it somewhere at once. Returns the shift that was set.
pub(super) fn common(ui: &mut Ui, shift: f64, range: (f64, f64), best: Option<f64>) -> Option<f64> {
    let mut set = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.label(RichText::new("Shift").small());
        if let Some(moved) = slider(ui, shift, range, "Common shift", "Added to the logits of all these classes") {
            set = Some(moved);
        }
        if let Some(best) = best {
            let tooltip =
                "Takes the middle of the shifts whose errors on the validation images are within one standard error of the fewest: \
                 no test image has a say in it";
            let button = ui.add(Button::new(RichText::new("Tune on validation").small())).on_hover_text(tooltip);
            if button.clicked() {
                set = Some(best);
            }
        }
        let button = ui.add_enabled(shift != 0.0, Button::new(RichText::new("No shift").small()));
        if button.on_hover_text("As the student came from training").clicked() {
            set = Some(0.0);
        }
    });
    set
}

/// Returns the shift if it was moved.
fn slider(ui: &mut Ui, shift: f64, range: (f64, f64), name: &str, tooltip: &str) -> Option<f64> {
    let mut moved = shift;
    ui.spacing_mut().slider_width = 14.0 * theme::UNIT;
    ui.name_inputs(name.to_owned(), |ui| {
        let slider = Slider::new(&mut moved, range.0..=range.1).max_decimals(2).clamping(SliderClamping::Edits);
        let response = ui.add(slider).on_hover_text(tooltip);
        let response = response.accessible_name(name);
        response.changed().then_some(())
    })
    .map(|()| rounded(moved))
}

/// A slider a class, with its errors.
pub(super) fn each_class(
    ui: &mut Ui,
    view: &mut OmittedView,
    pair: &Pair,
    subject: &Subject,
    range: (f64, f64),
    split: HeldOut,
) {
    let header = CollapsingHeader::new(RichText::new("A slider a class").small()).id_salt("a slider a class");
    let shown = header.show(ui, |ui| {
        let Some(evaluation) = subject.on(split) else { return };
        let errors = view.class_errors(ui, evaluation).cloned().unwrap_or_default();
        for &class in &subject.shifted {
            ui.horizontal_wrapped(|ui| {
                let name = class_name(&pair.class_names, class);
                ui.label(RichText::new(&name).small());
                let tooltip = "Added to the logit of this class alone";
                if let Some(shift) = slider(ui, view.shifts[class], range, &format!("Shift of {name}"), tooltip) {
                    view.shifts[class] = shift;
                }
                let images = evaluation.classes.get(class).map_or(0, |class| class.examples);
                let wrong = errors.get(class).copied().unwrap_or(0);
                let text = format!("{} of {} wrong", format::count(wrong as u64), format::count(u64::from(images)));
                ui.label(RichText::new(text).small().weak());
            });
        }
        best_of_each(ui, view, subject);
    });
    shown.header_response.on_hover_text("Another shift for each of these classes");
}

/// Takes the best shift of each class on the validation images, once they are found.
fn best_of_each(ui: &mut Ui, view: &mut OmittedView, subject: &Subject) {
    let wanted = subject.clone();
    let found = view.best_of_each.of(ui.ctx(), subject, move || wanted.best_of_each());
    let best = found.filter(|(of, _)| *of == subject).and_then(|(_, best)| best.as_ref());
    let tooltip = "Takes for each class in turn the shift with the fewest errors on the validation images, until none helps: \
                   never worse than one shift for all, on these images";
    let button = ui.add_enabled(best.is_some(), Button::new(RichText::new("Best of each on validation").small()));
    if button.on_hover_text(tooltip).clicked()
        && let Some(best) = best
        && best.shifts.len() == view.shifts.len()
    {
        view.shifts.clone_from(&best.shifts);
    }
}
