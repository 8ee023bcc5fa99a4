//! One test image: what the generalist holds likely, which specialists were asked and what they said, and what came of
//! it.

use super::row_width;
use crate::experiments::{ExperimentConfig, Role, SpecialistsResults};
use crate::lens::{Consultation, Voice, consult, likeliest};
use crate::nets::Shape;
use crate::train::Evaluation;
use crate::ui::app::ExperimentRecord;
use crate::ui::theme;
use crate::ui::widgets::atlas::ImageAtlas;
use crate::ui::widgets::controls::section;
use crate::ui::widgets::format;
use egui::{
    Align2, Button, Color32, ComboBox, FontId, Label, Rect, RichText, Role as WidgetRole, Sense, Stroke, StrokeKind,
    Ui, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const ROW: f32 = 20.0;
const NAME_WIDTH: f32 = 9.0 * theme::UNIT;
const LEAST_CELL: f32 = 10.0 * theme::UNIT;
const PICTURE_SIDE: f32 = 14.0 * theme::UNIT;
/// Of the generalist's and of the combined distribution, so many of the likeliest classes are shown.
const LIKELIEST: usize = 4;

/// Which test images to go through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Which {
    #[default]
    Mended,
    Spoiled,
    BothWrong,
    All,
}

impl Which {
    const ALL: [Self; 4] = [Self::Mended, Self::Spoiled, Self::BothWrong, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::Mended => "put right by specialists",
            Self::Spoiled => "put wrong by specialists",
            Self::BothWrong => "wrong with and without",
            Self::All => "all test images",
        }
    }
}

/// What is chosen, and what was worked out of it.
#[derive(Default)]
pub(super) struct OneImage {
    which: Which,
    /// Among those.
    place: usize,
    lists: Option<(Arc<SpecialistsResults>, [Vec<u32>; 4])>,
    /// Of this image of these results.
    looked: Option<(Arc<SpecialistsResults>, usize, Look)>,
}

struct Look {
    found: Consultation,
    /// Shown, the most probable first.
    classes: Vec<usize>,
    picture: ImageAtlas,
}

impl OneImage {
    pub(super) fn show(&mut self, ui: &mut Ui, experiment: &ExperimentRecord, results: &Arc<SpecialistsResults>) {
        section(ui, "One test image at a time");
        let Some(generalist) = experiment.with_role(Role::Teacher).next().and_then(|member| member.test.clone()) else {
            return;
        };
        if self.lists.as_ref().is_none_or(|(of, _)| !Arc::ptr_eq(of, results)) {
            self.lists = Some((Arc::clone(results), lists(results, &generalist)));
            self.place = 0;
        }
        self.choose(ui);
        let list = self.list();
        let Some(&image) = list.get(self.place.min(list.len().saturating_sub(1))) else {
            ui.label(RichText::new(format!("No test image is {}.", self.which.name())).small().weak());
            return;
        };
        let image = image as usize;
        let is_known = |(of, at, _): &(Arc<SpecialistsResults>, usize, Look)| Arc::ptr_eq(of, results) && *at == image;
        if !self.looked.as_ref().is_some_and(is_known) {
            self.looked =
                look(ui, experiment, results, &generalist, image).map(|look| (Arc::clone(results), image, look));
        }
        let Some((_, _, look)) = &self.looked else {
            ui.label(RichText::new("What the specialists said is not at hand any more.").small().weak());
            return;
        };
        let label = generalist.outcomes.get(image).map_or(0, |outcome| usize::from(outcome.label));
        draw(ui, look, results, label);
    }

    fn list(&self) -> &[u32] {
        let place = Which::ALL.iter().position(|which| *which == self.which).unwrap_or(0);
        self.lists.as_ref().map_or(&[], |(_, lists)| &lists[place])
    }

    fn choose(&mut self, ui: &mut Ui) {
        let counts: Vec<usize> = self.lists.iter().flat_map(|(_, lists)| lists.iter().map(Vec::len)).collect();
        ui.horizontal_wrapped(|ui| {
            let text = |which: Which, count: usize| format!("{} ({})", which.name(), format::count(count as u64));
            let count_of = |index: usize| counts.get(index).copied().unwrap_or(0);
            let chosen = Which::ALL.iter().position(|which| *which == self.which).unwrap_or(0);
            let combo = ComboBox::from_id_salt("specialists images").selected_text(text(self.which, count_of(chosen)));
            let response = combo.width(27.0 * theme::UNIT).truncate().show_ui(ui, |ui| {
                for (index, which) in Which::ALL.into_iter().enumerate() {
                    if ui.selectable_label(which == self.which, text(which, count_of(index))).clicked() {
                        (self.which, self.place) = (which, 0);
                    }
                }
            });
            response.response.on_hover_text("Which test images to go through").accessible_name("Images to look at");
            let count = self.list().len();
            let enabled = count > 1;
            let step = |ui: &mut Ui, arrow: &str, name: &str, tooltip: &str| {
                ui.add_enabled(enabled, Button::new(arrow)).on_hover_text(tooltip).accessible_name(name).clicked()
            };
            if step(ui, "\u{2190}", "Previous image", "The image before") {
                self.place = (self.place + count - 1) % count.max(1);
            }
            if step(ui, "\u{2192}", "Next image", "The image after") {
                self.place = (self.place + 1) % count.max(1);
            }
            if count > 0 {
                ui.label(
                    RichText::new(format!("{} of {}", self.place + 1, format::count(count as u64))).small().weak(),
                );
            }
        });
    }
}

