//! All units of a layer, each as a tile: its map, what it is carried back to, or its top nine.

use super::LabContext;
use super::contact::Contact;
use super::live::progress;
use super::preview;
use super::shared::{Images, RULES, Shared, rule_name};
use super::tiles::Tiles;
use super::unit_tile::unit_tile;
use crate::engine::{CutFacts, Facts, Maps, Sheets};
use crate::lens::{UnitSheet, sheet_change};
use crate::nets::Shape;
use crate::ui::app::SheetSource;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{
    Align2, Button, ComboBox, FontId, Key, Rect, RichText, Role, ScrollArea, Sense, Slider, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::{Arc, Weak};

const GAP: f32 = theme::UNIT;
const LINE: f32 = 14.0;
const SMALLEST: f32 = 24.0;
const LARGEST: f32 = 240.0;

/// What a tile shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Shown {
    #[default]
    Maps,
    Carried,
    Top,
    TopCarried,
}

impl Shown {
    const ALL: [Self; 4] = [Self::Maps, Self::Carried, Self::Top, Self::TopCarried];

    fn name(self) -> &'static str {
        match self {
            Self::Maps => "maps",
            Self::Carried => "carried back",
            Self::Top => "top nine",
            Self::TopCarried => "top nine carried back",
        }
    }

    fn tooltip(self) -> &'static str {
        match self {
            Self::Maps => "The map of each unit for the selected picture, colours scaled by layer",
            Self::Carried => {
                "What each unit sees of the selected picture where it is strongest, carried back to the pixels by the backward rule"
            }
            Self::Top => "The parts of the nine images that activate each unit most, cut to its receptive field",
            Self::TopCarried => "The same nine, each carried back to the pixels by the backward rule",
        }
    }

    fn is_sheet(self) -> bool {
        matches!(self, Self::Top | Self::TopCarried)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Index,
    Strength,
    Selectivity,
    Change,
}

impl Order {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Index, "by number"),
        (Self::Strength, "by strength"),
        (Self::Selectivity, "by selectivity"),
        (Self::Change, "by rate of change"),
    ];
}

/// What the pane remembers of itself.
pub(super) struct UnitsView {
    pub(super) shown: Shown,
    order: Order,
    side: f32,
    pub(super) tiles: Tiles<usize>,
    /// What the textures are of.
    of: Option<(String, Shown, Option<u64>)>,
    contact: Contact,
    /// Of the unit under the pointer.
    preview: Tiles<usize>,
    gathered: Option<Arc<Gathered>>,
    /// The name of the layer and the maps that were drawn in this frame, for who saves them.
    pub(super) drawn: Option<(String, Arc<Maps>)>,
}

impl Default for UnitsView {
    fn default() -> Self {
        Self {
            shown: Shown::default(),
            order: Order::default(),
            side: 64.0,
            tiles: Tiles::default(),
            of: None,
            contact: Contact::default(),
            preview: Tiles::default(),
            gathered: None,
            drawn: None,
        }
    }
}

impl UnitsView {
    /// The units at a cut on these sheets, and what is new since those before: gathered once for the same ones.
    fn gather(&mut self, sheets: &Arc<Sheets>, before: Option<&Arc<Sheets>>, cut: usize) -> Arc<Gathered> {
        let of = [Arc::downgrade(sheets), before.map_or_else(Weak::new, Arc::downgrade)];
        let is_same = |own: &[Weak<Sheets>; 2]| own[0].ptr_eq(&of[0]) && own[1].ptr_eq(&of[1]);
        if let Some(known) = self.gathered.as_ref().filter(|known| known.cut == cut && is_same(&known.of)) {
            return Arc::clone(known);
        }
        let units = sheets.top.sheet(cut);
        let earlier = before.map_or_else(Vec::new, |sheets| sheets.top.sheet(cut));
        let changes = earlier.iter().zip(&units).map(|(earlier, now)| sheet_change(earlier, now)).collect();
        Arc::clone(self.gathered.insert(Arc::new(Gathered { of, cut, units, changes })))
    }
}

