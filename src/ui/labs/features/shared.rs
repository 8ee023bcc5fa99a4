//! What the panes look at together: a layer, a unit of it, and how it is carried back.

use crate::engine::{CutFacts, Facts};
use crate::nets::Rule;
use crate::ui::app::SheetSource;
use crate::ui::labs::LabContext;
use serde::{Deserialize, Serialize};

/// A choice made in one pane is followed by all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shared {
    /// Name of a cut; where there is none, one whose units look for parts of things.
    #[serde(skip)]
    pub layer: Option<String>,
    #[serde(skip)]
    pub unit: usize,
    /// A second unit of the layer, shown beside the first.
    #[serde(skip)]
    pub compared: Option<usize>,
    pub rule: Rule,
    /// Among these images the strongest are looked for.
    pub images: Images,
    /// Of the time while a run learns, so much is spent on its sheets, in 0 to 1.
    pub sheet_share: f32,
}

/// Where the images of the sheets come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Images {
    /// The digits inside for a network of digits, and the pictures for others.
    #[default]
    Automatic,
    Pictures,
    /// The data set of the settings.
    Settings,
}

impl Images {
    pub(super) const ALL: [Self; 3] = [Self::Automatic, Self::Pictures, Self::Settings];
}

/// A step of training then takes at most a twentieth longer.
const SHEET_SHARE: f32 = 0.05;

impl Default for Shared {
    fn default() -> Self {
        Self {
            layer: None,
            unit: 0,
            compared: None,
            rule: Rule::Deconvolution,
            images: Images::default(),
            sheet_share: SHEET_SHARE,
        }
    }
}

impl Shared {
    /// The layer that is looked at.
    pub(super) fn cut<'a>(&self, facts: &'a Facts) -> Option<&'a CutFacts> {
        let named = self.layer.as_deref().and_then(|name| facts.cut(name));
        named.or_else(|| first(facts)).or(facts.cuts.first())
    }

    pub(super) fn choose(&mut self, layer: &str) {
        if self.layer.as_deref() != Some(layer) {
            self.layer = Some(layer.to_owned());
            self.unit = 0;
            self.compared = None;
        }
    }

    /// Puts a unit beside the chosen one, or takes it away again.
    pub(super) fn compare(&mut self, unit: usize) {
        self.compared = Some(unit).filter(|_| self.compared != Some(unit) && unit != self.unit);
    }

    /// Where the images of the sheets come from, for this network.
    pub(super) fn source(&self, facts: &Facts, context: &LabContext<'_>) -> SheetSource {
        let data = &context.book.current().config.data;
        let settings = || SheetSource::Data(data.source.clone(), data.images);
        match self.images {
            Images::Settings => settings(),
            Images::Automatic if context.session.exploration.follows_run() => settings(),
            Images::Automatic if facts.input.channels == 1 => {
                SheetSource::Data("mnist".to_owned(), crate::data::ImageOptions::default())
            }
            Images::Automatic | Images::Pictures => SheetSource::Pictures,
        }
    }
}

/// The highest layer whose maps still say where: there units look for parts of things. Without maps, the first layer that
/// has units of its own.
fn first(facts: &Facts) -> Option<&CutFacts> {
    let least = facts.input.height.div_ceil(FINEST);
    let says_where = |cut: &&CutFacts| {
        let is_usual = cut.kind.starts_with("relu") || cut.kind == "block";
        is_usual && cut.cut.inner == 0 && !cut.shape.is_vector() && cut.shape.height >= least
    };
    let has_units = |cut: &&CutFacts| !matches!(cut.kind, "flatten" | "dropout");
    facts.cuts.iter().rev().find(says_where).or_else(|| facts.cuts.iter().find(has_units))
}

/// Of an image's side, so many pixels to one of a map that still says where.
const FINEST: usize = 16;

pub(super) const RULES: [(Rule, &str, &str); 3] = [
    (
        Rule::Deconvolution,
        "deconvnet",
        "The way back rectifies the signal at each nonlinearity, whatever the way up was (Zeiler, Fergus 2013)",
    ),
    (Rule::Guided, "guided", "Both: positive signals, and only where the unit was active (Springenberg et al. 2015)"),
    (Rule::Gradient, "gradient", "The true derivative of the unit by each pixel (Simonyan et al. 2014)"),
];

pub(super) fn rule_name(rule: Rule) -> &'static str {
    RULES.iter().find(|(own, ..)| *own == rule).map_or("", |(_, name, _)| name)
}