/// In the order of [`Which::ALL`].
fn lists(results: &SpecialistsResults, generalist: &Evaluation) -> [Vec<u32>; 4] {
    let wrong = generalist.outcomes.iter().enumerate().filter(|(_, outcome)| !outcome.is_right());
    let both = wrong.map(|(image, _)| image as u32).filter(|image| results.mended.binary_search(image).is_err());
    let all = (0..generalist.examples as u32).collect();
    [results.mended.clone(), results.spoiled.clone(), both.collect(), all]
}

/// Asks them again: their logits are at hand. None if they are not.
fn look(
    ui: &Ui,
    experiment: &ExperimentRecord,
    results: &SpecialistsResults,
    generalist: &Evaluation,
    image: usize,
) -> Option<Look> {
    let ExperimentConfig::Specialists(config) = &experiment.config else { return None };
    let test = &experiment.started.as_ref()?.test;
    let row = |evaluation: &Evaluation, outputs: usize| -> Option<Vec<f32>> {
        Some(evaluation.logits.get(image * outputs..(image + 1) * outputs)?.to_vec())
    };
    let said: Option<Vec<Vec<f32>>> = results
        .specialists
        .iter()
        .map(|one| row(experiment.member(&one.member.name)?.test.as_ref()?, one.classes.len() + 1))
        .collect();
    let said = said?;
    let voices: Vec<Voice<'_>> = results
        .specialists
        .iter()
        .zip(&said)
        .map(|(one, logits)| Voice { classes: &one.classes, logits, correction: one.correction })
        .collect();
    let found = consult(&row(generalist, results.class_names.len())?, &voices, config.most_probable);
    let label = generalist.outcomes.get(image).map(|outcome| usize::from(outcome.label))?;
    let shape = test.shape();
    let shape = Shape::new(shape.channels, shape.height, shape.width);
    let pixels = (image < test.len()).then(|| test.image(image))?;
    let picture = ImageAtlas::new(ui.ctx(), "specialists image", shape, std::iter::once(pixels));
    Some(Look { classes: shown(&found, label), found, picture })
}

/// The likeliest of both distributions and the true class, the most probable in the end first.
fn shown(found: &Consultation, label: usize) -> Vec<usize> {
    let sorted = |probabilities: &[f64]| {
        let mut classes: Vec<usize> = (0..probabilities.len()).collect();
        classes.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        classes
    };
    let (alone, together) = (sorted(&found.generalist), sorted(&found.combined));
    let is_shown = |class: &usize| {
        alone[..LIKELIEST.min(alone.len())].contains(class)
            || together[..LIKELIEST.min(together.len())].contains(class)
            || *class == label
    };
    together.iter().copied().filter(is_shown).collect()
}

/// A column of the table: whose it is, its colour, and its probability of each class shown, then of the dustbin.
struct Column {
    name: String,
    colour: Color32,
    values: Vec<Option<f64>>,
    dustbin: Option<f64>,
}

fn draw(ui: &mut Ui, look: &Look, results: &SpecialistsResults, label: usize) {
    let Look { found, classes, .. } = look;
    let name = |class: usize| results.class_names.get(class).map_or("?", String::as_str);
    ui.horizontal_wrapped(|ui| {
        let scale = look.picture.scale_within(PICTURE_SIDE, ui.ctx().pixels_per_point());
        let (rect, response) =
            ui.allocate_exact_size(look.picture.size(scale, ui.ctx().pixels_per_point()), Sense::hover());
        response
            .widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, format!("Test image of a {}", name(label))));
        look.picture.paint(ui.painter(), 0, rect);
        let says = |probabilities: &[f64]| likeliest(probabilities, 0..probabilities.len()).map_or("?", name);
        let asked = match found.asked.len() {
            0 => "no specialist knows it, so none was asked".to_owned(),
            1 => "1 specialist was asked".to_owned(),
            several => format!("{several} specialists were asked"),
        };
        let text = format!(
            "It is {}. The generalist says {}; {asked}; together they say {}.",
            name(label),
            says(&found.generalist),
            says(&found.combined)
        );
        ui.add(Label::new(text).wrap());
    });
    let columns = columns(ui, look, results);
    let room = row_width(ui) - NAME_WIDTH;
    let most = ((room / LEAST_CELL) as usize).max(2);
    // The last column is what came of it: those between give way.
    let hidden = columns.len().saturating_sub(most);
    let kept: Vec<&Column> = columns[..columns.len() - 1 - hidden].iter().chain(columns.last()).collect();
    let width = (room / kept.len() as f32).max(0.0);
    titles(ui, &kept, width);
    for (index, &class) in classes.iter().enumerate() {
        let values: Vec<Option<f64>> = kept.iter().map(|column| column.values[index]).collect();
        row(ui, name(class), class == label, &kept, &values, width);
    }
    if !found.asked.is_empty() {
        let values: Vec<Option<f64>> = kept.iter().map(|column| column.dustbin).collect();
        row(ui, "dustbin", false, &kept, &values, width);
    }
    if hidden > 0 {
        let text = format!("{hidden} more specialists were asked: widen the pane to see them.");
        ui.label(RichText::new(text).small().weak());
    }
}

