//! The images that the network gets wrong, thousands of them, the surest mistakes first.

use super::LabContext;
use super::evaluated::{Evaluated, EvaluatedView, Filter, nothing_yet, source};
use crate::engine::{ImageSource, RunId, Started};
use crate::experiments::HeldOut;
use crate::train::{Evaluation, Outcome};
use crate::ui::app::{Listed, Selection};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::pages::ImagePages;
use crate::ui::widgets::{empty::empty, format, probabilities::class_name};
use egui::{
    Align2, Button, ComboBox, EventFilter, FontId, Id, Key, Modifiers, Rect, Response, RichText, Role, ScrollArea,
    Sense, Slider, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const TEXT_HEIGHT: f32 = 14.0;
const LEAST_WIDTH: f32 = 52.0;
const GAP: f32 = theme::UNIT;
const FIRST_SIDE: f32 = 56.0;

/// How the images are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    MostConfident,
    LeastConfident,
    LeastTruth,
    Class,
    Position,
}

impl Order {
    const ALL: [Self; 5] = [Self::MostConfident, Self::LeastConfident, Self::LeastTruth, Self::Class, Self::Position];

    fn name(self) -> &'static str {
        match self {
            Self::MostConfident => "surest first",
            Self::LeastConfident => "least sure first",
            Self::LeastTruth => "least probable truth first",
            Self::Class => "by true class",
            Self::Position => "by number",
        }
    }

    /// Ascending; equals stay in the order of the images.
    fn key(self, outcome: Outcome) -> (f32, f32) {
        match self {
            Self::MostConfident => (-outcome.confidence, 0.0),
            Self::LeastConfident => (outcome.confidence, 0.0),
            Self::LeastTruth => (outcome.truth, 0.0),
            Self::Class => (f32::from(outcome.label), -outcome.confidence),
            Self::Position => (0.0, 0.0),
        }
    }
}

/// What the pane remembers of itself.
pub(super) struct MistakesView {
    order: Order,
    side: f32,
    list: Option<List>,
    keys: Keys,
}

impl Default for MistakesView {
    fn default() -> Self {
        Self { order: Order::default(), side: FIRST_SIDE, list: None, keys: Keys::default() }
    }
}

/// Where the keys are, and what is in sight; of the last frame.
#[derive(Default)]
struct Keys {
    /// Place in the list of the tile that has the focus.
    focused: Option<usize>,
    /// What this pane selected: arrow keys move from there while nothing has the focus.
    own: Option<ImageSource>,
    /// What was selected, here or elsewhere: another selection is brought into sight.
    seen: Option<ImageSource>,
    offset: f32,
}

/// The images of one evaluation in their order, until that, the filter or the order changes.
struct List {
    of: Of,
    /// Positions among the images of the split.
    positions: Arc<[u32]>,
    pages: ImagePages,
}

struct Of {
    run: RunId,
    split: HeldOut,
    /// Held, so that no other evaluation can come to lie at the same address.
    evaluation: Arc<Evaluation>,
    filter: Filter,
    order: Order,
}

