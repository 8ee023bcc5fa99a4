//! The four counts as a table of two by two, and by class.

use super::books::{Books, Choice, Missed, Right};
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use crate::ui::widgets::table::{Column, ROW_HEIGHT, Table};
use egui::{
    Align2, Button, FontId, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

const CELL_HEIGHT: f32 = 52.0;
const GAP: f32 = theme::UNIT / 2.0;
/// Of the square whose area is all images.
const LARGEST_SIDE: f32 = 34.0;
/// Of the words beside it.
const WORDS: f32 = 9.5 * theme::UNIT;
const LEAST_SIDE: f32 = 1.5 * theme::UNIT;
/// Of a chip, about.
const CHIP: f32 = 64.0;
const CHIP_HEIGHT: f32 = 18.0;
const ROWS_OF_CHIPS: usize = 2;
/// What the table by class takes.
pub(super) const BY_CLASS: f32 = 232.0;

const COLUMNS: [Column; 4] = [
    Column::text("class", 40.0, "True class of the images"),
    Column::number("teacher", 42.0, "Images on which only the teacher is right"),
    Column::number("student", 42.0, "Images on which only the student is right"),
    Column::number("no one", 42.0, "Images on which both are wrong"),
];

/// Four areas: teacher right above, student right on the left. Returns which was clicked.
pub(super) fn two_by_two(ui: &mut Ui, books: &Books, choice: Choice) -> Option<Right> {
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, 2.0 * CELL_HEIGHT + GAP), Sense::hover());
    let cell = vec2((width - GAP) / 2.0, CELL_HEIGHT);
    let mut clicked = None;
    for (place, right) in Right::ALL.into_iter().enumerate() {
        let (row, column) = (place / 2, place % 2);
        let corner = rect.min + vec2(column as f32 * (cell.x + GAP), row as f32 * (cell.y + GAP));
        if area(ui, Rect::from_min_size(corner, cell), books, right, choice.right == right) {
            clicked = Some(right);
        }
    }
    clicked
}

fn area(ui: &Ui, rect: Rect, books: &Books, right: Right, is_chosen: bool) -> bool {
    let count = books.count(right);
    let share = count as f64 / books.images.max(1) as f64;
    let text = format!("{}: {} of {} images", right.name(), count, books.images);
    let response = ui.interact(rect, ui.scope_id().with(("books", right.name())), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &text));
    let (visuals, painter) = (ui.visuals(), ui.painter());
    let dark = visuals.dark_mode;
    painter.rect_filled(rect, theme::CORNER, visuals.faint_bg_color);
    let outline = if is_chosen || response.has_focus() {
        Stroke::new(1.5, theme::accent(dark))
    } else if response.hovered() {
        Stroke::new(1.0, visuals.weak_text_color())
    } else {
        Stroke::new(1.0, theme::border(dark))
    };
    painter.rect_stroke(rect, theme::CORNER, outline, StrokeKind::Inside);
    // As large as its share of all images, and never too small to be seen.
    let largest = LARGEST_SIDE.min(rect.width() - WORDS - 1.5 * theme::UNIT);
    let is_seen = count > 0 && largest >= LEAST_SIDE;
    let side = if is_seen { (largest * share.sqrt() as f32).max(2.0) } else { 0.0 };
    let middle = pos2(rect.right() - theme::UNIT - largest / 2.0, rect.center().y);
    let square = Rect::from_center_size(middle, vec2(side, side));
    match right {
        Right::Both => painter.rect_filled(square, 1.0, visuals.weak_text_color()),
        Right::OnlyTeacher => painter.rect_filled(square, 1.0, theme::TEACHER),
        Right::OnlyStudent => painter.rect_filled(square, 1.0, theme::STUDENT),
        Right::Neither => painter.rect_stroke(square, 1.0, Stroke::new(1.5, visuals.text_color()), StrokeKind::Inside),
    };
    let clipped = painter.with_clip_rect(rect.intersect(ui.clip_rect()));
    let left = rect.left() + theme::UNIT;
    let small = FontId::proportional(theme::SMALL_SIZE);
    clipped.text(pos2(left, rect.top() + 4.0), Align2::LEFT_TOP, right.name(), small, visuals.weak_text_color());
    let number = FontId::new(theme::HEADING_SIZE, theme::semibold());
    let text = format::count(count as u64);
    clipped.text(pos2(left, rect.center().y - 0.5), Align2::LEFT_CENTER, text, number, visuals.strong_text_color());
    let share = format::percent(share);
    let font = FontId::monospace(theme::SMALL_SIZE - 0.5);
    clipped.text(pos2(left, rect.bottom() - 2.0), Align2::LEFT_BOTTOM, &share, font, visuals.weak_text_color());
    let clicked = response.clicked();
    response.on_hover_text(format!("{} ({share} of the images). Click to see them.", right.about()));
    clicked
}

