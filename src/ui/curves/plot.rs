//! One panel of curves: title and legend, lines, shared crosshair with its readout, markers, zoom.

use super::axis::{GRID_PIXELS, Scale, XAxis};
use super::lines::{Drawn, Lines};
use super::overlay;
use super::store::CurveStore;
use super::view::{self, Axes, PlotView};
use crate::engine::RunId;
use crate::ui::export::{Figure, Records};
use crate::ui::theme;
use egui::{Color32, PointerButton, Pos2, Rect, Response, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo, vec2};
use egui_plot::{AxisHints, GridMark, HLine, LineStyle, Plot, PlotBounds, PlotTransform, PlotUi};

/// A line to draw: a series of a run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub run: RunId,
    pub series: &'a str,
    /// What the run is called, where its points are saved.
    pub of: &'a str,
    /// What the legend and the readout call it.
    pub name: &'a str,
    pub colour: Color32,
    pub dashed: bool,
    /// Drawn wider and on top, the others fainter.
    pub highlighted: bool,
    /// What is known where the series has no point: drawn level across the whole panel, which must have another line.
    pub level: Option<f64>,
}

/// Something that happened: a change of a knob, a pause, the start of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// In untransformed units of the x axis.
    pub x: f64,
    pub label: String,
}

/// One line at the crosshair.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Position among the lines of the panel.
    pub line: usize,
    /// Of the nearest point, in untransformed units.
    pub x: f64,
    /// As measured.
    pub value: f64,
    pub smoothed: f64,
}

pub struct CurvePlotResponse {
    /// Of the area of the plot: attach a context menu to it.
    pub response: Response,
    /// Every line at the crosshair, in the order of the lines.
    pub readings: Vec<Reading>,
    /// Where the plot was clicked, in untransformed units of x: selects a step.
    pub clicked_x: Option<f64>,
}

/// A panel of curves, built up and then shown.
///
/// Left drag zooms to a box (a flat or narrow one along one axis), scrolling zooms (with Shift along x), right or
/// middle drag moves, dragging an axis stretches it, double click fits.
#[must_use = "a panel draws nothing until it is shown"]
pub struct CurvePlot<'a> {
    id: &'a str,
    title: &'a str,
    unit: &'a str,
    percent: bool,
    x_axis: XAxis,
    lines: &'a [Line<'a>],
    markers: &'a [Marker],
    height: Option<f32>,
    readout: bool,
    empty_text: &'a str,
}

impl<'a> CurvePlot<'a> {
    /// `id` sets it apart from its neighbours; `title` also names it for those who do not see it: "Loss" is the
    /// "Loss plot".
    pub fn new(id: &'a str, title: &'a str) -> Self {
        Self {
            id,
            title,
            unit: "",
            percent: false,
            x_axis: XAxis::Step,
            lines: &[],
            markers: &[],
            height: None,
            readout: true,
            empty_text: "Nothing yet: press Space to train.",
        }
    }

    /// Shown after the title.
    pub fn unit(mut self, unit: &'a str) -> Self {
        self.unit = unit;
        self
    }

    /// Values are fractions, to be written as percentages.
    pub fn percent(mut self) -> Self {
        self.percent = true;
        self.unit = "%";
        self
    }

    pub fn x_axis(mut self, x_axis: XAxis) -> Self {
        self.x_axis = x_axis;
        self
    }

