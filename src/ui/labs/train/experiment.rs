//! The settings of the next run; where a setting is live, of the run in hand too.

use super::LabContext;
use super::typed::Drafts;
use crate::data::{ClassFilter, catalogue};
use crate::engine::RunId;
use crate::experiments::TrainConfig;
use crate::nets::{preset_names, resolve};
use crate::train::{OptimiserKind, ScheduleKind};
use crate::ui::app::{Action, Devices, Wanted, leaf};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::controls::{control_width, row, section};
use egui::emath::Numeric;
use egui::{Button, ComboBox, DragValue, Layout, Response, RichText, ScrollArea, Ui, vec2};
use std::ops::RangeInclusive;

/// Of the dice and of the menus beside a control.
const SIDE_BUTTON: f32 = 28.0;
const FOOTER: f32 = 4.0 * theme::UNIT;

/// Which settings wait for a reset; worked out only when something changed.
#[derive(Default)]
pub(super) struct Waiting {
    of: Option<(u64, RunId, usize)>,
    keys: Vec<String>,
}

impl Waiting {
    fn update(&mut self, context: &LabContext<'_>) {
        let run = context.session.current().filter(|run| run.is_alive());
        let of = run.map(|run| (context.book.revision(), run.id, run.changes.len()));
        if of != self.of {
            self.keys = run.map(|run| run.waiting_for_reset(&context.book.current().config)).unwrap_or_default();
            self.of = of;
        }
    }

    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|waiting| waiting == key)
    }
}

/// One frame of the pane.
struct Form<'a, 'b> {
    context: &'a mut LabContext<'b>,
    drafts: &'a mut Drafts,
    waiting: &'a Waiting,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, drafts: &mut Drafts, waiting: &mut Waiting) {
    waiting.update(context);
    let height = ui.available_height() - FOOTER;
    let mut form = Form { context, drafts, waiting };
    ScrollArea::vertical().auto_shrink(false).max_height(height).show(ui, |ui| {
        form.what_learns(ui);
        form.data(ui);
        form.training(ui);
        form.optimiser(ui);
        form.schedule(ui);
        form.limits(ui);
        ui.add_space(theme::UNIT);
    });
    form.footer(ui);
}

impl Form<'_, '_> {
    fn config(&self) -> &TrainConfig {
        &self.context.book.current().config
    }

    fn what_learns(&mut self, ui: &mut Ui) {
        section(ui, "Network and device");
        let tooltip = "A preset, or the path of an architecture as TOML";
        let presets: Vec<&str> = preset_names().collect();
        let network = self.config().network.clone();
        if let Some(chosen) = self.source(ui, "network", "Network", tooltip, &network, &presets, Wanted::Network) {
            match resolve(&chosen) {
                Ok(_) => self.context.edit_text(ui, "network", &chosen),
                Err(error) => self.context.session.log.error(error.to_string()),
            }
        }
        self.device(ui);
    }

    fn device(&mut self, ui: &mut Ui) {
        let device = self.context.book.current().device.clone();
        let known = match &self.context.session.devices {
            Devices::Unknown => Vec::new(),
            Devices::Known(devices) => devices.iter().map(|device| (device.id.clone(), device.name.clone())).collect(),
        };
        let tooltip = "Where the network learns. Automatic takes a GPU if there is one, else the processor; \
                       a processor pretending to be a GPU is never taken unasked.";
        let mut chosen = None;
        row(ui, "Device", tooltip, false, |ui| {
            let combo = ComboBox::from_id_salt("device").width(control_width(ui)).truncate();
            let shown = if device == "auto" { "automatic" } else { &device };
            let response = combo.selected_text(shown).show_ui(ui, |ui| {
                if ui.selectable_label(device == "auto", "automatic").clicked() {
                    chosen = Some("auto".to_owned());
                }
                for (id, name) in &known {
                    if ui.selectable_label(device == *id, format!("{id}: {name}")).clicked() {
                        chosen = Some(id.clone());
                    }
                }
                if known.is_empty() {
                    ui.weak("looking for devices");
                }
            });
            response.response
        });
        if let Some(chosen) = chosen {
            self.context.edit(ui, "device", |settings| settings.device = chosen);
        }
    }

