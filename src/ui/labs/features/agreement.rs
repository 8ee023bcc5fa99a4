//! How much images disagree at each layer, as a plot and a table: a part of the pane Correspondence.

use crate::engine::Facts;
use crate::lens::LayerCorrespondence;
use crate::ui::theme;
use crate::ui::widgets::table::{Column, Table};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

const HEIGHT: f32 = 184.0;
const LEFT: f32 = 40.0;
const LEGEND: f32 = 18.0;
const BOTTOM: f32 = 18.0;
/// For the name of a layer, in points.
const NAME: f32 = 52.0;
const CAP: f32 = 3.0;
/// What is rarer than this by chance is emphasised.
const SIGNIFICANT: f64 = 0.05;

const COLUMNS: [Column; 6] = [
    Column::text("Layer", 84.0, "Where features are compared"),
    Column::number("Marked", 56.0, "Mean Hamming distance of signs over pairs of images, the marked part hidden"),
    Column::number("\u{b1}", 48.0, "Standard deviation over the pairs"),
    Column::number("Random", 56.0, "The same with a random part of the same size hidden on each image"),
    Column::number("\u{b1} ", 48.0, "Standard deviation over the draws of random parts"),
    Column::number(
        "p",
        48.0,
        "Permutation test: the probability of a distance as small as that of the marked parts, were they no others than the random ones",
    ),
];

pub(super) fn layer_name(facts: &Facts, cut: usize) -> String {
    facts.cuts.iter().find(|own| own.cut == cut.into()).map_or_else(|| cut.to_string(), |own| own.name.clone())
}

pub(super) fn show(ui: &mut Ui, layers: &[LayerCorrespondence], facts: &Facts) {
    plot(ui, layers, facts);
    ui.add_space(theme::UNIT / 2.0);
    ui.scope(|ui| {
        let mut table = Table::begin(ui, &COLUMNS);
        for layer in layers {
            let name = layer_name(facts, layer.cut);
            let values = [layer.marked, layer.marked_deviation, layer.random, layer.random_deviation, layer.p_value];
            let row = table.row(ui, || {
                let [marked, _, random, _, p] = values.map(theme::figures);
                format!("Correspondence at {name}: marked {marked}, random {random}, p {p}")
            });
            let text = ui.visuals().text_color();
            let accent = theme::accent(ui.visuals().dark_mode);
            row.text(ui, 0, &name, text);
            for (index, value) in values.into_iter().enumerate() {
                let is_found = index + 2 == COLUMNS.len() && layer.p_value < SIGNIFICANT;
                row.text(ui, index + 1, theme::figures(value), if is_found { accent } else { text });
            }
        }
    });
}

/// One curve: its values with their deviations.
struct Curve {
    name: &'static str,
    colour: Color32,
    /// Beside the middle, so that bars do not cover each other.
    shift: f32,
    values: Vec<(f64, f64)>,
}

fn plot(ui: &mut Ui, layers: &[LayerCorrespondence], facts: &Facts) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let title = "Share of signs that differ between images, by layer";
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, title));
    let inside = Rect::from_min_max(rect.min + vec2(LEFT, LEGEND), rect.max - vec2(theme::UNIT, BOTTOM));
    let dark = ui.visuals().dark_mode;
    let curves = [
        Curve {
            name: "random parts",
            colour: theme::baseline(dark),
            shift: 3.0,
            values: layers.iter().map(|layer| (layer.random, layer.random_deviation)).collect(),
        },
        Curve {
            name: "marked part",
            colour: theme::accent(dark),
            shift: -3.0,
            values: layers.iter().map(|layer| (layer.marked, layer.marked_deviation)).collect(),
        },
    ];
    let values = curves.iter().flat_map(|curve| &curve.values);
    let top = values.fold(0.1, |top: f64, (value, deviation)| top.max(value + deviation)).min(1.0);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(inside, 0.0, theme::plot_background(dark));
    let weak = ui.visuals().weak_text_color();
    let font = FontId::monospace(theme::SMALL_SIZE - 1.0);
    for share in [0.0, 0.5, 1.0] {
        let y = inside.bottom() - inside.height() * share as f32;
        painter.hline(inside.x_range(), y, Stroke::new(1.0, theme::border(dark)));
        let value = theme::figures(top * share);
        painter.text(pos2(inside.left() - 4.0, y), Align2::RIGHT_CENTER, value, font.clone(), weak);
    }
    let step = inside.width() / layers.len().max(1) as f32;
    let middle = |index: usize| inside.left() + (index as f32 + 0.5) * step;
    let every = (NAME / step).ceil().max(1.0) as usize;
    for (index, layer) in layers.iter().enumerate().filter(|(index, _)| index % every == 0) {
        let at = pos2(middle(index), inside.bottom() + 3.0);
        painter.text(at, Align2::CENTER_TOP, layer_name(facts, layer.cut), font.clone(), weak);
    }
    let y_of = |value: f64| inside.bottom() - inside.height() * (value / top).clamp(0.0, 1.0) as f32;
    for curve in &curves {
        paint_curve(&painter, curve, |index| middle(index) + curve.shift, y_of);
    }
    let small = FontId::proportional(theme::SMALL_SIZE);
    let text = ui.visuals().text_color();
    let mut x = painter.text(rect.min, Align2::LEFT_TOP, "signs that differ", small.clone(), text).right();
    for curve in curves.iter().rev() {
        let at = pos2(x + 12.0, rect.top());
        x = painter.text(at, Align2::LEFT_TOP, curve.name, small.clone(), curve.colour).right();
    }
}

fn paint_curve(painter: &Painter, curve: &Curve, x_of: impl Fn(usize) -> f32, y_of: impl Fn(f64) -> f32) {
    let stroke = Stroke::new(1.5, curve.colour);
    let points: Vec<Pos2> =
        curve.values.iter().enumerate().map(|(index, (value, _))| pos2(x_of(index), y_of(*value))).collect();
    for (point, (value, deviation)) in points.iter().zip(&curve.values) {
        let ends = [y_of(value - deviation), y_of(value + deviation)];
        painter.line_segment([pos2(point.x, ends[0]), pos2(point.x, ends[1])], Stroke::new(1.0, curve.colour));
        for y in ends {
            painter.hline(point.x - CAP..=point.x + CAP, y, Stroke::new(1.0, curve.colour));
        }
        painter.circle_filled(*point, 2.5, curve.colour);
    }
    painter.add(egui::Shape::line(points, stroke));
}
