//! The learning-rate finder: a range test on a copy of the network, its curve, and what it suggests.

mod plot;

use super::LabContext;
use super::form::four_digits;
use super::specs;
use crate::engine::RateTest;
use crate::experiments::{MINIMUM_DIVISOR, RangeTestConfig, RangeTestEnd, RangeTestResult, SMOOTHING};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{Button, DragValue, Label, ProgressBar, RichText, Ui, vec2};
use std::sync::Arc;

const FIELD_WIDTH: f32 = 8.0 * theme::UNIT;
/// Narrower than this, the controls take several rows.
const ONE_ROW: f32 = 60.0 * theme::UNIT;
const PROGRESS_WIDTH: f32 = 16.0 * theme::UNIT;
const WHAT_IT_IS: &str = "Which learning rate? On a copy of the network the rate rises by the same factor at every step: \
    where the loss falls fastest the network learns fastest, and where it rises the rate is too high (Smith 2017, arXiv \
    1506.01186). The run itself is not touched.";

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct RateFinderView {
    range: RangeTestConfig,
    curve: plot::Curve,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut RateFinderView) {
    let test = context.session.current().and_then(|run| run.rate_test.clone());
    let is_going = test.as_ref().is_some_and(|test| test.result.end.is_none()) && is_alive(context);
    let controls = |ui: &mut Ui| {
        fields(ui, &mut view.range, !is_going);
        buttons(ui, context, view, is_going);
        if let Some(test) = &test {
            progress(ui, test, is_going);
        }
    };
    if ui.available_width() < ONE_ROW {
        ui.horizontal_wrapped(controls);
    } else {
        ui.horizontal(controls);
    }
    match test {
        Some(test) if !test.result.points.is_empty() => {
            if !is_going {
                suggestions(ui, context, &test.result);
            }
            let colour = context.session.current().map_or(0, |run| run.colour);
            let rate = context.book.current().config.optimiser.learning_rate;
            if let Some(clicked) = plot::show(ui, &mut view.curve, &test, theme::run_colour(colour), rate) {
                take(ui, context, clicked);
            }
        }
        _ => {
            empty(ui, icon::MAGNET, WHAT_IT_IS, None);
        }
    }
}

/// A run that failed takes its test with it.
fn is_alive(context: &LabContext<'_>) -> bool {
    context.session.current().is_some_and(|run| !matches!(run.phase, crate::engine::Phase::Failed(_)))
}

fn fields(ui: &mut Ui, range: &mut RangeTestConfig, enabled: bool) {
    let rate = |ui: &mut Ui, name: &str, tooltip: &str, value: &mut f64| {
        let speed = (value.abs() * 0.02).max(1e-9);
        let field = DragValue::new(value)
            .range(1e-10..=1e3)
            .speed(speed)
            .update_while_editing(false)
            .custom_formatter(|value, _| theme::figures(value))
            .custom_parser(|text| text.replace(',', "").trim().parse().ok());
        ui.label(RichText::new(name).weak());
        let response =
            ui.add_enabled_ui(enabled, |ui| ui.add_sized(vec2(FIELD_WIDTH, ui.spacing().interact_size.y), field));
        if response.inner.on_hover_text(tooltip).accessible_name(format!("Rate {}", name.to_lowercase())).changed() {
            *value = four_digits(*value);
        }
    };
    rate(ui, "From", "The learning rate of the first step", &mut range.from);
    rate(
        ui,
        "To",
        "The learning rate of the last step; the test ends before when the loss gets out of hand",
        &mut range.to,
    );
    ui.label(RichText::new("Steps").weak());
    let steps = DragValue::new(&mut range.steps).range(3..=2_000u64).speed(0.5).update_while_editing(false);
    let response =
        ui.add_enabled_ui(enabled, |ui| ui.add_sized(vec2(FIELD_WIDTH, ui.spacing().interact_size.y), steps));
    response
        .inner
        .on_hover_text("Mini-batches, each at a higher rate than the one before")
        .accessible_name("Rate steps");
}