    fn data(&mut self, ui: &mut Ui) {
        section(ui, "Data");
        let tooltip = "MNIST is inside; or the path of a folder of IDX files (train-images..., t10k-images...)";
        let names: Vec<&str> = catalogue().iter().map(|entry| entry.name).collect();
        let source = self.config().data.source.clone();
        if let Some(chosen) = self.source(ui, "data.source", "Data set", tooltip, &source, &names, Wanted::Data) {
            if names.contains(&chosen.as_str()) || std::path::Path::new(&chosen).is_dir() {
                self.context.edit_text(ui, "data.source", &chosen);
            } else {
                let error =
                    format!("there is no data set `{chosen}`: take {}, or the path of a folder", names.join(", "));
                self.context.session.log.error(error);
            }
        }
        let train = self.config().data.train.to_string();
        self.typed(
            ui,
            "data.train",
            "Training images",
            "How many images to learn from, in all classes alike: all, a \
            number, or a share such as 0.1 or 10%",
            &train,
            "all",
        );
        let validation = self.config().data.validation.to_string();
        self.typed(
            ui,
            "data.validation",
            "Held out",
            "How many training images to hold out for validation; every \
            choice is made on these, and the test images are looked at once",
            &validation,
            "5000",
        );
        self.classes(ui);
        self.number(
            ui,
            "data.augmentation.jitter",
            "Jitter",
            "Moves each training image by up to this many pixels each \
            way, anew in every epoch",
            0..=8,
            0.05,
            |c| &mut c.data.augmentation.jitter,
        );
        self.number(
            ui,
            "data.augmentation.crop",
            "Crop",
            "Pads by this many pixels, then crops back to size at a random \
            place, as is usual for CIFAR",
            0..=8,
            0.05,
            |c| &mut c.data.augmentation.crop,
        );
        self.switch(
            ui,
            "data.augmentation.flip",
            "Flip",
            "Mirrors half of the images left and right; not for digits",
            |c| &mut c.data.augmentation.flip,
        );
        self.switch(
            ui,
            "data.standardise",
            "Standardise",
            "Subtract the mean and divide by the standard deviation of \
            the training images",
            |c| &mut c.data.standardise,
        );
    }

    fn classes(&mut self, ui: &mut Ui) {
        let shown = classes_text(&self.config().data.classes);
        let tooltip = "Which classes to learn: all, some (0, 3-5), or all but some (all but 9)";
        if let Some(text) = self.typed_text(ui, "data.classes", "Classes", tooltip, &shown, "all") {
            match parse_classes(&text) {
                Ok(filter) => {
                    self.context.edit(ui, "data.classes", |settings| settings.config.data.classes = filter);
                }
                Err(reason) => self.context.session.log.error(reason),
            }
        }
    }

    fn training(&mut self, ui: &mut Ui) {
        section(ui, "Training");
        self.number(ui, "epochs", "Epochs", "Passes over the training images", 1..=100_000, 0.1, |c| &mut c.epochs);
        self.number(
            ui,
            "batch_size",
            "Batch size",
            "Images in one step; their mean gradient is the update",
            1..=8192,
            1.0,
            |c| &mut c.batch_size,
        );
        let tooltip = "Decides the first weights, the order of images, their jitter, and dropout";
        let mut reroll = false;
        let waiting = self.waiting.has("seed");
        let mut seed = self.config().seed;
        let response = row(ui, "Seed", tooltip, waiting, |ui| {
            let width = control_width(ui) - SIDE_BUTTON - theme::UNIT;
            let value = DragValue::new(&mut seed).range(0..=999_999_999u64).speed(1.0).update_while_editing(false);
            let response = ui.add_sized(vec2(width, ui.spacing().interact_size.y), value);
            ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
            let dice = ui.add(Button::new(icon::DICE).min_size(vec2(SIDE_BUTTON, ui.spacing().interact_size.y)));
            reroll = dice.on_hover_text(Action::Reroll.tooltip()).accessible_name("Reroll seed").clicked();
            response
        });
        if response.changed() {
            self.context.edit(ui, "seed", |settings| settings.config.seed = seed);
        }
        if reroll {
            self.context.actions.push(Action::Reroll);
        }
    }

