//! The command palette: every command and every setting, found by a few letters of its name.

use super::App;
use super::commands::{Command, Entry, assign_typed, typed_setting};
use crate::experiments::TrainConfig;
use crate::ui::theme;
use crate::ui::widgets::line::cut;
use egui::text::{CCursor, CCursorRange};
use egui::{
    Align2, Context, Id, Key, Modal, Modifiers, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo,
    pos2, vec2,
};
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

const WIDTH: f32 = 76.0 * theme::UNIT;
const ROW: f32 = 5.0 * theme::UNIT;
/// Rows that a page is.
const PAGE: usize = 8;
/// A name that fits goes before a description that does.
const NAME_WEIGHT: u32 = 4;

pub(super) struct CommandPalette {
    query: String,
    entries: Vec<Entry>,
    /// Indices of the entries that fit, the best first.
    found: Vec<usize>,
    /// What the query says by itself: a setting and its value.
    typed: Option<Entry>,
    /// Place in the list.
    chosen: usize,
    error: Option<String>,
    /// Where the focus goes back to.
    focus: Option<Id>,
    /// The query was changed by the palette: the cursor goes to its end.
    to_end: bool,
    /// The choice was moved by a key: it is scrolled to.
    moved: bool,
}

impl CommandPalette {
    fn entry(&self, place: usize) -> Option<&Entry> {
        match (&self.typed, place) {
            (Some(typed), 0) => Some(typed),
            (typed, place) => self.entries.get(*self.found.get(place - usize::from(typed.is_some()))?),
        }
    }

    fn len(&self) -> usize {
        self.found.len() + usize::from(self.typed.is_some())
    }

    /// `used` names the commands that were used before, the last one first.
    fn search(&mut self, config: &TrainConfig, used: &[String]) {
        self.chosen = 0;
        self.moved = true;
        self.typed = typed_setting(&self.query).map(|(spec, value)| assign_typed(config, spec, value));
        let recency = |entry: &Entry| used.iter().position(|id| *id == entry.command.id()).unwrap_or(usize::MAX);
        let mut scored: Vec<(u32, usize, usize)> = if self.query.trim().is_empty() {
            (0..self.entries.len()).map(|index| (0, recency(&self.entries[index]), index)).collect()
        } else {
            let scores = scores(&self.query, &self.entries);
            scores.into_iter().map(|(score, index)| (score, recency(&self.entries[index]), index)).collect()
        };
        scored.sort_by_key(|(score, recency, index)| (std::cmp::Reverse(*score), *recency, *index));
        self.found = scored.into_iter().map(|(.., index)| index).collect();
    }

    fn step(&mut self, rows: isize) {
        let last = self.len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(rows).min(last);
        self.moved = true;
    }

    /// Keys that are the list's, though the text has the focus. Returns whether Enter was pressed.
    fn take_keys(&mut self, ctx: &Context) -> bool {
        let pressed = |key: Key| ctx.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key) as isize);
        let page = PAGE as isize;
        let rows =
            pressed(Key::ArrowDown) - pressed(Key::ArrowUp) + page * (pressed(Key::PageDown) - pressed(Key::PageUp));
        if rows != 0 {
            self.step(rows);
        }
        pressed(Key::Enter) > 0
    }
}

/// Scores and indices of the entries that fit.
fn scores(query: &str, entries: &[Entry]) -> Vec<(u32, usize)> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::new(query, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut buffer = Vec::new();
    let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
    let mut found = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let by_name = score(&entry.title).map(|score| score * NAME_WEIGHT);
        let by_key =
            if let Command::Ask(key) = entry.command { score(key).map(|score| score * NAME_WEIGHT) } else { None };
        // Scattered letters fit every sentence, so a description must have the words as they are.
        let by_detail = entry.detail.to_lowercase().contains(&query.trim().to_lowercase()).then_some(1);
        if let Some(score) = by_name.max(by_key).max(by_detail) {
            found.push((score, index));
        }
    }
    found
}

impl App {
    pub(super) fn toggle_palette(&mut self, ctx: &Context) {
        if let Some(palette) = self.popups.palette.take() {
            self.popups.focus_back = palette.focus;
            return;
        }
        let mut palette = CommandPalette {
            query: String::new(),
            entries: self.commands(ctx),
            found: Vec::new(),
            typed: None,
            chosen: 0,
            error: None,
            focus: ctx.memory(egui::Memory::focused),
            to_end: true,
            moved: true,
        };
        palette.search(&self.book.current().config, &self.shell.used);
        self.popups.palette = Some(palette);
    }

    pub(super) fn show_palette(&mut self, ctx: &Context) {
        let Some(mut palette) = self.popups.palette.take() else {
            // Nothing under the palette can take the focus before the frame after its last.
            if let Some(focus) = self.popups.focus_back.take() {
                ctx.memory_mut(|memory| memory.request_focus(focus));
            }
            return;
        };
        let entered = palette.take_keys(ctx);
        let area = Modal::default_area(Id::unique("commands")).anchor(Align2::CENTER_TOP, vec2(0.0, 6.0 * theme::UNIT));
        let mut clicked = None;
        let modal = Modal::new(Id::unique("commands")).area(area).show(ctx, |ui| {
            let screen = ui.ctx().content_rect().size();
            ui.set_width(WIDTH.min(screen.x - 6.0 * theme::UNIT));
            ui.set_max_height(screen.y - 10.0 * theme::UNIT);
            if palette.field(ui) {
                palette.error = None;
                palette.search(&self.book.current().config, &self.shell.used);
            }
            clicked = palette.list(ui, screen.y - 18.0 * theme::UNIT);
        });
        let chosen = clicked.or(entered.then_some(palette.chosen));
        let done = chosen
            .and_then(|place| palette.entry(place).cloned())
            .is_some_and(|entry| self.choose(ctx, &mut palette, &entry));
        if done || modal.should_close() {
            self.popups.focus_back = palette.focus;
            ctx.request_repaint();
        } else {
            self.popups.palette = Some(palette);
        }
    }

