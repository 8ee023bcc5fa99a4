//! The picture moved, scaled or turned: how far the features of each layer go, and what becomes of the class (Zeiler,
//! Fergus 2013, figure 5).

use super::LabContext;
use super::shared::Shared;
use super::tiles::Tiles;
use super::unit_tile::fitted;
use crate::engine::{Facts, InvarianceQuestion, InvarianceSeen};
use crate::lens::Transformation;
use crate::nets::Shape;
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::probabilities::class_name;
use egui::{
    Align2, Button, Color32, CursorIcon, FontId, Pos2, Rect, RichText, Role, Sense, Slider, Stroke, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

const PICTURE: f32 = 144.0;
const LEFT: f32 = 36.0;
const BOTTOM: f32 = 16.0;
const LEGEND: f32 = 18.0;
/// Amounts on the curves, the untransformed picture in their middle.
const POINTS: usize = 41;

const TRANSFORMATIONS: [(Transformation, &str, &str); 3] = [
    (Transformation::Translation, "vertical shift", "Up and down, in pixels of what the network sees"),
    (Transformation::Scale, "scale", "Smaller and larger about the centre, as a factor"),
    (Transformation::Rotation, "rotation", "Turned about the centre, in degrees"),
];

/// What the pane remembers of itself.
pub(super) struct InvariancePane {
    transformation: Transformation,
    /// Where the handle stands; the untransformed picture until it was moved.
    amount: Option<f32>,
    tiles: Tiles<()>,
    /// What was drawn in this frame, for who saves it.
    pub(super) drawn: Option<(Arc<InvarianceSeen>, Arc<Facts>)>,
}

impl Default for InvariancePane {
    fn default() -> Self {
        Self { transformation: Transformation::Translation, amount: None, tiles: Tiles::default(), drawn: None }
    }
}

/// One curve, `[amounts]` as far as it is known.
struct Curve {
    name: String,
    colour: Color32,
    values: Vec<f64>,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut InvariancePane, shared: &Shared) {
    let Some(facts) = context.session.exploration.facts().cloned() else {
        empty(ui, icon::EYE, "How features change with the picture appears here once the network is open.", None);
        return;
    };
    choose(ui, view);
    let Some(question) = question(context, view, shared, &facts) else {
        empty(ui, icon::IMAGE, "Select a picture to move, scale or turn it.", None);
        return;
    };
    let (low, high) = (question.amounts[0], question.amounts[question.amounts.len() - 1]);
    let amount = view.amount.unwrap_or(view.transformation.identity()).clamp(low, high);
    picture(ui, view, &question, amount, &facts, (low, high));
    let amount = view.amount.unwrap_or(amount);
    let Some(seen) = context.session.exploration.invariance(question.clone()) else {
        ui.spinner();
        return;
    };
    let name = |cut: usize| {
        facts.cuts.iter().find(|own| own.cut == cut.into()).map_or_else(String::new, |own| own.name.clone())
    };
    let layers: Vec<Curve> = seen
        .curves
        .layers
        .iter()
        .enumerate()
        .map(|(index, layer)| Curve {
            name: name(layer.cut),
            colour: theme::run_colour(index),
            values: layer.relative(),
        })
        .collect();
    let class = class_name(&facts.class_names, question.class);
    let truth = seen.curves.truth.iter().map(|value| f64::from(*value)).collect();
    let probability = [Curve { name: class, colour: theme::accent(ui.visuals().dark_mode), values: truth }];
    let height = ((ui.available_height() - theme::UNIT) / 2.0).clamp(96.0, 240.0);
    for (title, curves) in [("distance of features", &layers[..]), ("probability", &probability[..])] {
        if let Some(moved) = plot(ui, title, height, &seen, curves, amount) {
            view.amount = Some(moved);
        }
    }
    view.drawn = Some((seen, facts));
}

fn choose(ui: &mut Ui, view: &mut InvariancePane) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        for (transformation, name, about) in TRANSFORMATIONS {
            let is_chosen = view.transformation == transformation;
            let button = ui.add(Button::selectable(is_chosen, RichText::new(name).small())).on_hover_text(about);
            if button.accessible_name(format!("Invariance: {name}")).clicked() {
                view.transformation = transformation;
                view.amount = None;
            }
        }
    });
}

