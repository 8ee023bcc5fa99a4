//! The dendrogram as it is drawn: classes on the left, the less alike the farther right they join.

use super::tree::Tree;
use crate::ui::curves::axis::nice_step;
use crate::ui::theme;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Color32, EventFilter, FontId, Key, Pos2, Rangef, Rect, Response, Role, ScrollArea, Sense, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};

const LEAST_ROW: f32 = 15.0;
const LARGEST_ROW: f32 = 44.0;
const AXIS_HEIGHT: f32 = 32.0;
const LONGEST_NAME: usize = 12;
/// A branch is found so far from the pointer, in points.
const REACH: f32 = 7.0;
/// Branches that do not stand out, while others do.
const FADED: f32 = 0.35;
/// Between two marks of the axis, at least.
const MARKS: f32 = 56.0;

pub(super) struct Picture<'a> {
    pub(super) tree: &'a Tree,
    pub(super) names: &'a [String],
    pub(super) colour: Color32,
    pub(super) marked: Option<usize>,
}

/// Where a picture lies.
struct Place {
    /// The branches; the names stand to its left.
    inside: Rect,
    row: f32,
    /// In nats, at its left and right edge.
    range: (f64, f64),
}

impl Place {
    fn x(&self, height: Option<f64>) -> f32 {
        let (low, high) = self.range;
        let share = height.map_or(0.0, |height| (height - low) / (high - low));
        self.inside.left() + share as f32 * self.inside.width()
    }

    fn y(&self, middle: f32) -> f32 {
        self.inside.top() + middle * self.row
    }
}

