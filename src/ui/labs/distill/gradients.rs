//! What each class's logit receives from the soft and from the hard term of the objective.

use super::class_rows::{all_or_likeliest, classes_shown};
use super::subject::Subject;
use super::{Shared, temperature_slider};
use crate::train::{GradientTerms, Loss};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, figures, icon};
use crate::ui::widgets::line::cut;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Color32, FontId, Label, Painter, Rect, RichText, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

const WHAT: &str = "What each class's logit receives from the soft and from the hard term of the objective.";
const ROW: f32 = 16.0;
const TALLEST_ROW: f32 = 30.0;
const HEAD: f32 = 16.0;
/// Of a signed number of four digits.
const NUMBER: f32 = 66.0;
/// In a narrower pane only the sum is written out.
const NARROW: f32 = 42.0 * theme::UNIT;
const WIDEST_NAME: f32 = 12.0 * theme::UNIT;
/// Formulas below the bars.
const BELOW: f32 = 34.0;
const SOFT: &str = "soft: from the teacher, \u{3b1} T (q \u{2212} p). The term has the factor T\u{b2} and its derivative 1 / T; as \
                    q \u{2212} p shrinks as 1 / T, what is left does not fade as T grows, and soft and hard keep their balance \
                    (section 2)";
const HARD: &str = "hard: from the label, (1 \u{2212} \u{3b1}) (softmax(z) \u{2212} label). Nothing where the student gives the true \
                    class all probability";

#[derive(Default)]
pub(super) struct GradientsView;

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, _: &mut GradientsView, shared: &mut Shared) {
    let subject = match Subject::of(context, shared) {
        Ok(subject) => subject,
        Err(missing) => return missing.show(ui, context, shared, icon::ARROWS_LEFT_RIGHT, WHAT),
    };
    let alpha = context.book.current().distillation.alpha;
    temperature_slider::show(ui, &mut shared.temperature, "Temperature of the gradient");
    ui.horizontal_wrapped(|ui| {
        let text = format!("{}, \u{3b1} = {} as in the settings", subject.caption, figures(alpha));
        ui.add(Label::new(RichText::new(text).small().weak()).truncate());
        all_or_likeliest(ui, shared, subject.classes(), "the gradient");
    });
    let gradients = gradients(&subject, shared.temperature, alpha);
    let classes = classes_shown(&subject, shared.all_classes);
    let most = longest(&gradients);
    let room = ui.available_height();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let bars = Bars { subject: &subject, gradients: &gradients, most, name_width: name_width(&subject, &classes) };
        bars.head(ui);
        let height = ((room - HEAD - BELOW) / classes.len().max(1) as f32).clamp(ROW, TALLEST_ROW);
        for class in classes {
            bars.row(ui, class, height);
        }
        for (text, tooltip) in [
            (
                "d/dz: soft \u{3b1} T (q \u{2212} p), hard (1 \u{2212} \u{3b1}) (softmax(z) \u{2212} label); q, p at T",
                SOFT,
            ),
            ("solid: soft, hatched: hard, diamond: sum; left of 0 the step raises this logit", HARD),
        ] {
            ui.add(Label::new(RichText::new(text).small().weak()).truncate()).on_hover_text(tooltip);
        }
    });
}

fn gradients(subject: &Subject, temperature: f64, alpha: f64) -> GradientTerms {
    Loss::Distilled { temperature, alpha }.gradients(&subject.student, &subject.teacher, subject.label)
}

/// The largest of all values, in size: where the axis ends.
fn longest(gradients: &GradientTerms) -> f64 {
    let terms = gradients.soft.iter().zip(&gradients.hard);
    terms.flat_map(|(soft, hard)| [*soft, *hard, soft + hard]).map(f64::abs).fold(f64::MIN_POSITIVE, f64::max)
}

