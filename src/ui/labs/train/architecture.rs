//! To come.

use super::LabContext;
use crate::ui::theme::icon;
use crate::ui::widgets::empty::empty;
use egui::Ui;

#[derive(Default)]
pub(super) struct ArchitectureView;

pub(super) fn show(ui: &mut Ui, _: &mut LabContext<'_>, _: &mut ArchitectureView) {
    empty(ui, icon::INFO, "To come.", None);
}
