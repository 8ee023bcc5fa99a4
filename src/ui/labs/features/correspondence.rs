//! The same part marked on several images: whether hiding it changes the features of all of them alike (Zeiler, Fergus
//! 2013, section 4.3 and table 1).

use super::LabContext;
use super::agreement;
use super::marks::{self, MarksView};
use super::shared::Shared;
use crate::engine::{CorrespondenceQuestion, Facts};
use crate::lens::Fill;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{Button, ProgressBar, RichText, ScrollArea, Ui};

/// The paper marks five images; of two, every choice of parts is one pair.
pub(super) const FEWEST_MARKS: usize = 3;
/// Of the height, once there is something to see below.
const SHARE_OF_IMAGES: f32 = 0.4;
/// Layers that are compared, the highest among them.
const MOST_LAYERS: usize = 10;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut MarksView, shared: &Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "The same part of several images can be compared here once the network is open.", None);
        return;
    };
    view.begin(&facts);
    control(ui, context, view, &facts);
    let exploration = &context.session.exploration;
    let seen = exploration.correspondence().filter(|seen| !seen.layers.is_empty()).cloned();
    // What was found is in view together with the marks that it is about.
    let room = ui.available_height() * if seen.is_some() { SHARE_OF_IMAGES } else { 1.0 };
    let images = ScrollArea::vertical().id_salt("marked images").max_height(room).auto_shrink([false, seen.is_some()]);
    images.show(ui, |ui| marks::show(ui, context, view, shared, &facts));
    let Some(seen) = seen else { return };
    ScrollArea::vertical().id_salt("agreement").auto_shrink(false).show(ui, |ui| {
        let text = format!(
            "signs that differ between images, mean of {} images; {} random parts of each beside it",
            seen.images, seen.random_parts
        );
        ui.label(RichText::new(text).small().strong());
        if !context.session.exploration.is_correspondence_of(&question(view, &facts)) {
            let text = format!("{} The marks have changed since: compare again.", icon::WARNING);
            ui.label(RichText::new(text).small().color(ui.visuals().warn_fg_color));
        }
        if let Some(network) = context.session.exploration.correspondence_before() {
            let text = format!("They are of {network}: the run has learned since.");
            ui.label(RichText::new(text).small().weak());
        }
        agreement::show(ui, &seen.layers, &facts);
    });
}

/// What is compared with these marks.
fn question(view: &MarksView, facts: &Facts) -> CorrespondenceQuestion {
    CorrespondenceQuestion { images: view.marked(), cuts: cuts(facts), fill: Fill::Grey(0.5) }
}

/// Whole layers that say something of their own, evenly from below where there are many.
fn cuts(facts: &Facts) -> Vec<usize> {
    let whole = facts.cuts.iter().filter(|cut| cut.cut.inner == 0 && !matches!(cut.kind, "dropout" | "flatten"));
    let all: Vec<usize> = whole.map(|cut| cut.cut.layers).collect();
    let count = all.len().min(MOST_LAYERS);
    let last = all.len().saturating_sub(1);
    (0..count).map(|index| all[index * last / count.saturating_sub(1).max(1)]).collect()
}

/// What is missing, or the button that begins; while it goes on how far it is and the button that stops it.
fn control(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut MarksView, facts: &Facts) {
    let exploration = &mut context.session.exploration;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        view.choose_images(ui);
        let marked = view.marked().len();
        if exploration.is_corresponding() {
            let stop = ui.add(Button::new(RichText::new("Stop").small())).on_hover_text("What is known stays");
            if stop.accessible_name("Stop comparing layers").clicked() {
                exploration.stop_correspondence();
            }
            let seen = exploration.correspondence();
            let (done, parts) = seen.map_or((0, 0), |seen| (seen.hidden, seen.parts));
            let text = format!("{} of {} parts hidden", format::count(done as u64), format::count(parts as u64));
            let share = done as f32 / parts.max(1) as f32;
            ui.add(ProgressBar::new(share).desired_height(14.0).text(RichText::new(text).small()));
            return;
        }
        let compare = ui.add_enabled(marked >= FEWEST_MARKS, Button::new(RichText::new("Compare layers").small()));
        let compare = compare.on_hover_text(
            "Hides the marked part of each image, and random parts of the same size, and compares how features change",
        );
        let missing = FEWEST_MARKS.saturating_sub(marked);
        let compare = compare.on_disabled_hover_text(format!("Mark {missing} more images first"));
        if compare.clicked() {
            exploration.begin_correspondence(&question(view, facts));
        }
        let remove = ui.add_enabled(marked > 0, Button::new(RichText::new("Remove marks").small()));
        if remove.on_hover_text("Takes all marks away").clicked() {
            view.remove_all();
        }
        let text = if missing > 0 {
            format!("{marked} marked: drag over the same part on at least {missing} more")
        } else {
            format!("{marked} marked")
        };
        ui.label(RichText::new(text).small().weak());
    });
    if let Some(reason) = exploration.refused() {
        ui.label(RichText::new(format!("{} {reason}", icon::WARNING)).small().color(ui.visuals().error_fg_color));
    }
}

/// A layer a row.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let facts = context.session.exploration.facts()?;
    let seen = context.session.exploration.correspondence()?;
    let header = ["layer", "marked", "marked_deviation", "random", "random_deviation", "p_value", "images"];
    let mut records = Records::new(header);
    for layer in &seen.layers {
        records.push([
            agreement::layer_name(facts, layer.cut),
            layer.marked.to_string(),
            layer.marked_deviation.to_string(),
            layer.random.to_string(),
            layer.random_deviation.to_string(),
            layer.p_value.to_string(),
            seen.images.to_string(),
        ]);
    }
    (!records.is_empty()).then_some(records)
}