/// What the student made of the images that only the teacher gets right. Returns what was clicked.
pub(super) fn missed(ui: &mut Ui, books: &Books, names: &[String], choice: Choice) -> Option<Missed> {
    if books.missed.is_empty() {
        return None;
    }
    let mut clicked = None;
    // Low chips: a line of them is as high as its first item.
    let interact_size = std::mem::replace(&mut ui.spacing_mut().interact_size.y, CHIP_HEIGHT);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(3.0, 3.0);
        ui.spacing_mut().button_padding = vec2(4.0, 1.0);
        ui.label(RichText::new("What the student makes of these:").small().weak())
            .on_hover_text("The images that only the teacher gets right, by true class and by what the student says");
        let most = ((ui.available_width() / CHIP).floor() as usize).max(2) * ROWS_OF_CHIPS;
        for &missed in books.missed.iter().take(most) {
            let (truth, said) = (class_name(names, missed.truth), class_name(names, missed.said));
            let text = format!("{truth}\u{2192}{said} \u{d7}{}", missed.images);
            let is_chosen = (choice.right, choice.truth, choice.said)
                == (Right::OnlyTeacher, Some(missed.truth), Some(missed.said));
            let chip = ui.add(Button::selectable(is_chosen, RichText::new(text).small()).frame_when_inactive(true));
            let about = format!("{truth} taken for {said} by the student alone: {} images", missed.images);
            if chip.on_hover_text(format!("{about}. Click to see them.")).accessible_name(about).clicked() {
                clicked = Some(missed);
            }
        }
    });
    ui.spacing_mut().interact_size.y = interact_size;
    clicked
}

/// A row a class; a number opens its images.
pub(super) fn by_class(ui: &mut Ui, books: &Books, names: &[String], choice: Choice) -> Option<Choice> {
    let mut clicked = None;
    ui.label(RichText::new("Who alone is right, by class").small().weak());
    let mut table = Table::begin(ui, &COLUMNS);
    let area = ScrollArea::vertical().id_salt("by class").auto_shrink(false);
    area.show_rows(ui, ROW_HEIGHT, books.classes.len(), |ui, rows| {
        for class in rows {
            let counts = books.classes[class];
            let name = class_name(names, class);
            let row = table.row(ui, || {
                let [both, teacher, student, neither] = counts;
                format!("{name}: both {both}, only teacher {teacher}, only student {student}, neither {neither}")
            });
            row.text(ui, 0, &name, ui.visuals().text_color());
            for (column, right) in Right::ALL.into_iter().enumerate().skip(1) {
                let weak = ui.visuals().weak_text_color();
                let own = Choice { right, truth: Some(class), said: None };
                if counts[column] == 0 {
                    row.text(ui, column, 0, weak);
                } else if number(ui, row.cell(column), counts[column], own, choice == own, &name) {
                    clicked = Some(own);
                }
            }
        }
    });
    clicked
}

/// A number that opens its images.
fn number(ui: &Ui, cell: Rect, count: usize, choice: Choice, is_chosen: bool, class: &str) -> bool {
    let response = ui.interact(cell, ui.scope_id().with((class, choice.right.name())), Sense::click());
    let about = format!("{class}, {}: {count} images", choice.right.name().to_lowercase());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &about));
    let dark = ui.visuals().dark_mode;
    if is_chosen || response.hovered() || response.has_focus() {
        let around = Rect::from_min_max(pos2(cell.left(), cell.top() + 1.0), cell.max + vec2(4.0, -1.0));
        let colour =
            if response.has_focus() || is_chosen { theme::accent(dark) } else { ui.visuals().weak_text_color() };
        ui.painter().rect_stroke(around, 2.0, Stroke::new(1.0, colour), StrokeKind::Inside);
    }
    let font = FontId::monospace(theme::SMALL_SIZE + 0.5);
    let place = cell.right_center();
    ui.painter().text(place, Align2::RIGHT_CENTER, count, font, ui.visuals().text_color());
    let clicked = response.clicked();
    response.on_hover_text(format!("{about}. Click to see them."));
    clicked
}
