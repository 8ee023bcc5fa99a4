//! Units changed and layers left out in the trained network: what becomes of its accuracy, of each class, and of the picture
//! (Zeiler, Fergus 2013, section 5.1 and table 3, without retraining).

use super::LabContext;
use super::operations::{self, OperationsView};
use super::shared::Shared;
use super::sweep::{self, SweepView};
use crate::engine::{Facts, SurgerySeen};
use crate::lens::SurgeryOutcome;
use crate::train::Evaluation;
use crate::ui::app::SheetSource;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::confusion::{ConfusionView, Normalised};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use crate::ui::widgets::table::{Column, Table};
use egui::{Button, Context, ProgressBar, RichText, ScrollArea, Ui, vec2};
use std::sync::Arc;

/// Classes of the picture that are named, and rows of the table of classes.
const MOST_OF_PICTURE: usize = 5;
const MOST_CLASSES: usize = 20;
/// More classes have no room in a matrix.
const LARGEST_MATRIX: usize = 100;
const MATRIX: f32 = 264.0;
/// Height of the bar of progress.
const PROGRESS: f32 = 14.0;

/// What the pane remembers of itself.
pub(super) struct SurgeryPane {
    operations: OperationsView,
    /// The matrix after the operations, or else before.
    shows_after: bool,
    matrix: ConfusionView,
    /// What the matrix is of.
    shown: Option<(Arc<SurgerySeen>, bool, Arc<Evaluation>)>,
    /// The last pass that came to its end, and the network that it was about: it stays while the next one goes on.
    finished: Option<(Arc<Facts>, Arc<SurgerySeen>)>,
    sweep: SweepView,
    /// The last pass in which the pointer was in the pane.
    pointed: Option<u64>,
}

impl Default for SurgeryPane {
    fn default() -> Self {
        Self {
            operations: OperationsView::default(),
            shows_after: true,
            matrix: ConfusionView::default(),
            shown: None,
            finished: None,
            sweep: SweepView::default(),
            pointed: None,
        }
    }
}

impl SurgeryPane {
    /// Takes the last operation back, or makes it again, where the pointer is in the pane. Returns whether it did.
    pub(super) fn undo(&mut self, ctx: &Context, redo: bool) -> bool {
        let is_pointed = self.pointed.is_some_and(|pass| pass + 2 >= ctx.cumulative_pass_nr());
        is_pointed && self.operations.undo(redo)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut SurgeryPane, shared: &mut Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::SCISSORS, "Units can be silenced here once the network is open.", None);
        return;
    };
    let Some(cut) = shared.cut(&facts).cloned() else { return };
    if ui.rect_contains_pointer(ui.max_rect()) {
        view.pointed = Some(ui.ctx().cumulative_pass_nr());
    }
    let source = shared.source(&facts, context);
    operations::show(ui, &mut view.operations, &facts, &cut, shared.unit);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let layer = cut.cut.layers;
        effect(ui, context, view, (&facts, layer), &source);
        sweep::show(ui, context, &mut view.sweep, shared, (&facts, &cut), &source);
    });
}

fn effect(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut SurgeryPane,
    (facts, cut): (&Arc<Facts>, usize),
    source: &SheetSource,
) {
    let exploration = &mut context.session.exploration;
    let answer = exploration.surgery(source, view.operations.list(), cut);
    let is_current = answer.as_ref().is_some_and(|(_, is_current)| *is_current);
    if let Some(reason) = exploration.refused().filter(|_| !is_current) {
        ui.label(RichText::new(format!("{} {reason}", icon::WARNING)).small().color(ui.visuals().error_fg_color));
    }
    let Some((seen, _)) = answer else {
        ui.spinner();
        return;
    };
    progress(ui, &seen);
    if seen.total > 0 && seen.done == seen.total {
        view.finished = Some((Arc::clone(facts), Arc::clone(&seen)));
    }
    let is_of =
        |of: &Facts| of.architecture == facts.architecture && (of.name == facts.name || exploration.follows_run());
    let finished = view.finished.as_ref().filter(|(of, _)| is_of(of)).map(|(_, seen)| Arc::clone(seen));
    if let Some(finished) = &finished {
        summary(ui, finished, is_current && Arc::ptr_eq(finished, &seen));
    }
    if let Some([before, after]) = &seen.picture {
        let picture = exploration.selected().and_then(|picture| exploration.pictures().get(picture));
        let name = picture.map_or("the selected picture", |picture| &picture.name);
        changes(ui, &format!("{name}: probability"), &of_picture(before, after, &facts.class_names));
    }
    if let Some(finished) = finished {
        let what = if finished.is_labelled { "right predictions by class" } else { "predictions as before, by class" };
        changes(ui, what, &of_classes(&finished, &facts.class_names));
        matrix(ui, view, &finished, &facts.class_names);
    }
}

/// How far the pass is. It takes its room when it is at its end too, so that nothing jumps.
fn progress(ui: &mut Ui, seen: &SurgerySeen) {
    if seen.total > 0 && seen.done == seen.total {
        ui.add_space(PROGRESS + ui.spacing().item_spacing.y);
        return;
    }
    let text = if seen.total == 0 {
        "opening the images".to_owned()
    } else {
        format!("{} of {} images", format::count(seen.done as u64), format::count(seen.total as u64))
    };
    let share = seen.done as f32 / seen.total.max(1) as f32;
    ui.add(ProgressBar::new(share).desired_height(PROGRESS).text(RichText::new(text).small()));
}

