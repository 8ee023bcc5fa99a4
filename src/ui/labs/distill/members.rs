//! All networks of the experiment: what each learns from, how far it is, what it gets wrong.

use super::{Pane, Shared, offer_experiment};
use crate::experiments::{Arm, MemberState, Role, Status};
use crate::train::Loss;
use crate::ui::app::ExperimentRecord;
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use crate::ui::widgets::table::{Column, ROW_HEIGHT, Table};
use egui::{Color32, RichText, ScrollArea, Sense, Ui};

const COLUMNS: [Column; 9] = [
    Column::text("", 10.0, "Colour of the network's curves"),
    Column::text("Network", 118.0, "What it is called here; click to put it under the microscope"),
    Column::text("Learns from", 150.0, "What it makes small"),
    Column::text("Architecture", 70.0, "What it is"),
    Column::number("Epoch", 56.0, "Passes over its training images"),
    Column::number("Validation", 64.0, "Errors on the images held out, at the last evaluation"),
    Column::number("Test", 44.0, "Errors on the test images, once it has learned"),
    Column::number("Images/s", 60.0, "Training images a second, of its own steps"),
    Column::number("Time", 58.0, "Of its own steps and evaluations"),
];

#[derive(Default)]
pub(super) struct MembersView;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, _: &mut MembersView, shared: &mut Shared) {
    let Some(experiment) = context.session.experiment().filter(|experiment| !experiment.members().is_empty()) else {
        let text = "The teacher and every student stand here, with what they learn from and how far they are.";
        offer_experiment(ui, context, icon::STACK, text);
        return;
    };
    progress(ui, experiment);
    let colours = colours(experiment, ui.visuals().dark_mode);
    let members = experiment.members();
    let mut clicked = None;
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        let mut table = Table::begin(ui, &COLUMNS);
        let top = ui.clip_rect().top() - ui.next_widget_position().y;
        let first = ((top / ROW_HEIGHT).floor().max(0.0) as usize).min(members.len());
        let shown = (ui.clip_rect().height() / ROW_HEIGHT).ceil() as usize + 1;
        let last = (first + shown).min(members.len());
        table.skip(ui, first);
        for (member, &colour) in members[first..last].iter().zip(&colours[first..last]) {
            let is_chosen = [&shared.teacher, &shared.student].into_iter().flatten().any(|name| *name == member.name);
            if member_row(ui, &mut table, member, colour, is_chosen) {
                clicked = Some((member.role, member.name.clone()));
            }
        }
        table.skip(ui, members.len() - last);
    });
    match clicked {
        Some((Role::Teacher, name)) => shared.teacher = Some(name),
        Some((Role::Student, name)) => shared.student = Some(name),
        // It has other classes than the generalist: the microscope cannot set them side by side.
        Some((Role::Specialist, _)) => context.reveal(Pane::Specialists),
        // Not compared with another: what was found of it is in the report.
        Some((Role::Subject, _)) => context.reveal(Pane::Report),
        None => {}
    }
}

/// A network a row.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let experiment = context.session.experiment()?;
    let header = ["network", "learns from", "architecture", "parameters", "epoch", "validation errors", "test errors"];
    let mut records = Records::with_header(header.map(str::to_owned));
    for member in experiment.members() {
        let errors = |evaluation: &Option<std::sync::Arc<crate::train::Evaluation>>| {
            evaluation.as_ref().map_or_else(String::new, |evaluation| evaluation.errors.to_string())
        };
        records.push_all(vec![
            member.name.clone(),
            member.objective.clone(),
            member.network.clone(),
            member.parameters.to_string(),
            member.epoch.to_string(),
            errors(&member.validation),
            errors(&member.test),
        ]);
    }
    Some(records)
}

fn progress(ui: &mut Ui, experiment: &ExperimentRecord) {
    let Some(snapshot) = &experiment.snapshot else { return };
    let left = snapshot.seconds_left.map_or_else(String::new, |left| format!(", {} left", format::duration(left)));
    let text = format!("{}: {}{left}", experiment.config.title(), snapshot.stage.to_lowercase());
    ui.add(egui::Label::new(RichText::new(text).small().weak()).truncate());
    let bar = egui::ProgressBar::new(snapshot.share as f32).desired_height(4.0).desired_width(ui.available_width());
    ui.add(bar).on_hover_text(format!("{:.0}% of the work", 100.0 * snapshot.share));
}

