//! Images to choose from: at random, by class, the hardest for the student, those on which the two differ most, or drawn.
//!
//! `order` puts them into an order, `grid` shows them, `drawn` is the pad.

mod drawn;
mod grid;
mod order;

use super::pair::Pair;
use super::subject::{self, Missing};
use super::worked::Worked;
use super::{Shared, subject::Subject};
use crate::data::ImageShape;
use crate::experiments::HeldOut;
use crate::nets::most_likely;
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::drawing_pad::{DrawingPad, Edit};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use drawn::Asking;
use egui::{Button, ComboBox, Label, RichText, Slider, Ui};
use grid::Keys;
use order::{Key, List, Order};

const WHAT: &str = "Images to choose from for the microscope.";
const FIRST_SIDE: f32 = 56.0;
/// What the pad makes its image like.
const MNIST: ImageShape = ImageShape::new(1, 28, 28);

/// What the pane remembers of itself.
pub(super) struct ImagesView {
    order: Order,
    /// Only of this class.
    class: Option<usize>,
    /// Of the order at random.
    seed: u64,
    side: f32,
    list: Worked<Key, List>,
    keys: Keys,
    pad: DrawingPad,
    asking: Asking,
}

impl Default for ImagesView {
    fn default() -> Self {
        Self {
            order: Order::default(),
            class: None,
            seed: 1,
            side: FIRST_SIDE,
            list: Worked::default(),
            keys: Keys::default(),
            pad: DrawingPad::default(),
            asking: Asking::default(),
        }
    }
}

impl ImagesView {
    /// Before the panes are drawn.
    pub(super) fn begin_frame(&mut self, context: &mut LabContext<'_>, shared: &Shared) {
        self.pad.forget_focus();
        self.asking.ask(context, shared);
    }

    /// See [`DistillLab::undo_stroke`](super::DistillLab::undo_stroke).
    pub(super) fn undo_stroke(&mut self, shared: &mut Shared, redo: bool) -> bool {
        if self.pad.has_focus() {
            self.pad.apply(if redo { Edit::Redo } else { Edit::Undo });
            shared.drawn = self.pad.image(MNIST);
        }
        self.pad.has_focus()
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut ImagesView, shared: &mut Shared) {
    let started = context.session.experiment().and_then(|experiment| experiment.started.clone());
    let Some(started) = started else {
        return Missing::of(context, shared).show(ui, context, shared, icon::IMAGE, WHAT);
    };
    let can_draw = started.test.shape() == MNIST;
    if !can_draw && view.order == Order::Drawn {
        view.order = Order::default();
    }
    if view.class.is_some_and(|class| class >= started.class_names.len()) {
        view.class = None;
    }
    let split_before = shared.split;
    ui.horizontal_wrapped(|ui| toolbar(ui, context, view, shared, &started.class_names, can_draw));
    if view.order == Order::Drawn {
        return drawn::show(ui, context, &mut view.pad, shared);
    }
    let pair = if shared.split == split_before { Pair::of(context, shared) } else { None };
    let Some(pair) = pair else {
        return Missing::of(context, shared).show(ui, context, shared, icon::IMAGE, WHAT);
    };
    update(ui, view, &pair, shared);
    let Some((key, list)) =
        view.list.get_mut().filter(|(key, _)| key.pair.run == pair.run && key.split == shared.split)
    else {
        ui.label(RichText::new("The images are being put in order...").small().weak());
        return;
    };
    let text = describe(key, list, &pair.class_names);
    ui.add(Label::new(RichText::new(&text).small().weak()).truncate()).on_hover_text(
        "How many images are listed, and how they were chosen. T and S: teacher and student; a tick where right, a cross \
         where wrong.",
    );
    if list.tiles.is_empty() {
        empty(ui, icon::IMAGE, "There is no image of this class here: choose another one.", None);
        return;
    }
    grid::show(ui, key, list, &mut view.keys, shared, view.side);
}

/// The list follows what was chosen. While something is dragged it waits: else it would be sorted anew on the way.
fn update(ui: &Ui, view: &mut ImagesView, pair: &Pair, shared: &Shared) {
    let key = Key {
        pair: pair.clone(),
        split: shared.split,
        order: view.order,
        class: view.class,
        seed: view.seed,
        temperature: shared.temperature,
    };
    let is_dragging = ui.input(|input| input.pointer.any_down());
    let own = key.clone();
    let is_same = |a: &Key, b: &Key| a.is_same(b, is_dragging);
    view.list.update(ui.ctx(), key, is_same, move || List::new(&own));
}

fn toolbar(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut ImagesView,
    shared: &mut Shared,
    names: &[String],
    can_draw: bool,
) {
    ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
    ui.spacing_mut().slider_width = 7.0 * theme::UNIT;
    choose_order(ui, view, shared, can_draw);
    if view.order == Order::Drawn {
        if view.pad.tools(ui) {
            shared.drawn = view.pad.image(MNIST);
        }
        return;
    }
    let shown = view.class.map_or_else(|| "all classes".to_owned(), |class| class_name(names, class));
    let combo = ComboBox::from_id_salt("class").width(72.0).truncate().selected_text(RichText::new(shown).small());
    let combo = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut view.class, None, "all classes");
        for (class, name) in names.iter().enumerate() {
            ui.selectable_value(&mut view.class, Some(class), format!("class {name}"));
        }
    });
    combo.response.on_hover_text("Images of one true class, or of all").accessible_name("Class of the images");
    if view.order == Order::Random {
        let button = ui.add(Button::new(icon::DICE).small()).on_hover_text("Draw other images at random");
        if button.accessible_name("Reshuffle").clicked() {
            view.seed += 1;
        }
    }
    if let Some(experiment) = context.session.experiment() {
        subject::choose_split(ui, experiment, shared, "the list");
    }
    ui.name_inputs("Size of the images", |ui| {
        let slider = Slider::new(&mut view.side, 28.0..=168.0).show_value(false);
        ui.add(slider).on_hover_text("How large each image is drawn").accessible_name("Size of the images");
    });
}

