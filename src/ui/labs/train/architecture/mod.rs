//! The network of the next run, to be edited: a picture of it, and its layers with all their numbers.
//!
//! What is possible stands in the run's settings, where undo, saving and the next run find it. What is not stands beside
//! them as a draft, so that one history of undo covers both.

mod file;
mod picture;
mod rows;

use super::LabContext;
use crate::data::catalogue;
use crate::nets::{Architecture, DataFit, KINDS, Shape, Survey, survey};
use crate::ui::app::{Action, Selection, Settings};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::{empty::empty, format};
use egui::{Button, Label, RichText, ScrollArea, Ui};
use file::SaveLine;

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct ArchitectureView {
    /// Of which revision of the settings, and of which data.
    of: Option<(u64, Option<DataFit>)>,
    shown: Option<Shown>,
    names: rows::NameDrafts,
    saving: Option<SaveLine>,
}

/// The network as it stands, and what is to be said of it.
struct Shown {
    architecture: Result<Architecture, String>,
    survey: Survey,
}

/// A change that a person made in this frame.
enum Edit {
    To(Architecture),
    Revert,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ArchitectureView) {
    view.update(context);
    let Some(Shown { architecture, survey }) = &view.shown else { return };
    let architecture = match architecture {
        Ok(architecture) => architecture.clone(),
        Err(reason) => {
            empty(ui, icon::WARNING, reason, None);
            return;
        }
    };
    let survey = survey.clone();
    let mut edit = header(ui, context, view, &architecture, &survey);
    waiting(ui, context);
    picture::show(ui, context, &architecture, &survey);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        edit = rows::show(ui, context, &mut view.names, &architecture, &survey).map(Edit::To).or(edit.take());
    });
    if let Some(edit) = edit {
        apply(ui, context, edit);
    }
}

impl ArchitectureView {
    fn update(&mut self, context: &LabContext<'_>) {
        let data = data_fit(context);
        let of = Some((context.book.revision(), data.clone()));
        if self.of == of {
            return;
        }
        let settings = context.book.current();
        let architecture = settings.draft.clone().map_or_else(|| settings.config.resolve_network(), Ok);
        let survey = architecture.as_ref().map(|architecture| survey(architecture, data.as_ref())).unwrap_or_default();
        self.shown = Some(Shown { architecture: architecture.map_err(|error| error.to_string()), survey });
        self.of = of;
    }
}

/// What the data of the settings looks like, where that is known without opening it.
fn data_fit(context: &LabContext<'_>) -> Option<DataFit> {
    let source = &context.book.current().config.data.source;
    let run = context.session.current().filter(|run| run.config.data.source == *source);
    if let Some(started) = run.and_then(|run| run.started.as_ref()) {
        return Some(DataFit { shape: started.image_shape, classes: started.class_names.len() });
    }
    let entry = catalogue().iter().find(|entry| entry.name == source)?;
    let shape = Shape::new(entry.shape.channels, entry.shape.height, entry.shape.width);
    Some(DataFit { shape, classes: entry.classes })
}

/// A possible network becomes the run's; one that is not waits as a draft.
fn apply(ui: &Ui, context: &mut LabContext<'_>, edit: Edit) {
    let data = data_fit(context);
    let settings = context.book.current();
    let network = crate::nets::resolve(&settings.config.network).ok();
    let before = settings.draft.clone().or_else(|| settings.config.resolve_network().ok());
    let key = match (&edit, &before) {
        (Edit::To(after), Some(before)) => change_key(before, after, context.book.revision()),
        _ => format!("architecture {}", context.book.revision()),
    };
    context.edit(ui, &key, |settings: &mut Settings| match edit {
        Edit::Revert => (settings.config.architecture, settings.draft) = (None, None),
        Edit::To(changed) if network.as_ref() == Some(&changed) => {
            (settings.config.architecture, settings.draft) = (None, None);
        }
        Edit::To(changed) if survey(&changed, data.as_ref()).is_possible() && changed.classes().is_ok() => {
            (settings.config.architecture, settings.draft) = (Some(changed), None);
        }
        Edit::To(changed) => settings.draft = Some(changed),
    });
}

/// Numbers of one layer that change one after the other are one change; anything else is one of its own.
fn change_key(before: &Architecture, after: &Architecture, revision: u64) -> String {
    let is_alike = before.layers.len() == after.layers.len();
    let mut differing = before.layers.iter().zip(&after.layers).filter(|(a, b)| a != b);
    match (differing.next(), differing.next()) {
        (Some((a, b)), None) if is_alike && a.name == b.name && a.kind.name() == b.kind.name() => {
            format!("architecture {}", a.name)
        }
        _ => format!("architecture {revision}"),
    }
}

