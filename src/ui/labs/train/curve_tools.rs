//! What stands above every plot of curves: smoothing, the axes, how it is fitted.

use super::{LabContext, PlotSettings, curves};
use crate::ui::curves::{Marker, PlotView, XAxis};
use crate::ui::theme::{self, icon};
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, ComboBox, DragValue, PopupCloseBehavior, RichText, Slider, Ui};

/// The room that all controls need with the shortest slider, and with all but the slider, the axis and the menu in the menu.
const ROOM_FOR_ALL: f32 = 292.0;
const ROOM_FOR_FEW: f32 = 172.0;
/// What "follow" begins with.
const FIRST_FOLLOW: u64 = 500;

/// The controls of one plot; smoothing and the quantity along x are shared by all.
pub(super) struct Toolbar<'a> {
    pub name: &'a str,
    /// Whether the plot has a line that smoothing acts on.
    pub smooths: bool,
}

impl Toolbar<'_> {
    pub(super) fn show(&self, ui: &mut Ui, plots: &mut PlotSettings, view_of: fn(&mut PlotSettings) -> &mut PlotView) {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        ui.spacing_mut().button_padding.x = theme::UNIT / 2.0;
        let is_wide = ui.available_width() >= ROOM_FOR_ALL;
        self.smoothing(ui, plots, if is_wide { ROOM_FOR_ALL - 24.0 } else { ROOM_FOR_FEW - 24.0 });
        self.axis(ui, plots);
        let view = view_of(plots);
        if is_wide {
            self.log_axes(ui, view);
            self.fit(ui, view);
        }
        self.menu(ui, view, is_wide);
    }

    /// `beside` is the room that everything but the slider takes.
    fn smoothing(&self, ui: &mut Ui, plots: &mut PlotSettings, beside: f32) {
        ui.spacing_mut().slider_width = (ui.available_width() - beside).clamp(24.0, 120.0);
        let slider = Slider::new(&mut plots.smoothing, 0.0..=0.999).fixed_decimals(3).show_value(true);
        let name = format!("{} smoothing", self.name);
        ui.add_enabled_ui(self.smooths, |ui| {
            ui.name_inputs(name.clone(), |ui| {
                ui.add(slider).accessible_name(name).on_hover_text(
                    "Smoothing: weight of the past in the debiased exponential average (as Adam corrects its moments); \
                     0 shows the raw values",
                );
            });
        });
    }

    fn axis(&self, ui: &mut Ui, plots: &mut PlotSettings) {
        let combo = ComboBox::from_id_salt((self.name, "x axis")).width(44.0).selected_text(plots.x_axis.name());
        let response = combo.show_ui(ui, |ui| {
            for axis in XAxis::ALL {
                if ui.selectable_value(&mut plots.x_axis, axis, axis.name()).changed() {
                    plots.fit_all();
                }
            }
        });
        let text = "What runs along the bottom: steps, passes over the training images, or seconds of training";
        response.response.on_hover_text(text).accessible_name(format!("{} horizontal axis", self.name));
    }

    fn log_axes(&self, ui: &mut Ui, view: &mut PlotView) {
        let axes = [(&mut view.log_x, "log x", "logarithmic x"), (&mut view.log_y, "log y", "logarithmic y")];
        for (on, text, name) in axes {
            let button = ui.add(Button::selectable(*on, RichText::new(text).small()));
            let button = button.on_hover_text("A logarithmic axis: equal distances are equal factors");
            if button.accessible_name(format!("{} {name}", self.name)).clicked() {
                *on = !*on;
            }
        }
    }

    fn fit(&self, ui: &mut Ui, view: &mut PlotView) {
        let fit = ui.add(Button::new("Fit").small()).on_hover_text("Show everything again (or double-click the plot)");
        if fit.accessible_name(format!("{} fit", self.name)).clicked() {
            view.fit();
        }
    }

    /// How the plot is fitted, and what found no room beside it.
    fn menu(&self, ui: &mut Ui, view: &mut PlotView, is_wide: bool) {
        let is_set = view.ignore_outliers || view.follow_last.is_some();
        let button = Button::selectable(is_set, RichText::new(icon::SLIDERS).small());
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
            if !is_wide {
                ui.horizontal(|ui| {
                    self.log_axes(ui, view);
                    self.fit(ui, view);
                });
            }
            self.fitting_menu(ui, view);
        });
        let text = "How the plot is fitted: outliers, and the last steps only";
        response.on_hover_text(text).accessible_name(format!("{} fitting", self.name));
    }

    fn fitting_menu(&self, ui: &mut Ui, view: &mut PlotView) {
        let outliers = ui.checkbox(&mut view.ignore_outliers, "Ignore outliers").on_hover_text(
            "Fit the vertical axis to the 2nd to 98th percentile of the smoothed values; all points stay",
        );
        let mut follows = view.follow_last.is_some();
        let follow = ui
            .checkbox(&mut follows, "Follow the last steps")
            .on_hover_text("Show only the newest steps, and go along with them");
        if follow.changed() {
            view.follow_last = follows.then_some(FIRST_FOLLOW);
        }
        let mut resized = false;
        if let Some(steps) = &mut view.follow_last {
            ui.horizontal(|ui| {
                ui.label("Steps shown");
                let value = DragValue::new(steps).range(2..=1_000_000_000u64).speed(5.0);
                let name = format!("{} steps shown", self.name);
                resized = ui.add(value).accessible_name(name).on_hover_text("How many of the last steps").changed();
            });
        }
        if outliers.changed() || follow.changed() || resized {
            view.fit();
        }
    }
}

/// Where settings of the current run were changed.
pub(super) fn markers(context: &LabContext<'_>, axis: XAxis) -> Vec<Marker> {
    let Some(run) = context.session.current().filter(|run| run.visible) else { return Vec::new() };
    run.changes.iter().map(|change| curves::marker(change, axis)).collect()
}
