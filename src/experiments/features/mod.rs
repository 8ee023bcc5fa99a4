//! The exhibits of Zeiler and Fergus 2013 (arXiv 1311.2901): what a network has learned, as pictures and as numbers beside
//! the paper's.
//!
//! The network is trained or read; for some exhibits another one learns scenes, in which it is known where the object is,
//! and for the ablation each variant learns. Then the exhibits are gone through, one after the other. No choice is
//! made on test images, but which of them are shown.

mod ablation;
mod adjoint;
mod config;
mod correspondence;
mod evolution;
mod filters;
mod gallery;
mod hidden_energy;
mod invariance;
mod learning;
mod occlusion;
mod presets;
mod results;
mod sheet;

pub use config::{AblationConfig, EvolutionConfig, Exhibit, FeaturesConfig, ScenesConfig, Variant};
pub use presets::{features_preset, features_presets};
pub use results::{
    AblationFinding, AdjointFinding, AdjointRow, CorrespondenceFinding, CorrespondenceRow, EnergyRow, EvolutionFinding,
    EvolutionRow, FeaturesResults, FiltersFinding, Findings, InvarianceCurve, InvarianceFinding, OcclusionFinding,
    RuleRow, SilencedRow,
};

use super::config::ConfigError;
use super::distillation::{MemberResult, TRAIN, after, read_network};
use super::fit::{RunError, fitted};
use super::observer::{Advance, Observer};
use super::protocol::{Finished, MemberState, Protocol, ProtocolAdvance};
use super::settings::Config;
use super::trained::Trained;
use super::training::{Material, Training};
use crate::data::{Amount, Placed, Source, Split, example_pictures};
use crate::nets::Checkpoint;
use ablation::Silencing;
use adjoint::Adjoint;
pub(in crate::experiments) use adjoint::worst;
use burn::tensor::Device;
use config::{NETWORK, SCENES};
use correspondence::Corresponding;
use evolution::Evolution;
use filters::FirstFilters;
use gallery::{Gallery, Look};
use hidden_energy::HiddenEnergy;
use invariance::Moving;
use learning::{Learner, learners, scenes};
use occlusion::Occluding;

/// Of all work, what looking is taken for beside learning.
const LOOKING: f64 = 0.25;

/// An experiment that advances in small steps. Same settings, same bits, on the processor.
pub struct Features {
    config: FeaturesConfig,
    source: Source,
    /// What the network learns from, where it does.
    material: Option<Material>,
    learners: Vec<Learner>,
    /// The network, where it comes trained.
    known: Option<Checkpoint>,
    /// The network after the epochs that are looked at.
    states: Vec<(u64, Checkpoint)>,
    /// What is on the test scenes.
    placed: Vec<Vec<Placed>>,
    gallery: Option<Gallery>,
    scenes: Option<Gallery>,
    stage: Stage,
    findings: Findings,
    finished: Finished,
    results: Option<FeaturesResults>,
    device: Device,
    on_host: bool,
}

enum Stage {
    /// Which of the networks.
    Learning(usize),
    /// Which of [`Exhibit::ALL`], and what it has found so far.
    Looking(usize, Option<Box<dyn Look>>),
    Over,
}

impl Features {
    /// Reads and builds what must be there before the first step. `finished`: networks that have learned already, of an
    /// earlier start of the same settings.
    ///
    /// # Errors
    /// When the settings make no sense, or networks and data do not fit together.
    pub fn new(
        config: FeaturesConfig,
        mut finished: Finished,
        device: &Device,
        on_host: bool,
    ) -> Result<Self, RunError> {
        config.check()?;
        let source = config.train.data.open()?;
        let is_trained_here = config.network == TRAIN;
        let known = if is_trained_here { None } else { Some(known_network(&config.network)?) };
        let whole = fitted(config.train.resolve_network()?, &source.train);
        let material = if is_trained_here { Some(Material::of(&config.train, &whole)?) } else { None };
        let learners = learners(&config, &source, material.as_ref())?;
        let states = states_of(&config, &mut finished);
        Ok(Self {
            config,
            source,
            material,
            learners,
            known,
            states,
            placed: Vec::new(),
            gallery: None,
            scenes: None,
            stage: Stage::Learning(0),
            findings: Findings::default(),
            finished,
            results: None,
            device: device.clone(),
            on_host,
        })
    }

    pub fn config(&self) -> &FeaturesConfig {
        &self.config
    }

    /// Once it is over.
    pub fn measured(&self) -> Option<&FeaturesResults> {
        self.results.as_ref()
    }

    fn learn(&mut self, index: usize, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        let Some(learner) = self.learners.get_mut(index) else {
            self.hang()?;
            self.stage = Stage::Looking(0, None);
            return Ok(ProtocolAdvance::Measured);
        };
        if learner.member.is_done() {
            self.stage = Stage::Learning(index + 1);
            return Ok(ProtocolAdvance::Measured);
        }
        if learner.member.training.is_none() {
            let material = if learner.is_of_scenes {
                let (material, placed) = scenes(&self.config, &self.source)?;
                self.placed = placed;
                material
            } else {
                self.material.clone().ok_or_else(nothing)?
            };
            learner.begin(material, &mut self.finished, &self.device, self.on_host)?;
            return Ok(ProtocolAdvance::MemberChanged);
        }
        let advance = learner.member.advance(&|_| Vec::new(), observer)?;
        if advance == Advance::EpochDone && learner.member.state.name == NETWORK {
            self.keep_state(index, observer);
        }
        Ok(after(&self.learners[index].member, advance, observer))
    }

