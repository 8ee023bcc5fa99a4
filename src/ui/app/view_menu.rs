//! The View menu: how the window looks, how its panes lie, and where help is.

use super::actions::written;
use super::{Action, App};
use crate::ui::theme::{self, ColourMap, Contrast, Palette, icon};
use crate::ui::widgets::line::clickable;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Button, Color32, Context, Id, Key, Modal, PopupCloseBehavior, Rect, Response, RichText, ScrollArea, TextEdit,
    ThemePreference, Ui, pos2, vec2,
};

const WIDTH: f32 = 30.0 * theme::UNIT;
const SWATCH: f32 = 10.0;
const LONGEST_NAME: usize = 40;

impl App {
    pub(super) fn view_menu(&mut self, ui: &mut Ui, button: Button<'_>, actions: &mut Vec<Action>) {
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
            let screen = ui.ctx().content_rect().size();
            ui.set_width(WIDTH.min(screen.x - 6.0 * theme::UNIT));
            let height = screen.y - 9.0 * theme::UNIT;
            ui.set_max_height(height);
            ScrollArea::vertical().max_height(height).show(ui, |ui| {
                self.look_items(ui, actions);
                ui.separator();
                self.layout_items(ui, actions);
                ui.separator();
                self.window_items(ui, actions);
            });
        });
        response.on_hover_text("Theme, scale, palettes, layouts, help").accessible_name("View");
    }

    fn look_items(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let settings = self.book.current();
        heading(ui, "Theme");
        ui.horizontal(|ui| {
            for theme in [ThemePreference::Dark, ThemePreference::Light, ThemePreference::System] {
                let action = Action::Theme(theme);
                choice(ui, action, settings.theme == theme, action.name(), actions);
            }
        });
        let is_high = settings.look.contrast == Contrast::High;
        let mut checked = is_high;
        let check = ui.checkbox(&mut checked, Action::SwitchContrast.name());
        if Action::SwitchContrast.explain(check).changed() {
            actions.push(Action::SwitchContrast);
        }
        heading(ui, "Scale");
        ui.horizontal(|ui| {
            for (action, text) in [
                (Action::ScaleDown, icon::MINUS.to_owned()),
                (Action::ScaleReset, format!("{:.0}%", settings.look.scale * 100.0)),
                (Action::ScaleUp, icon::PLUS.to_owned()),
            ] {
                let button = Button::new(text).min_size(vec2(4.0 * theme::UNIT, 0.0));
                let button = ui.add_enabled(self.obstacle(action).is_none(), button);
                if action.explain(button).accessible_name(action.name()).clicked() {
                    actions.push(action);
                }
            }
        });
        heading(ui, "Colours of runs and classes");
        for palette in Palette::ALL {
            let is_on = settings.look.palette == palette;
            let row = choice(ui, Action::Palette(palette), is_on, palette.name(), actions);
            swatches(ui, &row, palette.colours());
        }
        heading(ui, "Colours of values");
        for map in ColourMap::ALL {
            let row = choice(ui, Action::ColourMap(map), settings.look.colour_map == map, map.name(), actions);
            let colours: Vec<Color32> = (0..10).map(|index| map.colour(index as f32 / 9.0)).collect();
            swatches(ui, &row, &colours);
        }
    }

    fn layout_items(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        heading(ui, "Layout");
        for arrangement in self.lab().arrangements() {
            choice(ui, Action::Arrange(arrangement), false, arrangement.name(), actions);
        }
        let names: Vec<String> = self.lab().layouts().into_iter().map(str::to_owned).collect();
        for name in names {
            ui.horizontal(|ui| {
                let width = ui.available_width() - 4.0 * theme::UNIT;
                let load = clickable(ui, RichText::new(&name), &format!("Layout: {name}"), false, width);
                if load.on_hover_text("Put the panes as they were saved").clicked() {
                    self.lab_mut().load_layout(&name);
                }
                let bin = ui.add(Button::new(icon::TRASH).frame(false)).on_hover_text("Forget this layout");
                if bin.accessible_name(format!("Delete layout {name}")).clicked() {
                    self.lab_mut().delete_layout(&name);
                }
            });
        }
        item(ui, Action::SaveLayout, actions);
    }

    fn window_items(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        for (action, is_on) in
            [(Action::ToggleInspector, self.lab().inspector_open()), (Action::ToggleLog, self.shell.log_open)]
        {
            let mut checked = is_on;
            if action.explain(ui.checkbox(&mut checked, action.name())).changed() {
                actions.push(action);
            }
        }
        for action in [Action::FullScreen, Action::CommandPalette, Action::Help, Action::Keys, Action::ClearRecent] {
            ui.add_enabled_ui(self.obstacle(action).is_none(), |ui| item(ui, action, actions));
        }
    }

    /// Asks for the name of a layout.
    pub(super) fn ask_layout_name(&mut self, ctx: &Context) {
        let Some(mut draft) = self.popups.layout_name.take() else { return };
        let mut wish = None;
        let modal = Modal::new(Id::unique("layout name")).show(ctx, |ui| {
            ui.set_width(WIDTH);
            ui.label(theme::title("Save layout"));
            ui.label(RichText::new("Under which name? One of the same name is replaced.").small().weak());
            let edit = TextEdit::singleline(&mut draft.name).hint_text("Name").char_limit(LONGEST_NAME);
            let field = ui.add(edit.desired_width(f32::INFINITY)).accessible_name("Name of the layout");
            if std::mem::take(&mut draft.is_new) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            ui.horizontal(|ui| {
                let is_named = !draft.name.trim().is_empty();
                let save = ui.add_enabled(is_named, Button::new("Save"));
                if save.on_hover_text("Keep the panes as they are now").clicked() || (entered && is_named) {
                    wish = Some(true);
                }
                if ui.button("Cancel").on_hover_text("Keep nothing (Esc)").clicked() {
                    wish = Some(false);
                }
            });
        });
        match wish {
            Some(true) => self.lab_mut().save_layout(draft.name.trim()),
            Some(false) => {}
            None if modal.should_close() => {}
            None => self.popups.layout_name = Some(draft),
        }
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(theme::UNIT / 2.0);
    ui.label(RichText::new(text).small().weak());
}

/// One of several; it stays open.
fn choice(ui: &mut Ui, action: Action, is_on: bool, name: &str, actions: &mut Vec<Action>) -> Response {
    let response = action.explain(ui.selectable_label(is_on, name)).accessible_name(action.title());
    if response.clicked() {
        actions.push(action);
    }
    response
}

/// Closes the menu.
fn item(ui: &mut Ui, action: Action, actions: &mut Vec<Action>) {
    let mut button = Button::new(action.name());
    if let Some(shortcut) = action.shortcut() {
        button = button.shortcut_text(written(ui.ctx(), shortcut));
    }
    if action.explain(ui.add(button)).accessible_name(action.title()).clicked() {
        actions.push(action);
        ui.close();
    }
}

/// Colours beside the name of a row.
fn swatches(ui: &Ui, row: &Response, colours: &[Color32]) {
    let right = ui.max_rect().right();
    for (index, colour) in colours.iter().enumerate() {
        let left = right - (colours.len() - index) as f32 * SWATCH;
        let place = pos2(left, row.rect.center().y - SWATCH / 2.0);
        ui.painter().rect_filled(Rect::from_min_size(place, vec2(SWATCH, SWATCH)), 0.0, *colour);
    }
}
