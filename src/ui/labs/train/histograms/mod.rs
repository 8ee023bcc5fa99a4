//! How weights, gradients and activations of each layer are distributed, step by step, and what it costs to look.

mod axis;
mod heat_map;
mod panel;
mod ridges;
mod toolbar;

use super::LabContext;
use crate::engine::RunId;
use crate::experiments::MonitorConfig;
use crate::train::{Quantity, histogram};
use crate::ui::app::{Action, HistogramHistory, Reach, RunRecord, Selection};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::empty::empty;
use axis::AxisRange;
use egui::{Button, Label, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo, vec2};
use panel::{Panel, ShareScale};

/// A layer among several gets at least this much room.
const LEAST_WIDTH: f32 = 34.0 * theme::UNIT;
const LEAST_HEIGHT: f32 = 16.0 * theme::UNIT;
/// In a pane lower than this the controls scroll with the pictures.
const LOW_PANE: f32 = 24.0 * theme::UNIT;
const TITLE: f32 = 2.5 * theme::UNIT;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    HeatMap,
    Ridges,
}

/// What shares the axis of values and the scale of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Layer,
    AllLayers,
}

/// What the pane remembers of itself.
pub(super) struct HistogramsView {
    quantity: Quantity,
    /// The one layer that is shown; without it all are.
    layer: Option<String>,
    /// The layer of the selection that was followed last.
    followed: Option<String>,
    style: Style,
    /// By quantity, in the order of `Quantity::ALL`: gradients span decades.
    log_values: [bool; 3],
    /// For heat maps and for ridges, by quantity: many activations are zero, and a shade must show the others beside them.
    log_shares: [[bool; 3]; 2],
    scope: Scope,
    of: Option<(RunId, Quantity)>,
    panels: Vec<Panel>,
}

impl Default for HistogramsView {
    fn default() -> Self {
        Self {
            quantity: Quantity::Weights,
            layer: None,
            followed: None,
            style: Style::HeatMap,
            log_values: [false, true, false],
            log_shares: [[false, false, true], [false; 3]],
            scope: Scope::Layer,
            of: None,
            panels: Vec::new(),
        }
    }
}

/// A wish that a click left behind.
enum Wish {
    Layer(String),
    AllLayers,
    Quantity(Quantity),
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut HistogramsView) {
    view.follow(&context.session.selection);
    let is_filled = context.session.current().is_some_and(|run| !run.histograms.is_empty());
    if !is_filled {
        show_empty(ui, context);
        return;
    }
    if ui.available_height() < LOW_PANE {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            toolbar::show(ui, context, view);
            show_panels(ui, context, view, vec2(ui.available_width(), LEAST_HEIGHT));
        });
        return;
    }
    toolbar::show(ui, context, view);
    let room = ui.available_size();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| show_panels(ui, context, view, room));
}

fn show_panels(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut HistogramsView, room: Vec2) {
    let Some(run) = context.session.current() else { return };
    view.take_up(run.id, &run.histograms);
    if let Some(wish) = view.show_panels(ui, room) {
        view.grant(context, wish);
    }
}

/// The histograms behind the pane, of all steps that are kept: one row a bin that is not empty.
pub(super) fn records(context: &LabContext<'_>, view: &HistogramsView) -> Option<Records> {
    let history = &context.session.current()?.histograms;
    let mut records = Records::new(["step", "layer", "quantity", "low", "high", "count"]);
    for look in history.looks() {
        for layer in look.histograms.layers.iter().filter(|layer| view.shows(&layer.layer, layer.quantity)) {
            for &(bin, count) in &layer.histogram.bins {
                let (low, high) = histogram::bin_edges(bin);
                records.push([
                    look.histograms.step.to_string(),
                    layer.layer.clone(),
                    layer.quantity.to_string(),
                    low.to_string(),
                    high.to_string(),
                    count.to_string(),
                ]);
            }
        }
    }
    (!records.is_empty()).then_some(records)
}

