//! The filters of the first layer as pictures, their spatial spectra, and what is wrong with them (Zeiler, Fergus 2013,
//! section 4.1 and figure 6).

use super::LabContext;
use super::colours::{planes, worn};
use super::shared::Shared;
use super::tiles::Tiles;
use super::unit_tile::fitted;
use crate::lens::{DEAD_SHARE, DUPLICATE_COSINE, Filter, Filters};
use crate::nets::Shape;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{
    Align2, Button, ComboBox, DragValue, FontId, Key, Rect, RichText, Role, ScrollArea, Sense, Slider, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const GAP: f32 = theme::UNIT;
/// Between a filter and its spectrum.
const SEAM: f32 = 4.0;
const LINE: f32 = 14.0;
const SMALLEST: f32 = 32.0;
const LARGEST: f32 = 240.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Index,
    Rms,
    Frequency,
}

const ORDERS: [(Order, &str); 3] =
    [(Order::Index, "by number"), (Order::Rms, "by RMS"), (Order::Frequency, "by frequency")];

/// What a picture is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Weights,
    Spectrum,
}

/// What the pane remembers of itself.
pub(super) struct FiltersPane {
    order: Order,
    /// Whether all filters are drawn on one scale.
    one_scale: bool,
    side: f32,
    tiles: Tiles<(usize, Part)>,
    /// The largest weight and the largest magnitude of a spectrum, and what they are of.
    largest: Option<(Arc<Filters>, [f32; 2])>,
    /// What was drawn in this frame, for who saves it.
    pub(super) drawn: Option<Arc<Filters>>,
}

impl Default for FiltersPane {
    fn default() -> Self {
        let tiles = Tiles::default();
        Self { order: Order::Index, one_scale: true, side: 56.0, tiles, largest: None, drawn: None }
    }
}

impl FiltersPane {
    fn largest_of(&mut self, filters: &Arc<Filters>) -> [f32; 2] {
        let known = self.largest.as_ref().filter(|(own, _)| Arc::ptr_eq(own, filters)).map(|(_, largest)| *largest);
        let largest = known.unwrap_or_else(|| [Part::Weights, Part::Spectrum].map(|part| largest(filters, part)));
        self.largest = Some((Arc::clone(filters), largest));
        largest
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut FiltersPane, shared: &mut Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "The filters of the first layer appear here once the network is open.", None);
        return;
    };
    let filters = match context.session.exploration.filters() {
        Some(Some(filters)) if facts.cut(&filters.layer).is_some_and(|c| c.shape.channels == filters.filters.len()) => {
            filters
        }
        Some(None) => {
            let text = "This network does not begin with a convolution or a linear layer, so its first filters are no \
                        pictures. Choose another in the pane Network.";
            empty(ui, icon::EYE_SLASH, text, None);
            return;
        }
        _ => {
            ui.spinner();
            return;
        }
    };
    toolbar(ui, context, view);
    diagnosis(ui, &filters);
    let largest = view.largest_of(&filters);
    scales(ui, view, largest, &filters);
    let chosen = shared.cut(&facts).filter(|cut| cut.name == filters.layer).map(|_| shared.unit);
    if let Some(unit) = grid(ui, view, &filters, largest, chosen) {
        shared.choose(&filters.layer);
        shared.unit = unit;
    }
    view.drawn = Some(filters);
}

fn toolbar(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut FiltersPane) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let name = ORDERS.iter().find(|(order, _)| *order == view.order).map_or("", |(_, name)| name);
        let combo = ComboBox::from_id_salt("filter order").width(96.0).selected_text(RichText::new(name).small());
        let combo = combo.show_ui(ui, |ui| {
            for (order, name) in ORDERS {
                ui.selectable_value(&mut view.order, order, name);
            }
        });
        let about = "The order of the filters: RMS is how large their weights are, frequency how fine their pattern";
        combo.response.on_hover_text(about).accessible_name("Order of the filters");
        for (one_scale, name, about) in [
            (true, "one scale", "The largest weight of the layer is the full colour: sizes can be compared"),
            (false, "each its own", "The largest weight of each filter is its full colour: patterns can be compared"),
        ] {
            let button = ui.add(Button::selectable(view.one_scale == one_scale, RichText::new(name).small()));
            if button.on_hover_text(about).accessible_name(format!("Scale of the filters: {name}")).clicked() {
                view.one_scale = one_scale;
            }
        }
        ui.spacing_mut().slider_width = 8.0 * theme::UNIT;
        ui.name_inputs("Size of the filters", |ui| {
            let slider = Slider::new(&mut view.side, SMALLEST..=LARGEST).logarithmic(true).show_value(false);
            ui.add(slider).on_hover_text("How large each filter is drawn").accessible_name("Size of the filters");
        });
        if context.session.exploration.follows_run() {
            bound(ui, context);
        }
    });
}

