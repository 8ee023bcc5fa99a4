//! Each unit of the layer silenced in turn, and what that costs: a part of the pane Surgery.

use super::LabContext;
use super::operations::INSIDE;
use super::shared::Shared;
use super::surgery::points;
use crate::engine::{CutFacts, Facts, SweepSeen};
use crate::lens::UnitCost;
use crate::ui::app::SheetSource;
use crate::ui::export::{Figure, Records};
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use crate::ui::widgets::table::{Column, ROW_HEIGHT, Sorting, Table};
use egui::{Button, ProgressBar, Rect, RichText, Sense, Ui, vec2};

const COLUMNS: [Column; 4] = [
    Column::number("Unit", 40.0, "The unit that is silenced"),
    Column::number("Accuracy", 64.0, "Of the network without this unit"),
    Column::number("Cost", 56.0, "By how much the accuracy falls, in points of a hundred; negative where it rises"),
    Column::text("Hardest hit", 120.0, "The class whose share of right predictions falls most, and by how many points"),
];
const ACCURACY: usize = 1;
const COST: usize = 2;
const HARDEST: usize = 3;

/// What the table remembers of itself.
pub(super) struct SweepView {
    sorting: Sorting<usize>,
}

impl Default for SweepView {
    fn default() -> Self {
        Self { sorting: Sorting { column: Some(COST), descending: true } }
    }
}

pub(super) fn show(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut SweepView,
    shared: &mut Shared,
    (facts, cut): (&Facts, &CutFacts),
    source: &SheetSource,
) {
    ui.add_space(theme::UNIT);
    ui.separator();
    control(ui, context, cut, source);
    let Some(seen) = context.session.exploration.sweep().cloned() else {
        let text = "Which units matter? Each unit of the layer is silenced in turn, in the network as it was trained, and \
                    they are listed by what that costs.";
        ui.label(RichText::new(text).small().weak());
        return;
    };
    let Some(swept) = facts.cuts.iter().find(|own| own.cut == seen.cut.into()) else { return };
    let figure = Figure::begin(ui, "Cost of each unit");
    let top = ui.cursor().min;
    ui.label(RichText::new(summary(&seen, swept)).small());
    let chosen = (swept.cut == cut.cut).then_some(shared.unit);
    if let Some(unit) = table(ui, view, &seen, swept, &facts.class_names, chosen) {
        shared.choose(&swept.name);
        shared.unit = unit;
    }
    figure.end(ui, Rect::from_min_max(top, ui.min_rect().max), || Some(records(&seen, swept, facts)));
}

/// A unit a row.
fn records(seen: &SweepSeen, swept: &CutFacts, facts: &Facts) -> Records {
    let mut records = Records::new(["layer", "unit", "images", "errors", "errors_of_whole", "hardest_hit", "fall"]);
    for cost in &seen.costs {
        records.push([
            swept.name.clone(),
            cost.unit.to_string(),
            seen.done.to_string(),
            cost.errors.to_string(),
            seen.errors.to_string(),
            cost.hardest.map_or_else(String::new, |(class, _)| class_name(&facts.class_names, class)),
            cost.hardest.map_or_else(String::new, |(_, fall)| fall.to_string()),
        ]);
    }
    records
}

/// The button that begins, and while it goes on how far it is and the button that stops it.
fn control(ui: &mut Ui, context: &mut LabContext<'_>, cut: &CutFacts, source: &SheetSource) {
    let exploration = &mut context.session.exploration;
    ui.horizontal(|ui| {
        if exploration.is_sweeping() {
            let stop = ui.add(Button::new(RichText::new("Stop").small())).on_hover_text("What is known stays");
            if stop.accessible_name("Stop silencing units").clicked() {
                exploration.stop_sweep();
            }
            let (done, total) = exploration.sweep().map_or((0, 0), |seen| (seen.done, seen.total));
            let text = format!("{} of {} images", format::count(done as u64), format::count(total as u64));
            let share = done as f32 / total.max(1) as f32;
            ui.add(ProgressBar::new(share).desired_height(14.0).text(RichText::new(text).small()));
            return;
        }
        let text = format!("Silence each unit of {} in turn", cut.name);
        let button = ui.add_enabled(cut.cut.inner == 0, Button::new(RichText::new(text).small()));
        let button =
            button.on_hover_text("Over the same images; figures of all units come soon, and better ones later");
        if button.on_disabled_hover_text(INSIDE).accessible_name("Silence each unit in turn").clicked() {
            exploration.begin_sweep(source, cut.cut.layers);
        }
        if exploration.is_sweep_before() {
            ui.label(RichText::new("What is below is of an earlier step of the run.").small().weak());
        }
    });
}

