//! To come.

use super::LabContext;
use crate::ui::theme::icon;
use crate::ui::widgets::empty::empty;
use egui::Ui;

pub(super) fn show(ui: &mut Ui, _: &mut LabContext<'_>) {
    empty(ui, icon::INFO, "To come.", None);
}