fn name_width(subject: &Subject, classes: &[usize]) -> f32 {
    let longest = classes.iter().map(|&class| class_name(&subject.class_names, class).chars().count()).max();
    (longest.unwrap_or(1) as f32 * 6.5 + 1.5 * theme::UNIT).clamp(3.0 * theme::UNIT, WIDEST_NAME)
}

/// Two lanes a class: the soft term solid above, the hard one hatched below, and their sum as a mark over both.
struct Bars<'a> {
    subject: &'a Subject,
    gradients: &'a GradientTerms,
    /// The longest bar, of any class.
    most: f64,
    name_width: f32,
}

impl Bars<'_> {
    /// Which columns are written out, with their right edges: of soft, hard and sum.
    fn numbers(row: Rect) -> Vec<(usize, f32)> {
        let first = if row.width() < NARROW { 2 } else { 0 };
        (first..3).map(|index| (index, row.right() - (2 - index) as f32 * NUMBER)).collect()
    }

    fn plot(&self, row: Rect) -> Rect {
        let numbers = Self::numbers(row).len() as f32 * NUMBER;
        let right = (row.right() - numbers - 4.0).max(row.left() + self.name_width + 1.0);
        Rect::from_min_max(pos2(row.left() + self.name_width, row.top()), pos2(right, row.bottom()))
    }

    fn head(&self, ui: &mut Ui) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD), Sense::hover());
        let plot = self.plot(rect);
        let dark = ui.visuals().dark_mode;
        let painter = ui.painter();
        let font = FontId::proportional(theme::SMALL_SIZE);
        let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
        let scale = figures(self.most);
        let small = FontId::monospace(theme::SMALL_SIZE - 1.0);
        if plot.width() > 12.0 * theme::UNIT {
            painter.text(plot.left_center(), Align2::LEFT_CENTER, format!("-{scale}"), small.clone(), weak);
            painter.text(plot.right_center(), Align2::RIGHT_CENTER, scale, small.clone(), weak);
        }
        if plot.width() > 16.0 * theme::UNIT {
            painter.text(plot.center(), Align2::CENTER_CENTER, "0", small, weak);
        }
        for (index, right) in Self::numbers(rect) {
            let name = ["soft", "hard", "sum"][index];
            let place = painter.text(pos2(right, rect.center().y), Align2::RIGHT_CENTER, name, font.clone(), text);
            let sample = Rect::from_center_size(pos2(place.left() - 9.0, rect.center().y), vec2(10.0, 7.0));
            match index {
                0 => {
                    painter.rect_filled(sample, 0.0, theme::TEACHER);
                }
                1 => hatched(painter, sample, theme::BACKPROPAGATION),
                _ => mark(painter, sample.center(), 7.0, text, theme::plot_background(dark)),
            }
        }
        response.on_hover_text(format!(
            "{SOFT}.\n\n{HARD}.\n\nsum: what flows back into the student. All bars of the pane have one scale."
        ));
    }

    fn row(&self, ui: &mut Ui, class: usize, height: f32) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Row, true, self.describe(class)));
        if !ui.is_rect_visible(rect) {
            return;
        }
        let [soft, hard] = [&self.gradients.soft, &self.gradients.hard].map(|values| values[class]);
        let visuals = ui.visuals();
        let (text, weak) = (visuals.text_color(), visuals.weak_text_color());
        let background = theme::plot_background(visuals.dark_mode);
        let painter = ui.painter();
        let name = cut(ui, RichText::new(class_name(&self.subject.class_names, class)).small(), self.name_width - 8.0);
        let place = pos2(rect.left() + 4.0, rect.center().y - name.size().y / 2.0);
        if self.subject.label == Some(class) {
            let outline = Rect::from_min_size(place, name.size()).expand2(vec2(4.0, 0.0));
            painter.rect_stroke(outline, 2.0, Stroke::new(1.5, text), StrokeKind::Inside);
        }
        painter.galley(place, name, text);
        let plot = self.plot(rect).shrink2(vec2(0.0, 1.0));
        painter.rect_filled(plot, 0.0, background);
        let lane = (plot.height() - 1.0) / 2.0;
        painter.rect_filled(self.bar(plot, soft, plot.top(), lane), 0.0, theme::TEACHER);
        hatched(painter, self.bar(plot, hard, plot.bottom() - lane, lane), theme::BACKPROPAGATION);
        painter.vline(plot.center().x, rect.y_range(), Stroke::new(1.0, weak));
        let sum = self.x_of(plot, soft + hard);
        mark(painter, pos2(sum, plot.center().y), plot.height().min(9.0), text, background);
        let font = FontId::monospace(theme::SMALL_SIZE - 0.5);
        for (index, right) in Self::numbers(rect) {
            let value = [soft, hard, soft + hard][index];
            let colour = if index == 2 { text } else { weak };
            painter.text(pos2(right, rect.center().y), Align2::RIGHT_CENTER, figures(value), font.clone(), colour);
        }
        if response.hovered() {
            response.on_hover_text(self.describe(class));
        }
    }

    fn x_of(&self, plot: Rect, value: f64) -> f32 {
        let share = (value / self.most).clamp(-1.0, 1.0) as f32;
        plot.center().x + share * plot.width() / 2.0
    }

    fn bar(&self, plot: Rect, value: f64, top: f32, height: f32) -> Rect {
        Rect::from_two_pos(pos2(plot.center().x, top), pos2(self.x_of(plot, value), top + height))
    }

    fn describe(&self, class: usize) -> String {
        let [soft, hard] = [&self.gradients.soft, &self.gradients.hard].map(|values| values[class]);
        let truth = if self.subject.label == Some(class) { " (true)" } else { "" };
        format!(
            "Gradient at class {}{truth}: soft {}, hard {}, sum {}",
            class_name(&self.subject.class_names, class),
            figures(soft),
            figures(hard),
            figures(soft + hard)
        )
    }
}

