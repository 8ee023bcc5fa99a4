//! How far the sheets are, which step of a run they are of, and what they cost.

use super::LabContext;
use super::shared::Shared;
use crate::engine::Sheets;
use crate::ui::theme;
use crate::ui::widgets::format;
use egui::{DragValue, ProgressBar, RichText, Ui};

/// Of the time, for the sheets of a run that learns.
const LEAST_PERCENT: f64 = 1.0;
const MOST_PERCENT: f64 = 100.0;

/// Returns whether there is nothing else to see.
pub(super) fn progress(ui: &mut Ui, context: &LabContext<'_>, sheets: Option<&Sheets>, shared: &mut Shared) -> bool {
    let Some(sheets) = sheets else {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(RichText::new("opening the images").small().weak());
        });
        return true;
    };
    let all = sheets.images.len();
    if sheets.done < all {
        let text = format!("{} of {} images", format::count(sheets.done as u64), format::count(all as u64));
        let bar = ProgressBar::new(sheets.done as f32 / all.max(1) as f32).text(RichText::new(text).small());
        ui.add(bar.desired_height(12.0));
    }
    if context.session.exploration.follows_run() {
        live(ui, context, sheets, shared);
    }
    false
}

/// Of the run in hand: which step the sheets are of, what they cost, and how much they may.
fn live(ui: &mut Ui, context: &LabContext<'_>, sheets: &Sheets, shared: &mut Shared) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let about = "So much of the time goes into the sheets while the run learns: the more, the newer they are and the slower it \
                     learns. While it is paused they take all of the time";
        ui.label(RichText::new("sheets take").small().weak());
        ui.name_inputs("Share of the time for the sheets", |ui| {
            let mut percent = f64::from(shared.sheet_share) * 100.0;
            let value = DragValue::new(&mut percent).range(LEAST_PERCENT..=MOST_PERCENT).speed(0.2).suffix("%").max_decimals(0);
            let value = ui.add(value).on_hover_text(about);
            if value.accessible_name("Share of the time for the sheets").changed() {
                shared.sheet_share = percent as f32 / 100.0;
            }
        });
        ui.label(RichText::new("of the time").small().weak());
        ui.label(RichText::new(describe_live(sheets)).small());
        if let Some(next) = context.session.exploration.sheets_in_the_making() {
            let step = next.state.as_ref().map_or(0, |state| state.step);
            let share = format::short_percent(next.done as f64 / next.images.len().max(1) as f64);
            ui.label(RichText::new(format!("step {}: {share} done", format::count(step))).small().weak());
        }
    });
}

/// `of step 340, epoch 1.2: 0.41 s of 8.2 s, 5%`.
fn describe_live(sheets: &Sheets) -> String {
    let Some(state) = &sheets.state else { return String::new() };
    let (worked, took) = (sheets.worked.as_secs_f64(), sheets.took.as_secs_f64());
    format!(
        "of step {}, epoch {}, {} images: {} s of {} s, {}",
        format::count(state.step),
        theme::figures(state.epoch),
        format::count(sheets.images.len() as u64),
        theme::figures(worked),
        theme::figures(took),
        format::short_percent(sheets.share())
    )
}