/// Of the run in hand: the largest RMS that filters may have.
fn bound(ui: &mut Ui, context: &mut LabContext<'_>) {
    let mut rms = context.book.current().config.optimiser.filter_rms;
    ui.label(RichText::new("Filter RMS").small());
    ui.name_inputs("Filter RMS of the run", |ui| {
        let value = DragValue::new(&mut rms).range(0.0..=1e3).speed(0.001).update_while_editing(false);
        let about = "Filters of convolutions with a larger RMS are scaled back to it after each step of the run (Zeiler and \
                     Fergus: 0.1); 0 is off";
        if ui.add(value.custom_formatter(|value, _| theme::figures(value))).on_hover_text(about).changed() {
            context.edit(ui, "optimiser.filter_rms", |settings| settings.config.optimiser.filter_rms = rms);
        }
    });
}

/// How many are of no use.
fn diagnosis(ui: &mut Ui, filters: &Filters) {
    let all = &filters.filters;
    let dead = all.iter().filter(|filter| filter.is_dead).count();
    let duplicates = all.iter().filter(|filter| filter.duplicate_of.is_some()).count();
    let text = format!(
        "{}: {} filters of {}, {dead} dead, {duplicates} like another",
        filters.layer,
        format::count(all.len() as u64),
        filters.shape
    );
    let about = format!(
        "Dead: an RMS below {} of the median one. Like another: a cosine to an earlier filter, or to its opposite, above {}",
        format::short_percent(DEAD_SHARE),
        theme::figures(DUPLICATE_COSINE)
    );
    ui.label(RichText::new(text).small().strong()).on_hover_text(about);
}

/// What the colours stand for.
fn scales(ui: &mut Ui, view: &FiltersPane, [weights, spectrum]: [f32; 2], filters: &Filters) {
    let text = if view.one_scale {
        format!(
            "left weights \u{b1}{}, right spectra 0 to {}, one scale for the layer",
            theme::figures(f64::from(weights)),
            theme::figures(f64::from(spectrum))
        )
    } else {
        "left weights, right spectra, each on its own scale".to_owned()
    };
    let zero = if filters.shape.channels == 3 { "grey is zero" } else { "the neutral colour is zero" };
    ui.label(RichText::new(format!("{text}; {zero}")).small().weak());
}

/// Returns the unit that was chosen.
fn grid(
    ui: &mut Ui,
    view: &mut FiltersPane,
    filters: &Arc<Filters>,
    largest: [f32; 2],
    chosen: Option<usize>,
) -> Option<usize> {
    let side = view.side.floor();
    let cell = vec2(2.0 * side + SEAM, side + LINE);
    let columns = ((ui.available_width() + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
    let order = order(view.order, &filters.filters);
    let most = largest.map(|most| view.one_scale.then_some(most));
    view.tiles.begin_frame();
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    let (mut clicked, mut has_focus) = (None, false);
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, cell.y, order.len().div_ceil(columns), |ui, rows| {
        for row in rows {
            let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
            for (column, &unit) in order.iter().skip(row * columns).take(columns).enumerate() {
                let left = line.left() + column as f32 * (cell.x + GAP);
                let rect = Rect::from_min_size(snap(pos2(left, line.top()), ui.pixels_per_point()), cell);
                let response = ui.interact(rect, ui.scope_id().with(("filter", unit)), Sense::click());
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, describe(filters, unit)));
                if response.clicked() {
                    clicked = Some(unit);
                    response.request_focus();
                }
                has_focus |= response.has_focus();
                paint_cell(ui, view, filters, (unit, most), rect, chosen == Some(unit), response.hovered());
                response.on_hover_text(describe(filters, unit));
            }
        }
    });
    clicked.or_else(|| if has_focus { moved(ui, &order, columns, chosen?) } else { None })
}

/// Numbers of the units in the order of the grid.
fn order(order: Order, filters: &[Filter]) -> Vec<usize> {
    let mut units: Vec<usize> = (0..filters.len()).collect();
    match order {
        Order::Index => {}
        Order::Rms => units.sort_by(|&a, &b| filters[b].rms.total_cmp(&filters[a].rms)),
        Order::Frequency => units.sort_by(|&a, &b| filters[a].frequency.total_cmp(&filters[b].frequency)),
    }
    units
}

