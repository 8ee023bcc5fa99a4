//! Errors of the generalist alone and with its specialists, and the change by how many of them know the true class: the
//! paper's table 4 as bars with their intervals.

use super::row_width;
use crate::experiments::{Gain, SpecialistsResults};
use crate::ui::theme;
use crate::ui::widgets::controls::section;
use crate::ui::widgets::format;
use egui::{Align2, Color32, FontId, Label, Rect, RichText, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

const ROW: f32 = 22.0;
const NAME_WIDTH: f32 = 13.0 * theme::UNIT;
const VALUE_WIDTH: f32 = 19.0 * theme::UNIT;
const GAP: f32 = theme::UNIT;
/// Half the height of a whisker's end.
const CAP: f32 = 4.0;
/// The least that the axis reaches to each side, as a share.
const LEAST_REACH: f64 = 0.005;

pub(super) fn show(ui: &mut Ui, results: &SpecialistsResults) {
    section(ui, "Errors on the test images");
    ui.spacing_mut().item_spacing.y = 2.0;
    let dark = ui.visuals().dark_mode;
    let Gain { images, generalist_errors, combined_errors, .. } = results.all;
    let most = generalist_errors.max(combined_errors).max(1) as f32;
    for (name, errors, colour) in [
        ("generalist", generalist_errors, theme::teacher(dark)),
        ("with specialists", combined_errors, theme::student(dark)),
    ] {
        let value = format!("{} of {}", format::count(errors as u64), format::count(images as u64));
        let label = format!("{name}: {value} test errors");
        line(ui, name, &value, &label, &label, |ui, area| {
            let bar = Rect::from_min_size(area.min, vec2(area.width() * errors as f32 / most, area.height()));
            ui.painter().rect_filled(bar.shrink2(vec2(0.0, 4.0)), 1.0, colour);
        });
    }
    section(ui, "Change of accuracy, by how many specialists know the true class");
    let gains = || std::iter::once(&results.all).chain(results.covering.iter().map(|row| &row.gain));
    let reach = gains().filter_map(reach_of).fold(LEAST_REACH, f64::max) * 1.05;
    bar(ui, "all images", &results.all, reach);
    for row in &results.covering {
        let name = match row.covering {
            0 => "none".to_owned(),
            1 => "1 specialist".to_owned(),
            several => format!("{several} specialists"),
        };
        bar(ui, &name, &row.gain, reach);
    }
    let verdict = if results.all.is_clear() { "" } else { "The interval of all images holds 0: no gain is claimed. " };
    let text = format!("{verdict}The paper (table 4): 0% where no specialist knows the class, +16.6% where nine do.");
    ui.add(Label::new(RichText::new(text).small().weak()).wrap()).on_hover_text(
        "Relative change: (right with specialists - right without) / right without. Whiskers: 95%, a paired bootstrap of the \
         test images. The paper's are of 15,000 classes.",
    );
}

/// How far an interval lies from 0.
fn reach_of(gain: &Gain) -> Option<f64> {
    gain.interval.map(|(low, high)| low.abs().max(high.abs())).or(gain.relative_change.map(f64::abs))
}

fn bar(ui: &mut Ui, name: &str, gain: &Gain, reach: f64) {
    let percent = |share: f64| format!("{:+.2}%", 100.0 * share);
    let value = gain.relative_change.map_or_else(|| "\u{2013}".to_owned(), percent);
    let interval =
        gain.interval.map_or_else(String::new, |(low, high)| format!(" ({} to {})", percent(low), percent(high)));
    let label = format!(
        "{name}: {} images, errors {} to {}, change {value}{interval}",
        format::count(gain.images as u64),
        format::count(gain.generalist_errors as u64),
        format::count(gain.combined_errors as u64)
    );
    let shown = format!("{value}   {} \u{2192} {}", gain.generalist_errors, gain.combined_errors);
    line(ui, name, &shown, &label, &label, |ui, area| {
        let painter = ui.painter();
        painter.rect_filled(area, 1.0, theme::plot_background(ui.visuals().dark_mode));
        let x = |share: f64| area.center().x + (share / reach) as f32 * area.width() / 2.0;
        painter.vline(area.center().x, area.y_range(), Stroke::new(1.0, ui.visuals().weak_text_color()));
        if let Some(change) = gain.relative_change {
            let filled = Rect::from_two_pos(pos2(x(0.0), area.top() + 5.0), pos2(x(change), area.bottom() - 5.0));
            painter.rect_filled(filled.intersect(area), 0.0, colour_of(change, reach, ui.visuals().dark_mode));
        }
        if let Some((low, high)) = gain.interval {
            let (stroke, y) = (Stroke::new(1.5, ui.visuals().text_color()), area.center().y);
            painter.hline(x(low)..=x(high), y, stroke);
            for end in [low, high] {
                painter.vline(x(end), y - CAP..=y + CAP, stroke);
            }
        }
    });
}

/// Blue below 0, orange above; as strong as it is large, but never as pale as the ground.
fn colour_of(change: f64, reach: f64, dark: bool) -> Color32 {
    let share = (change / reach) as f32;
    theme::diverging(share.signum() * share.abs().max(0.4), dark)
}

/// A name, a picture and a value.
fn line(ui: &mut Ui, name: &str, value: &str, label: &str, tooltip: &str, picture: impl FnOnce(&Ui, Rect)) {
    let (rect, response) = ui.allocate_exact_size(vec2(row_width(ui), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
    if ui.is_rect_visible(rect) {
        let font = FontId::proportional(theme::SMALL_SIZE);
        let colour = ui.visuals().text_color();
        let name_width = NAME_WIDTH.min(rect.width() * 0.25);
        let value_width = VALUE_WIDTH.min(rect.width() * 0.4);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), colour);
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, value, font, colour);
        let area = Rect::from_min_max(
            pos2(rect.left() + name_width + GAP, rect.top() + 2.0),
            pos2(rect.right() - value_width - GAP, rect.bottom() - 2.0),
        );
        if area.is_positive() {
            picture(ui, area);
        }
    }
    response.on_hover_text(tooltip);
}
