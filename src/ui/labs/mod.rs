//! The labs: one folder each, one question each. `frame` is what they have in common; `any` names a pane of whichever.

mod any;
pub mod distill;
pub mod features;
pub mod frame;
pub mod train;

pub use any::{AnyArrangement, AnyPane};
pub use frame::{LabArrangement, LabPane, OpenLab};

use super::app::{Action, Recent, Session, Settings, SettingsBook, Wanted};
use super::theme::icon;
use egui::{Key, Ui};
use serde::{Deserialize, Serialize};

/// A way of looking at networks, and the question it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lab {
    #[default]
    Train,
    Distill,
    Features,
    Transfer,
    Represent,
    Decouple,
}

impl Lab {
    pub const ALL: [Self; 6] =
        [Self::Train, Self::Distill, Self::Features, Self::Transfer, Self::Represent, Self::Decouple];

    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "Train",
            Self::Distill => "Distill",
            Self::Features => "Features",
            Self::Transfer => "Transfer",
            Self::Represent => "Represent",
            Self::Decouple => "Decouple",
        }
    }

    /// Of what is kept of it.
    pub fn id(self) -> String {
        self.name().to_lowercase()
    }

    pub fn question(self) -> &'static str {
        match self {
            Self::Train => "How does it learn?",
            Self::Distill => "What does a teacher know that labels do not say? (Hinton, Vinyals, Dean 2015)",
            Self::Features => "What does each unit look for, and where? (Zeiler, Fergus 2013)",
            Self::Transfer => "Which layers are general, which specific? (Yosinski et al. 2014; Oquab et al. 2014)",
            Self::Represent => "How good are the features off the shelf? (Razavian et al. 2014; Donahue et al. 2013)",
            Self::Decouple => {
                "What happens if layers do not wait for the true gradient? (Jaderberg et al. 2016; Czarnecki et al. 2017)"
            }
        }
    }

    /// Whether it is there yet.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Train | Self::Distill | Self::Features)
    }

    /// With the command key.
    pub fn key(self) -> Key {
        match self {
            Self::Train => Key::Num1,
            Self::Distill => Key::Num2,
            Self::Features => Key::Num3,
            Self::Transfer => Key::Num4,
            Self::Represent => Key::Num5,
            Self::Decouple => Key::Num6,
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Self::Train => icon::CHART_LINE,
            Self::Distill => icon::GRADUATION_CAP,
            Self::Features => icon::EYE,
            Self::Transfer => icon::ARROWS_LEFT_RIGHT,
            Self::Represent => icon::STACK,
            Self::Decouple => icon::LINK_BREAK,
        }
    }
}

/// The labs that are open.
#[derive(Default)]
pub struct Labs {
    pub train: train::TrainLab,
    pub distill: distill::DistillLab,
    pub features: features::FeaturesLab,
}

impl Labs {
    /// The first stands in for those that are not open; the shell never comes to one.
    pub fn get(&self, lab: Lab) -> &dyn OpenLab {
        match lab {
            Lab::Distill => &self.distill,
            Lab::Features => &self.features,
            _ => &self.train,
        }
    }

    pub fn get_mut(&mut self, lab: Lab) -> &mut dyn OpenLab {
        match lab {
            Lab::Distill => &mut self.distill,
            Lab::Features => &mut self.features,
            _ => &mut self.train,
        }
    }

    /// Brings a pane to the front of its tabs.
    pub fn reveal(&mut self, pane: AnyPane) {
        match pane {
            AnyPane::Train(pane) => self.train.reveal(pane),
            AnyPane::Distill(pane) => self.distill.reveal(pane),
            AnyPane::Features(pane) => self.features.reveal(pane),
        }
    }

    pub fn arrange(&mut self, arrangement: AnyArrangement) {
        match arrangement {
            AnyArrangement::Train(arrangement) => self.train.arrange(arrangement),
            AnyArrangement::Distill(arrangement) => self.distill.arrange(arrangement),
            AnyArrangement::Features(arrangement) => self.features.arrange(arrangement),
        }
    }
}

/// What a pane may look at and ask for.
pub struct LabContext<'a> {
    pub book: &'a mut SettingsBook,
    pub session: &'a mut Session,
    /// Done after the frame.
    pub actions: &'a mut Vec<Action>,
    /// A file dialog to open.
    pub wanted: &'a mut Option<Wanted>,
    pub recent: &'a Recent,
}

impl LabContext<'_> {
    /// Changes a setting, or says why not.
    pub fn edit(&mut self, ui: &Ui, key: &str, change: impl FnOnce(&mut Settings)) {
        if let Err(error) = self.book.edit(key, ui.ctx().time(), change) {
            self.session.log.error(error.to_string());
        }
    }

    /// Changes a setting to what was typed, or says why not.
    pub fn edit_text(&mut self, ui: &Ui, key: &str, value: &str) {
        if let Err(error) = self.book.edit_text(key, ui.ctx().time(), value) {
            self.session.log.error(error.to_string());
        }
    }

    /// Brings a pane of any lab to the front, after the frame.
    pub fn reveal(&mut self, pane: impl Into<AnyPane>) {
        self.actions.push(Action::Reveal(pane.into()));
    }
}
