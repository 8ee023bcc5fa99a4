//! The lines of a panel as one item of the plot widget, decimated for the frame they are drawn in.

use super::axis::XAxis;
use super::decimate::{Columns, Window, each_column, each_point};
use super::plot::Line;
use super::store::Curve;
use super::view::Axes;
use egui::{Color32, Mesh, Pos2, Rect, Shape, Stroke, Ui, Vec2, pos2, vec2};
use egui_plot::{PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotPoint, PlotTransform};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

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

    /// The ribbon of the last frame if nothing about it has changed, else a new one.
    fn kept_ribbon(
        &self,
        columns: Columns<'_>,
        revision: u64,
        transform: &PlotTransform,
        pen: Pen,
        kept: &mut Kept<'_>,
    ) -> Shape {
        let key = RibbonKey {
            revision,
            quantity: self.axes.quantity,
            window: self.window(transform),
            frame: *transform.frame(),
            y: (transform.bounds().min()[1], transform.bounds().max()[1]),
            pen,
        };
        Shape::Mesh(kept.next(key, || self.ribbon(columns, transform, pen)))
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
        let mut path: Vec<Pos2> = Vec::with_capacity(window.pixels);
        let reach = transform.frame().expand(10_000.0);
        each_point(columns, window, |x, y| {
            let point = PlotPoint { x: self.axes.x.forward(x), y: self.axes.y.forward(y) };
            let place = reach.clamp(transform.position_from_point(&point));
            // Less than half a pixel on: nobody would see it, and tessellation is what a frame costs.
            if path.last().is_none_or(|last| (*last - place).abs().max_elem() >= 0.5) {
                path.push(place);
            }
        });
        path
    }

    /// A dense line as a ribbon from the lowest to the highest value of every pixel column.
    fn ribbon(&self, columns: Columns<'_>, transform: &PlotTransform, pen: Pen) -> Mesh {
        let window = self.window(transform);
        let frame = transform.frame();
        let rows = frame.expand(10_000.0).y_range();
        let (lowest, per_unit) = (transform.bounds().min()[1], transform.dpos_dvalue_y());
        let row = |v: f64| rows.clamp(frame.bottom() + ((self.axes.y.forward(v) - lowest) * per_unit) as f32);
        let mut ribbon = Ribbon::new(pen, window.pixels);
        each_column(columns, &window, |column| {
            let place = (column.pixel as f32 + 0.5) / window.pixels as f32;
            ribbon.push(Bar {
                x: frame.left() + place * frame.width(),
                top: row(column.high),
                bottom: row(column.low),
            });
        });
        ribbon.mesh
    }

    fn draw_raw(
        &self,
        drawn: &Drawn<'_>,
        transform: &PlotTransform,
        dimmed: bool,
        shapes: &mut Vec<Shape>,
        kept: &mut Kept<'_>,
    ) {
        let window = self.window(transform);
        let columns = drawn.curve.raw_columns(self.axes.quantity);
        let opacity = RAW_OPACITY * if dimmed { BACKGROUND_OPACITY } else { 1.0 };
        let stroke = Stroke::new(1.0, drawn.line.colour.gamma_multiply(opacity));
        if window.is_dense(columns) {
            let pen = Pen { stroke, soft: false, dashed: false };
            shapes.push(self.kept_ribbon(columns, drawn.curve.revision(), transform, pen, kept));
        } else {
            shapes.push(Shape::line(self.path(columns, &window, transform), stroke));
        }
    }

    fn draw(
        &self,
        drawn: &Drawn<'_>,
        transform: &PlotTransform,
        dimmed: bool,
        shapes: &mut Vec<Shape>,
        kept: &mut Kept<'_>,
    ) {
        let window = self.window(transform);
        let columns = drawn.curve.smooth_columns(self.axes.quantity);
        let opacity = if dimmed { BACKGROUND_OPACITY } else { 1.0 };
        let width = if drawn.line.highlighted { HIGHLIGHTED_WIDTH } else { WIDTH };
        let stroke = Stroke::new(width, drawn.line.colour.gamma_multiply(opacity));
        if window.is_dense(columns) {
            let pen = Pen { stroke, soft: true, dashed: drawn.line.dashed };
            shapes.push(self.kept_ribbon(columns, drawn.curve.revision(), transform, pen, kept));
            return;
        }
        let path = self.path(columns, &window, transform);
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

/// What a ribbon depends on.
#[derive(Clone, Copy, PartialEq)]
struct RibbonKey {
    revision: u64,
    quantity: XAxis,
    window: Window,
    frame: Rect,
    y: (f64, f64),
    pen: Pen,
}

/// The ribbons of a panel, in the order in which they are drawn. Of ten runs on screen nine no longer grow.
#[derive(Clone, Default)]
struct Ribbons(Arc<Mutex<Vec<Ribboned>>>);

type Ribboned = (RibbonKey, Arc<Mesh>);

/// One frame's walk through the ribbons of the last one.
struct Kept<'a> {
    ribbons: &'a mut Vec<Ribboned>,
    at: usize,
}

impl Kept<'_> {
    fn next(&mut self, key: RibbonKey, make: impl FnOnce() -> Mesh) -> Arc<Mesh> {
        let place = self.at;
        self.at += 1;
        if let Some((known, mesh)) = self.ribbons.get(place)
            && *known == key
        {
            return Arc::clone(mesh);
        }
        let mesh = Arc::new(make());
        if place < self.ribbons.len() {
            self.ribbons[place] = (key, Arc::clone(&mesh));
        } else {
            self.ribbons.push((key, Arc::clone(&mesh)));
        }
        mesh
    }
}

