//! Entropy of the soft targets and the number of classes that count, as the temperature rises; and how distillation becomes
//! the matching of logits.

use super::pair::Pair;
use super::subject::Subject;
use super::temperature_plot::{TemperatureLine, TemperaturePlot};
use super::temperature_slider::{HIGHEST, LOWEST};
use super::worked::Worked;
use super::{Shared, subject};
use crate::lens::{entropies, entropy_curve};
use crate::train::matching_angle;
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, figures, icon};
use crate::ui::widgets::format;
use egui::{Color32, Label, RichText, Ui, Vec2, vec2};
use std::sync::LazyLock;

const WHAT: &str = "Entropy of the soft targets, and the number of classes that count, as the temperature rises.";
/// Temperatures of the curve of one image; of these every second one for means, and every fourth for angles.
const COUNT: usize = 57;
const MEANS: usize = 2;
const ANGLES: usize = 4;
/// More images are sampled, evenly.
const MOST_IMAGES: usize = 10_000;
/// Beside each other from this width, else one above the other.
const BESIDE: f32 = 84.0 * theme::UNIT;
const LEAST_HEIGHT: f32 = 11.0 * theme::UNIT;
const TEXT: f32 = 15.0;

static TEMPERATURES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let share = |index: usize| index as f64 / (COUNT - 1) as f64;
    (0..COUNT).map(|index| LOWEST * (HIGHEST / LOWEST).powf(share(index))).collect()
});

#[derive(Default)]
pub(super) struct TemperatureView {
    quantity: Quantity,
    image: Option<OfImage>,
    split: Worked<Pair, OfSplit>,
}

/// What the upper plot shows: the same in two units.
#[derive(Clone, Copy, Default, PartialEq)]
enum Quantity {
    #[default]
    Entropy,
    Classes,
}

/// Entropies of one image, at all temperatures.
struct OfImage {
    /// Logits.
    of: [Vec<f32>; 2],
    entropies: [Vec<f64>; 2],
}

/// Means over the images of a split.
struct OfSplit {
    /// How many images were looked at.
    images: usize,
    entropies: [Vec<f64>; 2],
    /// Mean effective number of classes.
    classes: [Vec<f64>; 2],
    /// In degrees.
    angles: Vec<Option<f64>>,
}

fn every(step: usize) -> impl Iterator<Item = f64> {
    TEMPERATURES.iter().copied().step_by(step)
}

impl OfSplit {
    fn new(pair: &Pair) -> Self {
        let classes = pair.classes();
        let step = pair.images.len().div_ceil(MOST_IMAGES).max(1);
        let sample = |logits: &[f32]| -> Vec<f32> {
            logits.chunks_exact(classes).step_by(step).flatten().copied().collect::<Vec<_>>()
        };
        let logits = [sample(&pair.teacher.logits), sample(&pair.student.logits)];
        let images = logits[0].len() / classes;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let mut found = Self { images, entropies: Default::default(), classes: Default::default(), angles: Vec::new() };
        for (network, logits) in logits.iter().enumerate() {
            for temperature in every(MEANS) {
                let entropies = entropies(logits, classes, temperature);
                found.entropies[network].push(mean(&entropies));
                found.classes[network].push(mean(&entropies.iter().map(|entropy| entropy.exp()).collect::<Vec<_>>()));
            }
        }
        let angle = |temperature| matching_angle(&logits[1], &logits[0], classes, temperature);
        found.angles = every(ANGLES).map(angle).collect();
        found
    }
}

impl TemperatureView {
    fn update(&mut self, ui: &Ui, pair: Option<&Pair>, subject: &Subject) {
        let is_same = |image: &OfImage| image.of[0] == subject.teacher && image.of[1] == subject.student;
        if !self.image.as_ref().is_some_and(is_same) {
            let of = [subject.teacher.clone(), subject.student.clone()];
            let entropies = [&of[0], &of[1]].map(|logits| entropy_curve(logits, &TEMPERATURES));
            self.image = Some(OfImage { of, entropies });
        }
        if let Some(pair) = pair {
            let own = pair.clone();
            self.split.update(ui.ctx(), pair.clone(), Pair::is_same, move || OfSplit::new(&own));
        }
    }

