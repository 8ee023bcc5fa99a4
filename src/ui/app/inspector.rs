//! What is known of the selection, on the right.

use super::help::Topic;
use super::run_page::RunPage;
use super::session::{Looked, Selection, Session};
use super::{App, RunRecord};
use crate::engine::{ImageSource, Inspection, RunId, Started};
use crate::nets::Shape;
use crate::ui::curves::{CurvePlot, Line, PlotView};
use crate::ui::export::{Figure, Records};
use crate::ui::theme::{self, icon};
use crate::ui::widgets::activations::ActivationAtlas;
use crate::ui::widgets::atlas::{ImageAtlas, snap};
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::probabilities::{class_name, most_likely, rows};
use egui::{Button, Frame, Margin, Panel, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2};

const WIDTH: f32 = 33.0 * theme::UNIT;
/// A window narrower than this has no room to spare.
pub(super) const SMALL_WINDOW: f32 = 90.0 * theme::UNIT;
/// Nor one narrower than this for an inspector that is empty.
const ROOM_FOR_NOTHING: f32 = 138.0 * theme::UNIT;
const IMAGE_SIDE: f32 = 18.0 * theme::UNIT;
const PLOT_HEIGHT: f32 = 20.0 * theme::UNIT;

#[derive(Default)]
pub(super) struct InspectorView {
    image: Option<(RunId, ImageSource, ImageAtlas)>,
    activations: Option<ActivationAtlas>,
    plots: [PlotView; 3],
    cursor: Option<f64>,
    run: RunPage,
}

impl App {
    pub(super) fn inspector(&mut self, ui: &mut Ui) {
        // In a small window there is no room to say that nothing is selected.
        let window = ui.ctx().content_rect().width();
        let has_nothing = self.session.selection == Selection::Nothing;
        if !self.lab().inspector_open() || (window < ROOM_FOR_NOTHING && has_nothing) {
            return;
        }
        let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::same(8));
        let widest = (window * 0.45).clamp(160.0, 640.0);
        let least = if window < SMALL_WINDOW { 160.0 } else { 200.0 };
        let panel = Panel::right("inspector").default_size(WIDTH).size_range(least..=widest).frame(frame);
        let panel = panel.show(ui, |ui| {
            let figure = Figure::begin(ui, "Inspector");
            let whole = ui.max_rect().expand(theme::UNIT);
            ui.take_available_width();
            let selection = self.session.selection.clone();
            ui.horizontal(|ui| {
                ui.label(theme::title("Inspector"));
                ui.label(RichText::new(subtitle(&selection)).small().weak());
            });
            ui.separator();
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match &selection {
                Selection::Nothing => {
                    empty(ui, icon::INFO, "Click an image, a layer or a run: what is known of it appears here.", None);
                }
                Selection::Image(source) => self.inspector.image(ui, &mut self.session, source),
                Selection::Layer(name) => self.inspector.layer(ui, &self.session, name),
                Selection::Run(id) => self.inspector.run.show(ui, &mut self.session, &mut self.book, *id),
            });
            figure.end(ui, whole, || None);
        });
        self.note_topic(ui, panel.response.rect, Topic::Inspector);
    }
}

/// An image, a value a row.
fn pixels_of(shape: Shape, pixels: &[u8]) -> Option<Records> {
    let mut records = Records::new(["channel", "row", "column", "value"]);
    for (index, value) in pixels.iter().enumerate() {
        let [channel, row, column] = place_in(shape, index);
        records.push([channel, row, column, value.to_string()]);
    }
    (!records.is_empty()).then_some(records)
}

/// What an image makes of every layer, a value a row.
fn values_of(inspection: &Inspection) -> Records {
    let mut records = Records::new(["layer", "channel", "row", "column", "value"]);
    for layer in &inspection.activations {
        for (index, value) in layer.values.iter().enumerate() {
            let [channel, row, column] = place_in(layer.shape, index);
            records.push([layer.layer.clone(), channel, row, column, value.to_string()]);
        }
    }
    records
}

/// Channel, row and column of a value of `[channels, height, width]`.
fn place_in(shape: Shape, index: usize) -> [String; 3] {
    let (width, height) = (shape.width.max(1), shape.height.max(1));
    [index / (width * height), index / width % height, index % width].map(|place| place.to_string())
}

fn subtitle(selection: &Selection) -> String {
    match selection {
        Selection::Nothing => "nothing selected".to_owned(),
        Selection::Image(ImageSource::Test(index)) => format!("test image {index}"),
        Selection::Image(ImageSource::Validation(index)) => format!("validation image {index}"),
        Selection::Image(ImageSource::Pixels(_)) => "drawn image".to_owned(),
        Selection::Layer(name) => format!("layer {name}"),
        Selection::Run(_) => "run".to_owned(),
    }
}

