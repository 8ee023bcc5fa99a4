//! The image under the microscope, with what teacher and student make of it; and what to say as long as there is none.

use super::pair::{self, Pair};
use super::{Pane, Shared};
use crate::engine::Phase;
use crate::experiments::{ExperimentConfig, HeldOut, MemberState, Role, distillation_preset};
use crate::nets::Shape;
use crate::ui::app::{ExperimentRecord, evaluation_of};
use crate::ui::labs::LabContext;
use crate::ui::labs::frame::LabPane as _;
use crate::ui::theme;
use crate::ui::widgets::empty::empty;
use egui::{ComboBox, RichText, Sense, Ui, Vec2};
use std::sync::Arc;

/// Trained already, so that there is something to see at the first start.
const PRETRAINED: &str = "pretrained";
const QUITE_SURE: f32 = 0.9;

/// One image, and what both networks make of it.
pub(super) struct Subject {
    /// `[channels, height, width]`.
    pub(super) pixels: Arc<[u8]>,
    pub(super) shape: Shape,
    /// None where it was drawn.
    pub(super) label: Option<usize>,
    /// `validation image 17`.
    pub(super) caption: String,
    pub(super) teacher_name: String,
    pub(super) student_name: String,
    pub(super) class_names: Arc<[String]>,
    /// Logits.
    pub(super) teacher: Vec<f32>,
    pub(super) student: Vec<f32>,
}

/// Why there is nothing under the microscope.
pub(super) enum Missing {
    Experiment,
    /// It is being prepared, in words.
    Start(String),
    Failed(String),
    Network(Role),
    /// No figures of this network on the images that were chosen.
    Evaluation {
        name: String,
        split: HeldOut,
        /// Both networks are known there.
        other: Option<HeldOut>,
        is_alive: bool,
    },
    /// The networks are being asked about a drawing.
    Answer,
    Image,
}

impl Subject {
    pub(super) fn of(context: &LabContext<'_>, shared: &Shared) -> Result<Self, Missing> {
        let pair = Pair::of(context, shared);
        Self::of_pair(context, shared, pair.as_ref())
    }

    /// With the pair at hand.
    pub(super) fn of_pair(context: &LabContext<'_>, shared: &Shared, pair: Option<&Pair>) -> Result<Self, Missing> {
        if let Some(pixels) = &shared.drawn {
            return Self::drawn(context, shared, pixels);
        }
        let Some(pair) = pair else { return Err(Missing::of(context, shared)) };
        let image = shared.image.filter(|&image| image < pair.images.len()).ok_or(Missing::Image)?;
        let shape = pair.images.shape();
        Ok(Self {
            pixels: pair.images.image(image).into(),
            shape: Shape::new(shape.channels, shape.height, shape.width),
            label: Some(pair.images.label(image)),
            caption: format!("{} image {image}", shared.split.name()),
            teacher_name: pair.teacher_name.clone(),
            student_name: pair.student_name.clone(),
            class_names: Arc::clone(&pair.class_names),
            teacher: pair.teacher_logits(image).to_vec(),
            student: pair.student_logits(image).to_vec(),
        })
    }

    fn drawn(context: &LabContext<'_>, shared: &Shared, pixels: &Arc<[u8]>) -> Result<Self, Missing> {
        let experiment = context.session.experiment().ok_or(Missing::Experiment)?;
        let started = experiment.started.as_ref().ok_or_else(|| Missing::of(context, shared))?;
        let teacher = pair::teacher(experiment, shared).ok_or(Missing::Network(Role::Teacher))?;
        let student = pair::student(experiment, shared).ok_or(Missing::Network(Role::Student))?;
        // The last answer stays until the next one comes, so that nothing blinks while one draws; the picture is that of the
        // answer.
        let asked = experiment.asked.as_ref().filter(|asked| asked.pixels.len() == pixels.len());
        let asked = asked.ok_or(Missing::Answer)?;
        let logits = |member: &MemberState| {
            let row = asked.rows.iter().find(|(name, _)| *name == member.name).map(|(_, row)| row.clone());
            row.filter(|row| row.len() == started.class_names.len()).ok_or_else(|| Missing::Evaluation {
                name: member.name.clone(),
                split: shared.split,
                other: None,
                is_alive: experiment.is_alive(),
            })
        };
        let shape = started.test.shape();
        Ok(Self {
            pixels: Arc::clone(&asked.pixels),
            shape: Shape::new(shape.channels, shape.height, shape.width),
            label: None,
            caption: "drawn by you".to_owned(),
            teacher_name: teacher.name.clone(),
            student_name: student.name.clone(),
            class_names: started.class_names.as_slice().into(),
            teacher: logits(teacher)?,
            student: logits(student)?,
        })
    }

