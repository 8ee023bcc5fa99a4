//! The menu of a figure.

use super::figure::{Desk, Wish};
use super::{Format, SCALES};
use crate::ui::theme::icon;
use egui::{Align, Button, Context, Id, LayerId, Layout, Popup, PopupAnchor, PopupKind, Pos2, Ui};

/// An open menu, and of which figure.
#[derive(Clone)]
pub(super) struct Menu {
    pub figure: Id,
    pub name: String,
    pub at: Pos2,
    /// The pass in which it was opened.
    pub opened: u64,
}

/// Draws the menu if one is open, over everything else.
pub fn show_menu(ctx: &Context) {
    let Some(menu) = ctx.plugin_or_default::<Desk>().lock().menu.clone() else { return };
    let now = ctx.cumulative_pass_nr();
    let mut open = true;
    let mut chosen = None;
    let id = Id::unique("figure menu").with(menu.opened);
    Popup::new(id, ctx.clone(), PopupAnchor::Position(menu.at), LayerId::background())
        .kind(PopupKind::Menu)
        .accessible_name(format!("Save {}", menu.name))
        .layout(Layout::top_down_justified(Align::Min))
        .style(egui::containers::menu::menu_style)
        .gap(0.0)
        .open_bool(&mut open)
        .show(|ui| chosen = items(ui, &menu, menu.opened == now));
    let desk = ctx.plugin_or_default::<Desk>();
    let mut desk = desk.lock();
    if let Some(format) = chosen {
        desk.wish = Some(Wish { figure: menu.figure, name: menu.name.clone(), format, made: now });
        ctx.request_repaint();
    }
    if chosen.is_some() || !open {
        desk.menu = None;
    }
}

fn items(ui: &mut Ui, menu: &Menu, is_new: bool) -> Option<Format> {
    let mut chosen = None;
    let mut item = |ui: &mut Ui, text: String, name: &str, tooltip: &str, format: Format| {
        let response = ui.add(Button::new(text)).on_hover_text(tooltip);
        let response = response.accessible_name(name);
        if response.clicked() {
            chosen = Some(format);
        }
        response
    };
    ui.label(egui::RichText::new(&menu.name).small().weak());
    let text = format!("{} Save as SVG...", icon::FLOPPY);
    let first = item(ui, text, "Save as SVG", "Lines and letters as outlines: sharp at any size", Format::Svg);
    if is_new {
        first.request_focus();
    }
    for scale in SCALES {
        let text = format!("{} Save as PNG, {scale}x...", icon::IMAGE);
        let tooltip = format!("Pixels, {scale} for every point on screen in each direction");
        item(ui, text, &format!("Save as PNG {scale}x"), &tooltip, Format::Png(scale));
    }
    let text = format!("{} Save as CSV...", icon::LIST);
    item(ui, text, "Save as CSV", "The values behind it, in full, with a header line", Format::Csv);
    let text = format!("{} Save as JSON lines...", icon::LIST);
    item(ui, text, "Save as JSON lines", "The values behind it, in full, an object a line", Format::JsonLines);
    ui.separator();
    let text = format!("{} Copy picture", icon::COPY);
    item(ui, text, "Copy picture", "As pixels, two for every point on screen, to the clipboard", Format::CopyPicture);
    let text = format!("{} Copy as CSV", icon::COPY);
    item(ui, text, "Copy as CSV", "The values behind it, as text, to the clipboard", Format::CopyCsv);
    chosen
}
