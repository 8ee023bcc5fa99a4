//! Each term of the objective, with its formula and its value for the image.

use super::super::subject::Subject;
use crate::train::Loss;
use crate::ui::theme::figures;
use egui::{Align, Label, Layout, Response, RichText, Ui, vec2};

/// At the temperature that is shown, with the weight that the settings have.
pub(super) fn show(ui: &mut Ui, subject: &Subject, temperature: f64, alpha: f64, size: f32) {
    let terms = Loss::Distilled { temperature, alpha }.terms(&subject.student, &subject.teacher, subject.label);
    let (t, a) = (figures(temperature), figures(alpha));
    let soft = format!("{a} \u{d7} {t}\u{b2} \u{d7} {}", factor(terms.soft, alpha * temperature * temperature));
    let hard = match subject.label {
        Some(_) => format!("{} \u{d7} {}", figures(1.0 - alpha), factor(terms.hard, 1.0 - alpha)),
        None => "a drawing has no label".to_owned(),
    };
    ui.spacing_mut().interact_size.y = 0.0;
    line(
        ui,
        size,
        ("soft", "\u{3b1} T\u{b2} CE(teacher, student), both at T", &soft, terms.soft),
        "What the student is to learn from the teacher: cross-entropy of its soft targets with the teacher's. T\u{b2} makes up \
         for gradients that shrink as 1 / T\u{b2}. \u{3b1} is that of the settings.",
    );
    line(
        ui,
        size,
        ("hard", "(1 \u{2212} \u{3b1}) CE(label, student), at T = 1", &hard, terms.hard),
        "What the label asks for: cross-entropy of the true class at the temperature at which the student is used",
    );
    line(
        ui,
        size,
        ("sum", "= soft + hard: the objective of this image", "", terms.sum()),
        "What distillation makes small, in nats: section 2 of Hinton, Vinyals and Dean 2015",
    );
}

/// What a weight was multiplied with; nothing is known of it where the weight is 0.
fn factor(term: f64, weight: f64) -> String {
    if weight > 0.0 { figures(term / weight) } else { "CE".to_owned() }
}

fn line(ui: &mut Ui, size: f32, (name, formula, product, value): (&str, &str, &str, f64), tooltip: &str) {
    ui.horizontal(|ui| {
        let value = figures(value);
        column(ui, 3.4 * size, Align::Min, RichText::new(name).size(size));
        let response = column(ui, 5.4 * size, Align::Max, RichText::new(&value).monospace().size(size));
        super::read_as(&response, || format!("Objective, {name}: {value}"));
        let text = if product.is_empty() { formula.to_owned() } else { format!("= {formula} = {product}") };
        ui.add(Label::new(RichText::new(text).size(size).weak()).truncate()).on_hover_text(tooltip);
    });
}

/// Text in a place of this width, to the left or to the right of it.
fn column(ui: &mut Ui, width: f32, align: Align, text: RichText) -> Response {
    let layout = Layout::left_to_right(Align::Center).with_main_align(align);
    let room = vec2(width, 0.0);
    ui.allocate_ui_with_layout(room, layout, |ui| {
        ui.set_width(width);
        ui.add(Label::new(text).extend())
    })
    .inner
}