    pub(super) fn classes(&self) -> usize {
        self.class_names.len()
    }
}

impl Missing {
    /// Why there is no pair.
    pub(super) fn of(context: &LabContext<'_>, shared: &Shared) -> Self {
        let Some(experiment) = context.session.experiment() else { return Self::Experiment };
        match &experiment.phase {
            Phase::Failed(message) => return Self::Failed(message.clone()),
            Phase::Preparing(what) => return Self::Start(what.clone()),
            _ if experiment.started.is_none() => return Self::Start("Preparing data and networks".to_owned()),
            _ => {}
        }
        let Some(teacher) = pair::teacher(experiment, shared) else { return Self::Network(Role::Teacher) };
        let Some(student) = pair::student(experiment, shared) else { return Self::Network(Role::Student) };
        let is_known = |split: HeldOut| [teacher, student].iter().all(|member| evaluation_of(member, split).is_some());
        let unknown = if evaluation_of(teacher, shared.split).is_none() { teacher } else { student };
        Self::Evaluation {
            name: unknown.name.clone(),
            split: shared.split,
            other: HeldOut::ALL.into_iter().find(|&split| split != shared.split && is_known(split)),
            is_alive: experiment.is_alive(),
        }
    }

    /// Says what is missing, and offers what fills the pane. `what` is seen here then, as a sentence.
    pub(super) fn show(&self, ui: &mut Ui, context: &mut LabContext<'_>, shared: &mut Shared, icon: &str, what: &str) {
        const OPEN: (&str, &str) = (
            "Open the pretrained pair",
            "The teacher and the students that come with Glassbox: nothing is trained, and your settings stay",
        );
        const CHOOSE: (&str, &str) = ("Show the images", "The pane Images: click one to put it under the microscope");
        let text = format!("{what} {}", self.reason());
        match self {
            Self::Experiment | Self::Failed(_) | Self::Evaluation { other: None, is_alive: false, .. } => {
                if empty(ui, icon, &text, Some(OPEN)) {
                    open_pretrained(context);
                }
            }
            Self::Evaluation { other: Some(other), .. } => {
                let label = format!("Look at {} images", other.name());
                if empty(ui, icon, &text, Some((&label, "Both networks have been evaluated on these"))) {
                    shared.split = *other;
                    shared.image = None;
                }
            }
            Self::Image => {
                if empty(ui, icon, &text, Some(CHOOSE)) {
                    context.reveal(Pane::Images);
                }
            }
            _ => {
                empty(ui, icon, &text, None);
            }
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Experiment => "There is no experiment yet.".to_owned(),
            Self::Start(what) => format!("{what}..."),
            Self::Failed(message) => format!("The experiment failed: {message}"),
            Self::Network(role) => {
                let role = if *role == Role::Teacher { "teacher" } else { "student" };
                format!("This experiment has no {role}.")
            }
            Self::Evaluation { name, split, other: None, is_alive: true } => format!(
                "\u{201c}{name}\u{201d} has not been evaluated on the {} images yet: that comes {}.",
                split.name(),
                if *split == HeldOut::Test { "at its end" } else { "after its first epoch" }
            ),
            Self::Evaluation { name, split, .. } => {
                format!("\u{201c}{name}\u{201d} has not been evaluated on the {} images.", split.name())
            }
            Self::Answer => "The networks are being asked about the drawing...".to_owned(),
            Self::Image => "No image has been chosen.".to_owned(),
        }
    }
}

/// Looks at the networks that come with Glassbox. The settings stay as they are, and no folder is made.
pub(super) fn open_pretrained(context: &mut LabContext<'_>) {
    if let Some(config) = distillation_preset(PRETRAINED) {
        let config = ExperimentConfig::Distillation(Box::new(config));
        context.session.look_at_experiment(config, context.book.current());
    }
}