/// Says how to fill the pane, and offers the button that does.
fn show_empty(ui: &mut Ui, context: &mut LabContext<'_>) {
    let every = context.book.current().config.monitor.histograms_every;
    let run = context.session.current().filter(|run| run.is_alive());
    if every == 0 {
        let usual = MonitorConfig::default().histograms_every;
        let text = "Histograms of weights, gradients and activations are off: nothing is read, nothing is spent.";
        let tooltip =
            format!("Take them every {usual} steps, also in the run in hand. The pane then says what they cost.");
        if empty(ui, icon::CHART_LINE, text, Some(("Turn histograms on", &tooltip))) {
            toolbar::set_interval(ui, context, usual);
        }
    } else if run.is_some_and(RunRecord::is_going) {
        let text = format!("The first histograms come within {every} steps.");
        empty(ui, icon::CHART_LINE, &text, None);
    } else {
        let text = "Histograms of weights, gradients and activations of each layer appear here while it trains.";
        let train = Action::TrainOrPause.hint(ui.ctx());
        if empty(ui, icon::CHART_LINE, text, Some((&format!("{} Train", icon::PLAY), &train))) {
            context.actions.push(Action::TrainOrPause);
        }
    }
}

impl HistogramsView {
    /// A layer that is selected anywhere is shown here.
    fn follow(&mut self, selection: &Selection) {
        let selected = if let Selection::Layer(name) = selection { Some(name) } else { None };
        if selected != self.followed.as_ref() {
            self.followed = selected.cloned();
            if selected.is_some() {
                self.layer = selected.cloned();
            }
        }
    }

    fn shows(&self, layer: &str, quantity: Quantity) -> bool {
        quantity == self.quantity && self.layer.as_deref().is_none_or(|only| only == layer)
    }

    fn log_values(&mut self) -> &mut bool {
        &mut self.log_values[self.quantity as usize]
    }

    fn log_shares(&mut self) -> &mut bool {
        &mut self.log_shares[self.style as usize][self.quantity as usize]
    }

    /// Brings the panels to the newest step. Costs nothing when there is none.
    fn take_up(&mut self, run: RunId, history: &HistogramHistory) {
        if self.of != Some((run, self.quantity)) {
            self.of = Some((run, self.quantity));
            let layers = history.looks().last().map_or(&[][..], |look| look.histograms.layers.as_slice());
            let layers = layers.iter().filter(|layer| layer.quantity == self.quantity);
            self.panels = layers.map(|layer| Panel::new(layer.layer.clone())).collect();
        }
        let log = *self.log_values();
        for panel in &mut self.panels {
            panel.take_up(history, self.quantity);
        }
        let all = self.panels.iter().fold(Reach::default(), |reach, panel| reach.and(panel.reach));
        let shared = (self.scope == Scope::AllLayers).then(|| AxisRange::covering(all, log));
        let (only, scope) = (self.layer.as_deref(), self.scope);
        let is_needed = |panel: &&mut Panel| scope == Scope::AllLayers || only.is_none_or(|only| only == panel.layer);
        for panel in self.panels.iter_mut().filter(is_needed) {
            let range = shared.unwrap_or_else(|| AxisRange::covering(panel.reach, log));
            panel.arrange(range);
        }
    }