impl Picture<'_> {
    /// Returns the branch that was clicked, or chosen with Enter where the keys have got to.
    pub(super) fn show(&self, ui: &mut Ui, focus: &mut usize) -> Option<usize> {
        let classes = self.tree.classes();
        let room = ui.available_size();
        let row = ((room.y - AXIS_HEIGHT) / classes.max(1) as f32).clamp(LEAST_ROW, LARGEST_ROW);
        let longest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(2).min(LONGEST_NAME);
        let left = 7.0 * longest as f32 + theme::UNIT;
        let height = (room.y - AXIS_HEIGHT).max(3.0 * LEAST_ROW).min(row * classes as f32);
        let mut chosen = None;
        let area = ScrollArea::vertical().auto_shrink(false).max_height(height);
        let shown = area.show(ui, |ui| {
            let size = vec2(ui.available_width(), row * classes as f32);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            let inside = Rect::from_min_max(pos2(rect.left() + left, rect.top()), rect.max - vec2(theme::UNIT, 0.0));
            let place = Place { inside, row, range: self.tree.range() };
            chosen = self.branches(ui, &response, &place, focus);
            place
        });
        let (axis, _) = ui.allocate_exact_size(vec2(room.x, AXIS_HEIGHT), Sense::hover());
        axis_below(ui, axis, &shown.inner);
        chosen
    }

    fn branches(&self, ui: &Ui, response: &Response, place: &Place, focus: &mut usize) -> Option<usize> {
        *focus = (*focus).min(self.tree.branches().saturating_sub(1));
        let at = *focus;
        response.widget_info(|| {
            let text = format!("Tree of similar classes, {}", self.tree.describe(self.names, at));
            WidgetInfo::labeled(Role::Figure, true, text)
        });
        let entered = self.keys(ui, response, focus);
        let hovered = response.hover_pos().and_then(|pointer| self.at(place, pointer));
        let own_focus = response.has_focus().then_some(*focus);
        for branch in 0..self.tree.branches() {
            let stands_out = hovered == Some(branch) || own_focus == Some(branch);
            self.paint(ui, place, branch, stands_out);
        }
        if let Some(branch) = hovered {
            let text = format!("{}. Click to mark its classes.", self.tree.describe(self.names, branch));
            response.clone().on_hover_text_at_pointer(text);
        }
        hovered.filter(|_| response.clicked()).or(entered)
    }

    fn paint(&self, ui: &Ui, place: &Place, branch: usize, stands_out: bool) {
        let (painter, dark) = (ui.painter(), ui.visuals().dark_mode);
        let is_marked = self.marked.is_some_and(|marked| self.tree.is_below(branch, marked));
        let is_faded = self.marked.is_some() && !is_marked;
        let width = if is_marked || stands_out { 2.5 } else { 1.5 };
        let colour = if stands_out { theme::accent(dark) } else { self.colour };
        let stroke = Stroke::new(width, if is_faded && !stands_out { colour.gamma_multiply(FADED) } else { colour });
        let Some(merge) = branch.checked_sub(self.tree.classes()).map(|merge| &self.tree.dendrogram.merges[merge])
        else {
            let text =
                if is_faded { ui.visuals().weak_text_color().gamma_multiply(0.6) } else { ui.visuals().text_color() };
            let text = if stands_out || is_marked { ui.visuals().strong_text_color() } else { text };
            let name: String = class_name(self.names, branch).chars().take(LONGEST_NAME).collect();
            let font = FontId::proportional(if place.row < 18.0 { theme::SMALL_SIZE } else { theme::BODY_SIZE });
            let left = pos2(place.inside.left() - theme::UNIT / 2.0, place.y(self.tree.middle(branch)));
            painter.text(left, Align2::RIGHT_CENTER, name, font, text);
            return;
        };
        let x = place.x(Some(merge.height));
        let ys = merge.branches.map(|part| place.y(self.tree.middle(part)));
        painter.vline(x, Rangef::new(ys[0].min(ys[1]), ys[0].max(ys[1])), stroke);
        for (part, y) in merge.branches.into_iter().zip(ys) {
            painter.hline(Rangef::new(place.x(self.tree.height(part)), x), y, stroke);
        }
    }

    /// The branch under the pointer: a class at its name, a merge at its lines.
    fn at(&self, place: &Place, pointer: Pos2) -> Option<usize> {
        if pointer.x < place.inside.left() {
            let row = (pointer.y - place.inside.top()) / place.row;
            return self.tree.dendrogram.leaves.get(row.max(0.0) as usize).copied();
        }
        let classes = self.tree.classes();
        let merges = self.tree.dendrogram.merges.iter().enumerate();
        let distances = merges.map(|(index, merge)| {
            let x = place.x(Some(merge.height));
            let ys = merge.branches.map(|part| place.y(self.tree.middle(part)));
            let upright = Rect::from_two_pos(pos2(x, ys[0]), pos2(x, ys[1])).distance_to_pos(pointer);
            let level = merge.branches.into_iter().zip(ys).map(|(part, y)| {
                Rect::from_two_pos(pos2(place.x(self.tree.height(part)), y), pos2(x, y)).distance_to_pos(pointer)
            });
            (classes + index, level.fold(upright, f32::min))
        });
        let nearest = distances.min_by(|a, b| a.1.total_cmp(&b.1));
        nearest.filter(|(_, distance)| *distance <= REACH).map(|(branch, _)| branch)
    }

    /// Up and down go from class to class and on through the merges, Enter marks.
    fn keys(&self, ui: &Ui, response: &Response, focus: &mut usize) -> Option<usize> {
        if !response.has_focus() || self.tree.branches() == 0 {
            return None;
        }
        let filter = EventFilter { vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let pressed = |key| ui.input(|input| usize::from(input.key_pressed(key)));
        let order = self.order();
        let at = order.iter().position(|branch| branch == focus).unwrap_or(0);
        let next = (at + pressed(Key::ArrowDown)).saturating_sub(pressed(Key::ArrowUp)).min(order.len() - 1);
        *focus = order[next];
        ui.input(|input| input.key_pressed(Key::Enter)).then_some(*focus)
    }

    /// Classes from top to bottom, then merges from the most alike to the least.
    fn order(&self) -> Vec<usize> {
        let leaves = self.tree.dendrogram.leaves.iter().copied();
        leaves.chain(self.tree.classes()..self.tree.branches()).collect()
    }
}

/// Heights, and what they are.
fn axis_below(ui: &Ui, rect: Rect, place: &Place) {
    let (painter, dark) = (ui.painter(), ui.visuals().dark_mode);
    let (low, high) = place.range;
    painter.hline(place.inside.x_range(), rect.top() + 1.0, Stroke::new(1.0, theme::border(dark)));
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let weak = ui.visuals().weak_text_color();
    let step = nice_step((high - low) * f64::from(MARKS / place.inside.width().max(MARKS)));
    let mut mark = (low / step).ceil() * step;
    while mark <= high {
        let x = place.x(Some(mark));
        painter.vline(x, Rangef::new(rect.top() + 1.0, rect.top() + 4.0), Stroke::new(1.0, weak));
        painter.text(pos2(x, rect.top() + 4.0), Align2::CENTER_TOP, theme::figures(mark), font.clone(), weak);
        mark += step;
    }
    let small = FontId::proportional(theme::SMALL_SIZE);
    let text = if place.inside.width() > 300.0 {
        "distance: -ln of the mean soft target, nats (average linkage)"
    } else {
        "-ln(mean soft target), nats"
    };
    painter.text(rect.right_bottom(), Align2::RIGHT_BOTTOM, text, small, weak);
}