fn buttons(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut RateFinderView, is_going: bool) {
    if is_going {
        let cancel = Button::new(format!("{} Cancel", icon::X));
        if ui.add(cancel).on_hover_text("End the test here").accessible_name("Cancel the range test").clicked() {
            context.session.cancel_find_rate();
        }
        return;
    }
    let sound = view.range.check();
    let start = ui.add_enabled(sound.is_ok(), Button::new(format!("{} Find a rate", icon::PLAY)));
    let start = start.on_hover_text(
        "Run the range test on a copy of the network and the optimiser as they are now, or of a fresh network when no \
         run is in hand. A run that trains waits for it.",
    );
    if start.accessible_name("Find a rate").clicked() {
        context.session.find_rate(context.book.current(), view.range);
    }
    if let Err(reason) = sound {
        ui.add(Label::new(RichText::new(reason).small().color(ui.visuals().warn_fg_color)).wrap());
    }
}

fn progress(ui: &mut Ui, test: &RateTest, is_going: bool) {
    let (done, steps) = (test.result.points.len(), test.config.steps);
    if is_going {
        let text = format!("{done} of {steps}, {} left", format::duration(test.seconds_left));
        let bar = ProgressBar::new(done as f32 / steps as f32).desired_width(PROGRESS_WIDTH).text(text);
        ui.add(bar).on_hover_text("Steps of the range test");
        return;
    }
    let end = test.result.end.map_or_else(String::new, RangeTestEnd::describe);
    let text = format!("step {} of the run; {done} of {steps} rates, {end}", format::count(test.step));
    ui.add(Label::new(RichText::new(text).small().weak()).truncate());
}

/// Each with its definition: a test suggests, it does not know.
fn suggestions(ui: &mut Ui, context: &mut LabContext<'_>, result: &RangeTestResult) {
    let found = [
        ("steepest fall", "Where the smoothed loss falls most for a change of the rate's logarithm", result.steepest()),
        ("minimum / 10", "The rate at the minimum of the smoothed loss, over ten", result.minimum_tenth()),
    ];
    ui.horizontal_wrapped(|ui| {
        let text = RichText::new("Suggestions:").small().weak();
        ui.label(text).on_hover_text(format!(
            "Points of the smoothed loss (exponential average, {SMOOTHING} of the past), divided by {MINIMUM_DIVISOR} at \
             the minimum: a place to begin, not the best rate"
        ));
        for (name, definition, rate) in found {
            let Some(rate) = rate.map(two_digits) else {
                ui.label(RichText::new(format!("{name}: none")).small().weak()).on_hover_text(definition);
                continue;
            };
            let button = ui.add(Button::new(format!("Use {}", theme::figures(rate))).small());
            if button.on_hover_text(format!("{definition}. Sets the learning rate, which can be undone.")).clicked() {
                take(ui, context, rate);
            }
            ui.label(RichText::new(format!("({name})")).small().weak()).on_hover_text(definition);
        }
        if !result.points.is_empty() {
            ui.label(RichText::new("or click the plot").small().weak());
        }
    });
}

/// One undoable change of the learning rate, in the run in hand too.
fn take(ui: &Ui, context: &mut LabContext<'_>, rate: f64) {
    let rate = two_digits(rate);
    context.edit(ui, specs::LEARNING_RATE.key, |settings| settings.config.optimiser.learning_rate = rate);
}

/// More would mean nothing.
fn two_digits(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

/// The points of the last test.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let test: Arc<RateTest> = context.session.current()?.rate_test.clone()?;
    let mut records = Records::new(["rate", "loss", "smoothed"]);
    for point in &test.result.points {
        records.push([point.rate.to_string(), point.loss.to_string(), point.smoothed.to_string()]);
    }
    Some(records)
}
