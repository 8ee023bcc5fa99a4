//! From what a step or an evaluation showed to points of curves.

use super::observer::Observer;
use super::training::HeldOut;
use crate::train::{Evaluation, StepReport};

/// A place in a run: steps taken, and passes over the data.
type Place = (u64, f64);

pub(super) fn report_step(observer: &mut dyn Observer, (step, epoch): Place, report: &StepReport, rate: f64) {
    observer.metric("train/loss", step, epoch, report.loss);
    observer.metric("train/accuracy", step, epoch, report.accuracy);
    observer.metric("learning_rate", step, epoch, rate);
    observer.metric("gradient_norm", step, epoch, report.gradient_norm);
    for layer in &report.health {
        let figures = [
            ("gradient_norm", layer.gradient_norm),
            ("weight_norm", layer.weight_norm),
            ("update_ratio", layer.update_ratio),
            ("dead_share", layer.dead_share),
        ];
        for (name, value) in figures {
            if let Some(value) = value {
                observer.metric(&format!("layer/{}/{name}", layer.layer), step, epoch, value);
            }
        }
    }
    if !report.health.is_empty() {
        observer.health(step, &report.health);
    }
}

/// The two parts of a loss with a teacher.
pub(super) fn report_terms(observer: &mut dyn Observer, (step, epoch): Place, report: &StepReport) {
    observer.metric("train/soft_loss", step, epoch, report.terms.soft);
    observer.metric("train/hard_loss", step, epoch, report.terms.hard);
}

pub(super) fn report_evaluation(
    observer: &mut dyn Observer,
    (step, epoch): Place,
    split: HeldOut,
    evaluation: &Evaluation,
) {
    let figures = [
        ("loss", evaluation.loss),
        ("accuracy", evaluation.accuracy),
        ("errors", evaluation.errors as f64),
        ("calibration_error", evaluation.calibration_error),
    ];
    for (name, value) in figures {
        observer.metric(&format!("{}/{name}", split.name()), step, epoch, value);
    }
}
