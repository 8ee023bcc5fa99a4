//! What a person should know now; the log keeps it.

use super::Action;
use super::bottom::look;
use super::log::Log;
use crate::ui::theme::{self, icon};
use egui::{Align, Align2, Area, Button, Context, Frame, Id, Label, Layout, Order, RichText, vec2};

const WIDTH: f32 = 44.0 * theme::UNIT;

/// In the corner of the lab, whose lower edge is at `bottom`, in points: the log stays in sight.
pub(super) fn show(ctx: &Context, log: &mut Log, bottom: f32, actions: &mut Vec<Action>) {
    if log.notices().is_empty() {
        return;
    }
    let mut dismissed = None;
    let mut all = false;
    let screen = ctx.content_rect();
    let width = WIDTH.min(screen.width() - 4.0 * theme::UNIT);
    let area = Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-theme::UNIT, bottom - screen.bottom() - theme::UNIT))
        .show(ctx, |ui| {
            ui.set_max_width(width);
            for (index, notice) in log.notices().iter().enumerate() {
                let (symbol, colour) = look(notice.level, ui.visuals());
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_width(width - 2.0 * theme::UNIT);
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
            if log.notices().len() > 1 {
                all = footer(ui, log.more_notices(), actions);
            }
        });
    if all {
        log.dismiss_all();
    } else if let Some(index) = dismissed {
        log.dismiss(index);
    }
    // Nothing goes away while it is being read.
    let is_read = ctx.pointer_hover_pos().is_some_and(|pointer| area.response.rect.contains(pointer));
    if let Some(rest) = if is_read { None } else { log.fade() } {
        ctx.request_repaint_after(rest);
    }
}

/// Returns whether all are to be dismissed.
fn footer(ui: &mut egui::Ui, more: usize, actions: &mut Vec<Action>) -> bool {
    let mut all = false;
    Frame::popup(ui.style()).show(ui, |ui| {
        ui.horizontal(|ui| {
            all = ui.small_button("Dismiss all").on_hover_text("The log keeps them").clicked();
            if more > 0 {
                let button = ui.small_button(format!("and {more} more in the log"));
                if button.on_hover_text("Open the log").clicked() {
                    actions.push(Action::ShowLog);
                }
            }
        });
    });
    all
}
