//! A generalist and its specialists (Hinton, Vinyals and Dean 2015, section 5).
//!
//! The generalist is trained or read; its predictions for the images that it learned from show which classes it takes for
//! each other; for each set of such classes a specialist is trained that begins with the generalist's weights; then all of
//! them are asked about the test images. No choice is made on test images.

mod config;
mod measuring;
mod presets;
mod results;
mod specialist;

pub use config::{GeneralistConfig, SpecialistsConfig};
pub use presets::{specialists_preset, specialists_presets};
pub use results::{ConditionalErrors, CoveringGain, DustbinShares, Gain, SpecialistResult, SpecialistsResults};

use super::config::{ConfigError, TrainConfig};
use super::distillation::{TRAIN, after, read_network, taken_up};
use super::fit::{RunError, check_fit, fitted};
use super::member::{CLASSES, Member, class_list};
use super::observer::{Advance, Observer};
use super::protocol::{Finished, MemberState, Protocol, ProtocolAdvance, Role};
use super::settings::Config;
use super::training::{Material, Pending, Training};
use crate::data::{ClassFilter, Source, Split};
use crate::lens::{cluster_classes, covariance, dustbin_correction};
use crate::nets::{Architecture, Checkpoint, LayerKind, softmax_at};
use burn::tensor::Device;
use measuring::{Asked, Counts, Measuring};
use specialist::{Specialty, architecture_of, dustbin_lift, first_parameters};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

const GENERALIST: &str = "generalist";
/// How long a step waits for a thread, so that commands are answered meanwhile.
const WAIT: Duration = Duration::from_millis(5);
/// So many classes are named in one line.
const NAMED: usize = 12;

/// An experiment that advances in small steps. Same settings, same bits, on the processor.
pub struct Specialists {
    config: SpecialistsConfig,
    source: Source,
    generalist: Member,
    experts: Vec<Member>,
    /// The generalist's logits for the images that it learned from, `[images, classes]`.
    predictions: Arc<[f32]>,
    /// Of each specialist, once they are known.
    sets: Vec<Vec<usize>>,
    /// Of the one that learns now.
    specialty: Option<Specialty>,
    /// What is added to each dustbin's logit.
    corrections: Vec<f64>,
    stage: Stage,
    finished: Finished,
    results: Option<SpecialistsResults>,
    device: Device,
    on_host: bool,
}

enum Stage {
    Generalist,
    /// What the generalist makes of the images that it learned from.
    Predictions(Box<Pending>),
    /// Which classes it confuses.
    Sets(JoinHandle<Vec<Vec<usize>>>),
    Specialist(usize),
    Measuring(Box<Measuring>),
    Counting(JoinHandle<SpecialistsResults>),
    Over,
}

impl Specialists {
    /// Reads and builds what must be there before the first step. `finished`: networks that have learned already, of an
    /// earlier start of the same settings.
    ///
    /// # Errors
    /// When the settings make no sense, or generalist and data do not fit together.
    pub fn new(
        config: SpecialistsConfig,
        mut finished: Finished,
        device: &Device,
        on_host: bool,
    ) -> Result<Self, RunError> {
        config.check()?;
        let (generalist, source) = generalist(&config, finished.remove(GENERALIST), device, on_host)?;
        check_sizes(&config, source.train.classes(), &source.name)?;
        let training = generalist.training.as_ref().ok_or_else(nothing)?;
        if training.config().data.classes != ClassFilter::All {
            let reason =
                "generalist.run.data.classes must be `all`: a class that the generalist never saw is in no set";
            return Err(ConfigError::Check(reason.to_owned()).into());
        }
        let architecture = training.network().architecture().clone();
        if !architecture.layers.last().is_some_and(|layer| matches!(layer.kind, LayerKind::Linear(_))) {
            let name = &architecture.name;
            let reason = format!("`{name}` must end in a linear layer, of which specialists take over the rows");
            return Err(ConfigError::Check(reason).into());
        }
        let size = if config.size > 0 { config.size } else { source.train.classes() / config.count };
        let experts = (0..config.count)
            .map(|index| waiting(&config, index, &architecture_of(&architecture, size), "classes to be found"))
            .collect();
        Ok(Self {
            config,
            source,
            generalist,
            experts,
            predictions: Arc::default(),
            sets: Vec::new(),
            specialty: None,
            corrections: Vec::new(),
            stage: Stage::Generalist,
            finished,
            results: None,
            device: device.clone(),
            on_host,
        })
    }

