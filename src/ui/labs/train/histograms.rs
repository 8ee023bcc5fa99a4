//! To come.

use super::LabContext;
use crate::ui::theme::icon;
use crate::ui::widgets::empty::empty;
use egui::Ui;

#[derive(Default)]
pub(super) struct HistogramsView;

pub(super) fn show(ui: &mut Ui, _: &mut LabContext<'_>, _: &mut HistogramsView) {
    empty(ui, icon::INFO, "To come.", None);
}
