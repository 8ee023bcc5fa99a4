//! Figures without a window: the same panels, drawn into a document.

use super::figure::{Figure, install};
use crate::ui::theme;
use egui::{CentralPanel, Context, Frame, RawInput, Rect, Ui, Vec2};

/// Layout settles from one frame to the next.
const FRAMES: usize = 3;

/// The SVG of what `content` draws into `size` points.
pub fn draw(title: &str, size: Vec2, dark: bool, mut content: impl FnMut(&mut Ui)) -> String {
    let ctx = Context::default();
    theme::install(&ctx);
    theme::set_theme(&ctx, dark);
    install(&ctx);
    let mut svg = String::new();
    for _ in 0..FRAMES {
        let input = RawInput { screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)), ..RawInput::default() };
        let mut output = ctx.run_ui(input, |ui| {
            CentralPanel::default().frame(Frame::new()).show(ui, |ui| {
                let figure = Figure::begin(ui, title);
                let whole = ui.max_rect();
                ui.scope_builder(egui::UiBuilder::new().max_rect(whole.shrink(theme::UNIT)), &mut content);
                svg = figure.document(ui, whole, title);
            });
        });
        output.textures_delta.clear();
    }
    svg
}
