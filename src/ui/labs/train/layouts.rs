//! The arrangements of the panes that come with the lab.

use super::Pane;
use crate::ui::labs::frame::{LabArrangement, Part};

/// An arrangement that comes with the lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    #[default]
    Default,
    Lecture,
    Curves,
    LookInside,
    Everything,
}

impl LabArrangement for Arrangement {
    type Pane = Pane;

    const ALL: &'static [Self] = &[Self::Default, Self::Lecture, Self::Curves, Self::LookInside, Self::Everything];

    fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Lecture => "Lecture",
            Self::Curves => "Curves",
            Self::LookInside => "Look inside",
            Self::Everything => "Everything",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Default => "Put all panes back in their first places",
            Self::Lecture => "Large plots, the samples and the settings beside them: to be seen from the last row",
            Self::Curves => "Loss, accuracy, any other figure and the layers at once, with the runs below",
            Self::LookInside => "Samples, histograms, layers and the inspector: what goes on inside the network",
            Self::Everything => "Every pane at once: for a large screen",
        }
    }

    /// Whether what is known of the selection belongs to it.
    fn has_inspector(self) -> bool {
        matches!(self, Self::Default | Self::LookInside | Self::Everything)
    }

    fn part(self) -> &'static Part<Pane> {
        match self {
            Self::Default => &DEFAULT,
            Self::Lecture => &LECTURE,
            Self::Curves => &CURVES,
            Self::LookInside => &LOOK_INSIDE,
            Self::Everything => &EVERYTHING,
        }
    }
}

/// Settings left; curves, samples and tables right.
const DEFAULT: Part<Pane> = Part::Row(&[
    (0.285, Part::Tabs(&[Pane::Experiment, Pane::Architecture])),
    (
        0.715,
        Part::Column(&[
            (
                0.385,
                Part::Row(&[
                    (0.5, Part::Tabs(&[Pane::Loss, Pane::Quantity])),
                    (0.5, Part::Tabs(&[Pane::Accuracy, Pane::LayerCurves, Pane::Values])),
                ]),
            ),
            (0.335, Part::Tabs(&[Pane::Samples, Pane::Data, Pane::Mistakes, Pane::Drawing, Pane::Histograms])),
            (
                0.28,
                Part::Tabs(&[
                    Pane::Layers,
                    Pane::Results,
                    Pane::Calibration,
                    Pane::Runs,
                    Pane::Differences,
                    Pane::RateFinder,
                    Pane::Hints,
                ]),
            ),
        ]),
    ),
]);

const LECTURE: Part<Pane> = Part::Row(&[
    (
        0.62,
        Part::Column(&[
            (0.5, Part::Tabs(&[Pane::Loss, Pane::Quantity, Pane::LayerCurves, Pane::RateFinder])),
            (0.5, Part::Tabs(&[Pane::Accuracy, Pane::Calibration, Pane::Results, Pane::Values])),
        ]),
    ),
    (
        0.38,
        Part::Column(&[
            (0.55, Part::Tabs(&[Pane::Samples, Pane::Data, Pane::Mistakes, Pane::Drawing, Pane::Histograms])),
            (
                0.45,
                Part::Tabs(&[
                    Pane::Experiment,
                    Pane::Architecture,
                    Pane::Layers,
                    Pane::Runs,
                    Pane::Differences,
                    Pane::Hints,
                ]),
            ),
        ]),
    ),
]);

const CURVES: Part<Pane> = Part::Row(&[
    (0.26, Part::Tabs(&[Pane::Experiment, Pane::Architecture])),
    (
        0.74,
        Part::Column(&[
            (0.4, Part::Row(&[(0.5, Part::Tabs(&[Pane::Loss])), (0.5, Part::Tabs(&[Pane::Accuracy]))])),
            (
                0.36,
                Part::Row(&[
                    (0.5, Part::Tabs(&[Pane::Quantity, Pane::RateFinder])),
                    (0.5, Part::Tabs(&[Pane::LayerCurves, Pane::Calibration])),
                ]),
            ),
            (
                0.24,
                Part::Tabs(&[
                    Pane::Runs,
                    Pane::Differences,
                    Pane::Values,
                    Pane::Layers,
                    Pane::Results,
                    Pane::Hints,
                    Pane::Samples,
                    Pane::Data,
                    Pane::Mistakes,
                    Pane::Drawing,
                    Pane::Histograms,
                ]),
            ),
        ]),
    ),
]);

const LOOK_INSIDE: Part<Pane> = Part::Row(&[
    (
        0.5,
        Part::Column(&[
            (0.6, Part::Tabs(&[Pane::Samples, Pane::Data, Pane::Mistakes, Pane::Drawing])),
            (0.4, Part::Tabs(&[Pane::Loss, Pane::Accuracy, Pane::Quantity, Pane::Values, Pane::RateFinder])),
        ]),
    ),
    (
        0.5,
        Part::Column(&[
            (0.55, Part::Tabs(&[Pane::Histograms, Pane::LayerCurves, Pane::Architecture, Pane::Experiment])),
            (
                0.45,
                Part::Tabs(&[
                    Pane::Layers,
                    Pane::Results,
                    Pane::Calibration,
                    Pane::Runs,
                    Pane::Differences,
                    Pane::Hints,
                ]),
            ),
        ]),
    ),
]);

const EVERYTHING: Part<Pane> = Part::Row(&[
    (0.17, Part::Column(&[(0.5, Part::Tabs(&[Pane::Experiment])), (0.5, Part::Tabs(&[Pane::Architecture]))])),
    (
        0.27,
        Part::Column(&[
            (0.25, Part::Tabs(&[Pane::Loss])),
            (0.25, Part::Tabs(&[Pane::Accuracy])),
            (0.25, Part::Tabs(&[Pane::Quantity])),
            (0.25, Part::Tabs(&[Pane::LayerCurves])),
        ]),
    ),
    (
        0.28,
        Part::Column(&[
            (0.25, Part::Tabs(&[Pane::Samples, Pane::Data])),
            (0.25, Part::Tabs(&[Pane::Mistakes])),
            (0.25, Part::Tabs(&[Pane::Drawing])),
            (0.25, Part::Tabs(&[Pane::Histograms])),
        ]),
    ),
    (
        0.28,
        Part::Column(&[
            (0.2, Part::Tabs(&[Pane::Results])),
            (0.2, Part::Row(&[(0.4, Part::Tabs(&[Pane::Calibration])), (0.6, Part::Tabs(&[Pane::RateFinder]))])),
            (0.2, Part::Row(&[(0.6, Part::Tabs(&[Pane::Layers])), (0.4, Part::Tabs(&[Pane::Hints]))])),
            (0.2, Part::Tabs(&[Pane::Runs])),
            (0.2, Part::Row(&[(0.5, Part::Tabs(&[Pane::Differences])), (0.5, Part::Tabs(&[Pane::Values]))])),
        ]),
    ),
]);