fn question(
    context: &LabContext<'_>,
    view: &InvariancePane,
    shared: &Shared,
    facts: &Facts,
) -> Option<InvarianceQuestion> {
    let exploration = &context.session.exploration;
    let guessed = exploration.guesses().get(exploration.selected()?)?.as_ref().ok()?;
    let chosen = shared.cut(facts)?.cut;
    // The lowest nonlinearity, the layer in hand, and the highest layer below the classes.
    let whole = facts.cuts.iter().filter(|cut| cut.cut.inner == 0);
    let lowest = whole.clone().find(|cut| cut.kind.starts_with("relu")).map(|cut| cut.cut.layers);
    let highest = facts.cuts.last().map(|cut| cut.cut.layers.saturating_sub(1));
    let mut cuts: Vec<usize> =
        [lowest, Some(chosen.layers + usize::from(chosen.inner > 0)), highest].into_iter().flatten().collect();
    cuts.sort_unstable();
    cuts.dedup();
    let (low, high) = match view.transformation {
        Transformation::Translation => (-(facts.input.height as f32) / 4.0, facts.input.height as f32 / 4.0),
        Transformation::Scale => (0.5, 1.5),
        Transformation::Rotation => (-180.0, 180.0),
    };
    let amount = |index: usize| low + (high - low) * index as f32 / (POINTS - 1) as f32;
    Some(InvarianceQuestion {
        seen: Arc::clone(&guessed.seen),
        transformation: view.transformation,
        amounts: (0..POINTS).map(amount).collect(),
        cuts,
        class: guessed.guesses.first().map_or(0, |guess| guess.index),
    })
}

/// The picture as it is where the handle stands, and the handle.
fn picture(
    ui: &mut Ui,
    view: &mut InvariancePane,
    question: &InvarianceQuestion,
    amount: f32,
    facts: &Facts,
    (low, high): (f32, f32),
) {
    let shape = Shape::new(facts.input.channels, facts.input.height, facts.input.width);
    let more = u64::from(amount.to_bits()) << 8 | view.transformation as u64;
    ui.horizontal(|ui| {
        let (room, response) = ui.allocate_exact_size(Vec2::splat(PICTURE), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "The picture, transformed"));
        view.tiles.begin_frame();
        let transformation = view.transformation;
        let image = || {
            let values: Vec<f32> = question.seen.iter().map(|byte| f32::from(*byte)).collect();
            let black = vec![0.0; shape.channels];
            let moved = transformation.apply(amount, &values, shape, &black).ok()?;
            Some(vec![moved.into_iter().map(|value| value.round() as u8).collect()])
        };
        if let Some(atlas) = view.tiles.get(ui.ctx(), (), &[&question.seen], more, shape, image) {
            let rect = fitted(Rect::from_min_size(snap(room.min, ui.pixels_per_point()), room.size()), shape);
            atlas.paint(ui.painter(), 0, rect);
        }
        ui.vertical(|ui| {
            let mut moved = amount;
            ui.spacing_mut().slider_width = (ui.available_width() - 72.0).clamp(60.0, 320.0);
            ui.name_inputs("Amount", |ui| {
                let slider = ui.add(Slider::new(&mut moved, low..=high).max_decimals(2));
                let slider = slider.on_hover_text("How far the picture is transformed: the curves below follow");
                if slider.accessible_name("Amount of the transformation").changed() {
                    view.amount = Some(moved);
                }
            });
            let back = ui.add_enabled(view.amount.is_some(), Button::new(RichText::new("As it was").small()));
            if back.on_hover_text("The picture untransformed").clicked() {
                view.amount = None;
            }
        });
    });
}

