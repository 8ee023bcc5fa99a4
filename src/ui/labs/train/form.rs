//! The controls of the settings: each reads its setting, changes it, and shows whether it waits for a reset.

use super::LabContext;
use super::specs::Spec;
use crate::engine::RunId;
use crate::experiments::TrainConfig;
use crate::ui::app::{Action, Wanted};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::controls::{control_width, row};
use crate::ui::widgets::typed::Drafts;
use egui::emath::Numeric;
use egui::{ComboBox, DragValue, Response, Ui, vec2};
use std::ops::RangeInclusive;

/// Of the dice and of the menus beside a control.
pub(super) const SIDE_BUTTON: f32 = 28.0;

/// Which settings wait for a reset; worked out only when something changed.
#[derive(Default)]
pub(super) struct Waiting {
    of: Option<(u64, RunId, usize)>,
    pub(super) keys: Vec<String>,
}

impl Waiting {
    pub(super) fn update(&mut self, context: &LabContext<'_>) {
        let run = context.session.current().filter(|run| run.is_alive());
        let of = run.map(|run| (context.book.revision(), run.id, run.changes.len()));
        if of != self.of {
            self.keys = run.map(|run| run.waiting_for_reset(&context.book.current().config)).unwrap_or_default();
            self.of = of;
        }
    }

    pub(super) fn has(&self, spec: &Spec) -> bool {
        self.keys.iter().any(|waiting| waiting == spec.key)
    }
}

/// One frame of the settings.
pub(super) struct Form<'a, 'b> {
    pub(super) context: &'a mut LabContext<'b>,
    pub(super) drafts: &'a mut Drafts,
    pub(super) waiting: &'a Waiting,
}

impl Form<'_, '_> {
    pub(super) fn config(&self) -> &TrainConfig {
        &self.context.book.current().config
    }

    /// One setting: its name, and a control that is given the room there is.
    pub(super) fn row(&self, ui: &mut Ui, spec: &Spec, control: impl FnOnce(&mut Ui) -> Response) -> Response {
        row(ui, spec.name, spec.tooltip, self.waiting.has(spec), control)
    }