impl Of {
    fn is(&self, other: &Self) -> bool {
        let of = |of: &Self| (of.run, of.split, of.filter, of.order);
        of(self) == of(other) && Arc::ptr_eq(&self.evaluation, &other.evaluation)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut MistakesView, shared: &mut EvaluatedView) {
    let Some(found) = shared.find(context) else {
        nothing_yet(ui, context, "Images that are taken for another class appear here", "Mistakes");
        return;
    };
    let Some(started) = found.run.started.clone() else {
        empty(
            ui,
            icon::IMAGE,
            "This run was opened from disk without its images: continue training to see them.",
            None,
        );
        return;
    };
    let (evaluation, split) = (Arc::clone(&found.evaluation), found.split);
    if let Some(listed) = view.update(&found, &started, shared.filter) {
        context.session.listed = Some(listed);
    }
    toolbar(ui, context, view, shared, &evaluation, &started.class_names);
    let Some(list) = &mut view.list else { return };
    if list.positions.is_empty() {
        empty(ui, icon::CHECK, "No image of this kind: nothing to see here.", None);
        return;
    }
    let mut grid = Grid { evaluation: &evaluation, split, started: &started, side: view.side };
    grid.show(ui, context, list, &mut view.keys);
}

impl MistakesView {
    /// Returns the list when it is another than in the last frame.
    fn update(&mut self, found: &Evaluated<'_>, started: &Started, filter: Filter) -> Option<Listed> {
        let evaluation = Arc::clone(&found.evaluation);
        let of = Of { run: started.run, split: found.split, evaluation, filter, order: self.order };
        if self.list.as_ref().is_some_and(|list| list.of.is(&of)) {
            return None;
        }
        let outcomes = &found.evaluation.outcomes;
        let mut positions: Vec<u32> =
            (0..outcomes.len()).filter(|&index| filter.keeps(outcomes[index])).map(|index| index as u32).collect();
        positions.sort_by(|&a, &b| {
            let (a, b) = (self.order.key(outcomes[a as usize]), self.order.key(outcomes[b as usize]));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let positions: Arc<[u32]> = positions.into();
        let listed = Listed { run: of.run, split: of.split, positions: Arc::clone(&positions) };
        self.list = Some(List { of, positions, pages: ImagePages::new(started.image_shape) });
        self.keys.focused = None;
        Some(listed)
    }
}

fn toolbar(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut MistakesView,
    shared: &mut EvaluatedView,
    evaluation: &Evaluation,
    names: &[String],
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.spacing_mut().slider_width = 8.0 * theme::UNIT;
        let shown = RichText::new(view.order.name()).small();
        let combo = ComboBox::from_id_salt("order").width(96.0).truncate().selected_text(shown);
        let response = combo.show_ui(ui, |ui| {
            for order in Order::ALL {
                ui.selectable_value(&mut view.order, order, order.name());
            }
        });
        response.response.on_hover_text("The order of the images").accessible_name("Order of mistakes");
        ui.name_inputs("Size of images", |ui| {
            let slider = Slider::new(&mut view.side, 28.0..=168.0).show_value(false);
            ui.add(slider).on_hover_text("How large each image is drawn").accessible_name("Size of images");
        });
        if let Some(text) = shared.filter.describe(names) {
            let chip = ui.add(Button::new(RichText::new(format!("{text} {}", icon::X)).small()));
            if chip.on_hover_text("Show all mistakes again").accessible_name("Show all mistakes").clicked() {
                shared.filter = Filter::Mistakes;
            }
        }
        shared.choose(ui, context, "Mistakes");
        let count = view.list.as_ref().map_or(0, |list| list.positions.len()) as u64;
        let text = format!(
            "{} of {} images, step {}",
            format::count(count),
            format::count(evaluation.examples as u64),
            format::count(evaluation.step)
        );
        ui.add(egui::Label::new(RichText::new(text).small().weak()).truncate());
    });
}

/// One frame of the images.
struct Grid<'a> {
    evaluation: &'a Evaluation,
    split: HeldOut,
    started: &'a Started,
    side: f32,
}