    fn show_panels(&mut self, ui: &mut Ui, room: Vec2) -> Option<Wish> {
        let log = *self.log_shares();
        let most = self.panels.iter().map(|panel| panel.most).fold(0.0, f32::max);
        let (style, scope, quantity) = (self.style, self.scope, self.quantity);
        let scale = |panel: &Panel| ShareScale { log, most: if scope == Scope::Layer { panel.most } else { most } };
        if let Some(layer) = self.layer.clone() {
            let Some(panel) = self.panels.iter_mut().find(|panel| panel.layer == layer) else {
                return show_missing(ui, &layer, quantity);
            };
            let (size, scale) = (vec2(room.x, room.y.max(LEAST_HEIGHT)), scale(panel));
            return show_panel(ui, panel, size, style, scale, quantity, true);
        }
        let mut wish = None;
        let columns = ((room.x / LEAST_WIDTH) as usize).clamp(1, self.panels.len().max(1));
        let rows = self.panels.len().div_ceil(columns).max(1);
        let gap = theme::UNIT;
        let width = (room.x - gap * (columns - 1) as f32) / columns as f32;
        let height = ((room.y - gap * (rows - 1) as f32) / rows as f32).max(LEAST_HEIGHT);
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        for row in self.panels.chunks_mut(columns) {
            ui.horizontal(|ui| {
                for panel in row {
                    let scale = scale(panel);
                    wish = show_panel(ui, panel, vec2(width, height), style, scale, quantity, false).or(wish.take());
                }
            });
        }
        wish
    }

    fn grant(&mut self, context: &mut LabContext<'_>, wish: Wish) {
        match wish {
            Wish::Layer(name) => {
                self.layer = Some(name.clone());
                context.session.selection = Selection::Layer(name);
            }
            Wish::AllLayers => self.layer = None,
            Wish::Quantity(quantity) => self.quantity = quantity,
        }
    }
}

/// A layer without this quantity: only activations are there for every layer.
fn show_missing(ui: &mut Ui, layer: &str, quantity: Quantity) -> Option<Wish> {
    if quantity == Quantity::Activations {
        let text = format!("The network of this run has no layer {layer}.");
        let all = Some(("All layers", "Show every layer of the network"));
        return empty(ui, icon::STACK, &text, all).then_some(Wish::AllLayers);
    }
    let text = format!("{layer} learns nothing, so it has no {quantity}. Its activations can be shown.");
    let tooltip = "Show the outputs of this layer for the batch";
    empty(ui, icon::STACK, &text, Some(("Show activations", tooltip))).then_some(Wish::Quantity(Quantity::Activations))
}

/// A title and a picture. A click on the title shows the layer alone, or all layers again.
fn show_panel(
    ui: &mut Ui,
    panel: &mut Panel,
    size: Vec2,
    style: Style,
    scale: ShareScale,
    quantity: Quantity,
    is_alone: bool,
) -> Option<Wish> {
    let (_, rect) = ui.allocate_space(size);
    if !ui.is_rect_visible(rect) {
        return None;
    }
    let mut wish = None;
    let (title, picture) = rect.split_top_bottom_at_y(rect.top() + TITLE);
    let mut bar = ui.new_child(
        UiBuilder::new().id_salt(&panel.layer).max_rect(title).layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    let button = bar.add(Button::selectable(is_alone, &panel.layer).small());
    let tooltip = if is_alone { "Show all layers" } else { "Select this layer everywhere, and show it alone" };
    if button.on_hover_text(tooltip).accessible_name(format!("Histograms of layer {}", panel.layer)).clicked() {
        wish = Some(if is_alone { Wish::AllLayers } else { Wish::Layer(panel.layer.clone()) });
    }
    let summary = RichText::new(&panel.summary).small();
    let summary = if panel.not_finite() > 0 { summary.color(bar.visuals().error_fg_color) } else { summary.weak() };
    bar.add(Label::new(summary).truncate()).on_hover_text(format!(
        "The {quantity} in the newest step. Of a tensor with more than {} values a sample is looked at, at equal distances",
        crate::ui::widgets::format::count(histogram::MOST_VALUES as u64)
    ));
    let response = ui.interact(picture, ui.scope_id().with((&panel.layer, "picture")), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, heat_map::describe(panel, quantity.name())));
    match style {
        Style::HeatMap => heat_map::show(ui, &response, panel, scale),
        Style::Ridges => ridges::show(ui, &response, panel, scale),
    }
    wish
}
