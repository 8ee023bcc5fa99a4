//! Mirrored bars: the teacher's soft targets to the left, the student's to the right, a class a row.

use super::super::class_rows::classes_shown;
use super::super::subject::Subject;
use super::super::{Scale, Shared};
use crate::nets::log_softmax_at;
use crate::ui::theme::{self, figures};
use crate::ui::widgets::line::cut;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Color32, FontId, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

/// In sizes of the letters.
const ROW: f32 = 1.22;
const TALLEST_ROW: f32 = 2.4;
const HEAD: f32 = 1.4;
/// Of a number of four digits.
const NUMBER: f32 = 5.1;
const LETTER: f32 = 0.6;
const WIDEST_NAME: f32 = 9.0;
/// The scale of log-probabilities ends at a multiple of this, so that it does not creep while T moves.
const FLOOR_STEP: f64 = 5.0;

/// Both networks' log-probabilities at T, and how they are drawn.
struct Bars<'a> {
    subject: &'a Subject,
    teacher: Vec<f64>,
    student: Vec<f64>,
    scale: Scale,
    /// Where the scale of log-probabilities begins, below 0.
    floor: f64,
    name_width: f32,
    /// Of the letters.
    size: f32,
}

/// As high as `room` if that is sensible; with many rows higher.
pub(super) fn show(ui: &mut Ui, subject: &Subject, shared: &Shared, room: f32, size: f32) {
    let rows = classes_shown(subject, shared.all_classes);
    let teacher = log_softmax_at(&subject.teacher, shared.temperature);
    let student = log_softmax_at(&subject.student, shared.temperature);
    let lowest = rows.iter().flat_map(|&class| [teacher[class], student[class]]).fold(0.0, f64::min);
    let floor = ((lowest / FLOOR_STEP).floor() * FLOOR_STEP).min(-FLOOR_STEP);
    let names = rows.iter().map(|&class| class_name(&subject.class_names, class).chars().count()).max().unwrap_or(1);
    let name_width = (names as f32 * LETTER + 1.1).clamp(2.0, WIDEST_NAME) * size;
    let bars = Bars { subject, teacher, student, scale: shared.scale, floor, name_width, size };
    ui.spacing_mut().item_spacing.y = 0.0;
    bars.head(ui);
    let height = ((room - HEAD * size) / rows.len().max(1) as f32).clamp(ROW * size, TALLEST_ROW * size);
    for class in rows {
        bars.row(ui, class, height);
    }
}

