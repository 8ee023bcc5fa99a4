//! What is done to the network: a part of the pane Surgery.

use crate::engine::{CutFacts, Facts, Operation};
use crate::lens::Change;
use crate::nets::Shape;
use crate::ui::theme::{self, icon};
use egui::{Button, DragValue, RichText, Ui};

/// What is done to a unit, as the pane offers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Silence,
    Clamp,
    Boost,
}

const KINDS: [(Kind, &str, &str); 3] = [
    (Kind::Silence, "silence", "The unit is zero everywhere in its map"),
    (Kind::Clamp, "clamp", "The unit has this value everywhere in its map"),
    (Kind::Boost, "boost", "The activations of the unit times this factor"),
];

/// The list, and what is added next.
pub(super) struct OperationsView {
    kind: Kind,
    value: f32,
    factor: f32,
    operations: Vec<Operation>,
    /// The lists before each change.
    past: Vec<Vec<Operation>>,
    /// Those that were taken back.
    future: Vec<Vec<Operation>>,
}

impl Default for OperationsView {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            value: 1.0,
            factor: 2.0,
            operations: Vec::new(),
            past: Vec::new(),
            future: Vec::new(),
        }
    }
}

impl OperationsView {
    pub(super) fn list(&self) -> &[Operation] {
        &self.operations
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<Operation>)) {
        self.past.push(self.operations.clone());
        self.future.clear();
        change(&mut self.operations);
    }

    /// Takes the last change back, or makes it again. Returns whether there was one.
    pub(super) fn undo(&mut self, redo: bool) -> bool {
        let (from, to) = if redo { (&mut self.future, &mut self.past) } else { (&mut self.past, &mut self.future) };
        let Some(list) = from.pop() else { return false };
        to.push(std::mem::replace(&mut self.operations, list));
        true
    }

    fn chosen(&self) -> Change {
        match self.kind {
            Kind::Silence => Change::Silence,
            Kind::Clamp => Change::Clamp(self.value),
            Kind::Boost => Change::Boost(self.factor),
        }
    }
}

/// `unit` of `cut` is the one that can be added.
pub(super) fn show(ui: &mut Ui, view: &mut OperationsView, facts: &Facts, cut: &CutFacts, unit: usize) {
    // What does not fit another network is left out.
    view.operations.retain(|operation| fits(*operation, facts));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        add_unit(ui, view, cut, unit);
        add_layer(ui, view, facts, cut);
    });
    list(ui, view, facts);
}

fn add_unit(ui: &mut Ui, view: &mut OperationsView, cut: &CutFacts, unit: usize) {
    for (kind, name, about) in KINDS {
        let button = ui.add(Button::selectable(view.kind == kind, RichText::new(name).small()));
        if button.on_hover_text(about).accessible_name(format!("Surgery: {name}")).clicked() {
            view.kind = kind;
        }
    }
    let value = match view.kind {
        Kind::Silence => None,
        Kind::Clamp => Some((&mut view.value, "Value of the unit", "at ")),
        Kind::Boost => Some((&mut view.factor, "Factor of the unit", "by ")),
    };
    if let Some((value, name, prefix)) = value {
        ui.name_inputs(name, |ui| {
            ui.add(DragValue::new(value).range(-1e4..=1e4).speed(0.05).prefix(prefix)).on_hover_text(name);
        });
    }
    let unit = unit.min(cut.shape.channels.saturating_sub(1));
    let text = RichText::new(format!("{} {} unit {unit}", icon::PLUS, cut.name)).small();
    let button = ui.add_enabled(cut.cut.inner == 0, Button::new(text));
    let button = button.on_hover_text("Do this to the chosen unit: click another in any pane to choose it");
    let button = button.on_disabled_hover_text(INSIDE);
    if button.accessible_name("Add the chosen unit").clicked() {
        let change = view.chosen();
        view.change(|list| list.push(Operation::Unit { cut: cut.cut.layers, unit, change }));
    }
}

pub(super) const INSIDE: &str = "It lies inside a block: choose the block, or a layer outside one";

