//! Signs of trouble in the current run, each with its evidence; and where a value stopped being finite.

use super::fault::{self, FaultView};
use super::{LabContext, Pane, specs};
use crate::train::diagnosis::WINDOW;
use crate::train::{Hint, HintKind};
use crate::ui::app::{Action, Selection};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{Align, Button, Frame, Label, Layout, Margin, RichText, ScrollArea, Ui};

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct HintsView {
    fault: FaultView,
}

/// What the tab counts.
pub(super) fn count(context: &LabContext<'_>) -> usize {
    context.session.current().map_or(0, |run| run.hints.len() + usize::from(run.fault.is_some()))
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut HintsView) {
    let Some(run) = context.session.current() else {
        let text = "Signs of trouble appear here while a run trains, each with its evidence: vanishing or exploding \
                    gradients, dead units, a learning rate too high, overfitting, values that are not finite.";
        let train = Action::TrainOrPause.hint(ui.ctx());
        if empty(ui, icon::WARNING, text, Some((&format!("{} Train", icon::PLAY), &train))) {
            context.actions.push(Action::TrainOrPause);
        }
        return;
    };
    let (fault, hints) = (run.fault.clone(), run.hints.clone());
    if fault.is_none() && hints.is_empty() {
        all_is_well(ui, context);
        return;
    }
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        if let Some(report) = fault {
            fault::show(ui, context, &mut view.fault, &report);
            ui.add_space(theme::UNIT);
        }
        for hint in hints.iter() {
            card(ui, context, hint);
        }
    });
}

fn all_is_well(ui: &mut Ui, context: &mut LabContext<'_>) {
    let every = context.book.current().config.monitor.health_every;
    if every == 0 {
        let text = "Nobody looks at the layers, so only overfitting can be seen.";
        let button = ("Look every 25 steps", specs::HEALTH_EVERY.tooltip);
        if empty(ui, icon::EYE_SLASH, text, Some(button)) {
            context.edit(ui, specs::HEALTH_EVERY.key, |settings| settings.config.monitor.health_every = 25);
        }
        return;
    }
    let text = format!(
        "No sign of trouble. The layers are looked at every {} steps; a sign that stays for {WINDOW} looks ({} steps) is \
         shown here with its evidence.",
        format::count(every),
        format::count(every * WINDOW as u64)
    );
    empty(ui, icon::CHECK, &text, None);
}

fn card(ui: &mut Ui, context: &mut LabContext<'_>, hint: &Hint) {
    let frame =
        Frame::new().fill(ui.visuals().faint_bg_color).inner_margin(Margin::same(6)).corner_radius(theme::CORNER);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(icon::WARNING).color(ui.visuals().warn_fg_color));
            ui.label(theme::title(name(hint))).on_hover_text(hint.kind.definition());
            ui.label(RichText::new(steps(hint)).small().weak());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let button = ui.add(Button::new("Show").small()).on_hover_text(match hint.layer {
                    Some(_) => "Select the layer and bring its curves to the front",
                    None => "Bring the curves to the front that show it",
                });
                if button.accessible_name(format!("Show {}", name(hint).to_lowercase())).clicked() {
                    reveal(context, hint);
                }
            });
        });
        for evidence in &hint.evidence {
            ui.add(Label::new(RichText::new(evidence.to_string()).monospace().small()).wrap());
        }
        ui.add(Label::new(RichText::new(hint.kind.definition()).small().weak()).wrap());
    });
    ui.add_space(theme::UNIT / 2.0);
}

fn name(hint: &Hint) -> String {
    hint.layer
        .as_ref()
        .map_or_else(|| hint.kind.title().to_owned(), |layer| format!("{} in {layer}", hint.kind.title()))
}

fn steps(hint: &Hint) -> String {
    format!("since step {}, seen up to {}", format::count(hint.since_step), format::count(hint.until_step))
}

fn reveal(context: &mut LabContext<'_>, hint: &Hint) {
    if let Some(layer) = &hint.layer {
        context.session.selection = Selection::Layer(layer.clone());
    }
    let pane = match hint.kind {
        HintKind::VanishingGradients | HintKind::ExplodingGradients | HintKind::DeadLayer => Pane::LayerCurves,
        HintKind::RateTooHigh | HintKind::Overfitting => Pane::Loss,
    };
    context.reveal(pane);
}

/// What every layer held at the fault, or else the hints with their figures.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let run = context.session.current()?;
    if let Some(report) = &run.fault {
        return Some(fault::records(report));
    }
    let mut records =
        Records::new(["hint", "layer", "since_step", "until_step", "figure", "lowest", "highest", "threshold"]);
    for hint in run.hints.iter() {
        for evidence in &hint.evidence {
            records.push([
                hint.kind.title().to_owned(),
                hint.layer.clone().unwrap_or_default(),
                hint.since_step.to_string(),
                hint.until_step.to_string(),
                evidence.figure.clone(),
                evidence.lowest.to_string(),
                evidence.highest.to_string(),
                evidence.threshold.to_string(),
            ]);
        }
    }
    (!records.is_empty()).then_some(records)
}