    fn optimiser(&mut self, ui: &mut Ui) {
        section(ui, "Optimiser");
        let kinds = [(OptimiserKind::Sgd, "SGD"), (OptimiserKind::Adam, "Adam"), (OptimiserKind::AdamW, "AdamW")];
        let tooltip = "SGD with momentum; Adam (Kingma, Ba 2015, arXiv 1412.6980); AdamW with decoupled weight decay \
                       (Loshchilov, Hutter 2019, arXiv 1711.05101)";
        self.choice(ui, "optimiser.kind", "Optimiser", tooltip, &kinds, |c| &mut c.optimiser.kind);
        self.real(
            ui,
            "optimiser.learning_rate",
            "Learning rate",
            "Length of a step along the gradient, before the \
            schedule. Can be changed while the run goes on.",
            0.0..=100.0,
            |c| &mut c.optimiser.learning_rate,
        );
        if self.config().optimiser.kind == OptimiserKind::Sgd {
            self.real(
                ui,
                "optimiser.momentum",
                "Momentum",
                "Share of the last update that is kept (Polyak 1964)",
                0.0..=0.9999,
                |c| &mut c.optimiser.momentum,
            );
            self.switch(
                ui,
                "optimiser.nesterov",
                "Nesterov",
                "Take the gradient where the momentum will lead (Sutskever et \
                al. 2013)",
                |c| &mut c.optimiser.nesterov,
            );
        } else {
            self.real(ui, "optimiser.beta1", "Beta 1", "Decay of the running mean of gradients", 0.0..=0.9999, |c| {
                &mut c.optimiser.beta1
            });
            self.real(
                ui,
                "optimiser.beta2",
                "Beta 2",
                "Decay of the running mean of squared gradients",
                0.0..=0.99999,
                |c| &mut c.optimiser.beta2,
            );
            self.real(
                ui,
                "optimiser.epsilon",
                "Epsilon",
                "Added to the root of the mean of squares, so that nothing is \
                divided by zero",
                1e-12..=1.0,
                |c| &mut c.optimiser.epsilon,
            );
        }
    }

    fn schedule(&mut self, ui: &mut Ui) {
        section(ui, "Schedule");
        let kinds = [
            (ScheduleKind::Constant, "constant"),
            (ScheduleKind::Step, "step"),
            (ScheduleKind::Cosine, "cosine"),
            (ScheduleKind::Exponential, "exponential"),
        ];
        let tooltip = "How the learning rate falls over the run: not at all, in steps, along half a cosine (Loshchilov, \
                       Hutter 2017, arXiv 1608.03983), or by a factor every epoch";
        self.choice(ui, "schedule.kind", "Schedule", tooltip, &kinds, |c| &mut c.schedule.kind);
        self.number(
            ui,
            "schedule.warmup_steps",
            "Warm-up",
            "Steps over which the rate rises from nearly nothing",
            0..=1_000_000,
            5.0,
            |c| &mut c.schedule.warmup_steps,
        );
        match self.config().schedule.kind {
            ScheduleKind::Constant => {}
            ScheduleKind::Step => {
                self.real(ui, "schedule.step_epochs", "Every", "Epochs between two reductions", 0.01..=10_000.0, |c| {
                    &mut c.schedule.step_epochs
                });
                self.real(ui, "schedule.decay", "Factor", "Factor of each reduction", 0.0001..=1.0, |c| {
                    &mut c.schedule.decay
                });
            }
            ScheduleKind::Exponential => {
                self.real(ui, "schedule.decay", "Factor", "Factor of each epoch", 0.0001..=1.0, |c| {
                    &mut c.schedule.decay
                });
            }
            ScheduleKind::Cosine => {
                self.real(
                    ui,
                    "schedule.floor",
                    "Floor",
                    "Where the cosine ends, as a share of the learning rate",
                    0.0..=1.0,
                    |c| &mut c.schedule.floor,
                );
            }
        }
    }

    fn limits(&mut self, ui: &mut Ui) {
        section(ui, "Regularisation and limits");
        self.real(
            ui,
            "optimiser.weight_decay",
            "Weight decay",
            "Pulls weights towards zero: an L2 penalty, in AdamW \
            decoupled from the gradient. Biases are left alone.",
            0.0..=10.0,
            |c| &mut c.optimiser.weight_decay,
        );
        self.real(
            ui,
            "optimiser.clip_norm",
            "Clip norm",
            "Largest norm of the whole gradient (Pascanu et al. 2013); 0 is off",
            0.0..=1e6,
            |c| &mut c.optimiser.clip_norm,
        );
        self.real(
            ui,
            "optimiser.max_norm",
            "Max norm",
            "Largest norm of the weights that lead into one unit (Hinton et al. \
            2012, arXiv 1207.0580); 0 is off",
            0.0..=1e6,
            |c| &mut c.optimiser.max_norm,
        );
        self.number(
            ui,
            "monitor.health_every",
            "Look every",
            "Steps between two looks at gradient norms, update ratios and \
            dead units of all layers; 0 is never",
            0..=100_000,
            0.5,
            |c| &mut c.monitor.health_every,
        );
    }

