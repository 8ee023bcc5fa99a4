//! The matrix: a cell a true class and a class, coloured by what the network gives on average.

use super::means::{Looked, Means, Whose};
use super::scale::{Colours, Scale, in_cell};
use crate::ui::theme;
use crate::ui::widgets::cells::{Cells, Place, ink_on};
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Color32, ColorImage, FontId, Pos2, Rect, Role, Stroke, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2,
};
use std::sync::Arc;

/// Cells below this have no room for a number.
const CELL_WITH_TEXT: f32 = 22.0;

/// Colours and numbers, kept until they change; where the keys have got to.
#[derive(Default)]
pub(super) struct MatrixView {
    shown: Option<Shown>,
    focus: (usize, usize),
}

/// What does not change between frames.
struct Shown {
    /// Held, so that no other can come to lie at the same address.
    values: Arc<[f64]>,
    scale: Scale,
    look: (bool, theme::Look),
    colours: Colours,
    ends: [String; 2],
    /// One texel a cell.
    texture: TextureHandle,
    /// A number a cell and the ink it is written in.
    numbers: Vec<(String, Color32)>,
}

impl MatrixView {
    /// Returns the cell that was clicked; of a row's name its strongest cell.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        looked: &Looked,
        means: &Means,
        scale: Scale,
        marked: (usize, usize),
    ) -> Option<(usize, usize)> {
        let classes = looked.pair.classes();
        let (cells, rect, response) = Cells::allocate(ui, classes);
        let focus = self.focus;
        response.widget_info(|| {
            let text = format!("Mean soft targets, {}", looked.describe(means, focus));
            WidgetInfo::labeled(Role::Figure, true, text)
        });
        self.update(ui, looked, means, scale);
        if let Some(shown) = self.shown.as_ref().filter(|_| ui.is_rect_visible(rect)) {
            shown.paint(ui, cells, &looked.pair.class_names);
            if marked.0 < classes && marked.1 < classes {
                let stroke = Stroke::new(2.0, theme::accent(ui.visuals().dark_mode));
                cells.outline(ui.painter(), marked, stroke);
            }
        }
        let opened = cells.keys(ui, &response, &mut self.focus);
        let place = response.hover_pos().and_then(|pointer| cells.at(pointer));
        let clicked = match place.filter(|_| response.clicked()) {
            Some(Place::Cell { row, column }) => Some((row, column)),
            _ => None,
        };
        if let Some(place) = place {
            response.on_hover_text_at_pointer(tooltip(looked, means, place));
        }
        self.focus = clicked.unwrap_or(self.focus);
        clicked.or(opened)
    }

    fn update(&mut self, ui: &Ui, looked: &Looked, means: &Means, scale: Scale) {
        let look = (ui.visuals().dark_mode, theme::look());
        let is_same =
            |shown: &Shown| Arc::ptr_eq(&shown.values, &means.values) && (shown.scale, shown.look) == (scale, look);
        if self.shown.as_ref().is_some_and(is_same) {
            return;
        }
        let (classes, dark) = (looked.pair.classes(), look.0);
        let is_signed = looked.whose == Whose::Difference;
        let colours = Colours::of(&means.values, classes, scale, is_signed);
        let mut picture = ColorImage::filled([classes.max(1), classes.max(1)], Color32::TRANSPARENT);
        let mut numbers = Vec::with_capacity(means.values.len());
        for (index, &value) in means.values.iter().enumerate() {
            let (row, column) = (index / classes, index % classes);
            let colour = colours.colour(value, row == column, dark);
            picture[(column, row)] = colour.unwrap_or(Color32::TRANSPARENT);
            numbers.push((in_cell(value, is_signed), ink_on(colour.unwrap_or(ui.visuals().panel_fill))));
        }
        let texture = ui.ctx().load_texture("mean soft targets", picture, TextureOptions::NEAREST);
        let (values, ends) = (Arc::clone(&means.values), colours.ends());
        self.shown = Some(Shown { values, scale, look, colours, ends, texture, numbers });
    }
}

impl Shown {
    fn paint(&self, ui: &Ui, cells: Cells, names: &[String]) {
        let (painter, dark) = (ui.painter(), self.look.0);
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(self.texture.id(), cells.grid, whole, Color32::WHITE);
        cells.paint(ui, names);
        if cells.cell >= CELL_WITH_TEXT {
            let font = FontId::monospace((cells.cell * 0.4).clamp(8.0, theme::SMALL_SIZE));
            for (index, (number, ink)) in self.numbers.iter().enumerate() {
                let middle = cells.rect((index / cells.classes, index % cells.classes)).center();
                painter.text(middle, Align2::CENTER_CENTER, number, font.clone(), *ink);
            }
        }
        let [most, least] = &self.ends;
        cells.paint_bar(ui, |share| self.colours.at(share, dark), [most, least], "mean");
    }
}

fn tooltip(looked: &Looked, means: &Means, place: Place) -> String {
    let name = |class| class_name(&looked.pair.class_names, class);
    match place {
        Place::Cell { row, column } => {
            let text = looked.describe(means, (row, column));
            if means.counts.get(row).copied().unwrap_or(0) == 0 {
                text
            } else {
                format!("True class {}: {text}. Click to see them.", name(row))
            }
        }
        Place::Row(row) => {
            let count = means.counts.get(row).copied().unwrap_or(0) as u64;
            format!("Row of {}: the mean over its {} images", name(row), format::count(count))
        }
        Place::Column(column) => format!("Column of {}: what the images of each class give it", name(column)),
    }
}