    /// The network as it is after an epoch that is to be looked at.
    fn keep_state(&mut self, index: usize, observer: &mut dyn Observer) {
        let Some(training) = &self.learners[index].member.training else { return };
        let epoch = training.epoch().round() as u64;
        let is_wanted = self.config.has(Exhibit::Evolution) && self.config.evolution.epochs.contains(&epoch);
        if is_wanted && self.states.last().is_none_or(|(last, _)| *last < epoch) {
            let state = training.network_alone();
            observer.network(&state_name(epoch), &state);
            self.states.push((epoch, state));
        }
    }

    fn trained(&self, name: &str) -> Option<&Training> {
        let learner = self.learners.iter().find(|learner| learner.member.state.name == name)?;
        learner.member.training.as_ref()
    }

    fn result(&self, name: &str) -> Option<MemberResult> {
        let learner = self.learners.iter().find(|learner| learner.member.state.name == name)?;
        learner.member.result.clone()
    }

    /// All networks have learned: images and networks for the exhibits.
    fn hang(&mut self) -> Result<(), RunError> {
        let FeaturesConfig { fill, images, seed, photographs, .. } = self.config;
        let trained = || self.trained(NETWORK).map(Training::network_alone);
        let network = self.known.clone().or_else(trained).ok_or_else(nothing)?;
        self.gallery = Some(if photographs {
            Gallery::of_pictures(&network, &example_pictures(), fill, &self.device)?
        } else {
            let test = Split::all(self.source.test.clone());
            let chosen = test.stratified(Amount::Count(images.min(test.len())), seed)?;
            Gallery::new(&network, &chosen, fill, &self.device)?
        });
        if let Some(training) = self.trained(SCENES) {
            let boxes = self.placed.iter().filter_map(|objects| objects.first().map(|object| object.bounds));
            let split = training.test_split().clone();
            let gallery = Gallery::new(&training.network_alone(), &split, fill, &self.device)?;
            self.scenes = Some(gallery.with_objects(boxes));
        }
        Ok(())
    }

    fn gallery_of(&self, exhibit: Exhibit) -> Result<&Gallery, RunError> {
        let gallery = if exhibit.is_of_scenes() { &self.scenes } else { &self.gallery };
        gallery.as_ref().ok_or_else(nothing)
    }

    fn begin(&self, exhibit: Exhibit) -> Result<Box<dyn Look>, RunError> {
        let (gallery, config) = (self.gallery_of(exhibit)?, &self.config);
        let FeaturesConfig { samples, units, seed, .. } = *config;
        Ok(match exhibit {
            Exhibit::Adjoint => Box::new(Adjoint::new(gallery, samples, seed)?),
            Exhibit::Filters => Box::new(FirstFilters),
            Exhibit::HiddenEnergy => Box::new(HiddenEnergy::new(gallery, samples, units, seed)),
            Exhibit::Invariance => Box::new(Moving::new(gallery, samples)),
            Exhibit::Occlusion => Box::new(Occluding::new(&config.scenes)),
            Exhibit::Correspondence => Box::new(Corresponding::new(gallery, &config.scenes, seed)),
            Exhibit::Ablation => Box::new(Silencing::new(gallery, seed)),
            Exhibit::Evolution => Box::new(Evolution::new(gallery, &self.states, units, seed, &self.device)?),
        })
    }

    fn look(
        &mut self,
        index: usize,
        look: Option<Box<dyn Look>>,
        observer: &mut dyn Observer,
    ) -> Result<ProtocolAdvance, RunError> {
        let Some(&exhibit) = Exhibit::ALL.get(index) else {
            self.results = Some(self.gather());
            self.stage = Stage::Over;
            return Ok(ProtocolAdvance::Finished);
        };
        if !self.config.has(exhibit) {
            self.stage = Stage::Looking(index + 1, None);
            return Ok(ProtocolAdvance::Measured);
        }
        let mut look = match look {
            Some(look) => look,
            None => self.begin(exhibit)?,
        };
        if look.advance(self.gallery_of(exhibit)?)? {
            self.stage = Stage::Looking(index, Some(look));
            return Ok(ProtocolAdvance::Measured);
        }
        let mut findings = std::mem::take(&mut self.findings);
        let pictures = look.finish(self.gallery_of(exhibit)?, &mut findings);
        self.findings = findings;
        for (name, png) in pictures {
            observer.figure(&name, &png);
        }
        self.stage = Stage::Looking(index + 1, None);
        Ok(ProtocolAdvance::MemberChanged)
    }