/// A frame with slanted lines.
fn hatched(painter: &Painter, area: Rect, colour: Color32) {
    if area.width() < 1.0 {
        return;
    }
    painter.rect_filled(area, 0.0, colour.gamma_multiply(0.3));
    painter.rect_stroke(area, 0.0, Stroke::new(1.0, colour), StrokeKind::Inside);
    let clipped = painter.with_clip_rect(area.intersect(painter.clip_rect()));
    let lines = ((area.width() + area.height()) / 4.0) as usize;
    for line in 0..lines.min(200) {
        let x = area.left() - area.height() + line as f32 * 4.0;
        let slanted = [pos2(x, area.bottom()), pos2(x + area.height(), area.top())];
        clipped.line_segment(slanted, Stroke::new(1.0, colour));
    }
}

/// An outlined diamond.
fn mark(painter: &Painter, at: egui::Pos2, size: f32, colour: Color32, inside: Color32) {
    let half = size / 2.0;
    let corners = [vec2(0.0, -half), vec2(half, 0.0), vec2(0.0, half), vec2(-half, 0.0)].map(|corner| at + corner);
    painter.add(Shape::convex_polygon(corners.to_vec(), inside, Stroke::new(1.5, colour)));
}

/// A class a row.
pub(super) fn records(context: &LabContext<'_>, _: &GradientsView, shared: &Shared) -> Option<Records> {
    let subject = Subject::of(context, shared).ok()?;
    let alpha = context.book.current().distillation.alpha;
    let gradients = gradients(&subject, shared.temperature, alpha);
    let mut records =
        Records::new(["image", "teacher", "student", "temperature", "alpha", "class", "soft", "hard", "sum"]);
    for class in classes_shown(&subject, true) {
        let (soft, hard) = (gradients.soft[class], gradients.hard[class]);
        records.push([
            subject.caption.clone(),
            subject.teacher_name.clone(),
            subject.student_name.clone(),
            shared.temperature.to_string(),
            alpha.to_string(),
            class_name(&subject.class_names, class),
            soft.to_string(),
            hard.to_string(),
            (soft + hard).to_string(),
        ]);
    }
    Some(records)
}
