//! Which network is looked into, and its layers.

use super::LabContext;
use super::shared::Shared;
use crate::engine::{Facts, Subject};
use crate::experiments::trained_networks;
use crate::ui::app::{NetworkState, Wanted};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use crate::ui::widgets::table::{Column, Table};
use crate::ui::widgets::typed::Drafts;
use egui::{Button, ComboBox, Grid, Label, RichText, ScrollArea, Sense, Ui};
use std::path::PathBuf;

/// Runs on disk that are offered.
const MOST_RUNS: usize = 12;

const COLUMNS: [Column; 5] = [
    Column::text("Layer", 84.0, "The name of the layer; what is inside a block stands to the right"),
    Column::text("Kind", 68.0, "What it does"),
    Column::text("Output", 68.0, "Channels x height x width of what it gives"),
    Column::number("Field", 44.0, "Side of its receptive field in the image, in pixels"),
    Column::number("Parameters", 66.0, "Values that are learned"),
];

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct NetworkView {
    drafts: Drafts,
    /// Of a network that needs weights.
    architecture: String,
    weights: String,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut NetworkView, shared: &mut Shared) {
    choose(ui, context);
    files(ui, context, view);
    ui.add_space(theme::UNIT / 2.0);
    ui.separator();
    match context.session.exploration.network().clone() {
        NetworkState::Opening => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(RichText::new("opening the network").small().weak());
            });
        }
        NetworkState::Failed(reason) => {
            let text = format!("{} {reason}", icon::WARNING);
            ScrollArea::vertical().show(ui, |ui| ui.label(RichText::new(text).color(ui.visuals().error_fg_color)));
        }
        NetworkState::Open(facts) => layers(ui, &facts, shared),
    }
}

fn choose(ui: &mut Ui, context: &mut LabContext<'_>) {
    let exploration = &context.session.exploration;
    let follows_run = exploration.follows_run();
    let shown = match exploration.subject() {
        _ if follows_run => context.session.current().map_or("The run in hand".to_owned(), |run| run.name.clone()),
        Subject::Named(name) | Subject::Weights { network: name, .. } | Subject::Run { name, .. } => name.clone(),
    };
    let named = |name: &str| *exploration.subject() == Subject::Named(name.to_owned());
    let mut chosen =
        trained_networks().iter().map(|trained| trained.name).find(|name| named(name)).filter(|_| !follows_run);
    let before = chosen;
    let mut run = follows_run;
    let mut opened = None;
    let has_run = context.session.current().is_some();
    ui.spacing_mut().combo_width = ui.available_width() - theme::UNIT;
    let combo = ComboBox::from_id_salt("explored network").truncate().selected_text(shown).show_ui(ui, |ui| {
        for trained in trained_networks() {
            if ui.selectable_value(&mut chosen, Some(trained.name), trained.name).on_hover_text(trained.about).clicked()
            {
                run = false;
            }
        }
        for (name, folder) in runs_on_disk(context) {
            let is_shown = !follows_run && named(&folder);
            let item = ui.selectable_label(is_shown, name).on_hover_text(format!("The network of the run in {folder}"));
            if item.clicked() {
                (opened, run) = (Some(folder), false);
            }
        }
        let text = if has_run { "The run in hand, as it learns" } else { "The run in hand (train one first)" };
        ui.add_enabled_ui(has_run, |ui| {
            if ui.selectable_label(follows_run, text).clicked() {
                run = true;
            }
        });
    });
    combo.response.on_hover_text("The network that this lab looks into").accessible_name("Network to look into");
    if let Some(folder) = opened {
        context.session.exploration.look_into(Subject::Named(folder));
    } else if run && !follows_run {
        context.session.exploration.follow_run();
    } else if !run
        && (chosen != before || follows_run)
        && let Some(name) = chosen
    {
        context.session.exploration.look_into(Subject::Named(name.to_owned()));
    }
}

/// Name and folder of the runs in the list that have a network on disk, the last first; the one in hand is followed instead.
fn runs_on_disk(context: &LabContext<'_>) -> Vec<(String, String)> {
    let session = &context.session;
    let in_hand = session.current().filter(|run| run.started.is_some()).map(|run| run.id);
    let others = session.runs.iter().rev().filter(|run| Some(run.id) != in_hand);
    let with_folder =
        others.filter_map(|run| Some((run.name.clone(), run.folder.as_deref().filter(|path| path.is_dir())?)));
    with_folder.take(MOST_RUNS).map(|(name, folder)| (name, folder.display().to_string())).collect()
}

