//! Our figures, and the paper's beside them.

use super::shifts::{Lacking, OnSplit, Prepared};
use crate::experiments::HeldOut;
use crate::lens::ShiftErrors;
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::table::{Column, Table};
use egui::Ui;

const WHAT: Column = Column::text("", 116.0, "Whose figures, and how the shift was chosen");
const SHIFT: Column = Column::number("shift", 40.0, "Added to the logits of the shifted classes");
const ERRORS: Column = Column::number("errors", 84.0, "Wrong predictions, and their share of all images");
const ON_SHIFTED: Column = Column::number("on these", 66.0, "Errors on images of the shifted classes, of how many");
const RIGHT: Column = Column::number("right", 46.0, "Share of the images of the shifted classes that are right");
const COLUMNS: [Column; 5] = [WHAT, SHIFT, ERRORS, ON_SHIFTED, RIGHT];
/// What all columns take.
const WIDTH: f32 = 400.0;

/// A row as it is written.
pub(super) struct Figures {
    pub(super) what: &'static str,
    pub(super) about: &'static str,
    pub(super) shift: String,
    pub(super) errors: String,
    pub(super) on_shifted: String,
    pub(super) right: String,
}

impl Figures {
    fn ours(what: &'static str, about: &'static str, shift: String, errors: ShiftErrors, found: &OnSplit) -> Self {
        let share = |errors: usize, images: usize| errors as f64 / images.max(1) as f64;
        let (wrong, of) = (errors.errors_on_shifted, found.images_of_shifted);
        Self {
            what,
            about,
            shift,
            errors: format!("{} ({})", errors.errors, format::percent(share(errors.errors, found.images))),
            on_shifted: format!("{wrong}/{of}"),
            right: format!("{:.1}%", 100.0 * (1.0 - share(wrong, of))),
        }
    }

    fn paper(what: &'static str, about: &'static str, [shift, errors, on_shifted, right]: [&str; 4]) -> Self {
        let [shift, errors, on_shifted, right] = [shift, errors, on_shifted, right].map(str::to_owned);
        Self { what, about, shift, errors, on_shifted, right }
    }

    fn in_words(&self) -> String {
        let of = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!(", {name} {text}") };
        let rest = [("errors", &self.errors), ("on the shifted classes", &self.on_shifted), ("right", &self.right)];
        let rest: String = rest.iter().map(|(name, text)| of(name, text)).collect();
        format!("{}: shift {}{rest}", self.what, self.shift)
    }
}

/// A shift with its sign.
pub(super) fn signed(shift: f64) -> String {
    let rounded = (shift * 100.0).round() / 100.0;
    format!("{}{}", if rounded > 0.0 { "+" } else { "" }, theme::figures(rounded))
}

/// Our rows on a split: as it is now, without a shift, and with the shifts that were chosen on either split.
pub(super) fn ours(prepared: &Prepared, split: HeldOut, now: ShiftErrors, now_shift: String) -> Vec<Figures> {
    let Some(found) = prepared.on(split) else { return Vec::new() };
    let mut rows = vec![
        Figures::ours("Ours: now", "With the shift as it is set now", now_shift, now, found),
        Figures::ours("Ours: no shift", "As the student came from training", "0".to_owned(), found.uncorrected, found),
    ];
    let mut chosen = |what, about, shift: f64| {
        rows.push(Figures::ours(what, about, signed(shift), found.common.errors_at(shift), found));
    };
    if let Some(validation) = &prepared.validation {
        let about = "With the middle of the shifts whose errors on the validation images are within one standard error of the fewest: \
                     an honest choice";
        chosen("Ours: by validation", about, validation.steady.shift);
    }
    if let Some(test) = &prepared.test {
        let about = "The paper's way: with the shift that has the fewest errors on the test images themselves, which is too \
                     good to be true";
        chosen("Ours: by test", about, test.best.shift);
    }
    rows
}

/// The paper's rows (section 3, MNIST test images) that belong beside ours.
pub(super) fn papers(lacking: &Lacking) -> [Figures; 2] {
    let (no_shift, by_test) = (
        "As printed in section 3 of the paper, test images",
        "As printed in section 3 of the paper: the shift was chosen on the test images",
    );
    if matches!(lacking, Lacking::Only(_)) {
        return [
            Figures::paper("Paper, only 7, 8", no_shift, ["0", "47.3%", "", ""]),
            Figures::paper("Paper: by test", by_test, ["-7.6", "13.2%", "", ""]),
        ];
    }
    [
        Figures::paper("Paper, without 3", no_shift, ["0", "206", "133/1010", ""]),
        Figures::paper("Paper: by test", by_test, ["+3.5", "109", "14/1010", "98.6%"]),
    ]
}

pub(super) fn show(ui: &mut Ui, rows: &[Figures]) {
    let columns = if ui.available_width() < WIDTH { &COLUMNS[..4] } else { &COLUMNS[..] };
    let mut table = Table::begin(ui, columns);
    let (text, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    for (index, figures) in rows.iter().enumerate() {
        let row = table.row(ui, || figures.in_words());
        let colour = if index == 0 { ui.visuals().strong_text_color() } else { text };
        row.text(ui, 0, figures.what, if figures.what.starts_with("Paper") { weak } else { colour });
        let values = [&figures.shift, &figures.errors, &figures.on_shifted, &figures.right];
        for (column, value) in values.into_iter().enumerate().take(columns.len() - 1) {
            row.text(ui, column + 1, value, colour);
        }
        row.response.on_hover_text(figures.about);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_figures_are_those_of_section_3() {
        let [no_shift, by_test] = papers(&Lacking::Except(vec![3]));
        assert_eq!(no_shift.in_words(), "Paper, without 3: shift 0, errors 206, on the shifted classes 133/1010");
        assert_eq!(
            by_test.in_words(),
            "Paper: by test: shift +3.5, errors 109, on the shifted classes 14/1010, right 98.6%"
        );
        let [no_shift, by_test] = papers(&Lacking::Only(vec![7, 8]));
        assert_eq!(no_shift.in_words(), "Paper, only 7, 8: shift 0, errors 47.3%");
        assert_eq!(by_test.in_words(), "Paper: by test: shift -7.6, errors 13.2%");
    }

    #[test]
    fn shifts_have_a_sign() {
        assert_eq!([3.504, -7.6, 0.0, 0.001].map(signed), ["+3.5", "-7.6", "0", "0"]);
    }
}