    /// The means, if they are of this pair or of one before it.
    fn means(&self, pair: Option<&Pair>) -> Option<&OfSplit> {
        let (own, means) = self.split.get()?;
        pair.filter(|pair| pair.run == own.run && pair.classes() == own.classes()).map(|_| means)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut TemperatureView, shared: &mut Shared) {
    let pair = Pair::of(context, shared);
    let subject = match Subject::of_pair(context, shared, pair.as_ref()) {
        Ok(subject) => subject,
        Err(missing) => return missing.show(ui, context, shared, icon::CHART_LINE, WHAT),
    };
    view.update(ui, pair.as_ref(), &subject);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        choose_quantity(ui, &mut view.quantity);
        if let Some(experiment) = context.session.experiment() {
            subject::choose_split(ui, experiment, shared, "the temperature");
        }
        let text = RichText::new(caption(view, pair.as_ref(), &subject)).small().weak();
        ui.add(Label::new(text).truncate());
    });
    let room = ui.available_size();
    ui.spacing_mut().item_spacing.y = 0.0;
    if room.x >= BESIDE {
        let size = vec2((room.x - theme::UNIT) / 2.0, (room.y - 2.0 * TEXT).max(LEAST_HEIGHT));
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT;
            ui.vertical(|ui| spread(ui, view, pair.as_ref(), &subject, size, shared));
            ui.vertical(|ui| angle(ui, view, pair.as_ref(), size, shared));
        });
    } else {
        let size = vec2(room.x, ((room.y - 2.0 * TEXT - theme::UNIT) / 2.0).max(LEAST_HEIGHT));
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            spread(ui, view, pair.as_ref(), &subject, size, shared);
            angle(ui, view, pair.as_ref(), size, shared);
        });
    }
}

fn choose_quantity(ui: &mut Ui, quantity: &mut Quantity) {
    let quantities = [
        (Quantity::Entropy, "Entropy", "Entropy of the soft targets, in nats: 0 where certain, ln(classes) at most"),
        (
            Quantity::Classes,
            "Classes",
            "Effective number of classes, exp(entropy): to how many equally probable classes they amount",
        ),
    ];
    for (own, text, tooltip) in quantities {
        let response = ui.selectable_label(*quantity == own, RichText::new(text).small()).on_hover_text(tooltip);
        if response.accessible_name(format!("Plot: {}", text.to_lowercase())).clicked() {
            *quantity = own;
        }
    }
}

fn caption(view: &TemperatureView, pair: Option<&Pair>, subject: &Subject) -> String {
    let means = match (view.means(pair), pair) {
        (Some(means), Some(pair)) if means.images < pair.images.len() => format!(
            "means of every {} image: {} of {}",
            ordinal(pair.images.len().div_ceil(MOST_IMAGES)),
            format::count(means.images as u64),
            format::count(pair.images.len() as u64)
        ),
        (Some(means), _) => format!("means of {} images", format::count(means.images as u64)),
        (None, Some(_)) if view.split.is_working() => "means are being worked out...".to_owned(),
        _ => "no means".to_owned(),
    };
    format!("{}; {means}", subject.caption)
}

fn ordinal(number: usize) -> String {
    match number {
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        _ => format!("{number}th"),
    }
}

/// The curves of the image and of the mean, and their values at T.
fn spread(
    ui: &mut Ui,
    view: &TemperatureView,
    pair: Option<&Pair>,
    subject: &Subject,
    size: Vec2,
    shared: &mut Shared,
) {
    let Some(image) = &view.image else { return };
    let classes = subject.classes().max(2) as f64;
    let of = |entropy: f64| if view.quantity == Quantity::Entropy { entropy } else { entropy.exp() };
    let means = view.means(pair).map(|means| match view.quantity {
        Quantity::Entropy => &means.entropies,
        Quantity::Classes => &means.classes,
    });
    let mut lines = Vec::new();
    for (network, name, colour) in [(0, "teacher", theme::TEACHER), (1, "student", theme::STUDENT)] {
        let points = TEMPERATURES.iter().zip(&image.entropies[network]).map(|(&t, &entropy)| [t, of(entropy)]);
        lines.push(line(name, colour, network == 0, false, points.collect()));
    }
    for (network, name, colour) in [(0, "its mean", theme::TEACHER), (1, "its mean", theme::STUDENT)] {
        let Some(means) = means else { continue };
        let points = every(MEANS).zip(&means[network]).map(|(t, &mean)| [t, mean]).collect();
        lines.push(line(name, colour, network == 0, true, points));
    }
    // The mean of each stands after it.
    if lines.len() == 4 {
        lines.swap(1, 2);
    }
    let (quantity, bottom, top) = match view.quantity {
        Quantity::Entropy => ("nats", 0.0, classes.ln()),
        Quantity::Classes => ("classes", 1.0, classes),
    };
    let name = if view.quantity == Quantity::Entropy { "Entropy" } else { "Effective classes" };
    TemperaturePlot { name, quantity, bottom, top, steps: 4, lines: &lines }.show(ui, size, &mut shared.temperature);
    let at = |logits: &[f32]| figures(of(crate::lens::entropy(logits, shared.temperature)));
    let text = format!(
        "at T = {}: teacher {}, student {} {quantity}",
        figures(shared.temperature),
        at(&subject.teacher),
        at(&subject.student)
    );
    ui.add(Label::new(RichText::new(text).small()).truncate());
}