    pub fn config(&self) -> &SpecialistsConfig {
        &self.config
    }

    /// Once it is over.
    pub fn measured(&self) -> Option<&SpecialistsResults> {
        self.results.as_ref()
    }

    fn trained_generalist(&self) -> Result<&Training, RunError> {
        self.generalist.training.as_ref().ok_or_else(nothing)
    }

    fn learn_generalist(&mut self, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        if self.generalist.is_done() {
            let training = self.trained_generalist()?;
            // Those it learned from: many more than are held out, which stay unseen until networks are judged. That it
            // is surer of them than of others matters little at T.
            self.stage = Stage::Predictions(Box::new(training.pending_of(training.train_split())));
            return Ok(ProtocolAdvance::Measured);
        }
        let advance = self.generalist.advance(&|_| Vec::new(), observer)?;
        Ok(after(&self.generalist, advance, observer))
    }

    fn predict(&mut self, mut pending: Box<Pending>) -> Result<ProtocolAdvance, RunError> {
        let training = self.trained_generalist()?;
        if pending.advance(|batch| training.logits(batch)) {
            self.stage = Stage::Predictions(pending);
            return Ok(ProtocolAdvance::Measured);
        }
        let found = pending.finish(training.steps());
        if let Some(result) = &mut self.generalist.result {
            result.train_accuracy = Some(found.accuracy);
        }
        let logits = found.logits;
        self.predictions = Arc::clone(&logits);
        let (config, classes) = (self.config.clone(), self.source.train.classes());
        self.stage = Stage::Sets(thread::spawn(move || confusable(&config, &logits, classes)));
        Ok(ProtocolAdvance::Measured)
    }

    /// Everybody may know now who is to learn what.
    fn name_sets(&mut self, sets: Vec<Vec<usize>>) -> Result<ProtocolAdvance, RunError> {
        let architecture = self.trained_generalist()?.network().architecture().clone();
        let member = |(index, set): (usize, &Vec<usize>)| {
            let objective = format!("{} and a dustbin", self.list(set));
            let mut member = waiting(&self.config, index, &architecture_of(&architecture, set.len()), &objective);
            member.state.classes = set.as_slice().into();
            member
        };
        self.experts = sets.iter().enumerate().map(member).collect();
        self.sets = sets;
        self.begin(0)
    }

    fn list(&self, set: &[usize]) -> String {
        let names = self.source.train.class_names();
        let named: Vec<&str> = set.iter().take(NAMED).map(|&class| names[class].as_str()).collect();
        let more = set.len().saturating_sub(NAMED);
        if more > 0 { format!("{} and {more} more", named.join(" ")) } else { named.join(" ") }
    }

    /// Builds a specialist; after the last, all of them are asked about the test images.
    fn begin(&mut self, index: usize) -> Result<ProtocolAdvance, RunError> {
        let Some(set) = self.sets.get(index) else {
            self.predictions = Arc::default();
            self.stage = Stage::Measuring(Box::new(self.measuring()?));
            return Ok(ProtocolAdvance::MemberChanged);
        };
        let generalist = self.trained_generalist()?;
        let specialty = Specialty::new(index, set, generalist.train_split())?;
        let (own, rest) = specialty.counts();
        let whole = generalist.network().architecture();
        let architecture = architecture_of(whole, set.len());
        let material = specialty.material(generalist, self.config.share, self.config.seed)?;
        let mut config = TrainConfig {
            seed: self.config.seed + index as u64 + 1,
            epochs: self.config.epochs,
            architecture: Some(architecture.clone()),
            ..generalist.config().clone()
        };
        config.optimiser.learning_rate = self.config.learning_rate;
        let mut training = Training::from_material(config, architecture, material, &self.device, self.on_host)?;
        let lift = dustbin_lift(&self.predictions, generalist.train_split(), set, self.config.share);
        let first = first_parameters(whole, &generalist.network().to_arrays(), set, lift);
        training.load_network(&first)?;
        let member = &mut self.experts[index];
        // One that had other classes is of another start.
        let is_same = |checkpoint: &Checkpoint| checkpoint.state.get(CLASSES) == Some(&class_list(set));
        match self.finished.remove(&member.state.name).filter(is_same) {
            Some(checkpoint) => member.take_up(training, &checkpoint)?,
            None => member.begin(training),
        }
        self.corrections.push(dustbin_correction(own, rest, self.config.share));
        self.specialty = Some(specialty);
        self.stage = Stage::Specialist(index);
        Ok(ProtocolAdvance::MemberChanged)
    }

