//! What can be saved: everything that is drawn between [`Figure::begin`] and [`Figure::end`].
//!
//! A right click opens a menu; what is chosen there is granted in the next frame, when the shapes that the figure has
//! painted become a document. The menu lies on a layer of its own, so it is never in the picture, and while it is open
//! nothing below it is hovered.

use super::menu::Menu;
use super::textures::Textures;
use super::{Format, Records, svg};
use egui::layers::ShapeIdx;
use egui::{Context, FullOutput, Id, LayerId, PointerButton, Rect, Ui};

/// A figure under way.
#[must_use = "a figure ends with `end`"]
pub struct Figure<'a> {
    id: Id,
    name: &'a str,
    layer: LayerId,
    first: ShapeIdx,
}

impl<'a> Figure<'a> {
    /// `name` is what people call it: `Loss`, `Activations`.
    pub fn begin(ui: &Ui, name: &'a str) -> Self {
        let layer = ui.layer_id();
        let first =
            ui.ctx().graphics(|layers| layers.get(layer).map_or(ShapeIdx(0), egui::layers::PaintList::next_idx));
        Self { id: ui.unique_id().with(("figure", name)), name, layer, first }
    }

    /// `records` are the values behind it, asked for when they are wanted. Of two figures, one in the other, the inner
    /// one, which ends first, answers.
    pub fn end(self, ui: &Ui, rect: Rect, records: impl FnOnce() -> Option<Records>) {
        let rect = rect.intersect(ui.clip_rect());
        if !rect.is_positive() {
            return;
        }
        let ctx = ui.ctx();
        let pointer = ctx.input(|input| input.pointer.latest_pos());
        let pointed = pointer.filter(|at| rect.contains(*at) && ctx.layer_id_at(*at) == Some(self.layer));
        let clicked = ctx.input(|input| input.pointer.button_clicked(PointerButton::Secondary));
        let now = ctx.cumulative_pass_nr();
        let desk = ctx.plugin_or_default::<Desk>();
        let mut desk = desk.lock();
        if pointed.is_some() && desk.pointed.is_none_or(|(_, when)| when < now) {
            desk.pointed = Some((self.id, now));
        }
        let is_asked =
            desk.asked.is_some_and(|when| when + 1 >= now) && desk.pointed.is_some_and(|(id, _)| id == self.id);
        let is_first = desk.menu.as_ref().is_none_or(|menu| menu.opened < now);
        if is_first && (is_asked || (clicked && pointed.is_some())) {
            desk.asked = None;
            let at = pointed.unwrap_or(rect.center());
            desk.menu = Some(Menu { figure: self.id, name: self.name.to_owned(), at, opened: now });
            return;
        }
        let Some(wish) = desk.wish.take_if(|wish| wish.figure == self.id) else { return };
        let subject = desk.subject.clone();
        drop(desk);
        let content = if wish.format == Format::JsonLines {
            records().map(Records::into_json_lines)
        } else if wish.format.is_table() {
            records().map(Records::into_csv)
        } else {
            let title = if subject.is_empty() { self.name.to_owned() } else { format!("{}, {subject}", self.name) };
            Some(self.document(ui, rect, &title))
        };
        let taken = Taken { stem: stem(self.name, &subject), name: self.name.to_owned(), format: wish.format, content };
        ctx.plugin_or_default::<Desk>().lock().taken = Some(taken);
    }

    /// What was painted since it began, as SVG.
    pub(super) fn document(&self, ui: &Ui, rect: Rect, title: &str) -> String {
        let ctx = ui.ctx();
        let textures = ctx.plugin_or_default::<Desk>().lock().textures.clone();
        let (background, pixels_per_point) = (ui.visuals().panel_fill, ui.pixels_per_point());
        let frame = svg::Frame { title, rect, background, pixels_per_point };
        ctx.graphics(|layers| {
            let painted = layers.get(self.layer).into_iter().flat_map(|list| list.all_entries().skip(self.first.0));
            svg::document(&frame, &textures, painted)
        })
    }
}

/// `Layer curves` of `mlp-800-1, step 1,340` is `layer-curves-mlp-800-1-step-1340`.
fn stem(name: &str, subject: &str) -> String {
    let text = format!("{name} {subject}").to_lowercase().replace(',', "");
    let words = text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '.' | '_'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// What became of a wish.
pub struct Taken {
    /// For a file, without an ending.
    pub stem: String,
    pub name: String,
    pub format: Format,
    /// SVG, CSV or JSON lines, as the format has it; `None` when there is nothing behind the figure, or it is no longer on screen.
    pub content: Option<String>,
}

/// A format that was chosen, for the next frame.
pub(super) struct Wish {
    pub figure: Id,
    pub name: String,
    pub format: Format,
    pub made: u64,
}

/// What figures share from frame to frame.
#[derive(Default)]
pub(super) struct Desk {
    /// Which run, and where it stands.
    subject: String,
    textures: Textures,
    /// The figure that was last under the pointer, and in which pass.
    pointed: Option<(Id, u64)>,
    /// The pass in which its menu was asked for by a key.
    asked: Option<u64>,
    pub menu: Option<Menu>,
    pub wish: Option<Wish>,
    taken: Option<Taken>,
}

impl egui::Plugin for Desk {
    fn debug_name(&self) -> &'static str {
        "figures"
    }

    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        self.textures.follow(&output.textures_delta);
    }
}

/// Before the first frame.
pub fn install(ctx: &Context) {
    ctx.add_plugin(Desk::default());
}

/// Of what the figures of this frame are: a run and its step.
pub fn set_subject(ctx: &Context, subject: String) {
    ctx.plugin_or_default::<Desk>().lock().subject = subject;
}

/// Hands over a document that was drawn elsewhere, as if it had been chosen in the menu of a figure.
pub fn offer(ctx: &Context, name: &str, subject: &str, format: Format, content: String) {
    let taken = Taken { stem: stem(name, subject), name: name.to_owned(), format, content: Some(content) };
    ctx.plugin_or_default::<Desk>().lock().taken = Some(taken);
}

/// Opens the menu of the figure that is, or was last, under the pointer. Returns whether there is one.
pub fn open_menu(ctx: &Context) -> bool {
    let now = ctx.cumulative_pass_nr();
    let desk = ctx.plugin_or_default::<Desk>();
    let mut desk = desk.lock();
    desk.asked = desk.pointed.map(|_| now);
    desk.asked.is_some()
}

/// What was taken in this frame.
pub fn taken(ctx: &Context) -> Option<Taken> {
    let now = ctx.cumulative_pass_nr();
    let desk = ctx.plugin_or_default::<Desk>();
    let mut desk = desk.lock();
    if let Some(wish) = desk.wish.take_if(|wish| wish.made + 1 < now) {
        return Some(Taken { stem: String::new(), name: wish.name, format: wish.format, content: None });
    }
    desk.taken.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_after_figure_run_and_step() {
        assert_eq!(stem("Layer curves", "mlp-800-1, step 1,340"), "layer-curves-mlp-800-1-step-1340");
        assert_eq!(stem("Loss", ""), "loss");
        assert_eq!(stem("Loss", "../my net, step 0"), "loss-..-my-net-step-0");
    }
}