/// Before a frame: opens the pretrained pair where there is nothing yet, once and not while a network learns; and puts an
/// image under the microscope.
pub(super) fn settle(context: &mut LabContext<'_>, shared: &mut Shared, has_opened: &mut bool) {
    if context.session.experiment().is_none() {
        if !*has_opened && !context.session.is_going() {
            *has_opened = true;
            open_pretrained(context);
            if context.session.experiment().is_some() {
                context.session.log.event(format!("A pretrained pair is open. {}", Pane::OPENING));
            }
        }
        return;
    }
    let started = context.session.experiment().and_then(|experiment| experiment.started.clone());
    let Some(started) = started else { return };
    // A drawing for networks that take other images.
    if shared.drawn.as_ref().is_some_and(|pixels| pixels.len() != started.test.shape().pixels()) {
        shared.drawn = None;
    }
    if shared.drawn.is_some() {
        return;
    }
    let images = match shared.split {
        HeldOut::Validation => started.validation.as_ref(),
        HeldOut::Test => Some(&started.test),
    };
    let count = images.map_or(0, crate::data::Split::len);
    if shared.image.is_none_or(|image| image >= count) {
        shared.image = Pair::of(context, shared).and_then(|pair| first_image(&pair));
    }
}

/// An image of which the teacher is sure, but not quite: at T = 1 one class stands out, and as T rises those that it might be
/// as well.
fn first_image(pair: &Pair) -> Option<usize> {
    let right = pair.teacher.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_right());
    let distance = |confidence: f32| (confidence - QUITE_SURE).abs();
    let nearest = right.min_by(|(_, a), (_, b)| distance(a.confidence).total_cmp(&distance(b.confidence)));
    nearest.map(|(image, _)| image).or_else(|| (!pair.images.is_empty()).then_some(0))
}

/// Teacher, student and images, in one line. `pane` tells the controls of several panes apart.
pub(super) fn choosers(ui: &mut Ui, context: &LabContext<'_>, shared: &mut Shared, pane: &str) {
    let Some(experiment) = context.session.experiment() else { return };
    choose_network(ui, experiment, shared, Role::Teacher, pane);
    choose_network(ui, experiment, shared, Role::Student, pane);
    choose_split(ui, experiment, shared, pane);
}

fn choose_network(ui: &mut Ui, experiment: &ExperimentRecord, shared: &mut Shared, role: Role, pane: &str) {
    let (word, colour) = match role {
        Role::Teacher => ("Teacher", theme::TEACHER),
        _ => ("Student", theme::STUDENT),
    };
    let current =
        if role == Role::Teacher { pair::teacher(experiment, shared) } else { pair::student(experiment, shared) };
    let current = current.map_or_else(String::new, |member| member.name.clone());
    let mut chosen = None;
    let (swatch, _) = ui.allocate_exact_size(Vec2::splat(theme::UNIT), Sense::hover());
    ui.painter().rect_filled(swatch, 1.0, colour);
    let shown = RichText::new(if current.is_empty() { "none" } else { &current }).small();
    let combo = ComboBox::from_id_salt((word, pane)).width(64.0).truncate().selected_text(shown).show_ui(ui, |ui| {
        for member in experiment.members().iter().filter(|member| member.role != Role::Specialist) {
            let text = format!("{} ({})", member.name, member.objective);
            if ui.selectable_label(member.name == current, text).accessible_name(&member.name).clicked() {
                chosen = Some(member.name.clone());
            }
        }
    });
    let tooltip = if role == Role::Teacher {
        "The network whose soft targets stand on the left, in amber"
    } else {
        "The network that is compared with the teacher, on the right, in blue"
    };
    combo.response.on_hover_text(tooltip).accessible_name(format!("{word} of {pane}"));
    if chosen.is_some() {
        *(if role == Role::Teacher { &mut shared.teacher } else { &mut shared.student }) = chosen;
    }
}

/// Validation or test images.
pub(super) fn choose_split(ui: &mut Ui, experiment: &ExperimentRecord, shared: &mut Shared, pane: &str) {
    let has_validation = experiment.started.as_ref().is_none_or(|started| started.validation.is_some());
    let mut chosen = shared.split;
    let shown = RichText::new(chosen.name()).small();
    let combo = ComboBox::from_id_salt(("split", pane)).width(60.0).truncate().selected_text(shown).show_ui(ui, |ui| {
        for split in HeldOut::ALL {
            let possible = split == HeldOut::Test || has_validation;
            ui.add_enabled_ui(possible, |ui| {
                ui.selectable_value(&mut chosen, split, format!("{} images", split.name()))
            });
        }
    });
    let tooltip = "Images that nobody learned from: validation images, on which choices are made, or the test images, which \
                   are seen once at the end";
    combo.response.on_hover_text(tooltip).accessible_name(format!("Images of {pane}"));
    if chosen != shared.split {
        shared.split = chosen;
        shared.image = None;
        shared.drawn = None;
    }
}
