//! Class probabilities as bars: a strip of them under a small image, or a row a class with its name.

use super::format;
use crate::ui::theme;
use egui::{Align2, FontId, Painter, Rect, Sense, Stroke, StrokeKind, TextStyle, Ui, pos2, vec2};

/// Index of the highest probability, the first of equals.
pub fn most_likely(probabilities: &[f32]) -> Option<usize> {
    let mut best = None;
    for (index, &value) in probabilities.iter().enumerate() {
        if best.is_none_or(|(_, highest)| value > highest) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

/// A class's name, or its number.
pub fn class_name(names: &[String], class: usize) -> String {
    names.get(class).cloned().unwrap_or_else(|| class.to_string())
}

/// One thin bar a class, side by side, on a base line; the true class is marked below it.
pub fn paint_strip(painter: &Painter, rect: Rect, probabilities: &[f32], truth: Option<usize>, line: Stroke) {
    let count = probabilities.len().max(1);
    let step = rect.width() / count as f32;
    let base = rect.bottom() - 3.0;
    painter.hline(rect.x_range(), base, line);
    for (class, &probability) in probabilities.iter().enumerate() {
        let left = rect.left() + class as f32 * step;
        let height = probability.clamp(0.0, 1.0) * (base - rect.top());
        let bar = Rect::from_min_max(pos2(left + 0.5, base - height), pos2(left + step - 0.5, base));
        painter.rect_filled(bar, 0.0, theme::class_colour(class));
        if Some(class) == truth {
            painter.hline(bar.x_range(), rect.bottom() - 1.0, Stroke::new(2.0, line.color));
        }
    }
}

/// More classes than this have no room: the likeliest are shown, and the true one.
const MOST_ROWS: usize = 20;
const LIKELIEST: usize = 10;

/// Which classes are shown, in which order.
fn classes_to_show(probabilities: &[f32], truth: Option<usize>) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..probabilities.len()).collect();
    if classes.len() <= MOST_ROWS {
        return classes;
    }
    classes.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let place = truth.and_then(|truth| classes.iter().position(|&class| class == truth));
    let far = place.filter(|&place| place >= LIKELIEST).map(|place| classes[place]);
    classes.truncate(LIKELIEST);
    classes.extend(far);
    classes
}

/// A row a class: name, bar, value. The true class is outlined. Of many classes only the likeliest.
pub fn rows(ui: &mut Ui, names: &[String], probabilities: &[f32], truth: Option<usize>) {
    let font = TextStyle::Small.resolve(ui.style());
    let numbers = FontId::monospace(theme::SMALL_SIZE);
    let (text, weak, border) =
        (ui.visuals().text_color(), ui.visuals().weak_text_color(), theme::border(ui.visuals().dark_mode));
    let name_width = name_column(ui, names, probabilities.len());
    for class in classes_to_show(probabilities, truth) {
        let probability = probabilities[class];
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 15.0), Sense::hover());
        let painter = ui.painter();
        let name = class_name(names, class);
        painter.text(rect.left_center(), Align2::LEFT_CENTER, &name, font.clone(), text);
        let track = Rect::from_min_max(
            pos2(rect.left() + name_width, rect.top() + 2.0),
            pos2(rect.right() - 48.0, rect.bottom() - 2.0),
        );
        let filled = Rect::from_min_size(track.min, vec2(track.width() * probability.clamp(0.0, 1.0), track.height()));
        painter.rect_filled(filled, 1.0, theme::class_colour(class));
        let outline = if truth == Some(class) { Stroke::new(1.5, text) } else { Stroke::new(1.0, border) };
        painter.rect_stroke(track, 1.0, outline, StrokeKind::Outside);
        let value = format::percent(f64::from(probability));
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, value, numbers.clone(), weak);
    }
}

fn name_column(ui: &Ui, names: &[String], classes: usize) -> f32 {
    let longest = (0..classes).map(|class| names.get(class).map_or(2, |name| name.chars().count())).max().unwrap_or(1);
    (longest as f32 * 7.0 + theme::UNIT).min(ui.available_width() * 0.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_classes_the_likeliest_and_the_true_one_are_shown() {
        assert_eq!(classes_to_show(&[0.2, 0.5, 0.3], Some(0)), [0, 1, 2]);
        let many: Vec<f32> = (0..100).map(|class| class as f32 / 4950.0).collect();
        assert_eq!(classes_to_show(&many, Some(3)), [99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 3]);
        assert_eq!(classes_to_show(&many, Some(95)).len(), 10);
    }
}
