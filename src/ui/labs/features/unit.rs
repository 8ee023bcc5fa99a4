//! One unit: where the selected picture activates it, what it is carried back to, and its top nine.

use super::LabContext;
use super::colours::{coloured, worn};
use super::explanation::{self, Explained, ExplanationView};
use super::shared::{Shared, rule_name};
use super::tiles::Tiles;
use super::unit_tile::{fitted, paint_patch};
use super::units::choose_rule;
use crate::engine::{CutFacts, Facts, Maps, SeenImages, Sheets};
use crate::lens::{Explanation, Patch, Place, TopEntry, UnitSheet};
use crate::nets::Shape;
use crate::ui::app::{ImageOf, UnitView};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Button, FontId, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};
use std::sync::Arc;

const GAP: f32 = theme::UNIT;
pub(super) const LINE: f32 = 14.0;
/// Of the picture and what is beside it, in points.
const LARGEST: f32 = 224.0;
const SMALLEST: f32 = 72.0;
/// Of an entry of the sheet.
const SMALLEST_ENTRY: f32 = 72.0;
const LARGEST_ENTRY: f32 = 168.0;
/// Entries side by side where there is room.
const ENTRIES: f32 = 5.0;

/// One texture of the pane.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Picture,
    Map,
    Carried,
    Entry(usize),
    EntryCarried(usize),
}

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct UnitPane {
    /// Of the unit, and of the one beside it.
    tiles: [Tiles<Part>; 2],
    /// Whether the way back is shown step by step, in place of its end.
    explains: bool,
    explanation: ExplanationView,
    /// What was drawn in this frame, for who saves it: the unit, and its steps where these are shown.
    pub(super) drawn: Option<(Known, Option<Arc<Explanation>>)>,
}

/// The unit and all that is known of it.
pub(super) struct Known {
    cut: CutFacts,
    unit: usize,
    input: Shape,
    picture: Option<usize>,
    maps: Option<Arc<Maps>>,
    sheets: Option<Arc<Sheets>>,
    sheet: Option<UnitSheet>,
}

impl Known {
    fn patch(&self, [y, x]: [usize; 2]) -> Patch {
        self.cut.fields.patch(y, x, self.input)
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut UnitPane, shared: &mut Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "What a unit looks for appears here once the network is open.", None);
        return;
    };
    let Some(known) = look(context, shared, &facts, shared.unit) else { return };
    let second = shared.compared.and_then(|unit| look(context, shared, &facts, unit));
    view.tiles.iter_mut().for_each(Tiles::begin_frame);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let field = known.cut.fields.vertical.size;
        let text = format!("{} unit {}", known.cut.name, known.unit);
        ui.label(RichText::new(text).small().strong());
        ui.label(RichText::new(format!("receptive field {field} pixels")).small().weak());
        choose_rule(ui, shared);
        let explain = ui.add(Button::selectable(view.explains, RichText::new("step by step").small()));
        let about = "The reverse pass for the selected picture, a layer a step: from the unit down to the pixels";
        if shared.compared.is_some() {
            let close = ui.add(Button::new(RichText::new("one unit").small()));
            let close = close.on_hover_text("Take away the second unit (Shift and a click on it in Units)");
            if close.accessible_name("Compare no more").clicked() {
                shared.compared = None;
            }
        }
        if explain.on_hover_text(about).accessible_name("Unit: step by step").clicked() {
            view.explains = !view.explains;
        }
    });
    if view.explains {
        let steps = explain_unit(ui, context, view, shared, &known);
        view.drawn = Some((known, steps));
        return;
    }
    let [first, beside] = &mut view.tiles;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match second {
        None => face(ui, context, first, shared, &known),
        Some(second) => ui.columns(2, |columns| {
            for ((ui, tiles), known) in columns.iter_mut().zip([first, beside]).zip([&known, &second]) {
                ui.label(RichText::new(format!("{} unit {}", known.cut.name, known.unit)).small().strong());
                ui.push_id(known.unit, |ui| face(ui, context, tiles, shared, known));
            }
        }),
    });
    view.drawn = Some((known, None));
}

/// All that is shown of one unit.
fn face(ui: &mut Ui, context: &mut LabContext<'_>, tiles: &mut Tiles<Part>, shared: &Shared, known: &Known) {
    of_picture(ui, context, tiles, shared, known);
    ui.add_space(theme::UNIT);
    of_sheet(ui, context, tiles, shared, known);
}