fn columns(ui: &Ui, look: &Look, results: &SpecialistsResults) -> Vec<Column> {
    let Look { found, classes, .. } = look;
    let dark = ui.visuals().dark_mode;
    let of_all = |name: &str, colour: Color32, probabilities: &[f64]| Column {
        name: name.to_owned(),
        colour,
        values: classes.iter().map(|&class| probabilities.get(class).copied()).collect(),
        dustbin: None,
    };
    let specialists = found.asked.iter().zip(&found.opinions).filter_map(|(&index, opinion)| {
        let one = results.specialists.get(index)?;
        let place = |class: &usize| one.classes.iter().position(|own| own == class);
        Some(Column {
            name: one.member.name.clone(),
            colour: ui.visuals().weak_text_color(),
            values: classes.iter().map(|class| opinion.get(place(class)?).copied()).collect(),
            dustbin: opinion.last().copied(),
        })
    });
    let first = of_all("generalist", theme::teacher(dark), &found.generalist);
    let last = of_all("together", theme::student(dark), &found.combined);
    std::iter::once(first).chain(specialists).chain([last]).collect()
}

fn titles(ui: &mut Ui, columns: &[&Column], width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(row_width(ui), ROW), Sense::hover());
    let font = FontId::proportional(theme::SMALL_SIZE);
    for (index, column) in columns.iter().enumerate() {
        let cell = cell(rect, index, width);
        let painter = ui.painter().with_clip_rect(cell.intersect(ui.clip_rect()));
        painter.text(
            cell.left_center(),
            Align2::LEFT_CENTER,
            &column.name,
            font.clone(),
            ui.visuals().weak_text_color(),
        );
    }
}

fn row(ui: &mut Ui, name: &str, is_true: bool, columns: &[&Column], values: &[Option<f64>], width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(row_width(ui), ROW), Sense::hover());
    let text = |value: Option<f64>| value.map_or_else(|| "\u{2013}".to_owned(), |p| format!("{:.1}%", 100.0 * p));
    let said: Vec<String> =
        columns.iter().zip(values).map(|(column, &value)| format!("{} {}", column.name, text(value))).collect();
    let label = format!("{name}{}: {}", if is_true { " (the true class)" } else { "" }, said.join(", "));
    response.widget_info(|| WidgetInfo::labeled(WidgetRole::Label, true, &label));
    if ui.is_rect_visible(rect) {
        let font = FontId::monospace(theme::SMALL_SIZE);
        let colour = ui.visuals().text_color();
        let at = Rect::from_min_size(rect.min, vec2(NAME_WIDTH - theme::UNIT, ROW));
        ui.painter().text(
            at.left_center() + vec2(theme::UNIT / 2.0, 0.0),
            Align2::LEFT_CENTER,
            name,
            font.clone(),
            colour,
        );
        if is_true {
            ui.painter().rect_stroke(at.shrink(1.0), 2.0, Stroke::new(1.5, colour), StrokeKind::Inside);
        }
        for (index, (column, &value)) in columns.iter().zip(values).enumerate() {
            let cell = cell(rect, index, width);
            let ground = Rect::from_min_max(cell.min + vec2(0.0, 2.0), cell.max - vec2(0.0, 2.0));
            ui.painter().rect_filled(ground, 1.0, theme::plot_background(ui.visuals().dark_mode));
            if let Some(p) = value {
                let filled = vec2(ground.width() * (p as f32).clamp(0.0, 1.0), 4.0);
                let bar = Rect::from_min_size(pos2(ground.left(), ground.bottom() - 4.0), filled);
                ui.painter().rect_filled(bar, 1.0, column.colour);
            }
            let right = ground.right_center() - vec2(4.0, 2.0);
            ui.painter().text(right, Align2::RIGHT_CENTER, text(value), font.clone(), colour);
        }
    }
    response.on_hover_text(label);
}

fn cell(row: Rect, index: usize, width: f32) -> Rect {
    let left = row.left() + NAME_WIDTH + index as f32 * width;
    Rect::from_min_size(pos2(left, row.top()), vec2((width - theme::UNIT / 2.0).max(1.0), row.height()))
}
