//! A pad to draw on: both networks are asked what they make of it, and the microscope shows the answer.

use super::super::Shared;
use super::super::subject::Subject;
use super::MNIST;
use crate::engine::RunId;
use crate::nets::{most_likely, softmax_at};
use crate::ui::labs::LabContext;
use crate::ui::theme;
use crate::ui::widgets::drawing_pad::DrawingPad;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{RichText, Ui};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LARGEST_PAD: f32 = 45.0 * theme::UNIT;
const SMALLEST_PAD: f32 = 12.0 * theme::UNIT;
/// A question without an answer is asked again after this time: the engine may have been too busy to take it.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What the networks were asked last: one question at a time, so that a fast hand does not flood the engine.
#[derive(Default)]
pub(super) struct Asking {
    pending: Option<(RunId, Arc<[u8]>, Instant)>,
}

impl Asking {
    /// Asks about the drawing under the microscope unless the answer is there or on its way.
    pub(super) fn ask(&mut self, context: &mut LabContext<'_>, shared: &Shared) {
        let (Some(drawn), Some(experiment)) = (&shared.drawn, context.session.experiment()) else { return };
        let is_answered = |pixels: &[u8]| experiment.asked.as_ref().is_some_and(|asked| *asked.pixels == *pixels);
        if experiment.started.is_none() || is_answered(drawn) {
            return;
        }
        let is_pending = self.pending.as_ref().is_some_and(|(run, pixels, at)| {
            *run == experiment.id && !is_answered(pixels) && at.elapsed() < ASK_AGAIN_AFTER
        });
        if !is_pending {
            self.pending = Some((experiment.id, Arc::clone(drawn), Instant::now()));
            context.session.ask_members(Arc::clone(drawn));
        }
    }
}

pub(super) fn show(ui: &mut Ui, context: &LabContext<'_>, pad: &mut DrawingPad, shared: &mut Shared) {
    let side = (ui.available_height() - theme::UNIT).min(ui.available_width() * 0.6).clamp(SMALLEST_PAD, LARGEST_PAD);
    ui.horizontal_top(|ui| {
        if pad.show(ui, side) {
            shared.drawn = pad.image(MNIST);
        }
        ui.vertical(|ui| {
            if shared.drawn.is_none() {
                ui.label(RichText::new("Draw, and teacher and student say what they see, stroke by stroke.").weak());
                return;
            }
            if let Ok(subject) = Subject::of(context, shared) {
                says(ui, &subject);
            } else {
                ui.label(RichText::new("asking...").small().weak());
                ui.ctx().request_repaint_after(ASK_AGAIN_AFTER);
            }
            ui.label(RichText::new("The microscope shows all classes.").small().weak());
        });
    });
}

fn says(ui: &mut Ui, subject: &Subject) {
    for (role, logits) in [("teacher", &subject.teacher), ("student", &subject.student)] {
        let class = most_likely(logits);
        let share = softmax_at(logits, 1.0).get(class).copied().unwrap_or(0.0);
        let name = class_name(&subject.class_names, class);
        let text = format!("{role} says {name} at {}", format::short_percent(share));
        ui.label(RichText::new(&text)).on_hover_text("The likeliest class, and its probability at T = 1");
    }
}
