//! The settings of the exhibits of Zeiler and Fergus 2013, as plain data.

use crate::experiments::distillation::TRAIN;
use crate::experiments::distillation::config::{quiet, within};
use crate::experiments::{Config, ConfigError, TrainConfig};
use crate::lens::Fill;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a network has learned, measured as Zeiler and Fergus 2013 (arXiv 1311.2901) do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeaturesConfig {
    /// In a few words.
    pub title: String,
    /// What the paper did and found, with the place; what to look at.
    pub about: String,
    /// What the paper reports of a variant of the ablation, by its name.
    pub paper: BTreeMap<String, String>,
    /// Decides what is drawn at random: test images, units, scenes, places. The networks have the one of `train`.
    pub seed: u64,
    /// `train`, the name of a network that comes trained, or the path of a run folder or a checkpoint.
    pub network: String,
    pub exhibits: Vec<Exhibit>,
    /// Look at the photographs that come with Glassbox, rather than at test images: for a network of photographs.
    pub photographs: bool,
    /// Test images of `train.data`, all classes alike: among these the strongest are sought, and errors counted.
    pub images: usize,
    /// So many of the images are looked at one by one: transformed, hidden, carried back.
    pub samples: usize,
    /// So many units of a layer are looked at.
    pub units: usize,
    /// What takes the place of hidden pixels: `mean`, or `grey` from 0 (black) to 1 (white).
    pub fill: Fill,
    /// How the network learns, where it does, and the data in any case.
    pub train: TrainConfig,
    pub scenes: ScenesConfig,
    pub evolution: EvolutionConfig,
    pub ablation: AblationConfig,
}

/// One of the paper's exhibits, or a check of its method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exhibit {
    /// Transposed filters are what they should be, and the deconvnet is the gradient but for what rectifies (section 2.1).
    Adjoint,
    /// Filters of the first layer (section 4.1, figure 6).
    Filters,
    /// Whether a unit's map depends on the pixels that its deconvolution shows.
    HiddenEnergy,
    /// How far features move when the image does (section 4.1, figure 5).
    Invariance,
    /// Whether the network looks at the object (section 4.2, figure 7).
    Occlusion,
    /// Whether the same part of different images is related (section 4.3, table 1).
    Correspondence,
    /// Layers left out, resized or silenced (section 5.1, table 3).
    Ablation,
    /// How features come about (section 4.1, figure 4).
    Evolution,
}

/// Images of `train.data` on cluttered canvases, for `occlusion` and `correspondence`: a network of their own learns to tell
/// them apart, and it is known where on the canvas the object is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScenesConfig {
    /// Scenes to learn from, and to be tested on.
    pub train: usize,
    pub test: usize,
    pub epochs: u64,
    pub batch_size: usize,
    pub learning_rate: f64,
    /// Rows and columns of the canvas, in pixels.
    pub side: usize,
    /// Pieces of other images, strewn about.
    pub clutter: usize,
    /// So many scenes are occluded, of those that the network gets right.
    pub occluded: usize,
    /// Side of the sliding square and distance between its places, in pixels.
    pub square: usize,
    pub stride: usize,
    /// Scenes of each class whose objects are taken for the same part.
    pub compared: usize,
    /// Random parts of each scene that its object is compared with.
    pub random_parts: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvolutionConfig {
    /// Of training, in rising order: the network is looked at after each.
    pub epochs: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AblationConfig {
    /// Each is trained as the network is.
    pub variants: Vec<Variant>,
}

/// A network with some layers less, or of another size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    /// Unique, and fit for a file.
    pub name: String,
    /// Layers that are left out, by name.
    pub remove: Vec<String>,
    /// Channels of a convolution or units of a linear layer, by name.
    pub resize: BTreeMap<String, usize>,
}

