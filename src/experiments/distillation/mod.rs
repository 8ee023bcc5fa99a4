//! Distillation: students that learn from a teacher, beside others that learn from labels alone (Hinton, Vinyals and Dean
//! 2015, sections 2, 3 and 6).
//!
//! Teachers are trained or read; their logits for the transfer set are computed once (where images are not changed on the
//! way); then each group of students, which share first weights and batches, learns; then everything is measured.

pub(super) mod config;
mod measuring;
mod presets;
mod results;
mod teacher;

pub use config::{
    Arm, DistillConfig, EMBEDDED, LIVE_DISTILL_SETTINGS, Mean, Order, StudentSpec, Sweep, TRAIN, TeacherConfig,
};
pub use presets::{distillation_preset, distillation_presets};
pub use results::{
    AngleAt, CorrectedErrors, Correction, DistillResults, EarlyResult, EnsembleResult, MemberResult, Shifted,
};

use super::config::{ConfigError, TrainConfig};
use super::fit::{RunError, check_fit, splits};
use super::member::Member;
use super::observer::{Advance, Observer};
use super::protocol::{Finished, MemberState, Protocol, ProtocolAdvance, Role};
use super::settings::Config;
use super::training::{Material, Training};
use crate::data::{Batch, Source, Split, Unwatched, named_with};
use crate::nets::{Architecture, Checkpoint, CheckpointError};
use crate::train::Loss;
use burn::tensor::Device;
use std::sync::Arc;
use teacher::{LogitCache, live_logits};

const TEACHER: &str = "teacher";

/// A distillation that advances in small steps. Same settings, same bits, on the processor.
pub struct Distillation {
    config: DistillConfig,
    specs: Vec<StudentSpec>,
    source: Source,
    /// Where the students' images come from.
    transfer: Source,
    teachers: Vec<Member>,
    students: Vec<Member>,
    cache: LogitCache,
    stage: Stage,
    /// Whose step is next, among those that learn beside each other.
    turn: usize,
    finished: Finished,
    results: Option<DistillResults>,
    device: Device,
    on_host: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The teachers learn, one after another.
    Teachers,
    /// What the teachers say of a group's transfer set; the number is that of its first student.
    SoftTargets(usize),
    /// A group of students learns; the number is that of its first student.
    Students(usize),
    Measuring,
    Over,
}

impl Distillation {
    /// Reads and builds what must be there before the first step. `finished`: networks that have learned already, of an
    /// earlier start of the same settings.
    ///
    /// # Errors
    /// When the settings make no sense, or teacher, students and data do not fit together.
    pub fn new(
        config: DistillConfig,
        mut finished: Finished,
        device: &Device,
        on_host: bool,
    ) -> Result<Self, RunError> {
        config.check()?;
        if config.pretrained {
            finished.extend(presets::embedded_students()?);
        }
        let specs = config.students();
        let source = config.student.data.open()?;
        let transfer = if config.transfer.is_empty() {
            source.clone()
        } else {
            named_with(&config.transfer, &config.student.data.images, &Unwatched)?
        };
        check_transfer(&source, &transfer)?;
        check_classes(&config.corrected_classes, &source)?;
        let (transfer_train, _) = splits(&config.student, &transfer)?;
        config.student.data.augmentation.validate(transfer_train.shape())?;
        let teachers = teachers(&config, &finished, &source, device, on_host)?;
        let students = specs
            .iter()
            .map(|spec| {
                let architecture = network_of(&config.student, &spec.network)?;
                check_fit(&architecture, &source)?;
                let objective = describe(spec.loss, spec.arm);
                let epochs = config.student.epochs;
                let (name, keeps_best) = (spec.name.clone(), config.early_stopping);
                Ok(Member::new(name, Role::Student, &architecture, objective, spec.seed, epochs, keeps_best))
            })
            .collect::<Result<Vec<_>, RunError>>()?;
        let cache = LogitCache::new(transfer.train.len(), source.train.classes(), teachers.len(), config.teacher.mean);
        Ok(Self {
            config,
            specs,
            source,
            transfer,
            teachers,
            students,
            cache,
            stage: Stage::Teachers,
            turn: 0,
            finished,
            results: None,
            device: device.clone(),
            on_host,
        })
    }