    fn footer(&mut self, ui: &mut Ui) {
        ui.separator();
        ui.horizontal(|ui| {
            for (action, possible) in
                [(Action::Undo, self.context.book.can_undo()), (Action::Redo, self.context.book.can_redo())]
            {
                let button = ui.add_enabled(possible, Button::new(action.name()).small());
                if button.on_hover_text(action.hint(ui.ctx())).clicked() {
                    self.context.actions.push(action);
                }
            }
            let waiting = self.waiting.keys.len();
            if waiting > 0 {
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    let accent = theme::accent(ui.visuals().dark_mode);
                    let names: Vec<&str> = self.waiting.keys.iter().map(|key| leaf(key)).collect();
                    let tooltip = format!("These apply to the next run: {}. Click to reset now.", names.join(", "));
                    let text = RichText::new(format!("Reset to apply {waiting}")).color(accent);
                    if ui.add(Button::new(text).small()).on_hover_text(tooltip).clicked() {
                        self.context.actions.push(Action::Reset);
                    }
                });
            }
        });
    }

    /// A text field with a menu of names and a file dialog. Returns what was chosen.
    #[allow(clippy::too_many_arguments)]
    fn source(
        &mut self,
        ui: &mut Ui,
        key: &'static str,
        name: &str,
        tooltip: &str,
        current: &str,
        names: &[&str],
        wanted: Wanted,
    ) -> Option<String> {
        let mut chosen = None;
        let waiting = self.waiting.has(key);
        row(ui, name, tooltip, waiting, |ui| {
            let width = control_width(ui) - SIDE_BUTTON - theme::UNIT;
            let (response, typed) = self.drafts.field(ui, key, current, "name or path", width);
            chosen = typed;
            ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
            let menu = ui.menu_button(icon::CARET_DOWN, |ui| {
                for option in names {
                    if ui.selectable_label(*option == current, *option).clicked() {
                        chosen = Some((*option).to_owned());
                    }
                }
                ui.separator();
                if ui.button(format!("{} Open...", icon::FOLDER_OPEN)).clicked() {
                    *self.context.wanted = Some(wanted);
                }
            });
            menu.response.accessible_name(format!("Choose {}", name.to_lowercase()));
            response
        });
        chosen
    }

    fn typed(&mut self, ui: &mut Ui, key: &'static str, name: &str, tooltip: &str, current: &str, hint: &str) {
        if let Some(text) = self.typed_text(ui, key, name, tooltip, current, hint) {
            self.context.edit_text(ui, key, &text);
        }
    }

    fn typed_text(
        &mut self,
        ui: &mut Ui,
        key: &'static str,
        name: &str,
        tooltip: &str,
        current: &str,
        hint: &str,
    ) -> Option<String> {
        let mut finished = None;
        let waiting = self.waiting.has(key);
        row(ui, name, tooltip, waiting, |ui| {
            let width = control_width(ui);
            let (response, text) = self.drafts.field(ui, key, current, hint, width);
            finished = text;
            response
        });
        finished
    }

    #[allow(clippy::too_many_arguments)]
    fn number<N: Numeric>(
        &mut self,
        ui: &mut Ui,
        key: &str,
        name: &str,
        tooltip: &str,
        range: RangeInclusive<N>,
        speed: f64,
        place: fn(&mut TrainConfig) -> &mut N,
    ) {
        let mut config = self.config().clone();
        let mut value = *place(&mut config);
        let widget = DragValue::new(&mut value).range(range).speed(speed).update_while_editing(false);
        if self.value_row(ui, key, name, tooltip, widget).changed() {
            self.context.edit(ui, key, |settings| *place(&mut settings.config) = value);
        }
    }

    /// A number whose size matters more than its digits.
    fn real(
        &mut self,
        ui: &mut Ui,
        key: &str,
        name: &str,
        tooltip: &str,
        range: RangeInclusive<f64>,
        place: fn(&mut TrainConfig) -> &mut f64,
    ) {
        let mut config = self.config().clone();
        let mut value = *place(&mut config);
        let speed = (value.abs() * 0.01).max(1e-5);
        let widget = DragValue::new(&mut value)
            .range(range)
            .speed(speed)
            .update_while_editing(false)
            .custom_formatter(|value, _| theme::figures(value))
            .custom_parser(|text| text.replace(',', "").trim().parse().ok());
        if self.value_row(ui, key, name, tooltip, widget).changed() {
            let value = four_digits(value);
            self.context.edit(ui, key, |settings| *place(&mut settings.config) = value);
        }
    }

    fn value_row(&self, ui: &mut Ui, key: &str, name: &str, tooltip: &str, widget: DragValue<'_>) -> Response {
        row(ui, name, tooltip, self.waiting.has(key), |ui| {
            ui.add_sized(vec2(control_width(ui), ui.spacing().interact_size.y), widget)
        })
    }

    fn switch(&mut self, ui: &mut Ui, key: &str, name: &str, tooltip: &str, place: fn(&mut TrainConfig) -> &mut bool) {
        let mut config = self.config().clone();
        let mut on = *place(&mut config);
        let response = row(ui, name, tooltip, self.waiting.has(key), |ui| ui.checkbox(&mut on, ""));
        if response.changed() {
            self.context.edit(ui, key, |settings| *place(&mut settings.config) = on);
        }
    }

    fn choice<T: Copy + PartialEq>(
        &mut self,
        ui: &mut Ui,
        key: &str,
        name: &str,
        tooltip: &str,
        options: &[(T, &str)],
        place: fn(&mut TrainConfig) -> &mut T,
    ) {
        let mut config = self.config().clone();
        let before = *place(&mut config);
        let mut chosen = before;
        row(ui, name, tooltip, self.waiting.has(key), |ui| {
            let text = options.iter().find(|(value, _)| *value == before).map_or("", |(_, text)| *text);
            let combo = ComboBox::from_id_salt(key).width(control_width(ui)).selected_text(text);
            combo
                .show_ui(ui, |ui| {
                    for (value, text) in options {
                        ui.selectable_value(&mut chosen, *value, *text);
                    }
                })
                .response
        });
        if chosen != before {
            self.context.edit(ui, key, |settings| *place(&mut settings.config) = chosen);
        }
    }
}