impl Bars<'_> {
    /// Where numbers, bars and name lie in a row: the student's are the teacher's mirrored.
    fn tracks(&self, row: Rect) -> [Rect; 2] {
        let middle = row.center().x;
        let half = self.name_width / 2.0;
        let inset = ((row.height() - 10.0) / 4.0).clamp(1.5, 4.0);
        let track = |from: f32, to: f32| {
            Rect::from_min_max(pos2(from, row.top() + inset), pos2(to.max(from + 1.0), row.bottom() - inset))
        };
        [track(row.left() + NUMBER * self.size, middle - half), track(middle + half, row.right() - NUMBER * self.size)]
    }

    /// The networks' names over their bars, and the scale at the outer ends.
    fn head(&self, ui: &mut Ui) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD * self.size), Sense::hover());
        let room = rect.width() / 2.0 - self.name_width / 2.0 - NUMBER * self.size;
        let name = |name: &str| cut(ui, RichText::new(name).size(self.size), room * 0.6);
        let (colour, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        let (teacher, student) = (name(&self.subject.teacher_name), name(&self.subject.student_name));
        let (middle, half) = (rect.center().x, self.name_width / 2.0);
        let painter = ui.painter();
        painter.galley(pos2(middle - half - teacher.size().x, rect.top()), teacher, colour);
        painter.galley(pos2(middle + half, rect.top()), student, colour);
        let (end, text) = match self.scale {
            Scale::Linear => ("1".to_owned(), "Bars: probability q at T, from 0 in the middle to 1".to_owned()),
            Scale::Log => {
                ("0".to_owned(), format!("Bars: ln q at T in nats, from {:.0} in the middle to 0", self.floor))
            }
        };
        let font = FontId::monospace(self.size - 0.5);
        let [left, right] = self.tracks(rect);
        painter.text(pos2(left.left(), rect.top()), Align2::LEFT_TOP, &end, font.clone(), weak);
        painter.text(pos2(right.right(), rect.top()), Align2::RIGHT_TOP, &end, font.clone(), weak);
        let quantity = if self.scale == Scale::Log { "ln q" } else { "q" };
        painter.text(rect.left_top(), Align2::LEFT_TOP, quantity, font.clone(), weak);
        painter.text(rect.right_top(), Align2::RIGHT_TOP, quantity, font, weak);
        response.on_hover_text(text);
    }

    fn row(&self, ui: &mut Ui, class: usize, height: f32) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Row, true, self.describe(class)));
        if !ui.is_rect_visible(rect) {
            return;
        }
        let visuals = ui.visuals();
        let is_true = self.subject.label == Some(class);
        let [left, right] = self.tracks(rect);
        let line = theme::border(visuals.dark_mode);
        let outline = if is_true { Stroke::new(1.5, visuals.text_color()) } else { Stroke::new(1.0, line) };
        let painter = ui.painter();
        for (track, logs, colour, mirrored) in
            [(left, &self.teacher, theme::TEACHER, true), (right, &self.student, theme::STUDENT, false)]
        {
            painter.rect_filled(track, 1.0, theme::plot_background(visuals.dark_mode));
            painter.rect_filled(part(track, self.share(logs[class]), mirrored), 1.0, colour);
            painter.rect_stroke(track, 1.0, outline, StrokeKind::Outside);
        }
        self.numbers(ui, rect, class);
        let name = class_name(&self.subject.class_names, class);
        let name = cut(ui, RichText::new(name).size(self.size).strong(), self.name_width - 6.0);
        let place = rect.center() - name.size() / 2.0;
        if is_true {
            let mark = Rect::from_center_size(rect.center(), vec2(self.name_width - 4.0, height - 1.0));
            painter.rect_stroke(mark, 2.0, outline, StrokeKind::Inside);
        }
        painter.galley(place, name, visuals.text_color());
        if response.hovered() {
            response.on_hover_text(self.describe(class));
        }
    }

    fn numbers(&self, ui: &Ui, rect: Rect, class: usize) {
        let font = FontId::monospace(self.size - 0.5);
        let (weak, strong) = (ui.visuals().weak_text_color(), ui.visuals().text_color());
        let colour = |log: f64| if log > -1.0 { strong } else { weak };
        let painter = ui.painter();
        let (teacher, student) = (self.teacher[class], self.student[class]);
        let gap = Vec2::new(NUMBER * self.size - 4.0, 0.0);
        let put = |at, align: Align2, log: f64, colour: Color32| {
            painter.text(at, align, self.number(log), font.clone(), colour);
        };
        put(rect.left_center() + gap, Align2::RIGHT_CENTER, teacher, colour(teacher));
        put(rect.right_center() - gap, Align2::LEFT_CENTER, student, colour(student));
    }

    /// How long a bar is, from 0 to 1.
    fn share(&self, log: f64) -> f32 {
        let share = match self.scale {
            Scale::Linear => log.exp(),
            Scale::Log => 1.0 - log / self.floor,
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) as f32 }
    }

    fn number(&self, log: f64) -> String {
        match self.scale {
            Scale::Linear => figures(log.exp()),
            Scale::Log => figures(log),
        }
    }

    fn describe(&self, class: usize) -> String {
        let name = class_name(&self.subject.class_names, class);
        let truth = if self.subject.label == Some(class) { " (true)" } else { "" };
        let word = if self.scale == Scale::Log { "ln q " } else { "" };
        let [teacher, student] = [&self.teacher, &self.student].map(|logs| self.number(logs[class]));
        format!("Class {name}{truth}: teacher {word}{teacher}, student {word}{student}")
    }
}

/// So much of a track, from the middle of the row outwards.
fn part(track: Rect, share: f32, mirrored: bool) -> Rect {
    let length = track.width() * share;
    if mirrored {
        Rect::from_min_max(pos2(track.right() - length, track.top()), track.max)
    } else {
        Rect::from_min_max(track.min, pos2(track.left() + length, track.bottom()))
    }
}