/// Networks from files.
fn files(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut NetworkView) {
    ui.collapsing(RichText::new("From a file").small(), |ui| {
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 72.0).max(60.0);
            let hint = "path of a safetensors file";
            let (field, path) = view.drafts.field(ui, "checkpoint", "", hint, width);
            field.on_hover_text("A network that Glassbox saved: a checkpoint of a run").accessible_name("Path of a network");
            if let Some(path) = path.filter(|path| !path.is_empty()) {
                context.session.exploration.look_into(Subject::Named(path));
            }
            let open = ui.add(Button::new(RichText::new("Open...").small()));
            if open.on_hover_text("Choose a network that Glassbox saved").accessible_name("Open a trained network").clicked() {
                *context.wanted = Some(Wanted::Trained);
            }
        });
        let about = "Any architecture (a preset's name or a TOML file) with weights from safetensors or PyTorch's .pth, in \
                     Glassbox's or torchvision's names";
        Grid::new("weights").num_columns(2).spacing([theme::UNIT, theme::UNIT / 2.0]).show(ui, |ui| {
            for (name, text, hint) in
                [("Architecture", &mut view.architecture, "vgg11"), ("Weights", &mut view.weights, "vgg11.pth")]
            {
                ui.label(RichText::new(name).small());
                let field = egui::TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY);
                ui.add(field).on_hover_text(about).accessible_name(format!("{name} to look into"));
                ui.end_row();
            }
        });
        let is_ready = !view.architecture.trim().is_empty() && !view.weights.trim().is_empty();
        let load = ui.add_enabled(is_ready, Button::new(RichText::new("Load weights").small()));
        if load.on_hover_text(about).clicked() {
            let (network, weights) = (view.architecture.trim().to_owned(), PathBuf::from(view.weights.trim()));
            context.session.exploration.look_into(Subject::Weights { network, weights });
        }
    });
}

fn layers(ui: &mut Ui, facts: &Facts, shared: &mut Shared) {
    let text = format!(
        "{}: {} parameters, sees {}, {} classes",
        facts.name,
        format::magnitude(facts.parameters),
        facts.input,
        format::count(facts.class_names.len() as u64)
    );
    ui.add(Label::new(RichText::new(&text).small()).truncate()).on_hover_text(&text);
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        let mut table = Table::begin(ui, &COLUMNS);
        let (text, accent) = (ui.visuals().text_color(), theme::accent(ui.visuals().dark_mode));
        let chosen = shared.cut(facts).map(|cut| cut.name.clone());
        for cut in &facts.cuts {
            let is_chosen = chosen.as_deref() == Some(cut.name.as_str());
            let row = table.row(ui, || {
                let chosen = if is_chosen { ", chosen" } else { "" };
                format!("Layer {}: {}, output {}{chosen}", cut.name, cut.kind, cut.shape)
            });
            let colour = if is_chosen { accent } else { text };
            let inner = cut.name.rsplit_once('/').map(|(_, inner)| format!("    {inner}"));
            let name = inner.filter(|_| cut.cut.inner > 0).unwrap_or_else(|| cut.name.clone());
            row.text(ui, 0, name, colour);
            row.text(ui, 1, cut.kind.replace('_', " "), colour);
            row.text(ui, 2, cut.shape, colour);
            row.text(ui, 3, cut.fields.vertical.size, colour);
            let layer = facts.layers.iter().find(|layer| layer.name == cut.name);
            row.text(ui, 4, layer.map_or_else(String::new, |layer| format::magnitude(layer.parameters)), colour);
            if row.response.interact(Sense::click()).clicked() {
                shared.choose(&cut.name);
            }
        }
    });
}

/// A layer a row.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let facts = context.session.exploration.facts()?;
    let mut records = Records::new(["layer", "kind", "output", "receptive_field", "stride", "parameters"]);
    for layer in &facts.layers {
        records.push([
            layer.name.clone(),
            layer.kind.to_owned(),
            layer.output.to_string(),
            layer.receptive_field.size.to_string(),
            layer.receptive_field.stride.to_string(),
            layer.parameters.to_string(),
        ]);
    }
    Some(records)
}
