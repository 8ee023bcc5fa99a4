//! The lines of a panel as one item of the plot widget, decimated for the frame they are drawn in.

use super::decimate::{Columns, Window, each_visible};
use super::plot::Line;
use super::store::Curve;
use super::view::Axes;
use egui::{Color32, Pos2, Shape, Stroke, Ui};
use egui_plot::{PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotPoint, PlotTransform};
use std::ops::RangeInclusive;

/// Under the smoothed line the measured one is only a shadow.
const RAW_OPACITY: f32 = 0.25;
/// What the others keep while one line is highlighted.
const BACKGROUND_OPACITY: f32 = 0.4;
const WIDTH: f32 = 1.5;
const HIGHLIGHTED_WIDTH: f32 = 2.5;
const DASH: f32 = 5.0;
/// Points further apart than this many pixels are marked.
const SPARSE: usize = 24;

/// A line that has points.
#[derive(Clone, Copy)]
pub(super) struct Drawn<'a> {
    pub line: &'a Line<'a>,
    pub curve: &'a Curve,
}

pub(super) struct Lines<'a> {
    base: PlotItemBase,
    drawn: &'a [Drawn<'a>],
    axes: Axes,
}

impl<'a> Lines<'a> {
    pub fn new(drawn: &'a [Drawn<'a>], axes: Axes) -> Self {
        Self { base: PlotItemBase::new(String::new()), drawn, axes }
    }

    fn window(&self, transform: &PlotTransform) -> Window {
        let ([left, _], [right, _]) = (transform.bounds().min(), transform.bounds().max());
        Window {
            x: (self.axes.x.inverse(left), self.axes.x.inverse(right)),
            pixels: (transform.frame().width().ceil() as usize).max(1),
            x_scale: self.axes.x,
            y_scale: self.axes.y,
        }
    }

    fn path(&self, columns: Columns<'_>, window: &Window, transform: &PlotTransform) -> Vec<Pos2> {
        let mut path: Vec<Pos2> = Vec::with_capacity(2 * window.pixels);
        let reach = transform.frame().expand(10_000.0);
        each_visible(columns, window, |x, y| {
            let point = PlotPoint { x: self.axes.x.forward(x), y: self.axes.y.forward(y) };
            let place = reach.clamp(transform.position_from_point(&point));
            // Less than half a pixel on: nobody would see it, and tessellation is what a frame costs.
            if path.last().is_none_or(|last| (*last - place).abs().max_elem() >= 0.5) {
                path.push(place);
            }
        });
        path
    }

    fn draw(&self, drawn: &Drawn<'_>, transform: &PlotTransform, dimmed: bool, shapes: &mut Vec<Shape>) {
        let window = self.window(transform);
        let path = self.path(drawn.curve.smooth_columns(self.axes.quantity), &window, transform);
        let opacity = if dimmed { BACKGROUND_OPACITY } else { 1.0 };
        let width = if drawn.line.highlighted { HIGHLIGHTED_WIDTH } else { WIDTH };
        let stroke = Stroke::new(width, drawn.line.colour.gamma_multiply(opacity));
        if path.len() * SPARSE <= window.pixels || path.len() == 1 {
            shapes.extend(path.iter().map(|place| Shape::circle_filled(*place, width + 0.75, stroke.color)));
        }
        if !drawn.line.dashed {
            shapes.push(Shape::line(path, stroke));
        } else if path.len() * 4 <= window.pixels {
            Shape::dashed_line_many(&path, stroke, DASH, 0.6 * DASH, shapes);
        } else {
            dash_by_column(&path, stroke, shapes);
        }
    }
}

/// Dashes cut by x alone: along a noisy path they would be too short to see and too many to draw.
fn dash_by_column(path: &[Pos2], stroke: Stroke, shapes: &mut Vec<Shape>) {
    let gap = |place: &Pos2| ((place.x / DASH) as i64).rem_euclid(3) == 2;
    for dash in path.split(gap).filter(|dash| dash.len() > 1) {
        shapes.push(Shape::line(dash.to_vec(), stroke));
    }
}

impl PlotItem for Lines<'_> {
    fn shapes(&self, _ui: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let any_highlighted = self.drawn.iter().any(|drawn| drawn.line.highlighted);
        let window = self.window(transform);
        for drawn in self.drawn.iter().filter(|drawn| drawn.curve.is_smoothed()) {
            let dimmed = any_highlighted && !drawn.line.highlighted;
            let opacity = RAW_OPACITY * if dimmed { BACKGROUND_OPACITY } else { 1.0 };
            let path = self.path(drawn.curve.raw_columns(self.axes.quantity), &window, transform);
            shapes.push(Shape::line(path, Stroke::new(1.0, drawn.line.colour.gamma_multiply(opacity))));
        }
        for highlighted in [false, true] {
            for drawn in self.drawn.iter().filter(|drawn| drawn.line.highlighted == highlighted) {
                self.draw(drawn, transform, any_highlighted && !highlighted, shapes);
            }
        }
    }

    fn initialize(&mut self, _x_range: RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        Color32::TRANSPARENT
    }

    /// None: the widget would search every point for the one under the pointer; the panel has its own crosshair.
    fn geometry(&self) -> PlotGeometry<'_> {
        PlotGeometry::None
    }

    /// Nothing: the panel sets its bounds itself.
    fn bounds(&self) -> PlotBounds {
        PlotBounds::NOTHING
    }

    fn base(&self) -> &PlotItemBase {
        &self.base
    }

    fn base_mut(&mut self) -> &mut PlotItemBase {
        &mut self.base
    }
}