impl InspectorView {
    fn image(&mut self, ui: &mut Ui, session: &mut Session, source: &ImageSource) {
        let Some(started) = session.current().and_then(|run| run.started.clone()) else {
            empty(ui, icon::IMAGE, "The images come with the next run.", None);
            return;
        };
        let label = match started.image(source) {
            Ok((pixels, label)) => {
                self.picture(ui, &started, source, pixels);
                label
            }
            Err(reason) => {
                empty(ui, icon::IMAGE, &format!("The current run lacks this image: {reason}."), None);
                return;
            }
        };
        step_through(ui, session, started.run, source);
        let names = &started.class_names;
        ui.label(label.map_or_else(|| "No label".to_owned(), |label| format!("Class {}", class_name(names, label))));
        let looked = session.inspection.clone().filter(|looked| looked.inspection.source == *source);
        let sample = started.samples.iter().position(|sample| sample.source == *source);
        let step = session.snapshot.samples.as_ref().map_or(0, |samples| samples.generation);
        let live = sample.and_then(|sample| Some((session.sample_probabilities()?.get(sample)?, step)));
        let answered = looked.as_ref().map(|looked| (&looked.inspection.probabilities, looked.generation));
        if let Some((probabilities, step)) = live.or(answered) {
            verdict(ui, names, probabilities, label, step);
            ui.add_space(theme::UNIT / 2.0);
            rows(ui, names, probabilities, label);
        }
        ui.add_space(theme::UNIT);
        match looked {
            Some(looked) => self.activations(ui, session, &looked),
            None => {
                ui.weak("The activations of this image appear here.");
            }
        }
    }

    fn picture(&mut self, ui: &mut Ui, started: &Started, source: &ImageSource, pixels: &[u8]) {
        let is_shown = |(run, shown, _): &(RunId, ImageSource, ImageAtlas)| *run == started.run && shown == source;
        if !self.image.as_ref().is_some_and(is_shown) {
            let atlas = ImageAtlas::new(ui.ctx(), "inspected", started.image_shape, std::iter::once(pixels));
            self.image = Some((started.run, source.clone(), atlas));
        }
        let Some((.., atlas)) = &self.image else { return };
        let pixels_per_point = ui.pixels_per_point();
        let size = atlas.size(atlas.scale_within(IMAGE_SIDE, pixels_per_point), pixels_per_point);
        let (space, _) = ui.allocate_exact_size(size + vec2(2.0, 2.0), Sense::hover());
        let rect = Rect::from_min_size(snap(space.min + vec2(1.0, 1.0), pixels_per_point), size);
        let figure = Figure::begin(ui, "Image");
        atlas.paint(ui.painter(), 0, rect);
        let border = Stroke::new(1.0, theme::border(ui.visuals().dark_mode));
        ui.painter().rect_stroke(rect, 0.0, border, StrokeKind::Outside);
        figure.end(ui, rect.expand(1.0), || pixels_of(started.image_shape, pixels));
    }

    fn activations(&mut self, ui: &mut Ui, session: &mut Session, looked: &Looked) {
        let dark = ui.visuals().dark_mode;
        if self.activations.as_ref().is_none_or(|atlas| !atlas.fits(&looked.inspection)) {
            self.activations = Some(ActivationAtlas::new(ui.ctx(), &looked.inspection, dark));
        }
        let Some(atlas) = &mut self.activations else { return };
        atlas.update(looked.generation, &looked.inspection, dark);
        let (figure, top) = (Figure::begin(ui, "Activations"), ui.cursor().top());
        ui.label(theme::title("Activations"));
        let text = format!("at step {}; colours scaled by layer", format::count(looked.generation));
        ui.label(RichText::new(text).small().weak());
        ui.add_space(theme::UNIT / 2.0);
        let clicked = atlas.show(ui, None);
        let shown = Rect::from_x_y_ranges(ui.min_rect().x_range(), top..=ui.cursor().top());
        figure.end(ui, shown, || Some(values_of(&looked.inspection)));
        if let Some(layer) = clicked {
            session.selection = Selection::Layer(layer);
        }
    }