impl Exhibit {
    /// In the order of the report.
    pub const ALL: [Self; 8] = [
        Self::Adjoint,
        Self::Filters,
        Self::HiddenEnergy,
        Self::Invariance,
        Self::Occlusion,
        Self::Correspondence,
        Self::Ablation,
        Self::Evolution,
    ];

    /// As settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adjoint => "adjoint",
            Self::Filters => "filters",
            Self::HiddenEnergy => "hidden_energy",
            Self::Invariance => "invariance",
            Self::Occlusion => "occlusion",
            Self::Correspondence => "correspondence",
            Self::Ablation => "ablation",
            Self::Evolution => "evolution",
        }
    }

    /// Whether it is of scenes, rather than of the test images.
    pub fn is_of_scenes(self) -> bool {
        matches!(self, Self::Occlusion | Self::Correspondence)
    }
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self {
            title: "Features".to_owned(),
            about: String::new(),
            paper: BTreeMap::new(),
            seed: 1,
            network: "convnet-mnist".to_owned(),
            exhibits: vec![Exhibit::Adjoint, Exhibit::Filters, Exhibit::HiddenEnergy, Exhibit::Invariance],
            photographs: false,
            images: 1_000,
            samples: 50,
            units: 4,
            fill: Fill::Mean,
            train: TrainConfig { network: "convnet-mnist".to_owned(), ..quiet() },
            scenes: ScenesConfig::default(),
            evolution: EvolutionConfig::default(),
            ablation: AblationConfig::default(),
        }
    }
}

impl Default for ScenesConfig {
    fn default() -> Self {
        Self {
            train: 6_000,
            test: 1_000,
            epochs: 4,
            batch_size: 64,
            learning_rate: 2e-3,
            side: 48,
            clutter: 4,
            occluded: 50,
            square: 12,
            stride: 3,
            compared: 10,
            random_parts: 20,
        }
    }
}

impl Default for EvolutionConfig {
    fn default() -> Self {
        Self { epochs: vec![1, 2, 5, 10] }
    }
}

impl Default for AblationConfig {
    fn default() -> Self {
        let remove = |layers: &[&str]| layers.iter().map(|layer| (*layer).to_owned()).collect();
        let without = |name: &str, layers: &[&str]| Variant {
            name: name.to_owned(),
            remove: remove(layers),
            ..Variant::default()
        };
        let variants = vec![
            without("without conv2", &["conv2", "relu2"]),
            without("without fc3", &["fc3", "relu3"]),
            without("without conv2 and fc3", &["conv2", "relu2", "fc3", "relu3"]),
        ];
        Self { variants }
    }
}

/// Names of other networks of the experiment.
pub(super) const NETWORK: &str = "network";
pub(super) const SCENES: &str = "scenes";

const MOST_IMAGES: usize = 1_000_000;
const MOST_VARIANTS: usize = 100;

impl Config for FeaturesConfig {
    const WHOLE: &[&str] = &["data.classes", "architecture", "paper", "fill"];

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |reason: &str| Err(ConfigError::Check(reason.to_owned()));
        if self.exhibits.is_empty() {
            let all: Vec<&str> = Exhibit::ALL.iter().map(|exhibit| exhibit.name()).collect();
            return wrong(&format!("exhibits must name at least one of {}", all.join(", ")));
        }
        if self.exhibits.iter().collect::<BTreeSet<_>>().len() < self.exhibits.len() {
            return wrong("exhibits must name each only once");
        }
        if !(1..=MOST_IMAGES).contains(&self.images) {
            return wrong("images must be from 1 to 1,000,000");
        }
        if self.samples == 0 || self.samples > self.images {
            return wrong("samples must be from 1 to as many as images: they are some of these");
        }
        if self.units == 0 {
            return wrong("units must be at least 1");
        }
        if let Fill::Grey(grey) = self.fill
            && !(0.0..=1.0).contains(&grey)
        {
            return wrong("fill.grey must be from 0 (black) to 1 (white)");
        }
        if i64::try_from(self.seed).is_err() {
            return wrong("seed is too large");
        }
        self.train.check().map_err(|error| within("train", error))?;
        for exhibit in [Exhibit::Ablation, Exhibit::Evolution] {
            if self.has(exhibit) && self.network != TRAIN {
                let name = exhibit.name();
                return wrong(&format!("`{name}` is of the training of a network: set network to `{TRAIN}`"));
            }
        }
        if self.exhibits.iter().any(|exhibit| exhibit.is_of_scenes()) {
            self.scenes.check().map_err(|error| within("scenes", error))?;
        }
        if self.has(Exhibit::Evolution) {
            self.evolution.check(self.train.epochs).map_err(|error| within("evolution", error))?;
        }
        if self.has(Exhibit::Ablation) {
            self.ablation.check().map_err(|error| within("ablation", error))?;
        }
        Ok(())
    }
}