fn choose_order(ui: &mut Ui, view: &mut ImagesView, shared: &mut Shared, can_draw: bool) {
    let before = view.order;
    let shown = RichText::new(view.order.name()).small();
    let combo = ComboBox::from_id_salt("order").width(120.0).truncate().selected_text(shown).show_ui(ui, |ui| {
        for order in Order::ALL.into_iter().filter(|order| can_draw || *order != Order::Drawn) {
            ui.selectable_value(&mut view.order, order, order.name()).on_hover_text(order.tooltip());
        }
    });
    combo.response.on_hover_text(view.order.tooltip()).accessible_name("Order of the images");
    if view.order != before {
        shared.drawn = if view.order == Order::Drawn { view.pad.image(MNIST) } else { None };
    }
}

/// `300 of 5,000 validation images, hardest for "distilled" first`.
fn describe(key: &Key, list: &List, names: &[String]) -> String {
    let class = key.class.map_or_else(String::new, |class| format!(" of class {}", class_name(names, class)));
    let counts = format!(
        "{} of {} {} images{class}",
        format::count(list.tiles.len() as u64),
        format::count(list.possible as u64),
        key.split.name()
    );
    match key.order {
        Order::Hardest => format!("{counts}, largest cross-entropy of {} first", key.pair.student_name),
        Order::Disagreement => {
            let t = theme::figures(key.temperature);
            format!("{counts}, largest KL(teacher || student) at T = {t} first")
        }
        Order::Random | Order::Drawn => format!("{counts}, at random (draw {})", key.seed),
    }
}

/// The images of the list, in its order; or what both networks make of the drawing.
pub(super) fn records(context: &LabContext<'_>, view: &ImagesView, shared: &Shared) -> Option<Records> {
    if view.order == Order::Drawn {
        let subject = Subject::of(context, shared).ok()?;
        let mut records = Records::new(["image", "teacher_says", "student_says"]);
        let says = |logits: &[f32]| class_name(&subject.class_names, most_likely(logits));
        records.push([subject.caption.clone(), says(&subject.teacher), says(&subject.student)]);
        return Some(records);
    }
    let (key, list) = view.list.get()?;
    let mut records =
        Records::new(["split", "index", "label", "teacher", "teacher_right", "student", "student_right", "value_nats"]);
    let name = |class: usize| class_name(&key.pair.class_names, class);
    for tile in &list.tiles {
        records.push([
            key.split.name().to_owned(),
            tile.image.to_string(),
            name(tile.label),
            key.pair.teacher_name.clone(),
            tile.teacher_right.to_string(),
            key.pair.student_name.clone(),
            tile.student_right.to_string(),
            tile.value.map_or_else(String::new, |value| value.to_string()),
        ]);
    }
    Some(records)
}