/// Returns whether it was clicked.
fn member_row(ui: &mut Ui, table: &mut Table<'_>, member: &MemberState, colour: Color32, is_chosen: bool) -> bool {
    let errors = |evaluation: &Option<std::sync::Arc<crate::train::Evaluation>>| {
        evaluation.as_ref().map_or_else(|| "-".to_owned(), |found| format::count(found.errors as u64))
    };
    let (validation, test) = (errors(&member.validation), errors(&member.test));
    let row = table.row(ui, || {
        format!("{}: {}, {validation} validation errors, {test} test errors", member.name, member.objective)
    });
    let (strong, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    let text_colour = if member.status == Status::Waiting { weak } else { strong };
    let swatch = egui::Rect::from_center_size(row.cell(0).center(), egui::Vec2::splat(8.0));
    ui.painter().rect_filled(swatch, 2.0, colour);
    let rect = row.response.rect;
    if is_chosen {
        ui.painter().rect_stroke(rect, 2.0, ui.visuals().selection.stroke, egui::StrokeKind::Inside);
    }
    let pace = if member.images_per_second > 0.0 {
        format::count(member.images_per_second.round() as u64)
    } else {
        "-".to_owned()
    };
    row.text(ui, 1, &member.name, text_colour);
    row.text(ui, 2, &member.objective, weak);
    row.text(ui, 3, &member.network, weak);
    row.text(ui, 4, format!("{:.1} of {}", member.epoch, member.epochs), text_colour);
    row.text(ui, 5, validation, text_colour);
    row.text(ui, 6, test, text_colour);
    row.text(ui, 7, pace, weak);
    row.text(ui, 8, format::duration(member.seconds), weak);
    let click = ui.interact(rect, ui.scope_id().with(("member", &member.name)), Sense::click());
    let name = format!("Look at {}", member.name);
    click.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, &name));
    click.on_hover_text("Put this network under the microscope").clicked()
}

/// One a network: teachers amber, hard labels neutral, soft targets blue (by temperature in a sweep), others of the palette.
pub(super) fn colours(experiment: &ExperimentRecord, dark: bool) -> Vec<Color32> {
    let students = experiment.config.distillation().map(|config| (config.students(), &config.sweep.temperatures));
    let of = |member: &MemberState| {
        if member.role == Role::Teacher {
            return theme::teacher(dark);
        }
        let spec = students.as_ref().and_then(|(specs, _)| specs.iter().find(|spec| spec.name == member.name));
        let temperatures = students.as_ref().map_or(0, |(_, temperatures)| temperatures.len());
        match spec.map(|spec| (spec.arm, spec.loss)) {
            Some((Arm::Hard, _)) => theme::baseline(dark),
            Some((Arm::Distilled, Loss::Distilled { temperature, .. })) if temperatures > 1 => {
                let place = students.as_ref().and_then(|(_, all)| all.iter().position(|other| *other == temperature));
                theme::sequential(0.25 + 0.7 * place.unwrap_or(0) as f32 / (temperatures - 1) as f32)
            }
            Some((Arm::Distilled, _)) => theme::student(dark),
            Some((Arm::Smoothed, _)) => theme::run_colour(2),
            Some((Arm::Logits, _)) => theme::run_colour(3),
            None => theme::run_colour(4),
        }
    };
    experiment.members().iter().map(of).collect()
}

/// How much of the distance from hard labels to the teacher the distilled student has closed, in words, as far as errors
/// are known.
pub(super) fn gap(experiment: &ExperimentRecord) -> Option<String> {
    let mean = |is_in: &dyn Fn(&MemberState) -> bool| {
        let errors: Vec<f64> = experiment
            .members()
            .iter()
            .filter(|member| is_in(member))
            .filter_map(|member| Some(member.validation.as_ref()?.errors as f64))
            .collect();
        (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
    };
    let teacher = mean(&|member| member.role == Role::Teacher)?;
    let hard = mean(&|member| member.name.starts_with(Arm::Hard.name()))?;
    let distilled = mean(&|member| member.name.starts_with(Arm::Distilled.name()))?;
    let distance = hard - teacher;
    let closed = if distance > 0.0 {
        format!("{:.0}% of the distance is closed", 100.0 * (hard - distilled) / distance)
    } else {
        "there is no distance to close".to_owned()
    };
    Some(format!("errors: hard {hard:.0}, distilled {distilled:.0}, teacher {teacher:.0}: {closed}"))
}
