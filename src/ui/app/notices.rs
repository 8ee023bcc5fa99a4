//! What a person should know now, until it is dismissed; the log keeps it.

use super::bottom::look;
use super::log::Log;
use crate::ui::theme::{self, icon};
use egui::{Align, Align2, Area, Button, Context, Frame, Id, Label, Layout, Order, RichText, vec2};

const WIDTH: f32 = 44.0 * theme::UNIT;
/// Above status and timeline.
const BOTTOM: f32 = 7.0 * theme::UNIT;

pub(super) fn show(ctx: &Context, log: &mut Log) {
    if log.notices().is_empty() {
        return;
    }
    let mut dismissed = None;
    Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-theme::UNIT, -BOTTOM))
        .show(ctx, |ui| {
            ui.set_max_width(WIDTH);
            for (index, notice) in log.notices().iter().enumerate() {
                let (symbol, colour) = look(notice.level, ui.visuals());
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_width(WIDTH);
                    ui.horizontal_top(|ui| {
                        ui.label(RichText::new(symbol).color(colour));
                        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                            let close = ui.add(Button::new(icon::X).frame(false));
                            let close = close.on_hover_text("Dismiss; the log keeps it");
                            if close.accessible_name(format!("Dismiss notice {}", index + 1)).clicked() {
                                dismissed = Some(index);
                            }
                            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                                ui.add(Label::new(&notice.text).wrap());
                            });
                        });
                    });
                });
            }
        });
    if let Some(index) = dismissed {
        log.dismiss(index);
    }
}