    pub fn config(&self) -> &DistillConfig {
        &self.config
    }

    /// Once it is over.
    pub fn measured(&self) -> Option<&DistillResults> {
        self.results.as_ref()
    }

    fn learn_teachers(&mut self, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        let together = self.config.order == Order::WithTeacher;
        let Some(teacher) = self.teachers.iter_mut().find(|teacher| !teacher.is_done()) else {
            self.begin_group(0)?;
            return Ok(ProtocolAdvance::MemberChanged);
        };
        if together && teacher.state.step == 0 && !self.students.iter().any(|student| student.training.is_some()) {
            self.begin_group(0)?;
            return Ok(ProtocolAdvance::MemberChanged);
        }
        let advance = teacher.advance(&|_| Vec::new(), observer)?;
        Ok(after(teacher, advance, observer))
    }

    /// Builds the students from `first` on that learn beside each other.
    fn begin_group(&mut self, first: usize) -> Result<(), RunError> {
        if first >= self.specs.len() {
            self.stage = Stage::Measuring;
            return Ok(());
        }
        let wanted = self.group(first);
        let (mut images, mut learns) = (None, false);
        for index in wanted {
            let material = self.material(&self.specs[index])?;
            images = Some(material.train.clone());
            let training = self.student_training(index, material)?;
            if let Some(checkpoint) = self.finished.remove(&self.specs[index].name) {
                self.students[index].take_up(training, &checkpoint)?;
            } else {
                learns |= self.specs[index].loss.needs_teacher();
                self.students[index].begin(training);
            }
        }
        self.turn = 0;
        self.stage = Stage::Students(first);
        if let Some(images) = images.filter(|_| learns && self.caches()) {
            self.cache.want(&images);
            self.stage = Stage::SoftTargets(first);
        }
        Ok(())
    }

    /// Students with one seed learn beside each other: the first of them and the one after the last.
    fn group(&self, first: usize) -> std::ops::Range<usize> {
        let seed = self.specs[first].seed;
        let length = self.specs[first..].iter().take_while(|spec| spec.seed == seed).count();
        first..first + length
    }

    /// Whether the teachers' logits of an image are the same whenever it comes.
    fn caches(&self) -> bool {
        self.config.student.data.augmentation.is_none() && self.teachers.iter().all(Member::is_done)
    }

    fn student_training(&self, index: usize, material: Material) -> Result<Training, RunError> {
        let spec = &self.specs[index];
        let architecture = network_of(&self.config.student, &spec.network)?;
        let config = TrainConfig { seed: spec.seed, ..self.config.student.clone() };
        let mut training = Training::from_material(config, architecture, material, &self.device, self.on_host)?;
        training.set_loss(spec.loss, self.config.transfer.is_empty());
        Ok(training)
    }

    /// Students see images as the teacher does, so that its logits are those of what they see.
    fn material(&self, spec: &StudentSpec) -> Result<Material, RunError> {
        let config = TrainConfig { seed: spec.seed, ..self.config.student.clone() };
        let (train, _) = splits(&config, &self.transfer)?;
        let (_, validation) = splits(&config, &self.source)?;
        let standardisation = match self.teachers.first().and_then(|teacher| teacher.training.as_ref()) {
            Some(teacher) => teacher.standardisation().clone(),
            None => crate::data::Standardisation::measure(&train),
        };
        Ok(Material { train, validation, test: Split::all(Arc::clone(&self.source.test)), standardisation })
    }

    fn compute_soft_targets(&mut self, first: usize) -> ProtocolAdvance {
        let teachers: Vec<&Training> = self.teachers.iter().filter_map(|teacher| teacher.training.as_ref()).collect();
        let images = self.students[first].training.as_ref().map(|training| training.train_split().clone());
        match images.filter(|_| !self.cache.is_complete()) {
            Some(images) => self.cache.advance(&teachers, &images),
            None => self.stage = Stage::Students(first),
        }
        ProtocolAdvance::Measured
    }