/// The way back for the selected picture, step by step. Returns what was shown.
fn explain_unit(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    view: &mut UnitPane,
    shared: &Shared,
    known: &Known,
) -> Option<Arc<Explanation>> {
    let Some(picture) = known.picture else {
        ui.label(RichText::new("Select a picture to follow the unit back to it.").small().weak());
        return None;
    };
    if known.maps.as_ref().and_then(|maps| maps.strongest(known.unit)).is_some_and(|(_, value)| value == 0.0) {
        let text = "The unit is nowhere active on this picture, so nothing goes back. Choose another picture or unit: the \
                    order by strength puts the most active first.";
        ui.label(RichText::new(format!("{} {text}", icon::WARNING)).small().color(ui.visuals().warn_fg_color));
    }
    let explanation = context.session.exploration.explanation(UnitView {
        image: ImageOf::Picture(picture),
        cut: known.cut.cut,
        unit: known.unit,
        place: Place::Strongest,
        rule: shared.rule,
    });
    let Some(seen) = explanation else {
        ui.spinner();
        return None;
    };
    let of = Explained { cut: &known.cut, unit: known.unit, rule: shared.rule, seen: &seen };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| explanation::show(ui, &mut view.explanation, &of));
    Some(seen)
}

fn look(context: &mut LabContext<'_>, shared: &Shared, facts: &Facts, unit: usize) -> Option<Known> {
    let cut = shared.cut(facts)?.clone();
    let source = shared.source(facts, context);
    let exploration = &mut context.session.exploration;
    let unit = unit.min(cut.shape.channels.saturating_sub(1));
    let maps = exploration.maps(cut.cut);
    let sheets = exploration.sheets(&source);
    let sheet = sheets.as_ref().filter(|_| cut.cut.inner == 0).and_then(|s| s.top.unit(cut.cut.layers, unit));
    let input = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    Some(Known { cut, unit, input, picture: exploration.selected(), maps, sheets, sheet })
}

/// The picture with the crop, the map of the unit, and what it is carried back to, side by side.
fn of_picture(ui: &mut Ui, context: &mut LabContext<'_>, tiles: &mut Tiles<Part>, shared: &Shared, known: &Known) {
    let Some(picture) = known.picture else {
        ui.label(RichText::new("Select a picture to see where it activates the unit.").small().weak());
        return;
    };
    let name = context.session.exploration.pictures().get(picture).map_or_else(String::new, |p| p.name.clone());
    let side = ((ui.available_width() - 2.0 * GAP) / 3.0).clamp(SMALLEST, LARGEST).floor();
    let strongest = known.maps.as_ref().and_then(|maps| maps.strongest(known.unit));
    let carried = context.session.exploration.carried(UnitView {
        image: ImageOf::Picture(picture),
        cut: known.cut.cut,
        unit: known.unit,
        place: Place::Strongest,
        rule: shared.rule,
    });
    let (line, _) = ui.allocate_exact_size(vec2(3.0 * side + 2.0 * GAP, side + LINE), Sense::hover());
    let place = |column: usize| {
        let corner = line.min + vec2(column as f32 * (side + GAP), LINE);
        Rect::from_min_size(snap(corner, ui.pixels_per_point()), Vec2::splat(side))
    };
    let crop = strongest.map(|(at, _)| known.patch(at));
    if let Some(seen) = context.session.exploration.seen(picture) {
        title(ui, place(0), &name);
        let image = || Some(vec![seen.to_vec()]);
        if let Some(atlas) = tiles.get(ui.ctx(), Part::Picture, &[&seen], 0, known.input, image) {
            let rect = fitted(place(0), known.input);
            atlas.paint(ui.painter(), 0, rect);
            paint_crop(ui, crop, known.input, rect);
            say(ui, rect, "picture", || format!("{name}, what {} unit {} sees is framed", known.cut.name, known.unit));
        }
    }
    if let Some(maps) = &known.maps {
        let most = maps.largest_of(known.unit);
        let most_text = theme::figures(f64::from(most));
        let range = if maps.is_signed(known.unit) { format!("\u{b1}{most_text}") } else { format!("0 to {most_text}") };
        title(ui, place(1), &format!("map, {range}"));
        let shape = Shape::new(3, maps.shape.height, maps.shape.width);
        let dark = ui.visuals().dark_mode;
        let more = worn(dark) ^ (known.unit as u64) << 32;
        let image = || Some(vec![coloured(maps.unit(known.unit), most, dark)]);
        if let Some(atlas) = tiles.get(ui.ctx(), Part::Map, &[maps], more, shape, image) {
            atlas.paint(ui.painter(), 0, fitted(place(1), shape));
        }
    }
    title(ui, place(2), &format!("carried back, {}", rule_name(shared.rule)));
    if let Some(carried) = &carried {
        let image = || Some(vec![carried.picture.to_vec()]);
        if let Some(atlas) = tiles.get(ui.ctx(), Part::Carried, &[carried], 0, known.input, image) {
            let rect = fitted(place(2), known.input);
            atlas.paint(ui.painter(), 0, rect);
            paint_crop(ui, crop, known.input, rect);
            say(ui, rect, "carried", || {
                let (activation, scale) =
                    (theme::figures(f64::from(carried.activation)), theme::figures(f64::from(carried.scale)));
                format!(
                    "{} unit {} carried back: activation {activation}, from -{scale} (black) to {scale} (white)",
                    known.cut.name, known.unit
                )
            });
        }
    } else {
        ui.painter().text(
            place(2).center(),
            Align2::CENTER_CENTER,
            "asking...",
            small(),
            ui.visuals().weak_text_color(),
        );
    }
}

