//! A grey square slides over the picture: what becomes of the strongest feature map, of the class, and of the prediction
//! (Zeiler, Fergus 2013, figure 7).

use super::LabContext;
use super::colours::{planes, worn};
use super::shared::Shared;
use super::tiles::Tiles;
use super::unit::{LINE, title};
use super::unit_tile::fitted;
use crate::engine::{Facts, OcclusionQuestion, OcclusionSeen};
use crate::lens::{Fill, Occluded};
use crate::nets::Shape;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Color32, ComboBox, DragValue, ProgressBar, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, vec2,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const GAP: f32 = theme::UNIT;
const LARGEST: f32 = 260.0;
const SMALLEST: f32 = 96.0;
/// So many classes are named.
const MOST_NAMED: usize = 6;
/// Places along each axis that a new picture begins with.
const PLACES: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Picture,
    Activity,
    Truth,
    Predicted,
}

/// What the pane remembers of itself.
pub(super) struct OcclusionPane {
    /// Side of the square and distance between its places, in pixels; in parts of the picture until they are chosen.
    side: Option<usize>,
    stride: Option<usize>,
    fill: Fill,
    /// Whose probability is watched; the most probable where there is none.
    class: Option<usize>,
    tiles: Tiles<Part>,
    /// The place under the pointer.
    hovered: Option<(usize, usize)>,
    /// What was drawn in this frame, for who saves it.
    pub(super) drawn: Option<(Arc<OcclusionSeen>, Arc<Facts>)>,
}

impl Default for OcclusionPane {
    fn default() -> Self {
        let (tiles, fill) = (Tiles::default(), Fill::Grey(0.5));
        Self { side: None, stride: None, fill, class: None, tiles, hovered: None, drawn: None }
    }
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut OcclusionPane, shared: &Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "What the network looks at appears here once it is open.", None);
        return;
    };
    let Some(question) = question(context, view, shared, &facts) else {
        empty(ui, icon::IMAGE, "Select a picture: a square slides over it, and you see what the network misses.", None);
        return;
    };
    knobs(ui, view, &question, &facts);
    let Some(seen) = context.session.exploration.occlusion(question.clone()) else {
        ui.spinner();
        return;
    };
    if seen.done < seen.total {
        let text = format!("{} of {} places", format::count(seen.done as u64), format::count(seen.total as u64));
        let share = seen.done as f32 / seen.total.max(1) as f32;
        ui.add(ProgressBar::new(share).desired_height(12.0).text(RichText::new(text).small()));
    }
    view.tiles.begin_frame();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        maps(ui, view, &question, &seen, &facts);
        legend(ui, &seen, &facts);
        bars(ui, view, &seen, &facts, question.class);
    });
    view.drawn = Some((seen, facts));
}

fn question(
    context: &LabContext<'_>,
    view: &OcclusionPane,
    shared: &Shared,
    facts: &Facts,
) -> Option<OcclusionQuestion> {
    let exploration = &context.session.exploration;
    let picture = exploration.selected()?;
    let guessed = exploration.guesses().get(picture)?.as_ref().ok()?;
    let cut = shared.cut(facts)?.cut;
    let shortest = facts.input.height.min(facts.input.width);
    let side = view.side.unwrap_or(shortest / 4).clamp(1, shortest.max(1));
    let stride = view.stride.unwrap_or((shortest / PLACES).max(1)).max(1);
    let class = view.class.filter(|class| *class < facts.class_names.len());
    Some(OcclusionQuestion {
        seen: Arc::clone(&guessed.seen),
        side,
        stride,
        fill: view.fill,
        // A map inside a block is watched where the block ends.
        cut: cut.layers + usize::from(cut.inner > 0),
        unit: None,
        class: class.or_else(|| guessed.guesses.first().map(|guess| guess.index)).unwrap_or(0),
    })
}