fn summary(seen: &SweepSeen, swept: &CutFacts) -> String {
    let what = if seen.is_labelled { "accuracy" } else { "agreement with itself" };
    format!(
        "{}: {} units, each silenced on {} images; {what} of the whole network {}",
        swept.name,
        seen.costs.len(),
        format::count(seen.done as u64),
        format::percent(accuracy(seen.errors, seen))
    )
}

fn accuracy(errors: usize, seen: &SweepSeen) -> f64 {
    1.0 - errors as f64 / seen.done.max(1) as f64
}

/// Returns the unit whose row was clicked.
fn table(
    ui: &mut Ui,
    view: &mut SweepView,
    seen: &SweepSeen,
    swept: &CutFacts,
    names: &[String],
    chosen: Option<usize>,
) -> Option<usize> {
    let order = order(view.sorting, &seen.costs);
    let mut clicked = None;
    ui.scope(|ui| {
        let mut table = Table::untitled(ui, &COLUMNS);
        let (titles, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
        let sorted = view.sorting.column.map(|column| (column, view.sorting.descending));
        if let Some(column) = table.sortable_titles(ui, titles, sorted) {
            view.sorting.click(column);
        }
        let rows = in_sight(ui, order.len());
        table.skip(ui, rows.start);
        for cost in order.get(rows.clone()).unwrap_or_default() {
            let without = accuracy(cost.errors, seen);
            let row = table.row(ui, || {
                format!("Without {} unit {}: accuracy {}", swept.name, cost.unit, format::percent(without))
            });
            let visuals = ui.visuals();
            let is_chosen = chosen == Some(cost.unit);
            let colour = if is_chosen { theme::accent(visuals.dark_mode) } else { visuals.text_color() };
            let hardest = cost.hardest.map(|(class, fall)| format!("{} {}", class_name(names, class), points(-fall)));
            row.text(ui, 0, cost.unit, colour);
            row.text(ui, ACCURACY, format::percent(without), colour);
            row.text(ui, COST, points(accuracy(seen.errors, seen) - without), colour);
            row.text(ui, HARDEST, hardest.unwrap_or_default(), colour);
            if row.response.interact(Sense::click()).clicked() {
                clicked = Some(cost.unit);
            }
        }
        table.skip(ui, order.len() - rows.end);
    });
    clicked
}

fn order(sorting: Sorting<usize>, costs: &[UnitCost]) -> Vec<&UnitCost> {
    let mut order: Vec<&UnitCost> = costs.iter().collect();
    let fall = |cost: &UnitCost| cost.hardest.map_or(0.0, |(_, fall)| fall);
    match sorting.column {
        Some(ACCURACY) => order.sort_by_key(|cost| std::cmp::Reverse(cost.errors)),
        Some(COST) => order.sort_by_key(|cost| cost.errors),
        Some(HARDEST) => order.sort_by(|a, b| fall(a).total_cmp(&fall(b))),
        _ => {}
    }
    if sorting.column.is_some() && sorting.descending {
        order.reverse();
    }
    order
}

/// Of `count` rows from here on, those that can be seen.
fn in_sight(ui: &Ui, count: usize) -> std::ops::Range<usize> {
    let top = ui.cursor().top();
    let row = |y: f32| ((y - top) / ROW_HEIGHT).max(0.0);
    let (first, last) = (row(ui.clip_rect().top()) as usize, row(ui.clip_rect().bottom()).ceil() as usize);
    first.min(count)..last.clamp(first.min(count), count)
}