/// All units of a layer on some sheets: too much to be put together in every frame.
struct Gathered {
    /// The sheets, and those before. Held so that no others come to lie where they lie; their images may go.
    of: [Weak<Sheets>; 2],
    cut: usize,
    units: Vec<UnitSheet>,
    /// How many images of each unit are new since the sheets before, as a share; nothing where that is not asked for.
    changes: Vec<f64>,
}

/// What is known of the layer, as far as it is asked for.
pub(super) struct Known {
    pub(super) cut: CutFacts,
    pub(super) maps: Option<Arc<Maps>>,
    pub(super) sheets: Option<Arc<Sheets>>,
    /// Where they come from.
    pub(super) source: SheetSource,
    gathered: Option<Arc<Gathered>>,
    pub(super) picture: usize,
    pub(super) input: Shape,
}

impl Known {
    pub(super) fn sheet(&self, unit: usize) -> Option<&UnitSheet> {
        self.gathered.as_ref()?.units.get(unit)
    }

    fn change(&self, unit: usize) -> Option<f64> {
        self.gathered.as_ref()?.changes.get(unit).copied()
    }

    /// The strongest activation on the selected picture.
    fn strongest(&self, unit: usize) -> Option<f32> {
        self.maps.as_ref()?.strongest(unit).map(|(_, value)| value)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut UnitsView, shared: &mut Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "The units of the network appear here once it is open: the pane Network says more.", None);
        return;
    };
    let Some(cut) = shared.cut(&facts).cloned() else { return };
    toolbar(ui, context, view, shared, (&facts, &cut));
    let known = look(context, view, shared, &facts, cut);
    view.drawn = known.maps.clone().map(|maps| (known.cut.name.clone(), maps));
    if view.shown.is_sheet() && progress(ui, context, known.sheets.as_deref(), shared) {
        return;
    }
    view.contact.go_on(ui, context);
    if view.shown == Shown::Carried && context.session.exploration.selected().is_none() {
        empty(ui, icon::IMAGE, "Add a picture to carry units back to it.", None);
        return;
    }
    // No tile of older sheets stays among those of newer ones.
    let state = known.sheets.as_ref().filter(|_| view.shown.is_sheet()).and_then(|sheets| sheets.state.as_ref());
    let of = (known.cut.name.clone(), view.shown, state.map(|state| state.step));
    if view.of.as_ref() != Some(&of) {
        view.tiles.clear();
        view.of = Some(of);
    }
    let order = order(view.order, &known);
    grid(ui, context, view, shared, &known, &order);
}

fn look(context: &mut LabContext<'_>, view: &mut UnitsView, shared: &Shared, facts: &Facts, cut: CutFacts) -> Known {
    let source = shared.source(facts, context);
    let exploration = &mut context.session.exploration;
    let maps = exploration.maps(cut.cut);
    let needs_sheets = view.shown.is_sheet() || matches!(view.order, Order::Selectivity | Order::Change);
    let sheets = if needs_sheets { exploration.sheets(&source) } else { None };
    let before = exploration.sheets_before().filter(|_| view.order == Order::Change).cloned();
    let whole = sheets.as_ref().filter(|_| cut.cut.inner == 0);
    let gathered = whole.map(|sheets| view.gather(sheets, before.as_ref(), cut.cut.layers));
    let input = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    Known { cut, maps, sheets, source, gathered, picture: exploration.selected().unwrap_or(0), input }
}

