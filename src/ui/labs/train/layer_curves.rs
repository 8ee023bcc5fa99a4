//! To come.

use super::curves::CurveViews;
use super::{LabContext, PlotSettings};
use crate::ui::theme::icon;
use crate::ui::widgets::empty::empty;
use egui::Ui;

pub(super) fn show(ui: &mut Ui, _: &mut LabContext<'_>, _: &mut PlotSettings, _: &mut CurveViews) {
    empty(ui, icon::INFO, "To come.", None);
}
