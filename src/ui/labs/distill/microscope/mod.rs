//! One image under the microscope: what teacher and student say of it at temperature T, and what that costs the student.
//!
//! `bars` draws the soft targets, `objective` the terms of the loss. Everything is computed anew in each frame, from logits
//! that are there.

mod bars;
mod objective;

use super::class_rows::{all_or_likeliest, classes_shown};
use super::subject::{self, Subject};
use super::{Scale, Shared, temperature_slider};
use crate::lens::{divergence, entropy};
use crate::nets::{log_softmax_at, most_likely, softmax_at};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, figures, icon};
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{Grid, Label, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};
use std::sync::Arc;

/// Of a line over its letters.
const LINE_GAP: f32 = 4.0;
const WHAT: &str = "What a teacher and its student say of one image, class by class.";
/// Of the picture, in points.
const SMALLEST_SIDE: f32 = 7.0 * theme::UNIT;
const LARGEST_SIDE: f32 = 40.0 * theme::UNIT;
/// The picture's share of the width.
const PICTURE: f32 = 0.23;
/// Lines below the bars: figures and terms.
const LINES_BELOW: f32 = 6.0;
/// Where there is room, letters grow with it: they are to be read from the last row.
const LARGEST_TEXT: f32 = 18.0;
/// Of the height, as a share.
const TEXT: f32 = 1.0 / 26.0;
/// Of a line, at least.
const LETTERS: f32 = 50.0;

#[derive(Default)]
pub(super) struct MicroscopeView {
    picture: Option<(Arc<[u8]>, ImageAtlas)>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut MicroscopeView, shared: &mut Shared) {
    let subject = Subject::of(context, shared);
    if context.session.experiment().is_some_and(|experiment| experiment.started.is_some()) {
        let classes = subject.as_ref().map_or(0, Subject::classes);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
            subject::choosers(ui, context, shared, "the microscope");
            choose_scale(ui, shared);
            all_or_likeliest(ui, shared, classes, "the microscope");
        });
    }
    let subject = match subject {
        Ok(subject) => subject,
        Err(missing) => return missing.show(ui, context, shared, icon::GRADUATION_CAP, WHAT),
    };
    temperature_slider::show(ui, &mut shared.temperature, "Temperature");
    let alpha = context.book.current().distillation.alpha;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_height();
        let text = (room * TEXT).min(ui.available_width() / LETTERS).clamp(theme::SMALL_SIZE, LARGEST_TEXT);
        let below = LINES_BELOW * (text + LINE_GAP) + theme::UNIT;
        ui.horizontal_top(|ui| {
            picture(ui, view, &subject, room - below);
            ui.vertical(|ui| bars::show(ui, &subject, shared, room - below, text));
        });
        ui.spacing_mut().item_spacing.y = 2.0;
        figures_of(ui, &subject, shared.temperature, text);
        objective::show(ui, &subject, shared.temperature, alpha, text);
    });
}

fn choose_scale(ui: &mut Ui, shared: &mut Shared) {
    let scales = [
        (Scale::Linear, "q", "Probability", "Bars show probabilities q, from 0 to 1"),
        (Scale::Log, "ln q", "Log-probability", "Bars show ln q: small probabilities can be seen at T = 1 already"),
    ];
    for (scale, text, name, tooltip) in scales {
        let response = ui.selectable_label(shared.scale == scale, RichText::new(text).small()).on_hover_text(tooltip);
        if response.accessible_name(name).clicked() {
            shared.scale = scale;
        }
    }
}

/// The image, its true class as an outlined mark, and where it comes from.
fn picture(ui: &mut Ui, view: &mut MicroscopeView, subject: &Subject, room: f32) {
    if view.picture.as_ref().is_none_or(|(pixels, _)| **pixels != *subject.pixels) {
        let images = std::iter::once(&*subject.pixels);
        let atlas = ImageAtlas::new(ui.ctx(), "under the microscope", subject.shape, images);
        view.picture = Some((Arc::clone(&subject.pixels), atlas));
    }
    let Some((_, atlas)) = &view.picture else { return };
    let side = (ui.available_width() * PICTURE).min(room - 5.0 * theme::UNIT).clamp(SMALLEST_SIDE, LARGEST_SIDE);
    let scale = ui.pixels_per_point();
    let size = atlas.size(atlas.scale_within(side, scale), scale);
    ui.allocate_ui(vec2(size.x, size.y), |ui| {
        ui.vertical(|ui| {
            ui.set_width(size.x);
            let (space, response) = ui.allocate_exact_size(size, Sense::hover());
            let name = subject.label.map_or_else(
                || "Image under the microscope: drawn by you".to_owned(),
                |label| {
                    format!(
                        "Image under the microscope: {}, {}",
                        subject.caption,
                        class_name(&subject.class_names, label)
                    )
                },
            );
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name.clone()));
            atlas.paint(ui.painter(), 0, Rect::from_min_size(snap(space.min, scale), size));
            truth_mark(ui, subject);
            ui.add(Label::new(RichText::new(&subject.caption).small().weak()).wrap());
        });
    });
}

