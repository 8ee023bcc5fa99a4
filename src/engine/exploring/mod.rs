//! What can be asked of a network that is looked into, and how it is answered: one file a kind of question.

mod correspondence;
mod evolution;
mod explanation;
mod filters;
mod guesses;
mod invariance;
mod labelled;
mod layer_sheet;
mod maps;
mod occlusion;
mod reconstructions;
mod sheets;
mod surgery;

pub use correspondence::{CorrespondenceQuestion, CorrespondenceSeen};
pub use evolution::{Evolution, EvolutionFrame, EvolutionQuestion};
pub use explanation::ExplanationQuestion;
pub use guesses::{Guessed, SeenAndGuessed};
pub use invariance::{InvarianceQuestion, InvarianceSeen};
pub use layer_sheet::{LayerSheet, LayerSheetQuestion, LayerSheetSeen, SheetTile, layer_sheet};
pub use maps::Maps;
pub use occlusion::{OcclusionQuestion, OcclusionSeen};
pub use reconstructions::{Carried, CarryBack, SeenImage};
pub use sheets::{ImageSet, SeenImages, Sheets, SheetsQuestion};
pub use surgery::{Operation, SurgeryQuestion, SurgerySeen, SweepQuestion, SweepSeen};

pub(super) use labelled::Kept;

use super::states::{TrainingState, run_of_network};
use crate::data::{ImageShape, Picture};
use crate::experiments::Classifier;
use crate::lens::{Explanation, Fields, Filters};
use crate::nets::{Checkpoint, Cut, LayerSummary, Rule, Shape};
use burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A network to look into.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A network that comes trained, or the path of a safetensors file or a run folder of Glassbox's.
    Named(String),
    /// An architecture, by a preset's name or the path of its TOML file, with weights from a file.
    Weights { network: String, weights: PathBuf },
    /// A network as it stands in a run.
    Run { name: String, checkpoint: Arc<Checkpoint> },
}

impl Subject {
    /// The network with what it is called.
    pub(super) fn open(&self, device: &Device) -> Result<(String, Classifier), String> {
        let opened = match self {
            Self::Named(name) => Classifier::open(name, None, device).map(|classifier| (short(name), classifier)),
            Self::Weights { network, weights } => {
                Classifier::open(network, Some(weights), device).map(|classifier| (short(network), classifier))
            }
            Self::Run { name, checkpoint } => {
                Classifier::of_checkpoint(checkpoint, device).map(|classifier| (name.clone(), classifier))
            }
        };
        opened.map_err(|error| error.to_string())
    }
}