fn toolbar(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &mut Shared,
    (facts, cut): (&Facts, &CutFacts),
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let layer = format!("{}: {} units of {}x{}", cut.name, cut.shape.channels, cut.shape.height, cut.shape.width);
        ui.label(RichText::new(layer).small().strong());
        for shown in Shown::ALL {
            let button = ui.add(Button::selectable(view.shown == shown, RichText::new(shown.name()).small()));
            let button = button.on_hover_text(shown.tooltip());
            if button.accessible_name(format!("Units: {}", shown.name())).clicked() {
                view.shown = shown;
            }
        }
        ui.separator();
        choose_rule(ui, shared);
        choose_images(ui, context, shared);
        let name = Order::ALL.iter().find(|(order, _)| *order == view.order).map_or("", |(_, name)| name);
        let combo = ComboBox::from_id_salt("unit order").width(88.0).selected_text(RichText::new(name).small());
        let combo = combo.show_ui(ui, |ui| {
            for (order, name) in Order::ALL {
                ui.selectable_value(&mut view.order, order, name);
            }
        });
        let about =
            "The order of the units. Selectivity: how unequal the mean activation is over classes (Morcos et al. 2018). Rate of \
             change, of the run in hand: how many of the top nine are new since the sheets before";
        combo.response.on_hover_text(about).accessible_name("Order of the units");
        ui.spacing_mut().slider_width = 8.0 * theme::UNIT;
        ui.name_inputs("Size of tiles", |ui| {
            let slider = Slider::new(&mut view.side, SMALLEST..=LARGEST).logarithmic(true).show_value(false);
            ui.add(slider).on_hover_text("How large each tile is drawn").accessible_name("Size of tiles");
        });
        if view.shown.is_sheet() {
            let rule = (view.shown == Shown::TopCarried).then_some(shared.rule);
            let source = shared.source(facts, context);
            let sheets = context.session.exploration.sheets(&source).filter(|_| cut.cut.inner == 0);
            view.contact.choose(ui, sheets.as_ref(), cut.cut, rule, &cut.name);
        }
    });
}

/// The backward rule; `b` takes the next one.
pub(super) fn choose_rule(ui: &mut Ui, shared: &mut Shared) {
    let shown = RichText::new(rule_name(shared.rule)).small();
    let combo = ComboBox::from_id_salt("backward rule").width(80.0).selected_text(shown).show_ui(ui, |ui| {
        for (rule, name, about) in RULES {
            ui.selectable_value(&mut shared.rule, rule, name).on_hover_text(about);
        }
    });
    combo.response.on_hover_text("How a unit is carried back (b takes the next rule)").accessible_name("Backward rule");
}

fn choose_images(ui: &mut Ui, context: &LabContext<'_>, shared: &mut Shared) {
    let source = &context.book.current().config.data.source;
    let name = |images: Images| match images {
        Images::Automatic => "images: automatic".to_owned(),
        Images::Pictures => "images: the pictures".to_owned(),
        Images::Settings => format!("images: {source} (test)"),
    };
    let shown = RichText::new(name(shared.images)).small();
    let combo = ComboBox::from_id_salt("sheet images").width(120.0).truncate().selected_text(shown).show_ui(ui, |ui| {
        for images in Images::ALL {
            ui.selectable_value(&mut shared.images, images, name(images));
        }
    });
    let about = "Among which images the strongest are looked for. Automatic: the digits inside for a network of digits, the \
                 data set of the settings for the run in hand, and the pictures for others";
    combo.response.on_hover_text(about).accessible_name("Images of the sheets");
}

/// Numbers of the units in the order of the grid.
fn order(order: Order, known: &Known) -> Vec<usize> {
    let mut units: Vec<usize> = (0..known.cut.shape.channels).collect();
    let strength = |unit: usize| known.strongest(unit).unwrap_or(0.0);
    let selectivity = |unit: usize| known.sheet(unit).map_or(0.0, |sheet| sheet.statistics.selectivity);
    match order {
        Order::Index => {}
        Order::Strength => units.sort_by(|&a, &b| strength(b).total_cmp(&strength(a))),
        Order::Selectivity => units.sort_by(|&a, &b| selectivity(b).total_cmp(&selectivity(a))),
        Order::Change => {
            let change = |unit: usize| known.change(unit).unwrap_or(0.0);
            units.sort_by(|&a, &b| change(b).total_cmp(&change(a)));
        }
    }
    units
}

