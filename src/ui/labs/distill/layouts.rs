//! The arrangements of the panes that come with the lab.

use super::Pane;
use crate::ui::labs::frame::{LabArrangement, Part};

/// An arrangement that comes with the lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    #[default]
    Default,
    Lecture,
    Everything,
}

impl LabArrangement for Arrangement {
    type Pane = Pane;

    const ALL: &'static [Self] = &[Self::Default, Self::Lecture, Self::Everything];

    fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Lecture => "Lecture",
            Self::Everything => "Everything",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Default => "Put all panes back in their first places",
            Self::Lecture => "A large microscope over its images, the curves beside it: to be seen from the last row",
            Self::Everything => "Every pane at once: for a large screen",
        }
    }

    /// The microscope says of an image what the inspector would.
    fn has_inspector(self) -> bool {
        false
    }

    fn part(self) -> &'static Part<Pane> {
        match self {
            Self::Default => &DEFAULT,
            Self::Lecture => &LECTURE,
            Self::Everything => &EVERYTHING,
        }
    }
}

/// Settings left, training in the middle, what the networks know right.
const DEFAULT: Part<Pane> = Part::Row(&[
    (0.22, Part::Tabs(&[Pane::Experiment, Pane::Members])),
    (
        0.37,
        Part::Column(&[
            (0.58, Part::Tabs(&[Pane::Curves, Pane::Sweep, Pane::Report, Pane::Specialists])),
            (0.42, Part::Tabs(&[Pane::Images])),
        ]),
    ),
    (
        0.41,
        Part::Column(&[
            (0.5, Part::Tabs(&[Pane::Microscope, Pane::Temperature, Pane::Gradient])),
            (0.5, Part::Tabs(&[Pane::DarkKnowledge, Pane::Similarity, Pane::Bookkeeping, Pane::Omitted])),
        ]),
    ),
]);

const LECTURE: Part<Pane> = Part::Row(&[
    (
        0.6,
        Part::Column(&[
            (0.66, Part::Tabs(&[Pane::Microscope, Pane::DarkKnowledge, Pane::Similarity, Pane::Omitted])),
            (0.34, Part::Tabs(&[Pane::Images, Pane::Bookkeeping])),
        ]),
    ),
    (
        0.4,
        Part::Column(&[
            (0.5, Part::Tabs(&[Pane::Curves, Pane::Temperature, Pane::Gradient, Pane::Sweep])),
            (0.5, Part::Tabs(&[Pane::Experiment, Pane::Members, Pane::Specialists, Pane::Report])),
        ]),
    ),
]);

const EVERYTHING: Part<Pane> = Part::Row(&[
    (0.16, Part::Column(&[(0.6, Part::Tabs(&[Pane::Experiment])), (0.4, Part::Tabs(&[Pane::Members]))])),
    (
        0.28,
        Part::Column(&[
            (0.3, Part::Tabs(&[Pane::Curves])),
            (0.25, Part::Tabs(&[Pane::Sweep])),
            (0.22, Part::Tabs(&[Pane::Specialists])),
            (0.23, Part::Tabs(&[Pane::Report])),
        ]),
    ),
    (
        0.28,
        Part::Column(&[
            (0.4, Part::Tabs(&[Pane::Microscope])),
            (0.22, Part::Tabs(&[Pane::Images])),
            (0.38, Part::Row(&[(0.5, Part::Tabs(&[Pane::Temperature])), (0.5, Part::Tabs(&[Pane::Gradient]))])),
        ]),
    ),
    (
        0.28,
        Part::Column(&[
            (0.36, Part::Tabs(&[Pane::DarkKnowledge])),
            (0.32, Part::Row(&[(0.5, Part::Tabs(&[Pane::Similarity])), (0.5, Part::Tabs(&[Pane::Bookkeeping]))])),
            (0.32, Part::Tabs(&[Pane::Omitted])),
        ]),
    ),
]);
