//! A tree of the classes: those that a network finds most alike are joined first.

mod picture;
mod tree;

use super::dark_knowledge::{Looked, Whose};
use super::pair::Pair;
use super::worked::Worked;
use super::{Shared, choices};
use crate::ui::export::Records;
use crate::ui::labs::LabContext;
use crate::ui::theme::{self, icon};
use crate::ui::widgets::probabilities::class_name;
use egui::{Button, RichText, Ui};
use picture::Picture;
use tree::{Tree, list};

const NAME: &str = "Similar classes";

#[derive(Default)]
pub(super) struct SimilarityView {
    whose: Whose,
    tree: Worked<Looked, Tree>,
    /// The branch whose classes stand out.
    marked: Option<usize>,
    /// The branch where the keys are.
    focus: usize,
}

pub(super) fn show(ui: &mut Ui, context: &mut LabContext<'_>, view: &mut SimilarityView, shared: &mut Shared) {
    let Some(pair) = Pair::of(context, shared) else {
        let text = "A tree of the classes appears here: those that the teacher finds most alike are joined first.";
        choices::nothing_yet(ui, context, shared, icon::STACK, text);
        return;
    };
    let looked = Looked { pair, temperature: shared.temperature, whose: view.whose };
    let wanted = looked.clone();
    let found = view.tree.of(ui.ctx(), &looked, move || Tree::of(&wanted));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        let whose = [
            (Whose::Teacher, "Teacher", "Which classes the teacher finds alike, by its mean soft targets"),
            (Whose::Student, "Student", "Which classes the student finds alike: the same tree, if it learned the same"),
        ];
        choices::switch(ui, NAME, &mut view.whose, &whose);
        let marked = found.zip(view.marked).filter(|((_, tree), marked)| *marked < tree.branches());
        if let Some(((looked, tree), marked)) = marked {
            let text = format!("{} {}", list(&looked.pair.class_names, tree.below(marked)), icon::X);
            let chip = ui.add(Button::new(RichText::new(text).small()));
            if chip.on_hover_text("Show all classes alike again").accessible_name("Mark no classes").clicked() {
                view.marked = None;
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT / 2.0;
        choices::temperature(ui, shared, NAME);
        choices::student(ui, context, shared, NAME);
        choices::split(ui, context, shared, NAME);
    });
    let Some((looked, tree)) = found else {
        ui.weak("Joining the classes...");
        return;
    };
    let colour = if looked.whose == Whose::Student { theme::STUDENT } else { theme::TEACHER };
    let picture = Picture { tree, names: &looked.pair.class_names, colour, marked: view.marked };
    if let Some(clicked) = picture.show(ui, &mut view.focus) {
        view.marked = (view.marked != Some(clicked)).then_some(clicked);
    }
}

/// A merge a row, from the most alike to the least.
pub(super) fn records(context: &LabContext<'_>, view: &SimilarityView, shared: &Shared) -> Option<Records> {
    Pair::of(context, shared)?;
    let (looked, tree) = view.tree.get()?;
    let mut records = Records::new(["network", "temperature", "merge", "height_nats", "classes", "left", "right"]);
    let name = if looked.whose == Whose::Student { &looked.pair.student_name } else { &looked.pair.teacher_name };
    for (index, merge) in tree.dendrogram.merges.iter().enumerate() {
        let [left, right] = merge.branches.map(|branch| {
            let names = tree.below(branch).iter().map(|&class| class_name(&looked.pair.class_names, class));
            names.collect::<Vec<_>>().join(" ")
        });
        records.push([
            name.clone(),
            looked.temperature.to_string(),
            (index + 1).to_string(),
            merge.height.to_string(),
            merge.size.to_string(),
            left,
            right,
        ]);
    }
    Some(records)
}