fn grid(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &mut Shared,
    known: &Known,
    order: &[usize],
) {
    let side = view.side;
    let cell = vec2(side, side + LINE);
    let columns = ((ui.available_width() + GAP) / (cell.x + GAP)).floor().max(1.0) as usize;
    view.tiles.begin_frame();
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    let mut has_focus = false;
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, cell.y, order.len().div_ceil(columns), |ui, rows| {
        for row in rows {
            let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
            for (column, &unit) in order.iter().skip(row * columns).take(columns).enumerate() {
                let left = line.left() + column as f32 * (cell.x + GAP);
                let rect = Rect::from_min_size(pos2(left, line.top()), cell);
                let response = ui.interact(rect, ui.scope_id().with(("unit", unit)), Sense::click());
                response.widget_info(|| {
                    WidgetInfo::labeled(Role::Button, true, describe(known, unit, shared.compared == Some(unit)))
                });
                if response.clicked() {
                    if ui.input(|input| input.modifiers.shift) {
                        shared.compare(unit);
                    } else {
                        shared.unit = unit;
                    }
                    response.request_focus();
                }
                has_focus |= response.has_focus();
                let (is_chosen, is_compared) = (shared.unit == unit, shared.compared == Some(unit));
                paint_label(ui, known, unit, rect, is_chosen);
                let tile =
                    Rect::from_min_size(snap(rect.min + vec2(0.0, LINE), ui.pixels_per_point()), Vec2::splat(side));
                unit_tile(ui, context, view, shared, known, unit, tile);
                if is_chosen || is_compared || response.hovered() {
                    let visuals = ui.visuals();
                    let colour = if is_chosen { theme::accent(visuals.dark_mode) } else { visuals.weak_text_color() };
                    ui.painter().rect_stroke(tile.expand(1.0), 0.0, Stroke::new(1.5, colour), StrokeKind::Outside);
                }
                response.on_hover_ui(|ui| preview::show(ui, context, &mut view.preview, known, unit));
            }
        }
    });
    if has_focus {
        move_selection(ui, shared, order, columns);
    }
}

fn describe(known: &Known, unit: usize, is_compared: bool) -> String {
    let strongest = known.strongest(unit);
    let said = strongest.map_or_else(String::new, |value| format!(", strongest {}", theme::figures(f64::from(value))));
    let dead = if is_dead(known, unit) { ", dead" } else { "" };
    let compared = if is_compared { ", compared" } else { "" };
    let change = known.change(unit);
    let change =
        change.map_or_else(String::new, |share| format!(", {} of the top nine new", format::short_percent(share)));
    format!("{} unit {unit}{said}{change}{dead}{compared}", known.cut.name)
}

/// On none of the images that were looked through is it active.
fn is_dead(known: &Known, unit: usize) -> bool {
    let is_nonlinear = known.cut.kind.starts_with("relu");
    is_nonlinear
        && known.sheet(unit).is_some_and(|sheet| sheet.statistics.images > 0 && sheet.statistics.active_share == 0.0)
}

fn paint_label(ui: &Ui, known: &Known, unit: usize, rect: Rect, is_chosen: bool) {
    let visuals = ui.visuals();
    let colour = if is_chosen { theme::accent(visuals.dark_mode) } else { visuals.weak_text_color() };
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let text = if is_dead(known, unit) { format!("{unit} dead") } else { unit.to_string() };
    painter.text(rect.left_top(), Align2::LEFT_TOP, text, font.clone(), colour);
    if rect.width() >= 56.0
        && let Some(value) = known.strongest(unit)
    {
        let text = theme::figures(f64::from(value));
        painter.text(rect.right_top(), Align2::RIGHT_TOP, text, font, visuals.weak_text_color());
    }
}

/// Arrows move the unit, while one of them has the keys.
fn move_selection(ui: &Ui, shared: &mut Shared, order: &[usize], columns: usize) {
    let Some(place) = order.iter().position(|&unit| unit == shared.unit) else { return };
    let step = ui.input(|input| {
        let pressed = |key| isize::from(input.key_pressed(key));
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
            + (pressed(Key::ArrowDown) - pressed(Key::ArrowUp)) * columns as isize
    });
    if let Some(&unit) = place.checked_add_signed(step).and_then(|place| order.get(place)) {
        shared.unit = unit;
    }
}

/// A unit a row: its strongest place on the picture.
pub(super) fn records(view: &UnitsView) -> Option<Records> {
    let (layer, maps) = view.drawn.as_ref()?;
    let mut records = Records::new(["layer", "unit", "strongest", "row", "column"]);
    for unit in 0..maps.shape.channels {
        let ([row, column], value) = maps.strongest(unit)?;
        records.push([layer.clone(), unit.to_string(), value.to_string(), row.to_string(), column.to_string()]);
    }
    Some(records)
}