fn knobs(ui: &mut Ui, view: &mut OcclusionPane, question: &OcclusionQuestion, facts: &Facts) {
    let shortest = facts.input.height.min(facts.input.width);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let mut side = question.side;
        ui.label(RichText::new("square").small());
        ui.name_inputs("Side of the square", |ui| {
            let value = ui.add(DragValue::new(&mut side).range(1..=shortest).suffix(" px"));
            if value.on_hover_text("Side of the square that hides a part of the picture").changed() {
                view.side = Some(side);
            }
        });
        let mut stride = question.stride;
        ui.label(RichText::new("stride").small());
        ui.name_inputs("Stride of the square", |ui| {
            let value = ui.add(DragValue::new(&mut stride).range(1..=shortest).suffix(" px"));
            if value.on_hover_text("Distance between its places: smaller is finer, and takes longer").changed() {
                view.stride = Some(stride);
            }
        });
        for (fill, name, about) in [
            (Fill::Grey(0.5), "grey", "The square is mid grey, as in the paper"),
            (Fill::Mean, "mean", "The square has the mean colour of the data"),
            (Fill::Grey(0.0), "black", "The square is black"),
        ] {
            if ui.selectable_label(view.fill == fill, RichText::new(name).small()).on_hover_text(about).clicked() {
                view.fill = fill;
            }
        }
        let shown = view.class.map_or("the likeliest class".to_owned(), |class| class_name(&facts.class_names, class));
        let combo = ComboBox::from_id_salt("occluded class").width(120.0).truncate();
        let combo = combo.selected_text(RichText::new(shown).small()).show_ui(ui, |ui| {
            ui.selectable_value(&mut view.class, None, "the likeliest class");
            for class in 0..facts.class_names.len() {
                ui.selectable_value(&mut view.class, Some(class), class_name(&facts.class_names, class));
            }
        });
        combo.response.on_hover_text("Whose probability is drawn").accessible_name("Class that is watched");
    });
}

