//! The panes of a lab as tiles: their titles, the one that fills the lab, and the width of the settings.

use super::{LabFrame, LabPane};
use crate::ui::export::Figure;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use egui::{Button, CentralPanel, Color32, Frame, Margin, Response, RichText, Stroke, Ui, Visuals, WidgetText};
use egui_tiles::{
    Behavior, Container, LinearDir, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles, UiResponse,
};

/// In less room than this a subtitle says nothing.
const LEAST_SUBTITLE: f32 = 6.0 * theme::UNIT;
/// Between two tabs.
const TAB_GAP: f32 = theme::UNIT / 2.0;
/// On both sides of a tab's title.
const TAB_MARGIN: f32 = theme::UNIT;
/// With less room than this, in points, one pane is shown at a time.
const LEAST_ROOM: egui::Vec2 = egui::vec2(560.0, 320.0);

/// Of the settings, at the first start.
const SETTINGS_WIDTH: f32 = 32.0 * theme::UNIT;

/// The settings keep their width when the window gets wider or narrower; everything beside them shares the change.
fn keep_settings_width<P: LabPane>(lab: &mut LabFrame<P>, width: f32) {
    let before = lab.width.replace(width);
    let root = lab.tree.root();
    let settings = lab.tree.tiles.find_pane(&P::SETTINGS);
    let (Some(root), Some(mut child)) = (root, settings) else { return };
    while let Some(parent) = lab.tree.tiles.parent_of(child).filter(|&parent| parent != root) {
        child = parent;
    }
    let Some(Tile::Container(Container::Linear(linear))) = lab.tree.tiles.get_mut(root) else { return };
    let is_column = linear.dir == LinearDir::Horizontal && linear.children.contains(&child);
    if !is_column || linear.children.len() < 2 || before == Some(width) {
        return;
    }
    let share_of = |tile: TileId| linear.shares.iter().find(|(id, _)| **id == tile).map_or(1.0, |(_, share)| *share);
    let all: f32 = linear.children.iter().map(|&tile| share_of(tile)).sum();
    let own = share_of(child);
    let stands_alone = matches!(lab.tree.tiles.get(child), Some(Tile::Container(Container::Tabs(_))));
    let wanted = match before {
        Some(before) => own / all * before,
        // Before the first frame there is no width to keep.
        None if stands_alone => SETTINGS_WIDTH,
        None => return,
    };
    let wanted = wanted.min(width * 0.5);
    let Some(Tile::Container(Container::Linear(linear))) = lab.tree.tiles.get_mut(root) else { return };
    linear.shares.set_share(child, (all - own) * wanted / (width - wanted).max(1.0));
}

pub(super) fn show<P: LabPane>(lab: &mut LabFrame<P>, ui: &mut Ui, context: &mut LabContext<'_>) {
    let is_small = ui.available_width() < LEAST_ROOM.x || ui.available_height() < LEAST_ROOM.y;
    if !is_small {
        keep_settings_width(lab, ui.available_width());
    }
    let mut panes = Panes { context, views: &mut lab.views, maximise: None, hovered: None, instead: None };
    let alone = if is_small { lab.tree.tiles.find_pane(&lab.alone) } else { None };
    let filling = lab.maximised.or(alone).and_then(|tile| Some((tile, *lab.tree.tiles.get_pane(&tile)?)));
    if let Some((tile, pane)) = filling {
        panes.show_maximised(ui, tile, pane, !is_small);
    } else {
        lab.maximised = None;
        lab.tree.ui(&mut panes, ui);
    }
    let (maximise, hovered, instead) = (panes.maximise, panes.hovered, panes.instead);
    lab.hovered = hovered;
    if let Some(tile) = maximise {
        lab.maximised = if lab.maximised == Some(tile) { None } else { Some(tile) };
    }
    if let Some(pane) = instead {
        lab.alone = pane;
        lab.maximised = lab.maximised.and_then(|_| lab.tree.tiles.find_pane(&pane));
    }
}

/// One frame of the panes.
struct Panes<'a, 'b, P: LabPane> {
    context: &'a mut LabContext<'b>,
    views: &'a mut P::Views,
    maximise: Option<TileId>,
    hovered: Option<TileId>,
    /// Which pane is to fill the lab instead.
    instead: Option<P>,
}