    fn learn(&mut self, index: usize, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        let member = &mut self.experts[index];
        if member.is_done() {
            return self.begin(index + 1);
        }
        let advance = member.advance(&|_| Vec::new(), observer)?;
        if let (Advance::EpochDone, Some(specialty), Some(training)) =
            (advance, &self.specialty, member.training.as_mut())
        {
            let epoch = training.epoch().round() as u64;
            training.learn_from(specialty.images(self.config.share, self.config.seed, epoch)?);
        }
        Ok(after(member, advance, observer))
    }

    fn measuring(&self) -> Result<Measuring, RunError> {
        let asked = |(member, &correction): (&Member, &f64)| {
            let classes = member.state.classes.clone();
            Some(Asked { classes, correction, test: member.state.test.clone()?, member: member.result.clone()? })
        };
        let all = self.experts.iter().zip(&self.corrections);
        Ok(Measuring {
            config: self.config.clone(),
            data: self.source.name.clone(),
            class_names: self.source.train.class_names().to_vec(),
            generalist: self.generalist.result.clone().ok_or_else(nothing)?,
            test: self.generalist.state.test.clone().ok_or_else(nothing)?,
            specialists: all.map(asked).collect::<Option<_>>().ok_or_else(nothing)?,
            counts: Counts::default(),
        })
    }

    /// Steps of a specialist whose classes are not known yet, if all classes are alike.
    fn expected_steps(&self) -> u64 {
        let (images, classes) = (self.source.train.len() as f64, self.source.train.classes() as f64);
        let size = if self.config.size > 0 { self.config.size as f64 } else { classes / self.config.count as f64 };
        let seen = images * size / classes / self.config.share;
        self.config.epochs * (seen / self.config.generalist.run.batch_size as f64).ceil() as u64
    }
}

impl Protocol for Specialists {
    fn advance(&mut self, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Generalist => {
                self.stage = Stage::Generalist;
                self.learn_generalist(observer)
            }
            Stage::Predictions(pending) => self.predict(pending),
            Stage::Sets(thread) => match joined(thread) {
                Ok(sets) => self.name_sets(sets),
                Err(thread) => {
                    self.stage = Stage::Sets(thread);
                    Ok(ProtocolAdvance::Measured)
                }
            },
            Stage::Specialist(index) => {
                self.stage = Stage::Specialist(index);
                self.learn(index, observer)
            }
            Stage::Measuring(mut measuring) => {
                self.stage = if measuring.advance() {
                    Stage::Measuring(measuring)
                } else {
                    Stage::Counting(thread::spawn(move || measuring.finish()))
                };
                Ok(ProtocolAdvance::Measured)
            }
            Stage::Counting(thread) => match joined(thread) {
                Ok(results) => {
                    self.results = Some(results);
                    Ok(ProtocolAdvance::Finished)
                }
                Err(thread) => {
                    self.stage = Stage::Counting(thread);
                    Ok(ProtocolAdvance::Measured)
                }
            },
            Stage::Over => Ok(ProtocolAdvance::Finished),
        }
    }

    fn members(&self) -> Vec<MemberState> {
        std::iter::once(&self.generalist).chain(&self.experts).map(|member| member.state.clone()).collect()
    }

    fn stage(&self) -> String {
        match &self.stage {
            Stage::Generalist => "The generalist learns".to_owned(),
            Stage::Predictions(pending) => format!("The generalist's predictions, {:.0}%", pending.share() * 100.0),
            Stage::Sets(_) => "Which classes it confuses".to_owned(),
            Stage::Specialist(index) => format!("Specialist {} of {} learns", index + 1, self.experts.len()),
            Stage::Measuring(measuring) => format!("All are asked, {:.0}% of images", measuring.share() * 100.0),
            Stage::Counting(_) => "Counting".to_owned(),
            Stage::Over => "Done".to_owned(),
        }
    }

    fn work(&self) -> (f64, f64) {
        let expected = self.expected_steps();
        let all = std::iter::once(&self.generalist).chain(&self.experts);
        all.map(|member| member.work(expected)).fold((0.0, 0.0), |sum, work| (sum.0 + work.0, sum.1 + work.1))
    }

    fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError> {
        // Whether there is such a setting is said first.
        self.config.with(setting, value)?;
        let reason = "it can be changed only before the experiment: reset first".to_owned();
        Err(ConfigError::Value { key: setting.to_owned(), value: value.to_owned(), reason })
    }

    fn logits(&self, pixels: &[u8]) -> Vec<(String, Vec<f32>)> {
        let all = std::iter::once(&self.generalist).chain(&self.experts);
        all.filter_map(|member| Some((member.state.name.clone(), member.training.as_ref()?.logits_of(pixels))))
            .collect()
    }

    fn held_out(&self) -> (Option<Split>, Split) {
        let validation = self.generalist.training.as_ref().and_then(|training| training.validation_split().cloned());
        (validation, Split::all(self.source.test.clone()))
    }

    fn results(&self) -> Option<serde_json::Value> {
        self.results.as_ref().and_then(|results| serde_json::to_value(results).ok())
    }
}