fn add_layer(ui: &mut Ui, view: &mut OperationsView, facts: &Facts, cut: &CutFacts) {
    let (index, is_inside) = (cut.cut.layers, cut.cut.inner > 0);
    let layer = ui.add_enabled(!is_inside, Button::new(RichText::new("Silence the layer").small()));
    let layer = layer.on_hover_text(format!("All units of {} are zero", cut.name)).on_disabled_hover_text(INSIDE);
    if layer.accessible_name("Silence the whole layer").clicked() {
        view.change(|list| list.push(Operation::SilenceLayer { cut: index }));
    }
    let can_leave_out = !is_inside && keeps_shape(index, facts);
    let out = ui.add_enabled(can_leave_out, Button::new(RichText::new("Leave it out").small()));
    let out = out.on_hover_text(format!("{} passes on what it is given", cut.name));
    let out = out.on_disabled_hover_text("Only a layer that gives the shape it is given can be left out");
    if out.accessible_name("Leave the layer out").clicked() {
        view.change(|list| list.push(Operation::LeaveOut { cut: index }));
    }
}

fn fits(operation: Operation, facts: &Facts) -> bool {
    match operation {
        Operation::Unit { cut, unit, .. } => facts_of(facts, cut).is_some_and(|own| unit < own.shape.channels),
        Operation::SilenceLayer { cut } => facts_of(facts, cut).is_some(),
        Operation::LeaveOut { cut } => keeps_shape(cut, facts),
    }
}

fn facts_of(facts: &Facts, cut: usize) -> Option<&CutFacts> {
    facts.cuts.iter().find(|own| own.cut == cut.into())
}

/// Whether the layer below a cut gives the shape that it is given.
fn keeps_shape(cut: usize, facts: &Facts) -> bool {
    let input = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    let below = match cut {
        0 => None,
        1 => Some(input),
        _ => facts_of(facts, cut - 1).map(|own| own.shape),
    };
    below.is_some() && below == facts_of(facts, cut).map(|own| own.shape)
}

/// What is done, each with the button that takes it back.
fn list(ui: &mut Ui, view: &mut OperationsView, facts: &Facts) {
    if view.operations.is_empty() && view.past.is_empty() {
        ui.label(RichText::new("Nothing is changed yet: add the chosen unit.").small().weak());
        return;
    }
    let mut removed = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        for (index, operation) in view.operations.iter().enumerate() {
            let text = describe(*operation, facts);
            let button = ui.add(Button::new(RichText::new(format!("{text} {}", icon::X)).small()));
            if button.on_hover_text("Click to take it back").accessible_name(format!("Take back: {text}")).clicked() {
                removed = Some(index);
            }
        }
        let all = ui.add_enabled(!view.operations.is_empty(), Button::new(RichText::new("Remove all").small()));
        if all.on_hover_text("The network as it was trained").accessible_name("Remove all operations").clicked() {
            view.change(Vec::clear);
        }
        let undo = ui.add_enabled(!view.past.is_empty(), Button::new(RichText::new("Undo").small()));
        let undo =
            undo.on_hover_text("The list as it was before the last change (Ctrl+Z while the pointer is in this pane)");
        if undo.accessible_name("Undo the last operation").clicked() {
            view.undo(false);
        }
    });
    if let Some(index) = removed {
        view.change(|list| {
            list.remove(index);
        });
    }
}

fn describe(operation: Operation, facts: &Facts) -> String {
    let name = |cut: usize| facts_of(facts, cut).map_or_else(|| cut.to_string(), |own| own.name.clone());
    match operation {
        Operation::Unit { cut, unit, change } => {
            let done = match change {
                Change::Silence => "silenced".to_owned(),
                Change::Clamp(value) => format!("at {}", theme::figures(f64::from(value))),
                Change::Boost(factor) => format!("times {}", theme::figures(f64::from(factor))),
            };
            format!("{} unit {unit} {done}", name(cut))
        }
        Operation::SilenceLayer { cut } => format!("{} silenced", name(cut)),
        Operation::LeaveOut { cut } => format!("{} left out", name(cut)),
    }
}
