//! All units of a layer, each as a tile: its map, what it is carried back to, or its top nine.

use super::LabContext;
use super::contact::Contact;
use super::live::progress;
use super::preview;
use super::shared::{Images, RULES, Shared, rule_name};
use super::tiles::Tiles;
use crate::engine::{Carried, CutFacts, Facts, Maps, Sheets};
use crate::lens::{Patch, Place, Region, TopEntry, UnitSheet, sheet_change};
use crate::nets::Shape;
use crate::ui::app::{ImageOf, SheetSource, UnitView};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use egui::{
    Align2, Button, Color32, ComboBox, FontId, Key, Rect, RichText, Role, ScrollArea, Sense, Slider, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const GAP: f32 = theme::UNIT;
const LINE: f32 = 14.0;
/// Tiles of a sheet, across and down.
const ACROSS: usize = 3;
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
    shown: Shown,
    order: Order,
    side: f32,
    tiles: Tiles<usize>,
    /// What the textures are of.
    of: Option<(String, Shown, Option<u64>)>,
    contact: Contact,
    /// Of the unit under the pointer.
    preview: Tiles<usize>,
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
        }
    }
}

/// What is known of the layer, as far as it is asked for.
pub(super) struct Known {
    pub(super) cut: CutFacts,
    maps: Option<Arc<Maps>>,
    pub(super) sheets: Option<Arc<Sheets>>,
    /// Where they come from.
    pub(super) source: SheetSource,
    units: Vec<UnitSheet>,
    /// How many images of each sheet are new since the sheets before, as a share; nothing where that is not asked for.
    changes: Vec<f64>,
    picture: usize,
    pub(super) input: Shape,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut UnitsView, shared: &mut Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "The units of the network appear here once it is open: the pane Network says more.", None);
        return;
    };
    let Some(cut) = shared.cut(&facts).cloned() else { return };
    toolbar(ui, context, view, shared, &cut);
    let known = look(context, view, shared, &facts, cut);
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

fn look(context: &mut LabContext<'_>, view: &UnitsView, shared: &Shared, facts: &Facts, cut: CutFacts) -> Known {
    let source = shared.source(facts, context);
    let exploration = &mut context.session.exploration;
    let maps = exploration.maps(cut.cut);
    let needs_sheets = view.shown.is_sheet() || matches!(view.order, Order::Selectivity | Order::Change);
    let sheets = if needs_sheets { exploration.sheets(&source) } else { None };
    let units = sheets.as_ref().filter(|_| cut.cut.inner == 0).map_or_else(Vec::new, |s| s.top.sheet(cut.cut.layers));
    let input = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    let before = exploration.sheets_before().filter(|_| view.order == Order::Change && cut.cut.inner == 0);
    let before = before.map_or_else(Vec::new, |sheets| sheets.top.sheet(cut.cut.layers));
    let changes = before.iter().zip(&units).map(|(before, now)| sheet_change(before, now)).collect();
    Known { cut, maps, sheets, source, units, changes, picture: exploration.selected().unwrap_or(0), input }
}

