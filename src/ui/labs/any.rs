//! A pane, or an arrangement, of whichever lab: for what is said and done of both, as in the command palette.

use super::{Lab, LabArrangement, LabPane, distill, features, train};
use crate::ui::app::HelpText;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyPane {
    Train(train::Pane),
    Distill(distill::Pane),
    Features(features::Pane),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyArrangement {
    Train(train::Arrangement),
    Distill(distill::Arrangement),
    Features(features::Arrangement),
}

/// The same for the pane, or the arrangement, of each lab.
macro_rules! for_each {
    ($any:expr, $it:ident => $body:expr) => {
        match $any {
            Self::Train($it) => $body,
            Self::Distill($it) => $body,
            Self::Features($it) => $body,
        }
    };
}

impl AnyPane {
    pub fn all() -> impl Iterator<Item = Self> {
        all::<train::Pane>().chain(all::<distill::Pane>()).chain(all::<features::Pane>())
    }

    pub fn lab(self) -> Lab {
        for_each!(self, pane => lab_of(pane))
    }

    pub fn title(self) -> &'static str {
        for_each!(self, pane => pane.title())
    }

    /// With the lab, where panes of two labs have one title.
    pub fn full_title(self) -> String {
        let is_shared = Self::all().any(|other| other != self && other.title() == self.title());
        if is_shared { format!("{} ({})", self.title(), self.lab().name()) } else { self.title().to_owned() }
    }

    pub fn help(self) -> HelpText {
        for_each!(self, pane => pane.help())
    }
}

impl AnyArrangement {
    pub fn all() -> impl Iterator<Item = Self> {
        all_arrangements::<train::Pane>()
            .chain(all_arrangements::<distill::Pane>())
            .chain(all_arrangements::<features::Pane>())
    }

    pub fn lab(self) -> Lab {
        for_each!(self, arrangement => lab_arranged_by(arrangement))
    }

    /// Whether it is how its lab lies at the first start.
    pub fn is_default(self) -> bool {
        for_each!(self, arrangement => is_default(arrangement))
    }

    pub fn name(self) -> &'static str {
        for_each!(self, arrangement => arrangement.name())
    }

    pub fn description(self) -> &'static str {
        for_each!(self, arrangement => arrangement.description())
    }
}

impl From<train::Pane> for AnyPane {
    fn from(pane: train::Pane) -> Self {
        Self::Train(pane)
    }
}

impl From<distill::Pane> for AnyPane {
    fn from(pane: distill::Pane) -> Self {
        Self::Distill(pane)
    }
}

impl From<features::Pane> for AnyPane {
    fn from(pane: features::Pane) -> Self {
        Self::Features(pane)
    }
}

impl From<features::Arrangement> for AnyArrangement {
    fn from(arrangement: features::Arrangement) -> Self {
        Self::Features(arrangement)
    }
}

impl From<train::Arrangement> for AnyArrangement {
    fn from(arrangement: train::Arrangement) -> Self {
        Self::Train(arrangement)
    }
}

impl From<distill::Arrangement> for AnyArrangement {
    fn from(arrangement: distill::Arrangement) -> Self {
        Self::Distill(arrangement)
    }
}

fn all<P: LabPane>() -> impl Iterator<Item = AnyPane> {
    P::ALL.iter().map(|&pane| pane.into())
}

fn all_arrangements<P: LabPane>() -> impl Iterator<Item = AnyArrangement> {
    P::Arrangement::ALL.iter().map(|&arrangement| arrangement.into())
}

fn lab_of<P: LabPane>(_: P) -> Lab {
    P::LAB
}

fn lab_arranged_by<A: LabArrangement>(_: A) -> Lab {
    A::Pane::LAB
}

fn is_default<A: LabArrangement>(arrangement: A) -> bool {
    arrangement == A::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_pane_has_a_name_of_its_own_in_the_palette() {
        let names: BTreeSet<String> = AnyPane::all().map(AnyPane::full_title).collect();
        assert_eq!(names.len(), AnyPane::all().count());
        assert!(names.contains("Loss") && names.contains("Microscope"));
        assert!(names.contains("Experiment (Train)") && names.contains("Experiment (Distill)"));
    }
}
