//! What was measured, as the report of the run folder has it, with the paper's numbers beside ours.

use super::{Shared, offer_experiment};
use crate::experiments::report::{self, Block};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use egui::{Align, Grid, Label, Layout, RichText, ScrollArea, Ui};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct ReportView {
    /// The report of these results.
    of: Option<Arc<serde_json::Value>>,
    blocks: Vec<Block>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ReportView, _: &mut Shared) {
    let Some((kind, results)) = results(context) else {
        let text = "Once an experiment is done, its tables stand here, with the paper's numbers beside ours.";
        offer_experiment(ui, context, icon::CHECK, text);
        return;
    };
    if view.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, &results)) {
        view.blocks = report::blocks(kind, &results);
        view.of = Some(Arc::clone(&results));
    }
    let copy = ui.button(format!("{} Copy as Markdown", icon::COPY));
    let copy = copy.on_hover_text("The whole report as text, with its tables");
    if copy.accessible_name("Copy report").clicked() {
        ui.ctx().copy_text(report::markdown(kind, &results));
    }
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        for (index, block) in view.blocks.iter().enumerate() {
            show_block(ui, index, block);
        }
    });
}

/// All tables, one after the other; the first column says of which.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let (kind, results) = results(context)?;
    let mut records = Records::with_header(["table", "row", "column", "value"].map(str::to_owned));
    let mut heading = String::new();
    for block in report::blocks(kind, &results) {
        match block {
            Block::Heading(text) => heading = text,
            Block::Text(_) => {}
            Block::Verdict(verdict) => {
                let cells = [
                    ("asked", verdict.asked.clone()),
                    ("found", verdict.found.clone()),
                    ("holds", verdict.holds.to_string()),
                ];
                for (column, value) in cells {
                    records.push_all(vec![heading.clone(), verdict.what.clone(), column.to_owned(), value]);
                }
            }
            Block::Table { header, rows } => {
                for row in rows {
                    for (column, value) in header.iter().zip(&row).skip(1) {
                        records.push_all(vec![heading.clone(), row[0].clone(), column.clone(), value.clone()]);
                    }
                }
            }
        }
    }
    Some(records)
}

/// Of the experiment in hand, once it is done.
fn results(context: &LabContext<'_>) -> Option<(&'static str, Arc<serde_json::Value>)> {
    let experiment = context.session.experiment()?;
    Some((experiment.config.kind(), Arc::clone(experiment.results.as_ref()?)))
}

fn show_block(ui: &mut Ui, index: usize, block: &Block) {
    match block {
        Block::Heading(text) => {
            ui.add_space(theme::UNIT);
            ui.label(RichText::new(text).strong());
        }
        Block::Text(text) => {
            ui.set_max_width(ui.available_width().max(40.0 * theme::UNIT));
            ui.add(Label::new(RichText::new(text).small()).wrap());
        }
        Block::Verdict(verdict) => {
            let sign = if verdict.holds { icon::CHECK } else { icon::WARNING };
            ui.add(Label::new(RichText::new(format!("{sign} {verdict}")).small().strong()).wrap());
        }
        Block::Table { header, rows } => table(ui, index, header, rows),
    }
}

fn table(ui: &mut Ui, index: usize, header: &[String], rows: &[Vec<String>]) {
    let weak = ui.visuals().weak_text_color();
    Grid::new(("report", index)).striped(true).spacing([1.5 * theme::UNIT, theme::UNIT / 2.0]).show(ui, |ui| {
        for title in header {
            ui.label(RichText::new(title).small().color(weak));
        }
        ui.end_row();
        for row in rows {
            for (column, value) in row.iter().enumerate() {
                let is_text = value.starts_with(|c: char| c.is_ascii_alphabetic());
                if column == 0 || is_text {
                    ui.label(value);
                } else {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        ui.label(RichText::new(value).monospace())
                    });
                }
            }
            ui.end_row();
        }
    });
}