    fn layer(&mut self, ui: &mut Ui, session: &Session, name: &str) {
        let Some(run) = session.current() else {
            empty(ui, icon::STACK, "How this layer fares appears here once it learns.", None);
            return;
        };
        let started = run.started.as_ref();
        let Some(layer) = started.and_then(|started| started.layers.iter().find(|layer| layer.name == name)) else {
            empty(ui, icon::STACK, "The current network has no such layer.", None);
            return;
        };
        fact(ui, "Kind", layer.kind.replace('_', " "));
        fact(ui, "Input", layer.input.to_string());
        fact(ui, "Output", layer.output.to_string());
        fact(ui, "Parameters", format::count(layer.parameters));
        fact(ui, "Multiply-adds", format::count(layer.multiply_adds));
        let field = layer.receptive_field;
        fact(ui, "Receptive field", format!("{} px, stride {}", field.size, field.stride));
        if let Some(health) = run.health.iter().find(|health| health.layer == name) {
            if health.weight_norm.is_some() {
                fact(ui, "Weight norm", format::maybe(health.weight_norm));
            }
            if let Some(share) = health.dead_share {
                fact(ui, "Dead units", format::percent(share));
            }
        }
        ui.add_space(theme::UNIT);
        self.layer_plots(ui, session, run, name);
    }

    fn layer_plots(&mut self, ui: &mut Ui, session: &Session, run: &RunRecord, name: &str) {
        let figures =
            [("Gradient norm", "gradient_norm"), ("Update ratio", "update_ratio"), ("Dead share", "dead_share")];
        for ((title, series), view) in figures.into_iter().zip(&mut self.plots) {
            let series = format!("layer/{name}/{series}");
            if session.store.curve(run.id, &series).is_none() {
                continue;
            }
            let lines = [Line {
                run: run.id,
                of: &run.name,
                series: &series,
                name: &run.name,
                colour: session.colour_of(run, ui.visuals().dark_mode),
                dashed: false,
                highlighted: false,
                level: None,
            }];
            let plot = CurvePlot::new(title, title).lines(&lines).height(PLOT_HEIGHT);
            plot.show(ui, &session.store, view, &mut self.cursor);
        }
    }
}

/// Buttons to the images before and after this one, where it is in the list of the mistakes.
fn step_through(ui: &mut Ui, session: &mut Session, run: RunId, source: &ImageSource) {
    let Some(listed) = session.listed.clone().filter(|listed| listed.run == run) else { return };
    let Some(place) = listed.place_of(source) else { return };
    ui.horizontal(|ui| {
        let neighbours =
            [("Previous", "Previous image", place.checked_sub(1)), ("Next", "Next image", Some(place + 1))];
        for (text, name, place) in neighbours {
            let image = place.and_then(|place| listed.source(place));
            let button = ui.add_enabled(image.is_some(), Button::new(RichText::new(text).small()));
            let button = button.on_hover_text(format!("{name} of those that the pane Mistakes lists"));
            if button.accessible_name(name).clicked()
                && let Some(image) = image
            {
                session.selection = Selection::Image(image);
            }
        }
        let text =
            format!("{} of {} listed", format::count(place as u64 + 1), format::count(listed.positions.len() as u64));
        ui.label(RichText::new(text).small().weak());
    });
}

/// What the network takes an image for, and what that costs.
fn verdict(ui: &mut Ui, names: &[String], probabilities: &[f32], label: Option<usize>, step: u64) {
    let Some(predicted) = most_likely(probabilities) else { return };
    let share = probabilities.get(predicted).map_or(0.0, |share| f64::from(*share));
    let said = format!("predicted {} at {}", class_name(names, predicted), format::percent(share));
    let (text, colour) = match label {
        Some(label) if label == predicted => (format!("{} {said}", icon::CHECK), ui.visuals().text_color()),
        Some(_) => (format!("{} {said}", icon::X), ui.visuals().error_fg_color),
        None => (said, ui.visuals().text_color()),
    };
    ui.label(RichText::new(text).color(colour));
    if let Some(truth) = label.and_then(|label| probabilities.get(label)) {
        // A probability too small for a float is zero; the loss is finite all the same.
        let loss = -f64::from(truth.max(f32::MIN_POSITIVE)).ln();
        let above = if *truth < f32::MIN_POSITIVE { "above " } else { "" };
        let text = format!("loss {above}{} nats at step {}", theme::figures(loss), format::count(step));
        ui.label(RichText::new(text).small().weak())
            .on_hover_text("Cross-entropy of this image: minus the logarithm of the probability of its true class");
    }
}

/// A name and a value on one line; a value that does not fit is cut and shown whole on hovering.
pub(super) fn fact(ui: &mut Ui, name: &str, value: String) {
    ui.spacing_mut().interact_size.y = 2.0 * theme::UNIT;
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).small().weak());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(egui::Label::new(RichText::new(value).monospace().small()).truncate());
        });
    });
}
