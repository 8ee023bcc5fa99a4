//! The settings of the next run; where a setting is live, of the run in hand too.

use super::LabContext;
use super::class_filter::{classes_text, parse_classes};
use super::form::{Form, SIDE_BUTTON, Waiting};
use super::specs;
use crate::data::{catalogue, downloads, find};
use crate::experiments::Config;
use crate::nets::{preset_names, resolve};
use crate::train::{OptimiserKind, ScheduleKind};
use crate::ui::app::{Action, Devices, SettingsBook, Wanted, leaf};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::controls::{control_width, section};
use crate::ui::widgets::typed::Drafts;
use egui::{Align, Button, ComboBox, DragValue, Layout, RichText, ScrollArea, Ui, vec2};

const FOOTER: f32 = 4.0 * theme::UNIT;
const OPTIMISERS: [(OptimiserKind, &str); 3] =
    [(OptimiserKind::Sgd, "SGD"), (OptimiserKind::Adam, "Adam"), (OptimiserKind::AdamW, "AdamW")];
const SCHEDULES: [(ScheduleKind, &str); 4] = [
    (ScheduleKind::Constant, "constant"),
    (ScheduleKind::Step, "step"),
    (ScheduleKind::Cosine, "cosine"),
    (ScheduleKind::Exponential, "exponential"),
];

/// All settings, one a row.
pub(super) fn records(context: &LabContext<'_>) -> Records {
    let config = &context.book.current().config;
    let mut records = Records::new(["setting", "value"]);
    for key in config.keys() {
        let value = config.get(&key).unwrap_or_default();
        records.push([key, value]);
    }
    records
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, drafts: &mut Drafts, waiting: &mut Waiting) {
    waiting.update(context);
    let height = ui.available_height() - FOOTER;
    let mut form = Form { context, drafts, waiting };
    ScrollArea::vertical().auto_shrink(false).max_height(height).show(ui, |ui| {
        network(ui, &mut form);
        device(ui, &mut form);
        data(ui, &mut form);
        training(ui, &mut form);
        optimiser(ui, &mut form);
        schedule(ui, &mut form);
        limits(ui, &mut form);
        stop(ui, &mut form);
        ui.add_space(theme::UNIT);
    });
    footer(ui, &mut form);
}

fn network(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Network and device");
    let presets: Vec<&str> = preset_names().collect();
    let network = match &form.config().architecture {
        Some(architecture) => architecture.name.clone(),
        None => form.config().network.clone(),
    };
    if let Some(chosen) = form.source(ui, &specs::NETWORK, &network, &presets, Wanted::Network) {
        match resolve(&chosen) {
            Ok(_) => form.context.edit_text(ui, specs::NETWORK.key, &chosen),
            Err(error) => form.context.session.log.error(error.to_string()),
        }
    }
}

fn device(ui: &mut Ui, form: &mut Form<'_, '_>) {
    let device = form.context.book.current().device.clone();
    let (known, looking) = match &form.context.session.devices {
        Devices::Unknown => (&[][..], true),
        Devices::Known(devices) => (devices.as_slice(), false),
    };
    let mut chosen = None;
    form.row(ui, &specs::DEVICE, |ui| {
        let shown = if device == "auto" { "automatic" } else { &device };
        let combo = ComboBox::from_id_salt("device").width(control_width(ui)).truncate().selected_text(shown);
        let shown = combo.show_ui(ui, |ui| {
            if ui.selectable_label(device == "auto", "automatic").clicked() {
                chosen = Some("auto".to_owned());
            }
            for known in known {
                if ui.selectable_label(device == known.id, format!("{}: {}", known.id, known.name)).clicked() {
                    chosen = Some(known.id.clone());
                }
            }
            if looking {
                ui.weak("looking for devices");
            }
        });
        shown.response
    });
    if let Some(chosen) = chosen {
        form.context.edit(ui, specs::DEVICE.key, |settings| settings.device = chosen);
    }
}

