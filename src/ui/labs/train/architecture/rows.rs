//! A layer of the network, and the controls of its numbers.

use super::edited;
use crate::nets::{Architecture, Fault, KINDS, LayerKind, LayerSummary, Survey};
use crate::ui::app::Selection;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::format;
use egui::{Button, ComboBox, DragValue, Frame, Label, Margin, RichText, Stroke, TextEdit, Ui};
use std::collections::HashMap;

const NAME_WIDTH: f32 = 6.5 * theme::UNIT;

/// Names that are not finished yet, by layer; none is that of the network.
#[derive(Default)]
pub(super) struct NameDrafts(HashMap<Option<usize>, String>);

impl NameDrafts {
    /// A text field over `current`. Returns the finished text, once.
    pub(super) fn field(
        &mut self,
        ui: &mut Ui,
        key: Option<usize>,
        current: &str,
        width: f32,
        name: &str,
        tooltip: &str,
    ) -> Option<String> {
        let mut text = self.0.get(&key).cloned().unwrap_or_else(|| current.to_owned());
        let response = ui
            .add(TextEdit::singleline(&mut text).desired_width(width).clip_text(true))
            .on_hover_text(tooltip)
            .accessible_name(name);
        if response.changed() {
            self.0.insert(key, text);
        }
        let finished = if response.lost_focus() { self.0.remove(&key) } else { None };
        finished.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty() && text != current)
    }
}

/// As a menu calls it.
pub(super) fn kind_name(kind: &LayerKind) -> String {
    kind.name().trim_end_matches("2d").replace('_', " ")
}

/// All layers, from the input up. Returns the network as it was changed.
pub(super) fn show(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    names: &mut NameDrafts,
    architecture: &Architecture,
    survey: &Survey,
) -> Option<Architecture> {
    let mut changed = None;
    if let Some(fault) = &survey.input {
        changed = whole(ui, architecture, fault, "Input");
    }
    for (index, row) in survey.layers.iter().enumerate() {
        changed = ui.push_id(index, |ui| layer(ui, context, names, architecture, index, row)).inner.or(changed.take());
    }
    if let Some(fault) = &survey.end {
        changed = whole(ui, architecture, fault, "Output").or(changed.take());
    }
    changed
}

fn whole(ui: &mut Ui, architecture: &Architecture, fault: &Fault, what: &str) -> Option<Architecture> {
    framed(ui, false, |ui| repair(ui, architecture, fault, what))
}

fn framed<R>(ui: &mut Ui, is_selected: bool, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let dark = ui.visuals().dark_mode;
    let colour = if is_selected { theme::accent(dark) } else { theme::border(dark) };
    let frame = Frame::new()
        .inner_margin(Margin::symmetric(6, 4))
        .corner_radius(theme::CORNER)
        .stroke(Stroke::new(1.0, colour))
        .fill(ui.visuals().faint_bg_color);
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui)
        })
        .inner
}

fn layer(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    names: &mut NameDrafts,
    architecture: &Architecture,
    index: usize,
    row: &Result<LayerSummary, Fault>,
) -> Option<Architecture> {
    let layer = &architecture.layers[index];
    let is_selected = matches!(&context.session.selection, Selection::Layer(name) if *name == layer.name);
    framed(ui, is_selected, |ui| {
        let mut changed = None;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
            changed = title(ui, context, names, architecture, index);
        });
        if !fields(&mut layer.kind.clone()).is_empty() {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
                changed = numbers(ui, architecture, index).or(changed.take());
            });
        }
        match row {
            Ok(row) => facts(ui, row),
            Err(fault) => changed = repair(ui, architecture, fault, &layer.name).or(changed.take()),
        }
        changed
    })
}

fn title(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    names: &mut NameDrafts,
    architecture: &Architecture,
    index: usize,
) -> Option<Architecture> {
    let name = &architecture.layers[index].name;
    let mut changed = None;
    let last = architecture.layers.len() - 1;
    for (symbol, way, to, possible) in
        [("\u{2191}", "up", index.wrapping_sub(1), index > 0), ("\u{2193}", "down", index + 1, index < last)]
    {
        let button = ui.add_enabled(possible, Button::new(symbol).small().frame(false));
        let button = button.on_hover_text(format!(
            "Move this layer {way} the list: {}",
            if way == "up" { "nearer to the input" } else { "nearer to the output" }
        ));
        if button.accessible_name(format!("Move {name} {way}")).clicked() {
            let mut moved = edited(architecture);
            moved.move_to(index, to);
            changed = Some(moved);
        }
    }
    if let Some(wanted) =
        names.field(ui, Some(index), name, NAME_WIDTH, &format!("Name of {name}"), "What the layer is called")
    {
        let mut renamed = edited(architecture);
        let name = renamed.rename(index, &wanted);
        context.session.selection = Selection::Layer(name);
        changed = Some(renamed);
    }
    changed = kind(ui, architecture, index).or(changed);
    let select = ui.add(Button::new(RichText::new(icon::EYE).small()).frame(false));
    if select.on_hover_text("Select this layer everywhere").accessible_name(format!("Select {name}")).clicked() {
        context.session.selection = Selection::Layer(name.clone());
    }
    let remove = ui.add(Button::new(RichText::new(icon::TRASH).small()).frame(false));
    if remove.on_hover_text("Take this layer out").accessible_name(format!("Remove {name}")).clicked() {
        let mut shorter = edited(architecture);
        shorter.remove(index);
        changed = Some(shorter);
    }
    changed
}

