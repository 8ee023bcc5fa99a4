//! The teacher and the student that all panes look at, on the images that are held out.

use super::Shared;
use crate::data::Split;
use crate::engine::RunId;
use crate::experiments::{HeldOut, MemberState, Role};
use crate::train::Evaluation;
use crate::ui::app::{ExperimentRecord, evaluation_of};
use crate::ui::labs::LabContext;
use std::sync::Arc;

/// What a teacher and a student made of the same images.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) run: RunId,
    pub(super) teacher_name: String,
    pub(super) student_name: String,
    pub(super) teacher: Arc<Evaluation>,
    pub(super) student: Arc<Evaluation>,
    pub(super) class_names: Arc<[String]>,
    pub(super) images: Split,
}

impl Pair {
    /// None as long as either has not been evaluated on the chosen images.
    pub(super) fn of(context: &LabContext<'_>, shared: &Shared) -> Option<Self> {
        let experiment = context.session.experiment()?;
        let started = experiment.started.as_ref()?;
        let images = match shared.split {
            HeldOut::Validation => started.validation.clone()?,
            HeldOut::Test => started.test.clone(),
        };
        let (teacher, student) = (teacher(experiment, shared)?, student(experiment, shared)?);
        let (of_teacher, of_student) = (evaluation_of(teacher, shared.split)?, evaluation_of(student, shared.split)?);
        // An evaluation without logits or of other images says nothing of these.
        let fits = |evaluation: &Evaluation| {
            evaluation.examples == images.len() && evaluation.logits.len() == images.len() * started.class_names.len()
        };
        (fits(of_teacher) && fits(of_student)).then(|| Self {
            run: experiment.id,
            teacher_name: teacher.name.clone(),
            student_name: student.name.clone(),
            teacher: Arc::clone(of_teacher),
            student: Arc::clone(of_student),
            class_names: started.class_names.as_slice().into(),
            images,
        })
    }

    pub(super) fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The true class of each image.
    pub(super) fn labels(&self) -> Vec<usize> {
        (0..self.images.len()).map(|image| self.images.label(image)).collect()
    }

    pub(super) fn teacher_logits(&self, image: usize) -> &[f32] {
        row(&self.teacher.logits, image, self.classes())
    }

    pub(super) fn student_logits(&self, image: usize) -> &[f32] {
        row(&self.student.logits, image, self.classes())
    }

    /// Whether two looks are at the same evaluations: what was worked out of one holds for the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.teacher, &other.teacher) && Arc::ptr_eq(&self.student, &other.student)
    }
}

fn row(logits: &[f32], image: usize, classes: usize) -> &[f32] {
    logits.get(image * classes..(image + 1) * classes).unwrap_or_default()
}

/// The chosen teacher, else the first.
pub(super) fn teacher<'a>(experiment: &'a ExperimentRecord, shared: &Shared) -> Option<&'a MemberState> {
    let chosen = shared.teacher.as_ref().and_then(|name| experiment.member(name));
    chosen.or_else(|| experiment.with_role(Role::Teacher).next())
}

/// The chosen student, else the last that has been evaluated on the chosen images, soft targets before hard labels.
pub(super) fn student<'a>(experiment: &'a ExperimentRecord, shared: &Shared) -> Option<&'a MemberState> {
    let chosen = shared.student.as_ref().and_then(|name| experiment.member(name));
    let is_ready = |member: &&MemberState| evaluation_of(member, shared.split).is_some();
    let ready = || experiment.with_role(Role::Student).filter(is_ready);
    let distilled = || ready().find(|member| member.name.starts_with("distilled"));
    chosen.or_else(distilled).or_else(|| ready().next()).or_else(|| experiment.with_role(Role::Student).next())
}