/// What a drag leaves behind its fourth digit means nothing.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// As a person writes it.
fn classes_text(filter: &ClassFilter) -> String {
    let list = |classes: &[usize]| classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match filter {
        ClassFilter::All => "all".to_owned(),
        ClassFilter::Only(classes) => list(classes),
        ClassFilter::Except(classes) => format!("all but {}", list(classes)),
    }
}

/// Reads what [`classes_text`] writes, and ranges.
fn parse_classes(text: &str) -> Result<ClassFilter, String> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("all") {
        return Ok(ClassFilter::All);
    }
    let (list, except) = text.strip_prefix("all but").map_or((text, false), |rest| (rest, true));
    let mut classes = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let read = |text: &str| text.trim().parse::<usize>().ok().filter(|&class| class < 100_000);
        match (read(first), read(last)) {
            (Some(first), Some(last)) if first <= last => classes.extend(first..=last),
            _ => return Err(format!("`{part}` is no class: write all, numbers such as 0, 3-5, or all but 9")),
        }
    }
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        return Err("no class is left: write all, numbers such as 0, 3-5, or all but 9".to_owned());
    }
    Ok(if except { ClassFilter::Except(classes) } else { ClassFilter::Only(classes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_as_people_write_them() {
        assert_eq!(parse_classes("all"), Ok(ClassFilter::All));
        assert_eq!(parse_classes("7, 0-2,2"), Ok(ClassFilter::Only(vec![0, 1, 2, 7])));
        assert_eq!(parse_classes("all but 9"), Ok(ClassFilter::Except(vec![9])));
        assert!(parse_classes("nine").is_err());
        assert!(parse_classes("5-2").is_err());
        assert!(parse_classes("all but").is_err());
        for text in ["all", "0, 3", "all but 3, 4"] {
            assert_eq!(classes_text(&parse_classes(text).unwrap()), text);
        }
    }

    #[test]
    fn a_dragged_number_keeps_four_digits() {
        assert_eq!(four_digits(0.001_234_56), 0.001_235);
        assert_eq!(four_digits(0.0), 0.0);
    }
}