/// Accuracy before and after.
fn summary(ui: &mut Ui, seen: &SurgerySeen, is_current: bool) {
    let (before, after) = (seen.before.accuracy(), seen.after.accuracy());
    let what = if seen.is_labelled { "accuracy" } else { "agreement with the untouched network" };
    let text = format!(
        "{what} {} \u{2192} {} ({} points) on {} images",
        format::percent(before),
        format::percent(after),
        points(after - before),
        format::count(seen.total as u64)
    );
    let text = RichText::new(text).strong();
    ui.label(if is_current { text } else { text.weak() });
}

/// A change of a share in points of a hundred, with its sign.
pub(super) fn points(change: f64) -> String {
    // What rounds to nothing has no sign.
    if change.abs() < 5e-5 { "0.00".to_owned() } else { format!("{:+.2}", 100.0 * change).replace('-', "\u{2212}") }
}

/// A class, and its share before and after.
type ClassChange = (String, f64, f64);

/// The classes that are most probable before or after.
fn of_picture(before: &[f64], after: &[f64], names: &[String]) -> Vec<ClassChange> {
    let both = before.iter().zip(after).enumerate();
    let mut rows: Vec<ClassChange> =
        both.map(|(class, (before, after))| (class_name(names, class), *before, *after)).collect();
    rows.sort_by(|a, b| b.1.max(b.2).total_cmp(&a.1.max(a.2)));
    rows.truncate(MOST_OF_PICTURE);
    rows
}

/// Classes with images; those that lose most first.
fn of_classes(seen: &SurgerySeen, names: &[String]) -> Vec<ClassChange> {
    let row = |class: usize| Some((class_name(names, class), seen.before.recall(class)?, seen.after.recall(class)?));
    let mut rows: Vec<ClassChange> = (0..seen.after.confusion.len()).filter_map(row).collect();
    rows.sort_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)));
    rows.truncate(MOST_CLASSES);
    rows
}

const COLUMNS: [Column; 4] = [
    Column::text("Class", 96.0, "The class"),
    Column::number("Before", 60.0, "In the network as it was trained"),
    Column::number("After", 60.0, "After the operations above"),
    Column::number("Change", 60.0, "In points of a hundred"),
];

fn changes(ui: &mut Ui, title: &str, rows: &[ClassChange]) {
    ui.add_space(theme::UNIT / 2.0);
    ui.label(RichText::new(title).small().strong());
    ui.scope(|ui| {
        let mut table = Table::begin(ui, &COLUMNS);
        let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        for (name, before, after) in rows {
            let (first, second) = (format::percent(*before), format::percent(*after));
            let row = table.row(ui, || format!("{name}: {first} before, {second} after"));
            let colour = if (after - before).abs() < 5e-5 { weak } else { text };
            for (column, value) in [name, &first, &second, &points(after - before)].into_iter().enumerate() {
                row.text(ui, column, value, colour);
            }
        }
    });
}

/// The confusion matrix before or after.
fn matrix(ui: &mut Ui, view: &mut SurgeryPane, seen: &Arc<SurgerySeen>, names: &[String]) {
    if seen.after.confusion.len() > LARGEST_MATRIX {
        return;
    }
    ui.add_space(theme::UNIT / 2.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.label(RichText::new("confusion").small().strong());
        for (after, name) in [(false, "before"), (true, "after")] {
            let button = ui.add(Button::selectable(view.shows_after == after, RichText::new(name).small()));
            let button = button.on_hover_text("True classes down, predictions across");
            if button.accessible_name(format!("Confusion {name}")).clicked() {
                view.shows_after = after;
            }
        }
    });
    let is_shown = |(own, after, _): &&(Arc<SurgerySeen>, bool, Arc<Evaluation>)| {
        Arc::ptr_eq(own, seen) && *after == view.shows_after
    };
    let known = view.shown.as_ref().filter(is_shown).map(|(_, _, evaluation)| Arc::clone(evaluation));
    let evaluation =
        known.unwrap_or_else(|| Arc::new(evaluation(if view.shows_after { &seen.after } else { &seen.before })));
    view.shown = Some((Arc::clone(seen), view.shows_after, Arc::clone(&evaluation)));
    let size = vec2(ui.available_width(), MATRIX);
    ui.allocate_ui(size, |ui| view.matrix.show(ui, &evaluation, names, Normalised::No, None));
}

/// What is known of it: no losses and no probabilities.
fn evaluation(outcome: &SurgeryOutcome) -> Evaluation {
    Evaluation {
        step: 0,
        examples: outcome.images,
        loss: f64::NAN,
        errors: outcome.errors,
        accuracy: outcome.accuracy(),
        confusion: outcome.confusion.clone(),
        classes: Vec::new(),
        calibration: Vec::new(),
        calibration_error: f64::NAN,
        outcomes: Vec::new(),
        logits: Arc::default(),
    }
}

/// A class a row.
pub(super) fn records(view: &SurgeryPane) -> Option<Records> {
    let (facts, seen) = view.finished.as_ref()?;
    let header = ["class", "images", "right_before", "right_after", "picture_before", "picture_after"];
    let mut records = Records::new(header);
    for (class, row) in seen.after.confusion.iter().enumerate() {
        let of_picture = |index: usize| {
            let value = seen.picture.as_ref().and_then(|both| both[index].get(class));
            value.map_or_else(String::new, f64::to_string)
        };
        records.push([
            class_name(&facts.class_names, class),
            row.iter().sum::<u32>().to_string(),
            seen.before.confusion.get(class).map_or(0, |row| row[class]).to_string(),
            row[class].to_string(),
            of_picture(0),
            of_picture(1),
        ]);
    }
    Some(records)
}