impl Grid<'_> {
    fn show(&mut self, ui: &mut Ui, context: &mut LabContext<'_>, list: &mut List, keys: &mut Keys) {
        let image = list.pages.size(self.side, ui.pixels_per_point());
        let cell = vec2(image.x.max(LEAST_WIDTH), image.y + TEXT_HEIGHT);
        let columns = ((ui.available_width() + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
        let rows = list.positions.len().div_ceil(columns);
        self.move_selection(ui, context, &list.positions, columns, keys);
        list.pages.begin_frame();
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        let mut area = ScrollArea::vertical().auto_shrink(false);
        if let Some(offset) =
            self.offset_to_show(context, &list.positions, columns, keys, cell.y, ui.available_height())
        {
            area = area.vertical_scroll_offset(offset);
        }
        keys.focused = None;
        let shown = area.show_rows(ui, cell.y, rows, |ui, range| {
            for row in range {
                let first = row * columns;
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
                for index in first..(first + columns).min(list.positions.len()) {
                    let left = line.left() + (index - first) as f32 * (cell.x + GAP);
                    let place = Rect::from_min_size(pos2(left, line.top()), cell);
                    self.tile(ui, context, list, index, place, image, keys);
                }
            }
        });
        keys.offset = shown.state.clamped_offset().y;
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one control, passed once")]
    fn tile(
        &mut self,
        ui: &Ui,
        context: &mut LabContext<'_>,
        list: &mut List,
        index: usize,
        rect: Rect,
        image: Vec2,
        keys: &mut Keys,
    ) {
        let position = list.positions[index];
        let outcome = self.evaluation.outcomes[position as usize];
        let response = ui.interact(rect, tile_id(position), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, self.describe(position, outcome)));
        let image_source = source(self.split, position as usize);
        if response.clicked() {
            context.session.selection = Selection::Image(image_source.clone());
            // It is in sight already.
            (keys.own, keys.seen) = (Some(image_source.clone()), Some(image_source.clone()));
        }
        if response.has_focus() {
            keys.focused = Some(index);
            let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        let picture = Rect::from_min_size(snap(rect.min + vec2(0.0, TEXT_HEIGHT), ui.pixels_per_point()), image);
        let (split, positions) = (self.images(), &list.positions);
        let pixels = |index: usize| split.map_or(&[][..], |split| split.image(positions[index] as usize));
        list.pages.paint(ui.ctx(), ui.painter(), (index, positions.len()), picture, pixels);
        self.paint_text(ui, rect, outcome);
        let is_selected = context.session.selection.image() == Some(&image_source);
        outline(ui, rect, &response, is_selected);
    }

    fn images(&self) -> Option<&crate::data::Split> {
        match self.split {
            HeldOut::Validation => self.started.validation.as_ref(),
            HeldOut::Test => Some(&self.started.test),
        }
    }

    /// The true class, and what it was taken for.
    fn paint_text(&self, ui: &Ui, rect: Rect, outcome: Outcome) {
        let names = &self.started.class_names;
        let font = FontId::proportional(theme::SMALL_SIZE);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let truth = class_name(names, usize::from(outcome.label));
        let share = format::short_percent(f64::from(outcome.confidence));
        let (text, colour) = if outcome.is_right() {
            (share, ui.visuals().weak_text_color())
        } else {
            let predicted = class_name(names, usize::from(outcome.predicted));
            (format!("{predicted} {share}"), ui.visuals().error_fg_color)
        };
        painter.text(rect.right_top(), Align2::RIGHT_TOP, text, font.clone(), colour);
        painter.text(rect.left_top(), Align2::LEFT_TOP, truth, font, ui.visuals().text_color());
    }

    fn describe(&self, position: u32, outcome: Outcome) -> String {
        let names = &self.started.class_names;
        let name = |class: u16| class_name(names, usize::from(class));
        let share = format::short_percent(f64::from(outcome.confidence));
        let split = self.split.name();
        format!("{split} image {position}: {}, predicted {} at {share}", name(outcome.label), name(outcome.predicted))
    }

    /// Arrow keys move on from the tile that has the focus, or from the image that was selected here last.
    fn move_selection(&self, ui: &Ui, context: &mut LabContext<'_>, list: &[u32], columns: usize, keys: &mut Keys) {
        let selected = context.session.selection.image();
        let own = keys.own.as_ref().filter(|own| selected == Some(own) && !ui.ctx().egui_wants_keyboard_input());
        let from_own = || list.iter().position(|&position| Some(&source(self.split, position as usize)) == own);
        let Some(place) = keys.focused.or_else(|| own.and_then(|_| from_own())) else { return };
        let step = ui.input_mut(|input| {
            let mut pressed = |key| isize::from(input.consume_key(Modifiers::NONE, key));
            pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
                + (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * columns as isize
        });
        let next = place.checked_add_signed(step).filter(|_| step != 0).and_then(|next| list.get(next));
        let Some(&next) = next else { return };
        let image = source(self.split, next as usize);
        if keys.focused.is_some() {
            ui.memory_mut(|memory| memory.request_focus(tile_id(next)));
        }
        keys.own = Some(image.clone());
        context.session.selection = Selection::Image(image);
    }

    /// How far to scroll when another image of the list was selected and its row of height `row` is not in sight.
    fn offset_to_show(
        &self,
        context: &LabContext<'_>,
        list: &[u32],
        columns: usize,
        keys: &mut Keys,
        row: f32,
        room: f32,
    ) -> Option<f32> {
        let selected = context.session.selection.image();
        if keys.seen.as_ref() == selected {
            return None;
        }
        keys.seen = selected.cloned();
        let place = list.iter().position(|&position| Some(&source(self.split, position as usize)) == selected)?;
        let top = (place / columns) as f32 * (row + GAP);
        let least = (top + row - room).max(0.0);
        (!(least..=top).contains(&keys.offset)).then(|| keys.offset.clamp(least, top.max(least)))
    }
}

fn tile_id(position: u32) -> Id {
    Id::unique(("mistake", position))
}

fn outline(ui: &Ui, rect: Rect, response: &Response, is_selected: bool) {
    if !is_selected && !response.has_focus() && !response.hovered() {
        return;
    }
    let (accent, weak) = (theme::accent(ui.visuals().dark_mode), ui.visuals().weak_text_color());
    let colour = if is_selected || response.has_focus() { accent } else { weak };
    ui.painter().rect_stroke(rect.expand2(vec2(3.0, 1.0)), 2.0, Stroke::new(1.0, colour), StrokeKind::Inside);
}

/// The images of the list, in its order.
pub(super) fn records(context: &LabContext<'_>, view: &MistakesView, shared: &EvaluatedView) -> Option<Records> {
    let Evaluated { run, evaluation, split } = shared.find(context)?;
    let list = view.list.as_ref()?;
    let mut records =
        Records::new(["run", "step", "split", "index", "label", "predicted", "confidence", "probability_of_label"]);
    for &position in list.positions.iter() {
        let outcome = evaluation.outcomes.get(position as usize)?;
        let name = |class: u16| class_name(run.class_names(), usize::from(class));
        records.push([
            run.name.clone(),
            evaluation.step.to_string(),
            split.name().to_owned(),
            position.to_string(),
            name(outcome.label),
            name(outcome.predicted),
            outcome.confidence.to_string(),
            outcome.truth.to_string(),
        ]);
    }
    Some(records)
}