impl<P: LabPane> Panes<'_, '_, P> {
    /// One pane fills the lab. Its title is a menu of the others.
    fn show_maximised(&mut self, ui: &mut Ui, tile: TileId, pane: P, can_go_back: bool) {
        let bar = Frame::new().fill(self.tab_bar_color(ui.visuals())).inner_margin(Margin::symmetric(8, 0));
        egui::Panel::top("maximised title").frame(bar).exact_size(theme::TITLE_HEIGHT).show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                let title = theme::title(format!("{} {}", pane.title(), icon::CARET_DOWN));
                let menu = ui.menu_button(title, |ui| {
                    egui::ScrollArea::vertical().max_height(ui.ctx().content_rect().height() * 0.7).show(ui, |ui| {
                        for &other in P::ALL {
                            if ui.selectable_label(other == pane, other.title()).clicked() {
                                self.instead = Some(other);
                            }
                        }
                    });
                });
                menu.response.on_hover_text("Show another pane").accessible_name(format!("Pane: {}", pane.title()));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if can_go_back {
                        self.title_end(ui, tile, pane, "Restore pane", "Put this pane back in its place (Z)");
                    }
                });
            });
        });
        CentralPanel::default().frame(Frame::new()).show(ui, |ui| self.body(ui, tile, pane));
    }

    fn title_end(&mut self, ui: &mut Ui, tile: TileId, pane: P, name: &str, tooltip: &str) {
        let button = ui.add(Button::new(icon::EXPAND).frame(false)).on_hover_text(tooltip);
        if button.accessible_name(format!("{name}: {}", pane.title())).clicked() {
            self.maximise = Some(tile);
        }
        if ui.available_width() >= LEAST_SUBTITLE {
            let subtitle = RichText::new(pane.subtitle(self.context)).small().weak();
            ui.add(egui::Label::new(subtitle).truncate());
        }
    }

    fn body(&mut self, ui: &mut Ui, tile: TileId, pane: P) {
        if ui.rect_contains_pointer(ui.max_rect()) {
            self.hovered = Some(tile);
        }
        let (figure, whole) = (Figure::begin(ui, pane.title()), ui.max_rect());
        let fill = ui.visuals().panel_fill;
        ui.painter().rect_filled(ui.max_rect(), 0.0, fill);
        let area = ui.max_rect().shrink(theme::UNIT);
        let mut ui = ui.new_child(egui::UiBuilder::new().id_salt((P::LAB.name(), pane.title())).max_rect(area));
        ui.shrink_clip_rect(area.expand(theme::UNIT));
        let ui = &mut ui;
        pane.show(ui, self.context, self.views);
        figure.end(ui, whole, || pane.records(self.context, self.views));
    }
}

/// What a tab takes with its title.
fn tab_width(ui: &Ui, pane: impl LabPane) -> f32 {
    let title = WidgetText::from(theme::title(pane.title()));
    let galley = title.into_galley(ui, Some(egui::TextWrapMode::Extend), f32::INFINITY, egui::TextStyle::Button);
    galley.size().x + 2.0 * TAB_MARGIN + TAB_GAP
}

impl<P: LabPane> Behavior<P> for Panes<'_, '_, P> {
    fn pane_ui(&mut self, ui: &mut Ui, tile: TileId, pane: &mut P) -> UiResponse {
        self.body(ui, tile, *pane);
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &P) -> WidgetText {
        let found = pane.count(self.context);
        let title = if found > 0 { format!("{} ({found})", pane.title()) } else { pane.title().to_owned() };
        theme::title(title).into()
    }

    fn on_tab_button(&mut self, _: &mut Tiles<P>, tile: TileId, response: Response) -> Response {
        if response.double_clicked() {
            self.maximise = Some(tile);
        }
        response.on_hover_text("Drag to move, double-click to fill the lab")
    }

    fn top_bar_right_ui(&mut self, tiles: &Tiles<P>, ui: &mut Ui, _: TileId, tabs: &Tabs, _: &mut f32) {
        let Some(tile) = tabs.active else { return };
        let Some(pane) = tiles.get_pane(&tile) else { return };
        // The titles of the tabs come first; the subtitle takes what is left.
        let titles: f32 =
            tabs.children.iter().filter_map(|tile| tiles.get_pane(tile)).map(|pane| tab_width(ui, *pane)).sum();
        let room = (ui.available_width() - titles - theme::UNIT).max(3.0 * theme::UNIT);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add_space(theme::UNIT / 2.0);
            self.title_end(
                ui,
                tile,
                *pane,
                "Maximise pane",
                "Let this pane fill the lab (Z, or double-click its title)",
            );
        });
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn tab_title_spacing(&self, _: &Visuals) -> f32 {
        TAB_MARGIN
    }

    fn tab_bar_height(&self, _: &egui::Style) -> f32 {
        theme::TITLE_HEIGHT
    }

    fn min_size(&self) -> f32 {
        10.0 * theme::UNIT
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        visuals.faint_bg_color
    }

    fn tab_bg_color(&self, visuals: &Visuals, _: &Tiles<P>, _: TileId, state: &TabState) -> Color32 {
        if state.active { visuals.panel_fill } else { Color32::TRANSPARENT }
    }

    fn tab_outline_stroke(&self, _: &Visuals, _: &Tiles<P>, _: TileId, _: &TabState) -> Stroke {
        Stroke::NONE
    }

    fn tab_text_color(&self, visuals: &Visuals, _: &Tiles<P>, _: TileId, state: &TabState) -> Color32 {
        if state.active { visuals.strong_text_color() } else { visuals.weak_text_color() }
    }

    fn resize_stroke(&self, style: &egui::Style, state: egui_tiles::ResizeState) -> Stroke {
        match state {
            egui_tiles::ResizeState::Idle => Stroke::new(1.0, theme::border(style.visuals.dark_mode)),
            _ => Stroke::new(2.0, theme::accent(style.visuals.dark_mode)),
        }
    }
}