/// A path's last part without its ending; of a run its folder, also where it is a checkpoint that is named.
fn short(name: &str) -> String {
    if let Some(run) = run_of_network(Path::new(name)) {
        return run.file_name().map_or_else(|| name.to_owned(), |name| name.to_string_lossy().into_owned());
    }
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// What can be asked. `seen` is what the network sees of a picture: bytes of its input, `[channels, height, width]`.
#[derive(Clone, Debug)]
pub enum Question {
    /// The most probable classes of pictures.
    Guesses { pictures: Vec<Picture>, top: usize },
    /// The maps of all units at a cut.
    Maps { seen: Arc<[u8]>, cut: Cut },
    /// Units at a cut, each carried back to the pixels of an image.
    /// Of a network that learns: by its state, in place of the network that is looked into, and then with its share of the time.
    CarryBack { cut: Cut, rule: Rule, targets: Vec<CarryBack>, state: Option<TrainingState> },
    /// The images that activate every unit of every layer most.
    Sheets(SheetsQuestion),
    /// What the network makes of a picture while a square hides a part of it.
    Occlude(OcclusionQuestion),
    /// How features and the prediction change as a picture is moved, scaled or turned.
    Transform(InvarianceQuestion),
    /// The filters of the first layer.
    Filters,
    /// What the network does with some of its units changed.
    Operate(SurgeryQuestion),
    /// What it does without each unit of a layer in turn.
    Sweep(SweepQuestion),
    /// Whether it relates the same part of different images.
    Correspond(CorrespondenceQuestion),
    /// How what a unit looks for changed while its network learned.
    Evolve(EvolutionQuestion),
    /// How a unit is carried back, a layer a step.
    Explain(ExplanationQuestion),
    /// The sheets of all units of a layer, ready to be drawn.
    LayerSheet(LayerSheetQuestion),
}

impl Question {
    /// Whether it brings the networks that it is about: then it is not forgotten when another one is looked into.
    pub(super) fn stands_alone(&self) -> bool {
        match self {
            Self::Evolve(_) => true,
            Self::LayerSheet(question) => question.sheets.state.is_some(),
            Self::Sheets(SheetsQuestion { state, .. }) | Self::CarryBack { state, .. } => state.is_some(),
            _ => false,
        }
    }
}

/// What comes back. What takes long comes in pieces: each reply has all that is known so far.
#[derive(Clone, Debug)]
pub enum Reply {
    Loaded(Arc<Facts>),
    /// Why there is no answer.
    Failed(String),
    /// In the order of the pictures.
    Guesses(Vec<Guessed>),
    Maps(Arc<Maps>),
    /// The next ones, in the order of the targets, the first of which has this number.
    Carried {
        first: usize,
        found: Vec<Carried>,
    },
    Sheets(Arc<Sheets>),
    Occlusion(Arc<OcclusionSeen>),
    Invariance(Arc<InvarianceSeen>),
    /// None where the network does not begin with a convolution or a linear layer.
    Filters(Option<Arc<Filters>>),
    Surgery(Arc<SurgerySeen>),
    Sweep(Arc<SweepSeen>),
    Correspondence(Arc<CorrespondenceSeen>),
    Evolution(Arc<Evolution>),
    Explanation(Arc<Explanation>),
    LayerSheet(Arc<LayerSheetSeen>),
}

/// What is known of a network.
#[derive(Clone, Debug)]
pub struct Facts {
    pub name: String,
    pub architecture: String,
    pub input: ImageShape,
    pub class_names: Vec<String>,
    pub layers: Vec<LayerSummary>,
    /// Places where it can be cut, from below, without the input.
    pub cuts: Vec<CutFacts>,
    pub parameters: u64,
}

/// What is known of a place where a network can be cut.
#[derive(Clone, Debug)]
pub struct CutFacts {
    pub cut: Cut,
    pub name: String,
    pub kind: &'static str,
    pub shape: Shape,
    pub fields: Fields,
}

impl Facts {
    /// The cut of this name.
    pub fn cut(&self, name: &str) -> Option<&CutFacts> {
        self.cuts.iter().find(|cut| cut.name == name)
    }
}

impl Reply {
    pub(super) fn facts(name: String, classifier: &Classifier) -> Self {
        let architecture = classifier.network().architecture();
        // It is a network already, so its layers fit.
        let layers = architecture.summary().unwrap_or_default();
        let of = |cut: Cut| {
            let shape = architecture.cut_shape(cut).ok()?;
            let kind = architecture.kind_below(cut)?.name();
            let [vertical, horizontal] = architecture.receptive_fields(cut);
            let (name, fields) = (architecture.cut_name(cut), Fields { vertical, horizontal });
            Some(CutFacts { cut, name, kind, shape, fields })
        };
        Self::Loaded(Arc::new(Facts {
            name,
            architecture: architecture.name.clone(),
            input: classifier.input(),
            class_names: classifier.class_names().to_vec(),
            parameters: layers.iter().map(|layer| layer.parameters).sum(),
            layers,
            cuts: architecture.every_cut().into_iter().filter_map(of).collect(),
        }))
    }
}

/// Work on one question.
pub(super) trait Job: Send {
    /// A step of it.
    fn advance(&mut self, classifier: &Classifier) -> Step;

    /// Whether the next step is of what is kept up to date while a network learns, and takes only its share of the time.
    fn is_live(&self) -> bool {
        false
    }
}

/// What came of a step.
pub(super) struct Step {
    pub(super) reply: Option<Reply>,
    pub(super) more: bool,
}

impl Step {
    fn last(reply: Reply) -> Self {
        Self { reply: Some(reply), more: false }
    }

    fn failed(reason: &impl ToString) -> Self {
        Self::last(Reply::Failed(reason.to_string()))
    }
}

/// The work that a question asks for. What it finds and others may use is kept.
pub(super) fn begin(question: Question, kept: &Kept) -> Box<dyn Job> {
    match question {
        Question::Guesses { pictures, top } => Box::new(guesses::Guessing::new(pictures, top)),
        Question::Maps { seen, cut } => Box::new(maps::Mapping { seen, cut }),
        Question::CarryBack { cut, rule, targets, state } => {
            Box::new(reconstructions::Reconstructing::new(cut, rule, targets, state))
        }
        Question::Sheets(question) => Box::new(sheets::Watching::new(question)),
        Question::Occlude(question) => Box::new(occlusion::Occluding::new(question)),
        Question::Transform(question) => Box::new(invariance::Transforming::new(question)),
        Question::Filters => Box::new(filters::Filtering),
        Question::Correspond(question) => Box::new(correspondence::Corresponding::new(question)),
        Question::Operate(question) => Box::new(surgery::Operating::new(question, kept.clone())),
        Question::Sweep(question) => Box::new(surgery::Sweeping::new(question, kept.clone())),
        Question::Evolve(question) => Box::new(evolution::Evolving::new(question)),
        Question::LayerSheet(question) => Box::new(layer_sheet::MakingLayerSheet::new(question)),
        Question::Explain(question) => Box::new(explanation::Explaining { question }),
    }
}