    /// One small step of the student (or, in its turn, the teacher) that is next.
    fn learn_students(&mut self, first: usize, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        let group = self.group(first);
        let caches = self.caches();
        let teachers_learn = self.teachers.iter().any(|teacher| !teacher.is_done());
        let students: Vec<usize> = group.clone().filter(|&index| !self.students[index].is_done()).collect();
        let Some(next) = self.next_of(&students, teachers_learn) else {
            self.begin_group(group.end)?;
            return Ok(ProtocolAdvance::MemberChanged);
        };
        let Turn::Student(index) = next else {
            let Some(teacher) = self.teachers.iter_mut().find(|teacher| !teacher.is_done()) else {
                return Ok(ProtocolAdvance::Measured);
            };
            let advance = teacher.advance(&|_| Vec::new(), observer)?;
            return Ok(after(teacher, advance, observer));
        };
        let student = &mut self.students[index];
        let loss = student.training.as_ref().map_or(Loss::Hard, Training::loss);
        let temperature = if let Loss::Distilled { temperature, .. } = loss { temperature } else { 1.0 };
        let (cache, mean) = (&self.cache, self.config.teacher.mean);
        let teachers: Vec<&Training> = self.teachers.iter().filter_map(|teacher| teacher.training.as_ref()).collect();
        let guide = |batch: &Batch| {
            if caches { cache.logits(batch, temperature) } else { live_logits(&teachers, mean, batch, temperature) }
        };
        let advance = student.advance(&guide, observer)?;
        Ok(after(student, advance, observer))
    }

    /// Whose step is next: one after another, or each in its turn.
    fn next_of(&mut self, students: &[usize], teachers_learn: bool) -> Option<Turn> {
        if self.config.order == Order::InTurn {
            return students.first().map(|&index| Turn::Student(index));
        }
        let turns = students.iter().map(|&index| Turn::Student(index));
        let turns: Vec<Turn> = teachers_learn.then_some(Turn::Teacher).into_iter().chain(turns).collect();
        self.turn += 1;
        (!turns.is_empty()).then(|| turns[(self.turn - 1) % turns.len()])
    }
}

#[derive(Clone, Copy)]
enum Turn {
    Teacher,
    Student(usize),
}

impl Protocol for Distillation {
    fn advance(&mut self, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        match self.stage {
            Stage::Teachers => self.learn_teachers(observer),
            Stage::SoftTargets(first) => Ok(self.compute_soft_targets(first)),
            Stage::Students(first) => self.learn_students(first, observer),
            Stage::Measuring => {
                self.measure();
                Ok(ProtocolAdvance::Finished)
            }
            Stage::Over => Ok(ProtocolAdvance::Finished),
        }
    }

    fn members(&self) -> Vec<MemberState> {
        self.teachers.iter().chain(&self.students).map(|member| member.state.clone()).collect()
    }

    fn stage(&self) -> String {
        match self.stage {
            Stage::Teachers if self.teachers.len() == 1 => "The teacher learns".to_owned(),
            Stage::Teachers => "The teachers learn".to_owned(),
            Stage::SoftTargets(_) => "The teacher's logits for the transfer set".to_owned(),
            Stage::Students(first) if self.config.seeds.len() > 1 => {
                format!("Students of seed {} learn", self.specs[first].seed)
            }
            Stage::Students(_) => "Students learn".to_owned(),
            Stage::Measuring => "Measuring".to_owned(),
            Stage::Over => "Done".to_owned(),
        }
    }

    fn work(&self) -> (f64, f64) {
        let known = self.students.iter().map(|student| student.state.total_steps).max().unwrap_or(0);
        let per_epoch = self.transfer.train.len().div_ceil(self.config.student.batch_size) as u64;
        let expected = if known > 0 { known } else { per_epoch * self.config.student.epochs };
        let all = self.teachers.iter().chain(&self.students);
        all.map(|member| member.work(expected)).fold((0.0, 0.0), |sum, work| (sum.0 + work.0, sum.1 + work.1))
    }

    fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError> {
        if !LIVE_DISTILL_SETTINGS.contains(&setting) {
            let reason = "it can be changed only before the experiment: reset first".to_owned();
            return Err(ConfigError::Value { key: setting.to_owned(), value: value.to_owned(), reason });
        }
        let changed = self.config.with(setting, value)?;
        let texts = [&self.config, &changed].map(|config| config.get(setting).unwrap_or_default());
        let specs = changed.students();
        for ((student, spec), own) in self.students.iter_mut().zip(specs).zip(&mut self.specs) {
            let Some(training) = student.training.as_mut().filter(|_| student.result.is_none()) else {
                own.loss = spec.loss;
                student.state.objective = describe(spec.loss, spec.arm);
                continue;
            };
            own.loss = spec.loss;
            training.set_loss(spec.loss, changed.transfer.is_empty());
            student.state.objective = describe(spec.loss, spec.arm);
            if let Some(key) = setting.strip_prefix("student.") {
                training.change(key, value)?;
            }
        }
        self.config = changed;
        let [before, after] = texts;
        Ok((before, after))
    }

    fn logits(&self, pixels: &[u8]) -> Vec<(String, Vec<f32>)> {
        let all = self.teachers.iter().chain(&self.students);
        all.filter_map(|member| Some((member.state.name.clone(), member.training.as_ref()?.logits_of(pixels))))
            .collect()
    }

    fn held_out(&self) -> (Option<Split>, Split) {
        let validation = splits(&self.config.student, &self.source).ok().and_then(|(_, validation)| validation);
        (validation, Split::all(Arc::clone(&self.source.test)))
    }

    fn results(&self) -> Option<serde_json::Value> {
        self.results.as_ref().and_then(|results| serde_json::to_value(results).ok())
    }
}

/// Tells of a network that is done.
pub(super) fn after(member: &Member, advance: Advance, observer: &mut dyn Observer) -> ProtocolAdvance {
    match advance {
        Advance::Trained { images } => ProtocolAdvance::Trained { images },
        Advance::Evaluated | Advance::EvaluatedOnDemand => ProtocolAdvance::Measured,
        Advance::EpochDone => ProtocolAdvance::MemberChanged,
        Advance::Finished => {
            if let Some(checkpoint) = member.checkpoint() {
                observer.network(&member.state.name, &checkpoint);
            }
            ProtocolAdvance::MemberChanged
        }
    }
}

fn teachers(
    config: &DistillConfig,
    finished: &Finished,
    source: &Source,
    device: &Device,
    on_host: bool,
) -> Result<Vec<Member>, RunError> {
    if config.teacher.source != TRAIN {
        let checkpoint = read_teacher(&config.teacher.source)?;
        return Ok(vec![taken_up(TEACHER.to_owned(), &checkpoint, source, Some(config), device, on_host)?]);
    }
    let several = config.teacher.members > 1;
    (0..config.teacher.members as u64)
        .map(|index| {
            let name = if several { format!("{TEACHER} {}", index + 1) } else { TEACHER.to_owned() };
            if let Some(checkpoint) = finished.get(&name) {
                return taken_up(name, checkpoint, source, Some(config), device, on_host);
            }
            let run = TrainConfig { seed: config.teacher.run.seed + index, ..config.teacher.run.clone() };
            let architecture = run.resolve_network()?;
            check_fit(&architecture, source)?;
            let material = judged_as_students(Material::of(&run, &architecture)?, Some(config), source)?;
            let mut member = Member::new(
                name,
                Role::Teacher,
                &architecture,
                Arm::Hard.describe().to_owned(),
                run.seed,
                run.epochs,
                false,
            );
            member.begin(Training::from_material(run, architecture, material, device, on_host)?);
            Ok(member)
        })
        .collect()
}

/// Teachers are judged by the images that the students are judged by, so that the two can be compared image by image.
fn judged_as_students(
    material: Material,
    students: Option<&DistillConfig>,
    source: &Source,
) -> Result<Material, RunError> {
    let Some(students) = students else { return Ok(material) };
    let (_, validation) = splits(&students.student, source)?;
    Ok(Material { validation, test: Split::all(Arc::clone(&source.test)), ..material })
}

