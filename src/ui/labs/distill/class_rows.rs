//! Which classes have a row, where there is one a class.

use super::Shared;
use super::subject::Subject;
use egui::{RichText, Ui};

/// So many classes are all shown, in their order.
const MOST: usize = 20;
/// Of more, the teacher's likeliest, and the student's.
const TEACHERS: usize = 12;
const STUDENTS: usize = 3;

/// Of many classes only those that matter, and the true one, the teacher's likeliest first. The order does not depend on
/// the temperature, so that rows stay where they are while it changes.
pub(super) fn classes_shown(subject: &Subject, all: bool) -> Vec<usize> {
    choose(&subject.teacher, &subject.student, subject.label, all)
}

fn choose(teacher: &[f32], student: &[f32], truth: Option<usize>, all: bool) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..teacher.len().min(student.len())).collect();
    if classes.len() <= MOST {
        return classes;
    }
    let mut of_student = classes.clone();
    of_student.sort_by(|&a, &b| student[b].total_cmp(&student[a]));
    classes.sort_by(|&a, &b| teacher[b].total_cmp(&teacher[a]));
    if !all {
        let mut place = 0;
        classes.retain(|class| {
            place += 1;
            place <= TEACHERS || Some(*class) == truth || of_student[..STUDENTS].contains(class)
        });
    }
    classes
}

/// A switch, where not all classes have a row. `pane` tells those of several panes apart.
pub(super) fn all_or_likeliest(ui: &mut Ui, shared: &mut Shared, classes: usize, pane: &str) {
    if classes > MOST {
        ui.checkbox(&mut shared.all_classes, RichText::new(format!("all {classes} classes")).small())
            .on_hover_text(
                "Else the classes that the teacher finds likeliest, the student's first three, and the true one",
            )
            .accessible_name(format!("All classes of {pane}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_classes_the_likeliest_of_both_and_the_true_one_have_a_row() {
        assert_eq!(choose(&[0.0, 3.0, 1.0], &[0.0; 3], Some(0), false), [0, 1, 2], "few stay in their order");
        let teacher: Vec<f32> = (0..100).map(|class| class as f32).collect();
        let student: Vec<f32> = (0..100).map(|class| -(class as f32)).collect();
        let shown = choose(&teacher, &student, Some(50), false);
        assert_eq!(shown, [99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 89, 88, 50, 2, 1, 0]);
        assert_eq!(choose(&teacher, &student, Some(95), false).len(), 15);
        assert_eq!(choose(&teacher, &student, None, true).len(), 100);
    }
}