/// What a thread found, or the thread if it is still at it.
fn joined<T>(thread: JoinHandle<T>) -> Result<T, JoinHandle<T>> {
    if !thread.is_finished() {
        thread::sleep(WAIT);
        return Err(thread);
    }
    Ok(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
}

/// The classes of each specialist: clusters of the columns of the covariance of predictions at T (section 5.3).
fn confusable(config: &SpecialistsConfig, logits: &[f32], classes: usize) -> Vec<Vec<usize>> {
    let soften = |row: &[f32]| softmax_at(row, config.temperature).into_iter().map(|p| p as f32).collect::<Vec<_>>();
    let probabilities: Vec<f32> = logits.chunks_exact(classes).flat_map(soften).collect();
    let covariance = covariance(&probabilities, classes);
    let clusters = cluster_classes(&covariance, classes, config.count, config.seed);
    if config.size == 0 { clusters.members } else { clusters.most_confused(config.size) }
}

/// A specialist whose turn has not come.
fn waiting(config: &SpecialistsConfig, index: usize, architecture: &Architecture, objective: &str) -> Member {
    let name = format!("specialist {:02}", index + 1);
    let seed = config.seed + index as u64 + 1;
    let mut member =
        Member::new(name, Role::Specialist, architecture, objective.to_owned(), seed, config.epochs, false);
    // It sees other images in each epoch.
    member.skip_looks();
    member
}

fn check_sizes(config: &SpecialistsConfig, classes: usize, data: &str) -> Result<(), ConfigError> {
    let wrong = |reason: String| Err(ConfigError::Check(reason));
    if config.count > classes {
        return wrong(format!(
            "count: {} specialists are more than `{data}` has classes, which are {classes}",
            config.count
        ));
    }
    if config.size >= classes {
        return wrong(format!(
            "size: a specialist of {} classes leaves nothing for its dustbin, as `{data}` has {classes}",
            config.size
        ));
    }
    Ok(())
}

/// The generalist, to be trained or trained already, and its data.
fn generalist(
    config: &SpecialistsConfig,
    finished: Option<Checkpoint>,
    device: &Device,
    on_host: bool,
) -> Result<(Member, Source), RunError> {
    let chosen = &config.generalist;
    let known = match finished {
        None if chosen.source != TRAIN => Some(read_network("generalist.source", &chosen.source, &[TRAIN])?),
        finished => finished,
    };
    if let Some(checkpoint) = known {
        let run = TrainConfig::from_toml(&checkpoint.state::<String>("config")?, "the generalist's checkpoint")?;
        let source = run.data.open()?;
        return Ok((taken_up(GENERALIST.to_owned(), &checkpoint, &source, None, device, on_host)?, source));
    }
    let source = chosen.run.data.open()?;
    let architecture = fitted(chosen.run.resolve_network()?, &source.train);
    check_fit(&architecture, &source)?;
    let run = TrainConfig { architecture: Some(architecture.clone()), ..chosen.run.clone() };
    let material = Material::of(&run, &architecture)?;
    let objective = "hard labels of all classes".to_owned();
    let mut member =
        Member::new(GENERALIST.to_owned(), Role::Teacher, &architecture, objective, run.seed, run.epochs, false);
    // Its predictions for the images that it learned from are wanted anyway.
    member.skip_looks();
    member.begin(Training::from_material(run, architecture, material, device, on_host)?);
    Ok((member, source))
}

/// A network that is there from the start, or done by now, is not.
fn nothing() -> RunError {
    ConfigError::Check("a network of this experiment is missing".to_owned()).into()
}