/// Arrows move the choice.
fn moved(ui: &Ui, order: &[usize], columns: usize, chosen: usize) -> Option<usize> {
    let step = ui.input(|input| {
        let pressed = |key| isize::from(input.key_pressed(key));
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
            + (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * columns as isize
    });
    let place = order.iter().position(|&unit| unit == chosen)?;
    place.checked_add_signed(step).filter(|_| step != 0).and_then(|place| order.get(place).copied())
}

fn paint_cell(
    ui: &Ui,
    view: &mut FiltersPane,
    filters: &Arc<Filters>,
    (unit, most): (usize, [Option<f32>; 2]),
    rect: Rect,
    is_chosen: bool,
    is_hovered: bool,
) {
    let Some(filter) = filters.filters.get(unit) else { return };
    let visuals = ui.visuals();
    let (weak, accent) = (visuals.weak_text_color(), theme::accent(visuals.dark_mode));
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let small = FontId::proportional(theme::SMALL_SIZE - 1.0);
    let colour = if is_chosen { accent } else { weak };
    painter.text(rect.left_top(), Align2::LEFT_TOP, unit.to_string(), FontId::monospace(small.size), colour);
    match mark(filter) {
        Some(mark) => painter.text(rect.right_top(), Align2::RIGHT_TOP, mark, small, visuals.warn_fg_color),
        None => painter.text(rect.right_top(), Align2::RIGHT_TOP, theme::figures(filter.rms), small, weak),
    };
    let side = rect.height() - LINE;
    for (column, part) in [Part::Weights, Part::Spectrum].into_iter().enumerate() {
        let corner = rect.min + vec2(column as f32 * (side + SEAM), LINE);
        let place = Rect::from_min_size(corner, Vec2::splat(side));
        ui.painter().rect_filled(place, 0.0, theme::plot_background(visuals.dark_mode));
        let most = most[column].unwrap_or_else(|| largest_of(values(filter, part)));
        let (dark, shape) = (visuals.dark_mode, Shape::new(3, filters.shape.height, filters.shape.width));
        let more = worn(dark) << 1 | u64::from(view.one_scale);
        let image = || Some(vec![picture(filter, part, filters.shape, most, dark)]);
        if let Some(atlas) = view.tiles.get(ui.ctx(), (unit, part), &[filters], more, shape, image) {
            atlas.paint(ui.painter(), 0, fitted(place, shape));
        }
    }
    if is_chosen || is_hovered {
        let colour = if is_chosen { accent } else { weak };
        let frame = Rect::from_min_max(rect.min + vec2(0.0, LINE), rect.max).expand(1.0);
        ui.painter().rect_stroke(frame, 0.0, Stroke::new(1.5, colour), StrokeKind::Outside);
    }
}

/// What is wrong with a filter: a mark and a word.
fn mark(filter: &Filter) -> Option<String> {
    if filter.is_dead {
        return Some(format!("{} dead", icon::WARNING));
    }
    filter.duplicate_of.map(|twin| {
        let word = if twin.cosine < 0.0 { "opposite of" } else { "like" };
        format!("{} {word} {}", icon::COPY, twin.unit)
    })
}

fn describe(filters: &Filters, unit: usize) -> String {
    let Some(filter) = filters.filters.get(unit) else { return String::new() };
    let wrong = match filter.duplicate_of {
        _ if filter.is_dead => ", dead".to_owned(),
        Some(twin) if twin.cosine < 0.0 => {
            format!(", the opposite of {} (cosine {})", twin.unit, theme::figures(twin.cosine))
        }
        Some(twin) => format!(", like {} (cosine {})", twin.unit, theme::figures(twin.cosine)),
        None => String::new(),
    };
    let (rms, frequency) = (theme::figures(filter.rms), theme::figures(filter.frequency));
    format!("{} filter {unit}: RMS {rms}, mean frequency {frequency} cycles a pixel{wrong}", filters.layer)
}

fn values(filter: &Filter, part: Part) -> &[f32] {
    match part {
        Part::Weights => &filter.weights,
        Part::Spectrum => &filter.spectrum,
    }
}

fn largest(filters: &Filters, part: Part) -> f32 {
    filters.filters.iter().map(|filter| largest_of(values(filter, part))).fold(0.0, f32::max)
}

fn largest_of(values: &[f32]) -> f32 {
    values.iter().filter(|value| value.is_finite()).fold(0.0, |most: f32, value| most.max(value.abs()))
}

/// Bytes, `[3, height, width]`: weights of three channels as colours about grey, others in the diverging colours (of several
/// channels their sum), spectra in the sequential ones.
fn picture(filter: &Filter, part: Part, shape: Shape, most: f32, dark: bool) -> Vec<u8> {
    let factor = if most > 0.0 { 1.0 / most } else { 0.0 };
    if part == Part::Weights && shape.channels == 3 {
        return filter.weights.iter().map(|value| (128.0 + 127.0 * value * factor).clamp(0.0, 255.0) as u8).collect();
    }
    let plane = shape.height * shape.width;
    let colour = |place: usize| match part {
        Part::Weights => {
            let sum: f32 = filter.weights.iter().skip(place).step_by(plane.max(1)).sum();
            theme::diverging(sum * factor, dark)
        }
        Part::Spectrum => theme::sequential(filter.spectrum.get(place).copied().unwrap_or(0.0) * factor),
    };
    planes(&(0..plane).map(colour).collect::<Vec<_>>())
}

/// A filter a row.
pub(super) fn records(view: &FiltersPane) -> Option<Records> {
    let filters = view.drawn.as_ref()?;
    let mut records = Records::new(["layer", "unit", "rms", "frequency", "dead", "duplicate_of", "cosine"]);
    for (unit, filter) in filters.filters.iter().enumerate() {
        let twin = filter.duplicate_of;
        records.push([
            filters.layer.clone(),
            unit.to_string(),
            filter.rms.to_string(),
            filter.frequency.to_string(),
            filter.is_dead.to_string(),
            twin.map_or_else(String::new, |twin| twin.unit.to_string()),
            twin.map_or_else(String::new, |twin| twin.cosine.to_string()),
        ]);
    }
    Some(records)
}
