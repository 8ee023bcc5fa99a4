//! What is distilled, and how: the preset and its settings.

use super::Shared;
use crate::experiments::{
    Arm, Config, DistillConfig, LIVE_DISTILL_SETTINGS, Mean, Order, distillation_preset, distillation_presets,
};
use crate::ui::app::{Action, ExperimentRecord, Wanted};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::controls::{control_width, row, section};
use crate::ui::widgets::typed::Drafts;
use egui::{Button, ComboBox, Key, Response, RichText, ScrollArea, Slider, TextEdit, Ui, vec2};
use std::path::Path;

/// The slider's reach; other temperatures are typed.
const TEMPERATURES: std::ops::RangeInclusive<f64> = 1.0..=100.0;

#[derive(Default)]
pub(super) struct ExperimentView {
    drafts: Drafts,
    /// The path that is being typed for the experiment's folder.
    saving: Option<String>,
    /// Settings of the experiment in hand that wait for a reset, as of a revision of the settings.
    waiting: Vec<String>,
    of: Option<(u64, Option<crate::engine::RunId>)>,
}

/// A setting that is typed as the command line takes it: its path, name, what an empty field hints at, tooltip.
type Typed = (&'static str, &'static str, &'static str, &'static str);

const TEACHER: &[Typed] = &[
    (
        "teacher.source",
        "Teacher",
        "embedded",
        "Where soft targets come from: `embedded` is a network of 1200-1200 units that comes with Glassbox; `train` trains one first; or the path of a run folder or a checkpoint",
    ),
    (
        "teacher.members",
        "Members",
        "1",
        "More than one trained teacher is an ensemble, whose predictions are averaged (section 2)",
    ),
    (
        "teacher.run.network",
        "Network",
        "mlp-1200",
        "What the teacher is, where it is trained: a preset, or the path of an architecture",
    ),
    ("teacher.run.epochs", "Epochs", "60", "Passes of the teacher over its training images, where it is trained"),
    (
        "teacher.run.data.augmentation.jitter",
        "Jitter",
        "0",
        "Moves the teacher's training images by up to this many pixels each way (the paper: 2)",
    ),
    (
        "teacher.run.optimiser.max_norm",
        "Max norm",
        "0",
        "Largest norm of the weights that lead into one unit of the teacher; 0 is off (the paper bounds them)",
    ),
];

const STUDENT: &[Typed] = &[
    ("student.network", "Network", "mlp-800", "What the students are: a preset, or the path of an architecture"),
    ("student.epochs", "Epochs", "10", "Passes of each student over the transfer set"),
    ("student.batch_size", "Batch size", "128", "Images in one step"),
    (
        "student.optimiser.learning_rate",
        "Learning rate",
        "0.001",
        "Length of a step along the gradient; can be changed while students learn",
    ),
    (
        "student.data.augmentation.jitter",
        "Jitter",
        "0",
        "Moves the transfer set's images anew in every epoch: the teacher is then asked about each batch, and its logits cannot be kept",
    ),
    (
        "seeds",
        "Seeds",
        "[1]",
        "One group of students a seed. All students of a group begin with the same weights and see the same batches",
    ),
];

const TRANSFER: &[Typed] = &[
    (
        "student.data.source",
        "Data set",
        "mnist",
        "What students learn from and are judged by: a name, or the path of a folder or an archive of images by class, IDX \
         files, CIFAR batches, or an .npz",
    ),
    (
        "student.data.train",
        "Images",
        "all",
        "How many images the transfer set has: all, a number, or a share such as 3%",
    ),
    (
        "student.data.classes",
        "Classes",
        "all",
        "Which classes the transfer set has: \"all\", { except = [3] }, or { only = [7, 8] }",
    ),
    (
        "transfer",
        "Unlabelled",
        "the same data set",
        "Another data set to learn from, whose labels are not used; empty for the same one",
    ),
    (
        "corrected_classes",
        "Correct bias",
        "[]",
        "Classes whose logits get one common shift after training, tuned on the images held out: those that the transfer set lacks (section 3)",
    ),
];

