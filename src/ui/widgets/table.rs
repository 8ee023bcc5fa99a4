//! Tables of short texts: fixed columns, numbers to the right, painted in one go.

use crate::ui::theme;
use egui::{Align2, Color32, FontId, Rect, Response, RichText, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

pub const ROW_HEIGHT: f32 = 20.0;
const GAP: f32 = 1.5 * theme::UNIT;
/// A column grows at most by this share when there is room.
const MOST_GROWTH: f32 = 0.6;

/// A column, and what it says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub title: &'static str,
    pub tooltip: &'static str,
    /// In points, when there is no room to spare.
    pub width: f32,
    pub is_number: bool,
}

impl Column {
    pub const fn text(title: &'static str, width: f32, tooltip: &'static str) -> Self {
        Self { title, tooltip, width, is_number: false }
    }

    pub const fn number(title: &'static str, width: f32, tooltip: &'static str) -> Self {
        Self { title, tooltip, width, is_number: true }
    }
}

/// What the rows are sorted by: nothing, or a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting<C> {
    pub column: Option<C>,
    pub descending: bool,
}

impl<C> Default for Sorting<C> {
    fn default() -> Self {
        Self { column: None, descending: false }
    }
}

impl<C: PartialEq> Sorting<C> {
    /// Up, then down, then as they came.
    pub fn click(&mut self, column: C) {
        match &self.column {
            Some(own) if *own == column && self.descending => *self = Self { column: None, descending: false },
            Some(own) if *own == column => self.descending = true,
            _ => *self = Self { column: Some(column), descending: false },
        }
    }
}

/// Columns in their places.
pub struct Table<'a> {
    columns: &'a [Column],
    /// Left edge and width of each column, from the left of the table.
    places: Vec<(f32, f32)>,
    rows: usize,
}

impl<'a> Table<'a> {
    /// Columns without titles: they are [put above](Self::sortable_titles) the rows when those are drawn.
    pub fn untitled(ui: &mut Ui, columns: &'a [Column]) -> Self {
        let least: f32 = columns.iter().map(|column| column.width + GAP).sum();
        let growth = (ui.available_width() / least).clamp(1.0, 1.0 + MOST_GROWTH);
        let mut left = 0.0;
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let width = (column.width * growth).floor();
            places.push((left, width));
            left += width + GAP;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        Self { columns, places, rows: 0 }
    }

    /// Draws the titles.
    pub fn begin(ui: &mut Ui, columns: &'a [Column]) -> Self {
        let table = Self::untitled(ui, columns);
        let (rect, _) = ui.allocate_exact_size(vec2(table.width(), ROW_HEIGHT), Sense::hover());
        let weak = ui.visuals().weak_text_color();
        for (index, column) in columns.iter().enumerate() {
            let cell = table.cell(rect, index);
            let title = RichText::new(column.title).small().color(weak);
            let layout = if column.is_number {
                egui::Layout::right_to_left(egui::Align::Center)
            } else {
                egui::Layout::left_to_right(egui::Align::Center)
            };
            let mut ui = ui.new_child(egui::UiBuilder::new().id_salt(index).max_rect(cell).layout(layout));
            let label = ui.add(egui::Label::new(title).extend().selectable(false)).on_hover_text(column.tooltip);
            if column.title.is_empty() {
                label.accessible_name(column.tooltip);
            }
        }
        table
    }

    /// Titles that are clicked to sort, on a ground of their own over rows that scroll below. Returns what was clicked.
    pub fn sortable_titles(&self, ui: &mut Ui, rect: Rect, sorted: Option<(usize, bool)>) -> Option<usize> {
        let mut clicked = None;
        ui.painter().rect_filled(rect, 0.0, ui.visuals().panel_fill);
        for (index, column) in self.columns.iter().enumerate().filter(|(_, column)| !column.title.is_empty()) {
            let arrow = match sorted {
                Some((by, descending)) if by == index => {
                    if descending {
                        " \u{2193}"
                    } else {
                        " \u{2191}"
                    }
                }
                _ => "",
            };
            let colour = if arrow.is_empty() { ui.visuals().weak_text_color() } else { ui.visuals().text_color() };
            let text = RichText::new(format!("{}{arrow}", column.title)).small().color(colour);
            let layout = if column.is_number {
                egui::Layout::right_to_left(egui::Align::Center)
            } else {
                egui::Layout::left_to_right(egui::Align::Center)
            };
            let cell = self.cell(rect, index);
            let mut ui = ui.new_child(egui::UiBuilder::new().id_salt(("title", index)).max_rect(cell).layout(layout));
            ui.spacing_mut().button_padding = vec2(0.0, 0.0);
            let title = ui.add(egui::Button::new(text).frame(false).wrap_mode(egui::TextWrapMode::Extend));
            let title = title.on_hover_text(format!("{}. Click to sort by it.", column.tooltip));
            if title.accessible_name(format!("Sort by {}", column.title.to_lowercase())).clicked() {
                clicked = Some(index);
            }
        }
        clicked
    }

    /// Room for rows that are out of sight.
    pub fn skip(&mut self, ui: &mut Ui, rows: usize) {
        if rows > 0 {
            let width = self.width().max(ui.available_width());
            ui.allocate_exact_size(vec2(width, ROW_HEIGHT * rows as f32), Sense::hover());
        }
        self.rows += rows;
    }

    /// Room for the next row. `describe` is read by screen readers.
    pub fn row(&mut self, ui: &mut Ui, describe: impl Fn() -> String) -> Row<'_> {
        let size = vec2(self.width().max(ui.available_width()), ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Row, true, describe()));
        if self.rows.is_multiple_of(2) {
            ui.painter().rect_filled(rect, 2.0, ui.visuals().faint_bg_color);
        }
        self.rows += 1;
        Row { table: self, rect, response }
    }

    fn width(&self) -> f32 {
        self.places.last().map_or(0.0, |(left, width)| left + width)
    }

    fn cell(&self, row: Rect, index: usize) -> Rect {
        let (left, width) = self.places.get(index).copied().unwrap_or_default();
        Rect::from_min_max(pos2(row.left() + left, row.top()), pos2(row.left() + left + width, row.bottom()))
    }
}

/// One row.
pub struct Row<'a> {
    table: &'a Table<'a>,
    rect: Rect,
    pub response: Response,
}

impl Row<'_> {
    /// Where a cell lies.
    pub fn cell(&self, index: usize) -> Rect {
        self.table.cell(self.rect, index)
    }

    /// A control in a cell, to the left.
    pub fn put(&self, ui: &mut Ui, index: usize, widget: impl egui::Widget) -> Response {
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let builder = egui::UiBuilder::new().id_salt((index, "cell")).max_rect(self.cell(index)).layout(layout);
        ui.new_child(builder).add(widget)
    }

    /// Text in a cell: numbers to the right, in the font of numbers.
    pub fn text(&self, ui: &Ui, index: usize, text: impl ToString, colour: Color32) {
        let cell = self.cell(index);
        if !ui.is_rect_visible(cell) {
            return;
        }
        let is_number = self.table.columns.get(index).is_some_and(|column| column.is_number);
        let painter = ui.painter().with_clip_rect(cell.intersect(ui.clip_rect()));
        if is_number {
            let font = FontId::monospace(theme::SMALL_SIZE + 0.5);
            painter.text(cell.right_center(), Align2::RIGHT_CENTER, text, font, colour);
        } else {
            painter.text(cell.left_center(), Align2::LEFT_CENTER, text, TextStyle::Body.resolve(ui.style()), colour);
        }
    }
}