/// The top nine: each part of an image above what it is carried back to, with its class and activation.
fn of_sheet(ui: &mut Ui, context: &mut LabContext<'_>, tiles: &mut Tiles<Part>, shared: &Shared, known: &Known) {
    let (Some(sheets), Some(sheet)) = (&known.sheets, &known.sheet) else {
        let text = if known.cut.cut.inner > 0 {
            "The top nine are of whole blocks: choose the block, or a layer that is not in one."
        } else {
            "Looking through the images for the strongest."
        };
        ui.label(RichText::new(text).small().weak());
        return;
    };
    statistics(ui, sheets, sheet);
    let width = ui.available_width() + GAP;
    let side = (width / ENTRIES - GAP).clamp(SMALLEST_ENTRY, LARGEST_ENTRY).floor();
    let columns = (width / (side + GAP)).floor().max(1.0) as usize;
    let cell = vec2(side, 2.0 * (side + 2.0) + 2.0 * LINE);
    for (row, entries) in sheet.top.chunks(columns).enumerate() {
        let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), cell.y), Sense::hover());
        for (column, entry) in entries.iter().enumerate() {
            let left = line.left() + column as f32 * (side + GAP);
            let rect = Rect::from_min_size(snap(pos2(left, line.top()), ui.pixels_per_point()), cell);
            show_entry(ui, context, tiles, shared, known, &sheets.images, (row * columns + column, entry), rect);
        }
    }
}

fn statistics(ui: &mut Ui, sheets: &Sheets, sheet: &UnitSheet) {
    let found = &sheet.statistics;
    let state = sheets.state.as_ref().map_or_else(String::new, |state| format!("step {}: ", format::count(state.step)));
    let text = format!(
        "{state}top {} of {} images: active on {}, mean {}, largest {}",
        sheet.top.len(),
        format::count(found.images),
        format::percent(f64::from(found.active_share)),
        theme::figures(f64::from(found.mean)),
        theme::figures(f64::from(found.maximum))
    );
    let best = found.best_class.filter(|_| sheets.images.class_names.len() > 1);
    let selective = best.map_or_else(String::new, |class| {
        let name = class_name(&sheets.images.class_names, class);
        format!("; selectivity {} for {name}", theme::figures(f64::from(found.selectivity)))
    });
    let text = text + &selective;
    ui.label(RichText::new(text).small().weak());
}

