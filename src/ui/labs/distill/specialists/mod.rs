//! Sets of confusable classes, the specialists trained on them, and what they add to the generalist.

mod covering;
mod one_image;
mod sets;

use super::Shared;
use crate::engine::Phase;
use crate::experiments::{
    ExperimentConfig, SpecialistsConfig, SpecialistsResults, specialists_preset, specialists_presets,
};
use crate::ui::app::ExperimentRecord;
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{ComboBox, Label, ProgressBar, RichText, ScrollArea, Ui};
use one_image::OneImage;
use std::sync::{Arc, LazyLock};

/// What a first look is given: it takes a minute.
const FIRST: &str = "quick";
const EXPLANATION: &str = "A generalist of 100 two-digit numbers confuses some of them. Specialists for each set of confusable \
                           classes begin as the generalist does and put all others into a dustbin; what they add to it \
                           stands here. Choose a size above and start.";

#[derive(Default)]
pub(super) struct SpecialistsView {
    /// Of the next start.
    preset: Option<&'static str>,
    /// The results of this value, read.
    read: Option<(Arc<serde_json::Value>, Arc<SpecialistsResults>)>,
    one_image: OneImage,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut SpecialistsView, _: &mut Shared) {
    if let Some(config) = toolbar(ui, view) {
        let settings = context.book.current().clone();
        context.session.start_experiment(ExperimentConfig::Specialists(Box::new(config)), &settings, true);
    }
    let Some(experiment) = in_hand(context) else {
        empty(ui, icon::GRADUATION_CAP, EXPLANATION, None);
        return;
    };
    let results = view.results(experiment);
    progress(ui, experiment);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if let Some(results) = &results {
            covering::show(ui, results);
            view.one_image.show(ui, experiment, results);
        }
        sets::show(ui, experiment, results.as_deref());
    });
}

/// The experiment in hand, if it is one with specialists.
fn in_hand<'a>(context: &'a LabContext<'_>) -> Option<&'a ExperimentRecord> {
    let experiment = context.session.experiment()?;
    matches!(experiment.config, ExperimentConfig::Specialists(_)).then_some(experiment)
}

impl SpecialistsView {
    fn results(&mut self, experiment: &ExperimentRecord) -> Option<Arc<SpecialistsResults>> {
        let value = experiment.results.as_ref()?;
        if self.read.as_ref().is_none_or(|(of, _)| !Arc::ptr_eq(of, value)) {
            let results = serde_json::from_value((**value).clone()).ok()?;
            self.read = Some((Arc::clone(value), Arc::new(results)));
        }
        self.read.as_ref().map(|(_, results)| Arc::clone(results))
    }
}

/// Name, title and what it is about, of each preset: read once, not in every frame.
static PRESETS: LazyLock<Vec<(&'static str, String, String)>> = LazyLock::new(|| {
    let preset = |name: &'static str| specialists_preset(name).map(|config| (name, config.title, config.about));
    specialists_presets().filter_map(preset).collect()
});

/// Returns what is to be started.
fn toolbar(ui: &mut Ui, view: &mut SpecialistsView) -> Option<SpecialistsConfig> {
    let chosen = view.preset.unwrap_or(FIRST);
    let start = ui.horizontal(|ui| {
        let title = PRESETS.iter().find(|(name, _, _)| *name == chosen).map_or(chosen, |(_, title, _)| title);
        let width = (ui.available_width() - 7.5 * theme::UNIT).max(theme::UNIT);
        let combo = ComboBox::from_id_salt("specialists preset").width(width).truncate().selected_text(title);
        let response = combo.show_ui(ui, |ui| {
            for (name, title, about) in PRESETS.iter() {
                if ui.selectable_label(*name == chosen, title).on_hover_text(about).clicked() {
                    view.preset = Some(name);
                }
            }
        });
        let tooltip = "An experiment of section 5 of Hinton, Vinyals and Dean 2015 that comes with Glassbox";
        response.response.on_hover_text(tooltip).accessible_name("Specialists preset");
        let button = ui.button("Start").on_hover_text(
            "Train the generalist and its specialists of this preset; an experiment in hand ends, what it found stays in \
             its folder",
        );
        button.accessible_name("Start specialists").clicked()
    });
    start.inner.then(|| specialists_preset(chosen)).flatten()
}

/// How far it is, or why it is no further.
fn progress(ui: &mut Ui, experiment: &ExperimentRecord) {
    let small = |text: &str| RichText::new(text).small();
    match (&experiment.phase, &experiment.snapshot) {
        (Phase::Finished, _) => {}
        (Phase::Failed(message), _) => {
            ui.add(Label::new(small(message).color(ui.visuals().error_fg_color)).wrap());
        }
        (Phase::Preparing(text), _) => {
            ui.add(Label::new(small(text).weak()).truncate());
        }
        (phase, Some(snapshot)) => {
            let left = snapshot.seconds_left.filter(|_| experiment.is_going());
            let left = left.map_or_else(String::new, |left| format!(", {} left", format::duration(left)));
            let stopped = if *phase == Phase::Stopped { "Stopped. " } else { "" };
            ui.add(Label::new(small(&format!("{stopped}{}{left}", snapshot.stage)).weak()).truncate());
            let bar = ProgressBar::new(snapshot.share as f32).desired_height(4.0).desired_width(ui.available_width());
            ui.add(bar).on_hover_text(format!("{:.0}% of the work", 100.0 * snapshot.share));
        }
        (_, None) => {}
    }
}

/// A row for all images, one for each number of covering specialists, and one a specialist.
pub(super) fn records(context: &LabContext<'_>, view: &SpecialistsView, _: &Shared) -> Option<Records> {
    let value = in_hand(context)?.results.as_ref()?;
    let (_, results) = view.read.as_ref().filter(|(of, _)| Arc::ptr_eq(of, value))?;
    let mut records = Records::new([
        "part",
        "name",
        "classes",
        "images",
        "generalist_errors",
        "combined_errors",
        "relative_change",
        "low",
        "high",
    ]);
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let all = std::iter::once(("all".to_owned(), "all images".to_owned(), results.all));
    let by_covering = results
        .covering
        .iter()
        .map(|row| ("covering".to_owned(), format!("{} specialists know the class", row.covering), row.gain));
    for (part, name, gain) in all.chain(by_covering) {
        records.push([
            part,
            name,
            String::new(),
            gain.images.to_string(),
            gain.generalist_errors.to_string(),
            gain.combined_errors.to_string(),
            text(gain.relative_change),
            text(gain.interval.map(|(low, _)| low)),
            text(gain.interval.map(|(_, high)| high)),
        ]);
    }
    for one in &results.specialists {
        records.push([
            "specialist".to_owned(),
            one.member.name.clone(),
            names(&one.classes, &results.class_names),
            one.conditional.images.to_string(),
            one.conditional.generalist.to_string(),
            one.conditional.combined.to_string(),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
    Some(records)
}

/// All there is, less the room of the scroll bar.
fn row_width(ui: &Ui) -> f32 {
    (ui.available_width() - 1.5 * theme::UNIT).max(theme::UNIT)
}

/// In one line.
fn names(classes: &[usize], class_names: &[String]) -> String {
    let names: Vec<&str> = classes.iter().filter_map(|&class| Some(class_names.get(class)?.as_str())).collect();
    names.join(" ")
}