/// Curves over the amounts. Returns the amount that a click or a drag chose.
fn plot(ui: &mut Ui, title: &str, height: f32, seen: &InvarianceSeen, curves: &[Curve], amount: f32) -> Option<f32> {
    let (low, high) = (*seen.amounts.first()?, *seen.amounts.last()?);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, format!("{title} against the transformation")));
    let inside = Rect::from_min_max(rect.min + vec2(LEFT, LEGEND), rect.max - vec2(theme::UNIT, BOTTOM));
    let top = curves.iter().flat_map(|curve| &curve.values).fold(1.0_f64, |top, value| top.max(*value));
    let dark = ui.visuals().dark_mode;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(inside, 0.0, theme::plot_background(dark));
    let (font, weak) = (FontId::monospace(theme::SMALL_SIZE - 1.0), ui.visuals().weak_text_color());
    let grid = Stroke::new(1.0, theme::border(dark));
    for share in [0.0, 0.5, 1.0] {
        let y = inside.bottom() - inside.height() * share as f32;
        painter.hline(inside.x_range(), y, grid);
        painter.text(
            pos2(inside.left() - 4.0, y),
            Align2::RIGHT_CENTER,
            theme::figures(top * share),
            font.clone(),
            weak,
        );
        let (x, value) = (inside.left() + inside.width() * share as f32, low + (high - low) * share as f32);
        painter.vline(x, inside.y_range(), grid);
        let align = [Align2::LEFT_TOP, Align2::CENTER_TOP, Align2::RIGHT_TOP][(share * 2.0) as usize];
        painter.text(pos2(x, inside.bottom() + 3.0), align, theme::figures(f64::from(value)), font.clone(), weak);
    }
    let x_of = |amount: f32| inside.left() + inside.width() * (amount - low) / (high - low);
    for curve in curves {
        let place = |(amount, value): (&f32, &f64)| {
            pos2(x_of(*amount), inside.bottom() - inside.height() * (value / top) as f32)
        };
        let points: Vec<Pos2> = seen.amounts.iter().zip(&curve.values).map(place).collect();
        painter.add(egui::Shape::line(points, Stroke::new(1.5, curve.colour)));
    }
    painter.vline(x_of(amount), inside.y_range(), Stroke::new(1.5, theme::accent(dark)));
    let small = FontId::proportional(theme::SMALL_SIZE);
    let mut x = painter.text(rect.min, Align2::LEFT_TOP, title, small.clone(), ui.visuals().text_color()).right();
    let nearest = seen.amounts.iter().enumerate().min_by(|a, b| (a.1 - amount).abs().total_cmp(&(b.1 - amount).abs()));
    for curve in curves {
        let value =
            nearest.and_then(|(index, _)| curve.values.get(index)).map_or_else(String::new, |v| theme::figures(*v));
        let text = format!("{} {value}", curve.name);
        x = painter.text(pos2(x + 12.0, rect.top()), Align2::LEFT_TOP, text, small.clone(), curve.colour).right();
    }
    let pointer = response.interact_pointer_pos();
    response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    pointer.map(|pointer| low + (high - low) * ((pointer.x - inside.left()) / inside.width()).clamp(0.0, 1.0))
}

/// An amount a row.
pub(super) fn records(view: &InvariancePane) -> Option<Records> {
    let (seen, facts) = view.drawn.as_ref()?;
    let name = |cut: usize| {
        facts.cuts.iter().find(|own| own.cut == cut.into()).map_or_else(String::new, |own| own.name.clone())
    };
    let layers: Vec<(String, Vec<f64>)> =
        seen.curves.layers.iter().map(|layer| (format!("distance of {}", name(layer.cut)), layer.relative())).collect();
    let header = ["amount", "probability"].map(str::to_owned).into_iter();
    let mut records = Records::with_header(header.chain(layers.iter().map(|(name, _)| name.clone())));
    for (index, (amount, truth)) in seen.amounts.iter().zip(&seen.curves.truth).enumerate() {
        let mut row = vec![amount.to_string(), truth.to_string()];
        row.extend(layers.iter().map(|(_, values)| values.get(index).map_or_else(String::new, f64::to_string)));
        records.push_all(row);
    }
    Some(records)
}