fn data(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Data");
    source(ui, form);
    let images = form.config().data.images.to_string();
    form.typed(ui, &specs::IMAGES, &images, "automatic");
    let train = form.config().data.train.to_string();
    form.typed(ui, &specs::TRAIN, &train, "all");
    let validation = form.config().data.validation.to_string();
    form.typed(ui, &specs::VALIDATION, &validation, "5000");
    classes(ui, form);
    form.number(ui, &specs::JITTER, 0..=8, 0.05, |c| &mut c.data.augmentation.jitter);
    form.number(ui, &specs::CROP, 0..=8, 0.05, |c| &mut c.data.augmentation.crop);
    form.switch(ui, &specs::FLIP, |c| &mut c.data.augmentation.flip);
    form.switch(ui, &specs::STANDARDISE, |c| &mut c.data.standardise);
}

fn source(ui: &mut Ui, form: &mut Form<'_, '_>) {
    let downloads = downloads();
    let built_in = catalogue().iter().map(|entry| entry.name);
    let names: Vec<&str> = built_in.chain(downloads.iter().map(|download| download.name.as_str())).collect();
    let source = form.config().data.source.clone();
    let Some(chosen) = form.source(ui, &specs::SOURCE, &source, &names, Wanted::Data) else { return };
    match find(&chosen) {
        Ok(()) => form.context.edit_text(ui, specs::SOURCE.key, &chosen),
        Err(error) => form.context.session.log.error(error.to_string()),
    }
}

fn classes(ui: &mut Ui, form: &mut Form<'_, '_>) {
    let shown = classes_text(&form.config().data.classes);
    let Some(text) = form.typed_text(ui, &specs::CLASSES, &shown, "all") else { return };
    match parse_classes(&text) {
        Ok(filter) => form.context.edit(ui, specs::CLASSES.key, |settings| settings.config.data.classes = filter),
        Err(reason) => form.context.session.log.error(reason),
    }
}

fn training(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Training");
    form.number(ui, &specs::EPOCHS, 1..=100_000, 0.1, |c| &mut c.epochs);
    form.number(ui, &specs::BATCH_SIZE, 1..=8192, 1.0, |c| &mut c.batch_size);
    let mut reroll = false;
    let mut seed = form.config().seed;
    let response = form.row(ui, &specs::SEED, |ui| {
        let width = control_width(ui) - SIDE_BUTTON - theme::UNIT;
        let height = ui.spacing().interact_size.y;
        let value = DragValue::new(&mut seed).range(0..=999_999_999u64).speed(1.0).update_while_editing(false);
        let response = ui.add_sized(vec2(width, height), value);
        ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
        let dice = ui.add(Button::new(icon::DICE).min_size(vec2(SIDE_BUTTON, height)));
        reroll = dice.on_hover_text(Action::Reroll.tooltip()).accessible_name("Reroll seed").clicked();
        response
    });
    if response.changed() {
        form.context.edit(ui, specs::SEED.key, |settings| settings.config.seed = seed);
    }
    if reroll {
        form.context.actions.push(Action::Reroll);
    }
}

fn optimiser(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Optimiser");
    form.choice(ui, &specs::OPTIMISER, &OPTIMISERS, |c| &mut c.optimiser.kind);
    form.real(ui, &specs::LEARNING_RATE, 0.0..=100.0, |c| &mut c.optimiser.learning_rate);
    if form.config().optimiser.kind == OptimiserKind::Sgd {
        form.real(ui, &specs::MOMENTUM, 0.0..=0.9999, |c| &mut c.optimiser.momentum);
        form.switch(ui, &specs::NESTEROV, |c| &mut c.optimiser.nesterov);
    } else {
        form.real(ui, &specs::BETA1, 0.0..=0.9999, |c| &mut c.optimiser.beta1);
        form.real(ui, &specs::BETA2, 0.0..=0.99999, |c| &mut c.optimiser.beta2);
        form.real(ui, &specs::EPSILON, 1e-12..=1.0, |c| &mut c.optimiser.epsilon);
    }
}

