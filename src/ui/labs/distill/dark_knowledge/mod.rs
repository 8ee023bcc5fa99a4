//! The mean soft targets of each true class: which classes the teacher finds alike, and the images behind it.

mod matrix;
mod means;
mod scale;

pub(super) use means::{Looked, Whose};

use super::pair::Pair;
use super::thumbnails::{Thumbnail, Thumbnails};
use super::worked::Worked;
use super::{Shared, choices};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::cells::size_within;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{Label, Rect, RichText, Ui, UiBuilder, pos2, vec2};
use matrix::MatrixView;
use means::Means;
use scale::Scale;
use std::sync::Arc;

const NAME: &str = "Dark knowledge";
/// The images stand beside the matrix where they have so much room, else below it.
const LEAST_BESIDE: f32 = 14.0 * theme::UNIT;
const LEAST_BELOW: f32 = 11.0 * theme::UNIT;

#[derive(Default)]
pub(super) struct DarkKnowledgeView {
    whose: Whose,
    scale: Scale,
    /// The cell whose images are shown; the strongest until one was clicked.
    open: Option<(usize, usize)>,
    means: Worked<Looked, Means>,
    images: Worked<Cell, Arc<[Thumbnail]>>,
    matrix: MatrixView,
    thumbnails: Thumbnails,
}

/// A cell of a matrix.
#[derive(Clone, PartialEq)]
struct Cell {
    looked: Looked,
    place: (usize, usize),
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut DarkKnowledgeView, shared: &mut Shared) {
    let Some(pair) = Pair::of(context, shared) else {
        let text = "The mean soft targets of each true class appear here: which classes the teacher finds alike, and the \
                    images behind it.";
        choices::nothing_yet(ui, context, shared, icon::STACK, text);
        return;
    };
    toolbar(ui, context, view, shared);
    let looked = Looked { pair, temperature: shared.temperature, whose: view.whose };
    let wanted = looked.clone();
    let Some((looked, means)) = view.means.of(ui.ctx(), &looked, move || wanted.means()) else {
        ui.weak("Averaging the soft targets...");
        return;
    };
    let place = view.open.filter(|open| open.0.max(open.1) < looked.pair.classes()).unwrap_or(means.strongest);
    let cell = Cell { looked: looked.clone(), place };
    let (of_matrix, of_images) = areas(ui.available_rect_before_wrap(), looked.pair.classes());
    let mut beside = ui.new_child(UiBuilder::new().max_rect(of_matrix).id_salt("matrix"));
    if let Some(clicked) = view.matrix.show(&mut beside, looked, means, view.scale, place) {
        view.open = Some(clicked);
    }
    let mut below = ui.new_child(UiBuilder::new().max_rect(of_images).id_salt("images"));
    let wanted = cell.clone();
    let behind = view.images.of(ui.ctx(), &cell, move || wanted.looked.images_behind(wanted.place));
    if let Some((cell, list)) = behind {
        let title = heading(cell, list.len());
        below.add(Label::new(RichText::new(title).small()).wrap());
        view.thumbnails.show(&mut below, context, shared, NAME, list, &cell.looked.pair.images);
    }
    ui.advance_cursor_after_rect(of_matrix.union(of_images));
}

/// Where the matrix lies, and where its images.
fn areas(room: Rect, classes: usize) -> (Rect, Rect) {
    let gap = theme::UNIT;
    let size = size_within(vec2(room.width() - LEAST_BESIDE - gap, room.height()), classes);
    let below = size_within(vec2(room.width(), room.height() - LEAST_BELOW - gap), classes);
    if size.x >= below.x {
        let matrix = Rect::from_min_max(room.min, pos2(room.left() + size.x, room.bottom()));
        (matrix, Rect::from_min_max(pos2(matrix.right() + gap, room.top()), room.max))
    } else {
        let matrix = Rect::from_min_size(room.min, vec2(room.width(), below.y));
        (matrix, Rect::from_min_max(pos2(room.left(), matrix.bottom() + gap), room.max))
    }
}

fn heading(cell: &Cell, images: usize) -> String {
    let names = &cell.looked.pair.class_names;
    let (truth, other) = (class_name(names, cell.place.0), class_name(names, cell.place.1));
    let images = format::count(images as u64);
    if cell.place.0 == cell.place.1 {
        return format!("{images} images of {truth}, the surest first");
    }
    format!("{images} images of {truth}, most like {other} first")
}

fn toolbar(ui: &mut Ui, context: &LabContext<'_>, view: &mut DarkKnowledgeView, shared: &mut Shared) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let whose = [
            (
                Whose::Teacher,
                "Teacher",
                "What the teacher gives each class, by true class: what a student can learn from",
            ),
            (Whose::Student, "Student", "What the student gives each class: how much of it was learned"),
            (
                Whose::Difference,
                "Difference",
                "Student minus teacher: orange where the student gives more, blue where less",
            ),
        ];
        choices::switch(ui, NAME, &mut view.whose, &whose);
        ui.separator();
        let scales = [
            (
                Scale::OffDiagonal,
                "Small values",
                "The diagonal is left out, so that the colours are those of the small values",
            ),
            (Scale::Linear, "Linear", "Colours from 0 to the largest value"),
            (Scale::Log, "Log", "Colours in powers of ten: the smallest values show at any temperature"),
        ];
        // A difference has a sign, which a logarithm has not.
        let is_signed = view.whose == Whose::Difference;
        if is_signed && view.scale == Scale::Log {
            view.scale = Scale::Linear;
        }
        let shown = if is_signed { &scales[..2] } else { &scales[..] };
        choices::switch(ui, NAME, &mut view.scale, shown);
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        choices::temperature(ui, shared, NAME);
        choices::student(ui, context, shared, NAME);
        choices::split(ui, context, shared, NAME);
    });
}

/// A cell a row, as it was worked out last.
pub(super) fn records(context: &LabContext<'_>, view: &DarkKnowledgeView, shared: &Shared) -> Option<Records> {
    Pair::of(context, shared)?;
    let (looked, means) = view.means.get()?;
    let mut records = Records::new(["network", "temperature", "true_class", "class", "images", "mean_soft_target"]);
    let pair = &looked.pair;
    let network = match looked.whose {
        Whose::Teacher => pair.teacher_name.clone(),
        Whose::Student => pair.student_name.clone(),
        Whose::Difference => format!("{} - {}", pair.student_name, pair.teacher_name),
    };
    for (index, value) in means.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let (row, column) = (index / pair.classes(), index % pair.classes());
        records.push([
            network.clone(),
            looked.temperature.to_string(),
            class_name(&pair.class_names, row),
            class_name(&pair.class_names, column),
            means.counts[row].to_string(),
            value.to_string(),
        ]);
    }
    Some(records)
}
