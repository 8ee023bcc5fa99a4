//! Errors by temperature and student size: a heat map that fills in while the sweep runs.

use super::{Shared, offer_experiment};
use crate::experiments::{Arm, DistillConfig};
use crate::train::Loss;
use crate::ui::app::ExperimentRecord;
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use egui::{Align2, Color32, FontId, Rect, Role, Sense, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};

const NAME_WIDTH: f32 = 9.0 * theme::UNIT;
const TITLE_HEIGHT: f32 = 2.5 * theme::UNIT;
const CELL: Vec2 = vec2(8.0 * theme::UNIT, 5.0 * theme::UNIT);
const LARGEST_CELL: Vec2 = vec2(14.0 * theme::UNIT, 9.0 * theme::UNIT);
const BAR_HEIGHT: f32 = 1.5 * theme::UNIT;

#[derive(Default)]
pub(super) struct SweepView;

/// Mean errors of the students of one network at one temperature.
#[derive(Clone, Debug, Default)]
struct Cell {
    errors: Vec<usize>,
    /// Whether all of them are of the test images.
    is_final: bool,
    students: usize,
}

impl Cell {
    fn mean(&self) -> Option<f64> {
        (!self.errors.is_empty()).then(|| self.errors.iter().sum::<usize>() as f64 / self.errors.len() as f64)
    }

    fn spread(&self) -> f64 {
        let Some(mean) = self.mean() else { return 0.0 };
        let squares: f64 = self.errors.iter().map(|&errors| (errors as f64 - mean).powi(2)).sum();
        if self.errors.len() < 2 { 0.0 } else { (squares / (self.errors.len() - 1) as f64).sqrt() }
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, _: &mut SweepView, _: &mut Shared) {
    let swept = context.session.experiment().and_then(|experiment| Some((experiment, swept(experiment)?)));
    let Some((experiment, config)) = swept else {
        let text = "Errors by temperature and student size fill in here while a sweep runs: choose several temperatures or \
                    networks.";
        offer_experiment(ui, context, icon::CHART_LINE, text);
        return;
    };
    let (networks, temperatures) = axes(config);
    let cells = cells(experiment, config, &networks, &temperatures);
    let is_final = cells.iter().flatten().all(|cell| cell.is_final || cell.errors.is_empty());
    let what = if is_final { "test errors" } else { "errors so far (validation images until a student is done)" };
    ui.label(
        egui::RichText::new(format!("Mean {what} of distilled students; \u{00b1} is their standard deviation"))
            .small()
            .weak(),
    );
    let means: Vec<f64> = cells.iter().flatten().filter_map(Cell::mean).collect();
    let (low, high) = means.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &mean| (low.min(mean), high.max(mean)));
    let room = ui.available_size() - vec2(NAME_WIDTH, TITLE_HEIGHT + 3.0 * BAR_HEIGHT);
    let fit = vec2(room.x / temperatures.len() as f32, room.y / networks.len() as f32);
    let cell_size = fit.clamp(CELL, LARGEST_CELL);
    egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        titles(ui, &temperatures, cell_size);
        for (network, row) in networks.iter().zip(&cells) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let (name, _) = ui.allocate_exact_size(vec2(NAME_WIDTH, cell_size.y), Sense::hover());
                let font = FontId::proportional(theme::SMALL_SIZE);
                let weak = ui.visuals().weak_text_color();
                let place = name.right_center() - vec2(theme::UNIT, 0.0);
                ui.painter().text(place, Align2::RIGHT_CENTER, network, font, weak);
                for (cell, temperature) in row.iter().zip(&temperatures) {
                    show_cell(ui, cell, (network, *temperature), (low, high), cell_size);
                }
            });
        }
        if !means.is_empty() {
            colour_bar(ui, low, high, cell_size.x * temperatures.len() as f32);
        }
    });
}

/// A cell a row.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let experiment = context.session.experiment()?;
    let config = swept(experiment)?;
    let (networks, temperatures) = axes(config);
    let header = ["network", "temperature", "students", "mean errors", "standard deviation"];
    let mut records = Records::with_header(header.map(str::to_owned));
    for (network, row) in networks.iter().zip(cells(experiment, config, &networks, &temperatures)) {
        for (temperature, cell) in temperatures.iter().zip(row) {
            let mean = cell.mean().map_or_else(String::new, |mean| mean.to_string());
            let values = [
                network.clone(),
                temperature.to_string(),
                cell.errors.len().to_string(),
                mean,
                cell.spread().to_string(),
            ];
            records.push_all(values.to_vec());
        }
    }
    Some(records)
}

/// The settings, where the experiment goes through several.
fn swept(experiment: &ExperimentRecord) -> Option<&DistillConfig> {
    let config = experiment.config.distillation()?;
    let (networks, temperatures) = axes(config);
    (networks.len() * temperatures.len() > 1).then_some(config)
}

fn axes(config: &DistillConfig) -> (Vec<String>, Vec<f64>) {
    let or = |list: &[String], own: &str| if list.is_empty() { vec![own.to_owned()] } else { list.to_vec() };
    let networks = or(&config.sweep.networks, &config.student.network);
    let temperatures = &config.sweep.temperatures;
    (networks, if temperatures.is_empty() { vec![config.temperature] } else { temperatures.clone() })
}

