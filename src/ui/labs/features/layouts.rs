//! The arrangements of the panes that come with the lab.

use super::Pane;
use crate::ui::labs::frame::{LabArrangement, Part};

/// An arrangement that comes with the lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    #[default]
    Default,
}

impl LabArrangement for Arrangement {
    type Pane = Pane;

    const ALL: &'static [Self] = &[Self::Default];

    fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Default => "Put all panes back in their first places",
        }
    }

    /// The panes say what the inspector would.
    fn has_inspector(self) -> bool {
        false
    }

    fn part(self) -> &'static Part<Pane> {
        match self {
            Self::Default => &DEFAULT,
        }
    }
}

/// The network left, its pictures beside it.
const DEFAULT: Part<Pane> = Part::Row(&[(0.22, Part::Tabs(&[Pane::Network])), (0.78, Part::Tabs(&[Pane::Pictures]))]);
