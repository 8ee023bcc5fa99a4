//! How the window looks, as far as a person may choose it.
//!
//! The choice in force is kept for the thread that draws, so that `theme::run_colour(3)` needs no context. It is put
//! on once a frame, before anything is drawn; a window lives on one thread, and tests with several windows on several
//! threads do not disturb each other. A background thread that needs colours puts it on too (`Task::spawn` does).

use serde::{Deserialize, Serialize};
use std::cell::Cell;

pub const SMALLEST_SCALE: f32 = 0.75;
pub const LARGEST_SCALE: f32 = 2.5;
/// What one press of a key changes.
const SCALE_STEP: f32 = 0.25;

/// Everything but dark and light.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    pub contrast: Contrast,
    pub palette: Palette,
    pub colour_map: ColourMap,
    /// Of all text and controls, from [`SMALLEST_SCALE`] to [`LARGEST_SCALE`].
    pub scale: f32,
}

impl Look {
    const DEFAULT: Self =
        Self { contrast: Contrast::Normal, palette: Palette::Glassbox, colour_map: ColourMap::Viridis, scale: 1.0 };

    /// A step larger or smaller, within the limits.
    #[must_use]
    pub fn rescaled(self, steps: f32) -> Self {
        Self { scale: (self.scale + steps * SCALE_STEP).clamp(SMALLEST_SCALE, LARGEST_SCALE), ..self }
    }

    /// As it was saved, but within the limits.
    #[must_use]
    pub fn sane(self) -> Self {
        let scale = if self.scale.is_finite() { self.scale } else { Self::DEFAULT.scale };
        Self { scale: scale.clamp(SMALLEST_SCALE, LARGEST_SCALE), ..self }
    }
}

impl Default for Look {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Of texts and borders with what they stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    #[default]
    Normal,
    /// All text at 7 to 1 or more (WCAG 2.2, success criterion 1.4.6), borders at 3 to 1 (1.4.11).
    High,
}

/// Colours of runs and classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Palette {
    #[default]
    Glassbox,
    OkabeIto,
    TolBright,
    TolHighContrast,
}

impl Palette {
    pub const ALL: [Self; 4] = [Self::Glassbox, Self::OkabeIto, Self::TolBright, Self::TolHighContrast];

    pub fn name(self) -> &'static str {
        match self {
            Self::Glassbox => "Glassbox",
            Self::OkabeIto => "Okabe-Ito",
            Self::TolBright => "Tol bright",
            Self::TolHighContrast => "Tol high contrast",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Glassbox => "Ten colours that stay apart in red-blind and green-blind vision, on dark and on light",
            Self::OkabeIto => {
                "Seven colours of Okabe and Ito's Color Universal Design (2008); the eighth run has the first colour \
                 again. Yellow is weak on the light theme."
            }
            Self::TolBright => {
                "Seven colours of Paul Tol's bright scheme (2021); the eighth run has the first colour again"
            }
            Self::TolHighContrast => {
                "Three colours of Paul Tol's high-contrast scheme (2021): they stay apart on a weak projector, and \
                 printed in grey. The fourth run has the first colour again."
            }
        }
    }
}

/// Colours of unsigned values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMap {
    #[default]
    Viridis,
    Cividis,
    Magma,
}

impl ColourMap {
    pub const ALL: [Self; 3] = [Self::Viridis, Self::Cividis, Self::Magma];

    pub fn name(self) -> &'static str {
        match self {
            Self::Viridis => "Viridis",
            Self::Cividis => "Cividis",
            Self::Magma => "Magma",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Viridis => "From violet by green to yellow (van der Walt, Smith 2015)",
            Self::Cividis => {
                "From blue by grey to yellow: looks the same to the red-blind and the green-blind \
                 (Nuñez, Anderton, Renslow 2018)"
            }
            Self::Magma => "From black by red to near-white (van der Walt, Smith 2015)",
        }
    }
}

thread_local! {
    static WORN: Cell<Look> = const { Cell::new(Look::DEFAULT) };
}

/// Puts a look on, for this thread.
pub fn wear(look: Look) {
    WORN.set(look);
}

/// The look in force. Pictures that are kept are out of date when it changes.
pub fn look() -> Look {
    WORN.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_stays_within_its_limits() {
        let look = Look::default();
        assert_eq!(look.rescaled(1.0).scale, 1.25);
        assert_eq!(look.rescaled(100.0).scale, 2.5);
        assert_eq!(look.rescaled(-100.0).scale, 0.75);
        assert_eq!(Look { scale: f32::NAN, ..look }.sane().scale, 1.0);
        assert_eq!(Look { scale: 90.0, ..look }.sane().scale, 2.5);
    }
}