    /// Returns whether the palette is done with.
    fn choose(&mut self, ctx: &Context, palette: &mut CommandPalette, entry: &Entry) -> bool {
        if entry.obstacle.is_some() {
            return false;
        }
        if let Command::Ask(key) = entry.command {
            palette.query = format!("{key} ");
            palette.to_end = true;
            palette.error = None;
            palette.search(&self.book.current().config, &self.shell.used);
            return false;
        }
        match self.run_command(ctx, &entry.command) {
            Ok(()) => {
                self.shell.note_used(entry.command.id());
                true
            }
            Err(error) => {
                palette.error = Some(error);
                palette.to_end = true;
                false
            }
        }
    }
}

impl CommandPalette {
    /// Returns whether the query was changed.
    fn field(&mut self, ui: &mut Ui) -> bool {
        let id = ui.make_persistent_id("query");
        let hint = "A command, a pane, a network, or a setting and its value";
        let edit = TextEdit::singleline(&mut self.query).id(id).hint_text(hint).desired_width(f32::INFINITY);
        let response = ui.add(edit.margin(vec2(8.0, 6.0))).accessible_name("Search commands");
        if std::mem::take(&mut self.to_end) {
            response.request_focus();
            let mut state = TextEdit::load_state(ui.ctx(), id).unwrap_or_default();
            let end = CCursor::end_of_str(&self.query);
            state.cursor.set_char_range(Some(CCursorRange::one(end)));
            state.store(ui.ctx(), id);
        }
        if let Some(error) = &self.error {
            ui.label(RichText::new(error).color(ui.visuals().error_fg_color));
        }
        response.changed()
    }

    /// Returns the place of the entry that was clicked.
    fn list(&mut self, ui: &mut Ui, height: f32) -> Option<usize> {
        if self.len() == 0 {
            ui.weak("Nothing has this name.");
            return None;
        }
        let moved = std::mem::take(&mut self.moved);
        let (mut clicked, mut focused) = (None, None);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().max_height(height.min(ROW * 10.5)).auto_shrink([false, true]).show(ui, |ui| {
            for place in 0..self.len() {
                let Some(entry) = self.entry(place) else { continue };
                let response = row(ui, entry, place == self.chosen);
                if moved && place == self.chosen {
                    response.scroll_to_me(None);
                }
                if response.has_focus() {
                    focused = Some(place);
                }
                if response.clicked() {
                    clicked = Some(place);
                }
            }
        });
        self.chosen = focused.unwrap_or(self.chosen);
        clicked
    }
}

fn row(ui: &mut Ui, entry: &Entry, is_chosen: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let enabled = entry.obstacle.is_none();
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, enabled, is_chosen, &entry.title));
    let detail = entry.obstacle.unwrap_or(&entry.detail);
    response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_description(detail);
        node.set_selected(is_chosen);
    });
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let visuals = ui.visuals();
    let (strong, weak) = (visuals.strong_text_color(), visuals.weak_text_color());
    if is_chosen {
        ui.painter().rect_filled(rect, theme::CORNER, visuals.selection.bg_fill);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, theme::CORNER, visuals.faint_bg_color);
    }
    let weak = if is_chosen { visuals.selection.stroke.color } else { weak };
    let inner = rect.shrink2(vec2(theme::UNIT, 4.0));
    let keys = RichText::new(&entry.keys).monospace().small().color(weak);
    let keys = cut(ui, keys, inner.width() * 0.4);
    let room = inner.width() - keys.size().x - theme::UNIT;
    let title = RichText::new(&entry.title).color(if enabled { strong } else { weak });
    let title = cut(ui, title, room);
    let below = cut(ui, RichText::new(detail).small().color(weak), inner.width());
    let painter = ui.painter();
    painter.galley(pos2(inner.right() - keys.size().x, inner.top() + 1.0), keys, weak);
    painter.galley(inner.min, title, strong);
    painter.galley(pos2(inner.left(), inner.bottom() - below.size().y), below, weak);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::app::Action;

    fn entry(action: Action) -> Entry {
        Entry {
            command: Command::Do(action),
            title: action.title(),
            detail: action.tooltip().to_owned(),
            keys: String::new(),
            obstacle: None,
        }
    }

    #[test]
    fn a_few_letters_of_a_name_find_it_first() {
        let entries: Vec<Entry> = Action::all().map(entry).collect();
        for (query, title) in [
            ("trnpause", "Train or pause"),
            ("show loss", "Show Loss"),
            ("okabe", "Palette: Okabe-Ito"),
            ("larg", "Larger"),
        ] {
            let best = scores(query, &entries).into_iter().max_by_key(|(score, index)| (*score, usize::MAX - index));
            assert_eq!(entries[best.unwrap().1].title, title, "{query}");
        }
        assert!(scores("zqxj", &entries).is_empty());
    }
}