    fn gather(&mut self) -> FeaturesResults {
        let mut findings = std::mem::take(&mut self.findings);
        if let Some(ablation) = &mut findings.ablation {
            let own = self.learners.iter().filter(|learner| !learner.is_of_scenes);
            ablation.networks = own.filter_map(|learner| learner.member.result.clone()).collect();
        }
        let name = |gallery: &Gallery| gallery.network().architecture().name.clone();
        FeaturesResults {
            settings: self.config.clone(),
            data: self.source.name.clone(),
            network: self.gallery.as_ref().map(name).unwrap_or_default(),
            images: self.gallery.as_ref().map_or(0, |gallery| gallery.images.len()),
            trained: self.result(NETWORK),
            scenes: self.result(SCENES),
            findings,
        }
    }

    /// Share of the exhibits that is done.
    fn looked(&self) -> f64 {
        let Stage::Looking(index, look) = &self.stage else {
            return f64::from(u8::from(matches!(self.stage, Stage::Over)));
        };
        let wanted = |exhibit: &&Exhibit| self.config.has(**exhibit);
        let before = Exhibit::ALL[..*index].iter().filter(wanted).count() as f64;
        let share = look.as_ref().map_or(0.0, |look| look.share());
        (before + share) / self.config.exhibits.len() as f64
    }
}

impl Protocol for Features {
    fn advance(&mut self, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Learning(index) => {
                self.stage = Stage::Learning(index);
                self.learn(index, observer)
            }
            Stage::Looking(index, look) => self.look(index, look, observer),
            Stage::Over => Ok(ProtocolAdvance::Finished),
        }
    }

    fn members(&self) -> Vec<MemberState> {
        let state = |learner: &Learner| {
            let state = learner.member.state.clone();
            // Its test images are scenes, which are not among those that are held out.
            if learner.is_of_scenes { MemberState { test: None, ..state } } else { state }
        };
        self.learners.iter().map(state).collect()
    }

    fn stage(&self) -> String {
        match &self.stage {
            Stage::Learning(index) => {
                let learner = self.learners.get(*index);
                learner.map_or_else(String::new, |learner| format!("`{}` learns", learner.member.state.name))
            }
            Stage::Looking(index, look) => {
                let name = Exhibit::ALL.get(*index).map_or("", |exhibit| exhibit.name());
                let share = look.as_ref().map_or(0.0, |look| look.share());
                format!("Exhibit {name}, {:.0}%", 100.0 * share)
            }
            Stage::Over => "Done".to_owned(),
        }
    }

    fn work(&self) -> (f64, f64) {
        let learning = self.learners.iter().map(Learner::work);
        let (done, total) = learning.fold((0.0, 0.0), |sum, work| (sum.0 + work.0, sum.1 + work.1));
        let looking = if total > 0.0 { LOOKING * total } else { 1.0 };
        (done + looking * self.looked(), total + looking)
    }

    fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError> {
        // Whether there is such a setting is said first.
        self.config.with(setting, value)?;
        let reason = "it can be changed only before the experiment: reset first".to_owned();
        Err(ConfigError::Value { key: setting.to_owned(), value: value.to_owned(), reason })
    }

    fn logits(&self, pixels: &[u8]) -> Vec<(String, Vec<f32>)> {
        let own = self.learners.iter().filter(|learner| !learner.is_of_scenes);
        own.filter_map(|learner| {
            let member = &learner.member;
            Some((member.state.name.clone(), member.training.as_ref()?.logits_of(pixels)))
        })
        .collect()
    }

    fn held_out(&self) -> (Option<Split>, Split) {
        let validation = self.material.as_ref().and_then(|material| material.validation.clone());
        (validation, Split::all(self.source.test.clone()))
    }

    fn results(&self) -> Option<serde_json::Value> {
        self.results.as_ref().and_then(|results| serde_json::to_value(results).ok())
    }
}

/// One that comes trained, or of a run folder or a checkpoint.
fn known_network(name: &str) -> Result<Checkpoint, RunError> {
    match Trained::named(name) {
        Some(trained) => Ok(trained.checkpoint()?),
        None => read_network("network", name, &[TRAIN, "convnet-mnist", "efficientnet-lite0"]),
    }
}

/// As the run folder has it.
fn state_name(epoch: u64) -> String {
    format!("{NETWORK} epoch {epoch}")
}

/// What an earlier start kept of the network on its way. Where one is missing, it learns anew.
fn states_of(config: &FeaturesConfig, finished: &mut Finished) -> Vec<(u64, Checkpoint)> {
    if !config.has(Exhibit::Evolution) || !finished.contains_key(NETWORK) {
        return Vec::new();
    }
    let state = |&epoch: &u64| finished.remove(&state_name(epoch)).map(|state| (epoch, state));
    let states: Option<Vec<_>> = config.evolution.epochs.iter().map(state).collect();
    if states.is_none() {
        finished.remove(NETWORK);
    }
    states.unwrap_or_default()
}

/// A network that is there from the start, or done by now, is not.
fn nothing() -> RunError {
    ConfigError::Check("a network of this experiment is missing".to_owned()).into()
}