const SWEEP: &[Typed] = &[
    (
        "sweep.temperatures",
        "Temperatures",
        "[]",
        "One distilled student for each of these temperatures, such as [1, 4, 20]; empty takes the one above",
    ),
    ("sweep.networks", "Networks", "[]", "The same for student networks, such as [\"mlp-30\", \"mlp-800\"]"),
];

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ExperimentView, _: &mut Shared) {
    note_waiting(context, view);
    let footer_height = if view.saving.is_some() { 8.0 } else { 4.0 } * theme::UNIT;
    ScrollArea::vertical().max_height(ui.available_height() - footer_height).auto_shrink(false).show(ui, |ui| {
        preset(ui, context);
        objective(ui, context, view);
        typed_section(ui, context, view, "Students", STUDENT);
        order(ui, context, view);
        typed_section(ui, context, view, "Transfer set", TRANSFER);
        early_stopping(ui, context, view);
        typed_section(ui, context, view, "Teacher", TEACHER);
        mean(ui, context, view);
        typed_section(ui, context, view, "Sweep", SWEEP);
    });
    footer(ui, context, view);
    save_line(ui, context, view);
}

/// Every setting with its value.
pub(super) fn records(context: &LabContext<'_>) -> Records {
    let config = &context.book.current().distillation;
    let mut records = Records::with_header(["setting", "value"].map(str::to_owned));
    for key in config.keys() {
        let value = config.get(&key).unwrap_or_default();
        records.push_all(vec![key, value]);
    }
    records
}

fn config<'a>(context: &'a LabContext<'_>) -> &'a DistillConfig {
    &context.book.current().distillation
}

/// Changes a setting to what was typed, or says why not.
fn edit_text(ui: &Ui, context: &mut LabContext<'_>, key: &'static str, text: &str) {
    let is_list = key == "seeds" || key == "corrected_classes" || key.starts_with("sweep.");
    let text = if is_list && !text.starts_with('[') { format!("[{text}]") } else { text.to_owned() };
    match config(context).with(key, &text) {
        Ok(changed) => context.edit(ui, key, |settings| settings.distillation = changed),
        Err(error) => context.session.log.error(error.to_string()),
    }
}

/// Which settings of the experiment in hand differ and cannot change any more; worked out when something changed.
fn note_waiting(context: &LabContext<'_>, view: &mut ExperimentView) {
    let experiment = context.session.experiment().filter(|experiment| experiment.is_alive());
    let of = Some((context.book.revision(), experiment.map(|experiment| experiment.id)));
    if view.of == of {
        return;
    }
    view.of = of;
    view.waiting = experiment.map(|experiment| waiting(experiment, config(context))).unwrap_or_default();
}

fn waiting(experiment: &ExperimentRecord, wanted: &DistillConfig) -> Vec<String> {
    let Some(own) = experiment.config.distillation() else { return Vec::new() };
    if own.title != wanted.title {
        return vec!["preset".to_owned()];
    }
    let differs = |key: &String| own.get(key) != wanted.get(key) && !LIVE_DISTILL_SETTINGS.contains(&key.as_str());
    wanted.keys().into_iter().filter(differs).collect()
}

fn preset(ui: &mut Ui, context: &mut LabContext<'_>) {
    let (title, about) = (config(context).title.clone(), config(context).about.clone());
    let mut chosen = None;
    row(ui, "Preset", "Experiments of the paper, each with its settings", false, |ui| {
        let combo = ComboBox::from_id_salt("distillation preset").width(control_width(ui)).truncate();
        let shown = combo.selected_text(title).show_ui(ui, |ui| {
            for name in distillation_presets() {
                let Some(preset) = distillation_preset(name) else { continue };
                if ui.selectable_label(preset == *config(context), &preset.title).on_hover_text(name).clicked() {
                    chosen = Some(preset);
                }
            }
        });
        shown.response
    });
    if let Some(preset) = chosen {
        context.edit(ui, "preset", |settings| settings.distillation = preset);
    }
    ui.label(RichText::new(about).small().weak());
}