/// The picture and the three maps.
fn maps(ui: &mut Ui, view: &mut OcclusionPane, question: &OcclusionQuestion, seen: &Arc<OcclusionSeen>, facts: &Facts) {
    let columns = if ui.available_width() >= 4.0 * (SMALLEST + GAP) { 4 } else { 2 };
    let side = ((ui.available_width() - (columns - 1) as f32 * GAP) / columns as f32).clamp(SMALLEST, LARGEST).floor();
    let rows = 4_usize.div_ceil(columns);
    let size = vec2(columns as f32 * (side + GAP) - GAP, rows as f32 * (side + LINE + GAP));
    let (room, _) = ui.allocate_exact_size(size, Sense::hover());
    let place = |index: usize| {
        let corner =
            vec2((index % columns) as f32 * (side + GAP), (index / columns) as f32 * (side + LINE + GAP) + LINE);
        Rect::from_min_size(snap(room.min + corner, ui.pixels_per_point()), Vec2::splat(side))
    };
    let input = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    title(ui, place(0), "picture, with the square");
    let picture = fitted(place(0), input);
    let image = || Some(vec![question.seen.to_vec()]);
    if let Some(atlas) = view.tiles.get(ui.ctx(), Part::Picture, &[&question.seen], 0, input, image) {
        atlas.paint(ui.painter(), 0, picture);
    }
    let map = &seen.map;
    let shape = Shape::new(3, map.tops.len(), map.lefts.len());
    let dark = ui.visuals().dark_mode;
    let background = theme::plot_background(dark);
    let activity = range(map.places.iter().map(|place| place.activity));
    let truth = range(map.places.iter().map(|place| place.truth));
    let named = |what: String, (low, high): (f32, f32)| {
        format!("{what}, {} to {}", theme::figures(f64::from(low)), theme::figures(f64::from(high)))
    };
    let activity_title = named(format!("activity of map {}", map.unit), activity);
    let truth_title = named(format!("p({})", class_name(&facts.class_names, question.class)), truth);
    let drawn =
        [(Part::Activity, &*activity_title), (Part::Truth, &truth_title), (Part::Predicted, "most probable class")];
    let paint = |part| match part {
        Part::Truth => painted(map.places.iter().map(|place| place.truth), truth, shape, background),
        Part::Predicted => {
            filled(map.places.iter().map(|place| theme::class_colour(place.predicted)), shape, background)
        }
        Part::Picture | Part::Activity => {
            painted(map.places.iter().map(|place| place.activity), activity, shape, background)
        }
    };
    let mut hovered = None;
    for (index, (part, name)) in drawn.into_iter().enumerate() {
        let rect = fitted(place(index + 1), shape);
        title(ui, place(index + 1), name);
        ui.painter().rect_filled(rect, 0.0, theme::plot_background(dark));
        if let Some(atlas) = view.tiles.get(ui.ctx(), part, &[seen], worn(dark), shape, || Some(vec![paint(part)])) {
            atlas.paint(ui.painter(), 0, rect);
        }
        let response = ui.interact(rect, ui.scope_id().with(("occlusion", index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Occlusion map: {name}")));
        if let Some(pointer) = response.hover_pos() {
            let at = (pointer - rect.min) / rect.size();
            hovered = Some(((at.y * shape.height as f32) as usize, (at.x * shape.width as f32) as usize));
        }
    }
    // The pointer over the picture moves the square too.
    let over = ui.interact(picture, ui.scope_id().with("square"), Sense::hover());
    if let Some(pointer) = over.hover_pos() {
        let at = (pointer - picture.min) / picture.size();
        let nearest = |starts: &[usize], at: f32, length: usize| {
            let corner = at * length as f32 - question.side as f32 / 2.0;
            let distance = |&index: &usize| ((starts[index] as f32 - corner).abs() * 16.0) as usize;
            (0..starts.len()).min_by_key(distance).unwrap_or(0)
        };
        hovered = Some((nearest(&map.tops, at.y, input.height), nearest(&map.lefts, at.x, input.width)));
    }
    view.hovered = hovered.filter(|(row, column)| *row < map.tops.len() && *column < map.lefts.len());
    if let Some((row, column)) = view.hovered {
        let scale = picture.width() / input.width.max(1) as f32;
        let corner = picture.min + vec2(map.lefts[column] as f32, map.tops[row] as f32) * scale;
        let square = Rect::from_min_size(corner, Vec2::splat(question.side as f32 * scale));
        ui.painter().rect_filled(square, 0.0, Color32::GRAY);
        let accent = theme::accent(dark);
        ui.painter().rect_stroke(square, 0.0, Stroke::new(1.0, accent), StrokeKind::Outside);
    }
}

/// What the network makes of the whole picture, and of the square where the pointer is.
fn bars(ui: &mut Ui, view: &OcclusionPane, seen: &OcclusionSeen, facts: &Facts, class: usize) {
    let map = &seen.map;
    let name = |class: usize| class_name(&facts.class_names, class);
    let line = |what: &str, at: &Occluded| {
        format!(
            "{what}: activity {}, p({}) {}, most probable {}",
            theme::figures(f64::from(at.activity)),
            name(class),
            format::percent(f64::from(at.truth)),
            name(at.predicted)
        )
    };
    ui.label(RichText::new(line("nothing hidden", &map.whole)).small());
    let at = view.hovered.and_then(|(row, column)| map.places.get(row * map.lefts.len() + column));
    let text = at.map_or("Point at the picture or at a map to move the square.".to_owned(), |at| line("square", at));
    ui.label(RichText::new(text).small().weak());
}

/// The lowest and the highest value; (0, 0) where there is none.
fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values
        .fold(None, |range: Option<(f32, f32)>, value| {
            Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        })
        .unwrap_or_default()
}

/// Values from the lowest to the highest in the colours of the sequential map.
fn painted(values: impl Iterator<Item = f32>, (low, high): (f32, f32), shape: Shape, background: Color32) -> Vec<u8> {
    let span = if high > low { high - low } else { 1.0 };
    filled(values.map(|value| theme::sequential((value - low) / span)), shape, background)
}

/// Red, green and blue, `[3, height, width]`; what is not known yet is background.
fn filled(colours: impl Iterator<Item = Color32>, shape: Shape, background: Color32) -> Vec<u8> {
    let mut colours: Vec<Color32> = colours.collect();
    colours.resize(shape.height * shape.width, background);
    planes(&colours)
}

/// The classes that are most probable anywhere, each in its colour, those with the most places first.
fn legend(ui: &mut Ui, seen: &OcclusionSeen, facts: &Facts) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for place in &seen.map.places {
        *counts.entry(place.predicted).or_default() += 1;
    }
    let mut classes: Vec<(usize, usize)> = counts.into_iter().collect();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("most probable:").small().weak());
        for (class, count) in classes.iter().take(MOST_NAMED) {
            let (swatch, _) = ui.allocate_exact_size(Vec2::splat(theme::UNIT), Sense::hover());
            ui.painter().rect_filled(swatch, 1.0, theme::class_colour(*class));
            let share = format::short_percent(*count as f64 / seen.done.max(1) as f64);
            ui.label(RichText::new(format!("{} {share}", class_name(&facts.class_names, *class))).small());
        }
    });
}

/// A place of the square a row.
pub(super) fn records(view: &OcclusionPane) -> Option<Records> {
    let (seen, facts) = view.drawn.as_ref()?;
    let mut records = Records::new(["top", "left", "activity", "probability", "predicted"]);
    for (index, at) in seen.map.places.iter().enumerate() {
        let (row, column) = (index / seen.map.lefts.len(), index % seen.map.lefts.len());
        records.push([
            seen.map.tops[row].to_string(),
            seen.map.lefts[column].to_string(),
            at.activity.to_string(),
            at.truth.to_string(),
            class_name(&facts.class_names, at.predicted),
        ]);
    }
    Some(records)
}
