//! What was measured of the data set: images by class, channels, mean images, and what is damaged.

use crate::nets::Shape;
use crate::ui::app::DataLook;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::atlas::snap;
use crate::ui::widgets::empty::empty;
use crate::ui::widgets::format;
use crate::ui::widgets::pages::ImagePages;
use crate::ui::widgets::table::{Column, ROW_HEIGHT, Table};
use egui::{Align2, FontId, Label, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

const COLUMNS: [Column; 4] = [
    Column::text("Class", 96.0, "The name of the class"),
    Column::number("Training", 56.0, "How many images of the class there are to learn from"),
    Column::number("Test", 56.0, "How many images of the class there are to be judged by"),
    Column::text("", 240.0, "Images by class as bars: training, and test below"),
];
const DAMAGED: [Column; 2] = [
    Column::text("File", 200.0, "Its path within the folder or the archive"),
    Column::text("Reason", 640.0, "Why it could not be opened"),
];
const MEAN_SIDE: f32 = 7.0 * theme::UNIT;
const LINE: f32 = 14.0;

/// Bars by class of both sets, to one scale, below mean and deviation of each channel.
pub(super) fn classes(ui: &mut Ui, look: &DataLook) {
    ui.add(Label::new(RichText::new(channels(look)).small()).truncate())
        .on_hover_text("Of all pixels of the training images, in 0 to 1: what standardising takes away and divides by");
    let most = look.counts.iter().flatten().copied().max().unwrap_or(0).max(1) as f32;
    let names = look.source.train.class_names();
    ScrollArea::both().id_salt("counts").auto_shrink(false).show_viewport(ui, |ui, seen| {
        let mut table = Table::begin(ui, &COLUMNS);
        let place = |y: f32| (y / ROW_HEIGHT).max(0.0) as usize;
        let first = place(seen.top() - ROW_HEIGHT).min(names.len());
        let last = (place(seen.bottom()) + 1).clamp(first, names.len());
        table.skip(ui, first);
        for (class, name) in names.iter().enumerate().take(last).skip(first) {
            let [train, test] = [0, 1].map(|set| look.counts[set].get(class).copied().unwrap_or(0));
            let row = table.row(ui, || format!("{name}: {train} training and {test} test images"));
            let colour = ui.visuals().text_color();
            row.text(ui, 0, name, colour);
            row.text(ui, 1, format::count(train as u64), colour);
            row.text(ui, 2, format::count(test as u64), colour);
            let cell = row.cell(3).shrink2(vec2(0.0, 3.0));
            let bar = |count: usize, top: f32, bottom: f32| {
                let right = cell.left() + cell.width() * count as f32 / most;
                Rect::from_min_max(pos2(cell.left(), top), pos2(right, bottom))
            };
            let middle = cell.center().y;
            ui.painter().rect_filled(bar(train, cell.top(), middle - 0.5), 1.0, theme::class_colour(class));
            ui.painter().rect_filled(bar(test, middle + 0.5, cell.bottom()), 1.0, ui.visuals().weak_text_color());
        }
        table.skip(ui, names.len() - last);
    });
}

fn channels(look: &DataLook) -> String {
    let names: &[&str] = if look.standardisation.mean.len() == 1 { &["grey"] } else { &["red", "green", "blue"] };
    let moments = look.standardisation.mean.iter().zip(&look.standardisation.std).enumerate();
    let text = moments.map(|(channel, (mean, std))| {
        let name = names.get(channel).map_or_else(|| format!("channel {channel}"), |&name| name.to_owned());
        format!("{name}: mean {mean:.4}, deviation {std:.4}")
    });
    text.collect::<Vec<_>>().join("   ")
}

/// The textures of the mean images.
#[derive(Default)]
pub(super) struct Means(Option<(Arc<DataLook>, ImagePages)>);

impl Means {
    pub(super) fn show(&mut self, ui: &mut Ui, look: &Arc<DataLook>) {
        if !self.0.as_ref().is_some_and(|(own, _)| Arc::ptr_eq(own, look)) {
            let shape = look.source.train.shape();
            let shape = Shape::new(shape.channels, shape.height, shape.width);
            self.0 = Some((Arc::clone(look), ImagePages::new(shape)));
        }
        let Some((_, pages)) = &mut self.0 else { return };
        pages.begin_frame();
        let image = pages.size(MEAN_SIDE, ui.pixels_per_point());
        let cell = vec2(image.x.max(MEAN_SIDE), image.y + LINE);
        let columns = ((ui.available_width() + theme::UNIT) / (cell.x + theme::UNIT)).floor().max(1.0) as usize;
        let count = look.means.len();
        ui.spacing_mut().item_spacing = vec2(theme::UNIT, theme::UNIT);
        let area = ScrollArea::vertical().id_salt("means").auto_shrink(false);
        area.show_rows(ui, cell.y, count.div_ceil(columns), |ui, rows| {
            for row in rows {
                ui.horizontal(|ui| {
                    for index in row * columns..((row + 1) * columns).min(count) {
                        let name = index.checked_sub(1).and_then(|class| look.source.train.class_names().get(class));
                        let name = name.map_or("all", String::as_str);
                        let (rect, response) = ui.allocate_exact_size(cell, Sense::hover());
                        let text = format!("Mean of the training images: {name}");
                        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &text));
                        response.on_hover_text(&text);
                        let clipped = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
                        let font = FontId::proportional(theme::SMALL_SIZE);
                        clipped.text(rect.left_top(), Align2::LEFT_TOP, name, font, ui.visuals().text_color());
                        let corner = snap(rect.min + vec2(0.0, LINE), ui.pixels_per_point());
                        let pixels = |index: usize| look.means[index].as_slice();
                        let place = Rect::from_min_size(corner, image);
                        pages.paint(ui.ctx(), ui.painter(), (index, count), place, pixels);
                    }
                });
            }
        });
    }
}

/// Files that could not be opened, and why.
pub(super) fn damaged(ui: &mut Ui, look: &DataLook) {
    let files = &look.source.damaged;
    if files.is_empty() {
        empty(ui, icon::CHECK, "None: every file of the data set could be opened.", None);
        return;
    }
    ScrollArea::both().id_salt("damaged").auto_shrink(false).show_viewport(ui, |ui, seen| {
        let mut table = Table::begin(ui, &DAMAGED);
        let place = |y: f32| (y / ROW_HEIGHT).max(0.0) as usize;
        let first = place(seen.top() - ROW_HEIGHT).min(files.len());
        let last = (place(seen.bottom()) + 1).clamp(first, files.len());
        table.skip(ui, first);
        for file in &files[first..last] {
            let row = table.row(ui, || format!("{}: {}", file.file, file.reason));
            row.text(ui, 0, &file.file, ui.visuals().text_color());
            row.text(ui, 1, &file.reason, ui.visuals().weak_text_color());
            row.response.on_hover_text(format!("{}: {}", file.file, file.reason));
        }
        table.skip(ui, files.len() - last);
    });
}