fn cells(
    experiment: &ExperimentRecord,
    config: &DistillConfig,
    networks: &[String],
    temperatures: &[f64],
) -> Vec<Vec<Cell>> {
    let mut cells = vec![vec![Cell { is_final: true, ..Cell::default() }; temperatures.len()]; networks.len()];
    for spec in config.students().iter().filter(|spec| spec.arm == Arm::Distilled) {
        let Loss::Distilled { temperature, .. } = spec.loss else { continue };
        let place = networks.iter().position(|network| *network == spec.network);
        let column = temperatures.iter().position(|other| *other == temperature);
        let (Some(row), Some(column)) = (place, column) else { continue };
        let cell = &mut cells[row][column];
        cell.students += 1;
        let Some(member) = experiment.member(&spec.name) else { continue };
        let evaluation = member.test.as_ref().or(member.validation.as_ref());
        cell.is_final &= member.test.is_some();
        cell.errors.extend(evaluation.map(|evaluation| evaluation.errors));
    }
    cells
}

fn titles(ui: &mut Ui, temperatures: &[f64], cell: Vec2) {
    let (rect, _) =
        ui.allocate_exact_size(vec2(NAME_WIDTH + cell.x * temperatures.len() as f32, TITLE_HEIGHT), Sense::hover());
    let font = FontId::proportional(theme::SMALL_SIZE);
    let weak = ui.visuals().weak_text_color();
    for (index, temperature) in temperatures.iter().enumerate() {
        let x = rect.left() + NAME_WIDTH + (index as f32 + 0.5) * cell.x;
        let text = format!("T = {}", theme::figures(*temperature));
        ui.painter().text(pos2(x, rect.center().y), Align2::CENTER_CENTER, text, font.clone(), weak);
    }
}

fn show_cell(ui: &mut Ui, cell: &Cell, (network, temperature): (&str, f64), (low, high): (f64, f64), size: Vec2) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let mean = cell.mean();
    let text = mean.map_or_else(
        || "waits".to_owned(),
        |mean| {
            format!(
                "{mean:.0} \u{00b1} {:.0} errors, {} of {} students",
                cell.spread(),
                cell.errors.len(),
                cell.students
            )
        },
    );
    let description = format!("{network}, T = {}: {text}", theme::figures(temperature));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &description));
    let inner = rect.shrink(1.0);
    let painter = ui.painter();
    let Some(mean) = mean else {
        let border = egui::Stroke::new(1.0, theme::border(ui.visuals().dark_mode));
        painter.rect_stroke(inner, 2.0, border, StrokeKind::Inside);
        response.on_hover_text(description);
        return;
    };
    let place = if high > low { (mean - low) / (high - low) } else { 0.0 };
    let colour = theme::sequential(place as f32);
    painter.rect_filled(inner, 2.0, colour);
    let ink = ink_on(colour);
    let font = FontId::monospace(theme::SMALL_SIZE + 1.0);
    painter.text(inner.center() - vec2(0.0, 7.0), Align2::CENTER_CENTER, format!("{mean:.0}"), font, ink);
    let small = FontId::monospace(theme::SMALL_SIZE);
    let below = if cell.is_final { format!("\u{00b1}{:.0}", cell.spread()) } else { "so far".to_owned() };
    painter.text(inner.center() + vec2(0.0, 8.0), Align2::CENTER_CENTER, below, small, ink);
    response.on_hover_text(description);
}

/// Black or white, whichever stands out.
fn ink_on(colour: Color32) -> Color32 {
    if colour.intensity() > 0.5 { Color32::BLACK } else { Color32::WHITE }
}

fn colour_bar(ui: &mut Ui, low: f64, high: f64, width: f32) {
    ui.add_space(theme::UNIT);
    let size = vec2(NAME_WIDTH + width.min(40.0 * theme::UNIT), BAR_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let label = 5.0 * theme::UNIT;
    let bar = Rect::from_min_max(
        pos2(rect.left() + NAME_WIDTH + label, rect.top()),
        pos2(rect.right() - label, rect.bottom()),
    );
    let steps = 64;
    for step in 0..steps {
        let left = bar.left() + bar.width() * step as f32 / steps as f32;
        let part =
            Rect::from_min_max(pos2(left, bar.top()), pos2(left + bar.width() / steps as f32 + 0.5, bar.bottom()));
        ui.painter().rect_filled(part, 0.0, theme::sequential(step as f32 / (steps - 1) as f32));
    }
    let font = FontId::monospace(theme::SMALL_SIZE);
    let weak = ui.visuals().weak_text_color();
    let gap = vec2(theme::UNIT / 2.0, 0.0);
    ui.painter().text(bar.left_center() - gap, Align2::RIGHT_CENTER, format!("{low:.0}"), font.clone(), weak);
    ui.painter().text(bar.right_center() + gap, Align2::LEFT_CENTER, format!("{high:.0} errors"), font, weak);
}