    pub fn lines(mut self, lines: &'a [Line<'a>]) -> Self {
        self.lines = lines;
        self
    }

    pub fn markers(mut self, markers: &'a [Marker]) -> Self {
        self.markers = markers;
        self
    }

    /// Of the whole panel with its title, in points. All there is unless set.
    pub fn height(mut self, height: f32) -> Self {
        self.height = Some(height);
        self
    }

    /// Whether values are shown at the crosshair (they are returned in any case).
    pub fn readout(mut self, show: bool) -> Self {
        self.readout = show;
        self
    }

    /// What is said while no line has a point.
    pub fn empty_text(mut self, text: &'a str) -> Self {
        self.empty_text = text;
        self
    }

    /// `cursor` is the crosshair in untransformed units of x. Panels with the same quantity along x that are given the
    /// same one share it: the one under the pointer moves it, the others draw it.
    pub fn show(
        self,
        ui: &mut Ui,
        store: &CurveStore,
        view: &mut PlotView,
        cursor: &mut Option<f64>,
    ) -> CurvePlotResponse {
        let bottom = ui.cursor().top() + self.height.unwrap_or(ui.available_height());
        let scope = ui.push_id(self.id, |ui| {
            let figure = Figure::begin(ui, self.title);
            overlay::title_row(ui, self.title, self.unit, self.lines);
            let size = vec2(ui.available_width(), (bottom - ui.cursor().top()).max(8.0 * theme::UNIT));
            let drawn: Vec<Drawn<'_>> = self
                .lines
                .iter()
                .filter_map(|line| Some(Drawn { line, curve: store.curve(line.run, line.series)? }))
                .collect();
            let axes = Axes::new(view, self.x_axis);
            let levels = self.levels(store);
            let shown = match view::bounds(view, axes, &drawn, levels.iter().map(|(_, value)| *value)) {
                Some(bounds) => self.show_plot(ui, size, &drawn, &levels, axes, bounds, view, cursor),
                None => self.show_empty(ui, size),
            };
            figure.end(ui, ui.min_rect(), || records(store, self.lines));
            shown
        });
        scope.inner
    }

    /// Lines without points, and where they lie.
    fn levels(&self, store: &CurveStore) -> Vec<(&'a Line<'a>, f64)> {
        let without_points = self.lines.iter().filter(|line| store.curve(line.run, line.series).is_none());
        without_points.filter_map(|line| Some((line, line.level?))).collect()
    }

    fn name_response(&self, ui: &Ui, response: &Response) {
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, enabled, format!("{} plot", self.title)));
    }

    fn show_empty(&self, ui: &mut Ui, size: Vec2) -> CurvePlotResponse {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        self.name_response(ui, &response);
        overlay::empty(ui, rect, self.empty_text);
        CurvePlotResponse { response, readings: Vec::new(), clicked_x: None }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one panel, passed once")]
    fn show_plot(
        &self,
        ui: &mut Ui,
        size: Vec2,
        drawn: &[Drawn<'_>],
        levels: &[(&Line<'_>, f64)],
        axes: Axes,
        bounds: PlotBounds,
        view: &mut PlotView,
        cursor: &mut Option<f64>,
    ) -> CurvePlotResponse {
        let plot = self.widget(ui, axes).width(size.x).height(size.y).show(ui, |plot_ui| {
            plot_ui.set_plot_bounds(bounds);
            navigate(plot_ui);
            for &(line, value) in levels.iter().filter(|(_, value)| axes.y.draws(*value)) {
                let level = HLine::new(line.name, axes.y.forward(value)).allow_hover(false);
                plot_ui.hline(level.stroke((1.5, line.colour)).style(LineStyle::dashed_loose()));
            }
            plot_ui.add(Lines::new(drawn, axes));
        });
        let (response, transform) = (plot.response, plot.transform);
        self.name_response(ui, &response);
        if *transform.bounds() != bounds {
            view.bounds = view::zoomed(transform.bounds(), axes).or(view.bounds);
        }
        let mut held: Held = ui.data(|data| data.get_temp(response.id)).unwrap_or_default();
        box_zoom(ui, &response, &transform, axes, view, &mut held);
        if response.double_clicked() {
            view.fit();
        }
        move_cursor(ui, &response, &transform, axes, cursor, &mut held);
        ui.data_mut(|data| data.insert_temp(response.id, held));

        let clicked = response.clicked() && !response.double_clicked();
        let pointed = response.interact_pointer_pos().filter(|_| clicked);
        let clicked_x = pointed.map(|place| axes.x.inverse(transform.value_from_position(place).x));
        let overlay = overlay::Overlay { ui, transform: &transform, axes, percent: self.percent };
        overlay.axis_name();
        overlay.markers(self.markers, response.hover_pos());
        let readings = cursor.map(|x| self.readings(drawn, x)).unwrap_or_default();
        if let Some(x) = *cursor {
            overlay.crosshair(x, &readings, self.lines);
            if self.readout {
                overlay.readout(x, &readings, self.lines, response.hover_pos());
            }
        }
        CurvePlotResponse { response, readings, clicked_x }
    }

    fn widget<'p>(&self, ui: &Ui, axes: Axes) -> Plot<'p> {
        let dark = ui.visuals().dark_mode;
        let hints = |hints: AxisHints<'p>, scale: Scale, percent: bool| {
            hints
                .formatter(move |mark, range| {
                    scale.label(in_percent(mark, scale, percent), (*range.start(), *range.end()))
                })
                .tick_label_color(ui.visuals().weak_text_color())
                .tick_label_font(TextStyle::Small.resolve(ui.style()))
        };
        let (x, y) = (axes.x, axes.y);
        Plot::new("plot")
            .show_x(false)
            .show_y(false)
            .show_crosshair(false)
            .allow_double_click_reset(false)
            .allow_boxed_zoom(false)
            .allow_scroll(false)
            .pan_pointer_button(PointerButton::Secondary)
            .grid_color(theme::border(dark))
            .grid_spacing(GRID_PIXELS as f32..=40.0)
            .x_grid_spacer(move |input| x.marks(&input, 80.0))
            .y_grid_spacer(move |input| y.marks(&input, 30.0))
            .custom_x_axes(vec![hints(AxisHints::new_x().label_spacing(16.0..=24.0), x, false)])
            .custom_y_axes(vec![hints(
                AxisHints::new_y().label_spacing(12.0..=18.0).min_thickness(5.0 * theme::UNIT),
                y,
                self.percent,
            )])
    }

    fn readings(&self, drawn: &[Drawn<'_>], x: f64) -> Vec<Reading> {
        let reading = |(line, wanted): (usize, &Line<'_>)| {
            let curve = drawn.iter().find(|drawn| std::ptr::eq(drawn.line, wanted))?.curve;
            let nearest = curve.nearest(self.x_axis, x)?;
            let (value, smoothed) = (curve.values()[nearest], curve.smoothed()[nearest]);
            Some(Reading { line, x: curve.x(self.x_axis)[nearest], value, smoothed })
        };
        self.lines.iter().enumerate().filter_map(reading).collect()
    }
}

/// Every point of every line, whatever part of them is in sight: one row a point. `None` while there is none.
pub fn records(store: &CurveStore, lines: &[Line<'_>]) -> Option<Records> {
    let mut records = Records::new(["run", "series", "step", "epoch", "seconds", "value", "smoothed"]);
    for line in lines {
        let Some(curve) = store.curve(line.run, line.series) else { continue };
        let [steps, epochs, seconds] = XAxis::ALL.map(|axis| curve.x(axis));
        for (point, value) in curve.values().iter().enumerate() {
            records.push([
                line.of,
                line.series,
                &steps[point].to_string(),
                &epochs[point].to_string(),
                &seconds[point].to_string(),
                &value.to_string(),
                &curve.smoothed()[point].to_string(),
            ]);
        }
    }
    (!records.is_empty()).then_some(records)
}

fn in_percent(mark: GridMark, scale: Scale, percent: bool) -> GridMark {
    match (percent, scale) {
        (false, _) => mark,
        (true, Scale::Linear) => GridMark { value: 100.0 * mark.value, step_size: 100.0 * mark.step_size },
        (true, Scale::Log) => GridMark { value: mark.value + 2.0, ..mark },
    }
}

/// Scroll to zoom, middle drag to move.
fn navigate(plot_ui: &mut PlotUi<'_>) {
    if plot_ui.response().dragged_by(PointerButton::Middle) {
        let moved = plot_ui.pointer_coordinate_drag_delta();
        plot_ui.translate_bounds(-moved);
    }
    if !plot_ui.response().contains_pointer() {
        return;
    }
    // Taken, so that a scroll area around the plot stays where it is.
    let scrolled = plot_ui.ctx().input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta));
    if scrolled != Vec2::ZERO {
        let zoom = |points: f32| (points / 200.0).exp();
        plot_ui.zoom_bounds_around_hovered(vec2(zoom(scrolled.x + scrolled.y), zoom(scrolled.y)));
    }
}

/// What a panel remembers from frame to frame.
#[derive(Clone, Copy, Default)]
struct Held {
    /// Where a box zoom began.
    box_from: Option<Pos2>,
    /// Where this panel has put the crosshair, to be taken away when the pointer leaves.
    cursor: Option<f64>,
}

/// Thinner than this, a box zooms along its length only.
const THIN: f32 = 8.0;

fn box_zoom(ui: &Ui, response: &Response, transform: &PlotTransform, axes: Axes, view: &mut PlotView, held: &mut Held) {
    if response.drag_started_by(PointerButton::Primary) {
        held.box_from = ui.input(|input| input.pointer.press_origin());
    }
    if ui.input(|input| input.key_pressed(egui::Key::Escape)) {
        held.box_from = None;
    }
    let pointer = ui.input(|input| input.pointer.latest_pos());
    let (Some(from), Some(to)) = (held.box_from, pointer) else { return };
    let frame = *transform.frame();
    let mut area = Rect::from_two_pos(frame.clamp(from), frame.clamp(to));
    if area.height() < THIN {
        (area.min.y, area.max.y) = (frame.min.y, frame.max.y);
    } else if area.width() < THIN {
        (area.min.x, area.max.x) = (frame.min.x, frame.max.x);
    }
    if response.dragged_by(PointerButton::Primary) {
        overlay::zoom_box(ui, area);
        return;
    }
    held.box_from = None;
    if response.drag_stopped_by(PointerButton::Primary) && area.width() >= THIN {
        let (low, high) =
            (transform.value_from_position(area.left_bottom()), transform.value_from_position(area.right_top()));
        let bounds = PlotBounds::from_min_max([low.x, low.y], [high.x, high.y]);
        view.bounds = view::zoomed(&bounds, axes).or(view.bounds);
        ui.ctx().request_repaint();
    }
}

fn move_cursor(
    ui: &Ui,
    response: &Response,
    transform: &PlotTransform,
    axes: Axes,
    cursor: &mut Option<f64>,
    held: &mut Held,
) {
    let before = *cursor;
    if let Some(pointer) = response.hover_pos() {
        *cursor = Some(axes.x.inverse(transform.value_from_position(pointer).x));
        held.cursor = *cursor;
    } else if held.cursor.is_some() {
        if *cursor == held.cursor {
            *cursor = None;
        }
        held.cursor = None;
    }
    if *cursor != before {
        // The panels drawn before this one have yet to hear of it.
        ui.ctx().request_repaint();
    }
}