    /// A text field with a menu of names and a file dialog. Returns what was chosen.
    pub(super) fn source(
        &mut self,
        ui: &mut Ui,
        spec: &Spec,
        current: &str,
        names: &[&str],
        wanted: Wanted,
    ) -> Option<String> {
        let mut chosen = None;
        let recent = self.context.recent;
        row(ui, spec.name, spec.tooltip, self.waiting.has(spec), |ui| {
            let width = control_width(ui) - SIDE_BUTTON - theme::UNIT;
            let (response, typed) = self.drafts.field(ui, spec.key, current, "name or path", width);
            chosen = typed;
            ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
            let menu = ui.menu_button(icon::CARET_DOWN, |ui| {
                for option in names {
                    if ui.selectable_label(*option == current, *option).clicked() {
                        chosen = Some((*option).to_owned());
                    }
                }
                let paths = recent.paths(wanted);
                let has_recent = !paths.is_empty();
                for (path, obstacle) in paths {
                    let button = egui::Button::selectable(path == current, path).truncate();
                    let response = ui.add_enabled(obstacle.is_none(), button).on_hover_text(path);
                    if response.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
                        chosen = Some(path.to_owned());
                    }
                }
                if has_recent && Action::ClearRecent.explain(ui.button(Action::ClearRecent.name())).clicked() {
                    self.context.actions.push(Action::ClearRecent);
                }
                ui.separator();
                let dialogs: &[(&str, Wanted)] = match wanted {
                    Wanted::Data => &[("Open folder...", Wanted::Data), ("Open file...", Wanted::DataFile)],
                    _ => &[("Open...", wanted)],
                };
                for (text, dialog) in dialogs {
                    if ui.button(format!("{} {text}", icon::FOLDER_OPEN)).clicked() {
                        *self.context.wanted = Some(*dialog);
                    }
                }
            });
            menu.response.accessible_name(format!("Choose {}", spec.name.to_lowercase()));
            response
        });
        chosen
    }

    /// A setting that is typed. Returns the text when it is finished.
    pub(super) fn typed_text(&mut self, ui: &mut Ui, spec: &Spec, current: &str, hint: &str) -> Option<String> {
        let mut finished = None;
        row(ui, spec.name, spec.tooltip, self.waiting.has(spec), |ui| {
            let width = control_width(ui);
            let (response, text) = self.drafts.field(ui, spec.key, current, hint, width);
            finished = text;
            response
        });
        finished
    }

    /// A setting that is typed as the command line takes it.
    pub(super) fn typed(&mut self, ui: &mut Ui, spec: &Spec, current: &str, hint: &str) {
        if let Some(text) = self.typed_text(ui, spec, current, hint) {
            self.context.edit_text(ui, spec.key, &text);
        }
    }

    /// A whole number. `speed` is what a point of dragging adds.
    pub(super) fn number<N: Numeric>(
        &mut self,
        ui: &mut Ui,
        spec: &Spec,
        range: RangeInclusive<N>,
        speed: f64,
        place: fn(&mut TrainConfig) -> &mut N,
    ) {
        let mut value = *place(&mut self.config().clone());
        let widget = DragValue::new(&mut value).range(range).speed(speed).update_while_editing(false);
        if self.value_row(ui, spec, widget).changed() {
            self.context.edit(ui, spec.key, |settings| *place(&mut settings.config) = value);
        }
    }

    /// A number whose size matters more than its digits.
    pub(super) fn real(
        &mut self,
        ui: &mut Ui,
        spec: &Spec,
        range: RangeInclusive<f64>,
        place: fn(&mut TrainConfig) -> &mut f64,
    ) {
        let mut value = *place(&mut self.config().clone());
        let speed = (value.abs() * 0.01).max(1e-5);
        let widget = DragValue::new(&mut value)
            .range(range)
            .speed(speed)
            .update_while_editing(false)
            .custom_formatter(|value, _| theme::figures(value))
            .custom_parser(|text| text.replace(',', "").trim().parse().ok());
        if self.value_row(ui, spec, widget).changed() {
            let value = four_digits(value);
            self.context.edit(ui, spec.key, |settings| *place(&mut settings.config) = value);
        }
    }

    fn value_row(&self, ui: &mut Ui, spec: &Spec, widget: DragValue<'_>) -> Response {
        self.row(ui, spec, |ui| ui.add_sized(vec2(control_width(ui), ui.spacing().interact_size.y), widget))
    }

    pub(super) fn switch(&mut self, ui: &mut Ui, spec: &Spec, place: fn(&mut TrainConfig) -> &mut bool) {
        let mut on = *place(&mut self.config().clone());
        if self.row(ui, spec, |ui| ui.checkbox(&mut on, "")).changed() {
            self.context.edit(ui, spec.key, |settings| *place(&mut settings.config) = on);
        }
    }

    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        ui: &mut Ui,
        spec: &Spec,
        options: &[(T, &str)],
        place: fn(&mut TrainConfig) -> &mut T,
    ) {
        let before = *place(&mut self.config().clone());
        let mut chosen = before;
        self.row(ui, spec, |ui| {
            let text = options.iter().find(|(value, _)| *value == before).map_or("", |(_, text)| *text);
            let combo = ComboBox::from_id_salt(spec.key).width(control_width(ui)).selected_text(text);
            let shown = combo.show_ui(ui, |ui| {
                for (value, text) in options {
                    ui.selectable_value(&mut chosen, *value, *text);
                }
            });
            shown.response
        });
        if chosen != before {
            self.context.edit(ui, spec.key, |settings| *place(&mut settings.config) = chosen);
        }
    }
}

/// What a drag leaves behind its fourth digit means nothing.
pub(super) fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::four_digits;

    #[test]
    fn a_dragged_number_keeps_four_digits() {
        assert_eq!(four_digits(0.001_234_56), 0.001_235);
        assert_eq!(four_digits(0.0), 0.0);
    }
}