/// How far the gradient of distillation points away from that of logit matching.
fn angle(ui: &mut Ui, view: &TemperatureView, pair: Option<&Pair>, size: Vec2, shared: &mut Shared) {
    let Some(means) = view.means(pair) else {
        let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        let text = if view.split.is_working() {
            "The angle is being measured..."
        } else {
            "The angle is measured once both networks have been evaluated on these images."
        };
        let font = egui::FontId::proportional(theme::SMALL_SIZE);
        let galley = ui.painter().layout(text.to_owned(), font, ui.visuals().weak_text_color(), rect.width() - 16.0);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, Color32::PLACEHOLDER);
        return;
    };
    let points: Vec<[f64; 2]> =
        every(ANGLES).zip(&means.angles).filter_map(|(t, angle)| angle.map(|angle| [t, angle])).collect();
    let top = if points.iter().any(|[_, angle]| *angle > 90.0) { 180.0 } else { 90.0 };
    let colour = ui.visuals().text_color();
    let mut lines = [line("between the two gradients", colour, false, false, points)];
    lines[0].has_dots = true;
    let plot = TemperaturePlot { name: "Angle", quantity: "degrees", bottom: 0.0, top, steps: 3, lines: &lines };
    plot.show(ui, size, &mut shared.temperature);
    let text = RichText::new("goes to 0: matching logits is the high-temperature limit (section 2.1)").small();
    ui.add(Label::new(text).truncate()).on_hover_text(
        "Angle between the gradient of distillation, T (softmax(z / T) - softmax(v / T)), and that of logit matching, \
         (z - v) / N with both at a mean of 0: z are the student's logits, v the teacher's, N the number of classes. Measured \
         over all these images at once: cos = sum of products / product of norms.",
    );
}

fn line(name: &str, colour: Color32, is_thick: bool, is_dashed: bool, points: Vec<[f64; 2]>) -> TemperatureLine<'_> {
    TemperatureLine { name, colour, is_thick, is_dashed, has_dots: false, points }
}

/// A temperature a row; means and angles at some of them.
pub(super) fn records(context: &LabContext<'_>, view: &TemperatureView, shared: &Shared) -> Option<Records> {
    let pair = Pair::of(context, shared);
    let subject = Subject::of_pair(context, shared, pair.as_ref()).ok()?;
    let mut records = Records::new([
        "image",
        "temperature",
        "teacher_entropy",
        "student_entropy",
        "mean_teacher_entropy",
        "mean_student_entropy",
        "mean_teacher_classes",
        "mean_student_classes",
        "matching_angle_degrees",
    ]);
    let means = view.means(pair.as_ref());
    let of = |index: usize, step: usize, values: &[f64]| {
        index.is_multiple_of(step).then(|| values.get(index / step)).flatten().map_or_else(String::new, f64::to_string)
    };
    let curves = [&subject.teacher, &subject.student].map(|logits| entropy_curve(logits, &TEMPERATURES));
    for (index, temperature) in TEMPERATURES.iter().enumerate() {
        let mean = |values: Option<&Vec<f64>>| values.map_or_else(String::new, |values| of(index, MEANS, values));
        let angle = means.filter(|_| index.is_multiple_of(ANGLES)).and_then(|means| means.angles.get(index / ANGLES));
        records.push([
            subject.caption.clone(),
            temperature.to_string(),
            curves[0][index].to_string(),
            curves[1][index].to_string(),
            mean(means.map(|means| &means.entropies[0])),
            mean(means.map(|means| &means.entropies[1])),
            mean(means.map(|means| &means.classes[0])),
            mean(means.map(|means| &means.classes[1])),
            angle.copied().flatten().map_or_else(String::new, |angle| angle.to_string()),
        ]);
    }
    Some(records)
}
