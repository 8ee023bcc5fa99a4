//! The labs: one folder each, one question each.

pub mod train;

use super::theme::icon;
use egui::Key;
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
        self == Self::Train
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