#[expect(clippy::too_many_arguments, reason = "the parts of one control, passed once")]
fn show_entry(
    ui: &mut Ui,
    context: &mut LabContext<'_>,
    tiles: &mut Tiles<Part>,
    shared: &Shared,
    known: &Known,
    images: &Arc<SeenImages>,
    (index, entry): (usize, &TopEntry),
    rect: Rect,
) {
    let at = [entry.y as usize, entry.x as usize];
    let patch = known.patch(at);
    let label = images.label(entry.image).map(|label| class_name(&images.class_names, label));
    let colour = ui.visuals().weak_text_color();
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.text(rect.left_top(), Align2::LEFT_TOP, theme::figures(f64::from(entry.activation)), small(), colour);
    if let Some(label) = &label {
        painter.text(rect.right_top(), Align2::RIGHT_TOP, label, small(), colour);
    }
    let side = rect.width();
    let first = Rect::from_min_size(rect.min + vec2(0.0, LINE), Vec2::splat(side));
    let second = first.translate(vec2(0.0, side + 2.0));
    let (part, number) = (Part::Entry(index), u64::from(entry.image));
    let image = || Some(vec![images.image(entry.image).to_vec()]);
    if let Some(atlas) = tiles.get(ui.ctx(), part, &[images], number, known.input, image) {
        paint_patch(ui, atlas, 0, patch, first);
    }
    let of = UnitView {
        image: ImageOf::Sheet(entry.image),
        cut: known.cut.cut,
        unit: known.unit,
        place: Place::At(at),
        rule: shared.rule,
    };
    if let Some(carried) = context.session.exploration.carried(of) {
        let image = || Some(vec![carried.picture.to_vec()]);
        if let Some(atlas) = tiles.get(ui.ctx(), Part::EntryCarried(index), &[&carried], 0, known.input, image) {
            paint_patch(ui, atlas, 0, patch, second);
        }
    }
    say(ui, Rect::from_min_max(first.min, second.max), ("entry", index), || {
        let label = label.as_ref().map_or_else(String::new, |label| format!(", {label}"));
        format!(
            "Top {}: image {}{label}, activation {}",
            index + 1,
            entry.image,
            theme::figures(f64::from(entry.activation))
        )
    });
}

/// The frame of a receptive field on an image that fills `rect`.
pub(super) fn paint_crop(ui: &Ui, crop: Option<Patch>, shape: Shape, rect: Rect) {
    let Some(inside) = crop.and_then(|crop| crop.inside) else { return };
    let scale = vec2(rect.width() / shape.width.max(1) as f32, rect.height() / shape.height.max(1) as f32);
    let corner = rect.min + vec2(inside.left as f32, inside.top as f32) * scale;
    let frame = Rect::from_min_size(corner, vec2(inside.width as f32, inside.height as f32) * scale);
    let accent = theme::accent(ui.visuals().dark_mode);
    ui.painter().rect_stroke(frame, 0.0, Stroke::new(1.5, accent), StrokeKind::Inside);
}

pub(super) fn title(ui: &Ui, place: Rect, text: &str) {
    let at = place.left_top() - vec2(0.0, LINE);
    let painter = ui.painter().with_clip_rect(Rect::from_min_max(at, place.right_top()).intersect(ui.clip_rect()));
    painter.text(at, Align2::LEFT_TOP, text, small(), ui.visuals().weak_text_color());
}

pub(super) fn small() -> FontId {
    FontId::proportional(theme::SMALL_SIZE)
}

/// What a picture says of itself, on hovering and to who cannot see it.
pub(super) fn say(ui: &Ui, rect: Rect, name: impl std::hash::Hash + std::fmt::Debug, text: impl Fn() -> String) {
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, text()));
    response.on_hover_text(text());
}

/// The entries of the sheet, or the steps where these are shown.
pub(super) fn records(view: &UnitPane) -> Option<Records> {
    let (known, steps) = view.drawn.as_ref()?;
    if view.explains {
        return steps.as_ref().map(|seen| explanation::records(seen));
    }
    let (sheets, sheet) = (known.sheets.as_ref()?, known.sheet.as_ref()?);
    let mut records = Records::new(["layer", "unit", "rank", "image", "class", "activation", "row", "column"]);
    for (rank, entry) in sheet.top.iter().enumerate() {
        let label = sheets.images.label(entry.image);
        records.push([
            known.cut.name.clone(),
            known.unit.to_string(),
            (rank + 1).to_string(),
            entry.image.to_string(),
            label.map_or_else(String::new, |label| class_name(&sheets.images.class_names, label)),
            entry.activation.to_string(),
            entry.y.to_string(),
            entry.x.to_string(),
        ]);
    }
    Some(records)
}