fn kind(ui: &mut Ui, architecture: &Architecture, index: usize) -> Option<Architecture> {
    let layer = &architecture.layers[index];
    let mut changed = None;
    let shown = RichText::new(kind_name(&layer.kind)).small();
    let combo = ComboBox::from_id_salt("kind").width(84.0).truncate().selected_text(shown).show_ui(ui, |ui| {
        for other in &KINDS {
            let is_own = other.name() == layer.kind.name();
            if ui.selectable_label(is_own, kind_name(other)).clicked() && !is_own {
                let mut other_kind = edited(architecture);
                other_kind.change_kind(index, other);
                changed = Some(other_kind);
            }
        }
    });
    combo.response.on_hover_text("What the layer does").accessible_name(format!("Kind of {}", layer.name));
    changed
}

/// A number of a layer.
enum Value<'a> {
    Whole(&'a mut usize),
    Real(&'a mut f64),
}

/// Name, short name, and what it means.
type Field<'a> = (&'static str, &'static str, &'static str, Value<'a>);

fn fields(kind: &mut LayerKind) -> Vec<Field<'_>> {
    use Value::{Real, Whole};
    const KERNEL: (&str, &str, &str) = ("Kernel", "k", "Side of the window, in units of the input");
    const STRIDE: (&str, &str, &str) = ("Stride", "s", "Distance between neighbouring windows");
    const PADDING: (&str, &str, &str) = ("Padding", "p", "Zeros around the input, on each side");
    let named =
        |(name, short, tooltip): (&'static str, &'static str, &'static str), value| (name, short, tooltip, value);
    match kind {
        LayerKind::Conv2d(conv) => vec![
            ("Channels", "ch", "Filters: channels of the output", Whole(&mut conv.channels)),
            named(KERNEL, Whole(&mut conv.kernel)),
            named(STRIDE, Whole(&mut conv.stride)),
            named(PADDING, Whole(&mut conv.padding)),
        ],
        LayerKind::MaxPool2d(pool) => vec![
            named(KERNEL, Whole(&mut pool.kernel)),
            named(STRIDE, Whole(&mut pool.stride)),
            named(PADDING, Whole(&mut pool.padding)),
        ],
        LayerKind::AveragePool2d(pool) => vec![
            named(KERNEL, Whole(&mut pool.kernel)),
            named(STRIDE, Whole(&mut pool.stride)),
            named(PADDING, Whole(&mut pool.padding)),
        ],
        LayerKind::Linear(linear) => vec![("Units", "units", "Numbers that the layer gives", Whole(&mut linear.units))],
        LayerKind::Dropout(dropout) => {
            vec![("Rate", "rate", "Share of values that are dropped in training", Real(&mut dropout.probability))]
        }
        LayerKind::BatchNorm(norm) => {
            vec![(
                "Momentum",
                "momentum",
                "Weight of the newest batch in the running statistics",
                Real(&mut norm.momentum),
            )]
        }
        LayerKind::LocalResponseNorm(norm) => {
            vec![("Size", "size", "Channels that are normalised together", Whole(&mut norm.size))]
        }
        LayerKind::Relu(_)
        | LayerKind::Relu6(_)
        | LayerKind::Tanh(_)
        | LayerKind::Sigmoid(_)
        | LayerKind::Flatten(_)
        | LayerKind::Block(_) => Vec::new(),
    }
}

fn numbers(ui: &mut Ui, architecture: &Architecture, index: usize) -> Option<Architecture> {
    let layer = &architecture.layers[index];
    let mut kind = layer.kind.clone();
    let mut changed = false;
    for (name, short, tooltip, value) in fields(&mut kind) {
        ui.label(RichText::new(short).small().weak());
        let drag = match value {
            Value::Whole(value) => DragValue::new(value).range(0..=65_536usize).speed(0.1),
            Value::Real(value) => DragValue::new(value).range(0.0..=1.0).speed(0.005).max_decimals(4),
        };
        let response = ui.add(drag.update_while_editing(false)).on_hover_text(tooltip);
        changed |= response.accessible_name(format!("{name} of {}", layer.name)).changed();
    }
    changed.then(|| {
        let mut resized = edited(architecture);
        resized.layers[index].kind = kind;
        resized
    })
}

fn facts(ui: &mut Ui, row: &LayerSummary) {
    let mut text = format!("gives {}", row.output);
    if row.parameters > 0 {
        text = format!(
            "{text}, {} params, {} mult-adds",
            format::magnitude(row.parameters),
            format::magnitude(row.multiply_adds)
        );
    }
    text = format!("{text}, sees {} px", row.receptive_field.size);
    ui.add(Label::new(RichText::new(text).small().weak()).wrap());
}

/// Why a layer is impossible, and the button that makes it possible.
fn repair(ui: &mut Ui, architecture: &Architecture, fault: &Fault, of: &str) -> Option<Architecture> {
    let error = ui.visuals().error_fg_color;
    ui.add(Label::new(RichText::new(format!("{} {}", icon::WARNING, fault.reason)).small().color(error)).wrap());
    let label = fault.repair.label();
    let button = ui.add(Button::new(RichText::new(&label).small()));
    let clicked =
        button.on_hover_text("The nearest that is possible").accessible_name(format!("{label}: {of}")).clicked();
    clicked.then(|| {
        let mut repaired = edited(architecture);
        fault.repair.apply(&mut repaired);
        repaired
    })
}