fn toolbar(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut UnitsView, shared: &mut Shared, cut: &CutFacts) {
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
            let sheets = context.session.exploration.last_sheets().filter(|_| cut.cut.inner == 0);
            view.contact.choose(ui, sheets, cut.cut, rule, &cut.name);
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
    let strength =
        |unit: usize| known.maps.as_ref().and_then(|maps| maps.strongest(unit)).map_or(0.0, |(_, value)| value);
    let selectivity = |unit: usize| known.units.get(unit).map_or(0.0, |sheet| sheet.statistics.selectivity);
    match order {
        Order::Index => {}
        Order::Strength => {
            let keys: Vec<f32> = units.iter().map(|&unit| strength(unit)).collect();
            units.sort_by(|&a, &b| keys[b].total_cmp(&keys[a]));
        }
        Order::Selectivity => units.sort_by(|&a, &b| selectivity(b).total_cmp(&selectivity(a))),
        Order::Change => {
            let change = |unit: usize| known.changes.get(unit).copied().unwrap_or(0.0);
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
    let most = known.maps.as_ref().map_or(0.0, |maps| maps.values.iter().fold(0.0_f32, |most, v| most.max(v.abs())));
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
                tile_of(ui, context, view, shared, known, (unit, most), tile);
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
    let strongest = known.maps.as_ref().and_then(|maps| maps.strongest(unit));
    let said =
        strongest.map_or_else(String::new, |(_, value)| format!(", strongest {}", theme::figures(f64::from(value))));
    let dead = if is_dead(known, unit) { ", dead" } else { "" };
    let compared = if is_compared { ", compared" } else { "" };
    let change = known.changes.get(unit);
    let change =
        change.map_or_else(String::new, |share| format!(", {} of the top nine new", format::short_percent(*share)));
    format!("{} unit {unit}{said}{change}{dead}{compared}", known.cut.name)
}

/// On none of the images that were looked through is it active.
fn is_dead(known: &Known, unit: usize) -> bool {
    let is_nonlinear = known.cut.kind.starts_with("relu");
    is_nonlinear
        && known
            .units
            .get(unit)
            .is_some_and(|sheet| sheet.statistics.images > 0 && sheet.statistics.active_share == 0.0)
}

fn paint_label(ui: &Ui, known: &Known, unit: usize, rect: Rect, is_chosen: bool) {
    let visuals = ui.visuals();
    let colour = if is_chosen { theme::accent(visuals.dark_mode) } else { visuals.weak_text_color() };
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let text = if is_dead(known, unit) { format!("{unit} dead") } else { unit.to_string() };
    painter.text(rect.left_top(), Align2::LEFT_TOP, text, font.clone(), colour);
    if rect.width() >= 56.0
        && let Some((_, value)) = known.maps.as_ref().and_then(|maps| maps.strongest(unit))
    {
        let text = theme::figures(f64::from(value));
        painter.text(rect.right_top(), Align2::RIGHT_TOP, text, font, visuals.weak_text_color());
    }
}

fn tile_of(
    ui: &Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &Shared,
    known: &Known,
    (unit, most): (usize, f32),
    rect: Rect,
) {
    let ctx = ui.ctx().clone();
    ui.painter().rect_filled(rect, 0.0, theme::plot_background(ui.visuals().dark_mode));
    match view.shown {
        Shown::Maps => {
            let Some(maps) = &known.maps else { return };
            let shape = Shape::new(3, maps.shape.height, maps.shape.width);
            let (dark, stamp) = (ui.visuals().dark_mode, Arc::as_ptr(maps) as u64);
            let images = || Some(vec![coloured(maps.unit(unit), most, dark)]);
            if let Some(atlas) = view.tiles.get(&ctx, unit, stamp, shape, images) {
                atlas.paint(ui.painter(), 0, fitted(rect, shape));
            }
        }
        Shown::Carried => {
            let of = UnitView {
                image: ImageOf::Picture(known.picture),
                cut: known.cut.cut,
                unit,
                place: Place::Strongest,
                rule: shared.rule,
            };
            let Some(carried) = context.session.exploration.carried(of) else {
                // What was there before stays until the answer comes.
                if let Some(atlas) = view.tiles.get(&ctx, unit, 0, known.input, || None) {
                    atlas.paint(ui.painter(), 0, fitted(rect, known.input));
                }
                return;
            };
            let images = || Some(vec![carried.picture.to_vec()]);
            let stamp = Arc::as_ptr(&carried) as u64;
            let patch = carried.place.map(|[y, x]| known.cut.fields.patch(y, x, known.input));
            if let Some(atlas) = view.tiles.get(&ctx, unit, stamp, known.input, images) {
                match patch.filter(|_| carried.scale > 0.0) {
                    Some(patch) => paint_patch(ui, atlas, 0, patch, rect),
                    None => atlas.paint(ui.painter(), 0, fitted(rect, known.input)),
                }
            }
        }
        Shown::Top | Shown::TopCarried => sheet(ui, context, view, shared, known, unit, rect),
    }
}

/// The top nine of a unit, three by three.
fn sheet(
    ui: &Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitsView,
    shared: &Shared,
    known: &Known,
    unit: usize,
    rect: Rect,
) {
    let (Some(sheets), Some(own)) = (&known.sheets, known.units.get(unit)) else { return };
    let top: Vec<TopEntry> =
        own.top.iter().copied().filter(|entry| entry.activation > 0.0 || !known.cut.kind.starts_with("relu")).collect();
    let is_plain = view.shown == Shown::Top;
    let carried: Vec<Option<Arc<Carried>>> = if is_plain {
        Vec::new()
    } else {
        top.iter().map(|entry| context.session.exploration.carried(of_entry(known, shared, unit, entry))).collect()
    };
    let mix = |stamp: u64, part: u64| stamp.wrapping_mul(1_000_003) ^ part;
    let stamp = if is_plain {
        top.iter().fold(1, |stamp, entry| mix(stamp, u64::from(entry.image)))
    } else {
        carried.iter().flatten().fold(1, |stamp, carried| mix(stamp, Arc::as_ptr(carried) as u64))
    };
    // Called only where there is no such texture yet.
    let make = || {
        if is_plain {
            return Some(top.iter().map(|entry| sheets.images.image(entry.image).to_vec()).collect());
        }
        let blank = || vec![128; known.input.units()];
        let bytes = carried.iter().map(|c| c.as_ref().map_or_else(blank, |carried| carried.picture.to_vec()));
        carried.iter().any(Option::is_some).then(|| bytes.collect())
    };
    let Some(atlas) = view.tiles.get(ui.ctx(), unit, stamp, known.input, make) else { return };
    let side = ((rect.width() - 2.0) / ACROSS as f32).floor();
    for (index, entry) in top.iter().enumerate() {
        let offset = vec2((index % ACROSS) as f32, (index / ACROSS) as f32) * (side + 1.0);
        let tile = Rect::from_min_size(rect.min + offset, Vec2::splat(side));
        paint_patch(ui, atlas, index, known.cut.fields.patch(entry.y as usize, entry.x as usize, known.input), tile);
    }
}

/// What a unit sees of an image, in the middle of `tile`.
pub(super) fn paint_patch(ui: &Ui, atlas: &ImageAtlas, index: usize, patch: Patch, tile: Rect) {
    // What lies in the padding is left out.
    let Some(Region { top, left, height, width }) = patch.inside else { return };
    let rect = fitted(tile, Shape::new(1, height, width));
    atlas.paint_part(ui.painter(), index, [top, left, height, width], rect);
}

fn of_entry(known: &Known, shared: &Shared, unit: usize, entry: &TopEntry) -> UnitView {
    UnitView {
        image: ImageOf::Sheet(entry.image),
        cut: known.cut.cut,
        unit,
        place: Place::At([entry.y as usize, entry.x as usize]),
        rule: shared.rule,
    }
}

/// The largest rectangle of this shape in the middle of `rect`.
pub(super) fn fitted(rect: Rect, shape: Shape) -> Rect {
    let size = vec2(shape.width.max(1) as f32, shape.height.max(1) as f32);
    let scale = (rect.width() / size.x).min(rect.height() / size.y);
    Rect::from_center_size(rect.center(), size * scale)
}

/// A map as red, green and blue, `[3, height, width]`: zero to `most`, or both signs about zero where some are negative.
pub(super) fn coloured(map: &[f32], most: f32, dark: bool) -> Vec<u8> {
    let is_signed = map.iter().any(|value| *value < 0.0);
    let colour = |value: f32| -> Color32 {
        let share = if most > 0.0 { value / most } else { 0.0 };
        if is_signed { theme::diverging(share, dark) } else { theme::sequential(share) }
    };
    let colours: Vec<Color32> = map.iter().map(|value| colour(*value)).collect();
    let channel = |of: fn(&Color32) -> u8| colours.iter().map(of);
    channel(Color32::r).chain(channel(Color32::g)).chain(channel(Color32::b)).collect()
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

/// A unit a row: its strongest place on the picture, and its sheet.
pub(super) fn records(context: &LabContext<'_>, shared: &Shared) -> Option<Records> {
    let cut = shared.cut(context.session.exploration.facts()?)?;
    let maps = context.session.exploration.last_maps().filter(|maps| maps.cut == cut.cut)?;
    let mut records = Records::new(["layer", "unit", "strongest", "row", "column"]);
    for unit in 0..cut.shape.channels {
        let ([row, column], value) = maps.strongest(unit)?;
        records.push([cut.name.clone(), unit.to_string(), value.to_string(), row.to_string(), column.to_string()]);
    }
    Some(records)
}