fn schedule(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Schedule");
    form.choice(ui, &specs::SCHEDULE, &SCHEDULES, |c| &mut c.schedule.kind);
    form.number(ui, &specs::WARMUP, 0..=1_000_000, 5.0, |c| &mut c.schedule.warmup_steps);
    match form.config().schedule.kind {
        ScheduleKind::Constant => {}
        ScheduleKind::Step => {
            form.real(ui, &specs::STEP_EPOCHS, 0.01..=10_000.0, |c| &mut c.schedule.step_epochs);
            form.real(ui, &specs::DECAY, 0.0001..=1.0, |c| &mut c.schedule.decay);
        }
        ScheduleKind::Exponential => form.real(ui, &specs::DECAY, 0.0001..=1.0, |c| &mut c.schedule.decay),
        ScheduleKind::Cosine => form.real(ui, &specs::FLOOR, 0.0..=1.0, |c| &mut c.schedule.floor),
    }
}

fn limits(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Regularisation and limits");
    let dropout = form.config().dropout.to_string();
    form.typed(ui, &specs::DROPOUT, &dropout, "architecture");
    form.real(ui, &specs::WEIGHT_DECAY, 0.0..=10.0, |c| &mut c.optimiser.weight_decay);
    form.real(ui, &specs::CLIP_NORM, 0.0..=1e6, |c| &mut c.optimiser.clip_norm);
    form.real(ui, &specs::MAX_NORM, 0.0..=1e6, |c| &mut c.optimiser.max_norm);
    form.real(ui, &specs::FILTER_RMS, 0.0..=1e3, |c| &mut c.optimiser.filter_rms);
    form.number(ui, &specs::HEALTH_EVERY, 0..=100_000, 0.5, |c| &mut c.monitor.health_every);
    form.number(ui, &specs::HISTOGRAMS_EVERY, 0..=100_000, 1.0, |c| &mut c.monitor.histograms_every);
    let states_at = form.config().monitor.states_at.to_string();
    form.typed(ui, &specs::STATES_AT, &states_at, "0.1, 1, 10");
}

fn stop(ui: &mut Ui, form: &mut Form<'_, '_>) {
    section(ui, "Stop at a condition (0 is off)");
    form.real(ui, &specs::STOP_ACCURACY, 0.0..=1.0, |c| &mut c.stop.validation_accuracy_above);
    form.real(ui, &specs::STOP_LOSS, 0.0..=100.0, |c| &mut c.stop.train_loss_below);
    form.number(ui, &specs::STOP_PATIENCE, 0..=10_000, 0.05, |c| &mut c.stop.patience_epochs);
    form.real(ui, &specs::STOP_MINUTES, 0.0..=100_000.0, |c| &mut c.stop.after_minutes);
}

fn footer(ui: &mut Ui, form: &mut Form<'_, '_>) {
    ui.separator();
    ui.horizontal(|ui| {
        let book = &form.context.book;
        for (action, possible) in [(Action::Undo, book.can_undo()), (Action::Redo, book.can_redo())] {
            let button = ui.add_enabled(possible, Button::new(action.name()).small());
            let change = if action == Action::Undo { SettingsBook::would_undo } else { SettingsBook::would_redo };
            let button = button.on_hover_ui(|ui| {
                ui.label(format!("{}: {}", action.hint(ui.ctx()), change(book).unwrap_or_default()));
            });
            if button.on_disabled_hover_text("No change to go back to").clicked() {
                form.context.actions.push(action);
            }
        }
        let waiting = &form.waiting.keys;
        if waiting.is_empty() {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let names: Vec<&str> = waiting.iter().map(|key| leaf(key)).collect();
            let tooltip = format!("These apply to the next run: {}. Click to reset now.", names.join(", "));
            let accent = theme::accent(ui.visuals().dark_mode);
            let text = RichText::new(format!("Reset to apply {}", waiting.len())).color(accent);
            if ui.add(Button::new(text).small()).on_hover_text(tooltip).clicked() {
                form.context.actions.push(Action::Reset);
            }
        });
    });
}