fn header(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut ArchitectureView,
    architecture: &Architecture,
    survey: &Survey,
) -> Option<Edit> {
    let mut edit = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        if let Some(name) = name_field(ui, view, architecture) {
            edit = Some(Edit::To(Architecture { name, ..architecture.clone() }));
        }
        edit = add_menu(ui, context, architecture).map(Edit::To).or(edit.take());
        for (action, possible) in [(Action::Undo, context.book.can_undo()), (Action::Redo, context.book.can_redo())] {
            let button = ui.add_enabled(possible, Button::new(action.name()).small());
            if action.explain(button).accessible_name(format!("{} edit", action.name())).clicked() {
                context.actions.push(action);
            }
        }
        let settings = context.book.current();
        let is_edited = settings.draft.is_some() || settings.config.architecture.is_some();
        let revert = ui.add_enabled(is_edited, Button::new("Revert").small());
        let text = format!("Back to {}, as it was before the edits", settings.config.network);
        if revert.on_hover_text(text).accessible_name("Revert network").clicked() {
            edit = Some(Edit::Revert);
        }
        file::buttons(ui, context, &mut view.saving, architecture, survey.is_possible());
    });
    file::line(ui, context, &mut view.saving, architecture);
    let faults = survey.faults().count();
    let totals = format!(
        "{} layers, {} parameters, {} multiply-adds an image",
        architecture.layers.len(),
        format::magnitude(survey.parameters()),
        format::magnitude(survey.multiply_adds())
    );
    ui.add(Label::new(RichText::new(totals).small().weak()).truncate());
    if faults > 0 {
        let text = format!("{} cannot be trained yet: {faults} to repair", architecture.name);
        ui.add(Label::new(RichText::new(text).small().color(ui.visuals().error_fg_color)).wrap());
    }
    edit
}

fn name_field(ui: &mut Ui, view: &mut ArchitectureView, architecture: &Architecture) -> Option<String> {
    let tooltip = "What the network, and runs of it, are called";
    view.names.field(ui, None, &architecture.name, 14.0 * theme::UNIT, "Name of the network", tooltip)
}

/// A new layer goes after the selected one, else before the last.
fn add_menu(ui: &mut Ui, context: &mut LabContext<'_>, architecture: &Architecture) -> Option<Architecture> {
    let selected = match &context.session.selection {
        Selection::Layer(name) => architecture.layers.iter().position(|layer| layer.name == *name),
        _ => None,
    };
    let position = selected.map_or_else(|| architecture.layers.len().saturating_sub(1), |index| index + 1);
    let mut changed = None;
    let menu = ui.menu_button(RichText::new(format!("{} Add layer", icon::PLUS)).small(), |ui| {
        for kind in &KINDS {
            if ui.button(rows::kind_name(kind)).clicked() {
                let mut longer = edited(architecture);
                let name = longer.insert(position, kind);
                context.session.selection = Selection::Layer(name);
                changed = Some(longer);
            }
        }
    });
    menu.response
        .on_hover_text("A new layer after the selected one, else before the last")
        .accessible_name("Add layer");
    changed
}

/// A copy to be changed; a preset's gets a name of its own.
fn edited(architecture: &Architecture) -> Architecture {
    let mut copy = architecture.clone();
    if crate::nets::preset(&copy.name).is_some() {
        copy.name = format!("{}-edited", copy.name);
    }
    copy
}

/// While a run is on, its network stays as it is.
fn waiting(ui: &mut Ui, context: &mut LabContext<'_>) {
    let Some(run) = context.session.current().filter(|run| run.is_alive()) else { return };
    let wanted = &context.book.current().config;
    if run.config.network == wanted.network && run.config.architecture == wanted.architecture {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let text = format!("{} goes on with its own network.", run.name);
        ui.label(RichText::new(text).small().weak());
        let button = ui.add(Button::new(RichText::new("Reset to train this one").small()));
        if Action::Reset.explain(button).clicked() {
            context.actions.push(Action::Reset);
        }
    });
}

/// A layer a row.
pub(super) fn records(view: &ArchitectureView) -> Option<Records> {
    let shown = view.shown.as_ref()?;
    let mut records =
        Records::new(["layer", "kind", "output", "parameters", "multiply_adds", "receptive_field", "fault"]);
    let layers = &shown.architecture.as_ref().ok()?.layers;
    for (layer, row) in layers.iter().zip(&shown.survey.layers) {
        let (name, kind) = (layer.name.clone(), layer.kind.name().to_owned());
        records.push(match row {
            Ok(row) => [
                name,
                kind,
                row.output.to_string(),
                row.parameters.to_string(),
                row.multiply_adds.to_string(),
                row.receptive_field.size.to_string(),
                String::new(),
            ],
            Err(fault) => {
                let none = String::new;
                [name, kind, none(), none(), none(), none(), fault.reason.clone()]
            }
        });
    }
    Some(records)
}