fn truth_mark(ui: &mut Ui, subject: &Subject) {
    let Some(label) = subject.label else {
        ui.add(Label::new(RichText::new("no label").small()).truncate());
        return;
    };
    let text = RichText::new(format!("true: {}", class_name(&subject.class_names, label))).small().strong();
    ui.add_space(2.0);
    let response = ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        ui.add_space(4.0);
        ui.add(Label::new(text).truncate())
    });
    let response = response.inner;
    let stroke = Stroke::new(1.5, ui.visuals().text_color());
    ui.painter().rect_stroke(response.rect.expand2(vec2(3.0, 1.0)), 2.0, stroke, StrokeKind::Outside);
    response.on_hover_text("The true class; its row is outlined too");
    ui.add_space(2.0);
}

/// Predictions, entropies and the distance between both networks.
fn figures_of(ui: &mut Ui, subject: &Subject, temperature: f64, size: f32) {
    let words = |text: &str| RichText::new(text).size(size);
    let number = |value: f64| RichText::new(figures(value)).monospace().size(size);
    let head = |ui: &mut Ui, text: &str, tooltip: &str| {
        ui.add(Label::new(words(text).weak()).extend()).on_hover_text(tooltip);
    };
    let distance = divergence(&subject.teacher, &subject.student, temperature);
    Grid::new("figures").min_row_height(0.0).spacing([1.5 * theme::UNIT, 2.0]).show(ui, |ui| {
        ui.label("");
        head(ui, "says", "The likeliest class, and its probability at T = 1, as the network is used");
        head(ui, "entropy", "Of the soft targets at T, in nats: 0 where certain, ln(classes) where all are equal");
        head(ui, "classes", "Effective number of classes at T: exp(entropy)");
        head(
            ui,
            "KL(teacher || student)",
            "How far the student's soft targets are from the teacher's at T, in nats: 0 where they are the same. It is what \
             the soft term makes small, the teacher's own entropy aside.",
        );
        ui.end_row();
        for (role, logits) in [("teacher", &subject.teacher), ("student", &subject.student)] {
            ui.label(words(role));
            let (said, is_right) = prediction(subject, logits);
            let colour = if is_right { ui.visuals().text_color() } else { ui.visuals().error_fg_color };
            let text = words(&said).color(colour);
            read_as(&ui.label(text), || format!("The {role} says {said}"));
            let entropy = entropy(logits, temperature);
            read_as(&ui.label(number(entropy)), || format!("Entropy of the {role}: {}", figures(entropy)));
            let classes = entropy.exp();
            read_as(&ui.label(number(classes)), || format!("Effective classes of the {role}: {}", figures(classes)));
            if role == "teacher" {
                read_as(&ui.label(number(distance)), || format!("KL(teacher || student): {}", figures(distance)));
            }
            ui.end_row();
        }
    });
}

/// What a screen reader says of a number.
fn read_as(response: &Response, text: impl Fn() -> String) {
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text()));
}

/// `7 at 99.1%`, and whether that is right as far as the truth is known.
fn prediction(subject: &Subject, logits: &[f32]) -> (String, bool) {
    let class = most_likely(logits);
    let share = softmax_at(logits, 1.0).get(class).copied().unwrap_or(0.0);
    let is_right = subject.label.is_none_or(|label| label == class);
    let mark = match subject.label {
        None => String::new(),
        Some(_) => format!("{} ", if is_right { icon::CHECK } else { icon::X }),
    };
    (format!("{mark}{} at {}", class_name(&subject.class_names, class), format::percent(share)), is_right)
}

/// A class a row.
pub(super) fn records(context: &LabContext<'_>, _: &MicroscopeView, shared: &Shared) -> Option<Records> {
    let subject = Subject::of(context, shared).ok()?;
    let mut records = Records::new([
        "image",
        "label",
        "temperature",
        "class",
        "teacher",
        "teacher_logit",
        "teacher_probability",
        "teacher_log_probability",
        "student",
        "student_logit",
        "student_probability",
        "student_log_probability",
    ]);
    let logs = [&subject.teacher, &subject.student].map(|logits| log_softmax_at(logits, shared.temperature));
    let label = subject.label.map_or_else(String::new, |label| class_name(&subject.class_names, label));
    for class in classes_shown(&subject, true) {
        let [teacher, student] = [&logs[0], &logs[1]].map(|logs| logs[class]);
        records.push([
            subject.caption.clone(),
            label.clone(),
            shared.temperature.to_string(),
            class_name(&subject.class_names, class),
            subject.teacher_name.clone(),
            subject.teacher[class].to_string(),
            teacher.exp().to_string(),
            teacher.to_string(),
            subject.student_name.clone(),
            subject.student[class].to_string(),
            student.exp().to_string(),
            student.to_string(),
        ]);
    }
    Some(records)
}
