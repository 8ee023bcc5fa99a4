//! What the network learns from: the images of the data set, how they are spread over classes, and what is damaged.
//!
//! `grid` shows the images, `facts` what was measured of them. Opening is the session's (`ui/app/data_set.rs`).

mod facts;
mod grid;
mod scenes;

use super::LabContext;
use crate::ui::app::{DataLook, DataState, Watch};
use crate::ui::export::Records;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::{empty::empty, format, probabilities::class_name};
use egui::{Button, ComboBox, Label, ProgressBar, RichText, Slider, Ui};
use grid::{Grid, Order};
use std::sync::Arc;
use std::time::Duration;

/// While files are opened the count is renewed this often.
const TELL_EVERY: Duration = Duration::from_millis(100);
const BAR_WIDTH: f32 = 40.0 * theme::UNIT;

/// What of the data set is in view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Images,
    Classes,
    Means,
    Damaged,
}

/// What the pane remembers of itself.
#[derive(Default)]
pub(super) struct DataPane {
    shown: Shown,
    grid: Grid,
    means: facts::Means,
    scenes: scenes::ScenesView,
}

/// Damaged files.
pub(super) fn count(context: &LabContext<'_>) -> usize {
    context.session.data.look().map_or(0, |look| look.source.damaged.len())
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, pane: &mut DataPane) {
    let data = &context.book.current().config.data;
    context.session.data.follow(ui.ctx(), &data.source, data.images);
    match context.session.data.state() {
        DataState::Closed => {}
        DataState::Opening(watch) => opening(ui, &Arc::clone(watch), context),
        DataState::Open(look) => open(ui, &Arc::clone(look), context, pane),
        DataState::Failed(reason) => {
            let text = format!("The data set cannot be opened: {reason}");
            if empty(ui, icon::WARNING, &text, Some(("Retry", "Open the data set again"))) {
                context.session.data.retry();
            }
        }
        DataState::Cancelled => {
            let text = "Opening the data set was cancelled.";
            if empty(ui, icon::IMAGE, text, Some(("Open data", "Open the data set that the settings name"))) {
                context.session.data.retry();
            }
        }
    }
}

fn opening(ui: &mut Ui, watch: &Watch, context: &mut LabContext<'_>) {
    let text = match watch.files() {
        None => "Opening the data set".to_owned(),
        Some((files, of)) => format!("{} of {} files", format::count(files as u64), format::count(of as u64)),
    };
    if empty(ui, icon::IMAGE, &text, Some(("Cancel", "Stop opening this data set"))) {
        context.session.data.cancel();
    }
    if let Some((files, of)) = watch.files() {
        ui.vertical_centered(|ui| {
            let width = BAR_WIDTH.min(ui.available_width());
            ui.add(ProgressBar::new(files as f32 / of.max(1) as f32).desired_width(width));
        });
    }
    ui.ctx().request_repaint_after(TELL_EVERY);
}

fn open(ui: &mut Ui, look: &Arc<DataLook>, context: &mut LabContext<'_>, pane: &mut DataPane) {
    let (train, test) = (&look.source.train, &look.source.test);
    let text = format!(
        "{}: {} training and {} test images of {}, {} classes",
        look.source.name,
        format::count(train.len() as u64),
        format::count(test.len() as u64),
        train.shape(),
        format::count(train.classes() as u64)
    );
    ui.add(Label::new(theme::title(&text)).truncate()).on_hover_text(&text);
    scenes::show(ui, context, &mut pane.scenes);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let damaged = format!("damaged ({})", format::count(look.source.damaged.len() as u64));
        for (shown, name, tooltip) in [
            (Shown::Images, "images", "All images as thumbnails"),
            (Shown::Classes, "classes", "Images by class, and mean and deviation by channel"),
            (Shown::Means, "mean images", "The mean of all training images and of those of each class"),
            (Shown::Damaged, &damaged, "Files that belong to the data set and could not be opened"),
        ] {
            let button = ui.add(Button::selectable(pane.shown == shown, RichText::new(name).small()));
            if button.on_hover_text(tooltip).accessible_name(format!("Data: {name}")).clicked() {
                pane.shown = shown;
            }
        }
        if pane.shown == Shown::Images {
            toolbar(ui, look, &mut pane.grid);
        }
    });
    match pane.shown {
        Shown::Images => pane.grid.show(ui, context, look),
        Shown::Classes => facts::classes(ui, look),
        Shown::Means => pane.means.show(ui, look),
        Shown::Damaged => facts::damaged(ui, look),
    }
}

fn toolbar(ui: &mut Ui, look: &DataLook, grid: &mut Grid) {
    ui.separator();
    ui.spacing_mut().slider_width = 8.0 * theme::UNIT;
    for (is_test, name, tooltip) in
        [(false, "training", "The images to learn from"), (true, "test", "The images to be judged by")]
    {
        let button = ui.add(Button::selectable(grid.is_test == is_test, RichText::new(name).small()));
        if button.on_hover_text(tooltip).accessible_name(format!("Data: {name} set")).clicked() {
            grid.is_test = is_test;
        }
    }
    let names = look.source.train.class_names();
    grid.class = grid.class.filter(|class| *class < names.len());
    let shown = grid.class.map_or_else(|| "all classes".to_owned(), |class| class_name(names, class));
    let combo = ComboBox::from_id_salt("data class").width(88.0).truncate().selected_text(RichText::new(shown).small());
    let combo = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut grid.class, None, "all classes");
        for (class, name) in names.iter().enumerate() {
            ui.selectable_value(&mut grid.class, Some(class), format!("class {name}"));
        }
    });
    combo.response.on_hover_text("Images of one class, or of all").accessible_name("Class of the data");
    let shown = RichText::new(grid.order.name()).small();
    let combo = ComboBox::from_id_salt("data order").width(88.0).truncate().selected_text(shown).show_ui(ui, |ui| {
        for order in Order::ALL {
            ui.selectable_value(&mut grid.order, order, order.name());
        }
    });
    combo.response.on_hover_text("The order of the images").accessible_name("Order of the data");
    if grid.order == Order::Random {
        let button = ui.add(Button::new(icon::DICE).small()).on_hover_text("Put the images into another random order");
        if button.accessible_name("Reshuffle the data").clicked() {
            grid.seed += 1;
        }
    }
    ui.name_inputs("Size of thumbnails", |ui| {
        let slider = Slider::new(&mut grid.side, 28.0..=168.0).show_value(false);
        ui.add(slider).on_hover_text("How large each image is drawn").accessible_name("Size of thumbnails");
    });
}

/// Counts by class, both sets.
pub(super) fn records(context: &LabContext<'_>) -> Option<Records> {
    let look = context.session.data.look()?;
    let mut records = Records::new(["class", "training", "test"]);
    for (class, name) in look.source.train.class_names().iter().enumerate() {
        let count = |set: usize| look.counts[set].get(class).copied().unwrap_or(0).to_string();
        records.push([name.clone(), count(0), count(1)]);
    }
    Some(records)
}