fn objective(ui: &mut Ui, context: &mut LabContext<'_>, view: &ExperimentView) {
    section(ui, "Objective: alpha T\u{b2} CE(teacher, student at T) + (1 \u{2212} alpha) CE(labels)");
    let (mut temperature, mut alpha) = (config(context).temperature, config(context).alpha);
    let tooltip = "T of the soft targets: the higher, the more the small probabilities count (equation 1). Can be \
                   changed while students learn.";
    let slider = Slider::new(&mut temperature, TEMPERATURES)
        .logarithmic(true)
        .clamping(egui::SliderClamping::Never)
        .custom_formatter(|value, _| theme::figures(value));
    if slider_row(ui, view, "temperature", "Temperature", tooltip, slider).changed() {
        let rounded = format!("{temperature:.2e}").parse().unwrap_or(temperature);
        context.edit(ui, "temperature", |settings| settings.distillation.temperature = rounded);
    }
    let tooltip = "Weight of the soft targets against the labels: 1 is soft targets only. The paper found a considerably \
                   lower weight of the labels best (section 2). Can be changed while students learn.";
    let slider = Slider::new(&mut alpha, 0.0..=1.0).fixed_decimals(2);
    if slider_row(ui, view, "alpha", "Alpha", tooltip, slider).changed() {
        let rounded = (alpha * 100.0).round() / 100.0;
        context.edit(ui, "alpha", |settings| settings.distillation.alpha = rounded);
    }
    for arm in Arm::ALL {
        arm_row(ui, context, view, arm);
    }
    if config(context).arms.contains(&Arm::Smoothed) {
        let mut smoothing = config(context).smoothing;
        let tooltip = "The share of each label that is spread over all classes (Szegedy et al. 2016, section 7)";
        let slider = Slider::new(&mut smoothing, 0.0..=0.9).fixed_decimals(2);
        if slider_row(ui, view, "smoothing", "Smoothing", tooltip, slider).changed() {
            context.edit(ui, "smoothing", |settings| settings.distillation.smoothing = smoothing);
        }
    }
}

fn slider_row(
    ui: &mut Ui,
    view: &ExperimentView,
    key: &str,
    name: &str,
    tooltip: &str,
    slider: Slider<'_>,
) -> Response {
    row(ui, name, tooltip, is_waiting(view, key), |ui| {
        ui.spacing_mut().slider_width = (control_width(ui) - 7.0 * theme::UNIT).max(4.0 * theme::UNIT);
        ui.add(slider)
    })
}

fn arm_row(ui: &mut Ui, context: &mut LabContext<'_>, view: &ExperimentView, arm: Arm) {
    let (name, tooltip) = match arm {
        Arm::Hard => ("Hard labels", "A student of the labels alone: what the others are compared with"),
        Arm::Distilled => ("Soft targets", "A student of the teacher's soft targets at T, and of the labels"),
        Arm::Smoothed => ("Label smoothing", "A student of smoothed labels: soft, but without what a teacher knows"),
        Arm::Logits => (
            "Logit matching",
            "A student that is to have the teacher's logits: the limit of distillation at high T (section 2.1)",
        ),
    };
    let mut on = config(context).arms.contains(&arm);
    if row(ui, name, tooltip, is_waiting(view, "arms"), |ui| ui.checkbox(&mut on, "")).changed() {
        let before = config(context).arms.clone();
        let arms =
            Arm::ALL.into_iter().filter(|other| if *other == arm { on } else { before.contains(other) }).collect();
        context.edit(ui, "arms", |settings| settings.distillation.arms = arms);
    }
}

fn is_waiting(view: &ExperimentView, key: &str) -> bool {
    view.waiting.iter().any(|waiting| waiting == key)
}

fn typed_section(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ExperimentView, name: &str, fields: &[Typed]) {
    section(ui, name);
    for (key, name, hint, tooltip) in fields {
        let current = config(context).get(key).unwrap_or_default();
        let mut finished = None;
        row(ui, name, tooltip, is_waiting(view, key), |ui| {
            let (response, text) = view.drafts.field(ui, key, &current, hint, control_width(ui));
            finished = text;
            response
        });
        if let Some(text) = finished {
            edit_text(ui, context, key, &text);
        }
    }
}

fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    (key, name, tooltip): (&str, &str, &str),
    waiting: bool,
    current: T,
    options: &[(T, &str)],
) -> Option<T> {
    let mut chosen = current;
    row(ui, name, tooltip, waiting, |ui| {
        let text = options.iter().find(|(value, _)| *value == current).map_or("", |(_, text)| *text);
        let combo = ComboBox::from_id_salt(key).width(control_width(ui)).truncate().selected_text(text);
        let shown = combo.show_ui(ui, |ui| {
            for (value, text) in options {
                ui.selectable_value(&mut chosen, *value, *text);
            }
        });
        shown.response
    });
    (chosen != current).then_some(chosen)
}

fn order(ui: &mut Ui, context: &mut LabContext<'_>, view: &ExperimentView) {
    let tooltip = "In which order the networks learn. Together with the teacher, the soft targets are those of the teacher \
                   as it is at that step";
    let options = [
        (Order::SideBySide, "students side by side"),
        (Order::InTurn, "one after another"),
        (Order::WithTeacher, "together with the teacher"),
    ];
    let spec = ("order", "Order", tooltip);
    if let Some(order) = choice(ui, spec, is_waiting(view, "order"), config(context).order, &options) {
        context.edit(ui, "order", |settings| settings.distillation.order = order);
    }
}

