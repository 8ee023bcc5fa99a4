//! A pad to draw on with the pointer.

use crate::data::{Drawing, ImageShape, PAPER};
use crate::ui::theme;
use egui::{
    Button, ColorImage, Event, Pos2, Rect, Response, RichText, Role, Sense, Slider, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, WidgetInfo, vec2,
};
use std::sync::Arc;

/// Radius of the brush in pixels of the paper: at first about as thick as the pens of MNIST.
const FIRST_RADIUS: f32 = 12.0;

/// A drawing, and what the pad remembers of itself.
pub struct DrawingPad {
    drawing: Drawing,
    radius: f32,
    paper: Option<TextureHandle>,
    has_focus: bool,
}

impl Default for DrawingPad {
    fn default() -> Self {
        Self { drawing: Drawing::default(), radius: FIRST_RADIUS, paper: None, has_focus: false }
    }
}

/// What can be done to a drawing beside drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Undo,
    Redo,
    Clear,
}

impl DrawingPad {
    /// Whether Ctrl+Z is meant for the drawing.
    pub fn has_focus(&self) -> bool {
        self.has_focus
    }

    /// Before the panes are drawn: the pad says so again if it is among them.
    pub fn forget_focus(&mut self) {
        self.has_focus = false;
    }

    pub fn has_ink(&self) -> bool {
        self.drawing.has_ink()
    }

    /// The drawing as an image of this shape, made as MNIST's were; nothing without ink.
    pub fn image(&self, shape: ImageShape) -> Option<Arc<[u8]>> {
        self.drawing.image(shape).map(Arc::from)
    }

    pub fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Undo => self.drawing.undo(),
            Edit::Redo => self.drawing.redo(),
            Edit::Clear => self.drawing.clear(),
        }
        if let Some(paper) = &mut self.paper {
            paper.set_partial([0, 0], picture(&self.drawing), TextureOptions::LINEAR);
        }
    }

    /// Size of the brush, undo, redo, clear. Returns whether the drawing was changed.
    pub fn tools(&mut self, ui: &mut Ui) -> bool {
        let mut chosen = None;
        ui.spacing_mut().slider_width = 10.0 * theme::UNIT;
        ui.label(RichText::new("Brush").small().weak());
        ui.name_inputs("Brush size", |ui| {
            let slider = Slider::new(&mut self.radius, 4.0..=30.0).fixed_decimals(0);
            ui.add(slider).accessible_name("Brush size").on_hover_text(
                "Radius of the brush. The pad is 280 pixels wide, ten for each of MNIST's; strokes of MNIST are about 2.5 wide",
            );
        });
        let edits = [
            (
                Edit::Undo,
                "Undo",
                "Undo stroke",
                self.drawing.can_undo(),
                "Take back the last stroke (Ctrl+Z while you draw)",
            ),
            (Edit::Redo, "Redo", "Redo stroke", self.drawing.can_redo(), "Draw the stroke again that was taken back"),
            (Edit::Clear, "Clear", "Clear drawing", self.drawing.has_ink(), "A clean pad; this too can be undone"),
        ];
        for (edit, text, name, possible, tooltip) in edits {
            let button = ui.add_enabled(possible, Button::new(text).small()).on_hover_text(tooltip);
            if button.accessible_name(name).clicked() {
                chosen = Some(edit);
            }
        }
        if let Some(edit) = chosen {
            self.apply(edit);
        }
        chosen.is_some()
    }

    /// The pad itself, a square of `side` points. Returns whether something was drawn.
    pub fn show(&mut self, ui: &mut Ui, side: f32) -> bool {
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, "Drawing pad"));
        let changed = self.draw(ui, rect, &response);
        if response.is_pointer_button_down_on() {
            response.request_focus();
        }
        self.has_focus = response.has_focus();
        let paper = self
            .paper
            .get_or_insert_with(|| ui.ctx().load_texture("paper", picture(&self.drawing), TextureOptions::LINEAR));
        if changed {
            paper.set_partial([0, 0], picture(&self.drawing), TextureOptions::LINEAR);
        }
        let painter = ui.painter();
        let uv = Rect::from_min_max(Pos2::ZERO, egui::pos2(1.0, 1.0));
        painter.image(paper.id(), rect, uv, egui::Color32::WHITE);
        let visuals = ui.visuals();
        let border = if self.has_focus { theme::accent(visuals.dark_mode) } else { theme::border(visuals.dark_mode) };
        painter.rect_stroke(rect, 0.0, Stroke::new(1.0, border), StrokeKind::Outside);
        if !self.drawing.has_ink() {
            let font = egui::TextStyle::Body.resolve(ui.style());
            let grey = egui::Color32::from_gray(150);
            painter.text(rect.center(), egui::Align2::CENTER_CENTER, "Draw a digit here", font, grey);
        }
        if let Some(pointer) = response.hover_pos() {
            painter.circle_stroke(pointer, self.radius * side / PAPER as f32, Stroke::new(1.0, egui::Color32::GRAY));
        }
        response.on_hover_cursor(egui::CursorIcon::Crosshair);
        changed
    }

    /// Every place the pointer was at since the last frame, not only the last one: a fast hand draws round curves too.
    fn draw(&mut self, ui: &Ui, rect: Rect, response: &Response) -> bool {
        let on_paper = |at: Pos2| {
            let place = (at - rect.min) / rect.width() * PAPER as f32;
            [place.x, place.y]
        };
        if !response.is_pointer_button_down_on() {
            return false;
        }
        let (pressed, moved) = ui.input(|input| {
            let pressed = input.pointer.primary_pressed().then(|| input.pointer.press_origin()).flatten();
            let moved = input.events.iter().filter_map(|event| match event {
                Event::PointerMoved(at) => Some(*at),
                _ => None,
            });
            (pressed, moved.collect::<Vec<_>>())
        });
        if let Some(at) = pressed {
            self.drawing.begin(self.radius, on_paper(at));
        }
        if ui.input(|input| input.pointer.primary_down()) {
            for at in &moved {
                self.drawing.extend(on_paper(*at));
            }
        }
        pressed.is_some() || !moved.is_empty()
    }
}

fn picture(drawing: &Drawing) -> ColorImage {
    ColorImage::from_gray([PAPER, PAPER], drawing.ink())
}
