//! The classes of each specialist as chips, and how far it is.

use super::{names, row_width};
use crate::experiments::{MemberState, Role, SpecialistResult, SpecialistsResults, Status};
use crate::ui::app::ExperimentRecord;
use crate::ui::theme;
use crate::ui::widgets::controls::section;
use crate::ui::widgets::format;
use egui::{Align2, Color32, FontId, Painter, Rect, Role as WidgetRole, Sense, Ui, WidgetInfo, pos2, vec2};

const ROW: f32 = 22.0;
const NAME_WIDTH: f32 = 12.0 * theme::UNIT;
const STATE_WIDTH: f32 = 17.0 * theme::UNIT;
const GAP: f32 = theme::UNIT / 2.0;

/// A row a specialist.
pub(super) fn show(ui: &mut Ui, experiment: &ExperimentRecord, results: Option<&SpecialistsResults>) {
    if experiment.members().is_empty() {
        return;
    }
    section(ui, "Sets of classes that the generalist confuses, a specialist each");
    let class_names = experiment.started.as_ref().map_or(&[][..], |started| &started.class_names);
    ui.spacing_mut().item_spacing.y = 2.0;
    for (index, member) in experiment.with_role(Role::Specialist).enumerate() {
        let result = results.and_then(|results| results.specialists.get(index));
        row(ui, member, result, class_names);
    }
}

fn row(ui: &mut Ui, member: &MemberState, result: Option<&SpecialistResult>, class_names: &[String]) {
    let (rect, response) = ui.allocate_exact_size(vec2(row_width(ui), ROW), Sense::hover());
    let state = state(member, result);
    let own = names(&member.classes, class_names);
    let label = format!("{}: {}; {state}", member.name, if own.is_empty() { &member.objective } else { &own });
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Label, true, &label));
    if ui.is_rect_visible(rect) {
        paint(ui, rect, member, class_names, &state);
    }
    response.on_hover_ui(|ui| {
        ui.label(label);
        if let Some(found) = result {
            ui.label(in_words(found));
        }
    });
}

fn state(member: &MemberState, result: Option<&SpecialistResult>) -> String {
    match (member.status, result) {
        (Status::Waiting, _) => "waits".to_owned(),
        (Status::Training, _) => format!("epoch {:.1} of {}", member.epoch, member.epochs),
        (Status::Done, Some(found)) => {
            let errors = found.conditional;
            format!(
                "errors {} \u{2192} {}",
                format::count(errors.generalist as u64),
                format::count(errors.combined as u64)
            )
        }
        (Status::Done, None) => "has learned".to_owned(),
    }
}

fn in_words(found: &SpecialistResult) -> String {
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    format!(
        "Among the {} test images of its own classes, when only these may be predicted: errors of the generalist {}, of the \
         specialist alone {}, of both {}. In its dustbin belong {} of all test images; as trained it puts {} there, with {:+.2} \
         added to the dustbin's logit {}.",
        format::count(found.conditional.images as u64),
        found.conditional.generalist,
        found.conditional.specialist,
        found.conditional.combined,
        percent(found.dustbin.truth),
        percent(found.dustbin.uncorrected),
        found.correction,
        percent(found.dustbin.corrected),
    )
}

fn paint(ui: &Ui, rect: Rect, member: &MemberState, class_names: &[String], state: &str) {
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let (strong, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    let font = FontId::proportional(theme::SMALL_SIZE);
    let colour = if member.status == Status::Waiting { weak } else { strong };
    painter.text(rect.left_center(), Align2::LEFT_CENTER, &member.name, font.clone(), colour);
    let right = Rect::from_min_max(pos2(rect.right() - STATE_WIDTH, rect.top()), rect.max);
    if member.status == Status::Training {
        let share = member.step as f32 / member.total_steps.max(1) as f32;
        let bar = Rect::from_min_size(pos2(right.left(), rect.bottom() - 4.0), vec2(right.width(), 3.0));
        painter.rect_filled(bar, 1.0, theme::plot_background(ui.visuals().dark_mode));
        let done = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
        painter.rect_filled(done, 1.0, theme::accent(ui.visuals().dark_mode));
    }
    painter.text(right.right_center(), Align2::RIGHT_CENTER, state, font.clone(), colour);
    let middle =
        Rect::from_min_max(pos2(rect.left() + NAME_WIDTH, rect.top()), pos2(right.left() - GAP, rect.bottom()));
    if member.classes.is_empty() {
        let painter = painter.with_clip_rect(middle.intersect(painter.clip_rect()));
        painter.text(middle.left_center(), Align2::LEFT_CENTER, &member.objective, font, weak);
    } else {
        chips(ui, &painter, middle, &member.classes, class_names);
    }
}

/// As many as there is room for, then how many more.
fn chips(ui: &Ui, painter: &Painter, area: Rect, classes: &[usize], class_names: &[String]) {
    let font = FontId::monospace(theme::SMALL_SIZE);
    let more_room = 3.5 * theme::UNIT;
    let mut left = area.left();
    for (index, &class) in classes.iter().enumerate() {
        let name = class_names.get(class).map_or("?", String::as_str);
        let galley = painter.layout_no_wrap(name.to_owned(), font.clone(), ui.visuals().text_color());
        let size = vec2(galley.size().x + theme::UNIT, ROW - 6.0);
        let is_last = index + 1 == classes.len();
        if left + size.x > area.right() - if is_last { 0.0 } else { more_room } {
            let text = format!("+{}", classes.len() - index);
            let at = pos2(left, area.center().y);
            painter.text(at, Align2::LEFT_CENTER, text, font, ui.visuals().weak_text_color());
            return;
        }
        let chip = Rect::from_min_size(pos2(left, area.center().y - size.y / 2.0), size);
        chip_ground(painter, chip, ui.visuals().widgets.inactive.bg_fill);
        painter.galley(chip.center() - galley.size() / 2.0, galley, ui.visuals().text_color());
        left = chip.right() + GAP;
    }
}

fn chip_ground(painter: &Painter, chip: Rect, colour: Color32) {
    painter.rect_filled(chip, f32::from(theme::CORNER), colour);
}