fn mean(ui: &mut Ui, context: &mut LabContext<'_>, view: &ExperimentView) {
    let tooltip = "How the predictions of an ensemble become one: the arithmetic or the geometric mean (section 2)";
    let options = [(Mean::Geometric, "geometric"), (Mean::Arithmetic, "arithmetic")];
    let spec = ("teacher.mean", "Mean", tooltip);
    if let Some(mean) = choice(ui, spec, is_waiting(view, "teacher.mean"), config(context).teacher.mean, &options) {
        context.edit(ui, "teacher.mean", |settings| settings.distillation.teacher.mean = mean);
    }
}

fn early_stopping(ui: &mut Ui, context: &mut LabContext<'_>, view: &ExperimentView) {
    let mut on = config(context).early_stopping;
    let tooltip = "Also judge each student as it was at its lowest validation loss (section 6)";
    let waits = is_waiting(view, "early_stopping");
    if row(ui, "Early stopping", tooltip, waits, |ui| ui.checkbox(&mut on, "")).changed() {
        context.edit(ui, "early_stopping", |settings| settings.distillation.early_stopping = on);
    }
}

/// Where the experiment's folder is made: a path that is typed, or found by a dialog.
fn save_line(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ExperimentView) {
    let Some(mut path) = view.saving.take() else { return };
    let mut stays = true;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 17.0 * theme::UNIT).max(8.0 * theme::UNIT);
        let field =
            ui.add(TextEdit::singleline(&mut path).hint_text("new folder").desired_width(width).clip_text(true));
        let field = field.on_hover_text("The folder that is made").accessible_name("Experiment folder");
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let is_typed = !path.trim().is_empty();
        if (ui.add_enabled(is_typed, Button::new("Save")).clicked() || entered) && is_typed {
            context.session.save_experiment(Path::new(path.trim()));
            stays = false;
        }
        if ui.button("Browse...").on_hover_text("Choose the folder in a dialog").clicked() {
            *context.wanted = Some(Wanted::SaveExperiment);
            stays = false;
        }
    });
    view.saving = stays.then_some(path);
}

fn footer(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ExperimentView) {
    ui.separator();
    ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
    ui.horizontal(|ui| {
        let experiment = context.session.experiment();
        let is_going = experiment.is_some_and(ExperimentRecord::is_going);
        let is_alive = experiment.is_some_and(ExperimentRecord::is_alive);
        let (symbol, text) = if is_going { (icon::PAUSE, "Pause") } else { (icon::PLAY, "Run") };
        let run = Button::new(format!("{symbol} {text}")).min_size(vec2(9.0 * theme::UNIT, 0.0));
        if Action::TrainOrPause.explain(ui.add(run)).accessible_name(format!("{text} experiment")).clicked() {
            context.actions.push(Action::TrainOrPause);
        }
        let stop = ui.add_enabled(is_alive, Button::new("Stop"));
        let stop = stop.on_hover_text("End the experiment; what its networks know stays to be looked at");
        if stop.on_disabled_hover_text("No experiment goes on").accessible_name("Stop experiment").clicked() {
            context.session.stop_experiment();
        }
        let experiment = context.session.experiment();
        let unsaved = experiment.filter(|experiment| experiment.folder.is_none());
        let save = ui.add_enabled(unsaved.is_some(), Button::new("Save..."));
        let save =
            save.on_hover_text("Keep the experiment in a folder: settings, curves, networks, results and report");
        let save = save.on_disabled_hover_text("It is kept in a folder already, or there is none yet");
        if let (true, Some(experiment)) = (save.accessible_name("Save experiment").clicked(), unsaved) {
            let proposed = Path::new("runs").join(&experiment.name).display().to_string();
            view.saving = if view.saving.is_some() { None } else { Some(proposed) };
        }
        if !view.waiting.is_empty() {
            let accent = theme::accent(ui.visuals().dark_mode);
            let text = RichText::new(format!("{} {}", icon::RESET, view.waiting.len())).color(accent);
            let tooltip =
                format!("These apply to the next experiment: {}. Click to reset now.", view.waiting.join(", "));
            let reset = ui.add(Button::new(text)).on_hover_text(tooltip);
            if reset.accessible_name(format!("Reset to apply {}", view.waiting.len())).clicked() {
                context.actions.push(Action::Reset);
            }
        }
    });
}