impl FeaturesConfig {
    pub fn has(&self, exhibit: Exhibit) -> bool {
        self.exhibits.contains(&exhibit)
    }
}

impl ScenesConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |reason: &str| Err(ConfigError::Check(reason.to_owned()));
        let counts = [self.train, self.test, self.occluded];
        if counts.iter().any(|count| !(1..=MOST_IMAGES).contains(count)) {
            return wrong("train, test and occluded must be from 1 to 1,000,000");
        }
        if self.epochs == 0 || self.epochs > 1_000_000 {
            return wrong("epochs must be from 1 to 1,000,000");
        }
        if self.batch_size == 0 || self.batch_size > 65_536 {
            return wrong("batch_size must be from 1 to 65,536");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return wrong("learning_rate must be above 0");
        }
        if self.square == 0 || self.square > self.side {
            return wrong("square must be from 1 pixel to as many as side");
        }
        if self.stride == 0 {
            return wrong("stride must be at least 1 pixel");
        }
        if !(2..=1_000).contains(&self.compared) {
            return wrong("compared must be from 2 to 1,000 scenes: one alone corresponds to nothing");
        }
        if !(1..=1_000).contains(&self.random_parts) {
            return wrong("random_parts must be from 1 to 1,000");
        }
        Ok(())
    }
}

impl EvolutionConfig {
    fn check(&self, epochs: u64) -> Result<(), ConfigError> {
        let wrong = |reason: String| Err(ConfigError::Check(reason));
        if self.epochs.len() < 2 || !self.epochs.is_sorted_by(|a, b| a < b) || self.epochs[0] == 0 {
            return wrong("epochs must be at least two, from 1 on and in rising order, as in [1, 2, 5, 10]".to_owned());
        }
        match self.epochs.last() {
            Some(&last) if last > epochs => wrong(format!(
                "epoch {last} is never reached: train.epochs is {epochs}. Raise it, or leave the epoch out"
            )),
            _ => Ok(()),
        }
    }
}

impl AblationConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |reason: String| Err(ConfigError::Check(reason));
        if self.variants.is_empty() || self.variants.len() > MOST_VARIANTS {
            return wrong(format!("variants must be from 1 to {MOST_VARIANTS} networks"));
        }
        let mut names = BTreeSet::from([NETWORK, SCENES]);
        for Variant { name, remove, resize } in &self.variants {
            let is_lawful = |letter: char| letter.is_alphanumeric() || " -_,+".contains(letter);
            if name.is_empty() || name.starts_with(NETWORK) || !name.chars().all(is_lawful) {
                let reason = "it must have letters, digits, spaces, and - _ , + only, and not begin with `network`";
                return wrong(format!("the variant `{name}` needs another name: {reason}"));
            }
            if !names.insert(name) {
                return wrong(format!("there are two variants `{name}`"));
            }
            if remove.is_empty() && resize.is_empty() {
                return wrong(format!("the variant `{name}` is the network itself: name layers to remove or resize"));
            }
        }
        Ok(())
    }
}