/// A teacher that has learned already. It sees images as it did when it learned.
pub(super) fn taken_up(
    name: String,
    checkpoint: &Checkpoint,
    source: &Source,
    students: Option<&DistillConfig>,
    device: &Device,
    on_host: bool,
) -> Result<Member, RunError> {
    let config = TrainConfig::from_toml(&checkpoint.state::<String>("config")?, "the teacher's checkpoint")?;
    check_fit(&checkpoint.architecture, source)?;
    let material = judged_as_students(Material::of(&config, &checkpoint.architecture)?, students, source)?;
    let (seed, epochs) = (config.seed, config.epochs);
    let objective = checkpoint.state("objective").unwrap_or_else(|_| Arm::Hard.describe().to_owned());
    let mut member = Member::new(name, Role::Teacher, &checkpoint.architecture, objective, seed, epochs, false);
    let training = Training::from_material(config, checkpoint.architecture.clone(), material, device, on_host)?;
    member.take_up(training, checkpoint)?;
    Ok(member)
}

/// From the program itself, a run folder, or a checkpoint.
fn read_teacher(source: &str) -> Result<Checkpoint, RunError> {
    if source == EMBEDDED {
        return Ok(presets::embedded_teacher()?);
    }
    read_network("teacher.source", source, &[TRAIN, EMBEDDED])
}

/// The first network of a run folder, or the one of a checkpoint. `setting` names it; it could also be one of `words`.
pub(super) fn read_network(setting: &str, source: &str, words: &[&str]) -> Result<Checkpoint, RunError> {
    let path = std::path::Path::new(source);
    let inside = ["teacher", "generalist", "last"].map(|name| path.join(format!("checkpoints/{name}.safetensors")));
    let file = if path.is_dir() { inside.into_iter().find(|file| file.is_file()) } else { Some(path.to_owned()) };
    let damaged = |reason: String| CheckpointError::Damaged { origin: format!("{setting} `{source}`"), reason };
    let file = file.ok_or_else(|| damaged("there is no checkpoint in this folder".to_owned()))?;
    let bytes = std::fs::read(&file).map_err(|error| {
        damaged(format!("{error}; give `{}`, or the path of a run folder or a checkpoint", words.join("`, `")))
    })?;
    Ok(Checkpoint::from_bytes(&bytes, &file.display().to_string())?)
}

fn check_classes(classes: &[usize], source: &Source) -> Result<(), RunError> {
    let count = source.train.classes();
    let Some(class) = classes.iter().find(|&&class| class >= count) else { return Ok(()) };
    let reason =
        format!("corrected_classes: there is no class {class} in `{}`, the last is {}", source.name, count - 1);
    Err(ConfigError::Check(reason).into())
}

fn check_transfer(source: &Source, transfer: &Source) -> Result<(), RunError> {
    let (has, takes) = (transfer.train.shape(), source.train.shape());
    if has == takes {
        return Ok(());
    }
    let reason = format!("transfer: `{}` has images of {has}, but `{}` has {takes}", transfer.name, source.name);
    Err(ConfigError::Check(reason).into())
}

/// A student's architecture: an edited one only where no other is named.
fn network_of(student: &TrainConfig, network: &str) -> Result<Architecture, RunError> {
    let edited = student.architecture.clone().filter(|_| student.network == network);
    let config = TrainConfig { network: network.to_owned(), architecture: edited, ..student.clone() };
    Ok(config.resolve_network()?)
}

fn describe(loss: Loss, arm: Arm) -> String {
    match loss {
        Loss::Hard => arm.describe().to_owned(),
        Loss::Smoothed { smoothing } => format!("label smoothing, {smoothing}"),
        Loss::Distilled { temperature, alpha } => format!("soft targets, T = {temperature}, alpha = {alpha}"),
        Loss::Logits { alpha } => format!("logit matching, alpha = {alpha}"),
    }
}