/// How a ribbon is drawn.
#[derive(Clone, Copy, PartialEq)]
struct Pen {
    stroke: Stroke,
    /// With edges that fade over a pixel; hard ones cost half, and nobody sees them on a faint line.
    soft: bool,
    dashed: bool,
}

/// A band that grows to the right, a quad a column: the widget's own paths cost several times more for as many columns.
struct Ribbon {
    pen: Pen,
    mesh: Mesh,
    /// The column that the next one joins.
    last: Option<Bar>,
}

/// What one pixel column spans on screen.
#[derive(Clone, Copy)]
struct Bar {
    x: f32,
    top: f32,
    bottom: f32,
}

impl Bar {
    fn ends(self) -> [Pos2; 2] {
        [pos2(self.x, self.top), pos2(self.x, self.bottom)]
    }
}

impl Ribbon {
    fn new(pen: Pen, columns: usize) -> Self {
        let mut mesh = Mesh::default();
        let rows = if pen.soft { 4 } else { 2 };
        mesh.reserve_vertices(rows * columns);
        mesh.reserve_triangles(2 * (rows - 1) * columns);
        Self { pen, mesh, last: None }
    }

    fn push(&mut self, bar: Bar) {
        if self.pen.dashed && is_gap(bar.x) {
            self.last = None;
            return;
        }
        let Some(last) = self.last.replace(bar) else { return self.edge(bar) };
        // Where two columns do not meet, a quad between them would be thinner the steeper it is.
        let (falls, rises) = (bar.top - last.bottom, last.top - bar.bottom);
        if falls.max(rises) <= 1.0 {
            self.edge(bar);
            self.join();
            return;
        }
        let ends = if falls > rises { [last.ends()[1], bar.ends()[0]] } else { [last.ends()[0], bar.ends()[1]] };
        self.segment(ends);
        for one in [last, bar].into_iter().filter(|one| one.bottom - one.top > 1.0) {
            self.segment(one.ends());
        }
        self.edge(bar);
    }

    /// The vertices of a column, from top to bottom.
    fn edge(&mut self, Bar { x, top, bottom }: Bar) {
        let half = self.pen.stroke.width / 2.0;
        self.across(pos2(x, top.midpoint(bottom)), vec2(0.0, 1.0), (bottom - top) / 2.0 + half, self.pen.soft);
    }

    /// Vertices across a stroke: two hard ones, or four that fade out over a pixel.
    fn across(&mut self, centre: Pos2, normal: Vec2, half: f32, soft: bool) {
        let colour = self.pen.stroke.color;
        let mut add = |offset: f32, colour| self.mesh.colored_vertex(centre + offset * normal, colour);
        if soft {
            add(-half - 0.5, Color32::TRANSPARENT);
            add(0.5 - half, colour);
            add(half - 0.5, colour);
            add(half + 0.5, Color32::TRANSPARENT);
        } else {
            add(-half, colour);
            add(half, colour);
        }
    }

    /// A straight stroke of its own.
    fn segment(&mut self, [from, to]: [Pos2; 2]) {
        let normal = (to - from).normalized().rot90();
        let half = self.pen.stroke.width / 2.0;
        self.across(from, normal, half, self.pen.soft);
        self.across(to, normal, half, self.pen.soft);
        self.join();
    }

    /// Fill between the last two rows of vertices.
    fn join(&mut self) {
        let rows = if self.pen.soft { 4 } else { 2 };
        let end = self.mesh.vertices.len() as u32;
        for row in end - rows..end - 1 {
            self.mesh.add_triangle(row - rows, row, row + 1);
            self.mesh.add_triangle(row - rows, row + 1, row + 1 - rows);
        }
    }
}

/// Every third stretch of five pixels.
fn is_gap(x: f32) -> bool {
    ((x / DASH) as i64).rem_euclid(3) == 2
}

/// Dashes cut by x alone: along a noisy path they would be too short to see and too many to draw.
fn dash_by_column(path: &[Pos2], stroke: Stroke, shapes: &mut Vec<Shape>) {
    for dash in path.split(|place| is_gap(place.x)).filter(|dash| dash.len() > 1) {
        shapes.push(Shape::line(dash.to_vec(), stroke));
    }
}

impl PlotItem for Lines<'_> {
    fn shapes(&self, ui: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let id = ui.unique_id().with("ribbons");
        let ribbons: Ribbons = ui.data_mut(|data| data.get_temp_mut_or_default::<Ribbons>(id).clone());
        let mut ribbons = ribbons.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = Kept { ribbons: &mut ribbons, at: 0 };
        let any_highlighted = self.drawn.iter().any(|drawn| drawn.line.highlighted);
        for drawn in self.drawn.iter().filter(|drawn| drawn.curve.is_smoothed()) {
            self.draw_raw(drawn, transform, any_highlighted && !drawn.line.highlighted, shapes, &mut kept);
        }
        for highlighted in [false, true] {
            for drawn in self.drawn.iter().filter(|drawn| drawn.line.highlighted == highlighted) {
                self.draw(drawn, transform, any_highlighted && !highlighted, shapes, &mut kept);
            }
        }
        let drawn = kept.at;
        ribbons.truncate(drawn);
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
