//! How many images both get right, only the teacher, only the student, or neither, each with its images.

mod books;
mod table;

use super::pair::Pair;
use super::thumbnails::{Thumbnail, Thumbnails};
use super::worked::Worked;
use super::{Shared, choices};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use books::{Books, Choice, Right};
use egui::{Label, RichText, Ui, UiBuilder, pos2};
use std::sync::Arc;

const NAME: &str = "Bookkeeping";
/// The table by class stands beside the rest where there is so much room.
const LEAST_BESIDE: f32 = 57.0 * theme::UNIT;
/// Below the rest it takes this share of what is left.
const SHARE_BELOW: f32 = 0.45;

pub(super) struct BookkeepingView {
    choice: Choice,
    books: Worked<Of, Books>,
    images: Worked<(Of, Choice), Arc<[Thumbnail]>>,
    thumbnails: Thumbnails,
}

impl Default for BookkeepingView {
    fn default() -> Self {
        Self {
            choice: Choice::all(Right::OnlyTeacher),
            books: Worked::default(),
            images: Worked::default(),
            thumbnails: Thumbnails::default(),
        }
    }
}

#[derive(Clone)]
struct Of(Pair);

impl PartialEq for Of {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut BookkeepingView, shared: &mut Shared) {
    let Some(pair) = Pair::of(context, shared) else {
        let text = "Here stands how many images both get right, only the teacher, only the student, or neither, each with \
                    its images.";
        choices::nothing_yet(ui, context, shared, icon::LIST, text);
        return;
    };
    let of = Of(pair);
    let wanted = of.clone();
    let Some((of, books)) = view.books.of(ui.ctx(), &of, move || Books::of(&wanted.0)) else {
        ui.weak("Counting...");
        return;
    };
    let names = Arc::clone(&of.0.class_names);
    toolbar(ui, context, books, shared);
    let room = ui.available_rect_before_wrap();
    let is_beside = room.width() >= LEAST_BESIDE;
    let (mut left, mut right) = (room, room);
    if is_beside {
        left.max.x = room.right() - table::BY_CLASS - 1.5 * theme::UNIT;
        right.min = pos2(room.right() - table::BY_CLASS, room.top());
    }
    let mut main = ui.new_child(UiBuilder::new().max_rect(left).id_salt("counts"));
    if let Some(right) = table::two_by_two(&mut main, books, view.choice) {
        view.choice = Choice::all(right);
    }
    if let Some(missed) = table::missed(&mut main, books, &names, view.choice) {
        let (truth, said) = (Some(missed.truth), Some(missed.said));
        view.choice = Choice { right: Right::OnlyTeacher, truth, said };
    }
    let mut of_images = main.available_rect_before_wrap();
    if !is_beside {
        of_images.max.y -= SHARE_BELOW * of_images.height();
        right.min.y = of_images.max.y + theme::UNIT;
    }
    let mut beside = ui.new_child(UiBuilder::new().max_rect(right).id_salt("by class"));
    if let Some(choice) = table::by_class(&mut beside, books, &names, view.choice) {
        view.choice = choice;
    }
    let key = (of.clone(), view.choice);
    let (wanted, agreement) = (key.clone(), Arc::clone(&books.agreement));
    let mut below = main.new_child(UiBuilder::new().max_rect(of_images).id_salt("images"));
    let listed = view.images.of(ui.ctx(), &key, move || books::thumbnails(&wanted.0.0, &agreement, wanted.1));
    if let Some(((of, choice), list)) = listed {
        let title = format!("{}: {} images", choice.describe(&names), format::count(list.len() as u64));
        below.add(Label::new(RichText::new(title).small()).truncate());
        view.thumbnails.show(&mut below, context, shared, NAME, list, &of.0.images);
    }
    ui.advance_cursor_after_rect(room);
}

fn toolbar(ui: &mut Ui, context: &LabContext<'_>, books: &Books, shared: &mut Shared) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        choices::student(ui, context, shared, NAME);
        choices::split(ui, context, shared, NAME);
        let errors = |right: Right| (books.count(right) + books.count(Right::Neither)) as u64;
        let [teacher, student] = [Right::OnlyStudent, Right::OnlyTeacher].map(|right| format::count(errors(right)));
        let text = format!("errors: teacher {teacher}, student {student}");
        let label = ui.add(Label::new(RichText::new(text).small().weak()).truncate());
        label.on_hover_text(format!("Of {} images", format::count(books.images as u64)));
    });
}

/// A class a row, and all of them.
pub(super) fn records(context: &LabContext<'_>, view: &BookkeepingView, shared: &Shared) -> Option<Records> {
    Pair::of(context, shared)?;
    let (of, books) = view.books.get()?;
    let pair = &of.0;
    let mut records = Records::new(["teacher", "student", "class", "both", "only_teacher", "only_student", "neither"]);
    let all = Right::ALL.map(|right| books.count(right));
    let classes =
        books.classes.iter().enumerate().map(|(class, counts)| (class_name(&pair.class_names, class), *counts));
    for (class, counts) in classes.chain([("all".to_owned(), all)]) {
        let [both, teacher, student, neither] = counts.map(|count| count.to_string());
        let names = (pair.teacher_name.clone(), pair.student_name.clone());
        records.push([names.0, names.1, class, both, teacher, student, neither]);
    }
    Some(records)
}
