//! The arrangements of the panes that come with the lab.

use super::Pane;
use crate::ui::labs::frame::{LabArrangement, Part};

/// An arrangement that comes with the lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    #[default]
    Default,
    Lecture,
}

impl LabArrangement for Arrangement {
    type Pane = Pane;

    const ALL: &'static [Self] = &[Self::Default, Self::Lecture];

    fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Lecture => "Lecture",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Default => "Put all panes back in their first places",
            Self::Lecture => {
                "One unit and its top nine, large, beside all units of the layer: to be seen from the last row"
            }
        }
    }

    /// The panes say what the inspector would.
    fn has_inspector(self) -> bool {
        false
    }

    fn part(self) -> &'static Part<Pane> {
        match self {
            Self::Default => &DEFAULT,
            Self::Lecture => &LECTURE,
        }
    }
}

/// The network and its layers left, all units in the middle over the pictures, one unit right.
const DEFAULT: Part<Pane> = Part::Row(&[
    (0.22, Part::Tabs(&[Pane::Network])),
    (0.43, Part::Column(&[(0.66, Part::Tabs(&LAYER)), (0.34, Part::Tabs(&[Pane::Pictures]))])),
    (0.35, Part::Tabs(&UNIT)),
]);

const LECTURE: Part<Pane> = Part::Row(&[
    (0.5, Part::Tabs(&UNIT)),
    (
        0.5,
        Part::Column(&[
            (0.7, Part::Tabs(&[Pane::Units, Pane::Filters, Pane::Correspondence, Pane::Network])),
            (0.3, Part::Tabs(&[Pane::Pictures])),
        ]),
    ),
]);

/// About many units.
const LAYER: [Pane; 3] = [Pane::Units, Pane::Filters, Pane::Correspondence];

/// About one.
const UNIT: [Pane; 5] = [Pane::Unit, Pane::Evolution, Pane::Occlusion, Pane::Invariance, Pane::Surgery];
